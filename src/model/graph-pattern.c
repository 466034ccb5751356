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
#include "model/expr.h"
#include "model/graph-internal.h"
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

/* Append the text of E if it is known for the whole step.  A "%" in it is a
 * stem only where it is WRITTEN, not in a text that is inserted. */
static bool
add_constant(struct graph *g, const struct step *s, const struct expr *e,
	     bool written, struct strbuf *shape)
{
	struct words w = WORDS_INIT;
	bool good;

	if (e->kind == WIRE_EXPR_THUNK &&
	    (e->need_count || !g->constants[s->index].row))
		return false;
	good = !expr_words(g, s, NULL, e, &w, NULL) && w.count == 1 &&
		!w.is_list && (written || !strchr(w.v[0], '%'));
	if (good)
		strbuf_adds(shape, w.v[0]);
	words_release(&w);
	return good;
}

/* Append the name that E gives with "%" for the stem; false when only an
 * evaluation could tell. */
static bool
add_shape(struct graph *g, const struct step *s, const struct expr *e,
	  struct strbuf *shape)
{
	const struct template *t = s->template;
	uint32_t i;

	if (e->kind == WIRE_EXPR_NAME) {
		strbuf_addch(shape, '%');
		return t->names[e->index].kind == WIRE_NAME_PATTERN;
	}
	if (e->kind != WIRE_EXPR_PIECES)
		return add_constant(g, s, e, true, shape);
	for (i = 0; i < e->piece_count; i++) {
		const struct piece *p = &e->pieces[i];

		if (!p->expr)
			strbuf_add(shape, p->text, p->len);
		else if (p->expr->kind == WIRE_EXPR_NAME ?
			 !add_shape(g, s, p->expr, shape) :
			 !add_constant(g, s, p->expr, false, shape))
			return false;
	}
	return true;
}

/* The same, normalized. */
static bool
shape_of(struct graph *g, const struct step *s, const struct expr *e,
	 struct strbuf *shape)
{
	char *path;

	if (!add_shape(g, s, e, shape))
		return false;
	path = path_normalize(shape->buf);
	strbuf_reset(shape);
	strbuf_adds(shape, path);
	free(path);
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

/* The normalized name that SHAPE has for STEM; the caller frees it. */
static char *
filled_path(const char *shape, const char *stem)
{
	struct strbuf text = STRBUF_INIT;
	char *path;

	stem_fill(&text, shape, strlen(shape), stem);
	path = path_normalize(text.buf);
	strbuf_release(&text);
	return path;
}

static bool search_best(struct search *s, const char *path,
			struct candidate *best);

/* Whether PATH is there, or some task makes it, or one that is not known yet
 * has made it before and may again, or a chain of rules could.  The depth is
 * bounded by the number of pattern rules. */
static bool
can_have(struct search *s, const char *path)
{
	struct candidate c = { NULL, NULL };
	const struct file *f = file_find(s->g, path);
	bool found;

	if ((f && f->maker) || s->g->world.exists(s->g->world.data, path) ||
	    file_may_be_made(s->g, path))
		return true;
	found = search_best(s, path, &c);
	free(c.stem);
	return found;
}

/* The first input of STEP for STEM that cannot be had, which the caller frees,
 * or NULL. */
static char *
missing_input(struct search *s, const struct step *step, const char *stem)
{
	const struct expr *e;
	char *path = NULL;
	uint32_t i;

	s->used[step->index] = true;
	for (i = 0; !path && (e = file_expr(step->template, false, i)); i++) {
		struct strbuf shape = STRBUF_INIT;

		if (shape_of(s->g, step, e, &shape)) {
			path = filled_path(shape.buf, stem);
			if (can_have(s, path)) {
				free(path);
				path = NULL;
			}
		}
		strbuf_release(&shape);
	}
	s->used[step->index] = false;
	return path;
}

/* The stem for which E, an output of STEP, is PATH; the caller frees; NULL:
 * there is none. */
static char *
stem_for(struct graph *g, const struct step *step, const struct expr *e,
	 const char *path)
{
	struct strbuf shape = STRBUF_INIT;
	char *copy = NULL;
	const char *stem;
	size_t len;

	if (shape_of(g, step, e, &shape) &&
	    path_match(shape.buf, path, &stem, &len))
		copy = xstrndup(stem, len);
	strbuf_release(&shape);
	return copy;
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
			char *stem = stem_for(s->g, step, e, path), *missing;

			if (!stem || (best->stem &&
				      strlen(best->stem) <= strlen(stem))) {
				free(stem);
				continue;
			}
			missing = missing_input(s, step, stem);
			if (missing) {
				free(missing);
				free(stem);
			} else {
				free(best->stem);
				best->step = step;
				best->stem = stem;
			}
		}
	}
	return best->step;
}

void
graph_add_hint(struct graph *g, const char *path, struct strbuf *out)
{
	struct search s = { g, NULL };
	char *name = path_normalize(path), *missing = NULL;
	uint32_t i, k;

	s.used = xcalloc(g->rules->step_count + 1, sizeof(*s.used));
	for (i = 0; !missing && i < g->pattern_count; i++) {
		const struct step *step = g->patterns[i];
		const struct expr *e;

		for (k = 0; !missing &&
		     (e = file_expr(step->template, true, k)); k++) {
			char *stem = stem_for(g, step, e, name);

			if (stem)
				missing = missing_input(&s, step, stem);
			if (missing)
				strbuf_addf(out, "; step '%s' would make it "
					    "from '%s'", step->name, missing);
			free(stem);
		}
	}
	free(missing);
	free(s.used);
	free(name);
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
	t = task_new(g, step, g->root, nodes_reserve(g, 1));
	t->stem = arena_strdup(&g->arena, stem);
	map_set(&g->pattern_tasks, key.buf, key.len, t);
	strbuf_release(&key);
	for (i = 0; (e = file_expr(step->template, true, i)); i++) {
		struct strbuf shape = STRBUF_INIT;

		if (shape_of(g, step, e, &shape)) {
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
patterns_check(struct graph *g, struct error *err)
{
	uint32_t i, k;

	for (i = 0; i < g->pattern_count; i++) {
		const struct step *s = g->patterns[i];
		const struct template *t = s->template;
		const struct expr *e;

		if (!file_expr(t, true, 0))
			return step_error(s, t->line, t->column, err,
					  "a pattern rule needs an output");
		for (k = 0; (e = file_expr(t, true, k)); k++) {
			struct strbuf shape = STRBUF_INIT;
			bool good = shape_of(g, s, e, &shape) &&
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
