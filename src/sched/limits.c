/*
 * Limits.
 */
#include "base/base.h"

#include "sched/limits.h"

#include <string.h>

void
limits_init(struct limits *l, uint32_t workers, uint32_t cpu_milli,
	    uint64_t memory_mb)
{
	memset(l, 0, sizeof(*l));
	l->workers = workers;
	l->cpu_milli = cpu_milli;
	l->memory_mb = memory_mb;
}

bool
limits_too_large(const struct limits *l, uint32_t cpu_milli,
		 uint64_t memory_mb)
{
	return cpu_milli > l->cpu_milli || memory_mb > l->memory_mb;
}

bool
limits_admit(struct limits *l, uint32_t cpu_milli, uint64_t memory_mb)
{
	if (l->running >= l->workers)
		return false;
	if (l->used_cpu_milli && cpu_milli &&
	    l->used_cpu_milli + cpu_milli > l->cpu_milli)
		return false;
	if (l->used_memory_mb && memory_mb &&
	    l->used_memory_mb + memory_mb > l->memory_mb)
		return false;
	if (l->running && limits_too_large(l, cpu_milli, memory_mb))
		return false;
	if (l->used_cpu_milli > l->cpu_milli ||
	    l->used_memory_mb > l->memory_mb)
		return false; /* a too large one is alone inside */
	l->running++;
	l->used_cpu_milli += cpu_milli;
	l->used_memory_mb += memory_mb;
	return true;
}

void
limits_leave(struct limits *l, uint32_t cpu_milli, uint64_t memory_mb)
{
	l->running--;
	l->used_cpu_milli -= cpu_milli;
	l->used_memory_mb -= memory_mb;
}
