# What README shows comes out as it is written there.
. "${0%/*}/lib"

# The flow of README as `flow`, what it says on a terminal as `expected`, the
# commands there as `commands`.
sed -n '/^    (parameter/,/^[^ ]/{
	/^[^ ]/q
	s/^    //
	p
}' "$srcdir/README" > shown
sed '/^\$ /,$d' shown | sed '$d' > flow
sed -n '/^\$ /,$p' shown | sed '$d' > expected
sed -n 's/^\$ //p' expected > commands

# Dates, times, sizes and who it was differ; a small machine is warned about.
same_everywhere() {
	sed -E -e "/ warning: /d" \
		-e "s/[0-9-]{10} [0-9:.]{12}/DATE/; s/pid [0-9]+/pid N/" \
		-e "s/by .* on .*/by WHO/; s/[0-9.]+s/TIME/g" \
		-e "s/[0-9.]+ MB/SIZE/; s/ +/ /g"
}

test_expect_success 'the flow of README is examples/wordcount, without batch' '
	test -s commands &&
	mkdir -p examples/wordcount &&
	(cd examples/wordcount && example wordcount) &&
	grep -v -e "^;;; Flowfile" -e "(batch " examples/wordcount/Flowfile |
		sed 1d > there &&
	test_cmp there flow
'

test_expect_success 'it says on a terminal what README shows' '
	(while read -r command; do
		echo "\$ $command"
		eval "$command" 2>&1
	done) < commands > actual &&
	same_everywhere < actual > same &&
	same_everywhere < expected > shown &&
	test_cmp shown same
'

test_done
