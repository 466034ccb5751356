/*
 * The state of a run, shared by run.c (its course), expand.c (its graph),
 * tasks.c, inputs.c, ends.c and news.c (its attempts), origin.c, resume.c,
 * repeat.c and trust.c (what it need not execute), run-record.c and run-code.c
 * (what is recorded of it), plan.c (a dry run), and by nobody else.
 */
#ifndef FLOWMAKE_SCHED_RUN_INTERNAL_H
#define FLOWMAKE_SCHED_RUN_INTERNAL_H

#include "base/error.h"
#include "base/map.h"
#include "base/strvec.h"
#include "model/rules.h"
#include "sched/attempt.h"
#include "sched/evaluate.h"
#include "sched/limits.h"
#include "sched/reuse.h"
#include "sched/run.h"

/* News that wait for the commit of what they say. */
struct news {
	struct attempt *attempt;
	struct attempt_record record; /* strings of the attempt and its arena */
	bool started;                 /* else over */
	bool last;                    /* the attempt is freed afterwards */
	bool written;                 /* into the store */
};

struct opening;

/* What is said once for each step. */
enum { SAID_TOO_LARGE = 1, SAID_WAITS = 2 };

/* What could not be evaluated before it was known whether a target needs it. */
struct early_failure {
	const struct node *node;
	struct error why;
};

struct run {
	const struct run_options *options;
	const struct run_events *events;
	void *data;
	struct run_summary *summary;
	struct loop *loop;
	struct evaluator *evaluator;
	struct rules rules;
	struct store *store;
	struct files *files;
	struct pool *pool;
	struct prehash *prehash;
	struct keeper *keeper;
	struct log_writer *log;
	struct executor *executor;
	struct leases *leases;
	struct graph *graph;
	struct evaluation *evaluation;
	struct notes *notes;
	struct limits limits;
	uint32_t machine_cpu_milli;
	int64_t begun_ns;             /* monotonic: when it got its number */
	struct run_record origin;     /* of the run to resume; number 0: none */
	struct strvec given;          /* parameters: NAME, TEXT, ..., NULL */
	struct reuse *reuse;          /* NULL: every task is executed */
	bool *rerun;                  /* by step index: never reused */
	struct old_tasks *old_tasks;  /* plan: of earlier runs; NULL: none is
				       * read */
	struct task **due;            /* resume: ready, to be executed */
	uint32_t due_start;
	uint32_t due_count;
	uint32_t due_alloc;
	struct attempt *scratch;      /* of the decisions */
	bool holds_files;             /* until something is executed */
	bool undecided;               /* more may be ready than was looked at */
	struct kept_range kept;       /* the last of the run */
	bool kept_is_new;             /* it is not recorded so yet */
	struct attempt **queue;       /* demands known, waiting for limits */
	uint32_t queue_start;
	uint32_t queue_count;
	uint32_t queue_alloc;
	uint32_t running;             /* attempts inside the executor */
	uint32_t leasing;             /* attempts that wait for another run */
	uint32_t pausing;             /* attempts between tries */
	uint32_t last_number;         /* of a task */
	struct attempt **starts;      /* begun, not recorded yet */
	uint32_t start_count;
	uint32_t start_alloc;
	struct loop_timer start_timer; /* until they are recorded */
	bool starts_due;              /* ... now */
	struct news *news;
	uint32_t news_count;
	uint32_t news_alloc;
	struct loop_timer commit_timer; /* until records that wait for more
				       * are committed */
	bool commit_due;              /* ... now */
	bool waiting;                 /* this turn left them to a later one */
	struct run_counts told;       /* what progress said last */
	struct run_counts committed;  /* what is recorded */
	unsigned char *said;          /* by step index: SAID_ bits */
	struct map unwatched;         /* files of which was said that changes
				       * of them go unseen -> r */
	uint32_t unexpanded;          /* fan-outs that failed to be */
	bool wants_targets;           /* they are known to the graph */
	struct early_failure *early;  /* before that */
	uint32_t early_count;
	uint32_t early_alloc;
	bool unsettled;               /* some task would run again */
	struct witness *witness;      /* resume: what was looked at, when few
				       * files are not as it says; or NULL */
	struct trust *trust;          /* in tasks of which it tells; or NULL */
	struct witness_writer *testimony; /* what is to be the next, or NULL */
	bool is_true;                 /* it is */
	bool seeking;                 /* some target file has no maker yet */
	bool foresees;                /* a plan has taken files for restored,
				       * which no evaluation would see */
	bool stopping;                /* start nothing more */
	bool interrupted;
	int64_t interrupted_ns;       /* monotonic, of the first signal */
	struct error fatal;           /* the run's own failure */
	struct code *code;            /* keeps the code; NULL: not started */
	bool code_begun;              /* its snapshot is under way, or over */
	bool code_is_news;            /* ... of a run that executes nothing */
	bool code_taken;              /* ... and recorded */
	uint64_t code_left_out;       /* what is not in it */
	struct strbuf code_seen;      /* what was looked at for it: a list as
				       * in sys/sights.h */
	struct error code_failure;    /* why it was not */
};

/* ---- run-record.c ---- */
/* Keep of what was given, now and to the origin run, what the Flowfile has. */
void run_take_given(struct run *r);
/* Give R its number, and a record and a log of it. */
int run_record_begin(struct run *r, struct error *err);
/* Fill in how the run would end now, with so many tasks. */
void run_sum_up(struct run *r, uint32_t tasks_total);
/* Record that R is over so, and commit. */
int run_record_end(struct run *r, uint32_t tasks_total, struct error *err);

/* ---- expand.c ---- */
/* Make the graph: evaluate and link all that is known before anything runs. */
int run_expand(struct run *r, struct error *err);
/* Want the targets.  While one of them is a file that only a late fan-out can
 * make, r->seeking is set, one more opens, and this is called again. */
int run_want_targets(struct run *r, struct error *err);
/* Link and evaluate what a turn made possible. */
int run_advance(struct run *r, struct error *err);
/* Refuse what can be seen to be wrong with annotations of steps of which tasks
 * are wanted, also of tasks to come; and, but for a resume, which may need
 * none of them, steps that must run on AWS Batch. */
int run_check_demands(struct run *r, struct error *err);
/* Refuse S if its demands D say that it must run on AWS Batch, which nobody
 * configured. */
int run_refuse_batch(const struct run *r, const struct step *s,
		     const struct demands *d, struct error *err);
/* The first of three numbers that was said (is not 0). */
uint32_t first_said(uint32_t a, uint32_t b, uint32_t c);

/* ---- late.c ---- */
/* What is known of the tasks of a step that are wanted. */
enum coming {
	COMING_NOTHING,          /* there are none */
	COMING_KNOWN,
	COMING_LATE,             /* there may be more, in a late fan-out */
};
/* That of all steps, by index; the caller frees it. */
enum coming *run_coming_steps(const struct run *r);
/* Say which steps that --rerun names are none of what is wanted; nothing while
 * tasks may come that want them. */
void run_tell_unneeded(struct run *r);
/* The step in whose fan-out S stands, its own not counted; or NULL. */
const struct step *run_opener_around(const struct step *s);

/* ---- news.c ---- */
void run_note(struct run *r, const char *format, ...) PRINTF_LIKE(2, 3);
/* End what is left of the tasks of runs that were killed, and say so. */
void run_end_orphans(struct run *r);
/* Keep the first error of the run's own and stop. */
void run_fatal(struct run *r, struct error *err);
/* A as its news name it. */
struct task_news news_of(const struct run *r, const struct attempt *a);
/* Queue that A started, else ended; LAST: it is freed when that was told. */
void push_news(struct run *r, struct attempt *a,
	       const struct attempt_record *rec, bool started, bool last);
/* Whether the records of what ended may wait for those of others, to be
 * committed with them: it must have no other consequence now. */
bool run_may_wait(struct run *r);
/* Commit them, and what else was written; then tell it.  What could not be
 * committed is neither told nor counted. */
int run_commit(struct run *r, struct error *err);
/* Tell what was committed. */
void run_tell_news(struct run *r);
/* The record of A so far. */
struct attempt_record record_of(struct run *r, struct attempt *a);
/* Queue the end of an attempt, to be written and told; LAST: A is freed then.
 * What REC borrows is A's or its task's. */
void record_end(struct run *r, struct attempt *a,
		const struct attempt_record *rec, bool last);
/* COUNT tasks have ended so. */
void count_ends(struct run *r, enum task_outcome outcome, uint32_t count);

/* ---- tasks.c ---- */
/* Take what is ready, let it in as far as it goes, start it. */
void run_dispatch(struct run *r);
/* Start what was ready before this turn: nothing in it waits for what the
 * turn has still to commit. */
void run_refill(struct run *r);
/* Record the attempts that have begun, if it is time to, or NOW. */
void run_record_starts(struct run *r, bool now);
/* Record the tasks that were skipped, and those whose files are at fault. */
void run_record_skipped(struct run *r);
void run_record_faulty(struct run *r);
/* The expressions of T failed. */
void run_task_failed(struct run *r, struct task *t, const struct error *why);
/* Record that T, which the graph does not wait for, failed. */
void run_record_failed(struct run *r, struct task *t, const struct error *why);
/* What the executor calls. */
extern const struct executor_events run_executor_events;
/* A run that was alone does not answer. */
void run_tell_silence(void *data);
/* A leaves the limits; the second form gives its files back, too. */
void attempt_leave_limits(struct run *r, struct attempt *a);
void attempt_leave(struct run *r, struct attempt *a);
/* A is over before its start was recorded: it need not be. */
void forget_start(struct run *r, struct attempt *a);
/* Nothing runs, and nothing is started any more: end the tasks that wait for
 * another attempt. */
void run_cancel_retries(struct run *r);

/* Execute A, whose spec is made. */
void attempt_execute(struct run *r, struct attempt *a);

/* ---- ends.c ---- */
/* An attempt that the executor had is over. */
void on_finished(void *data, void *task, const struct outcome *o);
/* End all running attempts: TERM, and KILL after a while; HARD: KILL now. */
void run_cancel_all(struct run *r, bool hard);

/* ---- origin.c ---- */
/* Find the run to resume, and what parameters it was given. */
int run_find_origin(struct run *r, struct error *err);
/* Say so, if nothing is known any more of runs whose results are there. */
int run_tell_forgotten(struct run *r, struct error *err);

/* ---- resume.c ---- */
/* Read what can be reused. */
int run_read_results(struct run *r, struct error *err);
/* Of tasks that are ready, reuse those that have a result, and leave the
 * others due.  After some it leaves r->undecided set. */
void run_decide(struct run *r);
/* From here on each file is looked at once, ahead of those who ask; until
 * run_let_files_go. */
int run_hold_files(struct run *r, struct error *err);
void run_let_files_go(struct run *r);
/* The next task that is due, or NULL. */
struct task *run_take_due(struct run *r);
/* Move what is at PATH out of the way, for A, and say so if no task made it as
 * it is. */
int run_clear_output(struct run *r, const struct attempt *a, const char *path,
		     struct error *err);
/* Whether A, whose spec is made, ended so, or will, without being executed. */
bool attempt_reuse(struct run *r, struct attempt *a);
/* Record what was kept since the last time. */
int run_record_kept(struct run *r, struct error *err);

/* ---- due-reason.c ---- */
/* Append why A, a new attempt of a task that is due, has to be executed. */
void run_add_due_reason(struct run *r, struct attempt *a, struct strbuf *why);
void old_tasks_free(struct old_tasks *o);

/* ---- repeat.c ---- */
/* R is over, as run_sum_up says: prepare a witness of it for the next resume;
 * leave that if R then IS_RECORDED. */
void run_testify(struct run *r);
void run_testify_end(struct run *r, bool is_recorded);
/* Of a resume: look whether a witness says that nothing is to be done, and
 * then do that: 0; 1 when R has to look at its tasks; -1. */
int run_repeat(struct run *r, struct error *err);

/* ---- trust.c ---- */
/* Before the graph is there: see what r->witness says of its tasks. */
void run_trust_begin(struct run *r);
/* Whether T, whose files are not known, has nothing to do with what has
 * changed, nor with other tasks: a graph_world's is_settled. */
bool run_settles(void *data, const struct task *t);
/* The same of all tasks in COUNT splits of O from number INDEX on, for whom
 * nobody waits either: a graph_world's passes. */
bool run_passes(void *data, const struct opening *o, uint32_t index,
		uint32_t count, uint32_t place);
/* The next tasks that were passed over so and that follow one another in the
 * run that has their results: fill HIT for the first.  Returns how many; 0:
 * there is none. */
uint32_t run_take_passed(struct run *r, struct reuse_hit *hit);
/* The graph is there: begin to trust r->witness where it can be trusted. */
void run_trust(struct run *r);
/* Whether T, which is ready, has just the result that it had in the run of the
 * witness, so that it need not be asked; then HIT is filled, but for what was
 * made, which no task reads by a name. */
bool run_trusts(struct run *r, struct task *t, struct reuse_hit *hit);
/* What the witness needs to know of the tasks of R, COUNT of them, which are
 * recorded as KEPT, KEPT_COUNT ranges, says; the caller frees it. */
struct witness_task *run_list_tasks(const struct run *r,
				    const struct kept_range *kept,
				    size_t kept_count, uint32_t *count);
void trust_free(struct trust *t);

/* ---- run-code.c ---- */
/* Have the helper get ready.  May be left out. */
void run_code_start(struct run *r);
/* Have the code recorded, if that has not begun: a task is about to start. */
void run_code_begin(struct run *r);
/* The same for a run that has executed nothing, if there is need. */
void run_code_note_news(struct run *r);
/* The tasks are over: wait for it, and say what is missing. */
void run_code_end(struct run *r);

/* ---- plan.c ---- */
/* Of a resume, decide all that can be without executing anything. */
int run_plan(struct run *r, struct error *err);
void run_tell_plan(struct run *r);

#endif
