/*
 * The executor of this machine: the life of an attempt, from start to
 * finished.
 *
 * Processes that a task left in its group are signalled by the group's number
 * although its leader was reaped.  The kernel gives a number out again only
 * when no process has it as its own, its group's or its session's; so as long
 * as a member lives it can mean no other.  Whether one does is asked at the
 * moment of reaping, before numbers can have gone round; where none did the
 * group is never signalled again.
 */
#include "base/base.h"

#include "exec/local.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "exec/agent.h"
#include "exec/attempt.h"
#include "exec/environment.h"
#include "exec/spec.h"
#include "flow/ending.h"
#include "flow/evaluator.h"
#include "store/files.h"
#include "sys/programs.h"
#include "sys/spawn.h"

extern char **environ;

#define KILL_PATIENCE_NS (5 * NS_PER_S)
#define PIPE_PATIENCE_NS (2 * NS_PER_S)

static const char cut_off_warning[] =
	"a process that it had left running was killed; what that made may "
	"not be whole, so the results will not be used again; wait for "
	"background processes with \"wait\"";

static int64_t
now_ns(const struct local *l)
{
	return loop_now_ns(l->loop);
}

/* ---- the end ---- */

/* Hand out the outcome and be idle again.  The callback may start the next
 * attempt here, so nothing of this one may be in A any more. */
static void
finish(struct attempt *a, struct outcome *o)
{
	struct local *l = a->local;
	struct arena arena = a->arena;
	void *task = a->task;

	o->exit_status = -1;
	if (WIFEXITED(a->wait_status) && o->kind != OUTCOME_LOST)
		o->exit_status = WEXITSTATUS(a->wait_status);
	o->signal = WIFSIGNALED(a->wait_status) ? WTERMSIG(a->wait_status) : 0;
	o->started_ns = a->started_ns;
	o->ended_ns = a->ended_ns;
	o->user_ns = a->usage.ru_utime.tv_sec * NS_PER_S +
		     a->usage.ru_utime.tv_usec * 1000;
	o->system_ns = a->usage.ru_stime.tv_sec * NS_PER_S +
		       a->usage.ru_stime.tv_usec * 1000;
	o->max_rss_kib = a->usage.ru_maxrss;
	if (o->kind != OUTCOME_OK) {
		agent_discard(l->files, a->spec);
		o->reusable = false;
		o->message = arena_strdup(&arena, a->message.buf);
	}
	slot_end(&a->slot);
	collection_release(&a->collection);
	arena_init(&a->arena);
	a->spec = NULL;
	a->state = ATTEMPT_IDLE;
	l->busy_count--;
	if (!l->is_freeing)
		l->base.events.finished(l->base.data, task, o);
	arena_release(&arena);
}

static void
finish_bad(struct attempt *a, enum outcome_kind kind)
{
	struct outcome o = { .kind = kind };

	finish(a, &o);
}

/* The same with ERR's text as the message. */
static void
finish_error(struct attempt *a, enum outcome_kind kind, struct error *err)
{
	strbuf_reset(&a->message);
	strbuf_adds(&a->message, err->text);
	error_release(err);
	finish_bad(a, kind);
}

/* All products are there and hashed. */
static void
publish(void *data)
{
	struct attempt *a = data;
	struct error err = ERROR_INIT;
	struct publication p;
	struct outcome o = { .kind = OUTCOME_OK };
	bool ours;

	if (agent_publish(&a->collection, &a->arena, &p, &ours, &err) < 0) {
		finish_error(a, ours ? OUTCOME_LOST : OUTCOME_FAILED, &err);
		return;
	}
	o.results = p.results;
	o.outputs = p.outputs;
	o.warning = a->was_cut_off ? cut_off_warning : p.warning;
	o.reusable = p.reusable && !a->was_cut_off;
	finish(a, &o);
}

static void
collect(struct attempt *a)
{
	struct local *l = a->local;
	struct error err = ERROR_INIT;
	int rc;

	a->state = ATTEMPT_COLLECTING;
	files_hold(l->files);
	rc = agent_collect(&a->collection, a->spec, &a->slot, l->files,
			   l->pool, a->started_ns,
			   a->has_made ? a->made.buf : NULL, a->made.len,
			   publish, a, &err);
	if (rc < 0)
		finish_error(a, OUTCOME_FAILED, &err);
	else if (!rc)
		publish(a);
	files_let_go(l->files);
}

/* Reaped, and all pipes are closed. */
static void
end(struct attempt *a)
{
	struct local *l = a->local;

	loop_timer_stop(l->loop, &a->limit);
	loop_timer_stop(l->loop, &a->patience);
	attempt_signal(a, SIGKILL);
	a->ended_ns = a->started_ns + clock_monotonic_ns(loop_clock(l->loop)) -
		a->begun_ns;
	if (a->verdict != OUTCOME_OK) {
		finish_bad(a, a->verdict);
	} else if (a->wait_status) {
		if (!a->message.len)
			ending_add_words(&a->message, a->wait_status);
		finish_bad(a, OUTCOME_FAILED);
	} else {
		collect(a);
	}
}

static bool
has_open_stream(const struct attempt *a)
{
	for (int i = 0; i < STREAM_COUNT; i++)
		if (a->streams[i].watch.fd >= 0)
			return true;
	return false;
}

void
local_check_over(struct attempt *a)
{
	if (a->state == ATTEMPT_RUNNING && a->is_reaped &&
	    !has_open_stream(a))
		end(a);
}

/* ---- patience ---- */

/* Somebody keeps a pipe of a task that has ended. */
static void
on_pipe_patience(void *data)
{
	static const char note[] =
		"a process that this task left behind keeps its output open; "
		"what it prints from now on is lost\n";
	struct attempt *a = data;
	struct local *l = a->local;

	if (a->group_lives) {
		/* It can be made to let go. */
		attempt_signal(a, SIGKILL);
		a->group_lives = false;
		a->was_cut_off = true;
		loop_timer_start(l->loop, &a->patience,
				 now_ns(l) + l->patience.pipe_ns,
				 on_pipe_patience, a);
		return;
	}
	if (a->verdict == OUTCOME_OK)
		attempt_note(a, note, sizeof(note) - 1);
	for (int i = 0; i < STREAM_COUNT; i++)
		attempt_close_stream(a, &a->streams[i]);
	local_check_over(a);
}

/* TERM was not enough. */
static void
on_kill_patience(void *data)
{
	attempt_signal(data, SIGKILL);
}

static void
on_end(void *data)
{
	local_check_over(data);
}

void
local_reaped(struct attempt *a, int wait_status, const struct rusage *usage)
{
	struct local *l = a->local;
	int64_t wait_ns = l->patience.pipe_ns;

	a->is_reaped = true;
	a->wait_status = wait_status;
	a->usage = *usage;
	a->group_lives = a->pid && !kill(-a->pid, 0);
	loop_timer_stop(l->loop, &a->limit);
	if (a->group_lives && (wait_status || a->verdict != OUTCOME_OK)) {
		/* It failed: what is left of it has nothing to finish. */
		attempt_signal(a, SIGKILL);
		a->group_lives = false;
	}
	if (l->is_freeing)
		wait_ns = 0;
	/* One that could not be executed ends in the next turn: start is
	 * still under way. */
	if (has_open_stream(a))
		loop_timer_start(l->loop, &a->patience, now_ns(l) + wait_ns,
				 on_pipe_patience, a);
	else if (a->state == ATTEMPT_RUNNING)
		local_check_over(a);
	else
		loop_timer_start(l->loop, &a->patience, now_ns(l), on_end, a);
}

/* End A early, for the reason KIND. */
static void
stop(struct attempt *a, enum outcome_kind kind, bool hard)
{
	struct local *l = a->local;

	if (a->verdict == OUTCOME_OK) {
		a->verdict = kind;
		strbuf_reset(&a->message);
	}
	loop_timer_stop(l->loop, &a->limit);
	if (a->is_reaped) {
		attempt_signal(a, SIGKILL);
		a->group_lives = false;
		loop_timer_start(l->loop, &a->patience, now_ns(l),
				 on_pipe_patience, a);
		return;
	}
	attempt_signal(a, hard ? SIGKILL : SIGTERM);
	/* one that is stopped, by us or by itself, notices only then */
	attempt_signal(a, SIGCONT);
	loop_timer_start(l->loop, &a->patience,
			 now_ns(l) + l->patience.kill_ns, on_kill_patience, a);
}

static void
on_limit(void *data)
{
	struct attempt *a = data;

	stop(a, OUTCOME_TIMEOUT, false);
	strbuf_reset(&a->message);
	strbuf_adds(&a->message, "timed out after ");
	text_add_duration(&a->message, a->spec->timeout_ns);
}

/* ---- slots ---- */

static void
attempt_free(struct attempt *a)
{
	slot_close(&a->slot);
	strbuf_release(&a->message);
	strbuf_release(&a->made);
	collection_release(&a->collection);
	arena_release(&a->arena);
	command_release(&a->command);
	free(a);
}

/* A new slot. */
static struct attempt *
attempt_new(struct local *l, struct error *err)
{
	struct attempt *a = xcalloc(1, sizeof(*a));

	if (slot_open(&a->slot, l->run, (unsigned)l->attempt_count,
		      l->project, err) < 0) {
		free(a);
		return NULL;
	}
	a->local = l;
	strbuf_init(&a->message);
	strbuf_init(&a->made);
	collection_init(&a->collection);
	arena_init(&a->arena);
	command_init(&a->command);
	for (int i = 0; i < STREAM_COUNT; i++)
		a->streams[i].watch = (struct loop_watch)LOOP_WATCH_INIT;
	ARRAY_GROW(l->attempts, l->attempt_count, l->attempt_alloc);
	l->attempts[l->attempt_count++] = a;
	return a;
}

/* A slot with nothing to do. */
static struct attempt *
find_idle(struct local *l, struct error *err)
{
	if (l->busy_count < l->attempt_count)
		for (size_t i = 0; i < l->attempt_count; i++)
			if (l->attempts[i]->state == ATTEMPT_IDLE)
				return l->attempts[i];
	return attempt_new(l, err);
}

/* ---- what sched calls ---- */

static void
reset(struct attempt *a, const struct task_spec *spec, void *task)
{
	a->spec = spec;
	a->task = task;
	a->pid = 0;
	a->recipe = NULL;
	a->is_reaped = false;
	a->group_lives = false;
	a->was_cut_off = false;
	a->wait_status = 0;
	memset(&a->usage, 0, sizeof(a->usage));
	a->verdict = OUTCOME_OK;
	a->has_made = false;
	a->started_ns = clock_real_ns(loop_clock(a->local->loop));
	a->begun_ns = clock_monotonic_ns(loop_clock(a->local->loop));
	strbuf_reset(&a->message);
	strbuf_reset(&a->made);
}

/* Make all ready and start it. */
static int
begin(struct attempt *a, struct error *err)
{
	struct strbuf notes = STRBUF_INIT;
	const struct rusage none = { 0 };
	int rc, prepared;

	prepared = agent_prepare(a->local->files, a->spec, &notes, err);
	rc = prepared;
	if (!rc)
		rc = slot_begin(&a->slot, a->spec, err);
	if (!rc && a->spec->kind == SPEC_NONE)
		local_reaped(a, 0, &none);
	else if (!rc)
		rc = attempt_launch(a, err);
	attempt_note(a, notes.buf, notes.len);
	strbuf_release(&notes);
	/* What was not taken away is not ours to remove. */
	if (rc < 0 && !prepared)
		agent_discard(a->local->files, a->spec);
	if (rc < 0)
		slot_end(&a->slot);
	return rc;
}

static int
local_start(struct executor *x, const struct task_spec *spec, void *task,
	    struct error *err)
{
	struct local *l = (struct local *)x;
	struct attempt *a = find_idle(l, err);

	if (!a)
		return -1;
	reset(a, spec, task);
	if (begin(a, err) < 0)
		return -1;
	a->state = ATTEMPT_RUNNING;
	l->busy_count++;
	if (spec->timeout_ns && !a->is_reaped)
		loop_timer_start(l->loop, &a->limit,
				 now_ns(l) + spec->timeout_ns, on_limit, a);
	return 0;
}

static void
local_cancel(struct executor *x, void *task, bool hard)
{
	struct local *l = (struct local *)x;

	for (size_t i = 0; i < l->attempt_count; i++)
		if (l->attempts[i]->state == ATTEMPT_RUNNING &&
		    l->attempts[i]->task == task)
			stop(l->attempts[i], OUTCOME_CANCELLED, hard);
}

static void
local_pause(struct executor *x, bool stopping)
{
	struct local *l = (struct local *)x;

	for (size_t i = 0; i < l->attempt_count; i++)
		if (l->attempts[i]->state == ATTEMPT_RUNNING)
			attempt_signal(l->attempts[i],
				       stopping ? SIGSTOP : SIGCONT);
	l->is_paused = stopping;
}

static void
local_free(struct executor *x)
{
	struct local *l = (struct local *)x;

	l->is_freeing = true;
	for (size_t i = 0; i < l->attempt_count; i++)
		if (l->attempts[i]->state == ATTEMPT_RUNNING)
			stop(l->attempts[i], OUTCOME_CANCELLED, true);
	while (l->busy_count)
		if (loop_turn(l->loop, true, NULL) < 0)
			break;
	for (size_t i = 0; i < l->attempt_count; i++)
		attempt_free(l->attempts[i]);
	if (l->lock)
		slot_unlock_run(l->lock, l->run);
	environment_free(l->environment);
	programs_free(l->programs);
	free(l->attempts);
	free(l->project);
	free(l->buffer);
	free(l);
}

static const struct executor_ops local_ops = {
	.start = local_start,
	.cancel = local_cancel,
	.pause = local_pause,
	.free = local_free,
};

struct executor *
local_executor_new(struct loop *loop, struct evaluator *evaluator,
		   struct files *files, struct pool *pool,
		   const struct executor_events *events, void *data,
		   unsigned slots, uint32_t run, struct error *err)
{
	struct local *l = xcalloc(1, sizeof(*l));

	l->base.ops = &local_ops;
	l->base.events = *events;
	l->base.data = data;
	l->loop = loop;
	l->evaluator = evaluator;
	l->files = files;
	l->pool = pool;
	l->run = run;
	l->patience = (struct local_patience){ KILL_PATIENCE_NS,
					       PIPE_PATIENCE_NS };
	l->attempt_alloc = MAX(slots, 1);
	l->attempts = xcalloc(l->attempt_alloc, sizeof(*l->attempts));
	l->project = getcwd(NULL, 0);
	if (!l->project)
		error_sys(err, "cannot tell the current directory");
	else
		l->lock = slot_lock_run(run, err);
	if (!l->lock) {
		local_free(&l->base);
		return NULL;
	}
	l->programs = programs_new(l->project);
	spawn_find_ignored(&l->ignored);
	l->environment = environment_new(environ, l->programs);
	return &l->base;
}

struct local_patience *
local_executor_patience(struct executor *x)
{
	return &((struct local *)x)->patience;
}
