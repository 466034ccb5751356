/*
 * Output of tasks cut into lines, and made fit for a terminal.
 */
#ifndef FLOWMAKE_REPORT_LINES_H
#define FLOWMAKE_REPORT_LINES_H

#include "base/base.h"
#include "base/strbuf.h"

enum {
	/* A longer line is given in parts: a task that prints no newline must
	 * not fill the memory. */
	LINES_MAX_BYTES = 64 << 10,
};

/* The beginning of a line whose end has not come yet. */
struct lines {
	struct strbuf held;
	int64_t looked_ns; /* lines_print_part did, the last time */
};

#define LINES_INIT { STRBUF_INIT, 0 }

void lines_init(struct lines *l);
void lines_release(struct lines *l);

/* Call FN for each line that ends in the LEN bytes at TEXT, without its
 * newline, borrowed for the call; what follows the last newline is held. */
typedef void lines_fn(void *data, const char *line, size_t len);
void lines_feed(struct lines *l, const char *text, size_t len, lines_fn *fn,
		void *data);
/* No more comes: call FN for what is held, if anything. */
void lines_end(struct lines *l, lines_fn *fn, void *data);

/* Whether a line has begun and not ended. */
bool lines_has_part(const struct lines *l);

/* Let LINE, of LEN bytes, be what a terminal would leave of it: the part behind
 * its last carriage return that is not empty.  Returns its length. */
size_t lines_cut_returns(const char **line, size_t len);

/* Append to SB the lines that end in the LEN bytes at TEXT, each with PREFIX
 * before and its newline behind it, when ESCAPE cut as by lines_cut_returns and
 * escaped, until SB has MAX bytes or more; what follows the last newline is
 * held.  Returns how many bytes of TEXT that were: fewer than LEN when SB has
 * enough. */
size_t lines_print(struct lines *l, const struct strbuf *prefix, bool escape,
		   const char *text, size_t len, size_t max,
		   struct strbuf *sb);

/* Where what is held has carriage returns, as that of a progress bar, append
 * the last part that one of them ended in the same way, as a line; it is held
 * no more.  Looks once a second of the clock that NOW_NS is by. */
void lines_print_part(struct lines *l, const struct strbuf *prefix,
		      int64_t now_ns, struct strbuf *sb);

/* Append a line so that a terminal only shows it: UTF-8 and tabs as they are,
 * control characters and other bytes escaped. */
void lines_add_escaped(struct strbuf *sb, const char *line, size_t len);

#endif
