/*
 * Which commits of the user's repository changed a file.
 */
#ifndef FLOWMAKE_GIT_HISTORY_H
#define FLOWMAKE_GIT_HISTORY_H

#include "base/base.h"

struct error;
struct strbuf;
struct strvec;

/* Append the payload of CODE_COMMITS: the commits that changed PATHS on the
 * way from commit FROM to commit TO, but not those that led to what run RUN had
 * already; of a path that none has changed those that are undone, that had
 * changed it on the way from TO to FROM.  REPOSITORY is ours, which has that
 * run's code, if any. */
int history_find(const char *repository, uint32_t run, const char *from,
		 const char *to, const struct strvec *paths,
		 struct strbuf *answer, struct error *err);

#endif
