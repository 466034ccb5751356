# A resume that has nothing to do looks at files only, if a witness of the last
# run says which; whatever else might have changed, it asks the tasks.
. "${0%/*}/lib"
. "${0%/*}/lib-resume"

witness=.flowmake/cache/witness

# Who asks the tasks leaves a new witness, or removes nothing: its inode tells.
age() {
	ls -i $witness | cut -d " " -f 1
}
# sees_at_once [ARGUMENT...]: a resume with them executes nothing, and leaves
# the witness that there is.
sees_at_once() {
	local before
	before=$(age) &&
	executes "" "$@" &&
	test "$(age)" = "$before"
}
# asks [ARGUMENT...]: one that executes nothing, but has asked the tasks.
asks() {
	ln -f $witness kept-witness &&
	executes "" "$@" &&
	test "$(age)" != "$(ls -i kept-witness | cut -d " " -f 1)"
}
# flip FILE N: change a bit of byte N.
flip() {
	"$PYTHON" - "$@" <<-'END'
	import sys
	with open(sys.argv[1], "r+b") as f:
	    f.seek(int(sys.argv[2]))
	    byte = f.read(1)[0]
	    f.seek(int(sys.argv[2]))
	    f.write(bytes([byte ^ 1]))
	END
}
# differs: something is to be done, with the witness or without.
differs() {
	local with without
	flowmake -q && with=0 || with=$?
	mv $witness witness-away
	flowmake -q && without=0 || without=$?
	mv witness-away $witness
	test $with = 1 && test $without = 1
}

test_expect_success 'the first resume after a run sees that nothing is to be done' '
	mkdir in && echo 1 > in/1 && echo 2 > in/2 &&
	printf "#!/bin/sh\ncat \"\$1\"\n" > show.sh && chmod +x show.sh &&
	flowfile <<-\END &&
	(parameter greeting "hello")
	(step copy
	  (foreach f (wildcard "in/*"))
	  (input i f)
	  (output o (patsubst "in/%" "out/%" f))
	  (exec "./show.sh" i #:stdout o))
	(step tree
	  (after copy)
	  (output d "tree")
	  (shell "mkdir -p #{d}/deep; cp out/1 #{d}/deep/file; ln -s deep #{d}/link"))
	(step never (when (string=? greeting "never")) (shell "echo no"))
	(step value
	  (from tree d)
	  (produces (v text) (big text))
	  (shell "cat #{d}/deep/file > #{v}; cat options.txt >> #{v} || :; seq 3000 > #{big}"))
	(step last (from value v big) (produces (s text))
	  (scheme (string-append v (number->string (string-length big)))))
	END
	flowmake run > out.txt &&
	flowmake show --json 1 > first &&
	sees_at_once && sees_at_once
'

test_expect_success 'such a run shows what the one before showed' '
	flowmake show 3 > three && test_grep "2 reused" three &&
	test_grep "never .*skipped" three &&
	flowmake dump 3/last > three && flowmake dump 1/last > ../one &&
	test_cmp ../one three &&
	flowmake logs 3/copy/1 && flowmake why 3/copy/1 &&
	flowmake runs > runs && test_grep "^ *3 .*done" runs
'

test_expect_success 'an option that could matter makes it ask' '
	asks --max-num-splits=50 && asks --local && asks last && sees_at_once last &&
	asks && asks --origin-run-id=1 && asks greeting=hello &&
	sees_at_once greeting=hello && executes never greeting=never &&
	executes "" greeting=hello
'

test_expect_success 'whatever an edit does is seen' '
	flowmake && sees_at_once &&
	echo 3 > in/1 && differs && executes "copy/0 last tree value" &&
	flowmake && sees_at_once &&
	echo 4 > in/3 && differs && executes "copy/2" && sees_at_once &&
	rm in/3 && asks && sees_at_once &&
	chmod -x show.sh && chmod +x show.sh && asks && sees_at_once &&
	echo "# more" >> show.sh && differs && flowmake && sees_at_once
'

test_expect_success 'a word that names a file from now on is seen' '
	echo yes > options.txt && differs && flowmake && sees_at_once &&
	rm options.txt && asks && sees_at_once &&
	mkdir options.txt && sees_at_once && rmdir options.txt
'

test_expect_success 'an output that is not what it was is seen' '
	flowmake &&
	echo mine > out/1 && differs && flowmake && flowmake && sees_at_once &&
	rm out/2 && differs && flowmake && flowmake && sees_at_once &&
	echo more > tree/deep/more && differs && flowmake && flowmake &&
	sees_at_once &&
	echo other > tree/deep/file && differs && flowmake && flowmake &&
	sees_at_once &&
	ln -sfn elsewhere tree/link && differs && flowmake && flowmake &&
	sees_at_once &&
	mkdir tree/nothing && differs && flowmake && flowmake && sees_at_once
'

test_expect_success 'a result that the store has lost, or damaged, is seen' '
	flowmake gc --keep=1 && sees_at_once &&
	object=$(find .flowmake/objects -type f -size +4k) && test -f "$object" &&
	chmod u+w "$object" && echo damage >> "$object" && differs &&
	executes value && sees_at_once &&
	rm -f "$object" && differs && executes value && sees_at_once
'

test_expect_success 'after a gc, and of a run that it removed' '
	flowmake gc --keep=1 && sees_at_once && flowmake gc --keep=1 &&
	sees_at_once && flowmake dump last > now && cat now
'

test_expect_success 'an edit has only what it reaches asked, and the rest vouched for' '
	mkdir ../few && cd ../few && mkdir in && seq 9 > numbers &&
	for i in $(seq 20); do echo $i > in/$i; done &&
	flowfile <<-\END &&
	(step first
	  (foreach f (wildcard "in/*"))
	  (input i f)
	  (output o (patsubst "in/%" "mid/%" f))
	  (exec "cp" i o))
	(step second
	  (foreach f (wildcard "in/*"))
	  (input i (patsubst "in/%" "mid/%" f))
	  (output o (patsubst "in/%" "out/%" f))
	  (exec "cp" i o))
	(step words (after second) (shell "cat out/3 numbers"))
	(step gather (input d "mid") (output o "names") (shell "ls #{d} > #{o}"))
	(step early (foreach f (wildcard "in/*")) (input i f) (produces (n json))
	  (shell "cat #{i} > #{n}"))
	(step sum (join early n) (produces (s json)) (scheme (apply + n)))
	END
	flowmake run > out.txt && sees_at_once &&
	echo 333 > in/3 &&
	executes "early/13 first/13 gather second/13 sum words" &&
	flowmake dump sum > sum && test_grep 540 sum &&
	echo 333 | test_cmp - out/3 && sees_at_once &&
	seq 8 > numbers && executes words && sees_at_once &&
	echo 10 > mid/7 && flowmake > out.txt && echo 7 | test_cmp - mid/7 &&
	flowmake && sees_at_once &&
	echo mine > out/9 && rm in/10 && touch in/11 &&
	differs && flowmake > out.txt && echo 9 | test_cmp - out/9 &&
	flowmake && sees_at_once
'

test_expect_success 'what follows from an edit is not vouched for' '
	mkdir ../follows && cd ../follows && echo 1 > a && echo 2 > b &&
	flowfile <<-\END &&
	(step one (input i "a") (output o "c") (exec "cp" i o))
	(step two (after one) (shell "cat c"))
	(step three (input i "c") (output o "d") (exec "cp" i o))
	(step four (after three) (input i "b") (shell "cat #{i} d"))
	(step five (input i "b") (output d "tree")
	  (shell "mkdir #{d}; cp #{i} #{d}/x"))
	(step six (input t "tree/x") (shell "cat #{t}"))
	(step seven (input t "tree") (shell "ls #{t}"))
	END
	flowmake run > out && sees_at_once &&
	echo 11 > a && executes "four one three two" && sees_at_once &&
	echo 22 > b && executes "five four seven six" && sees_at_once &&
	echo 1 > a && executes four && echo 1 | test_cmp - d && flowmake &&
	sees_at_once
'

test_expect_success 'what many edits leave behind is not looked at for ever' '
	mkdir ../many && cd ../many && mkdir in &&
	for i in 1 2 3 4 5; do echo $i > in/$i; done &&
	flowfile <<-\END &&
	(step big (foreach f (wildcard "in/*")) (input i f) (produces (n text))
	  (shell "cat #{i} > #{n}; seq 1000 >> #{n}"))
	END
	flowmake run > out && size=$(wc -c < $witness) &&
	for i in $(seq 30)
	do
		echo more >> in/3 && flowmake > out &&
		test_grep "5 tasks, 4 reused" out &&
		test $(wc -c < $witness) -lt $((2 * size)) || return 1
	done &&
	sees_at_once
'

test_expect_success 'what a killed run has left is removed' '
	cd ../few && mkdir .flowmake/tmp/1-6 && : > .flowmake/tmp/1.lock &&
	sees_at_once && ls .flowmake/tmp > left && test_cmp /dev/null left
'

test_expect_success 'a damaged witness, or none, makes it ask' '
	cd ../few &&
	for damage in "" "x" "flowmake witness 1"
	do
		printf %s "$damage" > $witness && asks && sees_at_once ||
		return 1
	done &&
	size=$(wc -c < $witness) &&
	for byte in 20 40 60 100 $((size / 2)) $((size - 1))
	do
		flip $witness $byte && asks || return 1
	done &&
	rm $witness && executes "" && sees_at_once
'

test_expect_success 'a run in between, of which nothing is known, makes it ask' '
	flowmake run copy > /dev/null && asks && sees_at_once
'

test_expect_success 'nor does a run of another flow that did as much' '
	mkdir -p ../other/lib && cd ../other &&
	echo "(define-module (lib tools))" > lib/tools.scm &&
	flowfile <<-\END &&
	(step fine (shell "echo fine"))
	(step never (when #f) (shell "echo no"))
	END
	flowmake run > out && sees_at_once && cp Flowfile first &&
	echo "(use-modules (lib tools))" > Flowfile &&
	sed "s/never/nowhere/" first >> Flowfile && executes "" &&
	mv first Flowfile && executes "" && flowmake show > shown &&
	test_grep "never .*skipped" shown && sees_at_once
'

test_expect_success 'nor one that showed the same, but skipped other tasks' '
	cd ../other && cp $witness kept-witness && cp Flowfile first &&
	edit never nowhere && executes "" && mv kept-witness $witness &&
	mv first Flowfile && executes "" && flowmake show > shown &&
	test_grep "never .*skipped" shown && test_grep -v nowhere shown
'

test_expect_success 'a file that has become a directory is vouched for' '
	mkdir ../kind && cd ../kind && echo 1 > data && flowfile <<-\END &&
	(step list (input d "data") (output o "out") (produces (n lines))
	  (shell "ls #{d} > #{n}; cp -r #{d} #{o}"))
	(step read (from list o) (shell "ls #{o}"))
	END
	flowmake run > out.txt && sees_at_once && rm data && mkdir data &&
	echo 1 > data/1 && executes "list read" && sees_at_once &&
	echo 2 > data/2 && executes "list read" && sees_at_once &&
	rm -r data && echo 2 > data && executes "list read" && sees_at_once
'

test_expect_success 'a task that is never reused is not vouched for' '
	mkdir ../never && cd ../never &&
	flowfile <<-\END &&
	(step fails (catch trouble) (shell "exit 3"))
	(step fine (shell "echo fine"))
	END
	flowmake run > out && test ! -e $witness &&
	executes fails && executes fails && test ! -e $witness
'

test_expect_success 'nor one that changes its own input' '
	mkdir ../changes && cd ../changes && echo 1 > counter &&
	flowfile <<-\END &&
	(step count (input c "counter") (shell "echo more >> #{c}"))
	END
	flowmake run > out 2>&1 && test_grep "changed while the task ran" out &&
	test ! -e $witness && executes count && executes count
'

test_expect_success 'nor what was changed while the run went on' '
	mkdir ../meanwhile && cd ../meanwhile && echo 1 > data &&
	flowfile <<-\END &&
	(step first (input d "data") (output o "copy") (exec "cp" d o))
	(step second (after first) (shell "echo 2 > dat\"\"a"))
	END
	flowmake run > out && test_expect_code 1 flowmake -q && executes first &&
	sees_at_once
'

test_done
