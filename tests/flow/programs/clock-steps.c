/*
 * A library to preload: the clock of the day is ahead, or behind, by as many
 * seconds as the file that CLOCK_STEPS names says, whenever it is asked.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static long
step_s(void)
{
	const char *path = getenv("CLOCK_STEPS");
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	char text[32] = "";

	if (fd < 0)
		return 0;
	if (read(fd, text, sizeof(text) - 1) < 0)
		text[0] = '\0';
	close(fd);
	return strtol(text, NULL, 10);
}

int
clock_gettime(clockid_t clock, struct timespec *now)
{
	static int (*real)(clockid_t, struct timespec *);
	int rc;

	if (!real)
		real = (int (*)(clockid_t, struct timespec *))dlsym(
			RTLD_NEXT, "clock_gettime");
	rc = real(clock, now);
	if (!rc && clock == CLOCK_REALTIME)
		now->tv_sec += step_s();
	return rc;
}
