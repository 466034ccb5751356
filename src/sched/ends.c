/*
 * How attempts end: what an outcome makes of the task, and what is kept of it.
 */
#include "base/base.h"

#include "sched/run-internal.h"

#include "base/cbor.h"
#include "base/strbuf.h"
#include "model/graph.h"
#include "store/files.h"
#include "store/objects.h"

/* Attempts that failed by no fault of their own are tried this often. */
enum { MAX_LOSSES = 3 };

/* Keep what other tasks read of A's. */
static void
keep_artifacts(struct run *r, struct attempt *a, const struct outcome *o)
{
	struct task *t = a->task;

	t->results = graph_keep_artifacts(r->graph, o->results,
					  a->spec.result_count);
	t->output_artifacts = graph_keep_artifacts(r->graph, o->outputs,
						   a->spec.output_count);
}

/* The alist that catch gives: kind, status, message. */
static void
keep_caught(struct run *r, struct attempt *a, const struct outcome *o)
{
	struct strbuf sb = STRBUF_INIT;

	cbor_put_array(&sb, 3);
	cbor_put_tag(&sb, CBOR_TAG_DOTTED);
	cbor_put_array(&sb, 2);
	cbor_put_tag(&sb, CBOR_TAG_SYMBOL);
	cbor_put_str(&sb, "kind");
	cbor_put_tag(&sb, CBOR_TAG_SYMBOL);
	cbor_put_str(&sb, o->kind == OUTCOME_TIMEOUT ? "timeout" :
		     o->kind == OUTCOME_LOST ? "lost" :
		     o->signal ? "signal" : "failed");
	cbor_put_tag(&sb, CBOR_TAG_DOTTED);
	cbor_put_array(&sb, 2);
	cbor_put_tag(&sb, CBOR_TAG_SYMBOL);
	cbor_put_str(&sb, "status");
	if (o->exit_status >= 0)
		cbor_put_int(&sb, o->exit_status);
	else
		cbor_put_bool(&sb, false);
	cbor_put_tag(&sb, CBOR_TAG_DOTTED);
	cbor_put_array(&sb, 2);
	cbor_put_tag(&sb, CBOR_TAG_SYMBOL);
	cbor_put_str(&sb, "message");
	cbor_put_str(&sb, o->message ? o->message : "");
	graph_keep_caught(r->graph, a->task, sb.buf, sb.len);
	strbuf_release(&sb);
}

/* What was made is used again as long as its objects are as they are now; of
 * most that is known by their stat. */
static void
rest_on_results(struct run *r, const struct attempt_record *rec)
{
	size_t i;

	for (i = 0; i < rec->result_count; i++) {
		const struct artifact *a = &rec->results[i];

		r->unsettled |= a->format != ARTIFACT_INLINE &&
			object_verify(&a->digest, a->file_name, r->files,
				      NULL) <= 0;
	}
}

/* The pause before the next attempt is over. */
static void
on_pause_end(void *data)
{
	struct attempt *a = data;
	struct run *r = a->run;

	r->pausing--;
	graph_retry(r->graph, a->task);
}

/* What an outcome makes of the task. */
static enum task_outcome
judge(const struct run *r, struct attempt *a, const struct outcome *o)
{
	switch (o->kind) {
	case OUTCOME_OK:
		return TASK_DONE;
	case OUTCOME_CANCELLED:
		return TASK_CANCELLED;
	case OUTCOME_LOST:
		if (++a->losses < MAX_LOSSES && !r->stopping)
			return TASK_RETRIED;
		break;
	case OUTCOME_FAILED:
	case OUTCOME_TIMEOUT:
		if (++a->failures <= a->demands.retry_times && !r->stopping)
			return TASK_RETRIED;
		break;
	}
	return a->demands.catch_name ? TASK_CAUGHT : TASK_FAILED;
}

/* Tell the graph. */
static void
end_task(struct run *r, struct attempt *a, enum task_outcome outcome,
	 const struct outcome *o)
{
	struct error err = ERROR_INIT;
	int ret = 0;

	switch (outcome) {
	case TASK_DONE:
		ret = graph_task_over(r->graph, a->task, END_DONE, &err);
		break;
	case TASK_CAUGHT:
		keep_caught(r, a, o);
		ret = graph_task_over(r->graph, a->task, END_CAUGHT, &err);
		break;
	default:
		graph_fail(r->graph, &a->task->node);
		break;
	}
	if (ret)
		run_fatal(r, &err);
}

void
on_finished(void *data, void *task, const struct outcome *o)
{
	struct run *r = data;
	struct attempt *a = task;
	enum task_outcome outcome = judge(r, a, o);
	struct attempt_record rec = record_of(r, a);

	r->running--;
	files_task_ended(r->files);
	attempt_leave_limits(r, a);
	forget_start(r, a);
	rec.outcome = outcome;
	rec.ended_ns = o->ended_ns;
	rec.exit_status = o->exit_status;
	rec.signal = o->signal;
	rec.user_ns = o->user_ns;
	rec.system_ns = o->system_ns;
	rec.max_rss_kib = o->max_rss_kib;
	if (o->message)
		rec.message = arena_strdup(&a->arena, o->message);
	if (outcome == TASK_DONE) {
		keep_artifacts(r, a, o);
		rec.results = a->task->results;
		rec.result_count = a->spec.result_count;
		r->summary->run.results_bytes +=
			artifact_object_bytes(rec.results, rec.result_count);
		rec.outputs = a->task->output_artifacts;
		rec.output_count = a->spec.output_count;
		rec.reusable = o->reusable && !a->is_stale &&
			!digest_is_zero(&a->key);
		rest_on_results(r, &rec);
		if (o->warning)
			run_note(r, "warning: %s: %s", a->name.buf,
				 o->warning);
	}
	r->unsettled |= outcome != TASK_RETRIED && !rec.reusable;
	count_ends(r, outcome, 1);
	record_end(r, a, &rec, outcome != TASK_RETRIED);
	if (outcome != TASK_RETRIED) {
		/* its files are given back when that is on record */
		end_task(r, a, outcome, o);
		return;
	}
	attempt_leave(r, a);
	r->pausing++;
	a->task->attempt++;
	loop_timer_start(r->loop, &a->pause, loop_now_ns(r->loop) +
			 (o->kind == OUTCOME_LOST ? 0 :
			  a->demands.retry_pause_ns), on_pause_end, a);
}

void
run_cancel_all(struct run *r, bool hard)
{
	uint32_t i;

	for (i = 0; i < graph_task_count(r->graph); i++) {
		struct attempt *a = graph_task(r->graph, i)->running;

		if (a && a->admitted && !a->hashing)
			r->executor->ops->cancel(r->executor, a, hard);
	}
}
