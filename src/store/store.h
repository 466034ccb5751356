/*
 * The store, .flowmake/ in the project: what is remembered.  This header is
 * its directory and database; objects, logs and file digests have their own
 * pairs.
 *
 *   .flowmake/db            SQLite (WAL, synchronous=NORMAL)
 *   .flowmake/objects/ab/..  contents by digest, read-only
 *   .flowmake/named/ab/..    the same under the name a result must have
 *   .flowmake/logs/N        what the tasks of run N printed
 *   .flowmake/code.git/     the code of runs; flowmake-git writes it
 *   .flowmake/replaced/N/   files that run N's outputs took the place of
 *   .flowmake/tmp/          of running runs, and of a gc (store/gc.h)
 *   .flowmake/cache/        compiled Flowfiles, memos (flow/memo.h), the
 *                           witness of a run (store/witness.h), and what the
 *                           latest snapshot saw
 *   .flowmake/.gitignore    "*"
 *
 * Nothing here is ever read as code.  A record is committed before its task
 * is reported done: the owner of the loop calls store_commit() at the end of
 * a turn, before any of its news is told.
 */
#ifndef FLOWMAKE_STORE_STORE_H
#define FLOWMAKE_STORE_STORE_H

#include "base/base.h"
#include "base/digest.h"
#include "model/artifact.h"

struct error;
struct store;
struct strbuf;

#define STORE_DIR ".flowmake"
/* What the latest snapshot of the code saw (sched/run-code.c). */
#define STORE_CODE_SEEN STORE_DIR "/cache/code"

enum store_mode {
	STORE_READ,  /* for commands that only look: needs no write access,
		      * takes no lock, works while a run goes on */
	STORE_WRITE, /* creates what is missing */
	STORE_TRIAL, /* the same where there is a store; else it is in memory,
		      * and nothing is left of it */
};

/* Open the store of the current directory.  In STORE_READ mode a project
 * without one is an error that says that nothing has run here yet.  A damaged
 * database, or one of a newer format, is named with what to do. */
struct store *store_open(enum store_mode mode, struct error *err);
/* Commits; the last to close it makes a checkpoint when the write-ahead log has
 * become long. */
int store_close(struct store *s, struct error *err);

/* Whether the project lies on a file system that other machines may see. */
bool store_is_remote(void);

/* Begin a transaction unless one is open; every function below that writes
 * does so itself. */
int store_begin(struct store *s, struct error *err);
/* Whether one is open, so that a commit has to be paid for anyway. */
bool store_is_writing(const struct store *s);
/* Commit what was written since; does nothing when nothing was. */
int store_commit(struct store *s, struct error *err);

/* What is read between these two is of one state of the store, and many
 * look-ups cost a quarter.  Nothing may be written between them. */
int store_snapshot_begin(struct store *s, struct error *err);
int store_snapshot_end(struct store *s, struct error *err);

/* ---- runs ---- */

enum run_state {
	RUN_RUNNING,     /* also of one whose engine died: store_run_alive */
	RUN_DONE,
	RUN_FAILED,
	RUN_INTERRUPTED,
};

/* One run.  Strings are owned by the record when it was read, and then only
 * message may be NULL; borrowed when it is written. */
struct run_record {
	uint32_t number;        /* from 1, counted in the project */
	enum run_state state;
	int64_t started_ns;     /* real time */
	int64_t ended_ns;       /* 0: not yet */
	const char *command;    /* as typed, words quoted for a shell */
	const char *flow;
	const char *flow_file;
	const char *user;
	const char *host;
	int64_t pid;            /* of the engine */
	int64_t pid_started;    /* its start time in clock ticks (proc(5), stat
				 * field 22): tells a reused pid */
	const char *parameters; /* CBOR [[name, value, given]...] */
	size_t parameters_len;
	const char *tags;       /* CBOR [text...] */
	size_t tags_len;
	uint32_t tasks_total;   /* known when the run ended */
	uint32_t tasks_done;
	uint32_t tasks_failed;
	uint32_t tasks_skipped;
	const char *message;    /* why it failed, or NULL */
	uint32_t origin;        /* the run that it resumes; 0: none */
	uint32_t tasks_reused;  /* of those done: not executed again */
	uint64_t results_bytes; /* objects of those executed; known when the
				 * run ended: see store_run_bytes */
	uint32_t tasks_cancelled;
};

/* Give R the next number, of which no file of another run is there, and record
 * it; commits at once, so that two runs started together get different
 * numbers.  Nothing may have been written that must not be committed yet. */
int store_run_begin(struct store *s, struct run_record *r, struct error *err);
int store_run_end(struct store *s, const struct run_record *r,
		  struct error *err);
/* Read run NUMBER (0: the latest).  Returns 1, 0 when there is none, -1. */
int store_run_get(struct store *s, uint32_t number, struct run_record *r,
		  struct error *err);
/* The same with the latest run of the Flowfile FLOW_FILE, as
 * file_project_name gives it. */
int store_run_of_flow(struct store *s, const char *flow_file,
		      struct run_record *r, struct error *err);
/* The latest run of which nothing is known any more, as the database was lost
 * after it, in *LATEST; 0 when there is none, or one has begun since. */
int store_forgotten(struct store *s, uint32_t *latest, struct error *err);
/* Say of a store without a run, where that is LATEST, that nothing is known of
 * those up to it, else that nothing has run here yet, WHY.  Returns -1. */
int store_say_no_run(uint32_t latest, const char *why, struct error *err);
/* All runs, oldest first; the array and its records are the caller's. */
int store_run_list(struct store *s, struct run_record **runs, size_t *count,
		   struct error *err);
void run_record_release(struct run_record *r);
/* The bytes of the objects that run R itself has made so far. */
int store_run_bytes(struct store *s, const struct run_record *r,
		    uint64_t *bytes, struct error *err);
/* Whether the engine of a RUN_RUNNING record still lives on this machine. */
bool store_run_alive(const struct run_record *r);
/* When the living process PID started, for pid_started; 0: there is none. */
int64_t store_process_started(int64_t pid);

/* ---- the code of runs ---- */

#define STORE_CODE_REPOSITORY STORE_DIR "/code.git"

/* The code of a run: its files are the tree refs/flowmake/runs/RUN of
 * STORE_CODE_REPOSITORY.  Strings are owned by the record when it was read,
 * borrowed when it is written. */
struct code_record {
	uint32_t run;
	const char *commit;      /* that was checked out; NULL: none */
	const char *branch;      /* the same */
	const char *tree;        /* NULL: it was not recorded, */
	const char *failure;     /* for this reason */
	uint64_t changed_count;  /* files that differ from the commit */
	const char *changed;     /* CBOR [[letter, path]...]: the first of them;
				  * "M", "D", "A", "?" as git shows them */
	size_t changed_len;
	const char *left_out;    /* CBOR [text...]: what is not in the tree */
	size_t left_out_len;
};

int store_code_put(struct store *s, const struct code_record *c,
		   struct error *err);
/* Read the record of RUN.  Returns 1, 0 when there is none, -1. */
int store_code_get(struct store *s, uint32_t run, struct code_record *c,
		   struct error *err);
/* *BEFORE is the latest run before RUN that has one, 0 if there is none. */
int store_code_before(struct store *s, uint32_t run, uint32_t *before,
		      struct error *err);
void code_record_release(struct code_record *c);

/* ---- tasks and their attempts ---- */

enum task_outcome {
	TASK_RUNNING,
	TASK_DONE,
	TASK_FAILED,
	TASK_CAUGHT,    /* failed for good, but its step has a catch */
	TASK_SKIPPED,
	TASK_REUSED,    /* its result came from an earlier run */
	TASK_CANCELLED, /* ended by us: an interrupt */
	TASK_RETRIED,   /* failed, another attempt follows */
};
const char *task_outcome_name(enum task_outcome o);
/* Why an attempt that ended so has no good result: "its last attempt ...". */
const char *task_outcome_not_good(enum task_outcome o);

/* One attempt of one task.  A skipped or reused task has one record, with
 * attempt 0. */
struct attempt_record {
	uint32_t run;
	uint32_t task;           /* number of the task in its run, from 1, in
				  * the order of first start */
	uint32_t attempt;        /* from 1 */
	const char *step;
	const char *split;       /* "", "3", "3.2", or a pattern's stem */
	const char *element;     /* of the fan-outs, for people; or "" */
	enum task_outcome outcome;
	int64_t pid;
	int64_t started_ns;      /* real time */
	int64_t ended_ns;
	int32_t exit_status;     /* -1: none */
	int32_t signal;          /* 0: none */
	int64_t user_ns;         /* processor time */
	int64_t system_ns;
	int64_t max_rss_kib;
	const char *message;     /* why it failed, or NULL */
	struct digest key;
	const char *key_parts;   /* CBOR [[name, digest bytes or null]...], and
				  * notes behind it (model/key-diff.h) */
	size_t key_parts_len;
	const struct artifact *results;
	size_t result_count;
	const struct artifact *outputs;
	size_t output_count;
	uint64_t log_start;      /* extent in the run's log that holds all of */
	uint64_t log_end;        /* the attempt's records, others' between them;
				  * 0, 0: it printed nothing */
	bool reusable;           /* a good result of its key */
	uint32_t origin_run;     /* TASK_REUSED: where it ran */
	uint32_t origin_task;
};

/* Record the start (outcome TASK_RUNNING) of an attempt. */
int store_attempt_begin(struct store *s, const struct attempt_record *a,
			struct error *err);
/* Record its end, or at once a whole attempt that had no beginning. */
int store_attempt_end(struct store *s, const struct attempt_record *a,
		      struct error *err);

/* Which attempts to read; 0 and NULL match all. */
struct attempt_filter {
	uint32_t run;            /* required unless key is given */
	uint32_t task;
	const char *step;
	const char *split;
	bool latest_only;        /* only the last attempt of each task */
	const struct digest *key; /* only good results of it, newest first */
};

/* A run that reuses stores only its difference: of tasks that kept their name
 * it remembers where their records are, in ranges.  Tasks FIRST, FIRST + 1, ...
 * of the run, COUNT of them, are reused from the tasks SOURCE_FIRST,
 * SOURCE_FIRST + 1, ... recorded in SOURCE_RUN itself (which executed them, or
 * reused them under this name). */
struct kept_range {
	uint32_t first;
	uint32_t count;
	uint32_t source_run;
	uint32_t source_first;
};

/* Record K, a range of RUN, in place of one that began with the same task. */
int store_kept_put(struct store *s, uint32_t run, const struct kept_range *k,
		   struct error *err);
/* The ranges of RUN in order; the list is the caller's. */
int store_kept_list(struct store *s, uint32_t run, struct kept_range **list,
		    size_t *count, struct error *err);

/* The ranges by which another run would show all good results of RUN, each
 * under the number that it has there; the list is the caller's. */
int store_good_list(struct store *s, uint32_t run, struct kept_range **list,
		    size_t *count, struct error *err);
/* What tells the tasks that RUN skipped from others. */
int store_skipped_digest(struct store *s, uint32_t run, struct digest *d,
			 struct error *err);
/* Record the tasks that run FROM skipped as skipped by RUN, too, at REAL_NS. */
int store_skipped_copy(struct store *s, uint32_t from, uint32_t run,
		       int64_t real_ns, struct error *err);

/* Call FN for each attempt that matches, in order of task and attempt; the
 * record is borrowed for the call.  FN returns true to stop.  A kept task is
 * shown as a TASK_REUSED of the run asked for: its number there, attempt 0, the
 * origin that executed it, all else as that recorded it. */
int store_attempt_each(struct store *s, const struct attempt_filter *f,
		       bool (*fn)(void *data, const struct attempt_record *a),
		       void *data, struct error *err);

/* Fill in A how the good result was come by that TASK of RUN has, by a record
 * of that run itself: process, times, memory. */
int store_attempt_copy_figures(struct store *s, uint32_t run, uint32_t task,
			       struct attempt_record *a, struct error *err);

/* A good result, in short; strings and blobs are borrowed for the call. */
struct result_row {
	struct digest key;
	uint32_t run;            /* the record: rows of this run, */
	uint32_t task;           /* this task of it */
	uint32_t origin_run;     /* what executed it, which may be another */
	uint32_t origin_task;
	const char *step;
	const char *split;
	const char *results;     /* CBOR: artifact_get_list; may be NULL */
	size_t results_len;
	const char *outputs;
	size_t outputs_len;
};

/* Call FN for each good result that RUN shows, in order of its tasks. */
int store_result_each(struct store *s, uint32_t run,
		      bool (*fn)(void *data, const struct result_row *r),
		      void *data, struct error *err);
/* Call FN for each good result of KEY in any run, newest first. */
int store_result_of_key(struct store *s, const struct digest *key,
			bool (*fn)(void *data, const struct result_row *r),
			void *data, struct error *err);

/* Whether some attempt of any run has a good result of KEY.  1, 0, -1. */
int store_key_known(struct store *s, const struct digest *key,
		    struct error *err);

/* How many tasks of RUN have a key of which an earlier run has a good
 * result. */
int store_run_known(struct store *s, uint32_t run, uint32_t *count,
		    struct error *err);

/* ---- texts ---- */

/* Keep what D, of a part of a key, stands for; once however often. */
int store_text_put(struct store *s, const struct digest *d, const char *text,
		   size_t len, struct error *err);
/* Append it to OUT.  1, 0 when it was never kept, -1. */
int store_text_get(struct store *s, const struct digest *d,
		   struct strbuf *out, struct error *err);

#endif
