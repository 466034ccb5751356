/*
 * Whom to ask what tasks make: the engine, which is where the rules are.
 */
#ifndef FLOWMAKE_GIT_ASKER_H
#define FLOWMAKE_GIT_ASKER_H

#include "base/base.h"

struct error;

struct asker {
	/* Which of COUNT files, PATHS, tasks make: fills MADE, of as many. */
	int (*ask)(void *data, const char *const *paths, size_t count,
		   bool *made, struct error *err);
	void *data;
};

#endif
