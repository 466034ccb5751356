# Where there is no Flowfile.
. "${0%/*}/lib"

test_expect_success 'run, check and graph say that there is no Flowfile' '
	echo "flowmake: there is no '\''Flowfile'\'' here; go to the project'\''s" \
		"directory, name that with -C, or the file with -f" > expected &&
	for command in run check graph; do
		test_must_fail flowmake $command > out 2> errors &&
		test_cmp expected errors &&
		lines 0 out || return 1
	done
'

test_expect_success 'they make no store there' '
	test ! -e .flowmake
'

test_done
