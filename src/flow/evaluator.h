/*
 * The evaluator's client: loading a Flowfile, evaluating expressions in
 * children of the zygote, running scheme recipes there.  Speaks
 * model/wire.h; everything happens on the loop.
 */
#ifndef FLOWMAKE_FLOW_EVALUATOR_H
#define FLOWMAKE_FLOW_EVALUATOR_H

#include <sys/resource.h>

#include "base/base.h"
#include "base/digest.h"

struct error;
struct evaluator;
struct loop;
struct rules;

/* An evaluator whose program is started when it is first needed. */
struct evaluator *evaluator_new(struct loop *l);
/* Close its socket and let it go; children that still run are killed. */
void evaluator_free(struct evaluator *e);

/* Stop (true) or continue (false) what it evaluates or loads; recipes are the
 * executor's. */
void evaluator_pause(struct evaluator *e, bool stop);

/* What a load needs besides the file. */
struct evaluator_load {
	const char *file;           /* the Flowfile */
	char *const *parameters;    /* NAME, TEXT, NAME, TEXT, ..., NULL */
	char *const *inherited;     /* the same, weaker: those that the Flowfile
				     * does not have are ignored; or NULL */
	const char *cache_dir;      /* or NULL */
	const char *replay;         /* CBOR manifest, or NULL */
	size_t replay_len;
	bool debug;
};

/* Begin to load what HOW says, unless a memo knows it, for evaluator_load with
 * the same HOW: until then the caller can do what does not turn the loop. */
int evaluator_begin(struct evaluator *e, const struct evaluator_load *how,
		    struct error *err);
/* Load the Flowfile, once, and wait for its rules, turning the loop; what a
 * memo in the cache knows (flow/memo.h) is not asked.  Fills RULES
 * (initialised by the caller), resolved and checked.  SIGINT and SIGTERM end
 * the waiting with an error when *INTERRUPTED becomes true (may be NULL). */
int evaluator_load(struct evaluator *e, const struct evaluator_load *how,
		   struct rules *rules, const bool *interrupted,
		   struct error *err);

/* What tells all that the evaluator has said, and will say, from what it might
 * say of any other Flowfile, parameters and project.  Returns false when that
 * is not known: the flow is not pure (flow/memo.h). */
bool evaluator_identity(const struct evaluator *e, struct digest *id);

/* ---- evaluation ---- */

struct eval_child;

/* What an evaluating child says.  Rows come in order.  After failed nothing
 * more comes; the child is gone and the caller calls eval_child_free. */
struct eval_events {
	/* Answer to a job: CBOR of its constants, one item after another. */
	void (*constants)(void *data, const char *row, size_t len,
			  size_t count);
	/* Instead of the next COUNT rows: whether they need not be told, and
	 * are taken as told.  May be NULL. */
	bool (*pass)(void *data, uint32_t item, size_t count);
	/* One row: the foreach values and the thunks' values, each as CBOR
	 * items one after another. */
	void (*row)(void *data, uint32_t item, const char *elements,
		    size_t elements_len, const char *values,
		    size_t values_len);
	/* ITEM (its index in its eval_child_items call) has no more rows. */
	void (*item_end)(void *data, uint32_t item);
	void (*failed)(void *data, const struct error *why);
	/* An answer is due, and no event came for a second: once, until the
	 * next event, and only if eval_child_limit has set a longer limit.
	 * The child must not be freed from it.  May be NULL. */
	void (*slow)(void *data);
};

/* A child that evaluates, forked when it is needed.  DATA goes to the events,
 * which come from the loop.  NULL when the evaluator is of no use any more. */
struct eval_child *eval_child_new(struct evaluator *e,
				  const struct eval_events *events, void *data,
				  struct error *err);
/* Ends it (SIGKILL) if it still lives. */
void eval_child_free(struct eval_child *c);
/* Open a job: PAYLOAD is the CBOR of WIRE_JOB. */
void eval_child_job(struct eval_child *c, const char *payload, size_t len);
/* Hand items to the open job: PAYLOAD is the CBOR of WIRE_ITEMS. */
void eval_child_items(struct eval_child *c, const char *payload, size_t len);
/* No event for TIMEOUT_NS while answers are due: failed is called.  0: no
 * limit, and WHAT may be empty; else it begins the message, as "Flowfile:1:20:
 * step 'x': the foreach". */
void eval_child_limit(struct eval_child *c, int64_t timeout_ns,
		      const struct error *what);

/* ---- recipes ---- */

struct recipe_child;

struct recipe_events {
	void (*started)(void *data, int64_t pid);
	/* The results as WIRE_RESULTS has them; before exited, on success. */
	void (*results)(void *data, const char *cbor, size_t len);
	/* The recipe's own error, in words; before exited. */
	void (*error)(void *data, const char *text, size_t len);
	/* It was reaped and its data socket is closed.  LOST: the evaluator
	 * itself died.  Last event. */
	void (*exited)(void *data, int wait_status, const struct rusage *usage,
		       bool lost);
};

/* Fork a child that runs a scheme recipe: JOB is the CBOR of RECIPE-JOB; its
 * stdout and stderr go to OUT_FD and ERR_FD (the caller keeps and closes its
 * own).  The returned handle is freed after exited was called. */
struct recipe_child *recipe_child_start(struct evaluator *e, const char *job,
					size_t len, int out_fd, int err_fd,
					const struct recipe_events *events,
					void *data, struct error *err);
void recipe_child_kill(struct recipe_child *c, int signo);
/* Let it go before it ended: SIGKILL, and no event any more. */
void recipe_child_free(struct recipe_child *c);

#endif
