/*
 * The client of flowmake-git, which keeps the code of runs: it is started
 * early, gets ready while the caller goes on, answers one request, and ends.
 * Speaks model/code-wire.h; everything happens on the loop.
 */
#ifndef FLOWMAKE_FLOW_CODE_H
#define FLOWMAKE_FLOW_CODE_H

#include "base/base.h"

struct code;
struct code_record;
struct error;
struct loop;
struct strvec;

/* A commit of the user's repository. */
struct code_commit {
	const char *id;
	int64_t time_s;      /* since 1970 */
	const char *author;
	const char *summary; /* the first line of its message */
	bool is_undone;      /* it is not there any more */
};

struct code_events {
	/* Whether PATH is a file that tasks make. */
	bool (*is_made)(void *data, const char *path);
	/* The snapshot was taken; C is borrowed for the call, and so is SEEN, a
	 * list (sys/sights.h) as in CODE_TAKEN. */
	void (*taken)(void *data, const struct code_record *c,
		      const char *seen, size_t seen_len);
	/* A line of a difference, in whole, of a kind as in CODE_LINES; or the
	 * name of a file that differs, and its letter. */
	void (*line)(void *data, char origin, const char *line, size_t len);
	/* Path number I of those asked about was changed by C; the newest
	 * first. */
	void (*changed)(void *data, size_t i, const struct code_commit *c);
	/* Code was, or would be, forgotten that takes about so many bytes. */
	void (*forgotten)(void *data, uint64_t bytes);
};

/* Start the helper.  Only the events of what is asked for are called. */
struct code *code_start(struct loop *l, const struct code_events *events,
			void *data, struct error *err);
/* Let it go.  What it has not finished is not done. */
void code_free(struct code *c);

/* Get ready for a snapshot.  FULL has a file of each directory that is known to
 * hold more files than a snapshot takes (model/code-wire.h). */
void code_prepare(struct code *c, const struct strvec *full);
/* Take it, of the code for RUN, which began at SINCE_NS by the time of the file
 * system; LOADED are the paths, normalized, of what was read as code. */
void code_snapshot(struct code *c, uint32_t run, int64_t since_ns,
		   const struct strvec *loaded);
/* Compare the code of two runs, PATHS (NULL-terminated; empty: all) of it. */
void code_diff(struct code *c, uint32_t from, uint32_t to, char *const *paths);
/* Only name the files that differ. */
void code_names(struct code *c, uint32_t from, uint32_t to);
/* Write the code of RUN into DIRECTORY, an empty one. */
void code_checkout(struct code *c, uint32_t run, const char *directory);
/* Say which commits on the way from commit FROM to commit TO changed PATHS
 * (NULL-terminated) to something that RUN did not have. */
void code_history(struct code *c, uint32_t run, const char *from,
		  const char *to, char *const *paths);

/* Forget the code of all runs up to NEWEST but the COUNT ones at KEEP; or if
 * DRY_RUN only find out what that gives. */
void code_forget(struct code *c, const uint32_t *keep, size_t count,
		 uint32_t newest, bool dry_run);

/* Turn the loop until what was asked for is done, for LIMIT_NS at most (0: as
 * long as it takes), or until *INTERRUPTED (may be NULL).  Returns -1 when it
 * failed or is not done. */
int code_wait(struct code *c, int64_t limit_ns, const bool *interrupted,
	      struct error *err);

#endif
