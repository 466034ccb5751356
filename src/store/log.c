/*
 * The log of a run; log.h describes the format.
 */
#include "base/base.h"

#include "store/log.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/error.h"
#include "base/strbuf.h"
#include "store/store.h"

static const char magic[] = "flowmake log 1\n";

enum {
	MAGIC_BYTES = sizeof(magic) - 1,
	MAGIC_NAME_BYTES = sizeof("flowmake log ") - 1,
	HEAD_BYTES = 20,
	READ_BYTES = 64 << 10,
	READ_HEAD_BYTES = 4 << 10, /* behind a long text that was left out */
};

/* Room for the path of a log. */
#define LOG_PATH_BYTES (sizeof(STORE_DIR "/logs/") + 10)

static void
log_path(char *path, uint32_t run)
{
	snprintf(path, LOG_PATH_BYTES, STORE_DIR "/logs/%u", run);
}

bool
log_exists(uint32_t run)
{
	char path[LOG_PATH_BYTES];

	log_path(path, run);
	return access(path, F_OK) == 0;
}

/* ---- writing ---- */

struct log_writer {
	int fd;
	uint64_t end; /* bytes written, whole records only */
	char path[LOG_PATH_BYTES];
};

/* Write both parts behind the last whole record.  A record of which only a
 * part could be written is cut off again. */
static int
write_parts(struct log_writer *w, struct iovec *parts, int count,
	    struct error *err)
{
	uint64_t end = w->end;
	ssize_t n;

	while (count) {
		n = pwritev(w->fd, parts, count, (off_t)end);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			error_sys(err, "cannot write %s", w->path);
			/* If this fails too the record stays torn: a reader
			 * stops there, and the next one overwrites it. */
			if (ftruncate(w->fd, (off_t)w->end) < 0)
				return -1;
			return -1;
		}
		end += (uint64_t)n;
		for (; count && (size_t)n >= parts->iov_len; count--)
			n -= (ssize_t)(parts++)->iov_len;
		if (count) {
			parts->iov_base = (char *)parts->iov_base + n;
			parts->iov_len -= (size_t)n;
		}
	}
	w->end = end;
	return 0;
}

struct log_writer *
log_writer_open(uint32_t run, struct error *err)
{
	struct log_writer *w = xcalloc(1, sizeof(*w));
	struct iovec part = { (char *)(uintptr_t)magic, MAGIC_BYTES };

	log_path(w->path, run);
	w->fd = open(w->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (w->fd < 0) {
		error_sys(err, "cannot open %s", w->path);
		free(w);
		return NULL;
	}
	if (write_parts(w, &part, 1, err)) {
		close(w->fd);
		free(w);
		return NULL;
	}
	return w;
}

int
log_writer_close(struct log_writer *w, struct error *err)
{
	int rc = 0;

	if (close(w->fd) < 0)
		rc = error_sys(err, "cannot write %s", w->path);
	free(w);
	return rc;
}

int
log_append(struct log_writer *w, uint32_t task, uint32_t attempt,
	   enum log_stream stream, unsigned flags, int64_t real_ns,
	   const void *text, size_t len, uint64_t *start, uint64_t *end,
	   struct error *err)
{
	unsigned char head[HEAD_BYTES];
	struct iovec parts[2] = {
		{ head, sizeof(head) }, { (void *)(uintptr_t)text, len }
	};
	uint32_t len32 = htole32((uint32_t)len), task32 = htole32(task);
	uint16_t attempt16 = htole16((uint16_t)attempt);
	uint64_t time64 = htole64((uint64_t)real_ns);

	if (len > UINT32_MAX || attempt > UINT16_MAX)
		bug("a log record of %zu bytes, attempt %u", len, attempt);
	memcpy(head, &len32, 4);
	memcpy(head + 4, &task32, 4);
	memcpy(head + 8, &attempt16, 2);
	head[10] = (unsigned char)stream;
	head[11] = (unsigned char)flags;
	memcpy(head + 12, &time64, 8);
	*start = w->end;
	if (write_parts(w, parts, len ? 2 : 1, err))
		return -1;
	*end = w->end;
	return 0;
}

uint64_t
log_size(uint32_t run)
{
	char path[LOG_PATH_BYTES];
	struct stat st;

	log_path(path, run);
	return stat(path, &st) < 0 ? 0 : (uint64_t)st.st_size;
}

/* ---- reading ---- */

struct log_reader {
	int fd;
	uint64_t next;      /* where the next record begins */
	uint64_t end;       /* where to stop; 0: nowhere */
	uint64_t at;        /* where the bytes of data stand in the file */
	struct strbuf data; /* what was read last */
	size_t ahead;       /* how much to read at once */
	bool (*wanted)(void *data, uint32_t task, uint32_t attempt);
	void *wanted_data;
	char path[LOG_PATH_BYTES];
};

/* Read the LEN bytes from START, or as many as the file has of them, and
 * what of the following ones comes with them. */
static int
fill_data(struct log_reader *r, uint64_t start, size_t len, struct error *err)
{
	size_t want = MAX(len, r->ahead), got = 0;
	ssize_t n;

	strbuf_reset(&r->data);
	strbuf_grow(&r->data, want);
	while (got < len) {
		n = pread(r->fd, r->data.buf + got, want - got,
			  (off_t)(start + got));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_sys(err, "cannot read %s", r->path);
		if (!n)
			break;
		got += (size_t)n;
	}
	r->at = start;
	r->data.len = got;
	r->data.buf[got] = '\0';
	return 0;
}

/* Have the LEN bytes from START in memory.  *BYTES is where they are, NULL
 * when the file does not hold all of them. */
static int
log_fetch(struct log_reader *r, uint64_t start, size_t len,
	  const char **bytes, struct error *err)
{
	struct stat st;

	*bytes = NULL;
	if (start < r->at || start + len > r->at + r->data.len) {
		/* A damaged length must not decide how much memory we take. */
		if (len > READ_BYTES && (fstat(r->fd, &st) < 0 ||
					 start + len > (uint64_t)st.st_size))
			return 0;
		if (fill_data(r, start, len, err))
			return -1;
		if (r->data.len < len)
			return 0;
	}
	*bytes = r->data.buf + (start - r->at);
	return 0;
}

/* Move over the first line, once it is there. */
static int
check_magic(struct log_reader *r, struct error *err)
{
	const char *bytes;

	if (log_fetch(r, 0, MAGIC_BYTES, &bytes, err))
		return -1;
	if (!bytes)
		return 0;
	if (!memcmp(bytes, magic, MAGIC_BYTES)) {
		r->next = MAGIC_BYTES;
		return 1;
	}
	if (!memcmp(bytes, magic, MAGIC_NAME_BYTES))
		return error_set(err, "%s has a format that this flowmake "
				 "does not know; a newer one wrote it",
				 r->path);
	return error_set(err, "%s is not a log", r->path);
}

/* Read the head of the next record into REC.  1, 0 when it is not there. */
static int
read_head(struct log_reader *r, struct log_record *rec, struct error *err)
{
	const char *head;
	uint32_t len, task;
	uint16_t attempt;
	uint64_t time;

	if (r->end && r->next >= r->end)
		return 0;
	if (log_fetch(r, r->next, HEAD_BYTES, &head, err))
		return -1;
	if (!head)
		return 0;
	memcpy(&len, head, 4);
	memcpy(&task, head + 4, 4);
	memcpy(&attempt, head + 8, 2);
	memcpy(&time, head + 12, 8);
	rec->len = le32toh(len);
	rec->task = le32toh(task);
	rec->attempt = le16toh(attempt);
	rec->stream = (enum log_stream)head[10];
	rec->flags = (unsigned char)head[11];
	rec->real_ns = (int64_t)le64toh(time);
	if (rec->stream < LOG_STDOUT || rec->stream > LOG_ENGINE)
		return error_set(err, "%s is damaged at byte %llu", r->path,
				 (unsigned long long)r->next);
	return 1;
}

struct log_reader *
log_reader_open(uint32_t run, uint64_t start, uint64_t end,
		bool (*wanted)(void *data, uint32_t task, uint32_t attempt),
		void *data, struct error *err)
{
	struct log_reader *r = xcalloc(1, sizeof(*r));

	log_path(r->path, run);
	strbuf_init(&r->data);
	r->end = end;
	r->ahead = READ_BYTES;
	r->wanted = wanted;
	r->wanted_data = data;
	r->fd = open(r->path, O_RDONLY | O_CLOEXEC);
	if (r->fd < 0) {
		error_sys(err, "cannot open %s", r->path);
		free(r);
		return NULL;
	}
	if (check_magic(r, err) < 0) {
		log_reader_close(r);
		return NULL;
	}
	r->next = r->next ? MAX(start, r->next) : 0;
	return r;
}

void
log_reader_close(struct log_reader *r)
{
	close(r->fd);
	strbuf_release(&r->data);
	free(r);
}

int
log_reader_next(struct log_reader *r, struct log_record *rec,
		struct error *err)
{
	int rc = r->next ? 1 : check_magic(r, err);

	while (rc > 0) {
		rc = read_head(r, rec, err);
		if (rc <= 0)
			break;
		if (!r->wanted || r->wanted(r->wanted_data, rec->task,
					    rec->attempt)) {
			if (log_fetch(r, r->next + HEAD_BYTES, rec->len,
				      &rec->text, err))
				return -1;
			if (!rec->text)
				return 0;
			r->next += HEAD_BYTES + rec->len;
			rec->end = r->next;
			return 1;
		}
		r->next += HEAD_BYTES + rec->len;
		r->ahead = rec->len > READ_HEAD_BYTES ? READ_HEAD_BYTES
						      : READ_BYTES;
	}
	return rc;
}
