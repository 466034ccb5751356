/*
 * The witness of a run: all files that it looked at, and how they were.  The
 * outcome of a run follows from its flow and from them, so while they are as
 * they were, a resume would reuse every task, and need not even look at its
 * tasks: thousands of keys are replaced by a stat of each file.  When few of
 * them have changed, tasks that have nothing to do with those need not be asked
 * either (sched/trust.c).
 *
 * For those it also says which row of the table of files is of which path, so
 * that they need not read them all; of a path that it does not name there was
 * none.
 *
 * There is one, .flowmake/cache/witness, perhaps with changes beside it, of the
 * latest run that could leave one: it was done, and nothing that it looked at
 * changed while it ran.  Without it, or when it says another thing, a resume
 * asks its tasks.  A run that can leave none removes it.
 */
#ifndef FLOWMAKE_STORE_WITNESS_H
#define FLOWMAKE_STORE_WITNESS_H

#include "base/base.h"
#include "base/digest.h"
#include "store/store.h"

struct error;
struct file_entry;
struct loop;
struct pool;
struct stat;
struct strvec;

/* What it is of. */
struct witness_head {
	struct digest flow;     /* of all that was wanted, and how */
	int64_t started_ns;     /* of the run */
	uint32_t run;
	uint32_t tasks_total;
	uint32_t tasks_done;
	uint32_t tasks_skipped;
	struct digest skipped;  /* store_skipped_digest */
	uint32_t kept_count;    /* of the ranges that show what is done */
	uint32_t task_count;    /* of the table of tasks */
	uint32_t since_count;   /* tasks executed by runs that took over what
				 * the one before had seen */
	int64_t files_row;      /* files_last_row */
};

/* A task, in the place that its node has in the graph. */
struct witness_task {
	uint64_t name;          /* tells it from others of the flow */
	uint32_t run;           /* where it is recorded as done; 0: nowhere */
	uint32_t task;          /* its number there */
	uint32_t is_alone;      /* 1: no other task has to do with its files */
	uint32_t unused;        /* 0 */
};

#define WITNESS_NO_PLACE UINT32_MAX

/* Whether PATH is one of the files that a witness is in. */
bool witness_is_at(const char *path);

/* Who knows which task declares a file. */
struct witness_guide {
	/* The place of the only task that declares PATH, or
	 * WITNESS_NO_PLACE. */
	uint32_t (*place)(void *data, const char *path);
	void *data;
};

/* What was seen of a path.  The numbers are in files. */
enum sight {
	SIGHT_FILE,     /* a regular file whose digest is known by its stat */
	SIGHT_RACY,     /* one whose stat does not say all (store/files.h) */
	SIGHT_TREE,     /* a directory whose stat tells what its entries are */
	SIGHT_SYMLINK,  /* a symlink whose stat tells its target */
	SIGHT_RACY_TREE,    /* a directory, and */
	SIGHT_RACY_SYMLINK, /* a symlink whose stat does not say all */
	SIGHT_REGULAR,  /* there is a regular file */
	SIGHT_OTHER,    /* there is none */
	SIGHT_THERE,    /* there is something */
	SIGHT_NOTHING,  /* there is nothing */
	SIGHT_ROW,      /* nobody looked, but the store knows of it */
};

/* ---- writing ---- */

struct witness;
struct witness_writer;

/* Begin the witness of H, with as many ranges and tasks as it says, of about
 * PATH_COUNT paths.  OLD, which may be NULL, is that of which all that is still
 * right will be added, too. */
struct witness_writer *witness_begin(const struct witness_head *h,
				     const struct kept_range *kept,
				     const struct witness_task *tasks,
				     size_t path_count,
				     const struct witness *old);
/* Add the file of E, which the task in PLACE alone declares; the second form
 * only that it has a row. */
void witness_add_file(struct witness_writer *w, const struct file_entry *e,
		      uint32_t place);
void witness_add_row(struct witness_writer *w, const struct file_entry *e);
/* Add PATH, a directory with the stat ST or a symlink with the lstat ST, of
 * which SHOWN shows (store/content.h); it is RACY if it may change and keep its
 * times. */
void witness_add_shown(struct witness_writer *w, const char *path,
		       const struct stat *st, const struct digest *shown,
		       bool racy);
/* Add what was seen of PATH, without a stat. */
void witness_add(struct witness_writer *w, enum sight seen, const char *path);
/* Add what OLD, with which W was begun, says: it was looked at.  What has
 * changed since, and what was dropped, is left out. */
void witness_add_old(struct witness_writer *w, const struct witness *old);
/* Put it in its place when it is COMPLETE, else remove the one before; free W.
 * That it cannot be written is no error: it is but a cache. */
void witness_end(struct witness_writer *w, bool complete);
/* The latest run leaves none. */
void witness_remove(void);

/* ---- reading ---- */

/* The witness of the flow FLOW, or NULL. */
struct witness *witness_open(const struct digest *flow);
/* When the pool that it was looked at with is gone. */
void witness_free(struct witness *w);
/* Borrowed from W. */
const struct witness_head *witness_head(const struct witness *w);
const struct kept_range *witness_kept(const struct witness *w);

/* The task in PLACE, or NULL. */
const struct witness_task *witness_task(const struct witness *w,
					uint32_t place);

/* Look at all that W names, on a thread of POOL, too.  Returns 0; -1 when LOOP
 * cannot be turned. */
int witness_look(struct witness *w, struct pool *pool, struct loop *loop,
		 struct error *err);
/* From then on: whether all is as W says; else whether nothing has changed but
 * WITNESS_CHANGES_MAX files or fewer that no word names, which the second form
 * lists. */
bool witness_holds(const struct witness *w);
enum { WITNESS_CHANGES_MAX = 1000 };
bool witness_has_changes(const struct witness *w, const char *const **paths,
			 size_t *count);
/* And append a file of each directory that was seen to hold COUNT
 * files or more directly, one that no task makes if there is such a one; maybe
 * not of each. */
void witness_list_crowds(const struct witness *w, uint32_t count,
			 struct strvec *paths);
/* The place of the only task that declares PATH, one of those, or
 * WITNESS_NO_PLACE. */
uint32_t witness_change_place(const char *path);
/* From now on W does not say what it saw of PATH (NULL: of any path) where
 * IS_NEW says so. */
void witness_drop(struct witness *w, const char *path,
		  bool (*is_new)(void *data, enum sight seen, const char *path),
		  void *data);

/* What W knows of the file PATH, if it looked at that or the store knew it:
 * row, stamp, FILE_RACY, FILE_NAMED, FILE_MAKER, and FILE_SAME
 * if it was looked at and has not changed; its path is W's. */
bool witness_find(const struct witness *w, const char *path,
		  struct file_entry *e);

#endif
