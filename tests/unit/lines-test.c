/*
 * report/lines: output cut into lines, and escaped.
 */
#include "base/base.h"

#include "report/lines.h"

#include <stdlib.h>

#include "tap.h"

/* Collect each line, followed by "|". */
static void
collect(void *data, const char *line, size_t len)
{
	strbuf_add(data, line, len);
	strbuf_addch(data, '|');
}

static void
test_cutting(void)
{
	struct lines l = LINES_INIT;
	struct strbuf got = STRBUF_INIT;

	lines_feed(&l, "one\ntwo\nth", 10, collect, &got);
	is_str(got.buf, "one|two|", "lines that have ended are given");
	lines_feed(&l, "ree", 3, collect, &got);
	is_str(got.buf, "one|two|", "a part of a line is held");
	lines_feed(&l, "\n\n", 2, collect, &got);
	is_str(got.buf, "one|two|three||", "until its newline comes");
	lines_feed(&l, "rest", 4, collect, &got);
	lines_end(&l, collect, &got);
	is_str(got.buf, "one|two|three||rest|", "or nothing more can come");
	lines_end(&l, collect, &got);
	is_str(got.buf, "one|two|three||rest|", "which is said once");
	lines_release(&l);
	strbuf_release(&got);
}

static void
count_bytes(void *data, const char *line, size_t len)
{
	size_t *sizes = data;

	(void)line;
	sizes[0]++;
	sizes[1] = len > sizes[1] ? len : sizes[1];
	sizes[2] += len;
}

static void
test_long_lines(void)
{
	size_t sizes[3] = { 0, 0, 0 }, i;
	struct lines l = LINES_INIT;
	char block[1000];

	memset(block, 'x', sizeof(block));
	for (i = 0; i < 1000; i++)
		lines_feed(&l, block, sizeof(block), count_bytes, sizes);
	ok(l.held.alloc <= 4 * LINES_MAX_BYTES,
	   "a line without end does not fill the memory");
	lines_end(&l, count_bytes, sizes);
	ok(sizes[1] <= LINES_MAX_BYTES && sizes[2] == 1000000,
	   "it is given in parts, whole");
	lines_release(&l);
}

/* TEXT, of LEN bytes, escaped, compared. */
static void
escapes(const char *text, size_t len, const char *want, const char *title)
{
	struct strbuf got = STRBUF_INIT;

	lines_add_escaped(&got, text, len);
	is_str(got.buf, want, title);
	strbuf_release(&got);
}

static void
test_escaping(void)
{
	escapes("plain text, long enough for words", 33,
		"plain text, long enough for words", "plain text stays");
	escapes("a\tb", 3, "a\tb", "a tab stays");
	escapes("gr\303\274n \342\202\254", 9, "gr\303\274n \342\202\254",
		"UTF-8 stays");
	escapes("\033[31mred\033[0m", 12, "\\x1b[31mred\\x1b[0m",
		"escape sequences are shown");
	escapes("12345678\r90", 11, "12345678\\x0d90",
		"a control character behind plain text is shown");
	escapes("\377\tx\0y", 5, "\\xff\tx\\x00y",
		"bytes that are no UTF-8 are shown");
	escapes("\302\233J", 3, "\\xc2\\x9bJ",
		"C1 controls are shown");
}

/* Whether escaping is what a plain loop over the bytes would do. */
static void
test_all_bytes(void)
{
	struct strbuf got = STRBUF_INIT;
	char text[32];
	bool pass = true;
	int byte, at;

	for (byte = 0; byte < 0x80; byte++) {
		for (at = 0; at < 32; at++) {
			memset(text, 'a', sizeof(text));
			text[at] = (char)byte;
			strbuf_reset(&got);
			lines_add_escaped(&got, text, sizeof(text));
			if ((got.len == 32) !=
			    ((byte >= ' ' && byte < 0x7f) || byte == '\t'))
				pass = false;
		}
	}
	ok(pass, "every control character is found wherever it stands");
	strbuf_release(&got);
}

int
main(void)
{
	test_cutting();
	test_long_lines();
	test_escaping();
	test_all_bytes();
	return done_testing();
}
