/*
 * Expressions as words.
 */
#include "base/base.h"

#include "model/expr.h"

#include <stdarg.h>

#include "base/error.h"
#include "base/strbuf.h"
#include "model/graph.h"
#include "model/value.h"
#include "model/words.h"

/* The name of E: its own, or that of the file or variable that it gives, or
 * NULL. */
static const char *
name_of(const struct step *step, const struct expr *e)
{
	const struct template *t = step->template;
	const struct binder *b = NULL;
	uint32_t i;

	if (e->kind == WIRE_EXPR_NAME)
		return t->names[e->index].text;
	for (i = 0; i < t->annotation_count; i++)
		if (t->annotations[i].expr == e &&
		    t->annotations[i].clause == CLAUSE_ENVIRONMENT)
			return t->annotations[i].key;
	for (i = 0; !b && i < t->input_count; i++)
		b = &t->inputs[i].expr == e ? &t->inputs[i] : NULL;
	for (i = 0; !b && i < t->output_count; i++)
		b = &t->outputs[i].expr == e ? &t->outputs[i] : NULL;
	return b && b->name >= 0 ? t->names[b->name].text : NULL;
}

int
expr_error(const struct step *step, const struct expr *e, struct error *err,
	   const char *format, ...)
{
	const char *name = name_of(step, e);
	struct strbuf text = STRBUF_INIT;
	va_list ap;

	if (name)
		strbuf_addf(&text, "'%s': ", name);
	va_start(ap, format);
	strbuf_vaddf(&text, format, ap);
	va_end(ap);
	step_error(step, e->line, e->column, err, "%s", text.buf);
	strbuf_release(&text);
	return -1;
}

/* A value that is looked at, and the room that it needs. */
struct loan {
	const char *value;
	size_t len;
	struct strbuf scratch;
	struct strbuf loaded;
};

/* Fill L, which is released in any case, with the value of E. */
static int
loan_take(struct loan *l, struct graph *g, const struct step *step,
	  const struct node *n, const struct expr *e, struct error *err)
{
	int ret = 0;

	strbuf_init(&l->scratch);
	strbuf_init(&l->loaded);
	l->value = graph_value(g, step, n, e, &l->scratch, &l->len);
	if (e->kind == WIRE_EXPR_NAME && value_has_objects(l->value, l->len)) {
		ret = graph_load_value(g, l->value, l->len, &l->loaded, err);
		l->value = l->loaded.buf;
		l->len = l->loaded.len;
	}
	return ret;
}

static void
loan_release(struct loan *l)
{
	strbuf_release(&l->loaded);
	strbuf_release(&l->scratch);
}

/* WHY, released, is what is wrong with E. */
static int
fail_at(const struct step *step, const struct expr *e, struct error *why,
	struct error *err)
{
	expr_error(step, e, err, "%s", why->text);
	error_release(why);
	return -1;
}

/* The words of an expression that has a value. */
static int
value_expr_words(struct graph *g, const struct step *step,
		 const struct node *n, const struct expr *e, struct words *w,
		 struct error *err)
{
	struct error why = ERROR_INIT;
	struct loan l;
	int ret = loan_take(&l, g, step, n, e, &why) ||
		value_words(l.value, l.len, w, &why);

	loan_release(&l);
	return ret ? fail_at(step, e, &why, err) : 0;
}

static int
value_expr_text(struct graph *g, const struct step *step,
		const struct node *n, const struct expr *e,
		struct strbuf *out, struct error *err)
{
	struct error why = ERROR_INIT;
	struct loan l;
	int ret = loan_take(&l, g, step, n, e, &why) ||
		value_text(l.value, l.len, out, &why);

	loan_release(&l);
	return ret ? fail_at(step, e, &why, err) : 0;
}

/* Append what the pieces of E make, with STEM, if there is one, for each "%"
 * in those that are text. */
static int
pieces_text(struct graph *g, const struct step *step, const struct node *n,
	    const struct expr *e, const char *stem, struct strbuf *out,
	    struct error *err)
{
	uint32_t i;
	int ret = 0;

	for (i = 0; !ret && i < e->piece_count; i++) {
		const struct piece *p = &e->pieces[i];

		if (p->expr)
			ret = expr_text(g, step, n, p->expr, out, err);
		else if (stem)
			stem_fill(out, p->text, p->len, stem);
		else
			strbuf_add(out, p->text, p->len);
	}
	return ret;
}

int
expr_text(struct graph *g, const struct step *step, const struct node *n,
	  const struct expr *e, struct strbuf *out, struct error *err)
{
	size_t before = out->len;
	int ret;

	if (e->kind != WIRE_EXPR_PIECES)
		ret = value_expr_text(g, step, n, e, out, err);
	else
		ret = pieces_text(g, step, n, e, NULL, out, err);
	if (ret)
		strbuf_truncate(out, before);
	return ret;
}

/* The one word that pieces_text makes. */
static int
pieces_word(struct graph *g, const struct step *step, const struct node *n,
	    const struct expr *e, const char *stem, struct words *w,
	    struct error *err)
{
	int ret;

	strbuf_reset(&w->word);
	ret = pieces_text(g, step, n, e, stem, &w->word, err);
	if (!ret)
		words_add(w, w->word.buf, w->word.len);
	return ret;
}

int
expr_words(struct graph *g, const struct step *step, const struct node *n,
	   const struct expr *e, struct words *w, struct error *err)
{
	if (e->kind != WIRE_EXPR_PIECES)
		return value_expr_words(g, step, n, e, w, err);
	return pieces_word(g, step, n, e, NULL, w, err);
}

void
stem_fill(struct strbuf *out, const char *text, size_t len, const char *stem)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (text[i] == '%')
			strbuf_adds(out, stem);
		else
			strbuf_addch(out, text[i]);
	}
}

/* Whether what E gives is as written, with no stem in it yet: not what another
 * step gave, nor what was computed of the stem. */
static bool
has_no_stem(const struct step *step, const struct expr *e)
{
	uint32_t i;

	if (e->kind == WIRE_EXPR_NAME)
		return false;
	for (i = 0; i < e->need_count; i++)
		if (step->template->names[e->needs[i]].kind != WIRE_NAME_FROM)
			return false;
	return true;
}

/* The words of E as they are, none of a list-file. */
static int
file_words_as_written(struct graph *g, const struct step *step,
		      const struct node *n, const struct expr *e,
		      struct words *w, struct error *err)
{
	if (expr_words(g, step, n, e, w, err))
		return -1;
	if (!w->list_file)
		return 0;
	w->count = 0;
	return expr_error(step, e, err, "a list-file is made for the recipe, "
			  "and no file of the project; give the list itself");
}

int
file_words(struct graph *g, const struct step *step, const struct node *n,
	   const struct expr *e, struct words *w, struct error *err)
{
	const struct task *t = (const struct task *)n;
	const char *stem = n->kind == NODE_TASK ? t->stem : NULL;
	struct words plain = WORDS_INIT;
	size_t i;
	int ret;

	if (stem && e->kind == WIRE_EXPR_PIECES)
		return pieces_word(g, step, n, e, stem, w, err);
	if (!stem || !has_no_stem(step, e))
		return file_words_as_written(g, step, n, e, w, err);
	ret = file_words_as_written(g, step, n, e, &plain, err);
	for (i = 0; !ret && i < plain.count; i++) {
		strbuf_reset(&w->word);
		stem_fill(&w->word, plain.v[i], plain.lens[i], stem);
		words_add(w, w->word.buf, w->word.len);
	}
	w->is_list |= plain.is_list;
	words_release(&plain);
	return ret;
}
