/*
 * The part of a gc that is about objects.
 */
#include "base/base.h"

#include "store/gc-parts.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/path.h"
#include "base/strbuf.h"
#include "base/strvec.h"
#include "store/content.h"
#include "store/objects.h"
#include "store/store.h"
#include "sys/file.h"

/* Others wait for the transaction in which so many are moved away. */
enum { BATCH_OBJECTS = 200 };

/* ---- one object ---- */

/* The path of the object, or of the directory of its names. */
static void
set_path(struct strbuf *path, const struct digest *d, bool named)
{
	strbuf_reset(path);
	object_add_path(path, d, named ? "x" : NULL);
	if (named)
		strbuf_truncate(path, path_dir_len(path->buf));
}

/* Append the inode and the ctime of what is at PATH to STATE; *BYTES gets the
 * size of a file.  Returns whether anything is there. */
static bool
add_state(struct strbuf *state, const char *path, uint64_t *bytes)
{
	struct stat st;
	int64_t numbers[3];

	if (lstat(path, &st) < 0)
		return false;
	numbers[0] = (int64_t)st.st_ino;
	numbers[1] = st.st_ctim.tv_sec;
	numbers[2] = st.st_ctim.tv_nsec;
	strbuf_add(state, numbers, sizeof(numbers));
	*bytes = S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
	return true;
}

/* Look at the object D: under which names its file or directory is there, and
 * when that was changed. */
static void
look(const struct digest *d, struct gc_object *o)
{
	struct strbuf path = STRBUF_INIT, state = STRBUF_INIT;
	struct strvec names = STRVEC_INIT;
	uint64_t bytes = 0;
	size_t len, i;

	memset(o, 0, sizeof(*o));
	o->digest = *d;
	set_path(&path, d, false);
	add_state(&state, path.buf, &o->bytes);
	strbuf_addch(&state, '/');
	set_path(&path, d, true);
	len = path.len;
	file_list(path.buf, &names, NULL);
	for (i = 0; i < names.count; i++) {
		strbuf_truncate(&path, len);
		strbuf_addch(&path, '/');
		strbuf_adds(&path, names.v[i]);
		add_state(&state, path.buf, &bytes);
		if (!o->bytes)
			o->bytes = bytes;
	}
	o->state = digest_of(state.buf, state.len);
	strvec_release(&names);
	strbuf_release(&path);
	strbuf_release(&state);
}

static int
size_entry(void *data, const char *path, const struct stat *st,
	   struct digest *d, struct error *err)
{
	(void)data;
	(void)path;
	(void)st;
	(void)err;
	memset(d, 0, sizeof(*d));
	return 0;
}

uint64_t
gc_size_of(const char *path)
{
	struct digest dropped;
	uint64_t bytes = 0;
	struct stat st;

	if (lstat(path, &st) < 0)
		return 0;
	if (!S_ISDIR(st.st_mode))
		return (uint64_t)st.st_size;
	return content_of_tree(path, size_entry, NULL, &dropped, &bytes, NULL)
		       ? 0 : bytes;
}

/* The size of O, of its files if it is a directory. */
static uint64_t
size_of(const struct gc_object *o)
{
	struct strbuf path = STRBUF_INIT;
	uint64_t bytes = o->bytes;
	struct stat st;

	set_path(&path, &o->digest, false);
	if (!bytes && lstat(path.buf, &st) == 0 && S_ISDIR(st.st_mode))
		bytes = gc_size_of(path.buf);
	set_path(&path, &o->digest, true);
	if (!bytes)
		bytes = gc_size_of(path.buf);
	strbuf_release(&path);
	return bytes;
}

/* ---- all objects ---- */

/* Read the digest of the 2 and 30 hexadecimal digits HEAD and TAIL. */
static bool
parse_digest(const char *head, const char *tail, struct digest *d)
{
	char hex[2 * DIGEST_BYTES + 1], pair[3] = "";

	if (snprintf(hex, sizeof(hex), "%s%s", head, tail) !=
	    2 * DIGEST_BYTES || hex[strspn(hex, "0123456789abcdef")])
		return false;
	for (size_t i = 0; i < DIGEST_BYTES; i++) {
		memcpy(pair, hex + 2 * i, 2);
		d->bytes[i] = (unsigned char)strtoul(pair, NULL, 16);
	}
	return true;
}

/* Add the digests that directory TOP/HEAD names to SET. */
static int
list_digests(const char *top, const char *head, struct digest_set *set,
	     struct error *err)
{
	char *dir = path_join(top, head);
	struct strvec tails = STRVEC_INIT;
	struct digest d;
	int rc = file_list(dir, &tails, err);

	for (size_t i = 0; !rc && i < tails.count; i++)
		if (parse_digest(head, tails.v[i], &d))
			digest_set_add(set, &d);
	strvec_release(&tails);
	free(dir);
	return rc;
}

/* The same for all directories in TOP. */
static int
list_all(const char *top, struct digest_set *set, struct error *err)
{
	struct strvec heads = STRVEC_INIT;
	int rc = file_list(top, &heads, err);

	for (size_t i = 0; !rc && i < heads.count; i++)
		if (strlen(heads.v[i]) == 2 &&
		    isxdigit((unsigned char)heads.v[i][0]))
			rc = list_digests(top, heads.v[i], set, err);
	strvec_release(&heads);
	return rc;
}

int
gc_objects_look(struct gc_objects *objects, struct error *err)
{
	struct digest_set set = { .v = NULL };
	int rc = list_all(STORE_DIR "/objects", &set, err);

	if (!rc)
		rc = list_all(STORE_DIR "/named", &set, err);
	digest_set_complete(&set);
	for (size_t i = 0; !rc && i < set.count; i++) {
		/* One with a name is listed twice. */
		if (i && digest_equal(&set.v[i - 1], &set.v[i]))
			continue;
		ARRAY_GROW(objects->v, objects->count, objects->alloc);
		look(&set.v[i], &objects->v[objects->count++]);
	}
	digest_set_release(&set);
	return rc;
}

void
gc_objects_release(struct gc_objects *objects)
{
	free(objects->v);
	memset(objects, 0, sizeof(*objects));
}

/* ---- removing ---- */

/* Move what PATH is to the trash as number N. */
static int
trash(const char *path, size_t n, struct error *err)
{
	char *to = xasprintf(GC_TRASH "/%zu", n);
	int rc = 0;

	if (file_rename(path, to) < 0 && errno != ENOENT)
		rc = error_sys(err, "cannot move %s away", path);
	free(to);
	return rc;
}

/* Remove O, number N of a batch, unless somebody asked for it meanwhile. */
static int
remove_object(const struct gc_object *o, size_t n, struct gc_count *count,
	      struct error *err)
{
	struct strbuf path = STRBUF_INIT;
	struct gc_object now;
	uint64_t bytes;
	int rc = 0;

	look(&o->digest, &now);
	if (digest_equal(&now.state, &o->state)) {
		bytes = size_of(o);
		/* First the name without which it is not found. */
		set_path(&path, &o->digest, false);
		rc = trash(path.buf, 2 * n, err);
		set_path(&path, &o->digest, true);
		if (!rc)
			rc = trash(path.buf, 2 * n + 1, err);
		if (!rc) {
			count->count++;
			count->bytes += bytes;
		}
	}
	strbuf_release(&path);
	return rc;
}

/* Remove the COUNT objects at LIST, all of which nobody needs: nobody can
 * record meanwhile that he does. */
static int
remove_batch(struct gc_object *const *list, size_t n, struct store *s,
	     struct gc_count *count, struct error *err)
{
	int rc = file_make_dirs(GC_TRASH, err);

	if (!rc)
		rc = store_begin(s, err);
	for (size_t i = 0; !rc && i < n; i++)
		rc = remove_object(list[i], i, count, err);
	if (store_commit(s, rc ? NULL : err))
		rc = -1;
	if (file_remove_tree(GC_TRASH, rc ? NULL : err))
		rc = -1;
	return rc;
}

int
gc_objects_sweep(const struct gc_objects *objects,
		 const struct digest_set *named, struct store *s,
		 struct gc_count *count, struct error *err)
{
	struct gc_object *batch[BATCH_OBJECTS];
	size_t n = 0;

	for (size_t i = 0; i < objects->count; i++) {
		struct gc_object *o = &objects->v[i];

		if (digest_set_has(named, &o->digest))
			continue;
		if (!s) {
			count->count++;
			count->bytes += size_of(o);
			continue;
		}
		batch[n++] = o;
		if (n < BATCH_OBJECTS)
			continue;
		if (remove_batch(batch, n, s, count, err))
			return -1;
		n = 0;
	}
	return n ? remove_batch(batch, n, s, count, err) : 0;
}
