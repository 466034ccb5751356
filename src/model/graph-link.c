/*
 * What waits for what: links from tasks, groups and openings to those that
 * they read.
 */
#include "base/base.h"

#include "model/graph.h"

#include <string.h>

#include "model/graph-internal.h"
#include "model/resolve.h"

/* ---- groups ---- */

struct opening *
opening_towards(const struct split *sp, const struct level *level)
{
	while (level->parent != sp->level)
		level = level->parent;
	return sp->openings[level->ordinal];
}

/* The group of STEP's tasks inside SP, which is around STEP's level. */
struct group *
group_get(struct graph *g, struct step *step, struct split *sp)
{
	struct { uint32_t step; const struct split *split; } key;
	struct opening *o;
	struct group *gr;

	memset(&key, 0, sizeof(key));
	key.step = step->index;
	key.split = sp;
	gr = map_get(&g->groups, (const char *)&key, sizeof(key));
	if (gr)
		return gr;
	gr = arena_zalloc(&g->arena, sizeof(*gr));
	node_init(g, &gr->node, NODE_GROUP, nodes_reserve(g, 1));
	gr->step = step;
	gr->split = sp;
	gr->node.stage = STAGE_WAITING;
	gr->node.waiting = 1; /* released when it is admitted */
	map_set(&g->groups, (const char *)&key, sizeof(key), gr);
	o = opening_towards(sp, step->level);
	node_link(g, &o->node, &gr->node);
	return gr;
}

/* ---- linking ---- */

/* N waits for all tasks of STEP in the fan-outs that both share. */
static void
link_all_of(struct graph *g, struct node *n, struct step *step,
	    const struct level *level)
{
	struct split *sp = node_split(n);
	const struct level *shared = step->level;
	struct node *target;

	while (!level_is_around(shared, level))
		shared = shared->parent;
	sp = split_at(sp, shared);
	target = step->level == shared ? &sp->tasks[step->ordinal]->node :
		 &group_get(g, step, sp)->node;
	node_want(g, target);
	node_link(g, target, n);
}

/* Link N to what the from and join clauses of S read. */
static void
link_imports(struct graph *g, struct node *n, const struct step *s)
{
	const struct template *t = s->template;
	uint32_t i, k, ref = 0;

	for (i = 0; i < t->import_count; i++) {
		const struct import *im = &t->imports[i];

		for (k = 0; k < im->ref_count; k++, ref++) {
			struct step *target = s->imported[ref];

			/* a join is one level out of what it reads */
			link_all_of(g, n, target, im->is_join ?
				    target->level->parent : s->read_level);
		}
	}
}

static void
link_after(struct graph *g, struct node *n)
{
	struct step *s = node_step(n);
	uint32_t i;

	for (i = 0; i < s->template->after_count; i++)
		link_all_of(g, n, s->after[i], s->level);
}

void
group_end(struct graph *g, struct group *gr)
{
	struct opening *o = opening_towards(gr->split, gr->step->level);
	bool skipped = o->step->reads_may_skip && reads_skipped(g, &o->node);

	node_end(g, &gr->node, skipped ? END_SKIPPED : END_DONE);
}

void
group_open(struct graph *g, struct group *gr)
{
	struct opening *o = opening_towards(gr->split, gr->step->level);
	uint32_t i;

	gr->opened = true;
	if (o->node.end == END_SKIPPED) {
		node_end(g, &gr->node, END_SKIPPED);
		return;
	}
	if (o->step->reads_may_skip)
		link_imports(g, &gr->node, o->step);
	for (i = 0; i < o->split_count; i++) {
		struct split *sp = o->splits[i];
		struct node *n;

		if (sp->level == gr->step->level)
			n = &sp->tasks[gr->step->ordinal]->node;
		else
			n = &group_get(g, gr->step, sp)->node;
		node_want(g, n);
		node_link(g, n, &gr->node);
	}
	if (!gr->node.waiting)
		group_end(g, gr);
}

int
node_admit(struct graph *g, struct node *n, struct error *err)
{
	if (n->admitted || n->stage == STAGE_OVER)
		return 0;
	n->admitted = true;
	switch (n->kind) {
	case NODE_TASK:
		n->stage = STAGE_WAITING;
		link_imports(g, n, node_step(n));
		link_after(g, n);
		if (node_task(n)->files_known &&
		    task_link_inputs(g, node_task(n), err))
			return task_fault(g, node_task(n), err);
		break;
	case NODE_OPENING:
		if (node_opening(n)->evaluating)
			return 0;
		n->stage = STAGE_WAITING;
		link_imports(g, n, node_step(n));
		break;
	case NODE_GROUP:
		node_want(g, &opening_towards(node_group(n)->split,
				node_group(n)->step->level)->node);
		break;
	case NODE_GATHER:
		break;
	}
	return node_release(g, n, err);
}
