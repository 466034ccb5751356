# Implicit rules: pattern.
. "${0%/*}/lib"

q="'"

test_expect_success 'a rule makes the file that another step reads' '
	flowfile <<-"END" &&
	(step up (pattern s) (input i "%.txt") (output o "%.up")
	  (shell "tr a-z A-Z < #{i} > #{o}"))
	(step read (input u "one.up") (shell "cat #{u}"))
	END
	echo one > one.txt && echo two > two.txt &&
	run_says read "ONE
" &&
	test ! -e two.up
'

test_expect_success 'the stem is a name in the rule, and the split of its task' '
	flowfile <<-"END" &&
	(step stem (pattern s) (input i "%.txt") (output o "stem/%")
	  (shell "echo stem=#{s} > #{o}"))
	END
	flowmake run stem/one --run-id-file=id &&
	echo stem=one > expected &&
	test_cmp expected stem/one &&
	flowmake show $(cat id)/stem/one
'

test_expect_success 'a target of its shape is made on demand' '
	rm -f two.up &&
	flowfile <<-"END" &&
	(step up (pattern s) (input i "%.txt") (output o "%.up")
	  (shell "tr a-z A-Z < #{i} > #{o}"))
	END
	flowmake run two.up &&
	echo TWO > expected &&
	test_cmp expected two.up
'

test_expect_success 'a run of everything makes no file of a pattern' '
	rm -f *.up &&
	flowfile <<-"END" &&
	(step up (pattern s) (input i "%.txt") (output o "%.up")
	  (shell "tr a-z A-Z < #{i} > #{o}"))
	(step other (shell "true"))
	END
	runs_tasks "1 task" &&
	test ! -e one.up && test ! -e two.up
'

test_expect_success 'a stem may hold a slash and is not empty' '
	flowfile <<-"END" &&
	(step c (pattern s) (input i "src/%") (output o "out/%")
	  (shell "cp #{i} #{o}"))
	END
	mkdir -p src/a/b && echo deep > src/a/b/c &&
	flowmake run out/a/b/c &&
	test_cmp src/a/b/c out/a/b/c &&
	test_must_fail flowmake run out/
'

test_expect_success 'rules chain' '
	flowfile <<-"END" &&
	(step ab (pattern s) (input i "%.a") (output o "%.b")
	  (shell "sed s/$/b/ #{i} > #{o}"))
	(step bc (pattern s) (input i "%.b") (output o "%.c")
	  (shell "sed s/$/c/ #{i} > #{o}"))
	(step cd (pattern s) (input i "%.c") (output o "%.d")
	  (shell "sed s/$/d/ #{i} > #{o}"))
	END
	echo x > chain.a &&
	flowmake run chain.d &&
	echo xbcd > expected &&
	test_cmp expected chain.d
'

test_expect_success 'one rule is never used twice in a chain' '
	flowfile <<-"END" &&
	(step gz (pattern s) (input i "%") (output o "%.gz")
	  (shell "gzip -nc #{i} > #{o}"))
	END
	echo x > once &&
	flowmake run once.gz &&
	test_must_fail flowmake run once.gz.gz.gz 2> errors &&
	test_grep "once.gz.gz.gz" errors
'

test_expect_success 'the rule whose inputs can be had is taken' '
	flowfile <<-"END" &&
	(step fromx (pattern s) (input i "%.x") (output o "%.out")
	  (shell "echo x > #{o}"))
	(step fromy (pattern s) (input i "%.y") (output o "%.out")
	  (shell "echo y > #{o}"))
	END
	touch had.y both.x both.y &&
	flowmake run had.out both.out &&
	echo y > expected && test_cmp expected had.out &&
	echo x > expected && test_cmp expected both.out
'

test_expect_success 'among several the shortest stem wins' '
	flowfile <<-"END" &&
	(step general (pattern s) (input i "in/%") (output o "sh/%")
	  (shell "echo general > #{o}"))
	(step special (pattern s) (input i "in/lib/%") (output o "sh/lib/%")
	  (shell "echo special > #{o}"))
	END
	mkdir -p in/lib && touch in/lib/f in/g &&
	flowmake run sh/lib/f sh/g &&
	echo special > expected && test_cmp expected sh/lib/f &&
	echo general > expected && test_cmp expected sh/g
'

test_expect_success 'a step that makes the file itself is preferred' '
	flowfile <<-"END" &&
	(step any (pattern s) (input i "%.txt") (output o "%.own")
	  (shell "echo pattern > #{o}"))
	(step this (output o "one.own") (shell "echo step > #{o}"))
	(step read (input i "one.own") (shell "cat #{i}"))
	END
	run_says read "step
"
'

test_expect_success 'a rule may have several outputs and inputs without a stem' '
	flowfile <<-"END" &&
	(step pair (pattern s) (inputs "%.txt" "common") (outputs "%.h" "%.c")
	  (shell "cat #{inputs} | tee #{outputs}"))
	(step read (inputs "one.h" "one.c") (shell "cat #{inputs}"))
	END
	echo common > common &&
	run_says read "one
common
one
common
"
'

test_expect_success 'a step reads many files of one rule in a fan-out' '
	flowfile <<-"END" &&
	(step up (pattern s) (input i "%.txt") (output o "%.up")
	  (shell "tr a-z A-Z < #{i} > #{o}"))
	(step each (foreach f (patsubst "%.txt" "%.up" (wildcard "*.txt")))
	  (input u f) (produces (t text)) (shell "cp #{u} #{t}"))
	(step all (join each t) (shell "echo #{t}"))
	END
	run_says all "ONE TWO
"
'

test_expect_success 'a rule may read values from outside fan-outs' '
	flowfile <<-"END" &&
	(step v (produces n) (scheme "value"))
	(step up (pattern s) (from v n) (input i "%.txt") (output o "%.val")
	  (shell "echo #{n} > #{o}"))
	END
	flowmake run one.val &&
	echo value > expected &&
	test_cmp expected one.val
'

test_expect_success 'a rule may not read from inside a fan-out' '
	flowfile <<-"END" &&
	(step v (foreach x (iota 3)) (produces n) (scheme x))
	(step up (pattern s)
	  (from v n)
	  (output o "%.val")
	  (shell "echo #{n} > #{o}"))
	END
	refused "Flowfile:3:9: step ${q}up${q}: a pattern rule may read only outside fan-outs, and ${q}v${q} is inside that of ${q}v${q}"
'

for clause in "(foreach x (list 1))" "(join a n)" "(produces n)" "(catch e)"
do
	name=${clause#(}
	name=${name%% *}
	test_expect_success "a rule with $name is refused" '
		flowfile <<-END &&
		(step a (foreach x (list 1)) (produces n) (scheme 1))
		(step up (pattern s)
		  $clause
		  (output o "%.val")
		  (shell "touch #{o}"))
		END
		refused "Flowfile:3:3: step ${q}up${q}: a step with a pattern cannot have $name"
	'
done

test_expect_success 'the stem may be written by its name, too' '
	flowfile <<-"END" &&
	(step up (pattern s) (input i "#{s}.txt") (output o "#{s}.named")
	  (shell "cp #{i} #{o}"))
	END
	flowmake run one.named &&
	test_cmp one.txt one.named
'

test_expect_success 'a rule of an output without % is refused' '
	flowfile <<-"END" &&
	(step up (pattern s)
	  (output o "fixed")
	  (shell "touch #{o}"))
	END
	refused "Flowfile:2:13: step ${q}up${q}: an output of a pattern rule must be a string with % or the stem in it"
'

test_expect_success 'each % that is written is the stem, by its name too' '
	flowfile <<-"END" &&
	(step up (pattern s) (input i "./%.txt") (output o "#{s}/%/#{s}-%.many")
	  (shell "cp #{i} #{o}"))
	END
	flowmake run one/one/one-one.many &&
	test_cmp one.txt one/one/one-one.many &&
	refused "flowmake: target ${q}one/one/two-one.many${q}: no step is called so, and none makes such a file" one/one/two-one.many
'

test_expect_success 'a % in the stem or in another value is no stem' '
	flowfile <<-"END" &&
	(step a (pattern s) (output o "#{s}.a") (shell "echo #{s} > #{o}"))
	(step b (pattern s) (input i (string-append s ".a")) (output o "%.b")
	  (shell "cp #{i} #{o}"))
	END
	flowmake run "x%y.b" &&
	echo "x%y" > expected &&
	test_cmp expected "x%y.b"
'

test_expect_success 'a % in what another step gave is no stem' '
	echo right > "50%.txt" && echo wrong > 50x.txt && echo built > dir-x.txt &&
	flowfile <<-"END" &&
	(step cfg (produces name dir) (scheme (values "50%.txt" "dir")))
	(step a (pattern s) (from cfg name) (input i name) (output o "%.name")
	  (shell "cp #{i} #{o}"))
	(step b (pattern s) (from cfg name) (input i "#{name}") (output o "%.hole")
	  (shell "cp #{i} #{o}"))
	(step c (pattern s) (from cfg dir) (output o "%.join")
	  (input i (string-append dir "-%.txt")) (shell "cp #{i} #{o}"))
	END
	flowmake run x.name x.hole x.join && echo right > expected &&
	test_cmp expected x.name && test_cmp expected x.hole &&
	test_cmp dir-x.txt x.join
'

test_expect_success 'a rule may compute names from what is the same for all its tasks' '
	flowfile <<-"END" &&
	(parameter build "out")
	(step up (pattern s) (input i "%.txt") (output o "#{build}/%.up")
	  (output p (string-append build "/%.log"))
	  (shell "tr a-z A-Z < #{i} | tee #{p} > #{o}"))
	END
	flowmake run out/one.up && echo ONE > expected &&
	test_cmp expected out/one.up &&
	flowmake run build=elsewhere elsewhere/one.log &&
	test_cmp expected elsewhere/one.up
'

test_expect_success 'a rule of which an input is missing is named' '
	flowfile <<-"END" &&
	(step c (pattern s) (input i "%.c") (output o "%.o") (shell "cp #{i} #{o}"))
	END
	refused "flowmake: target ${q}none.o${q}: no step is called so, and none makes such a file; step ${q}c${q} would make it from ${q}none.c${q}" none.o &&
	echo "(step d (inputs \"none.o\") (shell \"true\"))" >> Flowfile &&
	refused "Flowfile:2:17: step ${q}d${q}: the input ${q}none.o${q} is not there and no step makes it; step ${q}c${q} would make it from ${q}none.c${q}"
'

test_expect_success 'a rule is no target by its name' '
	refused "flowmake: target ${q}c${q}: this step makes files by a pattern; name one of them" c
'

test_expect_success 'a rule that makes no file is refused' '
	flowfile <<-"END" &&
	(step c (pattern s) (input i "%.c") (shell "cp #{i} o"))
	END
	refused "Flowfile:1:1: step ${q}c${q}: a pattern rule needs an output"
'

test_expect_success 'a file has one name, wherever it is mentioned' '
	flowfile <<-"END" &&
	(step a (foreach i (list 1)) (output o ".//x/../-a#{i}") (output p (list "-b" "./c"))
	  (shell "printf \"%s\\n\" #{o} #{(string-append o)} #{(car p)} #{(cadr p)}"
	         "touch #{outputs}"))
	END
	run_says a/0 "./-a1
./-a1
./-b
c
"
'

test_expect_success 'the graph shows who reads what a rule makes' '
	flowfile <<-"END" &&
	(step any (pattern s) (input i "raw/%") (output o "%.gz") (shell "true"))
	(step gz (pattern s) (input i "raw/%") (output o "p/%.gz") (shell "true"))
	(step use (input q "./p/x.gz") (input r "raw/y") (shell "cat #{q}"))
	END
	flowmake graph > graph &&
	printf "%s\n" "any (a pattern)" "gz (a pattern)" use \
		"  reads gz: p/x.gz" > expected &&
	test_cmp expected graph
'

test_done
