/*
 * One attempt on this machine, for local.c and attempt.c only.
 */
#ifndef FLOWMAKE_EXEC_ATTEMPT_H
#define FLOWMAKE_EXEC_ATTEMPT_H

#include <signal.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/base.h"
#include "base/error.h"
#include "base/strbuf.h"
#include "exec/collect.h"
#include "exec/command.h"
#include "exec/executor.h"
#include "exec/local.h"
#include "exec/slot.h"
#include "sys/loop.h"

struct environment;
struct lock;
struct programs;
struct recipe_child;

enum { STREAM_OUT, STREAM_ERR, STREAM_COUNT };

/* A pipe from a task. */
struct stream {
	struct attempt *attempt;
	struct loop_watch watch;     /* fd -1: closed */
	enum log_stream name;
	bool is_wide;                /* its pipe was made larger */
};

enum attempt_state {
	ATTEMPT_IDLE,
	ATTEMPT_RUNNING,             /* until reaped and its pipes closed */
	ATTEMPT_COLLECTING,          /* until its products are hashed */
};

struct attempt {
	struct local *local;
	enum attempt_state state;
	struct slot slot;
	const struct task_spec *spec; /* borrowed from start to finished */
	void *task;

	pid_t pid;                   /* 0: none, or not known yet */
	struct recipe_child *recipe; /* NULL: no scheme recipe runs */
	bool is_reaped;
	bool group_lives;            /* others of its group, once reaped */
	bool was_cut_off;            /* they were killed while they could still
				      * print */
	int wait_status;             /* once reaped */
	struct rusage usage;
	struct stream streams[STREAM_COUNT];

	/* Why it ends before it would by itself: OUTCOME_OK, not at all. */
	enum outcome_kind verdict;
	struct strbuf message;       /* of the verdict, or the recipe's own */
	struct loop_timer limit;     /* its timeout */
	struct loop_timer patience;  /* until KILL, or until pipes are cut */

	int64_t started_ns;          /* real time */
	int64_t ended_ns;            /* started_ns and what it took */
	int64_t begun_ns;            /* monotonic, with started_ns */
	struct strbuf made;          /* WIRE_RESULTS of a scheme recipe */
	bool has_made;
	struct collection collection;
	struct arena arena;
	struct command command;
};

struct local {
	struct executor base;        /* first: the two are one */
	struct loop *loop;
	struct evaluator *evaluator; /* or NULL */
	struct files *files;
	struct pool *pool;
	uint32_t run;
	char *project;               /* absolute path */
	struct environment *environment;
	struct programs *programs;
	sigset_t ignored;            /* signals */
	struct lock *lock;
	struct local_patience patience;
	struct attempt **attempts;   /* all slots; the index is the number */
	size_t attempt_count;
	size_t attempt_alloc;
	size_t busy_count;
	char *buffer;                /* for reading */
	bool is_paused;
	bool is_freeing;             /* no events any more */
};

/* Start A's process or child: its spec is set, its slot is ready.  Returns -1
 * when the world is to blame; a program that cannot be executed is a failure
 * of the task, which comes as every other. */
int attempt_launch(struct attempt *a, struct error *err);

/* Signal all of A's processes. */
void attempt_signal(struct attempt *a, int signo);
/* Close a pipe. */
void attempt_close_stream(struct attempt *a, struct stream *s);
/* Flowmake's own words, for A's log. */
void attempt_note(struct attempt *a, const char *text, size_t len);

/* ---- called by attempt.c ---- */

/* A was reaped: WAIT_STATUS, or a verdict was set. */
void local_reaped(struct attempt *a, int wait_status,
		  const struct rusage *usage);
/* A pipe was closed, or the like: A may be over. */
void local_check_over(struct attempt *a);

#endif
