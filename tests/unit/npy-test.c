/*
 * Heads of .npy files, as NumPy writes them and as nobody should.
 */
#include "base/base.h"

#include <stdlib.h>

#include "base/strbuf.h"
#include "model/npy.h"
#include "tap.h"

static struct npy a;

/* Parse a file of VERSION with HEADER and LEN bytes of numbers. */
static bool
parse(unsigned version, const char *header, size_t len)
{
	struct strbuf file = STRBUF_INIT;
	size_t n = strlen(header);
	bool good;

	strbuf_add(&file, "\x93NUMPY", 6);
	strbuf_addch(&file, (char)version);
	strbuf_addch(&file, 0);
	strbuf_addch(&file, (char)(n & 255));
	strbuf_addch(&file, (char)(n >> 8));
	if (version > 1)
		strbuf_add(&file, "\0\0", 2);
	strbuf_adds(&file, header);
	while (len--)
		strbuf_addch(&file, 7);
	good = npy_parse(&a, file.buf, file.len);
	strbuf_release(&file);
	return good;
}

/* Parse one whose numbers, of 8 bytes, have SHAPE. */
static bool
shape(const char *tuple, size_t len)
{
	char *header = xasprintf("{'descr': '<f8', 'fortran_order': False, "
				 "'shape': %s, }\n", tuple);
	bool good = parse(1, header, len);

	free(header);
	return good;
}

static void
test_good(void)
{
	ok(parse(1, "{'descr': '<f8', 'fortran_order': False, 'shape': (3,), "
		 "}     \n", 24), "a vector of doubles is one");
	is_str(a.type, "<f8", "with its type");
	is_int((intmax_t)a.number_bytes, 8, "the size of a number");
	is_int((intmax_t)a.count, 3, "their count");
	is_int((intmax_t)a.data_at, 10 + 63, "and where they begin");
	ok(!a.is_fortran_order && a.dimensions == 1 && a.shape[0] == 3,
	   "its shape is told");
	ok(parse(2, "{'shape': (2, 3, 4), 'fortran_order': True, "
		 "\"descr\": 0, 'descr': '|i1'}", 24) &&
	   a.is_fortran_order && a.dimensions == 3 && a.shape[2] == 4,
	   "version 2, another order of keys, another order of numbers");
	ok(parse(1, "{'descr':'<c16','shape':(2,)}", 32) &&
	   a.number_bytes == 16, "blanks may be left out");
	ok(shape("()", 8) && !a.dimensions && a.count == 1,
	   "a number without dimensions is one number");
	ok(shape("(0, 5)", 0) && !a.count, "there may be none");
}

static void
test_bad(void)
{
	static const char good[] = "{'descr': '<f8', 'fortran_order': False, "
		"'shape': (1,), }\n";
	struct strbuf many = STRBUF_INIT;
	int i;

	ok(!npy_parse(&a, "", 0) && !npy_parse(&a, "\x93NUMPY\1\0\0\0", 10) &&
	   !npy_parse(&a, "something else", 14), "what is too short, or "
	   "begins with something else, is none");
	ok(!parse(0, good, 8), "nor is one of version 0");
	ok(!parse(1, good, 7) && !parse(1, good, 9),
	   "it has just as many bytes as it says");
	ok(!npy_parse(&a, "\x93NUMPY\1\0\xff\xff{'descr'", 17),
	   "a header that goes beyond the end is refused");
	ok(!shape("(a,)", 8) && !shape("(-1,)", 8) && !shape("(1", 8) &&
	   !shape("1", 8) && !shape("", 8), "so is what is no shape");
	ok(!shape("(18446744073709551616,)", 8) &&
	   !shape("(4294967296, 4294967297)", 1UL << 3) &&
	   !shape("(2305843009213693953,)", 8),
	   "so are numbers that only fit when they overflow");
	strbuf_addch(&many, '(');
	for (i = 0; i < 33; i++)
		strbuf_adds(&many, "1,");
	strbuf_addch(&many, ')');
	ok(!shape(many.buf, 8), "and too many dimensions");
	strbuf_release(&many);
	ok(!parse(1, "{'descr': [('x', '<f8')], 'shape': (1,), }", 8) &&
	   !parse(1, "{'descr': '|O', 'shape': (1,), }", 8) &&
	   !parse(1, "{'descr': '<f0', 'shape': (1,), }", 0) &&
	   !parse(1, "{'descr': '<f8\", 'shape': (1,), }", 8) &&
	   !parse(1, "{'shape': (1,), }", 8), "so is what is no number");
}

int
main(void)
{
	test_good();
	test_bad();
	return done_testing();
}
