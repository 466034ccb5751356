/*
 * The one gate that local tasks pass: worker slots, and the processors and
 * memory that running tasks have declared.  Undeclared tasks take a slot, no
 * more.  Nothing here waits: the caller asks again when a task has ended, and
 * asks for its oldest ready task first, so that nothing younger overtakes one
 * that does not fit yet.
 */
#ifndef FLOWMAKE_SCHED_LIMITS_H
#define FLOWMAKE_SCHED_LIMITS_H

#include "base/base.h"

struct limits {
	uint32_t workers;       /* slots */
	uint32_t cpu_milli;     /* of the machine; 1000 is one processor */
	uint64_t memory_mb;
	uint32_t running;       /* tasks inside */
	uint64_t used_cpu_milli;
	uint64_t used_memory_mb;
};

/* A machine's limits. */
void limits_init(struct limits *l, uint32_t workers, uint32_t cpu_milli,
		 uint64_t memory_mb);

/* Whether a task of these declared needs (0: none) is larger than the whole
 * machine; it will run alone. */
bool limits_too_large(const struct limits *l, uint32_t cpu_milli,
		      uint64_t memory_mb);

/* Let a task in, if it fits now; a too large one when nothing else runs. */
bool limits_admit(struct limits *l, uint32_t cpu_milli, uint64_t memory_mb);

/* A task that was let in has ended. */
void limits_leave(struct limits *l, uint32_t cpu_milli, uint64_t memory_mb);

#endif
