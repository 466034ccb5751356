/*
 * The tasks of one run, found by what they are called and stand for.
 */
#include "base/base.h"

#include "report/why-state.h"

int
tasks_read(struct tasks *t, struct store *s, uint32_t run, char *step,
	   struct error *err)
{
	struct target target = { .run = { .number = run }, .step = step };
	size_t i;
	int rc;

	task_index_init(&t->index);
	map_init(&t->steps);
	rc = attempts_read(&t->all, s, &target, true, err);
	for (i = 0; i < t->all.count; i++) {
		struct attempt_record *a = &t->all.list[i];

		map_sets(&t->steps, a->step, a);
		task_index_put(&t->index, a->step, a->split, a->element, a);
	}
	return rc;
}

void
tasks_release(struct tasks *t)
{
	attempts_release(&t->all);
	task_index_release(&t->index);
	map_release(&t->steps);
}

const struct attempt_record *
tasks_find(const struct tasks *t, const char *step,
	   const struct attempt_record *a)
{
	return task_index_find(&t->index, step, a->split, a->element);
}
