# What a run shows while it goes on, and at its end.
. "${0%/*}/lib"

q="'"

# A terminal of COLUMNS columns for COMMAND...; what it showed is printed.
write_script terminal "$(command -v "$PYTHON")" <<'END'
import fcntl, os, pty, struct, sys, termios

pid, master = pty.fork()
if pid == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ,
                struct.pack("HHHH", 24, int(sys.argv[1]), 0, 0))
    os.execvp(sys.argv[2], sys.argv[2:])
while True:
    try:
        data = os.read(master, 65536)
    except OSError:
        break
    if not data:
        break
    os.write(1, data)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
END

flowfile <<'END'
(parameter bad 99)
(step count
  (foreach n (iota 4))
  (shell #<<END
echo "text #{n}"
test #{n} = #{bad} || echo "error #{n}" >&2
printf 'no newline'
test #{n} != #{bad} || { for i in $(seq 20); do echo "line $i"; done; exit 3; }
END))
(step end
  (after count)
  (shell "true"))
END

test_expect_success 'each line has its time, task, element and process' '
	flowmake run -j 1 > out 2> errors &&
	test_grep "^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3} \[1/count/2 2 \(pid [0-9]+\)\] text 2\$" out &&
	test_grep "\[1/count/2 2 \(pid [0-9]+\)\] error 2\$" out &&
	test_grep "\[1/count/2 2 \(pid [0-9]+\)\] no newline\$" out &&
	lines 0 errors
'

test_expect_success 'a run that succeeds ends with one line' '
	tail -n 1 out > last &&
	test_grep "^Done: run 1, 5 tasks in [0-9.]+s\$" last &&
	lines 13 out
'

test_expect_success 'the next run says how many had a good result already' '
	flowmake run > out &&
	tail -n 1 out > last &&
	test_grep "^Done: run 2, 5 tasks in [0-9.]+s; 5 had a good result already\$" last
'

test_expect_success 'a failure is shown with its last lines and where the rest is' '
	test_must_fail flowmake run bad=1 -j 1 > out 2> errors &&
	test_grep "\[3/count/1 1 \(pid [0-9]+\)\] status 3" out &&
	test_grep "\] Task failed\.\$" out &&
	cat > expected <<-END &&
	Failed: 3/count/1 1: status 3
	    line 11
	    line 12
	    line 13
	    line 14
	    line 15
	    line 16
	    line 17
	    line 18
	    line 19
	    line 20
	    the whole log: flowmake logs 3/count/1
	END
	head -n 12 errors > actual &&
	test_cmp expected actual &&
	test_grep "^Run 3: 1 of 5 tasks failed, 1 done, 3 not started in " errors &&
	test_grep "^Workflow failed\.\$" errors &&
	lines 14 errors
'

test_expect_success 'a fan-out of failures hides no other step' '
	mkdir hides && cd hides && flowfile <<-\END &&
	(step many (foreach n (iota 20)) (shell "exit 3"))
	(step one (shell "exit 4"))
	END
	test_must_fail flowmake run -k > out 2> errors &&
	test_grep "^17 more of step .many.: flowmake show 1/many\$" errors &&
	test_grep "^Failed: 1/one: status 4\$" errors &&
	sed -n "s/^Failed: 1.many.*: //p" errors > actual &&
	printf "status 3\nstatus 3\nstatus 3\n" | test_cmp - actual
'

test_expect_success 'the error of a Scheme recipe is shown once, and once more at the end' '
	mkdir scheme && cd scheme &&
	flowfile <<-\END &&
	(step one (scheme (display "text\n") (error "no such thing:" 5)))
	END
	test_must_fail flowmake run > out 2> errors &&
	sed "s,^.*)\] ,," out | tr -d "\047" > actual &&
	cat > expected <<-END &&
	text
	Flowfile:1:38: step one: no such thing: 5
	Task failed.
	END
	test_cmp expected actual &&
	grep -c "no such thing: 5" errors > count &&
	echo 1 | test_cmp - count
'

test_expect_success 'each line of a Scheme recipe has its process from the first on' '
	mkdir named && cd named &&
	flowfile <<-\END &&
	(step one (foreach n (iota 90)) (scheme (display "text\n")))
	END
	flowmake run > out &&
	grep " text$" out > text &&
	lines 90 text &&
	test_grep -v "[0-9]\] text" text
'

test_expect_success 'the command it names is one that works, also with -C' '
	mkdir "a dir" && cp Flowfile "a dir" &&
	test_must_fail flowmake -C "a dir" run bad=1 2> errors &&
	sed -n "s/.*the whole log: //p" errors > command &&
	lines 1 command &&
	sh ./command > out &&
	test_grep "^line 2\$" out
'

test_expect_success 'failures come in the order in which they happened' '
	flowfile <<-END &&
	(step late (shell "until test -e go; do sleep 0.01; done; exit 1"))
	(step early (shell "touch go; exit 2"))
	END
	test_must_fail flowmake run -k 2> errors &&
	sed -n "s/^Failed: //p" errors > actual &&
	lines 2 actual &&
	test_grep "late: status 1" actual
'

test_expect_success 'output cannot disturb a terminal' '
	flowfile <<-\END &&
	(step one
	  (shell "printf \"\\\\033[2J\\\\a x\\\\ty\\\\303\\\\251\\\\377\\\\n\""))
	END
	flowmake run > out &&
	test_grep "\] .x1b\[2J.x07 x	yé.xff\$" out
'

flowfile <<'END'
(step bar (shell "printf '\r 1%%\r 2%%\r 3%%\n'; printf '\rend\r\n' >&2; false"))
(step two (when #f) (shell "true"))
END

test_expect_success 'of a line with carriage returns its last part is shown' '
	test_must_fail flowmake run > out 2> errors &&
	test_grep "\]  3%\$" out && test_grep "\] end\$" out &&
	test_grep -v "x0d" out &&
	test_grep "^     3%\$" errors && test_grep "^    end\$" errors &&
	./terminal 80 flowmake logs | tr -d "\r" > out &&
	test_grep "^\[bar\]  3%\$" out && test_grep "^\[bar\] end\$" out
'

test_expect_success 'and its log has it as it was' '
	flowmake logs latest/bar --stdout > out &&
	printf "\r 1%%\r 2%%\r 3%%\n" | test_cmp - out &&
	flowmake logs > out && printf "[bar] \rend\r\n" > end &&
	grep -a end out | test_cmp end -
'

flowfile <<'END'
(step all
  (foreach n (iota 3))
  (shell "echo text #{n}"))
END

test_expect_success 'a terminal has a status line that leaves nothing behind' '
	TERM=xterm ./terminal 80 flowmake run -j 1 > out &&
	test_grep "\[[0-9]+\] 0/3 done" out &&
	test_grep "2/3 done, 1 running" out &&
	"$PYTHON" - out > actual <<-\END &&
	import re, sys
	text = open(sys.argv[1], newline="").read()
	assert not re.search(r"\n[^\n\r]*[0-9] done[^\r\n]*\n", text)
	for line in text.split("\n"):
	    print(line.split("\x1b[K")[-1].rstrip("\r"))
	END
	test_grep -v "running" actual &&
	test_grep "^Done: run" actual
'

test_expect_success 'the status line fits into the terminal' '
	TERM=xterm ./terminal 14 flowmake run -j 1 > out &&
	tr "\r" "\n" < out | sed "s/^.\[K//" > parts &&
	grep "^\[.*done" parts > status &&
	test_grep -v ".{14}" status
'

test_expect_success 'a dumb terminal has none' '
	TERM=dumb ./terminal 80 flowmake run > out &&
	test_grep "^Done: " out &&
	test_grep -v "3 done" out
'

test_expect_success 'failure is red on a terminal unless NO_COLOR is set' '
	echo "(step one (shell \"false\"))" > Flowfile &&
	escape=$(printf "\033") &&
	test_must_fail env TERM=xterm ./terminal 80 flowmake run > out &&
	grep -F "${escape}[1;31mTask failed.${escape}[0m" out &&
	grep -F "${escape}[1;31mWorkflow failed.${escape}[0m" out &&
	test_must_fail env NO_COLOR=1 TERM=xterm ./terminal 80 flowmake run > out &&
	test_grep -v "31m" out
'

test_expect_success 'retries and caught failures are said' '
	flowfile <<-\END &&
	(step again
	  (retry #:times 1)
	  (output done "done")
	  (shell "test -e tried || { touch tried; exit 1; }; touch #{done}"))
	(step caught
	  (catch why)
	  (shell "exit 5"))
	END
	flowmake run > out &&
	test_grep "again.*\] Task failed; it will be tried again\.\$" out &&
	test_grep "caught.*\] Task failed; its step catches that\.\$" out
'

flowfile <<'END'
(step flood
  (output done "done")
  (shell "head -c 8000000 /dev/zero | tr '\\0' '\\n'; touch #{done}"))
END

test_expect_success 'a reader who stops does not stop the run' '
	rm -f done && mkfifo pipe &&
	{ flowmake run > pipe & } &&
	exec 5< pipe &&
	test_wait test -e done &&
	cat <&5 > out &&
	wait &&
	test_grep "[0-9,]+ lines not shown\$" out &&
	tail -n 1 out > last &&
	test_grep "^Done: run" last
'

test_expect_success 'what was not shown is in the log' '
	flowmake logs > out &&
	lines 8000000 out
'

test_expect_success 'a reader who goes away ends the printing, not the run' '
	rm -f done &&
	{ flowmake run; echo $? > status; } | head -n 1 > out &&
	test_wait test -s status &&
	echo 0 > expected &&
	test_cmp expected status &&
	test -e done
'

test_expect_success 'a file takes everything' '
	flowmake run > "$TMPDIR/out" 2>&1 &&
	lines 8000001 "$TMPDIR/out"
'

test_expect_success 'closed descriptors do no harm' '
	echo "(step one (shell \"echo text; echo more >&2\"))" > Flowfile &&
	flowmake run >&- 2>&- <&- &&
	flowmake logs > out &&
	test_grep text out &&
	test_must_fail flowmake run none 2>&-
'

test_expect_success 'a full disk behind stdout is said, and stops nothing' '
	rm -f done &&
	echo "(step one (output done \"done\") (shell \"echo text; touch #{done}\"))" > Flowfile &&
	flowmake run > /dev/full 2> errors &&
	test_grep "^flowmake: cannot write to stdout: No space left" errors &&
	test -e done
'

test_expect_success 'a fan-out that cannot open is named at the end' '
	flowfile <<-\END &&
	(step first (produces items) (scheme 5))
	(step second
	  (from first items)
	  (foreach x items)
	  (shell "true"))
	END
	test_must_fail flowmake run > out 2> errors &&
	test_grep "\[[0-9]+/second\] Flowfile:4:[0-9]+: step .second.: " out &&
	test_grep "\[[0-9]+/second\] Task failed\.\$" out &&
	test_grep "^Failed: [0-9]+/second: Flowfile:4:[0-9]+: step .second.: " errors &&
	test_grep "^Run [0-9]+: 1 of 2 tasks failed, 1 done in " errors &&
	flowmake show > out &&
	test_grep "^second +1  1 failed" out &&
	flowmake show $(sed -n "s/^Failed: \([0-9]*.second\):.*/\1/p" errors) > out &&
	test_grep "message +Flowfile:4:" out
'

test_expect_success 'a run that is ended says so and what was done' '
	flowfile <<-\END &&
	(step first (shell "true"))
	(step slow (after first) (shell "touch begun; sleep 100"))
	(step last (after slow) (shell "true"))
	END
	rm -f begun &&
	{ flowmake run > out 2> errors & } && pid=$! &&
	test_wait test -e begun &&
	kill -TERM $pid &&
	test_expect_code 130 wait $pid &&
	lines 0 out &&
	test_grep "^Run [0-9]+: 1 of 3 tasks done, 1 cancelled, 1 not started in " errors &&
	test_grep "^Workflow interrupted\.\$" errors &&
	flowmake show > out &&
	test_grep "^Run [0-9]+ of here: interrupted" out &&
	test_grep "slow +1  1 cancelled" out &&
	flowmake show latest/slow > out &&
	test_grep "^Task [0-9]+/slow: cancelled" out &&
	test_grep -v "^  message" out &&
	flowmake runs --json > out &&
	sed -n "s/^ *\"cancelled\": \([0-9]*\).*/\1/p" out > counts &&
	printf "%s\n" 0 0 0 1 > expected && tail -n 4 counts | test_cmp expected -
'

test_expect_success 'a dry run tells each task and runs none' '
	flowfile <<-\END &&
	(step last (join all n) (shell "true"))
	(step all
	  (foreach n (list "a" "b"))
	  (shell "touch #{n}"))
	END
	flowmake runs > before &&
	flowmake run -n > out &&
	sed "s/: .*//" out > actual &&
	printf "all/0 a\nall/1 b\nlast\n" > expected &&
	test_cmp expected actual &&
	test ! -e a &&
	flowmake runs > after &&
	test_cmp before after
'

test_expect_success 'a dry run tells each step that is late' '
	flowfile <<-\END &&
	(step list (produces (items lines)) (shell "printf a > #{items}"))
	(step each (from list items) (foreach i items) (produces r)
	  (shell "touch #{r}"))
	(step next (from each r) (shell "cat #{r}"))
	END
	cat > expected <<-END &&
	list: runs, as every task of a run does
	each/*: late: its foreach is known when ${q}list${q} has run
	next/*: late: it stands in the fan-out of ${q}each${q}
	END
	flowmake run -n > actual &&
	test_cmp expected actual &&
	flowmake run &&
	sed -i "s/printf a/printf b/" Flowfile &&
	flowmake resume -n > actual &&
	tail -n 1 actual > last &&
	echo "1 of 1 task to do, 2 steps late" > expected &&
	test_cmp expected last &&
	test_expect_code 1 flowmake resume -q
'

test_done
