/*
 * Evaluations.  A child answers its jobs in the order in which they were
 * sent, and the items of a job in order, so a queue of requests and a count
 * of answered items say what each answer is for.
 */
#include "base/base.h"

#include "sched/evaluate.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/strbuf.h"
#include "flow/evaluator.h"
#include "model/graph.h"
#include "model/wire.h"

/* A request under way. */
struct pending {
	struct eval_request *request;
	uint32_t answered;       /* items that have ended */
	bool opened;             /* its constants came: the job is running */
	struct pending *next;
};

/* A child and what it has still to answer. */
struct worker {
	struct evaluation *owner;
	struct eval_child *child; /* NULL: none is running */
	struct pending *first;
	struct pending *last;
	int64_t limit_ns;        /* how long the first may give no answer */
	bool dead;               /* freed at the next pump */
	struct worker *next;     /* of those with one late foreach each */
};

struct evaluation {
	struct graph *graph;
	struct evaluator *evaluator;
	struct evaluation_events events;
	void *data;
	struct worker shared;
	struct worker *own;      /* children of late foreachs */
	struct strbuf what;
};

enum { SHARED_LIMIT_S = 600 };

static void worker_next(struct worker *w);

struct evaluation *
evaluation_new(struct graph *g, struct evaluator *e,
	       const struct evaluation_events *events, void *data)
{
	struct evaluation *ev = xcalloc(1, sizeof(*ev));

	ev->graph = g;
	ev->evaluator = e;
	ev->events = *events;
	ev->data = data;
	ev->shared.owner = ev;
	ev->shared.limit_ns = SHARED_LIMIT_S * NS_PER_S;
	strbuf_init(&ev->what);
	return ev;
}

static void
worker_release(struct worker *w)
{
	struct pending *p;

	if (w->child)
		eval_child_free(w->child);
	w->child = NULL;
	while ((p = w->first)) {
		w->first = p->next;
		free(p->request->nodes);
		free(p->request);
		free(p);
	}
}

void
evaluation_free(struct evaluation *ev)
{
	struct worker *w;

	if (!ev)
		return;
	worker_release(&ev->shared);
	while ((w = ev->own)) {
		ev->own = w->next;
		worker_release(w);
		free(w);
	}
	strbuf_release(&ev->what);
	free(ev);
}

/* ---- answers ---- */

static void
mistaken(struct worker *w, struct error *err)
{
	w->owner->events.mistaken(w->owner->data, err);
	error_release(err);
}

static void
on_constants(void *data, const char *row, size_t len, size_t count)
{
	struct worker *w = data;

	(void)count;
	w->first->opened = true;
	graph_eval_constants(w->owner->graph, w->first->request, row, len);
	worker_next(w);
}

static void
on_row(void *data, uint32_t item, const char *elements, size_t elements_len,
       const char *values, size_t values_len)
{
	struct worker *w = data;
	struct pending *p = w->first;
	struct error err = ERROR_INIT;

	(void)item;
	if (graph_eval_row(w->owner->graph, p->request, p->answered, elements,
			   elements_len, values, values_len, &err))
		mistaken(w, &err);
}

static void
on_item_end(void *data, uint32_t item)
{
	struct worker *w = data;
	struct pending *p = w->first;
	struct error err = ERROR_INIT;
	int ret = graph_eval_item_end(w->owner->graph, p->request,
				      p->answered, &err);

	(void)item;
	if (ret < 0) {
		mistaken(w, &err);
	} else if (ret) {
		w->owner->events.failed(w->owner->data,
					p->request->nodes[p->answered], &err);
		error_release(&err);
	}
	p->answered++;
	worker_next(w);
}

/* From now on W's child answers its first request: time that. */
static void
time_first(struct worker *w)
{
	const struct eval_request *q = w->first ? w->first->request : NULL;
	struct strbuf what = STRBUF_INIT;

	if (!w->child || w->dead)
		return;
	if (q)
		strbuf_addf(&what, "the %s of step '%s'",
			    q->purpose == EVAL_FOREACH ? "foreach" :
			    "expressions",
			    q->step->name ? q->step->name : "(defaults)");
	eval_child_limit(w->child, q ? w->limit_ns : 0, what.buf);
	strbuf_release(&what);
}

/* The first request of W may be complete. */
static void
worker_next(struct worker *w)
{
	struct pending *p = w->first;
	struct error err = ERROR_INIT;

	if (!p->opened || p->answered < p->request->count)
		return;
	w->first = p->next;
	if (!w->first)
		w->last = NULL;
	if (graph_eval_done(w->owner->graph, p->request, &err))
		mistaken(w, &err);
	free(p);
	time_first(w);
}

/* The child is gone: its first item is to blame; what it has not answered is
 * asked again of another. */
static void
on_failed(void *data, const struct error *why)
{
	struct worker *w = data;
	struct pending *p = w->first;

	w->dead = true;
	if (!p)
		return;
	if (p->answered < p->request->count) {
		w->owner->events.failed(w->owner->data,
					p->request->nodes[p->answered++], why);
	} else {
		w->owner->events.mistaken(w->owner->data, why);
	}
	p->opened = true;
	worker_next(w);
}

static const struct eval_events eval_events = {
	.constants = on_constants,
	.row = on_row,
	.item_end = on_item_end,
	.failed = on_failed,
};

/* ---- questions ---- */

/* Send the items of P that have not been answered. */
static void
send_pending(struct worker *w, struct pending *p)
{
	struct graph *g = w->owner->graph;
	struct strbuf payload = STRBUF_INIT;
	uint32_t at = p->answered;

	p->opened = false;
	graph_eval_job(p->request, &payload);
	eval_child_job(w->child, payload.buf, payload.len);
	while (p->request->purpose != EVAL_CONSTANTS &&
	       at < p->request->count) {
		uint32_t count = MIN(p->request->count - at, WIRE_CHUNK);

		strbuf_reset(&payload);
		graph_eval_items(g, p->request, at, count, &payload);
		eval_child_items(w->child, payload.buf, payload.len);
		at += count;
	}
	strbuf_release(&payload);
}

static void
push(struct worker *w, struct eval_request *q)
{
	struct pending *p = xcalloc(1, sizeof(*p));

	p->request = q;
	if (q->purpose == EVAL_CONSTANTS)
		p->answered = q->count; /* no items: only the constants */
	if (w->last)
		w->last->next = p;
	else
		w->first = p;
	w->last = p;
}

/* Give W a child, asking again what an earlier one left. */
static int
worker_start(struct worker *w, struct error *err)
{
	struct pending *p;

	if (w->dead) {
		eval_child_free(w->child);
		w->child = NULL;
		w->dead = false;
	}
	if (w->child || !w->first)
		return 0;
	w->child = eval_child_new(w->owner->evaluator, &eval_events, w, err);
	if (!w->child)
		return -1;
	for (p = w->first; p; p = p->next)
		send_pending(w, p);
	time_first(w);
	return 0;
}

/* A child of its own for a late foreach. */
static int
start_own(struct evaluation *ev, struct eval_request *q, struct error *err)
{
	struct worker *w = xcalloc(1, sizeof(*w));

	w->owner = ev;
	w->limit_ns = ev->events.limit_ns(ev->data, q->nodes[0]);
	w->next = ev->own;
	ev->own = w;
	push(w, q);
	return worker_start(w, err);
}

/* Q is for the child that all but late foreachs share. */
static int
ask_shared(struct worker *w, struct eval_request *q, struct error *err)
{
	push(w, q);
	if (!w->child)
		return worker_start(w, err);
	send_pending(w, w->last);
	if (w->first == w->last)
		time_first(w);
	return 0;
}

/* Drop the workers that are done. */
static void
sweep(struct evaluation *ev)
{
	struct worker **p = &ev->own, *w;

	while ((w = *p)) {
		if (w->first) {
			p = &w->next;
			continue;
		}
		*p = w->next;
		worker_release(w);
		free(w);
	}
}

int
evaluation_pump(struct evaluation *ev, struct error *err)
{
	struct eval_request *q;
	struct worker *w;

	sweep(ev);
	for (w = ev->own; w; w = w->next)
		if (worker_start(w, err))
			return -1;
	if (worker_start(&ev->shared, err))
		return -1;
	while ((q = graph_take_eval(ev->graph))) {
		if (q->late && q->purpose == EVAL_FOREACH) {
			if (start_own(ev, q, err))
				return -1;
			continue;
		}
		if (ask_shared(&ev->shared, q, err))
			return -1;
	}
	return 0;
}

bool
evaluation_busy(const struct evaluation *ev)
{
	return ev->shared.first || ev->own;
}

const char *
evaluation_what(const struct evaluation *ev)
{
	const struct pending *p = ev->shared.first ? ev->shared.first :
		ev->own ? ev->own->first : NULL;
	struct evaluation *mutable = (struct evaluation *)ev;

	if (!p)
		return NULL;
	strbuf_reset(&mutable->what);
	strbuf_addf(&mutable->what, "step '%s'",
		    p->request->step->name ? p->request->step->name : "");
	return ev->what.buf;
}
