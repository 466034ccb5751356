/*
 * Witnesses.  The file is of this machine alone: its head, its ranges, then
 * what was seen, as the structs below with their paths behind them, padded to
 * 8 bytes; at its end the digest of all that.
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

#include "base/clock.h"
#include "base/error.h"
#include "base/strbuf.h"
#include "store/content.h"
#include "store/file-table.h"
#include "sys/file.h"
#include "sys/loop.h"
#include "sys/pool.h"

#define WITNESS_PATH STORE_DIR "/cache/witness"

enum {
	WRITE_BYTES = 1 << 16,   /* at once */
	PARTS = 2,               /* looked at side by side */
	MIN_PART_SIGHTS = 500,   /* fewer are not worth a thread */
};

/* The first bytes of the file. */
struct start {
	char magic[24];
	uint64_t struct_bytes;   /* those of another build are not ours */
	struct witness_head head;
};

#define MAGIC "flowmake witness 1"
#define STRUCT_BYTES \
	((uint64_t)sizeof(struct witness_head) << 32 | \
	 sizeof(struct kept_range) << 16 | sizeof(struct seen))

/* One path, and how it was; its path follows. */
struct seen {
	uint32_t sight;
	uint32_t path_bytes;     /* with its NUL, padded */
	uint64_t size_bytes;
	int64_t mtime_ns;
	int64_t ctime_ns;
	uint64_t inode;
	struct digest digest;    /* of a file */
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
witness_begin(const struct witness_head *h, const struct kept_range *kept)
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
witness_add_file(struct witness_writer *w, const struct file_entry *e)
{
	struct seen s = {
		.sight = e->flags & FILE_RACY ? SIGHT_RACY : SIGHT_FILE,
		.size_bytes = e->size_bytes,
		.mtime_ns = e->mtime_ns,
		.ctime_ns = e->ctime_ns,
		.inode = e->inode,
		.digest = e->digest,
	};

	put_seen(w, &s, e->path);
}

void
witness_add(struct witness_writer *w, enum sight sight, const char *path,
	    const struct stat *st)
{
	struct seen s = { .sight = sight };

	if (st) {
		s.mtime_ns = timespec_ns(st->st_mtim);
		s.ctime_ns = timespec_ns(st->st_ctim);
		s.inode = st->st_ino;
	}
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
	if (w->failed || !complete || rename(w->path, WITNESS_PATH) < 0)
		unlink(w->path);
	strbuf_release(&w->buf);
	free(w->path);
	free(w);
}

/* ---- reading ---- */

/* What one thread looks at. */
struct part {
	struct pool_job job;
	struct witness *witness;
	const char *from;
	const char *to;
	bool pending;
};

struct witness {
	struct strbuf text;
	struct witness_head head;
	struct kept_range *kept;
	const char *seen;        /* the first */
	const char *end;         /* behind the last */
	_Atomic bool differs;    /* something is not as it was */
	struct part mine;
	struct part other;       /* of a thread */
};

/* Move *FROM behind the LEN bytes that are copied from there to TO; whether
 * they are there. */
static bool
take(const char **from, const char *end, void *to, size_t len)
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
	return take(&w->seen, w->end, w->kept,
		    w->head.kept_count * sizeof(*w->kept));
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
	free(w->kept);
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

static bool
has_times(const struct seen *s, const struct stat *st)
{
	return s->inode == st->st_ino &&
	       s->mtime_ns == timespec_ns(st->st_mtim) &&
	       s->ctime_ns == timespec_ns(st->st_ctim);
}

static bool
is_file(const struct seen *s, const struct stat *st)
{
	return S_ISREG(st->st_mode) && has_times(s, st) &&
	       s->size_bytes == (uint64_t)st->st_size;
}

static bool
has_content(const struct seen *s, const char *path, const struct stat *st)
{
	struct digest d;

	return !content_of_file(path, st, &d, NULL) &&
	       digest_equal(&d, &s->digest);
}

/* Whether PATH is as S says. */
static bool
is_so(const struct seen *s, const char *path)
{
	struct stat st;
	bool there = (s->sight == SIGHT_SYMLINK ? lstat(path, &st) :
		      stat(path, &st)) == 0;

	switch ((enum sight)s->sight) {
	case SIGHT_FILE:
		return there && is_file(s, &st);
	case SIGHT_RACY:
		return there && is_file(s, &st) && has_content(s, path, &st);
	case SIGHT_TREE:
		return there && S_ISDIR(st.st_mode) && has_times(s, &st);
	case SIGHT_SYMLINK:
		return there && S_ISLNK(st.st_mode) && has_times(s, &st);
	case SIGHT_REGULAR:
		return there && S_ISREG(st.st_mode);
	case SIGHT_OTHER:
		return !there || !S_ISREG(st.st_mode);
	case SIGHT_THERE:
		return there;
	case SIGHT_NOTHING:
		return !there;
	}
	return false;
}

static void
look(struct pool_job *job)
{
	struct part *p = (struct part *)job;
	const char *at = p->from;

	while (at < p->to && !atomic_load(&p->witness->differs)) {
		const struct seen *s = (const struct seen *)at;

		at += sizeof(*s);
		if (!is_so(s, at))
			atomic_store(&p->witness->differs, true);
		at += s->path_bytes;
	}
}

static void
on_looked(struct pool_job *job)
{
	struct part *p = (struct part *)job;

	p->pending = false;
}

/* How many paths were seen. */
static size_t
count_seen(const struct witness *w)
{
	const char *at;
	size_t n = 0;

	for (at = w->seen; at < w->end; n++)
		at += sizeof(struct seen) +
			((const struct seen *)at)->path_bytes;
	return n;
}

/* Behind the first COUNT of what was seen. */
static const char *
skip_seen(const struct witness *w, size_t count)
{
	const char *at = w->seen;

	while (count--)
		at += sizeof(struct seen) +
			((const struct seen *)at)->path_bytes;
	return at;
}

int
witness_holds(struct witness *w, struct pool *pool, struct loop *loop,
	      struct error *err)
{
	size_t count = count_seen(w);
	const char *middle = w->end;

	if (count >= PARTS * MIN_PART_SIGHTS)
		middle = skip_seen(w, count / PARTS);
	w->mine = (struct part){ .witness = w, .from = w->seen, .to = middle };
	w->other = (struct part){ { look, on_looked, NULL }, w, middle, w->end,
				  middle < w->end };
	if (w->other.pending)
		pool_submit(pool, &w->other.job);
	look(&w->mine.job);
	while (w->other.pending)
		if (loop_turn(loop, true, err))
			return -1;
	return !atomic_load(&w->differs);
}
