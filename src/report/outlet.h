/*
 * Where a run's words go: a descriptor that never makes the run wait.  What
 * a slow terminal or pipe does not take is queued, up to a bound; lines beyond
 * it are left out and counted.  They are in the log.
 */
#ifndef FLOWMAKE_REPORT_OUTLET_H
#define FLOWMAKE_REPORT_OUTLET_H

#include "base/base.h"

struct outlet;

struct strbuf;

enum {
	OUTLET_QUEUE_BYTES = 1 << 20, /* a longer queue takes no more lines */
	OUTLET_BLOCK_BYTES = 64 << 10, /* as much at a time goes on well */
};

/* Speak to FD, which stays the caller's and keeps its flags: terminals and
 * pipes are opened a second time for that.  PATIENT: wait for the reader
 * instead of leaving anything out. */
struct outlet *outlet_new(int fd, bool patient);
void outlet_free(struct outlet *o);

/* Whether anybody could see what is written: not /dev/null, not a closed
 * descriptor, not a pipe whose reader is gone. */
bool outlet_is_read(const struct outlet *o);
bool outlet_is_terminal(const struct outlet *o);
/* Columns of the terminal: $COLUMNS, what it says itself, or 80. */
unsigned outlet_columns(const struct outlet *o);

/* Whether there is room for a block of lines, perhaps after writing what can
 * be written.  Where there is none the lines are to be left out. */
bool outlet_has_room(struct outlet *o);
/* Count N more lines as left out; outlet_add_notice says so. */
void outlet_leave_out(struct outlet *o, uint64_t n);
/* When lines were left out and there is room again (or LAST: in any case),
 * say how many. */
void outlet_add_notice(struct outlet *o, bool last);

/* Queue LEN bytes, whatever the bound. */
void outlet_add(struct outlet *o, const char *text, size_t len);
/* The queue itself, to append a block to it that there is room for. */
struct strbuf *outlet_queue(struct outlet *o);
/* Whether something is queued that could not be written. */
bool outlet_is_behind(const struct outlet *o);

/* The descriptor to watch while O is behind. */
int outlet_fd(const struct outlet *o);

/* Write what can be written now. */
void outlet_flush(struct outlet *o);
/* Write all that is queued; give up when the reader takes nothing for
 * STALL_MS. */
void outlet_drain(struct outlet *o, int stall_ms);
/* The errno of a write that failed other than by a reader that went away; 0:
 * none. */
int outlet_error(const struct outlet *o);

#endif
