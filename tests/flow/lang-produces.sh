# Results: produces, from every kind of recipe.
. "${0%/*}/lib"

q="'"

test_expect_success 'a result of a shell recipe is a file at the path of its name' '
	flowfile <<-"END" &&
	(step a (produces r) (shell "printf \"x\ny\" > #{r}"))
	(step b (from a r) (shell "cat #{r}"))
	END
	run_says b "x
y" &&
	flowmake dump $(cat id)/a/r --file out &&
	test_cmp expected out
'

test_expect_success 'text is the file without its last newline' '
	flowfile <<-"END" &&
	(step a (produces (x text) (y text) (z text))
	  (shell "printf \"one\ntwo\n\" > #{x}" "printf none > #{y}"
	         "printf \"two\n\n\" > #{z}"))
	(step b (from a x y z)
	  (scheme (format #t "<~a><~a><~a>" x y z)))
	END
	run_says b "<one
two><none><two
>"
'

test_expect_success 'a result that no value can be read of is the mistake of its recipe' '
	for form in text lines json; do
		echo "(step a (produces (x $form)) (shell \"mkfifo #{x}\"))" > Flowfile &&
		fails "result .x.: .* is a fifo: only files" &&
		echo "(step a (produces (x $form)) (exec \"mkdir\" x))" > Flowfile &&
		fails "result .x. is a directory, of which no value" &&
		test_grep -v "tried again" errors || return 1
	done &&
	echo "(step a (produces x) (exec \"mkfifo\" x))" > Flowfile &&
	fails "result .x.: .* is a fifo: only files" &&
	test_grep -v "tried again" errors
'

test_expect_success 'lines is a list' '
	flowfile <<-"END" &&
	(step a (produces (x lines) (y lines) (z lines))
	  (shell "printf \"one\ntwo\n\" > #{x}" ": > #{y}"
	         "printf \"a\n\nb\" > #{z}"))
	(step b (from a x y z) (scheme (write (list x y z))))
	END
	run_says b "((\"one\" \"two\") () (\"a\" \"\" \"b\"))"
'

test_expect_success 'json has arrays as lists and objects as alists' '
	flowfile <<-"END" &&
	(step a (produces (x json))
	  (shell #<<JSON
	printf %s "[1, 2.5, \"t\u00e9\", true, false, null, {\"k\": [], \"l\": {}}]" > #{x}
	JSON))
	(step b (from a x) (scheme (write x)))
	END
	flowmake run --run-id-file=id &&
	logged b > actual &&
	test_grep "^\(1 2\.5 \"té\" #t #f .* \(\(\"k\"\) \(\"l\"\)\)\)$" actual
'

test_expect_success 'json numbers of 64 bits are exact' '
	flowfile <<-"END" &&
	(step a (produces (x json))
	  (shell "echo \"[9223372036854775807, -1, 1e3, 0.1]\" > #{x}"))
	(step b (from a x) (scheme (write x)))
	END
	run_says b "(9223372036854775807 -1 1000.0 0.1)"
'

test_expect_success 'a json integer beyond 64 bits fails the task by name' '
	flowfile <<-"END" &&
	(step a (produces (x json))
	  (shell "echo \"[123456789012345678901234567890]\" > #{x}"))
	END
	test_must_fail flowmake run > out 2> errors &&
	test_grep "result .x. is no JSON: line 1, column [0-9]+: an integer beyond 64 bits; write it as a string" errors
'

test_expect_success 'what is no json fails the task by name' '
	flowfile <<-"END" &&
	(step a (produces (loss json)) (shell "echo \"{1,\" > #{loss}"))
	END
	fails "loss.*json|json.*loss|JSON.*loss|loss.*JSON"
'

test_expect_success 'a result that is not written fails the task by name' '
	flowfile <<-"END" &&
	(step a (produces loss model) (shell "touch #{loss}"))
	END
	fails "model"
'

test_expect_success 'a file name is kept for writer and readers' '
	flowfile <<-"END" &&
	(step a (produces (clip "clip one.mp4"))
	  (shell "basename #{clip}" "echo film > #{clip}"))
	(step b (from a clip) (shell "basename #{clip}" "cat #{clip}"))
	END
	run_says b "clip one.mp4
film
" &&
	logged a > actual &&
	echo "clip one.mp4" > expected &&
	test_cmp expected actual
'

test_expect_success 'a result may be a directory' '
	flowfile <<-"END" &&
	(step a (produces d) (shell "mkdir -p #{d}/sub" "echo 1 > #{d}/sub/f"
	                            "ln -s sub/f #{d}/link"))
	(step b (from a d) (shell "cd #{d} && find . | sort && cat link"))
	END
	run_says b ".
./link
./sub
./sub/f
1
"
'

test_expect_success 'a value of a shell step is inserted as its text' '
	flowfile <<-"END" &&
	(step a (produces (n json) (l json)) (shell "echo 3.25 > #{n}"
	  "echo \"[1, \\\"a b\\\"]\" > #{l}"))
	(step b (from a n l) (shell "printf \"<%s>\" #{n} #{l}"))
	END
	run_says b "<3.25><1><a b>"
'

test_expect_success 'exec writes results too' '
	flowfile <<-"END" &&
	(step a (produces (c text) d) (exec "cp" "-r" "in" d #:stdout c))
	(step b (from a c d) (shell "cat #{d}" "echo =#{c}="))
	END
	echo data > in &&
	run_says b "data
==
"
'

test_expect_success 'values of any size are inserted, alone and in joins' '
	flowfile <<-"END" &&
	(step a (produces (l lines) (t text)) (shell "seq 1000 | tee #{l} > #{t}"))
	(step b (from a l t)
	  (shell "echo #{l} | wc -w; echo \"#{t}\" | wc -l; test \"#{l}\" = \"$(echo $(cat <<< #{t}))\""))
	(step c (from a l) (exec "echo" l #:stdout "words"))
	(step d (foreach i (iota 3)) (produces v) (scheme (make-string (* i 2000) #\x)))
	(step e (join d v) (shell "printf \"%s\n\" #{v} | wc -c"))
	(step f (from d v) (shell "printf \"%s\" #{v} | wc -c"))
	END
	run_says b "1000
1000
" &&
	test "$(wc -w < words)" = 1000 &&
	logged e > actual && echo 6003 > expected && test_cmp expected actual &&
	logged f/2 > actual && echo 4000 > expected && test_cmp expected actual
'

test_expect_success 'and are in $FLOWMAKE_TASK' '
	flowfile <<-"END" &&
	(step a (produces (l lines) (t text)) (shell "seq 1000 | tee #{l} > #{t}"))
	(step d (foreach i (iota 3)) (produces v) (scheme (iota (* i 500))))
	(step b (from a l t) (join d v)
	  (script "python3" #<<X
	import json, os
	task = json.load(open(os.environ["FLOWMAKE_TASK"]))
	words = [str(i) for i in range(1, 1001)]
	print(task["from"] == {"l": words, "t": "\n".join(words)},
	      task["join"] == {"v": [list(range(500 * i)) for i in range(3)]})
	X))
	END
	run_says b "True True
"
'

test_expect_success 'script writes results through $FLOWMAKE_TASK' '
	flowfile <<-"END" &&
	(step a (produces (n json) (t text))
	  (script "python3" #<<PY
	import json, os
	task = json.load(open(os.environ["FLOWMAKE_TASK"]))
	json.dump({"a": [1, 2]}, open(task["produces"]["n"], "w"))
	open(task["produces"]["t"], "w").write("text\n")
	PY))
	(step b (from a n t) (scheme (write (list n t))))
	END
	run_says b "(((\"a\" 1 2)) \"text\")"
'

test_expect_success 'a recipe that changes its directory keeps large values' '
	flowfile <<-"END" &&
	(step a (produces x) (scheme (chdir "/") (make-string 5000 #\a)))
	(step b (from a x) (scheme (write (string-length x))))
	END
	run_says b 5000
'

test_expect_success 'scheme gives as many values as produces names' '
	flowfile <<-"END" &&
	(step a (produces x y) (scheme (values 1 (list "two" (quote three)))))
	(step b (from a x y) (scheme (write (list x y))))
	END
	run_says b "(1 (\"two\" three))"
'

test_expect_success 'too few values are an error that says how many' '
	flowfile <<-"END" &&
	(step a (produces x y) (scheme 1))
	END
	fails "the recipe gave 1 value, produces names 2: x y$"
'

test_expect_success 'too many values are an error that says how many' '
	flowfile <<-"END" &&
	(step a (produces x) (scheme (values 1 2 3)))
	END
	fails "the recipe gave 3 values, produces names 1: x$"
'

test_expect_success 'a step without results may give any values' '
	flowfile <<-"END" &&
	(step a (scheme (values 1 2)))
	(step b (scheme (values)))
	(step c (scheme (if #f #f)))
	END
	runs_tasks "3 tasks"
'

test_expect_success 'values of all kinds come through unchanged' '
	flowfile <<-"END" &&
	(use-modules (srfi srfi-1) (rnrs bytevectors))
	(define (sample)
	  (list 1 -1 (expt 10 40) 1/3 2.5 +inf.0 -0.0 #t #f "str\x00;ü"
	        (quote sym) #:key #\a (vector 1 "v") (quote ()) (cons 1 2)
	        (u8-list->bytevector (iota 5)) (quote (("k" . "v")))))
	(step a (produces x) (scheme (sample)))
	(step b (from a x) (scheme (write (equal? x (sample)))))
	END
	run_says b "#t"
'

test_expect_success 'numeric arrays come through' '
	flowfile <<-"END" &&
	(use-modules (srfi srfi-4))
	(step a (produces x) (scheme (make-f64vector 300000 1.5)))
	(step b (from a x)
	  (scheme (write (list (f64vector? x) (f64vector-length x)
	                       (f64vector-ref x 299999)))))
	END
	run_says b "(#t 300000 1.5)"
'

test_expect_success 'a value that cannot be kept is refused by its part' '
	flowfile <<-"END" &&
	(step a (produces x) (scheme (list 1 (vector 2 car))))
	END
	fails "the 2nd element of the 2nd element of the value of .x. is a procedure$"
'

test_expect_success 'a file result inside of a value is refused' '
	flowfile <<-"END" &&
	(step a (produces x)
	  (scheme (list 1 (file-result "Flowfile"))))
	END
	fails "Flowfile:2:3: step .a.: the 2nd element of the value of .x. is a file, which must be a result of its own"
'

test_expect_success 'a form in produces says how a file is read, not a value' '
	printf "1\n2\n" > rows &&
	flowfile <<-"END" &&
	(define long (make-string 5000 #\a))
	(define many (iota 5000))
	(step a (produces (x lines) (y text) (z json) (u lines) (v text) (w json))
	  (scheme (values "b" 7 (quote s) long many long)))
	(step b (produces (x lines) (y text))
	  (scheme (values (file-result "rows") (file-result "rows"))))
	(step c (from a x y z u v w)
	  (scheme (write (list x y z (equal? u long) (equal? v many)
	                       (equal? w long)))))
	(step d (from b x y) (scheme (write (list x y))))
	END
	run_says c "(\"b\" 7 s #t #t #t)" &&
	logged d > actual &&
	printf "%s" "((\"1\" \"2\") \"1\\n2\")" > expected &&
	test_cmp expected actual
'

test_expect_success 'a file name in produces is for files' '
	for value in 7 "(make-string 5000 #\\a)"; do
		echo "(step a (produces (x \"clip\")) (scheme $value))" > Flowfile &&
		fails "Flowfile:1:[0-9]+: step .a.: .x. has the file name \"clip\" in produces, and .* is no file; give [(]file-result PATH[)]$" ||
			exit 1
	done &&
	echo "(step a (produces (x \"clip\")) (scheme (file-result \"rows\")))" \
		"(step b (from a x) (scheme (display (basename x))))" > Flowfile &&
	run_says b clip
'

test_expect_success '(file-result PATH) makes a file result' '
	flowfile <<-"END" &&
	(step a (produces f n)
	  (scheme
	    (call-with-output-file "made-here" (lambda (p) (display "text" p)))
	    (values (file-result "made-here") 5)))
	(step b (from a f n) (shell "cat #{f}" "echo #{n}"))
	END
	run_says b "text5
"
'

test_expect_success 'a file result that holds the project is refused' '
	for dir in . .. / ./made/..; do
		mkdir -p made &&
		echo "(step a (produces x) (scheme (file-result \"$dir\")))" \
			> Flowfile &&
		fails "[(]file-result .*[)]: that holds the project itself, where flowmake writes; name a file or a directory inside it" ||
		return 1
	done
'

test_expect_success 'a file result is read by scheme as its path' '
	flowfile <<-"END" &&
	(use-modules (ice-9 textual-ports))
	(step a (produces f) (shell "echo content > #{f}"))
	(step b (from a f)
	  (scheme (display (call-with-input-file f get-string-all))))
	END
	run_says b "content
"
'

test_expect_success 'an unknown format is refused with a suggestion' '
	flowfile <<-"END" &&
	(step a
	  (produces (x jso))
	  (shell "true"))
	END
	refused "Flowfile:2:16: step ${q}a${q}: unknown format ${q}jso${q} (did you mean ${q}json${q}?); there are text, lines and json"
'

test_expect_success 'two results of one name are refused' '
	flowfile <<-"END" &&
	(step a
	  (produces x y x)
	  (scheme (values 1 2 3)))
	END
	refused "Flowfile:2:17: step ${q}a${q}: the name ${q}x${q} is used twice"
'

test_done
