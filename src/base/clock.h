/*
 * The two clocks, behind a seam so that tests can set the time.  Durations
 * and timeouts use the monotonic clock, what people read the real one.
 */
#ifndef FLOWMAKE_BASE_CLOCK_H
#define FLOWMAKE_BASE_CLOCK_H

#include <time.h>

#include "base/base.h"

struct clock {
	int64_t (*monotonic_ns)(struct clock *);
	int64_t (*real_ns)(struct clock *); /* since 1970 */
};

/* The machine's clocks. */
extern struct clock clock_system;

int64_t clock_monotonic_ns(struct clock *);
int64_t clock_real_ns(struct clock *);

#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S INT64_C(1000000000)

/* T, as of stat(2), in ns. */
int64_t timespec_ns(struct timespec t);

#endif
