/*
 * Steps of which tasks are wanted that nobody knows yet, because they stand in
 * late fan-outs; and those of which none is.
 */
#include "base/base.h"

#include "sched/run-internal.h"

#include <stdlib.h>

#include "model/graph.h"

/* By step index: of which some task or fan-out is wanted, or all; and of which
 * a wanted fan-out is not open. */
static void
look_at_graph(const struct run *r, bool *wanted, enum coming *coming)
{
	const struct opening *o;
	uint32_t i;

	for (i = 0; i < r->rules.order_count; i++) {
		const struct step *s = r->rules.order[i];

		wanted[s->index] = graph_wants_step(r->graph, s);
	}
	for (i = 0; i < graph_task_count(r->graph); i++) {
		const struct task *t = graph_task(r->graph, i);

		if (!t->node.wanted)
			continue;
		wanted[t->step->index] = true;
		coming[t->step->index] = COMING_KNOWN;
	}
	for (i = 0; (o = graph_opening(r->graph, i)); i++) {
		if (!o->node.wanted)
			continue;
		wanted[o->step->index] = true;
		if (o->node.stage != STAGE_OVER)
			coming[o->step->index] = COMING_LATE;
	}
}

/* The same, by what the rules say, too. */
static void
look(const struct run *r, bool *wanted, enum coming *coming)
{
	uint32_t i, k;

	look_at_graph(r, wanted, coming);
	/* Who is wanted wants all that it reads and comes after. */
	for (i = r->rules.order_count; i--;) {
		const struct step *s = r->rules.order[i];

		if (!wanted[s->index])
			continue;
		for (k = 0; k < s->template->imported_count; k++)
			wanted[s->imported[k]->index] = true;
		for (k = 0; k < s->template->after_count; k++)
			wanted[s->after[k]->index] = true;
	}
	for (i = 0; i < r->rules.order_count; i++) {
		const struct step *s = r->rules.order[i];
		const struct step *opener = run_opener_around(s);

		if (wanted[s->index] && opener &&
		    coming[opener->index] == COMING_LATE)
			coming[s->index] = COMING_LATE;
	}
}

enum coming *
run_coming_steps(const struct run *r)
{
	bool *wanted = xcalloc(r->rules.step_count + 1, sizeof(*wanted));
	enum coming *coming = xcalloc(r->rules.step_count + 1,
				      sizeof(*coming));

	look(r, wanted, coming);
	free(wanted);
	return coming;
}

void
run_tell_unneeded(struct run *r)
{
	bool *wanted = xcalloc(r->rules.step_count + 1, sizeof(*wanted));
	enum coming *coming = xcalloc(r->rules.step_count + 1,
				      sizeof(*coming));
	bool more_may_come = r->seeking;
	uint32_t i;

	look(r, wanted, coming);
	for (i = 0; i < r->rules.step_count; i++)
		more_may_come |= coming[i] == COMING_LATE;
	for (i = 0; !more_may_come && i < r->rules.step_count; i++)
		if (r->rerun[i] && !wanted[i])
			run_note(r, "--rerun: nothing that is wanted needs the "
				 "step '%s'", r->rules.steps[i]->name);
	free(wanted);
	free(coming);
}

const struct step *
run_opener_around(const struct step *s)
{
	return (s->level->opener == s ? s->read_level : s->level)->opener;
}
