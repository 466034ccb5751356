/*
 * Values as words, and files of text as values.
 */
#include "base/base.h"
#include "model/value.h"

#include <string.h>

#include "base/cbor.h"
#include "base/error.h"
#include "base/strbuf.h"
#include "model/number.h"
#include "model/words.h"

/* What a value that has no text is called. */
static const char *
name_of_tag(uint64_t tag)
{
	switch (tag) {
	case CBOR_TAG_KEYWORD:
		return "a keyword";
	case CBOR_TAG_CHAR:
		return "a character";
	case CBOR_TAG_VECTOR:
		return "a vector";
	case CBOR_TAG_DOTTED:
		return "a pair";
	case CBOR_TAG_OBJECT:
		return "a value in the store";
	case CBOR_TAG_LIST_FILE:
		return "a file of names";
	default:
		return tag >= 64 && tag <= 87 ? "a numeric array" : "an array";
	}
}

static const char *
name_of(const struct cbor_item *item)
{
	switch (item->kind) {
	case CBOR_BOOL:
		return "a boolean";
	case CBOR_NULL:
		return "an absent value";
	case CBOR_BYTES:
		return "a bytevector";
	case CBOR_ARRAY:
		return "a list";
	case CBOR_MAP:
		return "a hash table";
	case CBOR_TAG:
		return name_of_tag(item->n);
	default:
		return "a damaged value";
	}
}

/* Add the text of the value whose head is ITEM. */
static int
add_word(struct cbor *c, struct cbor_item item, struct words *w,
	 struct error *err)
{
	struct strbuf sb = STRBUF_INIT;
	int rc = 0;

	if (number_is(&item)) {
		rc = number_add_text(&sb, c, &item);
		if (rc)
			error_set(err, "a number is damaged or has more than "
				  "39,000 digits");
		else
			words_add(w, sb.buf, sb.len);
		strbuf_release(&sb);
		return rc;
	}
	if (item.kind == CBOR_TAG &&
	    (item.n == CBOR_TAG_SYMBOL || item.n == CBOR_TAG_FILE)) {
		item = cbor_next(c);
		if (item.kind != CBOR_TEXT)
			return error_set(err, "a value is damaged");
	}
	if (item.kind != CBOR_TEXT)
		return error_set(err, "%s has no text", name_of(&item));
	words_add(w, item.data, item.len);
	return 0;
}

int
value_words(const char *cbor, size_t len, struct words *w, struct error *err)
{
	struct cbor_item item;
	struct cbor c;
	uint64_t i, count;

	cbor_init(&c, cbor, len);
	item = cbor_next(&c);
	if (item.kind == CBOR_TAG && item.n == CBOR_TAG_LIST_FILE) {
		w->list_file = true;
		item = cbor_next(&c);
		if (item.kind != CBOR_ARRAY)
			return error_set(err, "a value is damaged");
	}
	if (item.kind != CBOR_ARRAY)
		return add_word(&c, item, w, err);
	w->is_list = true;
	count = item.n;
	for (i = 0; i < count; i++) {
		item = cbor_next(&c);
		if (add_word(&c, item, w, err)) {
			if (err && item.kind == CBOR_ARRAY)
				error_set(err, "a list inside of a list has "
					  "no text");
			return error_push(err, "element %zu of a list",
					  (size_t)i);
		}
	}
	return 0;
}

bool
value_has_objects(const char *cbor, size_t len)
{
	struct cbor_item item;
	struct cbor c;
	uint64_t count;

	cbor_init(&c, cbor, len);
	item = cbor_next(&c);
	if (item.kind != CBOR_ARRAY)
		return item.kind == CBOR_TAG && item.n == CBOR_TAG_OBJECT;
	for (count = item.n; count && !c.failed; count--) {
		struct cbor at = c;

		item = cbor_next(&at);
		if (item.kind == CBOR_TAG && item.n == CBOR_TAG_OBJECT)
			return true;
		cbor_skip(&c);
	}
	return false;
}

void
value_from_text(const char *text, size_t len, struct strbuf *out)
{
	if (len && text[len - 1] == '\n')
		len--;
	cbor_put_text(out, text, len);
}

void
value_from_lines(const char *text, size_t len, struct strbuf *out)
{
	const char *end = text + len, *p, *eol;
	size_t count = 0;

	for (p = text; p < end; p = eol + 1) {
		eol = memchr(p, '\n', end - p);
		if (!eol)
			eol = end;
		count++;
	}
	cbor_put_array(out, count);
	for (p = text; p < end; p = eol + 1) {
		eol = memchr(p, '\n', end - p);
		if (!eol)
			eol = end;
		cbor_put_text(out, p, eol - p);
	}
}
