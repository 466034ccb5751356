# Files and functions stay small.
. "$(dirname "$0")/lib.sh"

files=$(find src -name '*.[ch]' | LC_ALL=C sort)
scheme=$(find scm -name '*.scm' | LC_ALL=C sort)

for file in $files $scheme; do
	lines=$(wc -l < "$file")
	test "$lines" -le 600 || echo "$file: $lines lines"
done | clean 'no file has more than 600 lines'

awk 'END { if (NR >= 150) print "HACKING: " NR " lines" }' HACKING |
clean 'HACKING has less than 150 lines'

# Only a function opens its brace in the first column: tables do not count.
awk '
	FNR == 1 { start = 0 }
	/^[{]/ { start = FNR; head = previous }
	/^[}]/ && start {
		if (FNR - start - 1 > 70)
			print FILENAME ":" start ": " FNR - start - 1 \
			      " lines: " head
		start = 0
	}
	{ previous = $0 }' /dev/null $files |
clean 'no function has more than 70 lines'

# Columns, with tabs of 8; a long string or address may stand out.
expand_long() {
	for file in $files; do
		expand "$file" | awk -v file="$file" '
			length($0) > 80 && !/"/ && !/https?:/ {
				print file ":" FNR ": " length($0) " columns"
			}'
	done
}
LC_ALL=C.UTF-8 expand_long | clean 'no line has more than 80 columns'

grep -nE '[ 	]+$' $files $scheme | clean 'no line ends in white space'

grep -nE '\b(TODO|FIXME)\b' $files $scheme |
clean 'nothing is left to be done later in a comment'

finish
