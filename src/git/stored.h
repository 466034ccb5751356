/*
 * How much room the objects of a repository take.
 */
#ifndef FLOWMAKE_GIT_STORED_H
#define FLOWMAKE_GIT_STORED_H

#include <git2.h>

#include "base/base.h"

/* Call FN for each object that is in a pack of REPOSITORY, or in a file of its
 * own, with the bytes that it takes there: of one that is stored twice, twice;
 * what cannot be read is left out.  libgit2 tells only how many bytes an object
 * has. */
void stored_each(const char *repository,
		 void (*fn)(void *data, const git_oid *id, uint64_t bytes),
		 void *data);

#endif
