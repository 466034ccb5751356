# Several runs in one project at a time.
. "${0%/*}/lib"
. "${0%/*}/lib-process"

test_expect_success 'they get different numbers, and one waits for what the other makes' '
	fifo go 8 && fifo ready 9 &&
	flowfile <<-\END &&
	(step make
	  (output file "made.txt")
	  (shell "echo run $FLOWMAKE_RUN_ID > ready
	read -r line < go
	echo $line > #{file}"))
	(step use
	  (input file "made.txt")
	  (produces (text text))
	  (shell "cat #{file} > #{text}"))
	END
	begin flowmake run > first 2>&1 && one=$begun &&
	hear 9 1 > heard &&
	begin flowmake run > second 2>&1 && two=$begun &&
	test_wait grep -q "waits" second &&
	cat second &&
	test_grep "[[]2. make waits: run 1 \(pid $(engine $one)\) is making .made.txt.\$" second &&
	echo one >&8 &&
	hear 9 1 >> heard &&
	echo two >&8 &&
	ended 0 $one &&
	ended 0 $two &&
	printf "run 1\nrun 2\n" > expected &&
	test_cmp expected heard &&
	echo two > expected &&
	test_cmp expected made.txt &&
	flowmake dump 2/use/text > actual &&
	test_grep two actual
'

test_expect_success 'a run that waits goes on when the other is killed' '
	exec 8<> go 9<> ready &&
	begin flowmake run > first 2>&1 && one=$begun && mark1=$mark &&
	hear 9 1 > heard &&
	begin flowmake run > second 2>&1 && two=$begun &&
	test_wait grep -q "waits" second &&
	kill -KILL $(engine $one) &&
	ended 137 $one &&
	no_survivors $mark1 &&
	hear 9 1 >> heard &&
	echo two >&8 &&
	ended 0 $two &&
	printf "run 3\nrun 4\n" > expected &&
	test_cmp expected heard &&
	flowmake runs > runs &&
	test_grep "^ *3 .* died" runs &&
	test_grep "^ *4 .* done" runs
'

test_expect_success 'what a killed run has left of a file is not read by the other' '
	mkdir broken && cd broken && fifo go 8 && fifo ready 9 &&
	flowfile <<-\END &&
	(step part
	  (output o "part.txt")
	  (shell "test $FLOWMAKE_RUN_ID != 2 || {
	  echo half > #{o}; echo > ready; exec sleep 1000; }
	echo whole > #{o}"))
	(step gate (after part) (shell "echo > ready; read -r line < go"))
	(step all
	  (from part o)
	  (after gate)
	  (output all "all.txt")
	  (shell "cat #{o} > #{all}"))
	END
	begin flowmake run > first 2>&1 && one=$begun && hear 9 1 &&
	begin flowmake run > second 2>&1 && two=$begun && hear 9 1 &&
	grep half part.txt && kill -KILL $(engine $two) && ended 137 $two &&
	grep half part.txt && echo >&8 && ended 0 $one && cat first &&
	echo whole > expected && test_cmp expected all.txt &&
	test_cmp expected part.txt && echo half > expected &&
	test_cmp expected .flowmake/replaced/1/part.txt &&
	test_grep "all: moved .part.txt., which .*, to .flowmake/replaced/1/part.txt" first &&
	test_grep "all: .part.txt. had been taken away, and was fetched back" first &&
	flowmake resume > third && test_grep "3 tasks, 3 reused" third
'

test_expect_success 'a resume does not take what another run is still making' '
	mkdir making && cd making && fifo go 8 && fifo ready 9 &&
	flowfile <<-\END &&
	(step make (foreach n (iota 3)) (output o "#{n}.txt")
	  (shell "echo #{n} > #{o}
	echo > ready; read -r line < go"))
	END
	begin flowmake run > zero 2>&1 && zero=$begun && hear 9 3 &&
	printf "1\n2\n3\n" >&8 && ended 0 $zero && flowmake resume &&
	begin flowmake run > first 2>&1 && one=$begun && hear 9 3 &&
	ls ?.txt && begin flowmake resume > second 2>&1 && two=$begun &&
	test_wait grep -q waits second && cat second && kill -INT $one &&
	ended 130 $one && ended 0 $two &&
	cat 0.txt 1.txt 2.txt > actual && printf "0\n1\n2\n" > expected &&
	test_cmp expected actual
'

test_expect_success 'what a dead run left half moved is removed when no run goes on' '
	mkdir half && cd half && fifo go 8 && fifo ready 9 &&
	flowfile <<-\END &&
	(step wait (shell "echo > ready; read -r line < go"))
	(step fast (shell "true"))
	END
	flowmake run fast && mkdir .flowmake/tmp/.flowmake-1-1 &&
	echo x > .flowmake/tmp/.flowmake-1-1/x &&
	begin flowmake run wait > first 2>&1 && hear 9 1 > heard &&
	test -z "$(ls -A .flowmake/tmp | grep flowmake-)" &&
	echo x > .flowmake/tmp/.flowmake-1-2 &&
	flowmake run fast && test -e .flowmake/tmp/.flowmake-1-2 &&
	echo >&8 && ended 0 $begun &&
	flowmake run fast && test ! -e .flowmake/tmp/.flowmake-1-2
'

test_expect_success 'of several runs all are named that it may wait for, once for a step' '
	mkdir several && cd several && fifo go 8 && fifo ready 9 &&
	flowfile <<-\END &&
	(step make
	  (foreach n (list 1 2))
	  (output file "#{n}.txt")
	  (shell "echo $FLOWMAKE_RUN_ID > ready; read -r line < go; touch #{file}"))
	(step other (shell "echo $FLOWMAKE_RUN_ID > ready; read -r line < go"))
	END
	begin flowmake run make > first 2>&1 && one=$begun &&
	hear 9 2 &&
	begin flowmake run other > second 2>&1 && two=$begun &&
	hear 9 1 &&
	begin flowmake run make > third 2>&1 && three=$begun &&
	test_wait grep -q "waits" third &&
	printf "1\n2\n3\n4\n5\n" >&8 &&
	ended 0 $one &&
	ended 0 $two &&
	ended 0 $three &&
	cat third &&
	test_grep "make/0 waits: run 1 \(pid [0-9]+\) or run 2 \(pid [0-9]+\) is making .1.txt.\$" third &&
	grep -c waits third > count &&
	echo 1 | test_cmp - count
'

test_expect_success 'a run that was alone and does not answer is waited for, unless it dies' '
	mkdir stopped && cd stopped && fifo go 8 && fifo ready 9 &&
	flowfile <<-\END &&
	(step make (output file "made.txt") (shell "echo > ready; read -r line < go; touch #{file}"))
	(step other (shell "echo $FLOWMAKE_RUN_ID"))
	END
	begin flowmake run make > first 2>&1 && one=$begun &&
	hear 9 1 &&
	stop_engine $(engine $one) &&
	begin flowmake run other > second 2>&1 && two=$begun &&
	begin flowmake run other > third 2>&1 && three=$begun &&
	test_wait grep -q "nothing can start before run 1 (pid $(engine $one))" second &&
	kill -KILL $three &&
	kill -CONT $(engine $one) &&
	ended 0 $two &&
	echo >&8 &&
	ended 0 $one &&
	begin flowmake run make > first 2>&1 && one=$begun &&
	hear 9 1 &&
	stop_engine $(engine $one) &&
	begin flowmake run other > second 2>&1 && two=$begun &&
	test_wait grep -q "nothing can start" second &&
	kill -KILL $(engine $one) &&
	ended 0 $two
'

test_expect_success 'a run that waits can be ended' '
	exec 8<> go 9<> ready &&
	begin flowmake run > first 2>&1 && one=$begun &&
	hear 9 1 &&
	begin flowmake run > second 2>&1 && two=$begun &&
	test_wait grep -q "waits" second &&
	kill -INT $two &&
	ended 130 $two &&
	echo one >&8 &&
	ended 0 $one
'

test_expect_success 'what a task reads is not taken away by another run' '
	mkdir reads && cd reads && fifo go 8 && fifo ready 9 &&
	flowfile <<-\END &&
	(step make (output file "made.txt") (shell "echo $FLOWMAKE_RUN_ID > #{file}"))
	(step read
	  (from make file)
	  (produces (text text))
	  (shell "echo $FLOWMAKE_RUN_ID > ready
	read -r line < go
	cat #{file} > #{text}"))
	END
	begin flowmake run > first 2>&1 && one=$begun &&
	hear 9 1 &&
	begin flowmake run > second 2>&1 && two=$begun &&
	test_wait grep -q "make waits: run 1 (pid [0-9]*) is reading .made.txt" second &&
	echo >&8 &&
	ended 0 $one &&
	hear 9 1 &&
	echo >&8 &&
	ended 0 $two &&
	for run in 1 2; do
		flowmake dump $run/read/text > actual &&
		test_grep $run actual || exit 1
	done
'

test_expect_success 'eight runs at once, all different, all well' '
	mkdir eight && cd eight &&
	flowfile <<-\END &&
	(step part
	  (foreach n (iota 4))
	  (output file "part/#{n}.txt")
	  (shell "echo #{n} > #{file}"))
	(step all
	  (join part file)
	  (output all "all.txt")
	  (shell "cat #{file} > #{all}"))
	END
	runs= &&
	for i in 1 2 3 4 5 6 7 8; do
		begin flowmake run -j 2 --run-id-file id$i > out$i 2>&1
		runs="$runs $begun"
	done &&
	for run in $runs; do
		ended 0 $run || { cat out*; exit 1; }
	done &&
	sort -n id* > ids &&
	seq 8 > expected &&
	test_cmp expected ids &&
	seq 0 3 > expected &&
	test_cmp expected all.txt
'

test_expect_success 'an output that was taken into the store comes back' '
	mkdir back && cd back &&
	flowfile <<-\END &&
	(step part (foreach n (iota 3)) (output file "part/#{n}.txt")
	  (shell "echo #{n} > #{file}"))
	(step twin (produces same) (shell "echo 1 > #{same}"))
	(step away (after part twin) (shell "cd part; rm ?.txt; echo 0 > 0.txt; echo 2 > 2.txt"))
	(step all (after away) (join part file) (output all "all.txt")
	  (shell "cat #{file} > #{all}"))
	END
	flowmake run > out 2>&1 && seq 0 2 | test_cmp - all.txt &&
	test_grep "all: .part/1.txt. had been taken away" out &&
	rm -r .flowmake part all.txt && sed -i "s/echo 1 >/echo 9 >/" Flowfile &&
	fails "the input .part/1.txt. is not there"
'

test_expect_success 'nothing is left in the store that cannot be copied' '
	mkdir copied && cd copied && cp ../eight/Flowfile . &&
	flowmake run > out && find . -type p > found &&
	begin flowmake run > one 2>&1 && one=$begun &&
	begin flowmake run > two 2>&1 && ended 0 $one && ended 0 $begun &&
	flowmake run > out && find . -type p >> found &&
	test_cmp /dev/null found
'

test_done
