# What of the code of scheme recipes makes them run again.
. "${0%/*}/lib"
. "${0%/*}/lib-resume"

test_expect_success 'a flow of scheme recipes, each of which mentions something' '
	printf "a,1\nb,2\n" > a.csv &&
	mkdir lib && cat > lib/tools.scm <<-\END &&
	(define-module (lib tools)
	  #:use-module (lib deeper)
	  #:export (tool))
	(define (tool x) (deeper x))
	END
	cat > lib/deeper.scm <<-\END &&
	(define-module (lib deeper) #:export (deeper))
	(define (deeper x) (* 2 x))
	END
	cat > lib/other.scm <<-\END &&
	(define-module (lib other) #:export (other))
	(define (other x) x)
	END
	flowfile <<-\END &&
	(use-modules (lib tools) (lib other) (srfi srfi-9))
	(parameter size 3)
	(define rows (csv-rows "a.csv"))
	(define (inner x) (+ x 1))
	(define (helper x) (inner x))
	(define (unrelated) 1)
	(define-syntax-rule (twice e) (+ e e))
	(define-syntax-rule (four e) (twice (twice e)))
	(define changed (lambda (x) x))
	(set! changed (lambda (x) (* x 10)))
	(define add-five (let ((n 5)) (lambda (x) (+ x n))))
	(define (make-adder n) (lambda (x) (+ x n)))
	(define add-six (make-adder 6))
	(define-record-type point (make-point x) point? (x point-x))
	(define-values (first-value second-value) (values 1 2))
	(step rows (produces n) (scheme (length rows)))
	(step helped (produces n) (scheme (helper 1)))
	(step macro (produces n) (scheme (four 1)))
	(step set (produces n) (scheme (changed 1)))
	(step closure (produces n) (scheme (add-five 1)))
	(step adder (produces n) (scheme (add-six 1)))
	(step record (produces n) (scheme (point-x (make-point 1))))
	(step pair (produces n) (scheme (+ first-value second-value)))
	(step sized (produces n) (scheme (+ size 1)))
	(step module (produces n) (scheme (tool 1)))
	(step other (produces n) (scheme (other 1)))
	(step plain (produces n) (scheme (+ 1 1)))
	END
	flowmake && flowmake -q
'

test_expect_success 'an unrelated definition executes nothing' '
	edit "(unrelated) 1" "(unrelated) 2" && executes "" &&
	edit "(define (unrelated) 2)" "" && executes ""
'

test_expect_success 'a comment executes nothing' '
	edit "(define (inner x)" "; what is inside
(define (inner x) #| this |#   " && executes "" &&
	edit "(scheme (helper 1))" "(scheme ; helps
	  (helper 1))" && executes ""
'

test_expect_success 'the order of steps and definitions executes nothing' '
	"$PYTHON" - <<-\END &&
	text = open("Flowfile").read().split("(step ")
	open("Flowfile", "w").write(
	    "(step ".join([text[0]] + text[:0:-1]))
	END
	test_grep "^.step rows" Flowfile && executes ""
'

test_expect_success 'a changed helper executes its users only' '
	edit "(define (inner x) #| this |#    (+ x 1))" "(define (inner x) (+ x 2))" &&
	executes "helped" && dumps helped "n = 3"
'

test_expect_success 'a changed macro executes its users only' '
	edit "(twice e) (+ e e)" "(twice e) (* e 3)" &&
	executes "macro" && dumps macro "n = 9"
'

test_expect_success 'data count by value' '
	edit "(csv-rows \"a.csv\")" "(append (csv-rows \"a.csv\") (list))" &&
	executes "" &&
	printf "a,1\nb,2\nc,3\n" > a.csv && executes "rows" &&
	dumps rows "n = 3" &&
	printf "a,1\r\n\"b\",\"2\"\r\nc,3" > a.csv && executes ""
'

test_expect_success 'what set! gives to a name counts' '
	edit "(* x 10)" "(* x 11)" && executes "set" && dumps set "n = 11"
'

test_expect_success 'values that a procedure closes over count' '
	edit "((n 5))" "((n 7))" && executes "closure" &&
	dumps closure "n = 8" &&
	edit "make-adder 6" "make-adder 8" && executes "adder" &&
	dumps adder "n = 9"
'

test_expect_success 'a changed record type executes its users only' '
	edit "(make-point x) point? (x point-x)" \
		"(make-point x) point? (x point-x) (y point-y)" &&
	executes "record"
'

test_expect_success 'one of several values that are defined at once counts' '
	edit "(values 1 2)" "(values 1 3)" && executes "pair" &&
	dumps pair "n = 4"
'

test_expect_success 'a parameter that the body mentions counts' '
	executes "sized" size=4 && dumps sized "n = 5" && executes "" &&
	executes "" size=3 && dumps sized "n = 4" && executes ""
'

test_expect_success 'a module of the project counts, and those that it uses' '
	echo "; a comment" >> lib/other.scm && executes "" &&
	echo "(define more 1)" >> lib/other.scm && executes "other" &&
	edit "(* 2 x)" "(* 3 x)" lib/deeper.scm && executes "module" &&
	dumps module "n = 3"
'

test_expect_success 'modules that are named where they are used count' '
	mkdir named && cd named && mkdir lib && cat > lib/m.scm <<-\END &&
	(define-module (lib m)
	  #:autoload (lib auto) (auto)
	  #:export (by-name by-auto))
	(define (by-name x) ((@ (lib deep) deep) x))
	(define (by-auto x) (auto x))
	END
	cat > lib/o.scm <<-\END &&
	(define-module (lib o) #:export (o o-macro))
	(define (o x) (* 2 x))
	(define-syntax-rule (o-macro x) (+ 100 x))
	END
	echo "(define-module (lib auto) #:export (auto)) (define (auto x) (* 2 x))" \
		> lib/auto.scm &&
	echo "(define-module (lib deep) #:export (deep)) (define (deep x) (* 2 x))" \
		> lib/deep.scm &&
	flowfile <<-\END &&
	(define (helper x) ((@ (lib o) o) x))
	(step a (produces n) (scheme ((@ (lib o) o) 1)))
	(step b (produces n) (scheme (helper 1)))
	(step c (produces n) (scheme ((@@ (lib o) o) 1)))
	(step d (produces n) (scheme ((@ (lib o) o-macro) 1)))
	(step e (produces n) (scheme ((@ (lib m) by-name) 1)))
	(step f (produces n) (scheme ((@ (lib m) by-auto) 1)))
	(step g (produces n) (scheme ((@ (srfi srfi-1) first) (list 1))))
	(step h (produces n) (scheme (quote (@ (lib o) o))))
	END
	flowmake && executes "" &&
	edit "(* 2 x)" "(* 3 x)" lib/o.scm && executes "a b c d" &&
	dumps b "n = 3" && executes "" &&
	edit "(+ 100 x)" "(+ 200 x)" lib/o.scm && executes "a b c d" &&
	dumps d "n = 201" &&
	edit "(* 2 x)" "(* 3 x)" lib/deep.scm && executes "e f" &&
	dumps e "n = 3" &&
	edit "(* 2 x)" "(* 3 x)" lib/auto.scm && executes "e f" &&
	dumps f "n = 3" && executes ""
'

test_expect_success 'modules that are imported under other names count' '
	mkdir imported && cd imported && mkdir lib &&
	for m in all some rest macro inner; do
		echo "(define-module (lib $m) #:export ($m)) (define ($m x) (* 2 x))" \
			> lib/$m.scm || exit 1
	done &&
	echo "(define-module (lib outer) #:use-module ((lib inner) #:prefix in:)
	  #:re-export ((in:inner . again)))" > lib/outer.scm &&
	echo "(define-module (lib macro) #:export (macro))
	(define-syntax-rule (macro x) (* 2 x))" > lib/macro.scm &&
	flowfile <<-\END &&
	(use-modules ((lib all) #:prefix l:) ((lib macro) #:prefix l:)
	  ((lib some) #:select ((some . other))) ((lib outer) #:prefix o:)
	  ((lib rest) #:renamer (lambda (name) (symbol-append name (quote !)))))
	(step all (produces n) (scheme (l:all 1)))
	(step macro (produces n) (scheme (l:macro 1)))
	(step some (produces n) (scheme (other 1)))
	(step outer (produces n) (scheme (o:again 1)))
	(step rest (produces n) (scheme (rest! 1)))
	END
	flowmake && executes "" &&
	edit "* 2" "* 3" lib/all.scm && executes all && dumps all "n = 3" &&
	edit "* 2" "* 3" lib/macro.scm && executes macro &&
	edit "* 2" "* 3" lib/some.scm && executes some &&
	edit "* 2" "* 3" lib/inner.scm && executes outer &&
	edit "* 2" "* 3" lib/rest.scm && executes rest && executes ""
'

test_expect_success 'modules of directories added to the load path count' '
	mkdir -p paths/here/sub paths/there && cd paths/here &&
	for m in sub/inside ../there/outside own; do
		name=${m##*/} &&
		echo "(define-module ($name) #:export ($name))
		(define ($name x) (* 2 x))" > $m.scm || exit 1
	done &&
	flowfile <<-\END &&
	(add-to-load-path (getcwd))
	(add-to-load-path (string-append (getcwd) "/sub"))
	(add-to-load-path (string-append (dirname (getcwd)) "/there"))
	(use-modules (inside) (outside) (own))
	(step a (produces n) (scheme (inside 1)))
	(step b (produces n) (scheme (outside 1)))
	(step c (produces n) (scheme (own 1)))
	END
	flowmake && executes "" &&
	edit "* 2" "* 3" sub/inside.scm && executes a && dumps a "n = 3" &&
	edit "* 2" "* 3" ../there/outside.scm && executes b &&
	dumps b "n = 3" &&
	edit "* 2" "* 3" own.scm && executes c && dumps c "n = 3"
'

test_expect_success 'files that are read when forms are expanded count' '
	mkdir expanded && cd expanded && echo "(* x 2)" > body.scm &&
	cp body.scm other.scm && echo "(define (third x) (* x 2))" > third.scm &&
	flowfile <<-\END &&
	(define (first x) (include "body.scm"))
	(define-syntax read-other
	  (lambda (s)
	    (syntax-case s ()
	      ((_ x) (datum->syntax (syntax x)
	               (call-with-input-file "other.scm" read))))))
	(define (second x) (read-other x))
	(include-from-path "third.scm")
	(step a (produces n) (scheme (first 1)))
	(step b (produces n) (scheme (second 1)))
	(step c (produces n) (scheme (third 1)))
	(step d (exec "true"))
	END
	flowmake && executes "" &&
	edit "x 2" "x 3" body.scm && executes "a b c" && dumps a "n = 3" &&
	edit "x 2" "x 3" other.scm && executes "a b c" && dumps b "n = 3" &&
	edit "x 2" "x 3" third.scm && executes "a b c" && dumps c "n = 3" &&
	executes ""
'

test_expect_success 'also those that a form loads while it is expanded' '
	mkdir loaded && cd loaded && mkdir lib &&
	echo "(define (level) 1)" > level.scm &&
	echo "(define-syntax-rule (twice x) (* 2 x))" > lib/twice.scm &&
	cat > lib/a.scm <<-\END &&
	(define-module (lib a) #:export (double))
	(eval-when (expand load eval) (load "twice.scm"))
	(define (double x) (twice x))
	END
	flowfile <<-\END &&
	(use-modules (lib a))
	(step a (produces n) (scheme (double 3)))
	(step b (produces n) (shell "echo 1 > #{n}"))
	END
	flowmake && executes "" && edit "(* 2 x)" "(* 4 x)" lib/twice.scm &&
	executes a && dumps a "n = 12" && executes "" &&
	cat >> Flowfile <<-\END &&
	(eval-when (expand load eval) (load "level.scm"))
	(define-syntax now
	  (lambda (stx) (datum->syntax stx (level))))
	(define (answer) (now))
	(step c (produces n) (scheme (answer)))
	END
	flowmake && dumps c "n = 1" && edit 1 2 level.scm &&
	flowmake && dumps c "n = 2"
'

test_expect_success 'so does what macros look at in other ways' '
	mkdir macros && cd macros && mkdir lib in && echo 1 > in/a &&
	cat > lib/m.scm <<-\END &&
	(define-module (lib m) #:export (mode))
	(define-syntax here (lambda (s) (datum->syntax s (getenv "MODE"))))
	(define (mode) (here))
	END
	flowfile <<-\END &&
	(use-modules (lib m))
	(define-syntax names
	  (lambda (s) (datum->syntax s (string-join (wildcard "in/*")))))
	(define-syntax second-mode
	  (lambda (s) (datum->syntax s (or (getenv "MODE2") "none"))))
	(step a (produces n) (scheme (mode)))
	(step b (shell "true; echo #{(names)}"))
	(step c (produces n) (scheme (second-mode)))
	END
	cat > pure <<-\END &&
	(define-syntax mode (lambda (s) (datum->syntax s (getenv "MODE"))))
	(step a (shell "true; echo #{(mode)}"))
	END
	export MODE=1 && flowmake && executes "" && flowmake -f pure &&
	flowmake -q -f pure &&
	export MODE=2 && executes a && dumps a "n = \"2\"" &&
	executes "a" -f pure && executes "" &&
	export MODE2=1 && executes "a c" && dumps c "n = \"1\"" &&
	echo 1 > in/b && executes "a b c" && executes "" &&
	executes "" -f pure
'

test_expect_success 'a renamed helper with its users renamed executes them once' '
	edit "helper" "helping" && executes "helped" && executes ""
'

test_expect_success 'data that a module reads while it is loaded count' '
	mkdir data && cd data && echo 1 > data.txt && cat > m.scm <<-\END &&
	(define-module (m) #:export (get v))
	(define v (call-with-input-file "data.txt" read))
	(define (get) v)
	END
	flowfile <<-\END &&
	(use-modules (m))
	(step a (produces n) (scheme (get)))
	(step b (produces n) (scheme v))
	END
	flowmake && executes "" && echo 2 > data.txt && executes "a b" &&
	flowmake why a > why && test_grep "module m.scm, data changed" why &&
	test_grep "^    see flowmake diff [0-9]+ [0-9]+\$" why
'

test_expect_success 'procedures given to one that declares steps count' '
	mkdir given && cd given && flowfile <<-\END &&
	(define (maker n) (lambda (x) (+ x n)))
	(define (named x) (* 2 x))
	(define (make-step name f)
	  (step ,name (produces n) (scheme (f 1))))
	(make-step "own" (lambda (x) (+ x 1)))
	(make-step "other" (lambda (x) (+ x 7)))
	(make-step "named" named)
	(make-step "made" (maker 5))
	(make-step "guile" 1+)
	(for-each (lambda (name f) (make-step name f))
	          (list "one" "two")
	          (list (lambda (x) (- x 2)) (lambda (x) (- x 3))))
	END
	flowmake && executes "" && dumps two "n = -2" &&
	edit "(+ x 1)" "(+ x 2)" && executes own && dumps own "n = 3" &&
	edit "(* 2 x)" "(* 3 x)" && executes named && dumps named "n = 3" &&
	edit "maker 5" "maker 6" && executes made && dumps made "n = 7" &&
	edit "(+ x n)" "(+ n x 1)" && executes made && dumps made "n = 8" &&
	edit "\"guile\" 1+" "\"guile\" 1-" && executes guile &&
	edit "(- x 2)" "(- x 4)" && executes "one two" &&
	dumps one "n = -3" &&
	sed "s/^(make-step .guile.*//" Flowfile > new && mv new Flowfile &&
	echo "(make-step \"new\" (lambda (x) x))" >> Flowfile && executes new
'

test_expect_success 'also those of modules' '
	mkdir modules && cd modules && cat > m.scm <<-\END &&
	(define-module (m) #:export (tool tools))
	(define (tool x) (+ x 1))
	(define (tools n) (lambda (x) (+ x n)))
	END
	cp m.scm n.scm && edit "(m) #:export (tool tools)" \
		"(n) #:export (other)" n.scm &&
	edit "(define (tool x)" "(define (other x)" n.scm && flowfile <<-\END &&
	(use-modules (m) (n))
	(define (make-step name f)
	  (step ,name (produces n) (scheme (f 1))))
	(make-step "named" tool)
	(make-step "made" (tools 5))
	(make-step "other" other)
	(make-step "guile" 1+)
	END
	flowmake && executes "" && edit "(+ x 1)" "(+ x 2)" m.scm &&
	executes "made named" && dumps named "n = 3" &&
	edit "(+ x 1)" "(+ x 3)" n.scm && executes other &&
	dumps other "n = 4"
'

test_expect_success 'which of several procedures a name stands for counts' '
	mkdir chosen && cd chosen && flowfile <<-\END &&
	(define fast? (lambda () (getenv "FAST")))
	(define (one x) 1)
	(define (two x) 2)
	(define a (if (getenv "FAST") (lambda (x) 1) (lambda (x) 2)))
	(define b (if (fast?) one two))
	(define c (if (fast?) + *))
	(define d #f)
	(if (fast?) (set! d (lambda (x) 7)) (set! d (lambda (x) 8)))
	(define e (compose one two))
	(define f (let ((g (if (fast?) one two))) (lambda (x) (g x))))
	(step a (produces n) (scheme (a 1)))
	(step b (produces n) (scheme (b 1)))
	(step c (produces n) (scheme (c 3 4)))
	(step d (produces n) (scheme (d 1)))
	(step e (produces n) (scheme (e 1)))
	(step f (produces n) (scheme (f 1)))
	END
	flowmake && executes "" && export FAST=1 && executes "a b c d f" &&
	dumps b "n = 1" && dumps d "n = 7" && executes "" &&
	edit "(one x) 1" "(one x) 3" && executes "b e f" && unset FAST &&
	executes "b f" && executes ""
'

test_expect_success 'so it is in a Flowfile that is too long to be compiled' '
	mkdir long && cd long &&
	seq 3000 | sed "s/.*/(define (f& x) &)/" > forms &&
	cat > Flowfile forms - <<-\END &&
	(define (helper x) (let ((n 1)) (lambda () (+ n (f3 x)))))
	(define chosen f1)
	(if (getenv "FAST") (set! chosen f2))
	(step a (produces n) (scheme ((helper 1))))
	(step b (produces n) (scheme (chosen 1)))
	END
	flowmake && executes "" && edit "(f4 x) 4" "(f4 x) 5" &&
	executes "" && edit "(f3 x) 3" "(f3 x) 4" && executes a &&
	dumps a "n = 5" && export FAST=1 && executes b && dumps b "n = 2"
'

test_expect_success 'what others put into a module counts' '
	mkdir state && cd state && mkdir lib && cat > lib/a.scm <<-\END &&
	(define-module (lib a)
	  #:use-module (srfi srfi-9)
	  #:export (register call level hook run look box-value))
	(define-record-type box (make-box value) box? (value box-value))
	(define table (make-hash-table))
	(define (register name f) (hash-set! table name f))
	(define (call name) ((hash-ref table name)))
	(define level (make-parameter 1))
	(define hook #f)
	(define (run) (list (hook) (level)))
	END
	cat > lib/b.scm <<-\END &&
	(define-module (lib b) #:use-module (lib a))
	(register "b" (lambda () 1))
	END
	cat > lib/c.scm <<-\END &&
	(define-module (lib c) #:export (look mode other))
	(define look (let ((where (getenv "WHERE"))) (lambda () where)))
	(define mode (make-parameter (list (getenv "MODE") car)))
	(define (other) 1)
	END
	flowfile <<-\END &&
	(use-modules (lib a) (lib b) (lib c))
	(define (helper) 1)
	(register "c" (lambda () (helper)))
	(level 5)
	(set! hook (lambda () 1))
	(step a (produces n) (scheme (call "b")))
	(step b (produces n) (scheme (run)))
	(step c (produces n) (scheme (look)))
	(step d (produces n) (scheme (car (mode))))
	END
	export WHERE=1 MODE=1 && flowmake && executes "" &&
	edit "(lambda () 1)" "(lambda () 2)" lib/b.scm &&
	executes "a b" && dumps a "n = 2" &&
	edit "(level 5)" "(level 6)" && executes "a b" && dumps b "n = (1 6)" &&
	edit "hook (lambda () 1)" "hook (lambda () 2)" && executes "a b" &&
	dumps b "n = (2 6)" &&
	edit "(helper) 1" "(helper) 2" && executes "a b" &&
	export WHERE=2 && executes "c d" && dumps c "n = \"2\"" &&
	export MODE=2 && executes "c d" && dumps d "n = \"2\"" &&
	edit "(other) 1" "(other) 2" lib/c.scm && executes "c d" && executes ""
'

test_expect_success 'classes, generic functions and methods count by their source' '
	mkdir goops && cd goops && flowfile <<-\END &&
	(use-modules (oop goops))
	(define-class <read> () (length #:init-value 3 #:getter length-of))
	(define-class <mates> (<read>))
	(define-method (cost (r <read>)) (* 2 (length-of r)))
	(define-method (cost (p <mates>)) (* 4 (length-of p)))
	(step a (produces n) (scheme (cost (make <mates>))))
	(step b (produces n) (scheme 1))
	END
	flowmake && dumps a "n = 12" && executes "" &&
	edit "(* 4" "(* 5" && executes a && dumps a "n = 15" &&
	edit "value 3" "value 2" && executes a && dumps a "n = 10" &&
	executes ""
'

test_expect_success 'data that cannot be stored make a task always run, and -n says so' '
	mkdir always && cd always && flowfile <<-\END &&
	(use-modules (srfi srfi-9))
	(define-record-type point (make-point x) point? (x point-x))
	(define origin (make-point 1))
	(define settings (make-parameter 3))
	(define table (list (cons "f" (lambda (x) x))))
	(step a (produces n) (scheme (point-x origin)))
	(step b (produces n) (scheme (settings)))
	(step c (produces n) (scheme ((cdar table) 1)))
	(step d (from a n) (produces m) (scheme n))
	END
	flowmake && executes "a b c" && flowmake -n > plan &&
	test_grep "^a: runs: definition origin cannot be compared" plan &&
	test_grep "^c: runs: definition table cannot be compared" plan
'

test_expect_success 'data that are changed in place count by what they are then' '
	mkdir place && cd place && flowfile <<-\END &&
	(define table (make-hash-table))
	(hash-set! table "a" 1)
	(define row (vector 1 2))
	(vector-set! row 0 7)
	(step a (produces n) (scheme (hash-ref table "a")))
	(step b (produces n) (scheme (vector-ref row 0)))
	END
	flowmake && executes "" &&
	edit "\"a\" 1" "\"a\" 2" && executes a && dumps a "n = 2" &&
	edit "row 0 7" "row 0 8" && executes b && dumps b "n = 8"
'

# edits FROM TO: of lib/m.scm; it changes what step a gives, so a is executed.
edits() {
	edit "$1" "$2" lib/m.scm && executes a &&
	flowmake dump latest/a > resumed && flowmake run a > /dev/null &&
	flowmake dump latest/a > fresh && test_cmp fresh resumed
}

# module LINE...: the module that step a uses.
module() {
	rm -rf .flowmake lib && mkdir lib &&
	{ echo "(define-module (lib m) #:export (f))" &&
		printf "%s\n" "$@"; } > lib/m.scm &&
	cat > Flowfile <<-\END
	(use-modules (lib m))
	(step a (produces v) (scheme (object->string (f))))
	END
}

test_expect_success 'of a module all counts that is not a comment' '
	mkdir forms && cd forms &&
	module "(define (f) (null? (quote #nil)))" "; one" && flowmake &&
	edits "#nil" "#f" && edit one two lib/m.scm && executes "" &&
	edits "(null? (quote #f))" "(cdr (quote (a . #nil)))" &&
	edits ". #nil" "" && edits "(cdr (quote (a )))" "(quote #u8(1 2))" &&
	edits "#u8" "#vu8" && edits "#vu8(1 2)" "#2u8((1 2))" &&
	edits "#2u8" "#2vu8" && edits "(quote #2vu8((1 2)))" "1" &&
	edits "(f) 1" "(f) 1.0"
'

test_expect_success 'so does where it includes files' '
	mkdir includes && cd includes &&
	module "(include \"a.scm\") ; first" "(include \"b.scm\")" &&
	echo "(define (f) 1)" > lib/a.scm && echo "(define (f) 2)" > lib/b.scm &&
	flowmake && edits "a.scm\") ; first
(include \"b.scm" "b.scm\")
(include \"a.scm" && echo "; a comment" >> lib/a.scm && executes ""
'

test_expect_success 'and its lines, where it can tell them' '
	mkdir lines && cd lines && module "; one" \
		"(define (f) (assq-ref (current-source-location) (quote line)))" &&
	flowmake && edits "; one" "; one
; two"
'

test_expect_success 'and the text that a macro of another module reads' '
	mkdir text && cd text && module "; one" "(define (f) 1)" &&
	cat > lib/b.scm <<-\END &&
	(define-module (lib b) #:export (g) #:use-module (ice-9 rdelim))
	(define-syntax second-line
	  (lambda (x)
	    (datum->syntax x
	      (let ((port (open (string-append "lib/" "m.scm") O_RDONLY)))
	        (read-line port)
	        (read-line port)))))
	(define (g) second-line)
	END
	sed -i "s/(f)/(list (f) (g))/; 1s/.*/(use-modules (lib m) (lib b))/" Flowfile &&
	flowmake && edits "; one" "; two"
'

test_expect_success 'and the data of each of two modules in one file' '
	mkdir two && cd two &&
	module "(define own (getenv \"XX1\"))" "(define (f) (list own (g)))" &&
	sed -i "1i (define-module (lib n) #:export (g)) (define rows (getenv \"XX2\")) (define (g) rows)" lib/m.scm &&
	sed -i "s/#:export (f)/#:export (f) #:use-module (lib n)/" lib/m.scm &&
	export XX1=1 XX2=1 && flowmake && export XX2=2 && executes a &&
	flowmake dump latest/a > out && test_grep "1.*2" out
'

test_expect_success 'what macros make of the data of modules is made anew' '
	mkdir made && cd made && mkdir d && echo 1 > d/1 && echo 1 > x.dat &&
	cat > m.scm <<-\END &&
	(define-module (m) #:use-module (flowmake) #:export (number names told))
	(define x (call-with-input-file "x.dat" read))
	(define (number) x)
	(define n (length (wildcard "d/*")))
	(define (names) n)
	(define e (getenv "XX3"))
	(define (told) e)
	END
	cat > o.scm <<-\END &&
	(define-module (o) #:use-module (m) #:export (other))
	(define-syntax other
	  (lambda (x) (syntax-case x () ((_) (datum->syntax x (names))))))
	END
	flowfile <<-\END &&
	(use-modules (m) (o))
	(define-syntax-rule (made e)
	  (let-syntax ((it (lambda (x) (datum->syntax x e)))) it))
	(step number (produces v) (scheme (made (number))))
	(step names (produces v) (scheme (made (names))))
	(step told (produces v) (scheme (made (told))))
	(step other (produces v) (scheme (other)))
	END
	export XX3=one && flowmake && executes "" &&
	echo 2 > x.dat && flowmake && dumps latest/number "v = 2" &&
	echo 2 > d/2 && flowmake && dumps latest/names "v = 2" &&
	dumps latest/other "v = 2" && export XX3=two && flowmake &&
	dumps latest/told "v = \"two\"" && executes ""
'

test_expect_success 'and modules of the project in a directory called flowmake' '
	mkdir ours && cd ours && mkdir flowmake && cat > flowmake/m.scm <<-\END &&
	(define-module (flowmake m) #:export (f twice))
	(define (f) 1)
	(define-syntax-rule (twice x) (list x (f)))
	END
	cat > Flowfile <<-\END &&
	(use-modules (flowmake m))
	(step called (produces v) (scheme (f)))
	(step expanded (produces v) (scheme (twice 2)))
	(step none (produces v) (scheme 3))
	END
	flowmake && edit "(f) 1" "(f) 5" flowmake/m.scm &&
	executes "called expanded" && dumps latest/expanded "v = (2 5)"
'

test_expect_success 'without a cache it counts with what it includes' '
	mkdir cacheless && cd cacheless && module "(include \"x.scm\")" &&
	echo "(define (f) 1)" > lib/x.scm && mkdir .flowmake &&
	: > .flowmake/cache && flowmake && executes "" &&
	echo "(define (f) 2)" > lib/x.scm && executes a
'

test_done
