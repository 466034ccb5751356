;;; The annotations of a step or of a (defaults ...) form.

(define-module (flowmake annotation)
  #:use-module (flowmake draft)
  #:use-module (flowmake interpolate)
  #:use-module (flowmake wire)
  #:export (annotation-clauses
            defaults?
            make-annotations))

(define annotation-keywords
  ;; The keywords of each clause that takes them.
  '((resources "cpu" "memory" "gpu")
    (batch "cpu" "memory" "gpu" "queue" "image")
    (timeout "days" "hours" "minutes" "seconds")
    (retry "times" "days" "hours" "minutes" "seconds")))

(define annotation-clauses
  '(resources batch timeout retry local catch environment secret))

(define sees
  '(from join foreach pattern input output inputs outputs))

;; Whether the annotations are those of a (defaults ...) form.  It has no names
;; of its own but the attempt's number, and those of a step are other ones in
;; each.
(define defaults?
  (make-parameter #f))

(define (expression draft stx kinds clause)
  (if (defaults?)
      (make-expression draft stx (if (memq 'attempt kinds) '(attempt) '())
                       "defaults")
      (make-expression draft stx kinds clause)))

(define (entry clause key expr place)
  (list clause key expr (line-of place) (column-of place)))

(define (keyword-entries draft clause args)
  (define known (assq-ref annotation-keywords clause))
  (define name (symbol->string clause))
  (let loop ((args args) (seen '()) (entries '()))
    (if (null? args)
        (reverse entries)
        (let* ((datum (syntax->datum (car args)))
               (place (place-of (car args) draft))
               (key (and (keyword? datum)
                         (symbol->string (keyword->symbol datum)))))
          (cond
           ((not key)
            (draft-error draft place "~a takes keywords, as in (~a #:~a ...)"
                         name name (car known)))
           ((not (member key known))
            (draft-error draft place "unknown annotation #:~a~a" key
                         (suggestion key known "#:")))
           ((member key seen)
            (draft-error draft place "#:~a is given twice" key))
           ((or (null? (cdr args))
                (keyword? (syntax->datum (cadr args))))
            (draft-error draft place "#:~a without a value" key))
           (else
            (loop (cddr args) (cons key seen)
                  (cons (entry name key
                               (expression draft (cadr args)
                                          (cons 'attempt sees) name)
                               place)
                        entries))))))))

(define (variable-name draft stx)
  (let* ((datum (syntax->datum stx))
         (name (if (symbol? datum) (symbol->string datum) datum)))
    (unless (and (string? name)
                 (not (string-null? name))
                 (not (string-any (lambda (c) (memv c '(#\= #\nul))) name)))
      (draft-error draft (place-of stx draft)
                   "~s is no name of an environment variable" datum))
    name))

(define (environment-entry draft stx)
  (syntax-case stx ()
    ((name value)
     (entry "environment" (variable-name draft #'name)
            (expression draft #'value sees "environment")
            (place-of #'name draft)))
    (_
     (draft-error draft (place-of stx draft)
                  "environment is written (environment (NAME VALUE) ...)"))))

(define (default-retries)
  ;; The expression that (retry) stands for.
  (make-constant-expression 3))

(define (catch-entry draft args place)
  (unless (and (= (length args) 1) (identifier? (car args)))
    (draft-error draft place "catch is written (catch NAME)"))
  (list (entry "catch" (symbol->string (syntax->datum (car args)))
               null place)))

(define (make-annotations draft clause args place)
  "Return the annotations that the clause (CLAUSE . ARGS) at PLACE says, as
model/wire.h describes them."
  (case clause
    ((resources timeout)
     (when (null? args)
       (draft-error draft place "~a says nothing" clause))
     (keyword-entries draft clause args))
    ((retry)
     (if (null? args)
         (list (entry "retry" "times" (default-retries) place))
         (keyword-entries draft clause args)))
    ((batch)
     (if (null? args)
         (list (entry "batch" null null place))
         (keyword-entries draft clause args)))
    ((local)
     (unless (null? args)
       (draft-error draft place "local takes nothing"))
     (list (entry "local" null null place)))
    ((catch) (catch-entry draft args place))
    ((environment)
     (map (lambda (stx) (environment-entry draft stx)) args))
    ((secret)
     (map (lambda (stx)
            (entry "secret" (variable-name draft stx) null
                   (place-of stx draft)))
          args))))
