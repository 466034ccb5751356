;;; What Flowfiles call, and the encoding of values.

(use-modules (in-evaluator))
(use-modules (srfi srfi-64) (tap) (driver) (flowmake)
             (flowmake primitives) (flowmake values))

(define (round-trip value)
  (%decode (%encode value "x")))

(define (same? value)
  (let ((copy (round-trip value)))
    (or (equal? value copy)
        (and (hash-table? value) (hash-table? copy)
             (equal? (sort-entries value) (sort-entries copy))))))

(define (sort-entries table)
  (sort (hash-map->list cons table)
        (lambda (a b) (string<? (object->string a) (object->string b)))))

(define (refusal value)
  (catch 'flowmake-error
    (lambda () (%encode value "the value of 'x'") "none")
    (lambda (key text . rest) text)))

(define (table . entries)
  (let ((table (make-hash-table)))
    (for-each (lambda (entry) (hash-set! table (car entry) (cdr entry)))
              entries)
    table))

(define (deep n)
  (let loop ((n n) (value '()))
    (if (zero? n) value (loop (1- n) (list value)))))

(define (circular)
  (let ((l (list 1 2 3)))
    (set-cdr! (cddr l) l)
    l))

(define (self-containing)
  (let ((v (vector 1 2)))
    (vector-set! v 1 (list v))
    v))

(define (through-file value)
  (let* ((fd (%create "value")) (format (%write-value fd value "x")))
    (%close fd)
    (list format
          (force-value (make-tagged 'object (list format "value"))))))

(define (error-of thunk)
  (catch 'flowmake-error
    (lambda () (thunk) "none")
    (lambda (key text . rest) text)))

(define (undocumented name)
  (filter (lambda (entry) entry)
          (module-map (lambda (name variable)
                        (let ((value (variable-ref variable)))
                          (and (procedure? value)
                               (not (procedure-documentation value))
                               name)))
                      (resolve-interface name))))

(test-begin "helpers")

(in-directory
 (lambda ()
   ;; The encoding.
   (for-each
    (lambda (value)
      (test-assert (string-append "the value comes back: "
                                  (show-value value))
        (same? value)))
    (list #t #f 0 -1 23 24 255 256 65536 -65537 (expt 2 62) (- (expt 2 63))
          (1- (expt 2 64)) (expt 2 64) (- (expt 2 64)) (- (1+ (expt 2 64)))
          (expt 7 200) 1/3 -5/7 0.5 -0.0 1e300 (inf) "" "a" "äöü€𝄞" 'sym
          #:key #\a #\€ '() '(1 2) '(1 . 2) '(1 2 . 3) '((a . 1) ("b" . 2))
          #() #(1 "x" #(2)) #vu8() #vu8(1 2 255) #f64(1.5 2.5) #s16(-1 2)
          #u32(4294967295) #f32(0.5) #2f64((1 2) (3 4)) #2((1 "a") (b 2.5))
          (table '(1 . 2) '("a" . b) '((x) . #(1))) (deep 100000)))
   (test-assert "not a number comes back" (nan? (round-trip (nan))))
   (test-equal "a text that stands for bytes comes back"
     (string #\a (integer->char #x10ffff))
     (round-trip (string #\a (integer->char #x10ffff))))
   (test-equal "equal tables have equal bytes"
     (%encode (table '(1 . 2) '("a" . b) '(c . 3)) "")
     (%encode (table '(c . 3) '(1 . 2) '("a" . b)) ""))
   (for-each
    (lambda (entry) (test-equal (cdr entry) (refusal (car entry))))
    `((,car . "the value of 'x' is a procedure")
      ((1 ,car) . "the 2nd element of the value of 'x' is a procedure")
      (#(1 2 (,(current-output-port)))
       . "the 1st element of the 3rd element of the value of 'x' is a port")
      (,(circular) . "the value of 'x' is a circular list")
      (,(list 1 (circular))
       . "the 2nd element of the value of 'x' is a circular list")
      (,*unspecified* . "the value of 'x' is the unspecified value")
      (,(table (cons 'a car))
       . "the entry for a of the value of 'x' is a procedure")
      (,(table (cons "k" (list 1 (table (cons '(1 2) car)))))
       . "the entry for (1 2) of the 2nd element of the entry for \"k\" of \
the value of 'x' is a procedure")
      (1+i . "the value of 'x' is a complex number")))
   (test-assert "a vector that contains itself is refused"
     (string-suffix? "is part of itself" (refusal (self-containing))))
   (for-each
    (lambda (value format)
      (test-equal (string-append "a file of format " format)
        (list format value) (through-file value)))
    (list "äö\n" #vu8(1 2 3) #f64(1 2 3) #2s32((1 2 3) (4 5 6)) #c64(1+2i)
          '(1 "x") #f64())
    (list "text" "bytes" "npy" "npy" "npy" "cbor" "npy"))

   ;; File names.
   (test-equal "patsubst of a name" "counts/a.tsv"
               (patsubst "books/%.txt" "counts/%.tsv" "books/a.txt"))
   (test-equal "patsubst of a list, some do not match" '("x.o" "y.h" "d/z.o")
               (patsubst "%.c" "%.o" '("x.c" "y.h" "d/z.c")))
   (test-equal "patsubst without a stem" '("b" "ab")
               (patsubst "a" "b" '("a" "ab")))
   (test-equal "notdir" '("a" "b.c" "") (notdir '("x/y/a" "b.c" "d/")))
   (test-equal "suffix" '(".c" ".gz") (suffix '("a.c" "d.e/f" "x.tar.gz")))
   (test-equal "suffix of one name" "" (suffix "d.e/f"))
   (test-equal "strip-suffix" '("a" "d.e/f" "x.tar")
               (strip-suffix '("a.c" "d.e/f" "x.tar.gz")))
   (test-equal "strip-suffix of a given one" '("x" "y.c")
               (strip-suffix '("x.tar.gz" "y.c") ".tar.gz"))
   (test-equal "addprefix" '("d/a" "d/b") (addprefix "d/" '(a "b")))
   (test-equal "addsuffix" "a.o" (addsuffix ".o" "a"))
   (for-each (lambda (name) (write-file name ""))
             '("t/b.txt" "t/B.txt" "t/a.txt" "t/ä.txt" "t/x.c"))
   (test-equal "wildcard is sorted bytewise"
     '("t/B.txt" "t/a.txt" "t/b.txt" "t/ä.txt") (wildcard "t/*.txt"))
   (test-equal "wildcard of several patterns" '("t/x.c" "t/B.txt")
               (wildcard "t/*.c" "t/[A-Z]*"))
   (test-equal "wildcard of a list of patterns" '("t/x.c")
               (wildcard '("t/*.c" "none*")))
   (system* "sh" "-c" "touch \"t/$(printf '\\377')\"")
   (let ((name (string-append "t/" (string (integer->char #x10ffff)))))
     (test-equal "a name that is not UTF-8 is found" (list name)
                 (wildcard (string-append "t/" (string (integer->char
                                                        #x10ffff)) "*")))
     (test-equal "and can be read" '() (tsv-rows name)))

   ;; The world.
   (test-equal "command-output runs a program without a shell" "a b  $HOME"
               (command-output "echo" "a" '(b " $HOME")))
   (test-equal "command-output fails with the program"
     "command-output: false ended with status 1"
     (error-of (lambda () (command-output "false"))))
   (test-equal "command-output names a program that is not there"
     "cannot run no-such-program: No such file or directory"
     (error-of (lambda () (command-output "no-such-program"))))
   (write-file "t.tsv" "a\tb\n1\t\n")
   (test-equal "tsv-rows" '(("a" "b") ("1" "")) (tsv-rows "t.tsv"))
   (write-file "t.csv" "a,\"b \"\"c\"\", d\",\r\n\"x\ny\",2,3")
   (test-equal "csv-rows" '(("a" "b \"c\", d" "") ("x\ny" "2" "3"))
               (csv-rows "t.csv"))
   (write-file "t.json" " {\"a\": [1, -2.5e1, true, null], \"b\\u00e4\": {},
 \"c\": \"\\ud834\\udd1e\\n\"} ")
   (test-equal "json-file"
     '(("a" 1 -25.0 #t null) ("bä") ("c" . "𝄞\n")) (json-file "t.json"))
   (write-file "t.json" "\"\\udcff\"")
   (test-equal "a byte that is not UTF-8" (string (integer->char #x10ffff))
               (json-file "t.json"))
   (write-file "t.json" "[1,\n 2 3]")
   (test-equal "what is no JSON has its place"
     "t.json is no JSON: line 2, column 4: ']' expected near '3'"
     (error-of (lambda () (json-file "t.json"))))
   (test-equal "format knows the directives of (ice-9 format)" "1.50"
               (format #f "~,2f" 1.5))
   (test-equal "getenv" "x" (begin (setenv "FLOWMAKE_T" "x")
                                   (getenv "FLOWMAKE_T")))

   ;; Texts of values.
   (test-equal "values have a text" "a b 1 0.5 c"
               (value->text '(a "b" (1 0.5) "c")))
   (test-equal "others have none"
     "#t has no text; only strings, numbers, symbols and lists of them have \
one"
     (error-of (lambda () (value->text #t))))
   (test-equal "all exported names have a doc string" '()
     (undocumented '(flowmake)))))

(test-end "helpers")
