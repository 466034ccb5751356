/*
 * Looking at the code of runs: what differs between two, and taking out that
 * of one.
 */
#ifndef FLOWMAKE_GIT_LOOK_H
#define FLOWMAKE_GIT_LOOK_H

#include "base/base.h"

struct error;
struct strvec;

/* Compare the code of runs FROM and TO, PATHS of it (none: all).  FN is called
 * for each line with its origin as in CODE_LINES; it returns -1 to stop. */
int look_diff(const char *repository, uint32_t from, uint32_t to,
	      const struct strvec *paths,
	      int (*fn)(void *data, char origin, const char *line, size_t len),
	      void *data, struct error *err);

/* The same with the files that differ: a letter as in CODE_NAMES, a path. */
int look_names(const char *repository, uint32_t from, uint32_t to,
	       const struct strvec *paths,
	       int (*fn)(void *data, char letter, const char *path,
			 size_t len),
	       void *data, struct error *err);

/* Write the code of RUN into DIRECTORY, which is empty. */
int look_checkout(const char *repository, uint32_t run, const char *directory,
		  struct error *err);

#endif
