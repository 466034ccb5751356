/*
 * The database: one SQLite file in WAL mode.
 *
 * One row holds all of an attempt, its lists as CBOR, because the number of
 * rows and pages touched by a task is what a task costs here.  The row's id is
 * made of run, task and attempt, so that a run's rows lie together in the
 * order in which they are written.  Only good results are in the index of
 * keys.  The texts of paths and splits are bytes, which SQLite keeps as they
 * are.
 */
#include "base/base.h"

#include "store/db.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/error.h"
#include "store/forgotten.h"

enum {
	DB_BUSY_MS = 30000,
	DB_CHECKPOINT_PAGES = 2000, /* 8 MB of write-ahead log */
	DB_LOG_BYTES = 1 << 20,     /* a longer one is not left behind */
	DB_CACHE_KIB = 16384,
	DB_SHRINK_PAGES = 256,      /* fewer are left for what comes */
};

#define ATTEMPT_COLUMNS \
	"id, step, split, outcome, reusable, key, element, pid, started_ns," \
	" ended_ns, exit_status, signal, user_ns, system_ns, max_rss_kib," \
	" log_start, log_end, origin_run, origin_task, message, key_parts," \
	" results, outputs"
#define ATTEMPT_MATCH \
	" FROM attempts a WHERE id BETWEEN ?1 AND ?2" \
	" AND (?3 IS NULL OR step = ?3) AND (?4 IS NULL OR split = ?4)"
#define RESULT_COLUMNS \
	"id, step, split, key, origin_run, origin_task, results, outputs"
#define RUN_COLUMNS \
	"number, state, started_ns, ended_ns, command, flow, flow_file," \
	" user, host, pid, pid_started, parameters, tags, tasks_total," \
	" tasks_done, tasks_failed, tasks_skipped, message, origin," \
	" tasks_reused, results_bytes, tasks_cancelled"

static const char *const statement_texts[DB_STATEMENTS] = {
	[DB_RUN_KNOWN] =
		"SELECT count(DISTINCT a.id >> 12) FROM attempts a"
		" WHERE a.id BETWEEN ?1 AND ?2 AND EXISTS (SELECT 1 FROM"
		" attempts b WHERE b.key = a.key AND b.reusable"
		" AND b.id < ?1)",
	/* Taking the lock at once: a transaction that read first could not
	 * wait for another writer. */
	[DB_BEGIN] = "BEGIN IMMEDIATE",
	[DB_SNAPSHOT] = "BEGIN",
	[DB_COMMIT] = "COMMIT",
	[DB_ROLLBACK] = "ROLLBACK",
	[DB_RUN_INSERT] =
		"INSERT INTO runs VALUES (?22, ?1, ?2, ?3, ?4, ?5, ?6, ?7,"
		" ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19,"
		" ?20, ?21)",
	[DB_RUN_UPDATE] =
		"REPLACE INTO runs VALUES (?22, ?1, ?2, ?3, ?4, ?5, ?6, ?7,"
		" ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19,"
		" ?20, ?21)",
	[DB_RUN_GET] = "SELECT " RUN_COLUMNS " FROM runs WHERE number = ?1",
	[DB_RUN_LATEST] = "SELECT " RUN_COLUMNS " FROM runs"
			  " ORDER BY number DESC LIMIT 1",
	[DB_RUN_OF_FLOW] = "SELECT " RUN_COLUMNS " FROM runs"
			   " WHERE flow_file = ?1"
			   " ORDER BY number DESC LIMIT 1",
	[DB_RUN_LIST] = "SELECT " RUN_COLUMNS " FROM runs ORDER BY number",
	[DB_RUN_ANY] = "SELECT EXISTS (SELECT 1 FROM runs)",
	/* The row of the start, which no index holds, is overwritten. */
	[DB_ATTEMPT_PUT] =
		"REPLACE INTO attempts VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7,"
		" ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19,"
		" ?20, ?21, ?22, ?23)",
	[DB_ATTEMPT_EACH] =
		"SELECT " ATTEMPT_COLUMNS ATTEMPT_MATCH " ORDER BY id",
	[DB_ATTEMPT_LATEST] =
		"SELECT " ATTEMPT_COLUMNS ATTEMPT_MATCH
		" AND NOT EXISTS (SELECT 1 FROM attempts b"
		" WHERE b.id > a.id AND b.id <= (a.id | 4095)) ORDER BY id",
	[DB_ATTEMPT_KEY] =
		"SELECT " ATTEMPT_COLUMNS ATTEMPT_MATCH
		" AND reusable AND key = ?5 ORDER BY id DESC",
	[DB_RESULT_EACH] =
		"SELECT " RESULT_COLUMNS " FROM attempts WHERE id BETWEEN ?1"
		" AND ?2 AND (reusable OR outcome = ?3) ORDER BY id",
	[DB_RESULT_KEY] =
		"SELECT " RESULT_COLUMNS " FROM attempts"
		" WHERE reusable AND key = ?1 ORDER BY id DESC",
	[DB_KEY_KNOWN] =
		"SELECT 1 FROM attempts WHERE reusable AND key = ?1 LIMIT 1",
	[DB_CODE_PUT] =
		"REPLACE INTO code VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
	[DB_CODE_GET] =
		"SELECT commit_id, branch, tree, changed_count, changed,"
		" left_out, failure FROM code WHERE run = ?1",
	[DB_CODE_BEFORE] = "SELECT max(run) FROM code WHERE run < ?1",
	[DB_FILE_LIST] = "SELECT id, path, state FROM files WHERE id > ?1"
			 " ORDER BY id",
	[DB_FILE_GET] = "SELECT id, path, state FROM files WHERE id = ?1",
	[DB_FILE_PUT] = "INSERT INTO files VALUES (NULL, ?1, ?2)",
	[DB_FILE_UPDATE] = "UPDATE files SET state = ?2 WHERE id = ?1",
	[DB_FILE_DELETE] = "DELETE FROM files WHERE id = ?1",
	[DB_KEPT_PUT] = "REPLACE INTO kept VALUES (?1, ?2, ?3, ?4, ?5)",
	[DB_KEPT_LIST] =
		"SELECT first, count, source_run, source_first FROM kept"
		" WHERE run = ?1 ORDER BY first",
	[DB_TEXT_PUT] = "INSERT OR IGNORE INTO texts VALUES (?1, ?2)",
	[DB_TEXT_GET] = "SELECT text FROM texts WHERE digest = ?1",
	[DB_CHANGES] = "PRAGMA data_version",
	[DB_GOOD_COUNT] =
		"SELECT count(DISTINCT id >> 12) FROM attempts"
		" WHERE id BETWEEN ?1 AND ?2 AND (reusable OR outcome = ?3)",
	[DB_GOOD_LIST] =
		"SELECT DISTINCT id >> 12 FROM attempts"
		" WHERE id BETWEEN ?1 AND ?2 AND (reusable OR outcome = ?3)"
		" ORDER BY id",
	[DB_SKIPPED_LIST] =
		"SELECT (id >> 12) & ?4, step, split, element FROM attempts"
		" WHERE id BETWEEN ?1 AND ?2 AND outcome = ?3 ORDER BY id",
	[DB_SKIPPED_COPY] =
		"INSERT INTO attempts SELECT id + ?3, step, split, outcome,"
		" reusable, key, element, pid, ?5, ?5, exit_status, signal,"
		" user_ns, system_ns, max_rss_kib, log_start, log_end,"
		" origin_run, origin_task, message, key_parts, results,"
		" outputs FROM attempts"
		" WHERE id BETWEEN ?1 AND ?2 AND outcome = ?4",
	[DB_GC_RUN] = "DELETE FROM runs WHERE number = ?1",
	[DB_GC_KEPT] =
		"DELETE FROM kept WHERE run NOT IN (SELECT number FROM runs)",
	[DB_GC_ORIGINS] =
		"SELECT DISTINCT origin_run, origin_task FROM attempts"
		" WHERE id BETWEEN ?1 AND ?2 AND outcome = ?3",
	[DB_GC_ROWS] =
		"SELECT id, results, outputs, key_parts FROM attempts"
		" WHERE id BETWEEN ?1 AND ?2 ORDER BY id",
	[DB_GC_COUNT] =
		"SELECT count(*) FROM attempts WHERE id BETWEEN ?1 AND ?2",
	[DB_GC_DELETE] =
		"DELETE FROM attempts WHERE id IN (SELECT id FROM attempts"
		" WHERE id BETWEEN ?1 AND ?2 LIMIT ?3)",
	[DB_GC_CODES] = "SELECT run, tree IS NOT NULL FROM code ORDER BY run",
	[DB_GC_CODE] = "DELETE FROM code WHERE run = ?1",
	[DB_GC_TEXTS] = "SELECT digest FROM texts",
	[DB_GC_TEXT] = "DELETE FROM texts WHERE digest = ?1",
	[DB_GC_OBJECTS] =
		"SELECT id, path FROM files WHERE path BETWEEN '" STORE_DIR "/'"
		" AND '" STORE_DIR "0'",
	/* What others know goes up to some row: its number must not come
	 * again. */
	[DB_GC_DIGEST] = "DELETE FROM files WHERE id = ?1"
			 " AND id < (SELECT max(id) FROM files)",
};

int
db_damaged(const char *what, struct error *err)
{
	return error_set(err, "%s: " DB_PATH " is damaged; move it and "
			 DB_PATH "-wal away to begin anew (results and logs "
			 "stay), or try to save it with 'sqlite3 " DB_PATH
			 " .recover'", what);
}

/* Say in ERR what went wrong last, after WHAT.  Returns -1. */
static int
db_error(struct store *s, const char *what, struct error *err)
{
	int code = s->db ? sqlite3_errcode(s->db) : SQLITE_NOMEM;

	switch (code & 0xff) {
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return db_damaged(what, err);
	case SQLITE_FULL:
		return error_set(err, "%s: no space left for " DB_PATH "; free "
				 "some space, then flowmake goes on where it "
				 "was", what);
	case SQLITE_BUSY:
		return error_set(err, "%s: another process has held the lock "
				 "of " DB_PATH " for %d seconds", what,
				 DB_BUSY_MS / 1000);
	case SQLITE_READONLY:
		return error_set(err, "%s: no permission to write " DB_PATH,
				 what);
	case SQLITE_IOERR:
	case SQLITE_CANTOPEN:
		errno = sqlite3_system_errno(s->db);
		if (errno)
			return error_sys(err, "%s: " DB_PATH, what);
		break;
	}
	return error_set(err, "%s: " DB_PATH ": %s", what,
			 s->db ? sqlite3_errmsg(s->db) : "no memory");
}

/* ---- opening ---- */

/* Run SQL, which gives no rows that matter; waits where SQLite's own waiting
 * does not reach (the change to WAL, recovery after a crash). */
static int
run_sql(struct store *s, const char *sql)
{
	int rc, waited_ms;

	for (waited_ms = 0; waited_ms < DB_BUSY_MS; waited_ms += 5) {
		rc = sqlite3_exec(s->db, sql, NULL, NULL, NULL);
		if ((rc & 0xff) != SQLITE_BUSY)
			return rc;
		poll(NULL, 0, 5);
	}
	return rc;
}

/* The number that PRAGMA gives, or -1. */
static int
read_number(struct store *s, const char *pragma)
{
	sqlite3_stmt *st = NULL;
	int number = -1;

	if (sqlite3_prepare_v2(s->db, pragma, -1, &st, NULL) == SQLITE_OK &&
	    sqlite3_step(st) == SQLITE_ROW)
		number = sqlite3_column_int(st, 0);
	if (sqlite3_finalize(st) != SQLITE_OK)
		return -1;
	return number;
}

static int
read_version(struct store *s)
{
	return read_number(s, "PRAGMA user_version");
}

/* Make the schema of a new file, or bring an older one up to date. */
static int
migrate(struct store *s, struct error *err)
{
	static const char what[] = "cannot set up the store";
	char pragma[64];
	int version;

	if (run_sql(s, "BEGIN IMMEDIATE"))
		return db_error(s, what, err);
	/* Asked again under the lock: two runs may have come together. */
	version = read_version(s);
	if (version < 0)
		return db_error(s, what, err);
	for (; version < db_version; version++)
		if (run_sql(s, db_migrations[version]))
			return db_error(s, what, err);
	snprintf(pragma, sizeof(pragma), "PRAGMA user_version = %d",
		 db_version);
	if (run_sql(s, pragma) || run_sql(s, "COMMIT"))
		return db_error(s, what, err);
	return 0;
}

/* Refuse what a newer flowmake wrote, migrate what an older one did. */
static int
check_version(struct store *s, struct error *err)
{
	int version = read_version(s);

	if (version < 0)
		return db_error(s, "cannot open the store", err);
	if (version > db_version)
		return error_set(err, DB_PATH " has format %d, written by a "
				 "newer flowmake; this one knows formats up to "
				 "%d", version, db_version);
	if (version == db_version)
		return 0;
	if (s->mode != STORE_READ)
		return migrate(s, err);
	if (!version)
		return store_say_no_run(forgotten_latest(), " (" DB_PATH
				     " is empty)", err);
	return error_set(err, DB_PATH " has the older format %d; the next "
			 "'flowmake run' will bring it up to date", version);
}

/* Set the connection up as db.c's head says. */
static int
configure(struct store *s, struct error *err)
{
	const char *mode = store_is_remote()
				   ? "PRAGMA journal_mode = DELETE"
				   : "PRAGMA journal_mode = WAL";
	char cache[64];

	snprintf(cache, sizeof(cache), "PRAGMA cache_size = -%d",
		 DB_CACHE_KIB);
	/* A reader without write permission needs the log that the last
	 * writer leaves; and nobody waits for a checkpoint at the end, unless
	 * it pays (shorten_log). */
	if (sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1,
			      NULL) || run_sql(s, cache))
		return db_error(s, "cannot open the store", err);
	if (s->mode == STORE_READ)
		return 0;
	if (run_sql(s, mode) || run_sql(s, "PRAGMA synchronous = NORMAL") ||
	    sqlite3_wal_autocheckpoint(s->db, DB_CHECKPOINT_PAGES))
		return db_error(s, "cannot open the store", err);
	return 0;
}

/* Open URI. */
static int
open_uri(struct store *s, const char *uri, int flags)
{
	int rc = sqlite3_open_v2(uri, &s->db, flags | SQLITE_OPEN_URI |
				 SQLITE_OPEN_NOMUTEX |
				 SQLITE_OPEN_EXRESCODE, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_busy_timeout(s->db, DB_BUSY_MS);
	return rc;
}

/* A writer was killed in the middle of a change, which a reader cannot undo:
 * undo it, as a writer without anything to write. */
static int
recover(struct store *s)
{
	sqlite3_close(s->db);
	s->db = NULL;
	return open_uri(s, "file:" DB_PATH, SQLITE_OPEN_READWRITE) ||
	       read_version(s) < 0 ? -1 : 0;
}

/* Open for reading.  SQLite reads a WAL file without any permission to write
 * as long as the files beside it exist.  Where they do not (somebody made a
 * checkpoint with another tool, or copied the file), and cannot be made, the
 * database is complete by itself and can be read as what never changes; but
 * never while a log exists, whose changes would be missed. */
static int
open_reader(struct store *s, struct error *err)
{
	struct stat st;

	if (stat(DB_PATH, &st) < 0 && errno == ENOENT)
		return store_say_no_run(forgotten_latest(), " (there is no "
				     DB_PATH ")", err);
	if (open_uri(s, "file:" DB_PATH, SQLITE_OPEN_READONLY))
		return db_error(s, "cannot open the store", err);
	if (read_version(s) >= 0 ||
	    ((sqlite3_errcode(s->db) & 0xff) == SQLITE_READONLY &&
	     recover(s) == 0))
		return 0;
	if (faccessat(AT_FDCWD, STORE_DIR, W_OK, AT_EACCESS) == 0 ||
	    (stat(DB_PATH "-wal", &st) == 0 && st.st_size))
		return db_error(s, "cannot read the store", err);
	sqlite3_close(s->db);
	s->db = NULL;
	if (open_uri(s, "file:" DB_PATH "?immutable=1",
		     SQLITE_OPEN_READONLY))
		return db_error(s, "cannot open the store", err);
	return 0;
}

int
db_open(struct store *s, struct error *err)
{
	s->changes = -1;
	if (forgotten_check_log(err))
		return -1;
	if (s->mode == STORE_READ) {
		if (open_reader(s, err))
			return -1;
	} else if (open_uri(s, s->mode == STORE_TRIAL ? ":memory:" :
			    "file:" DB_PATH, SQLITE_OPEN_READWRITE |
			    SQLITE_OPEN_CREATE)) {
		return db_error(s, "cannot open the store", err);
	}
	if (configure(s, err) || check_version(s, err))
		return -1;
	s->changes = db_changes(s, err);
	return s->changes < 0 ? -1 : 0;
}

/* Whoever is the first to open the database reads all of its log: who is the
 * last to close it makes a checkpoint when that is long, and empties it. */
static void
shorten_log(struct store *s)
{
	struct stat st;
	int keep = 1;

	if (!s->db || s->mode != STORE_WRITE || s->changes < 0 ||
	    stat(DB_PATH "-wal", &st) < 0 || st.st_size < DB_LOG_BYTES)
		return;
	if (!sqlite3_file_control(s->db, NULL, SQLITE_FCNTL_PERSIST_WAL,
				  &keep) &&
	    !run_sql(s, "PRAGMA journal_size_limit = 0"))
		sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0,
				  NULL);
}

int
db_close(struct store *s, struct error *err)
{
	size_t i;

	for (i = 0; i < DB_STATEMENTS; i++) {
		sqlite3_finalize(s->statements[i]);
		s->statements[i] = NULL;
	}
	shorten_log(s);
	if (sqlite3_close(s->db) != SQLITE_OK)
		return db_error(s, "cannot close the store", err);
	s->db = NULL;
	return 0;
}

void
db_shrink(struct store *s)
{
	int pages = read_number(s, "PRAGMA page_count");
	int unused = read_number(s, "PRAGMA freelist_count");

	/* Where it fails, nothing has changed. */
	if (unused >= DB_SHRINK_PAGES && unused >= pages / 4 &&
	    sqlite3_exec(s->db, "VACUUM", NULL, NULL, NULL) == SQLITE_OK)
		sqlite3_wal_checkpoint_v2(s->db, NULL,
					  SQLITE_CHECKPOINT_TRUNCATE, NULL,
					  NULL);
}

/* ---- statements ---- */

sqlite3_stmt *
db_get_copy(struct store *s, enum db_statement which, struct error *err)
{
	sqlite3_stmt *st;

	if (sqlite3_prepare_v3(s->db, statement_texts[which], -1,
			       SQLITE_PREPARE_PERSISTENT, &st, NULL)) {
		db_error(s, "cannot use the store", err);
		return NULL;
	}
	return st;
}

sqlite3_stmt *
db_get(struct store *s, enum db_statement which, struct error *err)
{
	if (!s->statements[which])
		s->statements[which] = db_get_copy(s, which, err);
	return s->statements[which];
}

int
db_row(struct store *s, sqlite3_stmt *st, const char *what, struct error *err)
{
	int rc = sqlite3_step(st);

	if (rc == SQLITE_ROW)
		return 1;
	if (rc != SQLITE_DONE)
		db_error(s, what, err);
	sqlite3_reset(st);
	return rc == SQLITE_DONE ? 0 : -1;
}

int
db_run(struct store *s, sqlite3_stmt *st, const char *what, struct error *err)
{
	int rc = db_row(s, st, what, err);

	if (rc > 0)
		bug("%s: the statement gives rows", what);
	return rc;
}

int
db_exec(struct store *s, enum db_statement which, const char *what,
	struct error *err)
{
	sqlite3_stmt *st = db_get(s, which, err);

	return st ? db_run(s, st, what, err) : -1;
}

int64_t
db_number(struct store *s, sqlite3_stmt *st, const char *what,
	  struct error *err)
{
	int64_t number = 0;
	int rc = db_row(s, st, what, err);

	if (rc > 0)
		number = sqlite3_column_int64(st, 0);
	sqlite3_reset(st);
	return rc < 0 ? -1 : number;
}

int64_t
db_changes(struct store *s, struct error *err)
{
	sqlite3_stmt *st = db_get(s, DB_CHANGES, err);

	return st ? db_number(s, st, "cannot read the store", err) : -1;
}

/* A parameter is only refused when there is no such one. */
static void
check_bound(int rc)
{
	if (rc != SQLITE_OK)
		bug("a statement refuses a parameter: %s", sqlite3_errstr(rc));
}

void
db_bind_str(sqlite3_stmt *st, int n, const char *text)
{
	check_bound(sqlite3_bind_text(st, n, text, -1, SQLITE_STATIC));
}

void
db_bind_blob(sqlite3_stmt *st, int n, const void *data, size_t len)
{
	check_bound(sqlite3_bind_blob64(st, n, data, len, SQLITE_STATIC));
}

void
db_bind_digest(sqlite3_stmt *st, int n, const struct digest *d)
{
	db_bind_blob(st, n, d->bytes, DIGEST_BYTES);
}

const char *
db_text_or_null(sqlite3_stmt *st, int n)
{
	return (const char *)sqlite3_column_text(st, n);
}

const char *
db_text(sqlite3_stmt *st, int n)
{
	const char *text = db_text_or_null(st, n);

	return text ? text : "";
}

const char *
db_blob(sqlite3_stmt *st, int n, size_t *len)
{
	const char *data = sqlite3_column_blob(st, n);

	*len = (size_t)sqlite3_column_bytes(st, n);
	return data;
}

char *
db_text_copy(sqlite3_stmt *st, int n)
{
	const char *text = db_text_or_null(st, n);

	return text ? xstrdup(text) : NULL;
}

char *
db_blob_copy(sqlite3_stmt *st, int n, size_t *len)
{
	const char *data = db_blob(st, n, len);

	return data ? xmemdup(data, *len) : NULL;
}

struct digest
db_digest(sqlite3_stmt *st, int n)
{
	struct digest d = { { 0 } };
	size_t len;
	const char *data = db_blob(st, n, &len);

	if (len == DIGEST_BYTES)
		memcpy(d.bytes, data, DIGEST_BYTES);
	return d;
}
