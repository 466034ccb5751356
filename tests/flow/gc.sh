# gc: what it removes, and what it never does.
. "${0%/*}/lib"

# objects: how many there are.
objects() {
	find .flowmake/objects -mindepth 2 -maxdepth 2 | wc -l
}

# everything: all that the store consists of, but what SQLite makes beside.
everything() {
	find .flowmake ! -name 'db-*' -printf '%P %s %T@ %C@\n' | sort
	sha256sum < .flowmake/db
}

# each result and log of run $1 can be read.
whole() {
	flowmake show $1 --json > show.json &&
	for step in make two sum; do
		flowmake dump $1/$step > /dev/null &&
		flowmake logs $1/$step > /dev/null || return 1
	done
}

test_expect_success 'where nothing has run there is nothing to collect' '
	test_must_fail flowmake gc 2> errors &&
	test_grep "nothing has run here yet" errors &&
	test ! -e .flowmake
'

test_expect_success 'without options nothing is removed that a run needs' '
	echo 1 > number && echo a > word &&
	flowfile <<-\END &&
	(step make
	  (input number "number")
	  (produces file)
	  (output out "out.txt")
	  (shell "echo making #{number}; seq 1000 > #{file};" 
	         "cat #{number} | tee -a #{file} > #{out}"))
	(step two
	  (input word "word")
	  (produces dir (clip "clip.mp4") (text lines))
	  (shell "mkdir #{dir}; cat #{word} | tee #{dir}/w #{clip} > /dev/null;"
	         "seq 500 > #{text}; echo two #{word}"))
	(step sum
	  (from make file) (from two dir)
	  (produces s)
	  (shell "cat #{file} #{dir}/w | tee #{s}"))
	END
	flowmake run > out && flowmake run > out &&
	flowmake gc > out &&
	echo "nothing to remove" | test_cmp - out &&
	whole 1 && whole 2
'

test_expect_success '-n says what would be removed, and changes nothing' '
	echo 2 > number && flowmake run > out &&
	echo b > word && flowmake run > out &&
	everything > before &&
	flowmake gc -n --keep 1 > would &&
	test_grep "^would remove 3 runs$" would &&
	test_grep "^would remove 9 records of tasks$" would &&
	test_grep "^would remove [0-9]+ results \(.* kB\)$" would &&
	test_grep "^would remove 3 logs \(.*B\)$" would &&
	everything | test_cmp before - &&
	flowmake gc -n --keep 4 > out &&
	echo "nothing to remove" | test_cmp - out
'

test_expect_success 'runs that are not kept are forgotten, with what they had' '
	all=$(objects) &&
	flowmake gc --keep 1 > out &&
	sed "s/would remove/removed/" would | test_cmp - out &&
	flowmake runs > runs && lines 2 runs && test_grep "^  4 " runs &&
	test $(objects) -lt $all &&
	test_expect_code 2 flowmake show 3 2> errors &&
	ls .flowmake/logs > logs && echo 4 | test_cmp - logs &&
	$PYTHON -c "
import os, sqlite3
c = sqlite3.connect(\".flowmake/db\")
gone = [p for p, in c.execute(\"SELECT path FROM files\")
        if not os.path.lexists(p)]
assert len(gone) < 2, gone"
'

test_expect_success 'the kept run is as it was, and the next number is free' '
	whole 4 && flowmake -q &&
	flowmake resume > out && test_grep "run 5, 3 tasks, 3 reused" out &&
	flowmake gc > out && whole 4 && whole 5
'

test_expect_success 'results of a forgotten run are executed again' '
	echo 1 > number && flowmake resume > out &&
	test_grep "run 6, 3 tasks, 1 reused" out
'

test_expect_success 'a resumed run keeps what it reused of a forgotten one' '
	flowmake gc --keep 1 > out &&
	flowmake runs > runs && lines 2 runs && test_grep "^  6 " runs &&
	whole 6 && flowmake -q &&
	flowmake show 6/two > show && test_grep "result of +run 4" show &&
	ls .flowmake/logs > logs && printf "4\n6\n" | test_cmp - logs
'

test_expect_success 'also under another name, and through several resumes' '
	sed -i "s/(step two/(step zwei/; s/from two/from zwei/" Flowfile &&
	flowmake resume > out && test_grep "3 tasks, 3 reused" out &&
	flowmake resume > out && test_grep "3 tasks, 3 reused" out &&
	flowmake gc --keep 1 > out &&
	flowmake runs > runs && lines 2 runs && test_grep "^  8 " runs &&
	flowmake dump 8/zwei > dump && flowmake -q &&
	flowmake show 8/zwei > show && test_grep "result of +run 4" show &&
	grep -aq "two word" .flowmake/logs/4
'

test_expect_success 'runs of the last days are kept, and the latest anyway' '
	flowmake run > out &&
	$PYTHON -c "
import sqlite3
c = sqlite3.connect(\".flowmake/db\")
c.execute(\"UPDATE runs SET started_ns = started_ns - 3*86400*1000000000 \"
          \"WHERE number = 8\")
c.commit()" &&
	flowmake gc -n --keep-days 4 > out &&
	echo "nothing to remove" | test_cmp - out &&
	flowmake gc -n --keep-days 2 --keep 2 > out &&
	echo "nothing to remove" | test_cmp - out &&
	flowmake gc --keep-days 2 > out &&
	test_grep "^removed 1 run$" out &&
	flowmake runs > runs && lines 2 runs && test_grep "^  9 " runs
'

test_expect_success 'what a killed process left is removed' '
	mkdir -p .flowmake/tmp/7-0/tmp &&
	echo left > .flowmake/tmp/.flowmake-1-2 &&
	echo left > .flowmake/tmp/7-0/tmp/left &&
	: > .flowmake/tmp/7.lock &&
	mkdir -p .flowmake/objects/00 && echo odd > .flowmake/objects/00/mine &&
	echo lost > .flowmake/objects/00/0123456789abcdef0123456789abcd &&
	echo old > .flowmake/logs/5 &&
	touch -d "100 days ago" .flowmake/cache/old.go .flowmake/cache/witness .flowmake/cache/code &&
	mkdir -p .flowmake/replaced/5 && echo was > .flowmake/replaced/5/f &&
	flowmake gc > out &&
	cat > expected <<-\END &&
	removed 1 result (5 B)
	removed 1 log (4 B)
	removed 1 directory of replaced files (4 B)
	removed 3 temporary files (10 B)
	removed 1 file of compiled Flowfiles
	END
	test_cmp expected out &&
	ls -A .flowmake/tmp > left && lines 0 left &&
	test -e .flowmake/cache/witness && test -e .flowmake/cache/code &&
	test -e .flowmake/objects/00/mine
'

# code: run $1's code can be checked out, and is as big.txt was.
code() {
	rm -rf ../taken && flowmake checkout $1 ../taken > out &&
	test_cmp ../taken/big.txt ../kept-$1
}

# code_size: of all that is kept of the code of runs.
code_size() {
	find .flowmake/code.git/objects -type f -printf '%s\n' |
	awk '{ n += $1 } END { print n + 0 }'
}

test_expect_success 'the code of forgotten runs is forgotten, and its room given back' '
	mkdir code && cd code && flowfile <<-\END &&
	(step hello (exec "true"))
	END
	for i in 1 2 3 4; do
		seq $i 100000 | sha256sum > seed &&
		for j in $(seq 500); do sha256sum < seed; echo $i $j; done |
			tee big.txt > ../kept-$i &&
		flowmake run > out || exit 1
	done &&
	before=$(code_size) &&
	flowmake gc -n --keep 2 > out &&
	test_grep "^would remove 2 snapshots of code \([0-9.]+ kB\)$" out &&
	sed -n "s/would remove \(.*snap\)/removed \1/p" out > told &&
	test $(code_size) = $before && code 1 &&
	flowmake gc --keep 2 > out &&
	grep snapshots out | test_cmp - told && freed=$((before - $(code_size))) &&
	told=$(sed "s/.*(\([0-9]*\).*/\1/" told) &&
	test $((freed / 1000)) -ge $((told - 2)) &&
	test $((freed / 1000)) -le $((told + 2)) &&
	code 3 && code 4 && test_must_fail flowmake checkout 2 ../two &&
	flowmake diff 3 4 > diff && test_grep "^\\+4 500" diff &&
	flowmake run > out && rm diff && flowmake run > out &&
	flowmake gc --keep 1 > out && flowmake checkout 6 ../six > out &&
	test_cmp ../six/big.txt big.txt &&
	flowmake gc > out && echo "nothing to remove" | test_cmp - out &&
	ls -A .flowmake/code.git/objects/pack > packs && lines 2 packs &&
	index=$(echo .flowmake/code.git/objects/pack/*.idx) &&
	cp $index ${index%.idx}x.idx && seq 9 > new && flowmake run > out &&
	flowmake gc -n --keep 1 > out && test_grep "1 snapshot of code" out &&
	flowmake gc --keep 1
'

test_expect_success 'the code of results that a kept run has is kept' '
	mkdir all-reused && cd all-reused &&
	echo "(step a (produces (n text)) (shell \"echo 1 > #{n}\"))" > Flowfile &&
	flowmake && flowmake && flowmake gc --keep 1 > out &&
	test_grep -v "snapshot" out && flowmake checkout 1 ../of-1 > out &&
	test_cmp Flowfile ../of-1/Flowfile &&
	cp Flowfile ../was && echo "; more" >> Flowfile && flowmake &&
	flowmake gc --keep 1 -n > out && test_grep -v "snapshot" out &&
	flowmake gc --keep 1 > out && test_grep -v "snapshot" out &&
	rm -rf ../of-1 && flowmake checkout 1 ../of-1 > out &&
	test_cmp ../was ../of-1/Flowfile &&
	flowmake checkout latest ../of-latest > out &&
	test_cmp Flowfile ../of-latest/Flowfile &&
	sed -i "s/echo 1/echo 2/" Flowfile && flowmake && flowmake gc --keep 1 > out &&
	test_grep "removed 2 snapshots of code" out &&
	test_must_fail flowmake checkout 1 ../of-1-again
'

test_expect_success 'a number of runs is asked for' '
	test_must_fail flowmake gc --keep 0 2> errors &&
	test_grep "whole number from 1 on" errors &&
	test_must_fail flowmake gc --keep=all &&
	test_must_fail flowmake gc something
'

test_done
