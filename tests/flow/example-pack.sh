# The example `pack` makes what is asked for and nothing else.
. "${0%/*}/lib"

test_expect_success 'a file is made by the implicit rule' '
	example pack &&
	gzip -nc raw/a.txt > expected &&
	flowmake run packed/a.txt.gz &&
	test_cmp expected packed/a.txt.gz &&
	test ! -e packed/deep
'

test_expect_success 'without a target nothing is made' '
	runs_tasks "0 tasks"
'

test_expect_success 'a stem may hold a slash' '
	gzip -nc raw/deep/b.txt > expected &&
	flowmake run packed/deep/b.txt.gz &&
	test_cmp expected packed/deep/b.txt.gz
'

test_expect_success 'a file without its input is an error before anything runs' '
	test_must_fail flowmake run packed/none.gz 2> errors &&
	test_grep packed/none.gz errors
'

test_done
