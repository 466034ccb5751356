/*
 * Values: CBOR in, artifacts out, and back.  Numeric arrays are stored as
 * .npy by whoever makes them (NEP 1 describes the format) and read here as
 * typed arrays (RFC 8746).
 */
#include "base/base.h"

#include "store/values.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/cbor.h"
#include "base/error.h"
#include "base/strbuf.h"
#include "model/artifact.h"
#include "model/npy.h"
#include "model/object-path.h"
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

enum {
	TAG_ARRAY_ROW_MAJOR = 40,
	TAG_ARRAY_COLUMN_MAJOR = 1040,
};

/* RFC 8746, section 2.1. */
static const struct {
	const char *type;
	uint64_t tag;
} number_types[] = {
	{ "|u1", 64 }, { ">u2", 65 }, { ">u4", 66 }, { ">u8", 67 },
		       { "<u2", 69 }, { "<u4", 70 }, { "<u8", 71 },
	{ "|i1", 72 }, { ">i2", 73 }, { ">i4", 74 }, { ">i8", 75 },
		       { "<i2", 77 }, { "<i4", 78 }, { "<i8", 79 },
		       { ">f2", 80 }, { ">f4", 81 }, { ">f8", 82 },
		       { "<f2", 84 }, { "<f4", 85 }, { "<f8", 86 },
};

/* The tag of numbers of TYPE, or 0. */
static uint64_t
npy_tag(const char *type)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(number_types); i++)
		if (!strcmp(number_types[i].type, type))
			return number_types[i].tag;
	return 0;
}

/* Append the array in the .npy file of LEN bytes at DATA to CBOR. */
static int
npy_to_cbor(const struct artifact *artifact, const char *data, size_t len,
	    struct strbuf *cbor, struct error *err)
{
	struct npy a;
	size_t i;

	if (!npy_parse(&a, data, len) || !npy_tag(a.type))
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
	cbor_put_tag(cbor, npy_tag(a.type));
	cbor_put_bytes(cbor, data + a.data_at, len - a.data_at);
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

/* Append the value of which C, behind its tag, says where it lies. */
static int
load_object(struct cbor *c, uint64_t max_bytes, struct strbuf *out,
	    struct error *err)
{
	struct artifact a = { .name = "a value" };
	const char *format, *path;
	size_t format_len, path_len;
	char *name;
	struct stat st;
	int rc;

	cbor_get_array(c);
	format = cbor_get_text(c, &format_len);
	path = cbor_get_text(c, &path_len);
	if (c->failed || !artifact_format_find(format, format_len, &a.format) ||
	    !object_path_digest(path, path_len, &a.digest))
		return error_set(err, "a value is damaged");
	name = xstrndup(path, path_len);
	rc = stat(name, &st) < 0 ? error_sys(err, "cannot read '%s'", name)
				 : 0;
	a.size_bytes = rc ? 0 : (uint64_t)st.st_size;
	if (!rc && max_bytes && a.size_bytes > max_bytes)
		rc = error_set(err, "'%s' is too large", name);
	free(name);
	return rc ? -1 : artifact_load_value(&a, out, err);
}

/* Append the next value of C. */
static int
load_value(struct cbor *c, uint64_t max_bytes, struct strbuf *out,
	   struct error *err)
{
	struct cbor at = *c;
	struct cbor_item item = cbor_next(&at);
	const char *span;
	size_t len;

	if (item.kind == CBOR_TAG && item.n == CBOR_TAG_OBJECT) {
		*c = at;
		return load_object(c, max_bytes, out, err);
	}
	span = cbor_span(c, &len);
	strbuf_add(out, span, len);
	return 0;
}

int
value_load_objects(const char *cbor, size_t len, uint64_t max_bytes,
		   struct strbuf *out, struct error *err)
{
	struct cbor_item item;
	struct cbor c, at;
	uint64_t count;
	int rc = 0;

	cbor_init(&c, cbor, len);
	at = c;
	item = cbor_next(&at);
	if (item.kind != CBOR_ARRAY)
		return load_value(&c, max_bytes, out, err);
	cbor_put_array(out, item.n);
	for (count = item.n; count && !rc && !at.failed; count--)
		rc = load_value(&at, max_bytes, out, err);
	return rc;
}
