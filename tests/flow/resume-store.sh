# A store that was damaged.
. "${0%/*}/lib"
. "${0%/*}/lib-resume"

# objects: the files of all objects, one a line; they can be changed.
objects() {
	chmod -R u+w .flowmake/objects .flowmake/named
	find .flowmake/objects .flowmake/named -type f | LC_ALL=C sort
}

test_expect_success 'a flow with results of each kind' '
	echo 1 > in && flowfile <<-\END &&
	(step file (input i "in") (produces n)
	  (shell "seq 1000 > #{n}; cat #{i} >> #{n}"))
	(step named (produces (n "n.txt")) (shell "seq 2000 > #{n}"))
	(step tree (produces n) (shell "mkdir #{n}; seq 3000 > #{n}/x"))
	(step value (produces n) (scheme (make-string 3000 #\a)))
	(step array (produces n) (scheme (make-f64vector 500 1.5)))
	(step out (output o "out") (shell "seq 100 > #{o}"))
	(use-modules (srfi srfi-4))
	(step sum (from file (a n)) (from named (b n)) (from tree (c n))
	  (from value (d n)) (from array (e n))
	  (produces n)
	  (scheme (list (string-length d) (f64vector-ref e 0))))
	END
	flowmake && executes ""
'

test_expect_success 'a lost object is made again, and nothing else' '
	rm -f $(objects) && executes "array file named tree value" && executes ""
'

test_expect_success 'so is one of which a bit is flipped' '
	for object in $(objects); do
		touch -r $object time &&
		printf "X" | dd of=$object conv=notrunc bs=1 seek=900 \
			2> /dev/null && touch -r time $object || exit 1
	done && executes "array file named tree value" && executes ""
'

test_expect_success 'none of it is handed out, and what to do is said' '
	cp -a .flowmake kept && for object in $(objects); do
		printf "?" >> $object || exit 1
	done && echo mine > dumped && for n in file named tree value array; do
		test_must_fail flowmake dump latest/$n/n --file dumped 2> errors &&
		test_grep "damaged; remove it, and .flowmake resume. " errors &&
		test_must_fail flowmake dump latest/$n/n > path 2> errors &&
		test_grep "damaged" errors && test ! -s path &&
		echo mine | test_cmp - dumped || exit 1
	done &&
	rm -rf .flowmake/objects/* && for n in file tree value array; do
		test_must_fail flowmake dump latest/$n/n --file dumped 2> errors &&
		test_grep "has lost .*; .flowmake resume. makes it" errors &&
		test_must_fail flowmake dump latest/$n/n > path 2> errors &&
		test_grep "has lost" errors && test ! -s path &&
		echo mine | test_cmp - dumped || exit 1
	done && chmod -R u+w .flowmake/* && rm -rf .flowmake &&
	mv kept .flowmake && executes ""
'

test_expect_success 'so is one that is shorter, or empty' '
	n=0 && for object in $(objects); do
		n=$((n + 1)) && truncate -s $((n % 2 * 10)) $object || exit 1
	done && executes "array file named tree value" && executes "" &&
	dumps sum "n = (3000 1.5)"
'

test_expect_success 'a damaged copy of an output is found when it is to be restored' '
	mkdir copy && cd copy && echo 1 > in && flowfile <<-\END &&
	(step a (input i "in") (output o "out") (shell "cat #{i} > #{o}"))
	END
	flowmake && echo 2 > in && flowmake && echo 1 > in &&
	mkdir -p .flowmake/named &&
	for object in $(objects); do
		echo X > $object || exit 1
	done && executes "a" && test_grep "was damaged and is removed" "$said" &&
	echo 1 | test_cmp - out && executes ""
'

test_expect_success 'a damaged database is named, with what to do' '
	cp -a .flowmake kept && cd "$TEST_DIRECTORY" &&
	rm -f .flowmake/db-wal .flowmake/db-shm &&
	printf "garbage garbage garbage" |
		dd of=.flowmake/db conv=notrunc bs=1 seek=10 2> /dev/null &&
	test_must_fail flowmake resume 2> errors && cat errors &&
	test_grep "\.flowmake/db" errors && test_grep "move" errors &&
	rm -rf .flowmake && mv kept .flowmake && flowmake -q
'

test_expect_success 'without its log it is not taken for a new one' '
	cp -a .flowmake kept && : > .flowmake/db && : > log &&
	for command in resume run runs show "resume -q" "gc --keep 1"; do
		test_must_fail flowmake $command 2>> log || exit 1
	done && test_grep "db-wal, which holds what was recorded last" log &&
	cmp kept/db-wal .flowmake/db-wal && cp kept/db .flowmake/db &&
	flowmake -q && rm -rf kept
'

test_expect_success 'one that is lost is said, and its runs are overwritten by none' '
	mkdir lost && cd lost && flowfile <<-\END &&
	(parameter n 1)
	(step a (output o "o") (shell "echo #{n}; echo #{n} > #{o}"))
	END
	flowmake run && echo mine > o && flowmake n=2 &&
	flowmake diff 1 2 && cp .flowmake/logs/1 .flowmake/logs/2 . &&
	rm .flowmake/db* && gone="nothing is known any more of the runs up to 2" &&
	for command in runs show "logs 1" why "dump 1/a" "gc --keep 1"; do
		test_must_fail flowmake $command 2> errors &&
		test_grep "$gone" errors || exit 1
	done && test_expect_code 1 flowmake -q &&
	test_must_fail flowmake runs 2> errors && test_grep "$gone" errors &&
	flowmake -n 2>&1 | grep "$gone.*, so everything runs" &&
	flowmake run -n 2>&1 | grep "$gone" &&
	flowmake resume n=3 2> errors && test_grep "$gone.*, so everything" errors &&
	flowmake show > out && test_grep "^Run 3 " out &&
	cmp 1 .flowmake/logs/1 && cmp 2 .flowmake/logs/2 &&
	echo mine | test_cmp - .flowmake/replaced/2/o &&
	git -C .flowmake/code.git rev-parse refs/flowmake/runs/1 &&
	executes "" && test_grep -v "$gone" "$said"
'

test_expect_success 'what a power failure took from its end is not overwritten' '
	mkdir torn && cd torn && flowfile <<-\END &&
	(parameter n 1)
	(step a (output o "o") (shell "echo #{n}; echo #{n} > #{o}"))
	END
	flowmake && size=$(wc -c < .flowmake/db-wal) && flowmake n=2 &&
	flowmake n=3 && cp .flowmake/logs/2 . &&
	truncate -s $size .flowmake/db-wal && flowmake runs > out &&
	test_grep "^  1 " out && test_grep -v "^  2 " out &&
	flowmake n=4 && flowmake runs > out && test_grep "^  4 .* n=4$" out &&
	cmp 2 .flowmake/logs/2 && flowmake -q
'

test_expect_success 'an output that is linked to a result gets a file of its own' '
	mkdir linked && cd linked && flowfile <<-\END &&
	(step a (produces (r "r.sh") d)
	  (shell "echo echo 1 > #{r}; chmod +x #{r}; mkdir -p #{d}/sub;"
	         "seq 5 > #{d}/sub/x; seq 300000 > #{d}/y"))
	(step b (from a r d) (output o "o") (output y "y") (output t "t")
	  (output u "u") (output s "s")
	  (shell "ln #{r} #{o}; ln #{d}/y #{y}; cp -al #{d} #{t};"
	         "echo own > #{u}; ln -f #{u} u2; ln -s #{d}/y #{s}"))
	END
	flowmake run > out && cp -r .flowmake/objects kept &&
	find o y t -type f -links +1 > links && lines 0 links &&
	test -w o && test -x o && test -w t/sub/x &&
	test "$(stat -c %h u)" = 2 && test -L s &&
	for file in o y t/sub/x t/y; do echo X >> $file || return 1; done &&
	diff -r kept .flowmake/objects &&
	flowmake resume > out && test_grep "2 tasks, 1 reused" out &&
	seq 300000 | test_cmp - t/y && flowmake -q
'

test_done
