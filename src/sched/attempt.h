/*
 * One attempt of one task, from its spec to its record.
 */
#ifndef FLOWMAKE_SCHED_ATTEMPT_H
#define FLOWMAKE_SCHED_ATTEMPT_H

#include "base/arena.h"
#include "base/base.h"
#include "base/strbuf.h"
#include "exec/executor.h"
#include "exec/spec.h"
#include "model/demands.h"
#include "model/key.h"
#include "model/recipe.h"
#include "sched/leases.h"
#include "store/store.h"
#include "sys/loop.h"

struct error;
struct files;
struct graph;
struct map;
struct run;
struct task;

/* Everything about the attempts of one task while it is being worked on; the
 * arena is emptied between attempts. */
struct attempt {
	struct task *task;
	struct run *run;
	struct arena arena;
	struct demands demands;
	struct task_spec spec;
	struct strbuf name;        /* "count/3" */
	struct strbuf split;       /* "3" */
	struct strbuf element;     /* for people */
	size_t keyed_inputs;       /* of spec.inputs; the others are outputs
				    * that the key knows otherwise */
	struct filled_recipe filled;
	struct key_parts key_parts; /* of attempt 1 */
	struct strbuf encoded_parts; /* the same, as they are recorded, with
				    * notes behind them */
	struct digest key;
	bool is_stale;             /* an output that it reads was changed since
				    * its maker ended: the key is not of what
				    * is made */
	bool is_scratch;           /* used for one task after another */
	bool admitted;             /* inside the limits */
	struct lease lease;        /* of its files */
	bool hashing;              /* an I/O thread hashes its inputs, or
				    * restores its outputs */
	uint32_t failures;         /* of the task itself so far */
	uint32_t losses;           /* not its fault */
	uint64_t log_start;
	uint64_t log_end;
	uint64_t printed_bytes[3]; /* by log stream, for --max-log-size */
	uint32_t start_place;      /* in run.starts + 1; 0: recorded */
	int64_t pid;
	int64_t started_ns;        /* real time */
	struct loop_timer pause;   /* until the next attempt */
};

/* Begin working on T. */
struct attempt *attempt_new(struct run *r, struct task *t);
/* The same with *SCRATCH, made on first use, without names: for work that ends
 * before it is used for another task. */
struct attempt *attempt_begin_scratch(struct run *r, struct attempt **scratch,
				      struct task *t);
/* Fill name and element. */
void attempt_add_names(struct attempt *a);
/* End the work, on a scratch too; it is freed when it has no task. */
void attempt_free(struct attempt *a);

/* Work out what the attempt demands, without what only running it needs. */
int attempt_demand(struct attempt *a, struct graph *g, struct error *err);

/* The paths of the files that the attempt will read, as far as the graph knows
 * them, in its arena. */
const char **attempt_reads(struct attempt *a, size_t *count);

/* Fill the recipe, digest the inputs and make the key (which keeps that of
 * attempt 1). */
int attempt_make_key(struct attempt *a, struct graph *g, struct files *files,
		     struct error *err);

/* Make key and spec.  MACHINE_CPU_MILLI is parallel-map's default. */
int attempt_make_spec(struct attempt *a, struct graph *g, struct files *files,
		      uint32_t machine_cpu_milli, struct error *err);

#endif
