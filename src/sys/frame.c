/*
 * Frames over stream sockets.
 */
#include "base/base.h"

#include "sys/frame.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/error.h"

enum { FRAME_VERSION = 1, FRAME_MAX_FDS = 16, READ_BYTES = 1 << 16 };

/* Room for a control message with descriptors, aligned as one. */
union control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(sizeof(int) * FRAME_MAX_FDS)];
};

struct header {
	size_t len;
	unsigned type;
	unsigned version;
};

static void
put_header(unsigned char *p, unsigned type, size_t len)
{
	if (len > FRAME_MAX_BYTES)
		bug("a message of %zu bytes", len);
	p[0] = len & 0xff;
	p[1] = len >> 8 & 0xff;
	p[2] = len >> 16 & 0xff;
	p[3] = len >> 24 & 0xff;
	p[4] = type & 0xff;
	p[5] = type >> 8 & 0xff;
	p[6] = FRAME_VERSION & 0xff;
	p[7] = FRAME_VERSION >> 8;
}

/* Take the header at DATA apart; refuse one that is not of our version. */
static int
get_header(const char *data, struct header *h, struct error *err)
{
	const unsigned char *p = (const unsigned char *)data;

	h->len = p[0] | p[1] << 8 | p[2] << 16 | (size_t)p[3] << 24;
	h->type = p[4] | (unsigned)p[5] << 8;
	h->version = p[6] | (unsigned)p[7] << 8;
	if (h->version != FRAME_VERSION)
		return error_set(err, "message of version %u, not %d",
				 h->version, FRAME_VERSION);
	if (h->len > FRAME_MAX_BYTES)
		return error_set(err, "message of %zu bytes, more than %d",
				 h->len, FRAME_MAX_BYTES);
	return 0;
}

/* Wait until FD, which said EAGAIN, is ready for EVENTS: the blocking calls
 * also work on a socket that the loop made non-blocking. */
static int
wait_for(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };

	return poll(&p, 1, -1) < 0 && errno != EINTR ? -1 : 0;
}

/* Whether the call that failed on FD can be made again. */
static bool
may_repeat(int fd, short events)
{
	if (errno == EINTR)
		return true;
	return (errno == EAGAIN || errno == EWOULDBLOCK) &&
	       !wait_for(fd, events);
}

/* ---- blocking ---- */

/* Let FD_COUNT descriptors ride on MSG. */
static void
attach_fds(struct msghdr *msg, union control *control, const int *fds,
	   size_t fd_count)
{
	size_t len = sizeof(*fds) * fd_count;
	struct cmsghdr *c;

	if (!fd_count)
		return;
	if (fd_count > FRAME_MAX_FDS)
		bug("a message with %zu descriptors", fd_count);
	memset(control, 0, sizeof(*control));
	msg->msg_control = control;
	msg->msg_controllen = CMSG_SPACE(len);
	c = CMSG_FIRSTHDR(msg);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(c), fds, len);
}

/* Move MSG over N bytes that were sent. */
static void
advance(struct msghdr *msg, size_t n)
{
	struct iovec *v;

	while (msg->msg_iovlen && n >= msg->msg_iov->iov_len) {
		n -= msg->msg_iov->iov_len;
		msg->msg_iov++;
		msg->msg_iovlen--;
	}
	if (!msg->msg_iovlen)
		return;
	v = msg->msg_iov;
	v->iov_base = (char *)v->iov_base + n;
	v->iov_len -= n;
}

int
frame_write(int fd, unsigned type, const void *payload, size_t len,
	    const int *fds, size_t fd_count, struct error *err)
{
	unsigned char header[FRAME_HEADER_BYTES];
	struct iovec iov[2] = { { header, sizeof(header) },
				{ (void *)payload, len } };
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = len ? 2 : 1 };
	union control control;
	ssize_t n;

	put_header(header, type, len);
	attach_fds(&msg, &control, fds, fd_count);
	while (msg.msg_iovlen) {
		n = sendmsg(fd, &msg, MSG_NOSIGNAL);
		if (n < 0 && may_repeat(fd, POLLOUT))
			continue;
		if (n < 0)
			return error_sys(err, "cannot send a message");
		msg.msg_control = NULL;
		msg.msg_controllen = 0;
		advance(&msg, (size_t)n);
	}
	return 0;
}

/* Take the descriptors that came with MSG; FDS holds at most FD_MAX. */
static int
take_fds(struct msghdr *msg, int *fds, size_t fd_max, size_t *fd_count,
	 struct error *err)
{
	bool too_many = msg->msg_flags & MSG_CTRUNC;
	struct cmsghdr *c;
	size_t i, n;
	int fd;

	for (c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(fd);
		for (i = 0; i < n; i++) {
			memcpy(&fd, CMSG_DATA(c) + i * sizeof(fd), sizeof(fd));
			if (*fd_count < fd_max) {
				fds[(*fd_count)++] = fd;
			} else {
				close(fd);
				too_many = true;
			}
		}
	}
	if (too_many)
		return error_set(err, "a message came with more descriptors "
				      "than can be taken");
	return 0;
}

/* Read exactly LEN bytes, and the descriptors that come with them.  Returns
 * 1, 0 when the stream ends before the first byte, -1 on an error. */
static int
read_exactly(int fd, char *data, size_t len, int *fds, size_t fd_max,
	     size_t *fd_count, struct error *err)
{
	union control control;
	size_t done = 0;
	ssize_t n;

	while (done < len) {
		struct iovec iov = { data + done, len - done };
		struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control);
		n = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC);
		if (n < 0 && may_repeat(fd, POLLIN))
			continue;
		if (n < 0)
			return error_sys(err, "cannot receive a message");
		if (take_fds(&msg, fds, fd_max, fd_count, err) < 0)
			return -1;
		if (!n && !done)
			return 0;
		if (!n)
			return error_set(err, "the stream ends inside a "
					      "message");
		done += (size_t)n;
	}
	return 1;
}

/* Read a frame's payload behind its header. */
static int
read_payload(int fd, const struct header *h, struct strbuf *payload,
	     struct error *err)
{
	size_t no_fds = 0;
	int r;

	strbuf_grow(payload, h->len);
	r = read_exactly(fd, payload->buf, h->len, NULL, 0, &no_fds, err);
	if (h->len && !r)
		return error_set(err, "the stream ends inside a message");
	if (h->len && r < 0)
		return -1;
	payload->len = h->len;
	payload->buf[h->len] = '\0';
	return 1;
}

int
frame_read(int fd, unsigned *type, struct strbuf *payload, int *fds,
	   size_t fd_max, size_t *fd_count, struct error *err)
{
	char header[FRAME_HEADER_BYTES];
	size_t count = 0;
	struct header h;
	int r;

	strbuf_reset(payload);
	r = read_exactly(fd, header, sizeof(header), fds, fd_max, &count, err);
	if (r > 0 && (get_header(header, &h, err) < 0 ||
		      read_payload(fd, &h, payload, err) < 0))
		r = -1;
	if (r > 0)
		*type = h.type;
	while (r <= 0 && count)
		close(fds[--count]);
	if (fd_count)
		*fd_count = count;
	return r;
}

/* ---- without blocking ---- */

void
frame_reader_init(struct frame_reader *r)
{
	strbuf_init(&r->data);
	r->start = 0;
}

void
frame_reader_release(struct frame_reader *r)
{
	strbuf_release(&r->data);
	r->start = 0;
}

/* Move what was not handed out yet to the front, and make room for the rest
 * of the frame that is coming in. */
static void
make_room(struct frame_reader *r)
{
	size_t left = r->data.len - r->start, want = READ_BYTES;
	struct header h;

	if (r->start) {
		memmove(r->data.buf, r->data.buf + r->start, left);
		strbuf_truncate(&r->data, left);
		r->start = 0;
	}
	if (left >= FRAME_HEADER_BYTES &&
	    !get_header(r->data.buf, &h, NULL) &&
	    h.len + FRAME_HEADER_BYTES > left)
		want = MAX(want, h.len + FRAME_HEADER_BYTES - left);
	strbuf_grow(&r->data, want);
}

int
frame_reader_fill(struct frame_reader *r, int fd, struct error *err)
{
	ssize_t n;

	make_room(r);
	n = read(fd, r->data.buf + r->data.len,
		 r->data.alloc - r->data.len - 1);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 1;
	if (n < 0)
		return error_sys(err, "cannot receive a message");
	r->data.len += (size_t)n;
	r->data.buf[r->data.len] = '\0';
	if (!n && r->data.len)
		return error_set(err, "the stream ends inside a message");
	return n > 0;
}

int
frame_reader_next(struct frame_reader *r, struct frame *f, struct error *err)
{
	size_t left = r->data.len - r->start;
	struct header h;

	if (left < FRAME_HEADER_BYTES)
		return 0;
	if (get_header(r->data.buf + r->start, &h, err) < 0)
		return -1;
	if (left - FRAME_HEADER_BYTES < h.len)
		return 0;
	f->type = h.type;
	f->payload = r->data.buf + r->start + FRAME_HEADER_BYTES;
	f->len = h.len;
	r->start += FRAME_HEADER_BYTES + h.len;
	return 1;
}

void
frame_add(struct strbuf *sb, unsigned type, const void *payload, size_t len)
{
	unsigned char header[FRAME_HEADER_BYTES];

	put_header(header, type, len);
	strbuf_grow(sb, sizeof(header) + len);
	strbuf_add(sb, header, sizeof(header));
	strbuf_add(sb, payload, len);
}
