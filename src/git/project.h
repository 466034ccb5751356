/*
 * The project directory as git sees it: whether it is in a work tree, what is
 * tracked and what is ignored there, and what is checked out.  The user's
 * repository is only read.
 */
#ifndef FLOWMAKE_GIT_PROJECT_H
#define FLOWMAKE_GIT_PROJECT_H

#include <git2.h>

#include "base/base.h"
#include "base/strbuf.h"

struct error;

struct project {
	git_repository *git;   /* the user's; NULL: it is in none */
	git_repository *rules; /* whose rules say what is ignored: the user's,
				* or our own, borrowed, with the project as its
				* work tree */
	git_index *index;      /* the user's; NULL: nothing is tracked */
	struct strbuf path;    /* of the project in the work tree, with a slash
				* at its end if there is any; scratch behind */
	size_t path_len;
	struct strbuf sights;  /* a list (sys/sights.h) of what says what is
				* checked out and tracked, or where that would
				* be said if there were a repository; as it
				* was before it was read */
};

/* Look where the current directory is.  OURS is the repository whose rules
 * hold where there is no other.  What cannot be read of the user's is as if
 * it were not there, and *WHY, if it is not NULL then, says why; the caller
 * frees it. */
int project_open(struct project *p, git_repository *ours, char **why,
		 struct error *err);
void project_close(struct project *p);

/* Whether git tracks the file PATH, or anything below the directory PATH. */
bool project_tracks(struct project *p, const char *path);
bool project_tracks_below(struct project *p, const char *path);
/* Whether git is told to ignore PATH. */
bool project_ignores(struct project *p, const char *path, bool is_dir);

/* The names by which PATH goes in the work tree; borrowed until the next
 * call. */
const char *project_path(struct project *p, const char *path);

#endif
