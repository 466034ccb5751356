;;; Which Flowfiles are pure, so that what they declare may be remembered.

(use-modules (in-evaluator))
(use-modules (srfi srfi-64) (tap) (driver))

(define (pure? text)
  (write-file "Flowfile" text)
  (let ((e (start-evaluator)))
    (when (evaluator-error e)
      (error (evaluator-error e)))
    (let ((pure (ref (evaluator-loaded e) "pure")))
      (stop-evaluator e)
      pure)))

(define-syntax-rule (test-pure title text ...)
  (test-assert title (in-directory (lambda () (pure? (string-append text ...))))))

(define-syntax-rule (test-impure title text ...)
  (test-assert title
    (not (in-directory (lambda () (pure? (string-append text ...)))))))

(test-begin "purity")

(test-pure "a flow over files is pure"
  "(flow \"x\" \"doc\" #:max-num-splits 200)
(parameter shortest 4 \"Ignore shorter words.\")
(define (counts book) (patsubst \"books/%.txt\" \"counts/%.tsv\" book))
(step count
  (foreach book (wildcard \"books/*.txt\"))
  (input text book)
  (output table (counts book))
  (resources #:cpu 2 #:memory (* attempt 1000))
  (shell \"wc -w < #{text} | awk '$1 > #{shortest}' > #{table}\"))
(step total
  (join count table)
  (when (> shortest 2))
  (output all \"total.tsv\")
  (shell \"cat #{table} > #{all}\"))")

(test-pure "so is one whose recipe bodies and their helpers are not"
  "(define (noise) (random 10))
(define helper (lambda (x) (+ x (noise))))
(step a (produces n) (scheme (display \"hello\") (set! noise 3) (helper 2)))
(step b (from a n) (scheme (format #t \"~a~%\" n)))")

(test-pure "loops, lets, lists and texts are pure"
  "(use-modules (srfi srfi-1) (ice-9 match))
(define-syntax-rule (twice e) (list e e))
(define langs (append-map (lambda (x) (twice x)) '(\"a\" \"b\")))
(define (name-of x) (match x ((a . b) (format #f \"~a-~a\" a b))))
(let loop ((i 0))
  (when (< i 3)
    (step ,(string-append \"s\" (number->string i))
      (foreach x (iota i))
      (output f (string-append \"out/\" (name-of (cons i x))))
      (exec \"touch\" f))
    (loop (1+ i))))
(for-each (lambda (l) (step ,(string->symbol l) (exec \"echo\" l)))
          (delete-duplicates langs))
(define home (getenv \"HOME\"))
(step ,(car langs) (when (string? home)) (shell \"true\"))")

(test-impure "what is random is not"
  "(step a (foreach x (iota (random 5))) (exec \"echo\" x))")

(test-impure "what prints while it is loaded is not"
  "(force-output) (step a (exec \"echo\"))")

(test-impure "what a helper of an expression does counts"
  "(define (deep x) (if (file-exists? x) 1 2))
(define (outer x) (+ 1 (deep x)))
(step a (foreach x (iota (outer \"y\"))) (exec \"echo\" x))")

(test-impure "assignment is not"
  "(define n 0)
(define (next) (set! n (1+ n)) n)
(step a (foreach x (iota (next))) (exec \"echo\" x))")

(test-impure "nor is a counter that only a closure sees"
  "(define next (let ((n 0)) (lambda () (set! n (1+ n)) n)))
(step a (foreach x (iota (next))) (exec \"echo\" x))")

(test-impure "a name of the list that the Flowfile defines anew is its own"
  "(define (iota n) (list (current-time)))
(step a (foreach x (iota 3)) (exec \"echo\" x))")

(test-impure "nor is a format that it defines"
  "(define (format . rest) (list (current-time)))
(step a (foreach x (format #f \"x\")) (exec \"echo\" x))")

(test-impure "Guile's own getenv is not flowmake's"
  "(step a (foreach x (list ((@ (guile) getenv) \"HOME\"))) (exec \"echo\" x))")

(test-impure "formats to a port are not"
  "(step a (foreach x (list (format #t \"x\"))) (exec \"echo\" x))")

(test-impure "a module of the project is not looked into"
  (begin (write-file "words.scm" "(define-module (words) #:export (w)) (define (w) '(1))")
         "(use-modules (words)) (step a (foreach x (w)) (exec \"echo\" x))"))

(test-pure "procedures with several lists of arguments are looked into"
  "(define plus (case-lambda ((a) a) ((a b) (+ a b)) ((a . rest) rest)))
(step a (foreach x (list (plus 1 2) ((case-lambda ((a) 1) ((a b) 2)) 1)))
  (exec \"echo\" x))")

(test-impure "... into all of them"
  "(define f (case-lambda ((a) a) ((a b) (current-time))))
(step a (foreach x (list (f 1))) (exec \"echo\" x))")

(test-impure "the time is not"
  "(step a (foreach x (list (current-milliseconds))) (exec \"echo\" x))")

(test-impure "nor is what evaluates code"
  "(step a (foreach x (eval '(list 1) (current-module))) (exec \"echo\" x))")

(test-end "purity")
