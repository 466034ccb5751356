/*
 * What the children of the zygote have in common.
 */
#include "base/base.h"

#include "flow/child.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/cbor.h"
#include "base/error.h"
#include "flow/control.h"
#include "model/wire.h"

static void
close_data(struct child *c)
{
	int fd = c->data.fd;

	if (fd < 0)
		return;
	loop_watch_remove(c->evaluator->loop, &c->data);
	close(fd);
	c->data.fd = -1;
}

static void
really_free(struct child *c)
{
	close_data(c);
	frame_reader_release(&c->reader);
	outbox_release(&c->out);
	free(c);
}

void
child_init(struct child *c)
{
	c->data = (struct loop_watch)LOOP_WATCH_INIT;
	frame_reader_init(&c->reader);
	outbox_init(&c->out);
}

void
child_enter(struct child *c)
{
	c->busy++;
}

void
child_leave(struct child *c)
{
	if (!--c->busy && c->doomed)
		really_free(c);
}

/* Hand out the frames that have come so far. */
static void
deliver(struct child *c)
{
	struct error err = ERROR_INIT;
	struct frame f;
	int got = 0;

	while (!c->doomed &&
	       (got = frame_reader_next(&c->reader, &f, &err)) > 0)
		c->ops->frame(c, &f);
	if (got < 0 && !c->doomed) {
		close_data(c);
		c->ops->broken(c, &err);
	}
	error_release(&err);
}

/* The data socket can be read, or written. */
static void
on_data(void *data, uint32_t events)
{
	struct error err = ERROR_INIT;
	struct child *c = data;
	int got;

	child_enter(c);
	if ((events & EPOLLOUT) && !outbox_flush(&c->out, c->data.fd))
		loop_watch_set(c->evaluator->loop, &c->data, EPOLLIN);
	if (events & ~(uint32_t)EPOLLOUT) {
		got = frame_reader_fill(&c->reader, c->data.fd, &err);
		deliver(c);
		/* Why it closed is what its exit says, which is to come. */
		if (got <= 0 && !c->doomed)
			close_data(c);
	}
	error_release(&err);
	child_leave(c);
}

/* Read what is still in the data socket of a child that has ended.  What it
 * forked may hold the other end open, so its closing says nothing. */
static void
drain(struct child *c)
{
	struct error err = ERROR_INIT;
	size_t before;

	while (!c->doomed && c->data.fd >= 0) {
		before = c->reader.data.len - c->reader.start;
		if (frame_reader_fill(&c->reader, c->data.fd, &err) <= 0 ||
		    c->reader.data.len - c->reader.start == before)
			break;
		deliver(c);
	}
	error_release(&err);
	if (!c->doomed)
		close_data(c);
}

/* Ask the zygote for the child whose other end is FD. */
static void
send_fork(struct child *c, int fd, const char *job, size_t job_len, int out_fd,
	  int err_fd)
{
	const int fds[OUTBOX_MAX_FDS] = { fd, out_fd, err_fd };
	struct strbuf sb = STRBUF_INIT;

	cbor_put_map(&sb, 2);
	cbor_put_str(&sb, "id");
	cbor_put_uint(&sb, c->id);
	cbor_put_str(&sb, "recipe");
	if (job)
		strbuf_add(&sb, job, job_len);
	else
		cbor_put_null(&sb);
	control_send(c->evaluator, WIRE_FORK, sb.buf, sb.len, fds,
		     job ? 3 : 1);
	strbuf_release(&sb);
}

int
child_start(struct child *c, struct evaluator *e, const struct child_ops *ops,
	    const char *job, size_t job_len, int out_fd, int err_fd,
	    struct error *err)
{
	int ends[2];

	if (control_boot(e, err) < 0 || control_socketpair(ends, err) < 0)
		return -1;
	c->evaluator = e;
	c->ops = ops;
	if (loop_watch_add(e->loop, &c->data, ends[0], EPOLLIN, on_data, c,
			   err) < 0) {
		close(ends[0]);
		close(ends[1]);
		c->evaluator = NULL;
		return -1;
	}
	c->id = control_add_child(e, c, job);
	send_fork(c, ends[1], job, job_len, out_fd, err_fd);
	close(ends[1]);
	return 0;
}

void
child_send(struct child *c, unsigned type, const char *payload, size_t len)
{
	if (c->data.fd < 0)
		return;
	if (outbox_send(&c->out, c->data.fd, type, payload, len, NULL, 0))
		loop_watch_set(c->evaluator->loop, &c->data,
			       EPOLLIN | EPOLLOUT);
}

void
child_signal(struct child *c, int signo)
{
	struct strbuf sb = STRBUF_INIT;

	cbor_put_array(&sb, 2);
	cbor_put_uint(&sb, c->id);
	cbor_put_uint(&sb, (uint64_t)signo);
	control_send(c->evaluator, WIRE_KILL, sb.buf, sb.len, NULL, 0);
	strbuf_release(&sb);
}

void
child_free(struct child *c)
{
	if (c->evaluator) {
		child_signal(c, SIGKILL);
		control_drop_child(c->evaluator, c->id);
		close_data(c);
	}
	c->doomed = true;
	child_enter(c);
	child_leave(c);
}

void
child_started(struct child *c, pid_t pid)
{
	c->pid = pid;
	if (!c->ops->started)
		return;
	child_enter(c);
	c->ops->started(c);
	child_leave(c);
}

void
child_exited(struct child *c, int wait_status, const struct rusage *usage,
	     bool lost)
{
	child_enter(c);
	drain(c);
	c->evaluator = NULL;
	if (!c->doomed)
		c->ops->exited(c, wait_status, usage, lost);
	child_leave(c);
}
