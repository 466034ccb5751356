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
 * its guardian.  The worker leads a session of its own, so that neither it
 * nor what is below it has a terminal; SIGINT, SIGTERM, SIGHUP, SIGQUIT,
 * SIGUSR1, SIGCONT and SIGTSTP, which reach the guardian, are passed on.  For
 * SIGTSTP the worker calls reaper_stop, unless it handles that otherwise.
 * When the worker is gone, for whatever reason, everything below is killed,
 * and the guardian ends as the worker did (same status; killed by the same
 * signal) without returning.  The worker gets SIGTERM when the guardian dies,
 * and is a subreaper too, so that it can still find the orphans then.  Call
 * while single-threaded.  Returns -1 when it cannot fork. */
int reaper_guard(struct error *err);

/* In the worker: have the guardian hold the open file of FD, and with it its
 * locks, until everything below is gone: so that what a killed worker had
 * locked is not free while something that it started still writes there.  The
 * worker gives such locks back itself before it closes FD.  Does nothing where
 * there is no guardian. */
int reaper_entrust(int fd, struct error *err);

/* In the worker: have the guardian stop as SIGTSTP stops it, which is not at
 * all where no shell could continue it, and wait until it goes on, or SIGTERM
 * comes, which stays pending: a worker that was really stopped would not hear
 * that the guardian has died. */
void reaper_stop(void);

#endif
