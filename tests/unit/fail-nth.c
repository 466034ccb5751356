/*
 * A library to preload that lets the Nth call of a kind fail, or the process
 * die there, so that every way out of the code that writes is taken:
 *
 *   FAIL_NTH=KIND:N    the Nth call fails; KIND:N+: that and all later ones.
 *                      KIND is write (write, writev, pwrite, pwritev,
 *                      copy_file_range), sync (fsync, fdatasync), open,
 *                      rename, link, unlink, mkdir, truncate, close or any.
 *   FAIL_PATH=TEXT     counts only calls on paths that hold TEXT; default
 *                      ".flowmake/"
 *   FAIL_ERRNO=NUMBER  the error given, default ENOSPC; "kill": die at once,
 *                      as by SIGKILL
 *   FAIL_HOLD=FIFO     nothing fails: the thread waits until somebody has
 *                      opened FIFO for writing
 *   FAIL_MARK=FILE     is made when the call was reached
 *
 * A file is closed even if close is said to have failed.
 */
#define _GNU_SOURCE 1
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static long calls;
static bool is_inside; /* what we call ourselves is not counted */

/* Whether KIND is what FAIL_NTH names; *N and *ALL get the rest of it. */
static bool
is_kind(const char *kind, long *n, bool *all)
{
	const char *spec = getenv("FAIL_NTH");
	const char *colon = spec ? strchr(spec, ':') : NULL;
	char *end;

	if (!colon)
		return false;
	*n = strtol(colon + 1, &end, 10);
	*all = *end == '+';
	return !strncmp(spec, "any:", 4) ||
	       (strlen(kind) == (size_t)(colon - spec) &&
		!strncmp(spec, kind, (size_t)(colon - spec)));
}

/* Leave word that the call was reached. */
static void
leave_mark(void)
{
	const char *mark = getenv("FAIL_MARK");

	if (mark)
		syscall(SYS_close, syscall(SYS_openat, AT_FDCWD, mark,
					   O_CREAT | O_WRONLY, 0666));
}

/* Whether the call of KIND on PATH fails now; sets errno. */
static bool
fails_on(const char *kind, const char *path)
{
	const char *part = getenv("FAIL_PATH"), *error = getenv("FAIL_ERRNO");
	const char *hold = getenv("FAIL_HOLD");
	long n;
	bool all;

	if (is_inside || !is_kind(kind, &n, &all) ||
	    !strstr(path, part ? part : ".flowmake/"))
		return false;
	calls++;
	if (calls != n && !(all && calls > n))
		return false;
	leave_mark();
	if (error && !strcmp(error, "kill"))
		syscall(SYS_kill, getpid(), SIGKILL);
	if (hold) {
		syscall(SYS_close, syscall(SYS_openat, AT_FDCWD, hold,
					   O_RDONLY));
		return false;
	}
	errno = error ? atoi(error) : ENOSPC;
	return true;
}

/* The same for a call on FD. */
static bool
fails_on_fd(const char *kind, int fd)
{
	char name[64], path[PATH_MAX];
	int saved = errno;
	ssize_t n;

	if (!getenv("FAIL_NTH"))
		return false;
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	n = readlink(name, path, sizeof(path) - 1);
	errno = saved;
	if (n < 0)
		return false;
	path[n] = '\0';
	return fails_on(kind, path);
}

/* The function that we stand before. */
#define NEXT(name) \
	static __typeof__(&name) next; \
	if (!next) { \
		is_inside = true; \
		next = (__typeof__(&name))dlsym(RTLD_NEXT, #name); \
		is_inside = false; \
	}

#define ON_FD(kind, type, name, params, args) \
	type \
	name params \
	{ \
		NEXT(name) \
		return fails_on_fd(kind, fd) ? -1 : next args; \
	}
#define ON_PATH(kind, name, params, args) \
	int \
	name params \
	{ \
		NEXT(name) \
		return fails_on(kind, path) ? -1 : next args; \
	}

ON_FD("write", ssize_t, write, (int fd, const void *data, size_t len),
      (fd, data, len))
ON_FD("write", ssize_t, writev, (int fd, const struct iovec *v, int n),
      (fd, v, n))
ON_FD("write", ssize_t, pwrite,
      (int fd, const void *data, size_t len, off_t at), (fd, data, len, at))
ON_FD("write", ssize_t, pwrite64,
      (int fd, const void *data, size_t len, off64_t at),
      (fd, data, len, at))
ON_FD("write", ssize_t, pwritev,
      (int fd, const struct iovec *v, int n, off_t at), (fd, v, n, at))
ON_FD("write", ssize_t, pwritev64,
      (int fd, const struct iovec *v, int n, off64_t at), (fd, v, n, at))
ON_FD("write", ssize_t, copy_file_range,
      (int from, off64_t *from_at, int fd, off64_t *at, size_t len,
       unsigned flags),
      (from, from_at, fd, at, len, flags))
ON_FD("sync", int, fsync, (int fd), (fd))
ON_FD("sync", int, fdatasync, (int fd), (fd))
ON_FD("truncate", int, ftruncate, (int fd, off_t size), (fd, size))
ON_FD("truncate", int, ftruncate64, (int fd, off64_t size), (fd, size))
ON_PATH("rename", rename, (const char *from, const char *path), (from, path))
ON_PATH("link", link, (const char *from, const char *path), (from, path))
ON_PATH("unlink", unlink, (const char *path), (path))
ON_PATH("mkdir", mkdir, (const char *path, mode_t mode), (path, mode))

int
close(int fd)
{
	NEXT(close)
	bool fails = fails_on_fd("close", fd);
	int error = errno, rc = next(fd);

	if (!fails)
		return rc;
	errno = error;
	return -1;
}

#define ON_OPEN(name) \
	int \
	name(const char *path, int flags, ...) \
	{ \
		va_list ap; \
		mode_t mode; \
		NEXT(name) \
\
		va_start(ap, flags); \
		mode = va_arg(ap, mode_t); \
		va_end(ap); \
		return fails_on("open", path) ? -1 : next(path, flags, mode); \
	}
ON_OPEN(open)
ON_OPEN(open64)

#define ON_OPENAT(name) \
	int \
	name(int dir, const char *path, int flags, ...) \
	{ \
		va_list ap; \
		mode_t mode; \
		NEXT(name) \
\
		va_start(ap, flags); \
		mode = va_arg(ap, mode_t); \
		va_end(ap); \
		if (dir == AT_FDCWD || *path == '/' \
			    ? fails_on("open", path) \
			    : fails_on_fd("open", dir)) \
			return -1; \
		return next(dir, path, flags, mode); \
	}
ON_OPENAT(openat)
ON_OPENAT(openat64)
