/*
 * Wishes for evaluations.  Wishes of the tasks of one step that come close
 * together are one request.
 */
#include "base/base.h"

#include "model/graph.h"

#include <stdlib.h>

#include "base/cbor.h"
#include "base/strbuf.h"
#include "model/graph-internal.h"

/* ---- requests ---- */

/* The request of step S for this, not taken yet; a new one if need be. */
static struct eval_request *
request_for(struct graph *g, struct step *s, enum eval_purpose purpose,
	    uint32_t phase, bool late)
{
	struct eval_request *q = g->asked[s->index];

	if (!q || q->purpose != purpose || q->phase != phase ||
	    q->late != late || (late && purpose == EVAL_FOREACH)) {
		q = xcalloc(1, sizeof(*q));
		q->purpose = purpose;
		q->step = s;
		q->phase = phase;
		q->late = late;
		if (g->last_eval)
			g->last_eval->next = q;
		else
			g->first_eval = q;
		g->last_eval = q;
		g->asked[s->index] = q;
		g->outstanding += !late;
	}
	return q;
}

static void
add_node(struct eval_request *q, struct node *n)
{
	ARRAY_GROW(q->nodes, q->count, q->alloc);
	q->nodes[q->count++] = n;
}

void
ask(struct graph *g, struct node *n, enum eval_purpose purpose,
    uint32_t phase, bool late)
{
	add_node(request_for(g, node_step(n), purpose, phase, late), n);
}

void
ask_again(struct graph *g, struct task *t, struct step *s, uint32_t phase)
{
	add_node(request_for(g, s, EVAL_AGAIN, phase, true), &t->node);
}

static void
ask_constants(struct graph *g, struct step *s)
{
	if (s->layout->constant_count)
		g->constants[s->index].asked = request_for(g, s,
				EVAL_CONSTANTS, 0, false);
}

/* Ask what the defaults form S gives for the first attempt. */
static void
ask_first_attempt(struct graph *g, struct step *s)
{
	struct task *t = &g->first_attempts[s->ordinal];

	t->step = s;
	t->rows = rows_new(g, s);
	if (s->layout->phase_count)
		ask(g, &t->node, EVAL_PHASE, 0, false);
}

/* Whether some task or fan-out of S is there from the beginning, and asks for
 * the constants of S itself. */
static bool
is_early(const struct step *s)
{
	const struct level *l = s->level;

	for (l = l->opener == s ? l->parent : l; l->opener; l = l->parent)
		if (l->opener->layout->foreach_late)
			return false;
	return !s->layout->foreach_late;
}

void
ask_first(struct graph *g)
{
	uint32_t i;

	for (i = 0; i < g->rules->step_count; i++) {
		struct step *s = g->rules->steps[i];

		if (!s->name || s->template->pattern >= 0 || !is_early(s))
			ask_constants(g, s);
		if (!s->name)
			ask_first_attempt(g, s);
	}
}

struct eval_request *
graph_take_eval(struct graph *g)
{
	struct eval_request *q = g->first_eval;

	if (!q)
		return NULL;
	g->first_eval = q->next;
	if (!g->first_eval)
		g->last_eval = NULL;
	q->next = NULL;
	if (g->asked[q->step->index] == q)
		g->asked[q->step->index] = NULL;
	return q;
}

bool
have_constants(struct graph *g, struct node *n, bool late)
{
	struct step *s = node_step(n);
	struct constants *c = &g->constants[s->index];

	if (!s->layout->constant_count || c->row)
		return true;
	if (!c->asked) {
		ask(g, n, EVAL_CONSTANTS, 0, late);
		c->asked = g->asked[s->index];
	}
	node_list_push(&c->waiting, n);
	return false;
}

/* ---- what is asked ---- */

static void
put_numbers(struct strbuf *sb, const uint32_t *v, uint32_t count)
{
	uint32_t i;

	cbor_put_array(sb, count);
	for (i = 0; i < count; i++)
		cbor_put_uint(sb, v[i]);
}

/* The names of the first phase of a fan-out's task that is evaluated again:
 * those that the fan-out brought, and its own variables. */
static uint32_t *
own_names(const struct template *t, const struct phase *ph, uint32_t *count)
{
	uint32_t *names = xcalloc(t->name_count + 1, sizeof(*names)), i;

	for (i = 0; i < ph->name_count; i++)
		names[(*count)++] = ph->names[i];
	for (i = 0; i < t->name_count; i++)
		if (t->names[i].kind == WIRE_NAME_FOREACH)
			names[(*count)++] = i;
	return names;
}

/* The names that each item of Q brings. */
static const uint32_t *
request_names(const struct eval_request *q, uint32_t *count,
	      uint32_t **scratch)
{
	const struct layout *l = q->step->layout;
	const struct phase *ph;
	uint32_t *both, i, k;

	*scratch = NULL;
	*count = 0;
	switch (q->purpose) {
	case EVAL_CONSTANTS:
		return NULL;
	case EVAL_PHASE:
	case EVAL_AGAIN:
		if (!q->phase && q->step->template->foreach_count)
			return *scratch = own_names(q->step->template,
						    &l->phases[0], count);
		*count = l->phases[q->phase].name_count;
		return l->phases[q->phase].names;
	case EVAL_WHEN:
		*count = q->step->template->when->need_count;
		return q->step->template->when->needs;
	case EVAL_FOREACH:
		break;
	}
	ph = &l->phases[0];
	both = xcalloc(ph->name_count + l->foreach_name_count + 1,
		       sizeof(*both));
	for (i = 0; i < ph->name_count; i++)
		both[(*count)++] = ph->names[i];
	for (i = 0; i < l->foreach_name_count; i++) {
		for (k = 0; k < *count && both[k] != l->foreach_names[i]; k++)
			;
		if (k == *count)
			both[(*count)++] = l->foreach_names[i];
	}
	*scratch = both;
	return both;
}

void
graph_eval_job(const struct eval_request *q, struct strbuf *payload)
{
	const struct layout *l = q->step->layout;
	const uint32_t *names, *thunks = NULL;
	uint32_t name_count, thunk_count = 0, *scratch;

	names = request_names(q, &name_count, &scratch);
	if (q->purpose == EVAL_PHASE || q->purpose == EVAL_AGAIN ||
	    q->purpose == EVAL_FOREACH) {
		thunks = l->phases[q->phase].thunks;
		thunk_count = l->phases[q->phase].thunk_count;
	} else if (q->purpose == EVAL_WHEN) {
		thunks = &q->step->template->when->index;
		thunk_count = 1;
	}
	cbor_put_map(payload, q->careful ? 6 : 5);
	cbor_put_str(payload, "step");
	cbor_put_uint(payload, q->step->index);
	cbor_put_str(payload, "foreach");
	cbor_put_bool(payload, q->purpose == EVAL_FOREACH);
	cbor_put_str(payload, "constants");
	if (q->purpose == EVAL_CONSTANTS)
		put_numbers(payload, l->constants, l->constant_count);
	else
		cbor_put_array(payload, 0);
	cbor_put_str(payload, "thunks");
	put_numbers(payload, thunks, thunk_count);
	cbor_put_str(payload, "names");
	put_numbers(payload, names, name_count);
	if (q->careful) {
		cbor_put_str(payload, "careful");
		cbor_put_bool(payload, true);
	}
	free(scratch);
}

void
graph_eval_items(struct graph *g, const struct eval_request *q,
		 uint32_t first, uint32_t count, struct strbuf *payload)
{
	const uint32_t *names;
	uint32_t name_count, *scratch, i, k;

	names = request_names(q, &name_count, &scratch);
	cbor_put_array(payload, count);
	for (i = first; i < first + count; i++) {
		cbor_put_array(payload, name_count);
		for (k = 0; k < name_count; k++)
			graph_bind(g, q->step, q->nodes[i], names[k],
				   payload);
	}
	free(scratch);
}
