/*
 * Reading and writing CBOR (RFC 8949) item by item, over libcbor's streaming
 * decoder and encoders.  Everything that crosses a socket, a task spec or the
 * store is in this deterministic subset: definite lengths, shortest integers,
 * 64-bit floats.
 *
 * Scheme data are encoded so:
 *
 *   #t #f                 true, false
 *   exact integer         integer; beyond 64 bits a bignum (tags 2, 3)
 *   flonum                64-bit float
 *   exact rational        tag 30, [numerator, denominator]
 *   string                text string; one that stands for bytes that are
 *                         not UTF-8 (U+10FF00+byte): TAG_RAW_TEXT, bytes
 *   bytevector            byte string; typed arrays: the tags of RFC 8746
 *   symbol                tag 39, text string
 *   keyword, char         TAG_KEYWORD, TAG_CHAR, text string
 *   proper list           array
 *   pair, dotted list     TAG_DOTTED, array whose last item is the tail
 *   vector                TAG_VECTOR, array
 *   hash table            map, sorted by encoded key
 *   file result           TAG_FILE, text or raw text: the path to read
 *   (list-file LIST)      TAG_LIST_FILE, array of texts
 *   value not inline      TAG_OBJECT, [format, path] (model/wire.h)
 *
 * null never stands for a Scheme value; messages use it for "absent".
 */
#ifndef FLOWMAKE_BASE_CBOR_H
#define FLOWMAKE_BASE_CBOR_H

#include "base/base.h"

struct error;
struct strbuf;

enum cbor_tag {
	CBOR_TAG_BIGNUM = 2,
	CBOR_TAG_NEGATIVE_BIGNUM = 3,
	CBOR_TAG_RATIONAL = 30,
	CBOR_TAG_SYMBOL = 39,
	CBOR_TAG_RAW_TEXT = 0x464d01,
	CBOR_TAG_KEYWORD = 0x464d02,
	CBOR_TAG_CHAR = 0x464d03,
	CBOR_TAG_VECTOR = 0x464d04,
	CBOR_TAG_DOTTED = 0x464d05,
	CBOR_TAG_FILE = 0x464d06,
	CBOR_TAG_OBJECT = 0x464d07,
	CBOR_TAG_LIST_FILE = 0x464d08,
};

/* ---- writing: each appends one item (head) to SB ---- */
void cbor_put_uint(struct strbuf *sb, uint64_t n);
void cbor_put_int(struct strbuf *sb, int64_t n);
void cbor_put_bool(struct strbuf *sb, bool b);
void cbor_put_null(struct strbuf *sb);
void cbor_put_double(struct strbuf *sb, double d);
void cbor_put_bytes(struct strbuf *sb, const void *data, size_t len);
/* A text string; when the LEN bytes are not UTF-8, TAG_RAW_TEXT and bytes. */
void cbor_put_text(struct strbuf *sb, const char *s, size_t len);
void cbor_put_str(struct strbuf *sb, const char *s);
/* A text string or, when S is NULL, null. */
void cbor_put_str_or_null(struct strbuf *sb, const char *s);
/* The head of an array or map; COUNT items (pairs) must follow. */
void cbor_put_array(struct strbuf *sb, size_t count);
void cbor_put_map(struct strbuf *sb, size_t count);
void cbor_put_tag(struct strbuf *sb, uint64_t tag);

/* ---- reading ---- */
enum cbor_kind {
	CBOR_END,    /* no bytes left */
	CBOR_INVALID,
	CBOR_UINT,   /* n */
	CBOR_NEGINT, /* -1 - n */
	CBOR_BYTES,  /* data, len: borrowed from the buffer */
	CBOR_TEXT,   /* data, len: a text string, or bytes under TAG_RAW_TEXT */
	CBOR_ARRAY,  /* n items follow */
	CBOR_MAP,    /* n pairs follow */
	CBOR_TAG,    /* n; the tagged item follows (never TAG_RAW_TEXT) */
	CBOR_BOOL,   /* n is 0 or 1 */
	CBOR_NULL,
	CBOR_FLOAT,  /* d */
};

struct cbor_item {
	enum cbor_kind kind;
	uint64_t n;
	double d;
	const char *data;
	size_t len;
};

/* A cursor over borrowed bytes.  The first thing that does not fit sets
 * failed; from then on all reads return zeros and empty strings, so that a
 * decoder can read a whole message and ask once at its end. */
struct cbor {
	const char *next;
	const char *end;
	bool failed;
};

void cbor_init(struct cbor *c, const void *data, size_t len);
/* Read one item (the head of a compound one).  CBOR_END does not set failed,
 * what is damaged or outside our subset does.  A count of items is never
 * larger than the bytes that are left, so it may size an array. */
struct cbor_item cbor_next(struct cbor *c);
/* The kind of the next item, without moving. */
enum cbor_kind cbor_peek(const struct cbor *c);
/* Move over one whole item, however deep, without recursion. */
void cbor_skip(struct cbor *c);
/* Move over one whole item; *LEN is its length in bytes.  Returns its start,
 * borrowed: the way to keep a value without looking into it. */
const char *cbor_span(struct cbor *c, size_t *len);

/* Read an item of one kind; anything else sets failed.  libcbor has functions
 * of its own that are called cbor_get_int and cbor_get_bool: ours are hidden
 * so that it does not get them in their place. */
uint64_t cbor_get_uint(struct cbor *c);
__attribute__((visibility("hidden"))) int64_t cbor_get_int(struct cbor *c);
__attribute__((visibility("hidden"))) bool cbor_get_bool(struct cbor *c);
const char *cbor_get_text(struct cbor *c, size_t *len);
const char *cbor_get_bytes(struct cbor *c, size_t *len);
size_t cbor_get_array(struct cbor *c);
size_t cbor_get_map(struct cbor *c);
/* Whether the next item is null; moves over it only then. */
bool cbor_get_null(struct cbor *c);
/* A text as a new NUL-terminated string (a NUL inside sets failed), or NULL
 * for null.  The caller frees it. */
char *cbor_get_str(struct cbor *c);
/* Whether the key of a map just read equals NAME. */
bool cbor_key_is(const char *key, size_t len, const char *name);

/* 0, or -1 with "WHAT is damaged" when a read failed or bytes are left. */
int cbor_finish(struct cbor *c, const char *what, struct error *err);

#endif
