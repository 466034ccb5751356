/*
 * Output that never makes the run wait.
 */
#include "base/base.h"

#include "report/outlet.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/strbuf.h"
#include "base/text.h"

enum {
	/* What poll(2) promises a pipe to take. */
	PROMISED_BYTES = 4096,
	/* As much is written at a time: more would not stay in the
	 * processor's cache until then. */
	WRITE_BYTES = 2 * OUTLET_BLOCK_BYTES,
};

enum outlet_way {
	OUTLET_NONE,   /* nobody reads it */
	OUTLET_PLAIN,  /* a file: write waits for nobody */
	OUTLET_OPENED, /* a terminal or pipe, opened again, O_NONBLOCK */
	OUTLET_ASKED,  /* one that could not be: poll before each write */
	OUTLET_SOCKET,
};

struct outlet {
	enum outlet_way way;
	int fd;
	bool is_own_fd;      /* opened here */
	bool patient;
	bool is_terminal;
	bool is_blocked;     /* the last try found no room */
	int error;           /* errno of a failed write, or 0 */
	struct strbuf queue;
	size_t written;      /* bytes of queue that are out */
	uint64_t left_out;   /* lines since the last notice */
};

/* ---- opening ---- */

/* Whether ST is /dev/null. */
static bool
is_null_device(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == makedev(1, 3);
}

/* Find the way to speak to FD. */
static void
choose_way(struct outlet *o, int fd)
{
	char path[64];
	struct stat st;
	int again;

	o->fd = fd;
	o->is_terminal = isatty(fd);
	if (fstat(fd, &st) < 0 || is_null_device(&st)) {
		o->way = OUTLET_NONE;
	} else if (S_ISSOCK(st.st_mode)) {
		o->way = OUTLET_SOCKET;
	} else if (S_ISFIFO(st.st_mode) || o->is_terminal) {
		/* The flags of FD itself are shared with other programs. */
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		again = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY |
			     O_CLOEXEC);
		o->way = again < 0 ? OUTLET_ASKED : OUTLET_OPENED;
		o->is_own_fd = again >= 0;
		if (again >= 0)
			o->fd = again;
	} else {
		o->way = OUTLET_PLAIN;
	}
}

struct outlet *
outlet_new(int fd, bool patient)
{
	struct outlet *o = xcalloc(1, sizeof(*o));

	o->patient = patient;
	strbuf_init(&o->queue);
	choose_way(o, fd);
	return o;
}

void
outlet_free(struct outlet *o)
{
	if (!o)
		return;
	if (o->is_own_fd)
		close(o->fd);
	strbuf_release(&o->queue);
	free(o);
}

bool
outlet_is_read(const struct outlet *o)
{
	return o->way != OUTLET_NONE;
}

bool
outlet_is_terminal(const struct outlet *o)
{
	return o->is_terminal;
}

unsigned
outlet_columns(const struct outlet *o)
{
	const char *text = getenv("COLUMNS");
	unsigned long columns = text ? strtoul(text, NULL, 10) : 0;
	struct winsize size;

	if (columns > 0 && columns < 10000)
		return (unsigned)columns;
	if (ioctl(o->fd, TIOCGWINSZ, &size) == 0 && size.ws_col)
		return size.ws_col;
	return 80;
}

/* ---- queueing ---- */

/* How many bytes wait. */
static size_t
queued(const struct outlet *o)
{
	return o->queue.len - o->written;
}

bool
outlet_has_room(struct outlet *o)
{
	/* One piece of news can be more than the queue holds: it is written
	 * on the way. */
	if (o->patient && queued(o) > PROMISED_BYTES)
		outlet_drain(o, -1);
	else if (queued(o) >= WRITE_BYTES && !o->is_blocked)
		outlet_flush(o);
	return outlet_is_read(o) && queued(o) < OUTLET_QUEUE_BYTES;
}

void
outlet_leave_out(struct outlet *o, uint64_t n)
{
	o->left_out += n;
}

void
outlet_add_notice(struct outlet *o, bool last)
{
	/* With half of the queue free again, one notice stands for many lines,
	 * not for a few. */
	if (!o->left_out || (!last && queued(o) > OUTLET_QUEUE_BYTES / 2))
		return;
	if (outlet_is_read(o)) {
		text_add_count(&o->queue, o->left_out);
		strbuf_addf(&o->queue, " line%s not shown\n",
			    o->left_out == 1 ? "" : "s");
	}
	o->left_out = 0;
}

void
outlet_add(struct outlet *o, const char *text, size_t len)
{
	if (!outlet_is_read(o))
		return;
	strbuf_add(&o->queue, text, len);
}

struct strbuf *
outlet_queue(struct outlet *o)
{
	return &o->queue;
}

bool
outlet_is_behind(const struct outlet *o)
{
	return o->is_blocked && queued(o) > 0;
}

int
outlet_fd(const struct outlet *o)
{
	return o->fd;
}

/* ---- writing ---- */

/* Write some of the LEN bytes at TEXT without waiting. */
static ssize_t
write_some(struct outlet *o, const char *text, size_t len)
{
	struct pollfd p = { o->fd, POLLOUT, 0 };

	switch (o->way) {
	case OUTLET_SOCKET:
		return send(o->fd, text, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	case OUTLET_ASKED:
		if (poll(&p, 1, 0) <= 0) {
			errno = EAGAIN;
			return -1;
		}
		len = MIN(len, PROMISED_BYTES);
		break;
	default:
		break;
	}
	return write(o->fd, text, len);
}

/* Nobody reads any more, or nothing can be written. */
static void
give_up(struct outlet *o, int error)
{
	if (error != EPIPE && error != EIO && error != ECONNRESET)
		o->error = error;
	o->way = OUTLET_NONE;
	o->written = 0;
	o->is_blocked = false;
	strbuf_reset(&o->queue);
}

/* Forget what is out. */
static void
drop_written(struct outlet *o)
{
	size_t left = queued(o);

	if (left && o->written < OUTLET_QUEUE_BYTES / 4)
		return;
	memmove(o->queue.buf, o->queue.buf + o->written, left);
	strbuf_truncate(&o->queue, left);
	o->written = 0;
}

void
outlet_flush(struct outlet *o)
{
	ssize_t n;

	o->is_blocked = false;
	while (queued(o)) {
		n = write_some(o, o->queue.buf + o->written, queued(o));
		if (n >= 0) {
			o->written += (size_t)n;
		} else if (errno == EAGAIN || errno == EWOULDBLOCK) {
			o->is_blocked = true;
			break;
		} else if (errno != EINTR) {
			give_up(o, errno);
			return;
		}
	}
	drop_written(o);
}

void
outlet_drain(struct outlet *o, int stall_ms)
{
	struct pollfd p = { o->fd, POLLOUT, 0 };
	int rc;

	for (;;) {
		outlet_flush(o);
		if (!queued(o))
			return;
		rc = poll(&p, 1, stall_ms);
		if (!rc || (rc < 0 && errno != EINTR))
			return;
	}
}

int
outlet_error(const struct outlet *o)
{
	return o->error;
}
