/*
 * Hashing a task's large inputs on an I/O thread before it starts, so that the
 * loop goes on meanwhile: output is read, other tasks start, timers run.
 */
#ifndef FLOWMAKE_SCHED_PREHASH_H
#define FLOWMAKE_SCHED_PREHASH_H

#include "base/base.h"

struct files;
struct pool;
struct task;

/* If digesting T's inputs would take long, hash the large ones on a thread of
 * POOL, teach FILES their digests, and call DONE(DATA) from the loop.  Returns
 * whether that is under way; false: nothing needs it.  What cannot be read is
 * left for files_digest to say. */
bool prehash_inputs(struct pool *pool, struct files *files,
		    const struct task *t, void (*done)(void *data),
		    void *data);

#endif
