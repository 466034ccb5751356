/*
 * The executor of this machine: tasks as processes of their own, or, for
 * scheme recipes, as children of the evaluator.
 *
 * A task is over when its pipes are closed and it is reaped, in either order.
 * Whoever of its process group is left then is killed; one that left the
 * group and keeps a pipe is waited for a little, then cut off, and that is
 * said.
 */
#ifndef FLOWMAKE_EXEC_LOCAL_H
#define FLOWMAKE_EXEC_LOCAL_H

#include "base/base.h"
#include "exec/executor.h"

struct error;
struct evaluator;
struct files;
struct loop;
struct pool;

/* How long to be patient; set before the first start, by tests. */
struct local_patience {
	int64_t kill_ns;  /* from TERM to KILL */
	int64_t pipe_ns;  /* for who keeps a pipe when the task has ended */
};

/* Make the executor of run RUN in the current directory, whose store is open.
 * EVALUATOR may be NULL when no task is a scheme recipe.  SLOTS tasks are
 * expected at a time; more work too.  The started and printed events may
 * come from within start.  Freeing it kills what still runs, without events,
 * turning the loop. */
struct executor *local_executor_new(struct loop *loop,
				    struct evaluator *evaluator,
				    struct files *files, struct pool *pool,
				    const struct executor_events *events,
				    void *data, unsigned slots, uint32_t run,
				    struct error *err);

struct local_patience *local_executor_patience(struct executor *x);

#endif
