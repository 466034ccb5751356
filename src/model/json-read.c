/*
 * JSON (RFC 8259) as values.  The text is read twice: first to check it and
 * to count the elements of each array and object, which CBOR wants to know
 * before them, then to write.  Integers of any size are exact, nesting has
 * no limit, and \udcXX is the byte XX, as our own JSON says it.
 */
#include "base/base.h"
#include "model/value.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cbor.h"
#include "base/error.h"
#include "base/strbuf.h"
#include "model/number.h"

struct reader {
	const char *text, *p, *end;
	uint64_t *counts; /* of each container, in the order they open */
	size_t count, alloc;
	size_t next; /* the container that opens next in the second pass */
	size_t *open; /* those that the first pass is inside of */
	size_t depth, open_alloc;
	struct error *err;
};

/* Say what is wrong at P. */
static int
fail(struct reader *r, const char *p, const char *what)
{
	size_t line = 1, column = 1;
	const char *s;

	for (s = r->text; s < p; s++) {
		if (*s == '\n') {
			line++;
			column = 1;
		} else if ((*s & 0xc0) != 0x80) {
			column++;
		}
	}
	return error_set(r->err, "line %zu, column %zu: %s", line, column,
			 what);
}

/* The next byte behind blanks, or 0 at the end. */
static char
skip_blanks(struct reader *r)
{
	while (r->p < r->end && (*r->p == ' ' || *r->p == '\t' ||
				 *r->p == '\n' || *r->p == '\r'))
		r->p++;
	return r->p < r->end ? *r->p : '\0';
}

/* ---- strings ---- */

/* The value of four hexadecimal digits at P, or -1. */
static long
code_unit(const char *p, const char *end)
{
	long n = 0;
	int i;

	if (end - p < 4)
		return -1;
	for (i = 0; i < 4; i++) {
		char c = p[i];

		if (c >= '0' && c <= '9')
			n = n * 16 + c - '0';
		else if (c >= 'a' && c <= 'f')
			n = n * 16 + c - 'a' + 10;
		else if (c >= 'A' && c <= 'F')
			n = n * 16 + c - 'A' + 10;
		else
			return -1;
	}
	return n;
}

static void
add_utf8(struct strbuf *sb, long c)
{
	if (c < 0x80) {
		strbuf_addch(sb, (char)c);
		return;
	}
	if (c < 0x800) {
		strbuf_addch(sb, (char)(0xc0 | c >> 6));
	} else {
		if (c < 0x10000) {
			strbuf_addch(sb, (char)(0xe0 | c >> 12));
		} else {
			strbuf_addch(sb, (char)(0xf0 | c >> 18));
			strbuf_addch(sb, (char)(0x80 | (c >> 12 & 0x3f)));
		}
		strbuf_addch(sb, (char)(0x80 | (c >> 6 & 0x3f)));
	}
	strbuf_addch(sb, (char)(0x80 | (c & 0x3f)));
}

/* Append what \u at P, behind the u, stands for.  Returns its length or 0. */
static size_t
add_unicode(struct strbuf *sb, const char *p, const char *end)
{
	long c = code_unit(p, end), low;

	if (c >= 0xdc80 && c <= 0xdcff) {
		strbuf_addch(sb, (char)c);
		return 4;
	}
	if (c >= 0xd800 && c <= 0xdbff) {
		if (end - p < 6 || p[4] != '\\' || p[5] != 'u')
			return 0;
		low = code_unit(p + 6, end);
		if (low < 0xdc00 || low > 0xdfff)
			return 0;
		add_utf8(sb, 0x10000 + ((c & 0x3ff) << 10) + (low & 0x3ff));
		return 10;
	}
	if (c < 0 || (c >= 0xdc00 && c <= 0xdfff))
		return 0;
	add_utf8(sb, c);
	return 4;
}

/* Read the string whose opening quote stands here into SB. */
static int
read_string(struct reader *r, struct strbuf *sb)
{
	static const char escapes[] = "\"\"\\\\//b\bf\fn\nr\rt\t";
	const char *start, *e;
	size_t n;

	for (r->p++;; r->p++) {
		start = r->p;
		while (r->p < r->end && *r->p != '"' && *r->p != '\\' &&
		       (*r->p & 0x80 || *r->p >= 32))
			r->p++;
		strbuf_add(sb, start, r->p - start);
		if (r->p == r->end)
			return fail(r, r->p, "the string does not end");
		if (*r->p == '"')
			break;
		if (*r->p != '\\')
			return fail(r, r->p, "a control character in a string "
				    "must be escaped");
		if (++r->p == r->end)
			return fail(r, r->p, "the string does not end");
		if (*r->p == 'u') {
			n = add_unicode(sb, r->p + 1, r->end);
			if (!n)
				return fail(r, r->p - 1,
					    "no such character");
			r->p += n;
			continue;
		}
		for (e = escapes; *e && *e != *r->p; e += 2)
			;
		if (!*e)
			return fail(r, r->p - 1, "unknown escape in a string");
		strbuf_addch(sb, e[1]);
	}
	r->p++;
	return 0;
}

/* ---- numbers and words ---- */

static const char *
skip_digits(const char *p, const char *end)
{
	while (p < end && *p >= '0' && *p <= '9')
		p++;
	return p;
}

/* Read the number that stands here, appending it to OUT unless that is NULL. */
static int
read_number(struct reader *r, struct strbuf *out)
{
	const char *start = r->p, *p = r->p + (*r->p == '-');
	const char *whole = p, *stop;
	bool exact = true;
	double d;

	stop = p = skip_digits(p, r->end);
	if (p == whole || (*whole == '0' && p - whole > 1))
		return fail(r, start, "this is no number");
	if (p < r->end && *p == '.') {
		exact = false;
		stop = p + 1;
		p = skip_digits(stop, r->end);
		if (p == stop)
			return fail(r, start, "this is no number");
	}
	if (p < r->end && (*p == 'e' || *p == 'E')) {
		exact = false;
		p++;
		stop = p += p < r->end && (*p == '+' || *p == '-');
		p = skip_digits(p, r->end);
		if (p == stop)
			return fail(r, start, "this is no number");
	}
	r->p = p;
	if (exact && p - whole > NUMBER_MAX_DIGITS)
		return fail(r, start, "a number has more than 39,000 digits");
	d = exact ? 0 : number_parse_double(start, (size_t)(p - start));
	if (isinf(d))
		return fail(r, start, "the number is too large for a float");
	if (out && exact)
		number_put_integer(out, whole, (size_t)(p - whole),
				   *start == '-');
	else if (out)
		cbor_put_double(out, d);
	return 0;
}

static int
read_word(struct reader *r, struct strbuf *out)
{
	size_t left = (size_t)(r->end - r->p);

	if (left >= 4 && !memcmp(r->p, "true", 4)) {
		if (out)
			cbor_put_bool(out, true);
		r->p += 4;
	} else if (left >= 5 && !memcmp(r->p, "false", 5)) {
		if (out)
			cbor_put_bool(out, false);
		r->p += 5;
	} else if (left >= 4 && !memcmp(r->p, "null", 4)) {
		if (out) {
			cbor_put_tag(out, CBOR_TAG_SYMBOL);
			cbor_put_str(out, "null");
		}
		r->p += 4;
	} else {
		return fail(r, r->p, left ? "a value is expected" :
					    "the text ends too early");
	}
	return 0;
}

/* ---- first pass: check and count ---- */

/* Read a key and its colon. */
static int
check_key(struct reader *r, struct strbuf *scratch)
{
	if (skip_blanks(r) != '"')
		return fail(r, r->p, "a key is expected, in double quotes");
	strbuf_reset(scratch);
	if (read_string(r, scratch))
		return -1;
	if (skip_blanks(r) != ':')
		return fail(r, r->p, "':' is expected");
	r->p++;
	return 0;
}

static char
opening(const struct reader *r)
{
	return r->counts[r->open[r->depth - 1]] & 1 ? '{' : '[';
}

/* Go into the container that opens here.  Its count is kept doubled, plus one
 * for an object. */
static void
enter(struct reader *r, char c)
{
	ARRAY_GROW(r->counts, r->count, r->alloc);
	ARRAY_GROW(r->open, r->depth, r->open_alloc);
	r->counts[r->count] = c == '{';
	r->open[r->depth++] = r->count++;
	r->p++;
}

/* Read what stands between values: commas and the ends of containers.
 * Returns 1 when the next is a value, 0 at the end of everything. */
static int
check_between(struct reader *r, bool first, struct strbuf *scratch)
{
	bool object;
	char c;

	while (r->depth) {
		object = opening(r) == '{';
		c = skip_blanks(r);
		if (c == (object ? '}' : ']')) {
			r->p++;
			r->depth--;
			first = false;
			continue;
		}
		if (!first && c != ',')
			return fail(r, r->p, object ? "',' or '}' is expected" :
						      "',' or ']' is expected");
		r->p += !first;
		r->counts[r->open[r->depth - 1]] += 2;
		return object && check_key(r, scratch) ? -1 : 1;
	}
	return 0;
}

static int
check(struct reader *r)
{
	struct strbuf scratch = STRBUF_INIT;
	int more = 1;
	char c;

	while (more > 0) {
		bool first = false;
		int rc = 0;

		c = skip_blanks(r);
		if (c == '[' || c == '{') {
			enter(r, c);
			first = true;
		} else if (c == '"') {
			strbuf_reset(&scratch);
			rc = read_string(r, &scratch);
		} else if (c == '-' || (c >= '0' && c <= '9')) {
			rc = read_number(r, NULL);
		} else {
			rc = read_word(r, NULL);
		}
		more = rc ? -1 : check_between(r, first, &scratch);
	}
	strbuf_release(&scratch);
	if (!more && (skip_blanks(r) || r->p < r->end))
		return fail(r, r->p, "something stands behind the value");
	return more;
}

/* ---- second pass: write ---- */

/* A string or, before a colon, a key: a pair begins, whose tail is the value.
 * That a list behind a key makes one longer list is how Scheme sees it. */
static void
write_string(struct reader *r, struct strbuf *out)
{
	struct strbuf sb = STRBUF_INIT;
	char c;

	read_string(r, &sb);
	if (skip_blanks(r) == ':') {
		r->p++;
		c = skip_blanks(r);
		if (c == '[' || c == '{') {
			cbor_put_array(out, r->counts[r->next++] / 2 + 1);
			r->p++;
		} else {
			cbor_put_tag(out, CBOR_TAG_DOTTED);
			cbor_put_array(out, 2);
		}
	}
	cbor_put_text(out, sb.buf, sb.len);
	strbuf_release(&sb);
}

static void
write_values(struct reader *r, struct strbuf *out)
{
	char c;

	r->p = r->text;
	for (;;) {
		c = skip_blanks(r);
		if (!c)
			return;
		if (c == '[' || c == '{') {
			cbor_put_array(out, r->counts[r->next++] / 2);
			r->p++;
		} else if (strchr(",]}", c)) {
			r->p++;
		} else if (c == '"') {
			write_string(r, out);
		} else if (c == '-' || (c >= '0' && c <= '9')) {
			read_number(r, out);
		} else {
			read_word(r, out);
		}
	}
}

int
value_from_json(const char *text, size_t len, struct strbuf *out,
		struct error *err)
{
	struct reader r = { .text = text, .p = text, .end = text + len,
			    .err = err };
	int rc = check(&r);

	if (!rc)
		write_values(&r, out);
	free(r.counts);
	free(r.open);
	return rc;
}
