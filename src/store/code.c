/*
 * The records of the code of runs.
 */
#include "base/base.h"

#include "store/store.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "store/db.h"

int
store_code_put(struct store *s, const struct code_record *c, struct error *err)
{
	sqlite3_stmt *st;

	if (store_begin(s, err))
		return -1;
	st = db_get(s, DB_CODE_PUT, err);
	if (!st)
		return -1;
	sqlite3_bind_int64(st, 1, c->run);
	db_bind_str(st, 2, c->commit);
	db_bind_str(st, 3, c->branch);
	db_bind_str(st, 4, c->tree);
	sqlite3_bind_int64(st, 5, (int64_t)c->changed_count);
	db_bind_blob(st, 6, c->changed, c->changed_len);
	db_bind_blob(st, 7, c->left_out, c->left_out_len);
	db_bind_str(st, 8, c->failure);
	return db_run(s, st, "cannot record the code", err);
}

int
store_code_get(struct store *s, uint32_t run, struct code_record *c,
	       struct error *err)
{
	sqlite3_stmt *st = db_get(s, DB_CODE_GET, err);
	int rc;

	memset(c, 0, sizeof(*c));
	if (!st)
		return -1;
	sqlite3_bind_int64(st, 1, run);
	rc = db_row(s, st, "cannot read what code ran", err);
	if (rc <= 0)
		return rc;
	c->run = run;
	c->commit = db_text_copy(st, 0);
	c->branch = db_text_copy(st, 1);
	c->tree = db_text_copy(st, 2);
	c->changed_count = (uint64_t)sqlite3_column_int64(st, 3);
	c->changed = db_blob_copy(st, 4, &c->changed_len);
	c->left_out = db_blob_copy(st, 5, &c->left_out_len);
	c->failure = db_text_copy(st, 6);
	sqlite3_reset(st);
	return 1;
}

int
store_code_before(struct store *s, uint32_t run, uint32_t *before,
		  struct error *err)
{
	sqlite3_stmt *st = db_get(s, DB_CODE_BEFORE, err);
	int64_t found;

	if (!st)
		return -1;
	sqlite3_bind_int64(st, 1, run);
	found = db_number(s, st, "cannot read what code ran", err);
	*before = (uint32_t)MAX(found, 0);
	return found < 0 ? -1 : 0;
}

void
code_record_release(struct code_record *c)
{
	free((char *)c->commit);
	free((char *)c->branch);
	free((char *)c->tree);
	free((char *)c->failure);
	free((char *)c->changed);
	free((char *)c->left_out);
	memset(c, 0, sizeof(*c));
}
