# Names of files in expressions, and who sees them.
. "${0%/*}/lib"

refused() {
	test_must_fail flowmake run 2> errors &&
	printf '%s\n' "$1" > expected &&
	test_cmp expected errors
}

test_expect_success 'an expression in a fan-out may mention fixed inputs' '
	echo one > a.txt && echo two > b.txt &&
	flowfile <<-"END" &&
	(step s
	  (foreach g (list "a" "b"))
	  (input a "a.txt")
	  (input b (string-append "b" ".txt"))
	  (input c "#{g}.txt")
	  (output w (string-append c "+" b))
	  (shell "echo #{(string-append a b c)} > #{w}"))
	END
	flowmake run &&
	echo a.txtb.txta.txt > expected &&
	test_cmp expected a.txt+b.txt &&
	echo a.txtb.txtb.txt > expected &&
	test_cmp expected b.txt+b.txt
'

test_expect_success 'inputs and outputs are lists of all files, in every step' '
	flowfile <<-"END" &&
	(step plain
	  (inputs "a.txt" (list "b" "Flowfile"))
	  (outputs "x.o" (string-append "y" ".o"))
	  (shell "cat #{(list-file inputs)} #{(list-file outputs)} > list"
	         "touch #{outputs}"))
	(step fan
	  (foreach g (list "a" "b"))
	  (input one "#{g}.txt")
	  (inputs "Flowfile")
	  (output w "#{g}.n")
	  (shell "echo #{(length inputs)} #{(length outputs)} > #{w}"))
	(step pat
	  (pattern n)
	  (inputs "%.txt" "Flowfile")
	  (output o "%.p")
	  (shell "cat #{(list-file inputs)} > #{o}"))
	END
	touch b &&
	flowmake run plain fan a.p &&
	printf "%s\n" a.txt b Flowfile x.o y.o > expected &&
	test_cmp expected list &&
	echo 2 1 > expected &&
	test_cmp expected a.n &&
	printf "%s\n" a.txt Flowfile > expected &&
	test_cmp expected a.p
'

test_expect_success 'so they are in a late fan-out, and below it' '
	flowfile <<-"END" &&
	(step names (produces l) (scheme (list "a" "b")))
	(step fan
	  (from names l)
	  (foreach g l)
	  (input one (string-append g ".txt"))
	  (inputs "Flowfile")
	  (output w "#{g}.n")
	  (shell "echo #{(length inputs)} #{(string-append one w)} > #{w}"))
	(step deep
	  (from fan g w)
	  (foreach k (list 1 2))
	  (input x (string-append w))
	  (output y "#{g}#{k}.d")
	  (shell "cat #{(list-file inputs)} > #{y}"))
	END
	flowmake run &&
	echo 2 b.txtb.n > expected &&
	test_cmp expected b.n &&
	echo b.n > expected &&
	test_cmp expected b2.d
'

test_expect_success 'a list may bind the name of its own variable inside' '
	flowfile <<-"END" &&
	(step s
	  (foreach g (map (lambda (g) g) (list "a" "b")))
	  (shell "echo #{g}"))
	END
	flowmake run &&
	flowmake logs --stdout 4/s/1 > actual &&
	echo b > expected &&
	test_cmp expected actual
'

test_expect_success 'a clause does not see its own name, nor those behind it' '
	echo "(step s (foreach x (list x)) (shell \":\"))" > Flowfile &&
	refused "Flowfile:1:26: step '\''s'\'': '\''x'\'' is a foreach variable,\
 which is not known here yet" &&
	echo "(step s (input x (string-append y)) (input y \"a\"))" > Flowfile &&
	refused "Flowfile:1:33: step '\''s'\'': '\''y'\'' is an input,\
 which is not known here yet" &&
	echo "(step s (input x \"#{x}.txt\"))" > Flowfile &&
	refused "Flowfile:1:21: step '\''s'\'': '\''x'\'' is an input,\
 which is not known here yet"
'

test_expect_success 'a definition of a name that Guile gives already counts' '
	flowfile <<-"END" &&
	(define before (list 1 2))
	(define (f) (cdr 5))
	(define (cdr x) (+ x 1))
	(define (list . x) (cons "mine" x))
	(step a (foreach x (list before))
	  (produces n)
	  (scheme (values (format #f "~a ~a ~a" x (list (f)) (cdr 7)))))
	(step b (shell "echo #{(cdr 1)}"))
	END
	flowmake run &&
	flowmake dump a/0/n > actual &&
	echo "\"mine (mine 6) 8\"" > expected &&
	test_cmp expected actual &&
	flowmake dump a/1/n > actual &&
	echo "\"(1 2) (mine 6) 8\"" > expected &&
	test_cmp expected actual &&
	flowmake logs b > actual &&
	echo 2 > expected &&
	test_cmp expected actual
'

test_done
