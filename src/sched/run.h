/*
 * Running a flow: from its Flowfile to its results.  The only mutable state
 * of a run lives on this floor; what happens is told through events, which
 * the report floor renders; what happened is in the store.
 */
#ifndef FLOWMAKE_SCHED_RUN_H
#define FLOWMAKE_SCHED_RUN_H

#include "base/base.h"
#include "store/log.h"
#include "store/store.h"

struct error;
struct graph;
struct loop;
struct rules;

/* What the command line says.  Everything is borrowed. */
struct run_options {
	const char *command;       /* as typed, words quoted for a shell */
	const char *flow_file;     /* "Flowfile" */
	const char *meant;         /* a command that the first target may have
				    * been meant for, or NULL */
	char *const *targets;      /* NULL-terminated, may be NULL: all */
	char *const *parameters;   /* NAME, TEXT, NAME, TEXT, ..., NULL */
	char *const *tags;         /* NULL-terminated, may be NULL */
	char *const *with;         /* specs of --with, may be NULL */
	const char *run_id_file;   /* or NULL */
	const char *spec_dir;      /* where to write the specs of tasks; NULL */
	char *const *rerun;        /* steps that resume does not reuse; NULL */
	uint32_t origin_run;       /* to resume; 0: the latest */
	uint64_t max_log_bytes;    /* per stream of an attempt; 0: no limit */
	uint32_t max_workers;      /* 0: not said */
	uint32_t max_num_splits;   /* 0: not said */
	bool local;                /* run batch steps here */
	bool keep_going;
	bool dry_run;
	bool resume;               /* reuse the results that are there */
	bool debug;
};

/* A task in the news; borrowed for the call. */
struct task_news {
	uint32_t run;
	uint32_t number;           /* 0: never started */
	uint32_t attempt;
	const char *name;          /* "count/3", "total" */
	const char *step;
	const char *split;
	const char *element;       /* the fan-outs' elements, or "" */
	int64_t pid;               /* 0: none */
	int64_t pause_ns;          /* of TASK_RETRIED: until the next attempt */
};

struct run_counts {
	uint32_t known;            /* tasks wanted so far */
	uint32_t done;             /* caught and reused ones included */
	uint32_t reused;
	uint32_t skipped;
	uint32_t failed;
	uint32_t cancelled;        /* ended by us, or not tried again */
	uint32_t running;
	bool more_may_come;        /* some fan-out is not expanded yet */
};

/* The news of a run.  All are called from the loop; each is told only after
 * what it says was committed.  Any may be NULL. */
struct run_events {
	/* The run has its number.  LOOP, for timers, is there until run_flow
	 * returns. */
	void (*begun)(void *data, const struct run_record *run,
		      struct loop *loop);
	void (*started)(void *data, const struct task_news *t);
	/* LEN bytes of output, read at REAL_NS: any number of lines, the last
	 * perhaps not ended. */
	void (*printed)(void *data, const struct task_news *t,
			enum log_stream stream, int64_t real_ns,
			const char *text, size_t len);
	/* An attempt ended (TASK_RETRIED: another follows), or a task was
	 * skipped. */
	void (*over)(void *data, const struct task_news *t,
		     const struct attempt_record *a);
	/* Counts or what is being waited for changed (once a loop turn). */
	void (*progress)(void *data, const struct run_counts *c,
			 const char *waiting_for);
	/* Stopped by ^Z: all stops after this call, or (false) goes on. */
	void (*stopped)(void *data, bool stopped);
	/* Something worth saying that is no task's output: "warning: ...". */
	void (*note)(void *data, const char *text);
	/* A dry run's answer, task by task: WHY as data for people. */
	void (*planned)(void *data, const struct task_news *t,
			const char *why);
};

struct run_summary {
	struct run_record run;     /* as stored; strings owned by the summary */
	struct run_counts counts;
	uint32_t step_count;       /* of the Flowfile */
	uint32_t had_results;      /* tasks whose key had a good result */
	uint32_t to_do;            /* dry_run: known tasks that run, or may */
	uint32_t late;             /* and steps of which more may come */
	bool planned;              /* dry_run of a resume: to_do is true */
	bool interrupted;
};

/* Run (or, with dry_run, only plan) the flow in the current directory.
 * Returns 0 when everything wanted is done; 1 when tasks failed or the run
 * was interrupted (see SUMMARY; the news have told which); -1 on an error
 * before or beside the tasks, with ERR.  The process must have become the
 * worker of reaper_guard() before. */
int run_flow(const struct run_options *o, const struct run_events *events,
	     void *data, struct run_summary *summary, struct error *err);
void run_summary_release(struct run_summary *s);

/* Load the Flowfile and resolve its rules, for commands that only look. */
int run_load_rules(const struct run_options *o, struct rules *rules,
		   struct error *err);

#endif
