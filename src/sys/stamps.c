/*
 * Times of files, tried out.
 */
#include "base/base.h"

#include "sys/stamps.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"

/* In so short a time the clock of a kernel of 1000 Hz, the fastest that there
 * is, ticks twice at most; a file that gets a new time as often as this has
 * its times from a finer one. */
enum { CHANGES = 16 };
#define TRIAL_NS (2 * NS_PER_MS)

/* Change the file FD again and again; returns whether its time follows. */
static bool
follows(int fd, dev_t *device)
{
	int64_t began = clock_monotonic_ns(&clock_system);
	struct stat before, now;
	int i;

	for (i = 0; i <= CHANGES; i++) {
		if (write(fd, "", 1) != 1 || fstat(fd, &now) < 0)
			return false;
		if (i && before.st_ctim.tv_sec == now.st_ctim.tv_sec &&
		    before.st_ctim.tv_nsec == now.st_ctim.tv_nsec)
			return false;
		before = now;
	}
	*device = now.st_dev;
	return clock_monotonic_ns(&clock_system) - began < TRIAL_NS;
}

bool
stamps_are_fine(const char *path, dev_t *device)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	bool fine;

	if (fd < 0)
		return false;
	fine = follows(fd, device);
	unlink(path);
	close(fd);
	return fine;
}
