/*
 * How a run ended, in words.
 */
#include "base/base.h"

#include "report/live.h"

#include <string.h>

#include "base/strbuf.h"
#include "base/text.h"
#include "report/live-state.h"

enum {
	/* A reader who takes nothing for this long misses the end. */
	STALL_MS = 10000,
};

void
live_add_bad(const struct live *l, struct strbuf *sb, const char *text)
{
	strbuf_addf(sb, "%s%s%s", l->err_colors ? COLOR_BAD : "", text,
		    l->err_colors ? COLOR_OFF : "");
}

/* Append "57 tasks". */
static void
add_tasks(struct strbuf *sb, uint64_t n)
{
	text_add_count(sb, n);
	strbuf_adds(sb, n == 1 ? " task" : " tasks");
}

/* Append ", 3 WHAT" unless N is 0. */
static void
add_some(struct strbuf *sb, uint64_t n, const char *what)
{
	if (!n)
		return;
	strbuf_adds(sb, ", ");
	text_add_count(sb, n);
	strbuf_addf(sb, " %s", what);
}

/* Append " in 3.2s". */
static void
add_took(struct strbuf *sb, const struct run_record *r)
{
	if (r->ended_ns >= r->started_ns && r->started_ns) {
		strbuf_adds(sb, " in ");
		text_add_duration(sb, r->ended_ns - r->started_ns);
	}
}

/* "3 of 101 tasks to do, 2 steps late, 98 reused". */
static void
say_plan(struct live *l, const struct run_summary *s)
{
	struct strbuf sb = STRBUF_INIT;

	text_add_count(&sb, s->to_do);
	strbuf_adds(&sb, " of ");
	add_tasks(&sb, s->counts.known);
	strbuf_adds(&sb, " to do");
	add_some(&sb, s->late, s->late == 1 ? "step late" : "steps late");
	add_some(&sb, s->counts.reused, "reused");
	strbuf_addch(&sb, '\n');
	live_say(l, l->out, &sb);
	strbuf_release(&sb);
}

/* "Done: run 15, 101 tasks in 3.2s; 97 had a good result already". */
static void
say_done(struct live *l, const struct run_summary *s)
{
	struct strbuf sb = STRBUF_INIT;

	strbuf_addf(&sb, "Done: run %u, ", s->run.number);
	add_tasks(&sb, s->counts.done);
	add_some(&sb, s->counts.reused, "reused");
	add_some(&sb, s->counts.skipped, "skipped");
	add_took(&sb, &s->run);
	if (s->had_results && !s->run.origin) {
		strbuf_adds(&sb, "; ");
		text_add_count(&sb, s->had_results);
		strbuf_adds(&sb, " had a good result already");
	}
	strbuf_addch(&sb, '\n');
	live_say(l, l->out, &sb);
	strbuf_release(&sb);
}

/* Append the lines of an error, fit for a terminal. */
static void
add_error(struct strbuf *sb, const char *error)
{
	size_t len;

	for (; *error; error += len + (error[len] == '\n')) {
		len = strcspn(error, "\n");
		lines_add_escaped(sb, error, len);
		strbuf_addch(sb, '\n');
	}
}

/* "Workflow failed.", and the numbers; nothing of that when no run began. */
static void
say_failed(struct live *l, const struct run_summary *s, const char *error)
{
	const struct run_counts *c = &s->counts;
	uint32_t failed = c->failed;
	uint32_t over = failed + c->cancelled + c->done + c->skipped;
	struct strbuf sb = STRBUF_INIT;

	if (l->run) {
		strbuf_addf(&sb, "Run %u: ", l->run);
		text_add_count(&sb, failed ? failed : c->done);
		strbuf_adds(&sb, " of ");
		add_tasks(&sb, c->known);
		strbuf_adds(&sb, failed ? " failed" : " done");
		if (failed)
			add_some(&sb, c->done - c->reused, "done");
		add_some(&sb, c->reused, "reused");
		add_some(&sb, c->skipped, "skipped");
		add_some(&sb, c->cancelled, "cancelled");
		/* An error of our own leaves tasks without a record. */
		add_some(&sb, c->known > over ? c->known - over : 0,
			 error ? "not finished" : "not started");
		add_took(&sb, &s->run);
		strbuf_addch(&sb, '\n');
	}
	if (error)
		add_error(&sb, error);
	if (l->run) {
		live_add_bad(l, &sb, s->interrupted ? "Workflow interrupted."
						    : "Workflow failed.");
		strbuf_addch(&sb, '\n');
	}
	live_say(l, l->err, &sb);
	strbuf_release(&sb);
}

/* Stdout could not be written, other than for want of a reader. */
static void
say_unwritten(struct live *l)
{
	struct strbuf sb = STRBUF_INIT;

	strbuf_addf(&sb, "flowmake: cannot write to stdout: %s\n",
		    strerror(outlet_error(l->out)));
	live_say(l, l->err, &sb);
	outlet_drain(l->err, STALL_MS);
	strbuf_release(&sb);
}

/* Bring out what is queued, and say what is missing of it. */
static void
drain(struct live *l)
{
	outlet_drain(l->out, STALL_MS);
	outlet_add_notice(l->out, true);
	if (l->err == l->out)
		return;
	outlet_drain(l->err, STALL_MS);
	outlet_add_notice(l->err, true);
}

void
live_finish(struct live *l, const struct run_summary *s, const char *error)
{
	bool bad = error || s->interrupted || s->counts.failed ||
		   s->run.state == RUN_FAILED;

	live_erase_status(l);
	drain(l);
	l->is_ending = true;
	live_say_failures(l);
	if (bad)
		say_failed(l, s, error);
	else if (l->run)
		say_done(l, s);
	else if (s->planned)
		say_plan(l, s);
	drain(l);
	if (outlet_error(l->out))
		say_unwritten(l);
}
