/*
 * Garbage collection: removes what no kept run needs.
 *
 * A run needs what it shows (store.h: its own records, those it kept, and those
 * of the tasks that executed what it reused), the objects that these name, and
 * the whole log files of all of them.  What is left of a run that is not kept
 * itself is no run any more: it is not listed, but its logs can be reached
 * through the run that needs them.
 *
 * Safe at any time, whoever else works in the project:
 *
 *   - rows are removed first, then objects: killed anywhere, a gc leaves what
 *     the next one removes;
 *   - rows are removed in transactions, each of which knows all that was
 *     committed before; who uses a result again looks, in the transaction that
 *     says so, whether its record is still there (view.h);
 *   - an object and the first record that names it are put in one transaction
 *     (objects.h), so either the gc's look at the records, in a transaction of
 *     its own, comes after both, or the object was put after that look, and
 *     then is not, by inode and ctime, what the gc had seen before it.  That is
 *     compared in the transaction in which the object is moved away.
 */
#ifndef FLOWMAKE_STORE_GC_H
#define FLOWMAKE_STORE_GC_H

#include "base/base.h"

struct error;
struct store;

struct gc_options {
	uint32_t keep;          /* so many of the latest runs; 0: not said */
	int64_t keep_since_ns;  /* those that began since; 0: not said.  A run
				 * is kept that one of both keeps; all, when
				 * neither is said.  The latest, and those that
				 * go on, are kept in any case. */
	bool dry_run;           /* only count; S may be open for reading */
	/* Whether run NUMBER, which says that it goes on, and perhaps on
	 * another host, does. */
	bool (*goes_on)(uint32_t number);
};

enum gc_kind {
	GC_RUNS,      /* forgotten */
	GC_RECORDS,   /* of tasks */
	GC_RESULTS,   /* objects */
	GC_LOGS,
	GC_SNAPSHOTS, /* of code: of these only the records, whose bytes do
		       * not count */
	GC_REPLACED,  /* files that were replaced by outputs */
	GC_TEMPORARY, /* what killed processes left */
	GC_CODE,      /* compiled Flowfiles that nobody used for long */
	GC_KINDS
};

/* What was, or would be, removed; and, unless it is a dry run, what remains. */
struct gc_report {
	struct gc_count {
		uint64_t count;
		uint64_t bytes; /* 0: not known, or none */
	} kinds[GC_KINDS];
	uint32_t *code;    /* the runs whose code is kept, ascending; the
			    * caller's to free */
	size_t code_count;
	uint32_t newest;   /* of all; later ones began meanwhile */
};

/* Collect the garbage of S, except of the repository of code, which is another
 * program's (flow/code.h).  What was removed before an error is in R. */
int store_gc(struct store *s, const struct gc_options *o, struct gc_report *r,
	     struct error *err);

#endif
