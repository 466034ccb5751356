/*
 * What the files of the graph share, and nobody else includes: graph.c (nodes,
 * splits, stages), graph-link.c (who waits for whom), graph-request.c (wishes
 * for evaluations), graph-eval.c (phases), graph-files.c (who makes which
 * file), graph-makers.c (who waits for which file), graph-fault.c (whom a
 * mistake concerns), graph-pattern.c (implicit rules), graph-words.c (files
 * that recipes name), graph-bind.c (values of names).
 */
#ifndef FLOWMAKE_MODEL_GRAPH_INTERNAL_H
#define FLOWMAKE_MODEL_GRAPH_INTERNAL_H

#include "model/graph.h"
#include "model/words.h"

struct edge {
	uint32_t to;             /* node that waits */
	uint32_t next;           /* in edges + 1 */
};

/* A path that somebody makes or reads, or a directory above one. */
struct file {
	const char *path;
	struct task *maker;      /* NULL: none known */
	struct rival *rivals;    /* others, while all but one may be skipped */
	struct file *parent;     /* the directory above, NULL at the top */
	struct file *child;      /* first entry known inside */
	struct file *last_child;
	struct file *sibling;
	struct node *gather;     /* all makers inside, when somebody waits */
	uint32_t first_reader;   /* in readers + 1: wanted tasks that read it */
	uint32_t holds;          /* readers held until a maker is known */
	bool announced;
	bool named;              /* a recipe names it, or a file inside */
	bool changed;            /* see graph_mark_changed */
	bool holds_change;       /* it, or one inside */
};

struct rival {
	struct task *task;
	struct rival *next;
};

struct reader {
	struct task *task;
	bool held;               /* its node's waiting counts a hold for this */
	bool gathered;           /* a directory: waits for the file's gather */
	uint32_t next;
};

/* A mistake in the files of a task. */
struct fault {
	struct task *task;
	const char *text;
	bool has_place;
	struct fault *next;
};

struct node_list {
	struct node **v;
	uint32_t count;
	uint32_t alloc;
	uint32_t start;          /* taken from here on (a queue) */
};

/* Constants of one step. */
struct constants {
	const struct row *row;   /* NULL: not evaluated yet */
	struct eval_request *asked; /* under way */
	struct node_list waiting;   /* who goes on when it is answered */
};

/* Files of one task, under construction. */
struct file_list {
	struct task_file *v;
	uint32_t count;
	uint32_t alloc;
};

struct graph {
	struct rules *rules;
	struct graph_world world;
	struct graph_options options;
	struct arena arena;
	struct node **nodes;         /* NULL: of a task passed over */
	uint32_t node_count;
	uint32_t node_alloc;
	struct edge *edges;
	uint32_t edge_count;
	uint32_t edge_alloc;
	struct task **tasks;
	uint32_t task_count;
	uint32_t task_alloc;
	struct split *root;
	struct constants *constants; /* by step index */
	struct task *first_attempts; /* by defaults form: one with what that
				      * gives to first attempts, and no more */
	bool *step_wanted;           /* by step index: all its tasks */
	bool *level_wanted;          /* by level index: all its openings */
	struct eval_request **asked; /* by step index: not taken yet, so that
				      * more tasks can join in */
	struct map files;            /* path -> struct file */
	struct file *last_dir;       /* that was looked for there */
	struct file_list listed;     /* for work, as */
	struct words words;          /* are these */
	struct reader *readers;
	uint32_t reader_count;
	uint32_t reader_alloc;
	struct map groups;           /* (step index, split) -> struct group */
	struct map pattern_tasks;    /* "step\0stem" -> struct task */
	struct step **patterns;      /* the pattern rules, as declared */
	uint32_t pattern_count;
	uint32_t pattern_alloc;
	bool patterns_checked;
	struct eval_request *first_eval;
	struct eval_request *last_eval;
	struct node_list ready;      /* tasks */
	struct node_list to_admit;   /* wanted, not yet linked */
	struct node_list unprepared; /* ... because a slow evaluation may be
				      * theirs: tasks */
	struct node_list over;       /* ended, dependants not told yet */
	struct node_list to_advance; /* the paths they waited for are known */
	struct node_list openings;   /* all, in order */
	struct node_list held;       /* tasks that wait for a maker */
	struct node_list skipped;    /* tasks, not handed out yet */
	uint32_t wanted_tasks;
	uint32_t outstanding;        /* evaluations asked or under way, but
				      * late ones and slow ones */
	uint32_t slow;               /* slow ones that are not late */
	uint32_t unopened;           /* openings that are not over */
	uint32_t unknown_files;      /* tasks whose files are not known */
	uint32_t awaited_files;      /* ... that are wanted */
	bool has_late;               /* some step declares files late */
	bool begun;                  /* tasks run: mistakes are their own */
	struct fault *first_fault;   /* not handed out yet */
	struct fault *last_fault;
	uint32_t failed;             /* nodes */
	uint32_t lost;               /* ... that could have declared files */
	bool new_makers;             /* since pattern rules were last tried for
				      * what is held */
};

/* ---- graph-node.c ---- */
void node_list_push(struct node_list *l, struct node *n);
struct node *node_list_take(struct node_list *l);
/* Room for COUNT nodes, none of which are there yet; the first one's place. */
uint32_t nodes_reserve(struct graph *g, uint32_t count);
/* N is the node in PLACE, which is reserved. */
void node_init(struct graph *g, struct node *n, enum node_kind kind,
	       uint32_t place);
/* TO waits for FROM, unless that is over. */
void node_link(struct graph *g, struct node *from, struct node *to);
void node_end(struct graph *g, struct node *n, enum end end);
void node_want(struct graph *g, struct node *n);

/* ---- graph.c ---- */
/* One thing less to wait for; at none the node goes on. */
int node_release(struct graph *g, struct node *n, struct error *err);
/* The task of S in SP, whose node is in PLACE. */
struct task *task_new(struct graph *g, struct step *s, struct split *sp,
		      uint32_t place);
int split_populate(struct graph *g, struct split *sp, struct error *err);
/* Tell everybody who waits for ended nodes, until nothing moves. */
int graph_flow(struct graph *g, struct error *err);
static inline struct task *
node_task(const struct node *n)
{
	return (struct task *)n;
}
static inline struct opening *
node_opening(const struct node *n)
{
	return (struct opening *)n;
}
static inline struct group *
node_group(const struct node *n)
{
	return (struct group *)n;
}
struct group *group_get(struct graph *g, struct step *step, struct split *sp);
/* The split at LEVEL that SP is in. */
struct split *split_at(struct split *sp, const struct level *level);
/* The opening in SP on the way to LEVEL, which is inside. */
struct opening *opening_towards(const struct split *sp,
				const struct level *level);
struct step *node_step(const struct node *n);
struct split *node_split(const struct node *n);

/* ---- graph-link.c ---- */
/* Link a wanted node to all that it waits for. */
int node_admit(struct graph *g, struct node *n, struct error *err);
/* The fan-out that GR stands for is open: wait for what is inside, and for
 * what its opener reads: if that was skipped, GR is at its end, too. */
void group_open(struct graph *g, struct group *gr);
void group_end(struct graph *g, struct group *gr);

/* ---- graph-eval.c ---- */
/* Evaluate T's next early phase, or go on to its files. */
int task_advance(struct graph *g, struct task *t, struct error *err);
/* T has what it reads: evaluate the late phases, then be ready. */
int task_advance_late(struct graph *g, struct task *t, struct error *err);
void opening_advance(struct graph *g, struct opening *o);
/* Whether something that N's step reads did not run, so that it must not
 * either. */
bool reads_skipped(struct graph *g, const struct node *n);
/* Rows for a task of S, none of which are there yet. */
const struct row **rows_new(struct graph *g, const struct step *s);
/* Where T has what phase number PHASE of S gave it, which is its step or a
 * defaults form; those have one phase at most. */
static inline uint32_t
row_place(const struct task *t, const struct step *s, uint32_t phase)
{
	return s == t->step ? phase :
		t->step->layout->phase_count + s->ordinal;
}
/* Item number I of ROW. */
const char *row_item(const struct row *row, uint32_t i, size_t *len);

/* ---- graph-request.c ---- */
/* Wish for an evaluation for N. */
void ask(struct graph *g, struct node *n, enum eval_purpose purpose,
	 uint32_t phase, bool late);
/* Wish for phase number PHASE of S, T's step or a defaults form, once more: T
 * is to be tried again. */
void ask_again(struct graph *g, struct task *t, struct step *s,
	       uint32_t phase);
/* Wish for what the defaults forms give for first attempts, and for their
 * constants, those of pattern rules, whose shapes they are part of, and of
 * steps in late fan-outs, so that mistakes in them are found before anything
 * runs. */
void ask_first(struct graph *g);
/* Whether the constants of N's step are known; otherwise asks for them, and N
 * goes on when they are. */
bool have_constants(struct graph *g, struct node *n, bool late);

/* ---- graph-files.c ---- */
struct file *file_find(const struct graph *g, const char *path);
/* The entry of PATH, made with those of the directories above if need be. */
struct file *file_get(struct graph *g, const char *path);
/* The next entry below TOP in a walk over its whole tree, after F. */
struct file *file_walk(const struct file *top, struct file *f);
/* Some file below F that a task makes, or NULL; SKIPPED: or would have made,
 * had it not been skipped. */
struct file *file_made_inside(struct file *f, bool skipped);
/* The entry of F or of a directory above it that a task makes, or NULL. */
struct file *file_made_around(struct file *f, bool skipped);
/* Where the user wrote what gave F, an input or OUTPUT of T. */
const struct expr *task_file_place(const struct task *t,
				   const struct task_file *f, bool output);
/* Compute T's inputs and outputs and enter them in the table. */
int task_set_files(struct graph *g, struct task *t, struct error *err);
/* T is skipped: its files are left to others that may make them. */
void task_yield_files(struct task *t);
/* T is about to run: no other task that does may make its files. */
int task_claim_files(struct task *t, struct error *err);

/* ---- graph-makers.c ---- */
/* F has got MAKER: all who read it, or the directory around it, wait for
 * that. */
int file_tell_waiting(struct graph *g, struct file *f, struct task *maker,
		      struct error *err);
/* Whether a step that made PATH before may do so in a fan-out that is not known
 * yet. */
bool file_may_be_made(const struct graph *g, const char *path);
/* Link T to the makers of its inputs, or hold it until one is known. */
int task_link_inputs(struct graph *g, struct task *t, struct error *err);
/* Pattern rules may be able by now to make what held tasks wait for. */
int held_retry_patterns(struct graph *g, struct error *err);
/* Whether F is the file of a skipped task, or a directory that is not there
 * because all who make files in it were skipped. */
bool file_is_skipped(const struct graph *g, struct file *f);

/* Call FN for each input that holds a task, until it returns true. */
bool each_held(struct graph *g,
	       bool (*fn)(void *data, struct task *t, struct task_file *in),
	       void *data);
/* Say in ERR that nobody makes IN, which holds T. */
void held_error(const struct task *t, const struct task_file *in,
		struct error *err);

/* ---- graph-cycle.c ---- */
/* A task among those that wait for each other in a circle, with ERR showing
 * that; NULL: there is none. */
struct task *cycle_find(struct graph *g, struct error *err);

/* ---- graph-fault.c ---- */
/* ERR is a mistake in T's files: -1 as long as nothing runs; from then on T
 * fails, ERR is empty again, and 0 is returned. */
int task_fault(struct graph *g, struct task *t, struct error *err);

/* ---- graph-pattern.c ---- */
/* The task of a pattern rule that makes PATH, created if need be; NULL: no
 * rule does, or an error (then ERR is set and -1 returned). */
int pattern_find(struct graph *g, const char *path, struct task **found,
		 struct error *err);
/* Refuse outputs of pattern rules that stand for no files. */
int patterns_check(struct graph *g, struct error *err);

#endif
