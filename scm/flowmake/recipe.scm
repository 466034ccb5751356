;;; The recipe of a step, as model/wire.h describes it.

(define-module (flowmake recipe)
  #:use-module (flowmake draft)
  #:use-module (flowmake interpolate)
  #:use-module (flowmake mention)
  #:use-module (flowmake primitives)
  #:use-module (flowmake source)
  #:use-module (flowmake wire)
  #:export (recipe-clauses
            make-recipe))

(define recipe-clauses '(shell exec script scheme))

(define seen-by-recipes
  '(from join foreach pattern input output inputs outputs))

(define seen-by-texts
  (append seen-by-recipes '(result)))

(define (expression draft stx where)
  (make-expression draft stx seen-by-texts where))

;;; shell

(define (shell-literal draft stx)
  (unless (literal-string stx)
    (draft-error draft (place-of stx draft)
                 "the text of shell must be a string; write computed text as \
#{(raw EXPR)} in one"))
  (when (string-index (literal-string stx) #\nul)
    (draft-error draft (place-of stx draft)
                 "the text of shell holds a NUL character"))
  (literal-pieces stx))

(define (join-lines literals)
  ;; The pieces of several literals as those of one text of several lines.
  (if (null? (cdr literals))
      (car literals)
      (let* ((rest (join-lines (cdr literals)))
             (reversed (reverse (car literals))))
        (append (reverse (cdr reversed))
                (cons (string-append (car reversed) "\n" (car rest))
                      (cdr rest))))))

(define (hole-contexts draft pieces)
  ;; The quote contexts of the holes in PIECES; raw ones count as no holes.
  (define (scan-texts pieces)
    ;; The texts between the holes that are quoted.
    (let loop ((pieces (cdr pieces)) (text (car pieces)) (texts '()))
      (cond
       ((null? pieces) (reverse (cons text texts)))
       ((strip-hole (cdar pieces))
        (loop (cddr pieces) (string-append text (cadr pieces)) texts))
       (else
        (loop (cddr pieces) (cadr pieces) (cons text texts))))))
  (let ((contexts (%shell-scan (scan-texts pieces)))
        (holes (filter (lambda (piece)
                         (and (pair? piece) (not (strip-hole (cdr piece)))))
                       pieces)))
    (when (and (pair? contexts) (string? (cdr contexts)))
      (draft-error draft (car (list-ref holes (car contexts)))
                   "#{~a} stands ~a, where it cannot be quoted"
                   (hole-text (cdr (list-ref holes (car contexts))))
                   (cdr contexts)))
    contexts))

(define (hole-text stx)
  (format #f "~s" (syntax->datum stx)))

(define (shell-pieces draft pieces)
  (let loop ((pieces pieces)
             (contexts (hole-contexts draft pieces))
             (result '()))
    (cond
     ((null? pieces) (reverse result))
     ((string? (car pieces))
      (loop (cdr pieces) contexts
            (if (string-null? (car pieces))
                result
                (cons (car pieces) result))))
     ((strip-hole (cdar pieces))
      => (lambda (stx)
           (loop (cdr pieces) contexts
                 (cons (list quote-raw (expression draft stx "shell"))
                       result))))
     (else
      (loop (cdr pieces) (cdr contexts)
            (cons (list (car contexts)
                        (expression draft (cdar pieces) "shell"))
                  result))))))

(define (shell-recipe draft program texts place)
  (when (null? texts)
    (draft-error draft place "shell without a text"))
  (list "shell"
        (if program
            (map (lambda (stx)
                   (make-expression draft stx seen-by-recipes
                                    "shell-program"))
                 program)
            null)
        (shell-pieces draft
                      (join-lines (map (lambda (stx)
                                         (shell-literal draft stx))
                                       texts)))))

;;; exec

(define (exec-recipe draft args place)
  (let loop ((args args) (words '()) (in null) (out null))
    (if (null? args)
        (begin
          (when (null? words)
            (draft-error draft place "exec without a program"))
          (list "exec" (reverse words) in out))
        (let ((datum (syntax->datum (car args))))
          (cond
           ((not (keyword? datum))
            (loop (cdr args)
                  (cons (expression draft (car args) "exec") words)
                  in out))
           ((not (memq datum '(#:stdin #:stdout)))
            (draft-error draft (place-of (car args) draft)
                         "unknown keyword ~s of exec~a" datum
                         (suggestion (symbol->string
                                      (keyword->symbol datum))
                                     '("stdin" "stdout") "#:")))
           ((null? (cdr args))
            (draft-error draft (place-of (car args) draft)
                         "~s without a file" datum))
           (else
            (unless (eq? null (if (eq? datum #:stdin) in out))
              (draft-error draft (place-of (car args) draft)
                           "~s is given twice" datum))
            (let ((file (expression draft (cadr args) "exec")))
              (if (eq? datum #:stdin)
                  (loop (cddr args) words file out)
                  (loop (cddr args) words in file)))))))))

;;; script

(define (script-recipe draft args place)
  (when (or (null? args) (null? (cdr args)))
    (draft-error draft place "script is written (script PROGRAM [ARG ...] TEXT)"))
  (let* ((reversed (reverse args))
         (text (literal-string (car reversed))))
    (unless text
      (draft-error draft (place-of (car reversed) draft)
                   "the text of script must be a string"))
    (list "script"
          (map (lambda (stx) (expression draft stx "script"))
               (reverse (cdr reversed)))
          text)))

;;; scheme

(define (scheme-recipe draft body place)
  (when (null? body)
    (draft-error draft place "scheme without a body"))
  (let ((stx (datum->syntax #f body #:source place)))
    (call-with-values
        (lambda ()
          (make-thunk draft stx
                      (datum->syntax #f (list #'begin
                                              (list #'quote
                                                    'flowmake-recipe-body)
                                              (cons* #'let '() body))
                                     #:source place)
                      seen-by-recipes "scheme"))
      (lambda (number needs)
        ;; CODE is put in place of the #f once all definitions are known.
        (values (list "scheme" (line-of place) (column-of place) #f needs)
                (append (list number (form-at-top-level?))
                        (clause-summary stx place)
                        (modules-of stx)))))))

(define (make-recipe draft kind args program place)
  "Return the RECIPE of the clause (KIND . ARGS) at PLACE, with PROGRAM the
arguments of shell-program or #f, and for scheme also (thunk number
top-level? digest mentioned ...), else #f."
  (when (and program (not (eq? kind 'shell)))
    (draft-error draft place "shell-program is for shell, not for ~a" kind))
  (case kind
    ((shell) (values (shell-recipe draft program args place) #f))
    ((exec) (values (exec-recipe draft args place) #f))
    ((script) (values (script-recipe draft args place) #f))
    ((scheme) (scheme-recipe draft args place))))
