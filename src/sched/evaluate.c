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

/* Items of a request under way that one child answers. */
struct pending {
	struct eval_request *request;
	uint32_t answered;       /* the first that has not ended */
	uint32_t end;            /* behind the last */
	bool opened;             /* its constants came: the job is running */
	struct pending *next;
};

/* A child and what it has still to answer. */
struct worker {
	struct evaluation *owner;
	struct eval_child *child; /* NULL: none is running */
	struct pending *first;
	struct pending *last;
	bool dead;               /* freed at the next pump */
	bool slow;               /* no answer came for a while */
	struct worker *next;     /* of those on their own */
};

struct evaluation {
	struct graph *graph;
	struct evaluator *evaluator;
	struct evaluation_events events;
	void *data;
	struct worker *shared;
	struct worker *own;      /* with a late foreach, or a slow item */
	uint32_t own_count;
	bool begun;              /* tasks run: they do not wait for the slow */
	bool careful;            /* something went wrong: children answer item
				  * by item, to show at which one they are */
	struct strbuf what;
};

/* More children than this are not begun because others are slow. */
enum { MAX_OWN = 16 };

static void worker_next(struct worker *w);

static struct worker *
worker_new(struct evaluation *ev)
{
	struct worker *w = xcalloc(1, sizeof(*w));

	w->owner = ev;
	return w;
}

struct evaluation *
evaluation_new(struct graph *g, struct evaluator *e,
	       const struct evaluation_events *events, void *data)
{
	struct evaluation *ev = xcalloc(1, sizeof(*ev));

	ev->graph = g;
	ev->evaluator = e;
	ev->events = *events;
	ev->data = data;
	ev->shared = worker_new(ev);
	strbuf_init(&ev->what);
	return ev;
}

static void
add_last(struct worker *w, struct pending *p)
{
	if (w->last)
		w->last->next = p;
	else
		w->first = p;
	w->last = p;
}

/* P is over.  Returns whether its request is. */
static bool
pending_free(struct pending *p)
{
	bool last = !--p->request->parts;

	free(p);
	return last;
}

static void
worker_free(struct worker *w)
{
	struct pending *p;

	if (w->child)
		eval_child_free(w->child);
	while ((p = w->first)) {
		struct eval_request *q = p->request;

		w->first = p->next;
		if (!pending_free(p))
			continue;
		free(q->nodes);
		free(q);
	}
	free(w);
}

void
evaluation_free(struct evaluation *ev)
{
	struct worker *w;

	if (!ev)
		return;
	worker_free(ev->shared);
	while ((w = ev->own)) {
		ev->own = w->next;
		worker_free(w);
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

/* Of what a child of its own has to answer no more, after its slow item, it
 * may be told yet. */
static bool
has_more(struct worker *w)
{
	w->slow = false;
	return w->first && !w->dead;
}

static void
on_constants(void *data, const char *row, size_t len, size_t count)
{
	struct worker *w = data;

	(void)count;
	if (!has_more(w))
		return;
	w->first->opened = true;
	graph_eval_constants(w->owner->graph, w->first->request, row, len);
	worker_next(w);
}

static bool
on_pass(void *data, uint32_t item, size_t count)
{
	struct worker *w = data;
	struct pending *p = w->first;

	(void)item;
	return has_more(w) && count <= UINT32_MAX &&
		graph_eval_pass(w->owner->graph, p->request, p->answered,
				(uint32_t)count);
}

static void
on_row(void *data, uint32_t item, const char *elements, size_t elements_len,
       const char *values, size_t values_len)
{
	struct worker *w = data;
	struct pending *p = w->first;

	(void)item;
	if (has_more(w))
		graph_eval_row(w->owner->graph, p->request, p->answered,
			       elements, elements_len, values, values_len);
}

static void
on_item_end(void *data, uint32_t item)
{
	struct worker *w = data;
	struct pending *p = w->first;
	struct error err = ERROR_INIT;
	int ret;

	(void)item;
	if (!has_more(w))
		return;
	ret = graph_eval_item_end(w->owner->graph, p->request, p->answered,
				  &err);
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

/* Set ERR to how a message about what Q asks begins. */
static void
name_request(const struct eval_request *q, struct error *err)
{
	const struct template *t = q->step->template;
	const struct expr *list;

	if (q->purpose == EVAL_FOREACH) {
		list = &t->foreach[0].expr;
		step_error(q->step, list->line, list->column, err,
			   "the foreach");
	} else {
		step_error(q->step, t->line, t->column, err, "an expression");
	}
}

/* From now on W's child answers its first request: time that. */
static void
time_first(struct worker *w)
{
	const struct eval_request *q = w->first ? w->first->request : NULL;
	struct evaluation *ev = w->owner;
	struct error what = ERROR_INIT;
	int64_t limit_ns = 0;

	if (!w->child || w->dead)
		return;
	if (q) {
		limit_ns = ev->events.limit_ns(ev->data, q);
		name_request(q, &what);
	}
	eval_child_limit(w->child, limit_ns, &what);
	error_release(&what);
}

/* The first request of W may be complete. */
static void
worker_next(struct worker *w)
{
	struct pending *p = w->first;
	struct eval_request *q = p->request;
	struct error err = ERROR_INIT;

	if (!p->opened || p->answered < p->end)
		return;
	w->first = p->next;
	if (!w->first)
		w->last = NULL;
	if (pending_free(p) && graph_eval_done(w->owner->graph, q, &err))
		mistaken(w, &err);
	time_first(w);
}

/* W's child failed or is slow, but may have got further than it has told: if
 * so, another is asked again, carefully, to find out where that happens. */
static bool
ask_carefully(struct worker *w)
{
	struct evaluation *ev = w->owner;
	const struct pending *p = w->first;

	if (!ev->begun || ev->careful || !p || p->end - p->answered < 2)
		return false;
	ev->careful = true;
	graph_eval_again(p->request, p->answered);
	w->dead = true;
	return true;
}

/* The child is gone: its first item is to blame; what it has not answered is
 * asked again of another. */
static void
on_failed(void *data, const struct error *why)
{
	struct worker *w = data;
	struct pending *p = w->first;

	if (w->dead || ask_carefully(w))
		return;
	w->dead = true;
	if (!p)
		return;
	if (p->answered < p->end) {
		w->owner->events.failed(w->owner->data,
					p->request->nodes[p->answered++], why);
	} else {
		w->owner->events.mistaken(w->owner->data, why);
	}
	p->opened = true;
	worker_next(w);
}

static void
add_own(struct evaluation *ev, struct worker *w)
{
	w->next = ev->own;
	ev->own = w;
	ev->own_count++;
}

/* The child that all share is slow: leave it alone with the item that it is
 * at, and let another answer the rest. */
static void
part_from_slow(struct evaluation *ev)
{
	struct worker *w = ev->shared, *rest;
	struct pending *p = w->first, *others;

	if (!ev->begun || !w->slow || w->dead || !p ||
	    ev->own_count >= MAX_OWN)
		return;
	graph_eval_slow(ev->graph, p->request);
	add_own(ev, w);
	rest = ev->shared = worker_new(ev);
	rest->first = p->next;
	rest->last = p->next ? w->last : NULL;
	p->next = NULL;
	w->last = p;
	if (p->end - p->answered < 2)
		return;
	others = xcalloc(1, sizeof(*others));
	*others = *p; /* its next is NULL */
	p->request->parts++;
	p->end = p->answered + 1;
	others->answered = p->end;
	add_last(rest, others); /* they may be as slow */
}

static void
on_slow(void *data)
{
	struct worker *w = data;

	if (w->dead || ask_carefully(w))
		return;
	w->slow = true;
	part_from_slow(w->owner);
}

static const struct eval_events eval_events = {
	.constants = on_constants,
	.pass = on_pass,
	.row = on_row,
	.item_end = on_item_end,
	.failed = on_failed,
	.slow = on_slow,
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
	p->request->careful = w->owner->careful;
	graph_eval_job(p->request, &payload);
	eval_child_job(w->child, payload.buf, payload.len);
	while (p->request->purpose != EVAL_CONSTANTS && at < p->end) {
		uint32_t count = MIN(p->end - at, WIRE_CHUNK);

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

	q->parts++;
	p->request = q;
	p->end = q->count;
	if (q->purpose == EVAL_CONSTANTS)
		p->answered = p->end; /* no items: only the constants */
	add_last(w, p);
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
	w->slow = false;
	for (p = w->first; p; p = p->next)
		send_pending(w, p);
	time_first(w);
	return 0;
}

/* A child of its own for a late foreach. */
static int
start_own(struct evaluation *ev, struct eval_request *q, struct error *err)
{
	struct worker *w = worker_new(ev);

	add_own(ev, w);
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
		ev->own_count--;
		worker_free(w);
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
	part_from_slow(ev);
	if (worker_start(ev->shared, err))
		return -1;
	while ((q = graph_take_eval(ev->graph))) {
		if (q->late && q->purpose == EVAL_FOREACH) {
			if (start_own(ev, q, err))
				return -1;
			continue;
		}
		if (ask_shared(ev->shared, q, err))
			return -1;
	}
	return 0;
}

bool
evaluation_busy(const struct evaluation *ev)
{
	return ev->shared->first || ev->own;
}

void
evaluation_begin(struct evaluation *ev)
{
	ev->begun = true;
}

const char *
evaluation_what(const struct evaluation *ev)
{
	const struct pending *p = ev->shared->first ? ev->shared->first :
		ev->own ? ev->own->first : NULL;
	struct evaluation *mutable = (struct evaluation *)ev;

	if (!p)
		return NULL;
	strbuf_reset(&mutable->what);
	strbuf_addf(&mutable->what, "step '%s'",
		    p->request->step->name ? p->request->step->name : "");
	return ev->what.buf;
}
