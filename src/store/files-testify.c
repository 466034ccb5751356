/*
 * What the outcome of a run rests on, and the witness of that.
 */
#include "base/base.h"

#include "store/files.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/path.h"
#include "store/content.h"
#include "store/files-state.h"
#include "store/witness.h"

/* Note that SEEN is the answer to the question Q (NULL: a new one) about
 * PATH. */
static void
answer(struct files *f, struct question *q, const char *path, enum sight seen)
{
	if (!q) {
		q = arena_alloc(&f->table.arena, sizeof(*q));
		map_sets(&f->questions, path, q);
	}
	q->seen = seen;
	q->ended = f->ended;
}

void
files_rest_on(struct files *f, const char *path, const struct digest *d)
{
	struct file_entry *e = file_table_find(&f->table, path);
	const struct digest *before;

	if (e && e->flags & FILE_HASHED) {
		e->flags |= FILE_RESTS;
		f->is_unsteady |= !digest_equal(&e->digest, d);
		return;
	}
	before = map_gets(&f->trees, path);
	if (before)
		f->is_unsteady |= !digest_equal(before, d);
	else
		map_sets(&f->trees, path,
			 arena_memdup(&f->table.arena, d, sizeof(*d)));
}

void
files_rest_on_word(struct files *f, const char *path)
{
	file_table_get(&f->table, path)->flags |= FILE_NAMED;
}

void
files_rest_on_unseen(struct files *f)
{
	f->is_unsteady = true;
}

bool
files_match(struct files *f, const char *path, const struct digest *d)
{
	struct file_state now;

	if (files_digest(f, path, &now, NULL) <= 0 ||
	    !digest_equal(&now.digest, d))
		return false;
	files_rest_on(f, path, d);
	return true;
}

bool
files_exist(struct files *f, const char *path)
{
	struct file_entry like;
	struct stat st;

	if (f->is_recalled && files_recalls(f, path, &like) &&
	    like.flags & FILE_SAME) {
		ARRAY_GROW(f->vouched, f->vouched_count, f->vouched_alloc);
		f->vouched[f->vouched_count++] = like.path;
		return true;
	}
	if (files_stat(f, path, &st)) {
		answer(f, map_gets(&f->questions, path), path, SIGHT_NOTHING);
		return false;
	}
	/* what cannot be read now is found to be wrong when it is used */
	files_know(f, path, NULL);
	file_table_get(&f->table, path)->flags |= FILE_ASKED;
	return true;
}

/* Whether something is expected at PATH, and then, whether a regular file. */
static bool
is_expected(struct files *f, const char *path, bool *is_file)
{
	char *name = path_normalize(path);
	const struct expectation *e = files_expected(f, name);

	*is_file = e && !e->is_dir && !e->is_absent;
	free(name);
	return e;
}

bool
files_name_one(struct files *f, const char *path)
{
	struct question *q = map_gets(&f->questions, path);
	struct stat st;
	bool is_one;

	if (f->expected.live && is_expected(f, path, &is_one))
		return is_one;
	/* whether one that was there is still there, its digest will tell */
	if (q && (q->seen == SIGHT_REGULAR ||
		  (q->seen == SIGHT_OTHER && q->ended == f->ended)))
		return q->seen == SIGHT_REGULAR;
	is_one = !stat(path, &st) && S_ISREG(st.st_mode);
	f->is_unsteady |= q && is_one;
	answer(f, q, path, is_one ? SIGHT_REGULAR :
	       q ? q->seen : SIGHT_OTHER);
	return is_one;
}

void
files_task_ended(struct files *f)
{
	f->ended++;
}

/* A tree whose witness is being written. */
struct tree {
	struct files *files;
	struct witness_writer *writer;
	int64_t now_ns;        /* before it was read */
};

/* Add a directory or symlink: a content_look_fn. */
static void
testify_look(void *data, const char *path, const struct stat *st,
	     const struct digest *shown)
{
	struct tree *t = data;

	witness_add_shown(t->writer, path, st, shown,
			  files_is_racy(t->files, st, t->now_ns));
}

/* Add a file: a content_file_fn. */
static int
testify_file(void *data, const char *path, const struct stat *st,
	     struct digest *d, struct error *err)
{
	struct tree *t = data;

	if (files_digest_file(t->files, path, st, d, err))
		return -1;
	witness_add_file(t->writer, file_table_get(&t->files->table, path),
			 WITNESS_NO_PLACE);
	return 0;
}

/* Add all that is in the directory PATH; whether it is still what D is of. */
static bool
testify_tree(struct files *f, struct witness_writer *w, const char *path,
	     const struct digest *d)
{
	struct tree t = { f, w, clock_real_ns(f->clock) };
	struct digest now;
	uint64_t size;

	return !content_watch_tree(path, testify_file, testify_look, &t, &now,
				   &size, NULL) && digest_equal(&now, d);
}

/* Add an answer to W; whether it is still right, as far as we know. */
static bool
testify_answer(const struct files *f, struct witness_writer *w,
	       const char *path, enum sight seen)
{
	const struct file_entry *e = file_table_find(&f->table, path);

	if (!e || !(e->flags & FILE_RESTS))
		witness_add(w, seen, path);
	else if (seen != SIGHT_REGULAR)
		return false;
	return true;
}

/* Whether F itself says as much of PATH as SEEN, or more.  What contradicts is
 * no less: what was vouched for by that has to be asked again. */
static bool
is_asked(void *data, enum sight seen, const char *path)
{
	const struct files *f = data;
	const struct file_entry *e = file_table_find(&f->table, path);
	const struct question *q = NULL;
	bool rests = e && e->flags & FILE_RESTS;

	/* of a tree it says all */
	if (f->trees.live && path_is_covered(&f->trees, path))
		return true;
	if (seen == SIGHT_REGULAR || seen == SIGHT_OTHER ||
	    seen == SIGHT_NOTHING)
		q = map_gets(&f->questions, path);
	switch (seen) {
	case SIGHT_FILE:
	case SIGHT_RACY:
		return rests;
	case SIGHT_ROW:
		return e;
	case SIGHT_THERE:
		return rests || (e && e->flags & FILE_ASKED);
	case SIGHT_REGULAR:
		return rests || (q && q->seen == seen);
	case SIGHT_OTHER:
	case SIGHT_NOTHING:
		return q && q->seen == seen;
	case SIGHT_TREE:
	case SIGHT_SYMLINK:
	case SIGHT_RACY_TREE:
	case SIGHT_RACY_SYMLINK:
		break;
	}
	return false;
}

/* Add what OLD says and F does not.  What has changed since must have been
 * asked again. */
static void
testify_old(struct files *f, struct witness_writer *w, struct witness *old)
{
	const char *const *changes;
	size_t count;

	f->is_unsteady |= !witness_has_changes(old, &changes, &count);
	while (count--)
		f->is_unsteady |= !is_asked(f, SIGHT_FILE, changes[count]);
	if (f->trees.live) {
		witness_drop(old, NULL, is_asked, f);
	} else {
		map_each(&f->table.entries, m)
			witness_drop(old, m->key, is_asked, f);
		map_each(&f->questions, m)
			witness_drop(old, m->key, is_asked, f);
	}
	witness_add_old(w, old);
}

/* Add what F says of the file E, which OLD does not. */
static void
testify_entry(struct witness_writer *w, struct witness *old,
	      const struct witness_guide *guide, const struct file_entry *e)
{
	struct file_entry like;

	if (e->flags & FILE_RESTS) {
		witness_add_file(w, e, guide->place(guide->data, e->path));
		return;
	}
	if (e->flags & FILE_ASKED && !(old && e->flags & FILE_SAME))
		witness_add(w, SIGHT_THERE, e->path);
	if (!e->row || files_is_object(e->path))
		return;
	if (!old || !witness_find(old, e->path, &like) ||
	    !(like.flags & FILE_SAME) || like.row != e->row)
		witness_add_row(w, e);
}

/* Take in what was believed of the witness that was recalled, and which rows
 * there are that it knew. */
static void
take_recalled(struct files *f)
{
	uint32_t i;

	f->is_unsteady |= file_table_load(&f->table, NULL) < 0;
	for (i = 0; i < f->vouched_count; i++)
		file_table_get(&f->table, f->vouched[i])->flags |= FILE_ASKED;
}

bool
files_testify(struct files *f, struct witness_writer *w, struct witness *old,
	      const struct witness_guide *guide)
{
	if (old)
		testify_old(f, w, old);
	else if (f->witness)
		take_recalled(f);
	map_each(&f->table.entries, m)
		testify_entry(w, old, guide, m->value);
	map_each(&f->trees, m)
		f->is_unsteady |= !testify_tree(f, w, m->key, m->value);
	map_each(&f->questions, m)
		f->is_unsteady |= !testify_answer(
			f, w, m->key, ((struct question *)m->value)->seen);
	return !f->is_unsteady;
}
