/*
 * Times of files, tried out.
 */
#include "base/base.h"

#include "sys/ticks.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"

/* In so short a time the clock of a kernel of 1000 Hz, the fastest that there
 * is, ticks twice at most; a file that gets a new time as often as this has
 * its times from a finer one.  Who is held up by others tries again. */
enum { CHANGES = 16, TRIALS = 4 };
#define TRIAL_NS (2 * NS_PER_MS)

/* Change the file FD again and again; whether its time follows each change,
 * and whether IN_TIME. */
static bool
follows(int fd, dev_t *device, bool *in_time)
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
	*in_time = clock_monotonic_ns(&clock_system) - began < TRIAL_NS;
	return true;
}

bool
ticks_are_fine(const char *path, dev_t *device)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	bool in_time = false;
	int i;

	if (fd < 0)
		return false;
	for (i = 0; i < TRIALS && !in_time; i++)
		if (!follows(fd, device, &in_time))
			break;
	unlink(path);
	close(fd);
	return in_time;
}
