# Commands, options, help, exit statuses.
. "${0%/*}/lib"

test_expect_success 'version says the version and nothing else' '
	flowmake version > actual &&
	flowmake --version > long &&
	lines 1 actual &&
	test_grep "^flowmake [0-9]+\.[0-9]+" actual &&
	test_cmp actual long
'

test_expect_success 'without a command and a Flowfile it says what to do' '
	test_must_fail flowmake > out 2> errors &&
	lines 0 out &&
	test_grep "^flowmake: there is no .Flowfile. here" errors
'

test_expect_success 'help lists every command, each of which has help' '
	flowmake --help > help &&
	flowmake help > same &&
	test_cmp help same &&
	sed -n "/^Commands:/,/^\$/s/^  \([a-z]*\) .*/\1/p" help > commands &&
	test "$(wc -l < commands)" -ge 9 &&
	while read -r command; do
		flowmake help "$command" > one &&
		flowmake "$command" --help > other &&
		test_cmp one other &&
		test_grep "^Usage: flowmake $command" one || return 1
	done < commands
'

test_expect_success 'help fits into 80 columns' '
	while read -r command; do
		flowmake help "$command"
	done < commands > all &&
	test -s all &&
	test_grep -v "^.{80}" all
'

test_expect_success 'an unknown command is refused, with a suggestion' '
	test_must_fail flowmake lgos > out 2> errors &&
	lines 0 out &&
	test_grep "^flowmake: .lgos. is no command \(did you mean .logs.\?\)" errors &&
	flowfile <<-\END &&
	(step count (shell "true"))
	END
	test_must_fail flowmake lgos > out 2> errors &&
	test_grep "^flowmake: .lgos. is no command \(did you mean .logs.\?\)" errors &&
	rm -r Flowfile .flowmake &&
	test_must_fail flowmake help runn 2> errors &&
	test_grep "did you mean .run" errors &&
	test_must_fail flowmake help total.tsv 2> errors &&
	test_grep "flowmake help. lists them" errors
'

test_expect_success 'an unknown option is refused, with a suggestion' '
	test_must_fail flowmake run --max-worker-s=3 2> errors &&
	echo "flowmake: run: unknown option '\''--max-worker-s'\'' (did you mean --max-workers?)" > expected &&
	test_cmp expected errors &&
	test_must_fail flowmake run -Z 2> errors &&
	test_grep "run: unknown option .-Z" errors &&
	test_must_fail flowmake logs --stdout=yes 2> errors &&
	test_grep "option .--stdout. takes no value" errors
'

test_expect_success 'an option without its value is refused' '
	test_must_fail flowmake run -j 2> errors &&
	test_grep "option .-j. needs a value, N" errors &&
	test_must_fail flowmake run --tag 2> errors &&
	test_grep "option .--tag. needs a value, TAG" errors
'

test_expect_success 'an abbreviation that may be several is refused with them' '
	test_must_fail flowmake run --max-num=3 --max=3 2> errors &&
	test_grep "may be --max-workers, --max-num-splits, --max-log-size" errors
'

test_expect_success 'numbers and sizes are checked' '
	for value in 0 -1 x 4x 1.5 "" " 1"; do
		test_must_fail flowmake run -j "$value" 2> errors &&
		test_grep "not a whole number" errors || return 1
	done &&
	for value in 4294967296 99999999999999999999; do
		test_must_fail flowmake run -j "$value" 2> errors &&
		test_grep ".$value. is too large; .* 4294967295" errors ||
		return 1
	done &&
	for value in x -1 10Q nan inf 0x10 ""; do
		test_must_fail flowmake run --max-log-size "$value" 2> errors &&
		test_grep "is no size" errors || return 1
	done &&
	for value in 0 0B 0.1B 1e-9; do
		test_must_fail flowmake run --max-log-size "$value" 2> errors &&
		test_grep "is less than a byte; without" errors || return 1
	done &&
	test_must_fail flowmake run --max-log-size 9e9TB 2> errors &&
	test_grep "is too large" errors
'

flowfile <<'END'
(parameter word "none")
(step one
  (output file "one.txt")
  (shell "echo #{word} > #{file}"))
(step two
  (input file "one.txt")
  (output copy "dir/two.txt")
  (shell "cat #{file} #{file} > #{copy}"))
(step other
  (shell "echo $PWD"))
END

test_expect_success 'options and words may stand in any order' '
	flowmake run word=first -j 2 one --keep-going &&
	echo first > expected &&
	test_cmp expected one.txt &&
	test ! -e dir
'

test_expect_success 'NAME=VALUE is a parameter, with its value as it is' '
	flowmake run one -- "word=a  b=c" &&
	echo "a  b=c" > expected &&
	test_cmp expected one.txt
'

test_expect_success 'a parameter that is given twice is refused' '
	test_must_fail flowmake run word=1 word=2 2> errors &&
	test_grep "parameter .word. is given twice" errors
'

test_expect_success 'a target may be a file, also one with = in its name' '
	flowmake run dir/two.txt word=x &&
	printf "x\nx\n" > expected &&
	test_cmp expected dir/two.txt &&
	flowmake run ./dir/two.txt &&
	test_must_fail flowmake run ./word=none 2> errors &&
	test_grep "word=none" errors
'

test_expect_success 'a target that nobody makes is refused' '
	test_must_fail flowmake run twoo 2> errors &&
	test_grep "^flowmake: .*twoo" errors
'

test_expect_success '-C works before and after the command' '
	mkdir -p "a dir" && cp Flowfile "a dir" &&
	(cd "a dir" && pwd) > expected &&
	flowmake -C "a dir" run other > out &&
	test_grep "$(cat expected)" out &&
	flowmake run other -C "a dir" > out &&
	test_grep "$(cat expected)" out &&
	flowmake -C "a dir" runs > out &&
	lines 3 out &&
	test_must_fail flowmake -C nowhere runs 2> errors &&
	test_grep "cannot work in .nowhere" errors
'

test_expect_success '-f names another Flowfile, before and after the command' '
	mkdir sub && sed s/one.txt/uno.txt/ Flowfile > sub/other.scm &&
	flowmake -f sub/other.scm run one word=uno &&
	flowmake check --file=sub/other.scm > out &&
	test "$(cat uno.txt)" = uno &&
	echo "sub/other.scm: 3 steps, no mistakes found" > expected &&
	test_cmp expected out
'

test_expect_success 'without a Flowfile that is what is said' '
	mkdir empty &&
	test_must_fail flowmake -C empty run 2> errors &&
	test_grep "^flowmake: .*Flowfile" errors &&
	lines 1 errors
'

test_expect_success 'without a store nothing has run yet' '
	mkdir new &&
	for command in runs show logs "dump 1/a"; do
		test_must_fail flowmake -C new $command 2> errors &&
		test_grep "^flowmake: .*nothing has run" errors || return 1
	done
'

test_expect_success 'looking back needs neither Guile nor a Flowfile' '
	mkdir old && mv .flowmake old &&
	for command in runs show logs "show 1/one" "logs 1/one"; do
		FLOWMAKE_LIBEXEC=/nonexistent flowmake -C old $command \
			> out || return 1
	done
'

test_expect_success 'a mistake in the Flowfile stands at the beginning of its line' '
	echo "(step one (shel \"true\"))" > wrong.scm &&
	test_must_fail flowmake -f wrong.scm check 2> errors &&
	test_grep "^wrong.scm:1:1[12]: step .one.: " errors &&
	test_must_fail flowmake -f wrong.scm run 2> errors &&
	test_grep "^wrong.scm:1:1[12]: step .one.: " errors
'

test_expect_success 'what cannot be written is an error' '
	test_must_fail flowmake help > /dev/full 2> errors &&
	test_grep "^flowmake: cannot write to stdout: " errors
'

test_expect_success 'who only asks leaves nothing behind' '
	mkdir asked && cd asked && flowfile <<-\END &&
	(define (name i) (format #f "out~a" i))
	(step one (foreach i (iota 2)) (output o (name i)) (shell "touch #{o}"))
	END
	flowmake check && flowmake run -n > plan && lines 2 plan &&
	flowmake resume -n > plan && { flowmake -q || test $? = 1; } &&
	test ! -e .flowmake && flowmake run && flowmake -q
'

test_expect_success '--run-id-file writes to what is no regular file' '
	mkdir id && cd id && flowfile <<-\END &&
	(step one (shell "true"))
	END
	ln -s number link && flowmake run --run-id-file=link && test -L link &&
	echo 1 | test_cmp - number &&
	flowmake run --run-id-file=/dev/stdout 2> said | grep "^2\$"
'

test_expect_success 'every tab-separated row for programs is whole' '
	flowmake help --rows > rows &&
	test -s rows &&
	awk -F "\t" "NF != 6" rows > actual &&
	lines 0 actual
'

test_done
