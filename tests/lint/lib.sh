# What the lints share: one check is a title and the offending lines on stdin.

# The last command of a pipe runs here, so that `clean` can count.
shopt -s lastpipe

srcdir=${srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
cd "$srcdir" || exit 1
count=0
failed=0

# clean 'title' < LINES: passes when there are no lines.
clean() {
	local lines
	lines=$(cat)
	count=$((count + 1))
	if test -z "$lines"; then
		echo "ok $count - $1"
	else
		echo "not ok $count - $1"
		printf '%s\n' "$lines" | sed -n '1,40s/^/# /p'
		failed=1
	fi
}

finish() {
	echo "1..$count"
	exit $failed
}
