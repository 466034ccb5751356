/*
 * Expressions as words.
 */
#include "base/base.h"

#include "model/expr.h"

#include "base/error.h"
#include "base/strbuf.h"
#include "model/graph.h"
#include "model/value.h"
#include "model/words.h"

/* The words of an expression that has a value. */
static int
value_expr_words(struct graph *g, const struct step *step,
		 const struct node *n, const struct expr *e, struct words *w,
		 struct error *err)
{
	struct strbuf scratch = STRBUF_INIT, loaded = STRBUF_INIT;
	struct error why = ERROR_INIT;
	const char *value;
	size_t len;
	int ret = 0;

	value = graph_value(g, step, n, e, &scratch, &len);
	if (e->kind == WIRE_EXPR_NAME && value_has_objects(value, len)) {
		ret = graph_load_value(g, value, len, &loaded, &why);
		value = loaded.buf;
		len = loaded.len;
	}
	if (!ret)
		ret = value_words(value, len, w, &why);
	if (ret)
		step_error(step, e->line, e->column, err, "%s", why.text);
	error_release(&why);
	strbuf_release(&loaded);
	strbuf_release(&scratch);
	return ret;
}

int
expr_text(struct graph *g, const struct step *step, const struct node *n,
	  const struct expr *e, struct strbuf *out, struct error *err)
{
	struct words w = WORDS_INIT;
	size_t i;
	int ret = expr_words(g, step, n, e, &w, err);

	for (i = 0; !ret && i < w.count; i++) {
		if (i)
			strbuf_addch(out, ' ');
		strbuf_add(out, w.v[i], w.lens[i]);
	}
	words_release(&w);
	return ret;
}

/* The word that the pieces of E make, with STEM, if there is one, for each "%"
 * in those that are text. */
static int
pieces_word(struct graph *g, const struct step *step, const struct node *n,
	    const struct expr *e, const char *stem, struct words *w,
	    struct error *err)
{
	struct strbuf text = STRBUF_INIT;
	uint32_t i;
	int ret = 0;

	for (i = 0; !ret && i < e->piece_count; i++) {
		const struct piece *p = &e->pieces[i];

		if (p->expr)
			ret = expr_text(g, step, n, p->expr, &text, err);
		else if (stem)
			stem_fill(&text, p->text, p->len, stem);
		else
			strbuf_add(&text, p->text, p->len);
	}
	if (!ret)
		words_add(w, text.buf, text.len);
	strbuf_release(&text);
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

/* Whether what E gives is as written, with no stem in it yet. */
static bool
has_no_stem(const struct step *step, const struct expr *e)
{
	uint32_t i;

	for (i = 0; i < e->need_count; i++)
		if (step->template->names[e->needs[i]].kind != WIRE_NAME_FROM)
			return false;
	return true;
}

int
file_words(struct graph *g, const struct step *step, const struct node *n,
	   const struct expr *e, struct words *w, struct error *err)
{
	const struct task *t = (const struct task *)n;
	const char *stem = n->kind == NODE_TASK ? t->stem : NULL;
	struct words plain = WORDS_INIT;
	struct strbuf text = STRBUF_INIT;
	size_t i;
	int ret;

	if (stem && e->kind == WIRE_EXPR_PIECES)
		return pieces_word(g, step, n, e, stem, w, err);
	if (!stem || !has_no_stem(step, e))
		return expr_words(g, step, n, e, w, err);
	ret = expr_words(g, step, n, e, &plain, err);
	for (i = 0; !ret && i < plain.count; i++) {
		strbuf_reset(&text);
		stem_fill(&text, plain.v[i], plain.lens[i], stem);
		words_add(w, text.buf, text.len);
	}
	w->is_list |= plain.is_list;
	strbuf_release(&text);
	words_release(&plain);
	return ret;
}
