/*
 * A library to preload that lets a file system share blocks, or not:
 *
 *   FAKE_CLONE=yes   ioctl(FICLONE) copies, as nobody can tell
 *   FAKE_CLONE=no    it says that the file system cannot do that
 *   FAKE_CLONE_LOG=FILE  gets a line for each call
 */
#define _GNU_SOURCE 1
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void
log_call(void)
{
	const char *log = getenv("FAKE_CLONE_LOG");
	int fd = log ? open(log, O_WRONLY | O_CREAT | O_APPEND, 0666) : -1;

	if (fd >= 0 && write(fd, "clone\n", 6) != 6)
		abort();
	if (fd >= 0)
		close(fd);
}

static int
copy(int to, int from)
{
	char buf[4096];
	off_t at = 0;
	ssize_t n;

	while ((n = pread(from, buf, sizeof(buf), at)) > 0) {
		if (pwrite(to, buf, (size_t)n, at) != n)
			return -1;
		at += n;
	}
	return (int)n;
}

int
ioctl(int fd, unsigned long request, ...)
{
	static int (*next)(int, unsigned long, ...);
	const char *fake = getenv("FAKE_CLONE");
	va_list ap;
	void *argument;

	va_start(ap, request);
	argument = va_arg(ap, void *);
	va_end(ap);
	if (request == FICLONE && fake) {
		log_call();
		if (!strcmp(fake, "yes"))
			return copy(fd, (int)(long)argument);
		errno = EOPNOTSUPP;
		return -1;
	}
	if (!next)
		next = (int (*)(int, unsigned long, ...))dlsym(RTLD_NEXT,
								"ioctl");
	return next(fd, request, argument);
}
