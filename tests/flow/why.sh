# flowmake why: what changed since a task ran the last time.
. "${0%/*}/lib"
. "${0%/*}/lib-resume"
. "${0%/*}/lib-why"

mkdir books && echo 'a tale' > books/a.txt && echo 'all bees' > books/b.txt
flowfile <<'END'
(parameter shortest 4)
(define (counts book) (patsubst "books/%.txt" "counts/%" book))
(define (double x) (* 2 x))
(define rate 0.5)
(define out (current-output-port))

(step count
  (foreach book (wildcard "books/*.txt"))
  (input text book)
  (output table (counts book))
  (environment (MODE "slow"))
  (shell "grep -E '.{#{shortest}}' #{text} > #{table}"))

(step total
  (join count table)
  (output all "total")
  (shell "cat #{table} > #{all}"))

(step start (produces sum) (scheme (double 21)))
(step next (from start (n sum)) (produces r) (scheme (* rate n)))
(step say (from next r) (shell-program "sh" "-euc") (shell "echo #{r}"))
(step always (scheme (display "x" out)))
(step never (when #f) (shell "true"))
END

test_expect_success 'in a first run all tasks are new' '
	flowmake run > /dev/null &&
	flowmake why > out &&
	test_grep "^Run 1 resumed no other" out &&
	test_grep "^count +2  ran +it never ran before\$" out &&
	test_grep "^never +1  skipped +its when is false" out &&
	why total "1/total ran because it never ran before" &&
	why count/1 "1/count/1 \(books/b.txt\) ran because it never ran before"
'

test_expect_success 'run executes what has a result' '
	flowmake run > /dev/null &&
	why total "2/total ran although nothing changed since 1/total: run executes every task, .*" &&
	why 2 "count +2  ran +nothing changed; run executes every task"
'

test_expect_success 'a task that is reused says from where' '
	flowmake resume > /dev/null &&
	why 3/count/0 "3/count/0 \(books/a.txt\) did not run: nothing changed since 2/count/0, whose result it has" &&
	why 3 "Run 3 resumed run 2." "count +2  reused +nothing changed"
'

test_expect_success 'data that cannot be stored make a task run always' '
	why 3/always "3/always ran, as it always does: .*" \
		"  definition out cannot be compared"
'

test_expect_success 'a changed input is named, and who read what came of it' '
	echo "a longer tale" >> books/a.txt &&
	flowmake resume > /dev/null &&
	why 4 "count +1  ran +input books/a.txt changed" \
		"count +1  reused +nothing changed" "total +1  ran +join table.* changed" &&
	why 4/count/0 "4/count/0 \(books/a.txt\) ran because of what changed since 3/count/0:" \
		"  input books/a.txt changed: [0-9a-f]{8} -> [0-9a-f]{8} \(21 B\)" &&
	why 4/total "    4/count/0 gave counts/a [0-9a-f]{8} \(21 B\), 2/count/0 counts/a [0-9a-f]{8} \(7 B\)" &&
	why 4/count "count/0 +books/a.txt +ran +input books/a.txt changed" \
		"count/1 +books/b.txt +reused +nothing changed"
'

test_expect_success 'a changed parameter is named, with its values, and the line of the recipe' '
	flowmake resume shortest=6 > /dev/null &&
	why 5/count/1 "  recipe changed" \
		"  parameter shortest, which the step mentions, changed: 4 -> 6" \
		"    - grep -E .\.\{4\}. #\{text\} > #\{table\}" \
		"    \+ grep -E .\.\{6\}. #\{text\} > #\{table\}"
'

test_expect_success 'a parameter that has nothing to do with it is not named' '
	mkdir blamed && cd blamed && flowfile <<-\END &&
	(parameter other "o")
	(define (f y) (+ y 1))
	(step s (produces (r text)) (environment (E "o1")) (shell "echo 1 > #{r}"))
	(step v (foreach i (list 1 2)) (produces (r text))
	  (shell "echo #{(f i)} > #{r}"))
	(step x (output o "x") (exec "echo" "1" #:stdout o))
	END
	flowmake run > /dev/null && edit "echo 1" "echo 2" && edit "o1" "o2" &&
	edit "(+ y 1)" "(+ y 2)" &&
	edit "(exec \"echo\" \"1\" #:stdout o)" "(shell \"echo 1 > #{o}\")" &&
	flowmake other=p > /dev/null &&
	why s "  recipe changed: echo 1 > #\{r\} -> echo 2 > #\{r\}" \
		"  environment changed: E=o1 -> E=o2" && lines 3 out &&
	why v/0 "    its text is the same, the values in it are not" \
		"    values in it: 2 -> 3" "    see flowmake diff 1 2 Flowfile" &&
	edit "echo #{(f i)}" "echo a #{(f i)}" && edit "(+ y 2)" "(+ y 3)" &&
	flowmake > /dev/null && why v/1 "    values in it: 4 -> 5" &&
	why 2/x "    its text is the same, what executes it is not" \
		"  interpreter is new: bash -euo pipefail -c"
'

test_expect_success 'a changed line of a recipe is shown, and no other' '
	mkdir lines && cd lines &&
	cat > lines.scm <<-\END &&
	(step lines (shell "true\ntrue 1\ntrue"))
	END
	flowmake run -f lines.scm > /dev/null &&
	sed -i "s/ 1/ 2/" lines.scm &&
	flowmake run -f lines.scm > /dev/null &&
	why lines "    - true 1" "    \+ true 2" &&
	lines 4 out
'

test_expect_success 'a changed definition is named' '
	sed -i "s/(\* 2 x)/(+ x x 1)/" Flowfile &&
	flowmake resume > /dev/null &&
	why start "6/start ran because of what changed since 5/start:" \
		"  definition double changed: \(define \(double x\) \(\* 2 x\)\) -> \(define \(double x\) \(\+ x x 1\)\)"
'

test_expect_success 'a changed value of another step is shown, with who made it' '
	why next "  from n changed: 42 -> 43" \
		"    made by 6/start; see flowmake why 6/start"
'

test_expect_success 'a changed definition of data is shown' '
	sed -i "s/rate 0.5/rate 0.25/" Flowfile &&
	flowmake resume > /dev/null &&
	why next "  definition rate changed: 0.5 -> 0.25"
'

test_expect_success 'of code the lines that changed are shown' '
	mkdir codes && cd codes && flowfile <<-\END &&
	(load "more.scm")
	(define limit 3)
	(define (square x)
	  ; of a number
	  (* x x))
	(define steps (list 1 2))
	(step one
	  (produces n)
	  (scheme (define a (square 2))
	          (helper (+ a limit))))
	(for-each (lambda (i)
	            (step ,(format #f "s~a" i)
	              (produces n)
	              (scheme (square i))))
	          steps)
	END
	echo "(define (helper x) (1+ x))" > more.scm &&
	flowmake run > /dev/null && sed -i "s/(\* x x)/(expt x 2)/" Flowfile &&
	flowmake > /dev/null && why one "    - +\(\* x x\)\)" "    \+ +\(expt x 2\)\)" &&
	lines 4 out && why s1 "    \+ +\(expt x 2\)\)" && lines 4 out &&
	sed -i "s/square 2/square 3/; s/square i/square (- i)/" Flowfile &&
	echo "(define (helper x) (1- x))" > more.scm && flowmake > /dev/null &&
	why one "  recipe changed" "    - \(scheme \(define a \(square 2\)\)" \
		"    \+ \(scheme \(define a \(square 3\)\)" \
		"  definition helper changed: \(define \(helper x\) \(1\+ x\)\) -> \(define \(helper x\) \(1- x\)\)" &&
	why s2 "  recipe changed: \(scheme \(square i\)\) -> \(scheme \(square \(- i\)\)\)" &&
	test_grep -v "may come from" out &&
	flowmake why s2 --json > json && test_grep "scheme .square .- i" json
'

test_expect_success 'of data that are long, too, unless they are computed' '
	mkdir data && cd data && seq 100 > table.csv && flowfile <<-\END &&
	(define words (list "alpha" "beta" "gamma" "delta" "epsilon" "zeta"
	                    "eta" "theta" "iota" "kappa" "lambda" "mu"))
	(define rows (csv-rows "table.csv"))
	(step a (produces n) (scheme (length words)))
	(step b (produces n) (scheme (length rows)))
	END
	flowmake run > /dev/null && edit "\"mu\"" "\"mu\" \"nu\"" &&
	echo 101 >> table.csv && flowmake > /dev/null &&
	why a "  definition words changed" "    - .*\"lambda\" \"mu\"\)\)" \
		"    \+ .*\"lambda\" \"mu\" \"nu\"\)\)" && lines 4 out &&
	why b "  definition rows changed" \
		"    its text is the same, the value is not" \
		"    it may come from table.csv: changed"
'

test_expect_success 'also of a step that is not the first that mentions them' '
	mkdir second && cd second && flowfile <<-\END &&
	(define (f) 1)
	(step a (produces n) (scheme (f)))
	(step b (produces n) (scheme (+ 1 (f))))
	END
	flowmake run b > /dev/null && edit "(f) 1" "(f) 2" &&
	flowmake b > /dev/null &&
	why b "  definition f changed: \(define \(f\) 1\) -> \(define \(f\) 2\)"
'

test_expect_success 'a changed environment and another shell are shown' '
	sed -i "s/slow/fast/; s/\"sh\" \"-euc\"/\"bash\" \"-euc\"/" Flowfile &&
	flowmake resume > /dev/null &&
	why count/0 "  environment changed: MODE=slow -> MODE=fast" &&
	why say "  interpreter changed: sh -euc -> bash -euc"
'

test_expect_success 'a new element is new, and no other task runs' '
	echo "all about ants" > books/aa.txt &&
	flowmake resume > /dev/null &&
	why count/1 "9/count/1 \(books/aa.txt\) ran because its element is new" &&
	why count/2 "9/count/2 .* did not run: .* 8/count/1, whose result it has" &&
	why total "    9/count/1 is new"
'

test_expect_success 'one that an earlier run did not come to is not new' '
	mkdir part && cd part && flowfile <<-\END &&
	(step a (foreach x (list 1 2 3)) (shell "test #{x} = 1 || test -e ok"))
	END
	test_must_fail flowmake -j 1 && : > ok && flowmake &&
	why a/2 "2/a/2 \(3\) ran because it never ran before" &&
	edit "1 2 3" "1 2 3 4" && flowmake &&
	why a/3 "3/a/3 \(4\) ran because its element is new"
'

test_expect_success 'an element that goes is gone' '
	rm books/aa.txt &&
	flowmake run > /dev/null &&
	why total "10/total ran although nothing changed since 4/total: .*" &&
	flowmake why 9/total --json > out &&
	test_grep "9/count/1 is new" out
'

test_expect_success 'other words are right, too' '
	mkdir words && cd words && flowfile <<-\END &&
	(parameter p 1)
	(step c (foreach x (list 1 2 3 4 5 6)) (produces h) (scheme (* 10 x)))
	(step j (join c h) (produces s) (scheme (apply + h)))
	(step off (when #f) (exec "true"))
	(step user (from off) (exec "true"))
	(step names (produces one) (scheme 1))
	(step all (produces (v text))
	  (shell "grep -o p $FLOWMAKE_TASK > #{v}"))
	(step edited (output o "o") (exec "touch" o))
	END
	flowmake run > /dev/null && edit "list 1 2" "list 2 1" &&
	edit "produces one" "produces two" && echo hand >> o &&
	flowmake resume p=2 > /dev/null 2>&1 &&
	why 2/j "    the order of the list changed" &&
	why 2 "off +1  skipped +its when is false, or what it reads was skipped" \
		"edited +1  ran +what it had made was gone or changed" &&
	why 2/user "2/user was skipped: its when is false, or what it reads was skipped" &&
	why 2/edited "2/edited ran although nothing changed since 1/edited: what that made was gone or changed" &&
	why 2/names "  declared files or results changed: one -> two" &&
	why 2/all "  parameters changed" "    parameter p was 1, is 2" &&
	edit "(* 10 x)" "(* 20 x)" && edit "(step j (join c h)" "(step j (join c (h h))" &&
	flowmake resume > /dev/null && why 3/j "    and 3 more gave others"
'

test_expect_success 'a renamed step is recognized' '
	sed -i "s/step total/step sum/" Flowfile &&
	flowmake resume > /dev/null &&
	why sum "11/sum did not run: nothing changed since 10/total, whose result it has" &&
	sed -i "s/step sum/step all/; s/#{table} > #{all}/#{table} #{table} > #{all}/" Flowfile &&
	flowmake resume > /dev/null &&
	why all "12/all ran because of what changed since 11/sum:" \
		"  recipe changed: cat #\{table\} > #\{all\} -> cat #\{table\} #\{table\} > #\{all\}"
'

test_expect_success 'so is one whose tasks are not what they were' '
	mkdir renamed && cd renamed &&
	for i in 1 2 3; do echo $i > $i.txt || return 1; done &&
	flowfile <<-\END &&
	(step c (foreach f (wildcard "*.txt")) (input t f) (produces n)
	  (shell "cp #{t} #{n}"))
	END
	flowmake run > /dev/null && echo 4 > 4.txt && echo 5 > 2.txt && rm 3.txt &&
	edit "step c" "step cc" && flowmake > /dev/null &&
	why 2/cc/1 "2/cc/1 \(2.txt\) ran because of what changed since 1/c/1:" \
		"  input 2.txt changed: .*" &&
	why 2/cc/2 "2/cc/2 \(4.txt\) ran because its element is new" &&
	why 2 "cc +1  ran +input 2.txt changed" "cc +1  ran +its element is new" \
		"cc +1  reused +nothing changed"
'

test_expect_success 'what it reads is found under the names it had' '
	mkdir read && cd read && flowfile <<-\END &&
	(step c (foreach x (list 1 2)) (produces h) (scheme (* 10 x)))
	(step d (join c h) (produces s) (scheme (apply + h)))
	(step one (produces r) (scheme "one"))
	(step two (from one r) (scheme (string-length r)))
	END
	flowmake run > /dev/null &&
	sed -i "s/step c /step cc /; s/join c/join cc/; s/step one/step uno/; s/from one/from uno/" Flowfile &&
	flowmake resume > out && test_grep "5 reused" out &&
	sed -i "s/list 1 2/list 2 3/; s/\"one\"/\"uno\"/" Flowfile &&
	flowmake resume > /dev/null &&
	why 3/d "    3/cc/1 is new" "    1/c/0 is gone" && lines 4 out &&
	why 3/two "  from r changed: \"one\" -> \"uno\"" "    made by 3/uno; .*" &&
	sed -i "s/step cc/step ccc/; s/join cc/join ccc/; s/step uno/step eins/; s/from uno/from eins/" Flowfile &&
	sed -i "s/10 x/20 x/; s/\"uno\"/\"eins\"/" Flowfile &&
	sed -i "s/produces h/produces g/; s/ccc h/ccc (h g)/" Flowfile &&
	flowmake resume > /dev/null &&
	why 4/d "    4/ccc/0 gave 40, 3/cc/0 20" "    4/ccc/1 gave 60, 3/cc/1 30" &&
	why 4/two "  from r changed: \"uno\" -> \"eins\""
'

test_expect_success 'also where another step has that name now' '
	mkdir moved-names && cd moved-names && flowfile <<-\END &&
	(step x (produces v) (scheme 1))
	(step y (produces v) (scheme 100))
	(step c (from x v) (produces w) (scheme (+ v 1)))
	END
	flowmake run > /dev/null &&
	sed -i "s/step x/step a/; s/step y/step x/; s/from x/from a/" Flowfile &&
	flowmake resume > out && test_grep "3 reused" out &&
	edit "(scheme 1)" "(scheme 5)" && flowmake resume > /dev/null &&
	why 3/c "  from v changed: 1 -> 5"
'

test_expect_success 'many renamed steps are found as fast' '
	mkdir many && cd many && flowfile <<-\END &&
	(for-each
	  (lambda (i)
	    (step ,(format #f "old~a" i) (output o "o#{i}")
	      (environment ("X" "1")) (shell "echo #{i} > #{o}")))
	  (iota 200))
	END
	flowmake run > /dev/null && sed -i "s/old~a/new~a/; s/\"1\"/\"2\"/" Flowfile &&
	flowmake > /dev/null && flowmake why 2 > out &&
	test $(grep -c "^new.*environment changed" out) = 200
'

test_expect_success 'the names of what it reads may be long' '
	mkdir long && cd long && name=$(printf "s%.0s" {1..80}) && flowfile <<-END &&
	(step $name (produces r) (scheme 1))
	(step reads (from $name r) (scheme (+ r 1)))
	END
	flowmake run > /dev/null && edit "scheme 1" "scheme 2" &&
	flowmake > /dev/null && why reads "  from r changed: 1 -> 2"
'

test_expect_success 'what ran in runs that are removed is not said to be new' '
	mkdir removed && cd removed &&
	echo "(step a (shell \"true\"))" > Flowfile && flowmake run > /dev/null &&
	edit true "true 2" && flowmake > /dev/null && flowmake gc --keep 1 &&
	why 2/a "2/a ran, maybe for the first time: no earlier run is kept" &&
	why 2 "a +1  ran +it may be new: no earlier run is kept" &&
	echo "(step b (shell \"true\"))" >> Flowfile && flowmake > /dev/null &&
	why 3/b "3/b ran, maybe for the first time: the earlier run that was looked at did not run it"
'

test_expect_success 'what was lost, and what --rerun asks for, is said' '
	rm -rf total .flowmake/objects &&
	flowmake resume --rerun start > /dev/null &&
	why all "13/all ran although nothing changed since 12/all: what that made was gone or changed" &&
	why start "13/start ran because --rerun asked for it"
'

test_expect_success 'a failure is no result, nor is one that was caught' '
	mkdir fails && cd fails &&
	cat > fails.scm <<-\END &&
	(step fails (shell "! test -e ../fail"))
	(step caught (catch why) (shell "exit 3"))
	END
	touch ../fail &&
	test_must_fail flowmake run -k -f fails.scm > /dev/null 2>&1 &&
	rm ../fail &&
	flowmake resume -f fails.scm > /dev/null &&
	why fails "2/fails ran because 1/fails failed: status 1; nothing changed since" &&
	why caught "2/caught ran because 1/caught failed, which was caught; .*" &&
	why 2 "fails +1  ran +its last attempt failed"
'

test_expect_success 'a task that failed and was edited says both' '
	mkdir edited && cd edited &&
	cat > edited.scm <<-\END &&
	(step edited (shell "false"))
	END
	test_must_fail flowmake run -f edited.scm > /dev/null 2>&1 &&
	sed -i s/false/true/ edited.scm &&
	flowmake run -f edited.scm > /dev/null &&
	why edited "2/edited ran because of what changed since 1/edited, which failed:"
'

test_expect_success 'an output that changes its name is shown' '
	mkdir names && cd names &&
	cat > names.scm <<-\END &&
	(step names (outputs "one") (shell "echo x | tee one two > /dev/null"))
	END
	flowmake run -f names.scm > /dev/null &&
	sed -i "s/outputs \"one\"/outputs \"two\"/" names.scm &&
	flowmake run -f names.scm > /dev/null &&
	why names "  declared files or results changed: one -> two"
'

test_expect_success 'a task whose input changed while it ran has no good result' '
	mkdir racy && cd racy &&
	cat > racy.scm <<-\END &&
	(step racy (input i "racy.txt") (shell "test -e ../done || echo 1 >> #{i}; touch ../done"))
	END
	echo 1 > racy.txt && cp racy.txt saved &&
	flowmake run -f racy.scm > /dev/null 2>&1 &&
	cp saved racy.txt &&
	flowmake resume -f racy.scm > /dev/null &&
	why racy "2/racy ran because 1/racy was not good: something that it read changed meanwhile; .*"
'

test_expect_success 'nested fan-outs are compared element by element' '
	mkdir nested && cd nested &&
	cat > nested.scm <<-\END &&
	(define (f x) (* x 1))
	(step a (foreach x (quote (1 2))) (produces v) (scheme (f x)))
	(step b (from a v x) (foreach y (quote (p q))) (produces w) (scheme (list v x y)))
	(step c (join b w) (produces z) (scheme w))
	END
	flowmake run -f nested.scm > /dev/null &&
	sed -i "s/x 1/x 10/" nested.scm &&
	flowmake resume -f nested.scm > /dev/null &&
	why b/1.0 "2/b/1.0 \(2 p\) ran because of what changed since 1/b/1.0:" \
		"  from v changed: 2 -> 20" "    made by 2/a/1; see flowmake why 2/a/1" &&
	why c/1 "    2/b/1.0 gave \(20 2 p\), 1/b/1.0 \(2 2 p\)" &&
	sed -i "s/quote (1 2)/quote (0 1 2)/; s/(p q)/(p r)/" nested.scm &&
	flowmake resume -f nested.scm > /dev/null &&
	why b/1.0 "3/b/1.0 \(1 p\) did not run: .* since 2/b/0.0, .*" &&
	why b/2.1 "3/b/2.1 \(2 r\) ran because its element is new" &&
	why c/1 "3/c/1 \(1\) ran because of what changed since 2/c/0:" \
		"    3/b/1.1 is new" "    2/b/0.1 is gone"
'

test_expect_success 'a failure that was caught is a value' '
	mkdir caught && cd caught &&
	cat > caught.scm <<-\END &&
	(parameter p 1)
	(step d (produces q) (catch oops) (scheme (if (= p 2) (error "no") p)))
	(step e (from d (mine q)) (produces r) (scheme mine))
	END
	flowmake run -f caught.scm > /dev/null &&
	flowmake resume -f caught.scm p=2 > /dev/null &&
	why d "  parameter p changed: 1 -> 2" &&
	why e "  from mine changed: 1 -> a failure that was caught"
'

test_expect_success 'a file that was changed after it was made is said' '
	mkdir stale && cd stale &&
	cat > stale.scm <<-\END &&
	(step make (output o "made") (shell "echo 1 > #{o}"))
	(step edit (after make) (shell "echo 2 > \"made\""))
	(step read (from make o) (after edit) (shell "cat #{o}"))
	END
	flowmake run -f stale.scm > /dev/null 2>&1 &&
	why read "1/read ran because a file that it read was changed after its task had made it"
'

test_expect_success 'the JSON is JSON' '
	flowmake why --json 4/count/0 > out &&
	"$PYTHON" -c "
import json, sys
task, = json.load(open(\"out\"))
assert task[\"reason\"] == \"changed\", task
assert task[\"compared\"] == \"3/count/0\", task
difference, = task[\"differences\"]
assert difference[\"part\"] == \"input books/a.txt\", difference
assert difference[\"old\"] and difference[\"new\"]
" &&
	flowmake why --json 4 > out &&
	"$PYTHON" -c "
import json
tasks = json.load(open(\"out\"))
assert {t[\"state\"] for t in tasks} == {\"ran\", \"reused\", \"skipped\"}
"
'

# The run that is compared executed nothing, so it has no code of its own.
test_expect_success 'a file that changed before the run compared is not blamed' '
	mkdir since && (
		cd since && flowfile <<-\END &&
		(step a (input i "in.txt") (produces r) (shell "cat #{i} > #{r}"))
		(step b (produces r) (shell "echo one > #{r}"))
		END
		echo 1 > in.txt && flowmake && echo 2 > in.txt && flowmake &&
		flowmake && edit "echo one" "echo two" && flowmake &&
		flowmake why 4/b
	) > out &&
	test_grep "recipe changed: echo one .* -> echo two" out &&
	! grep in.txt out
'

test_expect_success 'what was skipped, or is skipped now, is said' '
	mkdir skips && cd skips && flowfile <<-\END &&
	(parameter skip "c")
	(step a (foreach x (list "a" "b" "c")) (when (not (equal? x skip)))
	  (produces r) (scheme (string-append x "r")))
	(step j (join a r) (produces out) (scheme r))
	END
	flowmake && flowmake skip=b &&
	why 2/j "2/j ran because of what changed since 1/j:" \
		"  join r changed" "    1/a/2 was skipped" \
		"    2/a/1 is skipped now" && lines 4 out &&
	why 2/a/2 "2/a/2 \(c\) ran because it is not skipped any more, as 1/a/2 was" &&
	why 2 "a +1 +ran +it was skipped before" &&
	flowmake why 2/a/2 --json > out && test_grep "\"was skipped\"" out
'

test_expect_success 'a fan-out is recognized whose recipe and name changed at once' '
	mkdir both && cd both && mkdir d && for i in 1 2 3; do
		echo $i > d/in$i || return 1
	done && flowfile <<-\END &&
	(step a (foreach x (wildcard "d/in*")) (input i x)
	  (output o "o/#{(notdir x)}") (shell "cat #{i} > #{o}"))
	END
	flowmake && edit "step a" "step b" && edit "cat #" "cat -n #" &&
	flowmake && for i in 0 1 2; do
		why 2/b/$i "2/b/$i .* ran because of what changed since 1/a/$i:" \
			"  recipe changed: cat .* -> cat -n .*" || return 1
	done
'

test_expect_success 'of a run without tasks why says that' '
	mkdir no-tasks && cd no-tasks && flowfile <<-\END &&
	(step a (foreach x (list)) (shell "true"))
	END
	flowmake && why 1 "No task of it was recorded."
'

test_expect_success 'why says what it cannot find' '
	test_must_fail flowmake why 4/counts 2> errors &&
	test_grep "run 4 has no task .counts. .did you mean count" errors &&
	test_must_fail flowmake why 99 2> errors &&
	test_grep "there is no run 99" errors
'

test_done
