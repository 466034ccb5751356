;;; Which symbols code binds itself: random programs, of which the expander of
;;; Guile says what it takes from the top level.

(use-modules (in-evaluator))
(use-modules (srfi srfi-1) (srfi srfi-64) (language tree-il) (tap)
             (flowmake project))

(define free-symbols (@@ (flowmake source) free-symbols))

(define seed
  (or (and=> (getenv "FLOWMAKE_TEST_SEED") string->number)
      (random 1000000 (random-state-from-platform))))
(format #t "# FLOWMAKE_TEST_SEED=~a~%" seed)
(set! *random-state* (seed->random-state seed))

(make-flow-module!)
(eval '(begin
         (use-modules (ice-9 match) (ice-9 receive))
         (define-syntax-rule (swap x e) (let ((x 1)) e))
         (define-syntax-rule (twice e) (list e e))
         (define-macro (plain x) (list 'list x)))
      (flow-module))

(define (pick . choices)
  (list-ref choices (random (length choices))))

(define plain-names '(n m a b))

(define (name)
  ;; Most often a plain one.
  (if (zero? (random 20))
      (pick 'let 'when 'define 'lambda)
      (apply pick plain-names)))

(define (formals)
  (pick '() (list (name)) (name) (cons (name) (name))))

(define (body depth)
  (append (if (zero? (random 2))
              (list (pick `(define ,(name) ,(program depth))
                          `(define (,(name) . ,(formals)) ,(program depth))))
              '())
          (list (program depth))))

(define (program depth)
  (define (inner) (program (1- depth)))
  (define (insides) (body (1- depth)))
  (define (binding) (list (name) (inner)))
  (if (<= depth 0)
      (if (zero? (random 5)) 1 (name))
      (case (random 20)
        ((0 1) `(lambda ,(formals) ,@(insides)))
        ((2 3) `(let (,(binding)) ,@(insides)))
        ((4) `(let* (,(binding) ,(binding)) ,@(insides)))
        ((5) `(letrec (,(binding)) ,@(insides)))
        ((6) `(let ,(name) (,(binding)) ,@(insides)))
        ((7) `(lambda* (,(name) #:optional (,(name) ,(inner))) ,@(insides)))
        ((8) `(if ,(inner) ,(inner) ,(inner)))
        ((9) (list 'quasiquote (list 'lambda (list (name))
                                     (list 'unquote (inner)))))
        ((10) `(when ,(inner) ,(inner)))
        ((11) `(swap ,(name) ,(inner)))
        ((12) `(twice ,(inner)))
        ((13) `(match ,(inner) ((,(name) . _) ,(inner))))
        ((14) `(receive (,(name)) ,(inner) ,(inner)))
        ((15) `(do ((,(name) ,(inner) ,(inner))) (,(inner)) ,(inner)))
        ((16) `(case-lambda ((,(name)) ,(inner))))
        ((17) `(let-syntax ((,(name) (syntax-rules () ((_ x) (x ,(name))))))
                 ,(inner)))
        ((18) `(set! ,(name) (plain ,(inner))))
        (else `(list ,(inner) ,(inner))))))

(define (form)
  (pick (program 4)
        `(define (top . ,(formals)) ,@(body 3))))

(define (expansion form)
  ;; FORM expanded, or #f: it is none.
  (false-if-exception
   (save-module-excursion
    (lambda ()
      (set-current-module (flow-module))
      (macroexpand form 'c '(compile load eval))))))

(define (taken tree)
  ;; The plain names that TREE takes from the top level.
  (lset-intersection
   eq? plain-names
   (tree-il-fold (lambda (node names)
                   (cond
                    ((toplevel-ref? node) (cons (toplevel-ref-name node) names))
                    ((toplevel-set? node) (cons (toplevel-set-name node) names))
                    (else names)))
                 (lambda (node names) names)
                 '() tree)))

(define (symbols-in datum)
  (cond
   ((pair? datum) (append (symbols-in (car datum)) (symbols-in (cdr datum))))
   ((symbol? datum) (list datum))
   (else '())))

(define forms (filter expansion (map-in-order (lambda (i) (form)) (iota 4000))))

(define (missed form)
  (filter (lambda (name) (not (hashq-ref (free-symbols (list form)) name)))
          (taken (expansion form))))

(define (left-out form)
  ;; Plain names in FORM that are said not to be taken.
  (filter (lambda (name) (not (hashq-ref (free-symbols (list form)) name)))
          (lset-intersection eq? plain-names (symbols-in form))))

(test-begin "scope")

(test-assert "enough programs are valid"
  (> (length forms) 500))
(test-equal "what a form takes from the top level is never left out"
  '()
  (filter-map (lambda (form) (and (pair? (missed form)) form)) forms))
(test-assert "what it binds itself is left out, often enough"
  (> (count (lambda (form) (pair? (left-out form))) forms)
     (quotient (length forms) 10)))

(test-end "scope")
