/*
 * What digests in keys stand for.
 */
#include "base/base.h"

#include "store/store.h"

#include "store/db.h"

int
store_text_put(struct store *s, const struct digest *d, const char *text,
	       size_t len, struct error *err)
{
	sqlite3_stmt *st;

	if (store_begin(s, err))
		return -1;
	st = db_get(s, DB_TEXT_PUT, err);
	if (!st)
		return -1;
	db_bind_digest(st, 1, d);
	db_bind_blob(st, 2, text, len);
	return db_run(s, st, "cannot record a recipe", err);
}

int
store_text_get(struct store *s, const struct digest *d, struct strbuf *out,
	       struct error *err)
{
	sqlite3_stmt *st = db_get(s, DB_TEXT_GET, err);
	const char *text;
	size_t len;
	int rc;

	if (!st)
		return -1;
	db_bind_digest(st, 1, d);
	rc = db_row(s, st, "cannot read a recipe", err);
	if (rc > 0) {
		text = db_blob(st, 0, &len);
		strbuf_add(out, text, len);
		sqlite3_reset(st);
	}
	return rc;
}
