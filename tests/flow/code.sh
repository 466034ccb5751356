# The code of a run: what is recorded of it, and the commands that show it.
. "${0%/*}/lib"
. "${0%/*}/lib-process"

command -v git > git-program || test_skip_all 'git is not installed'
git config --global user.email ada@example.org
git config --global user.name Ada
git config --global init.defaultBranch main

# project DIR: a new project, the current directory of what follows.
project() {
	mkdir -p "$1" && cd "$1" && flowfile <<-'END'
	(step hello (exec "true"))
	END
}

# committed: everything that is here.
committed() {
	git init -q . && git add -A && git commit -q -m first
}

# run: and keep what it says.
run() {
	flowmake run > said 2>&1 || { cat said; return 1; }
}

# same RUN [FILE...]: its code is what is here, but for FILEs.
same() {
	local run=$1 file
	shift
	rm -rf "$test_base/out" "$test_base/want"
	flowmake checkout "$run" "$test_base/out" > /dev/null &&
	mkdir "$test_base/want" && cp -a . "$test_base/want" || return 1
	for file in .git .flowmake said shown "$@"; do
		rm -rf "${test_base:?}/want/$file" "${test_base:?}/out/$file"
	done
	diff -r --no-dereference "$test_base/want" "$test_base/out" &&
	(cd "$test_base/want" && modes) > "$test_base/modes" &&
	(cd "$test_base/out" && modes) | diff -u "$test_base/modes" -
}

# modes: what git knows of them.
modes() {
	find . -type f -perm -u+x -printf 'executable %p\n' | sort
	find . -type l -printf 'link %p %l\n' | sort
}

# state DIR: all that can be seen of its files but when they were read.
state() {
	find "$1" -printf '%p %y %m %s %i %T@ %C@\n' | sort
	find "$1" -type f -print0 | sort -z | xargs -0 cksum
}

# ---- what is recorded ----

test_expect_success 'a run records the commit, the branch, and what differs' '
	project recorded && echo 1 > kept && echo 2 > edited && echo 3 > gone &&
	committed && git checkout -q -b topic/ada &&
	echo more >> edited && rm gone && echo 4 > "new file" &&
	echo 5 > staged && git add staged && run &&
	flowmake show > shown && sed -n "/^  code /,/^\$/p" shown > actual &&
	cat > expected <<-END &&
	  code       commit $(git rev-parse HEAD | cut -c 1-12) on branch topic/ada, 5 files not as committed
	             M edited
	             D gone
	             ? new file
	             ? said
	             A staged

	END
	test_cmp expected actual &&
	flowmake show --json > json && $PYTHON -c "
import json
code = json.load(open(\"json\"))[\"code\"]
assert code[\"commit\"] == \"$(git rev-parse HEAD)\", code
assert code[\"branch\"] == \"topic/ada\", code
assert code[\"changed_count\"] == 5 and len(code[\"changed\"]) == 5, code
assert code[\"changed\"][0] == {\"state\": \"M\", \"path\": \"edited\"}, code
assert code[\"left_out\"] == [] and code[\"failure\"] is None, code
	"
'

test_expect_success 'checkout writes exactly what ran, changes included' '
	project exactly && mkdir -p a/b && echo 1 > a/b/c && echo 2 > edited &&
	printf "\0\377" > binary && committed && echo more >> edited &&
	ln -s a/b link && ln -s nowhere dangling &&
	write_script program < /dev/null && : > empty &&
	cp edited "$(printf "odd\n name\377 \"q\" -")" && mkdir deep &&
	echo 5 > deep/-dash && run && same 1 &&
	echo later >> edited && rm program && run && same 2 &&
	flowmake checkout 1 first && ! cmp first/edited edited &&
	test -x first/program
'

test_expect_success 'what git ignores and what tasks make stay out' '
	project ignored && flowfile <<-END &&
	(step make (output o "out.txt") (shell "echo made > #{o}"))
	(step dir (output d "made") (shell "mkdir #{d}; echo 1 > #{d}/x"))
	(step stray (after make dir) (shell "echo 1 > stray"))
	END
	mkdir secrets sub && echo key > secrets/key && echo key > sub/.env &&
	printf "secrets/\n.env\n" > .gitignore && committed &&
	echo key > excluded && echo /excluded >> .git/info/exclude &&
	echo 1 > sub/code &&
	run && flowmake checkout 1 out1 && rm -rf out1/said &&
	(cd out1 && find . -type f | sort) > actual &&
	printf "./%s\n" .gitignore Flowfile sub/code > expected &&
	test_cmp expected actual && rm -rf out1 &&
	run && flowmake checkout 2 out2 && ls out2 > actual &&
	test_grep -v "out.txt|made|key|excluded" actual &&
	echo sub/code >> .gitignore && rm -rf out2 && run &&
	flowmake checkout 3 out3 && test ! -e out3/sub
'

test_expect_success 'what flowmake itself read counts although it is ignored' '
	project loaded && mkdir -p lib/sub && flowfile <<-END &&
	(use-modules (lib sub m))
	(include "more.scm")
	(step hello (shell "echo #{greeting} #{name}"))
	END
	printf "(define-module (lib sub m) #:export (name))\n(define name 1)\n" \
		> lib/sub/m.scm &&
	echo "(define greeting \"hello\")" > more.scm && echo 1 > lib/other &&
	printf "Flowfile\n/lib\n*.scm\n" > .gitignore && committed &&
	run && same 1 lib/other && test -f "$test_base/out/lib/sub/m.scm" &&
	sed -i s/hello/bye/ more.scm && run && same 2 lib/other &&
	flowmake diff 1 2 > shown && test_grep "greeting .bye" shown &&
	rm shown && sed -i "s/name 1/name 2/" lib/sub/m.scm &&
	flowmake resume > said 2>&1 && same 3 lib/other &&
	test_grep -v "note:" said
'

test_expect_success 'what it read outside the project, or behind a symlink, is named' '
	project outside && cd .. && mkdir -p project2 real &&
	cd project2 && ln -s ../real lib &&
	printf "(define-module (lib m) #:export (a))\n(define a 1)\n" > lib/m.scm &&
	echo "(use-modules (lib m))" > ../outside/Flowfile &&
	echo "(step a (shell \"echo #{a}\"))" >> ../outside/Flowfile &&
	flowmake run -f ../outside/Flowfile 2> said &&
	test_grep "note: not all code was recorded" said &&
	flowmake show > shown && test_grep "../outside/Flowfile: outside the project" shown &&
	test_grep "lib/m.scm: behind a symlink" shown &&
	same 1
'

test_expect_success 'a tracked file counts although it is ignored' '
	project tracked && mkdir build && echo 1 > build/kept &&
	echo 2 > build/not && echo build/ > .gitignore && git init -q . &&
	git add . && git add -f build/kept && git commit -q -m 1 && run &&
	same 1 build/not && flowmake checkout 1 out && test -f out/build/kept
'

test_expect_success 'one that a task makes is no code, and did not change' '
	project made && flowfile <<-END &&
	(step make (output o "out.txt") (shell "echo made > #{o}; read -r line < fifo"))
	END
	echo before > out.txt && mkfifo fifo && committed && exec 7<> fifo &&
	begin flowmake run &&
	recorded() { flowmake show --json | grep "\"tree\": \"[0-9a-f]*\""; } &&
	test_wait recorded && flowmake show > "$test_base/shown" &&
	test_grep -v "out.txt" "$test_base/shown" && echo >&7 &&
	ended 0 $begun && flowmake checkout 1 out && test ! -e out/out.txt
'

test_expect_success 'nothing of git is written, and nothing of it runs' '
	project readonly && echo 1 > a && echo 2 > crlf && committed &&
	write_script .git/hooks/evil <<-END &&
	touch "$PWD/evil"
	END
	for hook in post-index-change reference-transaction post-checkout \
		fsmonitor-watchman; do
		cp .git/hooks/evil .git/hooks/$hook || return 1
	done &&
	git config core.fsmonitor .git/hooks/evil &&
	git config filter.evil.clean .git/hooks/evil &&
	git config filter.evil.smudge .git/hooks/evil &&
	git config filter.evil.process .git/hooks/evil &&
	git config diff.external "$PWD/.git/hooks/evil" &&
	echo "* filter=evil" > .gitattributes && rm -f evil &&
	echo more >> a && echo 3 > new && state .git > before && run &&
	flowmake show > shown && flowmake checkout 1 out && echo 4 > new && run &&
	flowmake diff 1 2 > differs && test_grep "^\+4" differs &&
	state .git > after &&
	test_cmp before after && test ! -e evil
'

test_expect_success 'the bytes are what tasks see, whatever git makes of them' '
	project filtered && git init -q . && git config core.autocrlf true &&
	printf "a\r\nb\r\n" > dos && printf "* text=auto\n" > .gitattributes &&
	git add . 2> warned && git commit -q -m 1 && touch -d yesterday dos &&
	run && flowmake checkout 1 out && cmp dos out/dos &&
	flowmake show > shown && test_grep -v "dos" shown
'

test_expect_success 'the code stays when the repository is collected or gone' '
	project gone && echo 1 > a && committed && echo 2 > b && git add b &&
	run && git reset -q --hard && git commit -q --amend -m again &&
	git reflog expire --expire=now --all && git gc -q --prune=now &&
	echo 3 > a && run && rm -rf .git && flowmake checkout 1 out &&
	echo 2 | cmp - out/b && flowmake diff 1 2 > differs &&
	test_grep "^\+3" differs && rm -rf out differs && echo 4 > a && run &&
	same 3 &&
	git --git-dir .flowmake/code.git fsck --full --strict
'

test_expect_success 'what is edited while the run goes on is named' '
	mkdir meanwhile && cd meanwhile && fifo go 8 && echo 1 > a && echo 1 > b &&
	flowfile <<-\END &&
	(step hello (output o "made") (shell "read -r line < go; echo > #{o}"))
	END
	begin flowmake run > ../said 2>&1 && run=$begun &&
	test_wait test -e .flowmake/cache/code && echo 2 > b && rm a && echo 1 > c &&
	echo >&8 && ended 0 $run && flowmake show > shown &&
	test_grep "^  left out +a: changed while the run went on$" shown &&
	test_grep "^ +b: changed while the run went on$" shown &&
	test_grep -v "c: changed|made" shown && flowmake checkout 1 ../was &&
	echo 1 | test_cmp - ../was/b
'

# ---- where the project is ----

test_expect_success 'a project that is not in git works the same' '
	project plain && echo 1 > a && echo key > secret &&
	echo secret > .gitignore && run && same 1 secret && echo 2 > a && run &&
	same 2 secret && flowmake diff 1 2 > differs && test_grep "^\+2" differs &&
	flowmake show > shown && test_grep -v "^  code" shown
'

test_expect_success 'of a subdirectory of a repository only that is recorded' '
	mkdir top && echo top > top/top && echo "*.key" > top/.gitignore &&
	echo key > top/a.key && (cd top && project sub/project) &&
	echo 1 > top/sub/project/a && echo key > top/sub/project/a.key &&
	(cd top && committed) && cd top/sub/project && echo 2 > a && run &&
	same 1 a.key && flowmake show > shown && test_grep "^ +M a" shown &&
	test_grep "code +commit" shown
'

test_expect_success 'its files are neither those of the same names above nor their texts' '
	mkdir -p alike/sub && cd alike && echo a > data && printf "a\r\n" > dos &&
	git init -q . && git config core.autocrlf true &&
	printf "* text=auto\n" > .gitattributes && cp data dos sub &&
	(cd sub && project inside && mv Flowfile .. && rmdir ../inside) &&
	git add . 2> warned && git commit -q -m 1 && cd sub && run &&
	touch -d yesterday dos && echo b > data && run &&
	flowmake show > shown && test_grep "^ +M data" shown &&
	test_grep -v "dos" shown && echo a > data && run &&
	flowmake show > shown && test_grep -v "data|dos" shown
'

test_expect_success 'one that the repository around it ignores is its own' '
	mkdir -p home/ignored && (cd home && echo "*" > .gitignore &&
		git init -q . && git add -f .gitignore && git commit -q -m 1) &&
	cd home && project ignored/project && echo 1 > a && run && same 1
'

test_expect_success 'it works without a commit, a branch, a .git directory' '
	project unborn && git init -q . && run && flowmake show > shown &&
	test_grep "code +no commit on branch main" shown && cd .. &&
	project detached && committed && git checkout -q --detach && run &&
	flowmake show > shown && test_grep "code +commit [0-9a-f]+, " shown &&
	cd .. && project base && committed && git worktree add -q ../tree &&
	cd ../tree && run && flowmake show > shown &&
	test_grep "code +commit [0-9a-f]+ on branch tree" shown && same 1 &&
	cd .. && git init -q --bare bare.git && cd bare.git &&
	project inside && run && same 1
'

test_expect_success 'submodules and repositories inside are left out and named' '
	(project library && committed) && project parent && committed &&
	git -c protocol.file.allow=always submodule --quiet add ../library lib &&
	git commit -q -m lib && mkdir other && (cd other && git init -q . &&
		touch x) &&
	run && test_grep "not all code was recorded; .flowmake show 1." said &&
	flowmake show > shown &&
	test_grep "^  left out   lib: a git repository of its own" shown &&
	test_grep "^             other: a git repository of its own" shown &&
	test_grep -v " [MD] lib" shown && same 1 lib other &&
	flowmake checkout 1 "$test_base/again" > said &&
	test_grep "left out +lib" said
'

test_expect_success 'a repository that cannot be read is said and does no harm' '
	project damaged && echo key > secret && echo secret > .gitignore &&
	committed && echo garbage > .git/index && run &&
	test_grep "not all code" said && flowmake show > shown &&
	test_grep "left out +git.s own record .* cannot be read" shown &&
	same 1 secret && echo garbage > .git/HEAD && run && same 2 secret &&
	rm -rf .git && echo "gitdir: /nowhere" > .git && run && same 3 secret
'

sha256_title='of a repository with SHA-256 names all but its record is kept'
if git init -q --object-format=sha256 "$test_base/sha256" 2> /dev/null; then
	test_expect_success "$sha256_title" '
		project long && mv "$test_base/sha256/.git" . &&
		echo key > secret && echo secret > .gitignore && committed &&
		test "$(git rev-parse HEAD | wc -c)" = 65 && run &&
		flowmake show > shown && same 1 secret &&
		test_grep "^  left out   git.s own record of the project .commit, branch, what differs from it.: its repository has SHA-256 names" shown &&
		test "$(grep -c SHA shown)" = 1 && test_grep -v "  code" shown &&
		git fsck --strict && test -z "$(git status --porcelain -uno)"
	'
else
	test_skip 'git has no SHA-256 names' "$sha256_title"
fi

if test "$(id -u)" = 0; then
	test_expect_success 'a repository of somebody else is read like any' '
		project theirs && committed && chown -R 12345 . && run &&
		flowmake show > shown && test_grep "code +commit" shown
	'
else
	test_expect_success 'what cannot be read is left out and named' '
		project unreadable && echo 1 > a && mkdir b && echo 2 > b/c &&
		chmod 000 a b && run && chmod 600 a && chmod 700 b &&
		flowmake show > shown && test_grep "a: Permission" shown &&
		test_grep "b: Permission" shown && same 1 a b
	'
fi

# somebody COMMAND...: run it as somebody who has no rights of root's.
somebody() {
	if test "$(id -u)" = 0; then
		chown -R 65534:65534 . &&
		setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
	else
		"$@"
	fi
}

test_expect_success 'the configuration in a HOME that cannot be read is left out' '
	project closed-home && committed && mkdir ../closed &&
	chmod 000 ../closed && test_when_finished "chmod 700 \"$PWD/../closed\"" &&
	# where nobody else can come nothing can be tried
	{ ! somebody flowmake version > out || {
		HOME=$PWD/../closed somebody flowmake run > out 2>&1 &&
		flowmake show > out && test_grep "code +commit" out &&
		HOME=$PWD/../closed somebody flowmake checkout 1 was > out
	}; }
'

# ---- data ----

test_expect_success 'large files and directories full of files are left out' '
	project data && truncate -s 1048576 small && truncate -s 1048577 large &&
	truncate -s 10485760 tracked && truncate -s 10485761 too-large &&
	mkdir full many && echo 1 > full/code && git init -q . &&
	git add Flowfile tracked too-large full && git commit -q -m 1 &&
	(cd full && seq 5001 | xargs touch) && (cd many && seq 5000 | xargs touch) &&
	mkdir -p deep/code && (cd deep && seq 5001 | xargs touch) &&
	echo 1 > deep/code/1 &&
	for i in $(seq 51); do truncate -s 1000000 "heavy$i" || return 1; done &&
	mkdir heavy && mv heavy?* heavy &&
	for i in 52 53; do truncate -s 1000000 "heavy/$i" || return 1; done &&
	run && test "$(grep -c note: said)" = 1 && flowmake show > shown &&
	sed -n "s/^  left out  /  /; /^   *[a-z-]*: /p" shown |
		sed "s/^ *//" > actual &&
	cat > expected <<-END &&
	deep: more than 5,000 untracked files
	full: more than 5,000 untracked files
	heavy: 53.0 MB of untracked files
	large: 1.0 MB
	too-large: 10.5 MB
	END
	test_cmp expected actual && flowmake checkout 1 out && ls out > actual &&
	printf "%s\n" Flowfile deep full many said small tracked > expected &&
	test_cmp expected actual && ls out/full out/deep > actual &&
	printf "%s\n" out/deep: code "" out/full: code > expected &&
	test_cmp expected actual && rm -rf out &&
	rm full/5001 large && git rm -q --cached tracked && run &&
	flowmake checkout 2 out && test -f out/full/17 && test ! -e out/tracked
'

test_expect_success 'a directory full of outputs needs no words' '
	project outputs && flowfile <<-END &&
	(step make (output d "made") (shell "mkdir #{d}; cd #{d}; seq 5002 | xargs touch"))
	END
	run && run && test_grep -v note: said && same 2 made
'

test_expect_success 'the same bytes at another time are one tree' '
	project times && echo 1 > a && echo 2 > b && rm -f said && flowmake run &&
	touch -d yesterday a && cp b c && mv c b && flowmake run &&
	flowmake diff 1 2 > differs && test ! -s differs &&
	git --git-dir .flowmake/code.git rev-parse refs/flowmake/runs/1 \
		refs/flowmake/runs/2 | uniq > trees && lines 1 trees
'

test_expect_success 'a change that keeps size and time is seen' '
	project racy && echo 1 > a && flowmake run && echo 2 > b &&
	touch -r a b && mv b a && flowmake run && flowmake diff 1 2 > differs &&
	test_grep "^\+2" differs
'

# ---- the helper ----

test_expect_success 'a run waits for nobody to have its code recorded' '
	project meanwhile && flowfile <<-END &&
	(step wait (shell "read -r line < fifo"))
	END
	echo 1 > a && mkfifo fifo && exec 7<> fifo && begin flowmake run &&
	shown() { flowmake show --json | grep "\"tree\": \"[0-9a-f]*\""; } &&
	test_wait shown && flowmake checkout 1 out && echo 1 | cmp - out/a &&
	echo >&7 && ended 0 $begun
'

test_expect_success 'two runs at once are both recorded' '
	project two && flowfile <<-END &&
	(step wait (shell "read -r line < fifo"))
	END
	mkfifo fifo && exec 7<> fifo && begin flowmake run && first=$begun &&
	begin flowmake run && printf "\n\n" >&7 && ended 0 $first &&
	ended 0 $begun && flowmake diff 1 2 > differs && lines 0 differs &&
	for n in 1 2; do
		flowmake show $n --json > json &&
		test_grep "\"tree\": \"[0-9a-f]+\"" json || exit 1
	done
'

# helper < TEXT: the program that flowmake takes for flowmake-git.
helper() {
	mkdir -p ../helper && ln -sf "$builddir"/flowmake-evaluator ../helper &&
	rm -f ../helper/flowmake-git && write_script ../helper/flowmake-git
}

test_expect_success 'a run does without the helper, and says so' '
	project without && mkdir -p ../helper &&
	ln -sf "$builddir"/flowmake-evaluator ../helper &&
	FLOWMAKE_LIBEXEC=$PWD/../helper run &&
	test_grep "note: the code was not recorded: cannot run " said &&
	flowmake show > shown && test_grep "code +not recorded: cannot" shown &&
	test_must_fail flowmake checkout 1 out 2> errors &&
	test_grep "code of run 1 was not recorded: cannot run" errors &&
	test ! -e out
'

test_expect_success 'a helper that dies or talks nonsense does no harm' '
	project dies && helper <<-END &&
	kill -KILL \$\$
	END
	FLOWMAKE_LIBEXEC=$PWD/../helper run &&
	test_grep "flowmake-git ended unexpectedly: killed by signal 9" said &&
	helper <<-END &&
	echo nonsense nonsense >&3
	END
	FLOWMAKE_LIBEXEC=$PWD/../helper run &&
	test_grep "note: the code was not recorded" said &&
	run && test_grep -v note: said && same 3
'

test_expect_success 'a killed engine takes the helper with it' '
	project killed && helper <<-END &&
	touch "$PWD/begun"; sleep 1000
	END
	flowfile <<-END &&
	(step wait (shell "sleep 1000"))
	END
	begin env FLOWMAKE_LIBEXEC="$PWD/../helper" flowmake run &&
	test_wait test -e begun && kill -KILL $(engine $begun) &&
	ended 137 $begun && no_survivors
'

# rest: until no file and no directory here, by its times, may change once more
# unseen; flowmake need not make its own any more.
rest() {
	mkdir -p .flowmake && "$PYTHON" - <<-'END'
	import os, time

	def is_young(path):
	    ns = os.lstat(path).st_ctime_ns
	    return time.time_ns() - ns < (1e8 if ns % 1e9 else 5e9)
	while any(is_young(os.path.join(d, f)) for d, _, files in os.walk(".")
	          for f in files + ["."] if ".flowmake" not in d):
	    pass
	END
}

# shared RUN WITH: RUN has the code that was recorded of the run WITH.
shared() {
	flowmake show "$1" > ../out &&
	test_grep "^  code +run $1 executed nothing; its code is that of run $2\$" ../out
}

test_expect_success 'a resume that executes nothing, and finds all code as it was, starts no helper' '
	project nothing && committed && rest && flowmake run > ../said &&
	helper <<-END &&
	touch "$PWD/begun"
	END
	FLOWMAKE_LIBEXEC=$PWD/../helper flowmake resume && test ! -e begun &&
	FLOWMAKE_LIBEXEC=$PWD/../helper flowmake run -n && test ! -e begun &&
	shared 2 1 &&
	flowmake diff 1 2 > ../out && lines 1 ../out &&
	test_grep "^run 2 executed nothing; its code is that of run 1$" ../out &&
	flowmake checkout latest ../shared > ../out && test_grep "that of run 1$" ../out &&
	flowmake show 2 --json > ../json && test_grep "\"run\": 1," ../json
'

# recorded RUN PATTERN: RUN has code of its own, a line of which is PATTERN.
recorded() {
	flowmake show "$1" > ../out && test_grep -v "executed nothing" ../out &&
	test_grep "$2" ../out
}

test_expect_success 'what it finds changed is recorded, whether the flow reads it or not' '
	project changed && echo 1 > README && committed &&
	rest && flowmake run && flowmake resume &&
	echo "; more" >> Flowfile && rest && flowmake resume &&
	recorded 3 "^             M Flowfile|^  code .* 1 file not as" &&
	flowmake diff 1 3 > ../out && test_grep "^.; more" ../out &&
	echo 2 > README && rest && flowmake resume &&
	recorded 4 "^  code .* 2 files not as" &&
	git commit -q -a -m second && rest && flowmake resume &&
	recorded 5 "^  code +commit $(git rev-parse HEAD | cut -c 1-12) on branch main$" &&
	git checkout -q -b other && flowmake resume && recorded 6 "on branch other$" &&
	git rm -q --cached README && rest && flowmake resume &&
	recorded 7 "on branch other$" &&
	rm README && rest && flowmake resume && recorded 8 "D README" &&
	flowmake resume -n > ../out && flowmake resume && shared 9 8
'

test_expect_success 'so is what is new, and neither looked at by the flow nor committed' '
	project fresh && mkdir -p src/deep && echo 1 > src/deep/a && committed &&
	rest && flowmake run && flowmake resume && shared 2 1 &&
	echo 1 > src/deep/new && rest && flowmake resume &&
	recorded 3 "^             \? src/deep/new|1 file not as" &&
	flowmake resume && shared 4 3 && mkdir empty && rest &&
	flowmake resume && flowmake resume && shared 6 5 &&
	echo 1 > empty/new && flowmake resume && recorded 7 "2 files not as" &&
	flowmake checkout 7 ../fresh-7 && test -f ../fresh-7/empty/new
'

test_expect_success 'what may have changed unseen since, or is not known, is looked at again' '
	project again && committed && rest && flowmake run &&
	cp .flowmake/cache/code ../kept && flowmake resume &&
	: > .flowmake/cache/code && flowmake resume && recorded 3 "^  code" &&
	cp ../kept .flowmake/cache/code && flowmake resume && recorded 4 "^  code" &&
	rm .flowmake/cache/code && flowmake resume && recorded 5 "^  code" &&
	flowmake resume && cp Flowfile ../other.scm && cp Flowfile other.scm &&
	rest && flowmake run -f other.scm && flowmake resume &&
	recorded 8 "^  code"
'

test_expect_success 'so it is where the flow is asked each time, and with other targets' '
	project asked && echo "(define t (gettimeofday))" >> Flowfile &&
	committed && rest && flowmake run && flowmake resume && shared 2 1 &&
	flowmake resume hello && shared 3 1
'

test_expect_success 'what cannot be recorded is not tried each time' '
	project untried && committed && rest && flowmake run &&
	echo ";" >> Flowfile && helper <<-END &&
	echo >> "$PWD/../begun"
	exit 1
	END
	export FLOWMAKE_LIBEXEC=$PWD/../helper && : > ../begun &&
	flowmake resume 2> ../said && test_grep "not recorded" ../said &&
	flowmake resume 2> ../said && flowmake resume 2>> ../said &&
	test_grep -v "not recorded" ../said && unset FLOWMAKE_LIBEXEC &&
	lines 1 ../begun && flowmake run && recorded 5 "^  code"
'

test_expect_success 'a log of its own in the project changes nothing' '
	project logged && committed && rest && flowmake run > log.txt &&
	flowmake resume >> log.txt && flowmake resume >> log.txt &&
	flowmake resume >> log.txt && shared 2 1 && shared 4 1
'

test_expect_success 'what was left out is looked at, and where a repository may come' '
	mkdir above && cd above && project large && seq 1700000 > big.bin &&
	rest && flowmake run && rm big.bin && rest && flowmake resume &&
	recorded 2 "^  code|^STEP" && flowmake resume && shared 3 2 &&
	git init -q .. && git add -A && git commit -q -m "All" && rest &&
	flowmake resume && recorded 4 "^  code +commit $(git rev-parse HEAD | cut -c 1-12) "
'

# ---- forgetting ----

# objects: how many there are.
objects() {
	git --git-dir .flowmake/code.git cat-file --batch-all-objects \
		--batch-check | wc -l
}

test_expect_success 'gc removes the code that no kept run has' '
	project forget && seq 20000 > big && run && rm -f said shown &&
	for i in 1 2 3; do echo $i > small && flowmake run || return 1; done &&
	rm big && echo 4 > small && flowmake run && before=$(objects) &&
	flowmake gc -n --keep 2 > "$test_base/gc" &&
	test_grep "would remove 3 snapshots of code" "$test_base/gc" &&
	test "$(objects)" = $before && flowmake gc --keep 2 > "$test_base/gc" &&
	test_grep "removed 3 snapshots of code" "$test_base/gc" &&
	flowmake diff 4 5 > "$test_base/differs" &&
	test_grep "^-20000" "$test_base/differs" && same 5 &&
	flowmake gc --keep 1 > "$test_base/gc" &&
	test_grep "removed 1 snapshot of code" "$test_base/gc" &&
	test "$(objects)" = 3 && same 5 &&
	git --git-dir .flowmake/code.git fsck --full --strict &&
	flowmake gc > "$test_base/gc" && test_grep nothing "$test_base/gc" &&
	echo 5 > small && flowmake run && same 6 && flowmake diff 5 6
'

test_expect_success 'what the next snapshot builds on is kept' '
	project base2 && mkdir d e && echo 1 > d/a && echo 1 > e/a &&
	flowmake run && flowmake resume && flowmake resume &&
	flowmake gc --keep 1 &&
	echo 2 > d/b && flowmake run && same 4 &&
	git --git-dir .flowmake/code.git fsck --full --strict
'

# ---- the commands ----

test_expect_success 'a record that was damaged is named, with what to do' '
	project torn-code && mkdir sub && : > sub/file && run &&
	what="code.git seems to be damaged: move it" &&
	find .flowmake/code.git/objects -type f > objects &&
	xargs chmod u+w < objects && for object in $(cat objects); do
		echo garbage > $object || exit 1
	done && rm objects && echo ";" >> Flowfile && run &&
	test_grep "the code was not recorded: .*$what" said &&
	test_must_fail flowmake checkout 2 ../torn-2 2> errors &&
	test_grep "$what" errors && test_must_fail flowmake gc 2> errors &&
	test_grep "$what" errors &&
	mv .flowmake/code.git ../torn-code.git && run &&
	flowmake checkout 3 ../torn-3 && test_cmp Flowfile ../torn-3/Flowfile &&
	test_must_fail flowmake diff 1 3 2> errors && test_grep "run 1" errors &&
	flowmake gc
'

test_expect_success 'diff shows what differs between two runs' '
	project diffs && mkdir d && printf "1\n2\n3\n" > a && echo x > d/x &&
	printf "no end" > end && run && printf "1\ntwo\n3\n" > a && rm d/x &&
	printf "an end" > end && write_script new < /dev/null && run &&
	flowmake diff 1 2 d a > actual && cat > expected <<-END &&
	diff --git a/a b/a
	index 01e79c3..d8eb098 100644
	--- a/a
	+++ b/a
	@@ -1,3 +1,3 @@
	 1
	-2
	+two
	 3
	diff --git a/d/x b/d/x
	deleted file mode 100644
	index 587be6b..0000000
	--- a/d/x
	+++ /dev/null
	@@ -1 +0,0 @@
	-x
	END
	test_cmp expected actual && flowmake diff 1 latest > all &&
	flowmake checkout 1 out &&
	# not as a part of a repository around this place
	(GIT_CEILING_DIRECTORIES=$PWD && export GIT_CEILING_DIRECTORIES &&
	 cd out && git apply ../all) &&
	flowmake checkout 2 out2 && rm -f out/said out2/said &&
	diff -r out out2 && test_grep "new file mode 100755" all
'

# shown COMMAND...: as a terminal gets it.
shown() {
	TERM=xterm $PYTHON -c "import pty, sys; pty.spawn(sys.argv[1:])" "$@" |
		tr -d "\r"
}

test_expect_success 'diff is coloured on a terminal, and cannot disturb it' '
	project colours && echo 1 > a && run && printf "\033[2J\n" > a && run &&
	shown flowmake diff 1 2 a > actual && green=$(printf "\033\\[32m") &&
	test_grep "^$green\+.x1b\[2J" actual &&
	NO_COLOR=1 shown flowmake diff 1 2 a > actual &&
	test_grep "^\+.x1b\[2J" actual && flowmake diff 1 2 a > actual &&
	test_grep "^\+$(printf "\033\\[2J")" actual
'

test_expect_success 'a directory that holds anything is no place for checkout' '
	project place && run && mkdir -p full empty && echo mine > full/mine &&
	test_must_fail flowmake checkout 1 full 2> errors &&
	test_grep "full is not empty; name a new directory" errors &&
	ls full > actual && echo mine > expected && test_cmp expected actual &&
	flowmake checkout 1 empty > actual &&
	test_grep "^The code of run 1 is in empty$" actual &&
	test -f empty/Flowfile && flowmake checkout latest deep/er &&
	test -f deep/er/Flowfile && test_must_fail flowmake checkout 1 Flowfile
'

test_expect_success 'there is no code of what did not run' '
	project none && test_must_fail flowmake diff 1 2 2> errors &&
	test_grep "nothing has run here yet" errors && run &&
	test_must_fail flowmake diff 1 7 2> errors &&
	test_grep "there is no run 7" errors &&
	test_must_fail flowmake checkout 1/hello out 2> errors &&
	test_grep "is no run" errors && test_must_fail flowmake diff 1
'

# Run the helper, which is to prepare a snapshot that nobody asks for then.
prepare_only() {
	$PYTHON - <<-\EOF
	import os, socket, struct, subprocess
	ours, theirs = socket.socketpair()
	theirs.set_inheritable(True)
	text = lambda s: bytes([0x60 | len(s)]) + s.encode()
	body = b"\xa2" + text("repository") + text(".flowmake/code.git") + \
	    text("store") + text(".flowmake")
	ours.sendall(struct.pack("<IHH", len(body), 14, 1) + body)
	ours.shutdown(socket.SHUT_WR)
	helper = os.environ["FLOWMAKE_LIBEXEC"] + "/flowmake-git"
	ended = subprocess.run([helper], capture_output=True, close_fds=False,
	    preexec_fn=lambda: os.dup2(theirs.fileno(), 3))
	assert not ended.returncode and not ended.stderr, ended
	EOF
}

test_expect_success 'the helper whose snapshot nobody wants ends quietly' '
	project unwanted && run && prepare_only && rm -rf .flowmake/code.git &&
	prepare_only
'

test_done
