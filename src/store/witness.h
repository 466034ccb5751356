/*
 * The witness of a run: all files that it looked at, and how they were.  The
 * outcome of a run follows from its flow and from them, so while they are as
 * they were, a resume would reuse every task, and need not even look at its
 * tasks: thousands of keys are replaced by a stat of each file.
 *
 * There is one, .flowmake/cache/witness, of the latest run that could leave
 * one: it was done, and nothing that it looked at changed while it ran.
 * Without it, or when it says another thing, a resume asks its tasks.
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

/* What it is of. */
struct witness_head {
	struct digest flow;     /* of all that was wanted, and how */
	int64_t started_ns;     /* of the run */
	uint32_t run;
	uint32_t tasks_total;
	uint32_t tasks_done;
	uint32_t tasks_skipped;
	uint32_t kept_count;    /* of the ranges that show what is done */
};

/* What was seen of a path.  The numbers are in files. */
enum sight {
	SIGHT_FILE,     /* a regular file whose digest is known by its stat */
	SIGHT_RACY,     /* one whose stat does not say all (store/files.h) */
	SIGHT_TREE,     /* a directory whose stat tells what its entries are */
	SIGHT_SYMLINK,  /* a symlink whose stat tells its target */
	SIGHT_REGULAR,  /* there is a regular file */
	SIGHT_OTHER,    /* there is none */
	SIGHT_THERE,    /* there is something */
	SIGHT_NOTHING,  /* there is nothing */
};

/* ---- writing ---- */

struct witness_writer;

/* Begin the witness of H, whose kept_count ranges are KEPT. */
struct witness_writer *witness_begin(const struct witness_head *h,
				     const struct kept_range *kept);
/* Add the file of E. */
void witness_add_file(struct witness_writer *w, const struct file_entry *e);
/* Add what was seen of PATH, when its stat was ST, where that counts. */
void witness_add(struct witness_writer *w, enum sight seen, const char *path,
		 const struct stat *st);
/* Put it in its place when it is COMPLETE, and free W.  That it cannot be
 * written is no error: it is but a cache. */
void witness_end(struct witness_writer *w, bool complete);

/* ---- reading ---- */

struct witness;

/* The witness of the flow FLOW, or NULL. */
struct witness *witness_open(const struct digest *flow);
/* When the pool that it was looked at with is gone. */
void witness_free(struct witness *w);
/* Borrowed from W. */
const struct witness_head *witness_head(const struct witness *w);
const struct kept_range *witness_kept(const struct witness *w);

/* Whether all is as W says: 1, or 0; -1 when LOOP cannot be turned.  Looks at
 * the files on a thread of POOL, too. */
int witness_holds(struct witness *w, struct pool *pool, struct loop *loop,
		  struct error *err);

#endif
