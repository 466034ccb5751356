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

enum { RUNS_BACK = 20 }; /* so many runs are looked through */

/* The last attempt of a task of an earlier run. */
struct old_task {
	uint32_t run;
	uint32_t task;
	enum task_outcome outcome;
	bool is_good;
	const char *element;
};

struct old_tasks {
	struct arena arena;
	uint32_t runs[RUNS_BACK]; /* of the flow: the one to resume first, then
				   * newest first */
	size_t run_count;
	bool has_all;            /* there are no others */
	struct map steps;        /* "run\0step" of those that were read */
	struct map by_split;     /* "run\0step\0split" -> struct old_task */
	struct map by_element;   /* the same with elements: the first such */
};

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
	o->runs[o->run_count++] = r->origin.number;
	o->has_all = true;
	for (i = count; i-- > 0;) {
		bool is_other = runs[i].number != r->origin.number && flow &&
			runs[i].flow_file && !strcmp(runs[i].flow_file, flow);

		if (is_other && o->run_count < RUNS_BACK)
			o->runs[o->run_count++] = runs[i].number;
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
	map_init(&o->steps);
	map_init(&o->by_split);
	map_init(&o->by_element);
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
	map_release(&o->steps);
	map_release(&o->by_split);
	map_release(&o->by_element);
	arena_release(&o->arena);
	free(o);
}

/* Make KEY what the maps have for WORD in STEP of RUN. */
static void
set_key(struct strbuf *key, uint32_t run, const char *step, const char *word)
{
	strbuf_reset(key);
	strbuf_add(key, (const char *)&run, sizeof(run));
	strbuf_add(key, step, strlen(step) + 1);
	strbuf_adds(key, word);
}

/* Attempts of a task come one after another: the last one counts. */
static bool
note_attempt(void *data, const struct attempt_record *a)
{
	struct old_tasks *o = data;
	struct strbuf key = STRBUF_INIT;
	struct old_task *old;

	set_key(&key, a->run, a->step, a->split);
	old = map_get(&o->by_split, key.buf, key.len);
	if (!old) {
		old = arena_zalloc(&o->arena, sizeof(*old));
		old->element = arena_strdup(&o->arena, a->element);
		map_set(&o->by_split, key.buf, key.len, old);
		set_key(&key, a->run, a->step, a->element);
		if (*a->element && !map_get(&o->by_element, key.buf, key.len))
			map_set(&o->by_element, key.buf, key.len, old);
	}
	old->run = a->run;
	old->task = a->task;
	old->outcome = a->outcome;
	old->is_good = a->reusable || a->outcome == TASK_REUSED;
	strbuf_release(&key);
	return false;
}

/* What A's task was in RUN, or NULL. */
static const struct old_task *
find_in_run(const struct old_tasks *o, const struct attempt *a, uint32_t run)
{
	const char *step = a->task->step->name;
	const struct old_task *old;
	struct strbuf key = STRBUF_INIT;

	set_key(&key, run, step, a->split.buf);
	old = map_get(&o->by_split, key.buf, key.len);
	if (!old || strcmp(old->element, a->element.buf)) {
		set_key(&key, run, step, a->element.buf);
		old = map_get(&o->by_element, key.buf, key.len);
	}
	strbuf_release(&key);
	return old;
}

/* Read the tasks of STEP in RUN, unless they were. */
static int
read_step(struct run *r, uint32_t run, const char *step, struct error *err)
{
	struct attempt_filter f = { .run = run, .step = step };
	struct strbuf key = STRBUF_INIT;
	bool is_read;

	set_key(&key, run, step, "");
	is_read = map_set(&r->old_tasks->steps, key.buf, key.len, r);
	strbuf_release(&key);
	return is_read ? 0 : store_attempt_each(r->store, &f, note_attempt,
						r->old_tasks, err);
}

/* Find what A's task was; *OLD is NULL when no run had it. */
static int
find_old(struct run *r, const struct attempt *a, const struct old_task **old,
	 struct error *err)
{
	const struct old_tasks *o;
	size_t i;

	*old = NULL;
	if (!r->old_tasks)
		r->old_tasks = old_tasks_new(r, err);
	o = r->old_tasks;
	if (!o)
		return -1;
	for (i = 0; i < o->run_count; i++) {
		if (read_step(r, o->runs[i], a->task->step->name, err))
			return -1;
		*old = find_in_run(o, a, o->runs[i]);
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
		strbuf_adds(why, "a file that it reads was changed by hand");
	else if (digest_is_zero(&a->key))
		add_unknown_parts(a, why);
	else if (add_difference(r, a, why, &err))
		run_fatal(r, &err);
}
