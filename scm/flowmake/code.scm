;;; What stands in a task's key for Scheme code: the body's source and,
;;; transitively, what it mentions.  Procedures and macros count by source and
;;; by the values they close over, data by value, modules of the project by
;;; their files.

(define-module (flowmake code)
  #:use-module (flowmake primitives)
  #:use-module (flowmake project)
  #:use-module (flowmake registry)
  #:use-module (rnrs bytevectors)
  #:export (code-parts
            closure-digest))

(define (value-bytes value)
  ;; VALUE encoded, or #f if it cannot be.
  (catch 'flowmake-error
    (lambda () (%encode value ""))
    (lambda _ #f)))

(define (value-digest value)
  ;; The digest of VALUE, or #f if it cannot be encoded.
  (let ((bytes (value-bytes value)))
    (and bytes (%digest bytes))))

(define (closed-over proc)
  ;; The values that PROC closes over, procedures among them opened, or #f if
  ;; they cannot be had.
  (let loop ((queue (list proc)) (seen '()) (values '()))
    (cond
     ((null? queue) (reverse values))
     ((or (memq (car queue) seen) (record-type? (car queue)))
      (loop (cdr queue) seen values))
     ((procedure? (car queue))
      (let ((inside (%closure-values (car queue))))
        (and inside
             (loop (append inside (cdr queue))
                   (cons (car queue) seen)
                   values))))
     (else (loop (cdr queue) seen (cons (car queue) values))))))

(define (closure-digest proc)
  "Return the digest of the values that PROC closes over: #t if there are none,
#f if they cannot be had or encoded."
  (let ((values (closed-over proc)))
    (cond
     ((not values) #f)
     ((null? values) #t)
     (else (value-digest values)))))

(define definition-table #f)

(define (definition symbol)
  ;; (DIGEST MENTIONED ...) of the Flowfile's definition of SYMBOL, or #f.
  (unless definition-table
    (set! definition-table (make-hash-table))
    (for-each (lambda (entry)
                (hashq-set! definition-table (car entry) (cdr entry)))
              (definitions)))
  (hashq-ref definition-table symbol))

(define (record-type? value)
  (and (struct? value) (struct-vtable? value)))

(define (by-source? value)
  (or (procedure? value) (macro? value) (record-type? value)))

(define (source-parts symbol value entry)
  ;; The parts of a procedure or macro.
  (let* ((name (string-append "definition " (symbol->string symbol)))
         (closed (if (procedure? value) (closure-digest value) #t)))
    (cons (list name (and entry (car entry)))
          (if (eq? closed #t)
              '()
              (list (list (string-append name ", closed over") closed))))))

(define (module-parts module)
  (apply append
         (map (lambda (entry)
                (map (lambda (file)
                       (list (string-append "module " file)
                             (%file-digest file)))
                     (module-files (car entry))))
              (module-closure module))))

(define (parts-of-module name)
  ;; Of the module NAME, if it is one of the project.
  (let ((module (resolve-module name #f #:ensure #f)))
    (if module (module-parts module) '())))

(define (data-name symbol)
  (let ((name (symbol->string symbol)))
    (string-append (if (assoc name (declared-parameters))
                       "parameter "
                       "definition ")
                   name)))

(define max-shown-bytes 60)

(define (data-part symbol value)
  ;; What is short can be shown when it changes.
  (let ((bytes (value-bytes value)))
    (list (data-name symbol)
          (and bytes (%digest bytes))
          (and bytes
               (<= (bytevector-length bytes) max-shown-bytes)
               bytes))))

(define (symbol-parts symbol)
  ;; The parts that SYMBOL, or a list that names a module, stands for, and the
  ;; symbols it mentions.
  (let ((variable (and (symbol? symbol)
                       (module-local-variable (flow-module) symbol))))
    (cond
     ((pair? symbol) (values (parts-of-module symbol) '()))
     ((and variable (variable-bound? variable))
      (let ((value (variable-ref variable))
            (entry (definition symbol)))
        (if (by-source? value)
            (values (source-parts symbol value entry)
                    (if entry (cdr entry) '()))
            (values (list (data-part symbol value)) '()))))
     ((project-module-of symbol)
      => (lambda (module) (values (module-parts module) '())))
     (else (values '() '())))))

(define (sorted parts)
  ;; By name, each once.
  (let loop ((parts (sort parts (lambda (a b) (string<? (car a) (car b)))))
             (result '()))
    (cond
     ((null? parts) (reverse result))
     ((and (pair? result) (string=? (caar parts) (caar result)))
      (loop (cdr parts) result))
     (else (loop (cdr parts) (cons (car parts) result))))))

(define (code-parts summary closure)
  "Return the CODE of model/wire.h for a body with SUMMARY, (DIGEST MENTIONED
...), and CLOSURE, what closure-digest says of its thunk: a list of (NAME
DIGEST-or-#f) and (NAME DIGEST-or-#f ENCODED-or-#f)."
  (let ((seen (make-hash-table)))
    (let loop ((queue (cdr summary)) (parts '()))
      (cond
       ((null? queue)
        (append (list (list "scheme" (car summary)))
                (if (eq? closure #t)
                    '()
                    (list (list "scheme, closed over" closure)))
                (sorted parts)))
       ((hash-ref seen (car queue)) (loop (cdr queue) parts))
       (else
        (hash-set! seen (car queue) #t)
        (call-with-values (lambda () (symbol-parts (car queue)))
          (lambda (new mentioned)
            (loop (append mentioned (cdr queue))
                  (append new parts)))))))))
