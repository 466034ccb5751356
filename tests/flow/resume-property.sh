# After random edits of a random flow `resume` does what a fresh run would, and
# no more than it must.  FLOWMAKE_TEST_SEED=N, which is printed, chooses the
# same edits again.
. "${0%/*}/lib"

seed=${FLOWMAKE_TEST_SEED:-$RANDOM}
edits=40
seconds=20
test -z "$FLOWMAKE_TEST_LARGE" || edits=2000 seconds=1800
echo "# FLOWMAKE_TEST_SEED=$seed"

test_expect_success 'each edit executes what it reaches, and nothing else' "
	$PYTHON '$srcdir/tests/flow/programs/edits' work $seed $edits $seconds
"

rm -rf work
test_done
