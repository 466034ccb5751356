/*
 * Objects.  The file of an object with a name is a hard link of the one
 * without, which is safe because both are read-only.  A directory cannot have
 * two names: that of an object with a name stands there, and a symlink in its
 * place among the objects.
 */
#include "base/base.h"

#include "store/objects.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/path.h"
#include "base/strbuf.h"
#include "base/strvec.h"
#include "store/content.h"
#include "store/store.h"
#include "sys/file.h"

/* A path under which a new object is written; the caller frees it. */
static char *
temporary_path(void)
{
	return file_temporary_name(STORE_DIR "/tmp/object");
}

/* Make the directory that PATH is in. */
static int
make_parent(const char *path, struct error *err)
{
	char *dir = xstrndup(path, path_dir_len(path));
	int rc = file_make_dirs(dir, err);

	free(dir);
	return rc;
}

/* Move FROM to the path TO in the store, whose directory is made when it is
 * found missing: cheaper than asking for it each time. */
static int
move_into(const char *from, const char *to, struct error *err)
{
	char *copy;
	int rc;

	if (!rename(from, to))
		return 0;
	if (errno == ENOENT && access(from, F_OK) == 0) {
		if (make_parent(to, err))
			return -1;
		if (!rename(from, to))
			return 0;
	}
	if (errno != EXDEV)
		return error_sys(err, "cannot move '%s' to %s", from, to);
	copy = temporary_path();
	rc = file_move(from, copy, err);
	if (!rc && rename(copy, to) < 0) {
		rc = error_sys(err, "cannot move '%s' to %s", from, to);
		file_remove_tree(copy, NULL);
	}
	free(copy);
	return rc;
}

/* Write DATA to a new file at PATH, which nobody may write again. */
static int
write_new(const char *path, const void *data, size_t len, struct error *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444);
	int rc;

	if (fd < 0)
		return error_sys(err, "cannot make %s", path);
	rc = file_write_all(fd, data, len, err);
	if (rc)
		error_push(err, "%s", path);
	if (close(fd) < 0 && !rc)
		rc = error_sys(err, "cannot write %s", path);
	if (rc)
		unlink(path);
	return rc;
}

int
object_put_bytes(const void *data, size_t len, struct digest *d,
		 struct error *err)
{
	struct strbuf path = STRBUF_INIT;
	char *temporary = NULL;
	int rc = 0;

	*d = digest_of(data, len);
	if (object_exists(d, NULL))
		return 0;
	object_add_path(&path, d, NULL);
	temporary = temporary_path();
	rc = write_new(temporary, data, len, err);
	if (!rc) {
		rc = move_into(temporary, path.buf, err);
		if (rc)
			unlink(temporary);
	}
	free(temporary);
	strbuf_release(&path);
	return rc;
}

/* ---- taking files ---- */

/* Take all permissions to write from the file PATH. */
static int
make_read_only(const char *path, mode_t mode, struct error *err)
{
	if (chmod(path, content_is_executable(mode) ? 0555 : 0444) < 0)
		return error_sys(err, "cannot protect %s", path);
	return 0;
}

/* Give the object at PATH its second name too. */
static int
link_named(const char *path, const struct digest *d, const char *file_name,
	   struct error *err)
{
	struct strbuf named = STRBUF_INIT;
	char *copy;
	int rc = 0;

	object_add_path(&named, d, file_name);
	if (link(path, named.buf) == 0 || errno == EEXIST)
		goto out;
	if (errno == ENOENT) {
		rc = make_parent(named.buf, err);
		if (rc || link(path, named.buf) == 0 || errno == EEXIST)
			goto out;
	}
	/* No hard links here, or too many: a copy keeps the mode. */
	copy = temporary_path();
	rc = file_copy(path, copy, err);
	if (!rc) {
		rc = move_into(copy, named.buf, err);
		if (rc)
			unlink(copy);
	}
	free(copy);
out:
	strbuf_release(&named);
	return rc;
}

/* Take the regular file at PATH. */
static int
take_file(const char *path, const struct digest *d, const char *file_name,
	  mode_t mode, struct error *err)
{
	struct strbuf object = STRBUF_INIT;
	int rc = 0;

	object_add_path(&object, d, NULL);
	if (object_exists(d, NULL)) {
		if (unlink(path) < 0)
			rc = error_sys(err, "cannot remove '%s'", path);
	} else if (move_into(path, object.buf, err) ||
		   make_read_only(object.buf, mode, err)) {
		rc = -1;
	}
	if (!rc && file_name)
		rc = link_named(object.buf, d, file_name, err);
	strbuf_release(&object);
	return rc;
}

/* Take a copy of what the symlink at PATH points to. */
static int
take_symlink(const char *path, const struct digest *d, const char *file_name,
	     struct error *err)
{
	struct stat st;
	char *copy;
	int rc;

	if (stat(path, &st) < 0)
		return error_sys(err, "cannot read '%s'", path);
	if (!S_ISREG(st.st_mode))
		return error_set(err, "'%s' is a symlink to a directory, "
				 "which cannot be kept in the store", path);
	copy = temporary_path();
	rc = file_copy(path, copy, err);
	if (!rc) {
		rc = take_file(copy, d, file_name, st.st_mode, err);
		if (rc)
			unlink(copy);
	}
	if (!rc && unlink(path) < 0)
		rc = error_sys(err, "cannot remove '%s'", path);
	free(copy);
	return rc;
}

/* ---- taking directories ---- */

/* Protect one entry of a tree: content_of_tree's way round calls this. */
static int
protect_entry(void *data, const char *path, const struct stat *st,
	      struct digest *d, struct error *err)
{
	(void)data;
	memset(d, 0, sizeof(*d));
	return make_read_only(path, st->st_mode, err);
}

/* Let the object of D without a name lead to the one at NAMED.  That is for
 * people who look; nothing rests on it. */
static void
point_to_named(const struct digest *d, const char *named)
{
	struct strbuf object = STRBUF_INIT, target = STRBUF_INIT;

	object_add_path(&object, d, NULL);
	strbuf_adds(&target, "../..");
	strbuf_adds(&target, named + sizeof(STORE_DIR) - 1);
	if (symlink(target.buf, object.buf) < 0 && errno == ENOENT &&
	    make_parent(object.buf, NULL) == 0 &&
	    symlink(target.buf, object.buf) < 0)
		errno = 0;
	strbuf_release(&object);
	strbuf_release(&target);
}

/* Take the directory at PATH.  Its files are protected, directories are not:
 * nobody could remove the store without changing them back. */
static int
take_tree(const char *path, const struct digest *d, const char *file_name,
	  struct error *err)
{
	struct strbuf object = STRBUF_INIT;
	struct digest dropped;
	struct stat st;
	uint64_t size;
	int rc = 0;

	object_add_path(&object, d, file_name);
	if (lstat(object.buf, &st) == 0 && S_ISLNK(st.st_mode) &&
	    unlink(object.buf) < 0) {
		rc = error_sys(err, "cannot remove %s", object.buf);
	} else if (object_exists(d, file_name)) {
		rc = file_remove_tree(path, err);
	} else if (move_into(path, object.buf, err) ||
		   content_of_tree(object.buf, protect_entry, NULL, &dropped,
				   &size, err)) {
		rc = -1;
	}
	if (!rc && file_name)
		point_to_named(d, object.buf);
	strbuf_release(&object);
	return rc;
}

int
object_take(const char *path, const struct digest *d, const char *file_name,
	    struct error *err)
{
	struct stat st;

	if (file_name && (!*file_name || strchr(file_name, '/') ||
			  !strcmp(file_name, ".") || !strcmp(file_name, "..")))
		return error_set(err, "'%s' cannot be the name of a file",
				 file_name);
	if (lstat(path, &st) < 0)
		return error_sys(err, "cannot read '%s'", path);
	if (S_ISREG(st.st_mode))
		return take_file(path, d, file_name, st.st_mode, err);
	if (S_ISDIR(st.st_mode))
		return take_tree(path, d, file_name, err);
	if (S_ISLNK(st.st_mode))
		return take_symlink(path, d, file_name, err);
	return content_refuse(path, st.st_mode, err);
}

/* ---- reading ---- */

bool
object_exists(const struct digest *d, const char *file_name)
{
	struct strbuf path = STRBUF_INIT;
	struct digest empty;
	struct stat st;
	bool found;

	object_add_path(&path, d, file_name);
	found = stat(path.buf, &st) == 0;
	if (found && S_ISREG(st.st_mode) && !st.st_size) {
		/* Emptied by a crash, or meant to be. */
		empty = digest_of("", 0);
		empty = content_with_mode(&empty, st.st_mode);
		found = digest_equal(d, &empty);
	}
	strbuf_release(&path);
	return found;
}

int
object_read(const struct digest *d, struct strbuf *sb, struct error *err)
{
	struct strbuf path = STRBUF_INIT;
	size_t before = sb->len;
	struct digest got;
	struct stat st;
	int rc;

	object_add_path(&path, d, NULL);
	rc = file_read(path.buf, sb, err);
	if (!rc && stat(path.buf, &st) < 0)
		rc = error_sys(err, "cannot read %s", path.buf);
	if (!rc) {
		got = digest_of(sb->buf + before, sb->len - before);
		got = content_with_mode(&got, st.st_mode);
		if (!digest_equal(d, &got))
			rc = error_set(err, "%s is damaged; remove it, and "
				       "'flowmake resume' makes it anew",
				       path.buf);
	}
	if (rc)
		strbuf_truncate(sb, before);
	strbuf_release(&path);
	return rc;
}
