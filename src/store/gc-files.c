/*
 * The part of a gc that is about files of runs: logs, replaced files, what
 * killed processes left, and compiled Flowfiles.
 */
#include "base/base.h"

#include "store/gc-parts.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/path.h"
#include "base/strvec.h"
#include "store/db.h"
#include "store/store.h"
#include "store/witness.h"
#include "sys/file.h"

/* Compiled code that nobody has read for so long is of an old Flowfile. */
#define CODE_UNUSED_S (30 * 24 * 3600)

/* A directory of files to be removed, one by one. */
struct sweep {
	const char *dir;
	const struct gc_rows *rows;
	bool all_code;
	bool dry_run;
	struct gc_count *count;
};

/* Remove the entry NAME, or count it. */
static int
remove_entry(const struct sweep *w, const char *name, struct error *err)
{
	char *path = path_join(w->dir, name);
	uint64_t bytes = gc_size_of(path);
	int rc = w->dry_run ? 0 : file_remove_tree(path, err);

	if (!rc) {
		w->count->count++;
		w->count->bytes += bytes;
	}
	free(path);
	return rc;
}

/* Remove the entries of which WANTED is false. */
static int
sweep(const struct sweep *w,
      bool (*wanted)(const struct sweep *w, const char *name),
      struct error *err)
{
	struct strvec names = STRVEC_INIT;
	int rc = file_list(w->dir, &names, err);

	for (size_t i = 0; !rc && i < names.count; i++)
		if (!wanted(w, names.v[i]))
			rc = remove_entry(w, names.v[i], err);
	strvec_release(&names);
	return rc;
}

/* The run whose number NAME is, or begins with; 0: none. */
static uint32_t
run_of(const char *name)
{
	unsigned long run = strtoul(name, NULL, 10);

	return isdigit((unsigned char)*name) && run <= UINT32_MAX
		       ? (uint32_t)run : 0;
}

static bool
log_is_wanted(const struct sweep *w, const char *name)
{
	uint32_t run = run_of(name);

	return !run || gc_rows_need_run(w->rows, run);
}

static bool
replaced_is_wanted(const struct sweep *w, const char *name)
{
	uint32_t run = run_of(name);

	return !run || gc_rows_keep_run(w->rows, run);
}

/* Compiled code is made anew when it is wanted after all.  Of witnesses there
 * is but one, and of what a snapshot saw one list; they are read without being
 * written for as long as nothing changes: where reading does not set a time
 * they would look unused. */
static bool
code_is_wanted(const struct sweep *w, const char *name)
{
	int64_t now = clock_real_ns(&clock_system) / NS_PER_S;
	char *path = path_join(w->dir, name);
	struct stat st;
	bool wanted = lstat(path, &st) < 0 ||
		      ((MAX(st.st_atim.tv_sec, st.st_mtim.tv_sec) >
				now - CODE_UNUSED_S ||
			witness_is_at(path) ||
			!strcmp(path, STORE_CODE_SEEN)) && !w->all_code);

	free(path);
	return wanted;
}

/* ---- leftovers ---- */

/* Whether NAME in tmp/ is of a run that may go on, or is nothing of ours.  What
 * has no run's name is an object or a copy being made by some run. */
static bool
leftover_is_wanted(const struct gc_rows *rows, const char *name)
{
	uint32_t run = run_of(name);

	if (run)
		return run > rows->newest || gc_rows_has_live(rows, run);
	return rows->live_count || strncmp(name, ".flowmake-", 10);
}

int
gc_files_look(struct strvec *leftovers, struct error *err)
{
	return file_list(STORE_DIR "/tmp", leftovers, err);
}

static int
sweep_leftovers(const struct sweep *w, const struct strvec *leftovers,
		struct error *err)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < leftovers->count; i++)
		if (!leftover_is_wanted(w->rows, leftovers->v[i]))
			rc = remove_entry(w, leftovers->v[i], err);
	return rc;
}

/* ---- all ---- */

int
gc_files_sweep(const struct gc_rows *rows, const struct strvec *leftovers,
	       bool all_code, bool dry_run, struct gc_report *r,
	       struct error *err)
{
	struct sweep w = {
		.rows = rows, .all_code = all_code, .dry_run = dry_run,
	};

	w.dir = STORE_DIR "/logs";
	w.count = &r->kinds[GC_LOGS];
	if (sweep(&w, log_is_wanted, err))
		return -1;
	w.dir = STORE_DIR "/replaced";
	w.count = &r->kinds[GC_REPLACED];
	if (sweep(&w, replaced_is_wanted, err))
		return -1;
	w.dir = STORE_DIR "/tmp";
	w.count = &r->kinds[GC_TEMPORARY];
	if (sweep_leftovers(&w, leftovers, err))
		return -1;
	w.dir = STORE_DIR "/cache";
	w.count = &r->kinds[GC_CODE];
	return sweep(&w, code_is_wanted, err);
}

/* Read the rows of digests whose objects are gone. */
static int
list_gone(struct store *s, int64_t **rows, size_t *count, struct error *err)
{
	sqlite3_stmt *st = db_get(s, DB_GC_OBJECTS, err);
	size_t alloc = 0;
	struct stat there;
	int rc = -1;

	while (st && (rc = db_row(s, st, "cannot read digests", err)) > 0) {
		if (lstat(db_text(st, 1), &there) == 0)
			continue;
		ARRAY_GROW(*rows, *count, alloc);
		(*rows)[(*count)++] = sqlite3_column_int64(st, 0);
	}
	return rc;
}

int
gc_files_forget(struct store *s, struct error *err)
{
	int64_t *rows = NULL;
	size_t count = 0;
	sqlite3_stmt *st = NULL;
	int rc = list_gone(s, &rows, &count, err);

	if (!rc && count)
		rc = store_begin(s, err);
	if (!rc && count)
		st = db_get(s, DB_GC_DIGEST, err);
	if (count && !st)
		rc = -1;
	for (size_t i = 0; !rc && i < count; i++) {
		sqlite3_bind_int64(st, 1, rows[i]);
		rc = db_run(s, st, "cannot forget a digest", err);
	}
	free(rows);
	return store_commit(s, rc ? NULL : err) || rc ? -1 : 0;
}
