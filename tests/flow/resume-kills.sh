# Whenever flowmake is killed, the next resume goes on where it was; at each
# system call with FLOWMAKE_TEST_LARGE=yes, else at some, chosen by a seed that
# is printed; FLOWMAKE_TEST_SEED=N chooses the same again.
. "${0%/*}/lib"

seed=${FLOWMAKE_TEST_SEED:-$RANDOM}
echo "# FLOWMAKE_TEST_SEED=$seed"

$CC -O1 -o kill-nth "$srcdir/tests/flow/programs/kill-nth.c" ||
	test_skip_all 'no C compiler'
echo '(step a (shell "true"))' > Flowfile
./kill-nth 0 flowmake run > said || test_skip_all 'no process can be traced'

# killed PHASE VICTIM POINTS
killed() {
	test "$SANITIZE" = no || set -- "$1" "$2" $(($3 / 4 + 1))
	test -z "$FLOWMAKE_TEST_LARGE" || set -- "$1" "$2" 0
	"$PYTHON" "$srcdir/tests/flow/programs/crash" work "$1" $seed \
		kill "$PWD/kill-nth" "$2" "$3"
}

test_expect_success 'the engine is killed: nothing done is done again' '
	killed run e 20 && killed resume e 30 && killed restore e 20
'

test_expect_success 'its guardian is killed: it is as after an interrupt' '
	killed run g 5 && killed resume g 10 && killed restore g 8
'

test_expect_success 'both are killed' '
	killed resume b 8
'

test_expect_success 'the zygote is killed' '
	killed run z 4 && killed resume z 8 && killed restore z 4
'

test_done
