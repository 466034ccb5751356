/*
 * Frames over stream sockets.
 */
#include "base/base.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "sys/frame.h"
#include "tap.h"

static int pair[2];

static void
make_pair(void)
{
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		bug("no socket pair");
}

static void
close_pair(void)
{
	close(pair[0]);
	if (pair[1] >= 0)
		close(pair[1]);
}

static void
test_blocking(void)
{
	struct strbuf payload = STRBUF_INIT;
	struct error err = ERROR_INIT;
	unsigned type;

	make_pair();
	frame_write(pair[1], 7, "hello", 5, NULL, 0, NULL);
	frame_write(pair[1], 65535, NULL, 0, NULL, 0, NULL);
	is_int(frame_read(pair[0], &type, &payload, NULL, 0, NULL, &err), 1,
	       "a frame that was written is read");
	ok(type == 7 && payload.len == 5, "with its type and length");
	is_str(payload.buf, "hello", "and its payload");
	is_int(frame_read(pair[0], &type, &payload, NULL, 0, NULL, &err), 1,
	       "a frame may be empty");
	ok(type == 65535 && !payload.len, "and have any type");
	write(pair[1], "\5\0\0\0\1\0\1\0ab", 10);
	close(pair[1]);
	pair[1] = -1;
	is_int(frame_read(pair[0], &type, &payload, NULL, 0, NULL, &err), -1,
	       "the end inside a frame is an error");
	is_str(err.text, "the stream ends inside a message", "with a text");
	is_int(frame_read(pair[0], &type, &payload, NULL, 0, NULL, &err), 0,
	       "the end between frames is none");
	close_pair();
	make_pair();
	write(pair[1], "\0\0\0\0\1\0\2\0", 8);
	is_int(frame_read(pair[0], &type, &payload, NULL, 0, NULL, &err), -1,
	       "another version is refused");
	is_str(err.text, "message of version 2, not 1", "in words");
	write(pair[1], "\1\0\0\100\1\0\1\0", 8);
	is_int(frame_read(pair[0], &type, &payload, NULL, 0, NULL, &err), -1,
	       "so is a frame larger than allowed");
	close(pair[0]);
	pair[0] = pair[1];
	pair[1] = -1;
	is_int(frame_write(pair[0], 1, "x", 1, NULL, 0, &err), -1,
	       "writing to nobody is an error, not a signal");
	close_pair();
	error_release(&err);
	strbuf_release(&payload);
}

/* Whether FD is a copy of the file of ORIGINAL. */
static bool
is_same_file(int fd, int original)
{
	struct stat a, b;

	return !fstat(fd, &a) && !fstat(original, &b) &&
	       a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

static void
test_descriptors(void)
{
	struct strbuf payload = STRBUF_INIT;
	int pipe_fds[2], got[2], spare;
	unsigned type;
	size_t count;

	make_pair();
	if (pipe(pipe_fds) < 0)
		bug("no pipe");
	frame_write(pair[1], 1, "a", 1, NULL, 0, NULL);
	frame_write(pair[1], 2, "b", 1, pipe_fds, 2, NULL);
	frame_read(pair[0], &type, &payload, got, 2, &count, NULL);
	ok(type == 1 && !count, "descriptors wait for their frame");
	frame_read(pair[0], &type, &payload, got, 2, &count, NULL);
	ok(type == 2 && count == 2, "and come with it");
	ok(is_same_file(got[0], pipe_fds[0]) &&
		   is_same_file(got[1], pipe_fds[1]),
	   "in order");
	ok(fcntl(got[0], F_GETFD) & FD_CLOEXEC, "close-on-exec");
	close(got[0]);
	close(got[1]);
	spare = dup(0);
	close(spare);
	frame_write(pair[1], 3, "c", 1, pipe_fds, 2, NULL);
	is_int(frame_read(pair[0], &type, &payload, got, 1, &count, NULL), -1,
	       "more descriptors than wanted are an error");
	is_int(count, 0, "and all are closed");
	is_int(dup(0), spare, "none stays behind");
	close(spare);
	close(pipe_fds[0]);
	close(pipe_fds[1]);
	close_pair();
	strbuf_release(&payload);
}

/* Feed DATA to a reader in pieces of STEP bytes; returns whether COUNT frames
 * came out, number I with I as type and I bytes. */
static bool
feed(const struct strbuf *data, size_t step, unsigned count)
{
	struct frame_reader r;
	unsigned next = 0;
	struct frame f;
	bool all = true;
	size_t i, n;

	make_pair();
	fcntl(pair[0], F_SETFL, O_NONBLOCK);
	frame_reader_init(&r);
	for (i = 0; i < data->len; i += n) {
		n = MIN(step, data->len - i);
		if (write(pair[1], data->buf + i, n) != (ssize_t)n)
			bug("short write");
		all &= frame_reader_fill(&r, pair[0], NULL) == 1;
		while (frame_reader_next(&r, &f, NULL) == 1) {
			all &= f.type == next && f.len == next;
			next++;
		}
	}
	all &= frame_reader_fill(&r, pair[0], NULL) == 1; /* EAGAIN */
	close(pair[1]);
	pair[1] = -1;
	all &= frame_reader_fill(&r, pair[0], NULL) == 0;
	frame_reader_release(&r);
	close_pair();
	return all && next == count;
}

static void
test_reader(void)
{
	struct strbuf data = STRBUF_INIT;
	struct error err = ERROR_INIT;
	struct frame_reader r;
	struct frame f;
	char bytes[40] = "";
	unsigned i;

	for (i = 0; i < sizeof(bytes); i++)
		frame_add(&data, i, bytes, i);
	ok(feed(&data, 1, sizeof(bytes)), "frames come byte by byte");
	ok(feed(&data, 7, sizeof(bytes)), "frames come in odd pieces");
	ok(feed(&data, data.len, sizeof(bytes)), "frames come all at once");
	strbuf_release(&data);
	make_pair();
	frame_reader_init(&r);
	write(pair[1], "\0\0\0\0\1\0\2\0", 8);
	frame_reader_fill(&r, pair[0], NULL);
	is_int(frame_reader_next(&r, &f, &err), -1,
	       "a reader refuses another version");
	frame_reader_release(&r);
	frame_reader_init(&r);
	write(pair[1], "\5\0\0\0\1", 5);
	frame_reader_fill(&r, pair[0], NULL);
	close(pair[1]);
	pair[1] = -1;
	is_int(frame_reader_fill(&r, pair[0], &err), -1,
	       "the end inside a frame is an error for it too");
	frame_reader_release(&r);
	close_pair();
	error_release(&err);
}

/* A large frame over a full socket: the writer is a child. */
static void
test_large(void)
{
	struct strbuf payload = STRBUF_INIT;
	size_t len = 5 << 20;
	struct frame_reader r;
	struct frame f;
	unsigned type;
	char *data;
	pid_t pid;

	make_pair();
	data = xcalloc(1, len);
	data[len - 1] = 'z';
	pid = fork();
	if (!pid) {
		/* As the loop would have it. */
		fcntl(pair[1], F_SETFL, O_NONBLOCK);
		_exit(frame_write(pair[1], 1, data, len, NULL, 0, NULL) ||
		      frame_write(pair[1], 2, data, len, NULL, 0, NULL));
	}
	close(pair[1]);
	pair[1] = -1;
	frame_read(pair[0], &type, &payload, NULL, 0, NULL, NULL);
	ok(payload.len == len && payload.buf[len - 1] == 'z',
	   "a large frame is read whole");
	frame_reader_init(&r);
	while (!frame_reader_next(&r, &f, NULL))
		if (frame_reader_fill(&r, pair[0], NULL) <= 0)
			bug("the stream ended");
	ok(f.type == 2 && f.len == len && f.payload[len - 1] == 'z',
	   "also by a reader");
	frame_reader_release(&r);
	strbuf_release(&payload);
	free(data);
	close_pair();
}

int
main(void)
{
	test_blocking();
	test_descriptors();
	test_reader();
	test_large();
	return done_testing();
}
