/*
 * Phases: what is evaluated when, for tasks and openings (model/layout.h).
 */
#include "base/base.h"

#include "model/graph.h"

#include <stdlib.h>
#include <string.h>

#include "base/cbor.h"
#include "base/error.h"
#include "base/strbuf.h"
#include "model/demands.h"
#include "model/graph-internal.h"

/* ---- answers ---- */

/* A copy of a row that the evaluator sent. */
static const struct row *
row_new(struct graph *g, const char *data, size_t len)
{
	struct row *row = arena_alloc(&g->arena, sizeof(*row) + len);

	row->len = (uint32_t)len;
	memcpy(row->data, data, len);
	return row;
}

const struct row **
rows_new(struct graph *g, const struct step *s)
{
	return arena_zalloc(&g->arena, (s->layout->phase_count +
					g->rules->default_count + 1) *
			    sizeof(struct row *));
}

const char *
row_item(const struct row *row, uint32_t i, size_t *len)
{
	struct cbor c;

	cbor_init(&c, row->data, row->len);
	while (i--)
		cbor_skip(&c);
	return cbor_span(&c, len);
}

void
graph_eval_constants(struct graph *g, struct eval_request *q, const char *row,
		     size_t len)
{
	struct constants *c = &g->constants[q->step->index];

	if (q->purpose == EVAL_CONSTANTS)
		c->row = row_new(g, row, len);
}

/* Append SP to the splits of O. */
static void
add_split(struct opening *o, struct split *sp)
{
	if (o->split_count == o->split_alloc) {
		o->split_alloc = MAX(8, o->split_alloc * 2);
		o->splits = xrealloc(o->splits, o->split_alloc *
				     sizeof(struct split *));
	}
	o->splits[o->split_count++] = sp;
}

/* The next split of O. */
static struct split *
split_new(struct graph *g, const struct opening *o)
{
	struct split *sp = arena_zalloc(&g->arena, sizeof(*sp));

	sp->level = o->step->level;
	sp->parent = o->split;
	sp->index = o->split_count;
	sp->place = nodes_reserve(g, sp->level->step_count);
	return sp;
}

void
graph_eval_row(struct graph *g, struct eval_request *q, uint32_t item,
	       const char *elements, size_t elements_len, const char *values,
	       size_t values_len)
{
	struct node *n = q->nodes[item];
	struct opening *o;
	struct split *sp;
	const struct row *row = row_new(g, values, values_len);

	switch (q->purpose) {
	case EVAL_CONSTANTS:
		break;
	case EVAL_PHASE:
	case EVAL_AGAIN:
		node_task(n)->rows[row_place(node_task(n), q->step,
					     q->phase)] = row;
		break;
	case EVAL_WHEN:
		node_opening(n)->when_row = row;
		break;
	case EVAL_FOREACH:
		o = node_opening(n);
		if (o->split_count >= g->options.max_num_splits) {
			o->split_count++; /* for the message */
			break;
		}
		sp = split_new(g, o);
		sp->elements = row_new(g, elements, elements_len);
		sp->opener_row = row;
		add_split(o, sp);
		break;
	}
}

/* Whether splits of O may be passed over: nothing of their tasks would be asked
 * for before their files are. */
static bool
may_pass(const struct graph *g, const struct opening *o)
{
	const struct level *l = o->step->level;
	uint32_t i;

	if (!g->world.passes || !g->options.want_all || l->opener_count)
		return false;
	for (i = 0; i < l->step_count; i++)
		if (l->steps[i]->layout->early_count >
		    (l->steps[i] == o->step ? 1 : 0))
			return false;
	return true;
}

/* Whether COUNT splits of O from number INDEX on, whose nodes begin at PLACE,
 * are passed over, as they may be. */
static bool
pass(struct graph *g, const struct opening *o, uint32_t index, uint32_t count,
     uint32_t place)
{
	if (!g->world.passes(g->world.data, o, index, count, place))
		return false;
	g->wanted_tasks += count * o->step->level->step_count;
	return true;
}

bool
graph_eval_pass(struct graph *g, struct eval_request *q, uint32_t item,
		uint32_t count)
{
	struct opening *o;

	if (q->purpose != EVAL_FOREACH)
		return false;
	o = node_opening(q->nodes[item]);
	if ((uint64_t)o->split_count + count > g->options.max_num_splits ||
	    !may_pass(g, o) ||
	    !pass(g, o, o->split_count, count, g->node_count))
		return false;
	nodes_reserve(g, count * o->step->level->step_count);
	while (count--)
		add_split(o, NULL);
	return true;
}

/* Create what stands in split SP of O. */
static int
open_split(struct graph *g, struct opening *o, struct split *sp,
	   struct error *err)
{
	struct task *own;

	if (split_populate(g, sp, err))
		return -1;
	own = sp->tasks[o->step->ordinal];
	own->rows = rows_new(g, o->step);
	own->rows[0] = sp->opener_row;
	own->phase = 1;
	return task_advance(g, own, err);
}

/* All splits of O are there: create what stands in them.  1: too many. */
static int
opening_end(struct graph *g, struct opening *o, struct error *err)
{
	const struct template *t = o->step->template;
	bool passes = may_pass(g, o);
	uint32_t i;

	if (o->split_count > g->options.max_num_splits) {
		step_error(o->step, t->foreach[0].line, t->foreach[0].column,
			   err, "foreach gives %u splits, more than the limit "
			   "of %u; raise it with --max-num-splits",
			   o->split_count, g->options.max_num_splits);
		return 1;
	}
	for (i = 0; i < o->split_count; i++) {
		struct split *sp = o->splits[i];

		if (sp && passes && pass(g, o, i, 1, sp->place))
			o->splits[i] = NULL;
		else if (sp && open_split(g, o, sp, err))
			return -1;
	}
	/* only now: who waits for it looks at what stands in its splits */
	node_end(g, &o->node, END_DONE);
	return 0;
}

/* Whether a thunk of phase PH needs the number of the attempt. */
static bool
needs_attempt(const struct template *t, const struct phase *ph)
{
	uint32_t i;

	for (i = 0; i < ph->name_count; i++)
		if (t->names[ph->names[i]].kind == WIRE_NAME_ATTEMPT)
			return true;
	return false;
}

/* Evaluate for T's next attempt what depends on it, from PLACE among its rows
 * on: its own phases, and defaults forms.  At the end T is ready. */
static void
again_next(struct graph *g, struct task *t, uint32_t place)
{
	const struct layout *l = t->step->layout;
	const struct rules *r = g->rules;
	uint32_t i;

	for (i = place; i < l->phase_count; i++)
		if (needs_attempt(t->step->template, &l->phases[i])) {
			ask_again(g, t, t->step, i);
			return;
		}
	for (i -= l->phase_count; i < r->default_count; i++)
		if (demands_need_again(r, t->step, r->defaults[i])) {
			ask_again(g, t, r->defaults[i], 0);
			return;
		}
	node_list_push(&g->ready, &t->node);
}

void
graph_retry(struct graph *g, struct task *t)
{
	again_next(g, t, 0);
}

int
graph_eval_item_end(struct graph *g, struct eval_request *q, uint32_t item,
		    struct error *err)
{
	struct node *n = q->nodes[item];

	switch (q->purpose) {
	case EVAL_CONSTANTS:
		return 0;
	case EVAL_PHASE:
		if (!q->step->name)
			return 0;
		node_task(n)->phase = q->phase + 1;
		if (g->rules->steps[q->step->index]->layout->phases[q->phase]
		    .late)
			return task_advance_late(g, node_task(n), err);
		return task_advance(g, node_task(n), err);
	case EVAL_AGAIN:
		again_next(g, node_task(n), row_place(node_task(n), q->step,
						      q->phase) + 1);
		return 0;
	case EVAL_WHEN:
		node_opening(n)->evaluating = false;
		opening_advance(g, node_opening(n));
		return 0;
	case EVAL_FOREACH:
		return opening_end(g, node_opening(n), err);
	}
	return 0;
}

/* Let go on whoever waited for the constants that Q brought. */
static int
constants_done(struct graph *g, struct eval_request *q, struct error *err)
{
	struct constants *c = &g->constants[q->step->index];
	struct node *n;
	int ret = 0;

	c->asked = NULL;
	if (!c->row)
		c->row = row_new(g, "", 0);
	while (!ret && (n = node_list_take(&c->waiting))) {
		if (n->kind == NODE_OPENING)
			opening_advance(g, node_opening(n));
		else
			ret = task_advance(g, node_task(n), err);
	}
	return ret;
}

void
graph_eval_again(struct eval_request *q, uint32_t item)
{
	if (q->purpose == EVAL_FOREACH)
		node_opening(q->nodes[item])->split_count = 0;
}

void
graph_eval_slow(struct graph *g, struct eval_request *q)
{
	if (q->late || q->slow)
		return;
	q->slow = true;
	g->outstanding--;
	g->slow++;
}

int
graph_eval_done(struct graph *g, struct eval_request *q, struct error *err)
{
	int ret = 0;

	if (!q->late)
		--*(q->slow ? &g->slow : &g->outstanding);
	if (q->purpose == EVAL_CONSTANTS)
		ret = constants_done(g, q, err);
	free(q->nodes);
	free(q);
	return ret || graph_flow(g, err) ? -1 : 0;
}

/* ---- tasks ---- */

/* Whether the value of the when of N, a task or an opening, is true. */
static bool
when_is_true(struct graph *g, const struct node *n)
{
	const struct step *s = node_step(n);
	const struct expr *when = s->template->when;
	struct strbuf scratch = STRBUF_INIT;
	struct cbor c;
	struct cbor_item it;
	size_t len;
	const char *value;

	if (when->kind == WIRE_EXPR_PIECES)
		return true; /* a text */
	value = graph_value(g, s, n, when, &scratch, &len);
	cbor_init(&c, value, len);
	it = cbor_next(&c);
	strbuf_release(&scratch);
	return it.kind != CBOR_BOOL || it.n;
}

/* Whether the paths of other tasks' outputs that N's step may mention are
 * known.  If not, N is put where it goes on. */
static bool
paths_known(struct graph *g, struct node *n)
{
	const struct step *s = node_step(n);
	const struct template *tm = s->template;
	uint32_t i;

	for (i = 0; i < tm->name_count; i++) {
		const struct import *im;
		struct task *target;

		if (s->layout->known[i] != KNOWN_PATH)
			continue;
		im = &tm->imports[tm->names[i].clause];
		target = graph_find_task(s->imported[im->first_step],
					 node_split(n));
		if (target->files_known)
			continue;
		ARRAY_GROW(g->edges, g->edge_count, g->edge_alloc);
		g->edges[g->edge_count].to = n->index;
		g->edges[g->edge_count].next = target->first_path_waiter;
		target->first_path_waiter = ++g->edge_count;
		return false;
	}
	return true;
}

/* T's files are known: those who need their paths go on, from graph_flow(). */
static void
tell_path_waiters(struct graph *g, struct task *t)
{
	uint32_t e = t->first_path_waiter;

	t->first_path_waiter = 0;
	for (; e; e = g->edges[e - 1].next)
		node_list_push(&g->to_advance, g->nodes[g->edges[e - 1].to]);
}

int
task_advance(struct graph *g, struct task *t, struct error *err)
{
	const struct layout *l = t->step->layout;
	const struct template *tm = t->step->template;

	if (t->node.stage != STAGE_NEW ||
	    !have_constants(g, &t->node, false) || !paths_known(g, &t->node))
		return 0;
	if (!t->rows)
		t->rows = rows_new(g, t->step);
	if (t->phase < l->early_count) {
		ask(g, &t->node, EVAL_PHASE, t->phase, false);
		return 0;
	}
	t->node.stage = STAGE_PREPARED;
	if (tm->when && !l->when_late &&
	    (!tm->foreach_count || l->when_per_split) &&
	    !when_is_true(g, &t->node))
		t->node.end = END_SKIPPED; /* its files yield to others' */
	if (!l->files_late) {
		if (task_set_files(g, t, err))
			return task_fault(g, t, err);
		tell_path_waiters(g, t);
	}
	if (t->node.stage != STAGE_OVER && t->node.end == END_SKIPPED)
		node_end(g, &t->node, END_SKIPPED);
	return 0;
}

bool
reads_skipped(struct graph *g, const struct node *n)
{
	const struct step *s = node_step(n);
	uint32_t i;

	for (i = 0; i < s->template->import_count; i++) {
		const struct import *im = &s->template->imports[i];

		if (im->is_join ? graph_joined_end(g, n, im) == END_SKIPPED :
		    !graph_read_task(n, im))
			return true;
	}
	return false;
}

/* Whether a task that makes one of T's inputs was skipped. */
static bool
inputs_skipped(const struct graph *g, const struct task *t)
{
	uint32_t i;

	for (i = 0; i < t->input_count; i++)
		if (file_is_skipped(g, t->inputs[i].file))
			return true;
	return false;
}

int
task_advance_late(struct graph *g, struct task *t, struct error *err)
{
	const struct layout *l = t->step->layout;
	const struct template *tm = t->step->template;

	if (t->node.stage == STAGE_OVER)
		return 0; /* it failed while it was being evaluated */
	if (t->node.stage == STAGE_WAITING && reads_skipped(g, &t->node)) {
		node_end(g, &t->node, END_SKIPPED);
		return 0;
	}
	t->node.stage = STAGE_LATE;
	if (t->phase < l->phase_count) {
		ask(g, &t->node, EVAL_PHASE, t->phase, true);
		return 0;
	}
	if (tm->when && l->when_late &&
	    (!tm->foreach_count || l->when_per_split) &&
	    !when_is_true(g, &t->node)) {
		node_end(g, &t->node, END_SKIPPED);
		return 0;
	}
	if (!t->files_known) {
		t->node.waiting++; /* until all its inputs are linked */
		if (task_set_files(g, t, err) || task_link_inputs(g, t, err))
			return task_fault(g, t, err);
		return node_release(g, &t->node, err);
	}
	if (inputs_skipped(g, t)) {
		node_end(g, &t->node, END_SKIPPED);
		return 0;
	}
	if (task_claim_files(t, err))
		return task_fault(g, t, err);
	t->node.stage = STAGE_READY;
	node_list_push(&g->ready, &t->node);
	return 0;
}

/* ---- openings ---- */

void
opening_advance(struct graph *g, struct opening *o)
{
	struct step *s = o->step;
	const struct layout *l = s->layout;
	const struct expr *when = s->template->when;
	bool ready = o->node.stage == STAGE_WAITING && !o->node.waiting;
	bool ask_when = when && !l->when_per_split && !o->when_passed;

	if (o->evaluating || o->node.stage == STAGE_OVER)
		return;
	if (!ready && (l->foreach_late || (ask_when && l->when_late)))
		return;
	if (ready && reads_skipped(g, &o->node)) {
		node_end(g, &o->node, END_SKIPPED);
		return;
	}
	if (!have_constants(g, &o->node, ready) || !paths_known(g, &o->node))
		return;
	if (ask_when && when->kind == WIRE_EXPR_THUNK && when->need_count &&
	    !o->when_row) {
		o->evaluating = true;
		ask(g, &o->node, EVAL_WHEN, 0, ready);
		return;
	}
	if (ask_when && !when_is_true(g, &o->node)) {
		node_end(g, &o->node, END_SKIPPED);
		return;
	}
	o->when_passed = true;
	o->evaluating = true;
	ask(g, &o->node, EVAL_FOREACH, 0, ready);
}
