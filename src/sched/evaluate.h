/*
 * Carrying the graph's wishes for evaluations to children of the evaluator
 * and the answers back.  Each late foreach has a child of its own; all else
 * goes to one child after another.  When that is at one item for long, once
 * tasks run, it is left alone with it, and another child answers the rest: so
 * an expression that never ends holds up nothing else until its time is over.
 */
#ifndef FLOWMAKE_SCHED_EVALUATE_H
#define FLOWMAKE_SCHED_EVALUATE_H

#include "base/base.h"

struct error;
struct eval_request;
struct evaluation;
struct evaluator;
struct graph;
struct node;

struct evaluation_events {
	/* The evaluation of N failed; the others of its request go on. */
	void (*failed)(void *data, struct node *n, const struct error *why);
	/* The graph found a mistake in what came back. */
	void (*mistaken)(void *data, const struct error *why);
	/* How long Q may give no answer. */
	int64_t (*limit_ns)(void *data, const struct eval_request *q);
};

struct evaluation *evaluation_new(struct graph *g, struct evaluator *e,
				  const struct evaluation_events *events,
				  void *data);
void evaluation_free(struct evaluation *ev);

/* Tasks run from now on. */
void evaluation_begin(struct evaluation *ev);

/* Send all that the graph wishes for now. */
int evaluation_pump(struct evaluation *ev, struct error *err);
/* Whether answers are due. */
bool evaluation_busy(const struct evaluation *ev);
/* What is being evaluated, for the status line; NULL: nothing. */
const char *evaluation_what(const struct evaluation *ev);

#endif
