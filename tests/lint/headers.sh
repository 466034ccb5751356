# Every header stands alone and is guarded by its own name.
. "$(dirname "$0")/lib.sh"

headers=$(find src -name '*.h' | LC_ALL=C sort)

# One compiler for all: it takes each as a file of its own.
${CC:-cc} -std=gnu11 -fsyntax-only -x c \
	${TEST_CPPFLAGS:--Isrc} $headers 2>&1 |
clean 'every header compiles alone'

for header in $headers; do
	guard=FLOWMAKE_$(echo "${header#src/}" | tr a-z./- A-Z___)
	grep -q "^#ifndef $guard\$" "$header" &&
	grep -q "^#define $guard\$" "$header" || echo "$header: $guard"
done | clean 'every header is guarded by its own name'

finish
