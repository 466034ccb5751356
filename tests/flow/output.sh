# What tasks print: all of it is kept, in order, however much it is.
. "${0%/*}/lib"
. "${0%/*}/lib-process"

test_expect_success '32 tasks print 5,000 lines on both streams, none is lost' '
	mkdir many && cd many &&
	flowfile <<-\END &&
	(step print
	  (foreach n (iota 32))
	  (exec "awk" "BEGIN {
	    for (i = 1; i <= 5000; i++) {
	      print \"out\", #{n}, i
	      print \"err\", #{n}, i > \"/dev/stderr\"
	    }
	  }"))
	END
	flowmake run -j 32 > live &&
	for stream in out err; do
		flowmake logs 1 --std$stream 2> words | awk "
			{ task = \$1; gsub(/[^0-9]/, \"\", task)
			  if (\$3 != \"$stream\" || \$4 != task ||
			      \$5 != ++count[task])
				wrong++ }
			END { print NR, wrong + 0 }" > actual || exit 1
		echo 160000 0 > expected &&
		test_cmp expected actual || exit 1
	done &&
	flowmake logs 1/print/17 --stdout 2> words | tail -n 1 > actual &&
	echo out 17 5000 > expected &&
	test_cmp expected actual &&
	test $(($(wc -l < live) + 0)) = 320001
'

test_expect_success 'a task that prints 64 MB takes no memory' '
	mkdir much && cd much && fifo go 8 && fifo ready 9 &&
	flowfile <<-\END &&
	(step print
	  (shell "head -c 64M /dev/zero | tr \"\\0\" x | fold -w 99
	echo ready > ready; read -r line < go; printf end"))
	END
	begin flowmake run > /dev/null &&
	hear 9 1 &&
	test_wait eval "test \$(stat -c %s .flowmake/logs/1) -gt 67000000" &&
	peak=$(sed -n "s/VmHWM:[^0-9]*\([0-9]*\).*/\1/p" \
		/proc/$(engine $begun)/status) &&
	echo go >&8 &&
	ended 0 $begun &&
	echo "the engine took $peak kB" &&
	flowmake logs 1/print 2> words | wc -c > bytes &&
	echo $((67108864 + 67108864 / 99 + 3)) > expected &&
	test_cmp expected bytes &&
	test "$SANITIZE" = yes -o $peak -lt 40000
'

test_expect_success '--max-log-size keeps the beginning of each stream, and says so' '
	mkdir limit && cd limit &&
	flowfile <<-\END &&
	(step print
	  (foreach n (list 1 2))
	  (shell "seq 100000; echo short >&2"))
	END
	flowmake run --max-log-size 10kB > live &&
	seq 100000 | head -c 10000 > expected &&
	for task in 0 1; do
		flowmake logs 1/print/$task --stdout > log 2> words &&
		head -c 10000 log | cmp expected - &&
		tail -n 1 log > mark &&
		test_grep "cut off by --max-log-size" mark &&
		flowmake logs 1/print/$task --stderr > log 2> words &&
		test "$(cat log)" = short || exit 1
	done &&
	for size in 10Ki 10kib 0.01mi 1e-05Gi; do
		flowmake run --max-log-size $size > live &&
		flowmake logs latest/print/1 --stdout > log 2> words &&
		test_grep "cut off by" log || return 1
	done
'

test_expect_success 'bytes of any kind, and a last line without an end' '
	mkdir bytes && cd bytes &&
	flowfile <<-\END &&
	(step print (exec "cat" "bytes"))
	(step open (shell "printf \"one\\ntwo\"; printf three >&2"))
	END
	awk "BEGIN { for (i = 0; i < 100000; i++) printf \"%c\", i * i % 251 }" \
		> bytes &&
	flowmake run > live &&
	flowmake logs 1/print > log 2> words &&
	cmp bytes log &&
	flowmake logs 1/open --stdout > log 2> words &&
	printf "one\ntwo" | cmp - log &&
	flowmake logs 1/open --stderr > log 2> words &&
	printf three | cmp - log &&
	tr -d "\n\t" < live > shown &&
	! grep -q "[[:cntrl:]]" shown
'

test_done
