/*
 * What commands that look back are asked about: RUN[/STEP[/REST]], where RUN
 * is a number, "latest", or left out for the latest run, and REST is a split
 * (a pattern's stem may hold "/") or, for dump, may end in a result's name.
 */
#ifndef FLOWMAKE_REPORT_TARGET_H
#define FLOWMAKE_REPORT_TARGET_H

#include "base/base.h"
#include "store/store.h"

struct error;
struct strbuf;

struct target {
	struct run_record run; /* owned */
	char *step;            /* owned; NULL: the whole run */
	char *rest;            /* owned; NULL: none */
};

/* Whether the LEN bytes at S are a run's number; sets *NUMBER. */
bool target_number(const char *s, size_t len, uint32_t *number);

/* Find what TEXT (NULL: the latest run) means in S.  That the run exists is
 * checked, the step and the rest are not. */
int target_parse(struct target *t, struct store *s, const char *text,
		 struct error *err);
void target_release(struct target *t);

/* Set ERR to "run 15 has no task 'count/7'", with a likely name of a step if
 * there is one, and of a run that did not do all that the task may not have
 * been started.  Returns -1. */
int target_no_task(const struct target *t, struct store *s, struct error *err);

/* What people call the state of R: "running", "done", "failed",
 * "interrupted", or "died" when its engine is gone without a word. */
const char *run_state_name(const struct run_record *r);
/* The same for an attempt of a run whose state is RUN_STATE. */
const char *attempt_state_name(const struct attempt_record *a,
			       const char *run_state);

/* Append "count/3" or "total"; as it is, and fit for a terminal. */
void attempt_add_path(struct strbuf *sb, const struct attempt_record *a);
void attempt_add_escaped(struct strbuf *sb, const struct attempt_record *a);

/* Append " books/a.txt", the element of a fan-out, fit for a terminal and cut
 * to about MAX bytes; nothing when there is none (NULL or ""). */
void target_add_element(struct strbuf *sb, const char *element, size_t max);

/* Append WORD as bash would take it for one word, fit for a terminal. */
void target_add_quoted(struct strbuf *sb, const char *word);

#endif
