/*
 * Expressions of a clause as words: names of files, arguments, texts.
 */
#ifndef FLOWMAKE_MODEL_EXPR_H
#define FLOWMAKE_MODEL_EXPR_H

#include "base/base.h"

struct error;
struct expr;
struct graph;
struct node;
struct step;
struct strbuf;
struct words;

/* Report what is wrong with E, an expression of STEP, at its place and with its
 * name, if it has one: its own, or that of the file or variable that it gives.
 * Returns -1. */
int expr_error(const struct step *step, const struct expr *e,
	       struct error *err, const char *format, ...) PRINTF_LIKE(4, 5);

/* Append the words of E, an expression of STEP, in the task N.  The pieces of
 * a literal make one word, a list in it joined by spaces.  Errors have the
 * place of the expression. */
int expr_words(struct graph *g, const struct step *step, const struct node *n,
	       const struct expr *e, struct words *w, struct error *err);

/* The same of an expression that names files: in a task of a pattern rule the
 * stem stands for each "%" that is written in E, not for those in the values
 * that are inserted.  A list-file is refused. */
int file_words(struct graph *g, const struct step *step, const struct node *n,
	       const struct expr *e, struct words *w, struct error *err);

/* Append TEXT with STEM in place of each "%". */
void stem_fill(struct strbuf *out, const char *text, size_t len,
	       const char *stem);

/* Append E as one text (a list joined by spaces); nothing after an error, as
 * for a list-file, which is no text. */
int expr_text(struct graph *g, const struct step *step, const struct node *n,
	      const struct expr *e, struct strbuf *out, struct error *err);

#endif
