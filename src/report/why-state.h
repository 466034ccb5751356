/*
 * What the parts of why share: why-find.c and why-renamed.c say what a task is
 * compared with, why-values.c what its differences are made of, why.c and
 * why-json.c print both.
 */
#ifndef FLOWMAKE_REPORT_WHY_STATE_H
#define FLOWMAKE_REPORT_WHY_STATE_H

#include "base/base.h"
#include "base/map.h"
#include "base/strbuf.h"
#include "base/strvec.h"
#include "model/key-diff.h"
#include "report/show-state.h"
#include "report/target.h"
#include "store/store.h"
#include "store/task-index.h"

struct code_source;
struct error;

/* The tasks of a run, or of one of its steps: the last attempt of each. */
struct tasks {
	struct attempts all;
	struct task_index index; /* of all */
	struct map steps;        /* their names */
};

/* STEP may be NULL.  Release T even if it failed. */
int tasks_read(struct tasks *t, struct store *s, uint32_t run, char *step,
	       struct error *err);
void tasks_release(struct tasks *t);
/* The one of T that is what A, of another run, is: of STEP, as that is called
 * in T's run, and in a fan-out of the same element, because positions move; or
 * NULL. */
const struct attempt_record *tasks_find(const struct tasks *t,
					const char *step,
					const struct attempt_record *a);

struct earlier {
	struct run_record run;   /* owned */
	struct tasks tasks;      /* once loaded */
	bool loaded;
};

/* The code of the two runs between which a task changed. */
struct why_code {
	struct code_record old;  /* tree and commit NULL: not known */
	struct code_record new;
	struct strvec files;     /* that differ between them, as far as they
				  * explain something, */
	bool knows_files;        /* ... all of them */
	struct strbuf letters;   /* by file: "A" new, "D" gone, else changed */
	const char *flow_file;   /* the target run's, borrowed; or NULL */
	char *flow_text;         /* what it is now; NULL: not read */
	struct strvec paths;     /* files that the differences are about */
	struct strbuf *commits;  /* by path: lines on the last of those that
				  * changed it */
	uint32_t *commit_counts; /* by path: how many changed it */
	bool is_read;
};

/* What steps of the target run were called in the one before. */
struct renames {
	struct map steps_now;    /* names of steps */
	struct tasks before;     /* of the newest earlier run */
	struct map likely;       /* digests of recipes, as filled or as written,
				  * and of names -> the first of struct likely:
				  * steps of that run that are gone */
	struct map old_names;    /* by name now: the one before; "" none */
	bool is_read;
};

struct why_state {
	struct store *store;
	const struct target *target;
	struct attempts tasks;   /* of the target, the last attempt of each */
	struct earlier *earlier; /* the origin first, then newest first */
	size_t earlier_count;
	bool earlier_is_all;     /* no other run was before */
	uint32_t *runs;          /* all that are there, ascending */
	size_t run_count;
	struct renames renames;
	struct why_code code;    /* of the task that values are read of */
	struct arena arena;      /* for records that are read one by one */
};

enum why_reason {
	WHY_NEW,         /* it never ran before */
	WHY_UNKNOWN,     /* nothing to compare with, but not all earlier runs
			  * are looked at, or still there */
	WHY_NEW_ELEMENT, /* its step ran, but not for its element */
	WHY_WAS_SKIPPED, /* base is, and all before that were looked at */
	WHY_CHANGED,     /* since base */
	WHY_NO_RESULT,   /* base is of the same key, but has no good result */
	WHY_ALWAYS,      /* data that cannot be compared */
	WHY_EVERY,       /* base is good, but run executes every task */
	WHY_RERUN,       /* --rerun */
	WHY_STALE,       /* what it read was changed after it was made */
	WHY_GONE,        /* base is good, but its bytes were gone */
	WHY_REUSED,      /* from base */
	WHY_SKIPPED,
	WHY_NOT_STARTED, /* it failed before it had a key */
};

/* What differs of that which a step's expressions mention. */
struct why_mentions {
	struct key_diff diff;
	struct strbuf old;       /* which the former borrows from */
	struct strbuf new;
};

/* Why a task was executed, or was not. */
struct why {
	enum why_reason reason;
	const struct attempt_record *task; /* borrowed from the state */
	const struct attempt_record *base; /* the same; NULL: none */
	const struct run_record *base_run; /* CHANGED: base is of this run, */
	const struct attempt_record *executed; /* ... and this made what base
				  * has: base, or where it was reused from */
	struct key_diff diff;    /* CHANGED: from base to task; ALWAYS: what
				  * cannot be compared */
	size_t looked_at;        /* UNKNOWN: so many earlier runs were */
	struct why_mentions mentions; /* empty until why_mentions_read */
};

/* Read the tasks of T. */
int why_state_init(struct why_state *w, struct store *s,
		   const struct target *t, struct error *err);
void why_state_release(struct why_state *w);

/* Find out why TASK, of W, was executed. */
int why_find(struct why_state *w, const struct attempt_record *task,
	     struct why *why, struct error *err);
void why_release(struct why *why);

/* Find what has changed, since what WHY compares with, of that which the task's
 * step mentions, if what differs in the key may follow from its expressions. */
int why_mentions_read(struct why_state *w, struct why *why, struct error *err);
void why_mentions_release(struct why_mentions *m);

/* Find who executed what A, which may be reused, has: *EXECUTED is A itself if
 * the other is not there any more. */
int why_find_executed(struct why_state *w, const struct attempt_record *a,
		      const struct attempt_record **executed,
		      struct error *err);

/* Find what T, of a step that no earlier run has, was when this had another
 * name: *BASE, or NULL.  *HAD_STEP: there was such a step. */
int why_find_renamed(struct why_state *w, const struct attempt_record *t,
		     const struct attempt_record **base, bool *had_step,
		     struct error *err);
void why_renames_release(struct renames *r);

/* "changed", "reused", ...: for programs. */
const char *why_reason_name(enum why_reason r);

/* What became of A: "ran", "runs", "reused", "skipped", "failed". */
const char *why_state_name(const struct attempt_record *a);

/* Append one line on why: "input books/a.txt changed", "nothing changed". */
void why_add_words(const struct why *why, struct strbuf *out);

/* Append "15/count/3". */
void why_add_task(struct strbuf *sb, const struct attempt_record *a);

/* A difference in words; all may be empty. */
struct why_values {
	struct strbuf old;       /* what it was, maybe several lines */
	struct strbuf new;       /* what it is */
	struct strbuf notes;     /* lines: what more is known */
};

void why_values_init(struct why_values *v);
void why_values_release(struct why_values *v);
/* Describe difference X of WHY. */
int why_values_read(struct why_state *w, const struct why *why,
		    const struct key_difference *x, const char *command,
		    struct why_values *v, struct error *err);

/* What describes one difference. */
struct why_describing {
	struct why_state *w;
	const struct why *why;
	const struct key_difference *x;
	const char *command;
	struct why_values *v;    /* to be filled */
};

enum { WHY_VALUE_BYTES = 60 }; /* of a value are shown */

/* Append the text that the store has of the digest BYTES (may be NULL).
 * Returns 1, 0 when there is none, -1. */
int why_text_read(struct store *s, const char *bytes, struct strbuf *text,
		  struct error *err);
/* Append to STORED what the store has of the digest BYTES (may be NULL).
 * Returns 1 when it is the source text S, which borrows from STORED; 0 when it
 * is a value, or nothing; -1. */
int why_source_read(struct why_state *w, const char *bytes,
		    struct strbuf *stored, struct code_source *s,
		    struct error *err);

/* The value, CBOR, of the parameter NAME of R, or NULL. */
const char *why_find_parameter(const struct run_record *r, const char *name,
			       size_t name_len, size_t *len);

/* Append the beginning of the digest BYTES, enough to tell two apart. */
void why_add_digest(struct strbuf *sb, const char *bytes);
/* Describe what is read from other tasks. */
int why_describe_read(const struct why_describing *d, struct error *err);
/* Note that A made what is read, and how to ask further. */
void why_note_maker(const struct why_describing *d,
		    const struct attempt_record *a);

/* Read the code that WHY is about, unless it was. */
int why_code_read(struct why_state *w, const struct why *why,
		  struct error *err);
void why_code_release(struct why_code *c);
/* Whether PATH, if it is code, is known to be the same in both runs. */
bool why_code_is_same(const struct why_code *c, const char *path);
/* Append lines on who changed PATH, if git knows: they begin with it if
 * WITH_NAME. */
void why_code_add_file(const struct why_code *c, const char *path,
		       bool with_name, struct strbuf *notes);
/* The same, named, with the commits alone. */
void why_code_add_commits(const struct why_code *c, const char *path,
			  struct strbuf *notes);
enum { WHY_FILES_SHOWN = 5 }; /* of a directory, or that the Flowfile names */

/* A file of a directory that differs; digests in short, empty where it is not
 * there. */
struct why_file {
	char *path;
	struct strbuf old;
	struct strbuf new;
};

/* Those of an input that is a directory. */
struct why_tree {
	struct why_file *files;
	size_t count;
	size_t alloc;
};

/* Compare what was in the directory PATH, which is in difference X.  Returns 1,
 * 0 when this was not kept, or it was none, -1.  Release T in any case. */
int why_tree_read(struct why_tree *t, struct store *s, const char *path,
		  const struct key_difference *x, struct error *err);
void why_tree_release(struct why_tree *t);
/* Append lines on T, and on who changed its files. */
void why_tree_add(const struct why_tree *t, const struct why_code *c,
		  struct strbuf *notes);

/* Append lines on the files in the directory PATH that differ, by the code of
 * the runs alone.  Returns whether there are such. */
bool why_code_add_tree(const struct why_code *c, const char *path,
		       struct strbuf *notes);
/* Append lines on the files that differ and are named in the Flowfile, which
 * may have looked into them. */
void why_code_add_sources(const struct why_code *c, struct strbuf *notes);
/* Append to OLD and NEW the lines of the file PATH that differ, if its code was
 * kept.  Returns whether these are all. */
bool why_code_read_lines(const struct why_code *c, const char *path,
			 struct strbuf *old, struct strbuf *new);
/* Append a line on how to see what differs in PATH (NULL: all). */
void why_code_add_diff(const struct why_code *c, const char *command,
		       const char *path, struct strbuf *notes);

int why_json(struct why_state *w, const char *command, struct strbuf *out,
	     struct error *err);

#endif
