/*
 * Steps that the run before does not have: one that it had and that is gone
 * may be the same under another name.  Then its recipe is the same, filled or
 * at least as it is written, or the files that it made are; of several such,
 * it is the one of which a task differs least.
 */
#include "base/base.h"

#include "report/why-state.h"

#include <stdlib.h>
#include <string.h>

enum { LIKELY_MAX = 50 }; /* of steps that have something in common */

/* A step that is gone, among those with the same recipe or files. */
struct likely {
	const char *step;
	struct likely *next;
	size_t count;            /* in the first: how many there are */
};

static bool
note_step(void *data, const struct attempt_record *a)
{
	map_sets(data, a->step, data);
	return false;
}

/* ---- what is likely ---- */

/* What P tells a step by: its *COUNT digests at *DIGESTS. */
static size_t
signs_of(const struct key_part *p, const char *signs[2])
{
	size_t count = 0;

	if (p->digest && (p->subject == KEY_OF_RECIPE ||
			  p->subject == KEY_OF_NAMES))
		signs[count++] = p->digest;
	if (p->source)
		signs[count++] = p->source;
	return count;
}

/* Note STEP, which is gone, by the DIGEST of something of it. */
static void
add_likely(struct why_state *w, const char *digest, const char *step)
{
	struct map_entry *e = map_enter(&w->renames.likely, digest,
					DIGEST_BYTES);
	struct likely *first = e->value, *l;

	/* most tasks of a step have the same recipe */
	for (l = first; l; l = l->next)
		if (!strcmp(l->step, step))
			return;
	if (first && first->count++ >= LIKELY_MAX)
		return;
	l = arena_zalloc(&w->arena, sizeof(*l));
	l->step = step;
	if (!first) {
		l->count = 1;
		e->value = l;
		return;
	}
	l->next = first->next;
	first->next = l;
}

/* Do FN for each sign of the key PARTS. */
static int
each_sign(const char *parts, size_t len,
	  int (*fn)(void *data, const char *digest, struct error *err),
	  void *data, struct error *err)
{
	const char *signs[2];
	struct key_part *list;
	size_t count, i, n;
	int rc = key_parts_read(&list, &count, parts, len, err);

	for (i = 0; !rc && i < count; i++)
		for (n = signs_of(&list[i], signs); !rc && n-- > 0;)
			rc = fn(data, signs[n], err);
	free(list);
	return rc;
}

/* A step that is gone is looked at. */
struct gone {
	struct why_state *w;
	const char *step;
};

static int
note_sign(void *data, const char *digest, struct error *err)
{
	const struct gone *g = data;

	(void)err;
	add_likely(g->w, digest, g->step);
	return 0;
}

/* Read the steps that the target run has, and the tasks of the one before. */
static int
read_both(struct why_state *w, struct renames *r, struct error *err)
{
	struct attempt_filter now = { .run = w->target->run.number };
	size_t i;
	int rc;

	if (r->is_read)
		return 0;
	r->is_read = true;
	rc = store_attempt_each(w->store, &now, note_step, &r->steps_now, err);
	if (!rc)
		rc = tasks_read(&r->before, w->store,
				w->earlier[0].run.number, NULL, err);
	for (i = 0; !rc && i < r->before.all.count; i++) {
		const struct attempt_record *a = &r->before.all.list[i];
		struct gone g = { w, a->step };

		/* a damaged key is like none */
		if (a->key_parts_len && !map_gets(&r->steps_now, a->step))
			each_sign(a->key_parts, a->key_parts_len, note_sign,
				  &g, NULL);
	}
	return rc;
}

/* ---- what is nearest ---- */

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

/* A search for what T's step was called. */
struct search {
	struct why_state *w;
	const struct attempt_record *task;
	size_t least;            /* differences of the nearest so far */
	const char *nearest;
	bool is_cut;             /* not all that are likely were compared */
};

/* Compare S's task with A. */
static int
compare(struct search *s, const struct attempt_record *a, struct error *err)
{
	const struct attempt_record *executed = NULL;
	struct key_diff d;

	if (why_find_executed(s->w, a, &executed, err))
		return -1;
	if (!executed->key_parts_len)
		return 0;
	/* a damaged key is like none */
	if (!key_diff_init(&d, executed->key_parts, executed->key_parts_len,
			   s->task->key_parts, s->task->key_parts_len, NULL) &&
	    d.count < s->least && is_alike(a, &d)) {
		s->least = d.count;
		s->nearest = a->step;
	}
	key_diff_release(&d);
	return 0;
}

/* Compare it with those that have something of DIGEST, too. */
static int
compare_likely(void *data, const char *digest, struct error *err)
{
	struct search *s = data;
	const struct renames *r = &s->w->renames;
	const struct likely *l = map_get(&r->likely, digest, DIGEST_BYTES);
	const struct attempt_record *a;
	int rc = 0;

	s->is_cut |= l && l->count > LIKELY_MAX;
	for (; !rc && l; l = l->next) {
		a = tasks_find(&r->before, l->step, s->task);
		rc = compare(s, a ? a : map_gets(&r->before.steps, l->step),
			     err);
	}
	return rc;
}

/* Find what T's step was called: "" if it is new. */
static int
find_old_name(struct why_state *w, const struct attempt_record *t,
	      const char **name, struct error *err)
{
	struct search s = { w, t, SIZE_MAX, "", false };

	if (each_sign(t->key_parts, t->key_parts_len, compare_likely, &s, err))
		return -1;
	*name = s.nearest;
	w->earlier_is_all &= *s.nearest || !s.is_cut;
	return 0;
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
	map_release(&r->likely);
	tasks_release(&r->before);
	map_release(&r->old_names);
}
