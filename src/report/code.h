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
struct run_record;
struct store;
struct strbuf;

/* Have flowmake-git do what ASK asks it for, for LIMIT_NS at most (0: as long
 * as it takes). */
int code_ask(void (*ask)(struct code *c, void *data),
	     const struct code_events *events, void *data, int64_t limit_ns,
	     struct error *err);

/* Read the code of R: of one that executed nothing that of the latest run
 * before it that did, C's run.  Returns 1, 0 when there is none, -1. */
int code_find(struct store *s, const struct run_record *r,
	      struct code_record *c, struct error *err);

/* Append the lines of show about C, the code of RUN. */
void code_add_lines(struct strbuf *sb, uint32_t run,
		    const struct code_record *c);

/* Write to OUT what differs between the code of the runs FROM and TO, words as
 * report/target.h has them, in the files and directories PATHS
 * (NULL-terminated; empty: all); first, which of them have that of an earlier
 * run. */
int code_show_diff(struct store *s, const char *from, const char *to,
		   char *const *paths, FILE *out, struct error *err);

/* Write the code of RUN into DIRECTORY, which is made; SB gets what is to be
 * said about it. */
int code_check_out(struct store *s, const char *run, const char *directory,
		   struct strbuf *sb, struct error *err);

#endif
