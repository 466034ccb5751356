/*
 * Leases of output paths, so that two runs in one project never make one file
 * at a time.  A lease is a lock on one byte of .flowmake/leases, the one that
 * the path's hash names (open file description locks, fcntl(2)): one system
 * call each, and they vanish with the process, however it ends.  Directories
 * above are leased for sharing, so that nobody makes them as a whole.
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

/* Lease all outputs of T, or none.  Returns 1; 0 when another run holds one,
 * with *PATH its name (borrowed from T), and READY(DATA) will be called when
 * that has become free; -1. */
int leases_take(struct leases *l, const struct task *t, const char **path,
		void (*ready)(void *data), void *data, struct error *err);

/* Give back the outputs of T. */
void leases_drop(struct leases *l, const struct task *t);

#endif
