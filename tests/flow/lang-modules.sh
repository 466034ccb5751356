# Modules of the project: use-modules, and what is in its files.
. "${0%/*}/lib"

q="'"

# library TEXT...: lib/stats.scm has these lines.
library() {
	mkdir -p lib && printf '%s\n' "$@" > lib/stats.scm
}

test_expect_success 'a module of the project is used by its path' '
	library "(define-module (lib stats) #:use-module (lib plus) #:export (mean))" \
		"(define (mean l) (/ (plus l) (length l)))" &&
	echo "(define-module (lib plus) #:export (plus)) (define (plus l) (apply + l))" \
		> lib/plus.scm &&
	flowfile <<-"END" &&
	(use-modules (lib stats))
	(step a (scheme (write (mean (list 1 2 6)))))
	END
	run_says a 3 && run_says a 3
'

test_expect_success 'it is compiled like the Flowfile, once' '
	ls .flowmake/cache/*.go > compiled &&
	lines 3 compiled &&
	ls -l .flowmake/cache/*.go > before &&
	flowmake run && flowmake check &&
	ls -l .flowmake/cache/*.go > after &&
	test_cmp before after
'

test_expect_success 'an error in it has its place there: while loading' '
	library "(define-module (lib stats) #:export (mean))" \
		"(define (mean l)" "  (let ((sum (apply + l)))" \
		"    (list (car sum))))" &&
	flowfile <<-"END" &&
	(use-modules (lib stats))
	(step a (foreach x (mean (list 1 2)))
	  (shell "true"))
	END
	refused "lib/stats.scm:4:11: step ${q}a${q}: car: Wrong type (expecting pair): 3" &&
	echo "(define m (mean (list 1)))" >> Flowfile &&
	refused "lib/stats.scm:4:11: car: Wrong type (expecting pair): 1"
'

test_expect_success 'and while a recipe runs' '
	flowfile <<-"END" &&
	(use-modules (lib stats))
	(step a (scheme (mean (list 1 2))))
	END
	fails "lib/stats.scm:4:11: step ${q}a${q}: car: Wrong type" &&
	fails "lib/stats.scm:4:11: step ${q}a${q}: car: Wrong type"
'

# mistake MESSAGE LINE...: the library has these lines; the load says MESSAGE.
mistake() {
	message=$1
	shift
	library "(define-module (lib stats) #:export (mean))" "$@"
	export message
	test_expect_success "$message" '
		refused "$message" && test_must_fail flowmake check
	'
}

mistake "lib/stats.scm:4:1: a ${q})${q} is missing before this: (define (mean l) ... began at line 2" \
	"(define (mean l)" "  (+ l" "(define other 1)"
mistake "lib/stats.scm:2:18: there is no ${q}(${q} for this ${q})${q}" \
	"(define (mean l))))"
mistake "lib/stats.scm:2:14: bad lambda in (lambda)" "(define mean (lambda))"
mistake "lib/stats.scm:3:3: car: Wrong type (expecting pair): 5" \
	"(define mean" "  (car 5))"
mistake "Flowfile:2:18: step ${q}a${q}: unbound variable ${q}mean${q}" \
	"(define (meen l) l)"

test_expect_success 'an unbound variable in it is found where it is used' '
	library "(define-module (lib stats) #:export (mean))" \
		"(define (mean l) (sum l))" &&
	fails "lib/stats.scm:2:19: step .a.: unbound variable .sum."
'

test_expect_success 'a macro that changes is expanded anew, through other modules too' '
	library "(define-module (lib stats) #:use-module (lib macros) #:export (mean))" \
		"(define (mean l) (twice (car l)))" &&
	echo "(define-module (lib macros) #:export (twice))
	(define-syntax-rule (twice x) (* 2 x))" > lib/macros.scm &&
	flowfile <<-"END" &&
	(use-modules (lib stats) (lib macros))
	(step a (scheme (write (list (mean (list 4)) (twice 5)))))
	END
	run_says a "(8 10)" &&
	sed "s/ 2 / 3 /" lib/macros.scm > new && mv new lib/macros.scm &&
	run_says a "(12 15)"
'

test_expect_success 'it may have here strings, includes and long code' '
	{
		echo "(define-module (lib stats) #:export (mean))"
		for i in {1..50}; do echo "(define (f$i x) (+ x $i one))"; done
		echo "(define one 1) (include \"more.scm\")"
		echo "(define text #<<END" && echo "as \"it\" is" && echo END &&
		echo ")"
	} > lib/stats.scm &&
	echo "(define (mean l) (list text (f50 (car l))))" > lib/more.scm &&
	flowfile <<-"END" &&
	(use-modules (lib stats))
	(step a (scheme (write (mean (list 4)))))
	END
	run_says a "(\"as \\\"it\\\" is\" 55)" &&
	run_says a "(\"as \\\"it\\\" is\" 55)" &&
	echo "(define (mean l) (list text (f49 (car l))))" > lib/more.scm &&
	run_says a "(\"as \\\"it\\\" is\" 54)"
'

test_expect_success 'what it includes is in the key of what mentions it' '
	flowmake resume > out && test_grep "1 reused" out &&
	echo "(define (mean l) (list text (f48 (car l))))" > lib/more.scm &&
	flowmake resume > out && test_grep -v "reused" out &&
	flowmake why a > out && test_grep "lib/more.scm changed" out &&
	sed -i "s/(list /(list  ; of both\n/" lib/more.scm &&
	echo "; a comment" >> lib/stats.scm &&
	flowmake resume > out && test_grep "1 reused" out
'

test_expect_success 'steps that a module declares, or its macros, depend on its file' '
	library "(define-module (lib stats) #:use-module (flowmake)
	  #:export (declare my-step))
	(define (hidden x) (+ x 1))
	(define (declare name) (step ,name (produces n) (scheme (hidden 1))))
	(define-syntax-rule (my-step name x)
	  (step name (produces n) (scheme (hidden x))))" &&
	flowfile <<-"END" &&
	(use-modules (lib stats))
	(declare "a")
	(my-step b 2)
	(step c (produces n) (scheme 3))
	(step d (from a n) (from b (m n)) (scheme (write (list n m))))
	END
	run_says d "(2 3)" &&
	sed "s/x 1/x 5/" lib/stats.scm > new && mv new lib/stats.scm &&
	flowmake resume > out && test_grep "4 tasks, 1 reused" out &&
	test_grep "\] \(6 7\)" out
'

test_expect_success 'without a place for the cache modules work as well' '
	mkdir bare && cp -R Flowfile lib bare && cd bare &&
	flowmake graph > out && test_grep "from  a: n" out &&
	test ! -e .flowmake
'

test_expect_success 'a compiled flow is run without what expanded it' '
	mkdir unexpanded && cd unexpanded && flowfile <<-\END &&
	(define (expander-is-loaded)
	  (and (resolve-module (quote (flowmake step)) #f #:ensure #f) #t))
	(define many (quote (1 2)))
	(step one (foreach x many) (input i (if (= x 1) "Flowfile" "in#{x}"))
	  (produces n) (resources #:cpu (* 1 attempt))
	  (scheme (expander-is-loaded)))
	(step ,(symbol-append (quote t) (quote wo)) (join ,(string-append "one") n)
	  (when (pair? n)) (scheme (write n)))
	END
	touch in2 && flowmake run > said && test_grep "[(]#f #f[)]" said &&
	flowmake run > said && test_grep "[(]#f #f[)]" said
'

test_expect_success 'a name of Guile that a module defines anew, or gets from another, is that' '
	library "(define-module (lib stats) #:use-module (lib more) #:export (both))" \
		"(define (both x) (list (car x) (length x)))" \
		"(define (car x) 42)" &&
	echo "(define-module (lib more) #:replace (length)) (define (length x) 43)" \
		> lib/more.scm &&
	flowfile <<-"END" &&
	(use-modules (lib stats))
	(step a (scheme (write (list (both 7) (car (list 1)) (length (list 1))))))
	END
	run_says a "((42 43) 1 1)" && run_says a "((42 43) 1 1)"
'

test_done
