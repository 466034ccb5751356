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
	struct strbuf scratch = STRBUF_INIT;
	struct error why = ERROR_INIT;
	const char *value;
	size_t len;
	int ret;

	value = graph_value(g, step, n, e, &scratch, &len);
	ret = value_words(value, len, w, &why);
	if (ret)
		step_error(step, e->line, e->column, err, "%s", why.text);
	error_release(&why);
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

int
expr_words(struct graph *g, const struct step *step, const struct node *n,
	   const struct expr *e, struct words *w, struct error *err)
{
	struct strbuf text = STRBUF_INIT;
	uint32_t i;
	int ret = 0;

	if (e->kind != WIRE_EXPR_PIECES)
		return value_expr_words(g, step, n, e, w, err);
	for (i = 0; !ret && i < e->piece_count; i++) {
		const struct piece *p = &e->pieces[i];

		if (p->expr)
			ret = expr_text(g, step, n, p->expr, &text, err);
		else
			strbuf_add(&text, p->text, p->len);
	}
	if (!ret)
		words_add(w, text.buf, text.len);
	strbuf_release(&text);
	return ret;
}
