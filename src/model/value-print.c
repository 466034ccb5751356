/*
 * Values as Scheme's write shows them.  The walk keeps a stack of its own, so
 * that no value, however deep, can exhaust ours.
 */
#include "base/base.h"
#include "model/value.h"

#include <stdlib.h>
#include <string.h>

#include "base/cbor.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "model/number.h"

struct frame {
	uint64_t left;  /* items still to come */
	bool dotted;    /* the last of them is the tail */
	bool pairs;     /* keys and values take turns */
	bool key;       /* pairs: the next item is a key */
	bool first;
	const char *close;
};

struct printer {
	struct strbuf *out;
	size_t limit; /* where out is long enough */
	struct cbor c;
	struct frame *frames;
	size_t depth, alloc;
};

static bool
is_full(const struct printer *p)
{
	return p->out->len > p->limit;
}

/* The length of the UTF-8 character at S, or 0. */
static size_t
char_len(const char *s, size_t len)
{
	unsigned char lead = (unsigned char)*s;
	size_t n = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;

	return n <= len && text_is_utf8(s, n) ? n : 0;
}

/* Whether the character of N bytes at S, N > 1, would disturb a terminal:
 * C1 controls and the marks that change the direction of writing. */
static bool
is_disturbing(const char *s, size_t n)
{
	if (n == 2)
		return s[0] == '\xc2' && (unsigned char)s[1] < 0xa0;
	return n == 3 && s[0] == '\xe2' &&
	       ((s[1] == '\x80' && (unsigned char)s[2] >= 0x8b &&
		 (unsigned char)s[2] <= 0xaf) ||
		(s[1] == '\x81' && (unsigned char)s[2] >= 0xa0));
}

/* Append the character of N bytes at S as Guile escapes it in strings; N = 0:
 * a byte that belongs to none, which is U+10FF00 and more in Scheme. */
static void
add_escape(struct strbuf *out, const char *s, size_t n)
{
	unsigned long code = (unsigned char)*s;
	size_t i;

	if (n > 1)
		code &= 0x7fu >> n;
	for (i = 1; i < n; i++)
		code = code << 6 | ((unsigned char)s[i] & 0x3f);
	if (!n)
		strbuf_addf(out, "\\U10ff%02lx", code);
	else if (code <= 0xff)
		strbuf_addf(out, "\\x%02lx", code);
	else
		strbuf_addf(out, "\\u%04lx", code);
}

/* Append the character at S, escaped where it must be; its length.  SPECIAL is
 * what needs a backslash in a string; empty: it is in none. */
static size_t
add_char(struct strbuf *out, const char *s, size_t len, const char *special)
{
	static const char letters[] = "abtnvfr";
	size_t n = char_len(s, len), i;

	if (n > 1 && !is_disturbing(s, n)) {
		strbuf_add(out, s, n);
		return n;
	}
	if (n == 1 && *s >= 7 && *s <= 13 && *special)
		strbuf_addf(out, "\\%c", letters[*s - 7]);
	else if (n == 1 && *s && strchr(special, *s))
		strbuf_addf(out, "\\%c", *s);
	else if (n == 1 && *s >= 32 && *s < 127)
		strbuf_addch(out, *s);
	else if (*special)
		add_escape(out, s, n);
	else
		for (i = 0; i < MAX(n, (size_t)1); i++)
			strbuf_addf(out, "\\x%02x;", (unsigned char)s[i]);
	return MAX(n, (size_t)1);
}

static void
add_string(struct printer *p, const char *s, size_t len)
{
	size_t i = 0;

	strbuf_addch(p->out, '"');
	while (i < len && !is_full(p))
		i += add_char(p->out, s + i, len - i, "\"\\");
	strbuf_addch(p->out, '"');
}

/* Whether write shows the symbol without #{ }#. */
static bool
is_plain_symbol(const char *s, size_t len)
{
	size_t i;

	if (!len)
		return false;
	if (strchr("0123456789.,'`#", *s) &&
	    (len != 3 || memcmp(s, "...", 3)))
		return false;
	if (strchr("+-", *s) && len > 1 && strchr("0123456789.in", s[1]))
		return false;
	for (i = 0; i < len; i++)
		if (s[i] >= 0 && (s[i] <= ' ' || strchr("()[]{}\"#;\x7f", s[i])))
			return false;
	return true;
}

static void
add_symbol(struct printer *p, const char *s, size_t len)
{
	bool plain = is_plain_symbol(s, len);
	size_t i = 0;

	if (!plain)
		strbuf_adds(p->out, "#{");
	while (i < len && !is_full(p)) {
		if (!plain && strchr("(){}[]", s[i])) {
			strbuf_addf(p->out, "\\x%x;", (unsigned char)s[i++]);
			continue;
		}
		i += add_char(p->out, s + i, len - i, "");
	}
	if (!plain)
		strbuf_adds(p->out, "}#");
}

static void
add_character(struct printer *p, const char *s, size_t len)
{
	static const struct {
		char c;
		const char *name;
	} names[] = {
		{ 0, "nul" },	    { 7, "alarm" },   { 8, "backspace" },
		{ '\t', "tab" },    { '\n', "newline" }, { 11, "vtab" },
		{ 12, "page" },	    { '\r', "return" },	 { 27, "esc" },
		{ ' ', "space" },   { 127, "delete" },
	};
	size_t i;

	strbuf_adds(p->out, "#\\");
	for (i = 0; len == 1 && i < ARRAY_SIZE(names); i++) {
		if (*s == names[i].c) {
			strbuf_adds(p->out, names[i].name);
			return;
		}
	}
	for (i = 0; i < len;)
		i += add_char(p->out, s + i, len - i, "");
}

/* Open a compound item of COUNT items. */
static void
push(struct printer *p, const char *open, uint64_t count, const char *close)
{
	struct frame *f;

	ARRAY_GROW(p->frames, p->depth, p->alloc);
	f = &p->frames[p->depth++];
	memset(f, 0, sizeof(*f));
	f->left = count;
	f->first = true;
	f->close = close;
	strbuf_adds(p->out, open);
}

static void
damaged(struct printer *p)
{
	strbuf_adds(p->out, "#<damaged>");
	p->c.failed = true;
}

/* One element of a typed array of RFC 8746, little-endian. */
static void
add_element(struct strbuf *out, uint64_t tag, const char *data, size_t size)
{
	uint64_t n = 0;
	float f;
	double d;

	memcpy(&n, data, size);
	if (tag == 85) {
		memcpy(&f, data, sizeof(f));
		number_add_double(out, (double)f);
	} else if (tag == 86) {
		memcpy(&d, data, sizeof(d));
		number_add_double(out, d);
	} else if (tag >= 72) {
		/* Move the sign to the top and back. */
		n <<= 64 - 8 * size;
		strbuf_addf(out, "%lld",
			    (long long)((int64_t)n >> (64 - 8 * size)));
	} else {
		strbuf_addf(out, "%llu", (unsigned long long)n);
	}
}

/* Bytes, or a typed array of them. */
static void
add_array(struct printer *p, uint64_t tag, const char *data, size_t len)
{
	static const struct {
		unsigned char tag, size;
		const char *name;
	} types[] = {
		{ 0, 1, "#vu8(" },  { 64, 1, "#u8(" },	{ 69, 2, "#u16(" },
		{ 70, 4, "#u32(" }, { 71, 8, "#u64(" }, { 72, 1, "#s8(" },
		{ 77, 2, "#s16(" }, { 78, 4, "#s32(" }, { 79, 8, "#s64(" },
		{ 85, 4, "#f32(" }, { 86, 8, "#f64(" },
	};
	size_t i, at;

	for (i = 0; i < ARRAY_SIZE(types) && types[i].tag != tag; i++)
		;
	if (i == ARRAY_SIZE(types)) {
		strbuf_addf(p->out, "#<array of %zu bytes>", len);
		return;
	}
	strbuf_adds(p->out, types[i].name);
	for (at = 0; at + types[i].size <= len && !is_full(p);
	     at += types[i].size) {
		if (at)
			strbuf_addch(p->out, ' ');
		add_element(p->out, tag, data + at, types[i].size);
	}
	strbuf_addch(p->out, ')');
}

/* What stands behind TAG. */
static void
add_tagged(struct printer *p, uint64_t tag)
{
	struct cbor_item item = cbor_next(&p->c);

	if (tag == CBOR_TAG_SYMBOL && item.kind == CBOR_TEXT) {
		add_symbol(p, item.data, item.len);
	} else if (tag == CBOR_TAG_KEYWORD && item.kind == CBOR_TEXT) {
		strbuf_adds(p->out, "#:");
		add_symbol(p, item.data, item.len);
	} else if (tag == CBOR_TAG_CHAR && item.kind == CBOR_TEXT) {
		add_character(p, item.data, item.len);
	} else if (tag == CBOR_TAG_FILE && item.kind == CBOR_TEXT) {
		text_add_escaped(p->out, item.data, item.len);
	} else if (tag == CBOR_TAG_VECTOR && item.kind == CBOR_ARRAY) {
		push(p, "#(", item.n, ")");
	} else if (tag == CBOR_TAG_DOTTED && item.kind == CBOR_ARRAY) {
		push(p, "(", item.n, ")");
		p->frames[p->depth - 1].dotted = true;
	} else if (tag == CBOR_TAG_OBJECT && item.kind == CBOR_ARRAY) {
		push(p, "#<stored ", item.n, ">");
	} else if (tag == CBOR_TAG_LIST_FILE && item.kind == CBOR_ARRAY) {
		push(p, "#<list-file ", item.n, ">");
	} else if (tag == 40 && item.kind == CBOR_ARRAY) {
		push(p, "#<array ", item.n, ">");
	} else if (tag >= 64 && tag <= 87 && item.kind == CBOR_BYTES) {
		add_array(p, tag, item.data, item.len);
	} else {
		damaged(p);
	}
}

static void
add_item(struct printer *p, struct cbor_item item)
{
	if (number_is(&item)) {
		if (number_add_text(p->out, &p->c, &item))
			strbuf_adds(p->out, "#<huge number>");
		return;
	}
	switch (item.kind) {
	case CBOR_TEXT:
		add_string(p, item.data, item.len);
		break;
	case CBOR_BYTES:
		add_array(p, 0, item.data, item.len);
		break;
	case CBOR_ARRAY:
		push(p, "(", item.n, ")");
		break;
	case CBOR_MAP:
		push(p, "#<hash-table", 2 * item.n, ">");
		p->frames[p->depth - 1].pairs = true;
		break;
	case CBOR_TAG:
		add_tagged(p, item.n);
		break;
	case CBOR_BOOL:
		strbuf_adds(p->out, item.n ? "#t" : "#f");
		break;
	case CBOR_NULL:
		strbuf_adds(p->out, "#<absent>");
		break;
	default:
		damaged(p);
	}
}

/* What stands before the next item of F. */
static void
add_separator(struct printer *p, struct frame *f)
{
	if (f->pairs) {
		f->key = !f->key;
		strbuf_adds(p->out, f->key ? " (" : " . ");
	} else if (!f->first) {
		strbuf_adds(p->out, f->dotted && f->left == 1 ? " . " : " ");
	}
	f->first = false;
	f->left--;
}

/* Close the compound items that are complete. */
static void
close_complete(struct printer *p)
{
	while (p->depth && !is_full(p)) {
		struct frame *f = &p->frames[p->depth - 1];

		/* The entry that just ended. */
		if (f->pairs && !f->key && !f->first)
			strbuf_addch(p->out, ')');
		if (f->left)
			break;
		strbuf_adds(p->out, f->close);
		p->depth--;
	}
}

/* Cut OUT to MAX bytes from START, not inside of a character. */
static void
cut(struct strbuf *out, size_t start, size_t max)
{
	size_t len = start + max;

	while (len > start && (out->buf[len] & 0xc0) == 0x80)
		len--;
	strbuf_truncate(out, len);
	strbuf_adds(out, "...");
}

void
value_print(const char *cbor, size_t len, size_t max_bytes,
	    struct strbuf *out)
{
	struct printer p = { .out = out };
	size_t start = out->len;

	p.limit = max_bytes ? start + max_bytes : SIZE_MAX;
	cbor_init(&p.c, cbor, len);
	do {
		if (p.depth)
			add_separator(&p, &p.frames[p.depth - 1]);
		add_item(&p, cbor_next(&p.c));
		close_complete(&p);
	} while (p.depth && !p.c.failed && !is_full(&p));
	if (max_bytes && out->len > start + max_bytes)
		cut(out, start, max_bytes);
	free(p.frames);
}
