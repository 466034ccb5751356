/*
 * Our repository of the code of runs: bare, and on its own.  Run 15's code is
 * the tree refs/flowmake/runs/15; the index is that of the latest snapshot,
 * whose times tell which files must be read again.
 */
#ifndef FLOWMAKE_GIT_REPO_H
#define FLOWMAKE_GIT_REPO_H

#include <git2.h>

#include "base/base.h"
#include "sys/lock.h"

struct error;

struct repo {
	git_repository *git; /* NULL: not open */
	struct lock lock;    /* held by who writes */
};

#define REPO_INIT { NULL, LOCK_INIT }

/* Open the repository PATH to look at it. */
int repo_open(struct repo *r, const char *path, struct error *err);
/* Open it to write, if it is open or not, making it if need be; waits for other
 * writers, and tidies up after one that was killed.  WHAT says for whom
 * ("run 15"). */
int repo_open_to_write(struct repo *r, const char *path, const char *what,
		       struct error *err);
void repo_close(struct repo *r);

/* The tree of RUN, which the caller frees. */
int repo_get_tree(struct repo *r, uint32_t run, git_tree **tree,
		  struct error *err);
int repo_set_tree(struct repo *r, uint32_t run, const git_oid *tree,
		  struct error *err);

/* Forget the trees of the runs up to NEWEST that WANTED is not true of. */
int repo_forget_trees(struct repo *r, uint32_t newest,
		      bool (*wanted)(void *data, uint32_t run), void *data,
		      struct error *err);
/* Call FN for the tree of each run; it returns -1 to stop. */
int repo_each_tree(struct repo *r,
		   int (*fn)(void *data, uint32_t run, const git_oid *tree),
		   void *data, struct error *err);

/* Set ERR to "FORMAT: " and what libgit2 said last, and what to do if that
 * means that our repository is damaged.  Returns -1. */
int repo_error(struct error *err, const char *format, ...) PRINTF_LIKE(2, 3);
/* The same of a repository that is not ours. */
int project_error(struct error *err, const char *format, ...)
	PRINTF_LIKE(2, 3);

#endif
