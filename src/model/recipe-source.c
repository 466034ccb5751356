/*
 * Recipes as people know them: what the Flowfile says, with what is the same
 * in all tasks filled in.
 */
#include "base/base.h"

#include "model/recipe.h"

#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "model/expr.h"
#include "model/graph.h"
#include "model/rules.h"
#include "model/value.h"

/* What is being written. */
struct source {
	struct graph *graph;
	const struct task *task;
	bool fills;           /* constants are the same in all tasks */
	struct strbuf *out;
};

/* Append the value that E has in S's task, or in all. */
static void
add_constant(const struct source *s, const struct expr *e)
{
	const struct step *step = s->task->step;
	struct strbuf scratch = STRBUF_INIT;
	const char *value;
	size_t len;

	if (expr_text(s->graph, step, &s->task->node, e, s->out, NULL)) {
		value = graph_value(s->graph, step, &s->task->node, e,
				    &scratch, &len);
		value_print(value, len, 0, s->out);
	}
	strbuf_release(&scratch);
}

/* Append "#{name}", or of an expression the names that it needs. */
static void
add_hole(const struct source *s, const struct expr *e)
{
	const struct template *tm = s->task->step->template;
	uint32_t i;

	strbuf_adds(s->out, "#{");
	if (e->kind == WIRE_EXPR_NAME) {
		strbuf_adds(s->out, tm->names[e->index].text);
	} else {
		strbuf_adds(s->out, "...");
		for (i = 0; i < e->need_count; i++)
			strbuf_addf(s->out, " %s",
				    tm->names[e->needs[i]].text);
	}
	strbuf_addch(s->out, '}');
}

/* Whether all tasks have one value of E. */
static bool
is_constant(const struct source *s, const struct expr *e)
{
	return e->kind == WIRE_EXPR_CONST ||
	       (e->kind == WIRE_EXPR_THUNK && !e->need_count && s->fills);
}

static void
add_expr(const struct source *s, const struct expr *e)
{
	if (is_constant(s, e))
		add_constant(s, e);
	else
		add_hole(s, e);
}

static void
add_pieces(const struct source *s, const struct piece *p, uint32_t count)
{
	uint32_t i;

	for (i = 0; i < count; i++) {
		if (p[i].expr)
			add_expr(s, p[i].expr);
		else
			strbuf_add(s->out, p[i].text, p[i].len);
	}
}

/* Append E as an argument, in quotes if it would not be seen as one. */
static void
add_word(const struct source *s, const struct expr *e)
{
	size_t start = s->out->len;
	char *word;

	if (e->kind == WIRE_EXPR_PIECES)
		add_pieces(s, e->pieces, e->piece_count);
	else
		add_expr(s, e);
	if (s->out->len > start && !strpbrk(s->out->buf + start, " \t\n'\""))
		return;
	if (e->kind != WIRE_EXPR_PIECES && e->kind != WIRE_EXPR_CONST)
		return;
	word = xstrdup(s->out->buf + start);
	strbuf_truncate(s->out, start);
	strbuf_addf(s->out, "'%s'", word);
	free(word);
}

static void
add_command(const struct source *s, const struct recipe *r)
{
	uint32_t i;

	for (i = 0; i < r->word_count; i++) {
		if (i)
			strbuf_addch(s->out, ' ');
		add_word(s, &r->words[i]);
	}
	if (r->stdin_file) {
		strbuf_adds(s->out, " < ");
		add_word(s, r->stdin_file);
	}
	if (r->stdout_file) {
		strbuf_adds(s->out, " > ");
		add_word(s, r->stdout_file);
	}
}

void
recipe_add_source(struct graph *g, const struct task *t, bool fills,
		  struct strbuf *out)
{
	const struct recipe *r = &t->step->template->recipe;
	struct source s = { g, t, fills, out };

	switch (r->kind) {
	case RECIPE_NONE:
	case RECIPE_SCHEME:
		return;
	case RECIPE_SHELL:
		add_pieces(&s, r->pieces, r->piece_count);
		return;
	case RECIPE_EXEC:
		add_command(&s, r);
		return;
	case RECIPE_SCRIPT:
		strbuf_add(out, r->text, r->text_len);
		return;
	}
}

/* ---- values ---- */

/* Whether E needs a path that is known only where the task runs. */
static bool
needs_result(const struct source *s, const struct expr *e)
{
	const struct name *names = s->task->step->template->names;
	uint32_t i;

	for (i = 0; i < e->need_count; i++)
		if (names[e->needs[i]].kind == WIRE_NAME_RESULT)
			return true;
	return false;
}

/* Append the value that E, an expression, has in S's task. */
static void
add_value(const struct source *s, const struct expr *e)
{
	if (e->kind != WIRE_EXPR_THUNK || is_constant(s, e) ||
	    needs_result(s, e))
		return;
	if (s->out->len)
		strbuf_adds(s->out, ", ");
	add_constant(s, e);
}

static void
add_values(const struct source *s, const struct piece *p, uint32_t count)
{
	uint32_t i;

	for (i = 0; i < count; i++)
		if (p[i].expr)
			add_value(s, p[i].expr);
}

/* Append those in the argument E. */
static void
add_word_values(const struct source *s, const struct expr *e)
{
	if (e && e->kind == WIRE_EXPR_PIECES)
		add_values(s, e->pieces, e->piece_count);
	else if (e)
		add_value(s, e);
}

void
recipe_add_values(struct graph *g, const struct task *t, bool fills,
		  struct strbuf *out)
{
	const struct recipe *r = &t->step->template->recipe;
	struct source s = { g, t, fills, out };
	uint32_t i;

	if (r->kind == RECIPE_SHELL)
		add_values(&s, r->pieces, r->piece_count);
	if (r->kind != RECIPE_EXEC)
		return;
	for (i = 0; i < r->word_count; i++)
		add_word_values(&s, &r->words[i]);
	add_word_values(&s, r->stdin_file);
	add_word_values(&s, r->stdout_file);
}
