/*
 * The display of a run that goes on: what its tasks print, line by line, on
 * stdout; on a terminal a status line below that; what went wrong, and the
 * end, on stderr (the good end on stdout).
 *
 *   2026-11-22 09:41:39.689 [15/count/3 books/a.txt (pid 83812)] text
 */
#ifndef FLOWMAKE_REPORT_LIVE_H
#define FLOWMAKE_REPORT_LIVE_H

#include "base/base.h"
#include "sched/run.h"

struct clock;
struct live;

struct live_options {
	int out_fd;
	int err_fd;          /* when it is the same file as out_fd, both share
			      * one queue and stay in order */
	const char *command; /* for hints: "flowmake", or with -C; borrowed */
	struct clock *clock;
	bool dry_run;        /* print the whole plan, however slowly it is
			      * read */
};

struct live *live_new(const struct live_options *options);
void live_free(struct live *l);

/* Handlers for run_flow; their data is the struct live. */
extern const struct run_events live_events;

/* The run is over: name what failed with its last lines, and say how it
 * ended.  ERROR, or NULL: what run_flow failed with.  SUMMARY may then be
 * zeroed.  Waits a while for a slow reader. */
void live_finish(struct live *l, const struct run_summary *summary,
		 const char *error);

#endif
