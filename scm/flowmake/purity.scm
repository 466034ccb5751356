;;; Whether what a Flowfile declares follows from its text, its parameters and
;;; what its helpers looked at, and from nothing else.  Then the engine may
;;; remember what was said, and need not ask again.
;;;
;;; A program is pure when all that runs while it is loaded, or while its
;;; expressions are evaluated, mentions only procedures of the list below,
;;; declarations, and definitions of the Flowfile of which the same holds; and
;;; assigns nothing.  Bodies of recipes may do as they like.  When in doubt it
;;; is not.

(define-module (flowmake purity)
  #:use-module (language tree-il)
  #:use-module (flowmake primitives)
  #:use-module (flowmake project)
  #:export (pure-program?))

(define pure-names
  ;; Of the Flowfile's own imports, if they are still what Guile or flowmake
  ;; means by them.
  '(;; flowmake
    wildcard patsubst notdir suffix strip-suffix addprefix addsuffix getenv
    tsv-rows csv-rows json-file list-file raw
    ;; numbers
    + - * / = < > <= >= 1+ 1- abs max min quotient remainder modulo gcd lcm
    expt exp log sqrt exact-integer-sqrt floor ceiling truncate round
    exact->inexact inexact->exact exact inexact zero? positive? negative? odd?
    even? number? integer? exact-integer? real? rational? exact? inexact?
    number->string string->number numerator denominator logand logior logxor
    ash
    ;; truth
    not eq? eqv? equal? boolean?
    ;; lists
    cons cons* list list? pair? null? car cdr caar cadr cdar cddr caddr cdddr
    cadddr length append reverse list-ref list-tail list-head list-copy
    last-pair memq memv member assq assv assoc assq-ref assv-ref assoc-ref
    map for-each map-in-order apply filter and-map or-map iota delete delq
    make-list sort stable-sort list-index
    first second third fourth fifth last take drop take-while drop-while
    partition fold fold-right reduce append-map filter-map find find-tail any
    every count delete-duplicates concatenate unfold zip span break remove
    append-reverse xcons list-tabulate
    ;; texts, characters, symbols
    string? string string-append string-length string-ref substring
    string-copy string-null? string=? string<? string>? string<=? string>=?
    string-ci=? string-prefix? string-suffix? string-index string-rindex
    string-contains string-join string-split string-trim string-trim-left
    string-trim-right string-trim-both string-pad string-pad-right
    string-upcase string-downcase string-reverse string-concatenate
    string-filter string-delete string-replace string-count string-take
    string-drop string-take-right string-drop-right string-any string-every
    string->list list->string string->symbol symbol->string symbol-append
    symbol? keyword? char? char=? char<? char-upcase char-downcase
    char-alphabetic? char-numeric? char-whitespace? char->integer
    integer->char make-string
    ;; vectors
    vector vector? vector-ref vector-length vector->list list->vector
    make-vector
    ;; the rest
    values call-with-values procedure? identity const compose error throw
    dynamic-wind
    ;; what forms expand to
    process-use-modules))

(define silent-modules
  ;; Those whose private names the forms of a Flowfile expand to: declaring.
  '((flowmake registry) (flowmake step) (flowmake forms) (flowmake template)
    (flowmake recipe) (flowmake interpolate) (flowmake annotation)
    (flowmake values)))

(define (value-of module name)
  ;; What NAME is bound to, or #f.
  (let ((variable (and module (module-variable module name))))
    (and variable (variable-bound? variable) (variable-ref variable))))

(define (make-pure-values)
  ;; A table of the procedures that are meant.
  (let ((table (make-hash-table)))
    (for-each
     (lambda (name)
       (for-each
        (lambda (module)
          (let ((value (value-of module name)))
            (when value
              (hashq-set! table value #t))))
        (list (resolve-interface '(flowmake)) (resolve-interface '(guile))
              (resolve-interface '(srfi srfi-1)))))
     pure-names)
    ;; Guile's own is another than flowmake's, which is recorded.
    (hashq-remove! table (value-of (resolve-interface '(guile)) 'getenv))
    table))

(define (named-module name)
  (resolve-module name #f #:ensure #f))

;;; Trees as lists, as unparse-tree-il writes them.

(define (each-part proc tree)
  ;; Call PROC with each expression inside of TREE, whose bindings are not
  ;; taken for expressions.
  (case (car tree)
    ((let letrec letrec* fix)
     (for-each proc (list-ref tree 3))
     (proc (list-ref tree 4)))
    ((lambda) (for-each proc (cddr tree)))
    ((lambda-case)                      ; a clause, and what stands for others
     (let ((clause (cadr tree)))
       (for-each proc (list-ref (car clause) 4))
       (for-each proc (cdr clause))
       (for-each proc (cddr tree))))
    ((call if seq begin let-values) (for-each proc (cdr tree)))
    ((primcall) (for-each proc (cddr tree)))
    (else (proc #f))))

(define (recipe-body? tree)
  ;; Whether TREE is marked as the body of a recipe.
  (and (memq (car tree) '(seq begin))
       (equal? (cadr tree) '(const flowmake-recipe-body))))

(define (macro-definition? tree)
  ;; A macro has done its work when its uses were expanded.
  (and (eq? (car tree) 'define)
       (let ((value (caddr tree)))
         (and (memq (car value) '(call primcall))
              (let ((procedure (cadr value)))
                (memq 'make-syntax-transformer
                      (if (pair? procedure)
                          procedure
                          (list procedure))))))))

(define (formats-text? tree)
  ;; (format #f ...)
  (and (eq? (car tree) 'call)
       (equal? (cadr tree) '(toplevel format))
       (pair? (cddr tree))
       (equal? (caddr tree) '(const #f))))

(define (flatten forms)
  ;; FORMS, with what stands in sequences among them one by one.
  (let loop ((queue forms) (result '()))
    (cond
     ((null? queue) (reverse result))
     ((and (memq (caar queue) '(seq begin)) (not (recipe-body? (car queue))))
      (loop (append (cdar queue) (cdr queue)) result))
     (else (loop (cdr queue) (cons (car queue) result))))))

(define (pure-program? trees)
  "Return whether the expanded forms TREES of a Flowfile are pure.  What is
defined more than once is not."
  (define pure-values (make-pure-values))
  (define definitions (make-hash-table)) ; name -> tree, or #t when looked at
  (define pure? #t)
  (define queue '())

  (define (fail!)
    (set! pure? #f))

  (define (check-value value)
    (unless (hashq-ref pure-values value)
      (fail!)))

  (define (check-name name)
    (let ((definition (hashq-ref definitions name)))
      (cond
       ((eq? definition #t))
       (definition
        (hashq-set! definitions name #t)
        (set! queue (cons definition queue)))
       (else (check-value (value-of (flow-module) name))))))

  (define (check tree)
    (cond
     ((not pure?))
     ((not (pair? tree)) (fail!))
     ((recipe-body? tree))
     ((and (formats-text? tree) (not (hashq-ref definitions 'format)))
      (for-each check (cddr tree)))
     (else
      (case (car tree)
        ((const void lexical) #t)
        ((toplevel) (check-name (cadr tree)))
        ((@ @@)
         (unless (member (cadr tree) silent-modules)
           (check-value (value-of (named-module (cadr tree))
                                  (caddr tree)))))
        ((primcall)
         (check-value (value-of (resolve-interface '(guile)) (cadr tree)))
         (each-part check tree))
        (else (each-part check tree))))))

  (define (define! name tree)
    (if (hashq-ref definitions name)
        (fail!)
        (hashq-set! definitions name tree)))

  (define (check-form tree)
    ;; A definition of a procedure counts when it is mentioned.
    (cond
     ((macro-definition? tree))
     ((eq? (car tree) 'define)
      (unless (eq? (car (caddr tree)) 'lambda)
        (check (caddr tree))))
     (else (check tree))))

  (let ((forms (flatten (map unparse-tree-il trees))))
    (for-each (lambda (form)
                (when (eq? (car form) 'define)
                  (define! (cadr form) (caddr form))))
              forms)
    (for-each check-form forms)
    (let loop ()
      (when (and pure? (pair? queue))
        (let ((next (car queue)))
          (set! queue (cdr queue))
          (check next)
          (loop))))
    pure?))
