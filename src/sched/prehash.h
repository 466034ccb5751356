/*
 * Hashing a task's large inputs on an I/O thread before it starts, so that the
 * loop goes on meanwhile: output is read, other tasks start, timers run.
 */
#ifndef FLOWMAKE_SCHED_PREHASH_H
#define FLOWMAKE_SCHED_PREHASH_H

#include "base/base.h"

struct files;
struct pool;
struct prehash;
struct task;

/* Of one run: a file that several tasks wait for is hashed once.  POOL and
 * FILES outlive it. */
struct prehash *prehash_new(struct pool *pool, struct files *files);
/* When POOL has ended; who still waits is not called. */
void prehash_free(struct prehash *p);

/* If digesting T's inputs would take long, hash the large ones on threads,
 * teach the files their digests, and call DONE(DATA) from the loop.  Returns
 * whether that is under way; false: nothing needs it.  What cannot be read is
 * left for files_digest to say. */
bool prehash_inputs(struct prehash *p, const struct task *t,
		    void (*done)(void *data), void *data);

#endif
