/*
 * Children of the zygote that run scheme recipes.
 */
#include "base/base.h"

#include "flow/evaluator.h"

#include <signal.h>
#include <string.h>

#include "base/cbor.h"
#include "base/error.h"
#include "flow/child.h"
#include "flow/control.h"
#include "model/wire.h"

struct recipe_child {
	struct child base; /* first: the two are one */
	const struct recipe_events *events;
	void *data;
};

static void
on_started(struct child *base)
{
	struct recipe_child *c = (struct recipe_child *)base;

	c->events->started(c->data, base->pid);
}

static void
on_frame(struct child *base, const struct frame *f)
{
	struct recipe_child *c = (struct recipe_child *)base;
	struct error err = ERROR_INIT;

	if (f->type == WIRE_RESULTS)
		c->events->results(c->data, f->payload, f->len);
	if (f->type != WIRE_ERROR)
		return;
	control_read_error(f, &err);
	c->events->error(c->data, err.text, strlen(err.text));
	error_release(&err);
}

static void
on_broken(struct child *base, const struct error *why)
{
	struct recipe_child *c = (struct recipe_child *)base;

	c->events->error(c->data, why->text, strlen(why->text));
	child_signal(base, SIGKILL);
}

static void
on_exited(struct child *base, int wait_status, const struct rusage *usage,
	  bool lost)
{
	struct recipe_child *c = (struct recipe_child *)base;

	c->events->exited(c->data, wait_status, usage, lost);
	child_free(base);
}

static const struct child_ops recipe_ops = {
	.started = on_started,
	.frame = on_frame,
	.broken = on_broken,
	.exited = on_exited,
};

struct recipe_child *
recipe_child_start(struct evaluator *e, const char *job, size_t len,
		   int out_fd, int err_fd, const struct recipe_events *events,
		   void *data, struct error *err)
{
	struct recipe_child *c = xcalloc(1, sizeof(*c));

	child_init(&c->base);
	c->events = events;
	c->data = data;
	if (child_start(&c->base, e, &recipe_ops, job, len, out_fd, err_fd,
			err) < 0) {
		child_free(&c->base);
		return NULL;
	}
	return c;
}

void
recipe_child_kill(struct recipe_child *c, int signo)
{
	child_signal(&c->base, signo);
}

void
recipe_child_free(struct recipe_child *c)
{
	if (c)
		child_free(&c->base);
}
