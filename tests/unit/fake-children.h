/*
 * Children that evaluate, without processes: what defines eval_child_* itself
 * takes none of flow/eval-child.c.  They note what they are told, and answer
 * with the expressions of fake-rules.h when the test says so, or, with
 * fake_children_on(), in the turns of its loop.
 */
#ifndef FLOWMAKE_TESTS_UNIT_FAKE_CHILDREN_H
#define FLOWMAKE_TESTS_UNIT_FAKE_CHILDREN_H

#include "base/clock.h"
#include "fake-run.h"
#include "flow/evaluator.h"
#include "sys/loop.h"

/* A job, or items of the job before it. */
struct fake_question {
	bool is_job;
	char *payload;
	size_t len;
	struct fake_question *next;
};

struct eval_child {
	uint32_t number;         /* from 1 */
	const struct eval_events *events;
	void *data;
	struct fake_question *questions;
	struct fake_job job;     /* that is open */
	uint32_t answered;       /* items of the first question */
	struct loop_timer timer;
	struct eval_child *next;
};

static struct eval_child *fake_children; /* that live, oldest first */
static struct strbuf fake_told = STRBUF_INIT; /* "fork1 job1(a) ..." */
static const struct fake_flow *fake_children_flow;
static const struct rules *fake_children_rules;
static struct loop *fake_children_loop;
static uint32_t fake_child_count;
static bool fake_no_children;            /* forking fails */

/* Children of F, whose rules are at R, from now on, numbered from 1; with
 * LOOP, they answer by themselves. */
static inline void
fake_children_on(const struct fake_flow *f, const struct rules *r,
		 struct loop *loop)
{
	fake_children_flow = f;
	fake_children_rules = r;
	fake_children_loop = loop;
	fake_child_count = 0;
	strbuf_reset(&fake_told);
}

PRINTF_LIKE(1, 2) static inline void
fake_tell(const char *format, ...)
{
	va_list ap;

	if (fake_told.len)
		strbuf_addch(&fake_told, ' ');
	va_start(ap, format);
	strbuf_vaddf(&fake_told, format, ap);
	va_end(ap);
}

/* The child NUMBER, which must live. */
static inline struct eval_child *
fake_child(uint32_t number)
{
	struct eval_child *c = fake_children;

	while (c && c->number != number)
		c = c->next;
	if (!c)
		bug("child %u does not live: %s", number, fake_told.buf);
	return c;
}

/* ---- answers ---- */

static inline void
fake_child_pop(struct eval_child *c)
{
	struct fake_question *q = c->questions;

	c->questions = q->next;
	c->answered = 0;
	free(q->payload);
	free(q);
}

static inline const struct fake_template *
fake_child_template(const struct eval_child *c)
{
	const struct step *s = fake_children_rules->steps[c->job.step];

	return fake_children_flow->templates[s->template->id];
}

static inline void
fake_child_open(struct eval_child *c)
{
	struct fake_question *q = c->questions;
	struct strbuf constants = STRBUF_INIT;

	fake_read_job(q->payload, q->len, &c->job);
	fake_child_pop(c);
	fake_constants(fake_child_template(c), &c->job, &constants);
	c->events->constants(c->data, constants.buf, constants.len,
			     c->job.constant_count);
	strbuf_release(&constants);
}

/* It gives no answer for a while. */
static inline void
fake_child_slow(struct eval_child *c)
{
	c->events->slow(c->data);
}

/* It tells of an error and is gone. */
static inline void
fake_child_fail(struct eval_child *c, const char *text)
{
	struct error why = ERROR_INIT;

	while (c->questions)
		fake_child_pop(c);
	error_set(&why, "%s", text);
	c->events->failed(c->data, &why);
	error_release(&why);
}

static inline void
fake_child_item(struct eval_child *c)
{
	struct fake_question *q = c->questions;
	struct fake_answer a = {
		.t = fake_child_template(c), .job = &c->job,
		.row = c->events->row, .data = c->data, .item = c->answered,
	};
	struct cbor items;
	uint32_t i;
	size_t count, len;

	cbor_init(&items, q->payload, q->len);
	count = cbor_get_array(&items);
	for (i = 0; i < c->answered; i++)
		cbor_span(&items, &len);
	if (fake_answer_item(&a, &items)) {
		fake_child_fail(c, "Flowfile:1:1: it went wrong");
		return;
	}
	if (++c->answered == count)
		fake_child_pop(c);
	c->events->item_end(c->data, a.item);
}

/* Answer the next job or item; false: there is none. */
static inline bool
fake_child_answer(struct eval_child *c)
{
	if (!c->questions)
		return false;
	if (c->questions->is_job)
		fake_child_open(c);
	else
		fake_child_item(c);
	return true;
}

static inline void
fake_child_answer_all(struct eval_child *c)
{
	while (fake_child_answer(c))
		;
}

static inline void
fake_child_due(void *data)
{
	fake_child_answer_all(data);
}

/* ---- what flow/evaluator.h declares ---- */

struct eval_child *
eval_child_new(struct evaluator *e, const struct eval_events *events,
	       void *data, struct error *err)
{
	struct eval_child *c, **p = &fake_children;

	(void)e;
	if (fake_no_children) {
		error_set(err, "cannot fork");
		return NULL;
	}
	while (*p)
		p = &(*p)->next;
	c = *p = xcalloc(1, sizeof(*c));
	c->number = ++fake_child_count;
	c->events = events;
	c->data = data;
	fake_tell("fork%u", c->number);
	return c;
}

void
eval_child_free(struct eval_child *c)
{
	struct eval_child **p = &fake_children;

	fake_tell("end%u", c->number);
	while (*p != c)
		p = &(*p)->next;
	*p = c->next;
	while (c->questions)
		fake_child_pop(c);
	if (fake_children_loop)
		loop_timer_stop(fake_children_loop, &c->timer);
	free(c);
}

static inline void
fake_child_ask(struct eval_child *c, bool is_job, const char *payload,
	       size_t len)
{
	struct fake_question *q = xcalloc(1, sizeof(*q)), **p = &c->questions;

	q->is_job = is_job;
	q->payload = xmemdup(payload, len);
	q->len = len;
	while (*p)
		p = &(*p)->next;
	*p = q;
	if (fake_children_loop)
		loop_timer_start(fake_children_loop, &c->timer,
				 clock_monotonic_ns(
					loop_clock(fake_children_loop)),
				 fake_child_due, c);
}

void
eval_child_job(struct eval_child *c, const char *payload, size_t len)
{
	struct fake_job job;

	fake_read_job(payload, len, &job);
	fake_tell("job%u(%s)", c->number,
		  fake_children_rules->steps[job.step]->name);
	fake_child_ask(c, true, payload, len);
}

void
eval_child_items(struct eval_child *c, const char *payload, size_t len)
{
	struct cbor items;

	cbor_init(&items, payload, len);
	fake_tell("items%u(%zu)", c->number, cbor_get_array(&items));
	fake_child_ask(c, false, payload, len);
}

void
eval_child_limit(struct eval_child *c, int64_t timeout_ns,
		 const struct error *what)
{
	/* without its place */
	fake_tell("limit%u(%d s%s%s)", c->number, (int)(timeout_ns / NS_PER_S),
		  what->text ? ", " : "",
		  what->has_place ? strstr(what->text, ": ") + 2 : "");
}

#endif
