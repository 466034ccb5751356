/*
 * Results of earlier runs, found by key: what the origin run shows is read as a
 * whole and kept in memory, other runs are asked one key at a time.
 */
#ifndef FLOWMAKE_SCHED_REUSE_H
#define FLOWMAKE_SCHED_REUSE_H

#include "base/base.h"
#include "base/digest.h"
#include "model/artifact.h"

struct arena;
struct error;
struct files;
struct reuse;
struct store;
struct task;

/* Results of STORE, those that run ORIGIN shows (0: of none) before others;
 * what is there is read when it is needed.  STORE and FILES are borrowed for as
 * long as the reuse lives. */
struct reuse *reuse_new(struct store *store, struct files *files,
			uint32_t origin);
void reuse_free(struct reuse *u);

enum reuse_state {
	REUSE_NONE,    /* no result of the key whose bytes are there */
	REUSE_RIGHT,   /* results are in the store, outputs in the project */
	REUSE_RESTORE, /* the store has copies of the outputs that are not */
};

/* A result that was found. */
struct reuse_hit {
	uint32_t run;                   /* the record: task of this run */
	uint32_t task;
	uint32_t origin_run;            /* what executed it */
	uint32_t origin_task;
	bool is_kept;                   /* the origin run shows it under the
					 * name of the task asked for */
	const struct artifact *results; /* as the step produces them */
	const struct artifact *outputs;
};

/* Look for a good result of KEY for task T of SPLIT.  A result in the project
 * is better than one to be restored, the origin run better than others, a
 * newer one better than an older.  HIT is filled from ARENA. */
int reuse_find(struct reuse *u, const struct task *t, const char *split,
	       const struct digest *key, struct arena *arena,
	       enum reuse_state *state, struct reuse_hit *hit,
	       struct error *err);

#endif
