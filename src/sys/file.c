/*
 * Files; what walks trees is in file-tree.c.
 */
#include "base/base.h"

#include "sys/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/path.h"
#include "base/strbuf.h"
#include "base/strvec.h"

enum { COPY_BYTES = 1 << 18 };

/* Append all that FD has left; SIZE is how much that may be. */
static int
read_all(int fd, size_t size, struct strbuf *sb)
{
	ssize_t n;

	/* One byte more than the size, so that the read which finds the end
	 * needs no more room. */
	strbuf_grow(sb, size + 1);
	for (;;) {
		if (sb->alloc - sb->len < 2)
			strbuf_grow(sb, COPY_BYTES);
		n = read(fd, sb->buf + sb->len, sb->alloc - sb->len - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return (int)n;
		sb->len += (size_t)n;
		sb->buf[sb->len] = '\0';
	}
}

int
file_read(const char *path, struct strbuf *sb, struct error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc = -1;
	struct stat st;

	if (fd < 0)
		return error_sys(err, "cannot open '%s'", path);
	if (fstat(fd, &st) < 0 || read_all(fd, (size_t)st.st_size, sb) < 0)
		error_sys(err, "cannot read '%s'", path);
	else
		rc = 0;
	close(fd);
	return rc;
}

/* The same without a message: errno says why. */
static int
write_all(int fd, const char *data, size_t len)
{
	ssize_t n;

	while (len) {
		n = write(fd, data, len);
		if (n < 0 && errno != EINTR)
			return -1;
		if (n > 0) {
			data += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

int
file_write_all(int fd, const void *data, size_t len, struct error *err)
{
	if (write_all(fd, data, len) < 0)
		return error_sys(err, "cannot write");
	return 0;
}

static const char temporary_prefix[] = ".flowmake-";

char *
file_temporary_name(const char *path)
{
	int dir_len = (int)path_dir_len(path);

	return xasprintf("%.*s%s%s%lx-%llx", dir_len, path,
			 dir_len ? "/" : "", temporary_prefix, (long)gettid(),
			 (long long)clock_real_ns(&clock_system));
}

bool
file_is_temporary(const char *name)
{
	return !strncmp(name, temporary_prefix, sizeof(temporary_prefix) - 1);
}

/* Write NAME, which is not there yet. */
static int
write_new(const char *name, const void *data, size_t len, bool sync)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	int saved;

	if (fd < 0)
		return -1;
	if (!write_all(fd, data, len) && (!sync || !fsync(fd)))
		return close(fd);
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

int
file_replace(const char *path, const void *data, size_t len, bool sync,
	     struct error *err)
{
	char *name = file_temporary_name(path);
	int rc = 0;

	if (write_new(name, data, len, sync) < 0 || rename(name, path) < 0) {
		rc = error_sys(err, "cannot write '%s'", path);
		unlink(name);
	}
	free(name);
	return rc;
}

bool
file_is_special(const char *path)
{
	struct stat st;

	return stat(path, &st) ? !lstat(path, &st) : !S_ISREG(st.st_mode);
}

char *
file_follow(const char *path)
{
	char *real = realpath(path, NULL);

	return real ? real : xstrdup(path);
}

/* Write to PATH, as a shell does. */
static int
write_into(const char *path, const void *data, size_t len, struct error *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY,
		      0666);
	int rc = fd < 0 ? -1 : write_all(fd, data, len);

	if (rc)
		error_sys(err, "cannot write '%s'", path);
	if (fd >= 0 && close(fd) < 0 && !rc)
		rc = error_sys(err, "cannot write '%s'", path);
	return rc;
}

int
file_put(const char *path, const void *data, size_t len, struct error *err)
{
	char *real;
	int rc;

	if (file_is_special(path))
		return write_into(path, data, len, err);
	real = file_follow(path);
	rc = file_replace(real, data, len, false, err);
	free(real);
	return rc;
}

/* Make the directory PATH; an existing one is fine. */
static int
make_dir(const char *path)
{
	struct stat st;

	if (!mkdir(path, 0777))
		return 0;
	if (errno != EEXIST)
		return -1;
	if (stat(path, &st) < 0) {
		/* a symlink to nothing is there all the same */
		if (errno == ENOENT && !lstat(path, &st))
			errno = EEXIST;
		return -1;
	}
	if (S_ISDIR(st.st_mode))
		return 0;
	errno = ENOTDIR;
	return -1;
}

int
file_make_dirs(const char *path, struct error *err)
{
	char *copy, *p;
	int rc;

	/* Mostly only the last one is missing, if any. */
	if (!*path || !make_dir(path))
		return 0;
	if (errno != ENOENT)
		return error_sys(err, "cannot make directory '%s'", path);
	copy = xstrdup(path);
	rc = 0;
	for (p = copy + 1; !rc && *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		rc = make_dir(copy);
		if (rc)
			error_sys(err, "cannot make directory '%s'", copy);
		*p = '/';
	}
	if (!rc && make_dir(path) < 0)
		rc = error_sys(err, "cannot make directory '%s'", path);
	free(copy);
	return rc;
}

/* Copy byte by byte through memory. */
static int
copy_through_memory(int from, int to)
{
	char *buf = xmalloc(COPY_BYTES);
	ssize_t n;
	int rc = 0;

	for (;;) {
		n = read(from, buf, COPY_BYTES);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0 || write_all(to, buf, (size_t)n) < 0)
			break;
	}
	if (n)
		rc = -1;
	free(buf);
	return rc;
}

/* Copy all of FROM, by the kernel where it can: shared blocks, then a copy
 * that never leaves it.  Some file systems (procfs) say that there is nothing
 * to copy, so a file that seems empty is read as well. */
static int
copy_bytes(int from, int to)
{
	bool any = false;
	ssize_t n;

	if (!ioctl(to, FICLONE, from))
		return 0;
	for (;;) {
		n = copy_file_range(from, NULL, to, NULL, 1 << 30, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		any = true;
	}
	if (!n && any)
		return 0;
	if (n < 0 && (errno == ENOSPC || errno == EDQUOT || errno == EIO ||
		      errno == EFBIG))
		return -1;
	return copy_through_memory(from, to);
}

/* Copy IN, whose path is FROM, to a new file TO with MODE. */
static int
copy_open(int in, const char *from, const char *to, mode_t mode,
	  struct error *err)
{
	int rc, out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);

	if (out < 0)
		return error_sys(err, "cannot make '%s'", to);
	rc = copy_bytes(in, out);
	if (rc)
		error_sys(err, "cannot copy '%s' to '%s'", from, to);
	if (close(out) < 0 && !rc)
		rc = error_sys(err, "cannot copy '%s' to '%s'", from, to);
	if (rc)
		unlink(to);
	return rc;
}

/* file_copy, or with MODE file_copy_as. */
static int
copy_file(const char *from, const char *to, const mode_t *mode,
	  struct error *err)
{
	int in = open(from, O_RDONLY | O_CLOEXEC | O_NONBLOCK), rc;
	struct stat st;

	if (in < 0)
		return error_sys(err, "cannot open '%s'", from);
	if (fstat(in, &st) < 0)
		rc = error_sys(err, "cannot read '%s'", from);
	else if (!S_ISREG(st.st_mode))
		rc = error_set(err, "cannot copy '%s': not a regular file",
			       from);
	else
		rc = copy_open(in, from, to, mode ? *mode
						  : st.st_mode & 0777, err);
	close(in);
	return rc;
}

int
file_copy(const char *from, const char *to, struct error *err)
{
	return copy_file(from, to, NULL, err);
}

int
file_copy_as(const char *from, const char *to, mode_t mode, struct error *err)
{
	return copy_file(from, to, &mode, err);
}

char *
file_project_name(const char *path)
{
	char *normal = path_normalize(path), *name = normal;
	char *project = *normal == '/' ? getcwd(NULL, 0) : NULL;

	if (project && path_is_inside(project, normal) &&
	    strcmp(project, normal)) {
		name = xstrdup(normal + strlen(project) + 1);
		free(normal);
	}
	free(project);
	return name;
}

int
file_list(const char *path, struct strvec *names, struct error *err)
{
	DIR *dir = opendir(path);
	struct dirent *e;
	int rc;

	if (!dir)
		return error_sys(err, "cannot read directory '%s'", path);
	for (errno = 0; (e = readdir(dir)); errno = 0)
		if (strcmp(e->d_name, ".") && strcmp(e->d_name, ".."))
			strvec_push(names, e->d_name);
	rc = errno ? error_sys(err, "cannot read directory '%s'", path) : 0;
	closedir(dir);
	strvec_sort(names);
	return rc;
}
