# Files that recipes name without declaring them, and what else a recipe asks
# for by name.
. "${0%/*}/lib"
. "${0%/*}/lib-resume"

test_expect_success 'a program that a recipe names counts' '
	mkdir programs && cd programs && mkdir tools &&
	for f in plain.sh dotted.sh "two words.sh" quoted.sh option.txt \
	    inner.sh linked.sh used.txt; do
		echo "echo $f" > tools/"$f"
	done &&
	mv tools/*.sh tools/*.txt . && ln -s linked.sh link.sh &&
	flowfile <<-\END &&
	(step plain (produces (n text)) (shell "sh plain.sh > #{n}"))
	(step dotted (produces (n text)) (shell "sh ./dotted.sh > #{n}"))
	(step words (produces (n text)) (shell "sh \"two words.sh\" > #{n}"))
	(step quoted (produces (n text)) (shell "sh '\''quoted.sh'\'' > #{n}"))
	(step option (produces (n text))
	  (exec "echo" "--file=option.txt" #:stdout n))
	(step inner (produces (n text))
	  (exec "sh" "-c" "sh inner.sh" #:stdout n))
	(step linked (produces (n text)) (shell "sh link.sh > #{n}"))
	(step scripted (output o "copy")
	  (script "sh" "cat used.txt > copy"))
	END
	flowmake && executes "" &&
	for f in *.sh *.txt; do echo "echo more" >> "$f"; done &&
	executes "dotted inner linked option plain quoted scripted words"
'

test_expect_success 'so does a file whose name is joined to others' '
	mkdir joined && cd joined &&
	for f in a.txt b.txt c.txt d.txt e.txt f.txt g,1.txt; do
		echo 1 > $f
	done &&
	flowfile <<-\END &&
	(step comma (shell "true; echo --merge=a.txt,b.txt"))
	(step at (shell "true; echo -F data=@c.txt"))
	(step colon (exec "echo" "host:d.txt"))
	(step letter (shell "true; echo -fe.txt"))
	(step quoted (script "sh" "echo \"f.txt,b.txt\""))
	(step whole (exec "echo" "g,1.txt"))
	END
	flowmake && executes "" && echo 2 > b.txt && executes "comma quoted" &&
	echo 2 > c.txt && executes at && echo 2 > d.txt && executes colon &&
	echo 2 > e.txt && executes letter && echo 2 > f.txt &&
	executes quoted && echo 2 > g,1.txt && executes whole &&
	echo 2 > a.txt && executes comma && executes ""
'

test_expect_success 'so does the file of a module that Python is to run' '
	mkdir run-modules && cd run-modules && mkdir -p pkg/app && : > pkg/__init__.py &&
	: > pkg/app/__init__.py && : > pkg/app/__main__.py && : > alone.py &&
	: > pkg/mod.py && : > mod.py &&
	flowfile <<-\END &&
	(define which "pkg.mod")
	(step alone (shell "true python3 -u -m alone --rate 1"))
	(step inner (exec "true" "-m" "pkg.mod"))
	(step hole (shell "true -m #{which}"))
	(step app (shell "true  -m \"pkg.app\""))
	(step none (shell "true x-m alone"))
	END
	flowmake && executes "" && echo 2 > alone.py && executes alone &&
	echo 2 > pkg/mod.py && executes "hole inner" && echo 2 > mod.py &&
	executes "" && echo 2 > pkg/app/__main__.py && executes app &&
	echo 2 > pkg/app/__init__.py && executes app &&
	echo 2 > pkg/__init__.py && executes "app hole inner"
'

test_expect_success 'so do alternatives in braces' '
	mkdir braces && cd braces && mkdir data &&
	for f in a-1 a-2 b-1 b-2; do echo 1 > data/$f.csv || return 1; done &&
	flowfile <<-\END &&
	(step all (shell "true data/{a,b}-{1,2}.csv"))
	(step one (shell "true data/{b,{c,d}}-2.csv;"))
	(step many (shell #<<X
	true {a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}
	X
	))
	END
	flowmake && executes "" && echo 2 > data/b-2.csv && executes "all one" &&
	echo 2 > data/a-2.csv && executes all && echo 2 > data/c-2.csv &&
	executes one
'

test_expect_success 'so do names in a directory that the recipe goes into' '
	mkdir into && cd into && mkdir -p data/deep "my data" &&
	for f in top data/a data/b data/deep/c "my data/d"; do
		echo 1 > "$f.txt" || return 1
	done &&
	flowfile <<-\END &&
	(define place "data/deep")
	(step a (shell "(cd data && cat a.txt ../top.txt) > /dev/null"))
	(step b (shell "cd  ./data;cat \"b.txt\""))
	(step c (shell "cd #{place} && cat c.txt"))
	(step d (shell "cd \"my data\" && cat d.txt"))
	(step e (shell "cd data; cd deep; cat c.txt; cd ../..; cd data"))
	(step f (shell "bash -c '\''cd	data; cat b.txt'\''"))
	(step work (output o "o") (shell
	  "mkdir -p work sub/work; cd sub/work; date +%N > log; cat log > ../../o"))
	(step none (shell "true abcd data; true a.txt"))
	END
	flowmake && executes "" && echo 2 > data/a.txt && executes a &&
	echo 2 > top.txt && executes a && echo 2 > data/b.txt && executes "b f" &&
	echo 2 > data/deep/c.txt && executes "c e" &&
	echo 2 > "my data/d.txt" && executes d
'

test_expect_success 'so does one with blanks after backslashes, and a default' '
	mkdir escaped && cd escaped && mkdir "my data" &&
	for f in "my data/a (1).csv" "it is.txt" d.txt n.txt; do
		echo 1 > "$f"
	done &&
	sed "s/^	//" <<\EOF > Flowfile &&
	(step blanks (shell #<<END
	true; cat my\ data/a\ \(1\).csv
	END
	))
	(step inner (exec "sh" "-c" "true; cat it\\ is.txt"))
	(step default (shell #<<END
	true; cat "${INPUT:-d.txt}" | sed "s/\n.txt//"
	END
	))
EOF
	flowmake && executes "" && echo 2 > "my data/a (1).csv" &&
	executes blanks && echo 2 > "it is.txt" && executes inner &&
	echo 2 > d.txt && executes default && executes ""
'

test_expect_success 'a file named in a scheme recipe counts, also by a helper' '
	mkdir scheme && cd scheme && echo a > a.txt && echo b > b.txt &&
	echo "echo c" > c.sh && echo d > d.txt && flowfile <<-\END &&
	(define (rows) (tsv-rows "b.txt"))
	(define program "c.sh")
	(define names (quote ("d.txt")))
	(step a (produces n) (scheme (tsv-rows "a.txt")))
	(step b (produces n) (scheme (rows)))
	(step c (produces n) (scheme (system (string-append "sh " program))))
	(step d (produces n) (scheme (map tsv-rows names)))
	(step e (produces n) (scheme (system "cat a.txt b.txt")))
	END
	flowmake && executes "" && echo A > a.txt && executes "a e" &&
	echo B > b.txt && executes "b e" && echo "echo C" > c.sh &&
	executes c && echo D > d.txt && executes d &&
	dumps d "n = (((\"D\")))"
'

test_expect_success 'so does one named by what the recipe is given' '
	mkdir given && cd given && for f in a b c d e f g; do
		echo 1 > $f.txt
	done &&
	flowfile <<-\END &&
	(use-modules (ice-9 textual-ports))
	(define (text-of file) (call-with-input-file file get-string-all))
	(define files (quote (("c" . "c.txt") ("none" . "none.txt"))))
	(parameter config "g.txt")
	(step each
	  (foreach row (quote (("a.txt" 1) ("b.txt" 2))))
	  (produces n)
	  (scheme (text-of (car row))))
	(step table (produces n) (scheme (text-of (assoc-ref files "c"))))
	(step name (produces n) (scheme "d.txt"))
	(step from (from name (file n)) (produces n) (scheme (text-of file)))
	(let ((file "e.txt"))
	  (step around (produces n) (scheme (text-of file))))
	(step script
	  (foreach file (list "f.txt"))
	  (script "sh" "tr -d \"\\n\" < $FLOWMAKE_TASK"))
	(step other (foreach file (list "f.txt")) (produces n) (scheme 1))
	END
	flowmake && executes "" && echo 2 > a.txt && executes each/0 &&
	echo 2 > b.txt && executes each/1 && echo 2 > c.txt &&
	executes table && echo 2 > d.txt && executes "from name" &&
	echo 2 > e.txt && executes around && echo 2 > f.txt &&
	executes script/0 && echo 2 > g.txt && executes script/0 &&
	dumps from "n = \"2\\n\"" && executes ""
'

test_expect_success 'so do those that a long list names, or a warning says no' '
	mkdir lists && cd lists && mkdir d && for i in $(seq 101); do
		echo $i > d/$i || return 1
	done && flowfile <<-\END &&
	(define files (wildcard "d/*"))
	(define rows (map number->string (iota 5000)))
	(define far (append (map number->string (iota 101)) files))
	(define huge (append files (map number->string (iota 10000))))
	(step first (produces names) (scheme files))
	(step given (from first names) (produces n) (scheme (length names)))
	(step all (produces n) (scheme (length files)))
	(step data (produces n) (scheme (length rows)))
	(step behind (produces n) (scheme (length far)))
	(step declared (inputs files) (foreach n (list 1 2)) (produces r)
	  (scheme (+ n (length files))))
	END
	flowmake > "$said" 2>&1 && test_grep -v warning "$said" && executes "" &&
	echo 2 > d/50 && executes "all declared/0 declared/1 first given" &&
	echo 2 > d/101 && flowmake run given > "$said" 2>&1 &&
	executes "all declared/0 declared/1" &&
	cat >> Flowfile <<-\END &&
	(step fan (foreach n (list 1 2)) (produces r) (scheme (list n files)))
	(step large (produces r) (scheme (length huge)))
	END
	executes "fan/0 fan/1 large" && grep warning "$said" > warnings &&
	lines 1 warnings &&
	test_grep "step .(fan|large).: .* and .d/1. in it is a file; declare" warnings
'

test_expect_success 'also where the first of them are watched already, or made' '
	mkdir prefix && cd prefix && mkdir d && for i in $(seq 1000 1149); do
		echo 1 > d/$i || return 1
	done && flowfile <<-\END &&
	(define files (wildcard "d/*"))
	(define train (list-head files 100))
	(define outs (map (lambda (f) (string-append "o/" (notdir f))) files))
	(define made-first (append outs files))
	(define (sum files)
	  (apply + (map (lambda (f) (call-with-input-file f read)) files)))
	(step both (produces n) (scheme (cons (length train) (sum files))))
	(step inputs (inputs train) (produces n) (scheme (sum files)))
	(step made (outputs outs) (produces n)
	  (scheme (for-each (lambda (f) (call-with-output-file f (const 1))) outs)
	    (length made-first)))
	END
	flowmake && executes "" && echo 5 > d/1120 &&
	executes "both inputs made" && dumps latest/inputs "n = 154"
'

test_expect_success 'so does one named by a value of environment' '
	mkdir environment && cd environment && mkdir lib && echo 1 > c.txt &&
	echo 1 > lib/d.txt && echo 1 > other.txt &&
	flowfile <<-\END &&
	(defaults (environment (ALL "--data=lib/d.txt")))
	(step a (environment (CONFIG "c.txt")) (shell "cat $CONFIG"))
	(step b (shell "cat ${ALL#--data=}"))
	END
	flowmake && executes "" && echo 2 > other.txt && executes "" &&
	echo 2 > c.txt && executes a &&
	echo 2 > lib/d.txt && executes "a b" && executes ""
'

test_expect_success 'so does one named in a module that the recipe mentions' '
	mkdir modules && cd modules && echo a > a.txt && echo b > b.txt &&
	echo c > c.txt && cat > m.scm <<-\END &&
	(define-module (m) #:use-module (flowmake) #:use-module (n)
	  #:export (rows deeper))
	(define (rows) (tsv-rows "a.txt"))
	(define (deeper) (inner))
	END
	cat > n.scm <<-\END &&
	(define-module (n) #:use-module (flowmake) #:export (inner))
	(define names (quote ("b.txt")))
	(define (inner) (map tsv-rows names))
	END
	cat > o.scm <<-\END &&
	(define-module (o) #:use-module (flowmake) #:export (other))
	(define (other) (tsv-rows "c.txt"))
	END
	flowfile <<-\END &&
	(use-modules (m))
	(step rows (produces n) (scheme (rows)))
	(step deeper (produces n) (scheme (deeper)))
	(step other (produces n) (scheme ((@ (o) other))))
	(step plain (produces n) (scheme 1))
	END
	flowmake && executes "" && echo A > a.txt && executes "deeper rows" &&
	dumps rows "n = ((\"A\"))" && echo B > b.txt && executes "deeper rows" &&
	dumps deeper "n = (((\"B\")))" && echo C > c.txt && executes other &&
	executes ""
'

test_expect_success 'a file that is made by a step is no input where it is only named' '
	mkdir named && cd named && flowfile <<-\END &&
	(step a (output o "o.txt") (shell "echo x > #{o} # then total.txt"))
	(step b (from a o) (output t "total.txt") (shell "cat #{o} > #{t}"))
	(step c (output d "d") (shell "mkdir #{d}; echo total.txt > #{d}/x"))
	(step e (produces (n text)) (shell "echo d/x > #{n}"))
	END
	flowmake && executes "" && executes "" && flowmake run &&
	executes "" && executes ""
'

test_expect_success 'one that is made before counts' '
	mkdir before && cd before && echo 1 > in && flowfile <<-\END &&
	(step make (foreach i (list 1 2)) (output o "out/#{i}")
	  (shell "cat in > #{o}"))
	(step tree (output d "tree") (shell "mkdir #{d}; cat in > #{d}/x"))
	(step between (after make tree) (shell "true"))
	(step use (after between) (produces (n text))
	  (shell "cat out/1 tree/x > #{n}"))
	(step file (output f "file") (shell "cat in > #{f}"))
	(step reads (input f "file") (output g "copy") (shell "cp #{f} #{g}"))
	(step last (input g "copy") (produces (n text))
	  (shell "cat file #{g} > #{n}"))
	(step each (foreach i (list 1 2)) (output o "each/#{i}")
	  (shell "cat in > #{o}"))
	(step same (from each i) (produces (n text))
	  (shell "cat each/1 > #{n}"))
	END
	flowmake && executes "" && echo 2 > in &&
	executes "each/0 each/1 file last make/0 make/1 reads same/0 tree use" &&
	dumps use "n = \"2\\n2\"" &&
	executes ""
'

test_expect_success 'a file that comes or goes counts' '
	mkdir comes && cd comes && flowfile <<-\END &&
	(step a (produces (n text))
	  (shell "if test -e local.conf; then cat local.conf; fi > #{n}"))
	END
	flowmake && executes "" && echo x > local.conf && executes a &&
	dumps a "n = \"x\"" && rm local.conf && executes "" &&
	dumps a "n = \"\""
'

test_expect_success 'a file that a recipe only writes does not count' '
	mkdir written && cd written && flowfile <<-\END &&
	(step append (shell "echo hi >> log.txt"))
	(step time (shell "date +%N > when.txt; date +%N 2>errors.txt >&2"))
	(step quoted (shell "date +%N >| \"a name\""))
	(step inner (exec "sh" "-c" "date +%N >inner.txt"))
	(step scripted (script "sh" "date +%N > ./scripted.txt"))
	(step scheme (scheme (system "date +%N >> scheme.txt")))
	END
	flowmake 2> errors && test_grep -v warning errors && executes "" &&
	for f in *.txt "a name"; do echo more >> "$f"; done && executes "" &&
	lines 2 log.txt
'

test_expect_success 'it does where the recipe also reads it, or seems to' '
	mkdir read && cd read && flowfile <<-\END &&
	(step both (shell "echo x >> both.txt; cat both.txt"))
	(step tag (shell "echo \"<file>tag.txt</file>\" | cat"))
	(step arrow (shell "echo \"a -> arrow.txt\" | cat"))
	(step test (shell "test z \\> test.txt"))
	(step tee (shell "date +%N | tee tee.txt"))
	END
	echo 1 > tag.txt && echo 1 > arrow.txt && echo 1 > test.txt &&
	flowmake && executes "both tee" && echo 2 > tag.txt &&
	echo 2 > arrow.txt && echo 2 > test.txt &&
	executes "arrow both tag tee test" &&
	test_grep "tee: input .tee.txt. changed while the task ran; its results will not be used again; what the recipe writes should be an output" "$said"
'

test_expect_success 'words count of which parts are in quotes, or are holes' '
	mkdir -p joined/tools joined/data joined/own && cd joined &&
	echo "cat \$1" > tools/t.sh && echo 1 > data/a.txt && echo 1 > own/x.json &&
	echo 1 > "data/b c.txt" && echo 1 > plain-e && flowfile <<-\END &&
	(define dir "tools")
	(define e "a")
	(define b "b c")
	(define own "own")
	(define last "e")
	(step tool (produces (n text)) (shell "sh #{dir}/t.sh own/x.json > #{n}"))
	(step hole (produces (n text))
	  (shell "for i in 1; do cat data/#{e}.txt; done > #{n}"))
	(step late (foreach x (list "a")) (produces (n text))
	  (shell "cat data/#{x}.txt; : > #{n}"))
	(step spaces (produces (n text)) (shell "cat data/#{b}.txt > #{n}"))
	(step option (produces (n text))
	  (shell "echo --conf=#{own}/x.json > #{n}"))
	(step end (produces (n text)) (shell "cat plain-#{last} > #{n}"))
	(step quotes (produces (n text))
	  (shell "cat \"data\"/a.txt; cat #{own}/\"x\".json > #{n}"))
	(step bare (produces (n text))
	  (shell-program "sh" "-c") (shell "cat \"data\"/a\".txt\" > #{n}"))
	(step written (produces (n text))
	  (shell "echo 1 > #{own}/written; cat #{own}/?.json > #{n}"))
	END
	flowmake && executes "" && echo ": ; cat \$1" > tools/t.sh && executes tool &&
	echo 2 > data/a.txt && executes "bare hole late/0 quotes" &&
	echo 2 > own/x.json && executes "option quotes tool" &&
	echo 2 > "data/b c.txt" && executes spaces &&
	echo 2 > plain-e && executes end && executes ""
'

test_expect_success 'a word counts by what it named when its task ran' '
	mkdir later && cd later && flowfile <<-\END &&
	(step early (produces (n text))
	  (shell "ls made.txt side.txt > #{n} 2> /dev/null || :"))
	(step make (after early) (output m "made.txt") (shell "echo 1 > #{m}"))
	(step side (after make) (shell "echo 1 > side\"\".txt"))
	(step late (after side) (produces (n text))
	  (shell "cat made.txt side.txt > #{n}"))
	(step apart (after late) (input m "made.txt") (produces (n text))
	  (shell "cat #{m} side.txt > #{n}"))
	END
	flowmake &&
	executes "early" && executes "" && echo 2 > made.txt && echo 2 > side.txt &&
	executes "apart early late make" && executes ""
'

test_expect_success 'the name of the step counts where a recipe asks for it' '
	mkdir step && cd step && flowfile <<-\END &&
	(step a (produces (n text)) (shell "echo $FLOWMAKE_STEP > #{n}"))
	(step b (produces (n text)) (shell "echo b > #{n}"))
	(step c (produces n) (scheme (getenv "FLOWMAKE_STEP")))
	(step d (produces (n text))
	  (shell "grep -o \"step[^,]*\" \"$FLOWMAKE_TASK\" > #{n}"))
	END
	flowmake && for s in a b c d; do edit "(step $s" "(step x$s"; done &&
	executes "xa xc xd" && dumps xc "n = \"xc\""
'

test_expect_success 'the position counts where a recipe asks for it' '
	mkdir position && cd position && sed "s/^	//" <<\EOF > Flowfile &&
	(define list-of (quote ("p" "q")))
	(step a (foreach x list-of) (produces (n text))
	  (shell "echo $FLOWMAKE_SPLIT > #{n}"))
	(step b (foreach x list-of) (produces n)
	  (scheme (cons x (getenv "FLOWMAKE_SPLIT"))))
	(step c (foreach x list-of) (produces (n json))
	  (script "python3" #<<END
	import json, os
	task = json.load(open(os.environ["FLOWMAKE_TASK"]))
	words = "a b".split()
	with open(task["produces"]["n"], "w") as f:
	    json.dump([task["foreach"], words], f)
	END
	))
	(step d (foreach x list-of) (produces (n json))
	  (script "python3" #<<END
	import json, os
	task = json.load(open(os.environ["FLOWMAKE_TASK"]))
	with open(task["produces"]["n"], "w") as f:
	    json.dump([task["foreach"], task["split"]], f)
	END
	))
EOF
	flowmake && edit "\"p\" \"q\"" "\"q\" \"p\"" &&
	executes "a/0 a/1 b/0 b/1 d/0 d/1" && executes ""
'

test_done
