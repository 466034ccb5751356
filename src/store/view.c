/*
 * What a run shows: its own records, and those that it kept.
 */
#include "base/base.h"

#include "store/view.h"

#include <stdlib.h>

#include "base/cbor.h"
#include "base/error.h"
#include "base/strbuf.h"
#include "store/db.h"

enum {
	ATTEMPT_BITS = 12,
	TASK_BITS = 28,
	RUN_MAX = (1 << 23) - 1,
};

int64_t
view_row(uint32_t run, uint32_t task, uint32_t attempt)
{
	if (run > RUN_MAX || task > VIEW_TASK_MAX ||
	    attempt > VIEW_ATTEMPT_MAX)
		bug("attempt %u of task %u/%u", attempt, run, task);
	return (int64_t)run << (TASK_BITS + ATTEMPT_BITS) |
	       (int64_t)task << ATTEMPT_BITS | attempt;
}

uint32_t
view_row_run(int64_t row)
{
	return (uint32_t)(row >> (TASK_BITS + ATTEMPT_BITS));
}

uint32_t
view_row_task(int64_t row)
{
	return (uint32_t)(row >> ATTEMPT_BITS) & VIEW_TASK_MAX;
}

uint32_t
view_row_attempt(int64_t row)
{
	return (uint32_t)row & VIEW_ATTEMPT_MAX;
}

int
view_check_good(struct store *s, uint32_t run, uint32_t first, uint32_t count,
		struct error *err)
{
	int64_t changes = db_changes(s, err), found;
	sqlite3_stmt *st;

	if (changes < 0)
		return -1;
	if (changes == s->changes)
		return 0;
	st = db_get(s, DB_GOOD_COUNT, err);
	if (!st)
		return -1;
	sqlite3_bind_int64(st, 1, view_row(run, first, 0));
	sqlite3_bind_int64(st, 2, view_row(run, first + count - 1,
					   VIEW_ATTEMPT_MAX));
	sqlite3_bind_int(st, 3, TASK_REUSED);
	found = db_number(s, st, "cannot look for results", err);
	if (found < 0)
		return -1;
	if (found == count)
		return 0;
	return error_set(err, "results of run %u were to be used again, but "
			 "'flowmake gc' has just removed them; try again",
			 run);
}

int
store_kept_put(struct store *s, uint32_t run, const struct kept_range *k,
	       struct error *err)
{
	sqlite3_stmt *st;

	if (store_begin(s, err) ||
	    view_check_good(s, k->source_run, k->source_first, k->count, err))
		return -1;
	st = db_get(s, DB_KEPT_PUT, err);
	if (!st)
		return -1;
	sqlite3_bind_int64(st, 1, run);
	sqlite3_bind_int64(st, 2, k->first);
	sqlite3_bind_int64(st, 3, k->count);
	sqlite3_bind_int64(st, 4, k->source_run);
	sqlite3_bind_int64(st, 5, k->source_first);
	return db_run(s, st, "cannot record what is reused", err);
}

int
store_kept_list(struct store *s, uint32_t run, struct kept_range **list,
		size_t *count, struct error *err)
{
	sqlite3_stmt *st = db_get(s, DB_KEPT_LIST, err);
	struct kept_range *v = NULL;
	size_t n = 0, alloc = 0;
	int rc;

	if (!st)
		return -1;
	sqlite3_bind_int64(st, 1, run);
	while ((rc = db_row(s, st, "cannot read what is reused", err)) > 0) {
		ARRAY_GROW(v, n, alloc);
		v[n].first = (uint32_t)sqlite3_column_int64(st, 0);
		v[n].count = (uint32_t)sqlite3_column_int64(st, 1);
		v[n].source_run = (uint32_t)sqlite3_column_int64(st, 2);
		v[n++].source_first = (uint32_t)sqlite3_column_int64(st, 3);
	}
	*list = v;
	*count = n;
	if (rc)
		free(v);
	return rc;
}

int
view_each_part(struct store *s, uint32_t run,
	       int (*fn)(void *data, const struct view_part *part), void *data,
	       struct error *err)
{
	struct view_part own = { .run = run };
	struct kept_range *kept;
	size_t count, i;
	int rc = 0;

	if (store_kept_list(s, run, &kept, &count, err))
		return -1;
	for (i = 0; !rc && i < count; i++) {
		const struct kept_range *k = &kept[i];
		struct view_part part = {
			.run = k->source_run,
			.first = k->source_first,
			.last = k->source_first + k->count - 1,
			.shown_run = run,
			.shown_first = k->first,
		};

		own.last = k->first - 1;
		if (own.first <= own.last)
			rc = fn(data, &own);
		if (!rc)
			rc = fn(data, &part);
		own.first = k->first + k->count;
	}
	own.last = VIEW_TASK_MAX;
	if (!rc)
		rc = fn(data, &own);
	free(kept);
	return rc;
}

/* ---- what another run would show ---- */

struct range_list {
	struct store *store;
	struct kept_range *v;
	size_t count;
	size_t alloc;
	struct error *err;
};

static void
add_range(struct range_list *l, const struct kept_range *k)
{
	ARRAY_GROW(l->v, l->count, l->alloc);
	l->v[l->count++] = *k;
}

/* Add TASK of RUN itself. */
static void
add_task(struct range_list *l, uint32_t run, uint32_t task)
{
	struct kept_range *last = l->count ? &l->v[l->count - 1] : NULL;
	struct kept_range one = { task, 1, run, task };

	if (last && last->source_run == run &&
	    last->first + last->count == task)
		last->count++;
	else
		add_range(l, &one);
}

static int
add_part(void *data, const struct view_part *p)
{
	struct range_list *l = data;
	struct kept_range kept = { p->shown_first, p->last - p->first + 1,
				   p->run, p->first };
	sqlite3_stmt *st;
	int rc;

	if (p->shown_run) {
		add_range(l, &kept);
		return 0;
	}
	st = db_get(l->store, DB_GOOD_LIST, l->err);
	if (!st)
		return -1;
	sqlite3_bind_int64(st, 1, view_row(p->run, p->first, 0));
	sqlite3_bind_int64(st, 2, view_row(p->run, p->last,
					   VIEW_ATTEMPT_MAX));
	sqlite3_bind_int(st, 3, TASK_REUSED);
	while ((rc = db_row(l->store, st, "cannot read results", l->err)) > 0)
		add_task(l, p->run, (uint32_t)sqlite3_column_int64(st, 0) &
			 VIEW_TASK_MAX);
	return rc;
}

int
store_good_list(struct store *s, uint32_t run, struct kept_range **list,
		size_t *count, struct error *err)
{
	struct range_list l = { s, NULL, 0, 0, err };
	int rc = view_each_part(s, run, add_part, &l, err);

	if (rc)
		free(l.v);
	else
		*list = l.v;
	*count = l.count;
	return rc;
}

int
store_skipped_digest(struct store *s, uint32_t run, struct digest *d,
		     struct error *err)
{
	sqlite3_stmt *st = db_get(s, DB_SKIPPED_LIST, err);
	struct strbuf sb = STRBUF_INIT;
	int rc;

	if (!st)
		return -1;
	sqlite3_bind_int64(st, 1, view_row(run, 0, 0));
	sqlite3_bind_int64(st, 2, view_row(run, VIEW_TASK_MAX,
					   VIEW_ATTEMPT_MAX));
	sqlite3_bind_int(st, 3, TASK_SKIPPED);
	sqlite3_bind_int64(st, 4, VIEW_TASK_MAX);
	while ((rc = db_row(s, st, "cannot read what was skipped", err)) > 0) {
		cbor_put_int(&sb, sqlite3_column_int64(st, 0));
		cbor_put_str(&sb, db_text(st, 1));
		cbor_put_str(&sb, db_text(st, 2));
		cbor_put_str(&sb, db_text(st, 3));
	}
	*d = digest_of(sb.buf, sb.len);
	strbuf_release(&sb);
	return rc;
}

int
store_skipped_copy(struct store *s, uint32_t from, uint32_t run,
		   int64_t real_ns, struct error *err)
{
	sqlite3_stmt *st;

	if (store_begin(s, err))
		return -1;
	st = db_get(s, DB_SKIPPED_COPY, err);
	if (!st)
		return -1;
	sqlite3_bind_int64(st, 1, view_row(from, 0, 0));
	sqlite3_bind_int64(st, 2, view_row(from, VIEW_TASK_MAX,
					   VIEW_ATTEMPT_MAX));
	sqlite3_bind_int64(st, 3, view_row(run, 0, 0) - view_row(from, 0, 0));
	sqlite3_bind_int(st, 4, TASK_SKIPPED);
	sqlite3_bind_int64(st, 5, real_ns);
	return db_run(s, st, "cannot record what is skipped", err);
}
