/*
 * Tasks by what they are.
 */
#include "base/base.h"

#include "store/task-index.h"

#include <string.h>

#include "base/strbuf.h"

struct entry {
	const char *element;
	void *value;
};

void
task_index_init(struct task_index *x)
{
	arena_init(&x->arena);
	map_init(&x->by_split);
	map_init(&x->by_element);
}

void
task_index_release(struct task_index *x)
{
	map_release(&x->by_split);
	map_release(&x->by_element);
	arena_release(&x->arena);
}

/* Make KEY what the maps have for STEP and WORD. */
static void
set_key(struct strbuf *key, const char *step, const char *word)
{
	strbuf_reset(key);
	strbuf_add(key, step, strlen(step) + 1);
	strbuf_adds(key, word);
}

static struct entry *
get(const struct map *m, const char *step, const char *word)
{
	struct strbuf key = STRBUF_INIT;
	struct entry *e;

	set_key(&key, step, word);
	e = map_get(m, key.buf, key.len);
	strbuf_release(&key);
	return e;
}

void
task_index_put(struct task_index *x, const char *step, const char *split,
	       const char *element, void *value)
{
	struct entry *e = arena_zalloc(&x->arena, sizeof(*e));
	struct strbuf key = STRBUF_INIT;

	e->element = arena_strdup(&x->arena, element);
	e->value = value;
	set_key(&key, step, split);
	map_set(&x->by_split, key.buf, key.len, e);
	set_key(&key, step, element);
	if (*element && !map_get(&x->by_element, key.buf, key.len))
		map_set(&x->by_element, key.buf, key.len, e);
	strbuf_release(&key);
}

void *
task_index_at(const struct task_index *x, const char *step, const char *split)
{
	const struct entry *e = get(&x->by_split, step, split);

	return e ? e->value : NULL;
}

void *
task_index_find(const struct task_index *x, const char *step,
		const char *split, const char *element)
{
	const struct entry *e = get(&x->by_split, step, split);

	if (*element && (!e || strcmp(e->element, element)))
		e = get(&x->by_element, step, element);
	return e ? e->value : NULL;
}
