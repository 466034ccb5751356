/*
 * What is told of a run, and what is recorded of its attempts.
 */
#include "base/base.h"

#include "sched/run-internal.h"

#include <stdarg.h>
#include <string.h>

#include "base/clock.h"
#include "base/strbuf.h"
#include "exec/slot.h"
#include "model/graph.h"
#include "sched/keeper.h"
#include "sched/leases.h"
#include "sched/notes.h"
#include "store/files.h"

/* A commit costs as much as starting a task.  While workers have other things
 * to do, and nobody waits for what has ended, it is made for several. */
enum { COMMIT_DELAY_MS = 10 };

void
run_note(struct run *r, const char *format, ...)
{
	struct strbuf text = STRBUF_INIT;
	va_list ap;

	if (!r->events->note)
		return;
	va_start(ap, format);
	strbuf_vaddf(&text, format, ap);
	va_end(ap);
	r->events->note(r->data, text.buf);
	strbuf_release(&text);
}

void
run_end_orphans(struct run *r)
{
	unsigned count = slot_kill_orphans();

	if (count)
		run_note(r, "note: killed %u process%s of tasks whose run had "
			 "been killed", count, count == 1 ? "" : "es");
}

void
run_fatal(struct run *r, struct error *err)
{
	r->stopping = true;
	if (r->fatal.text) {
		error_release(err);
		return;
	}
	r->fatal = *err;
	err->text = NULL;
}

/* ---- news ---- */

void
push_news(struct run *r, struct attempt *a, const struct attempt_record *rec,
	  bool started, bool last)
{
	ARRAY_GROW(r->news, r->news_count, r->news_alloc);
	r->news[r->news_count].attempt = a;
	r->news[r->news_count].record = *rec;
	r->news[r->news_count].started = started;
	r->news[r->news_count].written = started;
	r->news[r->news_count++].last = last;
}

struct task_news
news_of(const struct run *r, const struct attempt *a)
{
	struct task_news n = {
		.run = r->summary->run.number,
		.number = a->task->number,
		.attempt = a->task->attempt,
		.name = a->name.buf,
		.step = a->task->step->name,
		.split = a->split.buf,
		.element = a->element.buf,
		.pid = a->pid,
	};

	if (a->pause.position)
		n.pause_ns = a->pause.at_ns - loop_now_ns(r->loop);
	return n;
}

static void
tell(struct run *r, const struct news *n)
{
	struct task_news t = news_of(r, n->attempt);

	t.attempt = n->record.attempt;
	if (n->started && r->events->started)
		r->events->started(r->data, &t);
	if (!n->started && r->events->over)
		r->events->over(r->data, &t, &n->record);
}

/* There are no news any more; what is over in them is freed. */
static void
drop_news(struct run *r)
{
	uint32_t i;

	for (i = 0; i < r->news_count; i++) {
		struct attempt *a = r->news[i].attempt;

		if (!r->news[i].last)
			continue;
		leases_drop(r->leases, &a->lease);
		attempt_free(a);
	}
	r->news_count = 0;
}

void
run_tell_news(struct run *r)
{
	uint32_t i;

	for (i = 0; i < r->news_count; i++)
		tell(r, &r->news[i]);
	drop_news(r);
}

/* ---- records ---- */

struct attempt_record
record_of(struct run *r, struct attempt *a)
{
	struct attempt_record rec;

	memset(&rec, 0, sizeof(rec));
	rec.run = r->summary->run.number;
	rec.task = a->task->number;
	rec.attempt = a->task->attempt;
	rec.step = a->task->step->name;
	rec.split = a->split.buf;
	rec.element = a->element.buf;
	rec.pid = a->pid;
	rec.started_ns = a->started_ns;
	rec.exit_status = -1;
	rec.key = a->key;
	rec.key_parts = a->encoded_parts.buf;
	rec.key_parts_len = a->encoded_parts.len;
	rec.log_start = a->log_start;
	rec.log_end = a->log_end;
	return rec;
}

void
record_end(struct run *r, struct attempt *a, const struct attempt_record *rec,
	   bool last)
{
	bool good = rec->outcome == TASK_DONE || rec->outcome == TASK_REUSED;
	size_t i;

	for (i = 0; good && i < rec->output_count; i++)
		files_set_maker(r->files, rec->outputs[i].name, rec->step);
	push_news(r, a, rec, false, last);
}

static void
on_commit_due(void *data)
{
	struct run *r = data;

	r->commit_due = true;
}

bool
run_may_wait(struct run *r)
{
	uint32_t i;

	if (!r->news_count || r->commit_due || r->stopping || r->undecided ||
	    r->queue_start == r->queue_count || store_is_writing(r->store))
		return false;
	for (i = 0; i < r->news_count; i++)
		if (r->news[i].started || !r->news[i].last)
			return false;
	if (!r->commit_timer.position)
		loop_timer_start(r->loop, &r->commit_timer,
				 loop_now_ns(r->loop) +
				 COMMIT_DELAY_MS * NS_PER_MS, on_commit_due, r);
	return true;
}

/* Write the records of what ended (in the open transaction). */
static int
write_records(struct run *r, struct error *err)
{
	uint32_t i;

	for (i = 0; i < r->news_count; i++) {
		struct news *n = &r->news[i];

		if (n->written)
			continue;
		if (store_attempt_end(r->store, &n->record, err))
			return -1;
		n->written = true;
		if (n->record.reusable)
			keeper_add(r->keeper, n->record.outputs,
				   n->record.output_count);
	}
	return i ? notes_save(r->notes, r->store, err) : 0;
}

static int
commit(struct run *r, struct error *err)
{
	if (write_records(r, err))
		return -1;
	/* Digests of files alone are not worth a commit: nothing that is told
	 * or started now rests on them. */
	if (store_is_writing(r->store) && files_save(r->files, err))
		return -1;
	return store_commit(r->store, err);
}

/* What could not be recorded is not done. */
static void
take_counts_back(struct run *r)
{
	struct run_counts *c = &r->summary->counts;
	const struct run_counts *then = &r->committed;

	c->done = then->done;
	c->reused = then->reused;
	c->failed = then->failed;
	c->cancelled = then->cancelled;
	c->skipped = then->skipped;
}

int
run_commit(struct run *r, struct error *err)
{
	loop_timer_stop(r->loop, &r->commit_timer);
	r->commit_due = false;
	if (commit(r, err)) {
		take_counts_back(r);
		drop_news(r);
		return -1;
	}
	r->committed = r->summary->counts;
	run_tell_news(r);
	leases_announce(r->leases);
	return 0;
}

void
count_ends(struct run *r, enum task_outcome outcome, uint32_t count)
{
	struct run_counts *c = &r->summary->counts;

	if (outcome == TASK_DONE || outcome == TASK_CAUGHT ||
	    outcome == TASK_REUSED)
		c->done += count;
	if (outcome == TASK_REUSED)
		c->reused += count;
	c->failed += outcome == TASK_FAILED ? count : 0;
	c->cancelled += outcome == TASK_CANCELLED ? count : 0;
	c->skipped += outcome == TASK_SKIPPED ? count : 0;
	if (outcome == TASK_FAILED && !r->options->keep_going)
		r->stopping = true;
}
