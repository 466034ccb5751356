;;; Loading a Flowfile and telling the engine what it declares.

(define-module (flowmake load)
  #:use-module (ice-9 match)
  #:use-module ((srfi srfi-1) #:select (append-map))
  #:use-module (system vm loader)
  #:use-module (flowmake cache)
  #:use-module (flowmake code)
  #:use-module (flowmake compiler)
  #:use-module (flowmake errors)
  #:use-module ((flowmake helpers) #:select (look-again))
  #:use-module (flowmake manifest)
  #:use-module (flowmake modules)
  #:use-module (flowmake primitives)
  #:use-module (flowmake project)
  #:use-module (flowmake registry)
  #:use-module (flowmake template)
  #:use-module (flowmake values)
  #:use-module (flowmake wire)
  #:export (load-flow))

(define (project-files)
  ;; The files besides the Flowfile that it consists of.
  (append (included-files)
          (append-map module-files (map car (project-modules)))))

(define (project-observations)
  ;; What was looked at while it was expanded.
  (append (expanded-observations)
          (loaded-observations)
          (append-map module-observations (map car (project-modules)))))

(define look-again-at
  (match-lambda
    ((kind query answer) (look-again kind query))))

;;; Compiling, in a child, so that the compiler never enters our heap.

(define compiler-heap
  ;; What most Flowfiles need: a collection on the way costs a fifth more.
  (ash 16 20))

(define (compile-in-child fd path expand debug?)
  (%expand-heap compiler-heap)
  (call-with-errors
   (lambda ()
     (compiling? #t)
     (let ((bytecode (compile-expanded (expand))))
       (if (save-code! path bytecode (project-files)
                       (project-observations))
           (%send fd wire-loaded null)
           (let ((file (%memory-file)))
             (%write-bytes file bytecode)
             (%send fd wire-loaded null (list file))))))
   (error-sender fd)
   #:debug? debug? #:ours? project-file? #:fallback form-place))

(define (start-compiler path expand debug?)
  ;; Return the socket on which the compiling child answers, and its pid.
  (let* ((sockets (%socket-pair))
         (pid (%fork)))
    (when (zero? pid)
      (compile-in-child (cdr sockets) path expand debug?)
      (force-output (current-error-port))
      (%exit 0))
    (%close (cdr sockets))
    (values (car sockets) pid)))

(define (compiled-code path expand debug?)
  ;; Compile what (EXPAND) gives, in the child, and keep that at PATH.
  (call-with-values (lambda () (start-compiler path expand debug?))
    (lambda (socket pid)
      (let ((answer (%receive socket)))
        (%wait pid)
        (%close socket)
        (cond
         ((not answer)
          (flow-error #f "the Flowfile's compiler ended unexpectedly"))
         ((eqv? (car answer) wire-error)
          (let ((fields (cadr answer)))
            (throw 'flowmake-error (hash-ref fields "text")
                   (hash-ref fields "place") (hash-ref fields "backtrace"))))
         ((list-ref answer 2)
          => (lambda (fd)
               (let ((thunk (load-thunk-from-file
                             (format #f "/proc/self/fd/~a" fd))))
                 (%close fd)
                 thunk)))
         (else (code-at path)))))))

(define (plain-code path forms debug?)
  ;; Of what need not be compiled.  But what is not pure is run again each time.
  (define may? (may-compile? forms))
  (unless may?
    (compiled-flow? #f)
    (plain-names (make-hash-table)))
  (call-with-values (lambda () (expand-flow forms #f))
    (lambda (trees pure?)
      (if (and path may? (not pure?))
          (compiled-code path (const trees) debug?)
          (interpreted-code trees forms)))))

(define (flow-code file text directory debug?)
  ;; A thunk that does what the Flowfile says.
  (let ((path (cache-path directory file text)))
    (or (and path (cached-code path))
        (begin
          (install-here-strings!)
          (let ((forms (read-flow file text)))
            (if (and (may-compile? forms)
                     (or debug?         ; for its backtrace
                         (must-compile? forms)))
                (compiled-code path (lambda () (expand-flow forms #t)) debug?)
                (plain-code path forms debug?)))))))

;;; Telling the engine.

(define (encoded value name)
  (%encode value (format #f "the value of '~a'" name)))

(define (bytes-or-null digest)
  (if digest (%encode digest "") null))

(define (preload! mentioned)
  ;; Load here, once, what a body will load at its first call.
  (when (memq 'format mentioned)
    (resolve-interface '(ice-9 format))))

(define code-part-message
  (match-lambda
    ((name digest)
     (list name (bytes-or-null digest) null))
    ((name digest value)
     (list name (bytes-or-null digest) (option value)))))

(define (code-of step template)
  ;; The CODE of STEP's scheme recipe, as a message, the strings in there, and
  ;; those in large values.
  ;; At top level there is nothing to close over.
  (let* ((body (template-body template))
         (closure (or (cadr body)
                      (closure-summary (step-thunk step (car body))))))
    (preload! (cdddr body))
    (call-with-values (lambda () (code-parts (cddr body) closure))
      (lambda (parts strings crowds)
        (list (map code-part-message parts) strings crowds)))))

(define sent-crowds (make-hash-table))  ; -> its number

(define (crowd-message crowd)
  ;; CROWD, or its number if it was sent: many steps use the same data.
  (or (hashq-ref sent-crowds crowd)
      (begin
        (hashq-set! sent-crowds crowd (hash-count (const #t) sent-crowds))
        (vector->list crowd))))

(define sent-sources (make-hash-table))

(define source-added
  ;; A part of CODE, a message, with the text that its digest is of, unless
  ;; this was sent.
  (match-lambda
    ((name digest value)
     (let ((source (and (eq? value null)
                        (not (eq? digest null))
                        (not (hash-ref sent-sources digest))
                        (source-of (%decode digest)))))
       (list name digest
             (cond
              (source
               (hash-set! sent-sources digest #t)
               (%encode-message (cons null source)))
              (else value)))))))

(define (mentions-of template)
  ;; What the expressions of TEMPLATE mention, as CODE.
  (let ((summary (template-mentions template)))
    (if summary
        (map (lambda (part) (source-added (code-part-message part)))
             (mentioned-parts summary))
        '())))

(define (template-message id template code)
  ;; A scheme recipe gets its CODE, the last of its parts.
  (let loop ((fields (template-fields template))
             (result (list (mentions-of template) "mentions" id "id")))
    (if (null? fields)
        (list->vector (reverse result))
        (let ((key (caar fields)))
          (loop (cdr fields)
                (cons* (if (and code (string=? key "recipe"))
                           (let ((recipe (template-field template key)))
                             (append (list-head recipe 3)
                                     (list (map source-added (car code))
                                           (cadr code)
                                           (map-in-order crowd-message
                                                         (caddr code)))
                                     (list-tail recipe 4)))
                           (cdar fields))
                       key result))))))

(define (make-template-sender fd)
  ;; A procedure from a step to the id of its template, which it sends first
  ;; if need be.  A scheme recipe that closes over other values than the last
  ;; one of the same form did has other code, so it gets a template of its
  ;; own.
  (define ids (make-hash-table))        ; template -> ((code . id) ...)
  (define next 0)
  (lambda (step)
    (let* ((template (step-template step))
           (code (and (template-body template) (code-of step template)))
           (known (hashq-ref ids template '())))
      (or (assoc-ref known code)
          (let ((id next))
            (set! next (1+ next))
            (hashq-set! ids template (acons code id known))
            (%queue fd wire-template (template-message id template code))
            id)))))

(define (send-steps fd)
  (define template-id (make-template-sender fd))
  (define total (step-count))
  (define (instance step)
    (list (template-id step) (option (step-name step)) (step-computed step)))
  (let loop ((step 0))
    (when (< step total)
      (let* ((end (min total (+ step wire-chunk)))
             (chunk (map-in-order instance (iota (- end step) step))))
        (%queue fd wire-steps chunk)
        (loop end)))))

(define (loaded-message)
  (let ((declaration (or (flow-declaration) '(#f #f #f #f))))
    (vector "flow" (option (and (car declaration)
                                (value->text (car declaration))))
            "doc" (option (list-ref declaration 1))
            "max-num-splits" (option (list-ref declaration 2))
            "max-workers" (option (list-ref declaration 3))
            "parameters" (map (lambda (entry)
                                (list (car entry)
                                      (encoded (cadr entry) (car entry))
                                      (option (caddr entry))
                                      (cadddr entry)))
                              (declared-parameters))
            "manifest" (end-recording!)
            "pure" (and (pure-flow?) (null? (project-modules)))
            "threads" (> (%thread-count) 1))))

(define (send-flow fd)
  (send-steps fd)
  (%queue fd wire-loaded (loaded-message))
  (%flush fd))

;;; The whole

(define (prepare-ports!)
  ;; Texts are UTF-8 everywhere, whatever the locale is.
  (fluid-set! %default-port-encoding "UTF-8")
  (for-each (lambda (port)
              (set-port-encoding! port "UTF-8")
              (set-port-conversion-strategy! port 'substitute)
              (setvbuf port 'line))
            (list (current-output-port) (current-error-port))))

(define (record-modules!)
  (for-each (lambda (file)
              (record-module! file (%file-digest file)))
            (project-files)))

(define (load-file file request)
  (flow-file file)
  (prepare-ports!)
  (make-flow-module!)
  (set! %load-path (append %load-path '(".")))
  (install-module-loader! (field request "cache"))
  (set-given-parameters! (hash-ref request "parameters")
                         (hash-ref request "inherited" '()))
  (begin-recording! (field request "replay"))
  (let ((code (flow-code file (or (field request "text") (%read-file file))
                         (field request "cache")
                         (field request "debug"))))
    (save-module-excursion
     (lambda ()
       (set-current-module (flow-module))
       (code))))
  (for-each look-again-at (expanded-observations)) ; for the manifest
  (form-place #f)
  (check-given-parameters)
  (record-modules!)
  (force-output (current-output-port))
  (force-output (current-error-port)))

(define (load-flow fd bytes)
  "Load the Flowfile that the WIRE_LOAD in BYTES names and send what it declares
to FD, or an error.  Return whether it could be loaded."
  (let ((request (%decode bytes)))
    (call-with-errors
     (lambda ()
       (load-file (hash-ref request "file") request)
       (send-flow fd)
       #t)
     (error-sender fd)
     #:debug? (field request "debug") #:ours? project-file?
     #:fallback (lambda () (or (call-place) (form-place))))))
