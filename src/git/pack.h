/*
 * Many objects at once: a pack and its index (gitformat-pack(5)), made in one
 * go.
 *
 * libgit2 writes objects one by one, a file each, or makes packs with all the
 * care that a server needs: for thousands of small files either takes more
 * than twice the time of this, which compresses each as little as git does for
 * single objects and compares none with others.
 */
#ifndef FLOWMAKE_GIT_PACK_H
#define FLOWMAKE_GIT_PACK_H

#include <git2.h>
#include <openssl/evp.h>
#include <zlib.h>

#include "base/base.h"
#include "base/map.h"
#include "base/strbuf.h"
#include "base/strvec.h"

struct error;
struct pack_entry;

struct pack {
	const char *dir;     /* where it goes; borrowed */
	git_odb *odb;        /* what is there already; borrowed; or NULL */
	bool sync;           /* write to the disk; false at first */
	EVP_MD *sha1;
	EVP_MD_CTX *digest;
	z_stream deflate;    /* used again for each object */
	struct strbuf bytes; /* the pack so far */
	struct map ids;      /* of what was added */
	struct pack_entry *entries; /* of the objects in bytes */
	uint32_t count;
	uint32_t alloc;
	struct strvec written; /* names of the packs, without suffixes */
};

int pack_init(struct pack *p, const char *dir, git_odb *odb,
	      struct error *err);
void pack_release(struct pack *p);

/* Add an object, unless there is one like it; *ID names it. */
int pack_add(struct pack *p, git_object_t type, const void *data, size_t len,
	     git_oid *id, struct error *err);
/* Write what was added.  Much is written before. */
int pack_write(struct pack *p, struct error *err);

#endif
