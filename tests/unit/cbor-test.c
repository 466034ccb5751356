/*
 * CBOR in our subset.
 */
#include "base/base.h"

#include <math.h>
#include <stdlib.h>

#include "base/cbor.h"
#include "base/error.h"
#include "base/strbuf.h"
#include "tap.h"

static struct strbuf sb = STRBUF_INIT;

/* Compare what was written with WANT, in hexadecimal, and drop it. */
static void
is_hex(const char *want, const char *title)
{
	struct strbuf hex = STRBUF_INIT;
	size_t i;

	for (i = 0; i < sb.len; i++)
		strbuf_addf(&hex, "%02x", (unsigned char)sb.buf[i]);
	is_str(hex.buf, want, title);
	strbuf_release(&hex);
	strbuf_reset(&sb);
}

/* The examples of RFC 8949, appendix A. */
static void
test_writing(void)
{
	cbor_put_uint(&sb, 0);
	is_hex("00", "0");
	cbor_put_uint(&sb, 23);
	is_hex("17", "23");
	cbor_put_uint(&sb, 24);
	is_hex("1818", "24");
	cbor_put_uint(&sb, 1000);
	is_hex("1903e8", "1000");
	cbor_put_uint(&sb, 1000000);
	is_hex("1a000f4240", "1000000");
	cbor_put_uint(&sb, UINT64_MAX);
	is_hex("1bffffffffffffffff", "18446744073709551615");
	cbor_put_int(&sb, -1);
	is_hex("20", "-1");
	cbor_put_int(&sb, -1000);
	is_hex("3903e7", "-1000");
	cbor_put_int(&sb, INT64_MIN);
	is_hex("3b7fffffffffffffff", "-9223372036854775808");
	cbor_put_int(&sb, 10);
	is_hex("0a", "10");
	cbor_put_double(&sb, 1.1);
	is_hex("fb3ff199999999999a", "1.1");
	cbor_put_double(&sb, -INFINITY);
	is_hex("fbfff0000000000000", "-Infinity");
	cbor_put_double(&sb, -(double)NAN);
	is_hex("fb7ff8000000000000", "any NaN is the same");
	cbor_put_bool(&sb, false);
	cbor_put_bool(&sb, true);
	cbor_put_null(&sb);
	is_hex("f4f5f6", "false, true, null");
	cbor_put_bytes(&sb, "\1\2\3\4", 4);
	is_hex("4401020304", "h'01020304'");
	cbor_put_str(&sb, "\xc3\xbc");
	is_hex("62c3bc", "\"\\u00fc\"");
	cbor_put_str_or_null(&sb, NULL);
	is_hex("f6", "no text");
	cbor_put_text(&sb, "\xff", 1);
	is_hex("da00464d0141ff", "a text that is not UTF-8");
	cbor_put_array(&sb, 2);
	cbor_put_map(&sb, 0);
	cbor_put_tag(&sb, 1);
	cbor_put_uint(&sb, 1363896240);
	is_hex("82a0c11a514b67b0", "[{}, 1(1363896240)]");
}

/* A value of each kind, in one array. */
static void
write_all_kinds(void)
{
	cbor_put_array(&sb, 10);
	cbor_put_uint(&sb, 300);
	cbor_put_int(&sb, -300);
	cbor_put_bytes(&sb, "by\0", 3);
	cbor_put_str(&sb, "text");
	cbor_put_text(&sb, "\xfe", 1);
	cbor_put_map(&sb, 1);
	cbor_put_str(&sb, "k");
	cbor_put_bool(&sb, true);
	cbor_put_tag(&sb, CBOR_TAG_SYMBOL);
	cbor_put_str(&sb, "sym");
	cbor_put_double(&sb, 2.5);
	cbor_put_null(&sb);
	cbor_put_str(&sb, "last");
}

static void
test_reading(void)
{
	struct error err = ERROR_INIT;
	const char *s;
	struct cbor c;
	size_t len;
	char *str;

	write_all_kinds();
	cbor_init(&c, sb.buf, sb.len);
	is_int(cbor_peek(&c), CBOR_ARRAY, "peek tells the kind");
	is_int(cbor_get_array(&c), 10, "an array has its count");
	is_int(cbor_get_uint(&c), 300, "an unsigned integer is read");
	is_int(cbor_get_int(&c), -300, "a negative integer is read");
	s = cbor_get_bytes(&c, &len);
	ok(len == 3 && !memcmp(s, "by\0", 3), "bytes are read");
	s = cbor_get_text(&c, &len);
	ok(cbor_key_is(s, len, "text"), "text is read");
	s = cbor_get_text(&c, &len);
	ok(len == 1 && *s == '\xfe', "text that is not UTF-8 is read");
	is_int(cbor_get_map(&c), 1, "a map has its count");
	str = cbor_get_str(&c);
	is_str(str, "k", "a key is read");
	free(str);
	ok(cbor_get_bool(&c), "a truth value is read");
	is_int(cbor_next(&c).n, CBOR_TAG_SYMBOL, "a tag is read");
	cbor_skip(&c);
	ok(cbor_next(&c).d == 2.5, "a float is read");
	ok(!cbor_get_str(&c), "null is no string");
	ok(!cbor_get_null(&c), "a string is not null");
	ok(cbor_finish(&c, "it", &err) < 0, "bytes that are left are damage");
	is_str(err.text, "it is damaged", "and said to be");
	cbor_skip(&c);
	is_int(cbor_next(&c).kind, CBOR_END, "the end has its kind");
	ok(!cbor_finish(&c, "it", &err), "and is no damage");
	cbor_init(&c, sb.buf, sb.len);
	s = cbor_span(&c, &len);
	ok(s == sb.buf && len == sb.len, "span moves over all of an item");
	error_release(&err);
	strbuf_reset(&sb);
}

static void
test_every_cut(void)
{
	bool all = true;
	struct cbor c;
	size_t i;
	char *cut;

	write_all_kinds();
	for (i = 0; i < sb.len; i++) {
		/* A copy, so that a sanitizer sees a read behind it. */
		cut = xmemdup(sb.buf, i);
		cbor_init(&c, cut, i);
		cbor_skip(&c);
		all &= c.failed;
		free(cut);
	}
	ok(all, "an item cut anywhere is damaged");
	strbuf_reset(&sb);
}

static void
test_damage(void)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *title;
	} cases[] = {
		{ "\x18\x17", 2, "an integer longer than needed" },
		{ "\x59\x00\x01x", 4, "a length longer than needed" },
		{ "\x9f\xff", 2, "an array without length" },
		{ "\xbf\xff", 2, "a map without length" },
		{ "\x5f\x41x\xff", 4, "bytes without length" },
		{ "\x7f\x61x\xff", 4, "text without length" },
		{ "\xf9\x3c\x00", 3, "a float of 16 bits" },
		{ "\xfa\x3f\x80\x00\x00", 5, "a float of 32 bits" },
		{ "\xf7", 1, "undefined" },
		{ "\xf0", 1, "a simple value" },
		{ "\xff", 1, "a break" },
		{ "\x61\xff", 2, "text that is not UTF-8" },
		{ "\x9b\xff\xff\xff\xff\xff\xff\xff\xff", 9,
		  "an array larger than memory" },
		{ "\xbb\x80\x00\x00\x00\x00\x00\x00\x00", 9,
		  "a map whose items overflow" },
		{ "\x7b\xff\xff\xff\xff\xff\xff\xff\xff", 9,
		  "text larger than memory" },
		{ "\xc1", 1, "a tag of nothing" },
		{ "\xda\x00\x46\x4d\x01\x01", 6, "raw text that is a number" },
	};
	struct cbor c;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		cbor_init(&c, cases[i].bytes, cases[i].len);
		cbor_skip(&c);
		ok(c.failed, "%s is refused", cases[i].title);
	}
}

static void
test_failed(void)
{
	struct error err = ERROR_INIT;
	struct cbor c;
	size_t len;
	char *str;

	cbor_init(&c, "\x01\x02\x03", 3);
	cbor_get_bool(&c);
	ok(c.failed, "a wrong kind fails");
	ok(!cbor_get_uint(&c) && !cbor_get_int(&c) && !cbor_get_array(&c) &&
		   !*cbor_get_text(&c, &len) && !len,
	   "from then on all is zero or empty");
	str = cbor_get_str(&c);
	is_str(str, "", "a string too");
	free(str);
	ok(cbor_finish(&c, "message", &err) < 0, "and the end tells");
	cbor_init(&c, "\x63" "a\0b", 4);
	free(cbor_get_str(&c));
	ok(c.failed, "a string with a NUL fails");
	cbor_init(&c, "\x3b\xff\xff\xff\xff\xff\xff\xff\xff", 9);
	cbor_get_int(&c);
	ok(c.failed, "a number beyond 64 bits fails");
	cbor_init(&c, NULL, 0);
	cbor_get_uint(&c);
	ok(c.failed, "the end is no number");
	error_release(&err);
}

static void
test_depth(void)
{
	struct cbor c;
	size_t i;

	for (i = 0; i < 1000000; i++)
		cbor_put_array(&sb, 1);
	cbor_put_null(&sb);
	cbor_init(&c, sb.buf, sb.len);
	cbor_skip(&c);
	ok(!cbor_finish(&c, "it", NULL), "a million levels are skipped");
	strbuf_reset(&sb);
}

int
main(void)
{
	test_writing();
	test_reading();
	test_every_cut();
	test_damage();
	test_failed();
	test_depth();
	strbuf_release(&sb);
	return done_testing();
}
