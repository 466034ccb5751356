/*
 * A dry run: what would run, and what is not known yet.
 */
#include "base/base.h"

#include "sched/run-internal.h"

#include "base/strbuf.h"
#include "model/graph.h"

/* Why T would run, in words. */
static const char *
reason_of(const struct task *t)
{
	if (t->node.end == END_SKIPPED)
		return "skipped: its when is false";
	if (!t->files_known)
		return "runs; its files are known when what it reads has run";
	if (t->step->layout->phase_count > t->step->layout->early_count)
		return "runs; its text is known when what it reads has run";
	return "runs: run executes every task";
}

static void
tell_task(struct run *r, struct task *t)
{
	struct attempt *a = attempt_new(r, t);
	struct task_news n = {
		.name = a->name.buf,
		.step = t->step->name,
		.split = a->split.buf,
		.element = a->element.buf,
	};

	r->events->planned(r->data, &n, reason_of(t));
	attempt_free(a);
}

/* A fan-out whose size nobody knows yet. */
static void
tell_opening(struct run *r, const struct opening *o)
{
	const struct template *t = o->step->template;
	struct strbuf why = STRBUF_INIT, name = STRBUF_INIT;
	struct task_news n = { .step = o->step->name, .split = "",
			       .element = "" };
	uint32_t i;

	strbuf_addf(&name, "%s/*", o->step->name);
	n.name = name.buf;
	strbuf_adds(&why, "late: its foreach is known when ");
	for (i = 0; i < t->imported_count; i++)
		strbuf_addf(&why, "%s'%s'", i ? ", " : "",
			    o->step->imported[i]->name);
	strbuf_adds(&why, " has run");
	r->events->planned(r->data, &n, why.buf);
	strbuf_release(&why);
	strbuf_release(&name);
}

void
run_tell_plan(struct run *r)
{
	struct opening *o;
	uint32_t i;

	if (!r->events->planned)
		return;
	for (i = 0; i < graph_task_count(r->graph); i++)
		if (graph_task(r->graph, i)->node.wanted)
			tell_task(r, graph_task(r->graph, i));
	for (i = 0; (o = graph_opening(r->graph, i)); i++)
		if (o->node.wanted && o->node.stage != STAGE_OVER)
			tell_opening(r, o);
}
