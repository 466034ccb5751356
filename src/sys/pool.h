/*
 * I/O threads: at most two, started on first use, for work that would hold
 * up the loop (hashing large files, walking directories, copying).  A job's
 * work runs on a thread and touches nothing but its own data; its done runs
 * on the loop afterwards.  Threads never spawn processes.
 */
#ifndef FLOWMAKE_SYS_POOL_H
#define FLOWMAKE_SYS_POOL_H

#include "base/base.h"

struct error;
struct loop;
struct pool;

struct pool_job {
	void (*work)(struct pool_job *); /* on a thread */
	void (*done)(struct pool_job *); /* on the loop */
	struct pool_job *next;           /* the pool's */
};

struct pool *pool_new(struct loop *l, struct error *err);
/* Waits for running jobs; those not started are dropped.  Of neither is done
 * called any more, nor of jobs that are over and were not told yet. */
void pool_free(struct pool *p);
/* Hand JOB over; the caller keeps it alive until done is called or pool_free
 * returns.  Runs it at once when no thread can be had; done comes from the loop
 * then, too. */
void pool_submit(struct pool *p, struct pool_job *job);

#endif
