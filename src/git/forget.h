/*
 * Forgetting the code of runs.
 */
#ifndef FLOWMAKE_GIT_FORGET_H
#define FLOWMAKE_GIT_FORGET_H

#include "base/base.h"

struct error;

/* Forget the code of the runs up to NEWEST but the COUNT ones at KEEP, in
 * ascending order, and give back the room that nothing needs any more: *BYTES,
 * but for what the others take in new packs.  If DRY_RUN only count these,
 * about, and write nothing. */
int forget_runs(const char *repository, const uint32_t *keep, size_t count,
		uint32_t newest, bool dry_run, uint64_t *bytes,
		struct error *err);

#endif
