# Steps that are skipped: when.
. "${0%/*}/lib"

test_expect_success 'a step whose condition is not true is skipped' '
	flowfile <<-"END" &&
	(parameter go #f)
	(step a (when go) (shell "touch a"))
	(step b (when (not go)) (shell "touch b"))
	END
	flowmake run &&
	test ! -e a &&
	test -e b &&
	flowmake run go=true &&
	test -e a
'

test_expect_success 'reading the result of a skipped task skips, transitively' '
	flowfile <<-"END" &&
	(step a (when #f) (produces n) (scheme 1))
	(step b (from a n) (produces m) (scheme (+ n 1)))
	(step c (from b m) (shell "touch c"))
	(step d (shell "touch d"))
	END
	rm -f c d &&
	flowmake run --run-id-file=id &&
	test ! -e c &&
	test -e d &&
	flowmake show $(cat id) > shown &&
	test_grep "^c .*skipped" shown
'

test_expect_success 'reading the file of a skipped task skips' '
	flowfile <<-"END" &&
	(step a (when #f) (output o "made") (shell "touch #{o}"))
	(step b (input i "made") (shell "touch b2"))
	(step c (from a o) (shell "touch c2"))
	END
	runs_tasks "0 tasks, 3 skipped" &&
	test ! -e made &&
	test ! -e b2 &&
	test ! -e c2
'

test_expect_success 'an old file of a skipped task skips its readers too' '
	echo old > made &&
	runs_tasks "0 tasks, 3 skipped" &&
	test ! -e b2 &&
	echo old > expected &&
	test_cmp expected made
'

test_expect_success 'a condition may mention what another step gave' '
	flowfile <<-"END" &&
	(step ask (produces (n json)) (shell "echo 7 > #{n}"))
	(step high (from ask n) (when (> n 5)) (shell "echo high"))
	(step low (from ask n) (when (<= n 5)) (shell "touch low"))
	END
	run_says high "high
" &&
	test ! -e low
'

test_expect_success 'a condition on the foreach variable decides per split' '
	flowfile <<-"END" &&
	(step a (foreach x (iota 6)) (when (even? x)) (produces n)
	  (scheme (* 10 x)))
	(step b (join a n x) (scheme (write (list n x))))
	END
	run_says b "((0 20 40) (0 2 4))"
'

test_expect_success 'inside a fan-out a condition decides per split' '
	flowfile <<-"END" &&
	(step a (foreach x (iota 4)) (produces n) (scheme x))
	(step b (from a n) (when (> n 1)) (foreach y (list "p" "q"))
	  (produces m) (scheme (format #f "~a~a" n y)))
	(step c (join b m) (produces k) (scheme m))
	(step d (join c k) (scheme (write k)))
	END
	run_says d "((\"2p\" \"2q\") (\"3p\" \"3q\"))"
'

test_expect_success 'a condition without the variable is asked before the fan-out opens' '
	flowfile <<-"END" &&
	(parameter go #f)
	(step a (when go) (foreach x (begin (iota 1000)))
	  (produces n) (scheme x))
	(step b (from a n) (produces m) (scheme n))
	(step c (join b m) (shell "touch c3"))
	(step d (after c) (shell "touch d3"))
	END
	flowmake run --run-id-file=id &&
	test ! -e c3 &&
	test -e d3
'

test_expect_success 'a fan-out of a step that reads a skipped one is skipped, with its joins' '
	for list in "(list 1 2)" "(list)" "(list x 2)"; do
		flowfile <<-END &&
		(step a (when #f) (produces x) (scheme 1))
		(step b (from a x) (foreach j $list) (produces y) (scheme j))
		(step c (join b y) (shell "touch never"))
		END
		runs_tasks ".*[0-9] skipped" && test ! -e never || exit 1
	done
'

test_expect_success 'so is the join of an inner fan-out, in the splits where that is so' '
	flowfile <<-"END" &&
	(step a (foreach i (iota 3)) (when (> i 0)) (produces x) (scheme i))
	(step b (from a x) (foreach j (list 1 2)) (when (and (> x 1) (> j 1)))
	  (produces y) (scheme (list x j)))
	(step c (join b y) (produces z) (scheme y))
	(step d (join c z) (scheme (write z)))
	END
	run_says d "(() ((2 2)))"
'

test_expect_success 'a late list of a skipped step is never asked for' '
	flowfile <<-"END" &&
	(step a (produces n) (scheme 5))
	(step b (from a n) (when (> n 10)) (foreach x (error "asked" n))
	  (shell "echo #{x}"))
	(step c (after b) (shell "echo after"))
	END
	run_says c "after
"
'

test_expect_success 'after a skipped step is done, in a fan-out too' '
	flowfile <<-"END" &&
	(step a (foreach x (iota 3)) (produces n) (scheme x))
	(step b (from a n) (when (= n 1)) (shell "echo #{n}"))
	(step c (from a n) (after b) (produces m) (scheme n))
	(step d (join c m) (scheme (write m)))
	END
	run_says d "(0 1 2)"
'

test_expect_success 'anything but #f is true' '
	flowfile <<-"END" &&
	(step a (when 0) (shell "echo zero"))
	(step b (when (list)) (shell "echo empty"))
	END
	run_says a "zero
" &&
	logged b > actual &&
	test_grep empty actual
'

test_expect_success 'when does not see inputs and outputs' '
	flowfile <<-"END" &&
	(step a
	  (when (string? i))
	  (input i "x")
	  (shell "true"))
	END
	refused "Flowfile:2:18: step '\''a'\'': '\''i'\'' is an input, which when does not see"
'

test_expect_success 'a condition that fails names its line' '
	flowfile <<-"END" &&
	(step a (produces n) (scheme 1))
	(step b (from a n)
	  (when (car n))
	  (shell "true"))
	END
	fails "Flowfile:3:9: step .b.: .*car"
'

test_expect_success 'who is skipped makes no file: the other may make it' '
	flowfile <<-"END" &&
	(parameter size 7)
	(step use (input file "twin") (shell "cat #{file}"))
	(step ask (produces (n json)) (shell "echo #{size} > #{n}"))
	(step high (from ask n) (when (> n 5)) (output file "twin")
	  (shell "echo high > #{file}"))
	(step low (from ask n) (when (<= n 5)) (output file "./twin")
	  (shell "echo low > #{file}"))
	END
	run_says use "high
" &&
	run_says use "low
" size=3 &&
	rm twin &&
	flowmake run size=9 twin &&
	echo high > expected &&
	test_cmp expected twin
'

test_expect_success 'so may one that reads what is skipped, or all' '
	flowfile <<-"END" &&
	(parameter quick #t)
	(parameter slow (not quick))
	(step easy (when quick) (produces x) (scheme 1))
	(step quick-one (from easy x) (output file "made-2") (shell "echo quick > #{file}"))
	(step slow-one (when slow) (output file "made-2") (shell "echo slow > #{file}"))
	(step use (input file "made-2") (shell "cat #{file}"))
	END
	run_says use "quick
" &&
	run_says use "slow
" quick=no &&
	flowmake run --run-id-file=id quick=no slow=no &&
	flowmake show $(cat id) > shown &&
	test_grep "^use .*skipped" shown
'

test_expect_success 'two that make one file and both run are refused then' '
	flowfile <<-"END" &&
	(step ask (produces (n json)) (shell "echo 5 > #{n}"))
	(step high (from ask n) (when (>= n 5)) (output file "twins")
	  (shell "echo high > #{file}"))
	(step low (from ask n) (when (<= n 5))
	  (output file "twins")
	  (shell "echo low > #{file}"))
	(step use (input file "twins") (shell "touch used"))
	END
	fails "^Failed: .*/low: Flowfile:5:16: step .low.: two tasks make .twins.: high and low" &&
	test ! -e used
'

test_expect_success 'a step that is a target by name is skipped like any other' '
	flowfile <<-"END" &&
	(step a (when #f) (shell "touch a4"))
	END
	runs_tasks "0 tasks, 1 skipped" a &&
	test ! -e a4
'

test_done
