;;; Errors: a user's mistake is a flowmake-error, whose text begins with its
;;; place where one is known; any other exception becomes such a text here.

(define-module (flowmake errors)
  #:use-module (ice-9 match)
  #:use-module ((system vm vm) #:select (call-with-stack-overflow-handler))
  #:export (nameless?
            flow-error
            call-with-errors))

(define (place->string place)
  ;; "FILE:LINE:COLUMN" of PLACE, an alist as syntax-source gives it.
  (format #f "~a:~a:~a"
          (or (assq-ref place 'filename) "Flowfile")
          (1+ (or (assq-ref place 'line) 0))
          (1+ (or (assq-ref place 'column) 0))))

(define (flow-error place message . args)
  "Raise a flowmake-error with MESSAGE, a format string for ARGS.  PLACE, an
alist as syntax-source gives it, or #f, says where the mistake is."
  (let ((text (apply format #f message args)))
    (throw 'flowmake-error
           (if place
               (string-append (place->string place) ": " text)
               text)
           (and place #t))))

(define (format-message message args)
  ;; MESSAGE of a scm-error with its ARGS; it need not be well-formed, and what
  ;; simple-format then raises could not be caught in a handler.
  (let loop ((chars (string->list message))
             (args (if (list? args) args '()))
             (done '()))
    (define (go chars args text)
      (loop chars args (cons text done)))
    (cond
     ((null? chars) (string-concatenate-reverse done))
     ((or (null? (cdr chars)) (not (char=? (car chars) #\~)))
      (go (cdr chars) args (string (car chars))))
     ((and (memv (cadr chars) '(#\a #\A #\s #\S)) (pair? args))
      (go (cddr chars) (cdr args)
          (cond
           ((nameless? (car args)) "#<procedure>")
           ((memv (cadr chars) '(#\a #\A)) (format #f "~a" (car args)))
           (else (format #f "~s" (car args))))))
     ((char=? (cadr chars) #\~) (go (cddr chars) args "~"))
     ((char=? (cadr chars) #\%) (go (cddr chars) args "\n"))
     (else (go (cdr chars) args "~")))))

(define (nameless? object)
  "Return whether OBJECT is a procedure without a name: Guile writes its
address, which differs each time."
  (and (procedure? object) (not (procedure-name object))))

(define (compound->text exception)
  ;; An exception made with (ice-9 exceptions) or by an R6RS program.
  (let* ((module (resolve-interface '(ice-9 exceptions)))
         (ref (lambda (name) (module-ref module name)))
         (has-message? (ref 'exception-with-message?))
         (has-irritants? (ref 'exception-with-irritants?)))
    (string-append
     (if (has-message? exception)
         (format #f "~a" ((ref 'exception-message) exception))
         (format #f "an exception was raised: ~s" exception))
     (if (and (has-irritants? exception)
              (pair? ((ref 'exception-irritants) exception)))
         (string-append ": " (join-written
                               ((ref 'exception-irritants) exception)))
         ""))))

(define (join-written objects)
  (string-join (map (lambda (object) (format #f "~s" object)) objects) " "))

(define (syntax-error->text args)
  ;; (who what where form subform)
  (let ((what (if (pair? (cdr args)) (cadr args) "bad syntax"))
        (form (and (> (length args) 3) (list-ref args 3))))
    (cond
     ((and (symbol? form)
           (equal? what "reference to identifier outside its scope"))
      (format #f "'~a' is bound by a macro, whose names do not reach into a \
text; bind it with let" form))
     (form
      (format #f "~a in ~a" what (shorten (format #f "~s" form))))
     (else
      (format #f "~a" what)))))

(define (shorten text)
  (if (> (string-length text) 70)
      (string-append (substring text 0 67) "...")
      text))

(define (key->text key args)
  (case key
    ((flowmake-error) (car args))
    ((quit)
     (format #f "(exit~a) was called"
             (if (pair? args) (format #f " ~a" (car args)) "")))
    ((unbound-variable)
     (format #f "unbound variable '~a'"
             (let ((names (and (> (length args) 2) (list-ref args 2))))
               (if (pair? names) (car names) "?"))))
    ((syntax-error) (syntax-error->text args))
    ((stack-overflow) "the recursion is too deep")
    ((out-of-memory) "there is no memory left")
    ((wrong-type-arg)
     (if (and (pair? args) (null? (cdr args))) ; iota's
         (format #f "Wrong type: ~s" (car args))
         (thrown->text key args)))
    ((%exception)
     (if (and (pair? args) (exception? (car args)))
         (compound->text (car args))
         (format #f "an exception was raised: ~a" (join-written args))))
    (else (thrown->text key args))))

(define (thrown->text key args)
  (cond
   ((unset-variable? args) "a variable is used before it has a value")
   ((and (>= (length args) 3) (string? (cadr args)))
    (scm-error->text (car args) (cadr args) (caddr args)))
   (else
    (format #f "'~a was thrown~a" key
            (if (null? args)
                ""
                (string-append " with " (join-written args)))))))

(define (unset-variable? args)
  ;; Whether ARGS say that an interpreted variable is unbound, which Guile shows
  ;; by its address.
  (match args
    (("variable-ref" _ ((? variable?)) . _) #t)
    (_ #f)))

(define (scm-error->text who message args)
  (let ((text (format-message message args)))
    (if (and who (not (equal? who "eval"))) ; which interprets
        (format #f "~a: ~a" who text)
        text)))

(define (exception->text exception)
  ;; The text of EXCEPTION, whatever was raised, without a place unless it is a
  ;; flowmake-error, and whether it begins with one.
  (if (exception? exception)
      (let ((key (exception-kind exception))
            (args (exception-args exception)))
        (values (key->text key args)
                (and (eq? key 'flowmake-error)
                     (pair? (cdr args))
                     (cadr args))))
      (values (format #f "~s was raised" exception) #f)))

(define (exception-place exception)
  ;; The place that Guile's own syntax errors carry.
  (and (exception? exception)
       (eq? (exception-kind exception) 'syntax-error)
       (let ((args (exception-args exception)))
         (and (> (length args) 2)
              (pair? (caddr args))
              (assq-ref (caddr args) 'line)
              (caddr args)))))

(define (frame-place frame ours?)
  ;; The place of FRAME if it is in a file for which OURS? is true.
  (let* ((module (resolve-module '(system vm frame)))
         (source ((module-ref module 'frame-source) frame)))
    (and source
         (let* ((program (resolve-module '(system vm program)))
                (ref (lambda (name) ((module-ref program name) source)))
                (file (ref 'source:file)))
           (and (string? file)
                (ours? file)
                `((filename . ,file)
                  (line . ,(ref 'source:line))
                  (column . ,(ref 'source:column))))))))

(define max-frames
  ;; To look at: a recursion that is too deep has millions, and those of what is
  ;; interpreted tell no place.
  1000)

(define (innermost-place stack ours?)
  ;; The place of the innermost frame of STACK that is in a file for which OURS?
  ;; is true, or #f.
  (define previous
    (module-ref (resolve-module '(system vm frame)) 'frame-previous))
  (let loop ((frame (and stack (stack-ref stack 0))) (i 0))
    (and frame
         (< i max-frames)
         (or (false-if-exception (frame-place frame ours?))
             (loop (previous frame) (1+ i))))))

(define (stack->text stack)
  ;; One line for each frame, innermost first.  Guile's display-backtrace
  ;; would look at the terminal.
  (let ((count (min (stack-length stack) 200)))
    (string-concatenate
     (map (lambda (i)
            (let* ((frame (stack-ref stack i))
                   (place (false-if-exception (frame-place frame string?)))
                   (name (false-if-exception (frame-procedure-name frame))))
              (format #f "~a: ~a\n"
                      (if place (place->string place) "?")
                      (or name "?"))))
          (iota count)))))

(define* (call-with-errors thunk handler #:key (debug? #f)
                           (ours? (const #f)) (label (const ""))
                           (fallback (const #f)))
  "Call THUNK and return what it returns.  If it raises anything, call HANDLER
with the complete text, whether that begins with a place, and a backtrace if
DEBUG? or else #f.  The place is the exception's own, or that of the innermost
frame in a file for which OURS? is true, or what (FALLBACK) returns.  What
(LABEL) returns stands before a text that has no place of its own."
  (let ((escape (make-prompt-tag "errors")))
    (define (on-exception exception)
      (let ((stack (make-stack #t)))
        (call-with-values (lambda () (exception->text exception))
          (lambda (text placed?)
            (let ((place (and (not placed?)
                              (or (exception-place exception)
                                  (innermost-place stack ours?)
                                  (fallback)))))
              (abort-to-prompt
               escape
               (if place
                   (string-append (place->string place) ": " (label) text)
                   (if placed? text (string-append (label) text)))
               (or placed? (and place #t))
               (and debug? stack (stack->text stack))))))))
    (call-with-prompt escape
      (lambda ()
        (with-exception-handler on-exception
          (lambda ()
            (call-with-stack-overflow-handler stack-limit thunk
              (lambda () (throw 'stack-overflow))))))
      (lambda (k text placed? backtrace)
        (handler text placed? backtrace)))))

(define stack-limit
  ;; In words: 256 MB, far above what a recursion over data needs.
  (* 32 1024 1024))
