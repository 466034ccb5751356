/*
 * Errors as values.  A function that can fail takes a struct error * last,
 * returns -1 (or NULL) and fills it; it leaves it untouched on success, so
 * calls chain with ||.  The text is complete: what, on which file or task,
 * and why; lower case, no full stop; ready to print behind "flowmake: ": one
 * line without control characters, whatever names went into it.
 * A mistake in the user's Flowfile begins with its place, "FILE:LINE:COL: ",
 * and is printed as it stands (error_has_place).
 */
#ifndef FLOWMAKE_BASE_ERROR_H
#define FLOWMAKE_BASE_ERROR_H

#include "base/base.h"

struct error {
	char *text;     /* NULL: no error; owned */
	bool has_place; /* the text begins with FILE:LINE:COLUMN */
};

#define ERROR_INIT { NULL, false }

/* Set ERR to the formatted text, replacing an earlier one.  Returns -1, so
 * that a function may end in "return error_set(...)".  ERR may be NULL: the
 * caller does not want to know. */
int error_set(struct error *err, const char *format, ...) PRINTF_LIKE(2, 3);

/* Like error_set, followed by ": " and the text of errno. */
int error_sys(struct error *err, const char *format, ...) PRINTF_LIKE(2, 3);

/* Like error_set, with the place of the user's mistake before it.  LINE and
 * COLUMN count from 1; line 0: only the file is known. */
int error_place(struct error *err, const char *file, unsigned line,
		unsigned column, const char *format, ...) PRINTF_LIKE(5, 6);

/* Put "FORMAT: " before the text that ERR has already.  Returns -1. */
int error_push(struct error *err, const char *format, ...) PRINTF_LIKE(2, 3);

/* Append lines that explain more, as a backtrace: the only newlines of a
 * text. */
void error_add_lines(struct error *err, const char *lines, size_t len);

/* Let ERR be as FROM.  Returns -1. */
int error_copy(struct error *err, const struct error *from);

/* Drop the text; ERR can be used again. */
void error_release(struct error *err);

#endif
