;;; What a Flowfile from the cache does not need, nor a module of the project:
;;; reading, expanding, compiling and interpreting.  Each is loaded when it is
;;; first called.

(define-module (flowmake compiler)
  #:export (lazy
            read-flow
            install-here-strings!
            expand-flow
            expand-module
            compile-expanded
            compile-module
            may-compile?
            must-compile?
            mentioned-by-name
            interpreted-code))

(define (lazy module name)
  "Return a procedure that calls that of NAME in MODULE, which it loads then."
  (lambda args
    (apply (module-ref (resolve-interface module) name) args)))

;; Their docstrings are in these modules.
(define mentioned-by-name (lazy '(flowmake source) 'mentioned-by-name))
(define read-flow (lazy '(flowmake reader) 'read-flow))
(define install-here-strings!
  (lazy '(flowmake reader) 'install-here-strings!))
(define expand-flow (lazy '(flowmake compile) 'expand-flow))
(define expand-module (lazy '(flowmake compile) 'expand-module))
(define compile-expanded (lazy '(flowmake compile) 'compile-expanded))
(define compile-module (lazy '(flowmake compile) 'compile-module))
(define may-compile? (lazy '(flowmake interpret) 'may-compile?))
(define must-compile? (lazy '(flowmake interpret) 'must-compile?))
(define interpreted-code
  (lazy '(flowmake interpret) 'interpreted-code))
