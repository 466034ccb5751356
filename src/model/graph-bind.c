/*
 * The values that names have in a task or an opening, as they go to the
 * evaluator and into recipes.
 */
#include "base/base.h"

#include "model/graph.h"

#include <stdlib.h>
#include <string.h>

#include "base/cbor.h"
#include "base/path.h"
#include "base/strbuf.h"
#include "model/expr.h"
#include "model/graph-internal.h"
#include "model/object-path.h"
#include "model/standin.h"
#include "model/words.h"

/* ---- who is read ---- */

struct task *
graph_read_task(const struct node *n, const struct import *im)
{
	const struct step *s = node_step(n);
	uint32_t k;

	for (k = 0; k < im->ref_count; k++) {
		struct task *t = graph_find_task(
				s->imported[im->first_step + k], node_split(n));

		if (t->node.end != END_SKIPPED || im->ref_count == 1) {
			if (t->node.end == END_SKIPPED)
				return NULL;
			return t;
		}
	}
	return NULL;
}

enum end
graph_joined_end(struct graph *g, const struct node *n,
		 const struct import *im)
{
	struct step *target = node_step(n)->imported[im->first_step];
	struct split *sp = split_at(node_split(n), target->level->parent);

	return group_get(g, target, sp)->node.end;
}

void
graph_each_joined(const struct node *n, const struct import *im,
		  void (*fn)(void *data, struct task *t), void *data)
{
	const struct step *target = node_step(n)->imported[im->first_step];
	struct split *sp = split_at(node_split(n), target->level->parent);
	struct opening *o = opening_towards(sp, target->level);
	uint32_t i;

	for (i = 0; i < o->split_count; i++) {
		struct task *t = o->splits[i]->tasks[target->ordinal];

		if (t->node.end != END_SKIPPED)
			fn(data, t);
	}
}

/* ---- values ---- */

/* An artifact as VALUE. */
static void
put_artifact(struct strbuf *out, const struct artifact *a)
{
	struct strbuf path = STRBUF_INIT;

	if (a->format == ARTIFACT_INLINE) {
		strbuf_add(out, a->value, a->value_len);
		return;
	}
	object_add_path(&path, &a->digest, a->file_name);
	if (artifact_is_file(a)) {
		cbor_put_tag(out, CBOR_TAG_FILE);
	} else {
		cbor_put_tag(out, CBOR_TAG_OBJECT);
		cbor_put_array(out, 2);
		cbor_put_str(out, artifact_format_name(a->format));
	}
	cbor_put_text(out, path.buf, path.len);
	strbuf_release(&path);
}

/* The path of a file as recipes get it. */
static void
put_path(struct strbuf *out, const char *path)
{
	char *plain = path_plain(path);

	cbor_put_str(out, plain);
	free(plain);
}

/* The files that clause number BINDER gave: one path or a list of them. */
static void
put_clause_files(struct strbuf *out, const struct task_file *files,
		 uint32_t count, uint32_t binder)
{
	uint32_t i, n = 0;
	bool in_list = false;

	for (i = 0; i < count; i++) {
		if (files[i].binder != binder)
			continue;
		in_list = files[i].in_list;
		n++;
	}
	if (n != 1 || in_list)
		cbor_put_array(out, n);
	for (i = 0; i < count; i++)
		if (files[i].binder == binder)
			put_path(out, files[i].path);
}

static void
put_all_files(struct strbuf *out, const struct task_file *files, uint32_t count)
{
	uint32_t i;

	cbor_put_array(out, count);
	for (i = 0; i < count; i++)
		put_path(out, files[i].path);
}

/* What task T gives its readers under B. */
static void
put_binding(struct strbuf *out, const struct binding *b, struct task *t)
{
	const char *item;
	size_t len;

	switch (b->kind) {
	case BINDING_RESULT:
		if (t->results)
			put_artifact(out, &t->results[b->index]);
		else
			cbor_put_bool(out, false);
		return;
	case BINDING_OUTPUT:
		if (t->node.end == END_CAUGHT)
			cbor_put_bool(out, false);
		else
			put_clause_files(out, t->outputs, t->output_count,
					 b->index);
		return;
	case BINDING_FOREACH:
		item = row_item(split_at(t->split, b->level)->elements,
				b->index, &len);
		strbuf_add(out, item, len);
		return;
	case BINDING_CATCH:
		if (t->caught)
			strbuf_add(out, t->caught, t->caught_len);
		else
			cbor_put_bool(out, false);
		return;
	}
}

/* A list under construction. */
struct join_list {
	struct strbuf items;
	const struct binding *binding;
	size_t count;
};

static void
join_one(void *data, struct task *t)
{
	struct join_list *j = data;

	put_binding(&j->items, j->binding, t);
	j->count++;
}

static void
bind_import(const struct node *n, const struct name *name, struct strbuf *out)
{
	const struct step *s = node_step(n);
	const struct import *im = &s->template->imports[name->clause];
	const struct binding *b = &s->bindings[im->first_binding + name->item];
	struct join_list list = { STRBUF_INIT, b, 0 };
	struct task *t;
	uint32_t k;

	if (im->is_join) {
		graph_each_joined(n, im, join_one, &list);
		cbor_put_array(out, list.count);
		strbuf_add(out, list.items.buf, list.items.len);
		strbuf_release(&list.items);
		return;
	}
	if (b->kind == BINDING_FOREACH && im->ref_count == 1) {
		struct task whose = { .split = node_split(n) };

		put_binding(out, b, &whose);
		return;
	}
	t = graph_read_task(n, im);
	for (k = 0; t && k < im->ref_count; k++)
		if (s->imported[im->first_step + k] == t->step)
			put_binding(out, b + k * im->item_count, t);
	if (!t)
		cbor_put_bool(out, false);
}

static void
put_words(struct strbuf *out, const struct words *w)
{
	size_t i;

	for (i = 0; i < w->count; i++)
		put_path(out, w->v[i]);
}

/* A file clause whose paths are not entered yet.  What is wrong with them is
 * said when they are. */
static void
bind_clause(struct graph *g, const struct node *n, const struct binder *b,
	    struct strbuf *out)
{
	struct words w = WORDS_INIT;

	file_words(g, node_step(n), n, &b->expr, &w, NULL);
	if (w.is_list || w.count != 1)
		cbor_put_array(out, w.count);
	put_words(out, &w);
	words_release(&w);
}

/* The same for all clauses and the redirection, which may be NULL. */
static void
bind_clauses(struct graph *g, const struct node *n, const struct binder *b,
	     uint32_t count, const struct expr *redirection,
	     struct strbuf *out)
{
	struct words w = WORDS_INIT;
	uint32_t i;

	for (i = 0; i < count; i++)
		file_words(g, node_step(n), n, &b[i].expr, &w, NULL);
	if (redirection)
		file_words(g, node_step(n), n, redirection, &w, NULL);
	cbor_put_array(out, w.count);
	put_words(out, &w);
	words_release(&w);
}

void
graph_bind(struct graph *g, const struct step *step, const struct node *n,
	   uint32_t name, struct strbuf *out)
{
	const struct template *tm = step->template;
	const struct name *nm = &tm->names[name];
	const struct task *t = n->kind == NODE_TASK ? node_task(n) : NULL;
	const char *item;
	size_t len;

	switch (nm->kind) {
	case WIRE_NAME_FROM:
	case WIRE_NAME_JOIN:
		bind_import(n, nm, out);
		return;
	case WIRE_NAME_FOREACH:
		item = row_item(node_split(n)->elements, nm->clause, &len);
		strbuf_add(out, item, len);
		return;
	case WIRE_NAME_INPUT:
		if (t->files_known)
			put_clause_files(out, t->inputs, t->input_count,
					 nm->clause);
		else
			bind_clause(g, n, &tm->inputs[nm->clause], out);
		return;
	case WIRE_NAME_OUTPUT:
		if (t->files_known)
			put_clause_files(out, t->outputs, t->output_count,
					 nm->clause);
		else
			bind_clause(g, n, &tm->outputs[nm->clause], out);
		return;
	case WIRE_NAME_RESULT: {
		struct strbuf text = STRBUF_INIT;

		strbuf_addf(&text, STANDIN_MARK "r%u" STANDIN_MARK,
			    nm->clause);
		cbor_put_text(out, text.buf, text.len);
		strbuf_release(&text);
		return;
	}
	case WIRE_NAME_PATTERN:
		cbor_put_str(out, t->stem);
		return;
	case WIRE_NAME_ATTEMPT:
		cbor_put_uint(out, t ? MAX(t->attempt, 1) : 1);
		return;
	case WIRE_NAME_INPUTS:
		if (t->files_known)
			put_all_files(out, t->inputs, t->input_count);
		else
			bind_clauses(g, n, tm->inputs, tm->input_count,
				     tm->recipe.stdin_file, out);
		return;
	case WIRE_NAME_OUTPUTS:
		if (t->files_known)
			put_all_files(out, t->outputs, t->output_count);
		else
			bind_clauses(g, n, tm->outputs, tm->output_count,
				     tm->recipe.stdout_file, out);
		return;
	case WIRE_NAME_CATCH:
		cbor_put_bool(out, false);
		return;
	}
}

/* The row of T that phase number PHASE of STEP gave.  What a defaults form gave
 * for the first attempt is the same in all tasks. */
static const struct row *
phase_row(const struct graph *g, const struct step *step, const struct task *t,
	  uint32_t phase)
{
	if (!step->name && t->attempt <= 1)
		return g->first_attempts[step->ordinal].rows[phase];
	return t->rows[row_place(t, step, phase)];
}

const char *
graph_value(struct graph *g, const struct step *step, const struct node *n,
	    const struct expr *e, struct strbuf *scratch, size_t *len)
{
	const struct thunk_place *place;
	const struct name *name;
	const struct row *row;

	switch (e->kind) {
	case WIRE_EXPR_CONST:
		*len = e->value_len;
		return e->value;
	case WIRE_EXPR_NAME:
		name = &step->template->names[e->index];
		if (name->kind == WIRE_NAME_FOREACH)
			return row_item(node_split(n)->elements, name->clause,
					len);
		strbuf_reset(scratch);
		graph_bind(g, step, n, e->index, scratch);
		*len = scratch->len;
		return scratch->buf;
	case WIRE_EXPR_THUNK:
		place = &step->layout->places[e->index];
		if (place->phase == PHASE_CONSTANT)
			row = g->constants[step->index].row;
		else if (n->kind == NODE_OPENING)
			row = node_opening(n)->when_row;
		else
			row = phase_row(g, step, node_task(n),
					(uint32_t)place->phase);
		return row_item(row, n && n->kind == NODE_OPENING &&
				place->phase != PHASE_CONSTANT ? 0 :
				place->position, len);
	case WIRE_EXPR_PIECES:
		break;
	}
	bug("pieces have no value of their own");
}

int
graph_load_value(struct graph *g, const char *cbor, size_t len,
		 struct strbuf *out, struct error *err)
{
	if (g->world.load)
		return g->world.load(g->world.data, cbor, len, out, err);
	strbuf_add(out, cbor, len);
	return 0;
}
