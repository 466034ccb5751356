/*
 * What a task is compared with, and what follows from it.
 *
 * A good result of the same key says that the task need not have been
 * executed.  Else the same task of an earlier run is looked for: in a fan-out
 * the one of the same element, because positions move, otherwise the one of
 * the same name; in the run that was resumed, then in the ones before.
 */
#include "base/base.h"

#include "report/why-state.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

enum {
	RUNS_BACK = 20,       /* so many runs are looked through for a step, */
	RUNS_BACK_ALL = 3,    /* so many for all steps of a run */
};

/* ---- the state ---- */

static int
read_earlier_runs(struct why_state *w, struct error *err)
{
	uint32_t number = w->target->run.number;
	uint32_t origin = w->target->run.origin;
	size_t max = w->target->step ? RUNS_BACK : RUNS_BACK_ALL;
	struct run_record *runs;
	size_t count, i;
	int pass;

	if (store_run_list(w->store, &runs, &count, err))
		return -1;
	w->earlier = xcalloc(max + 1, sizeof(*w->earlier));
	w->runs = xcalloc(count + 1, sizeof(*w->runs));
	for (i = 0; i < count; i++)
		w->runs[w->run_count++] = runs[i].number;
	for (pass = 0; pass < 2; pass++) {
		for (i = count; i-- > 0 && w->earlier_count < max;) {
			if (!runs[i].number || runs[i].number >= number ||
			    (!pass && runs[i].number != origin))
				continue;
			w->earlier[w->earlier_count++].run = runs[i];
			memset(&runs[i], 0, sizeof(runs[i]));
		}
	}
	w->earlier_is_all = w->earlier_count + 1 == number;
	for (i = 0; i < count; i++)
		run_record_release(&runs[i]);
	free(runs);
	return 0;
}

int
why_state_init(struct why_state *w, struct store *s, const struct target *t,
	       struct error *err)
{
	memset(w, 0, sizeof(*w));
	w->store = s;
	w->target = t;
	arena_init(&w->arena);
	if (attempts_read(&w->tasks, s, t, true, err) ||
	    read_earlier_runs(w, err)) {
		why_state_release(w);
		return -1;
	}
	return 0;
}

void
why_state_release(struct why_state *w)
{
	size_t i;

	for (i = 0; i < w->earlier_count; i++) {
		run_record_release(&w->earlier[i].run);
		if (w->earlier[i].loaded)
			tasks_release(&w->earlier[i].tasks);
	}
	free(w->earlier);
	w->earlier = NULL;
	w->earlier_count = 0;
	free(w->runs);
	why_renames_release(&w->renames);
	attempts_release(&w->tasks);
	why_code_release(&w->code);
	arena_release(&w->arena);
}

/* ---- earlier runs ---- */

/* Find what TASK was in an earlier run; *BASE is one that was skipped when it
 * never had a key, and stays NULL when it was not there either.  *HAD_STEP:
 * some run had the step; *WHOLE: one that ended well, so that it had all
 * elements. */
static int
find_base(struct why_state *w, const struct attempt_record *task,
	  const struct attempt_record **base, const struct run_record **run,
	  bool *had_step, bool *whole, struct error *err)
{
	const struct attempt_record *skipped = NULL;
	size_t i;

	*had_step = *whole = false;
	for (i = 0; i < w->earlier_count && !*base; i++) {
		struct earlier *e = &w->earlier[i];
		const struct attempt_record *a;

		if (!e->loaded) {
			e->loaded = true;
			if (tasks_read(&e->tasks, w->store, e->run.number,
				       w->target->step, err))
				return -1;
		}
		if (map_gets(&e->tasks.steps, task->step)) {
			*had_step = true;
			*whole |= e->run.state == RUN_DONE;
		}
		a = tasks_find(&e->tasks, task->step, task);
		if (a && a->outcome == TASK_SKIPPED && !skipped)
			skipped = a;
		if (!a || !a->key_parts_len)
			continue;
		*base = a;
		*run = &e->run;
	}
	if (!*base)
		*base = skipped;
	return 0;
}

/* ---- records one by one ---- */

/* A place for one record. */
struct one {
	struct arena *arena;
	struct attempt_record *found;
};

static bool
keep_last(void *data, const struct attempt_record *a)
{
	struct one *one = data;

	one->found = arena_memdup(one->arena, a, sizeof(*a));
	one->found->step = arena_strdup(one->arena, a->step);
	one->found->split = arena_strdup(one->arena, a->split);
	one->found->element = arena_strdup(one->arena, a->element);
	one->found->message = NULL;
	one->found->key_parts = a->key_parts ?
		arena_memdup(one->arena, a->key_parts, a->key_parts_len) :
		NULL;
	one->found->results = one->found->outputs = NULL;
	one->found->result_count = one->found->output_count = 0;
	return false;
}

/* The last attempt of task number TASK of RUN, without what it made; *FOUND is
 * NULL when there is none. */
static int
read_one(struct why_state *w, uint32_t run, uint32_t task,
	 const struct attempt_record **found, struct error *err)
{
	struct attempt_filter filter = { .run = run, .task = task };
	struct one one = { &w->arena, NULL };

	if (store_attempt_each(w->store, &filter, keep_last, &one, err))
		return -1;
	*found = one.found;
	return 0;
}

/* The newest good result of a key before a run. */
struct good {
	uint32_t before;
	uint32_t run;
	uint32_t task;
};

static bool
note_good(void *data, const struct result_row *r)
{
	struct good *g = data;

	if (r->run >= g->before)
		return false;
	g->run = r->run;
	g->task = r->task;
	return true;
}

/* ---- differences ---- */

int
why_find_executed(struct why_state *w, const struct attempt_record *a,
		  const struct attempt_record **executed, struct error *err)
{
	*executed = NULL;
	if (a->outcome == TASK_REUSED && a->origin_run &&
	    read_one(w, a->origin_run, a->origin_task, executed, err))
		return -1;
	if (!*executed || !(*executed)->key_parts_len)
		*executed = a;
	return 0;
}

static int
compare(struct why_state *w, struct why *why, struct error *err)
{
	const struct attempt_record *t = why->task;

	if (why_find_executed(w, why->base, &why->executed, err) ||
	    key_diff_init(&why->diff, why->executed->key_parts,
			  why->executed->key_parts_len, t->key_parts,
			  t->key_parts_len, err))
		return -1;
	why->reason = why->diff.count ? WHY_CHANGED : WHY_NO_RESULT;
	return 0;
}

/* ---- the reason ---- */

/* The task of WHY has no base; HAD_ALL: an earlier run had all elements of its
 * step. */
static void
set_new(const struct why_state *w, struct why *why, bool had_all)
{
	why->looked_at = w->earlier_count;
	if (had_all && *why->task->element)
		why->reason = WHY_NEW_ELEMENT;
	else
		why->reason = w->earlier_is_all ? WHY_NEW : WHY_UNKNOWN;
}

/* TASK has a key of which there was no good result before. */
static int
find_change(struct why_state *w, struct why *why, struct error *err)
{
	bool had_step, whole;

	if (find_base(w, why->task, &why->base, &why->base_run, &had_step,
		      &whole, err))
		return -1;
	if (!had_step) {
		if (why_find_renamed(w, why->task, &why->base, &had_step, err))
			return -1;
		why->base_run = &w->earlier[0].run;
		whole = had_step && why->base_run->state == RUN_DONE;
	}
	if (why->base && why->base->outcome == TASK_SKIPPED) {
		why->reason = WHY_WAS_SKIPPED;
		return 0;
	}
	if (why->base)
		return compare(w, why, err);
	set_new(w, why, whole);
	return 0;
}

/* TASK has a key. */
static int
find_reason(struct why_state *w, struct why *why, struct error *err)
{
	const struct attempt_record *t = why->task;
	struct good good = { .before = w->target->run.number };

	if (key_has_note(t->key_parts, t->key_parts_len, "rerun")) {
		why->reason = WHY_RERUN;
		return 0;
	}
	if (key_has_note(t->key_parts, t->key_parts_len, "stale")) {
		why->reason = WHY_STALE;
		return 0;
	}
	if (digest_is_zero(&t->key)) {
		why->reason = WHY_ALWAYS;
		return key_diff_init(&why->diff, t->key_parts,
				     t->key_parts_len, t->key_parts,
				     t->key_parts_len, err);
	}
	if (store_result_of_key(w->store, &t->key, note_good, &good, err))
		return -1;
	if (!good.run)
		return find_change(w, why, err);
	why->reason = w->target->run.origin ? WHY_GONE : WHY_EVERY;
	return read_one(w, good.run, good.task, &why->base, err);
}

int
why_find(struct why_state *w, const struct attempt_record *task,
	 struct why *why, struct error *err)
{
	memset(why, 0, sizeof(*why));
	strbuf_init(&why->mentions.old);
	strbuf_init(&why->mentions.new);
	why->task = task;
	if (task->outcome == TASK_SKIPPED) {
		why->reason = WHY_SKIPPED;
	} else if (task->outcome == TASK_REUSED) {
		why->reason = WHY_REUSED;
		return read_one(w, task->origin_run, task->origin_task,
				&why->base, err);
	} else if (!task->key_parts_len) {
		why->reason = WHY_NOT_STARTED;
	} else {
		return find_reason(w, why, err);
	}
	return 0;
}

void
why_release(struct why *why)
{
	key_diff_release(&why->diff);
	why_mentions_release(&why->mentions);
}

/* ---- words ---- */

const char *
why_reason_name(enum why_reason r)
{
	static const char *const names[] = {
		[WHY_NEW] = "new",
		[WHY_UNKNOWN] = "unknown",
		[WHY_NEW_ELEMENT] = "new element",
		[WHY_WAS_SKIPPED] = "was skipped",
		[WHY_CHANGED] = "changed",
		[WHY_NO_RESULT] = "no result",
		[WHY_ALWAYS] = "always",
		[WHY_EVERY] = "run",
		[WHY_RERUN] = "rerun",
		[WHY_STALE] = "stale",
		[WHY_GONE] = "gone",
		[WHY_REUSED] = "reused",
		[WHY_SKIPPED] = "skipped",
		[WHY_NOT_STARTED] = "not started",
	};

	return names[r];
}

const char *
why_state_name(const struct attempt_record *a)
{
	switch (a->outcome) {
	case TASK_RUNNING:
	case TASK_RETRIED:
		return "runs";
	case TASK_REUSED:
		return "reused";
	case TASK_SKIPPED:
		return "skipped";
	case TASK_FAILED:
		return "failed";
	case TASK_CANCELLED:
		return "cancelled";
	case TASK_DONE:
	case TASK_CAUGHT:
		break;
	}
	return "ran";
}

void
why_add_task(struct strbuf *sb, const struct attempt_record *a)
{
	strbuf_addf(sb, "%u/", a->run);
	attempt_add_escaped(sb, a);
}
