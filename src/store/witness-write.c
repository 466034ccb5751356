/*
 * Writing witnesses: a whole file, or only what has changed since that was
 * written, which is much less work where few of many tasks were executed.
 */
#include "base/base.h"

#include "store/witness.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/strbuf.h"
#include "store/file-table.h"
#include "store/witness-state.h"
#include "sys/file.h"

enum {
	WRITE_BYTES = 1 << 16, /* at once */
	CHANGES_PART = 8,      /* of what was seen: more are written anew */
};

struct witness_writer {
	const char *path;        /* of the witness */
	char *temporary;         /* until it is complete */
	int fd;
	bool failed;
	struct strbuf buf;
	struct digest_stream *digest;
	bool changes;            /* and not the whole file: then */
	struct strbuf gone;      /* positions of what is gone from that; else */
	uint32_t *buckets;       /* as in struct witness, */
	unsigned bucket_shift;
	uint32_t units;          /* of what was seen, so far */
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

/* ---- beginning ---- */

/* Whether only the changes of OLD's whole file are worth writing. */
static bool
is_worth_changing(const struct witness *old)
{
	size_t all = (size_t)(old->end - old->seen);
	size_t since = (size_t)(old->end - old->seen_since);

	return since < all / CHANGES_PART;
}

/* Append to LIST those of COUNT tasks that are others than in OLD's whole
 * file. */
static void
list_task_changes(const struct witness *old, const struct witness_task *tasks,
		  uint32_t count, struct strbuf *list)
{
	struct task_change c = { .place = 0 };

	for (; c.place < count; c.place++) {
		c.task = tasks[c.place];
		if (c.place >= old->whole_count ||
		    memcmp(&old->whole_tasks[c.place], &c.task,
			   sizeof(c.task)) != 0)
			strbuf_add(list, &c, sizeof(c));
	}
}

/* Have about as many buckets as there are paths. */
static void
make_buckets(struct witness_writer *w, size_t path_count)
{
	size_t buckets = WITNESS_BUCKETS;

	for (; buckets > 1 && buckets / 2 > path_count; buckets /= 2)
		w->bucket_shift++;
	w->buckets = xcalloc(1, witness_buckets_bytes(w->bucket_shift));
}

/* Open the file to write. */
static struct witness_writer *
open_writer(const char *path)
{
	struct witness_writer *w = xcalloc(1, sizeof(*w));

	w->path = path;
	w->temporary = file_temporary_name(path);
	w->fd = open(w->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
		     0666);
	w->failed = w->fd < 0;
	w->digest = digest_stream_new();
	strbuf_init(&w->buf);
	strbuf_init(&w->gone);
	return w;
}

struct witness_writer *
witness_begin(const struct witness_head *h, const struct kept_range *kept,
	      const struct witness_task *tasks, size_t path_count,
	      const struct witness *old)
{
	bool changes = old && is_worth_changing(old);
	struct witness_writer *w = open_writer(changes ? WITNESS_CHANGES_PATH
					       : WITNESS_PATH);
	struct strbuf list = STRBUF_INIT;
	struct witness_start s;

	memset(&s, 0, sizeof(s));
	strcpy(s.magic, WITNESS_MAGIC);
	s.struct_bytes = WITNESS_STRUCT_BYTES;
	s.head = *h;
	w->changes = changes;
	if (changes) {
		s.of = old->of;
		list_task_changes(old, tasks, h->task_count, &list);
		s.change_count = (uint32_t)(list.len /
					    sizeof(struct task_change));
	} else {
		if (old)
			path_count += (size_t)(old->end - old->seen) /
				sizeof(struct seen);
		make_buckets(w, path_count);
		s.bucket_shift = w->bucket_shift;
		strbuf_add(&list, tasks, h->task_count * sizeof(*tasks));
	}
	put(w, &s, sizeof(s));
	put(w, kept, h->kept_count * sizeof(*kept));
	put(w, list.buf, list.len);
	strbuf_release(&list);
	return w;
}

/* ---- what was seen ---- */

/* Add S, in its bucket; its path is to follow. */
static void
put_linked(struct witness_writer *w, struct seen *s)
{
	/* who reads changes puts them into the buckets */
	if (!w->changes)
		witness_link(w->buckets, w->bucket_shift, s, w->units);
	w->units += (uint32_t)((sizeof(*s) + s->path_bytes) / SEEN_UNIT);
	put(w, s, sizeof(*s));
}

/* Add S, whose stat is filled, for PATH. */
static void
put_seen(struct witness_writer *w, struct seen *s, const char *path)
{
	static const char zeros[SEEN_UNIT];
	size_t len = strlen(path) + 1;

	s->bucket = witness_bucket(path, len - 1);
	s->path_bytes = (uint32_t)witness_pad(len);
	put_linked(w, s);
	put(w, path, len);
	put(w, zeros, s->path_bytes - len);
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
witness_add_old(struct witness_writer *w, const struct witness *old)
{
	const char *at = old->seen;
	const struct seen *s;
	struct seen copy;
	uint32_t position;

	for (; at < old->end; at = witness_next(s)) {
		s = (const struct seen *)at;
		if (w->changes && at < old->seen_since) {
			position = witness_position(old, s);
			if (s->state != SEEN_SAME)
				strbuf_add(&w->gone, &position,
					   sizeof(position));
		} else if (s->state == SEEN_SAME) {
			copy = *s;
			put_linked(w, &copy);
			put(w, s + 1, s->path_bytes);
		}
	}
}

/* ---- the end ---- */

/* Add what the whole file ends with, or the changes. */
static void
put_end(struct witness_writer *w)
{
	uint64_t count = w->gone.len / sizeof(uint32_t);
	size_t padding = witness_pad(w->gone.len) - w->gone.len;
	static const char zeros[SEEN_UNIT];
	struct digest d;

	if (w->changes) {
		put(w, w->gone.buf, w->gone.len);
		put(w, zeros, padding);
		put(w, &count, sizeof(count));
	} else {
		put(w, w->buckets, witness_buckets_bytes(w->bucket_shift));
	}
	flush(w);
	d = digest_stream_end(w->digest);
	if (!w->failed && file_write_all(w->fd, d.bytes, DIGEST_BYTES, NULL))
		w->failed = true;
}

void
witness_end(struct witness_writer *w, bool complete)
{
	put_end(w);
	if (w->fd >= 0 && close(w->fd) < 0)
		w->failed = true;
	if (w->failed || !complete || rename(w->temporary, w->path)) {
		unlink(w->temporary);
		witness_remove();
	} else if (!w->changes) {
		unlink(WITNESS_CHANGES_PATH); /* those of another */
	}
	strbuf_release(&w->buf);
	strbuf_release(&w->gone);
	free(w->buckets);
	free(w->temporary);
	free(w);
}

void
witness_remove(void)
{
	/* without it the other is of nothing */
	unlink(WITNESS_PATH);
	unlink(WITNESS_CHANGES_PATH);
}
