# flowmake logs.
. "${0%/*}/lib"

flowfile <<'END'
(step count
  (foreach n (list "a" "b"))
  (shell "echo out #{n}; echo err #{n} >&2; printf 'bytes\\0\\377 #{n}'"))
(step again
  (retry #:times 2)
  (shell "echo attempt $FLOWMAKE_ATTEMPT; test $FLOWMAKE_ATTEMPT = 3"))
(step quiet (shell "true"))
END

test_expect_success 'one task: its bytes as they are, both streams' '
	flowmake run -j 1 &&
	flowmake logs 1/count/1 > out 2> errors &&
	test "$(wc -c < out)" = 21 &&
	printf "bytes\0\377 b" > bytes &&
	grep -aF -f bytes out &&
	test_grep "^Run 1, count/1: done\$" errors &&
	lines 1 errors
'

test_expect_success '--stdout and --stderr choose' '
	flowmake logs 1/count/0 --stderr > out &&
	echo "err a" > expected &&
	test_cmp expected out &&
	flowmake logs --stdout 1/count/0 > out &&
	printf "out a\nbytes\0\377 a" > expected &&
	cmp expected out &&
	flowmake logs --stdout --stderr 1/count/0 > both &&
	flowmake logs 1/count/0 > out &&
	cmp both out
'

test_expect_success 'several tasks: lines with their task, in order' '
	flowmake logs 1 > out &&
	test_grep "^\[count/0 a\] out a\$" out &&
	test_grep "^\[count/1 b\] err b\$" out &&
	test_grep "^\[again\] attempt 3\$" out &&
	flowmake logs 1/count > out &&
	lines 6 out &&
	test_grep -v "again" out
'

test_expect_success '--timestamps tells when each line was read' '
	flowmake logs 1/again --timestamps > out &&
	test_grep "^[0-9]{4}-[0-9-]{5} [0-9:]{8}\.[0-9]{3} attempt 3\$" out &&
	lines 1 out &&
	flowmake logs 1 --timestamps > out &&
	test_grep "^[0-9]{4}-[0-9-]{5} [0-9:]{8}\.[0-9]{3} \[count/0 a\] out a\$" out
'

test_expect_success 'a last line without an end has its time and place, too' '
	mkdir -p unended &&
	cat > unended/Flowfile <<-\END &&
	(step a (retry #:times 1)
	  (shell "printf \"a $FLOWMAKE_ATTEMPT\"; test $FLOWMAKE_ATTEMPT = 2"))
	(step b (after a) (shell "echo b; printf rest"))
	(step c (after b) (shell "echo c"))
	END
	flowmake -C unended run > /dev/null 2>&1 &&
	flowmake -C unended logs > actual &&
	cat > expected <<-\END &&
	[a] a 2
	[b] b
	[b] rest
	[c] c
	END
	test_cmp expected actual &&
	flowmake -C unended logs --timestamps > timed &&
	cut -c 1-23 timed | sort -c &&
	for step in a b c; do
		flowmake -C unended logs $step --timestamps |
			sed "s/^.\{23\}/& [$step]/"
	done > wanted &&
	test_cmp wanted timed &&
	flowmake -C unended logs a --attempt=1 --timestamps > timed &&
	test_grep " a 1$" timed
'

test_expect_success '--attempt shows an earlier attempt' '
	flowmake logs 1/again --attempt 1 > out &&
	echo "attempt 1" > expected &&
	test_cmp expected out &&
	flowmake logs 1/again > out &&
	echo "attempt 3" > expected &&
	test_cmp expected out &&
	test_must_fail flowmake logs 1/again --attempt 4 2> errors &&
	test_grep "no task there has an attempt 4" errors
'

test_expect_success 'a task that printed nothing has an empty log' '
	flowmake logs 1/quiet > out 2> words &&
	test_grep "^Run 1, quiet: done\$" words &&
	lines 0 out
'

test_expect_success 'the latest run is meant when none is named' '
	flowmake run again > /dev/null &&
	flowmake logs > out 2> errors &&
	test_grep "^Run 2: done" errors &&
	echo "[again] attempt 3" > expected &&
	test_cmp expected out &&
	flowmake logs again > out &&
	flowmake logs latest/again > same &&
	test_cmp out same
'

test_expect_success 'of a task that is reused it is what printed when it ran' '
	mkdir reused && cd reused && flowfile <<-\END &&
	(step count (foreach n (list "a" "b"))
	  (shell "echo out #{n}; printf end"))
	(step again (retry #:times 2)
	  (shell "echo attempt $FLOWMAKE_ATTEMPT; test $FLOWMAKE_ATTEMPT = 2"))
	(step alike (foreach n (list "a" "a")) (shell "echo alike"))
	END
	flowmake run && flowmake resume && flowmake logs 2/count/1 > out 2> errors &&
	printf "out b\nend" | test_cmp - out &&
	test_grep "^Run 2, count/1: reused\$" errors &&
	sed "s/(list \"a\" \"b\")/(list \"c\" \"b\" \"a\")/; s/step again/step retry/" \
		Flowfile > new && mv new Flowfile &&
	flowmake resume && flowmake resume && flowmake logs 4 > out &&
	sort out > actual && cat > expected <<-END &&
	[alike/0 a] alike
	[alike/1 a] alike
	[count/0 c] end
	[count/0 c] out c
	[count/1 b] end
	[count/1 b] out b
	[count/2 a] end
	[count/2 a] out a
	[retry] attempt 2
	END
	test_cmp expected actual &&
	flowmake logs 4/retry --attempt 1 > out &&
	echo "attempt 1" | test_cmp - out &&
	test_must_fail flowmake logs 4/retry --attempt 3 &&
	flowmake gc --keep 1 && flowmake logs 4 | sort | test_cmp expected -
'

test_expect_success 'wherever that stands in its log, this run has other logs' '
	mkdir ../moved && cd ../moved && echo short > in && flowfile <<-\END &&
	(step first (input i "in") (shell "cat #{i}"))
	(step second (after first) (shell "echo second"))
	END
	flowmake run && seq 200 > in && flowmake resume &&
	flowmake logs 2/second > out && echo second | test_cmp - out
'

test_expect_success 'what is not there is named, with a suggestion' '
	test_must_fail flowmake logs 77 2> errors &&
	echo "flowmake: there is no run 77" > expected &&
	test_cmp expected errors &&
	test_must_fail flowmake logs 1/cuont 2> errors &&
	test_grep "run 1 has no task .cuont. \(did you mean count\?\)" errors &&
	test_must_fail flowmake logs 1/count/2 2> errors &&
	test_grep "run 1 has no task .count/2.\$" errors
'

test_expect_success 'of a run that failed, what is not there may not have started' '
	mkdir failed && cd failed && flowfile <<-\END &&
	(step part1 (foreach n (iota 2)) (shell "exit 3"))
	(step part2 (after part1) (shell "true"))
	(step other (after part2) (shell "true"))
	END
	test_must_fail flowmake run -j 1 && for command in show logs "logs -f" why dump; do
		test_must_fail flowmake $command 1/other 2> errors &&
		test_grep "run 1 has no task .other.: no step is called so, or it was not started\$" errors &&
		test_must_fail flowmake $command latest/part2 2> errors &&
		test_grep ": no step is called so \(did you mean part1\?\), or it was not started\$" errors &&
		test_must_fail flowmake $command 1/part1/1 2> errors &&
		test_grep "run 1 has no task .part1/1.: its step has no such task, or it was not started\$" errors ||
		return 1
	done
'

flowfile <<'END'
(step slow
  (output done "done")
  (shell "echo begin; until test -e go; do sleep 0.01; done; echo end; touch #{done}"))
(step more
  (after slow)
  (shell "echo more; until test -e go2; do sleep 0.01; done; echo most"))
END

test_expect_success 'logs and show work while the run goes on' '
	rm -f go go2 &&
	{ flowmake run > /dev/null & } &&
	test_wait grep -q begin .flowmake/logs/3 &&
	flowmake logs 3/slow > out &&
	echo begin > expected &&
	test_cmp expected out &&
	flowmake show 3 > out &&
	test_grep "^Run 3 of here: running" out &&
	test_grep "slow +1  1 running" out &&
	{ flowmake logs 3/slow -f > followed & } && pid=$! &&
	{ flowmake logs 3 -f > all 2>&1 & } &&
	{ flowmake logs 3/more -f > late 2>&1 & } &&
	{ { flowmake logs 3/typo -f > typo 2>&1; echo $? > status; } & } &&
	test_wait grep -q begin followed &&
	test_wait grep -q begin all &&
	test_wait grep "^Run 3, more: not started yet\$" late &&
	test_wait grep "^Run 3, typo: not started yet\$" typo &&
	test_must_fail flowmake show 3/more 2> errors &&
	test_grep "no step is called so, or it has not started yet\$" errors &&
	touch go &&
	wait $pid &&
	test_wait grep -q more all &&
	touch go2 &&
	wait &&
	printf "%s\n" begin end > expected &&
	test_cmp expected followed &&
	cat > expected <<-END &&
	Run 3: running
	[slow] begin
	[slow] end
	[more] more
	[more] most
	END
	test_cmp expected all &&
	printf "[more] %s\n" more most > expected &&
	sed 1d late | test_cmp expected - &&
	echo 2 | test_cmp - status &&
	sed 1d typo > errors &&
	printf "flowmake: run 3 has no task \047typo\047\n" | test_cmp - errors
'

test_expect_success 'following a run that is over shows it and ends' '
	flowmake logs 3 -f > out &&
	lines 4 out
'

test_expect_success 'following ends when the engine is killed' '
	rm -f go go2 done &&
	{ flowmake run > /dev/null 2>&1 & } &&
	test_wait grep -q begin .flowmake/logs/4 &&
	{ { flowmake logs 4 -f > out 2>&1; echo $? > status; } & } &&
	test_wait grep -q begin out &&
	engine=$(flowmake show --json 4 | "$PYTHON" -c "import json, sys
print(json.load(sys.stdin)[\"pid\"])") &&
	kill -KILL $engine &&
	wait &&
	echo 0 > expected &&
	test_cmp expected status &&
	flowmake show 4 > out &&
	test_grep "^Run 4 of here: died" out &&
	test_grep "slow +1  1 died" out &&
	flowmake logs 4/slow > out 2> errors &&
	test_grep "^Run 4, slow: died" errors &&
	echo begin > expected &&
	test_cmp expected out
'

test_expect_success 'a store that may not be written can be read' '
	cp -R .flowmake kept && rm -rf .flowmake && mkdir ro &&
	mv kept ro/.flowmake && chmod -R a-w ro &&
	test_when_finished "chmod -R u+w ro" &&
	flowmake -C ro logs 3 > out &&
	flowmake -C ro show 3 > out &&
	flowmake -C ro runs > out
'

test_done
