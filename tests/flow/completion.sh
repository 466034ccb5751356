# Completion for bash.
. "${0%/*}/lib"

. "$srcdir/src/cli/completion/flowmake"

# complete_words WORD...: what the last word may become, line by line.
complete_words() {
	COMP_WORDS=(flowmake "$@")
	COMP_CWORD=$#
	_flowmake
	printf '%s\n' "${COMPREPLY[@]}"
}

# completed REPLIES WORD...: the last word may become just these.
completed() {
	printf '%s\n' $1 > expected &&
	shift &&
	complete_words "$@" > actual &&
	test_cmp expected actual
}

test_expect_success 'commands are completed' '
	complete_words ru > actual &&
	printf "%s\n" run runs > expected &&
	test_cmp expected actual &&
	complete_words -C "a dir" ver > actual &&
	echo version > expected &&
	test_cmp expected actual &&
	complete_words help gr > actual &&
	echo graph > expected &&
	test_cmp expected actual
'

test_expect_success 'the options of a command are completed' '
	complete_words run --max- > actual &&
	printf "%s\n" --max-workers= --max-num-splits= --max-log-size= > expected &&
	test_cmp expected actual &&
	complete_words logs -j 3 --st > actual &&
	printf "%s\n" --stdout --stderr > expected &&
	test_cmp expected actual &&
	complete_words --ver > actual &&
	echo --version > expected &&
	test_cmp expected actual
'

test_expect_success 'runs are completed' '
	echo "(step one (shell \"true\"))" > Flowfile &&
	flowmake run > /dev/null &&
	flowmake run > /dev/null &&
	completed "1 2" diff "" &&
	completed "1 2" diff 1 "" &&
	completed "" diff 1 2 "" &&
	completed 2 checkout 2
'

test_expect_success 'steps of runs are completed' '
	echo "(step two (after one) (shell \"exit 1\"))" >> Flowfile &&
	echo "(step three (after one) (shell \"\"))" >> Flowfile &&
	test_must_fail flowmake run -k &&
	echo "(step four (shell \"touch ran\"))" > Flowfile &&
	completed "1 2 3 one two three" show "" &&
	completed "1/one" logs 1/ &&
	completed "3/two 3/three" why 3/t &&
	completed "two three" dump t &&
	completed "two three" run one t &&
	completed "two three" resume --rerun t &&
	completed "--rerun=two --rerun=three" resume --rerun=t &&
	completed "" run --tag ""
'

test_expect_success 'values of options are completed' '
	mkdir -p "sub dir/in" subway && : > submarine &&
	printf "%s\n" "sub dir" subway > expected &&
	complete_words -C sub | sort > actual && test_cmp expected actual &&
	completed "" -f sub &&
	completed --directory=subway show --directory=subw &&
	completed "dot" graph --format d &&
	completed "--format=text --format=dot" graph --format=
'

test_expect_success 'options before the command are no command' '
	mkdir other && (cd other && echo "(step far (shell \"\"))" > Flowfile &&
	flowmake run) &&
	completed "1 far" -C other show "" &&
	completed "1 far" --directory other show "" &&
	completed "1 far" show --dir=other "" &&
	completed "1 far" -Cother show "" &&
	completed show --directory=other sho &&
	completed show --directory other sho &&
	completed show -f run sho
'

test_expect_success '"=" may be a word of its own, as bash has it' '
	completed show --directory = other sho &&
	completed "1 far" show --directory = other "" &&
	completed "text dot" graph --format = &&
	completed dot graph --format = d &&
	completed "two three" resume --rerun = t
'

test_expect_success 'no Flowfile is looked at' '
	echo "(system* \"touch\" \"ran\")" > Flowfile &&
	complete_words run "" > actual &&
	test ! -e ran
'

test_done
