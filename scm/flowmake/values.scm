;;; Values that are more than data: file results, lists that become files,
;;; values not loaded yet; and the text that a value has.

(define-module (flowmake values)
  #:use-module (srfi srfi-9)
  #:use-module (flowmake primitives)
  #:use-module (flowmake errors)
  #:export (make-tagged
            tagged-payload
            tagged-of-kind?
            stored-object
            file-result
            list-file
            list-directory
            force-value
            value->text
            value->words
            join-texts
            show-value))

(define-record-type <tagged>
  (make-tagged kind payload)
  tagged?
  (kind tagged-kind)
  (payload tagged-payload))

(when in-evaluator?
  (%set-tagged-type! <tagged>))

(define (tagged-of-kind? value kind)
  "Return whether VALUE is a tagged value of KIND, a symbol."
  (and (tagged? value) (eq? (tagged-kind value) kind)))

;; For C, which cannot call a record's constructor: that is a macro.
(define (stored-object parts)
  "Return the value, not loaded yet, that PARTS, a format and a path, name."
  (make-tagged 'object parts))

(define (holds-project? path)
  ;; Whether PATH is the project's directory or one around it.
  (and (file-exists? path)
       (let ((real (canonicalize-path path)))
         (or (string=? real "/")
             (string-prefix? (string-append real "/")
                             (string-append (canonicalize-path ".") "/"))))))

(define (file-result path)
  "Return a result that is the file or directory PATH."
  (let ((text (value->text path)))
    (when (holds-project? text)
      (flow-error #f "(file-result ~s): that holds the project itself, where \
flowmake writes; name a file or a directory inside it" text))
    (make-tagged 'file text)))

(define list-directory
  ;; Where a scheme recipe has its lists, or #f: no recipe is running.
  (make-parameter #f))

(define lists 0)

(define (write-list words)
  (set! lists (1+ lists))
  (let* ((path (format #f "~a/list-~a-~a" (list-directory) (getpid) lists))
         (fd (%create path)))
    (%write-text fd (string-concatenate
                     (map (lambda (word) (string-append word "\n")) words)))
    (%close fd)
    path))

(define (list-file names)
  "Return what becomes, in a recipe, the name of a file that holds the words of
NAMES, one on a line."
  (let ((words (value->words names)))
    (for-each (lambda (word)
                (when (string-index word #\newline)
                  (flow-error #f "list-file: ~s is more than one line" word)))
              words)
    (if (list-directory)
        (write-list words)
        (make-tagged 'list-file words))))

(define (reshape vector dims)
  ;; VECTOR, in row-major order, as an array of DIMS that shares it.
  (if (= (length dims) 1)
      vector
      (apply make-shared-array vector
             (lambda indexes
               (let loop ((indexes indexes) (dims dims) (at 0))
                 (if (null? indexes)
                     (list at)
                     (loop (cdr indexes) (cdr dims)
                           (+ (* at (car dims)) (car indexes))))))
             dims)))

(define (load-object parts)
  (let* ((format (car parts))
         (value (%load-value format (cadr parts))))
    (if (string=? format "npy")
        (reshape (car value) (cadr value))
        value)))

(define (force-value value)
  "Return VALUE with what was not loaded yet, itself or elements of it, loaded."
  (cond
   ((tagged-of-kind? value 'object)
    (load-object (tagged-payload value)))
   ((and (pair? value) (list? value) (or-map tagged? value))
    (map force-value value))
   (else value)))

(define (shortened value depth)
  ;; VALUE with what is long or deep in it left out.
  (define limit 8)
  (define (inner value)
    (shortened value (1- depth)))
  (cond
   ((string? value)
    (if (> (string-length value) 60)
        (string-append (substring value 0 57) "...")
        value))
   ((or (pair? value) (vector? value))
    (cond
     ((zero? depth) '...)
     ((vector? value)
      (list->vector
       (map (lambda (i) (inner (vector-ref value i)))
            (iota (min limit (vector-length value))))))
     (else
      (let loop ((value value) (left limit))
        (cond
         ((zero? left) '(...))
         ((pair? value)
          (cons (inner (car value)) (loop (cdr value) (1- left))))
         ((null? value) '())
         (else (inner value)))))))
   ((and (array? value) (> (array-length value) limit))
    (simple-format #f "an array of ~a" (array-type value)))
   (else value)))

(define (show-value value)
  "Return a short printed form of VALUE for a message."
  (let ((text (if (nameless? value)
                  "#<procedure>"
                  (simple-format #f "~s" (shortened value 3)))))
    (if (> (string-length text) 80)
        (string-append (substring text 0 77) "...")
        text)))

(define (value->text value)
  "Return the text of VALUE: of a string, a number, a symbol, or of a list of
these, joined by spaces.  Raise flowmake-error for anything else."
  (cond
   ((string? value) value)
   ((number? value) (number->string value))
   ((symbol? value) (symbol->string value))
   ((tagged-of-kind? value 'file) (tagged-payload value))
   ((list? value) (string-join (value->words value) " "))
   ((tagged-of-kind? value 'list-file)
    (flow-error #f "a list-file is a whole argument, or stands in the text of \
shell; it is no other text"))
   (else
    (flow-error #f "~a has no text; only strings, numbers, symbols and lists \
of them have one" (show-value value)))))

(define (value->words value)
  "Return the list of the texts that VALUE, a list or a single value, holds;
lists inside it are flattened."
  (cond
   ((null? value) '())
   ((list? value)
    (let loop ((value value))
      (cond
       ((null? value) '())
       ((list? (car value))
        (append (value->words (car value)) (loop (cdr value))))
       (else
        (cons (value->text (car value)) (loop (cdr value)))))))
   (else (list (value->text value)))))

(define (join-texts . values)
  "Return the texts of VALUES, put together: what a string with #{} in it
becomes."
  (string-concatenate (map value->text values)))
