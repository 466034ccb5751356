/*
 * Children of the zygote that evaluate expressions.  What the flow's memo knows
 * is answered from there, in the same order; the process is started at the
 * first question that it does not know, and answers all that follow.
 */
#include "base/base.h"

#include "flow/evaluator.h"

#include <signal.h>
#include <stdlib.h>

#include "base/cbor.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "flow/child.h"
#include "flow/control.h"
#include "flow/ending.h"
#include "flow/memo.h"
#include "model/wire.h"

/* A question: a job, or items of the job that is open. */
struct question {
	struct digest digest;
	size_t items;             /* to be answered; a job has none */
	struct question *next;
};

/* Frames of the memo that answer the next question. */
struct recalled {
	const char *frames;       /* the memo's */
	size_t len;
};

struct eval_child {
	struct child base;        /* first: the two are one */
	struct evaluator *evaluator;
	bool is_started;
	bool skips_constants;     /* the job that is open was answered before
				   * the process was started */
	struct strbuf job;        /* the one that is open */
	struct digest job_digest;
	struct recalled *recalled; /* still to be told */
	size_t recalled_count;
	size_t recalled_alloc;
	struct loop_timer telling;
	struct error start_error; /* why there is no process */
	struct question *asked;   /* of the process, the first first */
	struct question **asked_end;
	struct strbuf answer;     /* to the first, so far */
	struct strbuf seen;       /* manifests of what was looked at for it */
	const struct eval_events *events;
	void *data;
	struct loop *loop;
	size_t due;               /* answers not yet come: of jobs and items */
	bool has_failed;          /* and failed was called */
	struct error what;        /* how what it says of its end begins */
	int64_t timeout_ns;       /* 0: none */
	int64_t heard_ns;         /* loop_now_ns: last event, or first due */
	bool is_slow;             /* and slow was called since then */
	struct loop_timer limit;
};

enum {
	PATIENCE_MS = 1000, /* a child that tells nothing for longer is slow */
	PASSED_ROWS = 64,   /* are passed over at once, or told */
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

/* The same, with a text that goes on where what C does ends. */
static void
fail_because(struct eval_child *c, const char *text)
{
	struct error err = ERROR_INIT;

	error_set(&err, "%s%s", c->what.text, text);
	err.has_place = c->what.has_place;
	fail(c, &err);
	error_release(&err);
}

static void
fail_damaged(struct eval_child *c)
{
	fail_because(c, ": the evaluator's answer is damaged");
}

/* ---- the limit ---- */

static void
fail_late(struct eval_child *c)
{
	struct strbuf sb = STRBUF_INIT;

	strbuf_adds(&sb, " gave no answer within ");
	text_add_duration(&sb, c->timeout_ns);
	child_signal(&c->base, SIGKILL);
	fail_because(c, sb.buf);
	strbuf_release(&sb);
}

/* When C is slow, or, if that was told, too late. */
static int64_t
limit_at_ns(const struct eval_child *c)
{
	int64_t patience_ns = PATIENCE_MS * NS_PER_MS;

	return c->heard_ns + (c->is_slow ? c->timeout_ns :
			      MIN(c->timeout_ns, patience_ns));
}

/* The timer is not moved at every event: when it fires too early it is set
 * again for the time that is left. */
static void
on_limit(void *data)
{
	struct eval_child *c = data;
	int64_t now_ns = loop_now_ns(c->loop);

	if (!c->due || !c->timeout_ns)
		return;
	if (now_ns >= c->heard_ns + c->timeout_ns) {
		fail_late(c);
		return;
	}
	if (now_ns >= limit_at_ns(c)) {
		c->is_slow = true;
		if (c->events->slow)
			c->events->slow(c->data);
	}
	loop_timer_start(c->loop, &c->limit, limit_at_ns(c), on_limit, c);
}

/* Note that something was heard, or that the first answer is due. */
static void
touch(struct eval_child *c)
{
	if (!c->timeout_ns || !c->due)
		return;
	c->heard_ns = loop_now_ns(c->loop);
	if (c->is_slow)
		loop_timer_stop(c->loop, &c->limit);
	c->is_slow = false;
	if (!c->limit.position)
		loop_timer_start(c->loop, &c->limit, limit_at_ns(c), on_limit,
				 c);
}

void
eval_child_limit(struct eval_child *c, int64_t timeout_ns,
		 const struct error *what)
{
	if (what->text)
		error_copy(&c->what, what);
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
	size_t count = cbor_get_array(in);
	const char *inside = in->next;

	while (count-- && !in->failed)
		cbor_skip(in);
	*len = (size_t)(in->next - inside);
	return inside;
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

/* Tell COUNT rows, but for those that are passed over. */
static void
tell_rows(struct eval_child *c, uint32_t item, size_t count, struct cbor *in)
{
	size_t n, i, passed = 0;

	for (; count && !in->failed && !c->base.doomed; count -= n) {
		n = MIN(count, PASSED_ROWS);
		if (c->events->pass && c->events->pass(c->data, item, n)) {
			passed += n;
			continue;
		}
		for (; passed; passed--)
			cbor_skip(in);
		/* A callback may let the child go; then there is nothing to
		 * go on for. */
		for (i = 0; i < n && !in->failed && !c->base.doomed; i++)
			on_row(c, item, in);
	}
}

/* WIRE_ROWS: [item, last, [row...]] */
static void
on_rows(struct eval_child *c, const struct frame *f)
{
	struct cbor in;
	uint32_t item;
	bool last;

	cbor_init(&in, f->payload, f->len);
	if (cbor_get_array(&in) != 3)
		in.failed = true;
	item = (uint32_t)cbor_get_uint(&in);
	last = cbor_get_bool(&in);
	touch(c);
	tell_rows(c, item, cbor_get_array(&in), &in);
	if (c->base.doomed)
		return;
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
take_frame(struct eval_child *c, const struct frame *f)
{
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

/* ---- the memo ---- */

/* Tell what was recalled so far. */
static void
tell_recalled(struct eval_child *c)
{
	size_t i;

	child_enter(&c->base);
	for (i = 0; i < c->recalled_count && !c->base.doomed; i++) {
		struct frame_reader frames = { .start = 0 };
		struct frame f;

		frames.data.buf = (char *)c->recalled[i].frames;
		frames.data.len = c->recalled[i].len;
		while (!c->base.doomed &&
		       frame_reader_next(&frames, &f, NULL) > 0)
			take_frame(c, &f);
	}
	c->recalled_count = 0;
	child_leave(&c->base);
}

static void
on_telling(void *data)
{
	struct eval_child *c = data;

	child_enter(&c->base);
	tell_recalled(c);
	if (!c->base.doomed && c->start_error.text)
		fail(c, &c->start_error);
	child_leave(&c->base);
}

static void
tell_soon(struct eval_child *c)
{
	if (!c->telling.position)
		loop_timer_start(c->loop, &c->telling, loop_now_ns(c->loop),
				 on_telling, c);
}

/* Answer question Q from the memo, soon; whether that knows it. */
static bool
recall(struct eval_child *c, const struct digest *q)
{
	struct memo *memo = c->evaluator->memo;
	const char *frames;
	size_t len;

	frames = memo && !c->is_started ? memo_find(memo, q, &len) : NULL;
	if (!frames)
		return false;
	ARRAY_GROW(c->recalled, c->recalled_count, c->recalled_alloc);
	c->recalled[c->recalled_count].frames = frames;
	c->recalled[c->recalled_count++].len = len;
	tell_soon(c);
	return true;
}

/* Expect the answer to Q, with ITEMS. */
static void
expect(struct eval_child *c, const struct digest *q, size_t items)
{
	struct question *new;

	if (!c->evaluator->memo)
		return;
	new = xcalloc(1, sizeof(*new));
	new->digest = *q;
	new->items = items;
	*c->asked_end = new;
	c->asked_end = &new->next;
}

/* Whether F is the last of the answers to an item. */
static bool
ends_item(const struct frame *f)
{
	struct cbor in;

	cbor_init(&in, f->payload, f->len);
	cbor_get_array(&in);
	cbor_get_uint(&in);
	return cbor_get_bool(&in) && !in.failed;
}

/* Keep F, which came from the process, for the memo. */
static void
keep(struct eval_child *c, const struct frame *f)
{
	struct question *q = c->asked;

	if (!q || f->type == WIRE_ERROR)
		return;
	frame_add(&c->answer, f->type, f->payload, f->len);
	if (f->type == WIRE_ROWS && (!ends_item(f) || --q->items))
		return;
	memo_add(c->evaluator->memo, &q->digest, c->answer.buf, c->answer.len,
		 c->seen.buf, c->seen.len);
	strbuf_reset(&c->answer);
	strbuf_reset(&c->seen);
	c->asked = q->next;
	if (!c->asked)
		c->asked_end = &c->asked;
	free(q);
}

static void
on_frame(struct child *base, const struct frame *f)
{
	struct eval_child *c = (struct eval_child *)base;

	if (f->type == WIRE_SEEN) {
		if (c->asked)
			strbuf_add(&c->seen, f->payload, f->len);
		return;
	}
	tell_recalled(c);
	if (base->doomed)
		return;
	if (f->type == WIRE_CONSTANTS && c->skips_constants) {
		c->skips_constants = false;
		strbuf_reset(&c->seen);
		return;
	}
	keep(c, f);
	take_frame(c, f);
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

	(void)usage;
	strbuf_adds(&sb, lost ? ": the evaluator has gone" :
		    " ended its process: ");
	if (!lost)
		ending_add_words(&sb, wait_status);
	fail_because(c, sb.buf);
	strbuf_release(&sb);
}

static const struct child_ops eval_ops = {
	.frame = on_frame,
	.broken = on_broken,
	.exited = on_exited,
};

/* ---- the owner's side ---- */

/* Start the process; that it cannot be had is told from the loop. */
static void
start(struct eval_child *c)
{
	c->is_started = true;
	if (child_start(&c->base, c->evaluator, &eval_ops, NULL, 0, -1, -1,
			&c->start_error))
		tell_soon(c);
}

struct eval_child *
eval_child_new(struct evaluator *e, const struct eval_events *events,
	       void *data, struct error *err)
{
	struct eval_child *c;

	if (e->dead) {
		control_error_dead(e, err);
		return NULL;
	}
	c = xcalloc(1, sizeof(*c));
	child_init(&c->base);
	c->evaluator = e;
	c->events = events;
	c->data = data;
	c->loop = e->loop;
	error_set(&c->what, "an evaluation");
	c->asked_end = &c->asked;
	strbuf_init(&c->job);
	strbuf_init(&c->answer);
	strbuf_init(&c->seen);
	return c;
}

void
eval_child_free(struct eval_child *c)
{
	struct question *q;

	if (!c)
		return;
	loop_timer_stop(c->loop, &c->limit);
	loop_timer_stop(c->loop, &c->telling);
	while ((q = c->asked)) {
		c->asked = q->next;
		free(q);
	}
	c->has_failed = true;
	error_release(&c->what);
	free(c->recalled);
	c->recalled = NULL;
	strbuf_release(&c->job);
	strbuf_release(&c->answer);
	strbuf_release(&c->seen);
	error_release(&c->start_error);
	child_free(&c->base);
}

void
eval_child_job(struct eval_child *c, const char *payload, size_t len)
{
	c->due++;
	touch(c);
	strbuf_reset(&c->job);
	strbuf_add(&c->job, payload, len);
	c->job_digest = digest_of(payload, len);
	if (recall(c, &c->job_digest))
		return;
	if (!c->is_started)
		start(c);
	expect(c, &c->job_digest, 0);
	child_send(&c->base, WIRE_JOB, payload, len);
}

/* Items are a question of their own: the job's, and these. */
static struct digest
digest_items(const struct eval_child *c, const char *payload, size_t len)
{
	struct digest parts[2] = { c->job_digest, digest_of(payload, len) };

	return digest_of(parts, sizeof(parts));
}

void
eval_child_items(struct eval_child *c, const char *payload, size_t len)
{
	struct digest q = digest_items(c, payload, len);
	struct cbor in;
	size_t count;

	cbor_init(&in, payload, len);
	count = cbor_get_array(&in);
	c->due += count;
	touch(c);
	if (recall(c, &q))
		return;
	if (!c->is_started) {
		start(c);
		c->skips_constants = true;
		child_send(&c->base, WIRE_JOB, c->job.buf, c->job.len);
	}
	expect(c, &q, count);
	child_send(&c->base, WIRE_ITEMS, payload, len);
}
