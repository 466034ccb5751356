/*
 * The course of a run, top down:
 *
 *   the evaluator boots while the store is opened; it loads the Flowfile;
 *   the graph is started, and all that can be known early is evaluated;
 *   targets are wanted, everything wanted is linked to what it waits for;
 *   the run gets its number; then, turn by turn: events, commit, news,
 *   evaluations, what is ready is started; until nothing is left to do.
 */
#include "base/base.h"

#include "sched/run.h"

#include <errno.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cbor.h"
#include "base/clock.h"
#include "base/path.h"
#include "base/strbuf.h"
#include "exec/local.h"
#include "flow/evaluator.h"
#include "model/graph.h"
#include "model/with.h"
#include "sched/leases.h"
#include "sched/run-internal.h"
#include "store/files.h"
#include "sys/file.h"
#include "sys/machine.h"
#include "sys/pool.h"

enum {
	DEFAULT_WORKERS = 16,
	DEFAULT_SPLITS = 100,
	LATE_FOREACH_S = 600,   /* unless the step has a timeout */
	SECOND_SIGNAL_MS = 500, /* the same key press may come twice */
};

/* ---- the world, as the graph asks for it ---- */

static bool
world_exists(void *data, const char *path)
{
	struct stat st;

	(void)data;
	return !stat(path, &st);
}

static const char *
world_maker(void *data, const char *path)
{
	struct run *r = data;
	struct error err = ERROR_INIT;

	free(r->maker);
	r->maker = NULL;
	if (store_maker_get(r->store, path, &r->maker, &err) < 0)
		run_fatal(r, &err);
	return r->maker;
}

/* ---- evaluations ---- */

static void
on_eval_failed(void *data, struct node *n, const struct error *why)
{
	struct run *r = data;
	struct error err = *why;

	if (r->summary->run.number) {
		run_node_failed(r, n, why);
		return;
	}
	err.text = xstrdup(why->text); /* before anything runs: the run's */
	run_fatal(r, &err);
}

static void
on_eval_mistaken(void *data, const struct error *why)
{
	struct error err = *why;

	err.text = xstrdup(why->text);
	run_fatal(data, &err);
}

/* A late foreach may take as long as its step's timeout says. */
static int64_t
late_limit_ns(void *data, struct node *n)
{
	struct run *r = data;
	struct arena arena;
	struct demands d;
	int64_t limit_ns = LATE_FOREACH_S * NS_PER_S;

	arena_init(&arena);
	if (!demands_of(r->graph, ((struct opening *)n)->step, NULL, &arena,
			&d, NULL) && d.timeout_ns)
		limit_ns = d.timeout_ns;
	arena_release(&arena);
	return limit_ns;
}

static const struct evaluation_events evaluation_events = {
	.failed = on_eval_failed,
	.mistaken = on_eval_mistaken,
	.limit_ns = late_limit_ns,
};

/* ---- signals ---- */

static void
on_signal(void *data, int signo)
{
	struct run *r = data;
	int64_t now = clock_monotonic_ns(loop_clock(r->loop));

	(void)signo;
	r->stopping = true;
	if (!r->interrupted) {
		r->interrupted = true;
		r->interrupted_ns = now;
		if (r->executor)
			run_cancel_all(r, false);
	} else if (now - r->interrupted_ns > SECOND_SIGNAL_MS * NS_PER_MS &&
		   r->executor) {
		run_cancel_all(r, true);
	}
}

/* ^Z: the tasks, which are in sessions of their own, stop with us. */
static void
on_stop(void *data, int signo)
{
	struct run *r = data;

	(void)signo;
	if (r->executor)
		r->executor->ops->pause(r->executor, true);
	raise(SIGSTOP);
	if (r->executor)
		r->executor->ops->pause(r->executor, false);
}

static void
add_signals(struct run *r)
{
	loop_signal_add(r->loop, SIGINT, on_signal, r);
	loop_signal_add(r->loop, SIGTERM, on_signal, r);
	loop_signal_add(r->loop, SIGHUP, on_signal, r);
	loop_signal_add(r->loop, SIGQUIT, on_signal, r);
	loop_signal_add(r->loop, SIGTSTP, on_stop, r);
}

/* ---- loading ---- */

static int
load(struct run *r, struct error *err)
{
	const struct run_options *o = r->options;
	struct evaluator_load how = {
		.file = o->flow_file,
		.parameters = o->parameters,
		.cache_dir = STORE_DIR "/cache",
		.debug = o->debug,
	};
	size_t i;

	if (evaluator_load(r->evaluator, &how, &r->rules, &r->interrupted,
			   err))
		return -1;
	for (i = 0; o->with && o->with[i]; i++)
		if (rules_add_with(&r->rules, o->with[i], err))
			return -1;
	return 0;
}

/* A step that must run on AWS Batch, which nobody configured. */
static int
check_batch(struct run *r, struct error *err)
{
	struct arena arena;
	struct demands d;
	uint32_t i;
	int ret = 0;

	arena_init(&arena);
	for (i = 0; !ret && i < graph_task_count(r->graph); i++) {
		const struct task *t = graph_task(r->graph, i);
		const struct step *s = t->step;

		if (!t->node.wanted || (i && s == graph_task(r->graph, i -
							     1)->step))
			continue;
		ret = demands_of(r->graph, s, NULL, &arena, &d, err);
		if (ret || !d.on_batch || d.stays_local || r->options->local)
			continue;
		ret = step_error(s, d.batch_line, d.batch_column, err, "asks "
			"for AWS Batch, which is not configured here; "
			"configure it, or run everything on this machine with "
			"--local");
	}
	arena_release(&arena);
	return ret;
}

/* ---- the graph ---- */

static uint32_t
first_said(uint32_t a, uint32_t b, uint32_t c)
{
	return a ? a : b ? b : c;
}

static void
new_graph(struct run *r)
{
	const struct run_options *o = r->options;
	struct graph_world world = { world_exists, world_maker, r };
	char *flow_file = path_normalize(o->flow_file);
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

/* Want one target: a step, else a file. */
static int
want_target(struct run *r, const char *target, struct error *err)
{
	const struct step *s = rules_find(&r->rules, target);
	int found;

	if (s && s->template->pattern < 0)
		return graph_want_step(r->graph, target, err);
	for (;;) {
		found = graph_want_file(r->graph, target, err);
		if (found)
			return found < 0 ? -1 : 0;
		if (!graph_unopened_count(r->graph))
			return error_set(err, "target '%s': no step is called "
					 "so, and none makes such a file",
					 target);
		return 1;
	}
}

/* Want the targets; those that only a late fan-out can make are kept in
 * *MISSING, to be looked for again when one has opened. */
static int
want_targets(struct run *r, struct error *err)
{
	char *const *t = r->options->targets;
	bool open_one = false;

	for (; t && *t; t++) {
		int ret = want_target(r, *t, err);

		if (ret < 0)
			return -1;
		open_one |= ret;
	}
	r->seeking = open_one;
	if (open_one)
		graph_want_opening(r->graph, err);
	return 0;
}

static void
announce_unmade(void *data, const struct task *t, const char *path)
{
	run_note(data, "'%s', needed by step '%s', is not there; a fan-out "
		 "that is not known yet may make it", path, t->step->name);
}

static int
expand(struct run *r, struct error *err)
{
	new_graph(r);
	if (graph_start(r->graph, err) || settle(r, err) ||
	    want_targets(r, err) || settle(r, err) ||
	    graph_check_cycle(r->graph, err))
		return -1;
	graph_each_unmade(r->graph, announce_unmade, r);
	return 0;
}

/* ---- beginning and end ---- */

static void
add_tags(struct strbuf *sb, char *const *tags)
{
	size_t i, n = 0;

	while (tags && tags[n])
		n++;
	cbor_put_array(sb, n);
	for (i = 0; i < n; i++)
		cbor_put_str(sb, tags[i]);
}

static void
add_parameters(struct strbuf *sb, const struct rules *rules)
{
	uint32_t i;

	cbor_put_array(sb, rules->parameter_count);
	for (i = 0; i < rules->parameter_count; i++) {
		const struct parameter *p = &rules->parameters[i];

		cbor_put_array(sb, 3);
		cbor_put_str(sb, p->name);
		strbuf_add(sb, p->value, p->value_len);
		cbor_put_bool(sb, p->given);
	}
}

/* The name of the flow: as declared, or the directory's. */
static const char *
flow_name(struct run *r)
{
	char *cwd;
	const char *name = r->rules.flow;

	if (name)
		return name;
	cwd = getcwd(NULL, 0);
	name = arena_strdup(&r->rules.arena, cwd ? path_base(cwd) : "flow");
	free(cwd);
	return name;
}

static int
write_run_id(struct run *r, struct error *err)
{
	char text[16];
	int len;

	if (!r->options->run_id_file)
		return 0;
	len = snprintf(text, sizeof(text), "%u\n", r->summary->run.number);
	return file_replace(r->options->run_id_file, text, (size_t)len, false,
			    err);
}

static int
begin(struct run *r, struct error *err)
{
	struct run_record *rec = &r->summary->run;
	struct strbuf parameters = STRBUF_INIT, tags = STRBUF_INIT;
	struct passwd *pw = getpwuid(getuid());
	char host[256] = "";
	int ret = -1;

	gethostname(host, sizeof(host) - 1);
	add_parameters(&parameters, &r->rules);
	add_tags(&tags, r->options->tags);
	rec->state = RUN_RUNNING;
	rec->started_ns = clock_real_ns(loop_clock(r->loop));
	rec->command = xstrdup(r->options->command);
	rec->flow = xstrdup(flow_name(r));
	rec->flow_file = xstrdup(r->options->flow_file);
	rec->user = xstrdup(pw ? pw->pw_name : "");
	rec->host = xstrdup(host);
	r->warned = xcalloc(r->rules.step_count + 1, sizeof(*r->warned));
	rec->pid = getpid();
	rec->pid_started = store_process_started(rec->pid);
	rec->parameters_len = parameters.len;
	rec->parameters = strbuf_detach(&parameters, NULL);
	rec->tags_len = tags.len;
	rec->tags = strbuf_detach(&tags, NULL);
	if (store_run_begin(r->store, rec, err) || write_run_id(r, err))
		goto out;
	r->log = log_writer_open(rec->number, err);
	if (!r->log)
		goto out;
	r->executor = local_executor_new(r->loop, r->evaluator, r->files,
					 r->pool, &run_executor_events, r,
					 r->limits.workers, rec->number, err);
	r->leases = leases_new(r->loop, err);
	if (!r->executor || !r->leases)
		goto out;
	if (r->events->begun)
		r->events->begun(r->data, rec);
	ret = 0;
out:
	return ret;
}

static int
end(struct run *r, struct error *err)
{
	struct run_record *rec = &r->summary->run;
	struct run_counts *c = &r->summary->counts;
	int ret = 0;

	rec->ended_ns = clock_real_ns(loop_clock(r->loop));
	rec->tasks_total = graph_wanted_count(r->graph);
	rec->tasks_done = c->done;
	rec->tasks_failed = c->failed;
	rec->tasks_skipped = c->skipped;
	rec->state = r->interrupted ? RUN_INTERRUPTED :
		r->fatal.text || c->failed ? RUN_FAILED : RUN_DONE;
	if (r->fatal.text && !rec->message)
		rec->message = xstrdup(r->fatal.text);
	if (files_settle(r->files, err) || files_save(r->files, err) ||
	    store_run_end(r->store, rec, err) || store_commit(r->store, err) ||
	    store_run_known(r->store, rec->number, &r->summary->had_results,
			    err))
		ret = -1;
	return ret;
}

/* ---- turns ---- */

static void
tell_progress(struct run *r)
{
	struct run_counts *c = &r->summary->counts;

	c->known = graph_wanted_count(r->graph);
	c->running = r->running;
	c->more_may_come = graph_unopened_count(r->graph);
	if (!memcmp(c, &r->told, sizeof(*c)))
		return;
	r->told = *c;
	if (r->events->progress)
		r->events->progress(r->data, c,
				    evaluation_what(r->evaluation));
}

/* Commit what the turn did, tell it, and set going what it made possible. */
static int
turn_end(struct run *r, struct error *err)
{
	run_record_skipped(r);
	run_record_starts(r, false);
	if (files_save(r->files, err) || store_commit(r->store, err))
		return -1;
	run_tell_news(r);
	if (graph_settle(r->graph, err))
		return -1;
	if (r->seeking && !evaluation_busy(r->evaluation) &&
	    want_targets(r, err))
		return -1;
	if (!r->stopping && evaluation_pump(r->evaluation, err))
		return -1;
	run_dispatch(r);
	tell_progress(r);
	return 0;
}

/* Whether nothing can happen any more. */
static bool
is_over(const struct run *r)
{
	if (r->running || r->news_count)
		return false;
	if (r->stopping)
		return true;
	return !r->pausing && !r->leasing && r->queue_start == r->queue_count &&
		!evaluation_busy(r->evaluation);
}

static int
run_turns(struct run *r, struct error *err)
{
	if (turn_end(r, err))
		return -1;
	while (!is_over(r)) {
		if (loop_turn(r->loop, true, err) || turn_end(r, err))
			return -1;
	}
	if (r->stopping || r->summary->counts.failed)
		return 0;
	return graph_check_stuck(r->graph, err) ||
		graph_check_cycle(r->graph, err) ? -1 : 0;
}

/* ---- the whole ---- */

static int
open_run(struct run *r, struct error *err)
{
	r->loop = loop_new(&clock_system, err);
	if (!r->loop)
		return -1;
	add_signals(r);
	r->evaluator = evaluator_start(r->loop, err);
	if (!r->evaluator)
		return -1;
	r->store = store_open(STORE_WRITE, err);
	if (!r->store)
		return -1;
	r->files = files_new(r->store, &clock_system);
	r->pool = pool_new(r->loop, err);
	return r->pool ? 0 : -1;
}

static void
close_run(struct run *r)
{
	uint32_t i;

	if (r->loop)
		loop_timer_stop(r->loop, &r->start_timer);
	if (r->executor)
		r->executor->ops->free(r->executor);
	for (i = 0; r->graph && i < graph_task_count(r->graph); i++)
		if (graph_task(r->graph, i)->running)
			attempt_free(graph_task(r->graph, i)->running);
	evaluation_free(r->evaluation);
	evaluator_free(r->evaluator);
	graph_free(r->graph);
	rules_release(&r->rules);
	if (r->pool)
		pool_free(r->pool);
	leases_free(r->leases);
	files_free(r->files);
	if (r->log)
		log_writer_close(r->log, NULL);
	if (r->store)
		store_close(r->store, NULL);
	if (r->loop)
		loop_free(r->loop);
	error_release(&r->fatal);
	free(r->maker);
	free(r->warned);
	map_release(&r->recipe_words);
	free(r->starts);
	free(r->queue);
	free(r->news);
}

/* Run what is wanted; the result of run_flow. */
static int
run_tasks(struct run *r, struct error *err)
{
	struct error end_err = ERROR_INIT;
	int ret;

	if (begin(r, err))
		return -1;
	ret = run_turns(r, err);
	if (ret) {
		run_cancel_all(r, true);
		r->fatal = *err;
		err->text = NULL;
	}
	if (end(r, &end_err) && !r->fatal.text)
		r->fatal = end_err;
	else
		error_release(&end_err);
	if (r->fatal.text) {
		*err = r->fatal;
		r->fatal.text = NULL;
		return -1;
	}
	return r->summary->counts.failed || r->interrupted;
}

int
run_flow(const struct run_options *o, const struct run_events *events,
	 void *data, struct run_summary *summary, struct error *err)
{
	struct run r;
	int ret = -1;

	memset(&r, 0, sizeof(r));
	memset(summary, 0, sizeof(*summary));
	r.options = o;
	r.events = events;
	r.data = data;
	r.summary = summary;
	rules_init(&r.rules);
	map_init(&r.recipe_words);
	if (open_run(&r, err) || load(&r, err))
		goto out;
	if (r.rules.threads)
		run_note(&r, "warning: the Flowfile started threads; scheme "
			 "tasks may hang");
	r.machine_cpu_milli = machine_milli_cpus();
	limits_init(&r.limits, first_said(o->max_workers, r.rules.max_workers,
					  DEFAULT_WORKERS),
		    r.machine_cpu_milli, machine_memory_mb());
	if (expand(&r, err) || check_batch(&r, err))
		goto out;
	if (o->dry_run) {
		run_tell_plan(&r);
		ret = 0;
	} else {
		ret = run_tasks(&r, err);
	}
out:
	summary->interrupted = r.interrupted;
	close_run(&r);
	return ret;
}

void
run_summary_release(struct run_summary *s)
{
	run_record_release(&s->run);
}

int
run_load_rules(const struct run_options *o, struct rules *rules,
	       struct error *err)
{
	struct evaluator_load how = {
		.file = o->flow_file,
		.parameters = o->parameters,
		.debug = o->debug,
	};
	struct loop *loop = loop_new(&clock_system, err);
	struct evaluator *e;
	int ret = -1;

	if (!loop)
		return -1;
	e = evaluator_start(loop, err);
	if (e)
		ret = evaluator_load(e, &how, rules, NULL, err);
	evaluator_free(e);
	loop_free(loop);
	return ret;
}
