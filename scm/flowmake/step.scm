;;; The expansion of (step ...) and (defaults ...).
;;;
;;; A form expands to a call of declare-step! with a literal (flowmake
;;; template), the same object however often the form is evaluated, and a
;;; procedure that gives the thunks.  So a loop that declares many steps pays
;;; for a closure each.  All that can be said about a form alone is checked here.

(define-module (flowmake step)
  #:use-module (ice-9 match)
  #:use-module ((srfi srfi-1) #:select (append-map))
  #:use-module (srfi srfi-9)
  #:use-module (flowmake annotation)
  #:use-module (flowmake draft)
  #:use-module (flowmake interpolate)
  #:use-module (flowmake mention)
  #:use-module (flowmake recipe)
  #:use-module (flowmake registry)
  #:use-module (flowmake template)
  #:use-module (flowmake wire)
  #:export (expand-step
            expand-defaults
            step-clauses))

(define-record-type <clause>
  (make-clause head place args)
  clause?
  (head clause-head)                    ; a symbol
  (place clause-place)
  (args clause-args))                   ; list of syntax

(define once-clauses
  '(when pattern timeout retry batch resources local catch shell-program))

(define step-clauses
  ;; The heads of all clauses.
  (append '(foreach from join after when input inputs output outputs pattern
            produces shell-program)
          recipe-clauses annotation-clauses))

(define (list-of-syntax stx)
  ;; The elements of STX, or #f if it is no list.
  (let loop ((stx stx) (result '()))
    (syntax-case stx ()
      (() (reverse result))
      ((head . rest) (loop #'rest (cons #'head result)))
      (_ #f))))

(define (parse-clause draft stx known)
  (syntax-case stx ()
    ((head . rest)
     (identifier? #'head)
     (let ((name (syntax->datum #'head))
           (args (list-of-syntax #'rest))
           (place (or (syntax-source stx) (place-of #'head draft))))
       (unless (memq name known)
         (draft-error draft (place-of #'head draft) "unknown clause '~a'~a" name
                      (suggestion (symbol->string name)
                                  (map symbol->string known) "")))
       (unless args
         (draft-error draft place "the clause ~a is no list" name))
       (make-clause name place args)))
    (_
     (draft-error draft (place-of stx draft) "~s is no clause"
                  (syntax->datum stx)))))

(define (contrary head)
  ;; The clause that says the opposite, or #f.
  (case head
    ((local) 'batch)
    ((batch) 'local)
    (else #f)))

(define (parse-clauses draft stx known)
  (let ((clauses (map (lambda (stx) (parse-clause draft stx known)) stx)))
    (let loop ((clauses clauses) (seen '()))
      (unless (null? clauses)
        (let ((head (clause-head (car clauses))))
          (when (and (memq head once-clauses) (memq head seen))
            (draft-error draft (clause-place (car clauses))
                         "~a is given twice" head))
          (when (memq (contrary head) seen)
            (draft-error draft (clause-place (car clauses))
                         "~a contradicts ~a" head (contrary head)))
          (loop (cdr clauses) (cons head seen)))))
    clauses))

(define (select clauses . heads)
  (filter (lambda (clause) (memq (clause-head clause) heads)) clauses))

(define (malformed draft clause pattern)
  (draft-error draft (clause-place clause) "~a is written ~a"
               (clause-head clause) pattern))

(define (keyword-check draft clause)
  ;; Most clauses take no keywords.
  (for-each (lambda (stx)
              (when (keyword? (syntax->datum stx))
                (draft-error draft (place-of stx draft)
                             "~a takes no keyword ~s" (clause-head clause)
                             (syntax->datum stx))))
            (clause-args clause)))

;;; from, join, after

(define (item draft stx kind)
  (let ((place (place-of stx draft)))
    (define (make mine theirs)
      (list (line-of place) (column-of place) (add-name! draft mine kind)
            (symbol->string (syntax->datum theirs))))
    (syntax-case stx ()
      (name (identifier? #'name) (make #'name #'name))
      ((mine theirs)
       (and (identifier? #'mine) (identifier? #'theirs))
       (make #'mine #'theirs))
      (_
       (draft-error draft place
                    "~s is no name; write NAME or (MINE THEIRS)"
                    (syntax->datum stx))))))

(define (references draft stx alternatives?)
  ;; The STEPREFs of a from or join.
  (syntax-case stx ()
    ((head . _)
     (and alternatives? (not (eq? (syntax->datum #'head) 'unquote)))
     (map (lambda (stx) (step-reference draft stx))
          (or (list-of-syntax stx) (list stx))))
    (_ (list (step-reference draft stx)))))

(define (import draft clause)
  (let ((args (clause-args clause))
        (kind (clause-head clause)))
    (keyword-check draft clause)
    (when (null? args)
      (malformed draft clause
                 (if (eq? kind 'from)
                     "(from STEP NAME ...)"
                     "(join STEP NAME ...)")))
    (list (references draft (car args) (eq? kind 'from))
          (map (lambda (stx) (item draft stx kind)) (cdr args)))))

;;; foreach, input, output: names first, expressions later

(define-record-type <binder>
  (make-binder index stx place)
  binder?
  (index binder-index)                  ; of the name, or null
  (stx binder-stx)
  (place binder-place))                 ; of the clause

(define (named-binder draft clause pattern)
  (keyword-check draft clause)
  (let ((args (clause-args clause)))
    (unless (and (= (length args) 2) (identifier? (car args)))
      (malformed draft clause pattern))
    (make-binder (add-name! draft (car args) (clause-head clause))
                 (cadr args)
                 (clause-place clause))))

(define (file-binders draft clause pattern)
  ;; Of input, inputs, output or outputs.
  (keyword-check draft clause)
  (if (memq (clause-head clause) '(input output))
      (list (named-binder draft clause pattern))
      (map (lambda (stx) (make-binder null stx (place-of stx draft)))
           (clause-args clause))))

(define (bind draft binders kinds where)
  ;; The expressions of BINDERS, each of which sees those before it.
  (let loop ((binders binders) (result '()))
    (if (null? binders)
        (reverse result)
        (let ((binder (car binders)))
          (loop (cdr binders)
                (cons (list (binder-index binder)
                            (parameterize ((hidden-names
                                            (map binder-index binders)))
                              (make-expression draft (binder-stx binder)
                                               kinds where))
                            (line-of (binder-place binder))
                            (column-of (binder-place binder)))
                      result))))))

;;; produces

(define (product draft stx)
  (let ((place (place-of stx draft)))
    (define (make name format path)
      (list (add-name! draft name 'result) format path))
    (syntax-case stx ()
      (name (identifier? #'name) (make #'name "value" null))
      ((name path)
       (and (identifier? #'name) (literal-string #'path))
       (make #'name "file" (check-file-name draft #'path)))
      ((name format)
       (and (identifier? #'name) (identifier? #'format))
       (let ((text (symbol->string (syntax->datum #'format))))
         (unless (member text '("text" "lines" "json"))
           (draft-error draft (place-of #'format draft)
                        "unknown format '~a'~a; there are text, lines and \
json" text (suggestion text '("text" "lines" "json") "")))
         (make #'name text null)))
      (_
       (draft-error draft place "~s is no result; write NAME, \
(NAME text|lines|json) or (NAME \"FILE\")" (syntax->datum stx))))))

(define (check-file-name draft stx)
  (let ((name (literal-string stx)))
    (when (or (string-index name #\/) (member name '("" "." ".."))
              (has-holes? name))
      (draft-error draft (place-of stx draft)
                   "the name of a result's file must be plain, not '~a'"
                   name))
    name))

;;; The whole

(define (check-pattern draft clauses)
  (for-each
   (lambda (clause)
     (draft-error draft (clause-place clause)
                  "a step with a pattern cannot have ~a"
                  (clause-head clause)))
   (select clauses 'foreach 'join 'produces 'catch)))

(define (single-name draft clause pattern)
  (let ((args (clause-args clause)))
    (unless (and (= (length args) 1) (identifier? (car args)))
      (malformed draft clause pattern))
    (add-name! draft (car args) (clause-head clause))))

(define (recipe-of draft clauses)
  (let ((recipes (apply select clauses recipe-clauses))
        (program (select clauses 'shell-program)))
    (when (and (pair? recipes) (pair? (cdr recipes)))
      (draft-error draft (clause-place (cadr recipes))
                   "a second recipe, ~a; a step has one"
                   (clause-head (cadr recipes))))
    (when (and (pair? program) (null? (clause-args (car program))))
      (malformed draft (car program) "(shell-program PROGRAM ARG ...)"))
    (when (and (pair? program) (null? recipes))
      (draft-error draft (clause-place (car program))
                   "shell-program without a shell recipe"))
    (if (null? recipes)
        (values null #f)
        (make-recipe draft (clause-head (car recipes))
                     (clause-args (car recipes))
                     (and (pair? program) (clause-args (car program)))
                     (clause-place (car recipes))))))

(define (first-or-null list)
  (if (null? list) null (car list)))

(define (annotations-of draft clauses)
  (let ((all (append-map (lambda (clause)
                           (make-annotations draft (clause-head clause)
                                             (clause-args clause)
                                             (clause-place clause)))
                         (apply select clauses annotation-clauses))))
    (check-variables draft all)
    all))

(define (check-variables draft annotations)
  ;; No variable of the environment is given twice.
  (define (place annotation)
    `((filename . ,(assq-ref (draft-place draft) 'filename))
      (line . ,(1- (list-ref annotation 3)))
      (column . ,(1- (list-ref annotation 4)))))
  (let loop ((annotations annotations) (seen '()))
    (unless (null? annotations)
      (let ((variable (and (member (caar annotations)
                                   '("environment" "secret"))
                           (cadar annotations))))
        (when (and variable (member variable seen))
          (draft-error draft (place (car annotations))
                       "the variable '~a' is given twice" variable))
        (loop (cdr annotations)
              (if variable (cons variable seen) seen))))))

(define (when-of draft clauses)
  (let ((clause (select clauses 'when)))
    (cond
     ((null? clause) null)
     ((not (= (length (clause-args (car clause))) 1))
      (malformed draft (car clause) "(when EXPR)"))
     (else
      (make-expression draft (car (clause-args (car clause)))
                       '(from join foreach) "when")))))

(define (build-template draft doc clauses)
  ;; The fields of the template, and what it says of a scheme body.
  (let* ((imported (map (lambda (clause)
                          (cons (clause-head clause) (import draft clause)))
                        (select clauses 'from 'join)))
         (foreachs (map (lambda (clause)
                          (named-binder draft clause "(foreach VAR LIST)"))
                        (select clauses 'foreach)))
         (pattern (map (lambda (clause)
                         (single-name draft clause "(pattern STEM)"))
                       (select clauses 'pattern)))
         (inputs (append-map (lambda (clause)
                               (file-binders draft clause
                                             "(input NAME FILE)"))
                             (select clauses 'input 'inputs)))
         (outputs (append-map (lambda (clause)
                                (file-binders draft clause
                                              "(output NAME FILE)"))
                              (select clauses 'output 'outputs)))
         (produces (append-map (lambda (clause)
                                 (keyword-check draft clause)
                                 (map (lambda (stx) (product draft stx))
                                      (clause-args clause)))
                               (select clauses 'produces))))
    (for-each (lambda (clause)
                (single-name draft clause "(catch NAME)"))
              (select clauses 'catch))
    (add-implicit-names! draft)
    (let* ((after (append-map (lambda (clause)
                                (map (lambda (stx)
                                       (step-reference draft stx))
                                     (clause-args clause)))
                              (select clauses 'after)))
           (foreachs (bind draft foreachs '(from join foreach) "foreach"))
           (condition (when-of draft clauses))
           (inputs (bind draft inputs '(from join foreach pattern input)
                         "input"))
           (outputs (bind draft outputs
                          '(from join foreach pattern input output)
                          "output"))
           (annotations (annotations-of draft clauses)))
      (call-with-values (lambda () (recipe-of draft clauses))
        (lambda (recipe body)
          (define (imports kind)
            (map cdr (filter (lambda (entry) (eq? (car entry) kind))
                             imported)))
          (values
           (list
            (cons "file" (assq-ref (draft-place draft) 'filename))
            (cons "line" (line-of (draft-place draft)))
            (cons "column" (column-of (draft-place draft)))
            (cons "doc" doc)
            (cons "names" (draft-names draft))
            (cons "foreach" foreachs)
            (cons "from" (imports 'from))
            (cons "join" (map (lambda (entry)
                                (cons (caar entry) (cdr entry)))
                              (imports 'join)))
            (cons "after" after)
            (cons "when" condition)
            (cons "inputs" inputs)
            (cons "outputs" outputs)
            (cons "pattern" (first-or-null pattern))
            (cons "produces" produces)
            (cons "recipe" recipe)
            (cons "annotations" annotations))
           body))))))

(define (build-labelled draft doc clauses)
  ;; The same; holes in strings are read in it.
  (parameterize ((hole-label (string-append (draft-label draft) ": ")))
    (build-template draft doc clauses)))

(define (dispatcher draft)
  ;; A lambda from a thunk's number to the thunk, or #f.
  (let ((thunks (draft-thunks draft)))
    (if (null? thunks)
        #f
        #`(lambda (n)
            #,(let loop ((thunks thunks) (n 0))
                (if (null? (cdr thunks))
                    (car thunks)
                    #`(if (eq? n #,n)
                          #,(car thunks)
                          #,(loop (cdr thunks) (1+ n)))))))))

(define (declaration draft name fields body)
  ;; NAME is a string, syntax, or #f.  A name that this module only imports
  ;; would make a compiled Flowfile load it.
  #`((@ (flowmake registry) declare-step!)
     #,(pack-template fields (draft-place draft) (draft-thunk-needs draft)
                      (draft-thunk-places draft) body
                      (expressions-summary draft body))
     #,name
     #,(if (null? (draft-computed draft))
           #''()
           #`(list #,@(draft-computed draft)))
     #,(dispatcher draft)))

(define (form-place stx)
  (or (syntax-source stx)
      '((filename . "Flowfile") (line . 0) (column . 0))))

(define (label-of name)
  ;; Of a name that is computed the text says which step is meant.
  (define max-shown 40)
  (match (syntax->datum name)
    ((or (? symbol? datum) (? string? datum))
     (format #f "step '~a'" datum))
    (('unquote expr)
     (let ((text (format #f "~s" expr)))
       (format #f "step ,~a"
               (if (> (string-length text) max-shown)
                   (string-append (substring text 0 max-shown) "...")
                   text))))
    (_ "step")))

(define (name-expression draft stx)
  ;; The name of the step: a string or an expression.  A computed name must
  ;; not take a place among the names that references compute.
  (let* ((probe (make-draft (label-of stx) (draft-place draft)))
         (reference (list-ref (step-reference probe stx) 2)))
    (if (string? reference)
        reference
        (car (draft-computed probe)))))

(define (split-doc stx)
  ;; The doc string of the clauses STX or null, and the rest.
  (if (and (pair? stx) (literal-string (car stx)))
      (values (literal-string (car stx)) (cdr stx))
      (values null stx)))

(define (list-of-form draft stx)
  ;; The elements of STX, the rest of DRAFT's form.
  (or (list-of-syntax stx)
      (draft-error draft #f "the form is no list")))

(define (expand-step stx)
  "Return the expansion of the form (step NAME [DOC] CLAUSE ...)."
  (syntax-case stx ()
    ((_ name . rest)
     (let* ((draft (make-draft (label-of #'name) (form-place stx)))
            (name (name-expression draft #'name))
            (clauses (list-of-form draft #'rest)))
       (call-with-values (lambda () (split-doc clauses))
         (lambda (doc clauses)
           (let ((clauses (parse-clauses draft clauses step-clauses)))
             (when (pair? (select clauses 'pattern))
               (check-pattern draft clauses))
             (call-with-values
                 (lambda () (build-labelled draft doc clauses))
               (lambda (fields body)
                 (declaration draft name fields body))))))))
    (_
     (draft-error (make-draft "step" (form-place stx)) #f
                  "a step is written (step NAME CLAUSE ...)"))))

(define (expand-defaults stx)
  "Return the expansion of the form (defaults CLAUSE ...)."
  (syntax-case stx ()
    ((_ . rest)
     (let* ((draft (make-draft "defaults" (form-place stx)))
            (known (delq 'catch (list-copy annotation-clauses)))
            (clauses (parse-clauses draft (list-of-form draft #'rest)
                                    known)))
       (call-with-values
           (lambda ()
             (parameterize ((defaults? #t))
               (build-labelled draft null clauses)))
         (lambda (fields body)
           (declaration draft #f fields body)))))))
