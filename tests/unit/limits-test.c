/*
 * The gate of local tasks.
 */
#include "base/base.h"

#include "sched/limits.h"
#include "tap.h"

static struct limits l;

static void
test_slots(void)
{
	limits_init(&l, 2, 4000, 8000);
	ok(limits_admit(&l, 0, 0) && limits_admit(&l, 0, 0),
	   "undeclared tasks take a slot");
	ok(!limits_admit(&l, 0, 0), "as many as there are workers");
	limits_leave(&l, 0, 0);
	ok(limits_admit(&l, 0, 0), "one that ends makes room");
}

static void
test_resources(void)
{
	limits_init(&l, 16, 4000, 8000);
	ok(limits_admit(&l, 3000, 1000) && limits_admit(&l, 1000, 1000),
	   "declared processors fill the machine");
	ok(!limits_admit(&l, 1, 0), "and no more");
	ok(limits_admit(&l, 0, 0), "undeclared ones still get in");
	ok(limits_admit(&l, 0, 6000), "memory is counted apart");
	ok(!limits_admit(&l, 0, 1), "and fills up as well");
	limits_leave(&l, 0, 6000);
	limits_leave(&l, 3000, 1000);
	ok(limits_admit(&l, 3000, 7000), "what has left is free");
	is_int((intmax_t)l.used_cpu_milli, 4000, "all is counted");
}

static void
test_too_large(void)
{
	limits_init(&l, 16, 4000, 8000);
	ok(limits_too_large(&l, 4001, 0) && limits_too_large(&l, 0, 8001) &&
	   !limits_too_large(&l, 4000, 8000), "what is too large");
	ok(limits_admit(&l, 1000, 0), "while something runs");
	ok(!limits_admit(&l, 5000, 0), "a too large task waits");
	limits_leave(&l, 1000, 0);
	ok(limits_admit(&l, 5000, 0), "it runs alone");
	ok(!limits_admit(&l, 0, 0) && !limits_admit(&l, 100, 0),
	   "nothing beside it");
	limits_leave(&l, 5000, 0);
	ok(limits_admit(&l, 0, 9000) && !limits_admit(&l, 0, 0),
	   "also one that needs too much memory");
	limits_leave(&l, 0, 9000);
	is_int(l.running, 0, "all have left");
	ok(limits_admit(&l, 4000, 8000), "the whole machine can be had");
}

int
main(void)
{
	test_slots();
	test_resources();
	test_too_large();
	return done_testing();
}
