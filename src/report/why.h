/*
 * Why a task was executed, or was not: its key is compared with that of an
 * earlier run's task, part by part.
 */
#ifndef FLOWMAKE_REPORT_WHY_H
#define FLOWMAKE_REPORT_WHY_H

#include "base/base.h"

struct error;
struct store;
struct strbuf;

/* Append why the tasks of TARGET (report/target.h; NULL: the latest run) were
 * executed or not: of one task all that is known, of a step its tasks, of a run
 * its steps.  COMMAND begins the commands that are suggested: "flowmake". */
int why_target(struct store *s, const char *target, bool json,
	       const char *command, struct strbuf *out, struct error *err);

#endif
