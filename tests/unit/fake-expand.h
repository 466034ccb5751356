/*
 * A run up to the point where tasks would start: the flow of fake-rules.h,
 * children of fake-children.h, a real loop with a clock that the test moves,
 * and the files of the current directory.
 */
#ifndef FLOWMAKE_TESTS_UNIT_FAKE_EXPAND_H
#define FLOWMAKE_TESTS_UNIT_FAKE_EXPAND_H

#include "fake-children.h"
#include "fake-clock.h"
#include "sched/notes.h"
#include "sched/run-internal.h"
#include "store/files.h"
#include "store/store.h"
#include "work-dir.h"

static struct fake_run flow;
static struct run run;
static struct run_options options;
static struct run_summary summary;
static char *targets[8];
static struct strbuf heard = STRBUF_INIT; /* notes, failures and plans, by
					   * line */

static void
fake_note_heard(void *data, const char *text)
{
	(void)data;
	strbuf_addf(&heard, "%s\n", text);
}

static void
fake_planned(void *data, const struct task_news *t, const char *why)
{
	(void)data;
	strbuf_addf(&heard, "%s: %s\n", t->name, why);
}

static void
fake_over(void *data, const struct task_news *t,
	  const struct attempt_record *a)
{
	(void)data;
	strbuf_addf(&heard, "%s: %s: %s\n", t->name,
		    task_outcome_name(a->outcome), a->message);
}

static const struct run_events fake_events = {
	.note = fake_note_heard, .over = fake_over, .planned = fake_planned,
};

static void
close_run(void)
{
	if (!run.loop)
		return;
	evaluation_free(run.evaluation);
	run_tell_news(&run);
	free(run.news);
	notes_free(run.notes);
	graph_free(run.graph);
	files_free(run.files);
	rules_release(&run.rules);
	rules_init(&flow.flow.rules);
	fake_run_release(&flow);
	must(store_close(run.store, &err));
	loop_free(run.loop);
	error_release(&run.fatal);
	run_record_release(&summary.run);
	memset(&run, 0, sizeof(run));
	memset(&summary, 0, sizeof(summary));
}

/* Begin a run of FLOW_TEXT, with the options and targets that are set. */
static void
given(const char *flow_text)
{
	close_run();
	fake_run_init(&flow);
	fake_flow_add(&flow.flow, flow_text);
	must(rules_resolve(&flow.flow.rules, &err));
	options.flow_file = "./Flowfile";
	options.targets = targets;
	run.options = &options;
	run.events = &fake_events;
	run.summary = &summary;
	run.rules = flow.flow.rules;
	run.loop = loop_new(&fake_clock, &err);
	run.store = store_open(STORE_WRITE, &err);
	if (!run.loop || !run.store)
		must(-1);
	run.files = files_new(run.store, &fake_clock);
	strbuf_reset(&heard);
	fake_children_on(&flow.flow, &run.rules, run.loop);
}

#endif
