/*
 * Each name has a time from which it is known, each thunk the time of the
 * latest name that it needs.  Times are small numbers: EARLY + how many
 * phases come before, or LATE + the same; they are packed into phases at the
 * end.
 */
#include "base/base.h"

#include "model/layout.h"

#include <stdlib.h>
#include <string.h>

#include "model/rules.h"

enum { EARLY = 0, LATE = 1 << 16 };
#define CONSTANT UINT32_MAX     /* needs no name */
#define APART (UINT32_MAX - 1)  /* evaluated on its own, in no phase */

/* What is found out about one template while its layout is made. */
struct planner {
	struct rules *rules;
	const struct template *t;
	const uint8_t *known;
	uint32_t *name_times;    /* by name */
	uint32_t *thunk_times;   /* by thunk number */
};

/* From when on what FROM or JOIN brings under name N of S is known. */
static enum known
import_known(const struct step *s, const struct name *n)
{
	const struct import *im = &s->template->imports[n->clause];
	const struct binding *b = &s->bindings[im->first_binding + n->item];
	const struct step *target;

	if (im->is_join || im->ref_count > 1)
		return KNOWN_LATE;
	target = s->imported[im->first_step];
	switch (b->kind) {
	case BINDING_FOREACH:
		return KNOWN_EARLY;
	case BINDING_OUTPUT:
		return target->layout->files_late ? KNOWN_LATE : KNOWN_PATH;
	case BINDING_RESULT:
	case BINDING_CATCH:
		break;
	}
	return KNOWN_LATE;
}

/* ---- times ---- */

static uint32_t time_of_expr(struct planner *p, const struct expr *e);

static uint32_t
time_of_needs(const struct planner *p, const struct expr *e)
{
	uint32_t time = EARLY, i;

	for (i = 0; i < e->need_count; i++)
		time = MAX(time, p->name_times[e->needs[i]]);
	return time;
}

/* When the value of E is known.  Pieces do not nest. */
static uint32_t
time_of_expr(struct planner *p, const struct expr *e)
{
	uint32_t time = EARLY, i;

	switch (e->kind) {
	case WIRE_EXPR_CONST:
		break;
	case WIRE_EXPR_NAME:
		return p->name_times[e->index];
	case WIRE_EXPR_THUNK:
		if (!e->need_count) {
			p->thunk_times[e->index] = CONSTANT;
			return EARLY;
		}
		time = time_of_needs(p, e);
		p->thunk_times[e->index] = time;
		return time + 1;
	case WIRE_EXPR_PIECES:
		for (i = 0; i < e->piece_count; i++)
			if (e->pieces[i].expr)
				time = MAX(time, time_of_expr(p,
							e->pieces[i].expr));
		break;
	}
	return time;
}

/* Times of inputs or outputs, in order, as each sees those before it. */
static uint32_t
time_files(struct planner *p, const struct binder *b, uint32_t count)
{
	uint32_t all = EARLY, i;

	for (i = 0; i < count; i++) {
		uint32_t time = time_of_expr(p, &b[i].expr);

		if (b[i].name >= 0)
			p->name_times[b[i].name] = time;
		all = MAX(all, time);
	}
	return all;
}

/* Give every name of KIND, all inputs or all outputs, the time TIME.  While a
 * fan-out is expanded they are not together yet. */
static void
time_names(struct planner *p, enum wire_name kind, uint32_t time)
{
	uint32_t i;

	if (p->t->foreach_count)
		time = MAX(time, EARLY + 1);
	for (i = 0; i < p->t->name_count; i++)
		if (p->t->names[i].kind == kind)
			p->name_times[i] = time;
}

/* Fill both tables.  Returns whether a file's path is late. */
static bool
time_all(struct planner *p)
{
	const struct template *t = p->t;
	const struct recipe *r = &t->recipe;
	uint32_t inputs, outputs, i;

	for (i = 0; i < t->name_count; i++)
		p->name_times[i] =
			p->known[i] == KNOWN_LATE ? LATE : EARLY;
	inputs = time_files(p, t->inputs, t->input_count);
	if (r->stdin_file)
		inputs = MAX(inputs, time_of_expr(p, r->stdin_file));
	time_names(p, WIRE_NAME_INPUTS, inputs);
	outputs = time_files(p, t->outputs, t->output_count);
	if (r->stdout_file)
		outputs = MAX(outputs, time_of_expr(p, r->stdout_file));
	time_names(p, WIRE_NAME_OUTPUTS, outputs);
	if (t->when)
		time_of_expr(p, t->when);
	for (i = 0; i < t->annotation_count; i++)
		if (t->annotations[i].expr)
			time_of_expr(p, t->annotations[i].expr);
	for (i = 0; i < r->word_count; i++)
		time_of_expr(p, &r->words[i]);
	for (i = 0; i < r->piece_count; i++)
		if (r->pieces[i].expr)
			time_of_expr(p, r->pieces[i].expr);
	return MAX(inputs, outputs) >= LATE;
}

/* ---- phases ---- */

static void *
take(struct rules *r, size_t count, size_t size)
{
	return arena_zalloc(&r->arena, MAX(count, 1) * size);
}

/* Add NAME to a list of names that has room for it, once. */
static void
add_name(uint32_t *names, uint32_t *count, uint32_t name)
{
	uint32_t i;

	for (i = 0; i < *count; i++)
		if (names[i] == name)
			return;
	names[(*count)++] = name;
}

/* Note that PH needs NAME from outside.  While the fan-out is expanded there
 * is no task yet that could be asked for its files: the evaluator computes an
 * input or output from what that follows from. */
static void
add_need(struct planner *p, struct phase *ph, uint32_t name,
	 bool with_foreach)
{
	const struct name *n = &p->t->names[name];
	const struct expr *e;
	uint32_t i;

	if (with_foreach && n->kind == WIRE_NAME_FOREACH)
		return;
	if (!with_foreach || (n->kind != WIRE_NAME_INPUT &&
			      n->kind != WIRE_NAME_OUTPUT)) {
		add_name(ph->names, &ph->name_count, name);
		return;
	}
	e = n->kind == WIRE_NAME_INPUT ? &p->t->inputs[n->clause].expr :
		&p->t->outputs[n->clause].expr;
	for (i = 0; i < e->need_count; i++)
		add_need(p, ph, e->needs[i], with_foreach);
}

/* The names that the thunks of PH need from outside. */
static void
fill_phase_names(struct planner *p, struct phase *ph, bool with_foreach)
{
	uint32_t i, k;

	ph->names = take(p->rules, p->t->name_count, sizeof(*ph->names));
	for (i = 0; i < ph->thunk_count; i++) {
		const struct expr *e = p->t->thunks[ph->thunks[i]].expr;

		for (k = 0; k < e->need_count; k++)
			add_need(p, ph, e->needs[k], with_foreach);
	}
}

/* Collect the thunks of TIME into a new phase; FIRST_FOREACH: it rides on the
 * expansion of the step's own foreach. */
static void
add_phase(struct planner *p, struct layout *l, uint32_t time,
	  bool first_foreach)
{
	struct phase *ph = &l->phases[l->phase_count];
	uint32_t i;

	ph->late = time >= LATE;
	ph->thunks = take(p->rules, p->t->thunk_count, sizeof(*ph->thunks));
	for (i = 0; i < p->t->thunk_count; i++) {
		if (!p->t->thunks[i].expr || p->thunk_times[i] != time)
			continue;
		l->places[i].phase = (int32_t)l->phase_count;
		l->places[i].position = ph->thunk_count;
		ph->thunks[ph->thunk_count++] = i;
	}
	fill_phase_names(p, ph, first_foreach);
	l->phase_count++;
	if (!ph->late)
		l->early_count = l->phase_count;
}

static int
compare_times(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* One phase for each time at which some thunk is due. */
static void
add_phases(struct planner *p, struct layout *l)
{
	uint32_t *times = xcalloc(p->t->thunk_count + 1, sizeof(*times));
	bool fans_out = p->t->foreach_count;
	uint32_t i, n = 0;

	if (fans_out)
		times[n++] = EARLY;
	for (i = 0; i < p->t->thunk_count; i++)
		if (p->t->thunks[i].expr && p->thunk_times[i] < APART)
			times[n++] = p->thunk_times[i];
	qsort(times, n, sizeof(*times), compare_times);
	l->phases = take(p->rules, n, sizeof(*l->phases));
	for (i = 0; i < n; i++)
		if (!i || times[i] != times[i - 1])
			add_phase(p, l, times[i], fans_out && !i);
	free(times);
}

static void
add_constants(struct planner *p, struct layout *l)
{
	uint32_t i;

	l->constants = take(p->rules, p->t->thunk_count,
			    sizeof(*l->constants));
	for (i = 0; i < p->t->thunk_count; i++) {
		if (!p->t->thunks[i].expr || p->thunk_times[i] != CONSTANT)
			continue;
		l->places[i].phase = PHASE_CONSTANT;
		l->places[i].position = l->constant_count;
		l->constants[l->constant_count++] = i;
	}
}

/* ---- foreach and when ---- */

static bool
needs_kind(const struct template *t, const struct expr *e, enum wire_name kind)
{
	uint32_t i;

	for (i = 0; i < e->need_count; i++)
		if (t->names[e->needs[i]].kind == kind)
			return true;
	return false;
}

/* What the lists need from outside.  A list that mentions anything but the
 * foreach variables of other fan-outs is late, an output's path too: it is
 * there to be looked into. */
static void
plan_foreach(struct planner *p, struct layout *l)
{
	const struct template *t = p->t;
	uint32_t i, k;

	l->foreach_names = take(p->rules, t->name_count,
				sizeof(*l->foreach_names));
	for (i = 0; i < t->foreach_count; i++) {
		const struct expr *e = &t->foreach[i].expr;

		for (k = 0; k < e->need_count; k++) {
			const struct name *n = &t->names[e->needs[k]];

			if (n->kind == WIRE_NAME_FOREACH)
				continue;
			add_name(l->foreach_names, &l->foreach_name_count,
				 e->needs[k]);
			if (p->known[e->needs[k]] != KNOWN_EARLY)
				l->foreach_late = true;
		}
		if (e->kind == WIRE_EXPR_THUNK)
			p->thunk_times[e->index] = APART;
	}
}

static void
plan_when(struct planner *p, struct layout *l)
{
	const struct template *t = p->t;

	if (!t->when)
		return;
	l->when_per_split = needs_kind(t, t->when, WIRE_NAME_FOREACH);
	l->when_late = time_of_needs(p, t->when) >= LATE;
	if (t->foreach_count && !l->when_per_split && t->when->need_count &&
	    t->when->kind == WIRE_EXPR_THUNK)
		p->thunk_times[t->when->index] = APART;
}

static struct layout *
make_layout(struct rules *r, const struct template *t, const uint8_t *known)
{
	struct layout *l = take(r, 1, sizeof(*l));
	struct planner p = { r, t, known, NULL, NULL };

	p.name_times = xcalloc(t->name_count + 1, sizeof(uint32_t));
	p.thunk_times = xcalloc(t->thunk_count + 1, sizeof(uint32_t));
	l->known = arena_memdup(&r->arena, known, t->name_count + 1);
	l->places = take(r, t->thunk_count, sizeof(*l->places));
	l->files_late = time_all(&p);
	plan_foreach(&p, l);
	plan_when(&p, l);
	add_constants(&p, l);
	add_phases(&p, l);
	free(p.name_times);
	free(p.thunk_times);
	return l;
}

void
layout_of_step(struct rules *r, struct step *s)
{
	struct template *t = s->template;
	uint8_t *known = xcalloc(t->name_count + 1, 1);
	struct layout *l;
	uint32_t i;

	for (i = 0; i < t->name_count; i++)
		if (t->names[i].kind == WIRE_NAME_FROM ||
		    t->names[i].kind == WIRE_NAME_JOIN)
			known[i] = (uint8_t)import_known(s, &t->names[i]);
	for (l = t->layouts; l; l = l->next)
		if (!memcmp(l->known, known, t->name_count))
			break;
	if (!l) {
		l = make_layout(r, t, known);
		l->next = t->layouts;
		t->layouts = l;
	}
	s->layout = l;
	free(known);
}
