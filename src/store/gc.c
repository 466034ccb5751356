/*
 * The course of a garbage collection; gc.h says why it is safe.
 */
#include "base/base.h"

#include "store/gc.h"

#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/strvec.h"
#include "store/db.h"
#include "store/gc-parts.h"
#include "store/store.h"
#include "sys/file.h"
#include "sys/lock.h"

/* Others wait for the transaction in which so many are deleted. */
enum { BATCH_ROWS = 10000 };

struct gc {
	struct store *store;
	const struct gc_options *options;
	struct gc_report *report;
	struct gc_objects objects;
	struct strvec leftovers;
	struct gc_rows rows;
};

/* Look at the disk, before anybody looks at the records. */
static int
look(struct gc *g, struct error *err)
{
	return gc_files_look(&g->leftovers, err) ||
	       gc_objects_look(&g->objects, err) ? -1 : 0;
}

/* ---- counting ---- */

static int
count_records(struct gc *g, struct error *err)
{
	struct gc_count *kinds = g->report->kinds;
	int rc;

	if (store_snapshot_begin(g->store, err))
		return -1;
	rc = gc_rows_choose(&g->rows, g->store, g->options, err);
	kinds[GC_RUNS].count = g->rows.dropped_count;
	if (!rc)
		rc = gc_rows_count(&g->rows, g->store,
				   &kinds[GC_RECORDS].count, err);
	if (!rc)
		rc = gc_rows_mark(&g->rows, g->store, err);
	if (!rc)
		rc = gc_rows_delete_code(&g->rows, g->store, true,
					 &kinds[GC_SNAPSHOTS].count, err);
	if (store_snapshot_end(g->store, rc ? NULL : err))
		rc = -1;
	return rc;
}

static int
count(struct gc *g, struct error *err)
{
	if (look(g, err) || count_records(g, err) ||
	    gc_objects_sweep(&g->objects, &g->rows.named, NULL,
			     &g->report->kinds[GC_RESULTS], err))
		return -1;
	return gc_files_sweep(&g->rows, &g->leftovers, false, true, g->report,
			      err);
}

/* ---- removing ---- */

/* Choose the runs to keep, and forget the others. */
static int
forget_runs(struct gc *g, struct error *err)
{
	if (store_begin(g->store, err) ||
	    gc_rows_choose(&g->rows, g->store, g->options, err) ||
	    gc_rows_forget(&g->rows, g->store, err) ||
	    store_commit(g->store, err))
		return -1;
	g->report->kinds[GC_RUNS].count = g->rows.dropped_count;
	return 0;
}

/* There are no rows left that no run needs: remove what goes with them, and
 * look what the others name. */
static int
finish_rows(struct gc *g, struct error *err)
{
	return gc_rows_mark(&g->rows, g->store, err) ||
	       gc_rows_delete_texts(&g->rows, g->store, err) ||
	       gc_rows_delete_code(&g->rows, g->store, false,
				   &g->report->kinds[GC_SNAPSHOTS].count,
				   err) ? -1 : 0;
}

/* Remove the rows that no run needs any more, and look, in a transaction in
 * which there are none left, what the others name. */
static int
remove_rows(struct gc *g, struct error *err)
{
	/* Runs that began meanwhile must not push older ones out. */
	const struct gc_options all = { .goes_on = g->options->goes_on };
	int64_t changes = -1, now;
	size_t deleted;

	do {
		if (store_begin(g->store, err))
			return -1;
		now = db_changes(g->store, err);
		if (now < 0 || (now != changes &&
				gc_rows_choose(&g->rows, g->store, &all, err)))
			return -1;
		changes = now;
		if (gc_rows_delete(&g->rows, g->store, BATCH_ROWS, &deleted,
				   err) ||
		    (!deleted && finish_rows(g, err)) ||
		    store_commit(g->store, err))
			return -1;
		g->report->kinds[GC_RECORDS].count += deleted;
	} while (deleted);
	return 0;
}

/* Forget runs, and look what the others need. */
static int
remove_records(struct gc *g, struct error *err)
{
	return forget_runs(g, err) || remove_rows(g, err) ? -1 : 0;
}

/* Only look what all the runs that there are need, which changes nothing. */
static int
mark_all(struct gc *g, struct error *err)
{
	const struct gc_options all = { .goes_on = g->options->goes_on };

	if (store_begin(g->store, err) ||
	    gc_rows_choose(&g->rows, g->store, &all, err) ||
	    gc_rows_mark(&g->rows, g->store, err))
		return -1;
	return store_commit(g->store, err);
}

static int
sweep(struct gc *g, bool all_code, struct error *err)
{
	return gc_objects_sweep(&g->objects, &g->rows.named, g->store,
				&g->report->kinds[GC_RESULTS], err) ||
	       gc_files_sweep(&g->rows, &g->leftovers, all_code, false,
			      g->report, err) ? -1 : 0;
}

/* All of it, with the lock. */
static int
collect(struct gc *g, struct error *err)
{
	if (file_remove_tree(GC_TRASH, err) || look(g, err))
		return -1;
	if (remove_records(g, NULL)) {
		/* Even to delete, the database needs room.  Make some of what
		 * needs no record. */
		store_commit(g->store, NULL);
		if (mark_all(g, err) || sweep(g, true, err) ||
		    remove_records(g, err))
			return -1;
	}
	if (sweep(g, false, err) || gc_files_forget(g->store, err))
		return -1;
	if (!g->rows.live_count)
		db_shrink(g->store);
	return 0;
}

static int
collect_alone(struct gc *g, struct error *err)
{
	struct lock lock = LOCK_INIT;
	int rc;

	if (lock_wait(GC_TRASH ".lock", "gc", &lock, err) < 0)
		return -1;
	rc = collect(g, err);
	lock_drop(&lock);
	return rc;
}

int
store_gc(struct store *s, const struct gc_options *o, struct gc_report *r,
	 struct error *err)
{
	struct gc g = {
		.store = s, .options = o, .report = r,
		.leftovers = STRVEC_INIT,
	};
	int rc;

	memset(r, 0, sizeof(*r));
	gc_rows_init(&g.rows);
	rc = o->dry_run ? count(&g, err) : collect_alone(&g, err);
	r->code = g.rows.code;
	r->code_count = g.rows.code_count;
	r->newest = g.rows.newest;
	g.rows.code = NULL;
	gc_rows_release(&g.rows);
	gc_objects_release(&g.objects);
	strvec_release(&g.leftovers);
	return rc;
}
