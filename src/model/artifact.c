/*
 * Artifacts as text and as CBOR.
 */
#include "base/base.h"

#include "model/artifact.h"

#include <string.h>

#include "base/arena.h"
#include "base/cbor.h"
#include "base/strbuf.h"

static const char *const format_names[ARTIFACT_FORMATS] = {
	[ARTIFACT_INLINE] = "inline",
	[ARTIFACT_CBOR] = "cbor",
	[ARTIFACT_TEXT] = "text",
	[ARTIFACT_BYTES] = "bytes",
	[ARTIFACT_NPY] = "npy",
	[ARTIFACT_FILE] = "file",
	[ARTIFACT_TREE] = "tree",
	[ARTIFACT_OUTPUT] = "output",
};

enum { ARTIFACT_FIELDS = 6 };

/* Append one artifact. */
static void
put_artifact(struct strbuf *sb, const struct artifact *a)
{
	cbor_put_array(sb, ARTIFACT_FIELDS);
	cbor_put_uint(sb, a->format);
	cbor_put_str(sb, a->name);
	cbor_put_bytes(sb, a->digest.bytes, DIGEST_BYTES);
	cbor_put_uint(sb, a->size_bytes);
	if (a->value)
		cbor_put_bytes(sb, a->value, a->value_len);
	else
		cbor_put_null(sb);
	cbor_put_str_or_null(sb, a->file_name);
}

/* The next text as a string of ARENA. */
static const char *
get_string(struct cbor *c, struct arena *arena)
{
	size_t len;
	const char *s = cbor_get_text(c, &len);

	if (memchr(s, '\0', len))
		c->failed = true;
	return arena_strndup(arena, s, len);
}

/* Read one artifact. */
static void
get_artifact(struct cbor *c, struct arena *arena, struct artifact *a)
{
	const char *data;
	size_t len;
	uint64_t format;

	if (cbor_get_array(c) != ARTIFACT_FIELDS)
		c->failed = true;
	format = cbor_get_uint(c);
	if (format >= ARTIFACT_FORMATS)
		c->failed = true;
	a->format = (enum artifact_format)format;
	a->name = get_string(c, arena);
	data = cbor_get_bytes(c, &len);
	if (len == DIGEST_BYTES)
		memcpy(a->digest.bytes, data, DIGEST_BYTES);
	else
		c->failed = true;
	a->size_bytes = cbor_get_uint(c);
	if (!cbor_get_null(c)) {
		data = cbor_get_bytes(c, &len);
		a->value = arena_memdup(arena, data, len);
		a->value_len = (uint32_t)len;
	}
	if (!cbor_get_null(c))
		a->file_name = get_string(c, arena);
}

const char *
artifact_format_name(enum artifact_format f)
{
	if (f >= ARTIFACT_FORMATS)
		bug("artifact format %d", (int)f);
	return format_names[f];
}

bool
artifact_format_find(const char *name, size_t len, enum artifact_format *f)
{
	int i = 0;

	while (i < ARTIFACT_FORMATS && !cbor_key_is(name, len, format_names[i]))
		i++;
	*f = (enum artifact_format)i;
	return i < ARTIFACT_FORMATS;
}

bool
artifact_is_file(const struct artifact *a)
{
	return a->format == ARTIFACT_FILE || a->format == ARTIFACT_TREE;
}

const struct artifact *
artifact_find(const struct artifact *list, size_t count, const char *name)
{
	for (; count--; list++)
		if (!strcmp(list->name, name))
			return list;
	return NULL;
}

uint64_t
artifact_object_bytes(const struct artifact *list, size_t count)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < count; i++)
		if (list[i].format != ARTIFACT_INLINE &&
		    list[i].format != ARTIFACT_OUTPUT)
			bytes += list[i].size_bytes;
	return bytes;
}

void
artifact_put_list(struct strbuf *sb, const struct artifact *list,
		  size_t count)
{
	size_t i;

	cbor_put_array(sb, count);
	for (i = 0; i < count; i++)
		put_artifact(sb, &list[i]);
}

struct artifact *
artifact_get_list(struct cbor *c, struct arena *arena, size_t *count)
{
	size_t i, n = cbor_get_array(c);
	struct artifact *list;

	*count = 0;
	/* Each artifact takes more bytes than this: a damaged count must not
	 * decide how much memory is asked for. */
	if (n > (size_t)(c->end - c->next) / ARTIFACT_FIELDS)
		c->failed = true;
	if (c->failed || !n)
		return NULL;
	list = arena_zalloc(arena, n * sizeof(*list));
	for (i = 0; i < n && !c->failed; i++)
		get_artifact(c, arena, &list[i]);
	if (c->failed)
		return NULL;
	*count = n;
	return list;
}
