/*
 * The room of objects.  Where each begins in its pack, the index of the pack
 * says (git/pack.c has the format); it goes on to where the next one begins.
 */
#include "base/base.h"

#include "git/stored.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/path.h"
#include "base/strbuf.h"
#include "base/strvec.h"
#include "sys/file.h"

enum {
	HEAD_BYTES = 8,
	COUNTS = 256,
};

/* More of the offset follows elsewhere: in none of our packs. */
#define FAR_OFFSET (1U << 31)

struct asking {
	void (*fn)(void *data, const git_oid *id, uint64_t bytes);
	void *data;
};

/* An object in a pack. */
struct place {
	const char *id;
	uint32_t offset;
};

static int
compare_places(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	return (x->offset > y->offset) - (x->offset < y->offset);
}

static uint32_t
number_at(const char *bytes)
{
	uint32_t n;

	memcpy(&n, bytes, sizeof(n));
	return be32toh(n);
}

/* Tell of the COUNT objects at PLACES, in a pack of PACK_BYTES. */
static void
tell_places(const struct asking *a, struct place *places, size_t count,
	    uint64_t pack_bytes)
{
	uint64_t end = pack_bytes - MIN(pack_bytes, GIT_OID_RAWSZ);
	git_oid id;
	size_t i;

	if (count)
		qsort(places, count, sizeof(*places), compare_places);
	for (i = count; i-- > 0;) {
		uint32_t offset = places[i].offset;

		memcpy(id.id, places[i].id, GIT_OID_RAWSZ);
		a->fn(a->data, &id, end - MIN(end, offset));
		end = MIN(end, offset);
	}
}

/* Tell of the objects in the pack that INDEX is of, unless that is damaged. */
static void
tell_index(const struct asking *a, const struct strbuf *index,
	   uint64_t pack_bytes)
{
	size_t ids = HEAD_BYTES + COUNTS * sizeof(uint32_t), offsets, count, i;
	struct place *places;

	count = index->len < ids ? 0 : number_at(index->buf + ids - 4);
	offsets = ids + count * (GIT_OID_RAWSZ + sizeof(uint32_t));
	if (index->len < ids || memcmp(index->buf, "\377tOc\0\0\0\2", 8) ||
	    index->len < offsets + count * sizeof(uint32_t))
		return;
	places = xcalloc(count + 1, sizeof(*places));
	for (i = 0; i < count; i++) {
		places[i].id = index->buf + ids + i * GIT_OID_RAWSZ;
		places[i].offset = number_at(index->buf + offsets + 4 * i);
		if (places[i].offset & FAR_OFFSET)
			places[i].offset = FAR_OFFSET;
	}
	tell_places(a, places, count, pack_bytes);
	free(places);
}

/* The same of the pack in DIR whose index is called NAME. */
static void
tell_pack(const struct asking *a, const char *dir, const char *name)
{
	size_t stem = strlen(name) - strlen(".idx");
	char *path = path_join(dir, name);
	char *pack = xasprintf("%s/%.*s.pack", dir, (int)stem, name);
	struct strbuf index = STRBUF_INIT;
	struct stat st;

	if (!file_read(path, &index, NULL) && !stat(pack, &st))
		tell_index(a, &index, (uint64_t)st.st_size);
	strbuf_release(&index);
	free(path);
	free(pack);
}

static bool
is_index(const char *name)
{
	size_t len = strlen(name), tail = strlen(".idx");

	return len > tail && !strcmp(name + len - tail, ".idx");
}

static void
tell_packs(const struct asking *a, const char *dir)
{
	struct strvec names = STRVEC_INIT;
	size_t i;

	file_list(dir, &names, NULL);
	for (i = 0; i < names.count; i++)
		if (is_index(names.v[i]))
			tell_pack(a, dir, names.v[i]);
	strvec_release(&names);
}

/* Tell of the objects in DIR, whose name begins those of all of them. */
static void
tell_files(const struct asking *a, const char *dir)
{
	struct strvec names = STRVEC_INIT;
	struct stat st;
	git_oid id;
	size_t i;

	file_list(dir, &names, NULL);
	for (i = 0; i < names.count; i++) {
		char *path = path_join(dir, names.v[i]);
		char *hex = xasprintf("%s%s", path_base(dir), names.v[i]);

		if (strlen(hex) == GIT_OID_HEXSZ &&
		    !git_oid_fromstr(&id, hex) && !lstat(path, &st))
			a->fn(a->data, &id, (uint64_t)st.st_size);
		free(hex);
		free(path);
	}
	strvec_release(&names);
}

void
stored_each(const char *repository,
	    void (*fn)(void *data, const git_oid *id, uint64_t bytes),
	    void *data)
{
	const struct asking a = { fn, data };
	char *objects = path_join(repository, "objects");
	struct strvec names = STRVEC_INIT;
	size_t i;

	file_list(objects, &names, NULL);
	for (i = 0; i < names.count; i++) {
		char *dir = path_join(objects, names.v[i]);

		if (!strcmp(names.v[i], "pack"))
			tell_packs(&a, dir);
		else if (strlen(names.v[i]) == 2)
			tell_files(&a, dir);
		free(dir);
	}
	strvec_release(&names);
	free(objects);
}
