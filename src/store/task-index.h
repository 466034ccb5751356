/*
 * The tasks of a run, found by what tasks of another run are: the same step
 * and, in a fan-out, the same element, because positions move.
 */
#ifndef FLOWMAKE_STORE_TASK_INDEX_H
#define FLOWMAKE_STORE_TASK_INDEX_H

#include "base/arena.h"
#include "base/base.h"
#include "base/map.h"

struct task_index {
	struct arena arena;
	struct map by_split;     /* "step\0split" -> an entry */
	struct map by_element;   /* "step\0element" -> the first such */
};

void task_index_init(struct task_index *x);
/* What was put in is not freed. */
void task_index_release(struct task_index *x);

/* Put in VALUE, borrowed, for the task of STEP in SPLIT, whose element, if any,
 * is ELEMENT. */
void task_index_put(struct task_index *x, const char *step, const char *split,
		    const char *element, void *value);
/* What was put in for STEP and SPLIT, or NULL. */
void *task_index_at(const struct task_index *x, const char *step,
		    const char *split);
/* The same if that has ELEMENT, or else what has, the first of several; ELEMENT
 * "" : the task is in no fan-out. */
void *task_index_find(const struct task_index *x, const char *step,
		      const char *split, const char *element);

#endif
