/*
 * Values: CBOR in, artifacts out, and back.  Numeric arrays are stored as
 * .npy by whoever makes them (NEP 1 describes the format) and read here as
 * typed arrays (RFC 8746).
 */
#include "base/base.h"

#include "store/values.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/cbor.h"
#include "base/error.h"
#include "base/strbuf.h"
#include "model/artifact.h"
#include "model/wire.h"
#include "store/objects.h"

/* ---- storing ---- */

int
artifact_from_value(const char *name, const char *cbor, size_t len,
		    struct arena *arena, struct artifact *a,
		    struct error *err)
{
	struct cbor_item item;
	struct cbor c;

	memset(a, 0, sizeof(*a));
	a->name = arena_strdup(arena, name);
	if (len <= WIRE_INLINE_MAX_BYTES) {
		a->format = ARTIFACT_INLINE;
		a->value = arena_memdup(arena, cbor, len);
		a->value_len = (uint32_t)len;
		a->size_bytes = len;
		a->digest = digest_of(cbor, len);
		return 0;
	}
	a->format = ARTIFACT_CBOR;
	cbor_init(&c, cbor, len);
	item = cbor_next(&c);
	if (item.kind == CBOR_TEXT || item.kind == CBOR_BYTES) {
		a->format = item.kind == CBOR_TEXT ? ARTIFACT_TEXT
						   : ARTIFACT_BYTES;
		cbor = item.data;
		len = item.len;
	}
	a->size_bytes = len;
	if (object_put_bytes(cbor, len, &a->digest, err))
		return error_push(err, "result '%s'", name);
	return 0;
}

/* ---- .npy ---- */

enum { NPY_MAX_DIMENSIONS = 32 };

struct npy {
	uint64_t tag;             /* of its numbers in RFC 8746 */
	size_t number_bytes;
	bool is_fortran_order;
	uint64_t shape[NPY_MAX_DIMENSIONS];
	size_t dimensions;
	const char *data;         /* borrowed */
	size_t len;
};

enum {
	TAG_ARRAY_ROW_MAJOR = 40,
	TAG_ARRAY_COLUMN_MAJOR = 1040,
};

/* RFC 8746, section 2.1. */
static const struct {
	const char *descr;
	uint64_t tag;
	size_t number_bytes;
} number_types[] = {
	{ "|u1", 64, 1 },
	{ ">u2", 65, 2 }, { ">u4", 66, 4 }, { ">u8", 67, 8 },
	{ "<u2", 69, 2 }, { "<u4", 70, 4 }, { "<u8", 71, 8 },
	{ "|i1", 72, 1 },
	{ ">i2", 73, 2 }, { ">i4", 74, 4 }, { ">i8", 75, 8 },
	{ "<i2", 77, 2 }, { "<i4", 78, 4 }, { "<i8", 79, 8 },
	{ ">f2", 80, 2 }, { ">f4", 81, 4 }, { ">f8", 82, 8 },
	{ "<f2", 84, 2 }, { "<f4", 85, 4 }, { "<f8", 86, 8 },
};

/* What follows KEY in the header, a Python dict, or NULL. */
static const char *
npy_field(const char *header, const char *key)
{
	const char *p = strstr(header, key);

	if (!p)
		return NULL;
	p += strlen(key);
	p += strspn(p, " ");
	if (*p++ != ':')
		return NULL;
	return p + strspn(p, " ");
}

/* Find the type whose name in quotes is at P. */
static bool
npy_type(struct npy *a, const char *p)
{
	size_t i;

	for (i = 0; p && i < ARRAY_SIZE(number_types); i++) {
		if (strncmp(p + 1, number_types[i].descr, 3) ||
		    (p[4] != '\'' && p[4] != '"'))
			continue;
		a->tag = number_types[i].tag;
		a->number_bytes = number_types[i].number_bytes;
		return true;
	}
	return false;
}

/* Read the tuple at P. */
static bool
npy_shape(struct npy *a, const char *p)
{
	char *end;

	if (!p || *p++ != '(')
		return false;
	for (;;) {
		p += strspn(p, " ,");
		if (*p == ')')
			return true;
		if (*p < '0' || *p > '9' ||
		    a->dimensions == NPY_MAX_DIMENSIONS)
			return false;
		a->shape[a->dimensions++] = strtoull(p, &end, 10);
		p = end;
	}
}

/* Whether shape and type give the bytes that are there. */
static bool
npy_has_all(const struct npy *a)
{
	uint64_t bytes = a->number_bytes;
	size_t i;

	for (i = 0; i < a->dimensions; i++)
		if (__builtin_mul_overflow(bytes, a->shape[i], &bytes))
			return false;
	return bytes == a->len;
}

/* Take the LEN bytes of a .npy file at DATA apart. */
static bool
npy_parse(struct npy *a, const char *data, size_t len)
{
	const unsigned char *head = (const unsigned char *)data;
	size_t head_bytes, header_len;
	const char *order;
	char *header;
	bool good;

	memset(a, 0, sizeof(*a));
	if (len < 12 || memcmp(data, "\x93NUMPY", 6) || !head[6])
		return false;
	header_len = head[8] | (size_t)head[9] << 8;
	if (head[6] > 1)
		header_len |= (size_t)head[10] << 16 | (size_t)head[11] << 24;
	head_bytes = head[6] > 1 ? 12 : 10;
	if (len - head_bytes < header_len)
		return false;
	a->data = data + head_bytes + header_len;
	a->len = len - head_bytes - header_len;
	header = xstrndup(data + head_bytes, header_len);
	order = npy_field(header, "'fortran_order'");
	a->is_fortran_order = order && !strncmp(order, "True", 4);
	good = npy_type(a, npy_field(header, "'descr'")) &&
	       npy_shape(a, npy_field(header, "'shape'")) && npy_has_all(a);
	free(header);
	return good;
}

/* Append the array in the .npy file of LEN bytes at DATA to CBOR. */
static int
npy_to_cbor(const struct artifact *artifact, const char *data, size_t len,
	    struct strbuf *cbor, struct error *err)
{
	struct npy a;
	size_t i;

	if (!npy_parse(&a, data, len))
		return error_set(err, "result '%s' is an array of a kind that "
				 "cannot be shown; use --file",
				 artifact->name);
	if (a.dimensions != 1) {
		cbor_put_tag(cbor, a.is_fortran_order ? TAG_ARRAY_COLUMN_MAJOR
						      : TAG_ARRAY_ROW_MAJOR);
		cbor_put_array(cbor, 2);
		cbor_put_array(cbor, a.dimensions);
		for (i = 0; i < a.dimensions; i++)
			cbor_put_uint(cbor, a.shape[i]);
	}
	cbor_put_tag(cbor, a.tag);
	cbor_put_bytes(cbor, a.data, a.len);
	return 0;
}

/* ---- loading ---- */

/* Append the value of A, read from its object into DATA. */
static int
put_object(const struct artifact *a, const struct strbuf *data,
	   struct strbuf *cbor, struct error *err)
{
	switch (a->format) {
	case ARTIFACT_TEXT:
		cbor_put_text(cbor, data->buf, data->len);
		return 0;
	case ARTIFACT_BYTES:
		cbor_put_bytes(cbor, data->buf, data->len);
		return 0;
	case ARTIFACT_NPY:
		return npy_to_cbor(a, data->buf, data->len, cbor, err);
	default:
		bug("no value in format %s", artifact_format_name(a->format));
	}
}

int
artifact_load_value(const struct artifact *a, struct strbuf *cbor,
		    struct error *err)
{
	struct strbuf data = STRBUF_INIT;
	int rc;

	switch (a->format) {
	case ARTIFACT_INLINE:
		strbuf_add(cbor, a->value, a->value_len);
		return 0;
	case ARTIFACT_CBOR:
		return object_read(&a->digest, cbor, err);
	case ARTIFACT_TEXT:
		break;
	case ARTIFACT_BYTES:
	case ARTIFACT_NPY:
		if (a->size_bytes > VALUE_LOAD_MAX_BYTES)
			return error_set(err, "result '%s' is too large to "
					 "be shown; use --file", a->name);
		break;
	default:
		return error_set(err, "'%s' is a file, not a value; use "
				 "--file", a->name);
	}
	rc = object_read(&a->digest, &data, err);
	if (!rc)
		rc = put_object(a, &data, cbor, err);
	strbuf_release(&data);
	return rc;
}
