/*
 * Tasks that wait for each other through their files: what the order of the
 * steps (model/resolve.c) cannot show.
 */
#include "base/base.h"

#include "model/graph.h"

#include <stdlib.h>

#include "base/strbuf.h"
#include "model/graph-internal.h"

/* A search for a cycle among nodes that are linked and not over. */
struct cycle_search {
	const struct graph *g;
	uint32_t *links;         /* by node: open nodes that it waits for */
	uint32_t *before;        /* by node: one of those, once found cyclic */
};

static bool
is_open(const struct node *n)
{
	return n && n->admitted && n->stage != STAGE_OVER;
}

/* Count the links, take away what could run, in any order (Kahn 1962); what
 * is left waits for itself or for what does.  Returns one such node. */
static const struct node *
find_blocked(struct cycle_search *s)
{
	const struct graph *g = s->g;
	uint32_t *free_nodes = xcalloc(g->node_count + 1, sizeof(uint32_t));
	uint32_t i, e, done = 0, count = 0;
	const struct node *blocked = NULL;

	for (i = 0; i < g->node_count; i++) {
		if (!is_open(g->nodes[i]))
			continue;
		for (e = g->nodes[i]->first_edge; e; e = g->edges[e - 1].next)
			s->links[g->edges[e - 1].to]++;
	}
	for (i = 0; i < g->node_count; i++)
		if (is_open(g->nodes[i]) && !s->links[i])
			free_nodes[count++] = i;
	for (; done < count; done++) {
		const struct node *n = g->nodes[free_nodes[done]];

		for (e = n->first_edge; e; e = g->edges[e - 1].next) {
			uint32_t to = g->edges[e - 1].to;

			if (!--s->links[to] && is_open(g->nodes[to]))
				free_nodes[count++] = to;
		}
	}
	for (i = 0; i < g->node_count; i++) {
		const struct node *n = g->nodes[i];

		if (!is_open(n) || !s->links[i])
			continue;
		blocked = n;
		for (e = n->first_edge; e; e = g->edges[e - 1].next)
			s->before[g->edges[e - 1].to] = i;
	}
	free(free_nodes);
	return blocked;
}

/* Append the name of N, if it is one that people know. */
static void
add_node(struct strbuf *path, const struct node *n)
{
	if (n->kind == NODE_TASK) {
		task_add_name(path, node_task(n));
		strbuf_adds(path, " -> ");
	}
}

struct task *
cycle_find(struct graph *g, struct error *err)
{
	struct cycle_search s = { g, NULL, NULL };
	struct strbuf path = STRBUF_INIT;
	const struct node *n, *start, *first = NULL;
	uint32_t i;

	if (!g->edge_count)
		return NULL;
	s.links = xcalloc(g->node_count + 1, sizeof(*s.links));
	s.before = xcalloc(g->node_count + 1, sizeof(*s.before));
	n = find_blocked(&s);
	if (!n)
		goto out;
	/* every blocked node has a blocked one before it: walking back ends
	 * up in the cycle */
	for (i = 0; i < g->node_count; i++)
		n = g->nodes[s.before[n->index]];
	for (start = n, i = 0; i < 40; i++) {
		if (n->kind == NODE_TASK && !first)
			first = n;
		add_node(&path, n);
		n = g->nodes[s.before[n->index]];
		if (n == start)
			break;
	}
	if (n != start)
		strbuf_adds(&path, "... -> ");
	add_node(&path, first ? first : start);
	strbuf_truncate(&path, path.len >= 4 ? path.len - 4 : 0);
	if (first)
		step_error(node_step(first), node_step(first)->template->line,
			   node_step(first)->template->column, err,
			   "tasks wait for each other's files: %s", path.buf);
out:
	free(s.links);
	free(s.before);
	strbuf_release(&path);
	return first ? node_task(first) : NULL;
}

int
graph_check_cycle(struct graph *g, struct error *err)
{
	return cycle_find(g, err) ? -1 : 0;
}
