/*
 * A dry run: what would run, and why, and what is not known yet.
 */
#include "base/base.h"

#include "sched/run-internal.h"

#include <stdlib.h>

#include "base/strbuf.h"
#include "model/graph.h"
#include "store/files.h"

/* ---- deciding ---- */

/* Whether nothing more can be decided without executing something. */
static bool
is_decided(const struct run *r)
{
	return r->fatal.text || (!r->undecided && !r->running &&
				 !evaluation_busy(r->evaluation));
}

/* Take the outputs of T for restored. */
static int
foresee(struct run *r, struct task *t, struct error *err)
{
	const struct artifact *o = t->output_artifacts;
	uint32_t i;

	for (i = 0; i < t->output_count; i++)
		if (!files_match(r->files, o[i].name, &o[i].digest))
			files_expect(r->files, o[i].name, &o[i].digest);
	return graph_task_over(r->graph, t, END_DONE, err);
}

/* All is decided that follows from what is there.  Whether more follows from
 * what would be restored: 1, 0, -1. */
static int
foresee_all(struct run *r, struct error *err)
{
	struct task *t;
	int ret = 0;

	while ((t = run_take_due(r))) {
		if (!t->restored)
			continue;
		r->foresees = true;
		ret = 1;
		if (foresee(r, t, err))
			return -1;
	}
	return ret;
}

int
run_plan(struct run *r, struct error *err)
{
	int more;

	while (r->reuse) {
		if (run_advance(r, err))
			return -1;
		run_decide(r);
		if (is_decided(r)) {
			more = r->fatal.text ? 0 : foresee_all(r, err);
			if (more < 0)
				return -1;
			if (!more)
				break;
			continue;
		}
		if (loop_turn(r->loop, !r->undecided, err))
			return -1;
		if (r->interrupted)
			return error_set(err, "interrupted");
	}
	if (!r->fatal.text)
		return 0;
	*err = r->fatal;
	r->fatal.text = NULL;
	return -1;
}

/* ---- telling ---- */

/* Whether T's recipe or annotations need what it reads. */
static bool
is_late(const struct task *t)
{
	return t->step->layout->phase_count > t->step->layout->early_count;
}

/* Append why A would be executed, or not. */
static void
add_reason(struct run *r, struct attempt *a, struct strbuf *why)
{
	const struct task *t = a->task;

	if (t->node.end == END_SKIPPED)
		strbuf_adds(why, "skipped: its when is false");
	else if (t->restored)
		strbuf_adds(why, "its outputs are restored from the store");
	else if (t->origin_run)
		strbuf_addf(why, "reused from run %u", t->origin_run);
	else if (r->reuse && t->node.stage == STAGE_READY && !t->in_doubt)
		run_add_due_reason(r, a, why);
	else if (!t->files_known)
		strbuf_adds(why, "runs; its files are known when what it "
			    "reads has run");
	else if (r->reuse)
		strbuf_adds(why, "runs, unless what it reads comes out as "
			    "before");
	else if (is_late(t))
		strbuf_adds(why, "runs; its text is known when what it reads "
			    "has run");
	else
		strbuf_adds(why, "runs, as every task of a run does");
}

static void
tell_task(struct run *r, struct task *t)
{
	struct attempt *a = attempt_new(r, t);
	struct strbuf why = STRBUF_INIT;
	struct task_news n = {
		.name = a->name.buf,
		.step = t->step->name,
		.split = a->split.buf,
		.element = a->element.buf,
	};

	add_reason(r, a, &why);
	r->events->planned(r->data, &n, why.buf);
	strbuf_release(&why);
	attempt_free(a);
}

/* The tasks of S that nobody knows yet; O is a fan-out of it that is to open,
 * or NULL when it stands inside of another's. */
static void
tell_late(struct run *r, const struct step *s, const struct opening *o)
{
	struct strbuf why = STRBUF_INIT, name = STRBUF_INIT;
	struct task_news n = { .step = s->name, .split = "", .element = "" };
	uint32_t i, count = o ? s->template->imported_count : 0;

	strbuf_addf(&name, "%s/*", s->name);
	n.name = name.buf;
	if (o)
		strbuf_adds(&why, "late: its foreach is known when ");
	else
		strbuf_addf(&why, "late: it stands in the fan-out of '%s'",
			    run_opener_around(s)->name);
	for (i = 0; i < count; i++)
		strbuf_addf(&why, "%s'%s'", i ? ", " : "",
			    s->imported[i]->name);
	strbuf_adds(&why, count > 1 ? " have run" : count ? " has run" : "");
	r->events->planned(r->data, &n, why.buf);
	strbuf_release(&why);
	strbuf_release(&name);
}

/* The tasks of each step in order of creation: numbers + 1 by step index, and
 * the next one by number; 0 ends.  Of its fan-outs one that is to open. */
struct plan {
	uint32_t *tasks, *next_task;
	const struct opening **openings;
	enum coming *coming;
};

static void
plan_init(struct plan *p, struct run *r)
{
	uint32_t tasks = graph_task_count(r->graph), i, step;
	const struct opening *o;

	p->tasks = xcalloc(r->rules.step_count, sizeof(uint32_t));
	p->next_task = xcalloc(tasks, sizeof(uint32_t));
	p->openings = xcalloc(r->rules.step_count, sizeof(*p->openings));
	p->coming = run_coming_steps(r);
	for (i = tasks; i--;) {
		step = graph_task(r->graph, i)->step->index;
		p->next_task[i] = p->tasks[step];
		p->tasks[step] = i + 1;
	}
	for (i = 0; (o = graph_opening(r->graph, i)); i++)
		if (o->node.wanted && o->node.stage != STAGE_OVER)
			p->openings[o->step->index] = o;
}

static void
plan_release(struct plan *p)
{
	free(p->tasks);
	free(p->next_task);
	free(p->openings);
	free(p->coming);
}

/* Count what there is to do of S, and tell it. */
static void
tell_step(struct run *r, const struct plan *p, const struct step *s)
{
	bool tells = r->events->planned;
	uint32_t i;

	for (i = p->tasks[s->index]; i; i = p->next_task[i - 1]) {
		struct task *t = graph_task(r->graph, i - 1);

		if (!t->node.wanted)
			continue;
		r->summary->to_do += t->restored ||
			t->node.stage != STAGE_OVER;
		if (tells)
			tell_task(r, t);
	}
	if (p->coming[s->index] != COMING_LATE)
		return;
	r->summary->late++;
	if (tells)
		tell_late(r, s, p->openings[s->index]);
}

void
run_tell_plan(struct run *r)
{
	struct plan p;
	uint32_t i;

	r->summary->planned = r->reuse;
	r->summary->counts.known = graph_wanted_count(r->graph);
	plan_init(&p, r);
	for (i = 0; i < r->rules.order_count; i++)
		tell_step(r, &p, r->rules.order[i]);
	plan_release(&p);
}
