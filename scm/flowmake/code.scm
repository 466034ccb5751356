;;; What stands in a task's key for Scheme code: the body's source and,
;;; transitively, what it mentions.  Procedures and macros count by source and
;;; by the values they close over, data by value, modules of the project by
;;; their files.

(define-module (flowmake code)
  #:use-module (ice-9 match)
  #:use-module (system vm loader)
  #:use-module (flowmake contents)
  #:use-module ((srfi srfi-1) #:select (append-map filter-map find))
  #:use-module (flowmake primitives)
  #:use-module (flowmake project)
  #:use-module (flowmake registry)
  #:use-module (rnrs bytevectors)
  #:export (code-parts
            closure-summary
            mentioned-parts))

(define (value-bytes value)
  ;; VALUE encoded, or #f if it cannot be.
  (catch 'flowmake-error
    (lambda () (%encode value ""))
    (lambda _ #f)))

(define (value-digest value)
  ;; The digest of VALUE, or #f if it cannot be encoded.
  (let ((bytes (value-bytes value)))
    (and bytes (%digest bytes))))

;;; What holds more strings than some may be data, and no names of files: the
;;; engine finds out; what holds even more is not told as a whole.  So it is in
;;; sched/recipe-words.c.

(define few-strings 100)
(define many-strings 10000)
(define many-looks 100000)

(define (crowd strings cut?)
  ;; What stands for STRINGS, many, the last first.
  (list (list->vector (cons cut? (filter may-be-file? (reverse strings))))))

(define (find-strings value)
  (let loop ((queue (list value)) (strings '()) (count 0) (looks 0))
    (cond
     ((null? queue)
      (if (<= count few-strings)
          strings
          (crowd strings #f)))
     ((or (> count many-strings) (> looks many-looks))
      (if (null? strings)
          '()
          (crowd (list-tail strings (max 0 (- count few-strings))) #t)))
     (else
      (let ((value (car queue)) (rest (cdr queue)) (looks (1+ looks)))
        (cond
         ((string? value)
          (loop rest (cons value strings) (1+ count) looks))
         ((pair? value)
          (loop (cons* (car value) (cdr value) rest) strings count looks))
         ((and (vector? value) (<= (vector-length value) many-looks))
          (loop (cons (vector->list value) rest) strings count looks))
         ((hash-table? value)
          (loop (cons (hash-map->list cons value) rest) strings count looks))
         (else (loop rest strings count looks))))))))

(define found-strings (make-weak-key-hash-table))

(define (strings-of value)
  ;; Those in VALUE that may name files; or a vector with many of them, behind
  ;; whether there are more.  Most steps mention the same values.
  (if (or (pair? value) (vector? value) (hash-table? value))
      (or (hashq-ref found-strings value)
          (let ((strings (find-strings value)))
            (hashq-set! found-strings value strings)
            strings))
      (find-strings value)))

(define definition-table #f)
(define forms-of-names #f)              ; name -> numbers, the last first

(define (joined-digest one other)
  (let ((digest (value-digest (list one other))))
    (join-sources! digest one other)
    digest))

(define (definition name)
  ;; (DIGEST MENTIONED ...) of the Flowfile's definition of NAME, a symbol, or
  ;; of its form number NAME; #f if there is none.  What is set again has
  ;; several.
  (define (add! entry)
    (when (stands-for-name? entry)
      (let ((name (caddr entry)))
        (hashq-set! forms-of-names name
                    (cons (car entry) (hashq-ref forms-of-names name '())))))
    (let ((known (hashq-ref definition-table (car entry))))
      (hashq-set! definition-table (car entry)
                  (if known
                      (cons (joined-digest (car known) (cadr entry))
                            (append (cdr known) (cddr entry)))
                      (cdr entry)))))
  (unless definition-table
    (set! definition-table (make-hash-table))
    (set! forms-of-names (make-hash-table))
    (for-each add! (definitions)))
  (hashq-ref definition-table name))

(define (stands-for-name? entry)
  ;; Whether ENTRY is that of the number of a form which defines or sets one
  ;; name.
  (and (number? (car entry)) (not (cadr entry))))

(define (place-among-forms number)
  ;; (NAME RANK), when form NUMBER is the one of that RANK, from 0, that
  ;; defines or sets just NAME; else #f.
  (match (definition number)
    ((#f name)
     (list name
           (length (filter (lambda (other) (< other number))
                           (hashq-ref forms-of-names name '())))))
    (_ #f)))

;;; Procedures come from anywhere: the same name may stand for another one each
;;; time, by what the Flowfile was told, and what a body that is not at top
;;; level closes over may hold any.

(define modules #f)

(define (modules-in-use)
  ;; The project-modules once all is loaded: finding them looks at files.
  (unless modules
    (set! modules (project-modules)))
  modules)

(define (is-called? proc name variable)
  (and variable
       (variable-bound? variable)
       (eq? (variable-ref variable) proc)
       name))

(define (flow-origin mark)
  ;; Of what has MARK, in the Flowfile.
  (let ((entry (definition (car mark))))
    (cons (list (or (car entry) (place-among-forms (car mark))) (cdr mark))
          (cdr entry))))

(define (module-origin mark)
  ;; Of what has MARK, in a module.
  (let ((module (assoc-ref (modules-in-use) (caar mark))))
    (cons mark (if module (list (module-name module)) '()))))

(define (origin-of proc)
  ;; (IDENTITY MENTIONED ...) of PROC, IDENTITY a value that can be encoded; or
  ;; #f: it cannot be told.  IDENTITY is a symbol if what PROC closes over
  ;; counts with what is MENTIONED, or not at all.
  (let* ((name (or (procedure-name proc) 'nameless))
         (mark (procedure-property proc procedure-mark))
         (modules (map cdr (modules-in-use))))
    (define (called-in module)
      (is-called? proc name (module-local-variable module name)))
    (cond
     ((called-in (flow-module)) (list name name))
     (mark (if (pair? (car mark)) (module-origin mark) (flow-origin mark)))
     ((find called-in modules)
      => (lambda (module) (list (list name) (module-name module))))
     ;; Most often one of Guile's.
     ((is-called? proc name (module-variable (flow-module) name))
      (list name))
     ;; What Guile's make, as compose.
     ((all-marked?) (code-origin proc))
     ((pair? modules) (cons (list name) (map module-name modules)))
     (else #f))))

(define (all-marked?)
  ;; Whether all procedures of the project have marks.
  (and (compiled-flow?)
       (and-map (lambda (entry) (compiled-module? (car entry)))
                (modules-in-use))))

(define (code-origin proc)
  ;; By the place of its code in the file that this was loaded from; what is
  ;; written in C has but a name.
  (let* ((name (procedure-name proc))
         (address (%code-address proc))
         (image (and address (find-mapped-elf-image address))))
    (cond
     (image
      ;; Few need the module.
      (let ((start ((@ (system foreign) pointer-address)
                    ((@ (system foreign) bytevector->pointer) image))))
        (list (list name (- address start)))))
     ((and address name) (list name))
     (else #f))))

(define (closure-summary proc)
  "Return (DIGEST MENTIONED ...) of what PROC closes over, DIGEST #f if it
cannot be had or encoded; #t if there is nothing."
  (summary-of (or (%closure-values proc) '(#f)) #f))

(define (named-summary symbol proc)
  ;; As closure-summary of PROC, for which SYMBOL stands, but also of which
  ;; procedure that is, if its definition may give several.
  (let* ((mark (procedure-property proc procedure-mark))
         (place (and mark
                     (number? (car mark))
                     (place-among-forms (car mark)))))
    (cond
     ((and (plain-names) (hashq-ref (plain-names) symbol)) #t)
     ((if mark
          (equal? (list place (cdr mark)) `((,symbol 0) 1))
          (eq? (procedure-name proc) symbol))
      (closure-summary proc))
     ((and mark
           (number? (car mark))
           (or (not place) (eq? (car place) symbol)))
      (summary-of (or (%closure-values proc) '(#f)) (flow-origin mark)))
     (else (summary-of (list proc) #f)))))

(define (summary-of queue origin)
  ;; (DIGEST MENTIONED ...) of the values in QUEUE, procedures among which are
  ;; opened, and of ORIGIN, an origin-of or #f; or #t, as closure-summary.
  (let loop ((queue queue)
             (seen '())
             (values (if origin (list (car origin)) '()))
             (mentioned (if origin (cdr origin) '())))
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
             (inside (if (and origin (symbol? (car origin)))
                         '()
                         (%closure-values proc))))
        (if (and origin inside)
            (loop (append inside (cdr queue))
                  (cons proc seen)
                  (cons (car origin) values)
                  (append (cdr origin) mentioned))
            (list #f))))
     (else
      (loop (cdr queue) seen (cons (car queue) values)
            (append (strings-of (car queue)) mentioned))))))

(define (record-type? value)
  (and (struct? value) (struct-vtable? value)))

(define (by-source? value)
  (or (procedure? value) (macro? value) (record-type? value)))

(define (definition-name symbol)
  (string-append "definition " (symbol->string symbol)))

(define (source-parts symbol value entry)
  ;; The parts of a procedure or macro, and what they mention.
  (let ((name (definition-name symbol))
        (closed (if (procedure? value) (named-summary symbol value) #t)))
    (values (cons (list name (and entry (car entry)))
                  (if (eq? closed #t)
                      '()
                      (list (list (string-append name ", closed over")
                                  (car closed)))))
            (append (if entry (cdr entry) '())
                    (if (eq? closed #t) '() (cdr closed))))))

(define (sorted-symbols module)
  (sort (module-map (lambda (symbol variable) symbol) module)
        (lambda (a b) (string<? (symbol->string a) (symbol->string b)))))

(define (plain-procedure? symbol value file)
  ;; Whether VALUE is what the definition of SYMBOL in the module in FILE always
  ;; gives.
  (and (procedure? value)
       (eq? (procedure-name value) symbol)
       (match (procedure-property value procedure-mark)
         (((from _) . _) (string=? from file))
         (mark (not mark)))
       (or (not (compiled-module? file))
           (null? (or (%closure-values value) '(#f))))))

(define (module-state file module)
  ;; (DIGEST MENTIONED ...) of what the names that MODULE, in FILE, defines
  ;; stand for, which may come from anywhere; DIGEST #f if all follows from its
  ;; source.
  (define mentioned '())
  (define opens? (all-marked?))         ; what is interpreted holds the world
  (define (origin proc)
    (match (origin-of proc)
      ((identity . names)
       (set! mentioned (append names mentioned))
       (cons identity (or (and opens?
                               (not (symbol? identity))
                               (%closure-values proc))
                          '())))
      (#f #f)))
  (define (state symbol)
    (let* ((variable (module-local-variable module symbol))
           (value (and (variable-bound? variable) (variable-ref variable))))
      (and (variable-bound? variable)
           (not (macro? value))
           (not (record-type? value))
           (not (plain-procedure? symbol value file))
           (begin
             (set! mentioned (append (strings-of value) mentioned))
             (list symbol (or (value-digest value)
                              (value-digest (contents value origin))))))))
  (let ((states (filter-map state (sorted-symbols module))))
    (cons (and (pair? states) (value-digest states))
          (delete (module-name module) mentioned))))

(define states (make-hash-table))       ; module -> its module-state

(define (known-state entry)
  ;; Of the module of ENTRY, (FILE . MODULE).
  (or (hashq-ref states (cdr entry))
      (let ((state (module-state (car entry) (cdr entry))))
        (hashq-set! states (cdr entry) state)
        state)))

(define* (file-part file #:optional (digest #f))
  ;; With DIGEST, that of its forms, comments in FILE do not count.
  (list (string-append "module " file) (or digest (%file-digest file))))

(define module-part
  ;; Of a file of a module, as module-sources gives it.
  (match-lambda
    ((file . digest) (file-part file digest))))

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
           (data (car (known-state entry))))
       (append (map module-part (module-sources file))
               (map observation-part (module-observations file))
               (if data
                   (list (list (string-append "module " file ", data") data))
                   '()))))
   (module-closure module)))

(define (mentioned-in module)
  ;; The strings in MODULE, and what was put into its data.
  (append-map (lambda (entry)
                (append (filter string? (module-mentions (car entry)))
                        (cdr (known-state entry))))
              (module-closure module)))

(define (what-module-stands-for module)
  ;; As symbol-parts; of #f, which is no module of the project, nothing.
  (if module
      (values (module-parts module) (mentioned-in module))
      (values '() '())))

(define (data-name symbol)
  (let ((name (symbol->string symbol)))
    (if (assoc name (declared-parameters))
        (string-append "parameter " name)
        (definition-name symbol))))

(define max-shown-bytes 60)

(define (data-part symbol value)
  ;; What is short can be shown when it changes, of others how it is written.
  (let* ((bytes (value-bytes value))
         (digest (and bytes (%digest bytes)))
         (short? (and bytes (<= (bytevector-length bytes) max-shown-bytes)))
         (entry (definition symbol)))
    (when (and digest (not short?) entry)
      (copy-source! digest (car entry)))
    (list (data-name symbol) digest (and short? bytes))))

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
            (source-parts symbol value entry)
            (values (list (data-part symbol value)) (strings-of value)))))
     (else (imported-parts symbol (definition symbol))))))

(define (imported-parts symbol entry)
  ;; Those of SYMBOL, which the Flowfile imports, and may set, as ENTRY says.
  (call-with-values
      (lambda () (what-module-stands-for (project-module-of symbol)))
    (lambda (parts mentioned)
      (if entry
          (values (cons (list (definition-name symbol) (car entry)) parts)
                  (append (cdr entry) mentioned))
          (values parts mentioned)))))

(define (sorted parts)
  ;; By name, each once: what has several digests has one of all of them.
  (define (written part)
    (object->string (cadr part)))
  (define (before? a b)
    (or (string<? (car a) (car b))
        (and (string=? (car a) (car b))
             (string<? (written a) (written b)))))
  (define (join one other)
    (list (car one)
          (and (cadr one) (cadr other)
               (value-digest (list (cadr one) (cadr other))))))
  (let loop ((parts (sort parts before?)) (last #f) (result '()))
    (cond
     ((null? parts) (reverse result))
     ((equal? (car parts) last) (loop (cdr parts) last result))
     ((and last (string=? (caar parts) (car last)))
      (loop (cdr parts) (car parts)
            (cons (join (car result) (car parts)) (cdr result))))
     (else
      (loop (cdr parts) (car parts) (cons (car parts) result))))))

(define (code-parts summary closure)
  "Return what of model/wire.h's CODE stands for a body with SUMMARY, (DIGEST
MENTIONED ...), and CLOSURE, what closure-summary says of its thunk: a list of
(NAME DIGEST-or-#f) and (NAME DIGEST-or-#f ENCODED-or-#f); the strings in there
that may name files; and for each value with many of them a vector of those,
behind whether it has even more."
  (let ((seen (make-hash-table)))
    (let loop ((queue (append (if (pair? closure) (cdr closure) '())
                              (cdr summary)))
               (parts '())
               (strings '())
               (crowds '()))
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
                (sort (filter may-be-file? strings) string<?)
                crowds))
       ((hash-ref seen (car queue)) (loop (cdr queue) parts strings crowds))
       (else
        (hash-set! seen (car queue) #t)
        (cond
         ((string? (car queue))
          (loop (cdr queue) parts (cons (car queue) strings) crowds))
         ((vector? (car queue))
          (loop (cdr queue) parts strings (cons (car queue) crowds)))
         (else
          (call-with-values (lambda () (symbol-parts (car queue)))
            (lambda (new mentioned)
              (loop (append mentioned (cdr queue))
                    (append new parts)
                    strings crowds))))))))))

(define (may-be-file? text)
  (not (string-index text #\nul)))

;;; What expressions mention whose values count themselves: to say where these
;;; may come from it is enough to look at how things are written, and at what is
;;; small.

(define (small? symbol value)
  ;; Whether VALUE, of SYMBOL, is soon encoded.
  (or (number? value) (string? value) (symbol? value) (boolean? value)
      (assoc (symbol->string symbol) (declared-parameters))))

(define (written-module-parts module)
  ;; Of MODULE, or #f, without its data.
  (append-map (lambda (entry)
                (append (map module-part (module-sources (car entry)))
                        (map observation-part
                             (module-observations (car entry)))))
              (if module (module-closure module) '())))

(define (written-parts symbol)
  ;; As symbol-parts, but data that are not small count by their source, and
  ;; modules by theirs.
  (let* ((variable (and (symbol? symbol)
                        (module-local-variable (flow-module) symbol)))
         (value (and variable (variable-bound? variable)
                     (variable-ref variable)))
         (entry (definition symbol)))
    (cond
     ((pair? symbol)
      (values (written-module-parts (project-module symbol)) '()))
     ((and variable (or entry (small? symbol value)))
      (values (list (if (small? symbol value)
                        (data-part symbol value)
                        (list (definition-name symbol) (car entry))))
              (if entry (cdr entry) '())))
     (else
      (values (written-module-parts (project-module-of symbol))
              (if entry (cdr entry) '()))))))

(define max-mentioned
  ;; So many names are followed, the nearest first: each step may reach all
  ;; definitions of the Flowfile.
  100)

(define known-mentions (make-hash-table)) ; MENTIONED -> their parts

(define (parts-of-mentioned mentioned)
  ;; Symbols that stand for nothing of the project do not count.
  (define seen (make-hash-table))
  (define (new names)
    (filter (lambda (name)
              (and (not (string? name))
                   (not (hash-ref seen name))
                   (hash-set! seen name #t)))
            names))
  (let loop ((names (new mentioned))
             (later '())
             (parts '())
             (left max-mentioned))
    (cond
     ((or (zero? left) (and (null? names) (null? later))) (sorted parts))
     ((null? names)
      (loop (new (append-map identity (reverse later))) '() parts left))
     (else
      (call-with-values (lambda () (written-parts (car names)))
        (lambda (more mentioned)
          (loop (cdr names)
                (if (null? mentioned) later (cons mentioned later))
                (append more parts)
                (if (null? more) left (1- left)))))))))

(define (mentioned-parts summary)
  "Return what of model/wire.h's CODE stands for the expressions of a step with
SUMMARY, an expressions-summary, as code-parts does for a body."
  (append (if (car summary)
              (list (list "definition around the step" (car summary)))
              '())
          (or (hash-ref known-mentions (cdr summary))
              (let ((parts (parts-of-mentioned (cdr summary))))
                (hash-set! known-mentions (cdr summary) parts)
                parts))))
