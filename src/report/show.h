/*
 * What ran: the project's runs, the steps of a run, the tasks of a step, the
 * attempts of a task; for people, or as JSON.
 */
#ifndef FLOWMAKE_REPORT_SHOW_H
#define FLOWMAKE_REPORT_SHOW_H

#include "base/base.h"

struct error;
struct store;
struct strbuf;

/* Append the table of all runs, oldest first. */
int show_runs(struct store *s, bool json, struct strbuf *out,
	      struct error *err);

/* Append what TARGET (report/target.h; NULL: the latest run) was and did.
 * COMMAND begins the commands that are suggested: "flowmake". */
int show_target(struct store *s, const char *target, bool json,
		const char *command, struct strbuf *out, struct error *err);

#endif
