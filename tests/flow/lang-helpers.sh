# The procedures that every Flowfile has.
. "${0%/*}/lib"

q="'"

# gives TEXT EXPR: what EXPR gives at the top of a Flowfile, and in a recipe.
gives() {
	{
		echo "(define top $2)"
		echo "(step a (scheme (write (list top $2))))"
	} > Flowfile
	run_says a "($1 $1)"
}

test_expect_success 'wildcard is sorted and takes several patterns' '
	mkdir -p w/sub && touch w/b w/a w/.hidden w/sub/c "w/d e" &&
	gives "(\"w/a\" \"w/b\" \"w/d e\" \"w/sub\")" "(wildcard \"w/*\")" &&
	gives "(\"w/sub/c\")" "(wildcard \"w/*/c\")" &&
	gives "()" "(wildcard \"none/*\")" &&
	gives "(\"w/a\")" "(wildcard \"w/a\")"
'

test_expect_success 'patsubst replaces as in Make, in a string or a list' '
	gives "\"counts/x.tsv\"" \
		"(patsubst \"books/%.txt\" \"counts/%.tsv\" \"books/x.txt\")" &&
	gives "(\"a.o\" \"b.h\")" "(patsubst \"%.c\" \"%.o\" (list \"a.c\" \"b.h\"))"
'

test_expect_success 'notdir, suffix, strip-suffix, addprefix, addsuffix work on both' '
	gives "\"c.d\"" "(notdir \"a/b/c.d\")" &&
	gives "(\"x\" \"y\")" "(notdir (list \"a/x\" \"y\"))" &&
	gives "\".gz\"" "(suffix \"a.b/c.tar.gz\")" &&
	gives "\"a.b/c.tar\"" "(strip-suffix \"a.b/c.tar.gz\")" &&
	gives "\"a.b/c\"" "(strip-suffix \"a.b/c\")" &&
	gives "(\"p/a\" \"p/b\")" "(addprefix \"p/\" (list \"a\" \"b\"))" &&
	gives "\"a.o\"" "(addsuffix \".o\" \"a\")"
'

test_expect_success 'getenv reads the environment of flowmake' '
	export FROM_TEST=here &&
	gives "(\"here\" #f)" \
		"(list (getenv \"FROM_TEST\") (getenv \"NOT_THERE_X\"))"
'

test_expect_success 'command-output gives what a command prints' '
	gives "\"a  b\"" "(command-output \"echo\" \"a  b\")" &&
	gives "\"a\\nb\"" "(command-output \"printf\" \"a\\nb\\n\")"
'

test_expect_success 'a command that fails is an error with its place' '
	flowfile <<-"END" &&
	(define x 1)
	(define y (command-output "sh" "-c" "exit 3"))
	(step a (shell "true"))
	END
	fails "^Flowfile:2:[0-9]+: command-output: sh ended with status 3$"
'

test_expect_success 'tsv-rows and csv-rows give rows of strings' '
	printf "a\tb c\n\t2\n" > t.tsv &&
	printf "a,\"b \"\"c\"\", d\"\n1,\"two\nlines\"\n" > t.csv &&
	gives "((\"a\" \"b c\") (\"\" \"2\"))" "(tsv-rows \"t.tsv\")" &&
	flowfile <<-"END" &&
	(step a (scheme (format #t "~a" (map length (csv-rows "t.csv")))
	  (display (cadr (car (csv-rows "t.csv"))))))
	END
	run_says a "(2 2)b \"c\", d"
'

test_expect_success 'a byte order mark before a table or JSON is no data' '
	printf "\357\273\277a\tb\n" > t.tsv &&
	printf "\357\273\277\"a\",b\r\n" > t.csv &&
	printf "\357\273\277[1]" > t.json &&
	gives "((\"a\" \"b\"))" "(tsv-rows \"t.tsv\")" &&
	gives "((\"a\" \"b\"))" "(csv-rows \"t.csv\")" &&
	gives "(1)" "(json-file \"t.json\")"
'

test_expect_success 'a blank line of a table is a row of an empty string' '
	printf "a\n\nb\n" > t.tsv && cp t.tsv t.csv && : > empty &&
	gives "((\"a\") (\"\") (\"b\"))" "(tsv-rows \"t.tsv\")" &&
	gives "((\"a\") (\"\") (\"b\"))" "(csv-rows \"t.csv\")" &&
	gives "(() ())" "(list (csv-rows \"empty\") (tsv-rows \"empty\"))"
'

test_expect_success 'a quote that a table does not close is refused' '
	printf "a,b\n1,\"two\n\"\n3,\"x\"\"y\n4,5\n" > t.csv &&
	flowfile <<-"END" &&
	(define x 1)
	(define rows (csv-rows "t.csv"))
	(step a (shell "true"))
	END
	fails "^Flowfile:2:[0-9]+: csv-rows: t.csv, line 4: a quote is opened and not closed$" &&
	printf "a,\"" > t.csv &&
	fails "^Flowfile:2:[0-9]+: csv-rows: t.csv, line 1: a quote is opened and not closed$"
'

test_expect_success 'json-file reads arrays as lists and objects as alists' '
	echo "{\"k\": [1, \"x\", {}]}" > j.json &&
	gives "((\"k\" 1 \"x\" ()))" "(json-file \"j.json\")"
'

test_expect_success 'a table of work gives a fan-out' '
	printf "x\t1\ny\t2\n" > jobs.tsv &&
	flowfile <<-"END" &&
	(step a (foreach job (tsv-rows "jobs.tsv")) (produces (r text))
	  (shell "echo #{(car job)}=#{(cadr job)} > #{r}"))
	(step b (join a r) (shell "echo #{r}"))
	END
	run_says b "x=1 y=2
"
'

test_expect_success 'current-milliseconds is a whole number that grows' '
	flowfile <<-"END" &&
	(step a (scheme
	  (define t (current-milliseconds))
	  (write (and (exact-integer? t) (> t 1600000000000)
	              (<= t (current-milliseconds))))))
	END
	run_says a "#t"
'

test_expect_success 'parallel-map keeps the order, with closures' '
	flowfile <<-"END" &&
	(step a (resources #:cpu 2) (scheme
	  (define base 100)
	  (write (parallel-map (lambda (x) (+ base (* x x))) (iota 9)))))
	(step b (scheme (write (parallel-map 1+ (list)))))
	END
	run_says a "(100 101 104 109 116 125 136 149 164)"
'

test_expect_success 'an error in parallel-map comes back with its item' '
	flowfile <<-"END" &&
	(step a (scheme
	  (parallel-map (lambda (x)
	                  (if (= x 3) (error "cannot do" x) x))
	                (iota 5))))
	END
	fails "cannot do 3" &&
	test_grep "^[^ ]* [^ ]* [[][0-9]+/a.*(3|4th)" errors
'

test_expect_success 'a worker of parallel-map that dies is an error' '
	flowfile <<-"END" &&
	(step a (scheme
	  (parallel-map (lambda (x) (if (= x 2) (kill (getpid) SIGKILL) x))
	                (iota 4))))
	END
	fails "parallel-map, item 2 [(]2[)]: its worker was killed by signal 9"
'

# Each but the last waits for the one behind it.
test_expect_success 'parallel-map has as many workers as the step has #:cpu' '
	mkfifo meet1 meet2 meet3 &&
	flowfile <<-"END" &&
	(define (meet n)
	  (unless (= n 3)
	    (call-with-input-file (format #f "meet~a" (1+ n)) read-char))
	  (unless (= n 0)
	    (call-with-output-file (format #f "meet~a" n)
	      (lambda (port) (write n port))))
	  n)
	(step a (resources #:cpu 4) (timeout #:seconds 20)
	  (scheme (write (parallel-map meet (iota 4)))))
	END
	run_says a "(0 1 2 3)"
'

test_expect_success 'parallel-map brings large results back' '
	flowfile <<-"END" &&
	(use-modules (srfi srfi-4))
	(step a (resources #:cpu 2) (scheme
	  (define parts (parallel-map
	    (lambda (x) (make-f64vector 400000 (exact->inexact x)))
	    (iota 4)))
	  (write (map (lambda (v) (f64vector-ref v 399999)) parts))))
	END
	run_says a "(0.0 1.0 2.0 3.0)"
'

test_expect_success 'a helper given what it cannot take is an error with its place' '
	flowfile <<-"END" &&
	(step a
	  (foreach x (tsv-rows "absent.tsv"))
	  (shell "true"))
	END
	fails "^Flowfile:2:1[0-9]: .*absent.tsv"
'

test_expect_success 'wildcard gives hidden files when asked, never . and ..' '
	mkdir -p hidden && touch hidden/.a hidden/b &&
	flowfile <<-"END" &&
	(step a (scheme (write (wildcard "hidden/.*" "hidden/*" "."))))
	END
	run_says a "(\"hidden/.a\" \"hidden/b\" \".\")"
'

test_expect_success 'list-file names a file in every kind of recipe' '
	flowfile <<-"END" &&
	(define names (list "a b" 5 (quote c)))
	(step shell (shell "cat #{(list-file names)}"))
	(step exec (exec "cat" (list-file names)))
	(step scheme
	  (scheme
	    (system* "cat" (list-file names))
	    (for-each (lambda (name) (system* "cat" name))
	              (parallel-map (lambda (n) (list-file (list n))) (iota 2)))))
	END
	run_says shell "a b
5
c
" &&
	logged exec > actual && test_cmp expected actual &&
	printf "0\n1\n" >> expected &&
	logged scheme > actual && test_cmp expected actual
'

test_expect_success 'list-file is refused where no recipe has its file' '
	for clause in \
		"(environment (L (list-file (list 1 2)))) (shell \"cat \$L\")" \
		"(environment (L \"#{(list-file (list 1 2))}\")) (shell \"\")" \
		"(exec \"cat\" \"x#{(list-file (list 1 2))}\")"; do
		echo "(step a $clause)" > Flowfile &&
		fails "Flowfile:1:[0-9]+: step .a.: (.L.: )?a list-file is a whole argument, or stands in the text of shell, also as VARIABLE=#[{][(]list-file LIST[)][}]; it is no other text$" ||
			exit 1
	done &&
	for clause in \
		"(input f (list-file (list 1 2))) (shell \"\")" \
		"(output f (list-file (list 1 2))) (shell \"\")" \
		"(foreach x (list 1)) (inputs (list-file (list x))) (shell \"\")" \
		"(exec \"cat\" #:stdin (list-file (list 1 2)))"; do
		echo "(step a $clause)" > Flowfile &&
		fails "Flowfile:1:[0-9]+: step .a.: (.f.: )?a list-file is made for the recipe, and no file of the project; give the list itself$" ||
			exit 1
	done &&
	flowfile <<-"END" &&
	(step a (shell "L=#{(list-file (list 1 2))}; cat $L"))
	END
	run_says a "1
2
"
'

test_done
