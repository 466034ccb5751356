# What a resume executes after runs that ended in any way, and after changes of
# the flow.
. "${0%/*}/lib"
. "${0%/*}/lib-process"
. "${0%/*}/lib-resume"

test_expect_success 'after a failure what failed and what follows is executed' '
	mkdir failure && cd failure && echo bad > flag && flowfile <<-\END &&
	(step a (produces (n text)) (shell "echo a > #{n}"))
	(step b (from a n) (input f "flag") (produces (m text))
	  (shell "grep good #{f} > #{m}"))
	(step c (from b m) (produces (n text)) (shell "echo #{m} > #{n}"))
	(step d (foreach i (list 1 2 3)) (produces (n text))
	  (shell "echo #{i} > #{n}"))
	END
	test_must_fail flowmake run -k && test_must_fail flowmake &&
	test "$(executed)" = "" && echo good > flag && executes "b c" &&
	executes ""
'

test_expect_success '-n says how the last attempt ended that gave no result' '
	mkdir ended && cd ended && echo 1 > in && flowfile <<-\END &&
	(step fails (input i "in") (retry #:times 1)
	  (shell "grep -q 1 #{i}"))
	(step caught (input i "in") (catch e) (shell "grep -q 1 #{i}"))
	(step stale (input i "own") (output o "out") (shell "echo >> #{i}; : > #{o}"))
	(step never (after fails) (shell "true"))
	END
	echo > own && flowmake && echo 2 > in && test_must_fail flowmake -k &&
	flowmake -n > plan &&
	test_grep "^fails: runs: its last attempt failed$" plan &&
	test_grep "^caught: runs: its last attempt failed, which was caught$" plan &&
	test_grep "^stale: runs: its last attempt was not good: something" plan
'

test_expect_success 'also when the latest run did not come to it, or more changed' '
	mkdir -p reasons && cd reasons && echo 1 > i && flowfile <<-\END &&
	(step a (input i "i") (output o "a.out") (shell "cat #{i} > #{o}"))
	(step b (produces (v text)) (shell "echo 1 > #{v}"))
	(step c (foreach x (list 1 1 2)) (input i "i") (produces (v text))
	  (shell "test #{x} != 2 || test $(cat #{i}) = 1; echo #{x} > #{v}"))
	END
	flowmake && flowmake b && echo 2 > i && flowmake -n > plan &&
	test_grep "^a: runs: input i changed$" plan &&
	test_grep "^c/2 2: runs: input i changed$" plan &&
	echo 1 > i && rm a.out && flowmake -n > plan &&
	test_grep "^a: runs: what it made is gone or was changed$" plan &&
	flowmake && echo 2 > i && test_must_fail flowmake -k c && edit "echo #{x}" "echo a #{x}" &&
	flowmake -n > plan &&
	test_grep "^c/1 1: runs: recipe changed$" plan &&
	test_grep "^c/2 2: runs: its last attempt failed; since then recipe changed$" plan &&
	test_grep "^a: runs: input i changed$" plan
'

test_expect_success 'a Flowfile is the same however it is named' '
	mkdir named && cd named && flowfile <<-\END &&
	(parameter n 1)
	(step a (output o "o.txt") (shell "echo #{n} > #{o}"))
	END
	flowmake && flowmake -f ./Flowfile n=7 && flowmake && echo 7 | test_cmp - o.txt &&
	flowmake -f "$(pwd -P)/Flowfile" n=8 > out 2>&1 && test_grep -v "not all code" out &&
	flowmake && echo 8 | test_cmp - o.txt && flowmake show 4 > out &&
	test_grep -v "left out" out
'

test_expect_success 'what was given to an earlier run, and is wrong now, is said to be that' '
	mkdir wrong && cd wrong && flowfile <<-\END &&
	(parameter n "a")
	(step a (output o "o.txt") (shell "echo #{n} > #{o}"))
	END
	flowmake n=b && edit "n \"a\"" "n 1" && test_must_fail flowmake 2> out &&
	test_grep "is a number, .b. is none; it was given to the run that is resumed: give another now, as n=VALUE$" out &&
	test_must_fail flowmake n=c 2> out && test_grep ".c. is none$" out &&
	executes a n=2
'

test_expect_success 'a second failure loses nothing of what was done between' '
	cd failure && echo bad > flag && test_must_fail flowmake &&
	edit "list 1 2 3" "list 1 2 3 4" && test_must_fail flowmake -k &&
	test "$(executed)" = "d/3" && echo good > flag && executes ""
'

test_expect_success 'with -k a resume goes on after a failure' '
	mkdir keep && cd keep && flowfile <<-\END &&
	(step a (shell "exit 3"))
	(step b (from a) (shell "true"))
	(step c (produces (n text)) (shell "echo c > #{n}"))
	(step d (from c n) (produces (m text)) (shell "echo #{n} > #{m}"))
	END
	test_must_fail flowmake resume -k -j 1 && test "$(executed)" = "c d" &&
	test_must_fail flowmake resume -k && test "$(executed)" = "" &&
	test_expect_code 1 flowmake -q
'

test_expect_success 'after ^C what had ended is reused' '
	mkdir interrupt && cd interrupt && fifo go 8 && fifo ready 9 &&
	flowfile <<-\END &&
	(step a (output o "a") (shell "echo a > #{o}"))
	(step b (from a o) (output p "b")
	  (shell "echo half > #{p}; echo > ready; read -r line < go; cp #{o} #{p}"))
	END
	begin flowmake run > first 2>&1 && hear 9 1 > heard &&
	kill -INT $begun && ended 130 $begun && no_survivors && test ! -e b &&
	echo >&8 && executes "b" && echo a | test_cmp - b && executes ""
'

test_expect_success 'early cut-off works over several levels' '
	mkdir cut && cd cut && echo 5 > in && flowfile <<-\END &&
	(step a (input f "in") (produces (n json)) (shell "cat #{f} > #{n}"))
	(step b (from a n) (produces m) (scheme (quotient n 2)))
	(step c (from b m) (output o "c") (shell "echo #{(if (even? m) 1 0)} > #{o}"))
	(step d (input f "c") (output o "d") (shell "cp #{f} #{o}"))
	(step e (from d o) (produces (n text)) (shell "cat #{o} > #{n}"))
	END
	flowmake &&
	echo 4 > in && executes "a b" && echo 8 > in && executes "a b c" &&
	echo 6 > in && executes "a b c d e" && echo 4 > in && executes "" &&
	echo 1 | test_cmp - d
'

test_expect_success '--rerun of a step in the middle goes no further than changes do' '
	mkdir rerun && cd rerun && flowfile <<-\END &&
	(step a (produces (n text)) (shell "echo 1 > #{n}"))
	(step b (from a n) (produces (m text))
	  (shell "echo #{n} > #{m}; cat ../extra >> #{m} || :"))
	(step c (from b m) (produces (n text)) (shell "echo #{m} > #{n}"))
	END
	flowmake && executes "b" --rerun b && echo x > ../extra &&
	executes "b c" --rerun b && executes "" &&
	executes "a b" --rerun a --rerun=b
'

test_expect_success 'a step that --rerun names and nothing needs is said' '
	mkdir unneeded && cd unneeded && flowfile <<-\END &&
	(step a (output o "a.txt") (shell "echo 1 > #{o}"))
	(step b (output o "b.txt") (shell "echo 2 > #{o}"))
	(step pack (pattern s) (output o "p/%") (shell "echo #{s} > #{o}"))
	(step n (produces n) (scheme 2))
	(step late (from n n) (foreach i (iota n)) (output o "late-#{i}")
	  (shell "echo > #{o}"))
	(step none (foreach i (list)) (shell "exit 1"))
	END
	flowmake && unneeded="--rerun: nothing that is wanted needs the step " &&
	executes "" a --rerun b && test_grep "$unneeded.b.$" "$said" &&
	flowmake -n --rerun b a > out 2> errors &&
	test_grep "$unneeded.b.$" errors && test_grep "^0 of 1 task" out &&
	flowmake -q --rerun b a > out 2>&1 && test_cmp /dev/null out &&
	executes "" --rerun pack && test_grep "$unneeded.pack.$" "$said" &&
	executes "pack/x" p/x --rerun pack &&
	executes "late/0 late/1" --rerun late --rerun none &&
	executes "late/0" late-0 --rerun late &&
	test_grep -v "$unneeded" "$said"
'

test_expect_success 'renaming a step and reordering a fan-out execute nothing' '
	mkdir rename && cd rename && flowfile <<-\END &&
	(step a (foreach x (list "p" "q")) (output o "out/#{x}")
	  (produces (n text)) (shell "echo #{x} | tee #{n} > #{o}"))
	(step b (from a n) (produces m) (scheme (string-append n "!")))
	(step c (join b m) (produces s) (scheme (sort m string<?)))
	END
	flowmake && edit "step a" "step one" && edit "from a" "from one" &&
	executes "" && edit "\"p\" \"q\"" "\"q\" \"p\"" && executes "c" &&
	edit "\"q\" \"p\"" "\"q\" \"r\" \"p\"" && executes "b/1 c one/1" &&
	flowmake show one/2 > shown && test_grep "run 1" shown
'

test_expect_success 'a smaller fan-out, and one step less, execute what joins them' '
	cd rename && edit "\"q\" \"r\" \"p\"" "\"r\"" && executes "c" &&
	dumps c "s = (\"r!\")" && sed "/^(step c/d" Flowfile > new &&
	mv new Flowfile && executes "" && test -e out/q
'

test_expect_success 'implicit rules are made again as far as needed' '
	mkdir pattern && cd pattern && mkdir raw && echo a > raw/a &&
	echo b > raw/b && flowfile <<-\END &&
	(step first (pattern s) (input i "raw/%") (output o "mid/%")
	  (shell "tr a-z A-Z < #{i} > #{o}"))
	(step second (pattern s) (input i "mid/%") (output o "fin/%")
	  (shell "cat #{i} #{i} > #{o}"))
	(step all (inputs (list "fin/a" "fin/b")) (output o "all")
	  (shell "cat #{inputs} > #{o}"))
	END
	flowmake && executes "" && echo A > raw/a && executes "first/a" &&
	echo c > raw/a && executes "all first/a second/a" &&
	echo d > raw/b && executes "first/b second/b" fin/b &&
	executes "" fin/a && executes "all"
'

test_expect_success 'what a caught failure left is tried again, a good result not' '
	mkdir caught && cd caught && echo bad > flag && flowfile <<-\END &&
	(step a (input f "flag") (catch why) (produces (n text))
	  (shell "grep good #{f} > #{n}"))
	(step b (from a n why) (produces m) (scheme (if why "caught" n)))
	(step c (retry #:times 2) (produces (n text))
	  (shell "test $FLOWMAKE_ATTEMPT = 2; echo c > #{n}"))
	(step d (timeout #:minutes 5) (produces (n text)) (shell "echo d > #{n}"))
	END
	flowmake && dumps b "m = \"caught\"" && executes "a" &&
	echo good > flag && executes "a b" && dumps b "m = \"good\"" &&
	executes "" && edit "#:times 2" "#:times 3" &&
	edit "#:minutes 5" "#:hours 1" && executes ""
'

test_expect_success 'skipped tasks are skipped again, and run when they must' '
	mkdir skip && cd skip && flowfile <<-\END &&
	(parameter on #f)
	(step a (when on) (produces (n text)) (shell "echo a > #{n}"))
	(step b (from a n) (produces (m text)) (shell "echo #{n} > #{m}"))
	(step c (foreach i (list 1 2 3)) (when (or on (odd? i)))
	  (produces (n json)) (shell "echo #{i} > #{n}"))
	(step d (join c n) (produces s) (scheme (apply + n)))
	END
	flowmake && dumps d "s = 4" && executes "" && executes "a b c/1 d" on=#t &&
	dumps d "s = 6" && executes "" && executes "" on=#f && dumps d "s = 4"
'

test_expect_success 'of several Flowfiles each resumes its own latest run' '
	mkdir flows && cd flows && flowfile <<-\END &&
	(parameter size 1)
	(step a (produces (n text)) (shell "echo a#{size} > #{n}"))
	END
	sed "s/size 1/size 5/; s/step a/step b/; s/echo a/echo b/" Flowfile \
		> Other &&
	flowmake run size=2 && executes b -f Other &&
	dumps b "n = \"b5\"" && executes b -f Other size=9 &&
	executes "" && dumps a "n = \"a2\"" && flowmake show > shown &&
	test_grep "resumes +run 1" shown && executes "" -f ./Other &&
	dumps b "n = \"b9\"" && executes "" --origin-run-id=1 -f Other size=9
'

test_expect_success 'of several results of one key that of the origin run is taken' '
	mkdir origin && cd origin && echo one > ../nonce && flowfile <<-\END &&
	(step a (produces (n text)) (shell "cat ../nonce > #{n}"))
	(step b (output o "o") (shell "cat ../nonce > #{o}"))
	END
	flowmake && echo two > ../nonce && flowmake run &&
	executes "" --origin-run-id=1 && dumps a "n = \"one\"" &&
	executes "" && dumps a "n = \"one\"" &&
	executes "" --origin-run-id=2 && dumps a "n = \"two\"" &&
	echo two | test_cmp - o
'

test_expect_success 'it is shown as what it is, a good one, with its figures' '
	mkdir figures && cd figures && flowfile <<-\END &&
	(parameter k 1)
	(step a (produces (n text)) (shell "echo #{k} > #{n}"))
	END
	flowmake && flowmake k=2 && executes "" k=1 && executes "" &&
	for run in 3 4; do
		flowmake show $run/a > ../shown && test_grep "result of  run 1$" ../shown &&
		test_grep -v "not a good result" ../shown &&
		test_grep "^reused +20[0-9-]+ [0-9:.]+ +[0-9.]+s +[0-9.]+s +[0-9.]+ MB +[0-9]+$" ../shown ||
			return 1
	done
'

test_expect_success 'but an output that is in the project stays' '
	cd origin && executes "" --origin-run-id=1 && echo two | test_cmp - o &&
	rm o && executes "" --origin-run-id=1 && echo one | test_cmp - o
'

test_expect_success 'outputs that are right are not touched' '
	mkdir untouched && cd untouched && echo 1 > in && flowfile <<-\END &&
	(step a (foreach i (list 1 2)) (output f "f#{i}") (output d "d#{i}")
	  (shell "echo #{i} > #{f}; mkdir #{d}; echo 1 > #{d}/x"))
	(step b (input i "in") (output o "o") (shell "cp #{i} #{o}"))
	END
	flowmake && stat -c "%n %i %y %z" f? d? d?/x > stats &&
	echo 2 > in && executes b && edit "step a" "step renamed" &&
	executes "" && edit "list 1 2" "list 2 1 3" && executes renamed/2 &&
	executes "" --origin-run-id 1 &&
	stat -c "%n %i %y %z" f[12] d[12] d[12]/x | test_cmp stats -
'

test_expect_success 'a Flowfile that was renamed goes on with the latest run' '
	cd flows && rm Other && flowmake size=3 && mv Flowfile Renamed &&
	executes "" -f Renamed && dumps a "n = \"a3\""
'

test_expect_success 'logs of what is reused are reached under the new run' '
	mkdir logs && cd logs && flowfile <<-\END &&
	(step a (foreach i (list 1 2)) (shell "echo said #{i}"))
	END
	flowmake && flowmake && flowmake && flowmake logs 3/a/1 > log &&
	echo said 2 | test_cmp - log && flowmake logs > log &&
	test_grep "said 1" log && edit "1 2" "2 1" && flowmake &&
	flowmake logs a/0 > log && echo said 2 | test_cmp - log
'

test_expect_success 'two resumes at once execute each task once' '
	mkdir two && cd two && fifo go 8 && fifo ready 9 && flowfile <<-\END &&
	(step a (output o "a")
	  (shell "echo > ready; read -r line < go; echo a > #{o}"))
	(step b (from a (x o)) (output o "b")
	  (shell "echo ran >> ../two-ran; cp #{x} #{o}"))
	END
	begin flowmake resume > first 2>&1 && one=$begun && hear 9 1 > heard &&
	begin flowmake resume > second 2>&1 && two=$begun &&
	test_wait grep -q "a waits: " second && echo >&8 &&
	ended 0 $one && ended 0 $two && lines 1 ../two-ran &&
	test_grep "^Done: run 2, 2 tasks, [12] reused" second
'

test_expect_success 'a resume while a run goes on reuses what that has done' '
	mkdir while && cd while && fifo go 8 && fifo ready 9 && flowfile <<-\END &&
	(step a (produces (n text)) (shell "echo a > #{n}"))
	(step b (from a n) (produces (m text))
	  (shell "echo > ready; read -r line < go; echo #{n} > #{m}"))
	END
	begin flowmake run > first 2>&1 && one=$begun && hear 9 1 > heard &&
	executes "" a && echo >&8 && ended 0 $one && executes ""
'

test_done
