# The engine is killed at any moment: at each of its system calls with
# FLOWMAKE_TEST_LARGE=yes, else at some of them, chosen by a seed that is
# printed; FLOWMAKE_TEST_SEED=N chooses the same again.
. "${0%/*}/lib"
. "${0%/*}/lib-process"
. "${0%/*}/lib-store"

points=50
seed=${FLOWMAKE_TEST_SEED:-$RANDOM}
echo "# FLOWMAKE_TEST_SEED=$seed"

$CC -O1 -o kill-nth "$srcdir/tests/flow/programs/kill-nth.c" ||
	test_skip_all 'no C compiler'
killer=$PWD/kill-nth
mkdir here && cd here && small_flow

# killed N: a run whose engine is killed before its Nth system call.
killed() {
	local status=0
	begin_anew
	mark=$test_name.$BASHPID.$1
	TEST_MARK=$mark "$killer" $1 flowmake run > said 2>&1 || status=$?
	case $status in
	137) ;;
	0) cmp expected all.txt || return 1 ;;
	*) echo "status $status"; return 1 ;;
	esac
	no_survivors && readable || return 1
	if test $status = 137 && grep -q '^ *1 .* running' look; then
		cat look
		return 1
	fi
	next_run || return 1
	test -z "$(ls .flowmake/tmp)" || { ls -lR .flowmake/tmp; return 1; }
}

# all_killed FIRST STEP COUNT: ... before each of these.
all_killed() {
	local n bad=
	for ((n = $1; n <= $3; n += $2)); do
		killed $n > trouble 2>&1 && continue
		echo "killed before system call $n:"
		cat trouble said
		bad="$bad $n"
	done
	test -z "$bad"
}

calls=$("$killer" 0 flowmake run 2> errors | sed -n 's/ system calls.*//p')
test -n "$calls" || test_skip_all 'no process can be traced'

step=$((calls / points + 1))
test -z "$FLOWMAKE_TEST_LARGE" || step=1
first=$((seed % step + 1))

test_expect_success 'wherever the engine is killed, nothing is lost or left' "
	echo every $step of $calls, from $first
	all_killed $first $step $calls
"

cd .. && rm -rf here

mkdir both && cd both
flowfile <<-\END
(step part
  (foreach n (iota 3))
  (output file "part/#{n}.txt")
  (shell "echo #{n} > #{file}"))
(step all
  (join part file)
  (output all "all.txt")
  (shell "cat #{file} > #{all}"))
END
seq 0 2 > expected

# left N: of two runs one is killed, the other does what both had to.
left() {
	local status=0 one two
	rm -rf .flowmake part all.txt
	begin flowmake run > left 2>&1 && one=$begun
	begin "$killer" $1 flowmake run > said 2>&1 && two=$begun
	wait $two || status=$?
	test $status = 137 || test $status = 0 || return 1
	ended 0 $one || { cat left; return 1; }
	# what was killed may have taken the file away, to make it anew, and
	# come as far as some of its bytes
	if test $status = 0; then
		cmp expected all.txt || return 1
	elif test -f all.txt; then
		head -c $(wc -c < all.txt) expected | cmp - all.txt || return 1
	fi
	readable && flowmake run > again 2>&1 && cmp expected all.txt
}

# all_left FIRST STEP COUNT: ... wherever it is killed.
all_left() {
	local n
	for ((n = $1; n <= $3; n += $2)); do
		left $n > trouble 2>&1 && continue
		echo "killed before system call $n:"
		cat trouble said
		return 1
	done
}

test_expect_success 'wherever one of two runs is killed, the other goes on' "
	all_left $first $((step * 4)) $calls
"

cd .. && rm -rf both
test_done
