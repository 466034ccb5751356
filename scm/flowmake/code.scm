;;; What stands in a task's key for Scheme code: the body's source and,
;;; transitively, what it mentions.  Procedures and macros count by source and
;;; by the values they close over, data by value, modules of the project by
;;; their files.

(define-module (flowmake code)
  #:use-module (ice-9 match)
  #:use-module ((srfi srfi-1) #:select (append-map filter-map find))
  #:use-module (flowmake primitives)
  #:use-module (flowmake project)
  #:use-module (flowmake registry)
  #:use-module (rnrs bytevectors)
  #:export (code-parts
            closure-summary))

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
  ;; The digest of the values that PROC closes over: #t if there are none, #f
  ;; if they cannot be had or encoded.
  (let ((values (closed-over proc)))
    (cond
     ((not values) #f)
     ((null? values) #t)
     (else (value-digest values)))))

(define definition-table #f)

(define (definition name)
  ;; (DIGEST MENTIONED ...) of the Flowfile's definition of NAME, a symbol, or
  ;; of its form number NAME; #f if there is none.  What is set again has
  ;; several.
  (define (add! entry)
    (let ((known (hashq-ref definition-table (car entry))))
      (hashq-set! definition-table (car entry)
                  (if known
                      (cons (value-digest (list (car known) (cadr entry)))
                            (append (cdr known) (cddr entry)))
                      (cdr entry)))))
  (unless definition-table
    (set! definition-table (make-hash-table))
    (for-each add! (definitions)))
  (hashq-ref definition-table name))

;;; What a body that is not at top level closes over may hold procedures of
;;; any origin.

(define (is-called? proc name variable)
  (and variable
       (variable-bound? variable)
       (eq? (variable-ref variable) proc)
       name))

(define (origin-of proc)
  ;; (IDENTITY MENTIONED ...) of PROC, IDENTITY a value that can be encoded; or
  ;; #f: it cannot be told.  Of one that the Flowfile defines IDENTITY is its
  ;; name, MENTIONED too.
  (let* ((name (or (procedure-name proc) 'nameless))
         (mark (procedure-property proc procedure-mark))
         (modules (map cdr (project-modules))))
    (define (called-in module)
      (is-called? proc name (module-local-variable module name)))
    (cond
     ((called-in (flow-module)) (list name name))
     (mark
      (let ((entry (definition (car mark))))
        (cons (list (car entry) (cdr mark)) (cdr entry))))
     ((find called-in modules)
      => (lambda (module) (list name (module-name module))))
     ;; Most often one of Guile's.
     ((is-called? proc name (module-variable (flow-module) name))
      (list name))
     ((pair? modules) (cons name (map module-name modules)))
     (else #f))))

(define (closure-summary proc)
  "Return (DIGEST MENTIONED ...) of what PROC closes over, DIGEST #f if it
cannot be had or encoded; #t if there is nothing."
  (let loop ((queue (or (%closure-values proc) '(#f)))
             (seen '()) (values '()) (mentioned '()))
    (cond
     ((null? queue)
      (if (null? values)
          #t
          (cons (value-digest (reverse values)) mentioned)))
     ((or (memq (car queue) seen) (record-type? (car queue)))
      (loop (cdr queue) seen values mentioned))
     ((procedure? (car queue))
      (let* ((proc (car queue))
             (origin (origin-of proc))
             (inside (if (and origin (memq (car origin) (cdr origin)))
                         '()            ; counted with its definition
                         (%closure-values proc))))
        (if (and origin inside)
            (loop (append inside (cdr queue))
                  (cons proc seen)
                  (cons (car origin) values)
                  (append (cdr origin) mentioned))
            (list #f))))
     (else (loop (cdr queue) seen (cons (car queue) values) mentioned)))))

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

(define (module-data module)
  ;; The digest of the data that MODULE defines, of what of it can be encoded,
  ;; or #f if there are none: they may come from anywhere.
  (let* ((symbols (sort (module-map (lambda (symbol variable) symbol) module)
                        (lambda (a b)
                          (string<? (symbol->string a) (symbol->string b)))))
         (data (filter-map
                (lambda (symbol)
                  (let ((variable (module-local-variable module symbol)))
                    (and (variable-bound? variable)
                         (not (by-source? (variable-ref variable)))
                         (let ((digest (value-digest (variable-ref variable))))
                           (and digest (list symbol digest))))))
                symbols)))
    (and (pair? data) (value-digest data))))

(define (file-part file)
  (list (string-append "module " file) (%file-digest file)))

(define observation-part
  ;; The part of what was looked at while forms were expanded.
  (match-lambda
    ((kind query answer)
     (list (string-append kind " " (if (pair? query)
                                       (string-join query " ")
                                       query))
           (value-digest answer)))))

(define (module-parts module)
  (append-map
   (lambda (entry)
     (let ((file (car entry))
           (data (module-data (cdr entry))))
       (append (map file-part (module-files file))
               (map observation-part (module-observations file))
               (if data
                   (list (list (string-append "module " file ", data") data))
                   '()))))
   (module-closure module)))

(define (module-strings module)
  (append-map (lambda (entry)
                (filter string? (module-mentions (car entry))))
              (module-closure module)))

(define (what-module-stands-for module)
  ;; As symbol-parts; of #f, which is no module of the project, nothing.
  (if module
      (values (module-parts module) (module-strings module))
      (values '() '())))

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

(define max-strings
  ;; Longer lists are data, and no names of files.
  100)

(define (strings-of value)
  ;; Those in VALUE that may name files.
  (cond
   ((string? value) (list value))
   ((and (list? value) (<= (length value) max-strings)) (filter string? value))
   (else '())))

(define (symbol-parts symbol)
  ;; The parts that SYMBOL, or a list that names a module, stands for, and the
  ;; symbols and strings that it mentions.
  (let ((variable (and (symbol? symbol)
                       (module-local-variable (flow-module) symbol))))
    (cond
     ((pair? symbol) (what-module-stands-for (project-module symbol)))
     ((and variable (variable-bound? variable))
      (let ((value (variable-ref variable))
            (entry (definition symbol)))
        (if (by-source? value)
            (values (source-parts symbol value entry)
                    (if entry (cdr entry) '()))
            (values (list (data-part symbol value)) (strings-of value)))))
     (else (what-module-stands-for (project-module-of symbol))))))

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
  "Return what of model/wire.h's CODE stands for a body with SUMMARY, (DIGEST
MENTIONED ...), and CLOSURE, what closure-summary says of its thunk: a list of
(NAME DIGEST-or-#f) and (NAME DIGEST-or-#f ENCODED-or-#f); and the strings in
there that may name files."
  (let ((seen (make-hash-table)))
    (let loop ((queue (append (if (pair? closure) (cdr closure) '())
                              (cdr summary)))
               (parts '())
               (strings '()))
      (cond
       ((null? queue)
        (values (append (list (list "scheme" (car summary)))
                        (if (eq? closure #t)
                            '()
                            (list (list "scheme, closed over" (car closure))))
                        (sorted (append
                                 (map file-part (expanded-files))
                                 (map observation-part
                                      (expanded-observations))
                                 parts)))
                (sort strings string<?)))
       ((hash-ref seen (car queue)) (loop (cdr queue) parts strings))
       (else
        (hash-set! seen (car queue) #t)
        (if (string? (car queue))
            (loop (cdr queue) parts
                  (if (string-index (car queue) #\nul) ; no file's name
                      strings
                      (cons (car queue) strings)))
            (call-with-values (lambda () (symbol-parts (car queue)))
              (lambda (new mentioned)
                (loop (append mentioned (cdr queue))
                      (append new parts)
                      strings)))))))))
