/*
 * Children of the zygote that evaluate expressions.
 */
#include "base/base.h"

#include "flow/evaluator.h"

#include <signal.h>
#include <stdlib.h>

#include "base/cbor.h"
#include "base/error.h"
#include "base/text.h"
#include "flow/child.h"
#include "flow/control.h"
#include "flow/ending.h"
#include "model/wire.h"

struct eval_child {
	struct child base;        /* first: the two are one */
	const struct eval_events *events;
	void *data;
	struct loop *loop;
	size_t due;               /* answers not yet come: of jobs and items */
	bool has_failed;          /* and failed was called */
	char *what;
	int64_t timeout_ns;       /* 0: none */
	int64_t heard_ns;         /* loop_now_ns: last event, or first due */
	struct loop_timer limit;
};

/* Report the end; nothing more is told from here on. */
static void
fail(struct eval_child *c, const struct error *why)
{
	if (c->has_failed)
		return;
	c->has_failed = true;
	loop_timer_stop(c->loop, &c->limit);
	c->events->failed(c->data, why);
}

static void
fail_damaged(struct eval_child *c)
{
	struct error err = ERROR_INIT;

	error_set(&err, "%s: the evaluator's answer is damaged", c->what);
	fail(c, &err);
	error_release(&err);
}

/* ---- the limit ---- */

/* The timer is not moved at every event: when it fires too early it is set
 * again for the time that is left. */
static void
on_limit(void *data)
{
	struct eval_child *c = data;
	struct strbuf sb = STRBUF_INIT;
	struct error err = ERROR_INIT;
	int64_t at_ns = c->heard_ns + c->timeout_ns;

	if (!c->due || !c->timeout_ns)
		return;
	if (loop_now_ns(c->loop) < at_ns) {
		loop_timer_start(c->loop, &c->limit, at_ns, on_limit, c);
		return;
	}
	text_add_duration(&sb, c->timeout_ns);
	error_set(&err, "%s gave no answer within %s", c->what, sb.buf);
	strbuf_release(&sb);
	child_signal(&c->base, SIGKILL);
	fail(c, &err);
	error_release(&err);
}

/* Note that something was heard, or that the first answer is due. */
static void
touch(struct eval_child *c)
{
	if (!c->timeout_ns || !c->due)
		return;
	c->heard_ns = loop_now_ns(c->loop);
	if (!c->limit.position)
		loop_timer_start(c->loop, &c->limit,
				 c->heard_ns + c->timeout_ns, on_limit, c);
}

void
eval_child_limit(struct eval_child *c, int64_t timeout_ns, const char *what)
{
	free(c->what);
	c->what = xstrdup(what);
	c->timeout_ns = timeout_ns;
	loop_timer_stop(c->loop, &c->limit);
	touch(c);
}

/* ---- answers ---- */

/* WIRE_CONSTANTS: [value...] */
static void
on_constants(struct eval_child *c, const struct frame *f)
{
	struct cbor in;
	size_t count;

	cbor_init(&in, f->payload, f->len);
	count = cbor_get_array(&in);
	if (in.failed || !c->due) {
		fail_damaged(c);
		return;
	}
	c->due--;
	touch(c);
	c->events->constants(c->data, in.next, (size_t)(in.end - in.next),
			     count);
}

/* The items of an array, one after another, without its head. */
static const char *
get_inside(struct cbor *in, size_t *len)
{
	struct cbor head;
	const char *all = cbor_span(in, len);

	cbor_init(&head, all, *len);
	cbor_get_array(&head);
	if (head.failed)
		in->failed = true;
	*len = (size_t)(head.end - head.next);
	return head.next;
}

/* One row: [[foreach value...], [thunk value...]] */
static void
on_row(struct eval_child *c, uint32_t item, struct cbor *in)
{
	const char *elements, *values;
	size_t elements_len, values_len;

	if (cbor_get_array(in) != 2)
		in->failed = true;
	elements = get_inside(in, &elements_len);
	values = get_inside(in, &values_len);
	if (!in->failed)
		c->events->row(c->data, item, elements, elements_len, values,
			       values_len);
}

/* WIRE_ROWS: [item, last, [row...]] */
static void
on_rows(struct eval_child *c, const struct frame *f)
{
	struct cbor in;
	size_t count;
	uint32_t item;
	bool last;

	cbor_init(&in, f->payload, f->len);
	if (cbor_get_array(&in) != 3)
		in.failed = true;
	item = (uint32_t)cbor_get_uint(&in);
	last = cbor_get_bool(&in);
	touch(c);
	/* A callback may let the child go; then there is nothing to go on
	 * for. */
	for (count = cbor_get_array(&in); count && !in.failed; count--) {
		on_row(c, item, &in);
		if (c->base.doomed)
			return;
	}
	if (in.failed || (last && !c->due)) {
		fail_damaged(c);
		return;
	}
	if (last) {
		c->due--;
		c->events->item_end(c->data, item);
	}
}

static void
on_frame(struct child *base, const struct frame *f)
{
	struct eval_child *c = (struct eval_child *)base;
	struct error err = ERROR_INIT;

	if (c->has_failed)
		return;
	switch (f->type) {
	case WIRE_CONSTANTS:
		on_constants(c, f);
		break;
	case WIRE_ROWS:
		on_rows(c, f);
		break;
	case WIRE_ERROR:
		control_read_error(f, &err);
		fail(c, &err);
		error_release(&err);
		break;
	}
}

static void
on_broken(struct child *base, const struct error *why)
{
	struct eval_child *c = (struct eval_child *)base;

	child_signal(base, SIGKILL);
	fail(c, why);
}

/* It ended without having been told to: say how. */
static void
on_exited(struct child *base, int wait_status, const struct rusage *usage,
	  bool lost)
{
	struct eval_child *c = (struct eval_child *)base;
	struct strbuf sb = STRBUF_INIT;
	struct error err = ERROR_INIT;

	(void)usage;
	ending_add_words(&sb, wait_status);
	if (lost)
		error_set(&err, "%s: the evaluator has gone", c->what);
	else
		error_set(&err, "%s ended its process: %s", c->what, sb.buf);
	strbuf_release(&sb);
	fail(c, &err);
	error_release(&err);
}

static const struct child_ops eval_ops = {
	.frame = on_frame,
	.broken = on_broken,
	.exited = on_exited,
};

/* ---- the owner's side ---- */

struct eval_child *
eval_child_new(struct evaluator *e, const struct eval_events *events,
	       void *data, struct error *err)
{
	struct eval_child *c = xcalloc(1, sizeof(*c));

	if (child_start(&c->base, e, &eval_ops, NULL, 0, -1, -1, err) < 0) {
		free(c);
		return NULL;
	}
	c->events = events;
	c->data = data;
	c->loop = e->loop;
	c->what = xstrdup("an evaluation");
	return c;
}

void
eval_child_free(struct eval_child *c)
{
	if (!c)
		return;
	loop_timer_stop(c->loop, &c->limit);
	c->has_failed = true;
	free(c->what);
	c->what = NULL;
	child_free(&c->base);
}

void
eval_child_job(struct eval_child *c, const char *payload, size_t len)
{
	c->due++;
	touch(c);
	child_send(&c->base, WIRE_JOB, payload, len);
}

void
eval_child_items(struct eval_child *c, const char *payload, size_t len)
{
	struct cbor in;

	cbor_init(&in, payload, len);
	c->due += cbor_get_array(&in);
	touch(c);
	child_send(&c->base, WIRE_ITEMS, payload, len);
}
