/*
 * What a resume need not execute.
 *
 * When a task is ready its key is known.  If the store has a good result of
 * that key, and its bytes are there, the task is over at once; else it is due:
 * it waits for its turn as tasks of any run do.  What must be restored is due
 * too, since that writes files of the project, under the same leases; so
 * before a task is executed its result is looked for again.
 */
#include "base/base.h"

#include "sched/run-internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "base/text.h"
#include "exec/agent.h"
#include "model/graph.h"
#include "model/key-diff.h"
#include "model/resolve.h"
#include "sched/leases.h"
#include "sched/prehash.h"
#include "sched/reuse.h"
#include "store/files.h"
#include "store/objects.h"
#include "sys/pool.h"

/* The loop goes on with other news after so many decisions. */
enum { DECISIONS_PER_TURN = 5000 };

/* ---- beginning ---- */

/* Which steps --rerun names. */
static int
find_reruns(struct run *r, struct error *err)
{
	char *const *name = r->options->rerun;

	r->rerun = xcalloc(r->rules.step_count + 1, sizeof(*r->rerun));
	for (; name && *name; name++) {
		const struct step *s = rules_find(&r->rules, *name);
		const char *near;

		if (s) {
			r->rerun[s->index] = true;
			continue;
		}
		near = rules_suggest(&r->rules, *name);
		return error_set(err, "--rerun: no step is called '%s'%s%s%s",
				 *name, near ? " (did you mean '" : "",
				 near ? near : "", near ? "'?)" : "");
	}
	return 0;
}

int
run_read_results(struct run *r, struct error *err)
{
	if (find_reruns(r, err))
		return -1;
	r->reuse = reuse_new(r->store, r->files, r->origin.number);
	return 0;
}

/* ---- what is kept ---- */

int
run_record_kept(struct run *r, struct error *err)
{
	if (!r->kept_is_new)
		return 0;
	r->kept_is_new = false;
	return store_kept_put(r->store, r->summary->run.number, &r->kept, err);
}

/* COUNT tasks of this run from NUMBER on are what the origin run shows under
 * their names: HIT, and what follows it. */
static int
add_kept(struct run *r, uint32_t number, uint32_t count,
	 const struct reuse_hit *hit, struct error *err)
{
	struct kept_range *k = &r->kept;

	if (k->count && number == k->first + k->count &&
	    hit->run == k->source_run &&
	    hit->task == k->source_first + k->count) {
		k->count += count;
	} else {
		if (run_record_kept(r, err))
			return -1;
		*k = (struct kept_range){ number, count, hit->run,
					  hit->task };
	}
	r->kept_is_new = true;
	return 0;
}

/* Record a task whose result comes from one of another name or run. */
static int
add_reused(struct run *r, struct attempt *a, const struct reuse_hit *hit,
	   struct error *err)
{
	struct attempt_record rec;
	size_t i;

	if (a->is_scratch) {
		attempt_add_names(a);
		strbuf_reset(&a->encoded_parts);
		key_encode(&a->key_parts, &a->encoded_parts);
	}
	rec = record_of(r, a);
	if (store_attempt_copy_figures(r->store, hit->run, hit->task, &rec,
				       err))
		return -1;
	rec.attempt = 0;
	rec.outcome = TASK_REUSED;
	rec.results = hit->results;
	rec.result_count = a->task->step->template->produce_count;
	rec.outputs = hit->outputs;
	rec.output_count = a->task->output_count;
	rec.origin_run = hit->origin_run;
	rec.origin_task = hit->origin_task;
	for (i = 0; i < rec.output_count; i++)
		files_set_maker(r->files, rec.outputs[i].name, rec.step);
	return store_attempt_end(r->store, &rec, err);
}

/* T, of which A is an attempt, or A is NULL and T is kept, is over by HIT. */
static void
take_hit(struct run *r, struct task *t, struct attempt *a,
	 const struct reuse_hit *hit)
{
	struct error err = ERROR_INIT;

	t->origin_run = hit->origin_run;
	count_ends(r, TASK_REUSED, 1);
	if (r->options->dry_run)
		return;
	if (!t->number)
		t->number = ++r->last_number;
	if (hit->is_kept ? add_kept(r, t->number, 1, hit, &err)
			 : add_reused(r, a, hit, &err))
		run_fatal(r, &err);
}

static void
end_reused(struct run *r, struct task *t)
{
	struct error err = ERROR_INIT;

	if (graph_task_over(r->graph, t, END_DONE, &err))
		run_fatal(r, &err);
}

/* Let T have what HIT found. */
static void
keep_artifacts(struct run *r, struct task *t, const struct reuse_hit *hit)
{
	t->results = graph_keep_artifacts(r->graph, hit->results,
					  t->step->template->produce_count);
	t->output_artifacts = graph_keep_artifacts(r->graph, hit->outputs,
						   t->output_count);
}

/* A is over, by HIT; frees A. */
static void
reuse(struct run *r, struct attempt *a, const struct reuse_hit *hit)
{
	struct task *t = a->task;

	keep_artifacts(r, t, hit);
	take_hit(r, t, a, hit);
	attempt_free(a);
	end_reused(r, t);
}

/* Keep what the graph has passed over. */
static void
keep_passed(struct run *r)
{
	struct error err = ERROR_INIT;
	struct reuse_hit hit;
	uint32_t count;

	while ((count = run_take_passed(r, &hit))) {
		count_ends(r, TASK_REUSED, count);
		if (add_kept(r, r->last_number + 1, count, &hit, &err)) {
			run_fatal(r, &err);
			return;
		}
		r->last_number += count;
	}
}

/* ---- deciding ---- */

static void
push_due(struct run *r, struct task *t)
{
	if (r->due_start == r->due_count)
		r->due_start = r->due_count = 0;
	ARRAY_GROW(r->due, r->due_count, r->due_alloc);
	r->due[r->due_count++] = t;
}

struct task *
run_take_due(struct run *r)
{
	return r->due_start < r->due_count ? r->due[r->due_start++] : NULL;
}

/* Look for a result of A, whose spec is made. */
static enum reuse_state
look(struct run *r, struct attempt *a, struct reuse_hit *hit)
{
	enum reuse_state state = REUSE_NONE;
	struct error err = ERROR_INIT;

	if (r->rerun[a->task->step->index] || a->is_stale)
		return REUSE_NONE;
	if (reuse_find(r->reuse, a->task, a->split.buf, &a->key, &a->arena,
		       &state, hit, &err))
		run_fatal(r, &err);
	return state;
}

/* Decide about T, whose large inputs are hashed.  What is wrong with it is said
 * when it is executed. */
static void
decide(struct run *r, struct task *t)
{
	struct error err = ERROR_INIT;
	enum reuse_state state = REUSE_NONE;
	struct reuse_hit hit;
	struct attempt *a;

	t->attempt = 1;
	/* what another run is just making may look right, and vanish */
	if (r->leases && !leases_allow(r->leases, t)) {
		push_due(r, t);
		return;
	}
	a = attempt_begin_scratch(r, &r->scratch, t);
	if (!attempt_demand(a, r->graph, &err) &&
	    !attempt_make_key(a, r->graph, r->files, &err))
		state = look(r, a, &hit);
	error_release(&err);
	t->in_doubt = files_take_doubt(r->files);
	t->restored = r->options->dry_run && state == REUSE_RESTORE &&
		!t->in_doubt;
	if (state == REUSE_RIGHT && !t->in_doubt) {
		reuse(r, a, &hit);
		return;
	}
	if (t->restored)
		keep_artifacts(r, t, &hit);
	attempt_free(a);
	push_due(r, t);
}

/* A task whose large inputs are being hashed. */
struct hashing {
	struct run *run;
	struct task *task;
};

static void
on_decide_hashed(void *data)
{
	struct hashing *h = data;

	h->run->running--;
	decide(h->run, h->task);
	free(h);
}

/* Begin to decide about T, unless it need not be asked.  Returns whether that
 * took long. */
static bool
consider(struct run *r, struct task *t)
{
	struct reuse_hit hit;
	struct hashing *h;

	if (t->running) { /* tried again */
		push_due(r, t);
		return false;
	}
	if (run_trusts(r, t, &hit)) {
		take_hit(r, t, NULL, &hit);
		end_reused(r, t);
		return false;
	}
	h = xmalloc(sizeof(*h));
	*h = (struct hashing){ r, t };
	if (prehash_inputs(r->prehash, t, on_decide_hashed, h)) {
		r->running++;
		return true;
	}
	free(h);
	decide(r, t);
	return true;
}

int
run_hold_files(struct run *r, struct error *err)
{
	files_hold(r->files);
	r->holds_files = true;
	return r->witness ? files_recall(r->files, r->witness, err) :
		files_look_ahead(r->files, r->pool, err);
}

void
run_let_files_go(struct run *r)
{
	if (r->holds_files)
		files_let_go(r->files);
	r->holds_files = false;
}

void
run_decide(struct run *r)
{
	uint32_t reused = r->summary->counts.reused;
	struct task *t = NULL;
	unsigned n = 0;

	keep_passed(r);
	files_hold(r->files);
	while (n < DECISIONS_PER_TURN && !r->stopping) {
		t = graph_take_ready(r->graph);
		if (!t)
			break;
		n += consider(r, t);
	}
	files_let_go(r->files);
	/* what was reused may make fan-outs known, and more tasks ready */
	r->undecided = !r->stopping &&
		(t || r->summary->counts.reused != reused);
}

/* ---- restoring ---- */

/* Outputs of one attempt on their way out of the store. */
struct restore_job {
	struct pool_job job;
	struct attempt *attempt;
	struct reuse_hit hit;    /* in the attempt's arena */
	bool *wanted;            /* by output: it is not right as it is */
	bool done;
	struct error error;      /* else why, if there is more to say */
};

static void
restore_work(struct pool_job *job)
{
	struct restore_job *j = (struct restore_job *)job;
	size_t i;

	j->done = true;
	for (i = 0; j->done && i < j->attempt->spec.output_count; i++)
		if (j->wanted[i] &&
		    object_restore(&j->hit.outputs[i].digest,
				   j->hit.outputs[i].name, &j->error) <= 0)
			j->done = false;
}

/* Whether the outputs are now what they should be. */
static bool
is_restored(struct run *r, const struct restore_job *j)
{
	struct file_state now;
	size_t i;

	for (i = 0; i < j->attempt->spec.output_count; i++) {
		const struct artifact *o = &j->hit.outputs[i];

		if (files_made(r->files, o->name, &now, NULL) <= 0 ||
		    !digest_equal(&now.digest, &o->digest))
			return false;
	}
	return true;
}

static void
restore_done(struct pool_job *job)
{
	struct restore_job *j = (struct restore_job *)job;
	struct attempt *a = j->attempt;
	struct run *r = a->run;

	r->running--;
	a->hashing = false;
	if (j->done && is_restored(r, j)) {
		attempt_leave(r, a);
		reuse(r, a, &j->hit);
	} else if (r->stopping) {
		attempt_leave(r, a);
	} else {
		run_note(r, "%s runs, since its outputs cannot be restored%s%s",
			 a->name.buf, j->error.text ? ": " : "",
			 j->error.text ? j->error.text : "");
		attempt_execute(r, a);
	}
	error_release(&j->error);
	free(j->wanted);
	free(j);
}

/* Say what was moved out of the way, line by line. */
static void
tell_notes(struct run *r, const struct attempt *a, const char *notes)
{
	while (*notes) {
		size_t len = strcspn(notes, "\n");

		run_note(r, "%s: %.*s", a->name.buf, (int)len, notes);
		notes += len + (notes[len] == '\n');
	}
}

int
run_clear_output(struct run *r, const struct attempt *a, const char *path,
		 struct error *err)
{
	struct strbuf notes = STRBUF_INIT;
	int ret = agent_clear_output(r->files, r->summary->run.number, path,
				     &notes, err);

	tell_notes(r, a, notes.buf);
	strbuf_release(&notes);
	return ret;
}

/* Clear the way of the outputs that are not right. */
static int
clear_outputs(struct run *r, struct restore_job *j, struct error *err)
{
	const struct task_spec *spec = &j->attempt->spec;
	struct file_state now;
	size_t i;
	int ret = 0;

	j->wanted = xcalloc(spec->output_count + 1, sizeof(*j->wanted));
	for (i = 0; !ret && i < spec->output_count; i++) {
		const struct artifact *o = &j->hit.outputs[i];

		j->wanted[i] = files_digest(r->files, o->name, &now,
					    NULL) <= 0 ||
			!digest_equal(&now.digest, &o->digest);
		if (j->wanted[i])
			ret = run_clear_output(r, j->attempt, o->name, err);
	}
	return ret;
}

/* Begin to restore the outputs of A.  Returns whether that is under way. */
static bool
restore(struct run *r, struct attempt *a, const struct reuse_hit *hit)
{
	struct restore_job *j = xcalloc(1, sizeof(*j));

	j->job.work = restore_work;
	j->job.done = restore_done;
	j->attempt = a;
	j->hit = *hit;
	if (clear_outputs(r, j, NULL)) {
		free(j->wanted);
		free(j);
		return false;
	}
	a->hashing = true;
	r->running++;
	pool_submit(r->pool, &j->job);
	return true;
}

bool
attempt_reuse(struct run *r, struct attempt *a)
{
	struct reuse_hit hit;

	if (a->task->attempt > 1)
		return false;
	switch (look(r, a, &hit)) {
	case REUSE_RIGHT:
		attempt_leave(r, a);
		reuse(r, a, &hit);
		return true;
	case REUSE_RESTORE:
		return restore(r, a, &hit);
	default:
		return false;
	}
}
