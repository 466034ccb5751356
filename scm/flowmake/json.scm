;;; Reading JSON (RFC 8259).

(define-module (flowmake json)
  #:use-module (ice-9 rdelim)
  #:use-module (flowmake errors)
  #:export (parse-json))

(define (blank? c)
  (memv c '(#\space #\tab #\newline #\return)))

(define (skip-blanks port)
  (let ((c (peek-char port)))
    (when (and (char? c) (blank? c))
      (read-char port)
      (skip-blanks port))))

(define (parse-json text file)
  "Return the value of the JSON in TEXT: arrays as lists, objects as alists with
string keys, null as the symbol null.  Raise flowmake-error, which calls it
FILE, if it is not well-formed."
  (let ((port (open-input-string text)))
    (define (fail)
      (flow-error `((filename . ,file) (line . ,(port-line port))
                    (column . ,(port-column port)))
                  "this is not JSON"))
    (let ((value (read-value port fail)))
      (skip-blanks port)
      (unless (eof-object? (peek-char port))
        (fail))
      value)))

(define (read-value port fail)
  (skip-blanks port)
  (let ((c (peek-char port)))
    (cond
     ((eof-object? c) (fail))
     ((eqv? c #\{) (read-char port) (read-object port fail))
     ((eqv? c #\[) (read-char port) (read-array port fail))
     ((eqv? c #\") (read-char port) (read-text port fail))
     (else (read-word port fail)))))

(define (read-members port fail close read-member)
  ;; Members separated by commas up to CLOSE, whose opening was read.
  (skip-blanks port)
  (if (eqv? (peek-char port) close)
      (begin (read-char port) '())
      (let loop ((members (list (read-member))))
        (skip-blanks port)
        (let ((c (read-char port)))
          (cond
           ((eqv? c close) (reverse members))
           ((eqv? c #\,) (loop (cons (read-member) members)))
           (else (fail)))))))

(define (read-array port fail)
  (read-members port fail #\] (lambda () (read-value port fail))))

(define (read-object port fail)
  (read-members
   port fail #\}
   (lambda ()
     (skip-blanks port)
     (unless (eqv? (read-char port) #\")
       (fail))
     (let ((key (read-text port fail)))
       (skip-blanks port)
       (unless (eqv? (read-char port) #\:)
         (fail))
       (cons key (read-value port fail))))))

(define (read-code-unit port fail)
  (let loop ((left 4) (unit 0))
    (if (zero? left)
        unit
        (let* ((c (read-char port))
               (digit (and (char? c)
                           (char-set-contains? char-set:hex-digit c)
                           (string->number (string c) 16))))
          (if digit
              (loop (1- left) (+ (* 16 unit) digit))
              (fail))))))

(define (read-unicode port fail)
  ;; What \u stands for; two escapes may make one character, and a lone \udcXX
  ;; is the byte XX.
  (let ((unit (read-code-unit port fail)))
    (cond
     ((<= #xdc80 unit #xdcff)
      (integer->char (+ #x10ff00 (logand unit #xff))))
     ((<= #xd800 unit #xdbff)
      (unless (and (eqv? (read-char port) #\\) (eqv? (read-char port) #\u))
        (fail))
      (let ((low (read-code-unit port fail)))
        (unless (<= #xdc00 low #xdfff)
          (fail))
        (integer->char (+ #x10000 (ash (logand unit #x3ff) 10)
                          (logand low #x3ff)))))
     ((<= #xdc00 unit #xdfff) (fail))
     (else (integer->char unit)))))

(define (read-escape port fail)
  (let ((c (read-char port)))
    (case c
      ((#\" #\\ #\/) c)
      ((#\b) #\backspace)
      ((#\f) #\page)
      ((#\n) #\newline)
      ((#\r) #\return)
      ((#\t) #\tab)
      ((#\u) (read-unicode port fail))
      (else (fail)))))

(define (read-text port fail)
  (let loop ((chars '()))
    (let ((c (read-char port)))
      (cond
       ((or (eof-object? c) (eqv? c #\newline)) (fail))
       ((eqv? c #\") (list->string (reverse chars)))
       ((eqv? c #\\) (loop (cons (read-escape port fail) chars)))
       (else (loop (cons c chars)))))))

(define (number-text? text)
  ;; Whether TEXT is a JSON number, which not all of Scheme's are.
  (define end (string-length text))
  (define (digits from)
    (or (string-skip text char-set:digit from) end))
  (let* ((start (if (string-prefix? "-" text) 1 0))
         (whole (digits start))
         (fraction (if (and (< whole end)
                            (eqv? (string-ref text whole) #\.))
                       (let ((stop (digits (1+ whole))))
                         (if (= stop (1+ whole)) (1+ end) stop))
                       whole))
         (power (if (and (< fraction end)
                         (memv (string-ref text fraction) '(#\e #\E)))
                    (let* ((from (if (and (< (1+ fraction) end)
                                          (memv (string-ref
                                                 text (1+ fraction))
                                                '(#\+ #\-)))
                                     (+ 2 fraction)
                                     (1+ fraction)))
                           (stop (if (< from end) (digits from) from)))
                      (if (= stop from) (1+ end) stop))
                    fraction)))
    (and (> whole start)
         (or (= whole (1+ start))
             (not (eqv? (string-ref text start) #\0)))
         (= power end))))

(define (read-word port fail)
  (let ((text (read-delimited " \t\n\r,]}" port 'peek)))
    (cond
     ((string=? text "true") #t)
     ((string=? text "false") #f)
     ((string=? text "null") 'null)
     ((and (number-text? text) (string->number text 10)))
     (else (fail)))))
