/*
 * The evaluator's client: its process, its control socket, and loading.
 */
#include "base/base.h"

#include "flow/evaluator.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cbor.h"
#include "flow/child.h"
#include "flow/control.h"
#include "flow/ending.h"
#include "flow/memo.h"
#include "model/resolve.h"
#include "model/rules.h"
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

/* A frame that belongs to the loading.  When the flow was known already, its
 * text and manifest made it say the same. */
static void
on_load_frame(struct evaluator *e, const struct frame *f)
{
	struct error *err = &e->load_error;
	int rc = 0;

	if (!e->rules && f->type == WIRE_ERROR && !e->load_error.text)
		control_read_error(f, err);
	if (!e->rules || e->load_done)
		return;
	if (e->memo && f->type != WIRE_ERROR)
		memo_add_load(e->memo, f->type, f->payload, f->len);
	if (f->type == WIRE_TEMPLATE)
		rc = rules_add_template(e->rules, f->payload, f->len, err);
	else if (f->type == WIRE_STEPS)
		rc = rules_add_steps(e->rules, f->payload, f->len, err);
	else if (f->type == WIRE_LOADED)
		rc = rules_set_loaded(e->rules, f->payload, f->len, err);
	else if (f->type == WIRE_ERROR)
		control_read_error(f, err);
	e->load_done = rc < 0 || f->type == WIRE_LOADED ||
		       f->type == WIRE_ERROR;
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
		on_load_frame(e, f);
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
		.same_session = true,
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

static void
send_load(struct evaluator *e)
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
		send_load(e);
	return 0;
}

struct evaluator *
evaluator_new(struct loop *l)
{
	struct evaluator *e = xcalloc(1, sizeof(*e));

	e->loop = l;
	e->control = (struct loop_watch)LOOP_WATCH_INIT;
	frame_reader_init(&e->reader);
	outbox_init(&e->out);
	strbuf_init(&e->load);
	return e;
}

void
evaluator_free(struct evaluator *e)
{
	if (!e)
		return;
	for (uint32_t id = 0; id < e->child_count; id++)
		if (e->children[id].child)
			child_signal(e->children[id].child, SIGKILL);
	lose_children(e);
	close_control(e);
	if (e->pid)
		loop_child_remove(e->loop, e->pid);
	memo_close(e->memo);
	strbuf_release(&e->load);
	frame_reader_release(&e->reader);
	outbox_release(&e->out);
	error_release(&e->load_error);
	free(e->children);
	free(e);
}

void
evaluator_pause(struct evaluator *e, bool stop)
{
	int signo = stop ? SIGSTOP : SIGCONT;

	/* While it loads it is the zygote itself that works, or its group. */
	if (e->rules && e->pid)
		kill(-e->pid, signo);
	for (uint32_t id = 0; id < e->child_count; id++)
		if (e->children[id].child && !e->children[id].is_recipe)
			child_signal(e->children[id].child, signo);
}

/* ---- loading ---- */

/* Append KEY and the list of NAMEs and TEXTs in GIVEN, which may be NULL. */
static void
put_given(struct strbuf *sb, const char *key, char *const *given)
{
	size_t count = 0;

	while (given && given[2 * count])
		count++;
	cbor_put_str(sb, key);
	cbor_put_array(sb, count);
	for (size_t i = 0; i < count; i++) {
		cbor_put_array(sb, 2);
		cbor_put_str(sb, given[2 * i]);
		cbor_put_str(sb, given[2 * i + 1]);
	}
}

static void
put_load(struct strbuf *sb, const struct evaluator_load *how,
	 const struct memo *memo)
{
	const char *text;
	size_t len;

	strbuf_reset(sb);
	cbor_put_map(sb, 7);
	cbor_put_str(sb, "file");
	cbor_put_str(sb, how->file);
	put_given(sb, "parameters", how->parameters);
	put_given(sb, "inherited", how->inherited);
	cbor_put_str(sb, "text");
	text = memo ? memo_flow_text(memo, &len) : NULL;
	if (text)
		cbor_put_text(sb, text, len);
	else
		cbor_put_null(sb);
	cbor_put_str(sb, "cache");
	cbor_put_str_or_null(sb, how->cache_dir);
	cbor_put_str(sb, "replay");
	if (how->replay)
		strbuf_add(sb, how->replay, how->replay_len);
	else
		cbor_put_null(sb);
	cbor_put_str(sb, "debug");
	cbor_put_bool(sb, how->debug);
}

/* Turn the loop until the rules are there, or will not be. */
static int
await_rules(struct evaluator *e, const bool *interrupted, struct error *err)
{
	while (!e->load_done && !e->dead && !(interrupted && *interrupted))
		if (loop_turn(e->loop, true, err) < 0)
			return -1;
	if (e->load_error.text)
		return error_copy(err, &e->load_error);
	if (e->load_done)
		return 0;
	if (e->dead)
		return control_error_dead(e, err);
	return error_set(err, "interrupted while the Flowfile was loaded");
}

/* Take the rules from the memo; whether it has them. */
static bool
recall_rules(struct evaluator *e)
{
	struct frame_reader frames = { .start = 0 };
	struct memo *memo = e->memo;
	struct frame f;
	const char *load;
	size_t len;

	load = memo ? memo_load(memo, &len) : NULL;
	if (!load)
		return false;
	frames.data = (struct strbuf){ .buf = (char *)load, .len = len };
	e->memo = NULL;
	while (frame_reader_next(&frames, &f, NULL) > 0)
		on_load_frame(e, &f);
	e->memo = memo;
	return true;
}

/* Wait for what the program makes of the flow. */
static int
hear_rules(struct evaluator *e, const bool *interrupted, struct error *err)
{
	if (await_rules(e, interrupted, err) < 0)
		return -1;
	if (!e->memo)
		return 0;
	memo_add_manifest(e->memo, e->rules->manifest,
			  e->rules->manifest_len);
	if (!e->rules->pure)
		memo_forget(e->memo);
	return 0;
}

int
evaluator_begin(struct evaluator *e, const struct evaluator_load *how,
		struct error *err)
{
	bool is_running = e->pid;
	size_t len;

	e->has_begun = true;
	e->memo = memo_open(how);
	if (e->memo && memo_load(e->memo, &len))
		return 0;
	put_load(&e->load, how, e->memo);
	if (control_boot(e, err) < 0)
		return -1;
	if (is_running)
		send_load(e);
	return 0;
}

int
evaluator_load(struct evaluator *e, const struct evaluator_load *how,
	       struct rules *rules, const bool *interrupted, struct error *err)
{
	struct evaluator_load again = *how;
	int rc = 0;

	if (!e->has_begun && evaluator_begin(e, how, err) < 0)
		return -1;
	e->rules = rules;
	if (recall_rules(e)) {
		again.replay = rules->manifest;
		again.replay_len = rules->manifest_len;
		put_load(&e->load, &again, e->memo);
	} else {
		rc = hear_rules(e, interrupted, err);
	}
	e->rules = NULL;
	return rc < 0 ? -1 : rules_resolve(rules, err);
}

bool
evaluator_identity(const struct evaluator *e, struct digest *id)
{
	return e->memo && memo_identity(e->memo, id);
}
