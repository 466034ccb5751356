/*
 * Values as JSON (RFC 8259), for programs in other languages.
 */
#include "base/base.h"
#include "model/value.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cbor.h"
#include "base/error.h"
#include "base/map.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "model/number.h"

/* Most readers of JSON refuse much less. */
enum { MAX_DEPTH = 2000 };

enum kind {
	ARRAY,
	ALIST, /* a list of pairs, as an object */
	TABLE, /* a map, as an object */
};

struct frame {
	enum kind kind;
	uint64_t left;
	bool first;
};

struct writer {
	struct strbuf *out;
	struct cbor c;
	struct frame *frames;
	size_t depth, alloc;
	struct error *err;
};

static size_t
char_len(const char *s, size_t len)
{
	unsigned char lead = (unsigned char)*s;
	size_t n = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;

	if (lead < 0x80)
		return 1;
	return n <= len && text_is_utf8(s, n) ? n : 0;
}

/* The length of what S begins with that may stand in a string as it is. */
static size_t
plain_len(const char *s, size_t len)
{
	size_t i = 0, n;

	for (; i < len; i += n) {
		n = char_len(s + i, len - i);
		if (!n || (n == 1 && (s[i] < 32 || s[i] == 127 ||
				      s[i] == '"' || s[i] == '\\')))
			break;
	}
	return i;
}

static void
add_escaped(struct strbuf *out, char c)
{
	static const char letters[] = "btn\0fr";

	if ((unsigned char)c >= 128)
		strbuf_addf(out, "\\udc%02x", (unsigned char)c);
	else if (c == '"' || c == '\\')
		strbuf_addf(out, "\\%c", c);
	else if (c >= 8 && c <= 13 && c != 11)
		strbuf_addf(out, "\\%c", letters[c - 8]);
	else
		strbuf_addf(out, "\\u%04x", (unsigned char)c);
}

void
value_add_json_string(struct strbuf *out, const char *s, size_t len)
{
	size_t i = 0, plain;

	strbuf_addch(out, '"');
	while (i < len) {
		plain = plain_len(s + i, len - i);
		strbuf_add(out, s + i, plain);
		i += plain;
		if (i < len)
			add_escaped(out, s[i++]);
	}
	strbuf_addch(out, '"');
}

static int
no_form(struct writer *w, const char *what)
{
	return error_set(w->err, "%s has no form in JSON", what);
}

static int
push(struct writer *w, enum kind kind, uint64_t count)
{
	struct frame *f;

	if (w->depth == MAX_DEPTH)
		return no_form(w, "a value of more than 2,000 levels");
	ARRAY_GROW(w->frames, w->depth, w->alloc);
	f = &w->frames[w->depth++];
	f->kind = kind;
	f->left = count;
	f->first = true;
	strbuf_addch(w->out, kind == ARRAY ? '[' : '{');
	return 0;
}

/* Read the head of an element of an alist: a pair whose key is a string.
 * Returns how many items it has, 0 when it is none; *DOTTED: whether the last
 * is its tail. */
static uint64_t
read_pair(struct cbor *c, bool *dotted)
{
	struct cbor_item item = cbor_next(c);

	*dotted = item.kind == CBOR_TAG && item.n == CBOR_TAG_DOTTED;
	if (*dotted)
		item = cbor_next(c);
	if (item.kind != CBOR_ARRAY || cbor_peek(c) != CBOR_TEXT)
		return 0;
	return item.n;
}

/* Whether the COUNT items behind C, a copy, are an alist with string keys,
 * no two alike. */
static bool
is_alist(struct cbor c, uint64_t count)
{
	struct cbor_item key;
	struct map keys;
	uint64_t i;
	bool dotted, alist = count > 0;

	map_init(&keys);
	for (; count && alist; count--) {
		i = read_pair(&c, &dotted);
		if (!i) {
			alist = false;
			break;
		}
		key = cbor_next(&c);
		alist = !map_set(&keys, key.data, key.len, &keys);
		while (--i && !c.failed)
			cbor_skip(&c);
		alist = alist && !c.failed;
	}
	map_release(&keys);
	return alist;
}

static int
begin_list(struct writer *w, uint64_t count)
{
	return push(w, is_alist(w->c, count) ? ALIST : ARRAY, count);
}

static int
add_number(struct writer *w, const struct cbor_item *head)
{
	struct strbuf sb = STRBUF_INIT;
	char *slash;
	int rc = number_add_text(&sb, &w->c, head);

	if (rc)
		no_form(w, "a huge number");
	slash = strchr(sb.buf, '/');
	if (slash) {
		double d;

		*slash = '\0';
		d = number_divide(sb.buf, slash + 1);
		strbuf_reset(&sb);
		number_add_double(&sb, d);
	}
	/* As most writers do: JSON has no infinities. */
	if (strstr(sb.buf, "inf") || strstr(sb.buf, "nan"))
		strbuf_adds(w->out, "null");
	else
		strbuf_adds(w->out, sb.buf);
	strbuf_release(&sb);
	return rc;
}

static int
add_tagged(struct writer *w, uint64_t tag)
{
	struct cbor_item item = cbor_next(&w->c);

	switch (tag) {
	case CBOR_TAG_SYMBOL:
	case CBOR_TAG_KEYWORD:
	case CBOR_TAG_CHAR:
	case CBOR_TAG_FILE:
		if (item.kind != CBOR_TEXT)
			break;
		if (tag == CBOR_TAG_SYMBOL && item.len == 4 &&
		    !memcmp(item.data, "null", 4))
			strbuf_adds(w->out, "null");
		else
			value_add_json_string(w->out, item.data, item.len);
		return 0;
	case CBOR_TAG_VECTOR:
	case CBOR_TAG_LIST_FILE:
		if (item.kind != CBOR_ARRAY)
			break;
		return push(w, ARRAY, item.n);
	case CBOR_TAG_DOTTED:
		return no_form(w, "a pair outside of an alist");
	case CBOR_TAG_OBJECT:
		return no_form(w, "a value in the store");
	default:
		return no_form(w, "an array of numbers");
	}
	return error_set(w->err, "a value is damaged");
}

static int
add_value(struct writer *w)
{
	struct cbor_item item = cbor_next(&w->c);

	if (number_is(&item))
		return add_number(w, &item);
	switch (item.kind) {
	case CBOR_TEXT:
		value_add_json_string(w->out, item.data, item.len);
		return 0;
	case CBOR_BOOL:
		strbuf_adds(w->out, item.n ? "true" : "false");
		return 0;
	case CBOR_NULL:
		strbuf_adds(w->out, "null");
		return 0;
	case CBOR_BYTES:
		return no_form(w, "a bytevector");
	case CBOR_ARRAY:
		return begin_list(w, item.n);
	case CBOR_MAP:
		return push(w, TABLE, item.n);
	case CBOR_TAG:
		return add_tagged(w, item.n);
	default:
		return error_set(w->err, "a value is damaged");
	}
}

/* One entry of an alist; the list behind its key begins an element. */
static int
add_pair(struct writer *w)
{
	struct cbor_item key;
	bool dotted;
	uint64_t count = read_pair(&w->c, &dotted);

	key = cbor_next(&w->c);
	value_add_json_string(w->out, key.data, key.len);
	strbuf_adds(w->out, ": ");
	if (!dotted)
		return begin_list(w, count - 1);
	if (count != 2)
		return no_form(w, "a list with a tail");
	return add_value(w);
}

static int
add_entry(struct writer *w)
{
	struct cbor_item key = cbor_next(&w->c);

	if (key.kind == CBOR_TAG &&
	    (key.n == CBOR_TAG_SYMBOL || key.n == CBOR_TAG_KEYWORD))
		key = cbor_next(&w->c);
	if (key.kind != CBOR_TEXT)
		return no_form(w, "a hash table whose keys are not strings");
	value_add_json_string(w->out, key.data, key.len);
	strbuf_adds(w->out, ": ");
	return add_value(w);
}

/* The next element of the innermost frame. */
static int
add_next(struct writer *w)
{
	struct frame *f = &w->frames[w->depth - 1];

	if (!f->left) {
		strbuf_addch(w->out, f->kind == ARRAY ? ']' : '}');
		w->depth--;
		return 0;
	}
	if (!f->first)
		strbuf_adds(w->out, ", ");
	f->first = false;
	f->left--;
	switch (f->kind) {
	case ALIST:
		return add_pair(w);
	case TABLE:
		return add_entry(w);
	default:
		return add_value(w);
	}
}

/* Begin the list of a join, if it can be an array. */
static int
begin_join(struct writer *w)
{
	struct cbor c = w->c;
	struct cbor_item head = cbor_next(&c);
	struct cbor rest = c;
	bool dotted = false;

	if (head.kind != CBOR_ARRAY)
		return add_value(w);
	if (head.n)
		read_pair(&c, &dotted);
	if (dotted)
		return add_value(w);
	w->c = rest;
	return push(w, ARRAY, head.n);
}

static int
write_json(const char *cbor, size_t len, int (*begin)(struct writer *),
	   struct strbuf *out, struct error *err)
{
	struct writer w = { .out = out, .err = err };
	size_t start = out->len;
	int rc;

	cbor_init(&w.c, cbor, len);
	rc = begin(&w);
	while (!rc && w.depth)
		rc = add_next(&w);
	free(w.frames);
	if (rc)
		strbuf_truncate(out, start);
	return rc;
}

int
value_to_json(const char *cbor, size_t len, struct strbuf *out,
	      struct error *err)
{
	return write_json(cbor, len, add_value, out, err);
}

int
value_join_to_json(const char *cbor, size_t len, struct strbuf *out,
		   struct error *err)
{
	return write_json(cbor, len, begin_join, out, err);
}
