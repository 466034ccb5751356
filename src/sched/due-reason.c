/*
 * Why a plan would execute a task: what differs from the same task of the run
 * to resume.  In a fan-out that is the one of the same element, wherever it
 * stood, because positions move.
 */
#include "base/base.h"

#include "sched/run-internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/strbuf.h"
#include "model/graph.h"
#include "model/key-diff.h"
#include "sched/reuse.h"

/* The last attempt of a task of the run to resume. */
struct old_task {
	uint32_t task;
	enum task_outcome outcome;
	bool is_good;
};

struct old_tasks {
	struct arena arena;
	struct map steps;        /* those that were read, by name */
	struct map by_element;   /* "step\0element" -> struct old_task */
};

static struct old_tasks *
old_tasks_new(void)
{
	struct old_tasks *o = xcalloc(1, sizeof(*o));

	arena_init(&o->arena);
	map_init(&o->steps);
	map_init(&o->by_element);
	return o;
}

void
old_tasks_free(struct old_tasks *o)
{
	if (!o)
		return;
	map_release(&o->steps);
	map_release(&o->by_element);
	arena_release(&o->arena);
	free(o);
}

/* The place of the task of STEP with ELEMENT. */
static struct map_entry *
enter(struct old_tasks *o, const char *step, const char *element)
{
	struct strbuf key = STRBUF_INIT;
	struct map_entry *e;

	strbuf_add(&key, step, strlen(step) + 1);
	strbuf_adds(&key, element);
	e = map_enter(&o->by_element, key.buf, key.len);
	strbuf_release(&key);
	if (!e->value)
		e->value = arena_zalloc(&o->arena, sizeof(struct old_task));
	return e;
}

/* Of equal elements the first counts. */
static bool
note_attempt(void *data, const struct attempt_record *a)
{
	struct old_task *old;

	if (!*a->element)
		return false;
	old = enter(data, a->step, a->element)->value;
	if (old->task && old->task != a->task)
		return false;
	old->task = a->task;
	old->outcome = a->outcome;
	old->is_good = a->reusable || a->outcome == TASK_REUSED;
	return false;
}

/* Find what A's task, of a fan-out, was in the run to resume: its number is 0
 * when it was not there. */
static int
find_old(struct run *r, const struct attempt *a, struct old_task *old,
	 struct error *err)
{
	const char *step = a->task->step->name;
	struct attempt_filter f = { .run = r->origin.number, .step = step };

	if (!r->old_tasks)
		r->old_tasks = old_tasks_new();
	if (!map_sets(&r->old_tasks->steps, step, r) && f.run &&
	    store_attempt_each(r->store, &f, note_attempt, r->old_tasks, err))
		return -1;
	*old = *(struct old_task *)
		enter(r->old_tasks, step, a->element.buf)->value;
	return 0;
}

/* ---- words ---- */

/* Why an attempt is due. */
struct comparison {
	const struct attempt *attempt;
	struct strbuf *why;
};

static bool
compare(void *data, const struct attempt_record *old)
{
	struct comparison *c = data;
	const struct attempt *a = c->attempt;
	struct strbuf parts = STRBUF_INIT;

	if (!old->reusable && old->outcome != TASK_REUSED)
		return false;
	if (!digest_is_zero(&a->key) && digest_equal(&a->key, &old->key)) {
		strbuf_adds(c->why, "what it made is gone or was changed");
		return true;
	}
	key_encode(&a->key_parts, &parts);
	key_diff_words(old->key_parts, old->key_parts_len, parts.buf,
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

/* No result is known: the last attempt ended with LAST, or SKIPPED says that
 * there is none. */
static void
add_last_end(enum task_outcome last, struct strbuf *why)
{
	if (last == TASK_SKIPPED)
		strbuf_adds(why, "there is no result of it yet");
	else
		strbuf_addf(why, "its last attempt %s",
			    task_outcome_not_good(last));
}

/* A's task is of a fan-out. */
static int
add_split_reason(struct run *r, const struct attempt *a, struct strbuf *why,
		 struct error *err)
{
	struct attempt_filter f = { .run = r->origin.number };
	struct comparison c = { a, why };
	struct old_task old;

	if (find_old(r, a, &old, err))
		return -1;
	f.task = old.task;
	if (old.is_good)
		return store_attempt_each(r->store, &f, compare, &c, err);
	add_last_end(old.task ? old.outcome : TASK_SKIPPED, why);
	return 0;
}

static bool
note_outcome(void *data, const struct attempt_record *a)
{
	*(enum task_outcome *)data = a->outcome;
	return false;
}

/* A's task is the only one of its step. */
static int
add_step_reason(struct run *r, const struct attempt *a, struct strbuf *why,
		struct error *err)
{
	const char *step = a->task->step->name;
	struct attempt_filter f = { .run = 0 };
	struct comparison c = { a, why };
	enum task_outcome last = TASK_SKIPPED;
	int found = reuse_find_name(r->reuse, step, a->split.buf, &f.run,
				    &f.task, err);

	if (found)
		return found < 0 ? -1 :
			store_attempt_each(r->store, &f, compare, &c, err);
	f.run = r->origin.number;
	f.step = step;
	f.split = a->split.buf;
	if (f.run && store_attempt_each(r->store, &f, note_outcome, &last, err))
		return -1;
	add_last_end(last, why);
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
	else if (a->element.len ? add_split_reason(r, a, why, &err)
				: add_step_reason(r, a, why, &err))
		run_fatal(r, &err);
}
