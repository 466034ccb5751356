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
#include "store/files.h"
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

	if (!file_rename(from, to))
		return 0;
	if (errno == ENOENT && access(from, F_OK) == 0) {
		if (make_parent(to, err))
			return -1;
		if (!file_rename(from, to))
			return 0;
	}
	if (errno != EXDEV)
		return error_sys(err, "cannot move '%s' to %s", from, to);
	copy = temporary_path();
	rc = file_move(from, copy, err);
	if (!rc && file_rename(copy, to) < 0) {
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

/* Let the ctime of the object at PATH say that it is wanted: whoever wants to
 * remove it looks at that.  Only its owner can do this; -1 with errno. */
static int
touch(const char *path)
{
	const struct timespec times[2] = {
		{ .tv_nsec = UTIME_NOW }, { .tv_nsec = UTIME_OMIT }
	};

	return utimensat(AT_FDCWD, path, times, 0);
}

/* Whether the file at PATH holds exactly these bytes. */
static bool
holds_bytes(const char *path, const void *data, size_t len)
{
	struct strbuf sb = STRBUF_INIT;
	struct stat st;
	bool same;

	same = stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
	       (size_t)st.st_size == len && file_read(path, &sb, NULL) == 0 &&
	       sb.len == len && !memcmp(sb.buf, data, len);
	strbuf_release(&sb);
	return same;
}

int
object_put_bytes(const void *data, size_t len, struct digest *d,
		 struct error *err)
{
	struct strbuf path = STRBUF_INIT;
	char *temporary;
	int rc = 0;

	*d = digest_of(data, len);
	object_add_path(&path, d, NULL);
	if (!holds_bytes(path.buf, data, len) || touch(path.buf) < 0) {
		temporary = temporary_path();
		rc = write_new(temporary, data, len, err);
		if (!rc) {
			rc = move_into(temporary, path.buf, err);
			if (rc)
				unlink(temporary);
		}
		free(temporary);
	}
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

/* Whether both paths are of one file. */
static bool
is_same_file(const char *a, const char *b)
{
	struct stat first, second;

	return stat(a, &first) == 0 && stat(b, &second) == 0 &&
	       first.st_ino == second.st_ino && first.st_dev == second.st_dev;
}

/* Put OBJECT at the path NAMED too: as a hard link, else as a copy, which
 * keeps the mode. */
static int
link_over(const char *object, const char *named, struct error *err)
{
	char *copy = temporary_path();
	int rc = link(object, copy) == 0 ? 0 : file_copy(object, copy, err);

	if (!rc) {
		rc = move_into(copy, named, err);
		if (rc)
			unlink(copy);
	}
	free(copy);
	return rc;
}

/* Give the file object D its second name too. */
static int
link_named(const struct digest *d, const char *file_name, struct error *err)
{
	struct strbuf object = STRBUF_INIT, named = STRBUF_INIT;
	int rc = 0;

	object_add_path(&object, d, NULL);
	object_add_path(&named, d, file_name);
	if (link(object.buf, named.buf) < 0 &&
	    !(errno == EEXIST && is_same_file(object.buf, named.buf)))
		rc = link_over(object.buf, named.buf, err);
	strbuf_release(&object);
	strbuf_release(&named);
	return rc;
}

int
object_make_own(const char *path, mode_t mode, struct error *err)
{
	char *copy = temporary_path();
	int rc = file_copy_as(path, copy, content_is_executable(mode)
						  ? 0777 : 0666, err);

	if (!rc)
		rc = file_move(copy, path, err);
	if (rc)
		unlink(copy);
	free(copy);
	return rc;
}

/* Move the regular file at PATH, of which the store has no good twin. */
static int
take_file(const char *path, const struct digest *d, const struct stat *st,
	  struct error *err)
{
	struct strbuf object = STRBUF_INIT;
	int rc = 0;

	object_add_path(&object, d, NULL);
	/* Under another name it could be edited. */
	if ((st->st_nlink > 1 && object_make_own(path, st->st_mode, err)) ||
	    move_into(path, object.buf, err) ||
	    make_read_only(object.buf, st->st_mode, err))
		rc = -1;
	strbuf_release(&object);
	return rc;
}

/* A symlink, of the stat ST, is taken as the file that it leads to. */
static int
resolve_symlink(const char *path, struct stat *st, struct error *err)
{
	if (stat(path, st) < 0)
		return error_sys(err, "cannot read '%s'", path);
	if (!S_ISREG(st->st_mode))
		return error_set(err, "'%s' is a symlink to a directory, "
				 "which cannot be kept in the store", path);
	return object_make_own(path, st->st_mode, err);
}

/* ---- taking directories ---- */

/* Protect one entry of a tree: content_of_tree's way round calls this.  A file
 * that has another name as well may be edited under that. */
static int
protect_entry(void *data, const char *path, const struct stat *st,
	      struct digest *d, struct error *err)
{
	(void)data;
	memset(d, 0, sizeof(*d));
	if (st->st_nlink > 1 && object_make_own(path, st->st_mode, err))
		return -1;
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

/* Move the directory at PATH, of which the store has no good twin.  Its files
 * are protected, directories are not: nobody could remove the store without
 * changing them back. */
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
	    unlink(object.buf) < 0)
		rc = error_sys(err, "cannot remove %s", object.buf);
	else if (content_of_tree(path, protect_entry, NULL, &dropped, &size,
				 err) ||
		 move_into(path, object.buf, err))
		rc = -1;
	if (!rc && file_name)
		point_to_named(d, object.buf);
	strbuf_release(&object);
	return rc;
}

/* ---- taking anything ---- */

/* Let F know that the file of the store at PATH, just put or touched, has the
 * digest D: what nobody may write again cannot change in the tick in which it
 * was made. */
static void
learn_path(struct files *f, const char *path, const struct digest *d)
{
	struct stat st;

	if (stat(path, &st) == 0 && S_ISREG(st.st_mode))
		files_learn(f, path, &st, INT64_MAX, d);
}

/* Let F know that the file object D is good. */
static void
learn(struct files *f, const struct digest *d, const char *file_name)
{
	struct strbuf path = STRBUF_INIT;

	object_add_path(&path, d, file_name);
	learn_path(f, path.buf, d);
	strbuf_release(&path);
}

void
object_learn(const struct digest *d, const char *file_name, const char *path,
	     const struct digest *file, struct files *f)
{
	struct strbuf whole = STRBUF_INIT;

	object_add_path(&whole, d, file_name);
	strbuf_adds(&whole, path);
	learn_path(f, whole.buf, file);
	strbuf_release(&whole);
}

/* Keep what is at the one path of the object; *IS_DIR tells what that is. */
static int
keep_path(const struct digest *d, const char *file_name, struct files *f,
	  bool *is_dir, struct error *err)
{
	struct strbuf path = STRBUF_INIT;
	struct stat st;
	int rc = 0;

	object_add_path(&path, d, file_name);
	/* A symlink is for people who look; it may lead nowhere. */
	if (lstat(path.buf, &st) == 0 && !S_ISLNK(st.st_mode)) {
		*is_dir = S_ISDIR(st.st_mode);
		rc = object_verify(d, file_name, f, err);
	}
	/* That of another user, who may be gone, is no good to us. */
	if (rc > 0 && touch(path.buf) < 0)
		rc = object_remove(d, err);
	else if (rc > 0)
		learn(f, d, file_name);
	strbuf_release(&path);
	return rc;
}

int
object_keep(const struct digest *d, const char *file_name, struct files *f,
	    struct error *err)
{
	bool is_dir;
	int rc = keep_path(d, file_name, f, &is_dir, err);

	if (rc > 0 && file_name && !is_dir) {
		rc = keep_path(d, NULL, f, &is_dir, err);
		/* one file under both names: it was touched since */
		if (rc > 0)
			learn(f, d, file_name);
	}
	return rc;
}

/* Move what is at PATH, with the stat ST, or remove it where it has a good
 * twin. */
static int
take_any(const char *path, const struct digest *d, const char *file_name,
	 const struct stat *st, struct files *f, struct error *err)
{
	struct error damage = ERROR_INIT;
	bool is_dir = S_ISDIR(st->st_mode);
	int rc = keep_path(d, is_dir ? file_name : NULL, f, &is_dir, &damage);

	if (rc < 0)
		error_set(err, "%s", damage.text);
	else if (rc > 0)
		rc = file_remove_tree(path, err);
	else if (S_ISDIR(st->st_mode))
		rc = take_tree(path, d, file_name, err);
	else
		rc = take_file(path, d, st, err);
	error_release(&damage);
	if (rc || S_ISDIR(st->st_mode))
		return rc;
	if (file_name && link_named(d, file_name, err))
		return -1;
	learn(f, d, NULL);
	if (file_name)
		learn(f, d, file_name);
	return 0;
}

int
object_take(const char *path, const struct digest *d, const char *file_name,
	    struct files *f, struct error *err)
{
	struct stat st;

	if (file_name && (!*file_name || strchr(file_name, '/') ||
			  !strcmp(file_name, ".") || !strcmp(file_name, "..")))
		return error_set(err, "'%s' cannot be the name of a file",
				 file_name);
	if (lstat(path, &st) < 0)
		return error_sys(err, "cannot read '%s'", path);
	if (S_ISLNK(st.st_mode)) {
		if (resolve_symlink(path, &st, err))
			return -1;
		st.st_nlink = 1;
	}
	if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		return content_refuse(path, st.st_mode, err);
	return take_any(path, d, file_name, &st, f, err);
}

/* ---- cloning ---- */

/* Whether what is at PATH still has the digest D that it had when its stat was
 * ST: of a directory that says nothing, its files are hashed. */
static bool
is_unchanged(const char *path, const struct stat *st, const struct digest *d)
{
	struct digest got;
	struct stat now;
	uint64_t size;

	if (stat(path, &now) < 0 || now.st_ino != st->st_ino)
		return false;
	if (S_ISDIR(st->st_mode))
		return !content_of_tree(path, NULL, NULL, &got, &size,
					NULL) && digest_equal(&got, d);
	return now.st_size == st->st_size &&
	       !memcmp(&now.st_mtim, &st->st_mtim, sizeof(now.st_mtim)) &&
	       !memcmp(&now.st_ctim, &st->st_ctim, sizeof(now.st_ctim));
}

int
object_clone(const char *path, const struct stat *st, const struct digest *d,
	     struct error *err)
{
	struct strbuf object = STRBUF_INIT;
	char *copy;
	int rc = 1;

	if (object_exists(d, NULL))
		return 1;
	object_add_path(&object, d, NULL);
	copy = temporary_path();
	switch (file_clone(path, copy, err)) {
	case 0:
		rc = -1;
		break;
	case 1:
		/* An edit of the copy would be no edit of PATH, nor the other
		 * way round: so only what came before matters. */
		if (is_unchanged(path, st, d) &&
		    !move_into(copy, object.buf, err))
			break;
		file_remove_tree(copy, NULL);
		/* fall through */
	default:
		rc = 0;
	}
	free(copy);
	strbuf_release(&object);
	return rc;
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

/* Say that the object at PATH is not there, or not what it was. */
static int
say_bad(const char *path, bool gone, struct error *err)
{
	return gone ? error_set(err, "the store has lost %s; 'flowmake resume' "
				"makes it anew", path) :
		error_set(err, "%s is damaged; remove it, and 'flowmake "
			  "resume' makes it anew", path);
}

int
object_check(const struct digest *d, const char *file_name, struct error *err)
{
	struct strbuf path = STRBUF_INIT;
	struct digest got;
	struct stat st;
	uint64_t size;
	int rc;

	object_add_path(&path, d, file_name);
	if (stat(path.buf, &st) < 0)
		rc = errno == ENOENT ? say_bad(path.buf, true, err) :
			error_sys(err, "cannot read %s", path.buf);
	else if (S_ISDIR(st.st_mode))
		rc = content_of_tree(path.buf, NULL, NULL, &got, &size, err);
	else
		rc = content_of_file(path.buf, &st, &got, err);
	if (!rc && !digest_equal(d, &got))
		rc = say_bad(path.buf, false, err);
	strbuf_release(&path);
	return rc;
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
	if (stat(path.buf, &st) < 0)
		rc = errno == ENOENT ? say_bad(path.buf, true, err) :
			error_sys(err, "cannot read %s", path.buf);
	else
		rc = file_read(path.buf, sb, err);
	if (!rc) {
		got = digest_of(sb->buf + before, sb->len - before);
		got = content_with_mode(&got, st.st_mode);
		if (!digest_equal(d, &got))
			rc = say_bad(path.buf, false, err);
	}
	if (rc)
		strbuf_truncate(sb, before);
	strbuf_release(&path);
	return rc;
}
