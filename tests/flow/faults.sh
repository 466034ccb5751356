# A disk that fails in any way: a clear message, and a store that still works.
. "${0%/*}/lib"
. "${0%/*}/lib-preload"
. "${0%/*}/lib-store"

preload unit/fail-nth.c
library=$PWD/fail-nth.so

# explained STATUS: it succeeded in spite of the fault, or says what was wrong.
explained() {
	case $1 in
	0) cmp expected all.txt ;;
	2) grep -qi -e 'no space left' -e 'input/output error' \
		-e 'disk i/o error' -e 'cannot open' said ;;
	*) false ;;
	esac
}

# recorded: as many tasks as it says were done are recorded so.
recorded() {
	local told n=0 some
	told=$(sed -n 's/^Run 1: .*\<\([0-9]*\)\( of [0-9]* tasks\)\? done.*/\1/p' \
		said) && test -n "$told" || return 0
	for some in $(flowmake show 1 2> look |
			sed -n 's/.* \([0-9]*\) done.*/\1/p'); do
		n=$((n + some))
	done
	test $n -ge $told || echo "$told done, but $n recorded"
	test $n -ge $told
}

# fault KIND N[+] [ERRNO]: a run in which that call fails.  Status 1: there is
# no such call; 2: something went wrong.
fault() {
	local status=0
	begin_anew
	rm -f reached
	FAIL_NTH=$1:$2 FAIL_ERRNO=${3:-28} FAIL_PATH=.flowmake/ \
		FAIL_MARK=$PWD/reached LD_PRELOAD=$library \
		flowmake run > said 2>&1 || status=$?
	test -e reached || return 1
	if ! explained $status; then
		echo "$1:$2 ($3): status $status, and it said:"
		cat said
		return 2
	fi
	readable && recorded && next_run && return 0
	echo "$1:$2 ($3): afterwards; status was $status"
	return 2
}

# faults KIND PLUS ERRNO STEP: each STEP-th call fails, until there is none.
faults() {
	local n status
	for ((n = 1; ; n += $4)); do
		status=0
		fault $1 $n$2 $3 || status=$?
		test $status != 1 || break
		test $status = 0 || bad="$bad $n"
	done
	echo "calls of kind $1: $(((n - 1) / $4))"
	test -z "$bad" && test $n -gt 1
}

mkdir here && cd here && small_flow
# All writes are many; each third is enough for every day.
some=3
test -z "$FLOWMAKE_TEST_LARGE" || some=1

for kind in write sync open rename unlink mkdir truncate close; do
	step=1
	test $kind != write || step=$some
	test_expect_success "$kind fails once: explained, and the store works" "
		faults $kind '' 5 $step
	"
done

test_expect_success 'the disk is full from some write on' '
	faults write + 28 $some
'

cd .. && rm -rf here
test_done
