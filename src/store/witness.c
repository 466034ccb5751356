/*
 * Reading witnesses, and looking at what they name.
 */
#include "base/base.h"

#include "store/witness.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/path.h"
#include "base/strbuf.h"
#include "base/strvec.h"
#include "store/content.h"
#include "store/file-table.h"
#include "store/stamp.h"
#include "store/witness-state.h"
#include "sys/file.h"
#include "sys/loop.h"
#include "sys/pool.h"

enum {
	MIN_THREAD_BYTES = 1 << 16, /* of sights: some 1,000 */
	PIECE = 64,                 /* sights that a thread takes at once */
	MAX_CROWDS = 16,            /* that are counted */
};

/* ---- reading ---- */

/* Files that directly are in one directory. */
struct crowd {
	const char *sample;      /* one of them, made by no task if there is
				  * such a one */
	size_t dir_len;
	uint32_t count;
	bool is_made;            /* the sample */
};

/* What one thread looks at. */
struct part {
	struct pool_job job;
	struct witness *witness;
	bool pending;
	const char **changes;    /* of files alone, */
	size_t change_count;
	size_t change_alloc;
	bool has_others;         /* and of more than that */
	struct crowd crowds[MAX_CROWDS];
	size_t crowd_count;
	size_t last_crowd;       /* of which the last file was */
};

struct witness {
	struct strbuf text;
	struct witness_head head;
	struct kept_range *kept;
	struct witness_task *tasks;
	char *seen;              /* the first */
	char *end;               /* behind the last */
	char *_Atomic next;      /* the first that nobody looks at yet */
	_Atomic bool stop;       /* too much has changed */
	struct part mine;        /* at last, all changes */
	struct part other;       /* of a thread */
	uint32_t *buckets;       /* the last struct seen of each; made when one
				  * is asked for */
	unsigned bucket_shift;   /* some are one here: a table of about as many
				  * as there are sights stays in a cache */
};

/* Move *FROM behind the LEN bytes that are copied from there to TO; whether
 * they are there. */
static bool
take(char **from, const char *end, void *to, size_t len)
{
	if ((size_t)(end - *from) < len)
		return false;
	memcpy(to, *from, len);
	*from += len;
	return true;
}

/* Read the text of W, whose digest is checked, for FLOW. */
static bool
parse(struct witness *w, const struct digest *flow)
{
	struct witness_start s;

	w->seen = w->text.buf;
	w->end = w->text.buf + w->text.len - DIGEST_BYTES;
	if (!take(&w->seen, w->end, &s, sizeof(s)) ||
	    memcmp(s.magic, WITNESS_MAGIC, sizeof(WITNESS_MAGIC)) ||
	    s.struct_bytes != WITNESS_STRUCT_BYTES ||
	    !digest_equal(&s.head.flow, flow))
		return false;
	w->head = s.head;
	w->kept = xcalloc((size_t)w->head.kept_count + 1, sizeof(*w->kept));
	w->tasks = xcalloc((size_t)w->head.task_count + 1, sizeof(*w->tasks));
	return take(&w->seen, w->end, w->kept,
		    w->head.kept_count * sizeof(*w->kept)) &&
	       take(&w->seen, w->end, w->tasks,
		    w->head.task_count * sizeof(*w->tasks));
}

/* Whether the text ends with its digest. */
static bool
is_whole(const struct strbuf *text)
{
	struct digest d;

	if (text->len < DIGEST_BYTES)
		return false;
	d = digest_of(text->buf, text->len - DIGEST_BYTES);
	return !memcmp(d.bytes, text->buf + text->len - DIGEST_BYTES,
		       DIGEST_BYTES);
}

struct witness *
witness_open(const struct digest *flow)
{
	struct witness *w = xcalloc(1, sizeof(*w));

	strbuf_init(&w->text);
	if (file_read(WITNESS_PATH, &w->text, NULL) || !is_whole(&w->text) ||
	    !parse(w, flow)) {
		witness_free(w);
		return NULL;
	}
	return w;
}

void
witness_free(struct witness *w)
{
	if (!w)
		return;
	strbuf_release(&w->text);
	free(w->mine.changes);
	free(w->other.changes);
	free(w->kept);
	free(w->tasks);
	free(w->buckets);
	free(w);
}

const struct witness_head *
witness_head(const struct witness *w)
{
	return &w->head;
}

const struct kept_range *
witness_kept(const struct witness *w)
{
	return w->kept;
}

/* ---- looking ---- */

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

static bool
is_file_sight(const struct seen *s)
{
	return s->sight == SIGHT_FILE || s->sight == SIGHT_RACY;
}

/* Whether S says which row its path has. */
static bool
has_row(const struct seen *s)
{
	return is_file_sight(s) || s->sight == SIGHT_ROW;
}

/* Note that S, of PATH, is not so any more. */
static void
note_change(struct part *p, struct seen *s, const char *path)
{
	s->state = SEEN_CHANGED;
	if (is_file_sight(s) && !s->is_named &&
	    p->change_count < WITNESS_CHANGES_MAX) {
		ARRAY_GROW(p->changes, p->change_count, p->change_alloc);
		p->changes[p->change_count++] = path;
		return;
	}
	p->has_others = true;
	atomic_store(&p->witness->stop, true);
}

/* What follows S. */
static char *
next_seen(const struct seen *s)
{
	return (char *)(s + 1) + s->path_bytes;
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
crowd_of(struct part *p, const char *path)
{
	size_t dir_len, i;

	if (p->crowd_count && is_in(&p->crowds[p->last_crowd], path))
		return &p->crowds[p->last_crowd];
	dir_len = path_dir_len(path);
	if (!dir_len)
		return NULL;
	for (i = 0; i < p->crowd_count && !is_in(&p->crowds[i], path); i++)
		;
	if (i == MAX_CROWDS)
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
count_beside(struct part *p, const char *path, bool is_made, uint32_t count)
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
			*to = next_seen((struct seen *)*to);
	} while (!atomic_compare_exchange_weak(&w->next, from, *to));
	return *from < *to;
}

static void
look(struct pool_job *job)
{
	struct part *p = (struct part *)job;
	struct witness *w = p->witness;
	char *at, *to;

	while (!atomic_load(&w->stop) && take_piece(w, &at, &to)) {
		for (; at < to; at = next_seen((struct seen *)at)) {
			struct seen *s = (struct seen *)at;

			if (!is_so(s, (char *)(s + 1)))
				note_change(p, s, (char *)(s + 1));
			else if (is_file_sight(s))
				count_beside(p, (char *)(s + 1), s->has_maker,
					     1);
		}
	}
}

static void
on_looked(struct pool_job *job)
{
	struct part *p = (struct part *)job;

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
	struct part *to = &w->mine, *from = &w->other;
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
	w->mine = (struct part){ .witness = w };
	w->other = (struct part){
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

/* Make w->buckets. */
static void
fill_buckets(struct witness *w)
{
	size_t most = (size_t)(w->end - w->seen) / sizeof(struct seen) + 1;
	char *at;

	while ((size_t)WITNESS_BUCKETS >> w->bucket_shift > most)
		w->bucket_shift++;
	w->buckets = xcalloc(WITNESS_BUCKETS >> w->bucket_shift,
			     sizeof(*w->buckets));
	for (at = w->seen; at < w->end; at = next_seen((struct seen *)at)) {
		struct seen *s = (struct seen *)at;
		uint32_t *last = &w->buckets[s->bucket >> w->bucket_shift];

		s->before = *last;
		*last = (uint32_t)((at - w->seen) / SEEN_UNIT) + 1;
	}
}

/* What was seen of PATH last, at AT of a bucket or before, or NULL. */
static struct seen *
seen_of(const struct witness *w, uint32_t at, const char *path)
{
	while (at) {
		struct seen *s = (struct seen *)(w->seen +
						 (size_t)(at - 1) * SEEN_UNIT);

		if (!strcmp((char *)(s + 1), path))
			return s;
		at = s->before;
	}
	return NULL;
}

/* The last that was seen of PATH, or NULL. */
static struct seen *
last_seen(struct witness *w, const char *path)
{
	if (!w->buckets)
		fill_buckets(w);
	return seen_of(w, w->buckets[witness_bucket(path, strlen(path)) >>
				     w->bucket_shift], path);
}

bool
witness_find(struct witness *w, const char *path, struct file_entry *e)
{
	const struct seen *s = last_seen(w, path);

	/* what was added last is right */
	while (s && !has_row(s))
		s = seen_of(w, s->before, path);
	if (!s)
		return false;
	*e = (struct file_entry){
		.path = (const char *)(s + 1),
		.stamp = s->stamp,
		.row = s->row,
		.flags = (s->is_named ? FILE_NAMED : 0) |
			(s->has_maker ? FILE_MAKER : 0) |
			(s->sight == SIGHT_RACY ? FILE_RACY : 0) |
			(s->state == SEEN_CHANGED || s->sight == SIGHT_ROW ?
			 0 : FILE_SAME),
	};
	return true;
}

void
witness_drop(struct witness *w, const char *path,
	     bool (*is_new)(void *data, enum sight seen, const char *path),
	     void *data)
{
	char *at = path ? w->end : w->seen;
	struct seen *s = path ? last_seen(w, path) : NULL;

	for (; s; s = seen_of(w, s->before, path))
		if (s->state == SEEN_SAME &&
		    is_new(data, (enum sight)s->sight, path))
			s->state = SEEN_DROPPED;
	for (; at < w->end; at = next_seen(s)) {
		s = (struct seen *)at;
		if (s->state == SEEN_SAME &&
		    is_new(data, (enum sight)s->sight, (char *)(s + 1)))
			s->state = SEEN_DROPPED;
	}
}

void
witness_add_old(struct witness_writer *w, const struct witness *old)
{
	char *from = old->seen, *at;

	for (at = from; at < old->end; at = next_seen((struct seen *)at)) {
		if (((struct seen *)at)->state == SEEN_SAME)
			continue;
		witness_put(w, from, (size_t)(at - from));
		from = next_seen((struct seen *)at);
	}
	witness_put(w, from, (size_t)(old->end - from));
}

const struct witness_task *
witness_task(const struct witness *w, uint32_t place)
{
	return place < w->head.task_count ? &w->tasks[place] : NULL;
}
