/*
 * The functions of file.h that walk trees.  Trees may be deeper than a path
 * may be long or the C stack can bear: removing goes down and up by
 * descriptors, of which only one is open at a time.
 */
#include "base/base.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/path.h"
#include "base/strbuf.h"
#include "base/strvec.h"
#include "sys/file.h"

enum { OPEN_DIR = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC };

/* A directory on the way down. */
struct level {
	struct strvec subdirs; /* not yet removed; the last one is next */
	dev_t dev;             /* to know it again on the way up */
	ino_t ino;
};

struct walk {
	struct level *levels;
	size_t count;
	size_t alloc;
	int fd; /* of the last level */
};

/* Open directory NAME in the one of FD, in such a way that its entries can be
 * removed: its owner may have forbidden that to itself. */
static int
open_writable(int dir_fd, const char *name, struct stat *st)
{
	int fd = openat(dir_fd, name, OPEN_DIR);

	if (fd < 0 && errno == EACCES &&
	    !fchmodat(dir_fd, name, 0700, AT_SYMLINK_NOFOLLOW))
		fd = openat(dir_fd, name, OPEN_DIR);
	if (fd < 0)
		return -1;
	if (fstat(fd, st) < 0) {
		close(fd);
		return -1;
	}
	if ((st->st_mode & 0700) != 0700)
		fchmod(fd, 0700);
	return fd;
}

/* Whether E, an entry of FD, is a directory. */
static bool
is_dir(int fd, const struct dirent *e)
{
	struct stat st;

	if (e->d_type != DT_UNKNOWN)
		return e->d_type == DT_DIR;
	return !fstatat(fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) &&
	       S_ISDIR(st.st_mode);
}

/* Unlink what is in the directory of FD, except subdirectories, which are
 * listed. */
static int
unlink_files(int fd, struct strvec *subdirs)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0), rc = 0;
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *e;

	if (!dir) {
		if (copy >= 0)
			close(copy);
		return -1;
	}
	for (errno = 0; !rc && (e = readdir(dir)); errno = 0) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		if (is_dir(fd, e))
			strvec_push(subdirs, e->d_name);
		else if (unlinkat(fd, e->d_name, 0) < 0 && errno != ENOENT)
			rc = -1;
	}
	/* Another process that removes the tree, too, has removed this one. */
	if (errno && errno != ENOENT)
		rc = -1;
	copy = errno;
	closedir(dir);
	errno = copy;
	return rc;
}

/* Go into NAME, and remove all but its subdirectories. */
static int
go_down(struct walk *w, const char *name)
{
	struct level *level;
	struct stat st;
	int fd = open_writable(w->fd, name, &st);

	if (fd < 0)
		return -1;
	if (w->count)
		close(w->fd);
	w->fd = fd;
	ARRAY_GROW(w->levels, w->count, w->alloc);
	level = &w->levels[w->count++];
	*level = (struct level){ STRVEC_INIT, st.st_dev, st.st_ino };
	return unlink_files(fd, &level->subdirs);
}

/* Go back into the directory above, which must still be the one that we came
 * from, and remove the empty one that we leave. */
static int
go_up(struct walk *w)
{
	struct level *above = &w->levels[w->count - 2];
	struct stat st;
	int fd;

	fd = openat(w->fd, "..", OPEN_DIR);
	if (fd < 0)
		return -1;
	close(w->fd);
	w->fd = fd;
	strvec_release(&w->levels[--w->count].subdirs);
	if (fstat(fd, &st) < 0)
		return -1;
	if (st.st_dev != above->dev || st.st_ino != above->ino) {
		errno = EBUSY; /* moved by somebody meanwhile */
		return -1;
	}
	if (unlinkat(fd, above->subdirs.v[above->subdirs.count - 1],
		     AT_REMOVEDIR) < 0 && errno != ENOENT)
		return -1;
	free(strvec_pop(&above->subdirs));
	return 0;
}

/* Go into the next subdirectory of the last level, if it is still there. */
static int
go_on(struct walk *w)
{
	struct strvec *subdirs = &w->levels[w->count - 1].subdirs;

	if (!go_down(w, subdirs->v[subdirs->count - 1]))
		return 0;
	if (errno != ENOENT)
		return -1;
	free(strvec_pop(subdirs));
	return 0;
}

/* Empty the directory PATH. */
static int
empty_tree(const char *path)
{
	struct walk w = { .fd = AT_FDCWD };
	int rc, saved;

	rc = go_down(&w, path);
	if (rc && errno == ENOENT)
		return 0;
	while (!rc) {
		if (w.levels[w.count - 1].subdirs.count)
			rc = go_on(&w);
		else if (w.count > 1)
			rc = go_up(&w);
		else
			break;
	}
	saved = errno;
	while (w.count)
		strvec_release(&w.levels[--w.count].subdirs);
	free(w.levels);
	if (w.fd >= 0)
		close(w.fd);
	errno = saved;
	return rc;
}

int
file_remove_tree(const char *path, struct error *err)
{
	if (!unlink(path) || errno == ENOENT)
		return 0;
	/* POSIX lets unlink() say EPERM of a directory. */
	if ((errno != EISDIR && errno != EPERM) || empty_tree(path) < 0 ||
	    (rmdir(path) < 0 && errno != ENOENT))
		return error_sys(err, "cannot remove '%s'", path);
	return 0;
}

/* ---- copying ---- */

static int
copy_symlink(const char *from, const char *to, struct error *err)
{
	struct strbuf target = STRBUF_INIT;
	ssize_t n;
	int rc = 0;

	/* No file system of Linux has longer ones than a page. */
	strbuf_grow(&target, 4096);
	n = readlink(from, target.buf, 4096);
	if (n >= 0) {
		target.buf[n] = '\0';
		rc = symlink(target.buf, to);
	}
	if (n < 0 || rc < 0)
		rc = error_sys(err, "cannot copy '%s' to '%s'", from, to);
	strbuf_release(&target);
	return rc;
}

/* Copy one thing, of the stat ST; the entries of a directory are left to the
 * caller.  Returns 0; what else it returns ends the copying. */
typedef int copy_one_fn(const char *from, const char *to,
			const struct stat *st, struct error *err);

static int
copy_dir(const char *to, mode_t mode, struct error *err)
{
	if (mkdir(to, mode) < 0)
		return error_sys(err, "cannot make directory '%s'", to);
	return 0;
}

static int
copy_as_it_was(const char *from, const char *to, const struct stat *st,
	       struct error *err)
{
	struct timespec times[2] = { st->st_atim, st->st_mtim };

	if (S_ISLNK(st->st_mode))
		return copy_symlink(from, to, err);
	if (S_ISDIR(st->st_mode))
		return copy_dir(to, (st->st_mode & 0777) | 0700, err);
	if (file_copy(from, to, err) < 0)
		return -1;
	/* A file that moved was not written anew: it keeps its time. */
	utimensat(AT_FDCWD, to, times, AT_SYMLINK_NOFOLLOW);
	return 0;
}

static int
copy_as_new(const char *from, const char *to, const struct stat *st,
	    struct error *err)
{
	if (S_ISLNK(st->st_mode))
		return copy_symlink(from, to, err);
	if (S_ISDIR(st->st_mode))
		return copy_dir(to, 0777, err);
	return file_copy_as(from, to, st->st_mode & S_IXUSR ? 0777 : 0666,
			    err);
}

/* Whether ERROR, of the first try, says that blocks cannot be shared. */
static bool
cannot_share(int error)
{
	return error == EOPNOTSUPP || error == ENOTTY || error == EXDEV ||
	       error == EINVAL || error == ENOSYS;
}

/* Let the new file TO share the blocks of FROM; 1 where that cannot be. */
static int
share_blocks(const char *from, const char *to, mode_t mode, struct error *err)
{
	int in = open(from, O_RDONLY | O_CLOEXEC | O_NONBLOCK), out, rc = 0;

	if (in < 0)
		return error_sys(err, "cannot open '%s'", from);
	out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	if (out < 0) {
		error_sys(err, "cannot make '%s'", to);
		close(in);
		return -1;
	}
	if (ioctl(out, FICLONE, in) < 0)
		rc = cannot_share(errno) ? 1
		     : error_sys(err, "cannot copy '%s' to '%s'", from, to);
	if (close(out) < 0 && !rc)
		rc = error_sys(err, "cannot copy '%s' to '%s'", from, to);
	close(in);
	return rc;
}

static int
copy_as_clone(const char *from, const char *to, const struct stat *st,
	      struct error *err)
{
	if (S_ISLNK(st->st_mode))
		return copy_symlink(from, to, err);
	if (S_ISDIR(st->st_mode))
		return copy_dir(to, 0777, err);
	return share_blocks(from, to, st->st_mode & S_IXUSR ? 0555 : 0444,
			    err);
}

/* Push the entries of directory DIR below FROM as paths below FROM. */
static int
push_entries(const char *path, const char *dir, struct strvec *pending,
	     struct error *err)
{
	struct strvec names = STRVEC_INIT;
	size_t i;
	int rc = file_list(path, &names, err);

	for (i = 0; !rc && i < names.count; i++)
		strvec_push_take(pending, path_join(dir, names.v[i]));
	strvec_release(&names);
	return rc;
}

/* Copy FROM with all that is in it to TO. */
static int
copy_tree(const char *from, const char *to, copy_one_fn *copy_one,
	  struct error *err)
{
	struct strvec pending = STRVEC_INIT;
	struct stat st;
	int rc = 0;

	strvec_push(&pending, ".");
	while (!rc && pending.count) {
		char *name = strvec_pop(&pending);
		bool top = !strcmp(name, ".");
		char *source = top ? xstrdup(from) : path_join(from, name);
		char *copy = top ? xstrdup(to) : path_join(to, name);

		if (lstat(source, &st) < 0)
			rc = error_sys(err, "cannot read '%s'", source);
		else
			rc = copy_one(source, copy, &st, err);
		if (!rc && S_ISDIR(st.st_mode))
			rc = push_entries(source, name, &pending, err);
		free(copy);
		free(source);
		free(name);
	}
	strvec_release(&pending);
	return rc;
}

int
file_copy_fresh(const char *from, const char *to, struct error *err)
{
	int rc = copy_tree(from, to, copy_as_new, err);

	if (rc)
		file_remove_tree(to, NULL);
	return rc;
}

int
file_clone(const char *from, const char *to, struct error *err)
{
	int rc = copy_tree(from, to, copy_as_clone, err);

	if (rc)
		file_remove_tree(to, NULL);
	return rc < 0 ? -1 : !rc;
}

int
file_rename(const char *from, const char *to)
{
	struct stat st;
	int failure, rc;

	if (!rename(from, to))
		return 0;
	failure = errno;
	if (failure != EACCES || lstat(from, &st) < 0 ||
	    !S_ISDIR(st.st_mode) || st.st_mode & S_IWUSR ||
	    chmod(from, (st.st_mode & 07777) | S_IWUSR) < 0) {
		errno = failure;
		return -1;
	}
	rc = rename(from, to);
	failure = errno;
	chmod(rc < 0 ? from : to, st.st_mode & 07777);
	errno = failure;
	return rc;
}

int
file_move(const char *from, const char *to, struct error *err)
{
	char *copy;
	int rc;

	if (!file_rename(from, to))
		return 0;
	if (errno != EXDEV)
		return error_sys(err, "cannot move '%s' to '%s'", from, to);
	copy = file_temporary_name(to);
	rc = copy_tree(from, copy, copy_as_it_was, err);
	if (!rc && file_rename(copy, to) < 0)
		rc = error_sys(err, "cannot move '%s' to '%s'", from, to);
	if (rc)
		file_remove_tree(copy, NULL);
	else
		rc = file_remove_tree(from, err);
	free(copy);
	return rc;
}
