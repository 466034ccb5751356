/*
 * The processes of an attempt and their pipes.
 */
#include "base/base.h"

#include "exec/attempt.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/cbor.h"
#include "base/clock.h"
#include "exec/environment.h"
#include "exec/spec.h"
#include "flow/evaluator.h"
#include "sys/spawn.h"

enum {
	READ_BYTES = 1 << 18,
	PIPE_BYTES = 1 << 16,      /* of a pipe as it is made */
	WIDE_PIPE_BYTES = 1 << 20, /* what an ordinary user may ask for */
};

/* ---- pipes ---- */

void
attempt_close_stream(struct attempt *a, struct stream *s)
{
	loop_watch_close(a->local->loop, &s->watch);
}

void
attempt_note(struct attempt *a, const char *text, size_t len)
{
	struct local *l = a->local;

	if (len && !l->is_freeing)
		l->base.events.printed(l->base.data, a->task, LOG_ENGINE,
				       clock_real_ns(loop_clock(l->loop)),
				       text, len);
}

/* Whether A runs already and the zygote has not told yet as which process:
 * until then what it prints stays in its pipes. */
static bool
is_unknown(const struct attempt *a)
{
	return a->recipe && !a->pid;
}

/* Go on with what was left in the pipes of A. */
static void
read_on(struct attempt *a)
{
	for (int i = 0; i < STREAM_COUNT; i++)
		if (a->streams[i].watch.fd >= 0)
			loop_watch_set(a->local->loop, &a->streams[i].watch,
				       EPOLLIN);
}

/* A pipe can be read.  One read for each event: it never waits, and no task
 * that prints much keeps others waiting. */
static void
on_stream(void *data, uint32_t events)
{
	struct stream *s = data;
	struct attempt *a = s->attempt;
	struct local *l = a->local;
	ssize_t n = 0;

	if (is_unknown(a)) {
		loop_watch_set(l->loop, &s->watch, 0);
		return;
	}
	if (!l->buffer)
		l->buffer = xmalloc(READ_BYTES);
	/* That a pipe has no writers may be an event from before read_on():
	 * it can hold something all the same. */
	if (events & (EPOLLIN | EPOLLHUP))
		n = read(s->watch.fd, l->buffer, READ_BYTES);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		attempt_close_stream(a, s);
		local_check_over(a);
		return;
	}
	if (n >= PIPE_BYTES && !s->is_wide) {
		/* It was full: the task waits for us.  What is refused (a
		 * limit of the user's) changes nothing. */
		fcntl(s->watch.fd, F_SETPIPE_SZ, WIDE_PIPE_BYTES);
		s->is_wide = true;
	}
	if (!l->is_freeing)
		l->base.events.printed(l->base.data, a->task, s->name,
				       clock_real_ns(loop_clock(l->loop)),
				       l->buffer, (size_t)n);
}

/* Make the pipe of stream I; *FD gets the task's end. */
static int
open_stream(struct attempt *a, int i, int *fd, struct error *err)
{
	struct stream *s = &a->streams[i];
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_sys(err, "cannot make a pipe");
	s->attempt = a;
	s->name = i == STREAM_OUT ? LOG_STDOUT : LOG_STDERR;
	s->is_wide = false;
	if (loop_watch_add(a->local->loop, &s->watch, ends[0], EPOLLIN,
			   on_stream, s, err) < 0) {
		close(ends[0]);
		close(ends[1]);
		return -1;
	}
	*fd = ends[1];
	return 0;
}

/* ---- where a recipe reads and writes ---- */

struct descriptors {
	int in;  /* -1: nothing to read */
	int out;
	int err;
};

static void
close_descriptors(const struct descriptors *d)
{
	if (d->in >= 0)
		close(d->in);
	if (d->out >= 0)
		close(d->out);
	if (d->err >= 0)
		close(d->err);
}

/* The file that stdout is written to, or NULL: a pipe. */
static const char *
stdout_path(const struct attempt *a)
{
	const struct task_spec *spec = a->spec;

	if (spec->stdout_result >= 0)
		return a->slot.results.v[spec->stdout_result];
	return spec->stdout_file;
}

static int
open_descriptors(struct attempt *a, struct descriptors *d, struct error *err)
{
	const char *in = a->spec->stdin_file, *out = stdout_path(a);

	*d = (struct descriptors){ -1, -1, -1 };
	if (in) {
		d->in = open(in, O_RDONLY | O_CLOEXEC | O_NOCTTY);
		if (d->in < 0)
			return error_sys(err, "cannot open '%s'", in);
	}
	if (out) {
		d->out = open(out, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC |
				   O_NOCTTY, 0666);
		if (d->out < 0)
			return error_sys(err, "cannot make '%s'", out);
	} else if (open_stream(a, STREAM_OUT, &d->out, err) < 0) {
		return -1;
	}
	return open_stream(a, STREAM_ERR, &d->err, err);
}

/* ---- processes ---- */

static void
on_reaped(void *data, int wait_status, const struct rusage *usage)
{
	local_reaped(data, wait_status, usage);
}

/* Start the command as it is. */
static pid_t
spawn(struct attempt *a, const struct descriptors *d, struct error *err)
{
	struct command *c = &a->command;
	struct spawn s = {
		.program = c->program, .argv = c->argv.v,
		.stdin_fd = d->in, .stdout_fd = d->out, .stderr_fd = d->err,
		.extra_fd = -1, .programs = a->local->programs,
		.ignored = &a->local->ignored,
	};

	s.envp = environment_of(a->local->environment, a->spec, &a->slot,
				c->replaces, c->program, err);
	if (s.envp)
		return spawn_process(&s, err);
	errno = 0;
	return -1;
}

/* What a shell's status would be for a program that cannot be executed; 0:
 * the program is not to blame. */
static int
status_of_errno(int e)
{
	switch (e) {
	case ENOENT:
	case ENOTDIR:
		return 127;
	case EACCES:
	case EISDIR:
	case ELOOP:
	case ENOEXEC:
	case E2BIG:
	case ENAMETOOLONG:
		return 126;
	default:
		return 0;
	}
}

/* The program cannot be executed, as ERR says: the task fails. */
static void
fail_to_execute(struct attempt *a, int status, bool too_long,
		struct error *err)
{
	const struct rusage none = { 0 };

	a->verdict = OUTCOME_FAILED;
	strbuf_addf(&a->message, "status %d: %s%s", status, err->text,
		    too_long ? "; (list-file LIST) names a file that holds "
			       "them" : "");
	error_release(err);
	for (int i = 0; i < STREAM_COUNT; i++)
		attempt_close_stream(a, &a->streams[i]);
	local_reaped(a, status << 8, &none);
}

/* Start the program that takes the place of a shell.  Returns 0 when the shell
 * has to do it after all. */
static pid_t
spawn_in_place(struct attempt *a, const struct descriptors *d,
	       struct error *err)
{
	int fds[] = { d->in, d->out, d->err }, opened[3], e;
	size_t count = 0;
	pid_t pid = 0;

	if (!command_redirect(&a->command, fds, opened, &count)) {
		struct descriptors own = { fds[0], fds[1], fds[2] };

		pid = spawn(a, &own, err);
	}
	e = errno;
	while (count)
		close(opened[--count]);
	errno = e;
	if (pid < 0 && status_of_errno(e)) {
		error_release(err);
		return 0;
	}
	return pid;
}

static int
launch_process(struct attempt *a, const struct descriptors *d,
	       struct error *err)
{
	struct local *l = a->local;
	pid_t pid = 0;
	int status, e;

	if (command_build(&a->command, a->spec, &a->slot, l->environment,
			  err) < 0)
		return -1;
	if (a->command.replaces) {
		pid = spawn_in_place(a, d, err);
		if (!pid && command_fall_back(&a->command, a->spec, &a->slot,
					      err) < 0)
			return -1;
	}
	if (!pid)
		pid = spawn(a, d, err);
	e = errno;
	if (pid > 0) {
		a->pid = pid;
		loop_child_add(l->loop, pid, on_reaped, a);
		l->base.events.started(l->base.data, a->task, pid);
		return 0;
	}
	status = status_of_errno(e);
	if (!status)
		return -1;
	fail_to_execute(a, status, e == E2BIG, err);
	return 0;
}

/* ---- scheme recipes ---- */

static void
on_recipe_started(void *data, int64_t pid)
{
	struct attempt *a = data;
	struct local *l = a->local;

	a->pid = (pid_t)pid;
	if (pid && !l->is_freeing)
		l->base.events.started(l->base.data, a->task, pid);
	read_on(a);
}

static void
on_recipe_results(void *data, const char *cbor, size_t len)
{
	struct attempt *a = data;

	strbuf_reset(&a->made);
	strbuf_add(&a->made, cbor, len);
	a->has_made = true;
}

static void
on_recipe_error(void *data, const char *text, size_t len)
{
	struct attempt *a = data;

	if (a->verdict == OUTCOME_OK && !a->message.len)
		strbuf_add(&a->message, text, len);
}

static void
on_recipe_exited(void *data, int wait_status, const struct rusage *usage,
		 bool lost)
{
	struct attempt *a = data;

	a->recipe = NULL;
	read_on(a);
	if (lost && a->verdict == OUTCOME_OK) {
		a->verdict = OUTCOME_LOST;
		strbuf_reset(&a->message);
		strbuf_adds(&a->message, "the evaluator ended unexpectedly");
	}
	local_reaped(a, wait_status, usage);
}

static const struct recipe_events recipe_events = {
	.started = on_recipe_started,
	.results = on_recipe_results,
	.error = on_recipe_error,
	.exited = on_recipe_exited,
};

/* RECIPE-JOB of model/wire.h. */
static int
put_job(struct attempt *a, struct strbuf *sb, struct error *err)
{
	const struct task_spec *spec = a->spec;

	cbor_put_map(sb, 6);
	cbor_put_str(sb, "step");
	cbor_put_uint(sb, spec->scheme_step);
	cbor_put_str(sb, "names");
	if (spec->scheme_names_len)
		strbuf_add(sb, spec->scheme_names, spec->scheme_names_len);
	else
		cbor_put_array(sb, 0);
	cbor_put_str(sb, "environment");
	if (environment_put(a->local->environment, spec, &a->slot, sb,
			    err) < 0)
		return -1;
	cbor_put_str(sb, "results");
	/* absolute: the recipe may change its directory */
	strbuf_reset(&a->message);
	strbuf_addf(&a->message, "%s/%s", a->local->project, a->slot.dir);
	cbor_put_text(sb, a->message.buf, a->message.len);
	cbor_put_str(sb, "prefix");
	strbuf_reset(&a->message);
	strbuf_addf(&a->message, "%llu.", (unsigned long long)a->slot.serial);
	cbor_put_str(sb, a->message.buf);
	strbuf_reset(&a->message);
	cbor_put_str(sb, "workers");
	cbor_put_uint(sb, spec->workers);
	return 0;
}

static int
launch_recipe(struct attempt *a, const struct descriptors *d,
	      struct error *err)
{
	struct strbuf sb = STRBUF_INIT;
	int rc = put_job(a, &sb, err);

	if (!rc && !a->local->evaluator)
		rc = error_set(err, "there is no evaluator for this task");
	if (!rc) {
		a->recipe = recipe_child_start(a->local->evaluator, sb.buf,
					       sb.len, d->out, d->err,
					       &recipe_events, a, err);
		rc = a->recipe ? 0 : -1;
	}
	strbuf_release(&sb);
	return rc;
}

/* ---- both ---- */

int
attempt_launch(struct attempt *a, struct error *err)
{
	struct descriptors d;
	int rc = open_descriptors(a, &d, err);

	if (!rc && a->spec->kind == SPEC_SCHEME)
		rc = launch_recipe(a, &d, err);
	else if (!rc)
		rc = launch_process(a, &d, err);
	close_descriptors(&d);
	if (rc < 0)
		for (int i = 0; i < STREAM_COUNT; i++)
			attempt_close_stream(a, &a->streams[i]);
	return rc;
}

/* Whether the number of A's group has gone to another task meanwhile. */
static bool
is_reused(const struct attempt *a)
{
	const struct local *l = a->local;

	for (size_t i = 0; i < l->attempt_count; i++)
		if (l->attempts[i] != a && l->attempts[i]->pid == a->pid &&
		    l->attempts[i]->state == ATTEMPT_RUNNING)
			return true;
	return false;
}

void
attempt_signal(struct attempt *a, int signo)
{
	if (a->recipe)
		recipe_child_kill(a->recipe, signo);
	else if (a->pid && (!a->is_reaped || (a->group_lives &&
					      !is_reused(a))))
		kill(-a->pid, signo);
}
