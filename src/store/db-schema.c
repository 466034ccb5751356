/*
 * The tables of the database, in the order in which they came to be.
 */
#include "base/base.h"

#include "store/db.h"

const char *const db_migrations[] = {
	"CREATE TABLE runs ("
	" number INTEGER PRIMARY KEY AUTOINCREMENT,"
	" state INTEGER NOT NULL,"
	" started_ns INTEGER NOT NULL,"
	" ended_ns INTEGER NOT NULL,"
	" command TEXT, flow TEXT, flow_file TEXT, user TEXT, host TEXT,"
	" pid INTEGER NOT NULL,"
	" pid_started INTEGER NOT NULL,"
	" parameters BLOB, tags BLOB,"
	" tasks_total INTEGER NOT NULL,"
	" tasks_done INTEGER NOT NULL,"
	" tasks_failed INTEGER NOT NULL,"
	" tasks_skipped INTEGER NOT NULL,"
	" message TEXT);"
	"CREATE TABLE attempts ("
	" id INTEGER PRIMARY KEY," /* run << 40 | task << 12 | attempt */
	" step TEXT NOT NULL,"
	" split TEXT NOT NULL,"
	" outcome INTEGER NOT NULL,"
	" reusable INTEGER NOT NULL,"
	" key BLOB,"
	" element TEXT,"
	" pid INTEGER,"
	" started_ns INTEGER, ended_ns INTEGER,"
	" exit_status INTEGER, signal INTEGER,"
	" user_ns INTEGER, system_ns INTEGER, max_rss_kib INTEGER,"
	" log_start INTEGER, log_end INTEGER,"
	" origin_run INTEGER, origin_task INTEGER,"
	" message TEXT,"
	" key_parts BLOB, results BLOB, outputs BLOB);"
	"CREATE INDEX attempts_key ON attempts (key) WHERE reusable;"
	/* State: file-table.c describes its bytes.  One column is read in half
	 * the time of seven, and every command that runs reads them all. */
	"CREATE TABLE files ("
	" path TEXT PRIMARY KEY, state BLOB NOT NULL) WITHOUT ROWID;",

	/* What resume records. */
	"ALTER TABLE runs ADD COLUMN origin INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE runs ADD COLUMN tasks_reused INTEGER NOT NULL DEFAULT 0;"
	"CREATE TABLE kept ("
	" run INTEGER NOT NULL, first INTEGER NOT NULL,"
	" count INTEGER NOT NULL, source_run INTEGER NOT NULL,"
	" source_first INTEGER NOT NULL,"
	" PRIMARY KEY (run, first)) WITHOUT ROWID;",

	/* What digests in keys stand for, where it is short: recipes, values
	 * of definitions.  Written once, read by who compares keys. */
	"CREATE TABLE texts ("
	" digest BLOB PRIMARY KEY, text BLOB NOT NULL) WITHOUT ROWID;",

	/* Rows in the order in which they came: file-table.c says why. */
	"ALTER TABLE files RENAME TO old_files;"
	"CREATE TABLE files ("
	" id INTEGER PRIMARY KEY, path TEXT NOT NULL, state BLOB NOT NULL);"
	"INSERT INTO files SELECT NULL, path, state FROM old_files;"
	"DROP TABLE old_files;"
	"DROP TABLE IF EXISTS makers;",

	/* What the run put into the store: asked for of all runs at once. */
	"ALTER TABLE runs ADD COLUMN results_bytes INTEGER NOT NULL"
	" DEFAULT 0;",

	"CREATE TABLE code (run INTEGER PRIMARY KEY,"
	" commit_id TEXT, branch TEXT, tree TEXT, changed_count INTEGER,"
	" changed BLOB, left_out BLOB, failure TEXT);",

	"ALTER TABLE runs ADD COLUMN tasks_cancelled INTEGER NOT NULL"
	" DEFAULT 0;",
};

const int db_version = ARRAY_SIZE(db_migrations);
