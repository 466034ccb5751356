/*
 * Processes that bear a mark: an entry of the environment with which they were
 * started.  No setsid() and no second fork takes it away.
 */
#ifndef FLOWMAKE_SYS_MARKED_H
#define FLOWMAKE_SYS_MARKED_H

#include "base/base.h"

/* Kill each other process that we may kill and that was started with an entry
 * NAME=VALUE for which IS_MEANT says so, and wait until it has ended, for a
 * moment at most.  Looks again as long as there are any: they may fork.
 * Returns how many there were. */
unsigned marked_kill(const char *name,
		     bool (*is_meant)(void *data, const char *value),
		     void *data);

#endif
