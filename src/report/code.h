/*
 * The code of runs, for people: what ran, what differs between two runs, and
 * its files.
 */
#ifndef FLOWMAKE_REPORT_CODE_H
#define FLOWMAKE_REPORT_CODE_H

#include <stdio.h>

#include "base/base.h"

struct code;
struct code_events;
struct code_record;
struct error;
struct store;
struct strbuf;

/* Have flowmake-git do what ASK asks it for, for LIMIT_NS at most (0: as long
 * as it takes). */
int code_ask(void (*ask)(struct code *c, void *data),
	     const struct code_events *events, void *data, int64_t limit_ns,
	     struct error *err);

/* Append the lines of show about C. */
void code_add_lines(struct strbuf *sb, const struct code_record *c);

/* Write to OUT what differs between the code of the runs FROM and TO, words as
 * report/target.h has them, in the files and directories PATHS
 * (NULL-terminated; empty: all). */
int code_show_diff(struct store *s, const char *from, const char *to,
		   char *const *paths, FILE *out, struct error *err);

/* Write the code of RUN into DIRECTORY, which is made; SB gets what is to be
 * said about it. */
int code_check_out(struct store *s, const char *run, const char *directory,
		   struct strbuf *sb, struct error *err);

#endif
