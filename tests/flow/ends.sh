# However a run is ended, nothing that it started is left.
. "${0%/*}/lib"
. "${0%/*}/lib-process"

# A trap of bash runs when read has returned, if its signal came just before.
write_script shape.sh "$BASH" <<'END'
case $1 in
pipeline)
	{ echo ready > ready; exec sleep 1000; } | cat | cat ;;
daemon)
	setsid sh -c 'cd / && exec sleep 1000' < /dev/null > /dev/null 2>&1 &
	echo ready > ready
	exec sleep 1000 ;;
double-fork)
	( (exec sleep 1000) & )
	echo ready > ready
	exec sleep 1000 ;;
immune)
	trap '' TERM INT HUP
	echo ready > ready
	while :; do sleep 1000; done ;;
tidy)
	trap 'echo asked to end; exit 5' TERM
	echo ready > ready
	while :; do read -r -t 1 -u 9 9<> ready-not; done ;;
esac
END

# project NAME: a directory with a run in progress in it.
project() {
	mkdir "$1" && cp shape.sh "$1" && cd "$1" && fifo ready 9 &&
	mkfifo ready-not &&
	flowfile <<-'END' &&
	(step first
	  (produces seven)
	  (output file "seven.txt")
	  (shell "echo 7 | tee #{file} > #{seven}"))
	(step shape
	  (from first seven)
	  (foreach shape '("pipeline" "daemon" "double-fork" "immune" "tidy"))
	  (exec "bash" "shape.sh" shape))
	(step thunk
	  (from first seven)
	  (scheme
	    (call-with-output-file "ready"
	      (lambda (port) (display "ready\n" port)))
	    (let loop () (sleep 1000) (loop))))
	(step never
	  (after shape)
	  (shell "touch never"))
	END
	begin flowmake run > out 2>&1 &&
	echo $begun > pid && echo "$mark" > mark &&
	hear 9 6 && cd ..
}

# aftermath NAME STATUS: how the run in NAME ended; nothing of it is left.
aftermath() {
	cat "$1/out"
	ended "$2" "$(cat "$1/pid")" && no_survivors "$(cat "$1/mark")"
}

# The slow ones, which wait until it is clear that TERM is not enough, wait
# together.
test_expect_success 'each kind of task of a run is ended when the engine is killed' '
	for how in INT TERM HUP guardian engine; do
		project $how || exit 1
	done
	for how in INT TERM HUP; do
		kill -$how $(cat $how/pid) || exit 1
	done
	kill -KILL $(engine $(cat engine/pid))
	aftermath engine 137
	kill -KILL $(cat guardian/pid)
	for how in INT TERM HUP; do
		aftermath $how 130 || exit 1
	done
	aftermath guardian 137
'

for how in INT TERM HUP; do
	test_expect_success "SIG$how: tasks may end by themselves, results are kept" "
		cd $how &&
		test_grep '^Workflow interrupted' out &&
		flowmake logs 1 > log &&
		test_grep '^.shape/4 tidy. asked to end' log &&
		flowmake runs > runs &&
		test_grep '^ *1 .* interrupted' runs &&
		flowmake show 1 > show &&
		test_grep '^shape .*5 cancelled' show &&
		test_grep '^thunk .*1 cancelled' show &&
		flowmake dump 1/first/seven --file seven &&
		echo 7 > expected &&
		test_cmp expected seven &&
		test_cmp expected seven.txt &&
		test ! -e never
	"
done

for how in engine guardian; do
	test_expect_success "the $how is killed: what was done is kept" "
		cd $how &&
		flowmake runs > runs &&
		test_grep '^ *1 .* (died|interrupted)' runs &&
		flowmake show 1 > show &&
		test_grep '^first .*1 done' show &&
		flowmake logs 1 > log &&
		flowmake dump 1/first/seven --file seven &&
		echo 7 > expected &&
		test_cmp expected seven &&
		test ! -e never
	"
done

test_expect_success 'who kills all of flowmake kills its tasks' '
	mkdir all && cd all && fifo ready 9 &&
	flowfile <<-\END &&
	(step list (produces n) (scheme (iota 3)))
	(step shell (shell "echo ready > ready; while :; do read -r -t 1 -u 9 9<> ready-not; done"))
	(step direct (exec "sleep" "1000"))
	(step thunk
	  (scheme (call-with-output-file "ready"
	      (lambda (port) (display "ready\n" port)))
	    (let loop () (loop))))
	(step late (from list n)
	  (foreach x (begin (call-with-output-file "ready"
	      (lambda (port) (display "ready\n" port)))
	    (let loop () (if (null? n) n (loop)))))
	  (shell "echo #{x}"))
	END
	mkfifo ready-not &&
	begin flowmake run > out 2>&1 &&
	hear 9 3 &&
	kill -KILL $begun $(engine $begun) &&
	ended 137 $begun && no_survivors
'

test_expect_success 'what they had started is killed by the next run' '
	mkdir orphans && cd orphans && fifo ready 9 &&
	flowfile <<-\END &&
	(step a (shell "setsid sleep 1000 & echo ready > ready; sleep 1000; true"))
	(step b (shell "echo other"))
	END
	begin flowmake run a > out 2>&1 &&
	hear 9 1 && kill -KILL $begun $(engine $begun) && ended 137 $begun &&
	test -n "$(marked)" && orphans=$mark &&
	begin flowmake run b > out 2>&1 && ended 0 $begun &&
	test_grep "note: killed [1-9] process(es)? of tasks whose run had been killed" out &&
	none_marked $orphans && flowmake run b > out 2>&1 &&
	test_grep -v "note:" out
'

test_expect_success 'a second ^C ends at once what ignores the first' '
	mkdir twice && cd twice && fifo ready 9 &&
	flowfile <<-\END &&
	(step immune
	  (shell "trap \"echo no; echo no > ready\" TERM
	trap \"\" INT
	echo ready > ready
	while :; do read -r -t 1 -u 9 9<> ready-not || :; done"))
	END
	mkfifo ready-not &&
	begin flowmake run > out 2>&1 &&
	hear 9 1 &&
	kill -INT $begun &&
	hear 9 1 &&
	SECONDS=0 &&
	test_wait eval "kill -INT $begun 2>/dev/null; none_marked" &&
	ended 130 $begun &&
	test $SECONDS -lt 5 && test_grep "once more kills them" out
'

test_expect_success 'a Flowfile that loops is ended by ^C' '
	mkdir loops && cd loops && fifo ready 9 &&
	flowfile <<-\END &&
	(call-with-output-file "ready" (lambda (port) (display "ready\n" port)))
	(let loop () (loop))
	END
	for command in run check graph; do
		begin flowmake $command > out 2>&1 &&
		hear 9 1 &&
		kill -INT $begun &&
		ended 130 $begun &&
		no_survivors || exit 1
	done &&
	for command in run check; do
		begin flowmake $command > out 2>&1 &&
		hear 9 1 &&
		kill -KILL $begun &&
		ended 137 $begun &&
		no_survivors || exit 1
	done
'

test_expect_success 'a Flowfile that exits says so and runs nothing' '
	mkdir exits && cd exits &&
	flowfile <<-\END &&
	(step a (shell "touch ran"))
	(exit 3)
	END
	test_must_fail flowmake run 2> errors &&
	test_grep "^Flowfile:2:1" errors &&
	test ! -e ran
'

test_expect_success 'a late foreach that loops ends by its timeout, others go on' '
	mkdir late && cd late && fifo ready 9 &&
	flowfile <<-\END &&
	(step first (produces n) (shell "echo 1 > #{n}"))
	(step loop
	  (from first n)
	  (timeout #:seconds 1)
	  (foreach i (let loop () (if (string? n) (loop) (list n))))
	  (shell "true"))
	(step other (from first n) (shell "echo other > ready"))
	(step another (after other) (shell "echo another > ready"))
	END
	begin flowmake run -k > out 2>&1 &&
	hear 9 2 > heard &&
	printf "other\nanother\n" > expected &&
	test_cmp expected heard &&
	ended 2 $begun &&
	cat out &&
	test_grep "step .loop.* within 1" out &&
	flowmake show 1 > show &&
	test_grep "^another .*1 done" show
'

test_expect_success 'a process that keeps the pipe open does not hold up the run' '
	mkdir keeps && cd keeps &&
	flowfile <<-\END &&
	(step leaves
	  (shell "setsid sleep 1000 & echo gone"))
	(step next (after leaves) (shell "echo next"))
	END
	begin flowmake run > out 2>&1 &&
	ended 0 $begun &&
	no_survivors &&
	flowmake logs 1 > log &&
	test_grep "gone" log &&
	test_grep "keeps its output open" log &&
	test_grep "^.next. next" log
'

test_done
