/*
 * Leases of the files of a task, so that two runs in one project never make
 * one file at a time, and none takes away what a task of the other reads.
 * Directories above an output are leased for sharing, so that nobody makes them
 * as a whole.  A lease vanishes with the process, however it ends, when its
 * tasks have ended, too.
 *
 * A run that is alone locks nothing, until another one begins.
 */
#ifndef FLOWMAKE_SCHED_LEASES_H
#define FLOWMAKE_SCHED_LEASES_H

#include "base/base.h"

struct error;
struct leases;
struct loop;
struct task;

/* IS_LOCAL: no other machine sees the project.  SILENT(DATA) will be called if
 * another run, which was alone, does not answer while a lease is wanted: it may
 * be stopped. */
struct leases *leases_new(struct loop *loop, bool is_local,
			  void (*silent)(void *data), void *data,
			  struct error *err);
void leases_free(struct leases *l);

/* What one task holds. */
struct lease {
	const char *const *reads; /* paths; borrowed from take to drop */
	size_t read_count;
	const struct task *task;  /* NULL: nothing is held */
	struct lease *next;       /* of those that are held */
	struct lease **link;      /* what points to this one */
};

/* Lease the outputs of T for it alone and the COUNT paths at READS against
 * being made anew, or nothing.  Returns 1, with LEASE to drop; 0 when another
 * run is in the way, with *PATH the file (borrowed from T or READS) and *DOES
 * what that run does with it ("making", "reading"), or both NULL when it has
 * not answered yet, and READY(DATA) will be called when it may be free; -1. */
int leases_take(struct leases *l, struct lease *lease, const struct task *t,
		const char *const *reads, size_t count, const char **path,
		const char **does, void (*ready)(void *data), void *data,
		struct error *err);

/* Whether no other run may be making the outputs of T just now. */
bool leases_allow(struct leases *l, const struct task *t);
/* The same of all files, before there are leases: whether no other run goes on
 * that may make any. */
bool leases_are_free(void);

/* Give back what LEASE holds, if anything. */
void leases_drop(struct leases *l, struct lease *lease);
/* Tell other runs of what was given back since. */
void leases_announce(struct leases *l);
/* Call nobody who waits any more. */
void leases_forget(struct leases *l);
/* Be one among others from now on: the loop will not turn for a while. */
void leases_share(struct leases *l);

#endif
