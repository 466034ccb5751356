/*
 * The machine's clocks.
 */
#include "base/base.h"

#include "base/clock.h"

int64_t
timespec_ns(struct timespec t)
{
	return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

static int64_t
read_ns(clockid_t id)
{
	struct timespec ts;

	if (clock_gettime(id, &ts) < 0)
		bug("clock %d cannot be read", (int)id);
	return timespec_ns(ts);
}

static int64_t
system_monotonic_ns(struct clock *c)
{
	(void)c;
	return read_ns(CLOCK_MONOTONIC);
}

static int64_t
system_real_ns(struct clock *c)
{
	(void)c;
	return read_ns(CLOCK_REALTIME);
}

struct clock clock_system = { system_monotonic_ns, system_real_ns };

int64_t
clock_monotonic_ns(struct clock *c)
{
	return c->monotonic_ns(c);
}

int64_t
clock_real_ns(struct clock *c)
{
	return c->real_ns(c);
}
