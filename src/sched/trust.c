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
 * What such a resume did not look at is taken over into the next witness, with
 * what nobody would look at any more: objects of results that are others now.
 * So when as many tasks as there are have been executed, all are asked again.
 */
#include "base/base.h"

#include "sched/run-internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "model/graph.h"
#include "store/witness.h"

struct trust {
	bool *steps;           /* by index: its tasks may be trusted */
	struct strbuf name;    /* of the task that is looked at */
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

/* What S reads by a name is read of its tasks. */
static void
distrust_imported(struct trust *u, const struct step *s)
{
	uint32_t i;

	for (i = 0; i < s->template->imported_count; i++)
		u->steps[s->imported[i]->index] = false;
}

static void
find_steps(struct trust *u, const struct rules *rules)
{
	uint32_t i;

	u->steps = xcalloc((size_t)rules->step_count + 1, sizeof(bool));
	for (i = 0; i < rules->order_count; i++) {
		const struct step *s = rules->order[i];

		u->steps[s->index] = !s->template->import_count && is_early(s);
	}
	for (i = 0; i < rules->order_count; i++)
		distrust_imported(u, rules->order[i]);
}

void
run_trust(struct run *r)
{
	const char *const *changes;
	const struct witness_head *h;
	struct trust *u;
	size_t count, i;

	if (!r->witness)
		return;
	h = witness_head(r->witness);
	if (h->since_count > h->tasks_total)
		return;
	witness_has_changes(r->witness, &changes, &count);
	for (i = 0; i < count; i++)
		if (!graph_declares(r->graph, changes[i]))
			return;
	u = r->trust = xcalloc(1, sizeof(*u));
	strbuf_init(&u->name);
	find_steps(u, &r->rules);
	for (i = 0; i < count; i++)
		graph_mark_changed(r->graph, changes[i]);
}

void
trust_free(struct trust *t)
{
	if (!t)
		return;
	free(t->steps);
	strbuf_release(&t->name);
	free(t);
}

/* ---- names ---- */

/* What the witness calls T; NAME is for work. */
static uint64_t
task_name(struct strbuf *name, const struct task *t)
{
	struct digest d;
	uint64_t beginning;

	strbuf_reset(name);
	task_add_name(name, t);
	d = digest_of(name->buf, name->len);
	memcpy(&beginning, d.bytes, sizeof(beginning));
	return beginning;
}

struct witness_task *
run_list_tasks(struct run *r, uint32_t *count)
{
	struct strbuf name = STRBUF_INIT;
	struct witness_task *list;
	uint32_t n = graph_task_count(r->graph), i, end = 0;

	for (i = 0; i < n; i++)
		end = MAX(end, graph_task(r->graph, i)->node.index + 1);
	list = xcalloc((size_t)end + 1, sizeof(*list));
	for (i = 0; i < n; i++) {
		const struct task *t = graph_task(r->graph, i);

		list[t->node.index].name = task_name(&name, t);
		list[t->node.index].number = t->number;
	}
	strbuf_release(&name);
	*count = end;
	return list;
}

/* ---- trusting ---- */

/* Fill HIT with where the task that had NUMBER in the run of the witness is
 * recorded. */
static bool
find_record(const struct witness *w, uint32_t number, struct reuse_hit *hit)
{
	const struct kept_range *kept = witness_kept(w);
	uint32_t low = 0, high = witness_head(w)->kept_count;

	/* the last that begins at NUMBER or before */
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (kept[middle].first <= number)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low)
		return false;
	kept += low - 1;
	if (number - kept->first >= kept->count)
		return false;
	memset(hit, 0, sizeof(*hit));
	hit->run = hit->origin_run = kept->source_run;
	hit->task = hit->origin_task = kept->source_first +
		(number - kept->first);
	hit->is_kept = true;
	return true;
}

bool
run_trusts(struct run *r, struct task *t, struct reuse_hit *hit)
{
	const struct witness_task *known;
	struct trust *u = r->trust;

	if (!u || !r->holds_files || r->foresees ||
	    !u->steps[t->step->index] || t->stem)
		return false;
	known = witness_task(r->witness, t->node.index);
	return known && known->number &&
	       known->name == task_name(&u->name, t) && !graph_is_touched(t) &&
	       find_record(r->witness, known->number, hit);
}
