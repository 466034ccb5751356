# The frame of tests itself: the runner and this library.
. "${0%/*}/lib"

# runner FILE...: its last line, for programs in this directory.
runner() {
	local status=0
	srcdir=$PWD "$PYTHON" "$srcdir/tests/run-tap" -j 1 "$@" > output ||
		status=$?
	tail -n 1 output
	return $status
}

test_expect_success 'checks are counted over all programs' '
	echo "echo ok 1 - one; echo ok 2 - two; echo 1..2" > a.sh &&
	echo "echo ok - three; echo 1..1" > b.sh &&
	runner a.sh b.sh > actual &&
	echo "3 passed, 0 failed" > expected &&
	test_cmp expected actual
'

test_expect_success 'a failed check is shown in full and fails' '
	echo "echo not ok 1 - one; echo \# because; echo 1..1; exit 1" > a.sh &&
	test_must_fail 1 runner a.sh > actual &&
	echo "0 passed, 1 failed" > expected &&
	test_cmp expected actual &&
	test_grep "# because" output
'

test_expect_success 'a program that ends too early, or badly, fails' '
	echo "echo ok 1 - one" > a.sh &&
	echo "echo ok 1 - one; echo 1..1; kill -SEGV \$\$" > b.sh &&
	echo "echo ok 1 - one; echo 1..2" > c.sh &&
	test_must_fail 1 runner a.sh b.sh c.sh > actual &&
	echo "3 passed, 3 failed" > expected &&
	test_cmp expected actual &&
	test_grep SIGSEGV output
'

test_expect_success 'skipped checks are counted and named' '
	echo "echo ok 1 - one \# skip no disk; echo 1..1" > a.sh &&
	echo "echo 1..0 \# skip no net" > b.sh &&
	runner a.sh b.sh > actual &&
	echo "0 passed, 0 failed, 2 skipped" > expected &&
	test_cmp expected actual &&
	test_grep "a.sh: one: no disk" output &&
	test_grep "b.sh: no net" output
'

test_expect_success 'a program that hangs is ended and fails' '
	echo "sleep 1000" > a.sh &&
	test_must_fail 1 runner --timeout 0.1 a.sh > actual &&
	echo "0 passed, 2 failed" > expected &&
	test_cmp expected actual
'

test_expect_success 'a broken chain and a wrong status are failures' '
	cat > a.sh <<-END &&
	. "$srcdir/tests/flow/lib"
	test_expect_success "broken" "
		true &&
		true
		true"
	test_expect_success "wrong status" "
		test_must_fail sh -c \"exit 1\""
	test_expect_success "right status" "
		test_must_fail sh -c \"exit 2\"
		test_must_fail 1 sh -c \"exit 1\""
	test_done
	END
	mkdir build &&
	test_must_fail 1 env TEST_CLEAN= builddir=$PWD/build bash a.sh > output &&
	grep -v "^#" output > actual &&
	cat > expected <<-END &&
	not ok 1 - broken
	not ok 2 - wrong status
	ok 3 - right status
	ok 4 - no process is left behind
	1..4
	END
	test_cmp expected actual
'

test_expect_success 'pre-inst-env runs the flowmake of the build tree' '
	env -i PATH=/usr/bin:/bin "$builddir/pre-inst-env" \
		sh -c "command -v flowmake" > actual &&
	echo "$builddir/flowmake" > expected &&
	test_cmp expected actual
'

test_done
