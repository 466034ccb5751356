/*
 * Witnesses.  The file is of this machine alone: its head, its ranges, its
 * tasks, then what was seen, as the structs below with their paths behind them,
 * padded to 8 bytes; at its end the digest of all that.
 */
#include "base/base.h"

#include "store/witness.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/map.h"
#include "base/strbuf.h"
#include "store/content.h"
#include "store/file-table.h"
#include "store/stamp.h"
#include "sys/file.h"
#include "sys/loop.h"
#include "sys/pool.h"

#define WITNESS_PATH STORE_DIR "/cache/witness"

enum {
	WRITE_BYTES = 1 << 16,   /* at once */
	MIN_THREAD_BYTES = 1 << 16, /* of sights: some 1,000 */
};

/* The first bytes of the file. */
struct start {
	char magic[24];
	uint64_t struct_bytes;   /* those of another build are not ours */
	struct witness_head head;
};

#define MAGIC "flowmake witness 6"
#define STRUCT_BYTES \
	((uint64_t)sizeof(struct witness_head) << 48 | \
	 (uint64_t)sizeof(struct witness_task) << 32 | \
	 sizeof(struct kept_range) << 16 | sizeof(struct seen))

/* One path, and how it was; its path follows. */
struct seen {
	uint8_t sight;
	uint8_t is_named;        /* a file, by a word of a recipe */
	uint8_t has_maker;       /* its row says who made it */
	uint8_t has_changed;     /* since; 0 in the file */
	uint32_t path_bytes;     /* with its NUL, padded */
	uint32_t place;          /* of the task that alone declares the file */
	uint32_t unused;         /* 0 */
	struct stamp stamp;      /* of a file, directory or symlink */
	int64_t row;             /* of a file, in the table of files */
	struct digest digest;    /* of a file, or what shows of another */
};

static size_t
pad(size_t len)
{
	return (len + 7) & ~(size_t)7;
}

/* ---- writing ---- */

struct witness_writer {
	char *path;              /* until it is complete */
	int fd;
	bool failed;
	struct strbuf buf;
	struct digest_stream *digest;
};

static void
flush(struct witness_writer *w)
{
	if (!w->failed && file_write_all(w->fd, w->buf.buf, w->buf.len, NULL))
		w->failed = true;
	digest_stream_add(w->digest, w->buf.buf, w->buf.len);
	strbuf_reset(&w->buf);
}

static void
put(struct witness_writer *w, const void *data, size_t len)
{
	strbuf_add(&w->buf, data, len);
	if (w->buf.len >= WRITE_BYTES)
		flush(w);
}

struct witness_writer *
witness_begin(const struct witness_head *h, const struct kept_range *kept,
	      const struct witness_task *tasks)
{
	struct witness_writer *w = xcalloc(1, sizeof(*w));
	struct start s;

	w->path = file_temporary_name(WITNESS_PATH);
	w->fd = open(w->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	w->failed = w->fd < 0;
	strbuf_init(&w->buf);
	w->digest = digest_stream_new();
	memset(&s, 0, sizeof(s));
	strcpy(s.magic, MAGIC);
	s.struct_bytes = STRUCT_BYTES;
	s.head = *h;
	put(w, &s, sizeof(s));
	put(w, kept, h->kept_count * sizeof(*kept));
	put(w, tasks, h->task_count * sizeof(*tasks));
	return w;
}

/* Add S, whose stat is filled, for PATH. */
static void
put_seen(struct witness_writer *w, struct seen *s, const char *path)
{
	static const char zeros[8];
	size_t len = strlen(path) + 1;

	s->path_bytes = (uint32_t)pad(len);
	put(w, s, sizeof(*s));
	put(w, path, len);
	put(w, zeros, pad(len) - len);
}

void
witness_add_file(struct witness_writer *w, const struct file_entry *e,
		 uint32_t place)
{
	struct seen s = {
		.sight = e->flags & FILE_RACY ? SIGHT_RACY : SIGHT_FILE,
		.is_named = e->flags & FILE_NAMED ? 1 : 0,
		.has_maker = e->flags & FILE_MAKER ? 1 : 0,
		.place = place,
		.stamp = e->stamp,
		.row = e->row,
		.digest = e->digest,
	};

	put_seen(w, &s, e->path);
}

void
witness_add_row(struct witness_writer *w, const struct file_entry *e)
{
	struct seen s = {
		.sight = SIGHT_ROW,
		.has_maker = e->flags & FILE_MAKER ? 1 : 0,
		.row = e->row,
	};

	put_seen(w, &s, e->path);
}

void
witness_add_shown(struct witness_writer *w, const char *path,
		  const struct stat *st, const struct digest *shown, bool racy)
{
	struct seen s = {
		.sight = S_ISDIR(st->st_mode) ?
			(racy ? SIGHT_RACY_TREE : SIGHT_TREE) :
			(racy ? SIGHT_RACY_SYMLINK : SIGHT_SYMLINK),
		.stamp = stamp_of(st),
		.digest = *shown,
	};

	put_seen(w, &s, path);
}

void
witness_add(struct witness_writer *w, enum sight sight, const char *path)
{
	struct seen s = { .sight = sight };

	put_seen(w, &s, path);
}

void
witness_end(struct witness_writer *w, bool complete)
{
	struct digest d;

	flush(w);
	d = digest_stream_end(w->digest);
	if (!w->failed && file_write_all(w->fd, d.bytes, DIGEST_BYTES, NULL))
		w->failed = true;
	if (w->fd >= 0 && close(w->fd) < 0)
		w->failed = true;
	if (w->failed || !complete || rename(w->path, WITNESS_PATH) < 0) {
		unlink(w->path);
		witness_remove();
	}
	strbuf_release(&w->buf);
	free(w->path);
	free(w);
}

void
witness_remove(void)
{
	unlink(WITNESS_PATH);
}

/* ---- reading ---- */

/* What one thread looks at. */
struct part {
	struct pool_job job;
	struct witness *witness;
	char *from;
	char *to;
	bool pending;
	const char **changes;    /* of files alone, */
	size_t change_count;
	size_t change_alloc;
	bool has_others;         /* and of more than that */
};

struct witness {
	struct strbuf text;
	struct witness_head head;
	struct kept_range *kept;
	struct witness_task *tasks;
	char *seen;              /* the first */
	char *end;               /* behind the last */
	_Atomic bool stop;       /* too much has changed */
	struct part mine;        /* at last, all changes */
	struct part other;       /* of a thread */
	struct map files;        /* path -> struct seen that says which row it
				  * has; made when one is asked for */
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
	struct start s;

	w->seen = w->text.buf;
	w->end = w->text.buf + w->text.len - DIGEST_BYTES;
	if (!take(&w->seen, w->end, &s, sizeof(s)) ||
	    memcmp(s.magic, MAGIC, sizeof(MAGIC)) ||
	    s.struct_bytes != STRUCT_BYTES ||
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
	map_release(&w->files);
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
	s->has_changed = 1;
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

static void
look(struct pool_job *job)
{
	struct part *p = (struct part *)job;
	char *at;

	for (at = p->from; at < p->to && !atomic_load(&p->witness->stop);
	     at = next_seen((struct seen *)at)) {
		struct seen *s = (struct seen *)at;

		if (!is_so(s, (char *)(s + 1)))
			note_change(p, s, (char *)(s + 1));
	}
}

static void
on_looked(struct pool_job *job)
{
	struct part *p = (struct part *)job;

	p->pending = false;
}

/* Where the second half begins; the end, when it is not worth a thread. */
static char *
find_middle(const struct witness *w)
{
	char *at = w->seen;

	if (w->end - w->seen < MIN_THREAD_BYTES)
		return w->end;
	while (at - w->seen < (w->end - w->seen) / 2)
		at = next_seen((struct seen *)at);
	return at;
}

/* Let the changes of one part be those of all. */
static void
join_changes(struct witness *w)
{
	struct part *to = &w->mine, *from = &w->other;
	size_t i;

	for (i = 0; i < from->change_count; i++) {
		ARRAY_GROW(to->changes, to->change_count, to->change_alloc);
		to->changes[to->change_count++] = from->changes[i];
	}
	to->has_others |= from->has_others ||
		to->change_count > WITNESS_CHANGES_MAX;
}

int
witness_look(struct witness *w, struct pool *pool, struct loop *loop,
	     struct error *err)
{
	char *middle = find_middle(w);

	w->mine = (struct part){ .witness = w, .from = w->seen, .to = middle };
	w->other = (struct part){
		.job = { look, on_looked, NULL },
		.witness = w,
		.from = middle,
		.to = w->end,
		.pending = middle < w->end,
	};
	if (w->other.pending)
		pool_submit(pool, &w->other.job);
	look(&w->mine.job);
	while (w->other.pending)
		if (loop_turn(loop, true, err))
			return -1;
	join_changes(w);
	return 0;
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

/* Make w->files.  What was added last is right. */
static void
index_files(struct witness *w)
{
	uint32_t count = 0;
	char *at;

	for (at = w->seen; at < w->end; at = next_seen((struct seen *)at))
		count += has_row((struct seen *)at);
	map_init_borrowing(&w->files, count);
	for (at = w->seen; at < w->end; at = next_seen((struct seen *)at))
		if (has_row((struct seen *)at))
			map_sets(&w->files, at + sizeof(struct seen), at);
}

bool
witness_find(struct witness *w, const char *path, struct file_entry *e)
{
	const struct seen *s;

	if (!w->files.slots)
		index_files(w);
	s = map_gets(&w->files, path);
	if (!s)
		return false;
	*e = (struct file_entry){
		.path = (const char *)(s + 1),
		.stamp = s->stamp,
		.row = s->row,
		.flags = (s->is_named ? FILE_NAMED : 0) |
			(s->has_maker ? FILE_MAKER : 0) |
			(s->sight == SIGHT_RACY ? FILE_RACY : 0) |
			(s->has_changed || s->sight == SIGHT_ROW ? 0 :
			 FILE_SAME),
	};
	return true;
}

void
witness_add_old(struct witness_writer *w, const struct witness *old,
		bool (*is_new)(void *data, enum sight seen, const char *path),
		void *data)
{
	char *at;

	for (at = old->seen; at < old->end; at = next_seen((struct seen *)at)) {
		const struct seen *s = (struct seen *)at;

		if (!s->has_changed &&
		    !is_new(data, (enum sight)s->sight, (char *)(s + 1)))
			put(w, s, sizeof(*s) + s->path_bytes);
	}
}

const struct witness_task *
witness_task(const struct witness *w, uint32_t place)
{
	return place < w->head.task_count ? &w->tasks[place] : NULL;
}
