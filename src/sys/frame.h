/*
 * Frames over stream sockets: 32-bit little-endian payload length, 16-bit
 * type, 16-bit version, payload.  Used by the engine (non-blocking, through
 * the loop) and by helper programs (blocking).
 */
#ifndef FLOWMAKE_SYS_FRAME_H
#define FLOWMAKE_SYS_FRAME_H

#include "base/base.h"
#include "base/strbuf.h"

struct error;

enum { FRAME_HEADER_BYTES = 8, FRAME_MAX_BYTES = 1 << 30 };

/* ---- blocking, for helper programs ---- */

/* Write one frame whole, with FD_COUNT descriptors (may be 0) riding on its
 * first byte. */
int frame_write(int fd, unsigned type, const void *payload, size_t len,
		const int *fds, size_t fd_count, struct error *err);

/* Read one frame into PAYLOAD (reset first) and up to FD_MAX descriptors,
 * close-on-exec, into FDS, which the caller owns.  Returns 1, 0 at the end of
 * the stream, -1 on an error (a version that is not ours among them). */
int frame_read(int fd, unsigned *type, struct strbuf *payload, int *fds,
	       size_t fd_max, size_t *fd_count, struct error *err);

/* ---- taking apart what was read without blocking ---- */

struct frame_reader {
	struct strbuf data; /* bytes read and not yet handed out */
	size_t start;       /* of the first frame not yet handed out */
};

struct frame {
	unsigned type;
	const char *payload; /* borrowed until the next frame_reader_fill */
	size_t len;
};

void frame_reader_init(struct frame_reader *r);
void frame_reader_release(struct frame_reader *r);
/* Read once from FD (non-blocking).  Returns 1 when bytes came, 0 at the end
 * of the stream, -1 on an error; EAGAIN counts as 1. */
int frame_reader_fill(struct frame_reader *r, int fd, struct error *err);
/* The next whole frame.  Returns 1, 0 when none is there, -1 when the bytes
 * are no frame of our version. */
int frame_reader_next(struct frame_reader *r, struct frame *f,
		      struct error *err);

/* Append a frame to SB, to be written when the socket takes it. */
void frame_add(struct strbuf *sb, unsigned type, const void *payload,
	       size_t len);

#endif
