# What steps read from each other: from and join.
. "${0%/*}/lib"

test_expect_success 'from reads the value of the same split' '
	flowfile <<-"END" &&
	(step a (foreach x (iota 4)) (produces n) (scheme (* 2 x)))
	(step b (from a n) (produces m) (scheme (1+ n)))
	(step c (from b m) (from a (two n) x) (produces ok)
	  (scheme (list x two m)))
	(step d (join c ok) (scheme (write ok)))
	END
	run_says d "((0 0 1) (1 2 3) (2 4 5) (3 6 7))"
'

test_expect_success 'from reads what an outer level made' '
	flowfile <<-"END" &&
	(step start (produces base) (scheme 100))
	(step a (from start base) (foreach x (list 1 2)) (produces n)
	  (scheme (* base x)))
	(step b (from a n) (foreach y (list 5 6)) (produces m) (scheme (+ n y)))
	(step c (from b m) (from a n) (from start base) (produces all)
	  (scheme (list base n m)))
	(step d (join c all) (produces all2) (scheme all))
	(step e (join d all2) (scheme (write all2)))
	END
	run_says e "(((100 100 105) (100 100 106)) ((100 200 205) (100 200 206)))"
'

test_expect_success 'join closes the innermost fan-out only' '
	flowfile <<-"END" &&
	(step a (foreach x (list 1 2 3)) (produces n) (scheme x))
	(step b (from a n) (foreach y (iota n)) (produces m) (scheme (list n y)))
	(step c (join b m) (produces k) (scheme (length m)))
	(step d (join c k) (scheme (write k)))
	END
	run_says d "(1 2 3)"
'

test_expect_success 'a join may also read what the outer level made' '
	flowfile <<-"END" &&
	(step a (foreach x (list 1 2 3)) (produces n) (scheme x))
	(step b (from a n) (foreach y (iota n)) (produces m) (scheme y))
	(step c (join b m) (from a n x) (produces k) (scheme (list n x m)))
	(step d (join c k) (scheme (write k)))
	END
	run_says d "((1 1 (0)) (2 2 (0 1)) (3 3 (0 1 2)))"
'

test_expect_success 'a step may join two steps of one fan-out' '
	flowfile <<-"END" &&
	(step a (foreach x (list 1 2 3)) (produces n) (scheme x))
	(step b (from a n) (produces m) (scheme (* n n)))
	(step c (join a n) (join b m) (scheme (write (map list n m))))
	END
	run_says c "((1 1) (2 4) (3 9))"
'

test_expect_success 'a join may open the next fan-out' '
	flowfile <<-"END" &&
	(step a (foreach x (list 1 2 3)) (produces n) (scheme (* 10 x)))
	(step b (join a n) (foreach y n) (produces m) (scheme (1+ y)))
	(step c (join b m) (scheme (write m)))
	END
	run_says c "(11 21 31)"
'

test_expect_success 'names are renamed by (MINE THEIRS), in from and in join' '
	flowfile <<-"END" &&
	(step a (produces n) (scheme 1))
	(step b (produces n) (scheme 2))
	(step c (from a (one n)) (from b (two n)) (foreach n (list 3 4))
	  (produces s) (scheme (list one two n)))
	(step d (join c (sums s) (ns n)) (scheme (write (list sums ns))))
	END
	run_says d "(((1 2 3) (1 2 4)) (3 4))"
'

test_expect_success 'a named output is read as its path, and joined as paths' '
	flowfile <<-"END" &&
	(step a (foreach x (list "p" "q")) (output file "out/#{x}.txt")
	  (shell "echo #{x} > #{file}"))
	(step b (from a file) (produces (t text)) (shell "cat #{file} > #{t}"))
	(step c (join a file) (join b t)
	  (shell "echo #{file}" "cat #{file}" "echo #{t}"))
	END
	flowmake run --run-id-file=id &&
	logged c > actual &&
	printf "%s\n" "out/p.txt out/q.txt" p q "p q" > expected &&
	test_cmp expected actual
'

test_expect_success 'foreach variables are read like results' '
	flowfile <<-"END" &&
	(step a (foreach x (list "p" "q")) (shell "true"))
	(step b (from a x) (produces y) (scheme (string-append x x)))
	(step c (join a x) (join b y) (scheme (write (list x y))))
	END
	run_says c "((\"p\" \"q\") (\"pp\" \"qq\"))"
'

test_expect_success 'from a step without names only waits and takes its splits' '
	flowfile <<-"END" &&
	(step a (foreach x (list 1 2)) (shell "echo #{x} > f#{x}"))
	(step b (from a) (produces n) (scheme 1))
	(step c (join b n) (scheme (write n)))
	END
	run_says c "(1 1)"
'

test_expect_success 'nothing that is not listed is visible' '
	flowfile <<-"END" &&
	(step a (produces n m) (scheme (values 1 2)))
	(step b (from a n)
	  (scheme (write m)))
	END
	refused "Flowfile:3:18: step '\''b'\'': unbound variable '\''m'\''"
'

test_expect_success 'of alternatives the first that ran is read' '
	flowfile <<-"END" &&
	(parameter big #f)
	(step large (when big) (produces n) (scheme "large"))
	(step small (when (not big)) (produces n) (scheme "small"))
	(step both (from (large small) n) (scheme (write n)))
	END
	run_says both "\"small\"" &&
	flowmake run big=true --run-id-file=id &&
	logged both > actual &&
	test_grep large actual
'

test_expect_success 'of alternatives that both ran the first listed counts' '
	flowfile <<-"END" &&
	(step x (produces n) (scheme 1))
	(step y (produces n) (scheme 2))
	(step z (from (y x) n) (scheme (write n)))
	END
	run_says z 2
'

test_expect_success 'alternatives decide in each split' '
	flowfile <<-"END" &&
	(step a (foreach x (iota 4)) (produces n) (scheme x))
	(step odd (from a n) (when (odd? n)) (produces r) (scheme "odd"))
	(step even (from a n) (when (even? n)) (produces r) (scheme "even"))
	(step c (from (odd even) r) (produces s) (scheme r))
	(step d (join c s) (scheme (write s)))
	END
	run_says d "(\"even\" \"odd\" \"even\" \"odd\")"
'

test_expect_success 'of alternatives of which none ran the reader is skipped' '
	flowfile <<-"END" &&
	(step x (when #f) (produces n) (scheme 1))
	(step y (when #f) (produces n) (scheme 2))
	(step z (from (y x) n) (shell "touch ran"))
	(step end (after z) (shell "touch ended"))
	END
	flowmake run &&
	test ! -e ran &&
	test -e ended
'

test_expect_success 'joins leave skipped splits out of all their lists' '
	flowfile <<-"END" &&
	(step a (foreach x (iota 5)) (produces n) (scheme x))
	(step b (from a n) (when (odd? n)) (produces m) (scheme (* n n)))
	(step c (join b m x) (join a n) (scheme (write (list m x n))))
	END
	run_says c "((1 9) (1 3) (0 1 2 3 4))"
'

test_expect_success 'a join of splits that are all skipped gets empty lists' '
	flowfile <<-"END" &&
	(step a (foreach x (iota 3)) (produces n) (scheme x))
	(step b (from a n) (when (> n 10)) (produces m) (scheme n))
	(step c (join b m x) (scheme (write (list m x))))
	END
	run_says c "(() ())"
'

test_expect_success 'file results are joined as paths in split order' '
	flowfile <<-"END" &&
	(step a (foreach x (iota 12)) (produces part)
	  (shell "echo #{x} > #{part}"))
	(step b (join a part) (shell "cat #{part} | tr \"\\n\" \" \""))
	END
	run_says b "0 1 2 3 4 5 6 7 8 9 10 11 "
'

test_expect_success 'reading two different fan-outs is refused' '
	flowfile <<-"END" &&
	(step a (foreach x (iota 3)) (produces n) (scheme x))
	(step b (foreach x (iota 3)) (produces n) (scheme x))
	(step c (from a n)
	  (from b (m n))
	  (scheme n))
	END
	refused "Flowfile:4:9: step '\''c'\'': reads from two different fan-outs, of '\''a'\'' and of '\''b'\''; join one"
'

test_expect_success 'joining a step outside any fan-out is refused' '
	flowfile <<-"END" &&
	(step a (produces n) (scheme 1))
	(step c
	  (join a n)
	  (scheme n))
	END
	refused "Flowfile:3:9: step '\''c'\'': joins '\''a'\'', which is in no fan-out; read it with from"
'

test_expect_success 'a name that the other step lacks is refused with a suggestion' '
	flowfile <<-"END" &&
	(step a (produces table) (scheme 1))
	(step c
	  (from a tabel)
	  (scheme tabel))
	END
	refused "Flowfile:3:11: step '\''c'\'': step '\''a'\'' has no result, named output or foreach variable '\''tabel'\'' (did you mean '\''table'\''?)"
'

test_expect_success 'a pattern step is not read by name' '
	flowfile <<-"END" &&
	(step p (pattern s) (input i "%.a") (output o "%.b")
	  (shell "cp #{i} #{o}"))
	(step c
	  (from p o)
	  (shell "cat #{o}"))
	END
	refused "Flowfile:4:9: step '\''c'\'': '\''p'\'' is a pattern rule and cannot be read by name; name a file that it makes as an input"
'

test_done
