/*
 * Splits and stages.  Whatever ends is put on a queue and its
 * dependants are told from graph_flow(), so that a chain of any length needs
 * no recursion.
 */
#include "base/base.h"

#include "model/graph.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/strbuf.h"
#include "model/graph-internal.h"

/* ---- splits ---- */

struct task *
task_new(struct graph *g, struct step *s, struct split *sp, uint32_t place)
{
	struct task *t = arena_zalloc(&g->arena, sizeof(*t));

	node_init(g, &t->node, NODE_TASK, place);
	t->node.waiting = 1; /* until it is linked */
	t->step = s;
	t->split = sp;
	g->unknown_files++;
	ARRAY_GROW(g->tasks, g->task_count, g->task_alloc);
	g->tasks[g->task_count++] = t;
	return t;
}

static struct opening *
opening_new(struct graph *g, struct step *s, struct split *sp)
{
	struct opening *o = arena_zalloc(&g->arena, sizeof(*o));

	node_init(g, &o->node, NODE_OPENING, nodes_reserve(g, 1));
	o->node.waiting = 1;
	o->step = s;
	o->split = sp;
	g->unopened++;
	node_list_push(&g->openings, &o->node);
	return o;
}

/* Create what stands in split SP: a task of each step that runs at its level,
 * an opening for each fan-out inside. */
int
split_populate(struct graph *g, struct split *sp, struct error *err)
{
	struct level *l = sp->level;
	uint32_t i;

	sp->tasks = arena_zalloc(&g->arena,
				 (l->step_count + 1) * sizeof(*sp->tasks));
	sp->openings = arena_zalloc(&g->arena, (l->opener_count + 1) *
				    sizeof(*sp->openings));
	for (i = 0; i < l->step_count; i++)
		sp->tasks[i] = task_new(g, l->steps[i], sp, sp->place + i);
	for (i = 0; i < l->opener_count; i++)
		sp->openings[i] = opening_new(g, l->openers[i], sp);
	for (i = 0; i < l->step_count; i++) {
		struct task *t = sp->tasks[i];

		/* the tasks of an opener get their first phase with the rows
		 * that open the fan-out */
		if (l->opener != t->step && task_advance(g, t, err))
			return -1;
		if (g->options.want_all || g->step_wanted[t->step->index])
			node_want(g, &t->node);
	}
	for (i = 0; i < l->opener_count; i++) {
		struct opening *o = sp->openings[i];

		if (g->options.want_all ||
		    g->level_wanted[o->step->level->index])
			node_want(g, &o->node);
		opening_advance(g, o);
	}
	return 0;
}

struct split *
split_at(struct split *sp, const struct level *level)
{
	while (sp->level != level)
		sp = sp->parent;
	return sp;
}

struct task *
graph_find_task(const struct step *step, const struct split *split)
{
	split = split_at((struct split *)split, step->level);
	return split->tasks[step->ordinal];
}

/* ---- going on ---- */

/* Nothing is left to wait for. */
static int
node_go(struct graph *g, struct node *n, struct error *err)
{
	switch (n->kind) {
	case NODE_TASK:
		return task_advance_late(g, node_task(n), err);
	case NODE_OPENING:
		opening_advance(g, node_opening(n));
		break;
	case NODE_GROUP:
		if (!node_group(n)->opened)
			group_open(g, node_group(n));
		else
			group_end(g, node_group(n));
		return 0;
	case NODE_GATHER:
		node_end(g, n, END_DONE);
		return 0;
	}
	return 0;
}

int
node_release(struct graph *g, struct node *n, struct error *err)
{
	if (!n->waiting)
		bug("node %u released too often", n->index);
	return --n->waiting ? 0 : node_go(g, n, err);
}

/* Tell who waits for N, which has ended. */
static int
tell_dependants(struct graph *g, const struct node *n, struct error *err)
{
	uint32_t e;

	for (e = n->first_edge; e; e = g->edges[e - 1].next) {
		struct node *to = g->nodes[g->edges[e - 1].to];

		if (to->stage != STAGE_OVER && node_release(g, to, err))
			return -1;
	}
	return 0;
}

int
graph_flow(struct graph *g, struct error *err)
{
	struct node *n;

	do {
		while ((n = node_list_take(&g->to_advance)))
			if (n->kind == NODE_OPENING)
				opening_advance(g, node_opening(n));
			else if (task_advance(g, node_task(n), err))
				return -1;
		n = node_list_take(&g->over);
		if (n && tell_dependants(g, n, err))
			return -1;
	} while (n);
	return 0;
}

/* ---- the graph ---- */

struct graph *
graph_new(struct rules *r, const struct graph_world *world,
	  const struct graph_options *options)
{
	struct graph *g = xcalloc(1, sizeof(*g));
	uint32_t i;

	g->rules = r;
	g->world = *world;
	g->options = *options;
	arena_init(&g->arena);
	map_init(&g->files);
	g->words = (struct words)WORDS_INIT;
	map_init(&g->groups);
	map_init(&g->pattern_tasks);
	g->constants = xcalloc(r->step_count + 1, sizeof(*g->constants));
	g->first_attempts = xcalloc(r->default_count + 1,
				    sizeof(*g->first_attempts));
	g->step_wanted = xcalloc(r->step_count + 1, sizeof(*g->step_wanted));
	g->level_wanted = xcalloc(r->level_count + 1, sizeof(bool));
	g->asked = xcalloc(r->step_count + 1, sizeof(struct eval_request *));
	for (i = 0; i < r->step_count; i++) {
		const struct layout *l = r->steps[i]->layout;

		g->has_late |= l && (l->files_late || l->foreach_late);
		if (!r->steps[i]->name || r->steps[i]->template->pattern < 0)
			continue;
		ARRAY_GROW(g->patterns, g->pattern_count, g->pattern_alloc);
		g->patterns[g->pattern_count++] = r->steps[i];
	}
	return g;
}

void
graph_free(struct graph *g)
{
	uint32_t i;

	if (!g)
		return;
	for (i = 0; i < g->openings.count; i++)
		free(node_opening(g->openings.v[i])->splits);
	for (i = 0; i < g->rules->step_count; i++)
		free(g->constants[i].waiting.v);
	free(g->patterns);
	free(g->level_wanted);
	free(g->asked);
	free(g->nodes);
	free(g->edges);
	free(g->tasks);
	free(g->readers);
	free(g->constants);
	free(g->first_attempts);
	free(g->step_wanted);
	free(g->ready.v);
	free(g->to_admit.v);
	free(g->unprepared.v);
	free(g->over.v);
	free(g->to_advance.v);
	free(g->openings.v);
	free(g->held.v);
	free(g->skipped.v);
	map_release(&g->files);
	free(g->listed.v);
	words_release(&g->words);
	map_release(&g->groups);
	map_release(&g->pattern_tasks);
	arena_release(&g->arena);
	free(g);
}

int
graph_start(struct graph *g, struct error *err)
{
	g->root = arena_zalloc(&g->arena, sizeof(*g->root));
	g->root->level = g->rules->levels[0];
	g->root->place = nodes_reserve(g, g->root->level->step_count);
	ask_first(g);
	if (split_populate(g, g->root, err))
		return -1;
	return graph_flow(g, err);
}

/* Link N, which is wanted, unless it may be part of a slow evaluation: then
 * later. */
static int
admit(struct graph *g, struct node *n, struct error *err)
{
	if (!g->slow || n->kind != NODE_TASK || n->stage != STAGE_NEW)
		return node_admit(g, n, err);
	node_list_push(&g->unprepared, n);
	return 0;
}

int
graph_settle(struct graph *g, struct error *err)
{
	struct node *n;

	if (g->outstanding)
		return 0;
	if (!g->patterns_checked && patterns_check(g, err))
		return -1;
	g->patterns_checked = true;
	while ((n = node_list_take(&g->unprepared)))
		node_list_push(&g->to_admit, n);
	do {
		if (graph_flow(g, err))
			return -1;
		if (g->outstanding)
			return 0; /* the new tasks' files first */
		n = node_list_take(&g->to_admit);
		if (n ? admit(g, n, err) : held_retry_patterns(g, err))
			return -1;
	} while (n || g->over.start < g->over.count ||
		 g->to_advance.start < g->to_advance.count ||
		 g->to_admit.start < g->to_admit.count);
	return 0;
}

struct task *
graph_take_ready(struct graph *g)
{
	struct node *n;

	/* a maker of one of its inputs may have shown up meanwhile; then it
	 * comes again */
	while ((n = node_list_take(&g->ready)))
		if (!n->waiting)
			return node_task(n);
	return NULL;
}

int
graph_task_over(struct graph *g, struct task *t, enum end end,
		struct error *err)
{
	node_end(g, &t->node, end);
	return graph_flow(g, err);
}

void
graph_fail(struct graph *g, struct node *n)
{
	node_end(g, n, END_FAILED);
}

struct artifact *
graph_keep_artifacts(struct graph *g, const struct artifact *a, size_t count)
{
	struct artifact *kept;
	size_t i;

	if (!count)
		return NULL;
	kept = arena_memdup(&g->arena, a, count * sizeof(*a));
	for (i = 0; i < count; i++) {
		if (a[i].name)
			kept[i].name = arena_strdup(&g->arena, a[i].name);
		if (a[i].value)
			kept[i].value = arena_memdup(&g->arena, a[i].value,
						     a[i].value_len);
		if (a[i].file_name)
			kept[i].file_name = arena_strdup(&g->arena,
							 a[i].file_name);
	}
	return kept;
}

void
graph_keep_caught(struct graph *g, struct task *t, const char *cbor,
		  size_t len)
{
	t->caught = arena_memdup(&g->arena, cbor, len);
	t->caught_len = (uint32_t)len;
}

struct task *
graph_take_skipped(struct graph *g)
{
	struct node *n = node_list_take(&g->skipped);

	return n ? node_task(n) : NULL;
}

int
graph_want_step(struct graph *g, const char *name, struct error *err)
{
	struct step *s = rules_find(g->rules, name);
	struct level *l;
	uint32_t i;

	if (!s || s->template->pattern >= 0)
		return error_set(err, "no step '%s'", name);
	g->step_wanted[s->index] = true;
	for (i = 0; i < g->task_count; i++)
		if (g->tasks[i]->step == s)
			node_want(g, &g->tasks[i]->node);
	for (l = s->level; l->opener; l = l->parent)
		g->level_wanted[l->index] = true;
	for (i = 0; i < g->openings.count; i++)
		if (g->level_wanted[node_step(g->openings.v[i])->level->index])
			node_want(g, g->openings.v[i]);
	return 0;
}

bool
graph_want_opening(struct graph *g)
{
	uint32_t i;

	for (i = 0; i < g->openings.count; i++) {
		struct node *n = g->openings.v[i];

		if (n->stage != STAGE_OVER && !n->wanted) {
			node_want(g, n);
			return true;
		}
	}
	return false;
}

uint32_t
graph_unopened_count(const struct graph *g)
{
	return g->unopened;
}

bool
graph_awaits_files(const struct graph *g)
{
	return g->awaited_files;
}

struct task *
graph_task(const struct graph *g, uint32_t i)
{
	return g->tasks[i];
}

uint32_t
graph_task_count(const struct graph *g)
{
	return g->task_count;
}

bool
graph_wants_step(const struct graph *g, const struct step *s)
{
	return g->step_wanted[s->index] ||
	       (g->options.want_all && s->template->pattern < 0);
}

bool
graph_has_constants(const struct graph *g, const struct step *s)
{
	const struct layout *l = s->layout;

	return (!l->constant_count || g->constants[s->index].row) &&
		(s->name || !l->phase_count ||
		 g->first_attempts[s->ordinal].rows[0]);
}

const struct node *
graph_first_attempt(const struct graph *g, const struct step *s)
{
	return &g->first_attempts[s->ordinal].node;
}

uint32_t
graph_wanted_count(const struct graph *g)
{
	return g->wanted_tasks;
}

struct opening *
graph_opening(const struct graph *g, uint32_t i)
{
	return i < g->openings.count ? node_opening(g->openings.v[i]) : NULL;
}

struct rules *
graph_rules(const struct graph *g)
{
	return g->rules;
}

/* ---- names for people ---- */

void
task_add_split(struct strbuf *sb, const struct task *t)
{
	uint32_t index[64];
	const struct split *sp;
	uint32_t n = 0;

	if (t->stem) {
		strbuf_adds(sb, t->stem);
		return;
	}
	for (sp = t->split; sp->parent && n < ARRAY_SIZE(index);
	     sp = sp->parent)
		index[n++] = sp->index;
	while (n--) {
		strbuf_addu(sb, index[n]);
		if (n)
			strbuf_addch(sb, '.');
	}
}

void
task_add_name(struct strbuf *sb, const struct task *t)
{
	strbuf_adds(sb, t->step->name);
	if (t->stem || t->split->parent) {
		strbuf_addch(sb, '/');
		task_add_split(sb, t);
	}
}
