# A file includes its own floor and those below.
. "$(dirname "$0")/lib.sh"

# includes FILE...: FILE:LINE FLOOR-OF-FILE INCLUDED-FILE
includes() {
	awk '/^[ \t]*#[ \t]*include[ \t]*"/ {
		split(FILENAME, path, "/"); split($0, part, "\"")
		print FILENAME ":" FNR, path[2], part[2]
	}' "$@"
}

files=$(find src -name '*.[ch]' | LC_ALL=C sort)

includes $files | awk '
	BEGIN {
		n = split("base model sys store flow exec sched report cli", f)
		for (i = 1; i <= n; i++)
			height[f[i]] = i
	}
	{ split($3, to, "/") }
	to[1] == "config.h" && $1 ~ "^src/base/base.h:" { next }
	!height[$2] { next }
	!height[to[1]] || height[to[1]] > height[$2] {
		print $1 ": " $2 "/ may not include " $3
	}' | clean 'a floor includes only itself and the floors below'

includes $files | awk '
	$2 !~ /^(evaluator|git|aws)$/ { next }
	{ split($3, to, "/") }
	to[1] == "base" || to[1] == "model" || to[1] == "sys" { next }
	to[1] == $2 || $3 ~ "^store/value" { next }
	{ print $1 ": src/" $2 " may not include " $3 }
	' | clean 'the programs beside the tower include base, model, sys and values'

grep -n '#include <libguile' $files | grep -v '^src/evaluator/' |
clean 'only the evaluator includes libguile.h'

grep -nE '#include <(curl|git2|openssl)' $files | grep -vE '^src/(git|aws)/' |
clean 'only the helper programs include curl, libgit2 and OpenSSL'

for file in $(find src -name '*.c'); do
	first=$(grep -m1 '^#include' "$file")
	test "$first" = '#include "base/base.h"' || echo "$file: $first"
done | clean 'every .c file includes base/base.h first'

grep -nE '(^|[^a-z_])_?exit\(' $files |
grep -vE '^src/(cli|evaluator|git|aws)/|^src/(base/base|sys/reaper|sys/spawn)\.[ch]:|[/ ]\*' |
clean 'only commands, programs, the guardian and what is no program yet exit'

grep -nE '(^|[^a-z_>.])(system|popen|gets|strtok|sprintf|strcat)\(' \
	$files | grep -vE ':[ 	]*(/?\*|//)' |
clean 'nothing runs system, popen, or a function without bounds'

finish
