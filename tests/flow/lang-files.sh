# Files that steps read and make: input, output.
. "${0%/*}/lib"

q="'"

test_expect_success 'a file that another step makes is an edge' '
	flowfile <<-"END" &&
	(step sum (input a "mid/a") (output s "sum")
	  (shell "cat #{a} > #{s}"))
	(step make (output a "mid/a") (shell "echo 3 > #{a}"))
	END
	flowmake run &&
	echo 3 > expected &&
	test_cmp expected sum
'

test_expect_success 'names of files are compared without ./, // and a/..' '
	flowfile <<-"END" &&
	(step sum (input a ".//mid/x/../a") (output s "./sum2")
	  (shell "cat #{a} > #{s}"))
	(step make (output a "mid//a") (shell "echo 4 > #{a}"))
	(step read (input s "sum2") (shell "cat #{s}"))
	END
	run_says read "4
"
'

test_expect_success 'inputs and outputs without a name are in #{inputs} and #{outputs}' '
	flowfile <<-"END" &&
	(step a (inputs "i 1" "i2") (input n "i3")
	  (outputs "o 1" "o2")
	  (shell "cat #{inputs} | tee #{outputs}"))
	END
	echo 1 > "i 1" && echo 2 > i2 && echo 3 > i3 &&
	run_says a "1
2
3
" &&
	test_cmp expected "o 1" &&
	test_cmp expected o2
'

test_expect_success 'inputs may be a list that an expression gives' '
	flowfile <<-"END" &&
	(step a (inputs (wildcard "i ?" "i[0-9]")) (outputs (list "l1" "l2"))
	  (shell "echo #{inputs}" "touch #{outputs}"))
	END
	run_says a "i 1 i2 i3
" &&
	test -e l1 &&
	test -e l2
'

test_expect_success 'directories of outputs are made first' '
	flowfile <<-"END" &&
	(step a (output o "deep/er/file") (shell "echo x > #{o}"))
	END
	flowmake run &&
	test -f deep/er/file
'

test_expect_success 'a directory may be an output and an input' '
	flowfile <<-"END" &&
	(step a (output d "tree") (shell "mkdir -p #{d}/sub" "echo 1 > #{d}/one"
	                                 "echo 2 > #{d}/sub/two"))
	(step b (input d "tree") (shell "find #{d} -type f | sort"))
	END
	run_says b "tree/one
tree/sub/two
"
'

test_expect_success 'a file inside an output directory is made by that step' '
	rm -rf tree &&
	flowfile <<-"END" &&
	(step b (input d "tree/sub/two") (shell "cat #{d}"))
	(step a (output d "tree") (shell "mkdir -p #{d}/sub" "echo 2 > #{d}/sub/two"))
	END
	run_says b "2
"
'

test_expect_success 'an input missing from the output directory fails by name' '
	flowfile <<-"END" &&
	(step b (input d "tree/three") (shell "cat #{d}"))
	(step a (output d "tree") (shell "mkdir #{d}"))
	END
	fails "[0-9]+/b.*the input .tree/three. is not there"
'

test_expect_success 'a directory input waits for all outputs inside it' '
	rm -rf parts &&
	flowfile <<-"END" &&
	(step all (input d "parts") (shell "cat #{d}/*"))
	(step one (foreach x (iota 3)) (output o "parts/#{x}")
	  (shell "echo #{x} > #{o}"))
	END
	run_says all "0
1
2
"
'

test_expect_success 'files made in a directory are fanned out through it' '
	flowfile <<-"END" &&
	(step split (output dir "chunks")
	  (shell "mkdir #{dir}" "printf \"a\nb\nc\n\" | split -l 1 - #{dir}/x"))
	(step up (from split dir) (foreach c (wildcard "#{dir}/*"))
	  (produces (u text)) (shell "tr a-z A-Z < #{c} > #{u}"))
	(step end (join up u c) (shell "echo #{u}" "echo #{c}"))
	END
	run_says end "A B C
chunks/xaa chunks/xab chunks/xac
"
'

test_expect_success 'an output must exist when the recipe ends' '
	flowfile <<-"END" &&
	(step a (output o "never") (outputs "always")
	  (shell "touch always"))
	END
	fails "never" &&
	test ! -e always
'

test_expect_success 'what a failed recipe leaves is removed' '
	flowfile <<-"END" &&
	(step a (output o "half") (output d "dirhalf")
	  (shell "mkdir #{d}" "touch #{d}/x" "echo x > #{o}" "exit 3"))
	END
	fails "status 3|exit.* 3" &&
	test ! -e half &&
	test ! -e dirhalf
'

test_expect_success 'an old output is away when the recipe runs' '
	flowfile <<-"END" &&
	(step a (output o "again") (shell "test ! -e #{o}" "date > #{o}"))
	END
	flowmake run &&
	flowmake run &&
	test -e again &&
	test -z "$(find .flowmake/replaced -type f)"
'

test_expect_success 'a file that flowmake did not make is kept and said' '
	echo mine > by-hand &&
	flowfile <<-"END" &&
	(step a (output o "by-hand") (shell "echo made > #{o}"))
	END
	flowmake run --run-id-file=id > output 2>&1 &&
	test_grep "moved .by-hand., which no finished task made, to \.flowmake/replaced/$(cat id)" output &&
	echo mine > expected &&
	test_cmp expected .flowmake/replaced/$(cat id)/by-hand &&
	echo made > expected &&
	test_cmp expected by-hand
'

test_expect_success 'a file in the place of a directory is named, and stays' '
	echo mine > in-the-way && flowfile <<-"END" &&
	(step a (output o "in-the-way/deep/x") (shell "echo made > #{o}"))
	END
	test_must_fail flowmake run > output 2>&1 &&
	test_grep "cannot make .in-the-way/deep/x.: .in-the-way. is no directory; remove it" output &&
	echo mine | test_cmp - in-the-way && rm in-the-way &&
	ln -s nowhere in-the-way && test_must_fail flowmake run > output 2>&1 &&
	test_grep ".in-the-way. is no directory" output && rm in-the-way &&
	flowfile <<-"END"
	(step a (output o "by-hand") (shell "echo made > #{o}"))
	END
'

test_expect_success 'an output changed since is kept and said' '
	echo edited >> by-hand &&
	cp by-hand expected &&
	flowmake run --run-id-file=id > output 2>&1 &&
	test_grep "by-hand.*\.flowmake/replaced/$(cat id)" output &&
	test_cmp expected .flowmake/replaced/$(cat id)/by-hand
'

test_expect_success 'a directory replaced is kept with its files' '
	mkdir -p dirhand/sub &&
	echo mine > dirhand/sub/f &&
	flowfile <<-"END" &&
	(step a (output o "dirhand") (shell "mkdir #{o}" "touch #{o}/new"))
	END
	flowmake run --run-id-file=id &&
	test -e dirhand/new &&
	test ! -e dirhand/sub &&
	test -e .flowmake/replaced/$(cat id)/dirhand/sub/f
'

test_expect_success 'a missing input is refused before anything runs' '
	flowfile <<-"END" &&
	(step first (shell "touch ran"))
	(step a
	  (input i "absent")
	  (shell "cat #{i}"))
	END
	refused "Flowfile:3:12: step ${q}a${q}: the input ${q}absent${q} is not there and no step makes it" &&
	test ! -e ran
'

test_expect_success 'two tasks making one file are refused' '
	flowfile <<-"END" &&
	(step a (output o "same") (shell "touch #{o} ran"))
	(step b
	  (output o "./same")
	  (shell "touch #{o}"))
	END
	refused "Flowfile:3:13: step ${q}b${q}: two tasks make ${q}same${q}: a and b" &&
	test ! -e ran
'

test_expect_success 'an output that is named twice is refused' '
	flowfile <<-"END" &&
	(step a (outputs "x" "./x") (shell "touch x"))
	END
	refused "Flowfile:1:22: step '\''a'\'': the output '\''x'\'' is named twice" &&
	flowfile <<-"END" &&
	(step a (output x "x")
	  (output y (list "y" "x"))
	  (shell "touch x y"))
	END
	refused "Flowfile:2:13: step '\''a'\'': the output '\''x'\'' is named twice" &&
	flowfile <<-"END" &&
	(step a (pattern p) (output x "%.x") (output y "./#{p}.x")
	  (shell "touch x y"))
	END
	refused "Flowfile:1:48: step '\''a'\'': the output '\''f.x'\'' is named twice" f.x
'

test_expect_success 'two splits making one file are refused' '
	flowfile <<-"END" &&
	(step a (foreach x (iota 2))
	  (output o "same")
	  (shell "touch #{o} ran"))
	END
	fails "^Flowfile:2:[0-9]+: step .a.: .*same" &&
	test ! -e ran
'

test_expect_success 'an output inside another output directory is refused' '
	flowfile <<-"END" &&
	(step a (output o "tree2") (shell "touch ran"))
	(step b
	  (output o "tree2/in")
	  (shell "touch ran"))
	END
	fails "^Flowfile:3:[0-9]+: step .b.: .*tree2" &&
	test ! -e ran
'

test_expect_success 'an output among the inputs of its task is refused' '
	flowfile <<-"END" &&
	(step b (input i "both")
	  (output o "both")
	  (shell "touch ran"))
	END
	touch both &&
	fails "^Flowfile:2:[0-9]+: step .b.: .*both" &&
	test ! -e ran
'

test_expect_success 'an output directory that holds the Flowfile is refused' '
	flowfile <<-"END" &&
	(step b
	  (output o ".")
	  (shell "touch ran"))
	END
	fails "^Flowfile:2:[0-9]+: step .b.: " &&
	test -e Flowfile &&
	test ! -e ran
'

test_expect_success 'a late fan-out that collides is refused before it starts' '
	flowfile <<-"END" &&
	(step names (produces n) (scheme (list 1 2 1)))
	(step b (from names n) (foreach x n)
	  (output o "late-#{x}")
	  (shell "touch #{o} ran"))
	END
	fails "^Failed: [0-9]+/b/2 1: Flowfile:3:13: step .b.: .*late-1" &&
	test ! -e ran
'

test_expect_success 'a file that a late fan-out makes is waited for' '
	flowfile <<-"END" &&
	(step names (produces n) (scheme (list "p" "q")))
	(step b (from names n) (foreach x n) (output o "made-#{x}")
	  (shell "echo #{x} > #{o}"))
	(step c (input i "made-q") (shell "cat #{i}"))
	END
	run_says c "q
"
'

test_expect_success 'once recorded, such a file is waited for even if it is there' '
	echo old > made-q &&
	run_says c "q
"
'

test_expect_success 'a file that no late fan-out made ends the run by name' '
	flowfile <<-"END" &&
	(step names (produces n) (scheme (list "p")))
	(step b (from names n) (foreach x n) (output o "made2-#{x}")
	  (shell "echo #{x} > #{o}"))
	(step count (input i "made2-q") (shell "cat #{i}"))
	END
	fails "no step makes .made2-q., needed by step .count."
'

test_expect_success 'a target that no known step makes opens late fan-outs' '
	flowfile <<-"END" &&
	(step names (produces n) (scheme (list "p" "q")))
	(step b (from names n) (foreach x n) (output o "t-#{x}")
	  (shell "echo #{x} > #{o}"))
	(step other (shell "touch not-asked"))
	END
	flowmake run t-q &&
	test -e t-q &&
	test ! -e not-asked
'

test_expect_success 'a word of a recipe that names a project file is an input' '
	flowfile <<-"END" &&
	(step a (shell "sh count.sh one"))
	(step b (exec "sh" "count.sh" "two"))
	END
	echo "echo \$1" > count.sh &&
	flowmake run --run-id-file=id &&
	flowmake show $(cat id)/a > shown &&
	test_grep "count\.sh" shown &&
	flowmake show $(cat id)/b > shown &&
	test_grep "count\.sh" shown
'

test_expect_success 'odd names of files are taken as they are' '
	rm -rf odd && mkdir odd &&
	touch "odd/a b" "odd/-rf" "odd/q${q}\"\$x" "odd/new
line" &&
	flowfile <<-"END" &&
	(step each (foreach f (wildcard "odd/*")) (input i f)
	  (output o "out-#{f}")
	  (shell "cp -- #{i} #{o}"))
	END
	flowmake run &&
	(cd odd && ls -A) > expected &&
	(cd out-odd && ls -A) > actual &&
	lines 5 actual &&
	test_cmp expected actual
'

test_expect_success 'an input that only a late fan-out makes opens it too' '
	rm -f t-* &&
	flowfile <<-"END" &&
	(step names (produces n) (scheme (list "p" "q")))
	(step b (from names n) (foreach x n) (output o "t-#{x}")
	  (shell "echo #{x} > #{o}"))
	(step reader (input i "t-q") (shell "cat #{i}"))
	END
	run_says reader "q
" reader
'

test_expect_success 'fan-outs inside fan-outs are opened for a target too' '
	flowfile <<-"END" &&
	(step one (produces n) (scheme (list "p" "q")))
	(step two (from one n) (foreach x n) (produces m) (scheme (list x "s")))
	(step three (from two m x) (foreach y m) (output o "f-#{x}-#{y}")
	  (shell "touch #{o}"))
	END
	flowmake run f-q-s &&
	test -e f-q-s &&
	test ! -e f-q-q
'

test_expect_success 'a target that a step made last is asked from it, though its name is late' '
	flowfile <<-"END" &&
	(parameter name "late-file")
	(step g (produces (n text)) (shell "echo #{name} > #{n}"))
	(step a (from g n) (output o n) (shell "echo made > #{o}"))
	(step z (shell "touch other"))
	END
	rm -f other && fails "none makes such a file" late-file &&
	flowmake run a && rm late-file &&
	flowmake run late-file && test -e late-file && test ! -e other &&
	fails "target .late-file.: no step is called so, and none makes such a file" \
		late-file name=elsewhere
'

test_expect_success 'an input that holds the project is refused' '
	for input in . ./ .. x/../. .flowmake; do
		echo "(step a (input i \"$input\") (shell \"true\"))" > Flowfile &&
		fails "^Flowfile:1:18: step .a.: the input .*holds the project itself" || exit 1
	done
'

test_expect_success 'targets are steps or files, and ./x is always the file' '
	flowfile <<-"END" &&
	(step x (shell "touch step-x"))
	(step y (output o "x") (shell "touch #{o}"))
	END
	flowmake run x &&
	test -e step-x &&
	test ! -e x &&
	flowmake run ./x &&
	test -e x
'

test_expect_success 'a target that is nothing is refused with a suggestion' '
	flowfile <<-"END" &&
	(step count (output o "table.tsv") (shell "touch #{o}"))
	END
	refused "flowmake: target ${q}conut${q}: no step is called so, and none makes such a file (did you mean ${q}count${q}?)" conut &&
	refused "flowmake: target ${q}count/1${q}: no step is called so, and none makes such a file; a target is a step or a file, and ${q}count${q} is a step" count/1
'

test_done
