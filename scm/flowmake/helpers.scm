;;; What Flowfiles call.  All that look at the world do so through observe.

(define-module (flowmake helpers)
  #:use-module (ice-9 match)
  #:use-module ((srfi srfi-1) #:select (append-map last))
  #:use-module (flowmake errors)
  #:use-module (flowmake manifest)
  #:use-module (flowmake primitives)
  #:use-module (flowmake values)
  #:replace (getenv format)
  #:export (wildcard
            patsubst
            notdir
            suffix
            strip-suffix
            addprefix
            addsuffix
            command-output
            tsv-rows
            csv-rows
            json-file
            current-milliseconds
            look-again))

;;; File names.  Each takes a name or a list of names, and gives the same.

(define (over-names proc names)
  (if (list? names)
      (map (lambda (name) (proc (value->text name))) names)
      (proc (value->text names))))

(define (wildcard . patterns)
  "Return the files that match one of PATTERNS, in which *, ? and [...] stand
for parts of a name, as in a shell; each pattern's are sorted bytewise.
Example: (wildcard \"books/*.txt\")"
  (append-map
   (lambda (pattern)
     (let ((text (value->text pattern)))
       (observe "wildcard" text (lambda () (%glob text)))))
   (given-list patterns)))

(define (given-list patterns)
  ;; The elements of PATTERNS, or of the only one, a list.
  (if (and (pair? patterns) (null? (cdr patterns)) (list? (car patterns)))
      (car patterns)
      patterns))

(define (split-pattern pattern)
  ;; (BEFORE . AFTER) the first % of PATTERN, or #f.
  (let ((at (string-index pattern #\%)))
    (and at
         (cons (substring pattern 0 at) (substring pattern (1+ at))))))

(define (patsubst pattern replacement names)
  "Return NAMES, a name or a list of names, with each that matches PATTERN, in
which % stands for anything, replaced by REPLACEMENT, in which % stands for the
same; other names stay as they are.
Example: (patsubst \"books/%.txt\" \"counts/%.tsv\" \"books/a.txt\")"
  (let ((from (split-pattern pattern))
        (to (split-pattern replacement)))
    (define (substitute name)
      (cond
       ((not from)
        (if (string=? name pattern) replacement name))
       ((and (>= (string-length name)
                 (+ (string-length (car from)) (string-length (cdr from))))
             (string-prefix? (car from) name)
             (string-suffix? (cdr from) name))
        (if to
            (string-append
             (car to)
             (substring name (string-length (car from))
                        (- (string-length name)
                           (string-length (cdr from))))
             (cdr to))
            replacement))
       (else name)))
    (over-names substitute names)))

(define (notdir names)
  "Return what stands behind the last / of each of NAMES."
  (over-names
   (lambda (name)
     (substring name (let ((at (string-rindex name #\/)))
                       (if at (1+ at) 0))))
   names))

(define (suffix-start name)
  (let ((dot (string-rindex name #\.))
        (slash (string-rindex name #\/)))
    (and dot (or (not slash) (< slash dot)) dot)))

(define (suffix names)
  "Return the suffix of each of NAMES, from its last dot on; \"\" if there is
none.  Of a list, names without one are left out, as GNU Make does."
  (let ((one (lambda (name)
               (let ((at (suffix-start name)))
                 (if at (substring name at) "")))))
    (if (list? names)
        (filter (lambda (text) (not (string-null? text)))
                (over-names one names))
        (over-names one names))))

(define* (strip-suffix names #:optional (ending #f))
  "Return each of NAMES without ENDING, or without its suffix from the last dot
on if ENDING is not given.  A name that does not end so stays as it is."
  (over-names
   (lambda (name)
     (cond
      ((not ending)
       (substring name 0 (or (suffix-start name) (string-length name))))
      ((string-suffix? ending name)
       (substring name 0 (- (string-length name) (string-length ending))))
      (else name)))
   names))

(define (addprefix prefix names)
  "Return each of NAMES with PREFIX before it."
  (over-names (lambda (name) (string-append prefix name)) names))

(define (addsuffix suffix names)
  "Return each of NAMES with SUFFIX behind it."
  (over-names (lambda (name) (string-append name suffix)) names))

;;; The world.

(define (getenv name)
  "Return the variable NAME of flowmake's environment, or #f.  What loading a
Flowfile reads so is recorded."
  (let ((name (value->text name)))
    (observe "getenv" name (lambda () (%getenv name)))))

(define (command-failed words status)
  (flow-error #f "command-output: ~a ended with ~a" (car words)
              (if (status:exit-val status)
                  (simple-format #f "status ~a" (status:exit-val status))
                  (simple-format #f "signal ~a" (status:term-sig status)))))

(define (command-output program . args)
  "Return what PROGRAM, run with ARGS and no shell, writes, without its last
newline.  Raise flowmake-error if it does not end with status 0."
  (let ((words (value->words (cons program args))))
    (observe "command-output" words
             (lambda ()
               (let ((result (%run-command words)))
                 (unless (zero? (car result))
                   (command-failed words (car result)))
                 (string-chomp (cdr result)))))))

(define (string-chomp text)
  (if (string-suffix? "\n" text)
      (substring text 0 (1- (string-length text)))
      text))

(define (current-milliseconds)
  "Return the milliseconds since 1970 began, an integer."
  (%current-milliseconds))

;;; Tables.

(define (read-table file)
  ;; The text of FILE without the mark that programs of Windows put before it.
  (let ((text (%read-file file)))
    (if (string-prefix? "\ufeff" text)
        (substring text 1)
        text)))

(define (text-lines text)
  (let ((lines (map (lambda (line) (string-trim-right line #\return))
                    (string-split text #\newline))))
    (if (and (pair? lines) (string-null? (last lines)))
        (list-head lines (1- (length lines)))
        lines)))

(define (tsv-rows file)
  "Return the rows of FILE, whose columns are separated by tabs: a list of lists
of strings.  Nothing is quoted in such a file."
  (let ((file (value->text file)))
    (observe "tsv-rows" file
             (lambda ()
               (map (lambda (line) (string-split line #\tab))
                    (text-lines (read-table file)))))))

(define (parse-csv file table)
  ;; RFC 4180; a lone carriage return before a newline is no data.
  (define end (string-length table))
  (define (unclosed opening)
    (flow-error #f "csv-rows: ~a, line ~a: a quote is opened and not closed"
                file (1+ (string-count table #\newline 0 opening))))
  (define (quoted opening at chars)
    ;; The field behind the quote at OPENING: its text and the next index.
    (let ((quote (or (string-index table #\" at) (unclosed opening))))
      (let ((chars (cons (substring table at quote) chars)))
        (if (and (< (1+ quote) end)
                 (eqv? (string-ref table (1+ quote)) #\"))
            (quoted opening (+ quote 2) (cons "\"" chars))
            (values (string-concatenate (reverse chars))
                    (1+ quote))))))
  (define (plain at)
    (let ((stop (or (string-index table (lambda (c) (memv c '(#\, #\newline)))
                                  at)
                    end)))
      (values (substring table at stop) stop)))
  (define (field at)
    (if (and (< at end) (eqv? (string-ref table at) #\"))
        (call-with-values (lambda () (quoted at (1+ at) '()))
          (lambda (text at)
            (call-with-values (lambda () (plain at))
              (lambda (rest at)
                (values (string-append text (string-trim-right
                                             rest #\return))
                        at)))))
        (call-with-values (lambda () (plain at))
          (lambda (text at)
            (values (string-trim-right text #\return) at)))))
  (let loop ((at 0) (row '()) (rows '()))
    (if (and (= at end) (null? row))
        (reverse rows)
        (call-with-values (lambda () (field at))
          (lambda (text at)
            (cond
             ((and (< at end) (eqv? (string-ref table at) #\,))
              (loop (1+ at) (cons text row) rows))
             (else
              (loop (min end (1+ at)) '()
                    (cons (reverse (cons text row)) rows)))))))))

(define (csv-rows file)
  "Return the rows of FILE, a table as RFC 4180 describes it: a list of lists of
strings."
  (let ((file (value->text file)))
    (observe "csv-rows" file
             (lambda () (parse-csv file (read-table file))))))

(define (json-file file)
  "Return the value of the JSON in FILE: arrays as lists, objects as alists with
string keys, null as the symbol null.  Integers have 64 bits at most."
  (let ((file (value->text file)))
    (observe "json-file" file (lambda () (%read-json file)))))

;;; Looking once more.

(define (look-again kind query)
  "Return the answer that QUERY of KIND, as observe has them, gets now."
  (match kind
    ("wildcard" (wildcard query))
    ("getenv" (getenv query))
    ("command-output" (apply command-output query))
    ("tsv-rows" (tsv-rows query))
    ("csv-rows" (csv-rows query))
    ("json-file" (json-file query))))

;;; Guile's format knows few directives until (ice-9 format) is loaded.

(define (format . args)
  "Like format of (ice-9 format), which is loaded at the first call."
  (apply (module-ref (resolve-interface '(ice-9 format)) 'format) args))
