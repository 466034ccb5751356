;;; #{EXPR} in string literals.
;;;
;;; The expression is read from the literal's text and gets the literal's own
;;; lexical context; only its top is re-rooted, for wrapping every level would
;;; lose bindings.  "}" may be part of a symbol, so successive prefixes that
;;; end before a "}" are tried.

(define-module (flowmake interpolate)
  #:use-module (flowmake errors)
  #:use-module (flowmake reader)
  #:export (literal-string
            has-holes?
            literal-pieces
            hole-label
            interpolate-expression))

(define (literal-string stx)
  "Return the string that STX is a literal of, or #f."
  (let ((datum (syntax->datum stx)))
    (and (string? datum) datum)))

(define (has-holes? string)
  "Return whether #{ stands in STRING."
  (string-contains string "#{"))

;;; Places inside literals.  Within lines these are indexes of characters.

(define (escape-length line index)
  ;; How many characters the escape at INDEX of LINE takes, a backslash
  ;; first.
  (let ((c (and (< (1+ index) (string-length line))
                (string-ref line (1+ index)))))
    (case c
      ((#\x) 4)
      ((#\u) 6)
      ((#\U) 8)
      (else 2))))

(define (walk-string file line at count)
  ;; The place of character COUNT of the string literal whose content begins
  ;; at index AT of LINE.
  (let loop ((line line) (at at) (count count))
    (let ((text (or (source-line file line) "")))
      (cond
       ;; A backslash at a line's end continues the string on the next.
       ((and (= (1+ at) (string-length text))
             (eqv? (string-ref text at) #\\))
        (loop (1+ line) 0 count))
       ((zero? count)
        (cons line at))
       ((>= at (string-length text))
        (if (source-line file (1+ line))
            (loop (1+ line) 0 (1- count))
            (cons line at)))
       ((eqv? (string-ref text at) #\\)
        (loop line (+ at (escape-length text at)) (1- count)))
       (else
        (loop line (1+ at) (1- count)))))))

(define (walk-here-string string line count)
  (let loop ((from 0) (line line))
    (let ((newline (string-index string #\newline from)))
      (if (and newline (< newline count))
          (loop (1+ newline) (1+ line))
          (cons line (- count from))))))

(define (literal-place-at stx index)
  ;; The place in its file of the character INDEX of the string literal STX.
  (let* ((place (syntax-source stx))
         (file (and place (assq-ref place 'filename)))
         (line (and place (assq-ref place 'line)))
         (column (and place (assq-ref place 'column)))
         (text (and file line (source-line file line))))
    (define (at position)
      `((filename . ,file) (line . ,(car position))
        (column . ,(index->column (or (source-line file (car position)) "")
                                  (cdr position)))))
    (define start (and text column (column->index text column)))
    (cond
     ((or (not start) (>= start (string-length text)))
      place)
     ((eqv? (string-ref text start) #\")
      (at (walk-string file line (1+ start) index)))
     ((string-prefix? "#<<" (substring text start))
      (at (walk-here-string (literal-string stx) (1+ line) index)))
     (else place))))

;;; Reading a hole.

(define plain-symbol-chars
  ;; What a symbol may hold so that it need not be handed to the reader.
  (char-set-adjoin (char-set-union char-set:letter char-set:digit)
                   #\- #\_ #\* #\/ #\! #\? #\< #\> #\= #\+ #\% #\& #\^ #\~))

(define (read-datum text place)
  ;; TEXT read as exactly one datum, or #f.
  (let ((port (open-input-string text)))
    (when place
      (set-port-filename! port (assq-ref place 'filename))
      (set-port-line! port (assq-ref place 'line))
      (set-port-column! port (assq-ref place 'column)))
    (catch 'read-error
      (lambda ()
        (let ((stx (read-syntax port)))
          (and (not (eof-object? stx))
               (eof-object? (read-syntax port))
               stx)))
      (lambda _ #f))))

(define (reroot literal stx place)
  (datum->syntax literal (syntax-expression* stx)
                 #:source (or (syntax-source stx) place)))

(define syntax-expression*
  (@@ (system syntax internal) syntax-expression))

(define hole-label
  ;; What stands before a message about a hole: "step 'count': ".
  (make-parameter ""))

(define (read-hole literal text start)
  ;; The expression of the hole whose content begins at START of TEXT, as
  ;; syntax, and the index behind its "}".
  (define place (literal-place-at literal start))
  (define (fail message)
    (flow-error (or (literal-place-at literal (- start 2))
                    (syntax-source literal))
                "~a~a" (hole-label) message))
  (let loop ((from start))
    (let ((close (string-index text #\} from)))
      (unless close
        (fail (if (= from start)
                  "#{ has no matching }"
                  "what stands between #{ and } is not one expression")))
      (let ((inside (substring text start close)))
        (cond
         ((string-null? (string-trim-both inside))
          (fail "there is nothing between #{ and }"))
         ((and (string-every plain-symbol-chars inside)
               (not (string->number inside)))
          (values (datum->syntax literal (string->symbol inside)
                                 #:source place)
                  (1+ close)))
         ((read-datum inside place)
          => (lambda (stx)
               (values (reroot literal stx place) (1+ close))))
         (else (loop (1+ close))))))))

(define (literal-pieces literal)
  "Return the list of strings and pairs (place . syntax) that the string
literal LITERAL consists of: texts and holes in turn, beginning and ending with
a text."
  (let ((text (literal-string literal)))
    (let loop ((from 0) (pieces '()))
      (let ((open (string-contains text "#{" from)))
        (if open
            (call-with-values
                (lambda () (read-hole literal text (+ open 2)))
              (lambda (stx next)
                (loop next
                      (cons* (cons (literal-place-at literal open) stx)
                             (substring text from open)
                             pieces))))
            (reverse (cons (substring text from) pieces)))))))

;;; Strings inside expressions.

(define (datum-has-holes? datum)
  (cond
   ((string? datum) (has-holes? datum))
   ((pair? datum)
    (and (not (eq? (car datum) 'quote))
         (or (datum-has-holes? (car datum))
             (datum-has-holes? (cdr datum)))))
   (else #f)))

(define (join-expression literal)
  (let ((place (syntax-source literal)))
    (datum->syntax
     #f
     (cons #'(@ (flowmake values) join-texts)
           (map (lambda (piece)
                  (if (pair? piece)
                      (interpolate-expression (cdr piece))
                      piece))
                (literal-pieces literal)))
     #:source place)))

(define (rebuild stx)
  (syntax-case stx ()
    ((head . rest)
     (if (eq? (syntax->datum #'head) 'quote)
         stx
         (let ((pair (cons (rebuild #'head) (rebuild-rest #'rest)))
               (place (syntax-source stx)))
           (if place
               (datum->syntax #f pair #:source place)
               pair))))
    (_
     (let ((string (literal-string stx)))
       (if (and string (has-holes? string))
           (join-expression stx)
           stx)))))

(define (rebuild-rest stx)
  (syntax-case stx ()
    ((head . rest)
     (cons (rebuild #'head) (rebuild-rest #'rest)))
    (_ (rebuild stx))))

(define (interpolate-expression stx)
  "Return the expression STX with each string literal in it that has holes, but
for what is quoted, replaced by an expression that makes the string."
  (if (datum-has-holes? (syntax->datum stx))
      (rebuild stx)
      stx))
