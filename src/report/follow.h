/*
 * Waiting for a run that another process works on to do something: no polling
 * and no locks, only inotify(7) on what it writes and a pidfd on its engine.
 */
#ifndef FLOWMAKE_REPORT_FOLLOW_H
#define FLOWMAKE_REPORT_FOLLOW_H

#include "base/base.h"

struct error;
struct run_record;

struct follow {
	int inotify_fd;
	int engine_fd;  /* -1: gone, or on another machine */
	bool is_fresh;  /* something was written a moment ago */
};

/* Begin to watch; what happens from now on is not missed. */
int follow_open(struct follow *f, const struct run_record *r,
		struct error *err);
void follow_close(struct follow *f);
/* Wait until something may have changed since the last call.  After each
 * burst of changes it returns once more. */
int follow_wait(struct follow *f, struct error *err);

#endif
