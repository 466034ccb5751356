# Flows that a program makes: computed names, macros, modules.
. "${0%/*}/lib"

q="'"

test_expect_success 'steps are generated in a loop' '
	flowfile <<-"END" &&
	(for-each
	  (lambda (lang)
	    (step ,(symbol-append (quote count-) lang)
	      (produces (n text))
	      (shell "echo #{lang} > #{n}")))
	  (quote (c python scheme)))
	(step all (from count-c (c n)) (from count-python (p n))
	  (from ,(string-append "count-" "scheme") (s n))
	  (shell "echo #{c} #{p} #{s}"))
	END
	run_says all "c python scheme
" &&
	flowmake run count-python
'

test_expect_success 'a generated chain reads the step before' '
	flowfile <<-"END" &&
	(step s0 (produces n) (scheme 0))
	(let loop ((i 1) (previous (quote s0)))
	  (when (<= i 20)
	    (let ((name (string->symbol (format #f "s~a" i))))
	      (step ,name (from ,previous n) (produces (m json))
	        (shell "n=#{n}; echo $((n + #{(raw i)})) > #{m}"))
	      (step ,(symbol-append name (quote -out)) (from ,name m)
	        (produces n) (scheme m))
	      (loop (1+ i) (symbol-append name (quote -out))))))
	(step end (from s20-out n) (shell "echo #{n}"))
	END
	run_says end "210
"
'

test_expect_success 'names may be written as strings with holes' '
	flowfile <<-"END" &&
	(define (pair name)
	  (step "make-#{name}" (output o "gen/#{name}") (shell "echo #{name} > #{o}"))
	  (step "show-#{name}" (from "make-#{name}" o) (shell "cat #{o}")))
	(pair "x") (pair "y")
	END
	run_says show-y "y
"
'

test_expect_success 'two steps of one name are refused with both places' '
	flowfile <<-"END" &&
	(step a (shell "true"))
	(for-each (lambda (n)
	            (step ,n (shell "true")))
	          (list "b" "a"))
	END
	refused "Flowfile:3:13: step ${q}a${q}: declared twice; the first is at Flowfile:1:1"
'

test_expect_success 'a computed name that is none is refused' '
	flowfile <<-"END" &&
	(step ,(list 1) (shell "true"))
	END
	refused "Flowfile:1:8: a step${q}s name must be a symbol or a string, not (1)" &&
	flowfile <<-"END" &&
	(step ,"a/b" (shell "true"))
	END
	refused "Flowfile:1:8: a step cannot be called ${q}a/b${q}"
'

test_expect_success 'macros of the user make steps' '
	flowfile <<-"END" &&
	(define-syntax-rule (compile NAME SOURCE OBJECT)
	  (step NAME
	    (input src SOURCE)
	    (output obj OBJECT)
	    (shell "tr a-z A-Z < #{src} > #{obj}")))
	(compile one "one.c" "one.o")
	(compile two "two.c" "two.o")
	(step link (inputs "one.o" "two.o") (shell "cat #{inputs}"))
	END
	echo one > one.c && echo two > two.c &&
	run_says link "ONE
TWO
"
'

test_expect_success 'a name that a macro gets from its user does not reach into its text, and that is said' '
	flowfile <<-"END" &&
	(define-syntax-rule (show VAR)
	  (step show-it (foreach VAR (list 1 2))
	    (shell "echo #{x}")))
	(show x)
	END
	fails "^Flowfile:3:[0-9]+: step .show-it.: unbound variable .x.; .*macro.*let"
'

test_expect_success 'modules of the project are found and used' '
	mkdir -p lib &&
	cat > lib/words.scm <<-"END" &&
	(define-module (lib words)
	  #:export (shout with-twice))
	(define (shout x) (string-append (string-upcase x) "!"))
	(define-syntax-rule (with-twice e) (begin e e))
	END
	flowfile <<-"END" &&
	(use-modules (lib words))
	(step a (scheme (with-twice (display (shout "hey")))))
	(step b (shell "echo #{(shout \"you\")}"))
	END
	run_says a "HEY!HEY!" &&
	logged b > actual &&
	test_grep "^YOU!$" actual
'

test_expect_success 'an edited module counts at once' '
	sed -i "s/\"!\"/\"?\"/" lib/words.scm &&
	run_says a "HEY?HEY?"
'

test_expect_success 'a file may be included' '
	flowfile <<-"END" &&
	(include "more.flow")
	(step b (from a n) (scheme (write n)))
	END
	echo "(step a (produces n) (scheme 5))" > more.flow &&
	run_says b 5
'

test_expect_success 'thousands of generated steps work' '
	flowfile <<-"END" &&
	(do ((i 0 (1+ i))) ((= i 2000))
	  (step ,(format #f "s~a" i) (when (= i 1999)) (scheme (write i))))
	END
	run_says s1999 1999
'

test_done
