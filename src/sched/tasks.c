/*
 * The attempts of a run: from ready to recorded.  A record is committed before
 * its news is told, and before anything that depends on it starts: both
 * happen after the commit at the end of the loop's turn.
 */
#include "base/base.h"

#include "sched/run-internal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/strbuf.h"
#include "model/graph.h"
#include "sched/leases.h"
#include "sched/notes.h"
#include "sched/prehash.h"
#include "store/files.h"
#include "sys/file.h"

/* Record a task that ends without an executor: skipped, or failed before it
 * could be started. */
static void
end_unstarted(struct run *r, struct attempt *a, enum task_outcome outcome,
	      const char *message)
{
	struct attempt_record rec;

	if (!a->task->number)
		a->task->number = ++r->last_number;
	rec = record_of(r, a);
	rec.outcome = outcome;
	rec.message = message;
	rec.ended_ns = rec.started_ns = clock_real_ns(loop_clock(r->loop));
	/* these are of the attempt before, if there was one */
	rec.pid = 0;
	rec.log_start = rec.log_end = 0;
	count_ends(r, outcome, 1);
	record_end(r, a, &rec, true);
}

void
run_record_skipped(struct run *r)
{
	struct task *t;

	while ((t = graph_take_skipped(r->graph)))
		if (t->node.wanted)
			end_unstarted(r, attempt_new(r, t), TASK_SKIPPED,
				      NULL);
}

/* ---- starting ---- */

void
attempt_leave_limits(struct run *r, struct attempt *a)
{
	if (a->admitted)
		limits_leave(&r->limits, a->demands.cpu_milli,
			     a->demands.memory_mb);
	a->admitted = false;
}

void
attempt_leave(struct run *r, struct attempt *a)
{
	attempt_leave_limits(r, a);
	leases_drop(r->leases, &a->lease);
}

/* Record that A failed before it started. */
static void
record_unstarted(struct run *r, struct attempt *a, const struct error *why)
{
	const char *message = arena_strdup(&a->arena, why->text);

	a->task->attempt = MAX(a->task->attempt, 1);
	end_unstarted(r, a, TASK_FAILED, message);
}

void
run_record_faulty(struct run *r)
{
	struct error why = ERROR_INIT;
	struct task *t;

	while ((t = graph_take_faulty(r->graph, &why))) {
		run_record_failed(r, t, &why);
		error_release(&why);
	}
}

/* A task that failed before it started. */
static void
fail_unstarted(struct run *r, struct attempt *a, struct error *err)
{
	attempt_leave(r, a);
	graph_fail(r->graph, &a->task->node);
	record_unstarted(r, a, err);
	error_release(err);
}

static void
queue_push(struct run *r, struct attempt *a)
{
	if (r->queue_start == r->queue_count)
		r->queue_start = r->queue_count = 0;
	ARRAY_GROW(r->queue, r->queue_count, r->queue_alloc);
	r->queue[r->queue_count++] = a;
}

/* Say once for a step that its tasks are larger than the machine. */
static void
warn_too_large(struct run *r, const struct attempt *a)
{
	uint32_t step = a->task->step->index;
	const struct demands *d = &a->demands;
	const struct limits *l = &r->limits;
	bool too_large = limits_too_large(l, d->cpu_milli, d->memory_mb);
	struct strbuf what = STRBUF_INIT;

	if (r->said[step] & SAID_TOO_LARGE || !too_large)
		return;
	r->said[step] |= SAID_TOO_LARGE;
	if (d->cpu_milli > l->cpu_milli)
		strbuf_addf(&what, "%g of %g processors",
			    d->cpu_milli / 1000.0, l->cpu_milli / 1000.0);
	if (d->memory_mb > l->memory_mb)
		strbuf_addf(&what, "%s%" PRIu64 " of %" PRIu64 " MB",
			    what.len ? ", " : "", d->memory_mb, l->memory_mb);
	run_note(r, "warning: step '%s' asks for more than this machine has "
		 "(%s): its tasks run alone%s", a->task->step->name, what.buf,
		 r->options->local ? "" :
		 "; --with batch would run them on AWS Batch");
	strbuf_release(&what);
}

/* How many attempts wait for a place, so that run_refill finds some. */
enum { QUEUE_AHEAD = 16 };

/* Make an attempt of the next task that the graph has ready and queue it.
 * Returns false when there is none. */
static bool
take_ready(struct run *r)
{
	struct task *t;

	while ((t = r->reuse ? run_take_due(r) : graph_take_ready(r->graph))) {
		struct attempt *a = t->running ? t->running :
			attempt_new(r, t);
		struct error err = ERROR_INIT;

		if (!a->task->attempt)
			a->task->attempt = 1;
		if (attempt_demand(a, r->graph, &err)) {
			fail_unstarted(r, a, &err);
			continue;
		}
		if (run_refuse_batch(r, t->step, &a->demands, &err)) {
			attempt_free(a);
			run_fatal(r, &err);
			return false;
		}
		warn_too_large(r, a);
		queue_push(r, a);
		return true;
	}
	return false;
}

/* Write A's spec where the user wants it: DIR/15.3.1.spec for the first
 * attempt of task number 3 of run 15. */
static int
write_spec(struct run *r, struct attempt *a, struct error *err)
{
	bool scheme = a->spec.kind == SPEC_SCHEME;
	struct strbuf load = STRBUF_INIT, spec = STRBUF_INIT;
	char *path = xasprintf("%s/%u.%u.%u.spec", r->options->spec_dir,
			       a->spec.run, a->spec.task, a->spec.attempt);
	int ret;

	if (scheme)
		spec_put_load(&load, r->given.v,
			      r->rules.manifest, r->rules.manifest_len);
	spec_encode(&a->spec, scheme ? r->options->flow_file : NULL,
		    scheme ? load.buf : NULL, load.len, &spec);
	ret = file_make_dirs(r->options->spec_dir, err) ||
		file_replace(path, spec.buf, spec.len, false, err) ? -1 : 0;
	strbuf_release(&load);
	strbuf_release(&spec);
	free(path);
	return ret;
}

void
attempt_execute(struct run *r, struct attempt *a)
{
	struct error err = ERROR_INIT;

	if (a->task->attempt == 1)
		notes_add(r->notes, a,
			  r->rerun && r->rerun[a->task->step->index]);
	if (r->options->spec_dir && write_spec(r, a, &err)) {
		fail_unstarted(r, a, &err);
		return;
	}
	run_code_begin(r);
	r->running++;
	if (r->executor->ops->start(r->executor, &a->spec, a, &err)) {
		r->running--;
		fail_unstarted(r, a, &err);
	}
}

/* Make the spec of A and execute it. */
static void
attempt_start(struct run *r, struct attempt *a)
{
	struct error err = ERROR_INIT;

	run_let_files_go(r);
	a->pid = 0;
	a->log_start = a->log_end = 0;
	memset(a->printed_bytes, 0, sizeof(a->printed_bytes));
	a->started_ns = clock_real_ns(loop_clock(r->loop));
	if (!a->task->number)
		a->task->number = ++r->last_number;
	if (attempt_make_spec(a, r->graph, r->files, r->machine_cpu_milli,
			      &err)) {
		fail_unstarted(r, a, &err);
		return;
	}
	a->spec.run = r->summary->run.number;
	if (!r->reuse || !attempt_reuse(r, a))
		attempt_execute(r, a);
}

/* A's large inputs have been hashed. */
static void
on_hashed(void *data)
{
	struct attempt *a = data;

	a->run->running--;
	a->hashing = false;
	if (a->run->stopping)
		attempt_leave(a->run, a);
	else
		attempt_start(a->run, a);
}

static void
hash_and_start(struct run *r, struct attempt *a)
{
	files_hold(r->files);
	a->hashing = prehash_inputs(r->prehash, a->task, on_hashed, a);
	if (a->hashing)
		r->running++;
	else
		attempt_start(r, a);
	files_let_go(r->files);
}

/* Another run has given back what A waited for. */
static void
on_lease_ready(void *data)
{
	struct attempt *a = data;

	a->run->leasing--;
	queue_push(a->run, a);
}

/* Append who else runs in this project: "run 15 (pid 4711)". */
static void
add_other_runs(struct run *r, struct strbuf *sb)
{
	const struct run_record *ours = &r->summary->run;
	struct run_record *runs = NULL;
	size_t count = 0, i, named = 0;

	if (store_run_list(r->store, &runs, &count, NULL))
		count = 0;
	for (i = 0; i < count; i++) {
		const struct run_record *o = &runs[i];
		bool is_here = !strcmp(o->host, ours->host);

		if (o->state == RUN_RUNNING && o->number != ours->number &&
		    (!is_here || store_run_alive(o)))
			strbuf_addf(sb, "%srun %" PRIu32 " (pid %" PRId64
				    "%s%s)", named++ ? " or " : "", o->number,
				    o->pid, is_here ? "" : " on ",
				    is_here ? "" : o->host);
		run_record_release(&runs[i]);
	}
	free(runs);
	if (!named)
		strbuf_adds(sb, "another run");
}

/* Say once for a step that a task of it waits for another run, which DOES
 * something with PATH. */
static void
tell_waiting(struct run *r, const struct attempt *a, const char *does,
	     const char *path)
{
	uint32_t step = a->task->step->index;
	struct strbuf who = STRBUF_INIT;

	if (r->said[step] & SAID_WAITS)
		return;
	r->said[step] |= SAID_WAITS;
	add_other_runs(r, &who);
	run_note(r, "%s waits: %s is %s '%s'", a->name.buf, who.buf, does,
		 path);
	strbuf_release(&who);
}

void
run_tell_silence(void *data)
{
	struct run *r = data;
	struct strbuf who = STRBUF_INIT;

	add_other_runs(r, &who);
	run_note(r, "nothing can start before %s answers; it may be stopped",
		 who.buf);
	strbuf_release(&who);
}

/* Lease A's files.  Otherwise it comes again when they are free. */
static bool
lease(struct run *r, struct attempt *a)
{
	struct error err = ERROR_INIT;
	size_t count;
	const char **reads = attempt_reads(a, &count);
	const char *path, *does;
	int got = leases_take(r->leases, &a->lease, a->task, reads, count,
			      &path, &does, on_lease_ready, a, &err);

	if (got > 0)
		return true;
	if (got < 0) {
		fail_unstarted(r, a, &err);
		return false;
	}
	r->leasing++;
	if (path)
		tell_waiting(r, a, does, path);
	attempt_leave(r, a);
	return false;
}

void
run_refill(struct run *r)
{
	/* who was told to end takes no more outputs away */
	while (!r->stopping && r->queue_start < r->queue_count &&
	       !loop_signal_waits(r->loop)) {
		struct attempt *a = r->queue[r->queue_start];

		if (a->task->node.waiting) {
			/* a maker of its input showed up: it comes again */
			r->queue_start++;
			attempt_leave(r, a);
			attempt_free(a);
			continue;
		}
		if (!limits_admit(&r->limits, a->demands.cpu_milli,
				  a->demands.memory_mb))
			return;
		a->admitted = true;
		r->queue_start++;
		if (lease(r, a))
			hash_and_start(r, a);
	}
}

void
run_dispatch(struct run *r)
{
	if (r->reuse && !r->stopping)
		run_decide(r);
	/* A wide fan-out has no more attempts than can be started, and a few:
	 * they are many times larger than its tasks. */
	do {
		run_refill(r);
	} while (!r->stopping &&
		 r->queue_count - r->queue_start < QUEUE_AHEAD &&
		 take_ready(r));
}

/* ---- the executor's news ---- */

/* Starts are for those who look while the run goes on; a task that is over
 * before anybody could look is recorded once, at its end. */
enum { START_DELAY_MS = 50 };

static void
on_starts_due(void *data)
{
	struct run *r = data;

	r->starts_due = true;
}

void
run_record_starts(struct run *r, bool now)
{
	uint32_t i;

	if (!r->start_count || !(now || r->starts_due))
		return;
	for (i = 0; i < r->start_count; i++) {
		struct attempt *a = r->starts[i];
		struct attempt_record rec = record_of(r, a);
		struct error err = ERROR_INIT;

		rec.outcome = TASK_RUNNING;
		a->start_place = 0;
		if (store_attempt_begin(r->store, &rec, &err))
			run_fatal(r, &err);
		push_news(r, a, &rec, true, false);
	}
	r->start_count = 0;
	r->starts_due = false;
	loop_timer_stop(r->loop, &r->start_timer);
}

static void
on_started(void *data, void *task, int64_t pid)
{
	struct run *r = data;
	struct attempt *a = task;

	a->pid = pid;
	ARRAY_GROW(r->starts, r->start_count, r->start_alloc);
	r->starts[r->start_count++] = a;
	a->start_place = r->start_count;
	if (!r->start_timer.position)
		loop_timer_start(r->loop, &r->start_timer,
				 loop_now_ns(r->loop) +
				 START_DELAY_MS * NS_PER_MS, on_starts_due, r);
}

void
forget_start(struct run *r, struct attempt *a)
{
	struct attempt *last;

	if (!a->start_place)
		return;
	last = r->starts[--r->start_count];
	r->starts[a->start_place - 1] = last;
	last->start_place = a->start_place;
	a->start_place = 0;
}

/* Append to the log, keeping the attempt's extent. */
static void
append_log(struct run *r, struct attempt *a, enum log_stream stream,
	   unsigned flags, int64_t real_ns, const char *text, size_t len)
{
	uint64_t start_at, end_at;
	struct error err = ERROR_INIT;

	if (log_append(r->log, a->task->number, a->task->attempt, stream,
		       flags, real_ns, text, len, &start_at, &end_at, &err)) {
		run_fatal(r, &err);
		return;
	}
	if (!a->log_end)
		a->log_start = start_at;
	a->log_end = end_at;
}

static void
on_printed(void *data, void *task, enum log_stream stream, int64_t real_ns,
	   const char *text, size_t len)
{
	static const char mark[] =
		"\n[flowmake: the rest is cut off by --max-log-size]\n";
	struct run *r = data;
	struct attempt *a = task;
	uint64_t limit = r->options->max_log_bytes;
	uint64_t *printed = &a->printed_bytes[stream - 1];
	struct task_news n = news_of(r, a);
	bool cut = false;

	if (limit && stream != LOG_ENGINE) {
		if (*printed >= limit)
			return;
		cut = len > limit - *printed;
		len = MIN(len, limit - *printed);
	}
	*printed += len;
	if (a->start_place)
		run_record_starts(r, true); /* the log names it from now on */
	append_log(r, a, stream, 0, real_ns, text, len);
	if (cut)
		append_log(r, a, stream, LOG_FLAG_TRUNCATED, real_ns, mark,
			   sizeof(mark) - 1);
	if (!r->events->printed)
		return;
	r->events->printed(r->data, &n, stream, real_ns, text, len);
	if (cut)
		r->events->printed(r->data, &n, stream, real_ns, mark,
				   sizeof(mark) - 1);
}

const struct executor_events run_executor_events = {
	.started = on_started,
	.printed = on_printed,
	.finished = on_finished,
};

void
run_cancel_retries(struct run *r)
{
	uint32_t i;

	for (i = 0; i < graph_task_count(r->graph); i++) {
		struct attempt *a = graph_task(r->graph, i)->running;

		if (!a || a->task->attempt < 2)
			continue;
		loop_timer_stop(r->loop, &a->pause);
		attempt_leave(r, a);
		graph_fail(r->graph, &a->task->node);
		end_unstarted(r, a, TASK_CANCELLED, NULL);
	}
}

void
run_task_failed(struct run *r, struct task *t, const struct error *why)
{
	struct error err = ERROR_INIT;

	error_copy(&err, why);
	fail_unstarted(r, t->running ? t->running : attempt_new(r, t), &err);
}

void
run_record_failed(struct run *r, struct task *t, const struct error *why)
{
	record_unstarted(r, attempt_new(r, t), why);
}
