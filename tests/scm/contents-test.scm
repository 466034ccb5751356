;;; What a value holds that cannot be stored.

(use-modules (in-evaluator))
(use-modules (srfi srfi-64) (srfi srfi-9) (tap) (flowmake primitives)
             (flowmake contents))

(define-record-type point (make-point x y) point? (x point-x) (y point-y))

(define (origin proc)
  (and (procedure-name proc)
       (list (procedure-name proc))))

(define (digest value)
  (%digest (%encode (contents value origin) "")))

(define-syntax-rule (test-same title a b)
  (test-equal title (digest a) (digest b)))

(define-syntax-rule (test-other title a b)
  (test-assert title (not (equal? (digest a) (digest b)))))

(define (table . entries)
  (let ((table (make-hash-table)))
    (for-each (lambda (entry) (hash-set! table (car entry) (cdr entry)))
              entries)
    table))

(define (circle x)
  (let ((list (list x car)))
    (set-cdr! (cdr list) list)
    list))

(test-begin "contents")

(test-same "records count by what they hold"
  (make-point 1 (list car)) (make-point 1 (list car)))
(test-other "and by nothing else" (make-point 1 2) (make-point 1 3))
(test-same "procedures count by their origin" (list car) (list car))
(test-other "which differs" (list car) (list cdr))
(test-same "parameters count by their value"
  (make-parameter "a") (make-parameter "a"))
(test-other "which may change" (make-parameter "a") (make-parameter "b"))
(test-same "tables count by their entries, in any order"
  (table (cons "a" car) (cons 'b 1)) (table (cons 'b 1) (cons "a" car)))
(test-other "of which one may be new"
  (table (cons "a" car)) (table (cons "a" car) (cons 'b 1)))
(test-same "cycles have an end" (circle 1) (circle 1))
(test-other "and are looked through" (circle 1) (circle 2))
(test-other "what is the same twice is not what is equal twice"
  (let ((x (vector car))) (list x x)) (list (vector car) (vector car)))
(test-same "of a port only the place counts"
  (list 1 (open-input-string "a")) (list 1 (open-input-string "b")))
(test-other "and not what stands beside it"
  (list 1 (open-input-string "a")) (list 2 (open-input-string "a")))
(test-other "nor beside what has no value, or is a complex number"
  (list *unspecified* 1+2i 1) (list *unspecified* 1+2i 2))
(test-other "complex numbers count" 1+2i 1+3i)

(test-end "contents")
