/*
 * The records of runs.
 */
#include "base/base.h"

#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/strbuf.h"
#include "store/db.h"
#include "store/forgotten.h"
#include "store/log.h"
#include "sys/file.h"

/* Bind all of R but its number. */
static void
bind_run(sqlite3_stmt *st, const struct run_record *r)
{
	sqlite3_bind_int(st, 1, (int)r->state);
	sqlite3_bind_int64(st, 2, r->started_ns);
	sqlite3_bind_int64(st, 3, r->ended_ns);
	db_bind_str(st, 4, r->command);
	db_bind_str(st, 5, r->flow);
	db_bind_str(st, 6, r->flow_file);
	db_bind_str(st, 7, r->user);
	db_bind_str(st, 8, r->host);
	sqlite3_bind_int64(st, 9, r->pid);
	sqlite3_bind_int64(st, 10, r->pid_started);
	db_bind_blob(st, 11, r->parameters, r->parameters_len);
	db_bind_blob(st, 12, r->tags, r->tags_len);
	sqlite3_bind_int64(st, 13, r->tasks_total);
	sqlite3_bind_int64(st, 14, r->tasks_done);
	sqlite3_bind_int64(st, 15, r->tasks_failed);
	sqlite3_bind_int64(st, 16, r->tasks_skipped);
	db_bind_str(st, 17, r->message);
	sqlite3_bind_int64(st, 18, r->origin);
	sqlite3_bind_int64(st, 19, r->tasks_reused);
	sqlite3_bind_int64(st, 20, (int64_t)r->results_bytes);
	sqlite3_bind_int64(st, 21, r->tasks_cancelled);
}

/* Fill R from the row of ST. */
static int
read_run(sqlite3_stmt *st, struct run_record *r, struct error *err)
{
	int64_t number = sqlite3_column_int64(st, 0);

	if (number < 1 || number > UINT32_MAX)
		return db_damaged("cannot read a run", err);
	memset(r, 0, sizeof(*r));
	r->number = (uint32_t)number;
	r->state = (enum run_state)sqlite3_column_int(st, 1);
	r->started_ns = sqlite3_column_int64(st, 2);
	r->ended_ns = sqlite3_column_int64(st, 3);
	r->command = xstrdup(db_text(st, 4));
	r->flow = xstrdup(db_text(st, 5));
	r->flow_file = xstrdup(db_text(st, 6));
	r->user = xstrdup(db_text(st, 7));
	r->host = xstrdup(db_text(st, 8));
	r->pid = sqlite3_column_int64(st, 9);
	r->pid_started = sqlite3_column_int64(st, 10);
	r->parameters = db_blob_copy(st, 11, &r->parameters_len);
	r->tags = db_blob_copy(st, 12, &r->tags_len);
	r->tasks_total = (uint32_t)sqlite3_column_int64(st, 13);
	r->tasks_done = (uint32_t)sqlite3_column_int64(st, 14);
	r->tasks_failed = (uint32_t)sqlite3_column_int64(st, 15);
	r->tasks_skipped = (uint32_t)sqlite3_column_int64(st, 16);
	r->message = db_text_copy(st, 17);
	r->origin = (uint32_t)sqlite3_column_int64(st, 18);
	r->tasks_reused = (uint32_t)sqlite3_column_int64(st, 19);
	r->results_bytes = (uint64_t)sqlite3_column_int64(st, 20);
	r->tasks_cancelled = (uint32_t)sqlite3_column_int64(st, 21);
	return 0;
}

/* Insert R, with the next number if its own is 0. */
static int
insert_run(struct store *s, struct run_record *r, struct error *err)
{
	sqlite3_stmt *st = db_get(s, DB_RUN_INSERT, err);

	if (!st)
		return -1;
	bind_run(st, r);
	if (r->number)
		sqlite3_bind_int64(st, 22, r->number);
	else
		sqlite3_bind_null(st, 22);
	if (db_run(s, st, "cannot record the run", err))
		return -1;
	r->number = (uint32_t)sqlite3_last_insert_rowid(s->db);
	return 0;
}

/* A number that had been given when the database was lost, or what was written
 * to it last, is not given again. */
static int
renumber(struct store *s, struct run_record *r, struct error *err)
{
	uint32_t latest = forgotten_latest();
	sqlite3_stmt *st;

	if (latest < r->number)
		return 0;
	st = db_get(s, DB_GC_RUN, err);
	if (!st)
		return -1;
	sqlite3_bind_int64(st, 1, r->number);
	if (db_run(s, st, "cannot record the run", err))
		return -1;
	r->number = latest + 1;
	return insert_run(s, r, err);
}

int
store_run_begin(struct store *s, struct run_record *r, struct error *err)
{
	r->number = 0;
	if (store_commit(s, err) || store_begin(s, err) ||
	    insert_run(s, r, err))
		return -1;
	if ((r->number == 1 || log_exists(r->number)) && renumber(s, r, err))
		return -1;
	return store_commit(s, err);
}

int
store_run_end(struct store *s, const struct run_record *r, struct error *err)
{
	sqlite3_stmt *st;

	if (store_begin(s, err))
		return -1;
	st = db_get(s, DB_RUN_UPDATE, err);
	if (!st)
		return -1;
	bind_run(st, r);
	sqlite3_bind_int64(st, 22, r->number);
	return db_run(s, st, "cannot record the end of the run", err);
}

/* Read the one run that ST gives, as store_run_get. */
static int
get_run(struct store *s, sqlite3_stmt *st, struct run_record *r,
	struct error *err)
{
	int rc = db_row(s, st, "cannot read a run", err);

	if (rc > 0) {
		rc = read_run(st, r, err) ? -1 : 1;
		sqlite3_reset(st);
	}
	return rc;
}

int
store_run_get(struct store *s, uint32_t number, struct run_record *r,
	      struct error *err)
{
	sqlite3_stmt *st;

	st = db_get(s, number ? DB_RUN_GET : DB_RUN_LATEST, err);
	if (!st)
		return -1;
	if (number)
		sqlite3_bind_int64(st, 1, number);
	return get_run(s, st, r, err);
}

int
store_run_of_flow(struct store *s, const char *flow_file,
		  struct run_record *r, struct error *err)
{
	sqlite3_stmt *st = db_get(s, DB_RUN_OF_FLOW, err);

	if (!st)
		return -1;
	db_bind_str(st, 1, flow_file);
	return get_run(s, st, r, err);
}

int
store_run_list(struct store *s, struct run_record **runs, size_t *count,
	       struct error *err)
{
	sqlite3_stmt *st = db_get(s, DB_RUN_LIST, err);
	struct run_record *list = NULL;
	size_t n = 0, alloc = 0;
	int rc;

	if (!st)
		return -1;
	for (;;) {
		rc = db_row(s, st, "cannot read the runs", err);
		if (rc <= 0)
			break;
		ARRAY_GROW(list, n, alloc);
		rc = read_run(st, &list[n], err);
		if (rc)
			break;
		n++;
	}
	sqlite3_reset(st);
	if (rc) {
		while (n)
			run_record_release(&list[--n]);
		free(list);
		return -1;
	}
	*runs = list;
	*count = n;
	return 0;
}

void
run_record_release(struct run_record *r)
{
	free((char *)r->command);
	free((char *)r->flow);
	free((char *)r->flow_file);
	free((char *)r->user);
	free((char *)r->host);
	free((char *)r->parameters);
	free((char *)r->tags);
	free((char *)r->message);
	memset(r, 0, sizeof(*r));
}

int64_t
store_process_started(int64_t pid)
{
	struct strbuf stat = STRBUF_INIT;
	int64_t started = 0;
	char path[64], *p;
	int field;

	snprintf(path, sizeof(path), "/proc/%lld/stat", (long long)pid);
	if (file_read(path, &stat, NULL) == 0) {
		/* The program's name, field 2, may hold anything; the state,
		 * field 3, follows its last parenthesis. */
		p = strrchr(stat.buf, ')');
		if (p && p[1] == ' ' && p[2] != 'Z' && p[2] != 'X') {
			for (field = 2; p && field < 22; field++)
				p = strchr(p + 1, ' ');
			started = p ? strtoll(p, NULL, 10) : 0;
		}
	}
	strbuf_release(&stat);
	return started;
}

bool
store_run_alive(const struct run_record *r)
{
	char host[256];

	if (r->state != RUN_RUNNING || !r->pid || !r->host)
		return false;
	if (gethostname(host, sizeof(host)) < 0)
		return false;
	host[sizeof(host) - 1] = '\0';
	return !strcmp(host, r->host) &&
	       store_process_started(r->pid) == r->pid_started;
}
