/*
 * Writing witnesses.  The one before becomes the spare file, over which the
 * next one is written: a file system takes some twenty times as long for new
 * pages.  Who still reads a file that is written over sees that by its digest.
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
	SPARE_BYTES = 1 << 18, /* fewer are quickly written anew */
};

#define SPARE_PATH WITNESS_PATH ".spare"

struct witness_writer {
	char *path;              /* until it is complete */
	int fd;
	off_t bytes;             /* written so far */
	bool failed;
	struct strbuf buf;
	struct digest_stream *digest;
};

static void
write_out(struct witness_writer *w, const void *data, size_t len)
{
	if (!w->failed && file_write_all(w->fd, data, len, NULL))
		w->failed = true;
	w->bytes += (off_t)len;
	digest_stream_add(w->digest, data, len);
}

static void
flush(struct witness_writer *w)
{
	write_out(w, w->buf.buf, w->buf.len);
	strbuf_reset(&w->buf);
}

void
witness_put(struct witness_writer *w, const void *data, size_t len)
{
	if (len >= WRITE_BYTES) {
		flush(w);
		write_out(w, data, len);
		return;
	}
	strbuf_add(&w->buf, data, len);
	if (w->buf.len >= WRITE_BYTES)
		flush(w);
}

struct witness_writer *
witness_begin(const struct witness_head *h, const struct kept_range *kept,
	      const struct witness_task *tasks)
{
	struct witness_writer *w = xcalloc(1, sizeof(*w));
	struct witness_start s;

	w->path = file_temporary_name(WITNESS_PATH);
	/* it is ours alone, if it is there */
	rename(SPARE_PATH, w->path);
	w->fd = open(w->path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC,
		     0666);
	w->failed = w->fd < 0;
	strbuf_init(&w->buf);
	w->digest = digest_stream_new();
	memset(&s, 0, sizeof(s));
	strcpy(s.magic, WITNESS_MAGIC);
	s.struct_bytes = WITNESS_STRUCT_BYTES;
	s.head = *h;
	witness_put(w, &s, sizeof(s));
	witness_put(w, kept, h->kept_count * sizeof(*kept));
	witness_put(w, tasks, h->task_count * sizeof(*tasks));
	return w;
}

/* Add S, whose stat is filled, for PATH. */
static void
put_seen(struct witness_writer *w, struct seen *s, const char *path)
{
	static const char zeros[SEEN_UNIT];
	size_t len = strlen(path) + 1;

	s->bucket = witness_bucket(path, len - 1);
	s->path_bytes = (uint32_t)witness_pad(len);
	witness_put(w, s, sizeof(*s));
	witness_put(w, path, len);
	witness_put(w, zeros, witness_pad(len) - len);
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

/* Put the file in its place; whether it is there. */
static bool
put_in_place(const struct witness_writer *w)
{
	if (renameat2(AT_FDCWD, w->path, AT_FDCWD, WITNESS_PATH,
		      RENAME_EXCHANGE)) {
		/* none is there, or this is not known there */
		if (rename(w->path, WITNESS_PATH))
			return false;
		/* a run has time, the next resume has not */
		if (w->bytes >= SPARE_BYTES)
			file_copy(WITNESS_PATH, SPARE_PATH, NULL);
		return true;
	}
	if (rename(w->path, SPARE_PATH))
		unlink(w->path);
	return true;
}

void
witness_end(struct witness_writer *w, bool complete)
{
	struct digest d;

	flush(w);
	d = digest_stream_end(w->digest);
	if (!w->failed &&
	    (file_write_all(w->fd, d.bytes, DIGEST_BYTES, NULL) ||
	     ftruncate(w->fd, w->bytes + DIGEST_BYTES)))
		w->failed = true;
	if (w->fd >= 0 && close(w->fd) < 0)
		w->failed = true;
	if (w->failed || !complete || !put_in_place(w)) {
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
