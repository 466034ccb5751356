/*
 * Tasks that need not be asked, in a resume before which few files have
 * changed: the witness of an earlier run (store/witness.h) vouches for the
 * others.
 *
 * The key of a task follows from its flow, from what it reads of other tasks,
 * and from files.  Of a task that reads no results, nor is in a fan-out that
 * does, and whose inputs and outputs are as they were, it is the key that it
 * had; so it has the result that it had, which the run to resume shows.  That
 * is so as long as nothing was executed, and if each file that has changed is
 * one that some task declares: a word of any recipe may name others.
 *
 * If such a task was alone with its files when the witness was left, and so was
 * each of those that a change touches, of which nobody reads a result either,
 * then nobody will ask for them: it is settled as soon as it is there, unless
 * it waits for another, and its files are not even entered in the graph.  Where
 * that holds for all tasks of a split these are passed over: they are not even
 * made.
 *
 * What such a resume did not look at is taken over into the next witness, with
 * what nobody would look at any more: objects of results that are others now.
 * So when as many tasks as there are have been executed, all are asked again.
 */
#include "base/base.h"

#include "sched/run-internal.h"

#include <stdlib.h>
#include <string.h>

#include "model/graph.h"
#include "store/witness.h"

/* Tasks that are passed over: COUNT places from PLACE on. */
struct passed {
	uint32_t place;
	uint32_t count;
};

struct trust {
	bool *steps;           /* by index: its tasks may be trusted, */
	bool *awaited;         /* some step comes after it */
	bool settles;          /* nothing has changed but files of tasks that
				* are alone with them, */
	bool *touched;         /* which this tells by their place */
	struct passed *passed; /* in order */
	size_t passed_count;
	size_t passed_alloc;
	size_t kept_count;     /* of these, that were kept; and how many of */
	uint32_t kept_places;  /* the next */
};

/* ---- beginning ---- */

/* Whether tasks of S stand in fan-outs that are all known early. */
static bool
is_early(const struct step *s)
{
	const struct level *l;

	for (l = s->level; l->opener; l = l->parent)
		if (l->opener->layout->foreach_late)
			return false;
	return !s->layout->files_late &&
	       s->layout->phase_count == s->layout->early_count;
}

/* Which steps of RULES others read by a name, by index; the caller frees it. */
static bool *
find_read(const struct rules *rules)
{
	bool *read = xcalloc((size_t)rules->step_count + 1, sizeof(*read));
	uint32_t i, k;

	for (i = 0; i < rules->order_count; i++) {
		const struct step *s = rules->order[i];

		for (k = 0; k < s->template->imported_count; k++)
			read[s->imported[k]->index] = true;
	}
	return read;
}

static void
find_steps(struct trust *u, const struct rules *rules)
{
	bool *read = find_read(rules);
	uint32_t i, k;

	u->steps = xcalloc((size_t)rules->step_count + 1, sizeof(bool));
	u->awaited = xcalloc((size_t)rules->step_count + 1, sizeof(bool));
	for (i = 0; i < rules->order_count; i++) {
		const struct step *s = rules->order[i];

		u->steps[s->index] = !read[s->index] &&
			!s->template->import_count && is_early(s);
		for (k = 0; k < s->template->after_count; k++)
			u->awaited[s->after[k]->index] = true;
	}
	free(read);
}

/* Find out which tasks a change touches, if those are alone with it. */
static void
find_touched(struct trust *u, const struct witness *w)
{
	const char *const *changes;
	size_t count;

	witness_has_changes(w, &changes, &count);
	u->touched = xcalloc((size_t)witness_head(w)->task_count + 1,
			     sizeof(bool));
	u->settles = true;
	while (count--) {
		uint32_t place = witness_change_place(changes[count]);
		const struct witness_task *t = witness_task(w, place);

		if (t && t->is_alone)
			u->touched[place] = true;
		else
			u->settles = false;
	}
}

void
run_trust_begin(struct run *r)
{
	const struct witness_head *h;
	struct trust *u;

	if (!r->witness)
		return;
	h = witness_head(r->witness);
	if (h->since_count > h->tasks_total)
		return;
	u = r->trust = xcalloc(1, sizeof(*u));
	find_steps(u, &r->rules);
	find_touched(u, r->witness);
	/* a plan asks all tasks */
	u->settles &= !r->options->dry_run;
}

static int
compare_places(const void *a, const void *b)
{
	const struct passed *x = a, *y = b;

	return (x->place > y->place) - (x->place < y->place);
}

void
run_trust(struct run *r)
{
	const char *const *changes;
	size_t count, i;

	if (!r->trust)
		return;
	witness_has_changes(r->witness, &changes, &count);
	for (i = 0; i < count; i++) {
		if (graph_declares(r->graph, changes[i]))
			continue;
		if (r->trust->settles)
			bug("nobody declares '%s' any more", changes[i]);
		trust_free(r->trust);
		r->trust = NULL;
		return;
	}
	for (i = 0; i < count; i++)
		graph_mark_changed(r->graph, changes[i]);
	if (r->trust->passed_count)
		qsort(r->trust->passed, r->trust->passed_count,
		      sizeof(struct passed), compare_places);
}

void
trust_free(struct trust *t)
{
	if (!t)
		return;
	free(t->steps);
	free(t->awaited);
	free(t->touched);
	free(t->passed);
	free(t);
}

/* ---- what a witness knows of tasks ---- */

/* A name with NUMBER in it, too.  It is made for every task that is passed
 * over: a digest would take ten times as long. */
static uint64_t
name_add(uint64_t name, uint64_t number)
{
	name = (name ^ number) * UINT64_C(0x9e3779b97f4a7c15);
	return name ^ name >> 32;
}

/* A name with split INDEX in it. */
static uint64_t
name_add_split(uint64_t name, uint32_t index)
{
	return name_add(name, UINT64_C(1) + index);
}

/* A name with SP and the splits around it in it. */
static uint64_t
name_add_splits(uint64_t name, const struct split *sp)
{
	for (; sp->parent; sp = sp->parent)
		name = name_add_split(name, sp->index);
	return name;
}

/* What the witness calls the task of S in the splits of NAME: steps have the
 * same numbers whenever their flow is loaded. */
static uint64_t
step_name(const struct step *s, uint64_t name)
{
	return name_add(name, s->index);
}

static uint64_t
task_name(const struct task *t)
{
	uint64_t name = step_name(t->step, name_add_splits(0, t->split)), stem;
	struct digest d;

	if (!t->stem)
		return name;
	d = digest_of(t->stem, strlen(t->stem));
	memcpy(&stem, d.bytes, sizeof(stem));
	return name_add(name, stem);
}

/* What R's witness says of the task called NAME, if it knows a record of that
 * in PLACE. */
static const struct witness_task *
find_in(const struct run *r, uint32_t place, uint64_t name)
{
	const struct witness_task *known = witness_task(r->witness, place);

	return known && known->run && known->name == name ? known : NULL;
}

static const struct witness_task *
find_known(const struct run *r, const struct task *t)
{
	return find_in(r, t->node.index, task_name(t));
}

/* ---- leaving a witness ---- */

/* Say in W where the COUNT ranges at KEPT have task NUMBER. */
static void
find_record(const struct kept_range *kept, size_t count, uint32_t number,
	    struct witness_task *w)
{
	size_t low = 0, high = count;

	/* the last that begins at NUMBER or before */
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (kept[middle].first <= number)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low || number - kept[low - 1].first >= kept[low - 1].count)
		return;
	kept += low - 1;
	w->run = kept->source_run;
	w->task = kept->source_first + (number - kept->first);
}

/* Let LIST say of what was passed over what was known. */
static void
list_passed(const struct run *r, struct witness_task *list)
{
	const struct trust *u = r->trust;
	size_t i;

	for (i = 0; u && i < u->passed_count; i++) {
		const struct passed *p = &u->passed[i];

		memcpy(&list[p->place], witness_task(r->witness, p->place),
		       p->count * sizeof(*list));
	}
}

struct witness_task *
run_list_tasks(const struct run *r, const struct kept_range *kept,
	       size_t kept_count, uint32_t *count)
{
	uint32_t n = graph_task_count(r->graph), i, end = 0;
	bool *read = find_read(&r->rules);
	const struct witness_task *known;
	struct witness_task *list, *w;

	for (i = 0; i < n; i++)
		end = MAX(end, graph_task(r->graph, i)->node.index + 1);
	if (r->trust)
		end = MAX(end, witness_head(r->witness)->task_count);
	list = xcalloc((size_t)end + 1, sizeof(*list));
	list_passed(r, list);
	for (i = 0; i < n; i++) {
		const struct task *t = graph_task(r->graph, i);

		w = &list[t->node.index];
		if (t->settled) {
			*w = *witness_task(r->witness, t->node.index);
			continue;
		}
		/* those that are settled are not seen by others; and a value
		 * that is read may be the name of any file */
		known = r->trust ? find_known(r, t) : NULL;
		w->is_alone = (!r->trust || (known && known->is_alone)) &&
			!read[t->step->index] && graph_is_alone(r->graph, t);
		w->name = task_name(t);
		find_record(kept, kept_count, t->number, w);
	}
	free(read);
	*count = end;
	return list;
}

/* ---- trusting ---- */

/* Whether KNOWN, of the task of S in PLACE, need not be asked for. */
static bool
is_settled(const struct trust *u, const struct step *s, uint32_t place,
	   const struct witness_task *known)
{
	/* who waits may find files otherwise than they are now */
	return u->steps[s->index] && !s->template->after_count && known &&
	       known->is_alone && !u->touched[place];
}

bool
run_settles(void *data, const struct task *t)
{
	const struct run *r = data;
	const struct trust *u = r->trust;

	return u && u->settles && is_settled(u, t->step, t->node.index,
					     find_known(r, t));
}

/* Whether the split of L that has the splits of NAME, and whose nodes begin at
 * PLACE, is passed over. */
static bool
is_passed(const struct run *r, const struct level *l, uint64_t name,
	  uint32_t place)
{
	const struct trust *u = r->trust;
	uint32_t i;

	for (i = 0; i < l->step_count; i++) {
		const struct step *s = l->steps[i];

		if (u->awaited[s->index] ||
		    !is_settled(u, s, place + i,
				find_in(r, place + i, step_name(s, name))))
			return false;
	}
	return true;
}

bool
run_passes(void *data, const struct opening *o, uint32_t index, uint32_t count,
	   uint32_t place)
{
	const struct run *r = data;
	uint32_t step_count = o->step->level->step_count, i;
	struct trust *u = r->trust;
	struct passed *last;
	uint64_t name;

	if (!u || !u->settles)
		return false;
	for (i = 0; i < count; i++) {
		name = name_add_splits(name_add_split(0, index + i), o->split);
		if (!is_passed(r, o->step->level, name,
			       place + i * step_count))
			return false;
	}
	last = u->passed_count ? &u->passed[u->passed_count - 1] : NULL;
	if (last && last->place + last->count == place) {
		last->count += count * step_count;
		return true;
	}
	ARRAY_GROW(u->passed, u->passed_count, u->passed_alloc);
	u->passed[u->passed_count++] = (struct passed){ place,
							count * step_count };
	return true;
}

/* Fill HIT for a task of which KNOWN is known. */
static void
fill_hit(const struct witness_task *known, struct reuse_hit *hit)
{
	memset(hit, 0, sizeof(*hit));
	hit->run = hit->origin_run = known->run;
	hit->task = hit->origin_task = known->task;
	hit->is_kept = true;
}

uint32_t
run_take_passed(struct run *r, struct reuse_hit *hit)
{
	struct trust *u = r->trust;
	const struct witness_task *first, *next;
	const struct passed *p;
	uint32_t count = 1;

	if (!u || u->kept_count == u->passed_count)
		return 0;
	p = &u->passed[u->kept_count];
	first = witness_task(r->witness, p->place + u->kept_places);
	for (; u->kept_places + count < p->count; count++) {
		next = witness_task(r->witness,
				    p->place + u->kept_places + count);
		if (next->run != first->run ||
		    next->task != first->task + count)
			break;
	}
	fill_hit(first, hit);
	u->kept_places += count;
	if (u->kept_places == p->count) {
		u->kept_count++;
		u->kept_places = 0;
	}
	return count;
}

bool
run_trusts(struct run *r, struct task *t, struct reuse_hit *hit)
{
	const struct witness_task *known = NULL;
	const struct trust *u = r->trust;

	if (t->settled)
		known = witness_task(r->witness, t->node.index);
	else if (u && r->holds_files && !r->foresees &&
		 u->steps[t->step->index] && !t->stem && !graph_is_touched(t))
		known = find_known(r, t);
	if (!known)
		return false;
	fill_hit(known, hit);
	return true;
}
