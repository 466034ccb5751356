# A run in the foreground of a terminal: ^C, ^Z, and the terminal itself.
. "${0%/*}/lib"
. "${0%/*}/lib-process"

# job SCENARIO... : a run in a terminal, with the fifo `ready`.
job() {
	mark=$test_name.$1.$BASHPID
	test_when_finished "end_marked '$mark'"
	test -p ready || mkfifo ready
	TEST_MARK=$mark "$PYTHON" "$srcdir/tests/flow/programs/job-control.py" \
		ready "$@" -- flowmake run > out
}

test_expect_success 'a task that opens the terminal fails at once' '
	mkdir tty && cd tty &&
	flowfile <<-\END &&
	(step shell (shell "cat /dev/tty"))
	(step scheme (scheme (read-char (open-input-file "/dev/tty"))))
	(step stdin (shell "test -z \"$(cat)\"; ! test -t 0"))
	END
	job end &&
	test_grep "status 2" out &&
	flowmake show > show &&
	test_grep "^shell .*1 failed" show &&
	flowmake logs 1/shell > log 2>&1 &&
	test_grep "/dev/tty: No such device" log
'

test_expect_success '^C ends a run' '
	mkdir interrupt && cd interrupt &&
	flowfile <<-\END &&
	(step wait (shell "echo ready > ready; sleep 1000"))
	(step thunk
	  (scheme
	    (call-with-output-file "ready" (lambda (p) (display "ready\n" p)))
	    (let loop () (sleep 1000) (loop))))
	END
	job hear hear "type:\\x03" end &&
	no_survivors &&
	test_grep "^status 130" out &&
	test_grep "Workflow interrupted" out
'

test_expect_success '^Z stops tasks, and fg continues them' '
	mkdir stop
	cd stop
	fifo one 7
	fifo two 8
	flowfile <<-\END
	(step pipe (shell "echo ready > ready; read -r line < one | cat"))
	(step thunk
	  (after pipe)
	  (scheme
	    (call-with-output-file "ready" (lambda (p) (display "ready\n" p)))
	    (call-with-input-file "two" read)))
	END
	job hear "type:\\x1a" stopped continue "type:\\x1a" stopped continue \
		tell:one hear suspend stopped continue tell:two end
	cat out
	test "$(grep -c stopped out)" = 3
	test_grep "^status 0" out
	no_survivors
'

test_expect_success 'a SIGTSTP to the engine stops the job' '
	mkdir inside
	cd inside
	fifo go 8
	flowfile <<-\END
	(step wait (shell "echo ready > ready; read -r line < go"))
	END
	job hear inside stopped continue tell:go end
	test_grep "^status 0" out
'

test_expect_success 'a stopped job that is killed leaves nothing' '
	mkdir killed && cd killed && fifo go 8 &&
	flowfile <<-\END &&
	(step wait (shell "echo ready > ready; read -r line < go"))
	END
	job hear "type:\x1a" stopped kill end &&
	no_survivors &&
	test_grep "^status -9" out &&
	flowmake runs > runs && test_grep interrupted runs
'

test_expect_success 'a late foreach stops, too, with what it has started' '
	mkdir late
	cd late
	fifo go 8
	flowfile <<-\END
	(step first (produces (n json)) (shell "echo 7 > #{n}"))
	(step late
	  (from first n)
	  (foreach i (list n (command-output "bash" "-c"
	                       "echo $PPID $$ > pids
	                        for i in 1 2; do echo ready > ready; read l < go; done
	                        echo $l")))
	  (exec "echo" i))
	END
	job hear "type:\x1a" stopped hear continue \
		hear suspend stopped hear continue end &
	job=$!
	for times in 1 2; do
		test_wait eval "test \$(grep -c stopped out) = $times"
		state_is T $(cat pids)
		echo seen > ready
		echo it went on >&8
	done
	wait $job
	cat out
	test_grep "^status 0" out
	flowmake logs 1/late/1 > log
	test_grep "^it went on" log
	no_survivors
'

test_expect_success 'the prompt after ^Z is not behind the status line' '
	mkdir status
	cd status
	fifo go 8
	flowfile <<-\END
	(step wait (shell "echo ready > ready; read -r line < go"))
	END
	export TERM=xterm
	job hear "type:\x1a" stopped continue tell:go end
	tr "\r\033" "<>" < out > seen
	# ^Z may come before there is a status line, and while it is written
	test_grep "^(\^Z)?(\[1\] 0/1 done, 1 running, [0-9]+s)?(\^Z)?<>\[Kstopped<\$" seen
	test_grep "^(<>\[K)?\[1\] 0/1 done, 1 running" seen
	test_grep "^status 0" out
'

test_expect_success 'a terminal that goes away ends the run' '
	mkdir hangup && cd hangup &&
	flowfile <<-\END &&
	(step wait (shell "trap \"echo asked\" EXIT; echo ready > ready; sleep 1000"))
	END
	job hear hang-up &&
	no_survivors &&
	flowmake runs > runs &&
	test_grep "interrupted" runs
'

test_expect_success 'nohup: a terminal that goes away does not end the run' '
	mkdir nohup && cd nohup && mkfifo ready && fifo go 8 &&
	flowfile <<-\END &&
	(step wait (shell "echo ready > ready; read -r line < go; echo $line"))
	END
	mark=nohup.$BASHPID &&
	TEST_MARK=$mark "$PYTHON" "$srcdir/tests/flow/programs/job-control.py" \
		ready hear hang-up -- nohup flowmake run > out &&
	echo "went on" >&8 &&
	no_survivors &&
	flowmake logs 1 > log &&
	test_grep "went on" log &&
	flowmake runs > runs &&
	test_grep " done " runs
'

test_done
