# What of files makes tasks run again: content, and nothing else.
. "${0%/*}/lib"
. "${0%/*}/lib-resume"

test_expect_success 'a file on stdin is an input' '
	mkdir stdin && cd stdin && echo x > in.txt && flowfile <<-\END &&
	(step a (produces (n text)) (exec "cat" #:stdin "in.txt" #:stdout n))
	END
	flowmake && executes "" && echo y > in.txt && executes a &&
	dumps a "n = \"y\""
'

test_expect_success 'a directory counts by names, contents and kinds' '
	mkdir dir && cd dir && mkdir -p d/sub && echo x > d/sub/f &&
	flowfile <<-\END &&
	(step a (input d "d") (produces (n lines))
	  (shell "find #{d} | sort > #{n}"))
	END
	flowmake && executes "" &&
	touch d/sub/f d && executes "" &&
	mkdir d/empty && executes a && executes "" &&
	rmdir d/empty && executes "" &&
	ln -s sub/f d/link && executes a && ln -sfn sub d/link &&
	executes a && rm d/link && executes "" &&
	chmod +x d/sub/f && executes a && executes "" &&
	chmod -x d/sub/f && executes "" &&
	mv d/sub/f d/sub/g && executes a && mv d/sub/g d/sub/f &&
	executes "" && echo y > d/sub/f && executes a
'

test_expect_success 'the executable bit of an input counts, others do not' '
	mkdir mode && cd mode && echo x > in && chmod 644 in && flowfile <<-\END &&
	(step a (input f "in") (produces (n text)) (shell "ls -l #{f} > #{n}"))
	END
	flowmake && chmod 600 in && executes "" && chmod 755 in && executes a &&
	executes ""
'

test_expect_success 'an input that is a symlink counts by what it leads to' '
	mkdir symlink && cd symlink && mkdir ../elsewhere &&
	echo x > ../elsewhere/data && ln -s ../elsewhere/data in &&
	flowfile <<-\END &&
	(step a (input f "in") (produces (n text)) (shell "cat #{f} > #{n}"))
	END
	flowmake && executes "" && echo y > ../elsewhere/data && executes a &&
	dumps a "n = \"y\"" && echo y > copy && ln -sf copy in && executes ""
'

test_expect_success 'an input outside the project counts as any other' '
	mkdir outside && cd outside && echo x > ../data && flowfile <<-END &&
	(step a (input f "../data") (produces (n text))
	  (shell "cat #{f} > #{n}"))
	(step b (input f "$PWD/../data") (produces (n text))
	  (shell "cat #{f} > #{n}"))
	END
	flowmake && executes "" && echo y > ../data && executes "a b"
'

test_expect_success 'outputs that are directories are restored whole' '
	mkdir outdir && cd outdir && echo x > in && flowfile <<-\END &&
	(step a (input f "in") (output d "d")
	  (shell "mkdir -p #{d}/e #{d}/s; cp #{f} #{d}/s/x; ln -s s/x #{d}/l"
	    "cp #{f} #{d}/run; chmod +x #{d}/run"))
	(step b (from a d) (produces (n lines))
	  (shell "find #{d} | sort > #{n}"))
	END
	flowmake && cp -a d kept && executes "" &&
	echo y > in && executes "a b" && echo x > in && executes "" &&
	diff -r d kept && test -x d/run && test -L d/l && test -d d/e &&
	test -w d/s/x
'

test_expect_success 'of tasks over the files of a directory those run that must' '
	mkdir parts && cd parts && mkdir src && echo 1 > src/1 &&
	echo 2 > src/2 && flowfile <<-\END &&
	(step split (input s "src") (output dir "parts")
	  (produces (names lines))
	  (shell "mkdir #{dir}; cp #{s}/* #{dir}; ls #{dir} > #{names}"))
	(step size (from split names) (foreach n names) (input p "parts/#{n}")
	  (produces (l text)) (shell "cat #{p} > #{l}"))
	END
	flowmake && executes "" && echo 3 > src/3 && executes "size/2 split" &&
	echo 22 > src/2 && executes "size/1 split" && executes ""
'

test_expect_success 'an implicit rule waits for what a late fan-out made before' '
	mkdir chain && cd chain && mkdir src && echo 1 > src/a &&
	flowfile <<-\END &&
	(step list (input s "src") (produces (names lines))
	  (shell "ls #{s} > #{names}"))
	(step copy (from list names) (foreach n names) (input f "src/#{n}")
	  (output o "len/#{n}") (shell "cp #{f} #{o}"))
	(step gz (pattern s) (input i "len/%") (output o "gz/%.z")
	  (shell "gzip -nc #{i} > #{o}"))
	(step use (input z "gz/a.z") (produces (n text))
	  (shell "zcat #{z} > #{n}"))
	END
	flowmake && executes "" && test_grep -v "not there" "$said" &&
	echo 2 > src/a && rm -r len && executes "copy/0 gz/a list use" &&
	dumps use "n = \"2\"" && executes "" && rm -r len && executes "copy/0"
'

test_expect_success 'what somebody changed in an output directory is put right' '
	cd outdir && echo z > d/s/x && executes "" && diff -r d kept &&
	echo z | test_cmp - .flowmake/replaced/*/d/s/x &&
	test_grep "a: moved .d., which was changed since flowmake made it" "$said"
'

test_expect_success 'an output replaced by a symlink to its like is reused' '
	mkdir links && cd links && echo 1 > in && flowfile <<-\END &&
	(step a (input f "in") (output d "d")
	  (shell "mkdir #{d}; cp #{f} #{d}/x"))
	(step b (input f "in") (output o "o") (shell "cp #{f} #{o}"))
	(step c (from a d) (from b o) (produces (n text))
	  (shell "cat #{d}/x #{o} > #{n}"))
	END
	flowmake && mkdir away && mv d o away && ln -s away/d d &&
	ln -s away/o o && executes "" && test -L d && test -L o
'

test_expect_success 'such a symlink is moved away when its task runs' '
	cd links && echo 2 > in && executes "a b c" &&
	test_grep "3/a .*moved .d., which was changed since flowmake made it, to" "$said" &&
	test_grep "3/b .*moved .o., which was changed since flowmake made it, to" "$said" &&
	test ! -L d && test ! -L o && cat d/x o > actual &&
	printf "2\n2\n" | test_cmp - actual && cat away/d/x away/o > actual &&
	printf "1\n1\n" | test_cmp - actual &&
	test "$(readlink .flowmake/replaced/3/d)" = away/d &&
	test "$(readlink .flowmake/replaced/3/o)" = away/o && executes ""
'

test_expect_success 'what has no content is moved away from where outputs were' '
	cd links && rm -r d o && ln -s nowhere d && ln -s ../links o &&
	executes "a b" && test -L .flowmake/replaced/5/d &&
	test -L .flowmake/replaced/5/o && test -e in &&
	rm -r d o && mkfifo d o && executes "a b" &&
	test -p .flowmake/replaced/6/d && rm -r o &&
	"$PYTHON" -c "from socket import *; socket(AF_UNIX).bind(\"o\")" &&
	executes b && test -S .flowmake/replaced/7/o &&
	mkfifo d/fifo && executes a && test -p .flowmake/replaced/8/d/fifo &&
	rm d/x && ln -s x d/x && executes a && executes "" && test -f d/x
'

test_expect_success 'a symlink that a recipe makes is made again' '
	mkdir linked && cd linked && echo 1 > in && flowfile <<-\END &&
	(step a (input f "in") (output d "d") (output o "o")
	  (shell "mkdir -p ../to; cp #{f} ../to/x"
	    "ln -s ../to #{d}; ln -s ../to/x #{o}"))
	END
	flowmake && executes "" && echo 2 > in && executes a &&
	test_grep -v moved "$said" && test -L d && test -L o &&
	echo 2 | test_cmp - d/x && executes ""
'

test_expect_success 'also one to what is made anew before it' '
	mkdir latest && cd latest && flowfile <<-\END &&
	(parameter v 1)
	(step mk (output d "model") (output l "latest")
	  (shell "echo #{v} > #{d}; ln -s model #{l}"))
	(step tree (output d "tree") (output l "inside")
	  (shell "mkdir #{d}; echo #{v} > #{d}/x; ln -s tree/x #{l}"))
	(step lk (from mk d) (output l "again") (shell "ln -s #{d} #{l}"))
	END
	flowmake && executes "" && executes "lk mk tree" v=2 &&
	test_grep -v moved "$said" && echo 2 | test_cmp - latest &&
	executes mk --rerun mk v=2 && executes "mk tree" --rerun mk --rerun tree &&
	test_grep -v moved "$said" && flowmake run > "$said" 2>&1 &&
	test_grep -v moved "$said" && test ! -e .flowmake/replaced/5 &&
	test -L latest && test -L inside && echo 1 | test_cmp - inside &&
	ln -sfn inside latest && executes mk --rerun mk &&
	test_grep "moved .latest., which was changed since flowmake made it" "$said" &&
	test "$(readlink latest)" = model
'

test_expect_success 'a plan goes on from what would be restored' '
	mkdir plan && cd plan && echo 1 > in && echo 1 > more &&
	flowfile <<-\END &&
	(step a (input f "in") (output o "a.txt") (shell "cp #{f} #{o}"))
	(step b (input f "a.txt") (output d "d")
	  (shell "mkdir #{d}; cp #{f} #{d}/x"))
	(step named (after a) (produces (n text)) (shell "cat a.txt > #{n}"))
	(step other (from b d) (input m "more") (produces (n text))
	  (shell "cat #{d}/x #{m} > #{n}"))
	(step late (from b d) (foreach x (wildcard "#{d}/*"))
	  (shell ": #{x}"))
	(step inside (input f "d/x") (produces (n text))
	  (shell "cat #{f} > #{n}"))
	(step put (input f "in") (output o "e/in") (shell "cp #{f} #{o}"))
	(step around (input d "e") (produces (n text)) (shell "ls #{d} > #{n}"))
	(step unless (from other n) (when (string=? n "1\n1")) (shell "true"))
	END
	flowmake && echo 2 > in && flowmake && echo 1 > in &&
	rm -r d && echo mine > a.txt && echo 2 > more && flowmake -n > plan &&
	cat > expected <<-\END &&
	a: its outputs are restored from the store
	b: its outputs are restored from the store
	inside: reused from run 1
	put: its outputs are restored from the store
	around: runs, unless what it reads comes out as before
	named: reused from run 1
	other: runs: from d and input more changed
	late/*: late: its foreach is known when '"'b'"' has run
	unless: runs, unless what it reads comes out as before
	6 of 8 tasks to do, 1 step late, 2 reused
	END
	test_cmp expected plan && test_expect_code 1 flowmake -q &&
	echo mine | test_cmp - a.txt && test ! -e d &&
	executes "other" && echo 1 | test_cmp - d/x && flowmake -q
'

test_expect_success 'an input that the recipe changes is said, and not reused' '
	mkdir self && cd self && echo 1 > in && flowfile <<-\END &&
	(step a (input f "in") (produces (n text))
	  (shell "cat #{f} > #{n}; echo 2 >> #{f}"))
	END
	flowmake > out 2> errors &&
	test_grep "a: input .in. changed while the task ran; its results will not be used again" errors &&
	executes a && echo 1 > in && executes a && flowmake dump latest/a > out &&
	test_grep "1" out && test_grep -v "2" out
'

test_expect_success 'so is a result of another step that the recipe changes' '
	mkdir result && cd result && flowfile <<-\END &&
	(step a (produces r (d "d")) (shell "echo 1 > #{r}; mkdir #{d}"))
	(step b (from a r) (produces (n text))
	  (shell "cat #{r} > #{n}; if test -e ../edit; then chmod u+w #{r}"
	    "echo 2 >> #{r}; fi"))
	(step c (from a d) (produces (n text))
	  (shell "ls #{d} > #{n}; if test -e ../edit; then chmod u+w #{d}"
	    "touch #{d}/x; fi"))
	(step later (after b) (from a r) (produces (n text))
	  (shell "cat #{r} > #{n}"))
	END
	touch ../edit && flowmake > out 2> errors &&
	test_grep "b: result of another step .r. changed while the task ran; its results will not be used again" errors &&
	test_grep "c: result of another step .d. changed" errors &&
	test_grep "later: result of another step .r. changed" errors &&
	dumps later "n = \"1\\n2\"" && rm ../edit &&
	executes "a b c later" && dumps later "n = \"1\"" && executes ""
'

test_expect_success 'an output changed after its task made it is noticed' '
	mkdir changed && cd changed && flowfile <<-\END &&
	(step a (output f "a.txt") (shell "echo a > #{f}"))
	(step b (from a f) (output g "b.txt") (shell "cp #{f} #{g}"))
	END
	flowmake && echo z > a.txt && test_expect_code 1 flowmake -q &&
	executes a &&
	echo a | test_cmp - a.txt && echo a | test_cmp - b.txt &&
	test_grep "moved .a.txt., which was changed since" "$said"
'

test_expect_success 'what reads an output that another step has changed is not reused' '
	cd changed && flowfile <<-\END &&
	(step a (output f "a.txt") (shell "echo a > #{f}"))
	(step m (after a) (shell "echo $FLOWMAKE_RUN_ID > a.txt"))
	(step b (after m) (from a f) (output g "b.txt") (shell "cp #{f} #{g}"))
	END
	flowmake run && echo 3 | test_cmp - b.txt &&
	edit "ID > a.txt" "ID >> a.txt" && executes "b m" &&
	printf "a\n4\n" | test_cmp - b.txt
'

test_done
