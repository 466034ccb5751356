/*
 * Filling recipes.
 */
#include "base/base.h"

#include "model/recipe.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/path.h"
#include "base/strbuf.h"
#include "base/strvec.h"
#include "model/expr.h"
#include "model/graph.h"
#include "model/rules.h"
#include "model/shell-text.h"
#include "model/standin.h"
#include "model/words.h"

/* What is being filled. */
struct filling {
	struct graph *graph;
	const struct task *task;
	struct arena *arena;
	struct filled_recipe *out;
	struct error *err;
};

/* Keep the words of a (list-file LIST) and put its stand-in in their place. */
static void
keep_list(struct filling *f, struct words *w)
{
	struct filled_recipe *out = f->out;
	struct strbuf name = STRBUF_INIT;
	struct list_file *more, *l;
	size_t i;

	more = arena_alloc(f->arena, (out->list_count + 1) * sizeof(*more));
	if (out->list_count)
		memcpy(more, out->lists, out->list_count * sizeof(*more));
	l = &more[out->list_count];
	l->count = w->count;
	l->items = arena_alloc(f->arena, (w->count + 1) * sizeof(*l->items));
	l->lens = arena_alloc(f->arena, (w->count + 1) * sizeof(*l->lens));
	for (i = 0; i < w->count; i++) {
		l->items[i] = arena_strndup(f->arena, w->v[i], w->lens[i]);
		l->lens[i] = w->lens[i];
	}
	strbuf_addf(&name, STANDIN_MARK "l%zu" STANDIN_MARK, out->list_count);
	out->lists = more;
	out->list_count++;
	words_clear(w);
	words_add(w, name.buf, name.len);
	strbuf_release(&name);
}

/* The words of E, with list files kept. */
static int
fill_words(struct filling *f, const struct expr *e, struct words *w)
{
	if (expr_words(f->graph, f->task->step, &f->task->node, e, w, f->err))
		return -1;
	if (w->list_file)
		keep_list(f, w);
	return 0;
}

/* Fill a list of arguments: a list among them is several. */
static int
fill_argv(struct filling *f, const struct expr *words, uint32_t count)
{
	struct strvec argv = STRVEC_INIT;
	struct words w = WORDS_INIT;
	uint32_t i;
	size_t k;
	int ret = -1;

	for (i = 0; i < count; i++) {
		words_clear(&w);
		if (fill_words(f, &words[i], &w))
			goto out;
		for (k = 0; k < w.count; k++) {
			if (strlen(w.v[k]) != w.lens[k]) {
				expr_error(f->task->step, &words[i], f->err,
					   "an argument holds a NUL byte");
				goto out;
			}
			strvec_push(&argv, w.v[k]);
		}
	}
	if (!argv.count) {
		expr_error(f->task->step, &words[0], f->err,
			   "no program is named: the list is empty");
		goto out;
	}
	f->out->argc = argv.count;
	f->out->argv = arena_alloc(f->arena,
				   (argv.count + 1) * sizeof(char *));
	for (k = 0; k < argv.count; k++)
		f->out->argv[k] = arena_strdup(f->arena, argv.v[k]);
	f->out->argv[k] = NULL;
	ret = 0;
out:
	words_release(&w);
	strvec_release(&argv);
	return ret;
}

/* Fill a shell text: each hole quoted for where it stands. */
static int
fill_text(struct filling *f, const struct recipe *r)
{
	struct strbuf text = STRBUF_INIT;
	struct words w = WORDS_INIT;
	struct error why = ERROR_INIT;
	uint32_t i;
	int ret = -1;

	for (i = 0; i < r->piece_count; i++) {
		const struct piece *p = &r->pieces[i];

		if (!p->expr) {
			strbuf_add(&text, p->text, p->len);
			continue;
		}
		words_clear(&w);
		if (fill_words(f, p->expr, &w))
			goto out;
		if (shell_quote_words(&text, p->quote,
				      (const char *const *)w.v, w.lens,
				      w.count, &why)) {
			expr_error(f->task->step, p->expr, f->err, "%s",
				   why.text);
			goto out;
		}
	}
	f->out->text = arena_strndup(f->arena, text.buf, text.len);
	f->out->text_len = text.len;
	ret = 0;
out:
	error_release(&why);
	words_release(&w);
	strbuf_release(&text);
	return ret;
}

/* The path of the redirection E, or the stand-in of an own result. */
static int
fill_redirection(struct filling *f, const struct expr *e, const char **path)
{
	struct words w = WORDS_INIT;
	char *name;
	int ret;

	*path = NULL;
	if (!e)
		return 0;
	ret = file_words(f->graph, f->task->step, &f->task->node, e, &w,
			 f->err);
	if (!ret && w.count) {
		name = path_normalize(w.v[0]);
		*path = arena_strdup(f->arena, name);
		free(name);
	}
	words_release(&w);
	return ret;
}

/* exec's #:stdin and #:stdout. */
static int
fill_redirections(struct filling *f, const struct recipe *r)
{
	struct filled_recipe *out = f->out;

	if (fill_redirection(f, r->stdin_file, &out->stdin_file) ||
	    fill_redirection(f, r->stdout_file, &out->stdout_file))
		return -1;
	if (out->stdout_file && !strncmp(out->stdout_file, STANDIN_MARK "r",
					 STANDIN_MARK_LEN + 1)) {
		out->stdout_result = atoi(out->stdout_file +
					  STANDIN_MARK_LEN + 1);
		out->stdout_file = NULL;
	}
	return 0;
}

int
recipe_fill(struct graph *g, const struct task *t, struct arena *arena,
	    struct filled_recipe *out, struct error *err)
{
	const struct recipe *r = &t->step->template->recipe;
	struct filling f = { g, t, arena, out, err };

	memset(out, 0, sizeof(*out));
	out->stdout_result = -1;
	if (r->word_count && fill_argv(&f, r->words, r->word_count))
		return -1;
	switch (r->kind) {
	case RECIPE_NONE:
	case RECIPE_SCHEME:
		return 0;
	case RECIPE_SHELL:
		return fill_text(&f, r);
	case RECIPE_EXEC:
		return fill_redirections(&f, r);
	case RECIPE_SCRIPT:
		out->text = r->text;
		out->text_len = r->text_len;
		return 0;
	}
	return 0;
}
