/*
 * The evaluator's client: its process and its control socket.
 */
#include "base/base.h"

#include "flow/control.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cbor.h"
#include "flow/child.h"
#include "flow/ending.h"
#include "model/wire.h"
#include "sys/spawn.h"

extern char **environ;

/* ---- sockets ---- */

int
control_socketpair(int ends[2], struct error *err)
{
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return error_sys(err, "cannot make a socket");
	if (fcntl(ends[0], F_SETFL, O_NONBLOCK) < 0) {
		error_sys(err, "cannot set up a socket");
		close(ends[0]);
		close(ends[1]);
		return -1;
	}
	return 0;
}

void
control_send(struct evaluator *e, unsigned type, const char *payload,
	     size_t len, const int *fds, size_t fd_count)
{
	if (e->control.fd < 0)
		return;
	if (outbox_send(&e->out, e->control.fd, type, payload, len, fds,
			fd_count))
		loop_watch_set(e->loop, &e->control, EPOLLIN | EPOLLOUT);
}

static void
close_control(struct evaluator *e)
{
	int fd = e->control.fd;

	if (fd < 0)
		return;
	loop_watch_remove(e->loop, &e->control);
	close(fd);
	e->control.fd = -1;
}

/* It cannot be understood any more, or has nothing more to say: its end is
 * what comes next. */
static void
give_up(struct evaluator *e)
{
	if (e->pid)
		kill(e->pid, SIGKILL);
	close_control(e);
}

/* ---- ids of children ---- */

uint32_t
control_add_child(struct evaluator *e, struct child *c, bool is_recipe)
{
	uint32_t id = e->first_free;
	struct child_entry *entry;

	if (id) {
		id--;
		e->first_free = e->children[id].next_free;
	} else {
		ARRAY_GROW(e->children, e->child_count, e->child_alloc);
		id = (uint32_t)e->child_count++;
	}
	entry = &e->children[id];
	*entry = (struct child_entry){ .child = c, .used = true,
				       .is_recipe = is_recipe };
	return id;
}

void
control_drop_child(struct evaluator *e, uint32_t id)
{
	e->children[id].child = NULL;
}

/* The entry of a child that lives, or NULL. */
static struct child_entry *
find_child(struct evaluator *e, uint64_t id)
{
	if (id < e->child_count && e->children[id].used)
		return &e->children[id];
	return NULL;
}

/* The child of ID was reaped: its id is free again. */
static void
child_gone(struct evaluator *e, uint32_t id, int wait_status,
	   const struct rusage *usage, bool lost)
{
	struct child *c = e->children[id].child;

	e->children[id] = (struct child_entry){ .next_free = e->first_free };
	e->first_free = id + 1;
	if (c)
		child_exited(c, wait_status, usage, lost);
}

/* ---- what the zygote says ---- */

void
control_read_error(const struct frame *f, struct error *err)
{
	size_t count, len, text_len = 0, backtrace_len = 0;
	const char *key, *text = "", *backtrace = "";
	bool place = false;
	struct cbor c;

	cbor_init(&c, f->payload, f->len);
	for (count = cbor_get_map(&c); count && !c.failed; count--) {
		key = cbor_get_text(&c, &len);
		if (cbor_key_is(key, len, "text"))
			text = cbor_get_text(&c, &text_len);
		else if (cbor_key_is(key, len, "place"))
			place = cbor_get_bool(&c);
		else if (cbor_key_is(key, len, "backtrace") &&
			 !cbor_get_null(&c))
			backtrace = cbor_get_text(&c, &backtrace_len);
		else if (!cbor_key_is(key, len, "backtrace"))
			cbor_skip(&c);
	}
	if (cbor_finish(&c, "an error from the evaluator", err) < 0)
		return;
	error_set(err, "%.*s", (int)text_len, text);
	error_add_lines(err, backtrace, backtrace_len);
	err->has_place = place;
}

/* WIRE_STARTED: [id, pid] */
static void
on_started(struct evaluator *e, struct cbor *c)
{
	struct child_entry *entry;
	uint64_t id, pid;

	if (cbor_get_array(c) != 2)
		c->failed = true;
	id = cbor_get_uint(c);
	pid = cbor_get_uint(c);
	entry = find_child(e, id);
	if (c->failed || !entry)
		return;
	entry->pid = (pid_t)pid;
	if (entry->child)
		child_started(entry->child, (pid_t)pid);
}

/* WIRE_EXITED: [id, wait status, user ns, system ns, max resident KiB] */
static void
on_exited(struct evaluator *e, struct cbor *c)
{
	struct rusage usage = { 0 };
	uint64_t id, user, system;
	int status;

	if (cbor_get_array(c) != 5)
		c->failed = true;
	id = cbor_get_uint(c);
	status = (int)cbor_get_uint(c);
	user = cbor_get_uint(c) / 1000;
	system = cbor_get_uint(c) / 1000;
	usage.ru_maxrss = (long)cbor_get_uint(c);
	usage.ru_utime.tv_sec = (time_t)(user / 1000000);
	usage.ru_utime.tv_usec = (suseconds_t)(user % 1000000);
	usage.ru_stime.tv_sec = (time_t)(system / 1000000);
	usage.ru_stime.tv_usec = (suseconds_t)(system % 1000000);
	if (!c->failed && find_child(e, id))
		child_gone(e, (uint32_t)id, status, &usage, false);
}

static void
on_frame(struct evaluator *e, const struct frame *f)
{
	struct cbor c;

	cbor_init(&c, f->payload, f->len);
	switch (f->type) {
	case WIRE_STARTED:
		on_started(e, &c);
		break;
	case WIRE_EXITED:
		on_exited(e, &c);
		break;
	default:
		control_load_frame(e, f);
	}
}

/* Hand out the frames that have come.  What is no frame cannot be told from
 * what would follow: there is no going on with such an evaluator. */
static void
deliver(struct evaluator *e)
{
	struct error err = ERROR_INIT;
	struct frame f;
	int got;

	while ((got = frame_reader_next(&e->reader, &f, &err)) > 0)
		on_frame(e, &f);
	if (got < 0) {
		if (e->rules && !e->load_done)
			error_copy(&e->load_error, &err);
		e->load_done = true;
		give_up(e);
	}
	error_release(&err);
}

/* Read once.  Returns false at the end, or when nothing was there. */
static bool
read_control(struct evaluator *e)
{
	struct error err = ERROR_INIT;
	size_t before = e->reader.data.len - e->reader.start;
	bool more;

	more = frame_reader_fill(&e->reader, e->control.fd, &err) > 0;
	error_release(&err);
	if (!more) {
		give_up(e);
		return false;
	}
	if (e->reader.data.len - e->reader.start == before)
		return false;
	deliver(e);
	return e->control.fd >= 0;
}

static void
on_control(void *data, uint32_t events)
{
	struct evaluator *e = data;

	if ((events & EPOLLOUT) && !outbox_flush(&e->out, e->control.fd))
		loop_watch_set(e->loop, &e->control, EPOLLIN);
	if (events & ~(uint32_t)EPOLLOUT)
		read_control(e);
}

/* ---- its end ---- */

int
control_error_dead(const struct evaluator *e, struct error *err)
{
	struct strbuf sb = STRBUF_INIT;

	ending_add_words(&sb, e->wait_status);
	error_set(err, "the evaluator ended unexpectedly: %s",
		  e->load_error.text ? e->load_error.text : sb.buf);
	strbuf_release(&sb);
	return -1;
}

/* The zygote has gone: its children are ours to end, and lost. */
static void
lose_children(struct evaluator *e)
{
	const struct rusage none = { 0 };
	struct child_entry *entry;

	for (uint32_t id = 0; id < e->child_count; id++) {
		entry = &e->children[id];
		if (!entry->used)
			continue;
		if (entry->pid)
			kill(-entry->pid, SIGKILL);
		child_gone(e, id, 0, &none, true);
	}
}

static void
on_reaped(void *data, int wait_status, const struct rusage *usage)
{
	struct evaluator *e = data;

	(void)usage;
	e->pid = 0;
	while (e->control.fd >= 0 && read_control(e))
		;
	close_control(e);
	e->dead = true;
	e->wait_status = wait_status;
	lose_children(e);
}

/* ---- starting ---- */

/* Start the program with CHANNEL as its descriptor 3.  What a Flowfile prints
 * while it is loaded goes to stderr: stdout belongs to the command. */
static int
start_program(struct evaluator *e, int channel, struct error *err)
{
	char *path = spawn_helper_path("flowmake-evaluator");
	char *const argv[] = { path, NULL };
	const struct spawn s = {
		.program = path, .argv = argv, .envp = environ,
		.stdin_fd = -1, .stdout_fd = STDERR_FILENO,
		.stderr_fd = STDERR_FILENO, .extra_fd = channel,
	};

	e->pid = spawn_process(&s, err);
	free(path);
	if (e->pid < 0) {
		e->pid = 0;
		return error_push(err, "cannot start the evaluator");
	}
	loop_child_add(e->loop, e->pid, on_reaped, e);
	return 0;
}

void
control_load(struct evaluator *e)
{
	control_send(e, WIRE_LOAD, e->load.buf, e->load.len, NULL, 0);
}

int
control_boot(struct evaluator *e, struct error *err)
{
	int ends[2] = { -1, -1 };

	if (e->dead)
		return control_error_dead(e, err);
	if (e->pid)
		return 0;
	if (control_socketpair(ends, err) < 0)
		return -1;
	if (loop_watch_add(e->loop, &e->control, ends[0], EPOLLIN, on_control,
			   e, err) < 0) {
		close(ends[0]);
		close(ends[1]);
		return -1;
	}
	if (start_program(e, ends[1], err) < 0) {
		close_control(e);
		close(ends[1]);
		return -1;
	}
	close(ends[1]);
	if (e->load.len)
		control_load(e);
	return 0;
}

void
control_end(struct evaluator *e)
{
	for (uint32_t id = 0; id < e->child_count; id++)
		if (e->children[id].child)
			child_signal(e->children[id].child, SIGKILL);
	lose_children(e);
	close_control(e);
	if (e->pid)
		loop_child_remove(e->loop, e->pid);
}
