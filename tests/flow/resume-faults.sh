# A disk that fails while a run is resumed: what was done is not done again,
# and the next resume puts everything right.  At each call that can fail with
# FLOWMAKE_TEST_LARGE=yes, else at some, chosen by FLOWMAKE_TEST_SEED.
. "${0%/*}/lib"
. "${0%/*}/lib-preload"

preload unit/fail-nth.c
seed=${FLOWMAKE_TEST_SEED:-$RANDOM}
echo "# FLOWMAKE_TEST_SEED=$seed"

# faults PHASE KIND EACH [ERRNO] [PATH]
faults() {
	test -z "$FLOWMAKE_TEST_LARGE" || set -- "$1" "$2" 1 "${@:4}"
	"$PYTHON" "$srcdir/tests/flow/programs/crash" work "$1" $seed \
		fail "$PWD/fail-nth.so" "$2" "${4:-5}" "${5:-.flowmake/}" "$3"
}

test_expect_success 'a write fails' 'faults resume write 19'
test_expect_success 'a file cannot be opened' 'faults restore open 7'
test_expect_success 'a file cannot be closed' 'faults resume close 19'
test_expect_success 'a file cannot be moved' '
	faults resume rename 5 && faults restore rename 3 5 /
'
test_expect_success 'a file cannot be removed' 'faults resume unlink 7'
test_expect_success 'a directory cannot be made' 'faults restore mkdir 3'
test_expect_success 'a file cannot be cut' 'faults resume truncate 2'
test_expect_success 'the disk is full from some write on' '
	faults resume write+ 23 28
'

test_done
