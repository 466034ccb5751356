/*
 * What the annotations of a step ask for in one task: resources, limits,
 * retries, environment.  The step's own come first, then those of the
 * defaults forms, the last form first, keyword by keyword: an amount is the
 * same in resources and in batch, a duration is one value.
 */
#ifndef FLOWMAKE_MODEL_DEMANDS_H
#define FLOWMAKE_MODEL_DEMANDS_H

#include "base/base.h"

struct arena;
struct error;
struct graph;
struct rules;
struct step;
struct task;

struct variable {
	const char *name;
	const char *value;
};

struct demands {
	uint32_t cpu_milli;      /* 1000 is one processor; 0: not written */
	uint64_t memory_mb;      /* 0: not written */
	uint32_t gpu;
	bool on_batch;           /* its step says (batch ...) */
	bool stays_local;        /* its step says (local) */
	uint32_t batch_line;     /* where it says (batch ...) */
	uint32_t batch_column;
	const char *image;       /* as written; or NULL */
	const char *queue;
	int64_t timeout_ns;      /* 0: none */
	uint32_t retry_times;
	int64_t retry_pause_ns;
	const char *catch_name;  /* or NULL */
	struct variable *environment;
	uint32_t environment_count;
	const char **secrets;
	uint32_t secret_count;
};

/* Evaluate the annotations of S for T (whose phases have been evaluated) into
 * D; strings come from ARENA or live as long as the rules.  T may be NULL:
 * then what depends on the task, or on constants that are not known yet, is
 * left at its default. */
int demands_of(struct graph *g, const struct step *s, const struct task *t,
	       struct arena *arena, struct demands *d, struct error *err);

/* Whether what S asks for follows from an expression of FORM, a defaults form,
 * that mentions the attempt. */
bool demands_need_again(const struct rules *r, const struct step *s,
			const struct step *form);

#endif
