# flowmake-git is killed at any moment: at each of its system calls with
# FLOWMAKE_TEST_LARGE=yes, else at some of them, chosen by a seed that is
# printed; FLOWMAKE_TEST_SEED=N chooses the same again.
. "${0%/*}/lib"
. "${0%/*}/lib-process"

points=20
seed=${FLOWMAKE_TEST_SEED:-$RANDOM}
echo "# FLOWMAKE_TEST_SEED=$seed"

command -v git > git-program || test_skip_all 'git is not installed'
$CC -O1 -o kill-nth "$srcdir/tests/flow/programs/kill-nth.c" ||
	test_skip_all 'no C compiler'

# The helper that is started below a shell, as the engine is below the
# guardian, and killed there before its system call number $KILL_AT.
mkdir helper && ln -s "$builddir"/flowmake-evaluator helper &&
write_script helper/flowmake-git <<END
exec "$PWD/kill-nth" "\$KILL_AT" sh -c '"$builddir/flowmake-git" & wait \$!' \
	2>> "$PWD/traced" >&2
END
killing=$PWD/helper

mkdir here && cd here && flowfile <<-'END'
(step hello (exec "true"))
END

# files N: so many, all different from those of another N.
files() {
	rm -rf files && mkdir files && for ((i = 0; i < $1; i++)); do
		echo "$1 $i" > "files/$i"
	done
}

# killed N: a run whose helper is killed before its Nth system call.
killed() {
	KILL_AT=$1 FLOWMAKE_LIBEXEC=$killing flowmake run > ../said 2>&1 ||
		{ cat ../said; return 1; }
	flowmake show > ../shown || return 1
	if grep -q note: ../said; then
		grep -q 'code .*not recorded: flowmake-git ended' ../shown ||
			{ cat ../said ../shown; return 1; }
	else
		check
	fi
}

# check: the code of the latest run is what is here.
check() {
	rm -rf ../out && flowmake checkout latest ../out > ../written &&
	diff -r files ../out/files &&
	git --git-dir .flowmake/code.git fsck --full > ../fsck 2>&1 ||
		{ cat ../fsck; return 1; }
}

# next: the next run is good, and nothing is left of the killed one.
next() {
	flowmake run > ../said 2>&1 && ! grep note: ../said && check || return 1
	find .flowmake -name '*.lock' -o -name '*tmp_*' \
		-o -name '.flowmake-*' -o -name '*.new' > ../left
	test ! -s ../left || { cat ../left; return 1; }
}

# all_killed COUNT FILES: killed at some of COUNT points, in a repository that
# is new or, with FILES, has that many others already.
all_killed() {
	local n step=$(($1 / points + 1)) bad= first
	test -z "$FLOWMAKE_TEST_LARGE" || step=1
	first=$((seed % step + 1))
	echo "every $step of $1, from $first"
	for ((n = first; n <= $1; n += step)); do
		rm -rf .flowmake
		if test -n "$2"; then
			files "$2" && flowmake run > ../said 2>&1
		fi
		files 130
		killed $n > ../trouble 2>&1 && next >> ../trouble 2>&1 && continue
		echo "killed before system call $n:"
		cat ../trouble
		bad="$bad $n"
	done
	test -z "$bad"
}

# calls: how many system calls the helper needs, in a run that waits until
# they are counted.
calls() {
	: > ../traced
	cat > ../Counting <<-'END'
	(step count
	  (shell "until test -s ../traced; do read -r -t 0.01 <> <(:) || :; done"))
	END
	KILL_AT=0 FLOWMAKE_LIBEXEC=$killing flowmake -f ../Counting run \
		> ../said 2>&1
	sed -n 's/ system calls.*//p' ../traced
}

files 130
count=$(calls)
test -n "$count" || test_skip_all 'no process can be traced'

test_expect_success 'wherever the first snapshot is killed, the next is good' "
	all_killed $count ''
"

rm -rf .flowmake && files 3 && flowmake run > ../said 2>&1
files 130
count=$(calls)

test_expect_success 'wherever a later one is killed, the next is good' "
	all_killed $count 3
"

cd .. && rm -rf here
test_done
