/*
 * Subreapers (prctl(2), PR_SET_CHILD_SUBREAPER): the process to which the
 * orphans below it come, and the end of all of them.
 */
#ifndef FLOWMAKE_SYS_REAPER_H
#define FLOWMAKE_SYS_REAPER_H

#include <sys/types.h>

#include "base/base.h"

struct error;

/* Become the subreaper of everything below this process. */
int reaper_become(struct error *err);

/* SIGKILL every child of this process, and every orphan that comes to it
 * meanwhile, and reap them, until there are none. */
void reaper_kill_all(void);

/* Fork the process that does the work (returns 0 in it) and stay behind as
 * its guardian: SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGCONT and SIGTSTP
 * that reach the guardian alone are passed on; it stops for SIGTSTP when the
 * worker has; when the worker is gone, for whatever reason, everything below is
 * killed, and the guardian ends as the worker did (same status; killed by the
 * same signal) without returning.  The worker gets SIGTERM when the guardian
 * dies, and is a subreaper too, so that it can still find the orphans then.
 * Call while single-threaded.  Returns -1 when it cannot fork. */
int reaper_guard(struct error *err);

#endif
