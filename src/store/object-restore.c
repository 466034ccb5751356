/*
 * Objects on their way out of the store: verified, restored, removed.
 *
 * It is always the object itself that is found to be damaged, not a copy: that
 * may have failed for reasons of its own.
 */
#include "base/base.h"

#include "store/objects.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/path.h"
#include "base/strbuf.h"
#include "store/content.h"
#include "store/files.h"
#include "store/store.h"
#include "sys/file.h"

/* Whether what stands at PATH, which is there, has the content D: 1, 0, -1. */
static int
has_content(const char *path, const struct digest *d, struct error *err)
{
	struct digest got;
	struct stat st;
	uint64_t size;
	int rc;

	if (stat(path, &st) < 0)
		return error_sys(err, "cannot read '%s'", path);
	rc = S_ISDIR(st.st_mode)
		     ? content_of_tree(path, NULL, NULL, &got, &size, err)
		     : content_of_file(path, &st, &got, err);
	return rc ? -1 : digest_equal(d, &got);
}

/* ---- removing ---- */

int
object_remove(const struct digest *d, struct error *err)
{
	struct strbuf path = STRBUF_INIT;
	int rc;

	/* First the name without which it is not found. */
	object_add_path(&path, d, NULL);
	rc = file_remove_tree(path.buf, err);
	strbuf_reset(&path);
	object_add_path(&path, d, "x");
	strbuf_truncate(&path, path_dir_len(path.buf));
	if (file_remove_tree(path.buf, rc ? NULL : err))
		rc = -1;
	strbuf_release(&path);
	return rc;
}

/* The object D, whose file at PATH had the stat SEEN, is damaged: remove it,
 * unless somebody has put a good one there meanwhile, and say so. */
static int
drop_damaged(const struct digest *d, const char *path, const struct stat *seen,
	     struct error *err)
{
	struct stat st;

	if (stat(path, &st) == 0 && st.st_ino == seen->st_ino &&
	    object_remove(d, err))
		return -1;
	error_set(err, "%s was damaged and is removed", path);
	return 0;
}

/* ---- restoring ---- */

/* Copy the object at FROM, a directory if IS_DIR, to a new file or directory
 * COPY, and look whether that has the content D: 1, 0, -1. */
static int
copy_object(const char *from, bool is_dir, const char *copy,
	    const struct digest *d, struct error *err)
{
	/* What a symlink among the objects leads to. */
	char *dir = is_dir ? path_join(from, ".") : NULL;
	int rc = file_copy_fresh(is_dir ? dir : from, copy, err);

	free(dir);
	if (rc)
		return -1;
	rc = has_content(copy, d, err);
	if (rc <= 0)
		file_remove_tree(copy, NULL);
	return rc;
}

/* Move COPY to PATH, in a directory that is made. */
static int
move_out(const char *copy, const char *path, struct error *err)
{
	char *dir = xstrndup(path, path_dir_len(path));
	int rc = file_make_dirs(dir, err);

	if (!rc)
		rc = file_move(copy, path, err);
	if (rc)
		file_remove_tree(copy, NULL);
	free(dir);
	return rc;
}

int
object_restore(const struct digest *d, const char *path, struct error *err)
{
	struct strbuf from = STRBUF_INIT;
	struct stat st;
	/* Not beside PATH: a crash leaves nothing in the project. */
	char *copy = file_temporary_name(STORE_DIR "/tmp/object");
	int rc;

	object_add_path(&from, d, NULL);
	if (stat(from.buf, &st) < 0) {
		rc = errno == ENOENT ? 0
		     : error_sys(err, "cannot read %s", from.buf);
		goto out;
	}
	rc = copy_object(from.buf, S_ISDIR(st.st_mode), copy, d, err);
	if (rc > 0) {
		rc = move_out(copy, path, err) ? -1 : 1;
	} else if (!rc) {
		rc = has_content(from.buf, d, err);
		if (rc > 0)
			rc = error_set(err, "the copy of %s for '%s' is not "
				       "what it is of", from.buf, path);
		else if (!rc)
			rc = drop_damaged(d, from.buf, &st, err);
	}
out:
	free(copy);
	strbuf_release(&from);
	return rc;
}

/* ---- verifying ---- */

int
object_verify(const struct digest *d, const char *file_name, struct files *f,
	      struct error *err)
{
	struct strbuf path = STRBUF_INIT;
	struct file_state state;
	struct stat st;
	int rc = 0;

	object_add_path(&path, d, file_name);
	if (stat(path.buf, &st) == 0)
		rc = files_digest(f, path.buf, &state, err);
	else if (errno != ENOENT)
		rc = error_sys(err, "cannot read %s", path.buf);
	if (rc > 0 && digest_equal(d, &state.digest)) {
		files_rest_on(f, path.buf, d);
	} else if (rc > 0) {
		files_forget(f, path.buf);
		rc = drop_damaged(d, path.buf, &st, err);
	}
	strbuf_release(&path);
	return rc;
}
