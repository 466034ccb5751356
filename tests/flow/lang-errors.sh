# Mistakes in a Flowfile: exact words and places, before anything runs.
. "${0%/*}/lib"

q="'"

# mistake TITLE MESSAGE < FLOWFILE: a check by that title.
mistake() {
	cat > Flowfile
	message=$2
	export message
	test_expect_success "$1" '
		rm -f ran &&
		refused "$message" &&
		test ! -e ran
	'
}

mistake 'an unbound variable is found' \
	"Flowfile:2:19: step ${q}a${q}: unbound variable ${q}nme${q} (did you mean ${q}name${q}?)" <<'END'
(define name "x")
(step a (output o nme) (shell "touch ran"))
END

mistake 'an unbound variable in a text is found in its line and column' \
	"Flowfile:4:10: step ${q}b${q}: unbound variable ${q}tabel${q} (did you mean ${q}table${q}?)" <<'END'
(step a (shell "touch ran"))
(step b (output table "t")
  (shell #<<EOT
sort > #{tabel}
EOT))
END

mistake 'an unknown clause is found' \
	"Flowfile:2:4: step ${q}a${q}: unknown clause ${q}shel${q} (did you mean ${q}shell${q}?)" <<'END'
(step a
  (shel "touch ran"))
END

mistake 'an unknown keyword is found' \
	"Flowfile:2:12: step ${q}a${q}: unknown annotation #:second (did you mean #:seconds?)" <<'END'
(step a (shell "touch ran")
  (timeout #:second 3))
END

mistake 'a keyword without a value is found' \
	"Flowfile:2:12: step ${q}a${q}: #:seconds without a value" <<'END'
(step a (shell "touch ran")
  (timeout #:seconds))
END

mistake 'a wrong type is found' \
	"Flowfile:2:14: step ${q}a${q}: #:memory must be a number of MB or a text such as \"60GB\", not #t" <<'END'
(step a (shell "touch ran")
  (resources #:memory #t))
END

mistake 'an unknown step is found' \
	"Flowfile:2:15: step ${q}b${q}: unknown step ${q}cuont${q} (did you mean ${q}count${q}?)" <<'END'
(step count (produces n) (shell "touch ran #{n}"))
(step b (from cuont n) (shell "touch ran"))
END

mistake 'an unknown result is found' \
	"Flowfile:2:17: step ${q}b${q}: step ${q}a${q} has no result, named output or foreach variable ${q}m${q}" <<'END'
(step a (produces counts) (shell "touch ran #{counts}"))
(step b (from a m) (shell "touch ran"))
END

mistake 'a step declared twice is found' \
	"Flowfile:2:1: step ${q}a${q}: declared twice; the first is at Flowfile:1:1" <<'END'
(step a (shell "touch ran"))
(step a (shell "touch ran"))
END

mistake 'a result declared twice is found' \
	"Flowfile:1:22: step ${q}a${q}: the name ${q}r${q} is used twice" <<'END'
(step a (produces r  r) (shell "touch ran"))
END

mistake 'a circle of steps is found' \
	"Flowfile:1:1: step ${q}a${q}: the steps wait for each other: a -> b -> a" <<'END'
(step a (from b n) (produces n2) (shell "touch ran #{n} #{n2}"))
(step b (from a (m n2)) (produces n) (shell "touch ran #{m} #{n}"))
END

mistake 'two steps making one file are found' \
	"Flowfile:2:18: step ${q}b${q}: two tasks make ${q}x${q}: a and b" <<'END'
(step a (output o "x") (shell "touch ran #{o}"))
(step b (outputs "y/../x") (shell "touch ran"))
END

mistake 'a missing input is found' \
	"Flowfile:2:17: step ${q}b${q}: the input ${q}absent${q} is not there and no step makes it" <<'END'
(step a (shell "touch ran"))
(step b (inputs "absent") (shell "touch ran"))
END

mistake 'a join outside fan-outs is found' \
	"Flowfile:2:15: step ${q}b${q}: joins ${q}a${q}, which is in no fan-out; read it with from" <<'END'
(step a (produces n) (shell "touch ran #{n}"))
(step b (join a n) (shell "touch ran"))
END

mistake 'two different fan-outs are found' \
	"Flowfile:3:26: step ${q}c${q}: reads from two different fan-outs, of ${q}a${q} and of ${q}b${q}; join one" <<'END'
(step a (foreach x (list 1 2)) (shell "touch ran"))
(step b (foreach y (list 1 2)) (shell "touch ran"))
(step c (from a x) (from b y) (shell "touch ran"))
END

mistake 'a missing parenthesis is found where it is missed' \
	"Flowfile:4:1: a ${q})${q} is missing before this: (step a ... began at line 1" <<'END'
(step a
  (shell "touch ran")

(step b (shell "touch ran"))
END

mistake 'a superfluous parenthesis is found' \
	"Flowfile:2:29: there is no ${q}(${q} for this ${q})${q}" <<'END'
(step a (shell "touch ran"))
(step b (shell "touch ran")))
END

mistake 'a clause behind the end of its step is found' \
	"Flowfile:2:3: the clause shell stands outside of a step; does a ${q})${q} before it come too early?" <<'END'
(step a (output o "x"))
  (shell "touch ran")
END

mistake 'exit in a Flowfile is an error' \
	"Flowfile:2:1: (exit 3) was called" <<'END'
(step a (shell "touch ran"))
(exit 3)
END

mistake 'a second recipe is found' \
	"Flowfile:1:29: step ${q}a${q}: a second recipe, exec; a step has one" <<'END'
(step a (shell "touch ran") (exec "touch" "ran"))
END

mistake 'a text that is no literal is refused' \
	"Flowfile:2:16: step ${q}a${q}: the text of shell must be a string; write computed text as #{(raw EXPR)} in one" <<'END'
(define text "touch ran")
(step a (shell text))
END

mistake 'an error of a procedure is placed where it happened' \
	"Flowfile:2:3: car: Wrong type (expecting pair): 5" <<'END'
(define (first-of x)
  (car x))
(step a (shell "touch ran"))
(first-of 5)
END

mistake 'an error in an expression of a clause is placed there' \
	"Flowfile:2:14: step ${q}a${q}: car: Wrong type argument in position 1 (expecting pair): 5" <<'END'
(step a
  (foreach x (car 5))
  (shell "touch ran"))
END

mistake 'a value that does not do is placed where its expression begins' \
	"Flowfile:2:14: step ${q}a${q}: foreach needs a list, not 5" <<'END'
(step a
  (foreach x (let ((y (string-append "a" "b")))
               5))
  (shell "touch ran"))
END

mistake 'a constant in the hole of a text cannot be changed' \
	"Flowfile:2:22: step ${q}a${q}: sort!: Wrong type argument in position 1 (expecting mutable pair): (2 1)" <<'END'
(step a
  (output o "x#{(car (sort! '(2 1) <))}")
  (shell "touch ran"))
END

mistake 'a recursion without end in an expression is found' \
	"Flowfile:3:39: step ${q}a${q}: the recursion is too deep" <<'END'
(step a
  (foreach x
    (list (let loop ((n 1)) (list "n" (loop (+ n 1))))))
  (shell "touch ran"))
END

mistake 'an error in an expression that needs a split is placed there' \
	"Flowfile:2:13: step ${q}a${q}: car: Wrong type argument in position 1 (expecting pair): 1" <<'END'
(step a (foreach x (list 1 2))
  (output o (car x))
  (shell "touch ran"))
END

mistake 'an error signalled by the user is shown in his words' \
	"Flowfile:1:1: no books found in \"books\" 3" <<'END'
(error "no books found in" "books" 3)
END

mistake 'a wrong number of arguments is an error with its place' \
	"Flowfile:1:1: Wrong number of arguments to #<procedure f (x)>" <<'END'
(define (f x) x)
(f 1 2)
END

mistake 'a procedure in place of a list is shown without its address' \
	"Flowfile:1:20: step ${q}a${q}: foreach needs a list, not #<procedure>" <<'END'
(step a (foreach x (lambda () 1)) (shell "true"))
END

test_expect_success 'a Flowfile that is not there is said, with the way out' '
	rm -f Flowfile &&
	refused "flowmake: there is no ${q}Flowfile${q} here; go to the project${q}s directory, name that with -C, or the file with -f"
'

test_expect_success 'check finds the same and runs nothing' '
	echo "(step a (shell \"touch ran\") (after b))" > Flowfile &&
	test_must_fail flowmake check > actual 2>&1 &&
	echo "Flowfile:1:36: step ${q}a${q}: unknown step ${q}b${q}" > expected &&
	test_cmp expected actual &&
	test ! -e ran
'

# A shell lets what it runs in the background ignore interrupts.
cat > interrupt.py <<'END'
import os, signal, subprocess, sys, time
signal.signal(signal.SIGINT, signal.SIG_DFL)
child = subprocess.Popen(["flowmake", "run"])
while not os.path.exists("loops"):
    time.sleep(0.01)
child.send_signal(signal.SIGINT)
sys.exit(child.wait())
END

test_expect_success 'an endless Flowfile is ended by an interrupt' '
	echo "(begin (system \"touch loops\") (let loop () (loop)))" > Flowfile &&
	test_expect_code 130 timeout 20 "$PYTHON" interrupt.py
'

test_expect_success 'an error in a running scheme recipe shows its line' '
	flowfile <<-"END" &&
	(define (f x)
	  (vector-ref x 7))
	(step a
	  (scheme
	    (define v (vector 1 2))
	    (f v)))
	END
	fails "[[][0-9]+/a .*[]] Flowfile:2:[0-9]+: step .a.: .*7" &&
	test_grep -v "Backtrace|In procedure|ice-9|boot-9" errors
'

test_expect_success 'a backtrace is shown with --debug only' '
	flowfile <<-"END" &&
	(define (f x) (+ 1 (car x)))
	(f 5)
	END
	fails "^Flowfile:1:[0-9]+: car: Wrong type" &&
	lines 1 errors &&
	test_must_fail flowmake --debug run > errors 2>&1 &&
	test_grep "^Flowfile:1:[0-9]+: f$" errors &&
	test_grep "^Flowfile:2:1: " errors &&
	echo "(parameter p (list 1 (car 5)))" > Flowfile &&
	test_must_fail flowmake --debug run > errors 2>&1 &&
	test_grep "^Flowfile:1:22: [^ ]*$" errors
'

test_expect_success 'an error of an include or a module names that file' '
	echo "(include \"part.scm\")" > Flowfile &&
	printf "(define x 1)\n(define y (car x))\n" > part.scm &&
	refused "part.scm:2:11: car: Wrong type (expecting pair): 1"
'

# wrong MESSAGE FORM: one form with a mistake in it.
while IFS= read -r form && IFS= read -r message; do
	export form message
	test_expect_success "refused: $form" '
		rm -f ran &&
		printf "%s\n" "$form" "(step other (shell \"touch ran\"))" > Flowfile &&
		refused "$message" &&
		test ! -e ran
	'
done <<'END'
(flow f "one" "two")
Flowfile:1:15: flow: a second description; a flow has one
(flow f #:max-workers #:max-num-splits 2)
Flowfile:1:9: flow: #:max-workers without a value
(flow f #:max-workers 2 #:max-workers 3)
Flowfile:1:25: flow: #:max-workers is given twice
(flow f #:max-workers 4294967296)
Flowfile:1:23: flow: #:max-workers must be a whole number above 0 that 32 bits hold, not 4294967296
(step a (foreach x (iota y)) (foreach y '(2)) (shell ":"))
Flowfile:1:26: step 'a': 'y' is a foreach variable, which is not known here yet
(step a (produces x) (scheme 1)) (step b (from (a a) x))
Flowfile:1:51: step 'b': step 'a' is listed twice
(step a (shell "echo #{1 2}"))
Flowfile:1:22: step 'a': what stands between #{ and } is not one expression
(step a (shell "echo #{x"))
Flowfile:1:22: step 'a': #{ has no matching }
(step a (local) (batch #:cpu 1))
Flowfile:1:17: step 'a': batch contradicts local
(let ((n 1)) (step ,(list 'a n) (pattern p) (foreach x (list 1))))
Flowfile:1:45: step ,(list (quote a) n): a step with a pattern cannot have foreach
(let ((n 1)) (step ,(symbol-append (quote a) (string->symbol "long")) (shel)))
Flowfile:1:72: step ,(symbol-append (quote a) (string->symbol...: unknown clause 'shel' (did you mean 'shell'?)
(step 5 (shell "true"))
Flowfile:1:7: step: 5 is no name of a step
(step a (environment (A 1) (B 2) (A 3)))
Flowfile:1:35: step 'a': the variable 'A' is given twice
(step a (environment (A 1)) (secret B A))
Flowfile:1:39: step 'a': the variable 'A' is given twice
(step a (environment ("A=B" 1)))
Flowfile:1:23: step 'a': "A=B" is no name of an environment variable
(step a (secret ""))
Flowfile:1:17: step 'a': "" is no name of an environment variable
(step a (timeout #:days 1e9) (shell ":"))
Flowfile:1:18: step 'a': #:days must be a time from 0 to 50 years, not 1.0e9
(step a (exec "cat" (list (list-file '("a")) "b")))
Flowfile:1:21: step 'a': the 1st element of the value is a file of names, which must stand alone
(step a (exec "cat" (list-file '("a\nb"))))
Flowfile:1:21: step 'a': list-file: "a\nb" is more than one line
(step a (environment (L car)) (shell ":"))
Flowfile:1:25: step 'a': the value of 'L' is a procedure
(step a (input f (list 1 car)) (shell ":"))
Flowfile:1:18: step 'a': the 2nd element of the value of 'f' is a procedure
END

mistake 'a parameter that is used before it is declared is found' \
	"Flowfile:1:19: unbound variable ${q}y${q}" <<'END'
(parameter x (+ 1 y))
(parameter y 2)
(step a (shell "touch ran"))
END

test_expect_success 'a mistake in an included file has its place there' '
	echo "(load \"more.scm\")" > Flowfile &&
	cat > more.scm <<-\END &&
	(define (first list) (car list))
	(step a (foreach i (list 1 2))
	  (when (first i)))
	END
	refused "more.scm:1:22: step ${q}a${q}: car: Wrong type (expecting pair): 1" &&
	printf "(step a\n  (foreach i (list 1 car)))" > more.scm &&
	refused "more.scm:2:14: step ${q}a${q}: the 2nd element of the list of ${q}i${q} is a procedure"
'

test_expect_success 'a tab goes to the next column that 8 divides, as in compilers' '
	printf "(step a\n\t(shell\t\"echo\n\t\techo\t#{x}\"))\n" > Flowfile &&
	refused "Flowfile:3:27: step ${q}a${q}: unbound variable ${q}x${q}" &&
	printf "(step a\n\t(shell #<<E\n\techo\t#{(f\t1)}\nE\n))\n" > Flowfile &&
	refused "Flowfile:3:20: step ${q}a${q}: unbound variable ${q}f${q}" &&
	printf "(step a\n\t(shell \"a\\\\tb #{(begin\n\t\tx)}\"))\n" > Flowfile &&
	refused "Flowfile:3:17: step ${q}a${q}: unbound variable ${q}x${q}"
'

test_done
