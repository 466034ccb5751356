# Completion for bash.
. "${0%/*}/lib"

. "$srcdir/completion/flowmake"

# complete_words WORD...: what the last word may become, line by line.
complete_words() {
	COMP_WORDS=(flowmake "$@")
	COMP_CWORD=$#
	_flowmake
	printf '%s\n' "${COMPREPLY[@]}"
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
	complete_words show "" > actual &&
	printf "%s\n" 1 2 > expected &&
	test_cmp expected actual
'

test_done
