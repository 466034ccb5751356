/*
 * Words of recipes and values.
 */
#include "base/base.h"

#include "sched/recipe-words.h"

#include <stdlib.h>
#include <string.h>

#include "base/cbor.h"
#include "base/strvec.h"
#include "model/graph.h"
#include "model/key.h"
#include "model/recipe.h"
#include "model/rules.h"
#include "model/wire.h"
#include "sched/attempt.h"

/* No more texts than this are taken from a value, and of so many parts; nor are
 * longer texts.  So it is in scm/flowmake/code.scm. */
enum { TEXTS_MAX = 10000, LOOKS_MAX = 100000, TEXT_MAX_BYTES = 1024 };
/* Of one of many tasks. */
enum { FEW_LOOKS_MAX = 1000 };
/* No more are looked for by all steps whose recipes have the same list. */
#define STEP_TEXTS_MAX UINT64_C(1000000)

/* Who wants to know. */
struct taker {
	file_word_fn *word;
	text_list_fn *list;
	void *data;
	bool is_one_of_many;     /* the task */
};

/* ---- values ---- */

static bool
may_name_file(const struct cbor_item *item)
{
	return item->kind == CBOR_TEXT && item->len &&
		item->len <= TEXT_MAX_BYTES &&
		!memchr(item->data, '\0', item->len) &&
		!memchr(item->data, '\n', item->len);
}

/* Append to TEXTS those in the value CBOR, LEN bytes, that may name files.
 * Returns whether there are more. */
static bool
find_texts(const struct taker *t, const char *cbor, size_t len,
	   struct strvec *texts)
{
	size_t looks_left = t->is_one_of_many ? FEW_LOOKS_MAX : LOOKS_MAX;
	size_t most = t->is_one_of_many ? TEXT_LIST_FEW : TEXTS_MAX;
	struct cbor_item item;
	struct cbor c;

	cbor_init(&c, cbor, len);
	while (cbor_peek(&c) != CBOR_END && !c.failed) {
		if (texts->count > most || !looks_left--)
			return true;
		item = cbor_next(&c);
		if (may_name_file(&item))
			strvec_push_len(texts, item.data, item.len);
	}
	return texts->count > most;
}

/* Give T the texts of a value, COUNT of them; IS_CUT: there are more. */
static void
give(const struct taker *t, const char **texts, size_t count, bool is_cut)
{
	struct text_list list = { texts, (uint32_t)count, is_cut, 0 };
	size_t i;

	if (count <= TEXT_LIST_FEW && !is_cut) {
		for (i = 0; i < count; i++)
			file_words_of(texts[i], t->word, t->data);
		return;
	}
	if (is_cut || t->is_one_of_many) {
		list.is_cut = true;
		list.count = MIN(list.count, (uint32_t)TEXT_LIST_FEW);
	}
	t->list(t->data, &list);
}

static void
take_value(const struct taker *t, const char *cbor, size_t len)
{
	struct strvec texts = STRVEC_INIT;
	bool is_cut = find_texts(t, cbor, len, &texts);

	give(t, (const char **)texts.v, texts.count, is_cut);
	strvec_release(&texts);
}

/* Give T what A's recipe gets as values and not in its text: by names in a
 * scheme body, all in $FLOWMAKE_TASK. */
static void
take_given(const struct taker *t, const struct attempt *a, struct graph *g)
{
	const struct template *tm = a->task->step->template;
	bool in_file = key_has_parameters(a->task, &a->filled);
	const struct rules *rules = graph_rules(g);
	struct strbuf value = STRBUF_INIT;
	uint32_t i;

	for (i = 0; i < tm->name_count; i++) {
		const struct name *n = &tm->names[i];

		if ((n->kind != WIRE_NAME_FOREACH &&
		     n->kind != WIRE_NAME_FROM && n->kind != WIRE_NAME_JOIN) ||
		    !(in_file || (tm->recipe.kind == RECIPE_SCHEME &&
				  n->in_recipe)))
			continue;
		strbuf_reset(&value);
		graph_bind(g, a->task->step, &a->task->node, i, &value);
		take_value(t, value.buf, value.len);
	}
	for (i = 0; in_file && i < rules->parameter_count; i++)
		take_value(t, rules->parameters[i].value,
			   rules->parameters[i].value_len);
	strbuf_release(&value);
}

/* ---- all ---- */

void
recipe_words_each(const struct attempt *a, struct graph *g,
		  file_word_fn *word, text_list_fn *list, void *data)
{
	const struct task *task = a->task;
	const struct taker taker = { word, list, data,
				     task->split->parent || task->stem };
	const struct filled_recipe *f = &a->filled;
	const struct recipe *r = &task->step->template->recipe;
	const struct demands *d = &a->demands;
	size_t i;

	for (i = 0; i < f->argc; i++) {
		file_words_of(f->argv[i], word, data);
		if (i && !strcmp(f->argv[i - 1], "-m"))
			file_words_of_module(f->argv[i], word, data);
	}
	for (i = 0; i < d->environment_count; i++)
		file_words_of(d->environment[i].value, word, data);
	for (i = 0; i < r->string_count; i++)
		file_words_of(r->strings[i], word, data);
	if (f->text)
		file_words_in(f->text, f->text_len, r->kind == RECIPE_SCRIPT,
			      word, data);
	for (i = 0; i < r->list_count; i++) {
		const struct text_list *l = r->lists[i];

		give(&taker, l->texts, l->count, l->is_cut ||
		     (uint64_t)l->count * l->step_count > STEP_TEXTS_MAX);
	}
	take_given(&taker, a, g);
}
