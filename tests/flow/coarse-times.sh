# Where a file that changes twice in some ms keeps its time, as with a Linux
# before 6.13, a resume sees no less, and looks at files only, too.
. "${0%/*}/lib"

if test "$SANITIZE" = yes; then
	test_skip_all 'no library can be loaded before that of the sanitizers'
fi
$CC -shared -fPIC -O1 -o coarse-times.so \
	"$srcdir/tests/flow/programs/coarse-times.c" -ldl ||
	test_skip_all 'no C compiler'
export LD_PRELOAD=$PWD/coarse-times.so

test_expect_success 'such times are what flowmake sees' '
	: > file && "$PYTHON" - <<-\END
	import ctypes, struct
	st = ctypes.create_string_buffer(144)
	assert ctypes.CDLL(None).stat(b"file", st) == 0
	assert struct.unpack_from("q", st, 96)[0] % 10000000 == 1
	END
'

. "${0%/*}/lib-witness"

test_done
