# Which names in scheme recipes are those of the Flowfile.
. "${0%/*}/lib"
. "${0%/*}/lib-resume"

test_expect_success 'what code binds itself is not what the Flowfile calls so' '
	mkdir bound && cd bound && flowfile <<-\END &&
	(define n 1)
	(define (own n) (* 2 n))
	(define (inner x) (define n 3) (let loop ((n n)) (if (> n 0) n (loop 1))))
	(define (lets x) (let* ((n x) (m n)) (letrec ((n (lambda (n) n))) (n m))))
	(step own (produces v) (scheme (own 3)))
	(step inner (produces v) (scheme (inner 3)))
	(step lets (produces v) (scheme (lets 3)))
	(step body (produces v) (scheme (define n 5) (let ((x n)) (+ x n))))
	(step none (produces v) (scheme ((lambda* (n #:optional (m 2)) (+ m n)) 7)))
	END
	flowmake && edit "n 1)" "n 2)" && executes "" &&
	edit "(step none" "(let ((unused 1)) (step none" && edit " 7)))" " 7))))" &&
	executes ""
'

test_expect_success 'but it is where it is used outside of that, or nobody knows' '
	mkdir free && cd free && flowfile <<-\END &&
	(use-modules (ice-9 match))
	(define n 1)
	(define-syntax-rule (ignore x) n)
	(define-syntax-rule (with x e) (let ((x 1)) e))
	(define (init x) (let ((n (+ n 1))) n))
	(define (before x) (+ n (let ((n 1)) n)))
	(define* (default x #:optional (y n)) (let ((n y)) n))
	(define (template x) `((lambda (n) n) ,n))
	(define (macro n) (ignore n))
	(define (closed x) (with n n))
	(define (matched x) (match x ((a . b) n)))
	(define (later x) (let ((f (lambda (n) n))) (f n)))
	(step init (produces v) (scheme (init 1)))
	(step before (produces v) (scheme (before 1)))
	(step default (produces v) (scheme (default 1)))
	(step template (produces v) (scheme (template 1)))
	(step macro (produces v) (scheme (macro 1)))
	(step matched (produces v) (scheme (matched (cons 1 2))))
	(step later (produces v) (scheme (later 1)))
	(step body (produces v) (scheme (let ((m n)) (let ((n m)) n))))
	END
	flowmake && edit "n 1)" "n 2)" &&
	executes "before body default init later macro matched template" &&
	for step in before body default init later macro matched template; do
		flowmake dump latest/$step || return 1
	done > resumed && flowmake run > /dev/null 2>&1 &&
	for step in before body default init later macro matched template; do
		flowmake dump latest/$step || return 1
	done > fresh && test_cmp fresh resumed
'

test_done
