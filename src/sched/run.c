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
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "exec/local.h"
#include "flow/code.h"
#include "flow/evaluator.h"
#include "model/graph.h"
#include "model/with.h"
#include "sched/keeper.h"
#include "sched/leases.h"
#include "sched/notes.h"
#include "sched/prehash.h"
#include "sched/reuse.h"
#include "sched/run-internal.h"
#include "store/files.h"
#include "store/witness.h"
#include "sys/machine.h"
#include "sys/pool.h"
#include "sys/reaper.h"

enum {
	DEFAULT_WORKERS = 16,
	/* One signal to all our processes reaches us twice. */
	SECOND_SIGNAL_MS = 100,
};

/* ---- signals ---- */

static void
on_signal(void *data, int signo)
{
	struct run *r = data;
	int64_t now = loop_now_ns(r->loop);

	(void)signo;
	r->stopping = true;
	if (!r->interrupted) {
		r->interrupted = true;
		r->interrupted_ns = now;
		if (!r->executor)
			return;
		if (r->running)
			run_note(r, "note: interrupted: running tasks are "
				 "told to end; the same once more kills them");
		run_cancel_all(r, false);
	} else if (now - r->interrupted_ns > SECOND_SIGNAL_MS * NS_PER_MS &&
		   r->executor) {
		run_cancel_all(r, true);
	}
}

static void
pause_all(struct run *r, bool stop)
{
	if (r->executor)
		r->executor->ops->pause(r->executor, stop);
	if (r->evaluator)
		evaluator_pause(r->evaluator, stop);
	if (r->events->stopped)
		r->events->stopped(r->data, stop);
}

/* ^Z: the tasks and evaluations stop with us, and so does the time that they
 * may take. */
static void
on_stop(void *data, int signo)
{
	struct run *r = data;
	int64_t then_ns = loop_now_ns(r->loop);

	(void)signo;
	pause_all(r, true);
	if (r->leases)
		leases_share(r->leases);
	reaper_stop();
	loop_skip_since(r->loop, then_ns);
	pause_all(r, false);
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

static struct evaluator_load
how_to_load(const struct run *r)
{
	return (struct evaluator_load){
		.file = r->options->flow_file,
		.parameters = r->options->parameters,
		.inherited = r->given.v,
		.cache_dir = STORE_DIR "/cache",
		.debug = r->options->debug,
	};
}

static int
load(struct run *r, struct error *err)
{
	const struct run_options *o = r->options;
	struct evaluator_load how = how_to_load(r);
	size_t i;

	if (evaluator_load(r->evaluator, &how, &r->rules, &r->interrupted,
			   err))
		return -1;
	r->summary->step_count = r->rules.order_count;
	for (i = 0; o->with && o->with[i]; i++)
		if (rules_add_with(&r->rules, o->with[i], err))
			return -1;
	run_take_given(r);
	return 0;
}

/* ---- beginning and end ---- */

static int
begin(struct run *r, struct error *err)
{
	struct run_record *rec = &r->summary->run;
	int ret = -1;

	r->said = xcalloc(r->rules.step_count + 1, sizeof(*r->said));
	r->notes = notes_new(r->graph, r->files);
	if (run_record_begin(r, err))
		goto out;
	files_try_stamps(r->files);
	run_end_orphans(r);
	r->executor = local_executor_new(r->loop, r->evaluator, r->files,
					 r->pool, &run_executor_events, r,
					 r->limits.workers, rec->number, err);
	r->leases = leases_new(r->loop, !store_is_remote(), run_tell_silence, r,
			       err);
	if (!r->executor || !r->leases)
		goto out;
	if (r->events->begun)
		r->events->begun(r->data, rec, r->loop);
	ret = 0;
out:
	return ret;
}

/* The tasks that are wanted, and one for each fan-out that has failed. */
static uint32_t
known_count(const struct run *r)
{
	return graph_wanted_count(r->graph) + r->unexpanded;
}

/* Record all but the end itself, for which a snapshot may have to be waited:
 * nothing is written meanwhile that others would wait for. */
static int
save(struct run *r, struct error *err)
{
	return run_commit(r, err) || run_record_kept(r, err) ||
	       files_settle(r->files, err) || files_save(r->files, err) ||
	       store_commit(r->store, err) ? -1 : 0;
}

static int
end(struct run *r, struct error *err)
{
	struct run_summary *s = r->summary;

	if (run_record_end(r, known_count(r), err))
		return -1;
	return s->run.origin ? 0 : store_run_known(r->store, s->run.number,
						   &s->had_results, err);
}

/* ---- turns ---- */

static void
tell_progress(struct run *r)
{
	struct run_counts *c = &r->summary->counts;

	c->known = known_count(r);
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
	run_record_faulty(r);
	/* The workers need not wait for the disk. */
	run_refill(r);
	run_record_skipped(r);
	run_record_starts(r, false);
	if (run_record_kept(r, err))
		return -1;
	r->waiting = !evaluation_busy(r->evaluation) && run_may_wait(r);
	if (r->waiting)
		return 0;
	if (run_commit(r, err) || run_advance(r, err))
		return -1;
	run_record_faulty(r);
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
	return !r->pausing && !r->leasing && !r->undecided &&
		!keeper_is_busy(r->keeper) &&
		r->queue_start == r->queue_count &&
		r->due_start == r->due_count &&
		!evaluation_busy(r->evaluation);
}

/* Nothing can happen: whether something can again, because a fan-out that
 * nobody wanted so far may declare a file that some task waits for, or because
 * tasks that wait in vain have failed. */
static bool
go_on(struct run *r)
{
	if (r->stopping)
		return false;
	return (graph_check_stuck(r->graph, NULL) &&
		graph_want_opening(r->graph)) || graph_fail_stuck(r->graph);
}

static int
run_turns(struct run *r, struct error *err)
{
	graph_begin(r->graph);
	evaluation_begin(r->evaluation);
	if (turn_end(r, err))
		return -1;
	while (!is_over(r) || go_on(r)) {
		/* what failed at its start is told in the next turn, which
		 * also ends a transaction that clearing an output has begun */
		bool block = (!r->news_count || r->waiting) && !r->undecided &&
			!store_is_writing(r->store);

		if (!r->undecided)
			run_let_files_go(r);
		if (!is_over(r) && loop_turn(r->loop, block, err))
			return -1;
		if (turn_end(r, err))
			return -1;
	}
	if (r->stopping) {
		leases_forget(r->leases);
		run_cancel_retries(r);
		return turn_end(r, err);
	}
	if (r->summary->counts.failed)
		return 0;
	return r->seeking ? run_want_targets(r, err) : 0;
}

/* ---- the whole ---- */

/* What FLOW_FILE is that is no file to be read, or NULL.  What was opened for
 * us, as standard input and what a shell passes for <(...), is read whatever
 * it is, as GNU Make does; but who waits for the writer of a fifo may wait for
 * ever. */
static const char *
other_kind(const char *flow_file, const struct stat *st)
{
	if (S_ISDIR(st->st_mode))
		return "is a directory";
	if (S_ISREG(st->st_mode) || !strcmp(flow_file, "/dev/null") ||
	    !strcmp(flow_file, "/dev/stdin") ||
	    !strncmp(flow_file, "/dev/fd/", 8) ||
	    !strncmp(flow_file, "/proc/", 6))
		return NULL;
	return S_ISFIFO(st->st_mode) ? "is a fifo; to read what is written "
		"to it, make it standard input, with -f -" :
		S_ISSOCK(st->st_mode) ? "is a socket" : "is a device";
}

static int
check_flow_file(const struct run_options *o, struct error *err)
{
	const char *flow_file = o->flow_file, *kind;
	struct stat st;

	if (!stat(flow_file, &st)) {
		kind = other_kind(flow_file, &st);
		return kind ? error_set(err, "%s: %s", flow_file, kind) : 0;
	}
	if (errno != ENOENT)
		return error_sys(err, "%s", flow_file);
	if (o->meant)
		return error_set(err, "'%s' is no command (did you mean '%s'?)"
				 ", and there is no '%s' here that could make "
				 "it", o->targets[0], o->meant, flow_file);
	return error_set(err, "there is no '%s' here; go to the project's "
			 "directory, name that with -C, or the file with -f",
			 flow_file);
}

static int
open_run(struct run *r, struct error *err)
{
	struct evaluator_load how;

	/* before a store is made in a place that is no project */
	if (check_flow_file(r->options, err))
		return -1;
	r->loop = loop_new(&clock_system, err);
	if (!r->loop)
		return -1;
	add_signals(r);
	r->evaluator = evaluator_new(r->loop);
	/* while the store is opened; a resume is given parameters by that */
	how = how_to_load(r);
	if (!r->options->resume && evaluator_begin(r->evaluator, &how, err))
		return -1;
	/* A resume may have nothing to execute. */
	if (!r->options->dry_run && !r->options->resume)
		run_code_start(r);
	r->store = store_open(r->options->dry_run ? STORE_TRIAL : STORE_WRITE,
			      err);
	if (!r->store)
		return -1;
	r->files = files_new(r->store, &clock_system);
	r->pool = pool_new(r->loop, err);
	if (!r->pool)
		return -1;
	r->keeper = keeper_new(r->pool);
	r->prehash = prehash_new(r->pool, r->files);
	return r->options->resume ? run_find_origin(r, err) :
		run_tell_forgotten(r, err);
}

static void
close_run(struct run *r)
{
	uint32_t i;

	if (r->loop)
		loop_timer_stop(r->loop, &r->start_timer);
	if (r->executor)
		r->executor->ops->free(r->executor);
	/* what follows may turn the loop, and attempts are gone then */
	leases_free(r->leases);
	r->leases = NULL;
	for (i = 0; r->graph && i < graph_task_count(r->graph); i++)
		if (graph_task(r->graph, i)->running)
			attempt_free(graph_task(r->graph, i)->running);
	evaluation_free(r->evaluation);
	if (r->evaluator)
		evaluator_free(r->evaluator);
	notes_free(r->notes);
	code_free(r->code);
	graph_free(r->graph);
	rules_release(&r->rules);
	run_let_files_go(r);
	if (r->pool)
		pool_free(r->pool);
	keeper_free(r->keeper);
	prehash_free(r->prehash);
	if (r->files)
		files_free(r->files);
	if (r->log)
		log_writer_close(r->log, NULL);
	if (r->store)
		store_close(r->store, NULL);
	/* What tasks left behind is the guardian's to end; but that may be
	 * dead, and while the loop is there its death cannot end us here. */
	reaper_kill_all();
	if (r->loop)
		loop_free(r->loop);
	error_release(&r->fatal);
	run_record_release(&r->origin);
	strvec_release(&r->given);
	reuse_free(r->reuse);
	old_tasks_free(r->old_tasks);
	free(r->rerun);
	attempt_free(r->scratch);
	free(r->due);
	for (i = 0; i < r->early_count; i++)
		error_release(&r->early[i].why);
	free(r->early);
	trust_free(r->trust);
	witness_free(r->witness);
	free(r->said);
	map_release(&r->unwatched);
	strbuf_release(&r->code_seen);
	error_release(&r->code_failure);
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
		run_fatal(r, err);
	}
	if (!r->fatal.text && !r->interrupted)
		run_code_note_news(r);
	ret = save(r, &end_err);
	if (!ret) {
		run_sum_up(r, known_count(r));
		run_testify(r);
	}
	run_code_end(r);
	if (!ret)
		ret = end(r, &end_err);
	run_testify_end(r, !ret);
	if (ret)
		run_fatal(r, &end_err);
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
	map_init(&r.unwatched);
	strbuf_init(&r.code_seen);
	if (open_run(&r, err) || load(&r, err))
		goto out;
	if (r.rules.threads)
		run_note(&r, "warning: the Flowfile started threads; scheme "
			 "tasks may hang");
	r.machine_cpu_milli = machine_milli_cpus();
	limits_init(&r.limits, first_said(o->max_workers, r.rules.max_workers,
					  DEFAULT_WORKERS),
		    r.machine_cpu_milli, machine_memory_mb());
	ret = o->resume ? run_repeat(&r, err) : 1;
	if (ret <= 0)
		goto out;
	ret = -1;
	if (o->resume && run_hold_files(&r, err))
		goto out;
	run_trust_begin(&r);
	if (run_expand(&r, err) || run_check_demands(&r, err))
		goto out;
	run_trust(&r);
	if (o->resume && run_read_results(&r, err))
		goto out;
	if (o->dry_run) {
		ret = run_plan(&r, err);
		if (!ret)
			run_tell_plan(&r);
	} else {
		ret = run_tasks(&r, err);
	}
	if (!ret && o->resume)
		run_tell_unneeded(&r);
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
		.cache_dir = STORE_DIR "/cache", /* if it is there */
		.debug = o->debug,
	};
	struct loop *loop;
	struct evaluator *e;
	int ret = -1;

	if (check_flow_file(o, err))
		return -1;
	loop = loop_new(&clock_system, err);
	if (!loop)
		return -1;
	e = evaluator_new(loop);
	ret = evaluator_load(e, &how, rules, NULL, err);
	evaluator_free(e);
	loop_free(loop);
	return ret;
}
