;;; Plays the engine: speaks the protocol of src/model/wire.h to an evaluator.

(define-module (driver)
  #:use-module (srfi srfi-9)
  #:use-module (flowmake primitives)
  #:export (in-directory
            write-file
            start-evaluator
            stop-evaluator
            evaluator-error
            evaluator-templates
            evaluator-steps
            evaluator-loaded
            evaluator-control
            load-error
            step-named
            template-named
            ref
            open-child
            ask
            run-recipe
            next-exit))

(define-record-type <evaluator>
  (make-evaluator pid control error templates steps loaded)
  evaluator?
  (pid evaluator-pid)
  (control evaluator-control)
  (error evaluator-error)               ; a text, or #f
  (templates evaluator-templates)
  (steps evaluator-steps)
  (loaded evaluator-loaded))

(define null *unspecified*)

(define (write-file name text)
  "Make the file NAME, and its directory, hold TEXT."
  (false-if-exception (mkdir (dirname name)))
  (call-with-output-file name
    (lambda (port)
      (set-port-encoding! port "UTF-8")
      (display text port))))

(define (remove-tree name)
  (system* "rm" "-rf" name))

(define (in-directory thunk)
  "Call THUNK in a new directory, which is removed afterwards."
  (let ((old (getcwd))
        (new (mkdtemp (string-append (or (getenv "TMPDIR") "/tmp")
                                     "/flowmake-XXXXXX"))))
    (dynamic-wind
      (lambda () (chdir new))
      thunk
      (lambda ()
        (chdir old)
        (remove-tree new)))))

(define (exec-evaluator socket)
  (dup2 socket 3)
  (setenv "FLOWMAKE_SCM_PATH" (getenv "TEST_SCM_PATH"))
  (setenv "FLOWMAKE_GO_PATH" (getenv "TEST_GO_PATH"))
  (let ((program (string-append (getenv "builddir") "/flowmake-evaluator")))
    (execl program program)))

(define (receive-answers control)
  ;; error, templates, steps and loaded.
  (let loop ((templates '()) (steps '()))
    (let* ((message (or (%receive control)
                        (list 2 (alist->table '(("text" . "it ended"))))))
           (body (cadr message)))
      (case (car message)
        ((2) (values (ref body "text") '() '() #f))
        ((3) (loop (cons body templates) steps))
        ((4) (loop templates (append steps body)))
        ((5) (values #f (reverse templates) steps body))))))

(define (alist->table alist)
  (let ((table (make-hash-table)))
    (for-each (lambda (entry) (hash-set! table (car entry) (cdr entry)))
              alist)
    table))

(define* (start-evaluator #:key (file "Flowfile") (parameters '())
                          (cache null) (replay null) (debug #f))
  "Start an evaluator in the current directory and let it load FILE."
  (let* ((sockets (%socket-pair))
         (pid (%fork)))
    (when (zero? pid)
      (exec-evaluator (cdr sockets)))
    (%close (cdr sockets))
    (%send (car sockets) 1
           (vector "file" file "parameters" parameters "cache" cache
                   "replay" replay "debug" debug))
    (call-with-values (lambda () (receive-answers (car sockets)))
      (lambda (error templates steps loaded)
        (make-evaluator pid (car sockets) error templates steps loaded)))))

(define (stop-evaluator e)
  "Close the evaluator's socket; return its wait status."
  (%close (evaluator-control e))
  (%wait (evaluator-pid e)))

(define* (load-error text . options)
  "Return the error that loading a Flowfile of TEXT gives, or #f."
  (write-file "Flowfile" text)
  (let* ((e (apply start-evaluator options))
         (error (evaluator-error e)))
    (stop-evaluator e)
    error))

(define (ref table key)
  "Return what TABLE, a decoded map, holds under KEY."
  (hash-ref table key))

(define (step-named e name)
  "Return the number of the step NAME."
  (let loop ((steps (evaluator-steps e)) (n 0))
    (cond
     ((null? steps) (error "no such step" name))
     ((equal? (cadar steps) name) n)
     (else (loop (cdr steps) (1+ n))))))

(define (template-named e name)
  "Return the template of the step NAME."
  (let ((id (car (list-ref (evaluator-steps e) (step-named e name)))))
    (let loop ((templates (evaluator-templates e)))
      (if (= (ref (car templates) "id") id)
          (car templates)
          (loop (cdr templates))))))

(define last-id 0)

(define* (fork-child e recipe . fds)
  (set! last-id (1+ last-id))
  (let ((sockets (%socket-pair)))
    (%send (evaluator-control e) 6
           (vector "id" last-id "recipe" recipe)
           (cons (cdr sockets) fds))
    (%close (cdr sockets))
    (car sockets)))

(define (open-child e)
  "Return the data socket of a new child that evaluates expressions."
  (fork-child e null))

(define (encoded values)
  (map (lambda (value) (%encode value "an item")) values))

(define* (ask socket step #:key (foreach #f) (constants '()) (thunks '())
              (names '()) (items '(())))
  "Put a job and ITEMS to the child at SOCKET; return the list of constants and
rows, the rows as (ITEM ELEMENTS VALUES), or the text of an error."
  (%send socket 10
         (vector "step" step "foreach" foreach "constants" constants
                 "thunks" thunks "names" names))
  (let ((answer (receive-answer socket)))
    (if (eqv? (car answer) 12)
        (begin
          (%send socket 11 (map encoded items))
          (receive-rows socket (cadr answer) (length items)))
        (ref (cadr answer) "text"))))

(define (receive-answer socket)
  ;; What was looked at for an answer comes before it.
  (let ((message (%receive socket)))
    (if (and message (eqv? (car message) 15))
        (receive-answer socket)
        message)))

(define (receive-rows socket constants count)
  (let loop ((left count) (rows '()))
    (if (zero? left)
        (list constants (reverse rows))
        (let* ((answer (receive-answer socket))
               (body (cadr answer)))
          (if (eqv? (car answer) 2)
              (ref body "text")
              (loop (if (cadr body) (1- left) left)
                    (append (reverse (map (lambda (row)
                                            (cons (car body) row))
                                          (caddr body)))
                            rows)))))))

(define* (run-recipe e step #:key (names '()) (environment '()) (workers 2)
                     (output "stdout") (errors "stderr") (signal #f))
  "Run the recipe of STEP with NAMES, a list of (INDEX VALUE); return the results
or the text of an error.  What it prints goes to the files OUTPUT and ERRORS.
It is sent SIGNAL at once, if that is given."
  (let* ((out (%create output))
         (err (%create errors))
         (socket (fork-child
                  e (vector "step" step
                            "names" (map (lambda (entry)
                                           (list (car entry)
                                                 (%encode (cadr entry) "")))
                                         names)
                            "environment" environment
                            "results" (getcwd) "prefix" "result-"
                            "workers" workers)
                  out err)))
    (%close out)
    (%close err)
    (when signal
      (%send (evaluator-control e) 9 (list last-id signal)))
    (let ((answer (%receive socket)))
      (%close socket)
      (cond
       ((not answer) "the child ended")
       ((eqv? (car answer) 2) (ref (cadr answer) "text"))
       (else (cadr answer))))))

(define (next-exit e)
  "Return the wait status of the next child of E that ends."
  (let ((message (%receive (evaluator-control e))))
    (if (eqv? (car message) 8)
        (cadr (cadr message))
        (next-exit e))))
