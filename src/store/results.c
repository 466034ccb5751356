/*
 * Good results, in short.
 */
#include "base/base.h"

#include "store/store.h"

#include "base/error.h"
#include "store/db.h"
#include "store/view.h"

/* Fill R from the row of ST. */
static void
read_result(sqlite3_stmt *st, struct result_row *r)
{
	int64_t id = sqlite3_column_int64(st, 0);

	r->run = view_row_run(id);
	r->task = view_row_task(id);
	r->step = db_text(st, 1);
	r->split = db_text(st, 2);
	r->key = db_digest(st, 3);
	r->origin_run = (uint32_t)sqlite3_column_int64(st, 4);
	r->origin_task = (uint32_t)sqlite3_column_int64(st, 5);
	if (!r->origin_run) {
		r->origin_run = r->run;
		r->origin_task = r->task;
	}
	r->results = db_blob(st, 6, &r->results_len);
	r->outputs = db_blob(st, 7, &r->outputs_len);
}

/* A walk over results. */
struct result_walk {
	struct store *store;
	bool (*fn)(void *data, const struct result_row *r);
	void *data;
	struct error *err;
};

/* Hand the rows of ST to the walk's function; 1 when that has stopped. */
static int
each_result(struct result_walk *w, sqlite3_stmt *st)
{
	struct result_row r;
	bool stop = false;
	int rc = 1;

	while (!stop && rc > 0) {
		rc = db_row(w->store, st, "cannot read results", w->err);
		if (rc > 0) {
			read_result(st, &r);
			stop = w->fn(w->data, &r);
		}
	}
	sqlite3_reset(st);
	return rc;
}

static int
results_of_part(void *data, const struct view_part *p)
{
	struct result_walk *w = data;
	sqlite3_stmt *st = db_get(w->store, DB_RESULT_EACH, w->err);

	if (!st)
		return -1;
	sqlite3_bind_int64(st, 1, view_row(p->run, p->first, 0));
	sqlite3_bind_int64(st, 2, view_row(p->run, p->last, VIEW_ATTEMPT_MAX));
	sqlite3_bind_int(st, 3, TASK_REUSED);
	return each_result(w, st);
}

int
store_result_each(struct store *s, uint32_t run,
		  bool (*fn)(void *data, const struct result_row *r),
		  void *data, struct error *err)
{
	struct result_walk walk = { s, fn, data, err };
	int rc = view_each_part(s, run, results_of_part, &walk, err);

	/* Pages that were read once, 16 MB of them, are of no more use. */
	sqlite3_db_release_memory(s->db);
	return MIN(rc, 0);
}

int
store_result_of_key(struct store *s, const struct digest *key,
		    bool (*fn)(void *data, const struct result_row *r),
		    void *data, struct error *err)
{
	struct result_walk walk = { s, fn, data, err };
	sqlite3_stmt *st = db_get(s, DB_RESULT_KEY, err);

	if (!st)
		return -1;
	db_bind_digest(st, 1, key);
	return MIN(each_result(&walk, st), 0);
}
