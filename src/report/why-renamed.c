/*
 * Steps that the run before does not have: one that it had and that is gone
 * may be the same under another name.  Then its recipe is the same, filled or
 * at least as it is written, or the files that it made are; of several such,
 * it is the one of which a task differs least.
 */
#include "base/base.h"

#include "report/why-state.h"

#include <string.h>

enum { MAX_COMPARED = 20000 }; /* then all other steps are new */

static bool
note_step(void *data, const struct attempt_record *a)
{
	map_sets(data, a->step, data);
	return false;
}

/* Read the steps that the target run has, and the tasks of the one before. */
static int
read_both(struct why_state *w, struct renames *r, struct error *err)
{
	struct attempt_filter now = { .run = w->target->run.number };

	if (r->is_read)
		return 0;
	r->is_read = true;
	if (store_attempt_each(w->store, &now, note_step, &r->steps_now, err))
		return -1;
	return tasks_read(&r->before, w->store, w->earlier[0].run.number, NULL,
			  err);
}

/* Whether D, from A to a task of another step, says that these are alike. */
static bool
is_alike(const struct attempt_record *a, const struct key_diff *d)
{
	bool recipe = true, files = a->output_count;
	size_t i;

	for (i = 0; i < d->count; i++) {
		const struct key_part *old = &d->list[i].old;
		const struct key_part *new = &d->list[i].new;

		if (old->subject == KEY_OF_NAMES)
			files = false;
		if (old->subject != KEY_OF_RECIPE &&
		    new->subject != KEY_OF_RECIPE)
			continue;
		if (!old->source || !new->source ||
		    memcmp(old->source, new->source, DIGEST_BYTES))
			recipe = false;
	}
	return recipe || files;
}

/* Compare A with T, of another step; if they are alike, and differ in fewer
 * parts than *LEAST, that becomes their number, and *NEAREST A's step. */
static int
compare(struct why_state *w, const struct attempt_record *a,
	const struct attempt_record *t, size_t *least, const char **nearest,
	struct error *err)
{
	const struct attempt_record *executed = NULL;
	struct key_diff d;

	w->renames.compared++;
	if (why_find_executed(w, a, &executed, err))
		return -1;
	if (!executed->key_parts_len)
		return 0;
	/* a damaged key is like none */
	if (!key_diff_init(&d, executed->key_parts, executed->key_parts_len,
			   t->key_parts, t->key_parts_len, NULL) &&
	    d.count < *least && is_alike(a, &d)) {
		*least = d.count;
		*nearest = a->step;
	}
	key_diff_release(&d);
	return 0;
}

/* Find what T's step was called: "" if it is new. */
static int
find_old_name(struct why_state *w, const struct attempt_record *t,
	      const char **name, struct error *err)
{
	struct renames *r = &w->renames;
	const struct attempt_record *a;
	size_t least = SIZE_MAX;
	int rc = 0;

	*name = "";
	map_each(&r->before.steps, e) {
		if (rc || r->compared == MAX_COMPARED)
			break;
		if (map_gets(&r->steps_now, e->key))
			continue;
		a = tasks_find(&r->before, e->key, t);
		rc = compare(w, a ? a : e->value, t, &least, name, err);
	}
	return rc;
}

int
why_find_renamed(struct why_state *w, const struct attempt_record *t,
		 const struct attempt_record **base, bool *had_step,
		 struct error *err)
{
	struct renames *r = &w->renames;
	const char *name;

	*base = NULL;
	*had_step = false;
	if (!w->earlier_count)
		return 0;
	if (read_both(w, r, err))
		return -1;
	name = map_gets(&r->old_names, t->step);
	if (!name) {
		if (find_old_name(w, t, &name, err))
			return -1;
		map_sets(&r->old_names, t->step, (void *)name);
	}
	*had_step = *name;
	if (*name)
		*base = tasks_find(&r->before, name, t);
	if (*base && !(*base)->key_parts_len)
		*base = NULL;
	return 0;
}

void
why_renames_release(struct renames *r)
{
	map_release(&r->steps_now);
	tasks_release(&r->before);
	map_release(&r->old_names);
}
