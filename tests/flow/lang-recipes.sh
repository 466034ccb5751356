# Recipes: shell, exec, script, scheme; what #{} gives in them.
. "${0%/*}/lib"

q="'"

test_expect_success 'a bare hole is one word, a list several' '
	flowfile <<-"END" &&
	(define x "a  b*; $HOME #(")
	(define l (list "p q" 1 2.5 (quote s)))
	(step a (shell "printf \"<%s>\" #{x} pre-#{x} #{l}" ": #{l}"))
	END
	run_says a "<a  b*; \$HOME #(><pre-a  b*; \$HOME #(><p q><1><2.5><s>"
'

test_expect_success 'in quotes a hole is that part of the word' '
	flowfile <<-"END" &&
	(define x "it${q}s \"$(id)\" \\ `x`")
	(define l (list "p q" "r${q}"))
	(step a (shell "printf \"<%s>\" ${q}[#{x}]${q} \"[#{x}]\" ${q}[#{l}]${q} \"[#{l}]\""))
	END
	sed -i "s/\${q}/$q/g" Flowfile &&
	x="it${q}s \"\$(id)\" \\ \`x\`" &&
	run_says a "<[$x]><[$x]><[p q r$q]><[p q r$q]>"
'

for place in "cat <<E
#{x}
E|in a here document" "echo # #{x}|in a comment" "echo \${y:-#{x}}|in \${...}" \
	"echo \$${q}#{x}${q}|in \$${q}...${q}" "echo \`#{x}\`|in backquotes"
do
	text=${place%|*}
	where=${place##*|}
	test_expect_success "a hole $where is refused with its position" '
		{
			echo "(define x 1)" &&
			echo "(step a (shell #<<END" &&
			echo "$text" &&
			echo "END))"
		} > Flowfile &&
		fails "^Flowfile:[34]:[0-9]+: step .a.: #[{]x[}] stands .*, where it cannot be quoted$"
	'
done

test_expect_success 'inserted text is never scanned again' '
	flowfile <<-"END" &&
	(define x "#{y} $y")
	(step a (shell "echo #{x}"))
	END
	run_says a "#{y} \$y
"
'

test_expect_success 'a text can hold what begins a hole' '
	flowfile <<-"END" &&
	(step a
	  (shell #<<TEXT
	echo #{(string #\# #\{)}x} "#{(string #\# #\{)}y}"
	TEXT
	))
	END
	run_says a "#{x} #{y}
"
'

test_expect_success 'computed text is #{(raw EXPR)}' '
	flowfile <<-"END" &&
	(define cut "| tr a-z A-Z")
	(step a (shell "echo low #{(raw cut)}"))
	END
	run_says a "LOW
"
'

test_expect_success 'several texts are lines of one recipe' '
	flowfile <<-"END" &&
	(step a (shell "x=1" "cd /" "echo $x $PWD"))
	END
	run_says a "1 /
"
'

test_expect_success 'a here string has no escapes and may end in END))' '
	flowfile <<-"END" &&
	(define who "you")
	(step a (shell #<<TEXT
	printf "%s\t%s\n" "\"#{who}\"" a\\b
	TEXT))
	(step b (after a) (shell "echo b"))
	END
	flowmake run --run-id-file=id &&
	logged a > actual &&
	printf "\"you\"\ta\\\\b\n" > expected &&
	test_cmp expected actual
'

test_expect_success 'an unset variable and a broken pipe fail the recipe' '
	flowfile <<-"END" &&
	(step a (shell "echo $nothing_of_that_name"))
	END
	fails "nothing_of_that_name: unbound variable" &&
	flowfile <<-"END" &&
	(step a (shell "false | cat"))
	END
	fails "status 1" &&
	flowfile <<-"END" &&
	(step a (shell "yes | head -n 1 > /dev/null"))
	END
	fails "status 141: a program in the pipe wrote to one that had finished; head does that"
'

test_expect_success 'a program that is not there fails as in a shell' '
	flowfile <<-"END" &&
	(step a (shell "no-such-program-here x"))
	END
	fails "status 127.*not found|no-such-program-here"
'

test_expect_success 'shell-program is another shell for the text' '
	flowfile <<-"END" &&
	(step a (shell-program "sh" "-euc") (shell "echo ${BASH_VERSION-none}"))
	(step b (shell-program "python3" "-c")
	  (shell "print(1 +" "  1)"))
	END
	run_says b "2
"
'

test_expect_success 'a text of one program and its files does what it says' '
	flowfile <<-"END" &&
	(define odd "odd  $name; #")
	(step in (output o odd) (shell "printf %s- 97 > #{o}"))
	(step up (input i odd) (output o "a dir/up") (output e "why")
	  (shell "tr 0-9 a-j < #{i} > #{o} 2>\"#{e}\""))
	(step b (input u "a dir/up") (shell-program "sh" "-euc")
	  (shell "cat < #{u}"))
	END
	run_says b "jh-" && test ! -s why &&
	echo "(step c (shell \"cat < nothing > c\"))" > Flowfile &&
	test_must_fail flowmake run > out 2>&1 &&
	test_grep "nothing: No such file or directory" out && test ! -e c
'

test_expect_success 'exec runs a program without a shell' '
	flowfile <<-"END" &&
	(define l (list "x y" "z"))
	(step a (exec "printf" "<%s>" "$HOME; *" l "a#{l}" 5 "" "-n"))
	END
	run_says a "<\$HOME; *><x y><z><ax y z><5><><-n>"
'

test_expect_success 'exec reads #:stdin and writes #:stdout' '
	flowfile <<-"END" &&
	(step make (output o "in") (shell "echo text > #{o}"))
	(step a (exec "tr" "a-z" "A-Z" #:stdin "in" #:stdout "upper"))
	(step b (input u "upper") (produces (n text)) (exec "wc" "-c" #:stdin u #:stdout n))
	(step c (from b n) (shell "cat upper" "echo #{n}"))
	END
	rm -f in &&
	run_says c "TEXT
5
"
'

test_expect_success 'the standard input of a recipe is empty' '
	flowfile <<-"END" &&
	(step a (shell "cat; echo end"))
	(step b (exec "cat"))
	END
	echo not-this | flowmake run --run-id-file=id &&
	logged a > actual &&
	echo end > expected &&
	test_cmp expected actual
'

test_expect_success 'script hands the text to the program, nothing substituted' '
	flowfile <<-"END" &&
	(parameter n 3)
	(define (name) "out.txt")
	(step one (produces (v json)) (shell "echo [7] > #{v}"))
	(step a
	  (from one v)
	  (foreach x (list "e1" "e2"))
	  (input i "script-in") (output o "script-#{x}.txt")
	  (produces (r json))
	  (script "python3" #<<PY
	import json, os
	t = json.load(open(os.environ["FLOWMAKE_TASK"]))
	text = "#{x} {n}"
	print(text, file=open(t["outputs"]["o"], "w"))
	json.dump([t["step"], t["split"], t["attempt"], t["parameters"],
	           t["foreach"], t["inputs"], t["outputs"], t["from"],
	           sorted(t["produces"]), t["join"]],
	          open(t["produces"]["r"], "w"))
	PY))
	(step b (join a r) (scheme (write (cadr r))))
	END
	echo data > script-in &&
	flowmake run --run-id-file=id n=4 &&
	logged b > actual &&
	test_grep "\"a\" .*\(\"n\" \. 4\).*\(\"x\" \. \"e2\"\).*\(\"i\" \. \"script-in\"\).*\(\"o\" \. \"script-e2.txt\"\).*\"v\" 7.*\"r\"" actual &&
	echo "#{x} {n}" > expected &&
	test_cmp expected script-e1.txt
'

test_expect_success 'the task file holds what a join brings together' '
	flowfile <<-"END" &&
	(step a (foreach x (list 1 2)) (produces n) (scheme (* 10 x)))
	(step b (join a n (xs x))
	  (script "python3" #<<PY
	import json, os
	t = json.load(open(os.environ["FLOWMAKE_TASK"]))
	print(t["join"], t["from"], t["foreach"])
	PY))
	END
	run_says b "{${q}n${q}: [10, 20], ${q}xs${q}: [1, 2]} {} {}
"
'

test_expect_success 'of a join it is a list, whatever the results are' '
	flowfile <<-"END" &&
	(step a (foreach x (list "x" "y"))
	  (produces (l lines) (o json) p e)
	  (scheme (values (list x x) (list (cons "k" x)) (cons x 1) (list))))
	(step b (join a l o p e)
	  (script "python3" #<<PY
	import json, os
	t = json.load(open(os.environ["FLOWMAKE_TASK"]))
	print(json.dumps(t["join"]))
	PY))
	END
	run_says b "{\"l\": [[\"x\", \"x\"], [\"y\", \"y\"]], \"o\": [{\"k\": \"x\"}, {\"k\": \"y\"}], \"p\": {\"x\": 1, \"y\": 1}, \"e\": [[], []]}
"
'

test_expect_success 'the task file has a list of files where the step names a list' '
	flowfile <<-"END" &&
	(step a
	  (input one "f") (input only (list "f")) (input no (list))
	  (input both (list "f" "g")) (inputs "h")
	  (output o "lists.out") (output os (list "lists.out2"))
	  (script "python3" #<<PY
	import json, os
	t = json.load(open(os.environ["FLOWMAKE_TASK"]))
	print(*(f"{name}={value}" for name, value in t["inputs"].items()))
	print(t["outputs"])
	open(t["outputs"]["o"], "w"), open(t["outputs"]["os"][0], "w")
	PY))
	END
	touch f g h &&
	run_says a "one=f only=[${q}f${q}] no=[] both=[${q}f${q}, ${q}g${q}]
{${q}o${q}: ${q}lists.out${q}, ${q}os${q}: [${q}lists.out2${q}]}
"
'

test_expect_success 'scheme prints to the log and reads parameters' '
	flowfile <<-"END" &&
	(parameter who "you")
	(step a (scheme (format #t "hello ~a~%" who)
	                (format (current-error-port) "to stderr~%")))
	END
	run_says a "hello you
" &&
	flowmake logs $(cat id)/a --stderr > actual &&
	echo "to stderr" > expected &&
	test_cmp expected actual
'

test_expect_success 'a body may hold definitions' '
	flowfile <<-"END" &&
	(step a
	  (scheme
	    (define (twice x) (* 2 x))
	    (define y (twice 4))
	    (write y)))
	END
	run_says a 8
'

test_expect_success 'scheme runs in a process of its own' '
	flowfile <<-"END" &&
	(define state 0)
	(step a (scheme (set! state 1) (chdir "/") (setenv "X_OF_A" "1")))
	(step b (after a) (scheme (write (list state (getenv "X_OF_A")))))
	END
	run_says b "(0 #f)"
'

test_expect_success 'exit in a scheme recipe ends the task with that status' '
	flowfile <<-"END" &&
	(step a (scheme (exit 3)))
	END
	fails "status 3|exit 3"
'

test_expect_success 'list-file names a file of names' '
	flowfile <<-"END" &&
	(step a (foreach x (iota 3)) (output o "p#{x}")
	  (shell "echo #{x} > #{o}"))
	(step b (join a o) (shell "xargs cat < #{(list-file o)}"))
	END
	run_says b "0
1
2
"
'

test_expect_success 'a text longer than the system takes as an argument works' '
	flowfile <<-"END" &&
	(define long (make-string 300000 #\a))
	(define many (map number->string (iota 40000)))
	(step a (shell "x=#{long}" "echo ${#x}" "y=(#{many})" "echo ${#y[@]}"))
	END
	run_says a "300000
40000
"
'

test_expect_success 'recipes run in the project directory with a TMPDIR of their own' '
	flowfile <<-"END" &&
	(step a (shell "pwd" "touch $TMPDIR/left" "test -w $TMPDIR"
	               "echo $TMPDIR > tmp-name"))
	END
	run_says a "$PWD
" &&
	test "$(cat tmp-name)" != "$TMPDIR" &&
	test ! -e "$(cat tmp-name)"
'

test_expect_success 'a recipe knows its run, step, split and attempt' '
	flowfile <<-"END" &&
	(step a (foreach x (list "v")) (foreach y (list "w"))
	  (shell "echo $FLOWMAKE_RUN_ID $FLOWMAKE_STEP $FLOWMAKE_SPLIT $FLOWMAKE_ATTEMPT"))
	END
	flowmake run --run-id-file=id &&
	logged a/0 > actual &&
	echo "$(cat id) a 0 1" > expected &&
	test_cmp expected actual
'

test_expect_success 'what has no text fails the task by name' '
	flowfile <<-"END" &&
	(step v (produces x) (scheme (vector 1)))
	(step a (from v x) (shell "echo #{x}"))
	END
	fails "[[][0-9]+/a[]] Flowfile:2:35: step .a.: .x.: a vector has no text$" &&
	flowfile <<-"END" &&
	(define words (list "a" (list "b")))
	(step a (foreach x (list words)) (exec "echo" x))
	END
	fails "[[][0-9]+/a/0.*[]] Flowfile:2:47: step .a.: .x.: the 2nd element: a list inside of a list has no text$" &&
	flowfile <<-"END" &&
	(define nul (string #\a #\nul))
	(step a (foreach x (list nul)) (shell "echo #{x}"))
	END
	fails "[[][0-9]+/a/0.*[]] Flowfile:2:47: step .a.: .x.: a text with a NUL byte cannot stand in a shell text$"
'

test_expect_success 'a program that is an empty list fails the task' '
	for step in \
		"(step a (foreach x (list (list))) (exec #:stdout \"f\" x))" \
		"(step a (script (append (list) (list)) \"echo\"))" \
		"(step a (shell-program (list)) (shell \"echo; echo\"))"; do
		echo "$step" > Flowfile &&
		fails "[[][0-9]+/a.*[]] Flowfile:1:[0-9]+: step .a.: (.x.: )?no program is named: the list is empty$" ||
			exit 1
	done
'

test_expect_success 'a hole may hold any expression, with strings inside' '
	flowfile <<-"END" &&
	(step a (foreach x (list "b/c.txt"))
	  (shell "echo #{(string-append \"<\" (notdir x) \">\")} #{(+ 1 2)}"))
	END
	flowmake run --run-id-file=id &&
	logged a/0 > actual &&
	echo "<c.txt> 3" > expected &&
	test_cmp expected actual
'

test_done
