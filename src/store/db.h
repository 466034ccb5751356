/*
 * The database under store.h: connection, statements, transactions, errors.
 * For the files of this floor only.
 */
#ifndef FLOWMAKE_STORE_DB_H
#define FLOWMAKE_STORE_DB_H

#include <sqlite3.h>

#include "base/base.h"
#include "base/strbuf.h"
#include "store/store.h"

struct digest;
struct error;

#define DB_PATH STORE_DIR "/db"

/* Every statement that is ever run; db.c has their texts. */
enum db_statement {
	DB_BEGIN,
	DB_SNAPSHOT,
	DB_COMMIT,
	DB_ROLLBACK,
	DB_RUN_INSERT,
	DB_RUN_UPDATE,
	DB_RUN_GET,
	DB_RUN_LATEST,
	DB_RUN_OF_FLOW,
	DB_RUN_LIST,
	DB_RUN_ANY,
	DB_ATTEMPT_PUT,
	DB_ATTEMPT_EACH,
	DB_ATTEMPT_LATEST,
	DB_ATTEMPT_KEY,
	DB_KEY_KNOWN,
	DB_CODE_PUT,
	DB_CODE_GET,
	DB_CODE_BEFORE,
	DB_FILE_LIST,
	DB_FILE_GET,
	DB_FILE_PUT,
	DB_FILE_UPDATE,
	DB_FILE_DELETE,
	DB_RUN_KNOWN,
	DB_RESULT_EACH,
	DB_RESULT_KEY,
	DB_KEPT_PUT,
	DB_KEPT_LIST,
	DB_TEXT_PUT,
	DB_TEXT_GET,
	DB_CHANGES,
	DB_GOOD_COUNT,
	DB_GOOD_LIST,
	DB_SKIPPED_LIST,
	DB_SKIPPED_COPY,
	DB_GC_RUN,
	DB_GC_KEPT,
	DB_GC_ORIGINS,
	DB_GC_ROWS,
	DB_GC_COUNT,
	DB_GC_DELETE,
	DB_GC_OBJECTS,
	DB_GC_DIGEST,
	DB_GC_CODES,
	DB_GC_CODE,
	DB_GC_TEXTS,
	DB_GC_TEXT,
	DB_STATEMENTS
};

/* DB_MIGRATIONS[N] makes version N + 1 of version N, up to DB_VERSION. */
extern const char *const db_migrations[];
extern const int db_version;

struct store {
	sqlite3 *db;
	enum store_mode mode;
	bool in_transaction; /* to write */
	bool in_snapshot;    /* to read */
	int64_t changes;     /* db_changes when the store was opened; -1: it
			      * could not be */
	sqlite3_stmt *statements[DB_STATEMENTS]; /* NULL: not used yet */
	struct strbuf results; /* encodings of the attempt being written, */
	struct strbuf outputs; /* kept for their memory */
};

/* Open the file, in S's mode, and bring its schema up to date. */
int db_open(struct store *s, struct error *err);
/* Finalize all statements and close; what was not committed is lost. */
int db_close(struct store *s, struct error *err);

/* A number that is another one as soon as some other connection has changed
 * the database; -1 on an error. */
int64_t db_changes(struct store *s, struct error *err);

/* Give the free pages of the file back to the file system, if they are many
 * and nobody else works with it. */
void db_shrink(struct store *s);

/* The statement WHICH, ready for its parameters; NULL on an error. */
sqlite3_stmt *db_get(struct store *s, enum db_statement which,
		     struct error *err);
/* A copy of it for the caller, who finalizes it: for statements whose rows
 * are handed to code that may run the same statement again. */
sqlite3_stmt *db_get_copy(struct store *s, enum db_statement which,
			  struct error *err);
/* Run a statement that gives no rows.  WHAT says what was tried, as in
 * "cannot record a run". */
int db_run(struct store *s, sqlite3_stmt *st, const char *what,
	   struct error *err);
/* Step to the next row: 1; 0 behind the last, and the statement is reset;
 * -1 on an error. */
int db_row(struct store *s, sqlite3_stmt *st, const char *what,
	   struct error *err);
/* Step to the only row, a number, and reset the statement.  Returns that; 0
 * when there is no row; -1 on an error. */
int64_t db_number(struct store *s, sqlite3_stmt *st, const char *what,
		  struct error *err);
/* db_get and db_run of a statement without parameters. */
int db_exec(struct store *s, enum db_statement which, const char *what,
	    struct error *err);

/* Say that what was read is nothing that we have written, and what to do;
 * WHAT as of db_run.  Returns -1. */
int db_damaged(const char *what, struct error *err);

/* Parameter N, from 1; what is bound is borrowed until the statement ran. */
void db_bind_str(sqlite3_stmt *st, int n, const char *text); /* NULL: null */
void db_bind_blob(sqlite3_stmt *st, int n, const void *data, size_t len);
void db_bind_digest(sqlite3_stmt *st, int n, const struct digest *d);

/* Column N, from 0; borrowed until the next step.  A text that is null (in a
 * damaged database any may be) is "" or, from the second form, NULL; of a blob
 * nothing may be looked at when *LEN is 0. */
const char *db_text(sqlite3_stmt *st, int n);
const char *db_text_or_null(sqlite3_stmt *st, int n);
const char *db_blob(sqlite3_stmt *st, int n, size_t *len);
/* Copies for the caller; NULL for null. */
char *db_text_copy(sqlite3_stmt *st, int n);
char *db_blob_copy(sqlite3_stmt *st, int n, size_t *len);
/* All zero when the column holds no digest. */
struct digest db_digest(sqlite3_stmt *st, int n);

#endif
