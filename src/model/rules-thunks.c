/*
 * What the expressions of a template are for: its thunks by number, and which
 * names are mentioned where.
 */
#include "base/base.h"

#include "model/rules-read.h"

#include <string.h>

#include "base/cbor.h"
#include "model/rules.h"

/* Note that an expression for ROLE mentions name number NAME. */
static void
note_mention(struct cbor *c, struct template *t, uint32_t name,
	     enum thunk_role role)
{
	if (name >= t->name_count)
		c->failed = true;
	else if (role == THUNK_RECIPE)
		t->names[name].in_recipe = true;
	else
		t->names[name].in_clauses = true;
}

static void
note_thunk(struct rules *r, struct cbor *c, struct template *t,
	   const struct expr *e, enum thunk_role role)
{
	uint32_t i;

	for (i = 0; i < e->need_count; i++)
		note_mention(c, t, e->needs[i], role);
	if (e->kind == WIRE_EXPR_NAME && e->index >= t->name_count)
		c->failed = true;
	for (i = 0; i < e->piece_count; i++)
		if (e->pieces[i].expr)
			note_thunk(r, c, t, e->pieces[i].expr, role);
	if (e->kind != WIRE_EXPR_THUNK || c->failed)
		return;
	if (e->index >= 1 << 20) {
		c->failed = true;
		return;
	}
	if (e->index >= t->thunk_count) {
		uint32_t count = MAX(e->index + 1, t->thunk_count * 2);
		struct thunk *thunks = rules_take(r, count, sizeof(*thunks));

		memcpy(thunks, t->thunks, t->thunk_count * sizeof(*thunks));
		t->thunks = thunks;
		t->thunk_count = count;
	}
	t->thunks[e->index].expr = e;
	t->thunks[e->index].role = role;
}

static void
note_binders(struct rules *r, struct cbor *c, struct template *t,
	     const struct binder *b, uint32_t count, enum thunk_role role)
{
	uint32_t i;

	for (i = 0; i < count; i++)
		note_thunk(r, c, t, &b[i].expr, role);
}

void
rules_note_thunks(struct rules *r, struct cbor *c, struct template *t)
{
	const struct recipe *rec = &t->recipe;
	uint32_t i;

	t->thunks = rules_take(r, 4, sizeof(*t->thunks));
	t->thunk_count = 4;
	note_binders(r, c, t, t->foreach, t->foreach_count, THUNK_FOREACH);
	note_binders(r, c, t, t->inputs, t->input_count, THUNK_INPUT);
	note_binders(r, c, t, t->outputs, t->output_count, THUNK_OUTPUT);
	if (t->when)
		note_thunk(r, c, t, t->when, THUNK_WHEN);
	for (i = 0; i < t->annotation_count; i++)
		if (t->annotations[i].expr)
			note_thunk(r, c, t, t->annotations[i].expr,
				   THUNK_ANNOTATION);
	for (i = 0; i < rec->word_count; i++)
		note_thunk(r, c, t, &rec->words[i], THUNK_RECIPE);
	for (i = 0; i < rec->piece_count; i++)
		if (rec->pieces[i].expr)
			note_thunk(r, c, t, rec->pieces[i].expr, THUNK_RECIPE);
	if (rec->stdin_file)
		note_thunk(r, c, t, rec->stdin_file, THUNK_RECIPE);
	if (rec->stdout_file)
		note_thunk(r, c, t, rec->stdout_file, THUNK_RECIPE);
}
