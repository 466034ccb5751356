/*
 * Where programs were found along PATH, so that its directories need not be
 * looked through for each task: there may be twenty.
 *
 * A program is remembered when it and all directories before it are outside
 * the project, whose tasks may make programs and then call them.
 */
#ifndef FLOWMAKE_SYS_PROGRAMS_H
#define FLOWMAKE_SYS_PROGRAMS_H

#include "base/base.h"

struct programs;

/* PROJECT, an absolute path, is borrowed. */
struct programs *programs_new(const char *project);
void programs_free(struct programs *p);

/* The file of the program NAME along PATH, if it is remembered and can still
 * be executed; else NULL.  It is P's until the next put. */
const char *programs_get(struct programs *p, const char *path,
			 const char *name);
/* NAME was found in the directory at END of PATH: it is FILE. */
void programs_put(struct programs *p, const char *path, const char *end,
		  const char *name, const char *file);

#endif
