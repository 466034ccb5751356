/*
 * What the parts of show share: show.c chooses and has the runs, show-task.c
 * the tasks, show-json.c the same as JSON.
 */
#ifndef FLOWMAKE_REPORT_SHOW_STATE_H
#define FLOWMAKE_REPORT_SHOW_STATE_H

#include "base/arena.h"
#include "base/base.h"
#include "report/target.h"
#include "store/store.h"

struct error;
struct strbuf;

/* Copies of attempts, in order of task and attempt. */
struct attempts {
	struct arena arena;
	struct attempt_record *list;
	size_t count;
	size_t alloc;
};

enum { SHOWN_STATES = TASK_RETRIED + 2 }; /* the outcomes, and "died" */

/* The tasks of one step, added up. */
struct step_sum {
	const char *name;
	uint64_t tasks;
	uint64_t states[SHOWN_STATES];
	uint64_t retries;
	int64_t time_ns;  /* of all attempts */
	int64_t cpu_ns;
	int64_t max_rss_kib;
};

/* Read the attempts of T's step and split, or the whole run's. */
int attempts_read(struct attempts *as, struct store *s, const struct target *t,
		  bool latest_only, struct error *err);
void attempts_release(struct attempts *as);

/* For qsort: two struct attempt_record by split (numbers by value, all else
 * bytewise), then by task. */
int attempt_compare_splits(const void *a, const void *b);

/* How long A took, so far if it runs. */
int64_t attempt_time_ns(const struct attempt_record *a);

/* The name of state number STATE of a step_sum. */
const char *step_sum_state(size_t state);
/* Add up run T; *SUMS are the caller's, in order of first start, their names
 * the arena's. */
int step_sums_read(struct store *s, const struct target *t,
		   struct arena *arena, struct step_sum **sums, size_t *count,
		   struct error *err);

/* Append what A ended with: "status 1", "signal 9", or nothing. */
void attempt_add_ending(struct strbuf *sb, const struct attempt_record *a);

/* Append the tasks of a step, or one task, of which AS has all attempts. */
void show_step(struct strbuf *out, const struct target *t,
	       const struct attempts *as);
void show_task(struct strbuf *out, const struct target *t,
	       const struct attempts *as, const char *command);

int show_runs_json(struct store *s, struct strbuf *out, struct error *err);
int show_target_json(struct store *s, const struct target *t,
		     struct strbuf *out, struct error *err);

#endif
