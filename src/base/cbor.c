/*
 * CBOR over libcbor's streaming decoder and encoders: those parse and print
 * heads, this file keeps to the subset and to memory that is there.
 */
#include "base/base.h"

#include "base/cbor.h"

#include <cbor/encoding.h>
#include <cbor/streaming.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/strbuf.h"
#include "base/text.h"

enum { MAX_HEAD_BYTES = 9 };

/* ---- writing ---- */

/* The place behind SB's end where a head fits. */
static unsigned char *
head_room(struct strbuf *sb)
{
	strbuf_grow(sb, MAX_HEAD_BYTES);
	return (unsigned char *)sb->buf + sb->len;
}

/* Count the LEN bytes that were written there. */
static void
head_done(struct strbuf *sb, size_t len)
{
	sb->len += len;
	sb->buf[sb->len] = '\0';
}

void
cbor_put_uint(struct strbuf *sb, uint64_t n)
{
	head_done(sb, cbor_encode_uint(n, head_room(sb), MAX_HEAD_BYTES));
}

void
cbor_put_int(struct strbuf *sb, int64_t n)
{
	unsigned char *head = head_room(sb);

	if (n < 0)
		head_done(sb, cbor_encode_negint((uint64_t)(-1 - n), head,
						 MAX_HEAD_BYTES));
	else
		cbor_put_uint(sb, (uint64_t)n);
}

void
cbor_put_bool(struct strbuf *sb, bool b)
{
	head_done(sb, cbor_encode_bool(b, head_room(sb), MAX_HEAD_BYTES));
}

void
cbor_put_null(struct strbuf *sb)
{
	head_done(sb, cbor_encode_null(head_room(sb), MAX_HEAD_BYTES));
}

void
cbor_put_double(struct strbuf *sb, double d)
{
	/* One NaN only, so that equal values have equal bytes. */
	if (isnan(d))
		d = (double)NAN;
	head_done(sb, cbor_encode_double(d, head_room(sb), MAX_HEAD_BYTES));
}

void
cbor_put_bytes(struct strbuf *sb, const void *data, size_t len)
{
	head_done(sb, cbor_encode_bytestring_start(len, head_room(sb),
						   MAX_HEAD_BYTES));
	strbuf_add(sb, data, len);
}

void
cbor_put_text(struct strbuf *sb, const char *s, size_t len)
{
	if (!text_is_utf8(s, len)) {
		cbor_put_tag(sb, CBOR_TAG_RAW_TEXT);
		cbor_put_bytes(sb, s, len);
		return;
	}
	head_done(sb, cbor_encode_string_start(len, head_room(sb),
					       MAX_HEAD_BYTES));
	strbuf_add(sb, s, len);
}

void
cbor_put_str(struct strbuf *sb, const char *s)
{
	cbor_put_text(sb, s, strlen(s));
}

void
cbor_put_str_or_null(struct strbuf *sb, const char *s)
{
	if (s)
		cbor_put_str(sb, s);
	else
		cbor_put_null(sb);
}

void
cbor_put_array(struct strbuf *sb, size_t count)
{
	head_done(sb, cbor_encode_array_start(count, head_room(sb),
					      MAX_HEAD_BYTES));
}

void
cbor_put_map(struct strbuf *sb, size_t count)
{
	head_done(sb, cbor_encode_map_start(count, head_room(sb),
					    MAX_HEAD_BYTES));
}

void
cbor_put_tag(struct strbuf *sb, uint64_t tag)
{
	head_done(sb, cbor_encode_tag(tag, head_room(sb), MAX_HEAD_BYTES));
}

/* ---- what libcbor calls with the head that it read ---- */

#define ON_NUMBER(name, type, the_kind) \
	static void \
	on_##name(void *data, type n) \
	{ \
		struct cbor_item *item = data; \
\
		item->kind = (the_kind); \
		item->n = n; \
	}
ON_NUMBER(uint8, uint8_t, CBOR_UINT)
ON_NUMBER(uint16, uint16_t, CBOR_UINT)
ON_NUMBER(uint32, uint32_t, CBOR_UINT)
ON_NUMBER(uint64, uint64_t, CBOR_UINT)
ON_NUMBER(negint8, uint8_t, CBOR_NEGINT)
ON_NUMBER(negint16, uint16_t, CBOR_NEGINT)
ON_NUMBER(negint32, uint32_t, CBOR_NEGINT)
ON_NUMBER(negint64, uint64_t, CBOR_NEGINT)
ON_NUMBER(array, size_t, CBOR_ARRAY)
ON_NUMBER(map, size_t, CBOR_MAP)
ON_NUMBER(tag, uint64_t, CBOR_TAG)
ON_NUMBER(bool, bool, CBOR_BOOL)
#undef ON_NUMBER

#define ON_STRING(name, the_kind) \
	static void \
	on_##name(void *data, cbor_data bytes, size_t len) \
	{ \
		struct cbor_item *item = data; \
\
		item->kind = (the_kind); \
		item->data = (const char *)bytes; \
		item->len = len; \
	}
ON_STRING(bytes, CBOR_BYTES)
ON_STRING(text, CBOR_TEXT)
#undef ON_STRING

static void
on_null(void *data)
{
	((struct cbor_item *)data)->kind = CBOR_NULL;
}

static void
on_double(void *data, double d)
{
	struct cbor_item *item = data;

	item->kind = CBOR_FLOAT;
	item->d = d;
}

/* What is outside our subset: the kind stays CBOR_INVALID. */
static void
on_other(void *data)
{
	(void)data;
}

static void
on_other_float(void *data, float f)
{
	(void)data;
	(void)f;
}

static const struct cbor_callbacks callbacks = {
	.uint8 = on_uint8,
	.uint16 = on_uint16,
	.uint32 = on_uint32,
	.uint64 = on_uint64,
	.negint8 = on_negint8,
	.negint16 = on_negint16,
	.negint32 = on_negint32,
	.negint64 = on_negint64,
	.byte_string = on_bytes,
	.string = on_text,
	.array_start = on_array,
	.map_start = on_map,
	.tag = on_tag,
	.float8 = on_double,
	.null = on_null,
	.boolean = on_bool,
	.byte_string_start = on_other,
	.string_start = on_other,
	.indef_array_start = on_other,
	.indef_map_start = on_other,
	.float2 = on_other_float,
	.float4 = on_other_float,
	.undefined = on_other,
	.indef_break = on_other,
};

/* ---- reading ---- */

void
cbor_init(struct cbor *c, const void *data, size_t len)
{
	c->next = data;
	c->end = c->next + len;
	c->failed = false;
}

/* What every read returns once C failed. */
static struct cbor_item
invalid(struct cbor *c)
{
	c->failed = true;
	return (struct cbor_item){ .kind = CBOR_INVALID, .data = "" };
}

/* The length of the shortest head that holds N. */
static size_t
head_bytes(uint64_t n)
{
	return n < 24	       ? 1
	       : n <= UINT8_MAX  ? 2
	       : n <= UINT16_MAX ? 3
	       : n <= UINT32_MAX ? 5
				 : 9;
}

/* Whether ITEM, which took READ bytes of which LEFT follow, is in the subset
 * and can be true. */
static bool
is_ours(const struct cbor_item *item, size_t read, size_t left)
{
	switch (item->kind) {
	case CBOR_TEXT:
		return read - item->len == head_bytes(item->len) &&
		       text_is_utf8(item->data, item->len);
	case CBOR_BYTES:
		return read - item->len == head_bytes(item->len);
	case CBOR_ARRAY:
		return read == head_bytes(item->n) && item->n <= left;
	case CBOR_MAP:
		return read == head_bytes(item->n) && item->n <= left / 2;
	case CBOR_TAG:
		return read == head_bytes(item->n) && left;
	case CBOR_UINT:
	case CBOR_NEGINT:
		return read == head_bytes(item->n);
	case CBOR_BOOL:
	case CBOR_NULL:
	case CBOR_FLOAT:
		return true;
	default:
		return false;
	}
}

/* Read one item as it is encoded. */
static struct cbor_item
read_item(struct cbor *c)
{
	struct cbor_item item = { .kind = CBOR_INVALID, .data = "" };
	size_t left = (size_t)(c->end - c->next);
	struct cbor_decoder_result r;

	if (c->failed)
		return item;
	if (!left) {
		item.kind = CBOR_END;
		return item;
	}
	r = cbor_stream_decode((cbor_data)c->next, left, &callbacks, &item);
	if (r.status != CBOR_DECODER_FINISHED ||
	    !is_ours(&item, r.read, left - r.read))
		return invalid(c);
	c->next += r.read;
	return item;
}

struct cbor_item
cbor_next(struct cbor *c)
{
	struct cbor_item item = read_item(c);

	if (item.kind != CBOR_TAG || item.n != CBOR_TAG_RAW_TEXT)
		return item;
	item = read_item(c);
	if (item.kind != CBOR_BYTES)
		return invalid(c);
	item.kind = CBOR_TEXT;
	return item;
}

enum cbor_kind
cbor_peek(const struct cbor *c)
{
	struct cbor ahead = *c;

	return cbor_next(&ahead).kind;
}

void
cbor_skip(struct cbor *c)
{
	struct cbor_item item;
	uint64_t pending = 1;

	/* No sum overflows: is_ours() keeps each count below the bytes that
	 * are left, and each item takes one. */
	for (; pending && !c->failed; pending--) {
		item = cbor_next(c);
		if (item.kind == CBOR_ARRAY)
			pending += item.n;
		else if (item.kind == CBOR_MAP)
			pending += 2 * item.n;
		else if (item.kind == CBOR_TAG)
			pending++;
		else if (item.kind == CBOR_END)
			c->failed = true;
	}
}

const char *
cbor_span(struct cbor *c, size_t *len)
{
	const char *start = c->next;

	cbor_skip(c);
	*len = c->failed ? 0 : (size_t)(c->next - start);
	return c->failed ? "" : start;
}

/* Read an item that must be of KIND. */
static struct cbor_item
expect(struct cbor *c, enum cbor_kind kind)
{
	struct cbor_item item = cbor_next(c);

	return item.kind == kind ? item : invalid(c);
}

uint64_t
cbor_get_uint(struct cbor *c)
{
	return expect(c, CBOR_UINT).n;
}

int64_t
cbor_get_int(struct cbor *c)
{
	struct cbor_item item = cbor_next(c);

	if ((item.kind != CBOR_UINT && item.kind != CBOR_NEGINT) ||
	    item.n > INT64_MAX)
		return (int64_t)invalid(c).n;
	return item.kind == CBOR_UINT ? (int64_t)item.n
				      : -1 - (int64_t)item.n;
}

bool
cbor_get_bool(struct cbor *c)
{
	return expect(c, CBOR_BOOL).n;
}

const char *
cbor_get_text(struct cbor *c, size_t *len)
{
	struct cbor_item item = expect(c, CBOR_TEXT);

	*len = item.len;
	return item.data;
}

const char *
cbor_get_bytes(struct cbor *c, size_t *len)
{
	struct cbor_item item = expect(c, CBOR_BYTES);

	*len = item.len;
	return item.data;
}

size_t
cbor_get_array(struct cbor *c)
{
	return expect(c, CBOR_ARRAY).n;
}

size_t
cbor_get_map(struct cbor *c)
{
	return expect(c, CBOR_MAP).n;
}

bool
cbor_get_null(struct cbor *c)
{
	if (cbor_peek(c) != CBOR_NULL)
		return false;
	cbor_next(c);
	return true;
}

char *
cbor_get_str(struct cbor *c)
{
	struct cbor_item item;

	if (cbor_get_null(c))
		return NULL;
	item = expect(c, CBOR_TEXT);
	if (memchr(item.data, '\0', item.len))
		item = invalid(c);
	return xstrndup(item.data, item.len);
}

bool
cbor_key_is(const char *key, size_t len, const char *name)
{
	return strlen(name) == len && !memcmp(key, name, len);
}

int
cbor_finish(struct cbor *c, const char *what, struct error *err)
{
	if (c->failed || c->next != c->end)
		return error_set(err, "%s is damaged", what);
	return 0;
}
