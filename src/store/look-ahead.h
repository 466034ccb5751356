/*
 * Looking at all files that the store knows of on an I/O thread, before anybody
 * asks: a resume will want to know of each whether it has changed.  For
 * files.c only.
 */
#ifndef FLOWMAKE_STORE_LOOK_AHEAD_H
#define FLOWMAKE_STORE_LOOK_AHEAD_H

#include <sys/stat.h>

#include "base/base.h"

struct file_table;
struct look_ahead;
struct pool;

/* Begin to look at the files of T, which is loaded and outlives it, in order of
 * their entries. */
struct look_ahead *look_ahead_start(struct pool *pool,
				    const struct file_table *t);
/* What was seen of entry number I: 1 and ST; 0: it was not looked at yet, or
 * cannot be. */
int look_ahead_get(const struct look_ahead *l, uint32_t i, struct stat *st);
/* Nobody will ask any more: the thread ends as soon as it can. */
void look_ahead_stop(struct look_ahead *l);
/* For when the pool is gone. */
void look_ahead_free(struct look_ahead *l);

#endif
