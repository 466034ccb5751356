# flowmake runs, show, dump, graph, check.
. "${0%/*}/lib"

flowfile <<'END'
(flow words "A flow with a name.")
(parameter size 3)

(step start
  "Make some values."
  (produces number text items (file "x.txt"))
  (scheme
    (call-with-output-file "made" (lambda (port) (display "bytes" port)))
    (values (* size 1/2) "a \"text\"" (list 1 'two "three" #t) (file-result "made"))))

(step each
  (from start items)
  (foreach n (list 1 2))
  (foreach letter '(a b))
  (output out "parts/#{n}#{letter}")
  (produces (size json))
  (retry #:times 1)
  (shell #<<END2
test "$FLOWMAKE_SPLIT" != 2 || test "$FLOWMAKE_ATTEMPT" = 2
echo #{n} > #{out}; echo '{"size": #{n}}' > #{size}
END2))

(step skipped (when #f) (shell "true"))

(step all
  (join each size out)
  (after skipped)
  (outputs "tree")
  (shell "mkdir tree; touch #{out}; echo hi > tree/hi"))

(step other
  (input file "tree")
  (shell "ls #{file}"))
END

test_expect_success 'runs lists the runs, oldest first' '
	flowmake run --tag nightly --tag "two words" size=4 > /dev/null &&
	flowmake run -j1 > /dev/null &&
	flowmake runs > out &&
	test_grep "^RUN +STARTED +TIME +STATE +TASKS +SIZE +FLOW +TAGS +COMMAND\$" out &&
	test_grep "^  1  .*  done +8 +[0-9.]+ k?B  words  nightly two words  flowmake run --tag nightly --tag .two words. size=4\$" out &&
	test_grep "^  2  .*  flowmake run -j1\$" out &&
	lines 3 out
'

# sizes: of the results and the log of each run.
sizes() {
	flowmake runs --json | $PYTHON -c '
import json, sys
for run in json.load(sys.stdin):
    print(run["run"], run["results_size"], run["log_size"])'
}

test_expect_success 'runs counts what a run itself keeps in the store' '
	mkdir sizes && cd sizes && flowfile <<-\END &&
	(step big (produces file (text lines))
	  (shell "head -c 5000 /dev/zero > #{file}; seq 1000 > #{text}"))
	(step wait (from big file) (produces n)
	  (shell "echo 1 > #{n}; echo > ../started; test ! -p ../go || cat ../go"))
	END
	flowmake run > out && flowmake resume > out &&
	text=$(flowmake dump 1/big/text --file=- | wc -c) &&
	echo "1 $((5001 + text + 1)) $(stat -c %s .flowmake/logs/1)" > expected &&
	echo "2 0 $(stat -c %s .flowmake/logs/2)" >> expected &&
	sizes | test_cmp expected - &&
	rm ../started && mkfifo ../go && { flowmake run > out & } &&
	test_wait test -e ../started && sizes | grep "^3 $((5000 + text)) " &&
	echo > ../go && wait &&
	sizes | grep "^3 $((5002 + text)) " &&
	flowmake runs > out && test_grep "^  3 .*  done +2 +[0-9.]+ kB  " out
'

test_expect_success 'show shows the latest run, step by step' '
	flowmake show > out &&
	test_grep "^Run 2 of words: done\$" out &&
	test_grep "^  parameters +size=3\$" out &&
	test_grep "^each +4  4 done +1 " out &&
	test_grep "^skipped +1  1 skipped" out &&
	flowmake show 1 > out &&
	test_grep "^  tags +nightly two words\$" out
'

test_expect_success 'show shows the tasks of a step, in the order of their splits' '
	flowmake show 1/each > out &&
	grep "^each/" out > tasks &&
	sed "s/ .*//" tasks > actual &&
	printf "%s\n" each/0 each/1 each/2 each/3 > expected &&
	test_cmp expected actual &&
	test_grep "^each/2 .* done +2 " tasks
'

test_expect_success 'show shows the attempts, results and outputs of a task' '
	flowmake show 1/each/2 > out &&
	test_grep "^Task 1/each/2 \(.*\): done" out &&
	test_grep "^ +1  retried .* status 1 " out &&
	test_grep "^ +2  done" out &&
	test_grep "^parts/2a +[0-9]+ B" out &&
	test_grep "^size +value .*\(\(\"size\" \. 2\)\)" out &&
	test_grep "^KEY +[0-9a-f]{32}\$" out
'

test_expect_success 'the JSON of runs and show is JSON' '
	for words in runs show "show 1" "show 1/each" "show 1/start"; do
		flowmake $words --json > out &&
		"$PYTHON" -m json.tool out > /dev/null || return 1
	done &&
	flowmake show 1/start --json | "$PYTHON" -c "
import json, sys
task, = json.load(sys.stdin)
values = {r[\"name\"]: r.get(\"value\") for r in task[\"results\"]}
assert values[\"items\"] == [1, \"two\", \"three\", True], values
assert task[\"state\"] == \"done\" and task[\"attempt\"] == 1
"
'

test_expect_success 'dump prints values as Scheme writes them' '
	flowmake dump 1/start > out &&
	cat > expected <<-\END &&
	number = 2
	text = "a \"text\""
	items = (1 two "three" #t)
	END
	head -n 3 out > actual &&
	test_cmp expected actual &&
	flowmake dump 2/start/number > out &&
	echo 3/2 > expected &&
	test_cmp expected out &&
	flowmake dump each/3/size > out &&
	echo "((\"size\" . 2))" > expected &&
	test_cmp expected out
'

test_expect_success 'characters that need it are escaped as Guile does' '
	mkdir -p escaped &&
	cat > escaped/Flowfile <<-\END &&
	(define chars (list 0 1 7 9 10 27 34 92 127 #x85 #xff #x200b #x10fffe))
	(define text (list->string (map integer->char (append chars (list 59)))))
	(step a (produces text) (scheme (write text) text))
	END
	flowmake -C escaped run > /dev/null &&
	flowmake -C escaped logs a > expected &&
	echo >> expected &&
	flowmake -C escaped dump a/text > actual &&
	test_cmp expected actual
'

test_expect_success 'dump names the file of a result that is one' '
	flowmake dump 1/start/file > out &&
	printf bytes > expected &&
	cmp expected "$(cat out)"
'

test_expect_success 'dump --file writes to what is no regular file' '
	mkfifo fifo && ln -s target link && echo before > target &&
	for result in text file; do
		flowmake dump 1/start/$result --file "direct $result" &&
		{ cat fifo > read & } &&
		flowmake dump 1/start/$result --file fifo && wait &&
		test -p fifo && test_cmp "direct $result" read &&
		flowmake dump 1/start/$result --file link && test -L link &&
		test_cmp "direct $result" target &&
		flowmake dump 1/start/$result --file /dev/stdout | cat > read &&
		test_cmp "direct $result" read || return 1
	done &&
	test_must_fail flowmake dump 1/start/text --file . 2> errors &&
	test_grep "cannot write .\..: Is a directory" errors
'

test_expect_success 'dump --file writes bytes' '
	flowmake dump 1/start/file --file copy &&
	cmp expected copy &&
	(umask 022 && flowmake dump 1/start/file --file copy) &&
	test "$(stat -c %a copy)" = 644 &&
	flowmake dump 1/start/text --file text &&
	printf "a \"text\"" > expected &&
	cmp expected text &&
	flowmake dump 1/start/text --file - > text &&
	cmp expected text
'

test_expect_success 'dump says what it cannot find' '
	test_must_fail flowmake dump 1/start/nothing 2> errors &&
	test_grep "task 1/start has no result .nothing.; it has number text items file" errors &&
	test_must_fail flowmake dump 1/each 2> errors &&
	test_grep "run 1 has 4 tasks of .each.; choose one, as 1/each/" errors &&
	test_must_fail flowmake dump 1/all 2> errors &&
	test_grep "task 1/all has no results" errors &&
	test_must_fail flowmake dump 1/start --file x 2> errors &&
	test_grep "name it" errors &&
	test_must_fail flowmake dump 1 2> errors &&
	test_grep "name a task" errors &&
	test_must_fail flowmake dump 1/none 2> errors &&
	test_grep "run 1 has no task .none." errors &&
	test_must_fail flowmake show 0/none 2> errors &&
	test_grep "^flowmake: there is no run 0$" errors
'

test_expect_success 'a large array and a directory are dumped to files' '
	mkdir large && cp Flowfile large/old &&
	cat > large/Flowfile <<-\END &&
	(step one
	  (produces array tree)
	  (scheme
	    (define dir (string-append (getenv "TMPDIR") "/dir"))
	    (mkdir dir)
	    (mkdir (string-append dir "/sub"))
	    (call-with-output-file (string-append dir "/sub/file")
	      (lambda (port) (display "x" port)))
	    (symlink "sub" (string-append dir "/link"))
	    (values (make-typed-array (quote f64) 1.5 100 10)
	            (file-result dir))))
	END
	flowmake -C large run > /dev/null &&
	flowmake -C large dump 1/one/array --file array.npy &&
	head -c 6 large/array.npy | tail -c 5 > actual &&
	printf NUMPY > expected &&
	test_cmp expected actual &&
	flowmake -C large dump 1/one/tree --file out &&
	test "$(cat large/out/link/file)" = x &&
	test "$(readlink large/out/link)" = sub
'

test_expect_success 'names of tasks cannot disturb a terminal' '
	mkdir odd && printf "(step one (foreach n (list \"a\\033[2J\\nb\")) (shell \"true\"))" > odd/Flowfile &&
	flowmake -C odd run > /dev/null &&
	flowmake -C odd show 1/one > out &&
	test_grep "a.x1b\[2J.nb" out
'

test_expect_success 'graph shows steps and edges in an order in which they could run' '
	flowmake graph > out &&
	cat > expected <<-\END &&
	start: Make some values.
	skipped
	each (for each n, letter)
	  from  start: items
	all
	  join  each: size out
	  after skipped
	other
	  reads all: tree
	END
	test_cmp expected out
'

test_expect_success 'graph --format=dot is for Graphviz' '
	flowmake graph --format dot > out &&
	test_grep "^digraph \"words\" \{" out &&
	test_grep "\"each\" -> \"all\" \[label=\"size out\", arrowhead=inv\];" out &&
	test_grep "\"all\" -> \"other\" \[label=\"tree\", style=dashed\];" out &&
	tail -n 1 out > last && echo "}" > expected && test_cmp expected last &&
	test_must_fail flowmake graph --format png 2> errors &&
	test_grep "unknown format .png.; there are text and dot" errors
'

test_expect_success 'check says that all is well, and runs nothing' '
	flowmake runs > before &&
	flowmake check > out &&
	echo "Flowfile: 5 steps, no mistakes found" > expected &&
	test_cmp expected out &&
	flowmake runs > after &&
	test_cmp before after
'

test_expect_success 'check loads the Flowfile once' '
	echo "(format (current-error-port) \"loaded~%\")" > once.scm &&
	flowmake check -f once.scm 2> errors &&
	echo loaded > expected &&
	test_cmp expected errors
'

test_expect_success 'check finds what loading alone does not' '
	cat > wrong.scm <<-\END &&
	(step one (foreach n (iota 3)) (output file "same") (shell "touch #{file}"))
	END
	test_must_fail flowmake check -f wrong.scm 2> errors &&
	test_grep "^wrong.scm:1:[0-9]+: step .one.: .*same" errors
'

test_expect_success 'a batch step is no mistake' '
	echo "(step one (batch #:cpu 2) (shell \"true\"))" > batch.scm &&
	flowmake check -f batch.scm
'

test_done
