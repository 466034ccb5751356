/*
 * What tasks printed that a run reuses: it stands in the logs of the runs that
 * executed them.
 */
#ifndef FLOWMAKE_REPORT_REUSED_LOGS_H
#define FLOWMAKE_REPORT_REUSED_LOGS_H

#include <stddef.h>

#include "base/base.h"

struct error;
struct log_record;
struct store;

struct reused_log;

struct reused_logs {
	struct reused_log *list; /* owned */
	size_t count;
	size_t alloc;
};

void reused_logs_release(struct reused_logs *l);

/* Note that task TASK is reused from ORIGIN_TASK of ORIGIN_RUN. */
void reused_logs_add(struct reused_logs *l, uint32_t task,
		     uint32_t origin_run, uint32_t origin_task);

/* Once all are added: find out where their logs are, of the attempt ATTEMPT, or
 * for 0 of the one whose result it is. */
int reused_logs_find(struct reused_logs *l, struct store *s, uint32_t attempt,
		     struct error *err);
/* Whether any of them has such an attempt. */
bool reused_logs_has_attempt(const struct reused_logs *l);

/* Call FN for each record of them, run by run; its task is the one that was
 * added. */
int reused_logs_each(const struct reused_logs *l,
		     void (*fn)(void *data, const struct log_record *rec),
		     void *data, struct error *err);

#endif
