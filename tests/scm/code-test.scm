;;; The digests that stand for Scheme code in keys, and the cache of compiled
;;; Flowfiles.

(use-modules (in-evaluator))
(use-modules (ice-9 match) ((srfi srfi-1) #:select (filter-map lset-difference))
             (srfi srfi-64) (rnrs bytevectors) (tap) (driver))

(define* (whole-code-of text #:optional (name "a"))
  "Return the CODE of the step NAME of a Flowfile of TEXT."
  (write-file "Flowfile" text)
  (let ((e (start-evaluator)))
    (when (evaluator-error e)
      (error (evaluator-error e)))
    (let ((code (list-ref (ref (template-named e name) "recipe") 3)))
      (stop-evaluator e)
      code)))

(define* (code-of text #:optional (name "a"))
  "Return the same without the sources, which do not count."
  (map (match-lambda
         ((part digest ((? unspecified?) . _)) (list part digest))
         (entry entry))
       (whole-code-of text name)))

(define* (mentions-of text #:optional (name "a"))
  "Return what the expressions of that step mention: (PART VALUE-OR-TEXT)."
  (write-file "Flowfile" text)
  (let* ((e (start-evaluator))
         (mentions (ref (template-named e name) "mentions")))
    (stop-evaluator e)
    (map (match-lambda
           ((part _ ((? unspecified?) "Flowfile" text)) (list part text))
           ((part _ (? unspecified?)) (list part #f))
           ((part _ value) (list part value)))
         mentions)))

(define* (sources-of text #:optional (name "a"))
  "Return the sources in there: (PART TEXT)."
  (filter-map (match-lambda
                ((part digest ((? unspecified?) "Flowfile" text))
                 (list part text))
                (_ #f))
              (whole-code-of text name)))

(define* (strings-of text #:optional (name "a"))
  "Return the strings of the same recipe."
  (write-file "Flowfile" text)
  (let* ((e (start-evaluator))
         (strings (list-ref (ref (template-named e name) "recipe") 4)))
    (stop-evaluator e)
    strings))

(define (part code name)
  (let ((entry (assoc name code)))
    (and entry (cadr entry))))

(define base
  "(define (helper x) (* x factor))
(define factor 3)
(define (unrelated) 1)
(define-syntax-rule (twice e) (+ e e))
(step a (produces n) (scheme (twice (helper 2))))")

(define (replace text from to)
  (let ((at (string-contains text from)))
    (string-append (substring text 0 at) to
                   (substring text (+ at (string-length from))))))

(define (changes? from to)
  "Return the names of the parts of base's code that differ when FROM is
replaced by TO."
  (let ((old (code-of base))
        (new (code-of (replace base from to))))
    (filter (lambda (name)
              (not (equal? (part old name) (part new name))))
            (map car new))))

(define cache-directory "cache")

(define (cached-files)
  (let loop ((dir (opendir cache-directory)) (files '()))
    (let ((file (readdir dir)))
      (cond
       ((eof-object? file) (closedir dir) (sort files string<?))
       ((string-suffix? ".go" file) (loop dir (cons file files)))
       (else (loop dir files))))))

(define (run-a)
  ;; What step a's recipe gives, loaded with the cache.
  (let* ((e (start-evaluator #:cache cache-directory))
         (result (if (evaluator-error e)
                     (evaluator-error e)
                     (run-recipe e (step-named e "a")))))
    (stop-evaluator e)
    result))

(test-begin "code")

(in-directory
 (lambda ()
   (test-equal "a body brings what it mentions, transitively"
     '("scheme" "definition factor" "definition helper" "definition twice")
     (map car (code-of base)))
   (test-equal "comments, layout and order do not count"
     (code-of base)
     (code-of ";; hello
(define factor    3) ; three
(define-syntax-rule (twice e) (+ e e))
(define (helper x)
   (* x factor))
(step a
   (produces n)
   (scheme (twice (helper 2))))"))
   (test-equal "an unrelated definition does not count"
     '() (changes? "(unrelated) 1" "(unrelated) 2"))
   (test-equal "data count by value"
     '() (changes? "factor 3" "factor (+ 1 2)"))
   (test-equal "parameters are told from definitions"
     '("scheme" "parameter p")
     (map car (code-of "(parameter p 1) (step a (scheme (display p)))")))
   (test-equal "short data bring their values"
     '("scheme" "definition f" "definition long" (3) ("a"))
     (map (match-lambda
            ((name _ (? unspecified?)) name)
            ((name _) name)
            ((name _ value) (list value)))
          (code-of "(define n 3) (define (f x) x) (define s \"a\")
(define long (iota 100))
(step a (scheme (list (f n) s (car long))))"
)))
   (test-equal "code brings how it is written"
     '(("scheme" "(scheme (twice  ; it\n (helper 2)))")
       ("definition helper" "(define (helper x) (* x factor))")
       ("definition twice" "(define-syntax-rule (twice e) (+ e e))"))
     (sources-of (replace base "twice (h" "twice  ; it\n (h")))
   (test-equal "... also what is set again, and what follows a tab"
     '(("scheme" "(scheme (f \"#)\"))")
       ("definition f" "(define (f) 1)\n(set! f (lambda () \n2))"))
     (sources-of "#| ( |# (define (f) 1) (set! f (lambda () \n2))
\t(step a (produces n)\t(scheme (f \"#)\")))"))
   (test-equal "... and what is bound around a body, but no other step"
     '(("scheme" "(scheme (f 1))\n(f (lambda (x) (* x 2)))"))
     (sources-of "(let ((f (lambda (x) (* x 2))) (y 5))
(step b (shell \"x\")) (step a (produces n) (scheme (f 1))))"))
   (test-equal "... each once"
     '("definition f")
     (let ((text "(define (f) 1)
(step a (scheme (f))) (step b (scheme (f) (f)))"))
       (lset-difference equal?
                        (map car (sources-of text "a"))
                        (map car (sources-of text "b")))))
   (test-equal "... unless it is very long"
     '("scheme")
     (map car (sources-of (format #f "(define (f) ~s)
(step a (scheme (f)))" (make-string 20000 #\x)))))
   (test-equal "what expressions mention comes, too, long data as written"
     '(("definition base" 3)
       ("definition f" "(define (f x) (+ (g x) base))")
       ("definition g" "(define (g x) (list-ref rows x))")
       ("definition rows" "(define rows (iota 9))")
       ("parameter p" ("x" "y")))
     (mentions-of "(define rows (iota 9)) (define base 3) (define other 1)
(parameter p (list \"x\" \"y\"))
(define (g x) (list-ref rows x))
(define (f x) (+ (g x) base))
(step a (foreach other p) (produces n) (output o \"o\")
  (shell \"#{(f 1)} #{other} #{o} #{n}\"))"))
   (test-equal "... of a scheme recipe but those of its body"
     '(("definition base" 3))
     (mentions-of "(define base 3) (define (f) 1)
(step a (resources #:cpu base) (produces n) (scheme (f)))"))
   (test-equal "... and what is bound around the step"
     '(("definition around the step" "(define (l x) (* x base))")
       ("definition base" 3))
     (mentions-of "(define base 3)
(define (make name)
  (define (l x) (* x base))
  (step ,name (shell \"echo #{(l 1)}\")))
(make \"a\")"))
   (test-equal "... which for constants and names is nothing" '()
     (mentions-of "(define base 3)
(step a (foreach x (list 1 2)) (output o \"base #{x}\")
  (shell \"echo #{x} > #{o}\"))"))
   (test-equal "a changed value changes its part alone"
     '("definition factor") (changes? "factor 3" "factor 4"))
   (test-equal "a changed procedure changes its part alone"
     '("definition helper") (changes? "(* x factor)" "(* factor x)"))
   (test-equal "a changed macro changes its part alone"
     '("definition twice") (changes? "(+ e e)" "(* 2 e)"))
   (test-equal "a changed body changes its part"
     '("scheme") (changes? "(helper 2)" "(helper 3)"))
   (test-equal "data that cannot be encoded make a part unknown"
     *unspecified*
     (part (code-of "(define t (current-output-port))
(step a (scheme (display 1 t)))")
           "definition t"))
   (test-assert "what a procedure closes over counts by value"
     (let ((text "(define f (let ((n 3)) (lambda (x) (+ x (random n)))))
(define (g m) (lambda (x) (+ x m)))
(define h (g 5))
(step a (scheme (h 1)))"))
       (not (equal? (part (code-of text) "definition h, closed over")
                    (part (code-of (replace text "(g 5)" "(g 6)"))
                          "definition h, closed over")))))
   (test-equal "the strings that may name files come with it"
     '("a.txt" "b.txt" "c.txt")
     (strings-of "(define name \"c.txt\")
(define (f) (open-input-file \"b.txt\"))
(step a (scheme (f) (display '(\"a.txt\" \"two\nlines\")) (display name)))"))
   (test-assert "what set! gives to a definition counts"
     (let ((text "(define (f) 1) (set! f (lambda () 2))
(step a (produces n) (scheme (f)))"))
       (not (equal? (code-of text)
                    (code-of (replace text "() 2" "() 3"))))))
   (test-assert "a macro that is defined again counts as it was then"
     (let ((again "(define-syntax-rule (k) 1) (define-syntax-rule (k) 2) ")
           (use "(define (f) (k)) ")
           (step "(step a (produces n) (scheme (f)))"))
       (not (equal? (code-of (string-append again use step))
                    (code-of (string-append
                              (replace again "(define-syntax-rule (k) 2)" use)
                              "(define-syntax-rule (k) 2)" step))))))
   (let ((text "(define (declare name f)
  (step ,name (produces n) (scheme (f 1))))
(declare \"a\" (lambda (x) (+ x 1)))
(declare \"b\" (lambda (x) (+ x 2)))"))
     (test-assert "a procedure given to the one that declares a step counts"
       (not (equal? (code-of text)
                    (code-of (replace text "+ x 1" "+ x 3")))))
     (test-equal "that of another step does not"
       (code-of text) (code-of (replace text "+ x 2" "+ x 3")))
     (test-assert "two of one form are told apart"
       (let ((text "(for-each (lambda (name f)
  (step ,name (produces n) (scheme (f 1))))
 '(a b) (list (lambda (x) 1) (lambda (x) 2)))"))
         (not (equal? (code-of text "a") (code-of text "b")))))
     (test-assert "one of Guile's counts by its name"
       (let ((text (replace text "(lambda (x) (+ x 1))" "1+")))
         (not (equal? (code-of text)
                      (code-of (replace text "1+" "1-")))))))
   (test-assert "steps of one loop differ by what they close over"
     (let ((text "(for-each (lambda (l) (step ,(symbol-append 'a l)
(scheme (display l)))) '(x y))"))
       (not (equal? (code-of text "ax") (code-of text "ay")))))
   (let ((text "(let ((f (lambda (x) (* x 2))) (y 5))
(step a (shell \"x\"))
(step b (produces n) (scheme (f 1))))"))
     (test-assert "a procedure defined around a step counts"
       (not (equal? (code-of text "b")
                    (code-of (replace text "* x 2" "+ x 2") "b"))))
     (test-equal "other steps and data around it do not"
       (code-of text "b")
       (code-of (replace (replace text "\"x\"" "\"y\"") "(y 5)" "(y 6)")
                "b")))
   (let ((text "(use-modules (srfi srfi-9))
(define-record-type point (make-point x) point? (x point-x))
(step a (produces n) (scheme (point-x (make-point 1))))"))
     (test-assert "record types count by source"
       (and-map bytevector? (map cadr (code-of text))))
     (test-assert "a changed record type changes them"
       (not (equal? (code-of text)
                    (code-of (replace text "(x point-x)"
                                      "(y point-y) (x point-x)"))))))
   (let ((text "(load \"more.scm\")
(step a (produces n) (scheme (f 1)))"))
     (write-file "more.scm" "(define (f x) x)\n(define (g x) y)\n")
     (test-equal "an unbound name in an included file has its place"
       "more.scm:2:15: unbound variable 'y'" (load-error text))
     (write-file "more.scm" "(define (f x) x)")
     (let ((old (code-of text)))
       (write-file "more.scm" "(define (f x) (+ x 1))")
       (test-assert "definitions of an included file count"
         (not (equal? (part old "definition f")
                      (part (code-of text) "definition f"))))))
   (write-file "lib.scm" "(define-module (lib) #:export (f))
(define (f x) (+ x 1))")
   (let* ((text "(use-modules (lib))
(step a (produces n) (scheme (f 1)))")
          (old (code-of text)))
     (test-equal "a module of the project counts by its file"
       '("scheme" "module lib.scm") (map car old))
     (write-file "lib.scm" "(define-module (lib) #:export (f))
(define (f x) (+ x 2))")
     (test-assert "a changed module changes its part"
       (not (equal? (part old "module lib.scm")
                    (part (code-of text) "module lib.scm")))))
   (let* ((many (string-concatenate
                 (map (lambda (i) (format #f "(define x~a ~a)\n" i i))
                      (iota 3001))))
          (text (string-append many "(define (f x) (+ x x7))
(step a (produces n) (scheme (f 3)))\n")))
     (test-equal "a long Flowfile is interpreted, its code known"
       '("scheme" "definition f" "definition x7")
       (map car (filter (lambda (part) (bytevector? (cadr part)))
                        (code-of text))))
     (test-equal "an unbound name in it is found"
       "Flowfile:3004:2: unbound variable 'g'"
       (load-error (string-append text "(g 4)")))
     (test-equal "an error in it has its place"
       "Flowfile:3004:10: car: Wrong type argument in position 1 \
(expecting pair): 11/2"
       (load-error (string-append text "(list 'a (car (f -3/2)))\n"))))
   (mkdir cache-directory)
   (write-file "Flowfile" "(parameter p 1)
(step a (foreach x (list p 2)) (environment (X x)) (shell \"echo $X\"))")
   (stop-evaluator (start-evaluator #:cache cache-directory))
   (test-equal "one that only declares something is not compiled"
     0 (length (cached-files)))
   (write-file "Flowfile" "(parameter p (current-time))
(step a (environment (P p)) (shell \"echo $P\"))")
   (stop-evaluator (start-evaluator #:cache cache-directory))
   (test-equal "... unless it must be run each time"
     1 (length (cached-files)))
   (delete-file (string-append cache-directory "/" (car (cached-files))))
   (mkdir "cache of modules")
   (write-file "lib.scm" "(define-module (lib) #:export (f))
(define (f x)
  (+ 1 (car x)))")
   (test-equal "... or has a module, an error in which has its place"
     "lib.scm:3:8: car: Wrong type (expecting pair): 5"
     (load-error "(parameter p (list ((@ (lib) f) 5)))
(step a (shell \"echo #{p}\"))" #:cache "cache of modules"))
   (test-equal "... or may change a constant, which is an error"
     "Flowfile:1:23: sort!: Wrong type argument in position 1 \
(expecting mutable pair): (2 1)"
     (load-error "(parameter p (list 'a (sort! '(2 1) <)))
(step a (shell \"echo #{p}\"))"))
   (write-file "Flowfile" base)
   (test-equal "a compiled Flowfile works" '(("inline" 12)) (run-a))
   (test-equal "it is kept" 1 (length (cached-files)))
   (test-equal "the cached one works" '(("inline" 12)) (run-a))
   (write-file "Flowfile" (replace base "factor 3" "factor 4"))
   (test-equal "another text is compiled anew" '(("inline" 16)) (run-a))
   (write-file "macros.scm" "(define-module (macros) #:export (m))
(define-syntax-rule (m x) (+ x 1))")
   (write-file "Flowfile" "(use-modules (macros))
(step a (produces n) (scheme (m 1)))")
   (test-equal "a macro of a module works" '(("inline" 2)) (run-a))
   (write-file "macros.scm" "(define-module (macros) #:export (m))
(define-syntax-rule (m x) (+ x 10))")
   (test-equal "a changed module of macros is noticed"
     '(("inline" 11)) (run-a))
   (write-file "macros.scm" "(define (k) 20)")
   (write-file "Flowfile" "(include \"macros.scm\")
(step a (produces n) (scheme (k)))")
   (test-equal "an included file works" '(("inline" 20)) (run-a))
   (write-file "macros.scm" "(define (k) 30)")
   (test-equal "a changed included file is noticed"
     '(("inline" 30)) (run-a))
   (set! cache-directory "/proc/none")
   (test-equal "a cache that cannot be written does no harm"
     '(("inline" 30)) (run-a))))

(test-end "code")
