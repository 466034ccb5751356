/*
 * Implicit rules: (pattern STEM).  For a file that a target or an input names
 * and that no other step makes, the rule whose inputs can be had, then the
 * shortest stem, then the first in the file; a chain of rules uses none
 * twice.  GNU Make searches in the same way ("Implicit Rule Search").
 */
#include "base/base.h"

#include "model/graph.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/path.h"
#include "base/strbuf.h"
#include "model/graph-internal.h"
#include "model/value.h"
#include "model/words.h"

/* A search: which rules the chain uses already. */
struct search {
	struct graph *g;
	bool *used;              /* by step index */
};

/* A rule that could make a file. */
struct candidate {
	struct step *step;
	char *stem;              /* owned */
};

/* The name that E gives with "%" for the stem; false when only an evaluation
 * could tell. */
static bool
shape_of(const struct step *s, const struct expr *e, struct strbuf *shape)
{
	const struct template *t = s->template;
	struct words w = WORDS_INIT;
	uint32_t i;
	bool plain = true;

	switch (e->kind) {
	case WIRE_EXPR_CONST:
		plain = !value_words(e->value, e->value_len, &w, NULL) &&
			w.count == 1;
		if (plain)
			strbuf_adds(shape, w.v[0]);
		words_release(&w);
		return plain;
	case WIRE_EXPR_NAME:
		strbuf_addch(shape, '%');
		return t->names[e->index].kind == WIRE_NAME_PATTERN;
	case WIRE_EXPR_THUNK:
		return false;
	case WIRE_EXPR_PIECES:
		break;
	}
	for (i = 0; i < e->piece_count; i++) {
		const struct piece *p = &e->pieces[i];

		if (!p->expr)
			strbuf_add(shape, p->text, p->len);
		else if (p->expr->kind != WIRE_EXPR_NAME ||
			 !shape_of(s, p->expr, shape))
			return false;
	}
	return true;
}

/* Expression number I of what rule T reads (or makes, when OUTPUT), its
 * redirection last; NULL behind that. */
static const struct expr *
file_expr(const struct template *t, bool output, uint32_t i)
{
	uint32_t count = output ? t->output_count : t->input_count;

	if (i < count)
		return output ? &t->outputs[i].expr : &t->inputs[i].expr;
	if (i > count)
		return NULL;
	return output ? t->recipe.stdout_file : t->recipe.stdin_file;
}

void
pattern_fill(struct strbuf *out, const char *shape, const char *stem)
{
	const char *mark = strchr(shape, '%');

	if (!mark) {
		strbuf_adds(out, shape);
		return;
	}
	strbuf_add(out, shape, (size_t)(mark - shape));
	strbuf_adds(out, stem);
	strbuf_adds(out, mark + 1);
}

/* The normalized name that SHAPE has for STEM; the caller frees it. */
static char *
filled_path(const char *shape, const char *stem)
{
	struct strbuf text = STRBUF_INIT;
	char *path;

	pattern_fill(&text, shape, stem);
	path = path_normalize(text.buf);
	strbuf_release(&text);
	return path;
}

static bool search_best(struct search *s, const char *path,
			struct candidate *best);

/* Whether PATH is there, or some task makes it, or a chain of rules could.
 * The depth is bounded by the number of pattern rules. */
static bool
can_have(struct search *s, const char *path)
{
	struct candidate c = { NULL, NULL };
	const struct file *f = file_find(s->g, path);
	bool found;

	if ((f && f->maker) || s->g->world.exists(s->g->world.data, path))
		return true;
	found = search_best(s, path, &c);
	free(c.stem);
	return found;
}

/* Whether all inputs of STEP for STEM can be had. */
static bool
inputs_can_be_had(struct search *s, const struct step *step, const char *stem)
{
	const struct expr *e;
	uint32_t i;
	bool had = true;

	s->used[step->index] = true;
	for (i = 0; had && (e = file_expr(step->template, false, i)); i++) {
		struct strbuf shape = STRBUF_INIT;

		if (shape_of(step, e, &shape)) {
			char *path = filled_path(shape.buf, stem);

			had = can_have(s, path);
			free(path);
		}
		strbuf_release(&shape);
	}
	s->used[step->index] = false;
	return had;
}

/* The best rule for PATH; false: none. */
static bool
search_best(struct search *s, const char *path, struct candidate *best)
{
	uint32_t i, k;

	for (i = 0; i < s->g->pattern_count; i++) {
		struct step *step = s->g->patterns[i];
		const struct expr *e;

		for (k = 0; !s->used[step->index] &&
		     (e = file_expr(step->template, true, k)); k++) {
			struct strbuf shape = STRBUF_INIT;
			const char *stem;
			size_t len;
			char *copy;

			if (!shape_of(step, e, &shape) ||
			    !path_match(shape.buf, path, &stem, &len) ||
			    (best->stem && strlen(best->stem) <= len)) {
				strbuf_release(&shape);
				continue;
			}
			strbuf_release(&shape);
			copy = xstrndup(stem, len);
			if (inputs_can_be_had(s, step, copy)) {
				free(best->stem);
				best->step = step;
				best->stem = copy;
			} else {
				free(copy);
			}
		}
	}
	return best->step;
}

/* The task of rule STEP for STEM, entered as the maker of its files. */
static struct task *
pattern_task(struct graph *g, struct step *step, const char *stem,
	     struct error *err)
{
	struct strbuf key = STRBUF_INIT;
	const struct expr *e;
	struct task *t;
	uint32_t i;

	strbuf_adds(&key, step->name);
	strbuf_addch(&key, '\0');
	strbuf_adds(&key, stem);
	t = map_get(&g->pattern_tasks, key.buf, key.len);
	if (t) {
		strbuf_release(&key);
		return t;
	}
	t = task_new(g, step, g->root);
	t->stem = arena_strdup(&g->arena, stem);
	map_set(&g->pattern_tasks, key.buf, key.len, t);
	strbuf_release(&key);
	for (i = 0; (e = file_expr(step->template, true, i)); i++) {
		struct strbuf shape = STRBUF_INIT;

		if (shape_of(step, e, &shape)) {
			char *path = filled_path(shape.buf, stem);
			struct file *f = file_get(g, path);

			if (!f->maker)
				f->maker = t;
			free(path);
		}
		strbuf_release(&shape);
	}
	return task_advance(g, t, err) ? NULL : t;
}

int
pattern_find(struct graph *g, const char *path, struct task **found,
	     struct error *err)
{
	struct search s = { g, NULL };
	struct candidate best = { NULL, NULL };

	*found = NULL;
	if (!g->pattern_count)
		return 0;
	s.used = xcalloc(g->rules->step_count + 1, sizeof(*s.used));
	if (search_best(&s, path, &best))
		*found = pattern_task(g, best.step, best.stem, err);
	free(s.used);
	if (best.step && !*found) {
		free(best.stem);
		return -1;
	}
	free(best.stem);
	return 0;
}

int
patterns_check(const struct graph *g, struct error *err)
{
	uint32_t i, k;

	for (i = 0; i < g->pattern_count; i++) {
		const struct step *s = g->patterns[i];
		const struct template *t = s->template;

		for (k = 0; k < t->output_count; k++) {
			const struct expr *e = &t->outputs[k].expr;
			struct strbuf shape = STRBUF_INIT;
			bool good = shape_of(s, e, &shape) &&
				strchr(shape.buf, '%');

			strbuf_release(&shape);
			if (!good)
				return step_error(s, e->line, e->column, err,
					"an output of a pattern rule must be "
					"a string with %% or the stem in it");
		}
	}
	return 0;
}
