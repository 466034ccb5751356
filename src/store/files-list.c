/*
 * What is in a directory, for people who ask what has changed in it: a list of
 * CBOR pairs of a path in it and the digest of a file's content, or of a
 * symlink's target.  Empty directories, which count, too, are not in it.
 */
#include "base/base.h"

#include "store/files.h"

#include <string.h>
#include <sys/stat.h>

#include "base/cbor.h"
#include "base/error.h"
#include "base/strbuf.h"
#include "store/content.h"
#include "store/files-state.h"

/* A directory that is being listed. */
struct list {
	struct files *files;
	size_t path_len;     /* of its own path, with the slash */
	size_t count;
	struct strbuf *out;
};

static void
add_pair(struct list *l, const char *path, const struct digest *d)
{
	l->count++;
	cbor_put_str(l->out, path + l->path_len);
	cbor_put_bytes(l->out, d->bytes, DIGEST_BYTES);
}

/* A content_file_fn. */
static int
list_file(void *data, const char *path, const struct stat *st,
	  struct digest *d, struct error *err)
{
	struct list *l = data;

	if (l->count >= FILES_LIST_MAX)
		return error_set(err, "'%s' is one too many", path);
	if (files_digest_file(l->files, path, st, d, err))
		return -1;
	add_pair(l, path, d);
	return 0;
}

/* A content_look_fn. */
static void
list_symlink(void *data, const char *path, const struct stat *st,
	     const struct digest *shown)
{
	if (S_ISLNK(st->st_mode))
		add_pair(data, path, shown);
}

bool
files_list_tree(struct files *f, const char *path, const struct digest *d,
		struct strbuf *out)
{
	struct list l = { f, strlen(path) + 1, 0, out };
	struct digest now;
	uint64_t size;

	return !content_watch_tree(path, list_file, list_symlink, &l, &now,
				   &size, NULL) && digest_equal(&now, d);
}
