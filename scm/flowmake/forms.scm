;;; The forms of a Flowfile.  What expands steps is loaded at the first one
;;; that must be expanded: a Flowfile from the cache needs none of it.

(define-module (flowmake forms)
  #:use-module (flowmake errors)
  #:use-module (flowmake registry)
  #:export (flow parameter defaults step raw))

(define (expander name)
  (module-ref (resolve-interface '(flowmake step)) name))

(define-syntax step
  (lambda (stx)
    "(step NAME [DOC] CLAUSE ...): declare a step rule."
    ((expander 'expand-step) stx)))

(define-syntax defaults
  (lambda (stx)
    "(defaults CLAUSE ...): annotations under every step's own."
    ((expander 'expand-defaults) stx)))

(define-syntax raw
  (lambda (stx)
    "#{(raw EXPR)} in a shell text: EXPR's text as it is, not quoted."
    (flow-error (syntax-source stx)
                "raw is for a whole hole of a shell text, as in #{(raw ~a)}"
                (syntax-case stx ()
                  ((_ expr) (syntax->datum #'expr))
                  (_ "EXPR")))))

(define-syntax flow
  (lambda (stx)
    "(flow NAME [DOC] [#:max-num-splits N] [#:max-workers N]): name the flow."
    (define place (syntax-source stx))
    (define (fail stx message . args)
      (apply flow-error (or (syntax-source stx) place)
             (string-append "flow: " message) args))
    (define (parse rest doc limits)
      (syntax-case rest ()
        (() (values doc limits))
        ((text . rest)
         (string? (syntax->datum #'text))
         (if doc
             (fail #'text "a second description; a flow has one")
             (parse #'rest (syntax->datum #'text) limits)))
        ((key . rest)
         (memq (syntax->datum #'key) '(#:max-num-splits #:max-workers))
         (parse-limit #'key #'rest doc limits))
        ((part . _)
         (fail #'part "unknown part ~s; #:max-num-splits and #:max-workers \
are known" (syntax->datum #'part)))))
    (define (literal datum)
      (datum->syntax #'here datum))
    (define (limit key value)
      #`(flow-limit '#,(literal (or (syntax-source value) place))
                    '#,key #,value))
    (define (parse-limit key rest doc limits)
      (syntax-case rest ()
        ((value . rest)
         (not (keyword? (syntax->datum #'value)))
         (if (assq (syntax->datum key) limits)
             (fail key "~s is given twice" (syntax->datum key))
             (parse #'rest doc
                    (acons (syntax->datum key) (limit key #'value)
                           limits))))
        (_ (fail key "~s without a value" (syntax->datum key)))))
    (syntax-case stx ()
      ((_ name . rest)
       (let ((datum (syntax->datum #'name)))
         (unless (or (symbol? datum) (string? datum))
           (fail #'name "the name must be a symbol or a string"))
         (call-with-values (lambda () (parse #'rest #f '()))
           (lambda (doc limits)
             #`(declare-flow! '#,(literal place)
                              #,(if (symbol? datum)
                                    (symbol->string datum)
                                    datum)
                              #,doc
                              #,(or (assq-ref limits #:max-num-splits) #f)
                              #,(or (assq-ref limits #:max-workers) #f))))))
      (_ (fail stx "it is written (flow NAME [DOC] ...)")))))

(define (provided? symbol)
  ;; Whether Guile or flowmake binds SYMBOL.
  (or (module-variable (resolve-interface '(flowmake)) symbol)
      (module-variable the-scm-module symbol)))

(define-syntax parameter
  (lambda (stx)
    "(parameter NAME DEFAULT [DOC]): bind NAME, which NAME=VALUE on the command
line overrides."
    (define (place-of part)
      (or (syntax-source part) (syntax-source stx)))
    (define (fail part message . args)
      (apply flow-error (place-of part) message args))
    (define usage
      "parameter '~a' is written (parameter NAME DEFAULT [DOC]), or with \
#:required for the default")
    (define (literal datum)
      (datum->syntax #'here datum))
    (define (expand name default doc)
      (let ((symbol (syntax->datum name)))
        (when (memq symbol implicit-names)
          (fail name "parameter '~a': the name '~a' cannot be given; every \
step has it" symbol symbol))
        (when (provided? symbol)
          (fail name "parameter '~a': ~a is a name that ~a gives already; \
choose another" symbol symbol
                (if (module-variable (resolve-interface '(flowmake)) symbol)
                    "flowmake"
                    "Guile")))
        #`(define #,name
            (declare-parameter! '#,(literal (syntax-source stx)) '#,name
                                '#,(literal (place-of default)) #,default
                                #,doc))))
    (syntax-case stx ()
      ((_ name default)
       (identifier? #'name)
       (expand #'name #'default #f))
      ((_ name default doc)
       (and (identifier? #'name) (string? (syntax->datum #'doc)))
       (expand #'name #'default #'doc))
      ((_ name default doc more . _)
       (identifier? #'name)
       (fail #'more usage (syntax->datum #'name)))
      ((_ name default doc)
       (identifier? #'name)
       (fail #'doc usage (syntax->datum #'name)))
      ((_ name . _)
       (identifier? #'name)
       (fail stx usage (syntax->datum #'name)))
      ((_ name . _)
       (fail #'name "~s is no name of a parameter" (syntax->datum #'name)))
      (_
       (fail stx "a parameter is written (parameter NAME DEFAULT [DOC])")))))
