;;; What the zygote's children do: evaluate expressions for the engine, and
;;; run the bodies of scheme recipes.

(define-module (flowmake serve)
  #:use-module (ice-9 match)
  #:use-module (rnrs bytevectors)
  #:use-module ((srfi srfi-1) #:select (find))
  #:use-module (flowmake errors)
  #:use-module (flowmake manifest)
  #:use-module (flowmake parallel)
  #:use-module (flowmake primitives)
  #:use-module (flowmake project)
  #:use-module (flowmake registry)
  #:use-module (flowmake template)
  #:use-module (flowmake values)
  #:use-module (flowmake wire)
  #:export (serve-expansion
            serve-recipe
            rehearse-recipe))

(define (enter-child!)
  ;; No thread runs finalizers, so we do it ourselves after a collection.
  (add-hook! after-gc-hook %run-finalizers))

;;; A step's scope while something of it is evaluated.

(define unset (make-symbol "unset"))

(define (make-scope step)
  (make-vector (length (template-field (step-template step) "names")) unset))

(define current-place
  ;; Of what is being evaluated, if no better one is known.
  (make-parameter #f))

(define (go-to-place! place)
  (note-call! #f)
  (current-place place))

(define (innermost-place)
  (or (call-place) (current-place)))

(define (binder-for template key index)
  ;; The EXPR of the input or output whose name has INDEX, or #f.
  (let loop ((binders (template-field template key)))
    (cond
     ((null? binders) #f)
     ((eqv? (caar binders) index) (cadar binders))
     (else (loop (cdr binders))))))

(define (name-text template index)
  (car (list-ref (template-field template "names") index)))

(define (file-names value)
  ;; What a recipe gets for the files that VALUE names: a name or a list.
  (if (list? value)
      (map %file-name (value->words value))
      (%file-name (value->text value))))

(define (compute-name step scope index)
  ;; A name that the engine did not bind: an input or output follows from
  ;; what it did bind.
  (let* ((template (step-template step))
         (name (list-ref (template-field template "names") index))
         (kind (cadr name)))
    (define (binder key)
      (file-names (evaluate step scope (binder-for template key index))))
    (cond
     ((eqv? kind (name-kind-number 'input)) (binder "inputs"))
     ((eqv? kind (name-kind-number 'output)) (binder "outputs"))
     (else
      (flow-error (template-place template)
                  "step '~a': '~a' has no value here"
                  (step-name step) (car name))))))

(define (lookup step scope index)
  (let* ((bound (vector-ref scope index))
         (value (if (eq? bound unset)
                    (compute-name step scope index)
                    (force-value bound))))
    (vector-set! scope index value)
    value))

(define (call-thunk step scope n)
  (let* ((template (step-template step))
         (needs (map (lambda (index) (lookup step scope index))
                     (template-thunk-needs template n)))
         (place (template-thunk-place template n)))
    (go-to-place! place)
    (call-with-values (lambda () (apply (step-thunk step n) needs))
      (lambda results
        (note-call! #f)
        (apply values results)))))

(define (evaluate step scope expr)
  ;; The value of EXPR, [line, column, kind, payload, needs].
  (let ((kind (list-ref expr 2))
        (payload (list-ref expr 3)))
    (go-to-place!
     `((filename . ,(assq-ref (template-place (step-template step))
                              'filename))
       (line . ,(1- (car expr)))
       (column . ,(1- (cadr expr)))))
    (cond
     ((eqv? kind expr-const) payload)
     ((eqv? kind expr-name) (lookup step scope payload))
     ((eqv? kind expr-thunk) (call-thunk step scope payload))
     (else
      (apply join-texts
             (map (lambda (piece)
                    (if (string? piece)
                        piece
                        (evaluate step scope piece)))
                  payload))))))

;;; Jobs

(define (job-label step)
  (if (step-name step)
      (format #f "step '~a': " (step-name step))
      "defaults: "))

(define (foreach-list value)
  (cond
   ((list? value) value)
   ((vector? value) (vector->list value))
   (else
    (flow-error #f "foreach needs a list, not ~a" (show-value value)))))

(define (thunk-label step n)
  ;; What messages call the value of the thunk N.
  (define template (step-template step))
  (define (gives? expr)
    (and (list? expr)
         (eqv? (list-ref expr 2) expr-thunk)
         (eqv? (list-ref expr 3) n)))
  (define (file key)
    (and=> (find (lambda (binder) (gives? (cadr binder)))
                 (template-field template key))
           (lambda (binder)
             (and (exact-integer? (car binder))
                  (name-text template (car binder))))))
  (define (variable)
    (and=> (find (lambda (annotation)
                   (and (equal? (car annotation) "environment")
                        (gives? (list-ref annotation 2))))
                 (template-field template "annotations"))
           cadr))
  (let ((name (or (file "inputs") (file "outputs") (variable))))
    (if name
        (format #f "the value of '~a'" name)
        "the value")))

(define (labelled step thunks)
  ;; THUNKS as thunk-values takes them.
  (map (lambda (n) (cons n (thunk-label step n))) thunks))

(define (thunk-values step scope thunks)
  ;; The encoded values of THUNKS, a list of (NUMBER . LABEL).
  (map-in-order (match-lambda
                  ((n . label) (%encode (call-thunk step scope n) label)))
                thunks))

(define (for-each-row proc step scope foreachs)
  ;; Call PROC with the encoded elements and the scope of each row.
  (define (encode-element element list binder)
    (catch 'flowmake-error
      (lambda () (%encode element ""))
      (lambda _
        (%encode list                   ; to count where it fails
                 (format #f "the list of '~a'"
                         (name-text (step-template step) (car binder)))))))
  (let loop ((foreachs foreachs) (scope scope) (elements '()))
    (if (null? foreachs)
        (proc (reverse elements) scope)
        (let* ((binder (car foreachs))
               (list (foreach-list (evaluate step scope (cadr binder)))))
          (for-each
           (lambda (element)
             (let ((inner (vector-copy* scope)))
               (vector-set! inner (car binder) element)
               (loop (cdr foreachs) inner
                     (cons (encode-element element list binder)
                           elements))))
           list)))))

(define (vector-copy* vector)
  (let ((new (make-vector (vector-length vector))))
    (vector-move-left! vector 0 (vector-length vector) new 0)
    new))

(define (queue-seen fd)
  ;; What an answer rests on goes before its end.
  (let ((observations (take-late-observations!)))
    (unless (null? observations)
      (%queue fd wire-seen observations))))

(define (make-row-sender fd item)
  ;; A procedure that takes a row, or #f at the end, and sends frames.
  (define rows '())
  (define count 0)
  (define (send last?)
    (when last?
      (queue-seen fd))
    (%queue fd wire-rows (list item last? (reverse rows)))
    (set! rows '())
    (set! count 0))
  (lambda (row)
    (cond
     ((not row) (send #t))
     (else
      (when (= count wire-chunk)
        (send #f))
      (set! rows (cons row rows))
      (set! count (1+ count))))))

(define (answer-item fd job item values)
  (let* ((step (hash-ref job "step"))
         (scope (make-scope step))
         (thunks (hash-ref job "labelled"))
         (send-row (make-row-sender fd item)))
    (for-each (lambda (index value)
                (vector-set! scope index value))
              (hash-ref job "names") values)
    (for-each-row
     (lambda (elements scope)
       (send-row (list elements (thunk-values step scope thunks))))
     step scope
     (if (hash-ref job "foreach")
         (template-field (step-template step) "foreach")
         '()))
    (send-row #f)))

(define (answer-items fd job items)
  ;; All at once, unless the engine must know which item it is that fails.
  (let loop ((items items) (item 0))
    (unless (null? items)
      (answer-item fd job item (car items))
      (when (field job "careful" #f)
        (%flush fd))
      (loop (cdr items) (1+ item))))
  (%flush fd))

(define (start-job fd job)
  (let* ((step (hash-ref job "step"))
         (scope (make-scope step))
         (values (thunk-values step scope
                               (labelled step (hash-ref job "constants")))))
    (hash-set! job "labelled" (labelled step (hash-ref job "thunks")))
    (queue-seen fd)
    (%queue fd wire-constants values)
    (%flush fd)))

(define (serve-message fd job type body)
  ;; Answer the message of TYPE, with BODY, while JOB is open; return the job
  ;; that is open then.
  (cond
   ((eqv? type wire-job) (start-job fd body) body)
   ((eqv? type wire-items) (answer-items fd job body) job)
   (else (flow-error #f "the engine sent a message of type ~a" type))))

(define (serve-expansion fd)
  "Evaluate what the engine asks for on FD until that closes; return the exit
status of the process."
  (enter-child!)
  (let loop ((job #f))
    (match (%receive fd)
      (#f 0)
      ((type body . _)
       (let* ((asked (if (eqv? type wire-job) body job))
              (label (job-label (hash-ref asked "step")))
              (job (call-with-errors
                    (lambda () (serve-message fd job type body))
                    (error-sender fd)
                    #:debug? (debug-mode) #:ours? project-file?
                    #:label (const label) #:fallback innermost-place)))
         (if job
             (loop job)
             1))))))

;;; Recipes

(define (result-message value name file-name directory prefix)
  ;; [FORMAT, value or PATH] of VALUE, the result NAME; FILE-NAME, if it has one,
  ;; only files have.
  (define what (format #f "the value of '~a'" name))
  (define path (string-append directory "/" prefix name))
  (define (write-it)
    (let* ((fd (%create path))
           (format (%write-value fd value what)))
      (%close fd)
      (list format path)))
  (cond
   ((tagged-of-kind? value 'file)
    (list "file" (tagged-payload value)))
   ((string? file-name)
    (flow-error #f "'~a' has the file name \"~a\" in produces, and ~a is no \
file; give (file-result PATH)" name file-name (show-value value)))
   ((> (%size-hint value) wire-inline-max-bytes)
    (write-it))
   (else
    (let ((bytes (%encode value what)))
      (if (> (bytevector-length bytes) wire-inline-max-bytes)
          (write-it)
          (list "inline" bytes))))))

(define (result-names template)
  (map (match-lambda
         ((index _ _) (name-text template index)))
       (template-field template "produces")))

(define (result-file-names template)
  ;; Strings, or null where none is said.
  (map (match-lambda
         ((_ _ file-name) file-name))
       (template-field template "produces")))

(define (check-count step names values)
  (define template (step-template step))
  (unless (or (null? names) (= (length names) (length values)))
    (flow-error (template-thunk-place template (car (template-body template)))
                "step '~a': the recipe gave ~a value~a, produces names ~a: ~a"
                (step-name step)
                (length values) (if (= (length values) 1) "" "s")
                (length names) (string-join names " "))))

(define (run-body step scope)
  ;; The values of STEP's body.
  (call-with-values
      (lambda ()
        (call-thunk step scope (car (template-body (step-template step)))))
    list))

(define (run-recipe request run-body)
  ;; The body of WIRE_RESULTS, of the values that RUN-BODY gives.
  (let* ((step (hash-ref request "step"))
         (template (step-template step))
         (scope (make-scope step))
         (names (result-names template)))
    (for-each (lambda (entry) (vector-set! scope (car entry) (cadr entry)))
              (field request "names" '()))
    (default-workers (field request "workers"))
    (let ((values (run-body step scope)))
      (check-count step names values)
      (flush-all-ports)
      (map-in-order
       (lambda (value name file-name)
         (result-message value name file-name (hash-ref request "results")
                         (field request "prefix" "")))
       (if (null? names) '() values)
       names
       (result-file-names template)))))

(define (set-environment! request)
  (for-each (lambda (entry) (%setenv (car entry) (cadr entry)))
            (field request "environment" '())))

(define (rehearse-recipe fd bytes)
  "Do what serve-recipe does for BYTES, without the user's code, in the zygote,
with the results going to FD, where nobody reads them.  What Guile does once in
a process (finding variables, linking) is then done in none of its children,
and costs none of them a page."
  (let ((request (hash-ref (%decode bytes) "recipe")))
    (call-with-errors
     (lambda ()
       (%send fd wire-results
              (catch 'quit
                (lambda ()
                  (run-recipe request
                              (lambda (step scope)
                                (map (const 0)
                                     (result-names (step-template step))))))
                (const #f)))
       0)
     (const 1))))

(define (serve-recipe fd bytes)
  "Run the recipe that the WIRE_FORK in BYTES describes and tell the engine on
FD what it gave; return the exit status of the process."
  (enter-child!)
  (let* ((request (hash-ref (%decode bytes) "recipe"))
         (step (hash-ref request "step"))
         (report (error-sender fd)))
    (call-with-errors
     (lambda ()
       (%send fd wire-results
              (catch 'quit
                (lambda ()
                  (set-environment! request)
                  (list-directory (%getenv "TMPDIR"))
                  (run-recipe request run-body))
                (lambda (key . args)
                  (if (and (member args '(() (0) (#t)))
                           (null? (result-names (step-template step))))
                      '()
                      (apply throw key args)))))
       0)
     (lambda (text placed? backtrace)
       (flush-all-ports)
       (display text (current-error-port))
       (newline (current-error-port))
       (force-output (current-error-port))
       (report text placed? backtrace)
       1)
     #:debug? (debug-mode) #:ours? project-file?
     #:label (lambda () (job-label step)) #:fallback innermost-place)))
