# The example `wordcount` counts as awk alone does.
. "${0%/*}/lib"

# count SHORTEST: the counts of all books by one awk program.
count() {
	awk -v shortest="$1" '{
		gsub(/[^A-Za-z]+/, " ")
		for (i = 1; i <= NF; i++)
			if (length($i) >= shortest)
				n[$i]++
	} END { for (word in n) print n[word], word }' books/*.txt | sort -rn
}

test_expect_success 'the words are counted' '
	example wordcount &&
	count 4 > expected &&
	flowmake run --local &&
	test_cmp expected total.tsv
'

test_expect_success 'a parameter given on the command line counts' '
	count 9 > expected &&
	flowmake run --local shortest=9 &&
	test_cmp expected total.tsv
'

test_expect_success 'a book added is counted' '
	echo "Lighthouses, lighthouses!" > books/added.txt &&
	count 4 > expected &&
	grep "1 Lighthouses" expected &&
	flowmake run --local &&
	test_cmp expected total.tsv
'

test_expect_success 'a step that asks for Batch is refused without --local' '
	test_must_fail flowmake run 2> errors &&
	test_grep total errors &&
	test_grep "[-]-local" errors
'

test_done
