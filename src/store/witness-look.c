/*
 * Looking at what a witness names.
 */
#include "base/base.h"

#include "store/witness.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/path.h"
#include "base/strvec.h"
#include "store/content.h"
#include "store/witness-state.h"
#include "sys/loop.h"
#include "sys/pool.h"

enum {
	MIN_THREAD_BYTES = 1 << 16, /* of sights: some 1,000 */
	PIECE = 64,                 /* sights that a thread takes at once */
};

/* Whether what has the stat ST is of KIND, and has not changed. */
static bool
is_still(const struct seen *s, const struct stat *st, mode_t kind)
{
	return (st->st_mode & S_IFMT) == kind && stamp_is_of(&s->stamp, st);
}

/* Whether what a file holds, or what shows of another, has the digest of S. */
static bool
has_digest(const struct seen *s, const char *path, const struct stat *st)
{
	struct digest d;
	int rc = S_ISREG(st->st_mode) ? content_of_file(path, st, &d, NULL) :
		content_shown(path, st, &d, NULL);

	return !rc && digest_equal(&d, &s->digest);
}

/* Whether PATH is as S says. */
static bool
is_so(const struct seen *s, const char *path)
{
	struct stat st;
	bool is_link = s->sight == SIGHT_SYMLINK ||
		s->sight == SIGHT_RACY_SYMLINK;
	bool there = s->sight != SIGHT_ROW &&
		(is_link ? lstat(path, &st) : stat(path, &st)) == 0;

	switch ((enum sight)s->sight) {
	case SIGHT_FILE:
		return there && is_still(s, &st, S_IFREG);
	case SIGHT_RACY:
		return there && is_still(s, &st, S_IFREG) &&
		       has_digest(s, path, &st);
	case SIGHT_TREE:
		return there && is_still(s, &st, S_IFDIR);
	case SIGHT_SYMLINK:
		return there && is_still(s, &st, S_IFLNK);
	case SIGHT_RACY_TREE:
		return there && is_still(s, &st, S_IFDIR) &&
		       has_digest(s, path, &st);
	case SIGHT_RACY_SYMLINK:
		return there && is_still(s, &st, S_IFLNK) &&
		       has_digest(s, path, &st);
	case SIGHT_REGULAR:
		return there && S_ISREG(st.st_mode);
	case SIGHT_OTHER:
		return !there || !S_ISREG(st.st_mode);
	case SIGHT_THERE:
		return there;
	case SIGHT_NOTHING:
		return !there;
	case SIGHT_ROW:
		return true;
	}
	return false;
}

/* Note that S, of PATH, is not so any more. */
static void
note_change(struct witness_part *p, struct seen *s, const char *path)
{
	s->state = SEEN_CHANGED;
	if (witness_is_file(s) && !s->is_named &&
	    p->change_count < WITNESS_CHANGES_MAX) {
		ARRAY_GROW(p->changes, p->change_count, p->change_alloc);
		p->changes[p->change_count++] = path;
		return;
	}
	p->has_others = true;
	atomic_store(&p->witness->stop, true);
}

/* Whether PATH is directly in the directory of C. */
static bool
is_in(const struct crowd *c, const char *path)
{
	return !strncmp(path, c->sample, c->dir_len + 1) &&
		!strchr(path + c->dir_len + 1, '/');
}

/* Where P counts the files beside PATH, or NULL: it counts enough. */
static struct crowd *
crowd_of(struct witness_part *p, const char *path)
{
	size_t dir_len, i;

	if (p->crowd_count && is_in(&p->crowds[p->last_crowd], path))
		return &p->crowds[p->last_crowd];
	dir_len = path_dir_len(path);
	if (!dir_len)
		return NULL;
	for (i = 0; i < p->crowd_count && !is_in(&p->crowds[i], path); i++)
		;
	if (i == WITNESS_CROWDS)
		return NULL;
	if (i == p->crowd_count)
		p->crowds[p->crowd_count++] = (struct crowd){
			path, dir_len, 0, true
		};
	p->last_crowd = i;
	return &p->crowds[i];
}

/* Count COUNT files beside PATH, which is there. */
static void
count_beside(struct witness_part *p, const char *path, bool is_made,
	     uint32_t count)
{
	struct crowd *c = crowd_of(p, path);

	if (!c)
		return;
	c->count += count;
	if (c->is_made && !is_made) {
		c->sample = path;
		c->is_made = false;
	}
}

/* Take what is to be looked at next, from *FROM to before *TO; false: nothing.
 * Whoever is faster gets more: one of the cores may have other things to do. */
static bool
take_piece(struct witness *w, char **from, char **to)
{
	unsigned n;

	*from = atomic_load(&w->next);
	do {
		*to = *from;
		for (n = 0; n < PIECE && *to < w->end; n++)
			*to = witness_next((struct seen *)*to);
	} while (!atomic_compare_exchange_weak(&w->next, from, *to));
	return *from < *to;
}

static void
look(struct pool_job *job)
{
	struct witness_part *p = (struct witness_part *)job;
	struct witness *w = p->witness;
	char *at, *to;

	while (!atomic_load(&w->stop) && take_piece(w, &at, &to)) {
		for (; at < to; at = witness_next((struct seen *)at)) {
			struct seen *s = (struct seen *)at;

			if (s->state != SEEN_SAME)
				continue;
			if (!is_so(s, (char *)(s + 1)))
				note_change(p, s, (char *)(s + 1));
			else if (witness_is_file(s))
				count_beside(p, (char *)(s + 1), s->has_maker,
					     1);
		}
	}
}

static void
on_looked(struct pool_job *job)
{
	struct witness_part *p = (struct witness_part *)job;

	p->pending = false;
}

static int
compare_paths(const void *a, const void *b)
{
	uintptr_t x = (uintptr_t)*(const char *const *)a;
	uintptr_t y = (uintptr_t)*(const char *const *)b;

	return (x > y) - (x < y);
}

/* Let what one part found be what all found, changes in the order of W. */
static void
join_parts(struct witness *w)
{
	struct witness_part *to = &w->mine, *from = &w->other;
	size_t i;

	for (i = 0; i < from->crowd_count; i++)
		count_beside(to, from->crowds[i].sample,
			     from->crowds[i].is_made, from->crowds[i].count);
	for (i = 0; i < from->change_count; i++) {
		ARRAY_GROW(to->changes, to->change_count, to->change_alloc);
		to->changes[to->change_count++] = from->changes[i];
	}
	if (to->change_count)
		qsort(to->changes, to->change_count, sizeof(*to->changes),
		      compare_paths);
	to->has_others |= from->has_others ||
		to->change_count > WITNESS_CHANGES_MAX;
}

int
witness_look(struct witness *w, struct pool *pool, struct loop *loop,
	     struct error *err)
{
	w->mine = (struct witness_part){ .witness = w };
	w->other = (struct witness_part){
		.job = { look, on_looked, NULL },
		.witness = w,
		.pending = w->end - w->seen >= MIN_THREAD_BYTES,
	};
	atomic_store(&w->next, w->seen);
	if (w->other.pending)
		pool_submit(pool, &w->other.job);
	look(&w->mine.job);
	while (w->other.pending)
		if (loop_turn(loop, true, err))
			return -1;
	join_parts(w);
	return 0;
}

void
witness_list_crowds(const struct witness *w, uint32_t count,
		    struct strvec *paths)
{
	const struct crowd *c = w->mine.crowds;
	size_t i;

	for (i = 0; i < w->mine.crowd_count; i++)
		if (c[i].count >= count)
			strvec_push(paths, c[i].sample);
}

bool
witness_holds(const struct witness *w)
{
	return !w->mine.has_others && !w->mine.change_count;
}

bool
witness_has_changes(const struct witness *w, const char *const **paths,
		    size_t *count)
{
	*paths = w->mine.changes;
	*count = w->mine.change_count;
	return !w->mine.has_others;
}

uint32_t
witness_change_place(const char *path)
{
	return ((const struct seen *)path - 1)->place;
}
