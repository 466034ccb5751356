/*
 * A clock that the test sets.
 */
#ifndef FLOWMAKE_TESTS_UNIT_FAKE_CLOCK_H
#define FLOWMAKE_TESTS_UNIT_FAKE_CLOCK_H

#include "base/clock.h"

/* What it says, real and monotonic. */
static int64_t fake_clock_ns = 1000;

static int64_t
fake_clock_now(struct clock *c)
{
	(void)c;
	return fake_clock_ns;
}

static struct clock fake_clock = { fake_clock_now, fake_clock_now };

#endif
