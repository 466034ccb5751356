/*
 * What tasks printed, from the log of their run: of one task the bytes as they
 * are, of several interleaved lines, each with its task before it, in the order
 * in which they were read.  Needs no lock, and works while the run goes on.
 */
#ifndef FLOWMAKE_REPORT_LOGS_H
#define FLOWMAKE_REPORT_LOGS_H

#include <stdio.h>

#include "base/base.h"

struct error;
struct store;

struct logs_options {
	const char *target;  /* report/target.h; NULL: the latest run */
	uint32_t attempt;    /* 0: the latest one of each task */
	bool follow;         /* go on until the run, or the one task, ends */
	bool only_stdout;
	bool only_stderr;
	bool timestamps;
	bool escape;         /* for a terminal: it only shows, never obeys */
	FILE *out;
	FILE *headings;      /* one line that says what follows */
};

int logs_show(struct store *s, const struct logs_options *o,
	      struct error *err);

#endif
