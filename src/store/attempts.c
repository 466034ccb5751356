/*
 * The records of attempts.
 */
#include "base/base.h"

#include "store/store.h"

#include <string.h>

#include "base/arena.h"
#include "base/cbor.h"
#include "base/error.h"
#include "store/db.h"
#include "store/view.h"

static const char *const outcome_names[] = {
	[TASK_RUNNING] = "running",
	[TASK_DONE] = "done",
	[TASK_FAILED] = "failed",
	[TASK_CAUGHT] = "caught",
	[TASK_SKIPPED] = "skipped",
	[TASK_REUSED] = "reused",
	[TASK_CANCELLED] = "cancelled",
	[TASK_RETRIED] = "retried",
};

const char *
task_outcome_name(enum task_outcome o)
{
	if (o >= ARRAY_SIZE(outcome_names))
		bug("task outcome %d", (int)o);
	return outcome_names[o];
}

const char *
task_outcome_not_good(enum task_outcome o)
{
	switch (o) {
	case TASK_FAILED:
	case TASK_RETRIED:
		return "failed";
	case TASK_CAUGHT:
		return "failed, which was caught";
	case TASK_CANCELLED:
		return "was cancelled";
	case TASK_RUNNING:
		return "did not end";
	case TASK_DONE:
	case TASK_SKIPPED:
	case TASK_REUSED:
		break;
	}
	return "was not good: something that it read changed meanwhile";
}

/* ---- writing ---- */

/* Bind the lists of A, encoded. */
static void
bind_lists(struct store *s, sqlite3_stmt *st, const struct attempt_record *a)
{
	db_bind_blob(st, 21, a->key_parts, a->key_parts_len);
	strbuf_reset(&s->results);
	if (a->result_count)
		artifact_put_list(&s->results, a->results, a->result_count);
	db_bind_blob(st, 22, a->result_count ? s->results.buf : NULL,
		     s->results.len);
	strbuf_reset(&s->outputs);
	if (a->output_count)
		artifact_put_list(&s->outputs, a->outputs, a->output_count);
	db_bind_blob(st, 23, a->output_count ? s->outputs.buf : NULL,
		     s->outputs.len);
}

/* Bind A to the statement that puts it into its row. */
static void
bind_attempt(struct store *s, sqlite3_stmt *st, const struct attempt_record *a)
{
	sqlite3_bind_int64(st, 1, view_row(a->run, a->task, a->attempt));
	db_bind_str(st, 2, a->step);
	db_bind_str(st, 3, a->split);
	sqlite3_bind_int(st, 4, (int)a->outcome);
	sqlite3_bind_int(st, 5, a->reusable);
	if (digest_is_zero(&a->key))
		sqlite3_bind_null(st, 6);
	else
		db_bind_digest(st, 6, &a->key);
	db_bind_str(st, 7, a->element);
	sqlite3_bind_int64(st, 8, a->pid);
	sqlite3_bind_int64(st, 9, a->started_ns);
	sqlite3_bind_int64(st, 10, a->ended_ns);
	sqlite3_bind_int(st, 11, a->exit_status);
	sqlite3_bind_int(st, 12, a->signal);
	sqlite3_bind_int64(st, 13, a->user_ns);
	sqlite3_bind_int64(st, 14, a->system_ns);
	sqlite3_bind_int64(st, 15, a->max_rss_kib);
	sqlite3_bind_int64(st, 16, (int64_t)a->log_start);
	sqlite3_bind_int64(st, 17, (int64_t)a->log_end);
	sqlite3_bind_int64(st, 18, a->origin_run);
	sqlite3_bind_int64(st, 19, a->origin_task);
	db_bind_str(st, 20, a->message);
	bind_lists(s, st, a);
}

/* Write A's row. */
static int
put_attempt(struct store *s, const struct attempt_record *a, const char *what,
	    struct error *err)
{
	sqlite3_stmt *st;

	if (store_begin(s, err) ||
	    (a->outcome == TASK_REUSED &&
	     view_check_good(s, a->origin_run, a->origin_task, 1, err)))
		return -1;
	st = db_get(s, DB_ATTEMPT_PUT, err);
	if (!st)
		return -1;
	bind_attempt(s, st, a);
	return db_run(s, st, what, err);
}

int
store_attempt_begin(struct store *s, const struct attempt_record *a,
		    struct error *err)
{
	return put_attempt(s, a, "cannot record the start of a task", err);
}

int
store_attempt_end(struct store *s, const struct attempt_record *a,
		  struct error *err)
{
	return put_attempt(s, a, "cannot record the end of a task", err);
}

/* ---- reading ---- */

/* Decode the list of artifacts in column N. */
static struct artifact *
read_list(sqlite3_stmt *st, int n, struct arena *arena, size_t *count,
	  int *rc, struct error *err)
{
	struct artifact *list;
	struct cbor c;
	size_t len;
	const char *data = db_blob(st, n, &len);

	*count = 0;
	if (!len)
		return NULL;
	cbor_init(&c, data, len);
	list = artifact_get_list(&c, arena, count);
	if (cbor_finish(&c, "a task's record in " DB_PATH, err))
		*rc = -1;
	return list;
}

/* Fill A from the row of ST; what it borrows lives until ST moves or ARENA
 * is released. */
static int
read_attempt(sqlite3_stmt *st, struct arena *arena, struct attempt_record *a,
	     struct error *err)
{
	int64_t id = sqlite3_column_int64(st, 0);
	int rc = 0;

	memset(a, 0, sizeof(*a));
	a->run = view_row_run(id);
	a->task = view_row_task(id);
	a->attempt = view_row_attempt(id);
	a->step = db_text(st, 1);
	a->split = db_text(st, 2);
	a->outcome = (enum task_outcome)sqlite3_column_int(st, 3);
	a->reusable = sqlite3_column_int(st, 4);
	a->key = db_digest(st, 5);
	a->element = db_text(st, 6);
	a->pid = sqlite3_column_int64(st, 7);
	a->started_ns = sqlite3_column_int64(st, 8);
	a->ended_ns = sqlite3_column_int64(st, 9);
	a->exit_status = sqlite3_column_int(st, 10);
	a->signal = sqlite3_column_int(st, 11);
	a->user_ns = sqlite3_column_int64(st, 12);
	a->system_ns = sqlite3_column_int64(st, 13);
	a->max_rss_kib = sqlite3_column_int64(st, 14);
	a->log_start = (uint64_t)sqlite3_column_int64(st, 15);
	a->log_end = (uint64_t)sqlite3_column_int64(st, 16);
	a->origin_run = (uint32_t)sqlite3_column_int64(st, 17);
	a->origin_task = (uint32_t)sqlite3_column_int64(st, 18);
	a->message = db_text_or_null(st, 19);
	a->key_parts = db_blob(st, 20, &a->key_parts_len);
	a->results = read_list(st, 21, arena, &a->result_count, &rc, err);
	a->outputs = read_list(st, 22, arena, &a->output_count, &rc, err);
	if (!rc && a->outcome >= ARRAY_SIZE(outcome_names))
		rc = db_damaged("cannot read a task's record", err);
	return rc;
}

/* Bind F to ST, one of the statements that select attempts, for PART. */
static void
bind_filter(sqlite3_stmt *st, const struct attempt_filter *f,
	    const struct view_part *part)
{
	sqlite3_bind_int64(st, 1, view_row(part->run, part->first, 0));
	sqlite3_bind_int64(st, 2, part->run ?
			   view_row(part->run, part->last, VIEW_ATTEMPT_MAX) :
			   INT64_MAX);
	db_bind_str(st, 3, f->step);
	db_bind_str(st, 4, f->split);
	if (f->key)
		db_bind_digest(st, 5, f->key);
}

/* Turn A, a row of PART, into what the run that kept it shows.  Returns whether
 * it shows it: only the attempt that succeeded. */
static bool
show_kept(const struct view_part *part, struct attempt_record *a)
{
	if (!a->reusable && a->outcome != TASK_REUSED)
		return false;
	if (a->outcome != TASK_REUSED) {
		a->origin_run = a->run;
		a->origin_task = a->task;
	}
	a->run = part->shown_run;
	a->task = part->shown_first + (a->task - part->first);
	a->attempt = 0;
	a->outcome = TASK_REUSED;
	/* it is in the log of the other run */
	a->log_start = a->log_end = 0;
	return true;
}

/* Hand the rows of ST, which are PART's, to FN; 1 when that has stopped. */
static int
each_row(struct store *s, sqlite3_stmt *st, const struct view_part *part,
	 bool (*fn)(void *data, const struct attempt_record *a), void *data,
	 struct error *err)
{
	struct attempt_record a;
	struct arena arena;
	bool stop = false;
	int rc;

	while (!stop) {
		rc = db_row(s, st, "cannot read what ran", err);
		if (rc <= 0)
			return rc;
		arena_init(&arena);
		rc = read_attempt(st, &arena, &a, err);
		if (!rc && (!part->shown_run || show_kept(part, &a)))
			stop = fn(data, &a);
		arena_release(&arena);
		if (rc)
			return -1;
	}
	return 1;
}

/* Hand the attempts of F that PART has to FN; 1 when that has stopped. */
static int
each_of_part(struct store *s, const struct attempt_filter *f,
	     const struct view_part *part,
	     bool (*fn)(void *data, const struct attempt_record *a),
	     void *data, struct error *err)
{
	enum db_statement which = f->key ? DB_ATTEMPT_KEY
				  : f->latest_only ? DB_ATTEMPT_LATEST
						   : DB_ATTEMPT_EACH;
	sqlite3_stmt *st = db_get(s, which, err);
	bool is_copy;
	int rc;

	/* FN of a walk above us is looking at that one's rows. */
	is_copy = st && sqlite3_stmt_busy(st);
	if (is_copy)
		st = db_get_copy(s, which, err);
	if (!st)
		return -1;
	bind_filter(st, f, part);
	rc = each_row(s, st, part, fn, data, err);
	sqlite3_reset(st);
	if (is_copy)
		sqlite3_finalize(st);
	return rc;
}

/* Cut P down to the tasks that F asks for; whether any are left. */
static bool
clip_part(struct view_part *p, const struct attempt_filter *f)
{
	uint32_t shown = p->shown_run ? p->shown_first : p->first;

	if (!f->task)
		return true;
	if (f->task < shown || f->task - shown > p->last - p->first)
		return false;
	p->first += f->task - shown;
	p->last = p->first;
	p->shown_first = f->task;
	return true;
}

/* A walk over the attempts of a run. */
struct attempt_walk {
	struct store *store;
	const struct attempt_filter *filter;
	bool (*fn)(void *data, const struct attempt_record *a);
	void *data;
	struct error *err;
};

static int
walk_part(void *data, const struct view_part *p)
{
	struct attempt_walk *w = data;
	struct view_part part = *p;

	if (!clip_part(&part, w->filter))
		return 0;
	return each_of_part(w->store, w->filter, &part, w->fn, w->data,
			    w->err);
}

int
store_attempt_each(struct store *s, const struct attempt_filter *f,
		   bool (*fn)(void *data, const struct attempt_record *a),
		   void *data, struct error *err)
{
	const struct view_part all = { .run = f->run, .last = VIEW_TASK_MAX };
	struct attempt_walk walk = { s, f, fn, data, err };
	int rc;

	if (!f->run && !f->key)
		bug("attempts of no run and no key");
	rc = f->key ? each_of_part(s, f, &all, fn, data, err)
		    : view_each_part(s, f->run, walk_part, &walk, err);
	return MIN(rc, 0);
}

/* Copy what is known of the execution of FROM. */
static bool
copy_figures(void *data, const struct attempt_record *from)
{
	struct attempt_record *to = data;

	if (!from->reusable && from->outcome != TASK_REUSED)
		return false;
	to->pid = from->pid;
	to->started_ns = from->started_ns;
	to->ended_ns = from->ended_ns;
	to->exit_status = from->exit_status;
	to->signal = from->signal;
	to->user_ns = from->user_ns;
	to->system_ns = from->system_ns;
	to->max_rss_kib = from->max_rss_kib;
	return true;
}

int
store_attempt_copy_figures(struct store *s, uint32_t run, uint32_t task,
			   struct attempt_record *a, struct error *err)
{
	const struct view_part part = { .run = run, .first = task,
					.last = task };
	const struct attempt_filter any = { .run = run };

	return MIN(each_of_part(s, &any, &part, copy_figures, a, err), 0);
}

int
store_key_known(struct store *s, const struct digest *key, struct error *err)
{
	sqlite3_stmt *st = db_get(s, DB_KEY_KNOWN, err);
	int rc;

	if (!st)
		return -1;
	db_bind_digest(st, 1, key);
	rc = db_row(s, st, "cannot look for a result", err);
	sqlite3_reset(st);
	return rc;
}

int
store_run_known(struct store *s, uint32_t run, uint32_t *count,
		struct error *err)
{
	sqlite3_stmt *st = db_get(s, DB_RUN_KNOWN, err);
	int64_t found;

	if (!st)
		return -1;
	sqlite3_bind_int64(st, 1, view_row(run, 0, 0));
	sqlite3_bind_int64(st, 2,
			   view_row(run, VIEW_TASK_MAX, VIEW_ATTEMPT_MAX));
	found = db_number(s, st, "cannot count known results", err);
	*count = (uint32_t)MAX(found, 0);
	return found < 0 ? -1 : 0;
}

/* Add what A put into the store to DATA, a number of bytes. */
static bool
add_bytes(void *data, const struct attempt_record *a)
{
	uint64_t *bytes = data;

	if (a->outcome != TASK_REUSED)
		*bytes += artifact_object_bytes(a->results, a->result_count);
	return false;
}

int
store_run_bytes(struct store *s, const struct run_record *r, uint64_t *bytes,
		struct error *err)
{
	const struct attempt_filter f = { .run = r->number };

	*bytes = r->results_bytes;
	if (r->state != RUN_RUNNING)
		return 0;
	return store_attempt_each(s, &f, add_bytes, bytes, err);
}
