/*
 * What a run shows, for the store floor only: rows of its own attempts and,
 * between them, ranges of other runs' (struct kept_range).
 */
#ifndef FLOWMAKE_STORE_VIEW_H
#define FLOWMAKE_STORE_VIEW_H

#include "base/base.h"

struct error;
struct store;

enum {
	VIEW_TASK_MAX = (1 << 28) - 1,
	VIEW_ATTEMPT_MAX = (1 << 12) - 1,
};

/* The row of an attempt; ascending in run, task, attempt. */
int64_t view_row(uint32_t run, uint32_t task, uint32_t attempt);
uint32_t view_row_run(int64_t row);
uint32_t view_row_task(int64_t row);
uint32_t view_row_attempt(int64_t row);

/* A part of what a run shows. */
struct view_part {
	uint32_t run;         /* whose rows they are */
	uint32_t first;       /* numbers of the tasks there */
	uint32_t last;
	uint32_t shown_run;   /* 0: the rows are shown as they are */
	uint32_t shown_first; /* else the number of the first here */
};

/* Hand the parts of what RUN shows to FN, in order of its tasks.  Stops when
 * FN returns another number than 0, and returns that. */
int view_each_part(struct store *s, uint32_t run,
		   int (*fn)(void *data, const struct view_part *part),
		   void *data, struct error *err);

/* Look whether the good results of COUNT tasks of RUN from FIRST on, which are
 * going to be recorded as used again in the open transaction, are still there:
 * since the store was opened a gc may have come. */
int view_check_good(struct store *s, uint32_t run, uint32_t first,
		    uint32_t count, struct error *err);

#endif
