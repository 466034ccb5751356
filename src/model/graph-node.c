/*
 * Nodes, and lists of them.
 */
#include "base/base.h"

#include "model/graph.h"

#include "model/graph-internal.h"

/* ---- lists ---- */

void
node_list_push(struct node_list *l, struct node *n)
{
	ARRAY_GROW(l->v, l->count, l->alloc);
	l->v[l->count++] = n;
}

struct node *
node_list_take(struct node_list *l)
{
	if (l->start == l->count) {
		l->start = l->count = 0;
		return NULL;
	}
	return l->v[l->start++];
}

/* ---- nodes ---- */

uint32_t
nodes_reserve(struct graph *g, uint32_t count)
{
	uint32_t place = g->node_count;

	while (count--) {
		ARRAY_GROW(g->nodes, g->node_count, g->node_alloc);
		g->nodes[g->node_count++] = NULL;
	}
	return place;
}

void
node_init(struct graph *g, struct node *n, enum node_kind kind,
	  uint32_t place)
{
	n->kind = kind;
	n->index = place;
	g->nodes[place] = n;
}

struct step *
node_step(const struct node *n)
{
	switch (n->kind) {
	case NODE_TASK:
		return node_task(n)->step;
	case NODE_OPENING:
		return node_opening(n)->step;
	case NODE_GROUP:
		return node_group(n)->step;
	case NODE_GATHER:
		break;
	}
	bug("a gather has no step");
}

struct split *
node_split(const struct node *n)
{
	switch (n->kind) {
	case NODE_TASK:
		return node_task(n)->split;
	case NODE_OPENING:
		return node_opening(n)->split;
	case NODE_GROUP:
		return node_group(n)->split;
	case NODE_GATHER:
		break;
	}
	bug("a gather has no split");
}

void
node_link(struct graph *g, struct node *from, struct node *to)
{
	if (from->stage == STAGE_OVER && from->end != END_FAILED)
		return;
	to->waiting++;
	if (from->stage == STAGE_OVER)
		return; /* failed: TO waits for ever */
	ARRAY_GROW(g->edges, g->edge_count, g->edge_alloc);
	g->edges[g->edge_count].to = to->index;
	g->edges[g->edge_count++].next = 0;
	if (from->last_edge)
		g->edges[from->last_edge - 1].next = g->edge_count;
	else
		from->first_edge = g->edge_count;
	from->last_edge = g->edge_count;
}

void
node_end(struct graph *g, struct node *n, enum end end)
{
	if (n->stage == STAGE_OVER)
		bug("node %u ended twice", n->index);
	n->stage = STAGE_OVER;
	n->end = end;
	g->failed += end == END_FAILED;
	if (n->kind == NODE_OPENING) {
		g->unopened--;
		g->lost += end == END_FAILED;
	}
	if (n->kind == NODE_TASK && !node_task(n)->files_known) {
		g->unknown_files--;
		g->awaited_files -= n->wanted;
		g->lost += end == END_FAILED;
	}
	if (n->kind == NODE_TASK && end == END_SKIPPED) {
		task_yield_files(node_task(n));
		node_list_push(&g->skipped, n);
	}
	if (end != END_FAILED)
		node_list_push(&g->over, n);
}

void
node_want(struct graph *g, struct node *n)
{
	if (n->wanted)
		return;
	n->wanted = true;
	g->wanted_tasks += n->kind == NODE_TASK;
	if (n->stage == STAGE_OVER)
		return;
	g->awaited_files += n->kind == NODE_TASK && !node_task(n)->files_known;
	node_list_push(&g->to_admit, n);
}
