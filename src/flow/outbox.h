/*
 * Frames on their way out through a non-blocking socket: written at once as
 * far as the socket takes them, the rest when the loop says that it takes
 * more.  Descriptors ride on the first byte of their frame.
 */
#ifndef FLOWMAKE_FLOW_OUTBOX_H
#define FLOWMAKE_FLOW_OUTBOX_H

#include "base/base.h"
#include "base/strbuf.h"

enum { OUTBOX_MAX_FDS = 3 };

struct outbox_rider {
	size_t at;                /* offset in data of its frame */
	int fds[OUTBOX_MAX_FDS];  /* ours once they had to wait */
	size_t count;
};

struct outbox {
	struct strbuf data;
	size_t start;             /* of what was not yet written */
	struct outbox_rider *riders; /* of frames not yet begun */
	size_t rider_count;
	size_t rider_alloc;
	size_t kept_riders;       /* the first ones own their descriptors */
};

void outbox_init(struct outbox *o);
void outbox_release(struct outbox *o);

/* Send a frame over FD.  The caller keeps and may close FDS.  Returns true
 * when something is left to be written: call outbox_flush when FD is
 * writable.  A peer that is gone is no error: its end is read elsewhere. */
bool outbox_send(struct outbox *o, int fd, unsigned type, const void *payload,
		 size_t len, const int *fds, size_t fd_count);
/* Write what FD takes; the same result. */
bool outbox_flush(struct outbox *o, int fd);

#endif
