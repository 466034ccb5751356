/*
 * What the children of the zygote have in common, for the flow floor only: an
 * id on the control socket, a data socket, and an end.
 */
#ifndef FLOWMAKE_FLOW_CHILD_H
#define FLOWMAKE_FLOW_CHILD_H

#include <sys/resource.h>

#include "base/base.h"
#include "flow/evaluator.h"
#include "flow/outbox.h"
#include "sys/frame.h"
#include "sys/loop.h"

struct child;

struct child_ops {
	void (*started)(struct child *c);
	/* A frame came over the data socket. */
	void (*frame)(struct child *c, const struct frame *f);
	/* What came is no frame: the child is of no use any more. */
	void (*broken)(struct child *c, const struct error *why);
	/* It was reaped, after its last frame.  LOST: the evaluator itself
	 * has gone.  Last call. */
	void (*exited)(struct child *c, int wait_status,
		       const struct rusage *usage, bool lost);
};

struct child {
	struct evaluator *evaluator;
	const struct child_ops *ops;
	uint32_t id;              /* on the wire */
	pid_t pid;                /* 0: not started yet */
	struct loop_watch data;   /* our end of the data socket */
	struct frame_reader reader;
	struct outbox out;
	unsigned busy;            /* calls under way that still look at it */
	bool doomed;              /* freed as soon as they have returned */
};

/* Prepare C, zeroed memory of the caller's that child_free frees, whether it
 * was started or not. */
void child_init(struct child *c);
/* Calls into the owner may free the child under us: between these two it only
 * is doomed. */
void child_enter(struct child *c);
void child_leave(struct child *c);
/* Have the zygote fork C: a recipe's child, with these descriptors for its
 * output, when JOB is not NULL. */
int child_start(struct child *c, struct evaluator *e,
		const struct child_ops *ops, const char *job, size_t job_len,
		int out_fd, int err_fd, struct error *err);
/* Send a frame over its data socket. */
void child_send(struct child *c, unsigned type, const char *payload,
		size_t len);
/* Signal it, through the zygote, which alone knows whether it lives. */
void child_signal(struct child *c, int signo);
/* Free C, ending it if it still lives. */
void child_free(struct child *c);

/* ---- called by the control socket's reader ---- */

void child_started(struct child *c, pid_t pid);
void child_exited(struct child *c, int wait_status, const struct rusage *usage,
		  bool lost);

#endif
