/*
 * Why a plan would execute a task: what differs from the same task of the run
 * to resume, or of the latest before it that had it.  In a fan-out that is the
 * one of the same element, wherever it stood, because positions move.
 */
#include "base/base.h"

#include "sched/run-internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/strbuf.h"
#include "model/graph.h"
#include "model/key-diff.h"
#include "store/task-index.h"

enum { RUNS_BACK = 20 }; /* so many runs are looked through */

/* The last attempt of a task of an earlier run. */
struct old_task {
	uint32_t run;
	uint32_t task;
	enum task_outcome outcome;
	bool is_good;
};

/* An earlier run of the flow. */
struct old_run {
	uint32_t number;
	struct map steps;        /* those that were read */
	struct task_index tasks; /* of these: struct old_task */
};

struct old_tasks {
	struct arena arena;
	struct old_run runs[RUNS_BACK]; /* the one to resume first, then newest
					 * first */
	size_t run_count;
	bool has_all;            /* there are no others */
};

static void
add_run(struct old_tasks *o, uint32_t number)
{
	struct old_run *run = &o->runs[o->run_count++];

	run->number = number;
	map_init(&run->steps);
	task_index_init(&run->tasks);
}

/* Choose the runs to look through. */
static int
choose_runs(struct run *r, struct old_tasks *o, struct error *err)
{
	const char *flow = r->origin.flow_file;
	struct run_record *runs;
	size_t count, i;

	if (!r->origin.number)
		return 0;
	if (store_run_list(r->store, &runs, &count, err))
		return -1;
	add_run(o, r->origin.number);
	o->has_all = true;
	for (i = count; i-- > 0;) {
		bool is_other = runs[i].number != r->origin.number && flow &&
			runs[i].flow_file && !strcmp(runs[i].flow_file, flow);

		if (is_other && o->run_count < RUNS_BACK)
			add_run(o, runs[i].number);
		else if (is_other)
			o->has_all = false;
		run_record_release(&runs[i]);
	}
	free(runs);
	return 0;
}

static struct old_tasks *
old_tasks_new(struct run *r, struct error *err)
{
	struct old_tasks *o = xcalloc(1, sizeof(*o));

	arena_init(&o->arena);
	if (choose_runs(r, o, err)) {
		old_tasks_free(o);
		return NULL;
	}
	return o;
}

void
old_tasks_free(struct old_tasks *o)
{
	if (!o)
		return;
	for (size_t i = 0; i < o->run_count; i++) {
		map_release(&o->runs[i].steps);
		task_index_release(&o->runs[i].tasks);
	}
	arena_release(&o->arena);
	free(o);
}

/* Where attempts of a run are noted. */
struct noting {
	struct old_tasks *all;
	struct old_run *run;
};

/* Attempts of a task come one after another: the last one counts. */
static bool
note_attempt(void *data, const struct attempt_record *a)
{
	const struct noting *n = data;
	struct old_task *old = task_index_at(&n->run->tasks, a->step,
					     a->split);

	if (!old) {
		old = arena_zalloc(&n->all->arena, sizeof(*old));
		task_index_put(&n->run->tasks, a->step, a->split, a->element,
			       old);
	}
	old->run = a->run;
	old->task = a->task;
	old->outcome = a->outcome;
	old->is_good = a->reusable || a->outcome == TASK_REUSED;
	return false;
}

/* Read the tasks of STEP in RUN, unless they were. */
static int
read_step(struct run *r, struct old_run *run, const char *step,
	  struct error *err)
{
	struct attempt_filter f = { .run = run->number, .step = step };
	struct noting n = { r->old_tasks, run };

	return map_sets(&run->steps, step, r) ? 0 :
		store_attempt_each(r->store, &f, note_attempt, &n, err);
}

/* Find what A's task was; *OLD is NULL when no run had it. */
static int
find_old(struct run *r, const struct attempt *a, const struct old_task **old,
	 struct error *err)
{
	const char *step = a->task->step->name;
	struct old_tasks *o;
	size_t i;

	*old = NULL;
	if (!r->old_tasks)
		r->old_tasks = old_tasks_new(r, err);
	o = r->old_tasks;
	if (!o)
		return -1;
	for (i = 0; i < o->run_count; i++) {
		if (read_step(r, &o->runs[i], step, err))
			return -1;
		*old = task_index_find(&o->runs[i].tasks, step, a->split.buf,
				       a->element.buf);
		if (*old && (*old)->outcome != TASK_SKIPPED)
			return 0;
	}
	*old = NULL;
	return 0;
}

/* ---- words ---- */

/* Why an attempt is due. */
struct comparison {
	const struct attempt *attempt;
	const struct old_task *old;
	struct strbuf *why;
};

static bool
compare(void *data, const struct attempt_record *record)
{
	struct comparison *c = data;
	const struct attempt *a = c->attempt;
	struct strbuf parts = STRBUF_INIT;
	bool is_same = !digest_is_zero(&a->key) &&
		digest_equal(&a->key, &record->key);

	if (!c->old->is_good)
		strbuf_addf(c->why, "its last attempt %s",
			    task_outcome_not_good(c->old->outcome));
	if (c->old->is_good && is_same)
		strbuf_adds(c->why, "what it made is gone or was changed");
	if (is_same || !record->key_parts_len)
		return true;
	if (!c->old->is_good)
		strbuf_adds(c->why, "; since then ");
	key_encode(&a->key_parts, &parts);
	key_diff_words(record->key_parts, record->key_parts_len, parts.buf,
		       parts.len, c->why, NULL);
	strbuf_release(&parts);
	return true;
}

/* Say which parts of A's key cannot be had. */
static void
add_unknown_parts(struct attempt *a, struct strbuf *why)
{
	struct strbuf parts = STRBUF_INIT;

	key_encode(&a->key_parts, &parts);
	key_diff_words(parts.buf, parts.len, parts.buf, parts.len, why, NULL);
	strbuf_release(&parts);
}

/* Compare A's task with what it was. */
static int
add_difference(struct run *r, const struct attempt *a, struct strbuf *why,
	       struct error *err)
{
	struct attempt_filter f = { .latest_only = true };
	struct comparison c = { a, NULL, why };

	if (find_old(r, a, &c.old, err))
		return -1;
	if (c.old) {
		f.run = c.old->run;
		f.task = c.old->task;
		return store_attempt_each(r->store, &f, compare, &c, err);
	}
	if (r->old_tasks->has_all || !r->old_tasks->run_count)
		strbuf_adds(why, "there is no result of it yet");
	else
		strbuf_addf(why, "the last %d runs have no result of it",
			    RUNS_BACK);
	return 0;
}

void
run_add_due_reason(struct run *r, struct attempt *a, struct strbuf *why)
{
	const struct step *s = a->task->step;
	struct error err = ERROR_INIT;

	strbuf_adds(why, "runs: ");
	if (r->rerun[s->index]) {
		strbuf_adds(why, "--rerun asks for it");
		return;
	}
	if (attempt_demand(a, r->graph, &err) ||
	    attempt_make_key(a, r->graph, r->files, &err)) {
		strbuf_addf(why, "and fails: %s", err.text);
		error_release(&err);
		return;
	}
	if (a->is_stale)
		strbuf_adds(why, "a file that it reads was changed after it was made");
	else if (digest_is_zero(&a->key))
		add_unknown_parts(a, why);
	else if (add_difference(r, a, why, &err))
		run_fatal(r, &err);
}
