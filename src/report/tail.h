/*
 * The last lines that an attempt prints, kept while it runs: its log may be
 * long, and full of what others print, by the time that it fails.
 */
#ifndef FLOWMAKE_REPORT_TAIL_H
#define FLOWMAKE_REPORT_TAIL_H

#include "base/base.h"
#include "base/strbuf.h"
#include "store/log.h"

struct strvec;

enum {
	TAIL_BYTES = 16 << 10, /* about as much of the end, or twice that */
};

struct tail {
	struct strbuf older; /* pieces: stream, length, text */
	struct strbuf newer; /* those that came after them */
};

void tail_init(struct tail *t);
void tail_release(struct tail *t);

/* LEN bytes more of STREAM. */
void tail_add(struct tail *t, enum log_stream stream, const char *text,
	      size_t len);
/* Push the last MAX lines, in the order in which they ended.  Where a line is
 * longer than what is kept its beginning is missing. */
void tail_lines(const struct tail *t, size_t max, struct strvec *lines);

#endif
