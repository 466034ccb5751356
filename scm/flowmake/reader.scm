;;; Reading a Flowfile: its forms as syntax objects with exact places, here
;;; strings, and errors that say where a parenthesis may be missing.

(define-module (flowmake reader)
  #:use-module (ice-9 rdelim)
  #:use-module (flowmake errors)
  #:use-module (flowmake primitives)
  #:use-module (flowmake registry)
  #:export (install-here-strings!
            source-line
            column->index
            index->column
            source-text
            read-flow))

;;; Source texts, so that a literal's characters can be found again.

(define sources (make-hash-table))      ; file name -> vector of lines

(define (register-source! file text)
  ;; Remember that FILE, as places name it, holds TEXT.
  (hash-set! sources file (list->vector (string-split text #\newline))))

(define (lines-of file)
  (or (hash-ref sources file)
      (false-if-exception
       (begin
         (register-source! file (%read-file file))
         (hash-ref sources file)))))

(define (source-line file line)
  "Return line number LINE, from 0, of FILE, or #f if it is not known."
  (let ((lines (lines-of file)))
    (and lines
         (< -1 line (vector-length lines))
         (vector-ref lines line))))

;;; Columns are counted as GNU programs do: to the next multiple of 8 by a tab.

(define (next-column column char)
  (if (eqv? char #\tab)
      (* 8 (1+ (quotient column 8)))
      (1+ column)))

(define (column->index line column)
  "Return the index of the character in LINE that COLUMN, from 0, shows."
  (let loop ((index 0) (at 0))
    (if (or (>= at column) (>= index (string-length line)))
        index
        (loop (1+ index) (next-column at (string-ref line index))))))

(define (index->column line index)
  "Return the column, from 0, of the character INDEX of LINE."
  (string-fold (lambda (char column) (next-column column char))
               0 line 0 (min index (string-length line))))

;;; Here strings: #<<END, lines, and a line that is END followed by closing
;;; parentheses only, which are read on as code.

(define (port-place port)
  (list (cons 'filename (port-filename port))
        (cons 'line (port-line port))
        (cons 'column (port-column port))))

(define (ends-here? line terminator)
  (and (string-prefix? terminator line)
       (string-every (lambda (c) (memv c '(#\) #\] #\space #\tab #\return)))
                     line (string-length terminator))))

(define (read-here-string char port)
  ;; The reader has consumed "#<".
  (let ((place (assq-set! (port-place port) 'column
                          (max 0 (- (port-column port) 2)))))
    (unless (eqv? (read-char port) #\<)
      (flow-error place "a here string begins with #<<NAME"))
    (let ((terminator (string-trim-both (read-line port))))
      (when (string-null? terminator)
        (flow-error place "#<< must be followed by the word that ends the \
here string"))
      (let loop ((lines '()))
        (let ((line (read-line port)))
          (cond
           ((eof-object? line)
            (flow-error place "the here string #<<~a has no end: no line is \
'~a'" terminator terminator))
           ((ends-here? line terminator)
            (unread-string (string-append
                            (substring line (string-length terminator))
                            "\n")
                           port)
            (string-join (reverse lines) "\n"))
           (else (loop (cons line lines)))))))))

(define (install-here-strings!)
  "Teach the reader here strings."
  (read-hash-extend #\< read-here-string))

;;; Forms.

(define (first-words file line column)
  ;; The beginning of the text at LINE, for a message.
  (let* ((text (or (source-line file line) ""))
         (text (substring text (column->index text column)))
         (end (string-index text (lambda (c) (memv c '(#\; #\")))))
         (text (string-trim-right (if end (substring text 0 end) text))))
    (string-append (if (> (string-length text) 40)
                       (substring text 0 40)
                       text)
                   " ...")))

(define (next-top-level-place file line)
  ;; Where behind LINE a line begins with "(", or the file's end.
  (define (place line column)
    `((filename . ,file) (line . ,line) (column . ,column)))
  (let loop ((line (1+ line)) (before (or (source-line file line) "")))
    (let ((text (source-line file line)))
      (cond
       ((not text)
        (place (1- line) (index->column before (string-length before))))
       ((string-prefix? "(" text) (place line 0))
       (else (loop (1+ line) text))))))

(define (missing-parenthesis file start)
  ;; The form that begins at START, (line . column), does not end.
  (flow-error (next-top-level-place file (car start))
              "a ')' is missing before this: ~a began at line ~a"
              (first-words file (car start) (cdr start))
              (1+ (car start))))

(define (skip-string text i)
  ;; Where the string that begins at I of TEXT ends, or #f.
  (let loop ((i (1+ i)))
    (cond
     ((>= i (string-length text)) #f)
     ((eqv? (string-ref text i) #\\) (loop (+ i 2)))
     ((eqv? (string-ref text i) #\") i)
     (else (loop (1+ i))))))

(define (unclosed-string text i)
  ;; Where behind I the string begins that misses its end: the first that holds
  ;; the beginning of a later form, else the last.
  (let loop ((i i))
    (define (skip-to mark)
      (loop (or (string-contains text mark i) (string-length text))))
    (cond
     ((>= i (string-length text)) #f)
     ((eqv? (string-ref text i) #\;) (skip-to "\n"))
     ((string-prefix? "#|" text 0 2 i) (skip-to "|#"))
     ((string-prefix? "#<<" text 0 3 i)
      (let ((end (or (string-index text #\newline i) (string-length text))))
        (skip-to (string-append
                  "\n" (string-trim-both (substring text (+ i 3) end))))))
     ((string-prefix? "#\\" text 0 2 i) (loop (+ i 3)))
     ((eqv? (string-ref text i) #\")
      (let ((end (skip-string text i)))
        (if (and end (not (string-contains text "\n(" i end)))
            (loop (1+ end))
            i)))
     (else (loop (1+ i))))))

(define (line-index text line)
  ;; Where LINE, counted from 0, begins in TEXT.
  (let loop ((line line) (i 0))
    (if (zero? line)
        i
        (loop (1- line) (1+ (string-index text #\newline i))))))

(define (unclosed-place file text start)
  ;; The place of the string without an end in the form of TEXT at START.
  (let* ((i (unclosed-string text (line-index text (car start))))
         (line (if i (string-count text #\newline 0 i) (car start))))
    `((filename . ,file)
      (line . ,line)
      (column . ,(if i
                     (index->column (source-line file line)
                                    (- i (line-index text line)))
                     (cdr start))))))

(define (strip-place message)
  ;; MESSAGE of a read-error without its FILE:LINE:COLUMN; the place as values.
  (let* ((parts (string-split message #\:))
         (count (length parts)))
    (let loop ((before '()) (parts parts))
      (cond
       ((or (null? parts) (null? (cdr parts)) (null? (cddr parts)))
        (values message #f #f))
       ((and (pair? before)
             (string->number (car parts))
             (string->number (cadr parts)))
        (values (string-trim (string-join (cddr parts) ":"))
                (string->number (car parts))
                (string->number (cadr parts))))
       (else (loop (cons (car parts) before) (cdr parts)))))))

(define (raise-read-error file text start message args)
  (call-with-values (lambda () (strip-place message))
    (lambda (said line column)
      (let ((said (catch #t
                    (lambda () (apply simple-format #f said args))
                    (lambda _ said)))
            (place (list (cons 'filename file)
                         (cons 'line (if line (1- line) (car start)))
                         (cons 'column (if column (max 0 (1- column)) 0)))))
        (cond
         ((string-contains said "searching for")
          (missing-parenthesis file start))
         ((string-contains said "reading string")
          (flow-error (unclosed-place file text start)
                      "this string has no closing '\"'"))
         ((string-contains said "unexpected \")\"")
          (flow-error (assq-set! place 'column
                                 (max 0 (1- (assq-ref place 'column))))
                      "there is no '(' for this ')'"))
         (else (flow-error place "~a" said)))))))

(define (skip-to-form port)
  ;; Move PORT over blanks and comments; return where the next form begins.
  (let loop ()
    (let ((c (peek-char port)))
      (cond
       ((eof-object? c))
       ((char-whitespace? c) (read-char port) (loop))
       ((eqv? c #\;) (read-line port) (loop)))))
  (cons (port-line port) (port-column port)))

;;; Data as they are written.

(define max-source-length 16384)

(define (lines-from file line column count)
  ;; The text of FILE from there on, COUNT lines at most.
  (let ((first (source-line file line)))
    (let loop ((i (+ line count -1)) (lines '()))
      (if (> i line)
          (loop (1- i) (cons (source-line file i) lines))
          (string-join
           (cons (substring first (column->index first column))
                 (filter identity lines))
           "\n")))))

(define (datum-text text datum)
  ;; As much of TEXT as its first datum takes, if that is DATUM; else #f.
  (let ((port (open-input-string text)))
    (and (equal? (false-if-exception (read port)) datum)
         (string-drop-right text (string-length (read-string port))))))

(define (source-text place datum)
  "Return the text at PLACE, as syntax-source gives it, if DATUM is written there
and not very long; else #f."
  (define (field name) (and place (assq-ref place name)))
  (define file (field 'filename))
  (define first (and file (source-line file (field 'line))))
  (and first
       (<= (string-length first) max-source-length)
       (let loop ((count 8))
         (let ((text (lines-from file (field 'line) (field 'column) count)))
           (or (datum-text text datum)
               (and (<= (string-length text) max-source-length)
                    (source-line file (+ (field 'line) count))
                    (loop (* 2 count))))))))

(define (read-forms file text)
  ;; The syntax objects of the forms in TEXT, the content of FILE.
  (register-source! file text)
  (let ((port (open-input-string text)))
    (set-port-filename! port file)
    (let loop ((forms '()))
      (let* ((start (skip-to-form port))
             (form (catch 'read-error
                     (lambda () (read-syntax port))
                     (lambda (key who message args . rest)
                       (raise-read-error file text start message
                                         args)))))
        (if (eof-object? form)
            (reverse forms)
            (loop (cons form forms)))))))

(define (included-file form file)
  ;; The file that the top-level FORM of FILE loads or includes, or #f.
  (let ((datum (syntax->datum form)))
    (and (list? datum)
         (= (length datum) 2)
         (memq (car datum) '(load include))
         (string? (cadr datum))
         (let ((name (cadr datum)) (directory (dirname file)))
           (if (or (absolute-file-name? name) (string=? directory "."))
               name
               (string-append directory "/" name))))))

(define (read-included name form)
  (when (member name (included-files))
    (flow-error (syntax-source form) "~a is included twice" name))
  (included-files (cons name (included-files)))
  (form-place (syntax-source form))
  (read-flow name (%read-file name)))

(define (read-flow file text)
  "Return the list of syntax objects of the forms in TEXT, the content of FILE,
with those of the files that it loads or includes at top level in their place.
Raise flowmake-error if something cannot be read."
  (define forms (read-forms file text))
  (forms-read (acons file forms (forms-read)))
  (let loop ((forms forms) (result '()))
    (cond
     ((null? forms) (reverse result))
     ((included-file (car forms) file)
      => (lambda (name)
           (loop (cdr forms)
                 (append (reverse (read-included name (car forms)))
                         result))))
     (else (loop (cdr forms) (cons (car forms) result))))))
