/*
 * The graph of a run: splits, tasks, and what waits for what.  It grows by
 * append only, as fan-outs are expanded, and is pure: it asks for evaluations
 * through a queue, looks at the world through struct graph_world, and is told
 * how tasks ended; so its tests are data in, data out.
 *
 * A task goes through these stages:
 *
 *   NEW       its early phases (model/layout.h) are being evaluated
 *   PREPARED  its files are known, unless they are late
 *   WAITING   wanted, and linked to all that it waits for
 *   LATE      what it reads has run; its late phases are being evaluated
 *   READY     may run: handed out once by graph_take_ready
 *   OVER      finished, one way or another (node.end)
 *
 * An opening is the expansion of one step's foreach in one split of the level
 * around it; a group stands for all tasks of a step inside one split of a
 * level further out (what a join or an after waits for), a gather for all
 * tasks that make files inside one directory.
 */
#ifndef FLOWMAKE_MODEL_GRAPH_H
#define FLOWMAKE_MODEL_GRAPH_H

#include "base/arena.h"
#include "base/base.h"
#include "base/map.h"
#include "model/artifact.h"
#include "model/layout.h"
#include "model/rules.h"

struct error;
struct graph;
struct strbuf;

enum node_kind { NODE_TASK, NODE_OPENING, NODE_GROUP, NODE_GATHER };

enum stage {
	STAGE_NEW,
	STAGE_PREPARED,
	STAGE_WAITING,
	STAGE_LATE,
	STAGE_READY,
	STAGE_OVER,
};

/* How a node ended. */
enum end {
	END_NONE,
	END_DONE,
	END_CAUGHT,  /* failed, but its step catches: its results are #f */
	END_SKIPPED,
	END_FAILED,  /* nothing that waits for it ever runs */
};

struct node {
	enum node_kind kind : 8;
	enum stage stage : 8;
	enum end end : 8;
	bool wanted;
	bool admitted;           /* linked to what it waits for */
	uint32_t index;          /* in graph.nodes */
	uint32_t waiting;        /* nodes, and holds, before it can go on */
	uint32_t first_edge;     /* in graph.edges + 1: who waits for it, in the
				  * order in which they began to */
	uint32_t last_edge;
};

/* CBOR items one after another: values of thunks or of foreach variables. */
struct row {
	uint32_t len;
	char data[];
};

struct split {
	struct level *level;
	struct split *parent;    /* NULL: the one of levels[0] */
	uint32_t index;          /* position in its fan-out, from 0 */
	const struct row *elements; /* by foreach clause */
	const struct row *opener_row; /* phase 0 of the opener's task */
	uint32_t place;          /* of the first node of its tasks, which follow
				  * one another */
	struct task **tasks;     /* by ordinal in level->steps */
	struct opening **openings; /* by ordinal in level->openers */
};

/* A file of a task, and the node of the file table that it is. */
struct task_file {
	const char *path;        /* normalized */
	struct file *file;
	uint16_t binder;         /* which input or output clause it came from */
	bool in_list;            /* the clause gave a list of files */
};

struct task {
	struct node node;
	struct step *step;
	struct split *split;
	const char *stem;        /* of a pattern rule's task, else NULL */
	uint32_t phase;          /* next phase to evaluate */
	bool files_known;
	bool settled;            /* it has files, but they are not entered: see
				  * struct graph_world */
	uint32_t first_path_waiter; /* in graph.edges + 1: tasks whose phases
				  * need the paths of its outputs */
	const struct row **rows; /* by phase: the thunks' values; then by
				  * defaults form, from the second attempt on */
	struct task_file *inputs;
	struct task_file *outputs;
	uint32_t input_count;
	uint32_t output_count;
	/* ---- kept for sched ---- */
	uint32_t number;         /* in the run, from 1, by first start; 0 */
	uint32_t attempt;        /* the latest, from 1; 0 */
	uint32_t origin_run;     /* its result is reused from there; 0 */
	bool restored;           /* a plan: its outputs would be */
	bool in_doubt;           /* a plan cannot say what it would read */
	struct artifact *results; /* by produces; NULL unless END_DONE */
	const struct artifact *output_artifacts; /* digests, by outputs */
	const char *caught;      /* CBOR of what catch gives, or NULL */
	uint32_t caught_len;
	struct attempt *running; /* sched's, while it runs or waits to retry */
};

struct opening {
	struct node node;
	struct step *step;
	struct split *split;     /* in which it opens */
	bool evaluating;
	bool when_passed;        /* its when was asked and true */
	const struct row *when_row; /* the value of the when, if a thunk */
	struct split **splits;   /* its fan-out; NULL: passed over */
	uint32_t split_count;
	uint32_t split_alloc;
};

struct group {
	struct node node;
	struct step *step;
	struct split *split;
	bool opened;             /* its members are linked */
};

struct file;

/* What the graph must know of the world. */
struct graph_world {
	/* Whether PATH is there. */
	bool (*exists)(void *data, const char *path);
	/* The step recorded as maker of PATH in an earlier run, or NULL; valid
	 * until the next call. */
	const char *(*maker)(void *data, const char *path);
	void *data;
	/* Append the value at CBOR, part of which lies in the store, with that
	 * in its place; NULL: nothing lies there. */
	int (*load)(void *data, const char *cbor, size_t len,
		    struct strbuf *out, struct error *err);
	/* NULL; or whether T, whose files are to be entered now, is as good as
	 * over, and was graph_is_alone in an earlier graph of the same flow:
	 * then nobody asks for its files. */
	bool (*is_settled)(void *data, const struct task *t);
	/* NULL; or whether all tasks of COUNT splits of O, from number INDEX
	 * on, would be settled, and nobody waits for them either, of which the
	 * first node would be number PLACE: then they are passed over, and only
	 * count. */
	bool (*passes)(void *data, const struct opening *o, uint32_t index,
		       uint32_t count, uint32_t place);
};

struct graph_options {
	uint32_t max_num_splits;
	bool want_all;           /* no targets: everything but patterns */
	const char *flow_file;   /* no output may hold it; normalized */
};

struct graph *graph_new(struct rules *r, const struct graph_world *world,
			const struct graph_options *options);
void graph_free(struct graph *g);

/* Create the tasks outside fan-outs.  Then evaluations are due. */
int graph_start(struct graph *g, struct error *err);

/* Want all tasks of step NAME, or the file PATH.  graph_want_file returns 1,
 * or 0 when no known step makes it; call both when graph_is_settled. */
int graph_want_step(struct graph *g, const char *name, struct error *err);
int graph_want_file(struct graph *g, const char *path, struct error *err);
/* Want the step that made PATH last, if it may do so again but the names of its
 * files are late.  Returns whether some wanted task may declare it yet. */
bool graph_want_recorded(struct graph *g, const char *path);
/* Whether the names of files of some wanted task are not known yet. */
bool graph_awaits_files(const struct graph *g);
/* Append "; step 'cc' would make it from 'x.c'" if PATH, which nobody makes, is
 * of the shape of a rule's output. */
void graph_add_hint(struct graph *g, const char *path, struct strbuf *out);
/* Open one more late fan-out in search of a file; false: there is none. */
bool graph_want_opening(struct graph *g);

/* ---- evaluation ---- */

enum eval_purpose {
	EVAL_CONSTANTS, /* the step's constants only */
	EVAL_PHASE,     /* a phase of tasks: one row each */
	EVAL_AGAIN,     /* the same, for another attempt */
	EVAL_FOREACH,   /* the fan-out of openings: a row for each split */
	EVAL_WHEN,      /* the when of openings, asked before they open */
};

/* A wish: evaluate for NODES, all of one step. */
struct eval_request {
	enum eval_purpose purpose;
	struct step *step;       /* EVAL_AGAIN: that, or a defaults form */
	uint32_t phase;          /* EVAL_PHASE */
	bool late;               /* after tasks have run: a late foreach gets a
				  * child of its own */
	struct node **nodes;
	uint32_t count;
	uint32_t alloc;
	bool slow;               /* as graph_eval_slow says */
	bool careful;            /* sched's: to be answered item by item */
	uint32_t parts;          /* sched's: children that are at it */
	struct eval_request *next;
};

/* The next wish, to be freed by graph_eval_done; NULL when there is none. */
struct eval_request *graph_take_eval(struct graph *g);
/* The payloads that ask for it: WIRE_JOB; WIRE_ITEMS of COUNT nodes from
 * FIRST. */
void graph_eval_job(const struct eval_request *q, struct strbuf *payload);
void graph_eval_items(struct graph *g, const struct eval_request *q,
		      uint32_t first, uint32_t count, struct strbuf *payload);
/* ITEM will be asked again: what was told of it is forgotten. */
void graph_eval_again(struct eval_request *q, uint32_t item);
/* Q takes long: what does not need its answers is linked without them, while
 * it waits for files that may be declared then. */
void graph_eval_slow(struct graph *g, struct eval_request *q);
/* The answers. */
void graph_eval_constants(struct graph *g, struct eval_request *q,
			  const char *row, size_t len);
void graph_eval_row(struct graph *g, struct eval_request *q, uint32_t item,
		    const char *elements, size_t elements_len,
		    const char *values, size_t values_len);
/* Instead of the next COUNT rows: whether these need not be told, since all
 * that they would bring is passed over. */
bool graph_eval_pass(struct graph *g, struct eval_request *q, uint32_t item,
		     uint32_t count);
/* ITEM has no more rows.  Returns 1, with ERR saying why, when its node is for
 * graph_fail: a fan-out over the limit; nothing of it is there. */
int graph_eval_item_end(struct graph *g, struct eval_request *q, uint32_t item,
			struct error *err);
/* All items of Q have been answered. */
int graph_eval_done(struct graph *g, struct eval_request *q,
		    struct error *err);

/* ---- running ---- */

/* Link what is wanted to what it waits for, as far as everything is known;
 * nothing is done while an evaluation is under way or wished for, but for late
 * and slow ones.  Mistakes that show
 * only now (a missing input, two makers of one file) are errors. */
int graph_settle(struct graph *g, struct error *err);

/* Tasks run from now on: mistakes in the files of a task, which were errors of
 * any function here so far, make that task fail. */
void graph_begin(struct graph *g);
/* The next task that failed so and has not been handed out yet, and WHY, which
 * is empty before; NULL: there is none. */
struct task *graph_take_faulty(struct graph *g, struct error *why);

/* The next task that may run, in the order in which they became ready. */
struct task *graph_take_ready(struct graph *g);

/* TASK has ended; what waits for it goes on.  May wish for evaluations. */
int graph_task_over(struct graph *g, struct task *t, enum end end,
		    struct error *err);

/* The evaluation of N, a task or an opening, failed for good. */
void graph_fail(struct graph *g, struct node *n);

/* The next task that was skipped and has not been handed out yet. */
struct task *graph_take_skipped(struct graph *g);

/* Copies that live as long as the graph: of COUNT artifacts (NULL when there
 * are none), of what T's catch gives. */
struct artifact *graph_keep_artifacts(struct graph *g,
				      const struct artifact *a, size_t count);
void graph_keep_caught(struct graph *g, struct task *t, const char *cbor,
		       size_t len);

/* TASK is to be tried again: what depends on the attempt is evaluated anew,
 * then it is ready. */
void graph_retry(struct graph *g, struct task *t);

/* Nothing is ready, running or being evaluated: say what is wrong, if some
 * wanted task still waits for a file that nobody makes.  0: nothing. */
int graph_check_stuck(struct graph *g, struct error *err);
/* The same once tasks run: fail each such task, unless who failed before could
 * have made what it waits for, and some task of each circle of tasks that wait
 * for each other.  Returns whether there were any. */
bool graph_fail_stuck(struct graph *g);

/* Whether tasks wait for each other in a circle, through their files: -1, and
 * ERR shows it. */
int graph_check_cycle(struct graph *g, struct error *err);

/* Call FN for each input that is not there and that only a late fan-out could
 * make, once. */
void graph_each_unmade(struct graph *g,
		       void (*fn)(void *data, const struct task *t,
				  const char *path), void *data);

/* ---- looking ---- */

/* All tasks so far, in order of creation. */
struct task *graph_task(const struct graph *g, uint32_t i);
uint32_t graph_task_count(const struct graph *g);
/* Whether all tasks of S are wanted for its own sake, those to come, too. */
bool graph_wants_step(const struct graph *g, const struct step *s);
/* Whether the constants of S are known; of a defaults form, also what it gives
 * to first attempts. */
bool graph_has_constants(const struct graph *g, const struct step *s);
/* Stands for the first attempt of any task, of which the defaults form S knows
 * nothing else. */
const struct node *graph_first_attempt(const struct graph *g,
				       const struct step *s);
/* How many tasks are wanted so far, with those passed over. */
uint32_t graph_wanted_count(const struct graph *g);
/* The openings in order of creation, for a plan; NULL beyond the last. */
struct opening *graph_opening(const struct graph *g, uint32_t i);
/* Whether some task known so far makes PATH, a normalized name. */
bool graph_makes(const struct graph *g, const char *path);
/* Whether PATH, normalized, is an input or output of some task. */
bool graph_declares(const struct graph *g, const char *path);

/* Whether T has files of which no other task wants to know, whatever becomes
 * known yet. */
bool graph_is_alone(const struct graph *g, const struct task *t);
/* The only task that declares PATH, normalized, or NULL. */
const struct task *graph_only_user(const struct graph *g, const char *path);

/* PATH has changed: from now on graph_is_touched says whether an input or
 * output of T, which is ready, is PATH, holds it, or lies in it. */
void graph_mark_changed(struct graph *g, const char *path);
bool graph_is_touched(const struct task *t);
/* Openings that have not been opened yet, because they are late. */
uint32_t graph_unopened_count(const struct graph *g);
struct rules *graph_rules(const struct graph *g);

/* Append the task's split as people write it: "3.2", a stem, or nothing. */
void task_add_split(struct strbuf *sb, const struct task *t);
/* Append "step/3.2". */
void task_add_name(struct strbuf *sb, const struct task *t);

/* The task of STEP in SPLIT or in the split around it where STEP runs. */
struct task *graph_find_task(const struct step *step,
			     const struct split *split);

/* Whether T reads the file PATH, normalized, which its recipe names though it
 * is none of its inputs: no task makes it, or one that T waits for and does
 * not read it of by a name. */
bool graph_reads_word(struct graph *g, struct task *t, const char *path);

/* ---- names and expressions of a task ---- */

/* Append the value that name number NAME of STEP has in N, a task or opening of
 * it (or of any step, if STEP is a defaults form), as WIRE VALUE.  Its own
 * results are stand-ins (exec/spec.h). */
void graph_bind(struct graph *g, const struct step *step, const struct node *n,
		uint32_t name, struct strbuf *out);

/* The value of E, an expression of STEP but no PIECES, in the task or opening
 * N (NULL: only what needs no task): CBOR, borrowed from the graph or from
 * SCRATCH.  The phases that it needs must have been evaluated. */
const char *graph_value(struct graph *g, const struct step *step,
			const struct node *n, const struct expr *e,
			struct strbuf *scratch, size_t *len);

/* Append the value at CBOR with what of it lies in the store. */
int graph_load_value(struct graph *g, const char *cbor, size_t len,
		     struct strbuf *out, struct error *err);

/* For each step that T reads through import number IM, the task that it
 * really reads: of alternatives, the first that ran.  NULL: none did. */
struct task *graph_read_task(const struct node *n, const struct import *im);

/* How the group that IM of N joins ended: END_SKIPPED, or else it is open. */
enum end graph_joined_end(struct graph *g, const struct node *n,
			  const struct import *im);

/* Call FN for each task that a join of T brings together, in split order,
 * skipped ones left out. */
void graph_each_joined(const struct node *n, const struct import *im,
		       void (*fn)(void *data, struct task *t), void *data);

#endif
