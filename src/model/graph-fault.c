/*
 * Whom a mistake concerns that shows only when tasks run: the task whose files
 * are wrong, missing, or made by another, too.  It fails, as if its recipe had,
 * and all that does not depend on it goes on.
 */
#include "base/base.h"

#include "model/graph.h"

#include "base/error.h"
#include "model/graph-internal.h"

int
task_fault(struct graph *g, struct task *t, struct error *err)
{
	struct fault *f;

	if (!g->begun)
		return -1;
	if (t->node.stage != STAGE_OVER) {
		f = arena_zalloc(&g->arena, sizeof(*f));
		f->task = t;
		f->text = arena_strdup(&g->arena, err->text);
		f->has_place = err->has_place;
		if (g->last_fault)
			g->last_fault->next = f;
		else
			g->first_fault = f;
		g->last_fault = f;
		node_want(g, &t->node); /* it counts, whoever needs it */
		node_end(g, &t->node, END_FAILED);
	}
	error_release(err);
	return 0;
}

void
graph_begin(struct graph *g)
{
	g->begun = true;
}

struct task *
graph_take_faulty(struct graph *g, struct error *why)
{
	struct fault *f = g->first_fault;

	if (!f)
		return NULL;
	g->first_fault = f->next;
	if (!f->next)
		g->last_fault = NULL;
	error_set(why, "%s", f->text);
	why->has_place = f->has_place;
	return f->task;
}

/* ---- the end ---- */

static bool
fail_held(void *data, struct task *t, struct task_file *in)
{
	struct error err = ERROR_INIT;

	held_error(t, in, &err);
	task_fault(data, t, &err);
	return false;
}

bool
graph_fail_stuck(struct graph *g)
{
	bool may_be_made = g->failed && (g->lost || g->unopened ||
					 g->awaited_files);
	uint32_t failed = g->failed;
	struct error err = ERROR_INIT;
	struct task *t;

	if (!may_be_made)
		each_held(g, fail_held, g);
	while ((t = cycle_find(g, &err)))
		task_fault(g, t, &err);
	return g->failed > failed;
}
