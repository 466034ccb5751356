;;; Digests of source text, and the names that it mentions.

(define-module (flowmake source)
  #:use-module ((srfi srfi-1) #:select (append-map))
  #:use-module (flowmake primitives)
  #:use-module (flowmake project)
  #:export (definition-summary
            body-summary
            form-summary
            bindings-for
            mentioned
            mentioned-freely
            mentioned-in-form
            forms-digest
            count-definitions!
            mentioned-by-name
            top-level-form
            form-at-top-level?))

(define (source-digest datum)
  ;; The digest of DATUM as source text: comments and layout do not count.
  (let ((bytes (%encode-source datum)))
    (and bytes (%digest bytes))))

(define place-names
  ;; What tells code where it stands, and so what is before it.
  '(current-source-location current-filename syntax-source source-properties
    source-property))

(define (forms-digest data)
  "Return the digest of DATA, all forms of a file; #f if it has none, or if
comments and layout may count."
  (and (pair? data)
       (not (or-map (lambda (what) (memq what place-names)) (mentioned data)))
       (source-digest data)))

(define max-name-length
  ;; Of a file, as the engine takes it for one.
  1024)

(define (may-name-file? text)
  (and (not (string-null? text))
       (<= (string-length text) max-name-length)
       (not (string-index text #\newline))))

(define (module-of datum)
  ;; The name of the module that DATUM, (@ NAME SYMBOL) or the like, is about,
  ;; or #f.
  (and (memq (car datum) '(@ @@))
       (list? datum)
       (= (length datum) 3)
       (pair? (cadr datum))
       (list? (cadr datum))
       (and-map symbol? (cadr datum))
       (cadr datum)))

(define (mentioned-by-name datum)
  "Return the names of the modules of which DATUM mentions names by @ and @@, and
the strings in it that may name files."
  (filter (lambda (what) (not (symbol? what))) (mentioned datum)))

(define (mentioned datum)
  "Return the symbols in DATUM, each once, but for what is quoted; then the names
of modules, which are loaded so that they are known and compiled; then the
strings that may name files."
  (let ((symbols (make-hash-table)) (strings (make-hash-table))
        (modules (make-hash-table)))
    (let walk ((datum datum) (quoted? #f))
      (cond
       ((symbol? datum) (unless quoted? (hashq-set! symbols datum #t)))
       ((string? datum)
        (when (may-name-file? datum) (hash-set! strings datum #t)))
       ((pair? datum)
        (let ((quoted? (or quoted? (eq? (car datum) 'quote)))
              (module (and (not quoted?) (module-of datum))))
          (when (and module (project-module module))
            (hash-set! modules module #t))
          (let loop ((datum datum))
            (cond
             ((pair? datum) (walk (car datum) quoted?) (loop (cdr datum)))
             ((null? datum))
             (else (walk datum quoted?))))))
       ((vector? datum) (walk (vector->list datum) quoted?))))
    (append (sort (keys symbols)
                  (lambda (a b)
                    (string<? (symbol->string a) (symbol->string b))))
            (sort (keys modules)
                  (lambda (a b) (string<? (object->string a)
                                          (object->string b))))
            (sort (keys strings) string<?))))

(define (keys table)
  (hash-map->list (lambda (key _) key) table))

;;; A name that code binds itself, as (define (f n) ...) does, is not one of the
;;; Flowfile's.  Only some of Guile's own forms are looked into: what another
;;; macro makes of what it is given nobody can say.

(define binders
  '(lambda lambda* let let* letrec letrec* define define*))

(define plain-forms
  '(if begin set! when unless cond case and or))

(define (guile-means? name)
  ;; Whether NAME stands in the Flowfile for what it does in Guile.
  (let ((variable (module-variable (flow-module) name)))
    (and variable
         (eq? variable (module-variable the-scm-module name)))))

(define (closed? name)
  ;; Whether the macro NAME, if it is one, may make anything of its arguments.
  (let ((variable (module-variable (flow-module) name)))
    (and variable
         (variable-bound? variable)
         (macro? (variable-ref variable))
         (not (and (or (memq name binders) (memq name plain-forms))
                   (guile-means? name))))))

(define (names-in-formals formals)
  ;; Those that FORMALS, of lambda or lambda*, bind.
  (let loop ((formals formals) (names '()))
    (cond
     ((symbol? formals) (cons formals names))
     ((not (pair? formals)) names)
     ((symbol? (car formals)) (loop (cdr formals) (cons (car formals) names)))
     ((and (pair? (car formals)) (symbol? (caar formals)))
      (loop (cdr formals) (cons (caar formals) names)))
     (else (loop (cdr formals) names)))))

(define (defaults-in formals)
  ;; The expressions in FORMALS.
  (let loop ((formals formals) (found '()))
    (cond
     ((not (pair? formals)) found)
     ((pair? (car formals)) (loop (cdr formals) (append (cdar formals) found)))
     (else (loop (cdr formals) found)))))

(define (bindings? data)
  ;; Whether DATA are those of a let.
  (and (list? data)
       (and-map (lambda (binding)
                  (and (list? binding)
                       (= (length binding) 2)
                       (symbol? (car binding))))
                data)))

(define (defined-by form)
  ;; The names that FORM, in a body, defines for all of it.
  (if (and (pair? form)
           (memq (car form) '(define define*))
           (pair? (cdr form)))
      (let ((target (cadr form)))
        (filter symbol? (list (if (pair? target) (car target) target))))
      '()))

(define (free-symbols data)
  ;; A table of the symbols in DATA, the forms of a body, that are not bound
  ;; there, nor quoted.
  (define symbols (make-hash-table))
  (define (note! symbol bound)
    (unless (memq symbol bound)
      (hashq-set! symbols symbol #t)))
  (define (note-all! datum bound)
    ;; Nothing is known of what stands for what.
    (cond
     ((symbol? datum) (note! datum bound))
     ((vector? datum) (note-all! (vector->list datum) bound))
     ((and (pair? datum) (not (eq? (car datum) 'quote)))
      (let loop ((datum datum))
        (cond
         ((pair? datum) (note-all! (car datum) bound) (loop (cdr datum)))
         ((not (null? datum)) (note-all! datum bound)))))))
  (define (walk-each data bound)
    (for-each (lambda (datum) (walk datum bound)) data))
  (define (walk-body forms bound)
    (walk-each forms
               (if (and (guile-means? 'define) (not (memq 'define bound)))
                   (append (append-map defined-by forms) bound)
                   bound)))
  (define (walk-lambda formals body bound)
    (note-all! (defaults-in formals) bound)
    (walk-body body (append (names-in-formals formals) bound)))
  (define (walk-define target body bound)
    (cond
     ((pair? target)
      (note-all! (car target) bound)
      (walk-lambda (cdr target) body bound))
     (else
      (note-all! target bound)
      (walk-each body bound))))
  (define (walk-let head rest bound)
    ;; Whether REST, behind HEAD, is that of such a form.
    (let* ((named? (and (eq? head 'let) (pair? rest) (symbol? (car rest))))
           (parts (if named? (cdr rest) rest)))
      (and (pair? parts)
           (bindings? (car parts))
           (let* ((names (map car (car parts)))
                  (inside (append (if named? (list (car rest)) '())
                                  names
                                  bound)))
             (let loop ((bindings (car parts)) (before bound))
               (when (pair? bindings)
                 (walk (cadar bindings)
                       (case head
                         ((let) bound)
                         ((let*) before)
                         (else inside)))
                 (loop (cdr bindings) (cons (caar bindings) before))))
             (walk-body (cdr parts) inside)
             #t))))
  (define (walk-binder datum bound)
    ;; Whether DATUM is a form that binds names, and has been walked.
    (case (car datum)
      ((lambda lambda*)
       (and (pair? (cdr datum))
            (begin (walk-lambda (cadr datum) (cddr datum) bound) #t)))
      ((define define*)
       (and (pair? (cdr datum))
            (begin (walk-define (cadr datum) (cddr datum) bound) #t)))
      (else (walk-let (car datum) (cdr datum) bound))))
  (define (walk datum bound)
    (let ((head (and (list? datum)
                     (pair? datum)
                     (symbol? (car datum))
                     (not (memq (car datum) bound))
                     (car datum))))
      (cond
       ((not (pair? datum)) (note-all! datum bound))
       ((eq? (car datum) 'quote))
       ((and head (closed? head)) (note-all! datum '()))
       ((and head (memq head binders) (walk-binder datum bound)))
       ((list? datum) (walk-each datum bound))
       (else (note-all! datum '())))))
  (walk-body data '())
  symbols)

;;; A step inside another form, a loop or a let, may mention what is defined
;;; around it.  Data are seen as what its body closes over; procedures may
;;; have been put into the body by the compiler, so their source counts.

(define top-level-form
  ;; The datum of the top-level form that is expanded.
  (make-parameter #f))

(define (form-at-top-level?)
  "Return whether the step that is expanded is a top-level form itself."
  (let ((form (top-level-form)))
    (and (pair? form) (eq? (car form) 'step))))

;;; One walk finds the bindings for all steps in a form.

(define (names-bound-by datum)
  ;; The symbols of which DATUM, a pair, looks like a binding: (SYMBOL EXPR),
  ;; (define SYMBOL EXPR), (define (SYMBOL ...) ...), (let SYMBOL (...) ...).
  (let* ((head (car datum))
         (second (and (pair? (cdr datum)) (cadr datum)))
         (defined (and (memq head '(define define* let))
                       (if (pair? second) (car second) second))))
    (filter symbol?
            (list (and (pair? (cdr datum)) (null? (cddr datum)) head)
                  defined))))

(define (index-bindings form)
  ;; A table from symbols to the parts of FORM that bind them, those of steps
  ;; left out, and those in another binding of the same symbol.
  (define table (make-hash-table))
  (let walk ((datum form) (inside '()))
    (when (and (pair? datum) (not (memq (car datum) '(step quote))))
      (let ((names (filter (lambda (name) (not (memq name inside)))
                           (names-bound-by datum))))
        (for-each (lambda (name)
                    (hashq-set! table name
                                (cons datum (hashq-ref table name '()))))
                  names)
        (let ((inside (append names inside)))
          (let loop ((datum datum))
            (when (pair? datum)
              (walk (car datum) inside)
              (loop (cdr datum))))))))
  table)

(define indexed-form #f)                ; of the following
(define bindings (make-hash-table))

(define (bindings-around symbol)
  ;; The parts of the top-level form that bind SYMBOL.
  (unless (eq? (top-level-form) indexed-form)
    (set! indexed-form (top-level-form))
    (set! bindings (index-bindings indexed-form)))
  (hashq-ref bindings symbol '()))

(define (bindings-for datum)
  "Return what of the top-level form around DATUM binds names that are mentioned
in it or, transitively, in such bindings."
  (let loop ((queue (mentioned datum)) (seen '()) (parts '()))
    (cond
     ((null? queue) (reverse parts))
     ((or (not (symbol? (car queue))) (memq (car queue) seen))
      (loop (cdr queue) seen parts))
     (else
      (let ((found (bindings-around (car queue))))
        (loop (append (cdr queue) (mentioned found))
              (cons (car queue) seen)
              (append found parts)))))))

(define mentions-of-form '(#f))         ; (FORM MENTIONED ...)

(define (mentioned-in-form)
  "Return the symbols that the top-level form mentions, without the steps in it
and what it defines itself, and the names of modules."
  (define form (top-level-form))
  (unless (eq? form (car mentions-of-form))
    (let ((own (if (pair? form) (names-bound-by form) '())))
      (set! mentions-of-form
            (cons form
                  (filter (lambda (what)
                            (not (or (string? what) (memq what own))))
                          (mentioned (without-steps form)))))))
  (cdr mentions-of-form))

(define (without-steps datum)
  ;; DATUM, but the steps in it.
  (if (and (pair? datum) (not (eq? (car datum) 'quote)))
      (let loop ((datum datum) (result '()))
        (cond
         ((not (pair? datum)) (append (reverse result) datum))
         ((and (pair? (car datum)) (eq? (caar datum) 'step))
          (loop (cdr datum) result))
         (else
          (loop (cdr datum) (cons (without-steps (car datum)) result)))))
      datum))

(define (mentioned-freely data)
  ;; What the forms DATA mention, but for symbols that they bind themselves.
  (let ((free (free-symbols data)))
    (filter (lambda (what)
              (or (not (symbol? what)) (hashq-ref free what)))
            (mentioned data))))

(define (form-summary datum)
  "Return (DIGEST MENTIONED ...) of DATUM, a top-level form, without the steps
that it declares."
  (let ((rest (without-steps datum)))
    (cons (source-digest rest) (mentioned-freely (list rest)))))

;;; Macros are expanded as they are then, not as they are in the end: where one
;;; is defined several times, it counts how often it was before.

(define definition-counts (make-hash-table)) ; name -> number

(define (count-definitions! names)
  "Remember that a top-level form has defined NAMES."
  (for-each (lambda (name)
              (hashq-set! definition-counts name
                          (1+ (hashq-ref definition-counts name 0))))
            names))

(define (redefinitions-in mentioned)
  ;; ((NAME . COUNT) ...) of the names MENTIONED that were defined twice.
  (define (count what)
    (if (symbol? what) (hashq-ref definition-counts what 0) 0))
  (map (lambda (name) (cons name (count name)))
       (filter (lambda (what) (> (count what) 1)) mentioned)))

(define (summary datum mentioned)
  ;; DATUM mentions MENTIONED.
  (let ((redefined (redefinitions-in mentioned)))
    (cons (source-digest (if (null? redefined) datum (list datum redefined)))
          mentioned)))

(define (definition-summary datum)
  "Return (DIGEST MENTIONED ...) of DATUM, a top-level form: the symbols that it
mentions and does not bind itself, and the strings that may name files."
  (summary datum (mentioned-freely (list datum))))

(define (body-summary forms)
  "Return the same of FORMS, a body, with what is bound around them in the
top-level form."
  (let ((around (if (form-at-top-level?) '() (bindings-for forms))))
    (summary (if (null? around) forms (cons forms around))
             (append (mentioned-freely forms) (mentioned around)))))
