/*
 * What the store remembers of files, read for each that is asked for: a resume
 * before which few files have changed knows by the witness which rows those
 * have (store/witness.h), and asks for few.
 */
#include "base/base.h"

#include "store/files.h"

#include <string.h>

#include "store/files-state.h"
#include "store/store.h"
#include "store/witness.h"

bool
files_is_object(const char *path)
{
	return !strncmp(path, STORE_DIR "/", sizeof(STORE_DIR));
}

int
files_recall(struct files *f, struct witness *w, struct error *err)
{
	if (file_table_load_behind(&f->table, witness_head(w)->files_row, err))
		return -1;
	f->witness = w;
	f->is_recalled = true;
	return 0;
}

int64_t
files_last_row(const struct files *f)
{
	return f->table.last_row;
}

size_t
files_path_count(const struct files *f)
{
	return (size_t)f->table.entries.live + f->questions.live +
		f->vouched_count;
}

/* Note what the witness knows, as LIKE, of the file that E is of. */
static void
recall(struct file_entry *e, const struct file_entry *like)
{
	e->flags |= FILE_KNOWN | (like->flags & FILE_NAMED);
	if (like->flags & FILE_SAME && !(like->flags & FILE_RACY) &&
	    e->flags & FILE_HASHED && stamp_equal(&e->stamp, &like->stamp))
		e->flags |= FILE_SAME;
}

int
files_know(struct files *f, const char *path, struct error *err)
{
	struct file_entry *e, like;
	int found;

	if (!f->witness)
		return file_table_load(&f->table, err);
	e = file_table_find(&f->table, path);
	if ((e && e->flags & FILE_KNOWN) ||
	    !witness_find(f->witness, path, &like))
		return 0;
	if ((!e || !e->row) && like.row) {
		found = file_table_load_row(&f->table, path, like.row, err);
		/* somebody has been there meanwhile */
		if (!found)
			found = file_table_load(&f->table, err);
		if (found < 0)
			return -1;
	}
	recall(file_table_get(&f->table, path), &like);
	return 0;
}

bool
files_recalls(struct files *f, const char *path, struct file_entry *like)
{
	return f->witness && !file_table_find(&f->table, path) &&
	       witness_find(f->witness, path, like);
}

bool
files_has_maker(struct files *f, const char *path)
{
	const struct file_entry *e;
	struct file_entry like;

	if (files_recalls(f, path, &like))
		return like.flags & FILE_MAKER;
	if (files_know(f, path, NULL))
		return true;
	e = file_table_find(&f->table, path);
	return e && e->flags & FILE_MAKER;
}
