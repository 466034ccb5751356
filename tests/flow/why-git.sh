# flowmake why, where git knows who changed what.
. "${0%/*}/lib"
. "${0%/*}/lib-why"

command -v git > /dev/null || test_skip_all 'git is not installed'
git config --global user.email ada@example.org
git config --global user.name Ada
git config --global init.defaultBranch main

# commit MESSAGE: everything that is here.
commit() {
	git add -A && git commit -q -m "$1"
}

mkdir lib && cat > lib/words.scm <<'END'
(define-module (lib words) #:export (g))
(define (g x) x)
END
flowfile <<'END'
(add-to-load-path ".")
(use-modules (lib words))
(define (f x) (+ (g x) 1))
(define rate 1)
(step copy (input i "data.txt") (output o "made.txt") (shell "cat #{i} > #{o}"))
(step value (produces r) (scheme (* rate (f 1))))
(step user (input i "made.txt") (output o "made.2") (shell "cat #{i} > #{o}"))
END
echo 1 > data.txt && echo 'made.*' > .gitignore && echo out >> .gitignore
git init -q . && commit first

test_expect_success 'the commit that changed an input is named' '
	flowmake run > /dev/null &&
	echo 2 >> data.txt && commit "More data" &&
	echo x > other && commit "Not about it" &&
	flowmake resume > /dev/null &&
	why copy "    changed by commit $(git rev-parse --short=12 HEAD^) of [-0-9]{10} by Ada: More data" &&
	lines 3 out && cd .. && rm -rf included
'

test_expect_success 'what was made has a maker, and no commit' '
	why user "    made by 2/copy; see flowmake why 2/copy" &&
	lines 3 out
'

test_expect_success 'of code there are commits, and a way to see them' '
	sed -i "s/(+ (g x) 1)/(+ (g x) 2)/" Flowfile && commit "Two more" &&
	flowmake resume > /dev/null &&
	why value "  definition f changed: .define .f x. .\+ .g x. 1.. -> .*" \
		"    Flowfile changed by commit [0-9a-f]{12} of .* by Ada: Two more" &&
	flowmake diff 2 3 > out &&
	test_grep "^\+.define .f x. .\+ .g x. 2" out
'

test_expect_success 'also of an included file that has a procedure' '
	mkdir included && cd included && git init -q && flowfile <<-\END &&
	(load "more.scm")
	(step a (produces n) (scheme (f 1)))
	END
	echo "(define (f x) x)" > more.scm && commit "One" && flowmake > /dev/null &&
	echo "(define (f x) (+ x 1))" > more.scm && commit "Two" &&
	echo ";" >> Flowfile && commit "Three" && flowmake > /dev/null &&
	why a "  definition f changed: .define .f x. x. -> .*" \
		"    more.scm changed by commit [0-9a-f]{12} of .* by Ada: Two" &&
	lines 3 out
'

test_expect_success 'and of what the expressions of a step mention' '
	mkdir ../mentioned && cd ../mentioned && git init -q && mkdir lib &&
	echo "(define-module (lib m) #:export (f))
(define (f x) x)" > lib/m.scm && flowfile <<-\END &&
	(use-modules (lib m))
	(define (g x) (f x))
	(step a (produces n) (shell "echo #{(g 1)} > #{n}"))
	END
	commit "One" && flowmake > /dev/null &&
	sed -i "s/x) x/x) (+ x 1)/" lib/m.scm && commit "Two" &&
	sed -i "s/(f x))/(f (+ 1 x)))/" Flowfile && commit "Three" &&
	flowmake > /dev/null &&
	why a "  definition g, which the step mentions, changed: .*" \
		"    Flowfile changed by commit [0-9a-f]{12} of .* by Ada: Three" \
		"  module lib/m.scm, which the step mentions, changed" \
		"    changed by commit [0-9a-f]{12} of .* by Ada: Two"
'

test_expect_success 'who commits what ran already changed nothing' '
	mkdir ../after && cd ../after && git init -q && echo 1 > in && flowfile <<-\END &&
	(step s (input i "in") (output o "out") (shell "cat #{i} > #{o}"))
	END
	printf "%s\n" .flowmake out > .gitignore && commit "One" && flowmake &&
	echo 2 > in && flowmake && commit "Two, which ran" && echo 3 > in && flowmake &&
	why s "    changed since, not committed|    changed, not committed" &&
	test_grep -v "changed by" out &&
	commit "Three, which ran" && echo 4 > in && commit "Four" && flowmake &&
	why s "    changed by commit [0-9a-f]{12} of .* by Ada: Four" && lines 3 out
'

test_expect_success 'a commit that is undone is named, too' '
	mkdir ../undone && cd ../undone && git init -q && echo 1 > in && flowfile <<-\END &&
	(step s (input i "in") (output o "out") (shell "cat #{i} > #{o}"))
	END
	printf "%s\n" .flowmake out > .gitignore && commit "One" &&
	echo 2 > in && commit "Two" && echo > more && commit "Not about it" &&
	echo 3 > in && commit "Three" && flowmake && git checkout -q HEAD~2 && flowmake &&
	why s "    is without commit $(git rev-parse --short=12 main) of [-0-9]{10} by Ada: Three" &&
	lines 3 out && git checkout -q -b side HEAD~1 && flowmake &&
	why s "    is without commit [0-9a-f]{12} of .* by Ada: Two" && lines 3 out &&
	git checkout -q main && flowmake > /dev/null &&
	git checkout -q side && echo 4 > in && commit "Four" && flowmake &&
	why s "    changed by commit [0-9a-f]{12} of .* by Ada: Four" && lines 3 out
'

test_expect_success 'what is not committed is said' '
	sed -i "s/(g x) x/(g x) (* 2 x)/" lib/words.scm && echo 3 >> data.txt &&
	sed -i "s/rate 1/rate 2/" Flowfile && commit "Rate" &&
	echo ";" >> Flowfile && echo 4 >> data.txt &&
	flowmake resume > /dev/null &&
	why value "  module lib/words.scm changed" \
		"    - .define .g x. x." "    \+ .define .g x. .. 2 x.." \
		"    changed by commit [0-9a-f]{12} of .* by Ada: Rate" \
		"    see flowmake diff 3 4 lib/words.scm" \
		"  definition rate changed: 1 -> 2" \
		"    Flowfile changed since, not committed" &&
	why copy "    changed since, not committed" &&
	echo 5 >> data.txt && flowmake resume > /dev/null &&
	why copy "    changed, not committed"
'

test_expect_success 'a Flowfile that is as in the run before did not change' '
	mkdir ../given && cd ../given && git init -q && flowfile <<-\END &&
	(parameter p 1)
	(step a (produces n) (shell "echo #{p} > #{n}"))
	END
	commit "First" && echo ";" >> Flowfile && flowmake && flowmake p=2 &&
	why a "  parameter p, which the step mentions, changed: 1 -> 2" && test_grep -v Flowfile out &&
	commit "Second" && flowmake p=3 && why a "  parameter p, which the step mentions, changed: 2 -> 3" &&
	test_grep -v Flowfile out
'

test_expect_success 'what git does not track is said' '
	sed -i "s/data.txt/data.2/" Flowfile && cp data.txt data.2 && commit two &&
	git rm -q --cached data.2 && git commit -q -m "Not tracked" &&
	flowmake resume > /dev/null && echo 6 >> data.2 &&
	flowmake resume > /dev/null &&
	why copy "    not tracked by git"
'

test_expect_success 'of many commits the last are named' '
	git checkout -q . && git add data.2 && commit "Number 0" &&
	for i in 1 2 3 4 5; do
		echo $i >> data.2 && commit "Number $i" || return 1
	done &&
	flowmake resume > /dev/null &&
	why copy "    changed by commit .*: Number 5" \
		"    changed by commit .*: Number 3" "    and by 2 before"
'

test_expect_success 'a merge is not what changed a file' '
	git checkout -q -b side && echo side >> data.2 && commit "On the side" &&
	git checkout -q main && echo main > unrelated && commit "On main" &&
	git merge -q --no-edit side &&
	flowmake resume > /dev/null &&
	why copy "    changed by commit .*: On the side" && lines 3 out
'

test_expect_success 'of a directory the files that differ are named' '
	mkdir ../tree && cd ../tree && mkdir -p d/e && echo 1 > d/e/y &&
	echo 1 > d/x && echo 1 > d/w && echo 1.0 > VERSION && flowfile <<-\END &&
	(define (version) (command-output "cat" "VERSION"))
	(step a (input d "d") (environment (V (version)))
	  (produces n) (shell "echo $V #{d} > #{n}"))
	END
	git init -q . && commit first && flowmake run > /dev/null &&
	echo 2 > d/e/y && commit "New y" && echo 1.1 > VERSION &&
	commit "New version" && rm d/x && echo 2 > d/w && echo 1 > d/z &&
	flowmake resume > /dev/null &&
	why a "    d/e/y was [0-9a-f]{8}, is [0-9a-f]{8}" \
		"    d/e/y changed by commit [0-9a-f]{12} of .* by Ada: New y" \
		"    d/w changed, not committed" \
		"    d/x is gone: [0-9a-f]{8}" "    d/z is new: [0-9a-f]{8}" &&
	test_grep -v "  changed by commit" out
'

test_expect_success 'and the files that what was computed may come from' '
	cd ../tree &&
	why a "  environment changed: V=1.0 -> V=1.1" \
		"    it may come from VERSION: changed by commit .* by Ada: New version" &&
	lines 10 out
'

test_expect_success 'so they are without git' '
	cd ../tree && rm -rf .git && flowmake run > /dev/null &&
	echo 3 > d/e/y && rm d/z && echo 1.2 > VERSION &&
	flowmake resume > /dev/null &&
	why a "    d/e/y was [0-9a-f]{8}, is [0-9a-f]{8}" \
		"    d/z is gone: [0-9a-f]{8}" \
		"    it may come from VERSION: changed" && lines 6 out
'

test_expect_success 'and in one that is no code, or that a task makes' '
	mkdir ../data && cd ../data && mkdir -p raw/deep && echo 1 > raw/deep/1 &&
	echo raw > .gitignore && flowfile <<-\END &&
	(step make (input d "raw") (output o "made") (shell "cp -R #{d} #{o}"))
	(step use (input d "made") (produces n) (shell "ls #{d} > #{n}"))
	END
	git init -q . && commit first && flowmake run > /dev/null &&
	echo 2 > raw/deep/1 && ln -s deep raw/link && flowmake resume > /dev/null &&
	why make "    raw/deep/1 was [0-9a-f]{8}, is [0-9a-f]{8}" \
		"    raw/link is new: [0-9a-f]{8}" && lines 4 out &&
	why use "    made by 2/make; see flowmake why 2/make" \
		"    made/deep/1 was [0-9a-f]{8}, is [0-9a-f]{8}" &&
	mkdir raw/empty && flowmake resume > /dev/null &&
	why make "    only empty directories in it" && flowmake gc --keep=1 > out &&
	echo 3 > raw/3 && flowmake resume > /dev/null &&
	why make "    raw/3 is new: [0-9a-f]{8}"
'

test_expect_success 'of one that is too large the code is compared' '
	mkdir ../large && cd ../large && mkdir d && (cd d && seq 1001 | xargs touch) &&
	echo "(step a (input d \"d\") (produces n) (shell \"ls #{d} > #{n}\"))" \
		> Flowfile && git init -q . && commit first &&
	flowmake run > /dev/null && echo 1 > d/17 && rm d/18 &&
	flowmake resume > /dev/null &&
	why a "    d/17 changed, not committed" "    d/18 is gone" && lines 4 out
'

test_expect_success 'without the history there is an answer' '
	echo more >> data.2 && commit "More" &&
	flowmake resume > /dev/null &&
	mv .git ../not-here && why copy "  input data.2 changed: .*" && lines 2 out &&
	flowmake run > /dev/null && echo 7 >> data.2 &&
	flowmake resume > /dev/null && why copy "  input data.2 changed: .*" &&
	lines 2 out
'

test_done
