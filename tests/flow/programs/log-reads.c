/*
 * A library to preload that writes down what flowmake, the program itself,
 * reads:
 *
 *   READS_LOG=FILE   gets a line for each time that a file is opened and then
 *                    read
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { MAX_FD = 1024 };

/* By descriptor: what was opened, and was not read. */
static char *paths[MAX_FD];

/* Let FD be of PATH now.  Returns of what it was. */
static char *
set_path(int fd, char *path)
{
	return __atomic_exchange_n(&paths[fd], path, __ATOMIC_SEQ_CST);
}

static void
forget(int fd)
{
	if (fd >= 0 && fd < MAX_FD)
		free(set_path(fd, NULL));
}

static void
note_open(int fd, int flags, const char *path)
{
	int saved = errno;

	forget(fd);
	if (fd >= 0 && fd < MAX_FD && (flags & O_ACCMODE) == O_RDONLY &&
	    !strcmp(program_invocation_short_name, "flowmake"))
		set_path(fd, strdup(path));
	errno = saved;
}

static void
note_read(int fd)
{
	const char *log = getenv("READS_LOG");
	char *path;
	long to;

	path = fd >= 0 && fd < MAX_FD && log ? set_path(fd, NULL) : NULL;
	if (!path)
		return;
	to = syscall(SYS_openat, AT_FDCWD, log,
		     O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	strcat(path = realloc(path, strlen(path) + 2), "\n");
	if (to < 0 || write((int)to, path, strlen(path)) < 0)
		abort();
	syscall(SYS_close, to);
	free(path);
}

#define NOTING_OPEN(name, parameters, arguments) \
	int \
	name parameters \
	{ \
		static typeof(name) *real; \
		va_list ap; \
		mode_t mode; \
		int fd; \
	\
		va_start(ap, flags); \
		mode = va_arg(ap, mode_t); \
		va_end(ap); \
		if (!real) \
			real = (typeof(name) *)dlsym(RTLD_NEXT, #name); \
		fd = real arguments; \
		note_open(fd, flags, path); \
		return fd; \
	}

NOTING_OPEN(open, (const char *path, int flags, ...), (path, flags, mode))
NOTING_OPEN(open64, (const char *path, int flags, ...), (path, flags, mode))
NOTING_OPEN(openat, (int dir, const char *path, int flags, ...),
	    (dir, path, flags, mode))
NOTING_OPEN(openat64, (int dir, const char *path, int flags, ...),
	    (dir, path, flags, mode))

ssize_t
read(int fd, void *data, size_t len)
{
	static typeof(read) *real;

	note_read(fd);
	if (!real)
		real = (typeof(read) *)dlsym(RTLD_NEXT, "read");
	return real(fd, data, len);
}

int
close(int fd)
{
	static typeof(close) *real;

	forget(fd);
	if (!real)
		real = (typeof(close) *)dlsym(RTLD_NEXT, "close");
	return real(fd);
}
