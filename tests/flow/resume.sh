# resume: what is executed again, and what not.
. "${0%/*}/lib"

test_expect_success 'a flow of files and values' '
	mkdir books &&
	for i in a b c; do echo "words of $i" > books/$i.txt; done &&
	flowfile <<-\END &&
	(parameter shortest 1)
	(define (table-of book) (patsubst "books/%.txt" "counts/%" book))
	(step count
	  (foreach book (wildcard "books/*.txt"))
	  (input text book)
	  (output table (table-of book))
	  (shell "echo #{book} >> ../ran; wc -w < #{text} > #{table}"))
	(step total
	  (join count table)
	  (output all "total")
	  (shell "echo total >> ../ran; cat #{table} > #{all}"))
	(step names
	  (produces (list json))
	  (exec "echo" "[\"x\", \"y\"]" #:stdout list))
	(step length
	  (from names list)
	  (foreach name list)
	  (produces n)
	  (scheme (+ shortest (string-length name))))
	(step sum
	  (join length n)
	  (produces s)
	  (scheme (apply + n)))
	END
	flowmake > out 2> errors &&
	test_grep "nothing has run here yet, so everything runs" errors &&
	test_grep "^Done: run 1, 8 tasks in" out &&
	lines 4 ../ran
'

test_expect_success 'without a change nothing is executed' '
	rm ../ran &&
	flowmake resume > out &&
	test_grep "^Done: run 2, 8 tasks, 8 reused in" out &&
	test ! -e ../ran &&
	flowmake -q &&
	flowmake runs > runs &&
	lines 3 runs
'

test_expect_success 'reused tasks are shown with their origin, and their results' '
	flowmake show count/1 > out &&
	test_grep "reused" out &&
	test_grep "run 1" out &&
	echo "s = 4" > expected &&
	flowmake dump 2/sum > out &&
	test_cmp expected out
'

test_expect_success 'a new time of the same content executes nothing' '
	touch books/a.txt && flowmake -q &&
	cp books/b.txt copy && mv copy books/b.txt && flowmake -q
'

test_expect_success 'new content with the old time and size is noticed' '
	touch -r books/a.txt stamp &&
	echo "wordsXof a" > books/a.txt && touch -r stamp books/a.txt &&
	test_expect_code 1 flowmake resume -q > out &&
	lines 0 out &&
	flowmake -n > out &&
	test_grep "^count/0 books/a.txt: runs: input books/a.txt changed" out &&
	test_grep "^total: runs, unless what it reads comes out as before" out &&
	test_grep "^2 of 8 tasks to do, 6 reused" out &&
	flowmake > out &&
	test_grep "8 tasks, 6 reused" out &&
	printf "%s\n" books/a.txt total | test_cmp - ../ran
'

test_expect_success 'what comes out as before executes nothing further' '
	rm ../ran && echo "words of  b" > books/b.txt &&
	flowmake > out &&
	test_grep "8 tasks, 7 reused" out &&
	echo books/b.txt | test_cmp - ../ran
'

test_expect_success 'a new file executes one task and what follows' '
	rm ../ran && echo new > books/d.txt &&
	flowmake > out &&
	test_grep "9 tasks, 7 reused" out &&
	printf "%s\n" books/d.txt total | test_cmp - ../ran
'

test_expect_success 'without one of its files a fan-out keeps its results' '
	rm ../ran books/a.txt &&
	flowmake > out &&
	test_grep "8 tasks, 7 reused" out &&
	echo total | test_cmp - ../ran &&
	flowmake show count > out &&
	test_grep "count/0 +books/b.txt +reused" out
'

test_expect_success 'a removed output is restored when the store has it' '
	rm ../ran && cp total kept && echo words of e > books/e.txt &&
	flowmake > out && rm books/e.txt ../ran &&
	flowmake -n > out &&
	test_grep "^total: its outputs are restored from the store" out &&
	flowmake > out &&
	test_grep "8 tasks, 8 reused" out &&
	test ! -e ../ran &&
	test_cmp kept total
'

test_expect_success 'one that the store does not have is made again' '
	rm counts/c && object=$(grep -rlx 3 .flowmake/objects) && rm -f $object &&
	flowmake -n > out &&
	test_grep "^count/1.*: runs: what it made is gone or was changed" out &&
	flowmake > out &&
	test_grep "8 tasks, 7 reused" out &&
	echo books/c.txt | test_cmp - ../ran
'

# Positions move when an element comes between others.
test_expect_success 'a plan compares a task with none of another element' '
	mkdir -p moved/in && (
		cd moved && flowfile <<-\END &&
		(step h (foreach x (wildcard "in/*")) (input i x)
		  (produces z) (shell "cat #{i} > #{z}"))
		END
		echo 1 > in/a && echo 2 > in/c && flowmake &&
		echo 3 > in/b && flowmake -n
	) > out &&
	test_grep "^h/1 in/b: runs: there is no result of it yet\$" out &&
	test_grep "^h/2 in/c: reused from run 1" out &&
	cd moved && echo 4 > in/c && flowmake -n > out &&
	test_grep "^h/1 in/b: runs: there is no result of it yet\$" out &&
	test_grep "^h/2 in/c: runs: input in/c changed\$" out &&
	sed -i "s,cat #,test #{i} != in/c; cat #," Flowfile &&
	test_must_fail flowmake -k 2> errors && rm in/a && flowmake -n > out &&
	test_grep "^h/1 in/c: runs: its last attempt failed\$" out &&
	lines 3 out
'

test_expect_success 'what somebody wrote over an output is kept and said' '
	rm ../ran && echo mine > counts/b &&
	flowmake > out 2> errors &&
	test_grep "counts/b., which was changed since flowmake made it, to .flowmake/replaced/[0-9]+/counts/b" out errors &&
	echo mine | test_cmp - .flowmake/replaced/*/counts/b &&
	echo 3 | test_cmp - counts/b
'

test_expect_success '--rerun executes a step, and no more than follows' '
	rm -f ../ran &&
	flowmake --rerun=count > out &&
	test_grep "8 tasks, 5 reused" out &&
	lines 3 ../ran &&
	test_must_fail flowmake --rerun cuont 2> errors &&
	test_grep "no step is called .cuont. \(did you mean .count.\?\)" errors
'

test_expect_success 'parameters given to the origin run are given again' '
	flowmake run shortest=2 > out &&
	flowmake -q &&
	flowmake > out && flowmake dump sum > out &&
	echo "s = 6" | test_cmp - out &&
	flowmake shortest=1 && flowmake dump sum > out &&
	echo "s = 4" | test_cmp - out
'

test_expect_success 'a parameter that the Flowfile no longer has is not' '
	flowmake run shortest=3 > out &&
	sed "s/(parameter shortest 1)/(define shortest 1)/" Flowfile > new &&
	mv new Flowfile &&
	flowmake && flowmake dump sum > out &&
	echo "s = 4" | test_cmp - out
'

test_expect_success 'targets are resumed alone' '
	rm -f ../ran counts/b counts/c && echo "other words here" > books/b.txt &&
	flowmake counts/b > out &&
	test_grep "1 task in" out &&
	echo books/b.txt | test_cmp - ../ran &&
	test ! -e counts/c &&
	flowmake sum > out && test_grep "4 tasks, 4 reused" out
'

test_expect_success 'an earlier run can be resumed instead of the latest' '
	test_must_fail flowmake resume --origin-run-id 99 2> errors &&
	test_grep "there is no run 99; .flowmake runs. lists them" errors &&
	flowmake resume --origin-run-id 1 > out &&
	flowmake show > out && test_grep "resumes +run 1" out
'

test_expect_success 'a late fan-out whose list changed executes its new elements' '
	mkdir late && cd late && flowfile <<-\END &&
	(parameter most 1)
	(step lists (produces (all json) (other json))
	  (shell "cat list > #{all}; echo 2 > #{other}"))
	(step shell (from lists all) (foreach x all) (produces (r text))
	  (shell "echo #{x} > #{r}"))
	(step exec (from lists all other) (foreach x all)
	  (when (> other most)) (output o "out/#{x}")
	  (exec "sh" "prog" o))
	(step scheme (from lists all) (foreach x all) (produces r)
	  (scheme (list x)))
	(step next (join scheme r) (foreach x (map car r)) (produces y)
	  (scheme x))
	(step reads (from lists all) (foreach x all) (produces y)
	  (scheme (length all)))
	(step json (from lists all) (foreach x all) (produces (y text))
	  (shell "grep -o \"from.: {[^}]*\" $FLOWMAKE_TASK > #{y}"))
	END
	echo "grep -o \"from.: {[^}]*\" \$FLOWMAKE_TASK > \$1" > prog &&
	echo "[\"a\", \"b\"]" > list && flowmake &&
	echo "from\": {" | test_cmp - out/a &&
	echo "[\"b\", \"new\", \"a\"]" > list && flowmake > out.text &&
	test_grep "19 tasks, 8 reused" out.text &&
	for task in shell/0 shell/2 exec/0 exec/2 scheme/0 scheme/2 \
	    next/0 next/2; do
		flowmake show $task > out.text &&
		test_grep "reused" out.text || exit 1
	done &&
	flowmake dump reads/2 > out.text && echo "y = 3" | test_cmp - out.text &&
	flowmake dump json/2 > out.text && test_grep new out.text &&
	echo "[\"a\"]" > list && flowmake > out.text &&
	test_grep "7 tasks, 4 reused" out.text && flowmake -q
'

test_expect_success 'options of resume need not be named' '
	flowmake -j 2 > out && test_grep "8 reused" out &&
	mkdir sub && flowmake -C . -q
'

test_done
