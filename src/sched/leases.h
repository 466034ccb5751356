/*
 * Leases of the files of a task, so that two runs in one project never make
 * one file at a time, and none takes away what a task of the other reads.  A
 * lease of an output is a lock on one byte of .flowmake/leases, the one that
 * the path's hash names (open file description locks, fcntl(2)): one system
 * call each, and they vanish with the process, however it ends.  Directories
 * above are leased for sharing, so that nobody makes them as a whole.
 *
 * A task may read very many files, and the kernel looks through all locks for
 * each, so that readers and writers meet on a limited number of bytes.  Files
 * that happen to share one cost a wait, now and then, and nothing else.
 */
#ifndef FLOWMAKE_SCHED_LEASES_H
#define FLOWMAKE_SCHED_LEASES_H

#include "base/base.h"

struct error;
struct leases;
struct loop;
struct task;

struct leases *leases_new(struct loop *loop, struct error *err);
void leases_free(struct leases *l);

/* What one task holds. */
struct lease {
	const char *const *reads; /* paths; borrowed from take to drop */
	size_t read_count;
	const struct task *task;  /* NULL: nothing is held */
};

/* Lease the outputs of T for it alone and the COUNT paths at READS against
 * being made anew, or nothing.  Returns 1, with LEASE to drop; 0 when another
 * run is in the way, with *PATH the file (borrowed from T or READS) and *DOES
 * what that run does with it ("making", "reading"), and READY(DATA) will be
 * called when it may be free; -1. */
int leases_take(struct leases *l, struct lease *lease, const struct task *t,
		const char *const *reads, size_t count, const char **path,
		const char **does, void (*ready)(void *data), void *data,
		struct error *err);

/* Give back what LEASE holds, if anything. */
void leases_drop(struct leases *l, struct lease *lease);
/* Tell other runs of what was given back since. */
void leases_announce(struct leases *l);

#endif
