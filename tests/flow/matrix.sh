# Shapes of flows, and what must hold in each: branches, switches and fan-outs
# inside one another.
. "${0%/*}/lib"

q="'"

# ran NAME...: in the last run exactly these tasks have run.
ran() {
	printf '%s\n' "$@" | sort > expected &&
	flowmake logs "$(cat id)" --stdout 2>/dev/null |
		sed -n 's/^\[\([^] ]*\)[^]]*\] ran$/\1/p' | sort > actual &&
	test_cmp expected actual
}

test_expect_success 'branches in branches: three levels, eight leaves' '
	flowfile <<-"END" &&
	(define (name . parts) (string->symbol (string-append "b" (string-join parts ""))))
	(step b (produces path) (scheme "/"))
	(define (branch parts)
	  (for-each
	    (lambda (side)
	      (let ((own (append parts (list side))))
	        (step ,(apply name own)
	          (from ,(apply name parts) (before path))
	          (produces path)
	          (scheme (string-append before side)))
	        (when (< (length own) 3)
	          (branch own))))
	    (list "l" "r"))
	  (unless (= (length parts) 3)
	    (step ,(symbol-append (quote join-) (apply name parts))
	      (from ,(if (= (length parts) 2)
	                 (apply name (append parts (list "l")))
	                 (symbol-append (quote join-) (apply name (append parts (list "l")))))
	        (left path))
	      (from ,(if (= (length parts) 2)
	                 (apply name (append parts (list "r")))
	                 (symbol-append (quote join-) (apply name (append parts (list "r")))))
	        (right path))
	      (produces path)
	      (scheme (list left right)))))
	(branch (list))
	(step end (from join-b path) (scheme (write path)))
	END
	run_says end "(((\"/lll\" \"/llr\") (\"/lrl\" \"/lrr\")) ((\"/rll\" \"/rlr\") (\"/rrl\" \"/rrr\")))"
'

test_expect_success 'a switch runs the branch that was chosen, and its join takes it' '
	flowfile <<-"END" &&
	(parameter way "left")
	(step choose (produces (to text)) (shell "echo ran; echo #{way} > #{to}"))
	(step left (from choose to) (when (string=? to "left")) (produces v)
	  (scheme (display "ran\n") "l"))
	(step right (from choose to) (when (string=? to "right")) (produces v)
	  (scheme (display "ran\n") "r"))
	(step end (from (left right) v) (shell "echo ran; echo #{v}"))
	END
	flowmake run --run-id-file=id && ran choose left end &&
	flowmake run --run-id-file=id way=right && ran choose right end &&
	flowmake run --run-id-file=id way=none && ran choose
'

test_expect_success 'a switch in a switch' '
	flowfile <<-"END" &&
	(parameter outer #t)
	(parameter inner #t)
	(step ask (produces o i) (scheme (display "ran\n") (values outer inner)))
	(step yes (from ask o i) (when o) (produces i2) (scheme (display "ran\n") i))
	(step yes-yes (from yes i2) (when i2) (produces v) (scheme (display "ran\n") 1))
	(step yes-no (from yes i2) (when (not i2)) (produces v) (scheme (display "ran\n") 2))
	(step yes-end (from (yes-yes yes-no) v) (produces w) (scheme (display "ran\n") v))
	(step no (from ask o) (when (not o)) (produces w) (scheme (display "ran\n") 3))
	(step end (from (yes-end no) w) (scheme (display "ran\n") (write w)))
	END
	flowmake run --run-id-file=id && ran ask yes yes-yes yes-end end &&
	flowmake run --run-id-file=id inner=no && ran ask yes yes-no yes-end end &&
	flowmake run --run-id-file=id outer=no && ran ask no end
'

test_expect_success 'branches, and a fan-out, in a switch' '
	flowfile <<-"END" &&
	(parameter wide #t)
	(step ask (produces w) (scheme (display "ran\n") wide))
	(step open (from ask w) (when w) (foreach i (iota 3)) (produces v)
	  (scheme (display "ran\n") (* i 10)))
	(step more (from open v) (produces u) (scheme (display "ran\n") (+ v 1)))
	(step close (join more u) (produces s) (scheme (display "ran\n") (apply + u)))
	(step one (from ask w) (when (not w)) (produces v) (scheme (display "ran\n") 1))
	(step l (from one v) (produces v2) (scheme (display "ran\n") (+ v 1)))
	(step r (from one v) (produces v2) (scheme (display "ran\n") (+ v 2)))
	(step lr (from l (a v2)) (from r (b v2)) (produces s)
	  (scheme (display "ran\n") (list a b)))
	(step end (from (close lr) s) (scheme (display "ran\n") (write s)))
	END
	flowmake run --run-id-file=id &&
	ran ask open/0 open/1 open/2 more/0 more/1 more/2 close end &&
	flowmake run --run-id-file=id wide=no && ran ask one l r lr end &&
	logged end > actual && test_grep "\(2 3\)" actual
'

test_expect_success 'a switch in a branch leaves the other branch alone' '
	flowfile <<-"END" &&
	(parameter go #t)
	(step start (produces g) (scheme (display "ran\n") go))
	(step plain (from start g) (produces v) (scheme (display "ran\n") 5))
	(step a (from start g) (when g) (produces v) (scheme (display "ran\n") 1))
	(step b (from start g) (when (not g)) (produces v) (scheme (display "ran\n") 2))
	(step end (from plain v) (from (a b) (w v)) (scheme (display "ran\n") (write (+ v w))))
	END
	flowmake run --run-id-file=id && ran start plain a end &&
	flowmake run --run-id-file=id go=no && ran start plain b end
'

test_expect_success 'a switch in a fan-out decides in each split' '
	flowfile <<-"END" &&
	(step open (foreach i (iota 4)) (produces v) (scheme (display "ran\n") i))
	(step even (from open v) (when (even? v)) (produces w) (scheme (display "ran\n") (list v)))
	(step odd (from open v) (when (odd? v)) (produces w) (scheme (display "ran\n") v))
	(step merge (from (even odd) w) (produces x) (scheme (display "ran\n") w))
	(step end (join merge x) (scheme (display "ran\n") (write x)))
	END
	flowmake run --run-id-file=id &&
	ran open/0 open/1 open/2 open/3 even/0 even/2 odd/1 odd/3 \
		merge/0 merge/1 merge/2 merge/3 end &&
	logged end > actual && test_grep "\(\(0\) 1 \(2\) 3\)" actual
'

test_expect_success 'a fan-out of one is a fan-out' '
	flowfile <<-"END" &&
	(step one (foreach i (list 7)) (produces v) (scheme i))
	(step end (join one v i) (scheme (write (list v i))))
	END
	run_says end "((7) (7))"
'

test_expect_success '32 elements in no order are joined in their own' '
	flowfile <<-"END" &&
	(define items (map (lambda (i) (modulo (* i 13) 32)) (iota 32)))
	(step a (foreach i items) (produces (v json))
	  (shell "sleep 0.0#{(modulo (* i 7) 10)}; echo #{i} > #{v}"))
	(step b (from a v i) (produces w) (scheme (list i v)))
	(step end (join b w) (scheme (write (equal? w (map list items items)))))
	END
	run_says end "#t"
'

test_expect_success 'a task that is killed is caught' '
	flowfile <<-"END" &&
	(step shell (catch e) (produces r) (shell "echo half > #{r}; kill -KILL $$"))
	(step scheme (catch e) (produces r) (scheme (kill (getpid) SIGKILL)))
	(step end (from shell r e) (from scheme (r2 r) (e2 e))
	  (scheme (write (list r (assq-ref e (quote kind)) r2 (assq-ref e2 (quote kind))))))
	END
	run_says end "(#f signal #f signal)"
'

test_expect_success 'of several attempts the last one counts: its results, its log' '
	flowfile <<-"END" &&
	(step a (retry #:times 3) (produces (n json))
	  (shell "echo attempt $FLOWMAKE_ATTEMPT; echo $FLOWMAKE_ATTEMPT > #{n}
	test $FLOWMAKE_ATTEMPT = 4"))
	(step b (retry #:times 2) (catch e) (produces n) (shell "echo b $FLOWMAKE_ATTEMPT; exit 3"))
	(step end (from a n) (from b (m n) e)
	  (scheme (write (list n m (assq-ref e (quote status))))))
	END
	run_says end "(4 #f 3)" &&
	logged a > actual && echo attempt 4 > expected && test_cmp expected actual &&
	logged b > actual && echo b 3 > expected && test_cmp expected actual
'

test_expect_success 'tags may hold spaces and any letters' '
	flowmake run --tag "zwei Wörter" --tag "a,b" --tag "" > out &&
	flowmake runs > out && test_grep "zwei Wörter" out && test_grep "a,b" out
'

test_expect_success 'the number of a run is written before its first task' '
	flowfile <<-"END" &&
	(step a (shell "cat number"))
	END
	rm -f number && flowmake run --run-id-file=number &&
	flowmake logs $(cat number)/a > actual &&
	test_grep "^$(cat number)$" actual
'

test_expect_success 'a number that cannot be written fails the run, which says so' '
	flowfile <<-"END" &&
	(step a (shell "touch began"))
	END
	refused "flowmake: cannot write ${q}none/number${q}: No such file or directory" \
		--run-id-file=none/number &&
	test ! -e began &&
	flowmake show > actual &&
	test_grep "^Run [0-9]+ of .*: failed$" actual &&
	test_grep "^  message    cannot write .none/number.: " actual
'

test_expect_success 'empty files and directories are outputs, inputs and results' '
	flowfile <<-"END" &&
	(step a (output file "empty-file") (output directory "empty-directory")
	  (produces r d) (shell ": > #{file}; mkdir #{directory} #{d}; : > #{r}"))
	(step b (from a file directory r d)
	  (shell "wc -c < #{file}; ls #{directory} #{d} | wc -l; wc -c < #{r}"))
	END
	flowmake run --run-id-file=id &&
	logged b > actual && printf "%s\n" 0 3 0 > expected &&
	test_cmp expected actual &&
	flowmake resume > out && test_grep "2 reused" out
'

test_expect_success 'a Flowfile whose recursion has no end says so' '
	echo "(define (f x) (+ 1 (f x))) (step a (foreach i (f 1)) (shell \"x\"))" > Flowfile &&
	fails "^Flowfile:1:[0-9]+: step .a.: the recursion is too deep"
'

test_done
