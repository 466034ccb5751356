# Tasks that fail, and what becomes of the others.
. "${0%/*}/lib"
. "${0%/*}/lib-process"

# says TASK PATTERN: what `show` tells of that task of the latest run.
says() {
	flowmake show "$1" > says-show && test_grep "$2" says-show
}

test_expect_success 'a failure is told in words, by its status or signal' '
	mkdir words && cd words &&
	echo "kill -SEGV \$\$" | write_script crash &&
	flowfile <<-\END &&
	(step three (shell "echo before; exit 3"))
	(step pipe (shell "seq 1000000 | head -n 1 > /dev/null"))
	(step not-found (exec "no-such-program-here"))
	(step not-found-here (shell "no-such-program-here"))
	(step not-executable (exec "./Flowfile"))
	(step segfault (shell "echo before; kill -SEGV $$"))
	(step crash (shell "true; ./crash; echo not reached"))
	(step abort (exec "sh" "-c" "kill -ABRT $$"))
	(step killed (exec "sh" "-c" "kill -KILL $$"))
	(step time (timeout #:seconds 1) (shell "echo before; sleep 1000"))
	(step scheme (scheme (display "before\n") (car (list))))
	(step scheme-exit (scheme (exit 4)))
	(step scheme-abort (scheme (kill (getpid) SIGABRT)))
	(step unset (shell "echo $no_such_variable"))
	END
	test_must_fail flowmake run -k > out 2>&1 &&
	cat out &&
	says 1/three "status 3" &&
	says 1/pipe "status 141.*head" &&
	says 1/not-found "status 127.*no-such-program-here.* not found" &&
	says 1/not-found-here "status 127" &&
	says 1/not-executable "status 126" &&
	says 1/segfault "signal 11 .segmentation fault" &&
	says 1/crash "status 139.*segmentation fault" &&
	says 1/abort "signal 6 .abort" &&
	says 1/killed "signal 9 .killed" &&
	says 1/time "timed out after 1" &&
	says 1/scheme "Flowfile:11:.*car" &&
	says 1/scheme-exit "exit 4" &&
	says 1/scheme-abort "signal 6 .abort" &&
	says 1/unset "status 1" &&
	for task in three segfault time scheme; do
		flowmake logs 1/$task > log 2> words &&
		test_grep "^before" log || exit 1
	done &&
	flowmake logs 1/unset > log 2> words &&
	test_grep "no_such_variable: unbound variable" log &&
	test "$(grep -c "Task failed\.\$" out)" = 14 &&
	test_grep "^Workflow failed\.\$" out &&
	test_grep "14 of 14 tasks failed" out
'

test_expect_success 'after a failure running tasks finish, and no more start' '
	mkdir stop && cd stop && fifo go 8 && fifo ready 9 &&
	flowfile <<-\END &&
	(step fail (shell "read -r line < go; exit 1"))
	(step runs
	  (output file "finished")
	  (shell "echo ready > ready
	until test -e failed; do read -r -t 0.01 <> <(:) || :; done
	touch #{file}"))
	(step never (after runs) (shell "touch never"))
	(step queued (shell "touch never"))
	END
	begin flowmake run -j 2 > out 2>&1 &&
	hear 9 1 &&
	echo go >&8 &&
	test_wait grep -q "Task failed" out &&
	touch failed &&
	ended 2 $begun &&
	cat out &&
	test -e finished &&
	test ! -e never &&
	test_grep "1 of 4 tasks failed, 1 done, 2 not started" out &&
	test_grep "^Workflow failed" out
'

test_expect_success 'with -k all goes on that does not depend on it' '
	mkdir keep && cd keep &&
	flowfile <<-\END &&
	(step fail (foreach n (iota 4)) (produces x)
	  (shell "test #{n} != 2; echo #{n} > #{x}"))
	(step same (from fail x n) (shell "touch same-#{n}"))
	(step all (join fail x) (shell "touch all"))
	(step after-all (after all) (shell "touch after-all"))
	(step other (shell "touch other"))
	(step last (after other) (shell "touch last"))
	END
	test_must_fail flowmake run -k > out 2>&1 &&
	cat out &&
	ls same-* other last > made &&
	printf "%s\n" last other same-0 same-1 same-3 > expected &&
	test_cmp expected made &&
	test ! -e all && test ! -e after-all
'

test_expect_success 'a retry may succeed; catch goes on without' '
	mkdir again && cd again &&
	flowfile <<-\END &&
	(step third (retry #:times 2) (output f "out")
	  (shell "echo $FLOWMAKE_ATTEMPT >> tries; touch #{f}
	test $FLOWMAKE_ATTEMPT = 3"))
	(step caught (catch problem) (produces x) (shell "kill -SEGV $$"))
	(step reads (from caught x problem)
	  (scheme (write (list x (assq-ref problem (quote kind))
	                       (assq-ref problem (quote status))))))
	END
	flowmake run &&
	seq 3 > expected &&
	test_cmp expected tries &&
	flowmake logs 1/reads > log 2> words &&
	test_grep "^\(#f (\"signal\"|signal) #f\)" log
'

for how in interrupt failure; do
	test_expect_success "who waits for a retry is cancelled, too: $how" "
		how=$how && mkdir pause-$how && cd pause-$how && fifo go 8 &&"'
		flowfile <<-\END &&
		(step again (retry #:times 2 #:hours 1) (shell "echo once; exit 7"))
		(step fail (shell "read -r line < go; exit 1"))
		END
		begin flowmake run > out 2>&1 &&
		test_wait grep -q "tried again" out &&
		case $how in
		interrupt) kill -INT $begun && ended 130 $begun ;;
		*) echo go >&8 && ended 2 $begun ;;
		esac &&
		flowmake show 1 > show &&
		test_grep "^again .*1 cancelled" show &&
		flowmake show 1/again > show &&
		test_grep "^ +1  retried .* status 7" show &&
		test_grep "^ +2  cancelled " show &&
		flowmake logs 1/again --attempt=1 > log &&
		echo once > expected &&
		test_cmp expected log
	'
done

test_expect_success 'what a failed recipe leaves of its outputs is removed' '
	mkdir leaves && cd leaves &&
	flowfile <<-\END &&
	(step a (output file "file") (output directory "directory")
	  (shell "echo half > #{file}; mkdir -p #{directory}/x; echo ./*; false"))
	END
	test_must_fail flowmake run > out &&
	test_grep "\./directory \./file" out &&
	test ! -e file && test ! -e directory
'

test_expect_success 'a timeout ends a whole pipeline, and what ignores TERM' '
	mkdir time && cd time &&
	flowfile <<-\END &&
	(step pipe (timeout #:seconds 1)
	  (shell "{ sleep 1000 | cat; } & sleep 1000 | cat"))
	(step thunk (timeout #:seconds 1) (scheme (let loop () (loop))))
	(step immune (timeout #:seconds 1)
	  (shell "trap \"\" TERM; while :; do read -r -t 1000 -u 9 9<> nothing || :; done"))
	END
	mkfifo nothing &&
	begin flowmake run -k > out 2>&1 &&
	ended 2 $begun &&
	no_survivors &&
	test "$(grep -c "timed out after 1" out)" -ge 3
'

test_done
