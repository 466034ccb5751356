/*
 * Frames on their way out through a non-blocking socket.
 */
#include "base/base.h"

#include "flow/outbox.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sys/frame.h"

void
outbox_init(struct outbox *o)
{
	memset(o, 0, sizeof(*o));
	strbuf_init(&o->data);
}

/* Drop the first rider, whose descriptors were sent or are not wanted. */
static void
drop_rider(struct outbox *o)
{
	if (o->kept_riders) {
		for (size_t i = 0; i < o->riders[0].count; i++)
			close(o->riders[0].fds[i]);
		o->kept_riders--;
	}
	o->rider_count--;
	memmove(o->riders, o->riders + 1, o->rider_count * sizeof(*o->riders));
}

/* Forget everything. */
static void
drop_all(struct outbox *o)
{
	while (o->rider_count)
		drop_rider(o);
	strbuf_reset(&o->data);
	o->start = 0;
}

void
outbox_release(struct outbox *o)
{
	drop_all(o);
	strbuf_release(&o->data);
	free(o->riders);
}

/* Write once: with the descriptors of the first rider when its frame is next,
 * and never into the frame of a rider behind it. */
static ssize_t
write_some(struct outbox *o, int fd, bool *with_rider)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(OUTBOX_MAX_FDS * sizeof(int))];
	} control;
	struct iovec iov = { o->data.buf + o->start, o->data.len - o->start };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	size_t next = 0;

	*with_rider = o->rider_count && o->riders[0].at == o->start;
	if (*with_rider) {
		size_t bytes = o->riders[0].count * sizeof(int);

		memset(&control, 0, sizeof(control));
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(bytes);
		control.head.cmsg_level = SOL_SOCKET;
		control.head.cmsg_type = SCM_RIGHTS;
		control.head.cmsg_len = CMSG_LEN(bytes);
		memcpy(CMSG_DATA(&control.head), o->riders[0].fds, bytes);
		next = 1;
	}
	if (next < o->rider_count)
		iov.iov_len = o->riders[next].at - o->start;
	return sendmsg(fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* Own the descriptors that have to wait: the caller closes its own. */
static void
keep_riders(struct outbox *o)
{
	while (o->kept_riders < o->rider_count) {
		struct outbox_rider *r = &o->riders[o->kept_riders++];

		for (size_t i = 0; i < r->count; i++)
			r->fds[i] = fcntl(r->fds[i], F_DUPFD_CLOEXEC, 0);
	}
}

bool
outbox_flush(struct outbox *o, int fd)
{
	bool with_rider;
	ssize_t n;

	while (o->start < o->data.len) {
		n = write_some(o, fd, &with_rider);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			keep_riders(o);
			return true;
		}
		if (n < 0) {
			/* Whoever reads from it learns that it is over. */
			shutdown(fd, SHUT_RDWR);
			break;
		}
		if (with_rider)
			drop_rider(o);
		o->start += (size_t)n;
	}
	drop_all(o);
	return false;
}

bool
outbox_send(struct outbox *o, int fd, unsigned type, const void *payload,
	    size_t len, const int *fds, size_t fd_count)
{
	struct outbox_rider *r;

	if (fd_count) {
		ARRAY_GROW(o->riders, o->rider_count, o->rider_alloc);
		r = &o->riders[o->rider_count++];
		r->at = o->data.len;
		r->count = fd_count;
		memcpy(r->fds, fds, fd_count * sizeof(*fds));
	}
	frame_add(&o->data, type, payload, len);
	return outbox_flush(o, fd);
}
