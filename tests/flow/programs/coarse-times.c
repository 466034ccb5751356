/*
 * A library to preload: the times of files advance in steps of 10 ms, as they
 * do in a Linux before 6.13 of 100 Hz.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>
#include <sys/stat.h>

/* One ns more: with none they are those of a file system of whole seconds. */
#define ROUND(nsec) ((nsec) = (nsec) / 10000000 * 10000000 + 1)

static void *
next(const char *name)
{
	return dlsym(RTLD_NEXT, name);
}

static int
round_times(int rc, struct stat *st)
{
	if (rc)
		return rc;
	ROUND(st->st_mtim.tv_nsec);
	ROUND(st->st_ctim.tv_nsec);
	return 0;
}

#define COARSE(name, type) \
	int \
	name(type file, struct stat *st) \
	{ \
		static int (*real)(type, struct stat *); \
	\
		if (!real) \
			real = (int (*)(type, struct stat *))next(#name); \
		return round_times(real(file, st), st); \
	}

COARSE(stat, const char *)
COARSE(lstat, const char *)
COARSE(fstat, int)

int
fstatat(int fd, const char *path, struct stat *st, int flags)
{
	static int (*real)(int, const char *, struct stat *, int);

	if (!real)
		real = (int (*)(int, const char *, struct stat *,
				int))next("fstatat");
	return round_times(real(fd, path, st, flags), st);
}
