/*
 * Where tasks run.  An executor starts attempts and tells three kinds of news
 * about each, from the loop; sched knows nothing else about it, and tests put
 * a fake in its place.
 */
#ifndef FLOWMAKE_EXEC_EXECUTOR_H
#define FLOWMAKE_EXEC_EXECUTOR_H

#include "base/base.h"
#include "exec/spec.h"
#include "store/log.h"

struct error;
struct executor;

enum outcome_kind {
	OUTCOME_OK,
	OUTCOME_FAILED,    /* the recipe: status, signal, missing output, ... */
	OUTCOME_TIMEOUT,
	OUTCOME_CANCELLED, /* by executor_cancel */
	OUTCOME_LOST,      /* not the task's fault: could not be started, the
			    * evaluator died, the disk is full */
};

/* How one attempt ended.  Owned by the executor until the callback returns. */
struct outcome {
	enum outcome_kind kind;
	int exit_status;          /* -1: did not exit */
	int signal;               /* 0: none */
	int64_t started_ns;       /* real time */
	int64_t ended_ns;         /* started_ns and what it took, though that
				   * clock was set meanwhile */
	int64_t user_ns;
	int64_t system_ns;
	int64_t max_rss_kib;
	const char *message;      /* in words, for any kind but OUTCOME_OK:
				   * "status 3", "killed by signal 11
				   * (segmentation fault)", "did not make
				   * 'x.tsv'", "timed out after 2m 0s", ... */
	const struct artifact *results; /* OUTCOME_OK: as in the spec */
	const struct artifact *outputs;
	const char *warning;      /* worth telling though it succeeded: an input
				   * that it changed; or NULL */
	bool reusable;            /* false: an input changed meanwhile */
};

struct executor_events {
	/* The attempt's leader runs as PID. */
	void (*started)(void *data, void *task, int64_t pid);
	/* It printed: LEN bytes read at REAL_NS, any number of lines. */
	void (*printed)(void *data, void *task, enum log_stream stream,
			int64_t real_ns, const char *text, size_t len);
	/* It is over: pipes closed, reaped, results collected.  Exactly once
	 * for each start that returned 0, never from within start. */
	void (*finished)(void *data, void *task, const struct outcome *o);
};

struct executor_ops {
	/* Start an attempt of SPEC, borrowed until finished.  TASK comes back
	 * in the events.  Returns -1 when it could not even be tried; nothing
	 * will be called then. */
	int (*start)(struct executor *x, const struct task_spec *spec,
		     void *task, struct error *err);
	/* End TASK's attempt: TERM to its group now, KILL after the grace
	 * period (at once when HARD).  finished follows. */
	void (*cancel)(struct executor *x, void *task, bool hard);
	/* Stop (true) or continue (false) all tasks: ^Z.  Their time goes on
	 * unless the loop skips it. */
	void (*pause)(struct executor *x, bool stop);
	void (*free)(struct executor *x);
};

struct executor {
	const struct executor_ops *ops;
	struct executor_events events;
	void *data; /* handed to the events */
};

#endif
