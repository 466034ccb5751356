/*
 * The client of flowmake-git.
 */
#include "base/base.h"

#include "flow/code.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/cbor.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/strvec.h"
#include "base/text.h"
#include "flow/control.h"
#include "flow/ending.h"
#include "flow/outbox.h"
#include "model/code-wire.h"
#include "store/store.h"
#include "sys/frame.h"
#include "sys/loop.h"
#include "sys/spawn.h"

extern char **environ;

enum code_state {
	CODE_IDLE, /* nothing was asked for yet */
	CODE_BUSY,
	CODE_OVER, /* answered, or failed */
};

struct code {
	struct loop *loop;
	const struct code_events *events;
	void *data;
	pid_t pid;               /* 0: reaped */
	struct loop_watch watch; /* of our end of the socket */
	struct frame_reader reader;
	struct outbox out;
	struct loop_timer timer; /* of code_wait */
	uint32_t run;            /* of the snapshot */
	enum code_state state;
	bool late;               /* the timer ran out */
	struct error failure;    /* why there is no answer */
};

/* ---- what was asked for ---- */

/* There is no answer, for the reason in ERR, which is emptied. */
static void
fail(struct code *c, struct error *err)
{
	if (c->state != CODE_OVER) {
		c->failure = *err;
		err->text = NULL;
	}
	c->state = CODE_OVER;
	error_release(err);
}

static void
send_request(struct code *c, unsigned type, struct strbuf *sb)
{
	if (c->watch.fd >= 0 && outbox_send(&c->out, c->watch.fd, type,
					    sb->buf, sb->len, NULL, 0))
		loop_watch_set(c->loop, &c->watch, EPOLLIN | EPOLLOUT);
	strbuf_release(sb);
}

static void
close_socket(struct code *c)
{
	int fd = c->watch.fd;

	if (fd < 0)
		return;
	loop_watch_remove(c->loop, &c->watch);
	close(fd);
}

/* ---- answers ---- */

/* CODE_ASK: [PATH...] */
static void
on_ask(struct code *c, struct cbor *in)
{
	struct strbuf list = STRBUF_INIT, sb = STRBUF_INIT;
	size_t i, n = cbor_get_array(in), made = 0;
	char *path;

	for (i = 0; i < n && !in->failed; i++) {
		path = cbor_get_str(in);
		if (path && c->events->is_made(c->data, path)) {
			cbor_put_uint(&list, i);
			made++;
		}
		free(path);
	}
	cbor_put_array(&sb, made);
	strbuf_add(&sb, list.buf, list.len);
	send_request(c, CODE_MADE, &sb);
	strbuf_release(&list);
}

/* CODE_LINES: [[ORIGIN, bytes]...] */
static void
on_lines(struct code *c, struct cbor *in)
{
	size_t n, origin_len, len;
	const char *origin, *line;

	for (n = cbor_get_array(in); n && !in->failed; n--) {
		cbor_get_array(in);
		origin = cbor_get_text(in, &origin_len);
		line = cbor_get_bytes(in, &len);
		if (!in->failed && origin_len)
			c->events->line(c->data, *origin, line, len);
	}
}

/* CODE_TAKEN */
static void
on_taken(struct code *c, struct cbor *in)
{
	struct code_record rec = { .run = c->run };
	const char *key, *seen = "";
	size_t n, len, seen_len = 0;

	for (n = cbor_get_map(in); n && !in->failed; n--) {
		key = cbor_get_text(in, &len);
		if (cbor_key_is(key, len, "commit")) {
			rec.commit = cbor_get_str(in);
		} else if (cbor_key_is(key, len, "branch")) {
			rec.branch = cbor_get_str(in);
		} else if (cbor_key_is(key, len, "tree")) {
			rec.tree = cbor_get_str(in);
		} else if (cbor_key_is(key, len, "changed-count")) {
			rec.changed_count = cbor_get_uint(in);
		} else if (cbor_key_is(key, len, "changed")) {
			rec.changed = cbor_span(in, &rec.changed_len);
		} else if (cbor_key_is(key, len, "left-out")) {
			rec.left_out = cbor_span(in, &rec.left_out_len);
		} else if (cbor_key_is(key, len, "seen")) {
			seen = cbor_get_bytes(in, &seen_len);
		} else {
			cbor_skip(in);
		}
	}
	if (!in->failed)
		c->events->taken(c->data, &rec, seen, seen_len);
	free((char *)rec.commit);
	free((char *)rec.branch);
	free((char *)rec.tree);
}

/* CODE_COMMITS: [[path index, id, seconds, author, first line, undone]...] */
static void
on_commits(struct code *c, struct cbor *in)
{
	struct code_commit commit;
	char *id, *author, *summary;
	size_t n, i;

	for (n = cbor_get_array(in); n && !in->failed; n--) {
		cbor_get_array(in);
		i = cbor_get_uint(in);
		commit.id = id = cbor_get_str(in);
		commit.time_s = cbor_get_int(in);
		commit.author = author = cbor_get_str(in);
		commit.summary = summary = cbor_get_str(in);
		commit.is_undone = cbor_get_bool(in);
		if (!in->failed && id && author && summary)
			c->events->changed(c->data, i, &commit);
		free(id);
		free(author);
		free(summary);
	}
}

/* CODE_ERROR: TEXT */
static void
on_error(struct code *c, struct cbor *in)
{
	struct error err = ERROR_INIT;
	size_t len;
	const char *text = cbor_get_text(in, &len);

	error_set(&err, "%.*s", (int)len, text);
	fail(c, &err);
}

static void
on_frame(struct code *c, const struct frame *f)
{
	struct error err = ERROR_INIT;
	struct cbor in;

	cbor_init(&in, f->payload, f->len);
	switch (f->type) {
	case CODE_ASK:
		on_ask(c, &in);
		break;
	case CODE_LINES:
		on_lines(c, &in);
		break;
	case CODE_TAKEN:
		on_taken(c, &in);
		break;
	case CODE_COMMITS:
		on_commits(c, &in);
		break;
	case CODE_ERROR:
		on_error(c, &in);
		break;
	case CODE_FORGOTTEN:
		c->events->forgotten(c->data, cbor_get_uint(&in));
		break;
	case CODE_DONE:
		cbor_skip(&in);
		break;
	}
	if (cbor_finish(&in, "a message from flowmake-git", &err))
		fail(c, &err);
	else if (f->type != CODE_ASK && f->type != CODE_LINES)
		c->state = CODE_OVER;
}

/* Read once and hand out what has come.  Returns false at the end; when that
 * comes too early, how the helper ended will say why. */
static bool
read_socket(struct code *c)
{
	struct error err = ERROR_INIT;
	struct frame f;
	int got;

	if (frame_reader_fill(&c->reader, c->watch.fd, NULL) <= 0)
		return false;
	while ((got = frame_reader_next(&c->reader, &f, &err)) > 0)
		on_frame(c, &f);
	if (got < 0)
		fail(c, &err);
	return got == 0;
}

static void
on_socket(void *data, uint32_t events)
{
	struct code *c = data;

	if ((events & EPOLLOUT) && !outbox_flush(&c->out, c->watch.fd))
		loop_watch_set(c->loop, &c->watch, EPOLLIN);
	if (!(events & ~(uint32_t)EPOLLOUT))
		return;
	/* Then the helper ends by itself, while we go on. */
	if (!read_socket(c) || c->state == CODE_OVER)
		close_socket(c);
}

/* Whether something is there to be read, or the end. */
static bool
is_readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) > 0;
}

static void
on_reaped(void *data, int wait_status, const struct rusage *usage)
{
	struct error err = ERROR_INIT;
	struct strbuf sb = STRBUF_INIT;
	struct code *c = data;

	(void)usage;
	c->pid = 0;
	while (c->watch.fd >= 0 && c->state == CODE_BUSY &&
	       is_readable(c->watch.fd) && read_socket(c))
		;
	close_socket(c);
	ending_add_words(&sb, wait_status);
	error_set(&err, "flowmake-git ended unexpectedly: %s", sb.buf);
	fail(c, &err);
	strbuf_release(&sb);
}

/* ---- starting ---- */

static int
start_program(struct code *c, int channel, struct error *err)
{
	char *path = spawn_helper_path("flowmake-git");
	char *const argv[] = { path, NULL };
	const struct spawn s = {
		.program = path, .argv = argv, .envp = environ,
		.stdin_fd = -1, .stdout_fd = -1, .stderr_fd = STDERR_FILENO,
		.extra_fd = channel,
	};
	pid_t pid = spawn_process(&s, err);

	free(path);
	if (pid < 0)
		return -1;
	c->pid = pid;
	loop_child_add(c->loop, pid, on_reaped, c);
	return 0;
}

struct code *
code_start(struct loop *l, const struct code_events *events, void *data,
	   struct error *err)
{
	struct code *c = xcalloc(1, sizeof(*c));
	int ends[2] = { -1, -1 };

	c->loop = l;
	c->events = events;
	c->data = data;
	c->watch = (struct loop_watch)LOOP_WATCH_INIT;
	frame_reader_init(&c->reader);
	outbox_init(&c->out);
	if (control_socketpair(ends, err) < 0)
		goto fail;
	if (loop_watch_add(l, &c->watch, ends[0], EPOLLIN, on_socket, c, err) <
	    0) {
		close(ends[0]);
		goto fail;
	}
	if (start_program(c, ends[1], err) < 0)
		goto fail;
	close(ends[1]);
	return c;

fail:
	if (ends[1] >= 0)
		close(ends[1]);
	code_free(c);
	return NULL;
}

void
code_free(struct code *c)
{
	if (!c)
		return;
	loop_timer_stop(c->loop, &c->timer);
	close_socket(c);
	if (c->pid) {
		if (c->state == CODE_BUSY)
			kill(c->pid, SIGKILL);
		loop_child_remove(c->loop, c->pid);
	}
	frame_reader_release(&c->reader);
	outbox_release(&c->out);
	error_release(&c->failure);
	free(c);
}

/* ---- requests ---- */

static void
put_repository(struct strbuf *sb)
{
	cbor_put_str(sb, "repository");
	cbor_put_str(sb, STORE_CODE_REPOSITORY);
}

/* There will be an answer. */
static void
expect(struct code *c)
{
	if (c->state == CODE_IDLE)
		c->state = CODE_BUSY;
}

/* Begin a request of COUNT pairs, the repository's included. */
static void
begin_request(struct code *c, struct strbuf *sb, size_t count)
{
	expect(c);
	cbor_put_map(sb, count);
	put_repository(sb);
}

static void
put_number(struct strbuf *sb, const char *key, uint64_t n)
{
	cbor_put_str(sb, key);
	cbor_put_uint(sb, n);
}

static void
put_strings(struct strbuf *sb, const char *key, char *const *v, size_t count)
{
	size_t i;

	cbor_put_str(sb, key);
	cbor_put_array(sb, count);
	for (i = 0; i < count; i++)
		cbor_put_str(sb, v[i]);
}

static void
put_paths(struct strbuf *sb, char *const *paths)
{
	size_t n = 0;

	while (paths[n])
		n++;
	put_strings(sb, "paths", paths, n);
}

void
code_prepare(struct code *c, const struct strvec *full)
{
	struct strbuf sb = STRBUF_INIT;

	cbor_put_map(&sb, 3);
	put_repository(&sb);
	cbor_put_str(&sb, "store");
	cbor_put_str(&sb, STORE_DIR);
	put_strings(&sb, "paths", full->v, full->count);
	send_request(c, CODE_PREPARE, &sb);
}

void
code_snapshot(struct code *c, uint32_t run, int64_t since_ns,
	      const struct strvec *loaded)
{
	struct strbuf sb = STRBUF_INIT;

	expect(c);
	c->run = run;
	cbor_put_map(&sb, 3);
	put_number(&sb, "run", run);
	cbor_put_str(&sb, "since");
	cbor_put_int(&sb, since_ns);
	put_strings(&sb, "paths", loaded->v, loaded->count);
	send_request(c, CODE_SNAPSHOT, &sb);
}

static void
compare(struct code *c, unsigned type, uint32_t from, uint32_t to,
	char *const *paths)
{
	struct strbuf sb = STRBUF_INIT;

	begin_request(c, &sb, 4);
	put_number(&sb, "from", from);
	put_number(&sb, "to", to);
	put_paths(&sb, paths);
	send_request(c, type, &sb);
}

void
code_diff(struct code *c, uint32_t from, uint32_t to, char *const *paths)
{
	compare(c, CODE_DIFF, from, to, paths);
}

void
code_names(struct code *c, uint32_t from, uint32_t to)
{
	static char *const all[] = { NULL };

	compare(c, CODE_NAMES, from, to, all);
}

void
code_checkout(struct code *c, uint32_t run, const char *directory)
{
	struct strbuf sb = STRBUF_INIT;

	begin_request(c, &sb, 3);
	put_number(&sb, "run", run);
	cbor_put_str(&sb, "directory");
	cbor_put_str(&sb, directory);
	send_request(c, CODE_CHECKOUT, &sb);
}

void
code_history(struct code *c, uint32_t run, const char *from, const char *to,
	     char *const *paths)
{
	struct strbuf sb = STRBUF_INIT;

	begin_request(c, &sb, 5);
	put_number(&sb, "from", run);
	cbor_put_str(&sb, "from-commit");
	cbor_put_str(&sb, from);
	cbor_put_str(&sb, "to-commit");
	cbor_put_str(&sb, to);
	put_paths(&sb, paths);
	send_request(c, CODE_HISTORY, &sb);
}

void
code_forget(struct code *c, const uint32_t *keep, size_t count,
	    uint32_t newest, bool dry_run)
{
	struct strbuf sb = STRBUF_INIT;
	size_t i;

	begin_request(c, &sb, 4);
	cbor_put_str(&sb, "dry-run");
	cbor_put_bool(&sb, dry_run);
	put_number(&sb, "newest", newest);
	cbor_put_str(&sb, "keep");
	cbor_put_array(&sb, count);
	for (i = 0; i < count; i++)
		cbor_put_uint(&sb, keep[i]);
	send_request(c, CODE_FORGET, &sb);
}

/* ---- waiting ---- */

static void
on_late(void *data)
{
	struct code *c = data;

	c->late = true;
}

/* Say that there is no answer yet, after LIMIT_NS or an interrupt. */
static int
error_unfinished(const struct code *c, int64_t limit_ns, struct error *err)
{
	struct strbuf sb = STRBUF_INIT;

	if (!c->late)
		return error_set(err, "interrupted");
	text_add_duration(&sb, limit_ns);
	error_set(err, "it took more than %s", sb.buf);
	strbuf_release(&sb);
	return -1;
}

int
code_wait(struct code *c, int64_t limit_ns, const bool *interrupted,
	  struct error *err)
{
	int rc = 0;

	if (limit_ns)
		loop_timer_start(c->loop, &c->timer,
				 loop_now_ns(c->loop) + limit_ns, on_late, c);
	while (!rc && c->state == CODE_BUSY && !c->late &&
	       !(interrupted && *interrupted))
		rc = loop_turn(c->loop, true, err);
	loop_timer_stop(c->loop, &c->timer);
	if (rc)
		return -1;
	if (c->failure.text)
		return error_set(err, "%s", c->failure.text);
	return c->state == CODE_BUSY ? error_unfinished(c, limit_ns, err) : 0;
}
