/*
 * Packs.  All numbers are big-endian:
 *
 *   "PACK", version 2, number of objects; each object as its type and size in
 *   a row of 7-bit groups, and its bytes by zlib; the SHA-1 of all that.
 *
 * and their indexes:
 *
 *   "\377tOc", version 2; for each first byte how many ids begin with it or a
 *   lesser one; the ids in order, their objects' CRC-32s, their offsets; the
 *   SHA-1 of the pack, the SHA-1 of all that.
 */
#include "base/base.h"

#include "git/pack.h"

#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "sys/file.h"

enum {
	PACK_VERSION = 2,
	PACK_HEAD_BYTES = 12,
	PACK_MAX_BYTES = 64 << 20, /* of memory, more or less */
};

struct pack_entry {
	git_oid id;
	uint32_t offset;
	uint32_t crc;
};

static void
begin(struct pack *p)
{
	static const char head[PACK_HEAD_BYTES];

	strbuf_reset(&p->bytes);
	strbuf_add(&p->bytes, head, sizeof(head));
	p->count = 0;
}

int
pack_init(struct pack *p, const char *dir, git_odb *odb, struct error *err)
{
	memset(p, 0, sizeof(*p));
	p->dir = dir;
	p->odb = odb;
	strbuf_init(&p->bytes);
	map_init(&p->ids);
	p->sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);
	p->digest = EVP_MD_CTX_new();
	if (!p->sha1 || !p->digest)
		return error_set(err, "OpenSSL has no SHA-1");
	if (deflateInit(&p->deflate, Z_BEST_SPEED) != Z_OK)
		return error_set(err, "zlib cannot be used");
	begin(p);
	return 0;
}

void
pack_release(struct pack *p)
{
	deflateEnd(&p->deflate);
	EVP_MD_CTX_free(p->digest);
	EVP_MD_free(p->sha1);
	map_release(&p->ids);
	strbuf_release(&p->bytes);
	strvec_release(&p->written);
	free(p->entries);
}

/* ---- adding ---- */

/* The SHA-1 of HEAD and DATA. */
static void
hash(struct pack *p, const void *head, size_t head_len, const void *data,
     size_t len, unsigned char *sha1)
{
	if (!EVP_DigestInit_ex2(p->digest, p->sha1, NULL) ||
	    !EVP_DigestUpdate(p->digest, head, head_len) ||
	    !EVP_DigestUpdate(p->digest, data, len) ||
	    !EVP_DigestFinal_ex(p->digest, sha1, NULL))
		bug("OpenSSL refuses to hash");
}

/* Whether the object ID is there, or was added before; it is from now on. */
static bool
has(struct pack *p, const git_oid *id)
{
	static char added;

	return map_set(&p->ids, (const char *)id->id, GIT_OID_RAWSZ, &added) ||
	       (p->odb &&
		git_odb_exists_ext(p->odb, id, GIT_ODB_LOOKUP_NO_REFRESH));
}

/* Append type and size: four bits of it, then seven each. */
static void
add_head(struct strbuf *sb, git_object_t type, size_t len)
{
	unsigned c = (unsigned)type << 4 | (len & 15);

	for (len >>= 4; len; len >>= 7) {
		strbuf_addch(sb, (char)(c | 0x80));
		c = len & 0x7f;
	}
	strbuf_addch(sb, (char)c);
}

/* Append LEN bytes compressed, which may take ROOM. */
static void
add_compressed(struct pack *p, const void *data, size_t len, size_t room)
{
	z_stream *z = &p->deflate;

	strbuf_grow(&p->bytes, room);
	z->next_in = (Bytef *)data;
	z->avail_in = (uInt)len;
	z->next_out = (Bytef *)p->bytes.buf + p->bytes.len;
	z->avail_out = (uInt)room;
	if (deflateReset(z) != Z_OK || deflate(z, Z_FINISH) != Z_STREAM_END)
		bug("zlib refuses to compress");
	p->bytes.len += room - z->avail_out;
}

int
pack_add(struct pack *p, git_object_t type, const void *data, size_t len,
	 git_oid *id, struct error *err)
{
	size_t start, room = deflateBound(&p->deflate, len);
	struct pack_entry *e;
	char head[64];
	int head_len = snprintf(head, sizeof(head), "%s %zu",
				git_object_type2string(type), len);

	hash(p, head, (size_t)head_len + 1, data, len, id->id);
	if (has(p, id))
		return 0;
	if (p->bytes.len + room > PACK_MAX_BYTES && pack_write(p, err))
		return -1;
	start = p->bytes.len;
	add_head(&p->bytes, type, len);
	add_compressed(p, data, len, room);
	ARRAY_GROW(p->entries, p->count, p->alloc);
	e = &p->entries[p->count++];
	e->id = *id;
	e->offset = (uint32_t)start;
	e->crc = (uint32_t)crc32(0, (Bytef *)p->bytes.buf + start,
				 (uInt)(p->bytes.len - start));
	return 0;
}

/* ---- writing ---- */

static void
add_number(struct strbuf *sb, uint32_t n)
{
	n = htobe32(n);
	strbuf_add(sb, &n, sizeof(n));
}

/* Append the SHA-1 of what SB holds. */
static void
add_hash(struct pack *p, struct strbuf *sb)
{
	unsigned char sha1[GIT_OID_RAWSZ];

	hash(p, sb->buf, sb->len, NULL, 0, sha1);
	strbuf_add(sb, sha1, sizeof(sha1));
}

static int
compare_entries(const void *a, const void *b)
{
	const struct pack_entry *x = a, *y = b;

	return git_oid_cmp(&x->id, &y->id);
}

/* Append the index of the pack, which is complete. */
static void
add_index(struct pack *p, struct strbuf *sb)
{
	const struct pack_entry *e = p->entries;
	uint32_t i = 0, byte;

	qsort(p->entries, p->count, sizeof(*e), compare_entries);
	strbuf_add(sb, "\377tOc", 4);
	add_number(sb, PACK_VERSION);
	for (byte = 0; byte < 256; byte++) {
		while (i < p->count && e[i].id.id[0] <= byte)
			i++;
		add_number(sb, i);
	}
	for (i = 0; i < p->count; i++)
		strbuf_add(sb, e[i].id.id, GIT_OID_RAWSZ);
	for (i = 0; i < p->count; i++)
		add_number(sb, e[i].crc);
	for (i = 0; i < p->count; i++)
		add_number(sb, e[i].offset);
	strbuf_add(sb, p->bytes.buf + p->bytes.len - GIT_OID_RAWSZ,
		   GIT_OID_RAWSZ);
	add_hash(p, sb);
}

/* Write BYTES to the file of the pack called ID that ends in SUFFIX. */
static int
write_file(struct pack *p, const git_oid *id, const char *suffix,
	   const struct strbuf *bytes, struct error *err)
{
	char name[GIT_OID_HEXSZ + 1];
	char *path;
	int ret;

	git_oid_tostr(name, sizeof(name), id);
	path = xasprintf("%s/pack-%s.%s", p->dir, name, suffix);
	ret = file_replace(path, bytes->buf, bytes->len, p->sync, err);
	free(path);
	return ret;
}

static void
note_written(struct pack *p, const git_oid *id)
{
	char name[GIT_OID_HEXSZ + 1];

	git_oid_tostr(name, sizeof(name), id);
	strvec_push_take(&p->written, xasprintf("pack-%s", name));
}

int
pack_write(struct pack *p, struct error *err)
{
	uint32_t words[2] = { htobe32(PACK_VERSION), htobe32(p->count) };
	struct strbuf index = STRBUF_INIT;
	git_oid id;
	int ret;

	if (!p->count)
		return 0;
	memcpy(p->bytes.buf, "PACK", 4);
	memcpy(p->bytes.buf + 4, words, sizeof(words));
	add_hash(p, &p->bytes);
	memcpy(id.id, p->bytes.buf + p->bytes.len - GIT_OID_RAWSZ,
	       GIT_OID_RAWSZ);
	add_index(p, &index);
	/* With its index the pack is there. */
	ret = write_file(p, &id, "pack", &p->bytes, err) ||
	      write_file(p, &id, "idx", &index, err) ? -1 : 0;
	if (!ret)
		note_written(p, &id);
	strbuf_release(&index);
	begin(p);
	return ret;
}
