/*
 * The database behind everybody's back, for tests.
 */
#ifndef FLOWMAKE_TESTS_UNIT_DB_ROWS_H
#define FLOWMAKE_TESTS_UNIT_DB_ROWS_H

#include <sqlite3.h>

#include "base/base.h"
#include "store/store.h"

/* Run SQL on it with nothing of ours between. */
__attribute__((unused)) static void
change_rows(const char *sql)
{
	sqlite3 *db;

	if (sqlite3_open(STORE_DIR "/db", &db) ||
	    sqlite3_exec(db, sql, NULL, NULL, NULL) || sqlite3_close(db))
		bug("cannot run %s", sql);
}

/* How many rows the file PATH has; NULL: all files. */
__attribute__((unused)) static int
row_count(const char *path)
{
	sqlite3_stmt *st;
	sqlite3 *db;
	int count;

	if (sqlite3_open(STORE_DIR "/db", &db) ||
	    sqlite3_prepare_v2(db, "SELECT count(*) FROM files"
			       " WHERE ?1 IS NULL OR path = ?1", -1, &st,
			       NULL) ||
	    sqlite3_bind_text(st, 1, path, -1, SQLITE_STATIC) ||
	    sqlite3_step(st) != SQLITE_ROW)
		bug("cannot read the database");
	count = sqlite3_column_int(st, 0);
	sqlite3_finalize(st);
	sqlite3_close(db);
	return count;
}

#endif
