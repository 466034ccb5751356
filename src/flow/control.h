/*
 * The evaluator's client from inside, for the flow floor only.
 */
#ifndef FLOWMAKE_FLOW_CONTROL_H
#define FLOWMAKE_FLOW_CONTROL_H

#include <sys/types.h>

#include "base/base.h"
#include "base/error.h"
#include "flow/outbox.h"
#include "sys/frame.h"
#include "sys/loop.h"

struct child;
struct rules;

/* A child of the zygote, by the id that it has on the wire.  The id is free
 * again when the child was reaped. */
struct child_entry {
	struct child *child;      /* NULL: let go, or the id is free */
	pid_t pid;                /* 0: not started */
	bool used;
	bool is_recipe;
	uint32_t next_free;       /* id of the next free one + 1 */
};

struct evaluator {
	struct loop *loop;
	pid_t pid;                /* 0: not started, or reaped */
	struct loop_watch control;
	struct frame_reader reader;
	struct outbox out;
	bool dead;                /* it has ended: nothing can be asked */
	int wait_status;          /* when dead */

	struct child_entry *children;
	size_t child_count;
	size_t child_alloc;
	uint32_t first_free;      /* id + 1 */

	struct memo *memo;        /* of the flow, or NULL */
	struct strbuf load;       /* WIRE_LOAD, for when it is started */
	struct rules *rules;      /* being loaded, or NULL */
	bool has_begun;           /* to load */
	bool load_done;           /* or given up */
	struct error load_error;  /* why there are no rules, or what it said
				   * before it ended */
};

/* Make a pair of sockets: ENDS[0], ours, does not block. */
int control_socketpair(int ends[2], struct error *err);
/* Send a frame over the control socket. */
void control_send(struct evaluator *e, unsigned type, const char *payload,
		  size_t len, const int *fds, size_t fd_count);
/* Start the program, unless it was, and have it load the flow. */
int control_boot(struct evaluator *e, struct error *err);
/* Have the program that was started load the flow. */
void control_load(struct evaluator *e);
/* Let the program go, and kill its children. */
void control_end(struct evaluator *e);
/* Why the evaluator is of no use any more. */
int control_error_dead(const struct evaluator *e, struct error *err);

/* In evaluator.c: the socket brought a frame that belongs to the loading.  When
 * the flow was known already, its text and manifest made it say the same. */
void control_load_frame(struct evaluator *e, const struct frame *f);

/* Read what a WIRE_ERROR says into ERR. */
void control_read_error(const struct frame *f, struct error *err);

/* Take an id for C; give up the child of ID, which lives on until reaped. */
uint32_t control_add_child(struct evaluator *e, struct child *c,
			   bool is_recipe);
void control_drop_child(struct evaluator *e, uint32_t id);

#endif
