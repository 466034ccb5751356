/*
 * The parts of a gc, for store/gc*.c only.
 */
#ifndef FLOWMAKE_STORE_GC_PARTS_H
#define FLOWMAKE_STORE_GC_PARTS_H

#include "base/base.h"
#include "base/digest.h"
#include "store/gc.h"

struct strvec;

struct digest_set {
	struct digest *v; /* sorted once it is complete */
	size_t count;
	size_t alloc;
};

void digest_set_add(struct digest_set *set, const struct digest *d);
/* Sort it, so that it can be asked. */
void digest_set_complete(struct digest_set *set);
bool digest_set_has(const struct digest_set *set, const struct digest *d);
void digest_set_release(struct digest_set *set);

/* ---- rows ---- */

/* Rows from FIRST to LAST. */
struct row_span {
	int64_t first;
	int64_t last;
};

/* What is needed of the database. */
struct gc_rows {
	uint32_t *kept;           /* numbers of the runs, ascending */
	size_t kept_count;
	uint32_t *code;           /* the same, and those whose code they need */
	size_t code_count;
	uint32_t *dropped;        /* those of the others */
	size_t dropped_count;
	uint32_t newest;          /* of all; later ones are not our business */
	uint32_t *live;           /* runs that go on, ascending */
	size_t live_count;
	struct row_span *needed;  /* sorted; no two touch */
	size_t needed_count;
	size_t needed_alloc;
	uint32_t *logs;           /* runs of which rows are needed, ascending */
	size_t log_count;
	size_t log_alloc;
	struct digest_set named;  /* objects and outputs */
	struct digest_set texts;  /* all that keys may stand for */
	bool *is_told;            /* by text: some needed row names it, or a
				   * text that is told */
	struct digest *told;      /* those texts, in that order */
	size_t told_count;
};

void gc_rows_init(struct gc_rows *rows);
void gc_rows_release(struct gc_rows *rows);

/* Decide which runs are kept, and which rows they need. */
int gc_rows_choose(struct gc_rows *rows, struct store *s,
		   const struct gc_options *o, struct error *err);
/* Forget the runs that are not kept; commits. */
int gc_rows_forget(const struct gc_rows *rows, struct store *s,
		   struct error *err);
/* Count the rows that nobody needs, into COUNT, or delete MAX of them. */
int gc_rows_count(const struct gc_rows *rows, struct store *s,
		  uint64_t *count, struct error *err);
int gc_rows_delete(const struct gc_rows *rows, struct store *s, size_t max,
		   size_t *deleted, struct error *err);
/* Look what the needed rows name. */
int gc_rows_mark(struct gc_rows *rows, struct store *s, struct error *err);
/* Delete the texts that they do not name, unless a run goes on, which may be
 * about to. */
int gc_rows_delete_texts(const struct gc_rows *rows, struct store *s,
			 struct error *err);
/* When that is known, count the records of snapshots of runs that are not kept
 * and of which nothing is needed, and, unless it is a DRY_RUN, delete them. */
int gc_rows_delete_code(struct gc_rows *rows, struct store *s, bool dry_run,
			uint64_t *count, struct error *err);
/* Whether run NUMBER is kept, or is new; has rows that are needed; goes on. */
bool gc_rows_keep_run(const struct gc_rows *rows, uint32_t number);
bool gc_rows_need_run(const struct gc_rows *rows, uint32_t number);
bool gc_rows_has_live(const struct gc_rows *rows, uint32_t number);

/* ---- objects ---- */

/* An object as it was before anybody looked who needs it. */
struct gc_object {
	struct digest digest;
	struct digest state;  /* of the inodes and ctimes of its files */
	uint64_t bytes;       /* 0 of a directory: asked for later */
};

struct gc_objects {
	struct gc_object *v;
	size_t count;
	size_t alloc;
};

/* Look at all objects. */
int gc_objects_look(struct gc_objects *objects, struct error *err);
void gc_objects_release(struct gc_objects *objects);
/* Remove those that NAMED does not have and that are as they were, or, without
 * S, only count. */
int gc_objects_sweep(const struct gc_objects *objects,
		     const struct digest_set *named, struct store *s,
		     struct gc_count *count, struct error *err);

/* ---- other files ---- */

/* List what may be left of processes that are gone, before anybody looks which
 * runs go on. */
int gc_files_look(struct strvec *leftovers, struct error *err);
/* Remove, or count, the logs, replaced files, leftovers, and compiled code
 * that nobody needs; with ALL_CODE also what would have to be compiled anew. */
int gc_files_sweep(const struct gc_rows *rows, const struct strvec *leftovers,
		   bool all_code, bool dry_run, struct gc_report *r,
		   struct error *err);
/* Forget the digests of objects that are gone. */
int gc_files_forget(struct store *s, struct error *err);

/* The sum of the sizes of the files at and below PATH. */
uint64_t gc_size_of(const char *path);

/* What is removed is moved here first, so that it is gone at once. */
#define GC_TRASH STORE_DIR "/tmp/gc"

#endif
