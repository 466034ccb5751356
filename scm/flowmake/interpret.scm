;;; Interpreting a Flowfile, in place of compiling it: what only declares steps
;;; is run once, and kept (flow/memo.h); to load the compiler takes longer.

(define-module (flowmake interpret)
  #:use-module (ice-9 match)
  #:use-module (language tree-il)
  #:use-module ((srfi srfi-1) #:select (any))
  #:use-module (flowmake compile)
  #:use-module (flowmake project)
  #:use-module (flowmake registry)
  #:export (pays-to-compile?
            interpreted-code))

(define max-compiled-forms
  ;; Above this it takes longer to compile than to interpret.
  3000)

(define (has-code? form)
  ;; Whether FORM may have procedures that are called often: all but what just
  ;; declares something, without a scheme recipe.
  (match (syntax->datum form)
    (('step _ clauses ...)
     (any (match-lambda (('scheme _ ...) #t) (_ #f)) clauses))
    (((or 'parameter 'flow 'defaults) _ ...) #f)
    (_ #t)))

(define (pays-to-compile? forms)
  "Return whether FORMS, of a Flowfile, should be compiled."
  (and (<= (length forms) max-compiled-forms)
       (any has-code? forms)))

;;; Guile's interpreter does not know which call it is at.  So each call is made
;;; to say that, when its arguments are there.

(define (noting-call node place)
  ;; NODE, a call at PLACE.
  (define args (call-args node))
  (define names (map (lambda (arg) (gensym "arg")) args))
  (define noting
    (make-seq #f
              (make-call #f
                         (make-module-ref #f '(flowmake registry) 'note-call!
                                          #t)
                         (list (make-const #f place)))
              (make-call (tree-il-src node) (call-proc node)
                         (map (lambda (name) (make-lexical-ref #f name name))
                              names))))
  (if (null? args)
      noting
      (make-let #f names names args noting)))

(define (note-calls tree)
  (post-order
   (lambda (node)
     (let* ((place (and (call? node) (place-of-node node)))
            (file (and place (assq-ref place 'filename))))
       (if (and file (project-file? file))
           (noting-call node place)
           node)))
   tree))

(define (interpreted-code forms)
  "Return a thunk that does what FORMS, a Flowfile, say."
  (compiled-flow? #f)
  (plain-names (make-hash-table))
  (let ((trees (map note-calls (expand-flow forms #f))))
    (lambda ()
      (for-each (lambda (tree place)
                  (form-place place)
                  (note-call! #f)
                  (primitive-eval tree))
                trees
                (append (map syntax-source forms) (list #f)))
      (note-call! #f))))
