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

# is_refused FILE TEXT: all of them say that of FILE.
is_refused() {
	local command
	for command in run resume check graph; do
		refused_by "flowmake: $1: $2" $command -f "$1" || return 1
	done
}

# refused_by LINE ARGUMENT...: flowmake says just LINE, soon.
refused_by() {
	printf '%s\n' "$1" > expected
	shift
	test_must_fail timeout 20 flowmake "$@" > actual 2>&1 &&
	test_cmp expected actual
}

test_expect_success 'what is no file is refused by what it is' '
	mkdir dir && mkfifo fifo Flowfile &&
	is_refused dir "is a directory" &&
	is_refused fifo "is a fifo; to read what is written to it, make it standard input, with -f -" &&
	is_refused /dev/zero "is a device" &&
	refused_by "flowmake: Flowfile: is a fifo; to read what is written to it, make it standard input, with -f -" run &&
	rm Flowfile
'

test_expect_success 'standard input and pipes are read, as by make' '
	echo "(step a (shell \"echo \$((6 * 7))\"))" > rules &&
	flowmake run -f - < rules > said 2>&1 && test_grep "42" said &&
	cat rules | flowmake -f - run > said 2>&1 && test_grep "42" said &&
	flowmake run -f /dev/stdin < rules > said 2>&1 &&
	test_grep "42" said &&
	flowmake run -f <(cat rules) > said 2>&1 && test_grep "42" said &&
	flowmake check -f - < rules
'

test_done
