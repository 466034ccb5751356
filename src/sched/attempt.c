/*
 * Attempts: their lives and their names.
 */
#include "base/base.h"

#include "sched/attempt.h"

#include <stdlib.h>

#include "base/cbor.h"
#include "model/graph.h"
#include "model/value.h"
#include "model/words.h"

/* Append the elements of SP's fan-outs, the outer ones first. */
static void
add_elements(struct strbuf *sb, const struct split *sp)
{
	const struct split *around[64];
	size_t n = 0;

	for (; sp->parent && n < ARRAY_SIZE(around); sp = sp->parent)
		around[n++] = sp;
	while (n--) {
		struct cbor c;
		size_t len;

		cbor_init(&c, around[n]->elements->data,
			  around[n]->elements->len);
		while (cbor_peek(&c) != CBOR_END && !c.failed) {
			const char *item = cbor_span(&c, &len);
			struct words w = WORDS_INIT;

			if (sb->len)
				strbuf_addch(sb, ' ');
			if (!value_words(item, len, &w, NULL) && w.count == 1)
				strbuf_add(sb, w.v[0], MIN(w.lens[0], 60));
			else
				value_print(item, len, 60, sb);
			words_release(&w);
		}
	}
}

/* Turn to T. */
static void
begin(struct attempt *a, struct task *t)
{
	a->task = t;
	task_add_split(&a->split, t);
	t->running = a;
}

static struct attempt *
alloc_attempt(struct run *r)
{
	struct attempt *a = xcalloc(1, sizeof(*a));

	a->run = r;
	arena_init(&a->arena);
	strbuf_init(&a->name);
	strbuf_init(&a->split);
	strbuf_init(&a->element);
	key_parts_init(&a->key_parts);
	strbuf_init(&a->encoded_parts);
	return a;
}

struct attempt *
attempt_new(struct run *r, struct task *t)
{
	struct attempt *a = alloc_attempt(r);

	begin(a, t);
	attempt_add_names(a);
	return a;
}

struct attempt *
attempt_begin_scratch(struct run *r, struct attempt **scratch, struct task *t)
{
	if (!*scratch) {
		*scratch = alloc_attempt(r);
		(*scratch)->is_scratch = true;
	}
	begin(*scratch, t);
	return *scratch;
}

void
attempt_add_names(struct attempt *a)
{
	task_add_name(&a->name, a->task);
	add_elements(&a->element, a->task->split);
}

/* Empty A for its next task. */
static void
reset(struct attempt *a)
{
	a->task = NULL;
	arena_reset(&a->arena);
	strbuf_reset(&a->name);
	strbuf_reset(&a->split);
	strbuf_reset(&a->element);
	key_parts_reset(&a->key_parts);
}

void
attempt_free(struct attempt *a)
{
	if (!a)
		return;
	if (a->task)
		a->task->running = NULL;
	if (a->is_scratch && a->task) {
		reset(a);
		return;
	}
	arena_release(&a->arena);
	strbuf_release(&a->name);
	strbuf_release(&a->split);
	strbuf_release(&a->element);
	key_parts_release(&a->key_parts);
	strbuf_release(&a->encoded_parts);
	free(a);
}

int
attempt_demand(struct attempt *a, struct graph *g, struct error *err)
{
	arena_reset(&a->arena);
	return demands_of(g, a->task->step, a->task, &a->arena, &a->demands,
			  err);
}
