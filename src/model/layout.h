/*
 * When the expressions of a step are evaluated.  Each thunk belongs to a
 * phase; a phase is evaluated in one go, for many tasks at a time, as soon as
 * all names that its thunks need are known:
 *
 *   constants   need no name; once for the step
 *   early       need only what is known before anything runs: foreach
 *               variables, paths of files, results of earlier early phases
 *   late        need results of other tasks, so they wait until those ran
 *
 * Within early and late, a thunk that needs an input or output whose own path
 * is computed by a thunk comes one phase after it.
 */
#ifndef FLOWMAKE_MODEL_LAYOUT_H
#define FLOWMAKE_MODEL_LAYOUT_H

#include "base/base.h"

struct rules;
struct step;

enum { PHASE_CONSTANT = -1 };

/* From when on a name is known, as far as that depends on what is read. */
enum known {
	KNOWN_EARLY, /* before anything runs */
	KNOWN_LATE,  /* when the task that is read has run */
	KNOWN_PATH,  /* early, but to look into the file is to wait for it */
};

struct phase {
	bool late;
	uint32_t *thunks;        /* thunk numbers, ascending in scope order */
	uint32_t thunk_count;
	uint32_t *names;         /* names that its items must bring */
	uint32_t name_count;
};

struct thunk_place {
	int32_t phase;           /* index in phases, or PHASE_CONSTANT */
	uint32_t position;       /* among the phase's thunks */
};

struct layout {
	struct layout *next;     /* others of the same template */
	const uint8_t *known;    /* enum known by name: what the rest follows
				  * from */
	uint32_t *constants;     /* thunk numbers */
	uint32_t constant_count;
	struct phase *phases;    /* the first one takes the foreach, if early */
	uint32_t phase_count;
	uint32_t early_count;    /* phases before the first late one */
	struct thunk_place *places; /* by thunk number */
	bool foreach_late;       /* its lists need results of other tasks */
	bool when_late;          /* so does its when */
	bool when_per_split;     /* its when needs its own foreach variables */
	bool files_late;         /* some input's or output's path does */
	uint32_t *foreach_names; /* names that the foreach lists need from
				  * outside, and a when before the fan-out */
	uint32_t foreach_name_count;
};

/* Find the layout of S, sharing it with other instances where it is equal.
 * Everything that S reads must have its layout already. */
void layout_of_step(struct rules *r, struct step *s);

#endif
