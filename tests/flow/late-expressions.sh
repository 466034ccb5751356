# Expressions that are evaluated while tasks run: one that loops for ever ends
# by the timeout of its step, and holds up nothing else.
. "${0%/*}/lib"

q="'"

# spins CLAUSES: a Flowfile whose step `lp`, of such CLAUSES, never knows what it
# is to do, though its timeout is an hour; all else goes on, and only the
# fan-out `b` shows that.
spins() {
	cat > Flowfile <<-END
	(define (spin . x) (sleep 3600) (apply spin x))
	(step v (produces (n json)) (shell "echo [1,2,3] > #{n}"))
	(step u (from v n) (foreach y n) (shell "true"))
	(step lp (from v n) (timeout #:hours 1) $*)
	(step b (from v n) (foreach x n) (produces r) (scheme (* 2 x)))
	(step c (from b r) (shell "echo #{(+ r 1)}"))
	(step j (join b r) (scheme (format #t "~a~%" r)))
	END
}

# goes_on: what does not depend on `lp` ends while that spins.
goes_on() {
	: > said
	flowmake run > said 2>&1 &
	local pid=$!
	test_when_finished "kill $pid 2>/dev/null || :"
	test_wait grep "/j.*] (2 4 6)" said &&
		test_wait grep "/c/2.*] 7" said || { cat said; return 1; }
	kill $pid
	test_expect_code 130 wait $pid
}

test_expect_success 'a late foreach that loops for ever holds up nothing' '
	spins "(foreach x (spin n)) (shell \"true\")" && goes_on
'

test_expect_success 'neither does a late when' '
	spins "(when (spin n)) (shell \"true\")" && goes_on
'

test_expect_success 'nor a late when of a fan-out' '
	spins "(when (spin n)) (foreach x n) (shell \"true\")" && goes_on
'

test_expect_success 'nor the late name of a file' '
	spins "(input i (spin n)) (shell \"cat #{i}\")" && goes_on
'

test_expect_success 'nor the late text of a recipe' '
	spins "(shell \"echo #{(spin n)}\")" && goes_on
'

test_expect_success 'nor a late annotation' '
	spins "(environment (X (spin n))) (shell \"true\")" && goes_on
'

test_expect_success 'nor what says what another attempt needs' '
	spins "(retry #:times 1) (resources #:cpu (if (= attempt 2) (spin n) 1)) (shell \"false\")" && goes_on
'

test_expect_success 'nor early expressions of a late fan-out' '
	spins "(foreach x n) (output a \"a#{(* x 1)}\") (output d \"#{(if (= x 2) (spin a) a)}.d\") (shell \"touch #{outputs}\")" &&
	goes_on
'

test_expect_success 'nor any number of elements of one step, or of several' '
	spins "(foreach x (append n n)) (shell \"echo #{(spin n)}\")" &&
	sed "/step lp/s/.*/(step f (from v n) (foreach x (append n n)) (shell \"true\")) (step lp (from v n) (from f x) (timeout #:hours 1) (shell \"#{(spin n)}\"))/" \
		Flowfile > changed &&
	mv changed Flowfile &&
	goes_on
'

test_expect_success 'each ends by the timeout of its step' '
	flowfile <<-"END" &&
	(define (spin . x) (sleep 3600) (apply spin x))
	(step v (produces (n json)) (shell "echo [1,2,3] > #{n}"))
	(step each (from v n) (timeout #:seconds 0.3) (foreach x n)
	  (shell "echo #{x}"))
	(step text (from each x) (from v n) (timeout #:seconds 0.3)
	  (shell "echo #{(if (= x 2) (spin n) n)}"))
	(step cond (from v n) (timeout #:seconds 0.3) (when (spin n)))
	(step list (from v n) (timeout #:seconds 0.3) (foreach x (spin n)))
	(step deep (from v n) (timeout #:seconds 0.3) (foreach x n)
	  (output a "a#{(* x 1)}")
	  (output d "#{(if (= x 2) (spin a) a)}.d")
	  (shell "touch #{a} #{d}"))
	END
	test_must_fail flowmake run -k 2> errors &&
	test_grep "^Failed: [0-9]+/text/1 2: Flowfile:5:1: step .text.: an expression gave no answer within 0.3s" errors &&
	test_grep "^Failed: [0-9]+/cond: Flowfile:7:1: step .cond.: an expression gave no answer" errors &&
	test_grep "^Failed: [0-9]+/list: Flowfile:8:58: step .list.: the foreach gave no answer" errors &&
	test_grep "^Failed: [0-9]+/deep/1 2: Flowfile:9:1: step .deep.: an expression gave no answer" errors &&
	test_grep "^Run [0-9]+: 4 of 12 tasks failed, 8 done in" errors
'

test_expect_success 'so does one that is evaluated before anything runs' '
	flowfile <<-"END" &&
	(step early (shell "touch ran"))
	(step each (timeout #:seconds 0.3)
	  (foreach x (let loop () (loop)))
	  (shell "echo #{x}"))
	END
	test_expect_code 2 flowmake run 2> errors &&
	echo "Flowfile:3:14: step ${q}each${q}: the foreach gave no answer within 0.3s" \
		> expected &&
	test_cmp expected errors && test ! -e ran
'

test_expect_success 'another attempt may need what depends on the element' '
	flowfile <<-"END" &&
	(step v (produces n) (scheme (list 1 2)))
	(step a (from v n) (foreach x n) (output o "tries.#{x}") (retry #:times 1)
	  (resources #:memory (* attempt x (string-length o)))
	  (shell "echo $FLOWMAKE_ATTEMPT > #{o}; test $FLOWMAKE_ATTEMPT = #{x}"))
	END
	runs_tasks "3 tasks" && test_grep "a/1 2 .*tried again" said
'

test_expect_success 'who ends the process of an expression is the one that fails' '
	flowfile <<-"END" &&
	(step v (produces (n json)) (shell "echo [1,2,3,4] > #{n}"))
	(step u (from v n) (foreach x n) (shell "true"))
	(step w (join u x) (produces k) (scheme 7))
	(step a (from v n) (after w) (foreach x n) (output a "a#{(* x 1)}")
	  (output d "#{(if (= x 3) (primitive-exit 3) a)}.d")
	  (shell "touch #{a} #{d}"))
	END
	test_must_fail flowmake run -k 2> errors &&
	test_grep "^Failed: [0-9]+/a/2 3: Flowfile:4:1: step .a.: an expression ended its process: status 3" errors &&
	test_grep "^Run [0-9]+: 1 of 10 tasks failed, 9 done in" errors
'
test_done
