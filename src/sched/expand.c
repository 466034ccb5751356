/*
 * From rules to a graph in which everything wanted is linked to what it waits
 * for, as far as that can be known before anything runs.
 */
#include "base/base.h"

#include "sched/run-internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/strbuf.h"
#include "model/graph.h"
#include "model/resolve.h"
#include "store/files.h"
#include "store/values.h"
#include "sys/file.h"

enum {
	DEFAULT_SPLITS = 100,
	EXPRESSIONS_S = 600,    /* unless there is a timeout */
};

/* ---- the world, as the graph asks for it ---- */

static bool
world_exists(void *data, const char *path)
{
	struct run *r = data;

	return files_exist(r->files, path);
}

static const char *
world_maker(void *data, const char *path)
{
	struct run *r = data;
	struct error err = ERROR_INIT;
	const char *step = NULL;

	if (files_maker(r->files, path, &step, &err) < 0)
		run_fatal(r, &err);
	if (step)
		files_rest_on_unseen(r->files);
	return step;
}

static int
world_load(void *data, const char *cbor, size_t len, struct strbuf *out,
	   struct error *err)
{
	(void)data;
	return value_load_objects(cbor, len, 0, out, err);
}

/* ---- evaluations ---- */

/* A late fan-out that failed is told and kept as one task by the name of its
 * step, in place of those that it would have. */
static void
fan_out_failed(struct run *r, struct node *n, const struct error *why)
{
	const struct opening *o = (const struct opening *)n;
	struct task *t = arena_zalloc(&r->rules.arena, sizeof(*t));

	graph_fail(r->graph, n);
	r->unexpanded++;
	t->step = o->step;
	t->split = o->split;
	run_record_failed(r, t, why);
}

/* Whether it is not known yet whether a target needs N: not of a defaults form,
 * which counts for all steps. */
static bool
may_be_unneeded(const struct run *r, const struct node *n)
{
	return !r->summary->run.number && !r->wants_targets && !n->wanted &&
		(n->kind != NODE_TASK || ((const struct task *)n)->step->name);
}

/* Keep in mind WHY N, which no target may need, failed. */
static void
fail_early(struct run *r, struct node *n, const struct error *why)
{
	graph_fail(r->graph, n);
	ARRAY_GROW(r->early, r->early_count, r->early_alloc);
	r->early[r->early_count] = (struct early_failure){ .node = n };
	error_copy(&r->early[r->early_count++].why, why);
}

static void
on_eval_failed(void *data, struct node *n, const struct error *why)
{
	struct run *r = data;
	struct error err = ERROR_INIT;

	if (n->stage == STAGE_OVER)
		return; /* a mistake in its files was found meanwhile */
	if (may_be_unneeded(r, n)) {
		fail_early(r, n, why);
	} else if (!r->summary->run.number) {
		error_copy(&err, why); /* before anything runs: the run's */
		run_fatal(r, &err);
	} else if (n->kind == NODE_TASK) {
		run_task_failed(r, (struct task *)n, why);
	} else {
		fan_out_failed(r, n, why);
	}
}

static void
on_eval_mistaken(void *data, const struct error *why)
{
	struct error err = ERROR_INIT;

	error_copy(&err, why);
	run_fatal(data, &err);
}

/* An expression may take as long as its step's timeout says, if that is known
 * without it. */
static int64_t
limit_ns_of(void *data, const struct eval_request *q)
{
	struct run *r = data;
	struct arena arena;
	struct demands d;
	int64_t limit_ns = EXPRESSIONS_S * NS_PER_S;

	arena_init(&arena);
	if (!demands_of(r->graph, q->step, NULL, &arena, &d, NULL) &&
	    d.timeout_ns)
		limit_ns = d.timeout_ns;
	arena_release(&arena);
	return limit_ns;
}

static const struct evaluation_events evaluation_events = {
	.failed = on_eval_failed,
	.mistaken = on_eval_mistaken,
	.limit_ns = limit_ns_of,
};

/* ---- the graph ---- */

uint32_t
first_said(uint32_t a, uint32_t b, uint32_t c)
{
	return a ? a : b ? b : c;
}

static void
new_graph(struct run *r)
{
	const struct run_options *o = r->options;
	struct graph_world world = { world_exists, world_maker, r,
				     world_load, run_settles, run_passes };
	char *flow_file = file_project_name(o->flow_file);
	struct graph_options options = {
		.max_num_splits = first_said(o->max_num_splits,
					     r->rules.max_num_splits,
					     DEFAULT_SPLITS),
		.want_all = !o->targets || !o->targets[0],
		.flow_file = arena_strdup(&r->rules.arena, flow_file),
	};

	free(flow_file);
	r->graph = graph_new(&r->rules, &world, &options);
	r->evaluation = evaluation_new(r->graph, r->evaluator,
				       &evaluation_events, r);
}

/* Evaluate and link until nothing more can be known without running tasks. */
static int
settle(struct run *r, struct error *err)
{
	for (;;) {
		if (graph_settle(r->graph, err) ||
		    evaluation_pump(r->evaluation, err))
			return -1;
		if (!evaluation_busy(r->evaluation))
			return 0;
		if (loop_turn(r->loop, true, err))
			return -1;
		if (r->fatal.text) {
			*err = r->fatal;
			r->fatal.text = NULL;
			return -1;
		}
		if (r->interrupted)
			return error_set(err, "interrupted");
	}
}

/* TARGET is nothing that can be made; S is the rule that is called so, or
 * NULL. */
static int
refuse_target(struct run *r, const char *target, const struct step *s,
	      struct error *err)
{
	const char *near = rules_suggest(&r->rules, target);
	const char *step = arena_strndup(&r->rules.arena, target,
					 strcspn(target, "/"));
	bool is_task = target[strlen(step)] && rules_find(&r->rules, step);
	struct strbuf hint = STRBUF_INIT;

	if (s)
		return error_set(err, "target '%s': this step makes files by "
				 "a pattern; name one of them", target);
	if (!near && !is_task && target == r->options->targets[0] &&
	    r->options->meant)
		return error_set(err, "'%s' is no command (did you mean '%s'?)"
				 ", no step, and no file that a step makes",
				 target, r->options->meant);
	if (is_task)
		strbuf_addf(&hint, "; a target is a step or a file, and '%s' "
			    "is a step", step);
	else
		graph_add_hint(r->graph, target, &hint);
	if (!hint.len && near)
		strbuf_addf(&hint, " (did you mean '%s'?)", near);
	error_set(err, "target '%s': no step is called so, and none makes "
		  "such a file%s", target, hint.buf);
	strbuf_release(&hint);
	return -1;
}

/* Want one target: a step, else a file. */
static int
want_target(struct run *r, const char *target, struct error *err)
{
	const struct step *s = rules_find(&r->rules, target);
	int found;

	if (s && s->template->pattern < 0)
		return graph_want_step(r->graph, target, err);
	found = graph_want_file(r->graph, target, err);
	if (found)
		return found < 0 ? -1 : 0;
	if (graph_want_recorded(r->graph, target) ||
	    graph_unopened_count(r->graph))
		return 1;
	return refuse_target(r, target, s, err);
}

/* Whether some late fan-out, or the files of some task, are on their way
 * already. */
static bool
is_opening(const struct run *r)
{
	const struct opening *o;
	uint32_t i;

	for (i = 0; (o = graph_opening(r->graph, i)); i++)
		if (o->node.wanted && o->node.stage != STAGE_OVER)
			return true;
	return graph_awaits_files(r->graph);
}

/* A target can be seen only now to be nothing: the run fails, as by a task. */
static void
refuse_late(struct run *r, struct error *err)
{
	bool stopping = r->stopping || !r->options->keep_going;

	run_fatal(r, err);
	r->stopping = stopping;
}

int
run_want_targets(struct run *r, struct error *err)
{
	char *const *t = r->options->targets;
	bool open_one = false;

	for (; t && *t; t++) {
		int ret = want_target(r, *t, err);

		if (ret < 0 && !r->summary->run.number)
			return -1;
		if (ret < 0)
			refuse_late(r, err);
		open_one |= ret > 0;
	}
	r->seeking = open_one;
	if (open_one) /* what it finds depends on what runs have made */
		files_rest_on_unseen(r->files);
	if (open_one && !is_opening(r))
		graph_want_opening(r->graph);
	return 0;
}

static void
announce_unmade(void *data, const struct task *t, const char *path)
{
	run_note(data, "'%s', needed by step '%s', is not there; a fan-out "
		 "that is not known yet may make it", path, t->step->name);
}

int
run_advance(struct run *r, struct error *err)
{
	for (;;) {
		if (graph_settle(r->graph, err))
			return -1;
		if (!r->stopping && !r->foresees &&
		    evaluation_pump(r->evaluation, err))
			return -1;
		if (!r->seeking || evaluation_busy(r->evaluation) ||
		    is_opening(r))
			return 0;
		/* the fan-out opened in search of a target is there */
		if (run_want_targets(r, err))
			return -1;
	}
}

static void
note_unmade(void *data, const struct task *t, const char *path)
{
	(void)t;
	(void)path;
	*(bool *)data = true;
}

/* Whether a target needs what failed early, or files that it may have made. */
static int
check_early(const struct run *r, struct error *err)
{
	bool unmade = false;
	uint32_t i;

	for (i = 0; i < r->early_count; i++)
		if (r->early[i].node->wanted)
			return error_copy(err, &r->early[i].why);
	if (r->early_count)
		graph_each_unmade(r->graph, note_unmade, &unmade);
	return unmade ? error_copy(err, &r->early[0].why) : 0;
}

/* Link what is wanted.  What is missing then may be missing because something
 * failed early. */
static int
link_targets(struct run *r, struct error *err)
{
	r->wants_targets = true;
	if (!run_want_targets(r, err) && !settle(r, err) &&
	    !graph_check_cycle(r->graph, err))
		return check_early(r, err);
	if (r->early_count && !r->interrupted) {
		error_release(err);
		return error_copy(err, &r->early[0].why);
	}
	return -1;
}

int
run_expand(struct run *r, struct error *err)
{
	new_graph(r);
	if (graph_start(r->graph, err) || settle(r, err) ||
	    link_targets(r, err))
		return -1;
	graph_each_unmade(r->graph, announce_unmade, r);
	return 0;
}

int
run_refuse_batch(const struct run *r, const struct step *s,
		 const struct demands *d, struct error *err)
{
	if (!d->on_batch || d->stays_local || r->options->local)
		return 0;
	if (!d->batch_line)
		return error_set(err, "--with batch: step '%s': asks for AWS "
				 "Batch, which is not configured here; "
				 "configure it, or run everything on this "
				 "machine without --with batch", s->name);
	return step_error(s, d->batch_line, d->batch_column, err, "asks for "
			  "AWS Batch, which is not configured here; configure "
			  "it, or run everything on this machine with --local");
}

int
run_check_demands(struct run *r, struct error *err)
{
	enum coming *coming = run_coming_steps(r);
	struct arena arena;
	struct demands d;
	uint32_t i;
	int ret = 0;

	arena_init(&arena);
	for (i = 0; !ret && i < r->rules.step_count; i++) {
		const struct step *s = r->rules.steps[i];

		if (coming[i] == COMING_NOTHING)
			continue;
		ret = demands_of(r->graph, s, NULL, &arena, &d, err);
		if (!ret && !r->options->resume)
			ret = run_refuse_batch(r, s, &d, err);
	}
	arena_release(&arena);
	free(coming);
	return ret;
}
