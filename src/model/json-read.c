/*
 * JSON (RFC 8259) as values.  jansson reads it; its tree becomes CBOR.
 */
#include "base/base.h"
#include "model/value.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/cbor.h"
#include "base/error.h"
#include "base/strbuf.h"
#include "base/text.h"

/* A container that is being written. */
struct level {
	json_t *container;
	size_t next;  /* the index in an array */
	void *member; /* the iterator in an object; NULL at its end */
};

struct walk {
	struct strbuf *out;
	struct level *levels;
	size_t depth, alloc;
};

/* ---- bytes that are not UTF-8 ---- */

/* What the escape \uXXXX at P stands for, or 0. */
static unsigned
code_unit(const char *p, const char *end)
{
	char digits[5] = "";

	if (end - p < 6 || p[0] != '\\' || p[1] != 'u')
		return 0;
	memcpy(digits, p + 2, 4);
	if (strspn(digits, "0123456789abcdefABCDEF") != 4)
		return 0;
	return (unsigned)strtoul(digits, NULL, 16);
}

/* Append the JSON between P and END with stand-ins in place of the escapes
 * \udc80 to \udcff.  With these Python's json.dump writes bytes that are not
 * UTF-8, as value_to_json() does, but jansson refuses half of a pair. */
static void
add_with_stand_ins(struct strbuf *out, const char *p, const char *end)
{
	while (p < end) {
		const char *escape = memchr(p, '\\', (size_t)(end - p));
		unsigned unit;
		size_t n = 2;

		if (!escape)
			escape = end;
		strbuf_add(out, p, (size_t)(escape - p));
		p = escape;
		unit = code_unit(p, end);
		if (unit >= 0xdc80 && unit <= 0xdcff) {
			text_add_stand_in(out, (unsigned char)unit);
			p += 6;
			continue;
		}
		/* The second half of a pair is no byte. */
		if (unit >= 0xd800 && unit <= 0xdbff && code_unit(p + 6, end))
			n = 12;
		n = MIN(n, (size_t)(end - p));
		strbuf_add(out, p, n);
		p += n;
	}
}

static void
put_text(struct strbuf *out, const char *s, size_t len)
{
	struct strbuf bytes = STRBUF_INIT;

	text_add_bytes(&bytes, s, len);
	cbor_put_text(out, bytes.buf, bytes.len);
	strbuf_release(&bytes);
}

/* ---- errors ---- */

/* The column that WHY names in TEXT as it is in the user's file, where an
 * escape of six characters stands in place of each stand-in. */
static int
column(const struct strbuf *text, const json_error_t *why)
{
	size_t i = MIN((size_t)why->position, text->len);
	int n = MAX(why->column, 1);

	while (i-- > 0 && text->buf[i] != '\n')
		if (text_is_stand_in(text->buf + i, text->len - i))
			n += 5;
	return n;
}

static int
fail(const struct strbuf *text, const json_error_t *why, struct error *err)
{
	struct strbuf raw = STRBUF_INIT, what = STRBUF_INIT;

	/* It quotes the text. */
	text_add_bytes(&raw, why->text, strlen(why->text));
	text_add_escaped(&what, raw.buf, raw.len);
	if (json_error_code(why) == json_error_numeric_overflow &&
	    strstr(what.buf, "integer")) {
		strbuf_reset(&what);
		strbuf_adds(&what, "an integer beyond 64 bits; write it as a "
			    "string");
	}
	error_set(err, "line %d, column %d: %s", MAX(why->line, 1),
		  column(text, why), what.buf);
	strbuf_release(&raw);
	strbuf_release(&what);
	return -1;
}

/* ---- the tree as CBOR ---- */

static void
put_scalar(struct strbuf *out, const json_t *v)
{
	switch (json_typeof(v)) {
	case JSON_STRING:
		put_text(out, json_string_value(v), json_string_length(v));
		break;
	case JSON_INTEGER:
		cbor_put_int(out, json_integer_value(v));
		break;
	case JSON_REAL:
		cbor_put_double(out, json_real_value(v));
		break;
	case JSON_NULL:
		cbor_put_tag(out, CBOR_TAG_SYMBOL);
		cbor_put_str(out, "null");
		break;
	default:
		cbor_put_bool(out, json_is_true(v));
	}
}

static void
push(struct walk *w, json_t *container)
{
	struct level *l;

	ARRAY_GROW(w->levels, w->depth, w->alloc);
	l = &w->levels[w->depth++];
	l->container = container;
	l->next = 0;
	l->member = json_object_iter(container);
}

/* Write V or, with KEY, the pair whose tail V is.  That a list behind a key
 * makes one longer list is how Scheme sees it. */
static void
put_value(struct walk *w, json_t *v, const char *key)
{
	bool is_container = json_is_array(v) || json_is_object(v);
	size_t count = json_array_size(v) + json_object_size(v);

	if (is_container) {
		cbor_put_array(w->out, count + (key != NULL));
	} else if (key) {
		cbor_put_tag(w->out, CBOR_TAG_DOTTED);
		cbor_put_array(w->out, 2);
	}
	if (key)
		put_text(w->out, key, strlen(key));
	if (is_container)
		push(w, v);
	else
		put_scalar(w->out, v);
}

/* What comes next in L, with its KEY in an object, or NULL at the end. */
static json_t *
next_value(struct level *l, const char **key)
{
	json_t *v;

	*key = NULL;
	if (json_is_array(l->container))
		return json_array_get(l->container, l->next++);
	if (!l->member)
		return NULL;
	*key = json_object_iter_key(l->member);
	v = json_object_iter_value(l->member);
	l->member = json_object_iter_next(l->container, l->member);
	return v;
}

static void
put_tree(struct strbuf *out, json_t *tree)
{
	struct walk w = { .out = out };
	const char *key;
	json_t *v;

	put_value(&w, tree, NULL);
	while (w.depth) {
		v = next_value(&w.levels[w.depth - 1], &key);
		if (v)
			put_value(&w, v, key);
		else
			w.depth--;
	}
	free(w.levels);
}

int
value_from_json(const char *text, size_t len, struct strbuf *out,
		struct error *err)
{
	static const char mark[] = "\xef\xbb\xbf"; /* of byte order */
	struct strbuf json = STRBUF_INIT;
	json_error_t why;
	json_t *tree;
	int rc = 0;

	if (len >= strlen(mark) && !memcmp(text, mark, strlen(mark))) {
		text += strlen(mark);
		len -= strlen(mark);
	}
	add_with_stand_ins(&json, text, text + len);
	tree = json_loadb(json.buf, json.len,
			  JSON_DECODE_ANY | JSON_ALLOW_NUL, &why);
	if (tree)
		put_tree(out, tree);
	else
		rc = fail(&json, &why, err);
	json_decref(tree);
	strbuf_release(&json);
	return rc;
}
