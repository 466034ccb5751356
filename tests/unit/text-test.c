/*
 * Text as people read it.
 */
#include "base/base.h"

#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "tap.h"

static struct strbuf sb = STRBUF_INIT;

/* Compare what was appended, and empty it. */
static void
is_text(const char *want, const char *title)
{
	is_str(sb.buf, want, title);
	strbuf_reset(&sb);
}

static void
test_escaped(void)
{
	text_add_escaped(&sb, "caf\xc3\xa9 \\ 'x'", 11);
	is_text("caf\xc3\xa9 \\ 'x'", "what can be printed stays");
	text_add_escaped(&sb, "a\n\t\x1b[1m\x7f\0", 9);
	is_text("a\\n\\t\\x1b[1m\\x7f\\x00", "control characters are shown");
	text_add_escaped(&sb, "\xff" "a\xc3", 3);
	is_text("\\xffa\\xc3", "so are bytes that are not UTF-8");
	text_add_escaped(&sb, "\xc2\x9b", 2);
	is_text("\\xc2\\x9b", "so are the control characters of Latin-1");
	text_add_escaped(&sb, "\xc2\xa0", 2);
	is_text("\xc2\xa0", "but not what follows them");
	text_add_escaped(&sb, "a\xe2\x80\xae" "b\xe2\x80\x8f\xe2\x81\xa6", 11);
	is_text("a\\xe2\\x80\\xae" "b\\xe2\\x80\\x8f\\xe2\\x81\\xa6",
		"those that turn the direction of text are shown");
	text_add_escaped(&sb, "\xe2\x80\x8d\xe2\x80\x90\xe2\x80\xa9"
			 "\xe2\x80\xaf\xe2\x81\xa5\xe2\x81\xaa", 18);
	is_text("\xe2\x80\x8d\xe2\x80\x90\xe2\x80\xa9"
		"\xe2\x80\xaf\xe2\x81\xa5\xe2\x81\xaa",
		"but not their neighbours");
}

static void
test_stand_ins(void)
{
	static const char text[] = "a\xf4\x8f\xbd\xbf\xf4\x8f\xbe\x80";

	text_add_stand_in(&sb, 0x80);
	text_add_stand_in(&sb, 0xff);
	is_text("\xf4\x8f\xbe\x80\xf4\x8f\xbf\xbf",
		"a byte has a private character to stand in");
	ok(text_is_stand_in(text + 5, 4) && !text_is_stand_in(text + 1, 8) &&
	   !text_is_stand_in(text + 5, 3), "which can be told from others");
	text_add_bytes(&sb, text, 9);
	is_text("a\xf4\x8f\xbd\xbf\x80", "and made the byte again");
	text_add_bytes(&sb, text, 8);
	is_text("a\xf4\x8f\xbd\xbf\xf4\x8f\xbe", "unless it is cut");
}

static void
test_ordinals(void)
{
	static const unsigned numbers[] = { 0, 1, 2, 3, 4, 11, 12, 13, 21,
		102, 111, 213, 1003 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(numbers); i++)
		strbuf_addf(&sb, " %u%s", numbers[i],
			    text_ordinal_ending(numbers[i]));
	is_text(" 0th 1st 2nd 3rd 4th 11th 12th 13th 21st 102nd 111th 213th "
		"1003rd", "ordinals have the endings of English");
}

static void
test_utf8(void)
{
	static const struct {
		const char *s;
		bool valid;
		const char *title;
	} cases[] = {
		{ "", true, "nothing" },
		{ "plain text of more than eight bytes", true, "ASCII" },
		{ "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80 and more", true,
		  "two, three and four bytes" },
		{ "\xf4\x8f\xbf\xbf", true, "U+10FFFF" },
		{ "\xf4\x90\x80\x80", false, "above U+10FFFF" },
		{ "\xed\xa0\x80", false, "a surrogate" },
		{ "\xed\x9f\xbf\xee\x80\x80", true, "beside the surrogates" },
		{ "\xc0\x80", false, "an overlong NUL" },
		{ "\xe0\x9f\xbf", false, "an overlong form of three" },
		{ "\xf0\x8f\xbf\xbf", false, "an overlong form of four" },
		{ "\x80", false, "a byte that continues nothing" },
		{ "12345678\xe2\x82", false, "one cut short" },
		{ "\xe2\x82z", false, "one that another follows" },
		{ "\xf5\x80\x80\x80", false, "a byte that begins nothing" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		ok(text_is_utf8(cases[i].s, strlen(cases[i].s)) ==
			   cases[i].valid,
		   "%s is %sUTF-8", cases[i].title,
		   cases[i].valid ? "" : "not ");
}

static void
test_suggest(void)
{
	static const char *const names[] = { "cpu", "memory", "batch",
					     "outputs", "gpu", NULL };

	is_str(text_suggest("memroy", names), "memory", "memroy is memory");
	is_str(text_suggest("cpus", names), "cpu", "cpus is cpu");
	is_str(text_suggest("bacth", names), "batch", "bacth is batch");
	is_str(text_suggest("outpts", names), "outputs", "outpts is outputs");
	is_str(text_suggest("output", names), "outputs", "output is outputs");
	is_str(text_suggest("walrus", names), NULL, "walrus is nothing");
	is_str(text_suggest("x", names), NULL, "x is nothing");
	is_str(text_suggest("", names), NULL, "nor is nothing");
	is_str(text_suggest("gpu", names), "gpu", "the nearest counts");
}

static void
test_numbers(void)
{
	text_add_duration(&sb, 0);
	is_text("0.0s", "no time");
	text_add_duration(&sb, 1240 * NS_PER_MS);
	is_text("1.2s", "seconds have tenths");
	text_add_duration(&sb, 59949 * NS_PER_MS);
	is_text("59.9s", "up to a minute");
	text_add_duration(&sb, 59951 * NS_PER_MS);
	is_text("1m 0s", "which rounding may reach");
	text_add_duration(&sb, 200 * NS_PER_S);
	is_text("3m 20s", "minutes have seconds");
	text_add_duration(&sb, 7500 * NS_PER_S);
	is_text("2h 5m", "hours have minutes");
	text_add_duration(&sb, 183600 * NS_PER_S);
	is_text("2d 3h", "days have hours");
	text_add_duration(&sb, -NS_PER_S);
	is_text("-1.0s", "a clock may go back");
	text_add_duration(&sb, INT64_MIN);
	ok(sb.len > 5, "any number is a duration");
	strbuf_reset(&sb);
	text_add_size(&sb, 999);
	is_text("999 B", "bytes are whole");
	text_add_size(&sb, 1000);
	is_text("1.0 kB", "a thousand is a kilobyte");
	text_add_size(&sb, 12345678);
	is_text("12.3 MB", "one digit behind the point");
	text_add_size(&sb, 999960);
	is_text("1.0 MB", "rounding may reach the next unit");
	text_add_size(&sb, UINT64_MAX);
	is_text("18.4 EB", "any number is a size");
	text_add_count(&sb, 999);
	is_text("999", "small counts are plain");
	text_add_count(&sb, 1234);
	is_text("1,234", "thousands are separated");
	text_add_count(&sb, 1002003);
	is_text("1,002,003", "and filled with zeros");
}

static void
test_time(void)
{
	setenv("TZ", "UTC-1", 1);
	tzset();
	text_add_time(&sb, INT64_C(1795336899689000000));
	is_text("2026-11-22 09:41:39.689", "times are local, to milliseconds");
	text_add_time(&sb, -1);
	is_text("1970-01-01 00:59:59.999", "and may be before 1970");
}

int
main(void)
{
	test_escaped();
	test_stand_ins();
	test_ordinals();
	test_utf8();
	test_suggest();
	test_numbers();
	test_time();
	strbuf_release(&sb);
	return done_testing();
}
