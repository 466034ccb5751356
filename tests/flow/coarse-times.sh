# Where a file that changes twice in some ms keeps its time, as with a Linux
# before 6.13, a resume sees no less, and looks at files only, too.
. "${0%/*}/lib"
. "${0%/*}/lib-preload"

preload flow/programs/coarse-times.c
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
