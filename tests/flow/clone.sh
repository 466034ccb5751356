# Outputs in the store, where the file system lets files share their blocks;
# here that is a library, which copies instead.
. "${0%/*}/lib"
. "${0%/*}/lib-preload"

preload unit/fake-clone.c unit/fail-nth.c
library=$PWD/fake-clone.so
full=$PWD/fail-nth.so

# cloning HOW COMMAND...: with a file system that can, or cannot.
cloning() {
	local how=$1
	shift
	FAKE_CLONE=$how FAKE_CLONE_LOG=$TEST_DIRECTORY/calls \
		LD_PRELOAD=$library "$@"
}

flow() {
	flowfile <<-'END'
	(step make
	  (foreach i '(1 2 3))
	  (output file "made/#{i}")
	  (output tree "trees/#{i}")
	  (shell "echo #{i} | tee -a ../ran > #{file}; mkdir -p #{tree}/sub;"
	         "seq 9 > #{tree}/sub/#{i}; echo exit > #{tree}/tool;"
	         "chmod +x #{tree}/tool"))
	END
}

test_expect_success 'an output that was removed or edited is restored' '
	mkdir can && cd can && flow && cloning yes flowmake run > out &&
	cp -a made trees .. && rm ../ran &&
	rm -r made/1 trees/2/sub && echo edited >> made/2 &&
	chmod -x trees/3/tool &&
	flowmake -n > plan && test_grep -v "runs:" plan &&
	test_grep "restored from the store" plan &&
	flowmake resume > out 2>&1 && test_grep "3 tasks, 3 reused" out &&
	test ! -e ../ran &&
	diff -r made ../made && diff -r trees ../trees &&
	test -x trees/3/tool && test -w made/1 && flowmake -q &&
	ls .flowmake/tmp > left && lines 0 left
'

test_expect_success 'what is in the store is no link, and read-only' '
	cd can &&
	find .flowmake/objects made trees -type f -links +1 > links &&
	lines 0 links &&
	find .flowmake/objects -type f -perm /222 > writable &&
	lines 0 writable
'

test_expect_success 'a copy that is damaged is not restored' '
	cd can && d=$(find .flowmake/objects -maxdepth 2 -type f -exec grep -lx 1 {} +) &&
	chmod u+w "$d" && echo X > "$d" && rm made/1 &&
	flowmake resume > out 2> errors &&
	test_grep "make/0 runs, .*cannot be restored.*damaged" errors &&
	echo 1 | test_cmp - made/1 && echo 1 | test_cmp - ../ran &&
	flowmake -q
'

test_expect_success 'where the disk is full the task runs, and nothing is left' '
	cd can && cloning yes flowmake run > out && rm made/2 ../ran &&
	FAIL_PATH=tmp/.flowmake- FAIL_NTH=write:1+ LD_PRELOAD=$full \
		flowmake resume > out 2> errors &&
	test_grep "make/1 runs, .*cannot be restored.*No space left" errors &&
	echo 2 | test_cmp - made/2 && echo 2 | test_cmp - ../ran &&
	ls .flowmake/tmp > left && lines 0 left && flowmake -q
'

test_expect_success 'the copies go with their records' '
	cd can && rm -r made trees &&
	sed -i "s/(1 2 3)/(1)/" Flowfile && cloning yes flowmake run > out &&
	flowmake gc --keep 1 > out &&
	test_grep "^removed [0-9]+ results" out &&
	find .flowmake/objects -mindepth 2 -maxdepth 2 > objects &&
	lines 2 objects && flowmake -q
'

test_expect_success 'a file system that cannot do that is asked once' '
	rm -f calls && mkdir cannot && cd cannot && flow &&
	cloning no flowmake run > out && lines 1 ../calls &&
	find .flowmake/objects -type f > objects && lines 0 objects &&
	rm made/1 && flowmake resume > out &&
	test_grep "3 tasks, 2 reused" out
'

test_expect_success 'a plan says which fan-outs wait for what is restored' '
	mkdir behind && cd behind && flowfile <<-\END &&
	(step split (output d "parts")
	  (shell "mkdir #{d}; touch #{d}/a #{d}/b; echo >> ../split"))
	(step each (from split d) (foreach c (wildcard "#{d}/*"))
	  (input i c) (produces n) (shell "wc -c < #{i} > #{n}"))
	END
	cloning yes flowmake && rm -r parts && flowmake -n > plan &&
	test_grep "^split: its outputs are restored from the store$" plan &&
	test_grep "^each/\*: late: its foreach is known when .split. has" plan &&
	test_grep "^1 of 1 task to do, 1 step late$" plan &&
	test_expect_code 1 flowmake -q && flowmake > out &&
	test_grep "3 tasks, 3 reused" out && lines 1 ../split && flowmake -q
'

test_expect_success 'what tasks produce is moved there, and no byte copied' '
	mkdir moved && cd moved && flowfile <<-\END &&
	(step a
	  (produces plain (named "n.txt") tree)
	  (output o "o")
	  (shell "echo 1 > #{plain}; echo 2 > #{named}; mkdir #{tree};"
	         "echo 3 > #{tree}/x; echo 4 > #{o};"
	         "stat -c %i #{plain} #{named} #{tree}/x > inodes"))
	END
	flowmake && find .flowmake/objects -type f -printf "%i\n" | sort > kept &&
	sort inodes | test_cmp - kept
'

test_done
