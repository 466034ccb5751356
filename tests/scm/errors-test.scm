;;; Mistakes in Flowfiles, each with its exact message.

(use-modules (in-evaluator))
(use-modules (srfi srfi-64) (tap) (driver))

(define table
  '(("an unknown annotation is found"
     "(step count\n  (foreach book '(1))\n  (batch #:cpus 8))"
     "Flowfile:3:10: step 'count': unknown annotation #:cpus (did you mean \
#:cpu?)")
    ("an unknown clause is found"
     "(step a\n  (outpts \"x\"))"
     "Flowfile:2:4: step 'a': unknown clause 'outpts' (did you mean \
'outputs'?)")
    ("a keyword without a value is found"
     "(step a (batch #:cpu))"
     "Flowfile:1:16: step 'a': #:cpu without a value")
    ("a keyword in place of a value is found"
     "(step a (batch #:cpu #:memory 3))"
     "Flowfile:1:16: step 'a': #:cpu without a value")
    ("a keyword given twice is found"
     "(step a (batch #:cpu 1 #:cpu 3))"
     "Flowfile:1:24: step 'a': #:cpu is given twice")
    ("a name used twice is found"
     "(step a (input x \"a\")\n (output x \"b\"))"
     "Flowfile:2:10: step 'a': the name 'x' is used twice")
    ("a name that every step has cannot be given"
     "(step a (input inputs \"a\"))"
     "Flowfile:1:16: step 'a': the name 'inputs' cannot be given; every step \
has it")
    ("nor defined, which would be hidden in steps"
     "(define n 1)\n(define (attempt) 5)\n(step a (exec \"x\"))"
     "Flowfile:2:1: the name 'attempt' cannot be defined; every step has it")
    ("nor with others"
     "(define-values (x outputs) (values 1 2))"
     "Flowfile:1:1: the name 'outputs' cannot be defined; every step has it")
    ("a second recipe is found"
     "(step a (shell \"x\")\n  (exec \"y\"))"
     "Flowfile:2:3: step 'a': a second recipe, exec; a step has one")
    ("a text that is no literal is refused"
     "(define x \"a\")\n(step a (shell x))"
     "Flowfile:2:16: step 'a': the text of shell must be a string; write \
computed text as #{(raw EXPR)} in one")
    ("a pattern goes with no foreach"
     "(step a (pattern p)\n  (foreach x '(1)))"
     "Flowfile:2:3: step 'a': a step with a pattern cannot have foreach")
    ("a malformed foreach is found"
     "(step a (foreach x))"
     "Flowfile:1:9: step 'a': foreach is written (foreach VAR LIST)")
    ("a clause that is no list is found"
     "(step a x)"
     "Flowfile:1:9: step 'a': x is no clause")
    ("a hole in a here document is refused at its place"
     "(step a (input x \"a\")\n  (shell #<<END\ncat <<E\n  #{x}\nE\nEND))"
     "Flowfile:4:3: step 'a': #{x} stands in a here document, where it cannot \
be quoted")
    ("escapes before a hole do not shift its place"
     "(step a (input x \"a\")\n  (shell \"a\\tb\\\\ `#{x}`\"))"
     "Flowfile:2:19: step 'a': #{x} stands in backquotes, where it cannot be \
quoted")
    ("a hole without an end is found"
     "(step a (shell \"abc #{x\"))"
     "Flowfile:1:21: step 'a': #{ has no matching }")
    ("an empty hole is found"
     "(step a (shell \"abc #{ }\"))"
     "Flowfile:1:21: step 'a': there is nothing between #{ and }")
    ("an unbound name in a clause is found at its place"
     "(step a\n  (input x (foo\n    bar)))"
     "Flowfile:2:13: step 'a': unbound variable 'foo'")
    ("an unbound name in a hole is found at its place"
     "(step a\n  (shell \"echo #{nme}\"))"
     "Flowfile:2:18: step 'a': unbound variable 'nme'")
    ("a name of a step is suggested"
     "(step a (input text \"x\")\n  (shell \"cat #{txt}\"))"
     "Flowfile:2:17: step 'a': unbound variable 'txt' (did you mean 'text'?)")
    ("an unbound name in an expression in a hole is found at its place"
     "(step a\n  (shell \"echo #{(car nme)}\"))"
     "Flowfile:2:23: step 'a': unbound variable 'nme'")
    ("an unbound name in a here string is found at its place"
     "(step a\n  (shell #<<END\necho\n  echo #{nme}\nEND))"
     "Flowfile:4:10: step 'a': unbound variable 'nme'")
    ("an unbound name in a procedure is found before it is called"
     "(define (f)\n  (+ 1 yy))"
     "Flowfile:2:8: unbound variable 'yy'")
    ("a near name is suggested"
     "(define counts 1)\n(display count)"
     "Flowfile:2:10: unbound variable 'count' (did you mean 'counts'?)")
    ("an output is not seen by foreach"
     "(step a\n  (foreach x (list table))\n  (output table \"t\"))"
     "Flowfile:2:20: step 'a': 'table' is an output, which foreach does not \
see")
    ("an own result is not seen by scheme"
     "(step a\n  (produces n)\n  (scheme (display n)))"
     "Flowfile:3:20: step 'a': 'n' is the step's own result, which scheme \
does not see")
    ("attempt is only for some annotations"
     "(step a\n  (environment (X attempt)))"
     "Flowfile:2:19: step 'a': 'attempt' is the attempt's number, which \
environment does not see")
    ("a message that does not fit what was raised with it is shown all the same"
     "(scm-error 'misc-error \"who\" \"a ~S ~A ~q ~~\" '(\"x\" \"y\" 2) #f)"
     "Flowfile:1:1: who: a \"x\" y ~q ~")
    ("a parameter cannot take a name of Guile"
     "(parameter list 3)"
     "Flowfile:1:12: parameter 'list': list is a name that Guile gives \
already; choose another")
    ("a parameter cannot take a name of flowmake"
     "(parameter wildcard 3)"
     "Flowfile:1:12: parameter 'wildcard': wildcard is a name that flowmake \
gives already; choose another")
    ("a parameter is declared once"
     "(parameter x 3)\n(parameter x 3)"
     "Flowfile:2:1: parameter 'x' is declared twice")
    ("a required parameter must be given"
     "(parameter x #:required)"
     "Flowfile:1:1: parameter 'x' must be given, as x=VALUE")
    ("a missing parenthesis is looked for"
     "(define x 1)\n(step count\n  (shell \"a\")\n\n(step b (shell \"c\"))\n"
     "Flowfile:5:1: a ')' is missing before this: (step count ... began at \
line 2")
    ("a superfluous parenthesis is found"
     "(define x 1)\n(define y 2))\n"
     "Flowfile:2:13: there is no '(' for this ')'")
    ("a string without an end is found"
     "(define x 1)\n(define y \"a)\n"
     "Flowfile:2:11: this string has no closing '\"'")
    ("... though others follow it, in later forms"
     "(define x '(\"a\" #\\\" ;\"\n\"b\\\"\"\n \"c))\n(define y \"a\")\n"
     "Flowfile:3:2: this string has no closing '\"'")
    ("... or a here string is before it"
     "(step a (shell #<<E\n\"\nE\n \"x))\n"
     "Flowfile:4:2: this string has no closing '\"'")
    ("a here string without an end is found"
     "(step a (shell #<<END\nabc\n"
     "Flowfile:1:16: the here string #<<END has no end: no line is 'END'")
    ("an error of a procedure is placed in it"
     "(define (f x)\n  (car x))\n(display (f 5))"
     "Flowfile:2:3: car: Wrong type (expecting pair): 5")
    ("exit is an error"
     "(exit 3)"
     "Flowfile:1:1: (exit 3) was called")
    ("any key can be thrown"
     "(throw 'x 1 \"b\")"
     "Flowfile:1:1: 'x was thrown with 1 \"b\"")
    ("anything can be raised"
     "(raise-exception 'x)"
     "Flowfile:1:1: x was raised")
    ("an endless recursion is an error"
     "(define (f x) (+ 1 (f x)))\n(f 1)"
     "Flowfile:1:1: the recursion is too deep")
    ("Guile's own syntax errors have a place"
     "(define x 1)\n(let ((a)) a)"
     "Flowfile:2:1: bad let in (let ((a)) a)")
    ("... also where Guile does not know it"
     "(define (f x)\n  (if x 2 3 4))"
     "Flowfile:2:3: source expression failed to match any pattern in \
(if x 2 3 4)")
    ("... and the step that they are in"
     "(step a\n  (scheme 1\n    (lambda)))"
     "Flowfile:3:5: step 'a': bad lambda in (lambda)")
    ("... that of the clause it is"
     "(step a (when (let ((y)) y)))"
     "Flowfile:1:15: step 'a': bad let in (let ((y)) y)")
    ("a computed name must be one"
     "(step ,(list 1))"
     "Flowfile:1:8: a step's name must be a symbol or a string, not (1)")
    ("... also where it is read from"
     "(step a\n  (from ,'(b) x))"
     "Flowfile:2:10: a step's name must be a symbol or a string, not (b)")
    ("... in a hole, too"
     "(step a\n  (shell \"echo 'a'\"\n    \"echo #{(if)}\"))"
     "Flowfile:3:13: step 'a': source expression failed to match any pattern \
in (if)")
    ("... that of what ends a body without an expression"
     "(step a\n  (scheme 1\n    (define x 2)))"
     "Flowfile:3:5: step 'a': body should end with an expression in \
(define x 2)")
    ("a parenthesis may be missing at the end of a last line without newline"
     "(define x 1)\n(step a\t(shell \"true\")"
     "Flowfile:2:23: a ')' is missing before this: (step a\t(shell ... \
began at line 2")
    ("a NUL in a shell text is found"
     "(step a (shell \"a\0b\"))"
     "Flowfile:1:16: step 'a': the text of shell holds a NUL character")
    ("a procedure without a name is shown without its address"
     "((lambda (x) x))"
     "Flowfile:1:2: Wrong number of arguments to #<procedure>")
    ("a form of defaults that is no list is found"
     "(defaults . 3)" "Flowfile:1:1: defaults: the form is no list")
    ("a default that is no real number is found"
     "(parameter x 1+2i)"
     "Flowfile:1:14: parameter 'x': the default must be a number, a string, a \
truth value or a list, not 1.0+2.0i")
    ("the name that a macro binds is not seen in a text"
     "(define-syntax foo (syntax-rules () ((_ x) (step a (shell \"#{x}\")))))
(foo 3)"
     "Flowfile:1:62: 'x' is bound by a macro, whose names do not reach into \
a text; bind it with let")
    ("what is called and is no procedure is an error where that is called"
     "(parameter x\n  ((car (list 5))\n    1))"
     "Flowfile:2:3: Wrong type to apply: 5")
    ("who interprets a procedure does not matter"
     "(parameter x ((lambda* (x #:key y) x) 1 #:z 2))"
     "Flowfile:1:14: Unrecognized keyword")
    ("a variable that has no value yet is not shown by its address"
     "(parameter x\n  (let () (define a (list b)) (define b (list a)) a))"
     "Flowfile:1:1: a variable is used before it has a value")
    ("what iota throws is said, too"
     "(iota -1)"
     "Flowfile:1:1: Wrong type: -1")
    ("a limit of the flow that cannot be has its place"
     "(flow f\n  #:max-workers -2)"
     "Flowfile:2:17: flow: #:max-workers must be a whole number above 0, not \
-2")
    ("... and so has a default of a parameter"
     "(parameter x\n  car)"
     "Flowfile:2:3: parameter 'x': the default must be a number, a string, a \
truth value or a list, not #<procedure car (_)>")
    ("... and what is too much in a parameter"
     "(parameter x 1 2)"
     "Flowfile:1:16: parameter 'x' is written (parameter NAME DEFAULT [DOC]), \
or with #:required for the default")
    ("... and a name that is none"
     "(parameter \"x\" 1)"
     "Flowfile:1:12: \"x\" is no name of a parameter")
    ("raw is for a whole hole"
     "(step a (input x (raw \"x\")))"
     "Flowfile:1:18: raw is for a whole hole of a shell text, as in \
#{(raw x)}")
    ("an unknown format is found"
     "(step a (produces (x jsn)))"
     "Flowfile:1:22: step 'a': unknown format 'jsn' (did you mean 'json'?); there \
are text, lines and json")
    ("flow is checked"
     "(flow x #:max-num-spits 3)"
     "Flowfile:1:9: flow: unknown part #:max-num-spits; #:max-num-splits and \
#:max-workers are known")
    ("a limit must be a number"
     "(flow x #:max-workers 'a)"
     "Flowfile:1:23: flow: #:max-workers must be a whole number above 0, not a")
    ("the text of a macro's own variable is explained"
     "(define-syntax-rule (s v) (step a (foreach v '(1)) (shell \"#{x}\")))
(s x)"
     "Flowfile:1:62: step 'a': unbound variable 'x'; what a macro's user names \
does not reach into a string of the macro, bind it there with let")))

(test-begin "errors")

(in-directory
 (lambda ()
   (for-each
    (lambda (entry)
      (test-equal (car entry) (caddr entry) (load-error (cadr entry))))
    table)
   (test-equal "an unknown parameter is refused"
     "unknown parameter 'shrtest' (did you mean 'shortest'?)"
     (load-error "(parameter shortest 4)"
                 #:parameters '(("shrtest" "3"))))
   (test-equal "a parameter keeps its type"
     "Flowfile:1:1: parameter 'shortest' is a number, 'x' is none"
     (load-error "(parameter shortest 4)"
                 #:parameters '(("shortest" "x"))))
   (test-equal "a Flowfile that is not there is named"
     "cannot open 'Nofile': No such file or directory"
     (load-error "" #:file "Nofile"))))

(test-end "errors")
