;;; Interpreting a Flowfile, in place of compiling it: what only declares steps
;;; is run once, and kept (flow/memo.h); to load the compiler takes longer.

(define-module (flowmake interpret)
  #:use-module (ice-9 match)
  #:use-module (language tree-il)
  #:use-module ((srfi srfi-1) #:select (any))
  #:use-module (flowmake compile)
  #:use-module (flowmake project)
  #:use-module (flowmake registry)
  #:export (may-compile?
            must-compile?
            interpreted-code))

(define max-compiled-forms
  ;; Above this it takes longer to compile than to interpret.
  3000)

(define (has-code? form)
  ;; Whether FORM, a datum, may have procedures that are called often: all but
  ;; what just declares something, without a scheme recipe.
  (match form
    (('step _ clauses ...)
     (any (match-lambda (('scheme _ ...) #t) (_ #f)) clauses))
    (((or 'parameter 'flow 'defaults) _ ...) #f)
    (_ #t)))

(define (module-of-project? name)
  (and (list? name)
       (and-map symbol? name)
       (project-source (string-join (map symbol->string name) "/"))
       #t))

(define (names-mutator? text)
  ;; Whether there is a name like set-car! in TEXT, with more after it.
  (let loop ((at (string-index text #\!)))
    (and at
         (or (and (< 0 at (1- (string-length text)))
                  (char-alphabetic? (string-ref text (1- at)))
                  (char-whitespace? (string-ref text (1+ at))))
             (loop (string-index text #\! (1+ at)))))))

(define (hole-needs-compiler? text)
  ;; What needs-compiler? says, roughly, of the holes in TEXT.
  (and (string-contains text "#{")
       (or (string-contains text "(@") (names-mutator? text))
       #t))

(define (needs-compiler? datum)
  ;; Whether DATUM mentions a module of the project, which is kept compiled as
  ;; well, or a procedure that may change a constant: only compiled code has
  ;; constants that cannot be changed.
  (match datum
    ((? symbol?) (string-suffix? "!" (symbol->string datum)))
    ((? string?) (hole-needs-compiler? datum))
    (((or '@ '@@) name symbol)
     (or (module-of-project? name) (needs-compiler? symbol)))
    ((first . rest) (or (needs-compiler? first) (needs-compiler? rest)))
    ((? vector?) (needs-compiler? (vector->list datum)))
    (_ #f)))

(define (may-compile? forms)
  "Return whether FORMS, of a Flowfile, are few enough to be compiled."
  (<= (length forms) max-compiled-forms))

(define (must-compile? forms)
  "Return whether FORMS should be compiled even if they are run but once."
  (let ((data (map syntax->datum forms)))
    (or (any has-code? data)
        (any needs-compiler? data))))

;;; Guile's interpreter does not know which call it is at.  So each call is made
;;; to say that, when its arguments are there.

(define (simple? node)
  ;; Whether to evaluate NODE calls nothing.
  (or (lexical-ref? node) (toplevel-ref? node) (module-ref? node)
      (lambda? node)))

(define (note-of place)
  ;; Code that notes PLACE.
  (make-call #f
             (make-module-ref #f '(flowmake registry) 'note-call! #t)
             (list (make-const #f place))))

(define (noting-call node place)
  ;; NODE, a call at PLACE.
  (define procedure (call-proc node))
  (define parts
    (if (simple? procedure)
        (call-args node)
        (cons procedure (call-args node))))
  (define names (map (lambda (part) (gensym "part")) parts))
  (define refs (map (lambda (name) (make-lexical-ref #f name name)) names))
  (define call
    (if (simple? procedure)
        (make-call (tree-il-src node) procedure refs)
        (make-call (tree-il-src node) (car refs) (cdr refs))))
  (define noting
    (make-seq #f (note-of place) call))
  (if (null? parts)
      noting
      (make-let #f names names parts noting)))

(define (unset? node)
  ;; Whether NODE reads a variable that has no value yet, and may have none then.
  (and (toplevel-ref? node)
       (not (false-if-exception
             (variable-bound?
              (module-variable (flow-module) (toplevel-ref-name node)))))))

(define (note-calls tree)
  (post-order
   (lambda (node)
     (let* ((place (and (or (call? node) (unset? node)) (place-of-node node)))
            (file (and place (assq-ref place 'filename))))
       (cond
        ((not (and file (project-file? file))) node)
        ((call? node) (noting-call node place))
        (else (make-seq #f (note-of place) node)))))
   tree))

(define (interpreted-code trees forms)
  "Return a thunk that does what FORMS, a Flowfile, say, which were expanded to
TREES."
  (let ((trees (map note-calls trees)))
    (lambda ()
      (for-each (lambda (tree place)
                  (form-place place)
                  (note-call! #f)
                  (primitive-eval tree))
                trees
                (append (map syntax-source forms) (list #f)))
      (note-call! #f))))
