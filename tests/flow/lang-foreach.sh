# Fan-outs: foreach.
. "${0%/*}/lib"

q="'"

test_expect_success 'foreach makes one task per element, numbered in order' '
	flowfile <<-"END" &&
	(step one (foreach x (quote ("a" "b" "c")))
	  (shell "echo \"is #{x}\""))
	END
	flowmake run &&
	for i in 0 1 2; do flowmake logs 1/one/$i --stdout; done > actual &&
	printf "is %s\n" a b c > expected &&
	test_cmp expected actual &&
	test_must_fail flowmake logs 1/one/3
'

test_expect_success 'the log shows the element of the split' '
	flowmake run > output &&
	test_grep "[[]2/one/1 b \(pid [0-9]+\)[]] is b" output
'

test_expect_success 'several foreach in one step are one fan-out over their product' '
	flowfile <<-"END" &&
	(step cell (foreach x (list 1 2)) (foreach y (list "a" "b" "c"))
	  (produces both)
	  (scheme (format #f "~a~a" x y)))
	(step row (join cell both x y)
	  (scheme (write (list both x y))))
	END
	flowmake run --run-id-file=id &&
	flowmake logs $(cat id)/row --stdout > actual &&
	echo "((\"1a\" \"1b\" \"1c\" \"2a\" \"2b\" \"2c\")" \
		"(1 1 1 2 2 2) (\"a\" \"b\" \"c\" \"a\" \"b\" \"c\"))" \
		> expected &&
	test_cmp expected <(cat actual; echo)
'

test_expect_success 'a later list may use an earlier variable' '
	flowfile <<-"END" &&
	(step cell (foreach x (list 1 2 3)) (foreach y (iota x))
	  (produces n)
	  (scheme (+ (* 10 x) y)))
	(step all (join cell n)
	  (shell "echo #{n}"))
	END
	flowmake run --run-id-file=id &&
	flowmake logs $(cat id)/all --stdout > actual &&
	echo 10 20 21 30 31 32 > expected &&
	test_cmp expected actual
'

test_expect_success 'a list that mentions a value is expanded when it exists' '
	flowfile <<-"END" &&
	(step names (produces (n lines)) (shell "seq 4 > #{n}"))
	(step one (from names n) (foreach x n) (produces sq)
	  (scheme (* (string->number x) (string->number x))))
	(step all (join one sq) (shell "echo #{sq}"))
	END
	flowmake run --run-id-file=id &&
	flowmake logs $(cat id)/all --stdout > actual &&
	echo 1 4 9 16 > expected &&
	test_cmp expected actual
'

test_expect_success 'static and late lists mix in one step' '
	flowfile <<-"END" &&
	(step names (produces (n lines)) (shell "printf \"p\nq\n\" > #{n}"))
	(step one (from names n) (foreach x (list 1 2)) (foreach y n)
	  (produces z) (scheme (format #f "~a~a" x y)))
	(step all (join one z) (shell "echo #{z}"))
	END
	flowmake run --run-id-file=id &&
	flowmake logs $(cat id)/all --stdout > actual &&
	echo 1p 1q 2p 2q > expected &&
	test_cmp expected actual
'

test_expect_success 'an element may be any value' '
	flowfile <<-"END" &&
	(step one (foreach x (list 1/2 2.5 #t (quote sym) "s p" (list 1 "two")
	                           (cons "k" 3) (quote ())))
	  (produces y) (scheme x))
	(step all (join one y) (scheme (write y)))
	END
	flowmake run --run-id-file=id &&
	flowmake logs $(cat id)/all --stdout > actual &&
	printf "%s" "(1/2 2.5 #t sym \"s p\" (1 \"two\") (\"k\" . 3) ())" \
		> expected &&
	test_cmp expected actual
'

test_expect_success 'fan-outs nest over steps: three levels, 36 tasks, each with its place' '
	flowfile <<-"END" &&
	(step a (foreach x (list "x0" "x1" "x2")) (produces (p text))
	  (shell "printf \"%s\" #{x} > #{p}"))
	(step b (from a p x)
	  (foreach y (list (string-append p "y0") (string-append p "y1")))
	  (produces (q text))
	  (shell "printf \"%s\" $FLOWMAKE_SPLIT:#{x}:#{y} > #{q}"))
	(step c (from b q x y)
	  (foreach z (map (lambda (i) (format #f "~az~a" y i)) (iota 6)))
	  (produces (r text))
	  (shell "printf \"%s\" #{q}:$FLOWMAKE_SPLIT:#{x}:#{z} > #{r}"))
	(step jc (join c r z) (produces rs) (scheme (cons (length z) r)))
	(step jb (join jc rs) (produces rs2) (scheme rs))
	(step ja (join jb rs2) (scheme
	  (for-each (lambda (x)
	              (for-each (lambda (y)
	                          (format #t "~a ~a~%" (car y)
	                                  (string-join (cdr y))))
	                        x))
	            rs2)))
	END
	for x in 0 1 2; do
		for y in 0 1; do
			printf 6
			for z in 0 1 2 3 4 5; do
				printf " %s" "$x.$y:x$x:x${x}y$y:$x.$y.$z:x$x:x${x}y${y}z$z"
			done
			echo
		done
	done > out &&
	flowmake run --run-id-file=id &&
	logged ja > actual && test_cmp out actual &&
	flowmake dump $(cat id)/c/2.1.4/r > actual &&
	test_grep ":2.1.4:x2:x2y1z4" actual
'

test_expect_success 'a variable of an outer fan-out can be read inside' '
	flowfile <<-"END" &&
	(step a (foreach x (list 1 2)) (produces p) (scheme (* 100 x)))
	(step b (from a p) (foreach y (list 3 4)) (produces q)
	  (scheme (+ p y)))
	(step c (from b q x y) (produces r) (scheme (list x y q)))
	(step jb (join c r x y) (produces s) (scheme (list r x y)))
	(step ja (join jb s x) (scheme (write (list x s))))
	END
	flowmake run --run-id-file=id &&
	flowmake logs $(cat id)/ja --stdout > actual &&
	printf "%s" "((1 2)" \
		" ((((1 3 103) (1 4 104)) (1 1) (3 4))" \
		" (((2 3 203) (2 4 204)) (2 2) (3 4))))" > expected &&
	test_cmp expected actual
'

test_expect_success 'an empty list is a fan-out of no tasks; joins get empty lists' '
	flowfile <<-"END" &&
	(step a (foreach x (list)) (produces p) (scheme x))
	(step b (from a p) (produces q) (scheme p))
	(step c (join b q x) (scheme (write (list q x))))
	END
	flowmake run --run-id-file=id &&
	flowmake logs $(cat id)/c --stdout > actual &&
	printf "%s" "(() ())" > expected &&
	test_cmp expected actual
'

test_expect_success 'an empty late list, also under a fan-out, is one of no tasks' '
	flowfile <<-"END" &&
	(step n (foreach i (iota 3)) (produces l) (scheme (iota i)))
	(step a (from n l i) (foreach x l) (produces p) (scheme (list i x)))
	(step c (join a p) (produces ps) (scheme p))
	(step d (join c ps) (scheme (write ps)))
	END
	flowmake run --run-id-file=id &&
	flowmake logs $(cat id)/d --stdout > actual &&
	printf "%s" "(() ((1 0)) ((2 0) (2 1)))" > expected &&
	test_cmp expected actual
'

test_expect_success 'a fan-out over the limit is refused before any of it starts' '
	flowfile <<-"END" &&
	(step first (shell "echo first > first"))

	(step count
	  (foreach x (iota 101))
	  (after first)
	  (shell "echo #{x} >> started"))
	END
	test_must_fail flowmake run 2> errors &&
	test_grep "^Flowfile:4:3: step .count.: foreach gives 101 splits, more than the limit of 100; raise it with --max-num-splits$" errors &&
	test ! -e started
'

test_expect_success 'the limit counts the product of several foreach' '
	flowfile <<-"END" &&
	(step count (foreach x (iota 11)) (foreach y (iota 10))
	  (shell "echo #{x} >> started"))
	END
	test_must_fail flowmake run 2> errors &&
	test_grep "^Flowfile:1:13: step .count.: foreach gives 110 splits, more than the limit of 100; raise it with --max-num-splits$" errors &&
	flowmake run --max-num-splits=110 &&
	lines 110 started
'

test_expect_success 'a late fan-out over the limit is refused with the same words' '
	flowfile <<-"END" &&
	(step names (produces n) (scheme (iota 101)))
	(step count (from names n)
	  (foreach x n)
	  (shell "echo #{x} >> begun"))
	END
	test_must_fail flowmake run 2> errors &&
	test_grep "Flowfile:3:3: step .count.: foreach gives 101 splits, more than the limit of 100; raise it with --max-num-splits$" errors &&
	test ! -e begun
'

test_expect_success 'the flow may set the limit and the command line wins' '
	flowfile <<-"END" &&
	(flow f #:max-num-splits 3)
	(step count (foreach x (iota 4)) (shell "true"))
	END
	test_must_fail flowmake run 2> errors &&
	test_grep "4 splits, more than the limit of 3; raise it" errors &&
	flowmake run --max-num-splits 4
'

test_expect_success 'a fan-out of 1,200 joins in order' '
	flowfile <<-"END" &&
	(flow wide #:max-num-splits 1200)
	(step n (foreach i (iota 1200)) (produces sq) (scheme (* i i)))
	(step all (join n sq i)
	  (scheme
	    (format #t "~a ~a~%" (length sq)
	            (equal? sq (map (lambda (i) (* i i)) (iota 1200))))
	    (format #t "~a~%" (equal? i (iota 1200)))))
	END
	flowmake run --run-id-file=id &&
	flowmake logs $(cat id)/all --stdout > actual &&
	printf "1200 #t\n#t\n" > expected &&
	test_cmp expected actual
'

test_expect_success 'a foreach over what is no list is an error with its place' '
	flowfile <<-"END" &&
	(step a
	  (foreach x 5)
	  (shell "true"))
	END
	test_must_fail flowmake run 2> errors &&
	test_grep "^Flowfile:2:[0-9]+: step .a.: .*list.*5" errors
'

test_expect_success 'a late list that is none fails with its place' '
	flowfile <<-"END" &&
	(step v (produces (n json)) (shell "echo 17 > #{n}"))
	(step a (from v n)
	  (foreach x n)
	  (shell "true"))
	END
	test_must_fail flowmake run 2> errors &&
	test_grep "Flowfile:3:[0-9]+: step .a.: .*list.*17" errors
'

test_expect_success 'the error of a foreach whose process ends has its place' '
	flowfile <<-"END" &&
	(step a (foreach x (map 1+ (iota 3))) (shell "true"))
	(step b (foreach y (primitive-exit 3)) (shell "true"))
	END
	test_must_fail flowmake run 2> errors &&
	echo "Flowfile:2:20: step ${q}b${q}: the foreach ended its process: status 3" > expected &&
	test_cmp expected errors
'

test_expect_success 'a late fan-out that fails stops nothing else with -k' '
	flowfile <<-"END" &&
	(step v (produces (n json)) (shell "echo \"[1,2,3]\" > #{n}"))
	(step a (from v n) (foreach x n) (shell "true"))
	(step b (from v n) (foreach x (car n)) (shell "true"))
	(step c (after v) (shell "true"))
	(step d (after c) (shell "true"))
	END
	test_must_fail flowmake run -k --max-num-splits 2 2> errors &&
	test_grep "^Run [0-9]+: 2 of 5 tasks failed, 3 done" errors &&
	flowmake show > shown &&
	test_grep "^a +1  1 failed" shown &&
	flowmake show $(flowmake runs | sed -n "\$s/^ *\([0-9]*\) .*/\1/p")/a > shown &&
	test_grep "message +Flowfile:2:20: step .a.: foreach gives 3 splits" shown
'

test_expect_success 'a late fan-out over the limit fails, and nothing else does' '
	flowfile <<-"END" &&
	(step v (produces (n json)) (shell "echo [1, 2, 3] > #{n}"))
	(step wide (from v n) (foreach x n) (foreach y n) (shell "true"))
	(step inside (from wide x) (shell "true"))
	(step joined (join inside x) (shell "true"))
	(step other (from v n) (foreach x n) (shell "true"))
	(step last (join other) (shell "true"))
	END
	test_must_fail flowmake run --max-num-splits=8 -k --run-id-file=id \
		2> errors &&
	id=$(cat id) &&
	test_grep "^Failed: $id/wide: Flowfile:2:[0-9]+: step .wide.: foreach gives 9 splits" errors &&
	test_grep "^Run $id: 1 of 7 tasks failed, 5 done, 1 not started in " errors &&
	flowmake show $id > show &&
	test_grep "^wide +1  1 failed" show &&
	test_grep "^other +3  3 done" show &&
	test_grep "^last +1  1 done" show
'

test_expect_success 'a fan-out that no target needs fails none of them' '
	flowfile <<-"END" &&
	(step a (shell "echo ran"))
	(step big (foreach i (iota 101)) (output o "big/#{i}") (shell "touch #{o}"))
	(step wrong (foreach i (car (list))) (shell "true"))
	(step user (join big) (shell "true"))
	(step reader (inputs "big/3") (shell "true"))
	END
	flowmake run a && flowmake -n a &&
	for target in "" big user reader big/3 nothing; do
		refused "Flowfile:2:11: step ${q}big${q}: foreach gives 101 splits, more than the limit of 100; raise it with --max-num-splits" \
			$target || return 1
	done &&
	test_must_fail flowmake run wrong 2> errors &&
	test_grep "^Flowfile:3:24: step .wrong.: car: " errors &&
	flowmake run --max-num-splits 200 reader
'

test_done
