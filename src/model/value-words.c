/*
 * Values as words, and files of text as values.
 */
#include "base/base.h"
#include "model/value.h"

#include <inttypes.h>
#include <string.h>

#include "base/cbor.h"
#include "base/error.h"
#include "base/strbuf.h"
#include "base/text.h"
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

/* Append the text of the value whose head is ITEM. */
static int
add_text(struct cbor *c, struct cbor_item item, struct strbuf *out,
	 struct error *err)
{
	if (number_is(&item)) {
		if (number_add_text(out, c, &item))
			return error_set(err, "a number is damaged or has more "
					 "than 39,000 digits");
		return 0;
	}
	if (item.kind == CBOR_TAG &&
	    (item.n == CBOR_TAG_SYMBOL || item.n == CBOR_TAG_FILE)) {
		item = cbor_next(c);
		if (item.kind != CBOR_TEXT)
			return error_set(err, "a value is damaged");
	}
	if (item.kind != CBOR_TEXT)
		return error_set(err, "%s has no text", name_of(&item));
	strbuf_add(out, item.data, item.len);
	return 0;
}

/* A value whose words are read one after another. */
struct reader {
	struct cbor c;
	struct cbor_item head; /* of a value that is no list */
	uint64_t count;
	uint64_t read;
	bool is_list;
	bool is_list_file;
};

static int
reader_open(struct reader *r, const char *cbor, size_t len, struct error *err)
{
	memset(r, 0, sizeof(*r));
	cbor_init(&r->c, cbor, len);
	r->head = cbor_next(&r->c);
	if (r->head.kind == CBOR_TAG && r->head.n == CBOR_TAG_LIST_FILE) {
		r->is_list_file = true;
		r->head = cbor_next(&r->c);
		if (r->head.kind != CBOR_ARRAY)
			return error_set(err, "a value is damaged");
	}
	r->is_list = r->head.kind == CBOR_ARRAY;
	r->count = r->is_list ? r->head.n : 1;
	return 0;
}

/* Append the next word to OUT. */
static int
reader_next(struct reader *r, struct strbuf *out, struct error *err)
{
	struct cbor_item item;
	uint64_t number = ++r->read;

	if (!r->is_list)
		return add_text(&r->c, r->head, out, err);
	item = cbor_next(&r->c);
	if (!add_text(&r->c, item, out, err))
		return 0;
	if (err && item.kind == CBOR_ARRAY)
		error_set(err, "a list inside of a list has no text");
	return error_push(err, "the %" PRIu64 "%s element", number,
			  text_ordinal_ending(number));
}

int
value_words(const char *cbor, size_t len, struct words *w, struct error *err)
{
	struct reader r;
	int rc = reader_open(&r, cbor, len, err);

	w->is_list |= r.is_list;
	w->list_file |= r.is_list_file;
	while (!rc && r.read < r.count) {
		strbuf_reset(&w->word);
		rc = reader_next(&r, &w->word, err);
		if (!rc)
			words_add(w, w->word.buf, w->word.len);
	}
	return rc;
}

int
value_text(const char *cbor, size_t len, struct strbuf *out, struct error *err)
{
	struct reader r;
	int rc = reader_open(&r, cbor, len, err);

	if (!rc && r.is_list_file)
		rc = error_set(err, "a list-file is a whole argument, or "
			       "stands in the text of shell, also as "
			       "VARIABLE=#{(list-file LIST)}; it is no other "
			       "text");
	while (!rc && r.read < r.count) {
		if (r.read)
			strbuf_addch(out, ' ');
		rc = reader_next(&r, out, err);
	}
	return rc;
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
