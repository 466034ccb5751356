/*
 * The last lines that a task printed.
 */
#ifndef FLOWMAKE_REPORT_TAIL_H
#define FLOWMAKE_REPORT_TAIL_H

#include "base/base.h"

struct error;
struct strvec;

/* Which attempt, and the extent of its records in the run's log. */
struct tail_source {
	uint32_t run;
	uint32_t task;
	uint32_t attempt;
	uint64_t log_start;
	uint64_t log_end;
};

/* Push the last MAX lines of the attempt, in the order in which they ended;
 * *TOTAL gets how many there are. */
int tail_read(const struct tail_source *from, size_t max,
	      struct strvec *lines, uint64_t *total, struct error *err);

#endif
