/*
 * One poll loop over the control socket and a signalfd.  Frames are read
 * blocking: the engine writes whole ones.  Children are few (the engine's
 * limit of workers), so they live in an array.
 */
#include "base/base.h"

#include "evaluator/zygote.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cbor.h"
#include "base/error.h"
#include "base/strbuf.h"
#include "model/wire.h"
#include "sys/frame.h"
#include "sys/spawn.h"

enum { FD_MAX = 3 };

struct child {
	uint64_t id;
	pid_t pid; /* leads a process group of its own */
};

struct zygote {
	int control;
	int signals;
	SCM expand, recipe, rehearse;
	bool has_rehearsed;
	struct child *children;
	size_t count, alloc;
};

/* What a WIRE_FORK asks for. */
struct request {
	uint64_t id;
	bool has_recipe;
	const struct strbuf *payload;
	int fds[FD_MAX]; /* data, stdout, stderr */
	size_t fd_count;
};

/* ---- in the child ---- */

static void
restore_signals(void)
{
	sigset_t none;

	sigemptyset(&none);
	signal(SIGINT, SIG_DFL);
	signal(SIGQUIT, SIG_DFL);
	signal(SIGPIPE, SIG_DFL);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Give the child of a recipe its own streams. */
static void
enter_task(const struct request *request)
{
	int null = open("/dev/null", O_RDONLY);

	if (null >= 0) {
		dup2(null, STDIN_FILENO);
		close(null);
	}
	dup2(request->fds[1], STDOUT_FILENO);
	dup2(request->fds[2], STDERR_FILENO);
	close(request->fds[1]);
	close(request->fds[2]);
}

static SCM
payload_bytes(const struct request *request)
{
	SCM bytes = scm_c_make_bytevector(request->payload->len);

	memcpy(SCM_BYTEVECTOR_CONTENTS(bytes), request->payload->buf,
	       request->payload->len);
	return bytes;
}

static void child_run(struct zygote *z, const struct request *request)
	NORETURN;

static void
child_run(struct zygote *z, const struct request *request)
{
	SCM fd = scm_from_int(request->fds[0]);
	SCM status;

	close(z->control);
	close(z->signals);
	restore_signals();
	setpgid(0, 0); /* its processes are killed by their group */
	if (!request->has_recipe) {
		status = scm_call_1(z->expand, fd);
		_exit(scm_to_int(status));
	}
	enter_task(request);
	status = scm_call_2(z->recipe, fd, payload_bytes(request));
	_exit(scm_to_int(status));
}

/* ---- in the zygote ---- */

static int
report(struct zygote *z, enum wire_type type, struct strbuf *sb,
       struct error *err)
{
	int rc = frame_write(z->control, type, sb->buf, sb->len, NULL, 0, err);

	/* the engine has gone: there is nobody left to complain to */
	if (rc < 0 && errno == EPIPE)
		_exit(1);
	strbuf_release(sb);
	return rc;
}

static int
report_started(struct zygote *z, uint64_t id, pid_t pid, struct error *err)
{
	struct strbuf sb = STRBUF_INIT;

	cbor_put_array(&sb, 2);
	cbor_put_uint(&sb, id);
	cbor_put_uint(&sb, (uint64_t)pid);
	return report(z, WIRE_STARTED, &sb, err);
}

static uint64_t
timeval_ns(struct timeval t)
{
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_usec * 1000;
}

static int
report_exited(struct zygote *z, uint64_t id, int status,
	      const struct rusage *used, struct error *err)
{
	struct strbuf sb = STRBUF_INIT;

	cbor_put_array(&sb, 5);
	cbor_put_uint(&sb, id);
	cbor_put_uint(&sb, (uint64_t)(unsigned)status);
	cbor_put_uint(&sb, timeval_ns(used->ru_utime));
	cbor_put_uint(&sb, timeval_ns(used->ru_stime));
	cbor_put_uint(&sb, (uint64_t)used->ru_maxrss);
	return report(z, WIRE_EXITED, &sb, err);
}

/* Read "id" and whether there is a "recipe" from a WIRE_FORK. */
static int
parse_request(struct request *request, struct error *err)
{
	struct cbor c;
	size_t i, pairs;

	cbor_init(&c, request->payload->buf, request->payload->len);
	pairs = cbor_get_map(&c);
	for (i = 0; i < pairs && !c.failed; i++) {
		size_t len;
		const char *key = cbor_get_text(&c, &len);

		if (cbor_key_is(key, len, "id")) {
			request->id = cbor_get_uint(&c);
		} else if (cbor_key_is(key, len, "recipe")) {
			request->has_recipe = !cbor_get_null(&c);
			if (request->has_recipe)
				cbor_skip(&c);
		} else {
			cbor_skip(&c);
		}
	}
	if (cbor_finish(&c, "a request to fork", err) < 0)
		return -1;
	if (request->fd_count < (request->has_recipe ? 3u : 1u))
		return error_set(err, "a request to fork without descriptors");
	return 0;
}

/* Before the first recipe: let the children find their pages in order. */
static void
rehearse(struct zygote *z, const struct request *request)
{
	int ends[2];

	z->has_rehearsed = true;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return;
	scm_call_2(z->rehearse, scm_from_int(ends[0]),
		   payload_bytes(request));
	close(ends[0]);
	close(ends[1]);
}

static int
handle_fork(struct zygote *z, struct request *request, struct error *err)
{
	struct rusage none = { .ru_maxrss = 0 };
	pid_t pid, parent = getpid();

	if (parse_request(request, err) < 0)
		return -1;
	if (request->has_recipe && !z->has_rehearsed)
		rehearse(z, request);
	pid = fork();
	if (!pid) {
		if (!spawn_die_with(parent))
			_exit(1);
		child_run(z, request);
	}
	if (pid < 0)
		return report_started(z, request->id, 0, err) |
			report_exited(z, request->id, 1 << 8, &none, err);
	ARRAY_GROW(z->children, z->count, z->alloc);
	z->children[z->count].id = request->id;
	z->children[z->count++].pid = pid;
	return report_started(z, request->id, pid, err);
}

static int
handle_kill(struct zygote *z, const struct strbuf *payload, struct error *err)
{
	struct cbor c;
	uint64_t id;
	int signal_number;
	size_t i;

	cbor_init(&c, payload->buf, payload->len);
	cbor_get_array(&c);
	id = cbor_get_uint(&c);
	signal_number = (int)cbor_get_uint(&c);
	if (cbor_finish(&c, "a request to kill", err) < 0)
		return -1;
	for (i = 0; i < z->count; i++) {
		const struct child *child = &z->children[i];

		if (child->id != id)
			continue;
		/* Until it has made it there is no such group. */
		if (kill(-child->pid, signal_number) < 0)
			kill(child->pid, signal_number);
	}
	return 0;
}

/* Read one frame and act.  Returns 1, 0 at the end, -1. */
static int
handle_frame(struct zygote *z, struct strbuf *payload, struct error *err)
{
	struct request request = { .payload = payload };
	unsigned type;
	int rc = frame_read(z->control, &type, payload, request.fds, FD_MAX,
			    &request.fd_count, err);

	if (rc <= 0)
		return rc;
	if (type == WIRE_FORK)
		rc = handle_fork(z, &request, err);
	else if (type == WIRE_KILL)
		rc = handle_kill(z, payload, err);
	else
		rc = error_set(err, "the engine sent a message of type %u",
			       type);
	while (request.fd_count)
		close(request.fds[--request.fd_count]);
	return rc < 0 ? -1 : 1;
}

static int
reap(struct zygote *z, struct error *err)
{
	struct rusage used;
	int status;
	pid_t pid;
	size_t i;

	for (;;) {
		pid = wait4(-1, &status, WNOHANG, &used);
		if (pid <= 0)
			return 0;
		for (i = 0; i < z->count && z->children[i].pid != pid; i++)
			;
		if (i == z->count)
			continue; /* something the Flowfile left behind */
		if (report_exited(z, z->children[i].id, status, &used, err) < 0)
			return -1;
		z->children[i] = z->children[--z->count];
	}
}

static int
open_signals(struct error *err)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? error_sys(err, "cannot make a signalfd") : fd;
}

/* Wait for something and handle it.  Returns 1, 0 at the end, -1. */
static int
turn(struct zygote *z, struct strbuf *payload, struct error *err)
{
	struct pollfd fds[2] = {
		{ .fd = z->control, .events = POLLIN },
		{ .fd = z->signals, .events = POLLIN },
	};
	struct signalfd_siginfo info;

	if (poll(fds, ARRAY_SIZE(fds), -1) < 0)
		return errno == EINTR ? 1 : error_sys(err, "poll");
	if (fds[1].revents) {
		while (read(z->signals, &info, sizeof(info)) > 0)
			;
		if (reap(z, err) < 0)
			return -1;
	}
	return fds[0].revents ? handle_frame(z, payload, err) : 1;
}

int
zygote_serve(int control_fd, SCM expand, SCM recipe, SCM rehearse,
	     struct error *err)
{
	struct zygote z = {
		.control = control_fd, .expand = expand, .recipe = recipe,
		.rehearse = rehearse,
	};
	struct strbuf payload = STRBUF_INIT;
	int rc = 1;

	z.signals = open_signals(err);
	if (z.signals < 0)
		return -1;
	while (rc > 0) {
		errno = 0;
		rc = turn(&z, &payload, err);
		if (rc < 0 && (errno == EPIPE || errno == ECONNRESET)) {
			/* The engine went without reading all reports. */
			error_release(err);
			rc = 0;
		}
	}
	close(z.signals);
	free(z.children);
	strbuf_release(&payload);
	return rc;
}
