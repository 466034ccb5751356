/*
 * The tasks of one run, found by what they are called and stand for.
 */
#include "base/base.h"

#include "report/why-state.h"

#include <string.h>

/* Make KEY what the maps have for STEP and WORD. */
static void
set_key(struct strbuf *key, const char *step, const char *word)
{
	strbuf_reset(key);
	strbuf_add(key, step, strlen(step) + 1);
	strbuf_adds(key, word);
}

static void
index_task(struct tasks *t, struct attempt_record *a, struct strbuf *key)
{
	map_sets(&t->steps, a->step, a);
	set_key(key, a->step, a->split);
	map_set(&t->by_split, key->buf, key->len, a);
	set_key(key, a->step, a->element);
	if (*a->element && !map_get(&t->by_element, key->buf, key->len))
		map_set(&t->by_element, key->buf, key->len, a);
}

int
tasks_read(struct tasks *t, struct store *s, uint32_t run, char *step,
	   struct error *err)
{
	struct target target = { .run = { .number = run }, .step = step };
	struct strbuf key = STRBUF_INIT;
	size_t i;
	int rc;

	map_init(&t->by_split);
	map_init(&t->by_element);
	map_init(&t->steps);
	rc = attempts_read(&t->all, s, &target, true, err);
	for (i = 0; i < t->all.count; i++)
		index_task(t, &t->all.list[i], &key);
	strbuf_release(&key);
	return rc;
}

void
tasks_release(struct tasks *t)
{
	attempts_release(&t->all);
	map_release(&t->by_split);
	map_release(&t->by_element);
	map_release(&t->steps);
}

const struct attempt_record *
tasks_find(const struct tasks *t, const char *step,
	   const struct attempt_record *a)
{
	const struct attempt_record *found;
	struct strbuf key = STRBUF_INIT;

	set_key(&key, step, a->split);
	found = map_get(&t->by_split, key.buf, key.len);
	if (*a->element && (!found || strcmp(found->element, a->element))) {
		set_key(&key, step, a->element);
		found = map_get(&t->by_element, key.buf, key.len);
	}
	strbuf_release(&key);
	return found;
}
