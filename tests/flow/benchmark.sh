# The benchmark: what it does without its peers.  That its rows run is for
# `BENCH_SHORT=yes make bench`.
. "${0%/*}/lib"

# Only the interpreter can be found.
bench() {
	local python
	python=$("$PYTHON" -c 'import sys; print(sys.executable)') &&
	PATH=/nowhere BENCH_SHORT=yes "$@" "$python" \
		"$srcdir/tests/bench/run" cp version
}

test_expect_success 'a row without its peer is skipped with a note' '
	bench /usr/bin/env CI= > said &&
	test_grep "^  skipped: ninja and make not installed" said &&
	test_grep "^0 measured, 0 failed, 2 skipped" said
'

test_expect_success '... but fails in continuous integration' '
	test_expect_code 1 bench /usr/bin/env CI=true > said &&
	test_grep "^  FAILED: ninja and make not installed" said &&
	test_grep "^0 measured, 2 failed, 0 skipped" said
'

test_expect_success 'every row names its peers' '
	"$PYTHON" "$srcdir/tests/bench/run" -l > rows &&
	test "$(wc -l < rows)" -ge 14 &&
	! grep -v "; beside [a-z/]" rows
'

test_done
