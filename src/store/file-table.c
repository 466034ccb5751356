/*
 * Rows of files.
 *
 * In the database an entry is a path and its state: flags (32 bits), size,
 * mtime, ctime and inode (64 bits each, times in ns), all little-endian, then
 * digest and made (16 bytes each) and the maker's name, as far as the flags say
 * that they are there.  The maker is here, and not in a table of its own,
 * because each page that a task's commit touches costs it some 10 us.
 *
 * Rows are appended: what a task made and what it read, which are called quite
 * differently, then lie on one page.  No row that says who made a file is ever
 * changed, so whoever knows all rows up to one finds what is new behind it; it
 * is deleted once another, behind it, has come in its place.
 */
#include "base/base.h"

#include "store/file-table.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "store/db.h"
#include "store/store.h"

enum { STATE_HEAD_BYTES = 4 + 4 * 8 };

void
file_table_init(struct file_table *t, struct store *s)
{
	memset(t, 0, sizeof(*t));
	t->store = s;
	map_init(&t->entries);
	map_init(&t->makers);
	strbuf_init(&t->state);
	arena_init(&t->arena);
}

void
file_table_release(struct file_table *t)
{
	map_release(&t->entries);
	map_release(&t->makers);
	strbuf_release(&t->state);
	arena_release(&t->arena);
	free(t->dirty);
	free(t->stale);
}

/* ---- entries ---- */

struct file_entry *
file_table_find(const struct file_table *t, const char *path)
{
	return map_gets(&t->entries, path);
}

struct file_entry *
file_table_get(struct file_table *t, const char *path)
{
	struct map_entry *m = map_enter(&t->entries, path, strlen(path));
	struct file_entry *e = m->value;

	if (!e) {
		e = m->value = arena_zalloc(&t->arena, sizeof(*e));
		e->place = t->entries.count - 1;
		e->path = m->key;
	}
	return e;
}

void
file_table_touch(struct file_table *t, struct file_entry *e)
{
	if (e->flags & FILE_DIRTY)
		return;
	e->flags |= FILE_DIRTY;
	ARRAY_GROW(t->dirty, t->dirty_count, t->dirty_alloc);
	t->dirty[t->dirty_count++] = e;
}

/* Steps are few, files are many: each name is kept once. */
void
file_table_set_maker(struct file_table *t, struct file_entry *e,
		     const char *name, size_t len)
{
	char *known = map_get(&t->makers, name, len);

	if (!known) {
		known = arena_strndup(&t->arena, name, len);
		map_set(&t->makers, name, len, known);
	}
	e->maker = known;
	e->flags |= FILE_MAKER;
}

/* ---- reading ---- */

/* Fill E from the state in column 2 of ST.  One that is none of ours leaves an
 * entry that knows nothing: its file is hashed again. */
static void
read_state(struct file_table *t, sqlite3_stmt *st, struct file_entry *e)
{
	size_t len;
	const char *state = db_blob(st, 2, &len);
	uint64_t numbers[4];
	uint32_t flags;

	if (len < STATE_HEAD_BYTES)
		return;
	memcpy(&flags, state, 4);
	flags = le32toh(flags) & FILE_KEPT;
	memcpy(numbers, state + 4, sizeof(numbers));
	e->stamp = (struct stamp){
		.size_bytes = le64toh(numbers[0]),
		.mtime_ns = (int64_t)le64toh(numbers[1]),
		.ctime_ns = (int64_t)le64toh(numbers[2]),
		.inode = le64toh(numbers[3]),
	};
	state += STATE_HEAD_BYTES;
	len -= STATE_HEAD_BYTES;
	if (flags & FILE_HASHED && len >= DIGEST_BYTES) {
		memcpy(e->digest.bytes, state, DIGEST_BYTES);
		state += DIGEST_BYTES;
		len -= DIGEST_BYTES;
	}
	if (flags & FILE_MADE && len >= DIGEST_BYTES) {
		memcpy(e->made.bytes, state, DIGEST_BYTES);
		state += DIGEST_BYTES;
		len -= DIGEST_BYTES;
	}
	if (flags & FILE_MAKER) {
		file_table_set_maker(t, e, state, len);
		len = 0;
	}
	e->flags |= len ? 0 : flags;
}

/* Row ID is E's from now on. */
static void
set_row(struct file_table *t, struct file_entry *e, int64_t id)
{
	if (e->row) {
		ARRAY_GROW(t->stale, t->stale_count, t->stale_alloc);
		t->stale[t->stale_count++] = e->row;
	}
	e->row = id;
	t->last_row = MAX(t->last_row, id);
}

/* Take in the row of ST. */
static void
take_row(struct file_table *t, sqlite3_stmt *st)
{
	struct file_entry *e = file_table_get(t, db_text(st, 1));
	struct file_entry now = { .flags = 0 };
	int64_t id = sqlite3_column_int64(st, 0);

	/* a row that is read again, or one in whose place another has come */
	if (id <= e->row)
		return;
	set_row(t, e, id);
	if (!(t->loaded || t->is_sparse) || !e->flags) {
		e->flags = 0;
		read_state(t, st, e);
		return;
	}
	if (e->flags & FILE_OWN)
		return;
	/* what it holds now we know better */
	read_state(t, st, &now);
	if (now.flags & FILE_MADE) {
		e->made = now.made;
		e->flags &= ~(unsigned)FILE_LINK;
		e->flags |= now.flags & (FILE_MADE | FILE_LINK);
	}
	if (now.flags & FILE_MAKER)
		e->maker = now.maker;
	e->flags |= now.flags & FILE_MAKER;
}

static const char cannot_read[] = "cannot read the digests of files";

int
file_table_sync(struct file_table *t, struct error *err)
{
	sqlite3_stmt *st = db_get(t->store, DB_FILE_LIST, err);
	int rc;

	if (!st)
		return -1;
	sqlite3_bind_int64(st, 1, t->last_row);
	for (;;) {
		rc = db_row(t->store, st, cannot_read, err);
		if (rc <= 0)
			return rc;
		take_row(t, st);
	}
}

int
file_table_load(struct file_table *t, struct error *err)
{
	int rc;

	if (t->loaded)
		return 0;
	t->last_row = 0;
	rc = file_table_sync(t, err);
	t->loaded = true;
	return rc;
}

int
file_table_load_behind(struct file_table *t, int64_t last_row,
		       struct error *err)
{
	t->is_sparse = true;
	t->last_row = last_row;
	return file_table_sync(t, err);
}

int
file_table_load_row(struct file_table *t, const char *path, int64_t id,
		    struct error *err)
{
	sqlite3_stmt *st = db_get(t->store, DB_FILE_GET, err);
	int rc;

	if (!st)
		return -1;
	sqlite3_bind_int64(st, 1, id);
	rc = db_row(t->store, st, cannot_read, err);
	if (rc > 0 && strcmp(db_text(st, 1), path))
		rc = 0;
	else if (rc > 0)
		take_row(t, st);
	sqlite3_reset(st);
	return rc;
}

/* ---- saving ---- */

/* Encode E into STATE. */
static void
write_state(const struct file_entry *e, struct strbuf *state)
{
	uint32_t flags = htole32(e->flags & FILE_KEPT);
	uint64_t numbers[4] = {
		htole64(e->stamp.size_bytes),
		htole64((uint64_t)e->stamp.mtime_ns),
		htole64((uint64_t)e->stamp.ctime_ns),
		htole64(e->stamp.inode)
	};

	strbuf_reset(state);
	strbuf_add(state, (const char *)&flags, sizeof(flags));
	strbuf_add(state, (const char *)numbers, sizeof(numbers));
	if (e->flags & FILE_HASHED)
		strbuf_add(state, (const char *)e->digest.bytes, DIGEST_BYTES);
	if (e->flags & FILE_MADE)
		strbuf_add(state, (const char *)e->made.bytes, DIGEST_BYTES);
	if (e->flags & FILE_MAKER)
		strbuf_adds(state, e->maker);
}

static const char cannot_save[] = "cannot record the digest of a file";

/* Write E: a new row, unless who made it is what its row says. */
static int
save_entry(struct file_table *t, struct file_entry *e, struct error *err)
{
	bool again = e->row && !(e->flags & FILE_OWN);
	sqlite3_stmt *st;

	if (!e->row && !(e->flags & FILE_KEPT))
		return 0;
	st = db_get(t->store, again ? DB_FILE_UPDATE : DB_FILE_PUT, err);
	if (!st)
		return -1;
	if (again)
		sqlite3_bind_int64(st, 1, e->row);
	else
		db_bind_str(st, 1, e->path);
	write_state(e, &t->state);
	db_bind_blob(st, 2, t->state.buf, t->state.len);
	if (db_run(t->store, st, cannot_save, err))
		return -1;
	if (!again)
		set_row(t, e, sqlite3_last_insert_rowid(t->store->db));
	return 0;
}

/* Delete the rows in whose place others have come. */
static int
delete_stale(struct file_table *t, struct error *err)
{
	sqlite3_stmt *st;

	for (; t->stale_count; t->stale_count--) {
		st = db_get(t->store, DB_FILE_DELETE, err);
		if (!st)
			return -1;
		sqlite3_bind_int64(st, 1, t->stale[t->stale_count - 1]);
		if (db_run(t->store, st, cannot_save, err))
			return -1;
	}
	return 0;
}

int
file_table_save(struct file_table *t, struct error *err)
{
	size_t i;

	if (!t->dirty_count)
		return 0;
	/* nobody else writes until this is committed */
	if (store_begin(t->store, err) || file_table_sync(t, err))
		return -1;
	for (i = 0; i < t->dirty_count; i++)
		if (save_entry(t, t->dirty[i], err))
			return -1;
	for (i = 0; i < t->dirty_count; i++)
		t->dirty[i]->flags &= ~(unsigned)(FILE_DIRTY | FILE_OWN);
	t->dirty_count = 0;
	return delete_stale(t, err);
}
