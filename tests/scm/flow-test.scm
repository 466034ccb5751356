;;; The example flows of the language, as the engine sees them.

(use-modules (in-evaluator))
(use-modules (srfi srfi-64) (tap) (driver))

(define-syntax-rule (with-flow (e text option ...) body ...)
  (begin
    (write-file "Flowfile" text)
    (let ((e (start-evaluator option ...)))
      (when (evaluator-error e)
        (error (evaluator-error e)))
      body ...
      (stop-evaluator e))))

(define (names-of e step)
  (map car (ref (template-named e step) "names")))

(define (ask-once e step . options)
  (let* ((socket (open-child e))
         (answer (apply ask socket (step-named e step) options)))
    ((@ (flowmake primitives) %close) socket)
    answer))

(define (recipe-of e step)
  (ref (template-named e step) "recipe"))

(define wordcount "(parameter shortest 4 \"Ignore words shorter than this.\")

(define (counts book)
  (patsubst \"books/%.txt\" \"counts/%.tsv\" book))

(step count
  \"Count the words of one book.\"
  (foreach book (wildcard \"books/*.txt\"))
  (input text book)
  (output table (counts book))
  (shell #<<END
tr -cs A-Za-z '\\n' < #{text} | awk 'length >= #{shortest}' | sort > #{table}
END))

(step total
  (join count table)
  (output all \"total.tsv\")
  (batch #:cpu 8 #:memory 60000)
  (shell \"cat #{table} | awk '{n[$2] += $1}' | sort -rn > #{all}\"))
")

(define (test-wordcount)
  (write-file "books/b.txt" "")
  (write-file "books/a.txt" "")
  (with-flow (e wordcount #:parameters '(("shortest" "7")))
    (test-equal "steps come in the order of the Flowfile"
      '("count" "total") (map cadr (evaluator-steps e)))
    (test-equal "a parameter is given"
      '("shortest" 7 "Ignore words shorter than this." #t)
      (car (ref (evaluator-loaded e) "parameters")))
    (test-equal "the scope is in order"
      '("book" "text" "table" "attempt" "inputs" "outputs")
      (names-of e "count"))
    (test-equal "a doc string comes along"
      "Count the words of one book."
      (ref (template-named e "count") "doc"))
    (test-equal "holes that are names need no thunk, each has its quotes"
      '("tr -cs A-Za-z '\\n' < " (4 (12 24 1 1 (1)))
        " | awk 'length >= " (1 (12 49 2 2 ()))
        "' | sort > " (4 (12 71 1 2 (2))))
      (caddr (recipe-of e "count")))
    (test-equal "a fan-out gives its files sorted"
      '(() ((0 ("books/a.txt") ("counts/a.tsv"))
            (0 ("books/b.txt") ("counts/b.tsv"))))
      (ask-once e "count" #:foreach #t #:thunks '(1)))
    (test-equal "a thunk without names is a constant"
      '((7) ((0 () ())))
      (ask-once e "count" #:constants '(2)))
    (test-equal "a join has one step and its items"
      '(((16 9 "count") ((16 15 0 "table"))))
      (ref (template-named e "total") "join"))
    (test-equal "annotations come one by one"
      '(("batch" "cpu" (18 16 0 8 ()) 18 10)
        ("batch" "memory" (18 27 0 60000 ()) 18 18))
      (ref (template-named e "total") "annotations"))))

(define bigsum "(parameter size 4 \"Rows.\")
(define (row-block-sum block) (+ block size))
(step start
  (produces sum took)
  (scheme
    (define began (current-milliseconds))
    (define sums (parallel-map row-block-sum (iota 8)))
    (values (apply + sums) (exact? (- (current-milliseconds) began)))))
(step end
  (from start sum (t took))
  (scheme
    (format #t \"The sum is ~,1f.~%\" sum)
    (format #t \"It took ~ams.~%\" t)))
(step one (produces a b) (scheme (+ 1 1)))
(step big (produces v s l (f \"f.txt\"))
  (scheme (values (make-f64vector 1000 1.5) (make-string 2000 #\\x)
                  (iota 2000) (file-result \"x.txt\"))))
(step bad (scheme
  (car 5)))
(step quits (scheme (exit 0)))
(step exits (scheme (exit 7)))
(step sleeps (scheme (sleep 1000)))
(step env (produces v) (scheme (getenv \"X\")))
")

(define (file-text name)
  ((@ (flowmake primitives) %read-file) name))

(define (test-bigsum)
  (with-flow (e bigsum)
    (define (run step . options)
      (apply run-recipe e (step-named e step) options))
    (test-equal "a recipe gives as many values as produces names"
      '(("inline" 60) ("inline" #t)) (run "start"))
    (test-equal "a recipe without results gives none"
      '() (run "end" #:names '((0 12) (1 3))))
    (test-equal "what it prints goes to its stdout"
      "The sum is 12.0.\nIt took 3ms.\n" (file-text "stdout"))
    (test-equal "too few values are said"
      "Flowfile:14:26: step 'one': the recipe gave 1 value, produces names 2: \
a b"
      (run "one"))
    (test-equal "the error is in stderr too"
      "Flowfile:14:26: step 'one': the recipe gave 1 value, produces names 2: \
a b\n"
      (file-text "stderr"))
    (test-equal "large values become files by their kind"
      '("npy" "text" "cbor" "file") (map car (run "big")))
    (test-equal "a .npy file is aligned"
      (+ 128 8000) (stat:size (stat "result-v")))
    (test-equal "an error in a recipe has its place"
      "Flowfile:19:3: step 'bad': car: Wrong type (expecting pair): 5"
      (run "bad"))
    (test-equal "(exit 0) ends a recipe without results" '() (run "quits"))
    (test-equal "(exit 7) is a failure"
      "Flowfile:21:13: step 'exits': (exit 7) was called" (run "exits"))
    (test-equal "a recipe can be killed"
      (list "the child ended" SIGTERM)
      (let* ((answer (run "sleeps" #:signal SIGTERM))
             (status (last-exit e)))
        (list answer (status:term-sig status))))
    (test-equal "the environment is set"
      '(("inline" "y z")) (run "env" #:environment '(("X" "y z"))))))

(define (last-exit e)
  "Return the wait status of the child of E that was started last."
  (let loop ((status (next-exit e)))
    (if (status:term-sig status)
        status
        (loop (next-exit e)))))

(define tuning "(step shards
  (produces (names json))
  (exec \"python3\" \"list.py\" \"--out\" names #:stdin \"a\"))
(step train
  (from shards names)
  (foreach shard names)
  (foreach rate '(0.1 0.01))
  (produces model)
  (batch #:cpu 4 #:memory (* attempt 8000) #:image \"python:3.12\")
  (retry #:times 2) (timeout #:hours 2)
  (environment (A \"#{shard}-#{rate}\"))
  (shell \"train --shard #{shard} --out #{model}\"))
(step best
  (join train model shard rate)
  (after shards)
  (when (pair? shard))
  (catch e)
  (scheme (length model)))
(for-each (lambda (lang previous)
            (step ,(symbol-append 'count- lang)
              (from (shards ,previous) (n names))
              (input x \"#{lang}/in\")
              (shell \"echo #{x} #{(string-upcase x)} '#{(raw \\\"}\\\")}'\")))
          '(a b) '(shards count-a))
(step local-let (foreach c (wildcard \"d/*\")) (foreach d (list c c))
  (input i \"#{c}.txt\") (output o (string-append i \".out\"))
  (output p (notdir o)))
")

(define (test-tuning)
  (with-flow (e tuning)
    (test-equal "an own result in exec is a name"
      '("exec" ((3 9 0 "python3" ()) (3 19 0 "list.py" ())
                (3 29 0 "--out" ()) (3 37 1 0 (0)))
        (3 51 0 "a" ()) null*)
      (map (lambda (x) (if (eq? x *unspecified*) (quote null*) x))
           (recipe-of e "shards")))
    (test-equal "a late fan-out is a product"
      '(() ((0 ("x" 0.1) ()) (0 ("x" 0.01) ())
            (0 ("y" 0.1) ()) (0 ("y" 0.01) ())))
      (ask-once e "train" #:foreach #t #:names '(0) #:items '((("x" "y")))))
    (test-equal "an annotation may use the attempt"
      '(() ((0 () (24000))))
      (ask-once e "train" #:thunks '(0) #:names '(4) #:items '((3))))
    (test-equal "computed names belong to the instance"
      '("count-b" ("count-a"))
      (cdr (list-ref (evaluator-steps e) (step-named e "count-b"))))
    (test-equal "a loop sends one template"
      1 (length (filter (lambda (t) (= (ref t "line") 20))
                        (evaluator-templates e))))
    (test-equal "alternatives are listed"
      '((((21 22 "shards") (21 29 0)) ((21 40 0 "names"))))
      (ref (template-named e "count-b") "from"))
    (test-equal "closures keep their values"
      '((b) ((0 () ("B/IN"))))
      (ask-once e "count-b" #:constants '(0) #:thunks '(1)
                #:names '(1) #:items '(("b/in"))))
    (test-equal "raw holes are not quoted, } may stand in a string"
      '(3 (23 62 0 "}" ()))
      (list-ref (caddr (recipe-of e "count-b")) 5))
    (test-equal "inputs and outputs that are not bound are computed"
      '(() ((0 () ("u.txt.out" "u.txt.out"))))
      (ask-once e "local-let" #:thunks '(2 3) #:names '(0 1)
                #:items '(("u" "u"))))))

(define (test-rest)
  (with-flow (e "(step a (foreach x (quote (1))) (foreach y 5) (shell \"x\"))")
    (test-equal "foreach needs a list"
      "Flowfile:1:44: step 'a': foreach needs a list, not 5"
      (ask-once e "a" #:foreach #t)))
  (with-flow (e "(step a (foreach x (list 1 car)) (shell \"x\"))")
    (test-equal "an element that is no data is refused"
      "Flowfile:1:20: step 'a': the 2nd element of the list of 'x' is a procedure"
      (ask-once e "a" #:foreach #t)))
  (with-flow (e "(step a (foreach x (begin (exit) 1)) (shell \"x\"))")
    (test-equal "exit in an expression is an error"
      "Flowfile:1:27: step 'a': (exit) was called"
      (ask-once e "a" #:foreach #t)))
  (with-flow (e "(step a (foreach x (iota 2500)) (shell \"x\"))")
    (test-equal "thousands of rows come"
      2500 (length (cadr (ask-once e "a" #:foreach #t)))))
  (with-flow (e "(define w (wildcard \"*.none\"))
(define g (getenv \"FLOWMAKE_NONE\"))
(flow f \"doc\" #:max-workers 3)
(defaults (retry #:times 2))
(step a (input x (list-file (list 1 'b \"c\"))) (when #t)
 (pattern p) (output o \"%\"))")
    (test-equal "the manifest says what was looked at"
      `(("wildcard" "*.none" () ,*unspecified*)
        ("getenv" "FLOWMAKE_NONE" #f ,*unspecified*))
      (ref (evaluator-loaded e) "manifest"))
    (test-equal "the flow is named"
      '("f" "doc" 3)
      (map (lambda (key) (ref (evaluator-loaded e) key))
           '("flow" "doc" "max-workers")))
    (test-equal "defaults have no name" *unspecified*
                (cadar (evaluator-steps e))))
  (with-flow (e "(define w (wildcard \"*.x\"))
(step a (produces l) (scheme w))"
                #:replay `(("wildcard" "*.x" ("from.x")
                             ,*unspecified*)))
    (test-equal "a replay answers from the manifest"
      '(("inline" ("from.x"))) (run-recipe e (step-named e "a"))))
  (test-equal "a replay looks at nothing else"
    "Flowfile:1:1: getenv: \"HOME\" was not looked at when the run was started"
    (load-error "(getenv \"HOME\")" #:replay '()))
  (with-flow (e "(use-modules (ice-9 format))
(define f (format #f \"~,2f\" 1))
(step a (shell \"x\"))")
    (test-equal "importing a name that flowmake has is fine"
      1 (length (evaluator-steps e))))
  (with-flow (e "(use-modules (ice-9 threads))
(call-with-new-thread (lambda () (sleep 100)))")
    (test-assert "threads are reported"
      (ref (evaluator-loaded e) "threads"))))

(test-begin "flow")
(in-directory
 (lambda ()
   (test-wordcount)
   (test-bigsum)
   (test-tuning)
   (test-rest)))
(test-end "flow")
