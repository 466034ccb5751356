# What a pure Flowfile said is remembered, and asked again when anything that it
# looked at has changed.
. "${0%/*}/lib"

# With an evaluator that cannot be started only what is remembered can be had.
mkdir ../dead &&
cp -p "$FLOWMAKE_LIBEXEC/flowmake-evaluator" ../dead &&
chmod -x ../dead/flowmake-evaluator
knows() {
	FLOWMAKE_LIBEXEC=$PWD/../dead flowmake "$@"
}
knows_not() {
	test_must_fail knows "$@" 2> errors &&
	test_grep "cannot start the evaluator" errors
}

test_expect_success 'a flow that was run is known' '
	mkdir books && echo one > books/a.txt && echo "x,y" > table.csv &&
	flowfile <<-\END &&
	(parameter greeting "hello")
	(define rows (csv-rows "table.csv"))
	(define home (or (getenv "MEMO_TEST") "none"))
	(define (out book) (patsubst "books/%.txt" "copies/%" book))
	(step copy
	  (foreach book (wildcard "books/*.txt"))
	  (input text book)
	  (output copied (out book))
	  (exec "cp" text copied))
	(step cells
	  (foreach cell (car rows))
	  (produces (n text))
	  (shell "echo #{greeting} #{cell} #{home} > #{n}"))
	(step all (join cells n) (produces s) (scheme (apply string-append n)))
	END
	knows_not run &&
	flowmake run > out &&
	test_grep "4 tasks" out &&
	knows -q && knows resume > out && test_grep "4 reused" out &&
	knows run -n > out && lines 4 out
'

test_expect_success 'without a scheme recipe it is run without Guile' '
	echo two > books/a.txt &&
	knows resume > out &&
	test_grep "3 reused" out &&
	test_cmp books/a.txt copies/a
'

test_expect_success 'a scheme recipe starts it' '
	knows_not resume --rerun=all &&
	flowmake resume --rerun=all > out && test_grep "3 reused" out &&
	flowmake dump all > out && test_grep "hello x none" out
'

test_expect_success 'a new file makes it ask again' '
	echo new > books/b.txt && knows_not -q &&
	flowmake > out && test_grep "5 tasks, 4 reused" out && knows -q &&
	rm books/b.txt && knows_not -q && flowmake && knows -q
'

test_expect_success 'a new cell does' '
	echo "x,y,z" > table.csv && knows_not -q &&
	flowmake > out && test_grep "5 tasks, 3 reused" out && knows -q
'

test_expect_success 'a variable of the environment does' '
	(
		export MEMO_TEST=here &&
		knows_not -q && flowmake > out && test_grep "1 reused" out &&
		knows -q
	) &&
	knows_not -q
'

test_expect_success 'a parameter does' '
	flowmake && knows -q && knows_not run greeting=hi -n &&
	flowmake greeting=hi > out && test_grep "1 reused" out &&
	knows greeting=hi -q
'

test_expect_success 'an edit of the Flowfile does' '
	echo "; a comment" >> Flowfile && knows_not -q &&
	flowmake > out && test_grep "5 reused" out && knows -q
'

test_expect_success 'a damaged memo is not used' '
	for memo in .flowmake/cache/*.memo; do
		printf x >> "$memo"
	done &&
	knows_not -q && flowmake -q && knows -q
'

test_expect_success 'a flow that is not pure is asked each time' '
	flowfile <<-\END &&
	(step one
	  (foreach x (iota (if (file-exists? "more") 2 1)))
	  (exec "echo" x))
	END
	flowmake > out && test_grep "1 task" out && knows_not -q &&
	touch more && flowmake > out && test_grep "2 tasks, 1 reused" out
'

test_expect_success 'what a task changed is looked at again' '
	mkdir ../late && cd ../late && mkdir in && echo 1 > in/a &&
	flowfile <<-\END &&
	(step tree (input t "in") (output d "out") (shell "cp -R #{t} #{d}"))
	(step part (from tree d) (foreach f (wildcard "#{d}/*"))
	  (shell "cat #{f}"))
	END
	flowmake && for new in b c d e; do
		echo 2 > in/$new && flowmake && ls in > expected &&
		flowmake show part | sed -n "s,^part.* out/\([a-e]\) .*,\1,p" |
		test_cmp expected - || exit 1
	done &&
	rm in/a && flowmake run > said && test_grep "5 tasks in" said &&
	flowmake > said && test_grep "5 reused" said
'

test_expect_success 'and known from then on' '
	cd ../late && echo 3 > in/f && flowmake > said &&
	test_grep "6 tasks in" said && knows -q && knows resume --rerun=tree > said &&
	test_grep "5 reused" said
'

test_expect_success 'only the answers that a change concerns are asked for again' '
	mkdir ../apart && cd ../apart && mkdir -p in/a in/b && touch in/a/1 in/b/1 &&
	flowfile <<-\END &&
	(define (parts name tree)
	  (step ,tree (input t (string-append "in/" name))
	    (output d (string-append "out/" name)) (shell "cp -R #{t} #{d}"))
	  (step ,name (from ,tree d) (foreach f (wildcard "#{d}/*"))
	    (exec "cat" f)))
	(parts "a" "tree-a")
	(parts "b" "tree-b")
	END
	flowmake && knows -q && touch in/a/2 &&
	test_must_fail knows resume -k > said 2>&1 &&
	test_grep "^Failed: 2/a: cannot start the evaluator" said &&
	test_grep "1 of 4 tasks failed, 1 done, 2 reused" said &&
	flowmake > said && test_grep "5 tasks, 3 reused" said && knows -q &&
	touch in/b/2 && flowmake > said &&
	test_grep "6 tasks, 3 reused" said && knows -q && rm in/a/1 &&
	flowmake > said && test_grep "5 tasks, 3 reused" said && knows -q &&
	touch in/a/1 && flowmake > said && test_grep "6 reused" said
'

test_done
