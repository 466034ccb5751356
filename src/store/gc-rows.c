/*
 * The part of a gc that is about records: which runs are kept, which rows
 * they need, and what those name.
 */
#include "base/base.h"

#include "store/gc-parts.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/cbor.h"
#include "base/error.h"
#include "model/artifact.h"
#include "store/db.h"
#include "store/store.h"
#include "store/view.h"

/* A string of as many bytes as a digest has, in CBOR. */
enum { CBOR_DIGEST_HEAD = 0x40 + DIGEST_BYTES };

/* ---- sets ---- */

static int
compare_digests(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct digest));
}

void
digest_set_add(struct digest_set *set, const struct digest *d)
{
	ARRAY_GROW(set->v, set->count, set->alloc);
	set->v[set->count++] = *d;
}

void
digest_set_complete(struct digest_set *set)
{
	if (set->count)
		qsort(set->v, set->count, sizeof(*set->v), compare_digests);
}

/* The place of the digest of these bytes in SET, or NULL. */
static const struct digest *
find_digest(const struct digest_set *set, const void *bytes)
{
	return set->count ? bsearch(bytes, set->v, set->count, sizeof(*set->v),
				    compare_digests) : NULL;
}

bool
digest_set_has(const struct digest_set *set, const struct digest *d)
{
	return find_digest(set, d);
}

void
digest_set_release(struct digest_set *set)
{
	free(set->v);
	memset(set, 0, sizeof(*set));
}

static int
compare_numbers(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* Whether the ascending LIST has NUMBER. */
static bool
has_number(const uint32_t *list, size_t count, uint32_t number)
{
	return count && bsearch(&number, list, count, sizeof(*list),
				compare_numbers);
}

void
gc_rows_init(struct gc_rows *rows)
{
	memset(rows, 0, sizeof(*rows));
}

void
gc_rows_release(struct gc_rows *rows)
{
	free(rows->kept);
	free(rows->code);
	free(rows->dropped);
	free(rows->live);
	free(rows->needed);
	free(rows->logs);
	free(rows->is_told);
	free(rows->told);
	digest_set_release(&rows->named);
	digest_set_release(&rows->texts);
	gc_rows_init(rows);
}

/* ---- runs ---- */

/* Whether R goes on, as far as anybody can know. */
static bool
goes_on(const struct run_record *r, const struct gc_options *o)
{
	return r->state == RUN_RUNNING &&
	       (store_run_alive(r) || o->goes_on(r->number));
}

/* Which of the COUNT RUNS, oldest first, O wants to be kept. */
static void
choose_runs(struct gc_rows *rows, const struct run_record *runs, size_t count,
	    const struct gc_options *o, bool *kept)
{
	bool all = !o->keep && !o->keep_since_ns;

	for (size_t i = 0; i < count; i++) {
		bool live = goes_on(&runs[i], o);

		if (live)
			rows->live[rows->live_count++] = runs[i].number;
		kept[i] |= all || live || i + MAX(o->keep, 1) >= count ||
			   (o->keep_since_ns &&
			    runs[i].started_ns >= o->keep_since_ns);
		/* It may be reading what that shows. */
		for (size_t j = 0; live && j < i; j++)
			kept[j] |= runs[j].number == runs[i].origin;
	}
}

/* Read the runs, and sort them into those kept and those dropped. */
static int
read_runs(struct gc_rows *rows, struct store *s, const struct gc_options *o,
	  struct error *err)
{
	struct run_record *runs;
	size_t count, i;
	bool *kept;

	if (store_run_list(s, &runs, &count, err))
		return -1;
	kept = xcalloc(count + 1, sizeof(*kept));
	rows->live = xcalloc(count + 1, sizeof(*rows->live));
	choose_runs(rows, runs, count, o, kept);
	rows->kept = xcalloc(count + 1, sizeof(*rows->kept));
	rows->dropped = xcalloc(count + 1, sizeof(*rows->dropped));
	for (i = 0; i < count; i++) {
		rows->newest = runs[i].number;
		if (kept[i])
			rows->kept[rows->kept_count++] = runs[i].number;
		else
			rows->dropped[rows->dropped_count++] = runs[i].number;
		run_record_release(&runs[i]);
	}
	free(kept);
	free(runs);
	return 0;
}

/* ---- needed rows ---- */

static void
need(struct gc_rows *rows, uint32_t run, uint32_t first, uint32_t last)
{
	ARRAY_GROW(rows->needed, rows->needed_count, rows->needed_alloc);
	rows->needed[rows->needed_count++] = (struct row_span){
		view_row(run, first, 0), view_row(run, last, VIEW_ATTEMPT_MAX)
	};
}

static int
need_part(void *data, const struct view_part *p)
{
	need(data, p->run, p->first, p->last);
	return 0;
}

static int
compare_spans(const void *a, const void *b)
{
	const struct row_span *x = a, *y = b;

	return (x->first > y->first) - (x->first < y->first);
}

/* Sort the spans, and make one of those that overlap or touch. */
static void
merge_spans(struct gc_rows *rows)
{
	struct row_span *v = rows->needed;
	size_t n = 0;

	if (!rows->needed_count)
		return;
	qsort(v, rows->needed_count, sizeof(*v), compare_spans);
	for (size_t i = 1; i < rows->needed_count; i++) {
		if (v[i].first > v[n].last + 1)
			v[++n] = v[i];
		else
			v[n].last = MAX(v[n].last, v[i].last);
	}
	rows->needed_count = n + 1;
}

/* Need the tasks that executed what those of SPAN reused. */
static int
need_origins(struct gc_rows *rows, struct store *s, struct row_span span,
	     struct error *err)
{
	sqlite3_stmt *st = db_get(s, DB_GC_ORIGINS, err);
	int rc;

	if (!st)
		return -1;
	sqlite3_bind_int64(st, 1, span.first);
	sqlite3_bind_int64(st, 2, span.last);
	sqlite3_bind_int(st, 3, TASK_REUSED);
	while ((rc = db_row(s, st, "cannot read what was reused", err)) > 0) {
		uint32_t task = (uint32_t)sqlite3_column_int64(st, 1);

		need(rows, (uint32_t)sqlite3_column_int64(st, 0), task, task);
	}
	return rc;
}

int
gc_rows_choose(struct gc_rows *rows, struct store *s,
	       const struct gc_options *o, struct error *err)
{
	struct row_span *spans = NULL;
	size_t count, i;
	int rc;

	gc_rows_release(rows);
	rc = read_runs(rows, s, o, err);
	for (i = 0; !rc && i < rows->kept_count; i++)
		rc = view_each_part(s, rows->kept[i], need_part, rows, err);
	merge_spans(rows);
	count = rows->needed_count;
	if (count)
		spans = xmemdup(rows->needed, count * sizeof(*spans));
	for (i = 0; !rc && i < count; i++)
		rc = need_origins(rows, s, spans[i], err);
	merge_spans(rows);
	free(spans);
	return rc;
}

/* ---- what is not needed ---- */

int
gc_rows_forget(const struct gc_rows *rows, struct store *s, struct error *err)
{
	sqlite3_stmt *st;

	if (!rows->dropped_count)
		return 0;
	st = store_begin(s, err) ? NULL : db_get(s, DB_GC_RUN, err);
	if (!st)
		return -1;
	for (size_t i = 0; i < rows->dropped_count; i++) {
		sqlite3_bind_int64(st, 1, rows->dropped[i]);
		if (db_run(s, st, "cannot forget a run", err))
			return -1;
	}
	if (db_exec(s, DB_GC_KEPT, "cannot forget what was reused", err))
		return -1;
	return store_commit(s, err);
}

/* The rows before needed span number I, or behind the last. */
static struct row_span
gap_before(const struct gc_rows *rows, size_t i)
{
	return (struct row_span){
		i ? rows->needed[i - 1].last + 1 : 0,
		i < rows->needed_count
			? rows->needed[i].first - 1
			: view_row(rows->newest, VIEW_TASK_MAX,
				   VIEW_ATTEMPT_MAX)
	};
}

int
gc_rows_count(const struct gc_rows *rows, struct store *s, uint64_t *count,
	      struct error *err)
{
	sqlite3_stmt *st = db_get(s, DB_GC_COUNT, err);

	*count = 0;
	if (!st)
		return -1;
	for (size_t i = 0; i <= rows->needed_count; i++) {
		struct row_span gap = gap_before(rows, i);
		int64_t found;

		sqlite3_bind_int64(st, 1, gap.first);
		sqlite3_bind_int64(st, 2, gap.last);
		found = db_number(s, st, "cannot count what ran", err);
		if (found < 0)
			return -1;
		*count += (uint64_t)found;
	}
	return 0;
}

int
gc_rows_delete(const struct gc_rows *rows, struct store *s, size_t max,
	       size_t *deleted, struct error *err)
{
	sqlite3_stmt *st = db_get(s, DB_GC_DELETE, err);

	*deleted = 0;
	if (!st)
		return -1;
	for (size_t i = 0; i <= rows->needed_count && *deleted < max; i++) {
		struct row_span gap = gap_before(rows, i);

		sqlite3_bind_int64(st, 1, gap.first);
		sqlite3_bind_int64(st, 2, gap.last);
		sqlite3_bind_int64(st, 3, (int64_t)(max - *deleted));
		if (db_run(s, st, "cannot remove records", err))
			return -1;
		*deleted += (size_t)sqlite3_changes(s->db);
	}
	return 0;
}

/* ---- what they name ---- */

/* Add what the list of artifacts in column N names. */
static int
mark_list(struct gc_rows *rows, sqlite3_stmt *st, int n, struct arena *arena,
	  struct error *err)
{
	const struct artifact *list;
	size_t len, count;
	const char *data = db_blob(st, n, &len);
	struct cbor c;

	if (!len)
		return 0;
	cbor_init(&c, data, len);
	list = artifact_get_list(&c, arena, &count);
	for (size_t i = 0; i < count; i++)
		if (list[i].format != ARTIFACT_INLINE)
			digest_set_add(&rows->named, &list[i].digest);
	return cbor_finish(&c, "a task's record in " DB_PATH, err);
}

/* Tell the texts that column N, CBOR, names: whatever looks like the digest of
 * one, a string of 16 bytes, is taken for it. */
static void
tell_texts(struct gc_rows *rows, sqlite3_stmt *st, int n)
{
	const struct digest *found;
	size_t len;
	const char *data = db_blob(st, n, &len);

	for (size_t i = 0; i + DIGEST_BYTES < len; i++) {
		if (data[i] != CBOR_DIGEST_HEAD)
			continue;
		found = find_digest(&rows->texts, data + i + 1);
		if (!found || rows->is_told[found - rows->texts.v])
			continue;
		rows->is_told[found - rows->texts.v] = true;
		rows->told[rows->told_count++] = *found;
	}
}

/* Tell the texts that those which are told name. */
static int
tell_named_texts(struct gc_rows *rows, struct store *s, struct error *err)
{
	sqlite3_stmt *st = db_get(s, DB_TEXT_GET, err);
	int rc = st ? 0 : -1;

	for (size_t i = 0; rc >= 0 && i < rows->told_count; i++) {
		db_bind_digest(st, 1, &rows->told[i]);
		rc = db_row(s, st, "cannot read a recipe", err);
		if (rc > 0) {
			tell_texts(rows, st, 0);
			sqlite3_reset(st);
		}
	}
	return MIN(rc, 0);
}

/* Read the digests of all texts. */
static int
read_texts(struct gc_rows *rows, struct store *s, struct error *err)
{
	sqlite3_stmt *st = db_get(s, DB_GC_TEXTS, err);
	struct digest d;
	int rc;

	if (!st)
		return -1;
	while ((rc = db_row(s, st, "cannot read the recipes", err)) > 0) {
		d = db_digest(st, 0);
		digest_set_add(&rows->texts, &d);
	}
	digest_set_complete(&rows->texts);
	rows->is_told = xcalloc(rows->texts.count + 1, sizeof(bool));
	rows->told = xcalloc(rows->texts.count + 1, sizeof(*rows->told));
	return rc;
}

/* Add what the row of ST names. */
static int
mark_row(struct gc_rows *rows, sqlite3_stmt *st, struct error *err)
{
	uint32_t run = view_row_run(sqlite3_column_int64(st, 0));
	struct arena arena;
	int rc;

	if (!rows->log_count || rows->logs[rows->log_count - 1] != run) {
		ARRAY_GROW(rows->logs, rows->log_count, rows->log_alloc);
		rows->logs[rows->log_count++] = run;
	}
	arena_init(&arena);
	rc = mark_list(rows, st, 1, &arena, err);
	if (!rc)
		rc = mark_list(rows, st, 2, &arena, err);
	arena_release(&arena);
	tell_texts(rows, st, 3);
	return rc;
}

int
gc_rows_mark(struct gc_rows *rows, struct store *s, struct error *err)
{
	sqlite3_stmt *st = db_get(s, DB_GC_ROWS, err);
	int rc = st ? read_texts(rows, s, err) : -1;

	for (size_t i = 0; !rc && i < rows->needed_count; i++) {
		sqlite3_bind_int64(st, 1, rows->needed[i].first);
		sqlite3_bind_int64(st, 2, rows->needed[i].last);
		while ((rc = db_row(s, st, "cannot read what ran", err)) > 0) {
			rc = mark_row(rows, st, err);
			if (rc)
				break;
		}
	}
	if (st)
		sqlite3_reset(st);
	if (!rc)
		rc = tell_named_texts(rows, s, err);
	digest_set_complete(&rows->named);
	return rc;
}

int
gc_rows_delete_texts(const struct gc_rows *rows, struct store *s,
		     struct error *err)
{
	sqlite3_stmt *st = db_get(s, DB_GC_TEXT, err);

	if (!st)
		return -1;
	for (size_t i = 0; i < rows->texts.count && !rows->live_count; i++) {
		if (rows->is_told[i])
			continue;
		db_bind_digest(st, 1, &rows->texts.v[i]);
		if (db_run(s, st, "cannot remove a recipe", err))
			return -1;
	}
	return 0;
}

/* A run that has a record of code. */
struct code_run {
	uint32_t number;
	bool has_tree;
	bool is_needed;
};

/* List those, in ascending order. */
static int
list_code(struct store *s, struct code_run **runs, size_t *count,
	  struct error *err)
{
	sqlite3_stmt *st = db_get(s, DB_GC_CODES, err);
	size_t alloc = 0;
	int rc = -1;

	while (st && (rc = db_row(s, st, "cannot read snapshots", err)) > 0) {
		ARRAY_GROW(*runs, *count, alloc);
		(*runs)[(*count)++] = (struct code_run){
			.number = (uint32_t)sqlite3_column_int64(st, 0),
			.has_tree = sqlite3_column_int(st, 1),
		};
	}
	return rc;
}

/* Need the code of those in WANTED, and if one has none, since it executed
 * nothing, that of the latest before it that has. */
static void
need_code_of(const uint32_t *wanted, size_t wanted_count,
	     struct code_run *runs, size_t count)
{
	size_t at = 0;

	for (size_t i = 0; i < wanted_count; i++) {
		while (at < count && runs[at].number <= wanted[i])
			at++;
		if (at)
			runs[at - 1].is_needed = true;
	}
}

/* Need the code of runs that are kept, and of those whose results they have. */
static void
need_code(struct gc_rows *rows, struct code_run *runs, size_t count)
{
	need_code_of(rows->kept, rows->kept_count, runs, count);
	need_code_of(rows->logs, rows->log_count, runs, count);
	rows->code = xcalloc(rows->kept_count + count + 1,
			     sizeof(*rows->code));
	memcpy(rows->code, rows->kept,
	       rows->kept_count * sizeof(*rows->code));
	rows->code_count = rows->kept_count;
	for (size_t i = 0; i < count; i++)
		if (runs[i].is_needed &&
		    !has_number(rows->kept, rows->kept_count, runs[i].number))
			rows->code[rows->code_count++] = runs[i].number;
	if (rows->code_count)
		qsort(rows->code, rows->code_count, sizeof(*rows->code),
		      compare_numbers);
}

int
gc_rows_delete_code(struct gc_rows *rows, struct store *s, bool dry_run,
		    uint64_t *count, struct error *err)
{
	struct code_run *runs = NULL;
	size_t run_count = 0;
	int rc = list_code(s, &runs, &run_count, err);
	sqlite3_stmt *st = rc || dry_run ? NULL : db_get(s, DB_GC_CODE, err);

	if (!rc)
		need_code(rows, runs, run_count);
	for (size_t i = 0; !rc && i < run_count; i++) {
		if (runs[i].is_needed || runs[i].number > rows->newest)
			continue;
		*count += runs[i].has_tree;
		if (st)
			sqlite3_bind_int64(st, 1, runs[i].number);
		if (!dry_run)
			rc = st ? db_run(s, st, "cannot forget a snapshot",
					 err) : -1;
	}
	free(runs);
	return rc;
}

bool
gc_rows_keep_run(const struct gc_rows *rows, uint32_t number)
{
	return number > rows->newest ||
	       has_number(rows->kept, rows->kept_count, number);
}

bool
gc_rows_need_run(const struct gc_rows *rows, uint32_t number)
{
	return gc_rows_keep_run(rows, number) ||
	       has_number(rows->logs, rows->log_count, number);
}

bool
gc_rows_has_live(const struct gc_rows *rows, uint32_t number)
{
	return has_number(rows->live, rows->live_count, number);
}
