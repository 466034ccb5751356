/*
 * report/lines: output cut into lines, and escaped.
 */
#include "base/base.h"

#include "report/lines.h"

#include <stdlib.h>

#include "base/clock.h"
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

/* What lines_print makes of TEXT when it comes in pieces of STEP bytes and
 * the buffer takes MAX at a time. */
static void
print_pieces(const char *text, size_t step, size_t max, bool escape,
	     struct strbuf *got)
{
	struct strbuf prefix = STRBUF_INIT, block = STRBUF_INIT;
	struct lines l = LINES_INIT;
	size_t len = strlen(text), n, left;

	strbuf_adds(&prefix, "[a] ");
	for (; len; text += left, len -= left) {
		left = MIN(step, len);
		for (n = 0; n < left;) {
			n += lines_print(&l, &prefix, escape, text + n,
					 left - n, max, &block);
			strbuf_add(got, block.buf, block.len);
			strbuf_reset(&block);
		}
	}
	if (lines_has_part(&l))
		lines_print(&l, &prefix, escape, "\n", 1, SIZE_MAX, got);
	strbuf_release(&prefix);
	strbuf_release(&block);
	lines_release(&l);
}

static void
test_printing(void)
{
	static const char text[] =
		"one\n\ntwo\tof them, and more\nthr\033ee\ngr\303\274n\nrest";
	struct strbuf whole = STRBUF_INIT, got = STRBUF_INIT;
	bool pass = true;
	size_t step, max;

	print_pieces(text, sizeof(text), 1000, true, &whole);
	is_str(whole.buf, "[a] one\n[a] \n[a] two\tof them, and more\n"
	       "[a] thr\\x1bee\n[a] gr\303\274n\n[a] rest\n",
	       "each line is printed with what comes before it, escaped");
	for (step = 1; step < sizeof(text); step++) {
		for (max = 1; max < 40; max += 13) {
			strbuf_reset(&got);
			print_pieces(text, step, max, true, &got);
			pass = pass && !strcmp(got.buf, whole.buf);
		}
	}
	ok(pass, "however its bytes come, and however few lines fit");
	strbuf_reset(&got);
	print_pieces(text, sizeof(text), 1000, false, &got);
	is_str(got.buf, "[a] one\n[a] \n[a] two\tof them, and more\n"
	       "[a] thr\033ee\n[a] gr\303\274n\n[a] rest\n",
	       "or as it is");
	strbuf_release(&whole);
	strbuf_release(&got);
}

static void
test_returns(void)
{
	struct strbuf got = STRBUF_INIT, prefix = STRBUF_INIT;
	struct lines l = LINES_INIT;

	print_pieces("one\r\n\r\n\r 1%\r 2%\n 3%\r 4%\r\r\n 5%\r 6", 1, 100,
		     true, &got);
	is_str(got.buf, "[a] one\n[a] \n[a]  2%\n[a]  4%\n[a]  6\n",
	       "of a line with carriage returns the last part is printed");
	strbuf_reset(&got);
	print_pieces("one\r\n 1%\r 2%\n", 100, 100, false, &got);
	is_str(got.buf, "[a] one\r\n[a]  1%\r 2%\n",
	       "unless it stands as it is");
	strbuf_reset(&got);
	lines_print(&l, &prefix, true, "\r 1%", 4, 100, &got);
	lines_print_part(&l, &prefix, 5 * NS_PER_S, &got);
	lines_print(&l, &prefix, true, "\r 2%\r 3", 7, 100, &got);
	lines_print_part(&l, &prefix, 6 * NS_PER_S - 1, &got);
	is_str(got.buf, "", "no part is printed before a second is over");
	lines_print_part(&l, &prefix, 6 * NS_PER_S, &got);
	is_str(got.buf, " 2%\n", "then one that a return has ended");
	lines_print(&l, &prefix, true, "%\r", 2, 100, &got);
	lines_print_part(&l, &prefix, 7 * NS_PER_S, &got);
	is_str(got.buf, " 2%\n", "which may be that of a newline");
	lines_print_part(&l, &prefix, 2 * NS_PER_S, &got);
	lines_print(&l, &prefix, true, "\n", 1, 100, &got);
	lines_print_part(&l, &prefix, 9 * NS_PER_S, &got);
	is_str(got.buf, " 2%\n 3%\n", "that comes");
	lines_release(&l);
	strbuf_release(&got);
}

static void
test_printing_long_lines(void)
{
	struct strbuf text = STRBUF_INIT, got = STRBUF_INIT;
	size_t i;

	strbuf_grow(&text, 200000);
	for (i = 0; i < LINES_MAX_BYTES; i++)
		strbuf_addch(&text, 'x');
	strbuf_addch(&text, '\n');
	print_pieces(text.buf, text.len, 1000, true, &got);
	ok(got.len == LINES_MAX_BYTES + 5, "the longest line is one line");
	strbuf_reset(&got);
	text.buf[LINES_MAX_BYTES] = 'x';
	strbuf_adds(&text, "\n");
	print_pieces(text.buf, text.len, 1000, true, &got);
	ok(got.len == LINES_MAX_BYTES + 11, "one that is longer is two");
	strbuf_release(&text);
	strbuf_release(&got);
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
	test_printing();
	test_returns();
	test_printing_long_lines();
	test_escaping();
	test_all_bytes();
	return done_testing();
}
