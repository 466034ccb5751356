# Mistakes in files that only the run brings to light: each fails the tasks that
# it concerns, and nothing else.
. "${0%/*}/lib"

# ends_with PATTERN [ARGUMENT...]: the run fails, with such numbers at its end.
ends_with() {
	local pattern=$1
	shift
	fails "^Run [0-9]+: $pattern in " --run-id-file=id "$@"
}

test_expect_success 'a late input that is missing fails its task only, with -k' '
	flowfile <<-"END" &&
	(step v (produces (n json)) (shell "echo [1,2,3] > #{n}"))
	(step miss (from v n) (foreach x n)
	  (input i "in/#{x}") (output o "out/#{x}") (shell "cp #{i} #{o}"))
	(step use (from miss o) (shell "cat #{o}"))
	(step all (join use x) (shell "echo #{x}"))
	(step other (from v n) (foreach x n) (shell "echo #{x}"))
	END
	mkdir -p in && touch in/1 in/3 &&
	ends_with "1 of 11 tasks failed, 8 done, 2 not started" -k &&
	test_grep "^Failed: [0-9]+/miss/1 2: Flowfile:3:12: (step .miss.: the input .in/2. is not there and no step makes it|no step makes .in/2., needed by step .miss.)$" errors &&
	flowmake show $(cat id) > shown &&
	test_grep "^miss +3  (1 failed, 2 done|2 done, 1 failed)" shown &&
	test_grep "^use +2  2 done" shown &&
	test -e out/1 && test -e out/3
'

# failing_run ARGUMENT...: a run that fails while its step `slow` waits, which
# ends then; the status is that of the run.
failing_run() {
	rm -f begun
	flowmake run --run-id-file=id "$@" > said 2>&1 &
	local pid=$!
	test_wait grep "Task failed" said
	echo > go
	wait $pid
}

test_expect_success 'without -k what runs may end, and its results are kept' '
	rm -rf in && mkfifo go &&
	flowfile <<-"END" &&
	(step slow (output o "slow.out")
	  (shell "echo > begun; read line < go; echo > #{o}"))
	(step begin (produces (n json))
	  (shell "until test -e begun; do :; done; echo [1] > #{n}"))
	(step among (from begin n) (foreach x n) (input i "in/#{x}")
	  (output o "in/#{x}/o") (shell "true"))
	(step never (from slow o) (shell "cat #{o}"))
	END
	test_must_fail failing_run &&
	test_grep "^Failed: [0-9]+/among/0 1: Flowfile:6:13: step .among.: the output .in/1/o. is among its inputs" said &&
	test_grep "^Run [0-9]+: 1 of 4 tasks failed, 2 done, 1 not started in" said &&
	test -e slow.out &&
	flowmake show $(cat id) > shown &&
	test_grep "^slow +1  1 done" shown &&
	test_must_fail failing_run -k &&
	test_grep "^Run [0-9]+: 1 of 4 tasks failed, 3 done in" said
'

test_expect_success 'of a late fan-out two tasks that make one file fail, both' '
	flowfile <<-"END" &&
	(step v (produces (n json)) (shell "echo [1,2,3,4] > #{n}"))
	(step col (from v n) (foreach x n)
	  (output o "col/#{(quotient x 2)}") (shell "echo #{x} > #{o}"))
	(step use (from col o) (shell "cat #{o}"))
	END
	ends_with "2 of 9 tasks failed, 5 done, 2 not started" -k &&
	test_grep "^Failed: [0-9]+/col/1 2: Flowfile:3:13: step .col.: two tasks make .col/1.: col/1 and col/2$" errors &&
	test_grep "^Failed: [0-9]+/col/2 3: Flowfile:3:13: step .col.: two tasks make .col/1.: col/1 and col/2$" errors &&
	test -e col/0 && test ! -e col/1 && test -e col/2 &&
	rm -r col &&
	fails "^Failed: [0-9]+/col/2 3: .*two tasks make" &&
	test ! -e col/1
'

test_expect_success 'a late task that makes the file of one known before fails alone' '
	flowfile <<-"END" &&
	(step v (produces (n json)) (shell "echo [1,2] > #{n}"))
	(step early (output o "out/1") (shell "echo early > #{o}"))
	(step late (from v n) (foreach x n)
	  (output o "out/#{x}") (shell "echo late > #{o}"))
	(step dir (from v n) (foreach x n)
	  (output o "out/#{(- x 1)}/in") (shell "echo > #{o}"))
	(step use (from early o) (shell "cat #{o}"))
	END
	ends_with "2 of 7 tasks failed, 5 done" -k &&
	test_grep "/late/0 1: Flowfile:4:13: step .late.: two tasks make .out/1.: early and late/0$" errors &&
	test_grep "/dir/1 2: Flowfile:6:13: step .dir.: makes .out/1/in. and step .early. makes .out/1.; one is inside the other$" errors &&
	echo early > expected && test_cmp expected out/1 &&
	echo late > expected && test_cmp expected out/2
'

test_expect_success 'three of a late fan-out that make one file fail, all' '
	rm -rf out &&
	flowfile <<-"END" &&
	(step v (produces (n json)) (shell "echo [1,2,3] > #{n}"))
	(step col (from v n) (foreach x n) (output o "out") (shell "echo > #{o}"))
	END
	ends_with "3 of 4 tasks failed, 1 done" -k &&
	test ! -e out
'

test_expect_success 'late names of files that cannot be fail their tasks' '
	flowfile <<-"END" &&
	(step v (produces (n json))
	  (shell #<<E
	cat > #{n} <<"J"
	["", "/abs", "../up", ".", ".flowmake/x", "Flowfile", "a", "a/", "./b//c", "nul\u0000l", 7, ["l1", "l2"], {"k": 1}, null, "d/.."]
	J
	E
	))
	(step s (from v n) (foreach x n) (outputs x)
	  (shell "for f in #{outputs}; do echo > $f; done"))
	END
	ends_with "11 of 16 tasks failed, 5 done" -k &&
	test_grep "/s/0: Flowfile:8:43: step .s.: .x.: a file name is empty$" errors &&
	test_grep "/s/1 /abs: .*the output ./abs. lies outside the project" errors &&
	flowmake show $(cat id)/s/2 > shown &&
	test_grep "the output .[.][.]/up. lies outside the project" shown &&
	flowmake show $(cat id)/s/3 > shown &&
	test_grep "is the project itself|holds the Flowfile" shown &&
	flowmake show $(cat id)/s/4 > shown &&
	test_grep "lies in flowmake.s own directory" shown &&
	flowmake show $(cat id)/s/5 > shown &&
	test_grep "holds the Flowfile" shown &&
	flowmake show $(cat id)/s/7 > shown &&
	test_grep "two tasks make .a.: s/6 and s/7" shown
'
test_expect_success 'a late target that nobody makes ends nothing else, with -k' '
	flowfile <<-"END" &&
	(step v (produces (n json)) (shell "echo [1,2] > #{n}"))
	(step late (from v n) (foreach x n)
	  (output o "t/#{x}") (shell "echo > #{o}"))
	(step last (after late) (output l "t/last") (shell "echo > #{l}"))
	END
	fails "^flowmake: target .t/3.: no step is called so, and none makes such a file$" -k t/3 t/last t/1 &&
	test_grep "^Run [0-9]+: 4 of 4 tasks done in" errors &&
	test -e t/1 && test -e t/2 && test -e t/last &&
	flowmake runs > runs && tail -n 1 runs > last && test_grep " failed +4 " last
'

test_expect_success 'who has not started waits for a late maker of its input' '
	echo old > there &&
	flowfile <<-"END" &&
	(step v (produces (n json)) (shell "echo [1] > #{n}"))
	(step slow (after v) (output o "seen")
	  (shell "until test -e declared; do :; done; echo > #{o}"))
	(step reader (after v) (input i "there") (shell "cat #{i}"))
	(step late (from v n) (foreach k n) (output o "there") (shell "echo new > #{o}"))
	(step told (from late k)
	  (environment (X (begin (system "touch declared") k)))
	  (shell "true"))
	END
	run_says reader "new
" -j1
'

test_expect_success 'late tasks that wait for each other fail, one of each circle' '
	rm -rf t &&
	flowfile <<-"END" &&
	(step v (produces (n json)) (shell "echo [1,2] > #{n}"))
	(step a (from v n) (foreach x n) (input i "c/#{x}/b")
	  (output o "c/#{x}/a") (shell "cp #{i} #{o}"))
	(step b (from v n) (foreach x n) (input i "c/#{x}/a")
	  (output o "c/#{x}/b") (shell "cp #{i} #{o}"))
	(step other (from v n) (shell "echo #{n}"))
	END
	ends_with "2 of 6 tasks failed, 2 done, 2 not started" -k &&
	test_grep "^Failed: .*: step .[ab].: tasks wait for each other.s files: [ab]/0 -> [ab]/0 -> [ab]/0$" errors &&
	test_grep "^Failed: .*: step .[ab].: tasks wait for each other.s files: [ab]/1 -> [ab]/1 -> [ab]/1$" errors
'

test_expect_success 'who waits for a file of a failed fan-out does not fail itself' '
	flowfile <<-"END" &&
	(step v (produces (n json)) (shell "echo [1,2] > #{n}"))
	(step late (from v n) (foreach x (car n))
	  (output o "f/#{x}") (shell "echo > #{o}"))
	(step use (input i "f/1") (shell "cat #{i}"))
	(step vain (from v n) (foreach x n) (input i "f/#{x}")
	  (shell "cat #{i}"))
	END
	ends_with "1 of 5 tasks failed, 1 done, 3 not started" -k
'

test_expect_success 'a mistake in a nested late fan-out leaves the others alone' '
	flowfile <<-"END" &&
	(step v (produces n) (scheme (iota 3)))
	(step outer (from v n) (foreach x n) (produces m) (scheme (iota x)))
	(step inner (from outer x m) (foreach y m) (input i "n/#{x}#{y}")
	  (produces z) (scheme (* x y)))
	(step back (join inner z) (produces s) (scheme z))
	(step top (join back s) (scheme s))
	END
	mkdir -p n && touch n/10 n/21 &&
	ends_with "1 of 11 tasks failed, 8 done, 2 not started" -k &&
	test_grep "^Failed: [0-9]+/inner/2[.]0 2 0: .* .n/20." errors &&
	touch n/20 &&
	flowmake resume
'

test_expect_success 'a late mistake is not caught, and not tried again' '
	flowfile <<-"END" &&
	(step v (produces n) (scheme (iota 2)))
	(step a (from v n) (foreach x n) (retry #:times 2) (catch why)
	  (input i "none/#{x}") (shell "cat #{i}"))
	(step b (from a why) (scheme (write why)))
	END
	ends_with "2 of 5 tasks failed, 1 done, 2 not started" -k &&
	test_grep -v "again" errors
'
test_done
