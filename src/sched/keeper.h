/*
 * Copies of outputs for the store, which share their blocks, where the file
 * system can do that: a file of the project that is removed or edited later
 * is restored from there.  They are made on an I/O thread, one at a time,
 * while the run goes on: file systems write a new file to the disk before they
 * share its blocks.  Elsewhere the first try is the only one, and an output is
 * known by its digest alone.
 */
#ifndef FLOWMAKE_SCHED_KEEPER_H
#define FLOWMAKE_SCHED_KEEPER_H

#include "base/base.h"

struct artifact;
struct keeper;
struct pool;

struct keeper *keeper_new(struct pool *pool);
/* To be called when the pool is gone; what was not begun is dropped. */
void keeper_free(struct keeper *k);

/* Keep the COUNT outputs, just made, at LIST, whose record is written in the
 * open transaction. */
void keeper_add(struct keeper *k, const struct artifact *list, size_t count);

/* Whether copies are still to be made. */
bool keeper_is_busy(const struct keeper *k);

#endif
