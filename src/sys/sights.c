/*
 * Lists of files as they were seen: CBOR, of each the path, a text, and the
 * bytes of its stamp, maybe with a digest behind it, null for nothing, or no
 * bytes for what is in doubt.
 */
#include "base/base.h"

#include "sys/sights.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/cbor.h"
#include "base/digest.h"
#include "base/strbuf.h"
#include "sys/file.h"
#include "sys/stamp.h"

/* What was there. */
struct sight {
	struct stamp stamp;
	struct digest content; /* not there if it need not be read */
};

void
sights_add(struct strbuf *list, const char *path, const struct stat *st,
	   const struct digest *content)
{
	struct sight s = { .stamp = stamp_of(st) };

	if (content)
		s.content = *content;
	cbor_put_text(list, path, strlen(path));
	cbor_put_bytes(list, &s, content ? sizeof(s) : sizeof(s.stamp));
}

void
sights_doubt(struct strbuf *list, const char *path)
{
	cbor_put_text(list, path, strlen(path));
	cbor_put_bytes(list, "", 0);
}

void
sights_look(struct strbuf *list, const char *path)
{
	struct stat st;

	if (!lstat(path, &st)) {
		sights_add(list, path, &st, NULL);
		return;
	}
	cbor_put_text(list, path, strlen(path));
	cbor_put_null(list);
}

/* Append the content of the file at PATH, or the target of the symlink, to SB;
 * ST is its stat.  Returns whether it could be read. */
static bool
read_content(const char *path, const struct stat *st, struct strbuf *sb)
{
	ssize_t n;

	if (!S_ISLNK(st->st_mode))
		return S_ISREG(st->st_mode) && !file_read(path, sb, NULL);
	strbuf_grow(sb, (size_t)st->st_size + 1);
	n = readlink(path, sb->buf, (size_t)st->st_size + 1);
	if (n < 0)
		return false;
	sb->len = (size_t)n;
	return true;
}

static bool
has_content(const char *path, const struct stat *st,
	    const struct digest *content)
{
	struct strbuf sb = STRBUF_INIT;
	struct digest now;
	bool has = read_content(path, st, &sb);

	if (has) {
		now = digest_of(sb.buf, sb.len);
		has = digest_equal(&now, content);
	}
	strbuf_release(&sb);
	return has;
}

/* Whether what has ST was not written since it had the stamp S; it may have
 * been linked, or got another mode. */
static bool
is_as_old(const struct stamp *s, const struct stat *st)
{
	struct stamp now = stamp_of(st);

	now.ctime_ns = s->ctime_ns;
	return stamp_equal(s, &now);
}

/* Whether ST is that of what we write ourselves. */
static bool
is_own(const struct stat *st)
{
	struct stat own;
	int fd;

	for (fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++)
		if (!fstat(fd, &own) && own.st_ino == st->st_ino &&
		    own.st_dev == st->st_dev)
			return true;
	return false;
}

/* Whether what is at PATH is what the LEN bytes of SEEN, NULL for nothing,
 * say. */
static bool
is_same(const char *path, const char *seen, size_t len, bool by_age)
{
	struct sight s;
	struct stat st;

	if (lstat(path, &st) < 0)
		return !seen && (errno == ENOENT || errno == ENOTDIR);
	if (!seen || (len != sizeof(s.stamp) && len != sizeof(s)))
		return false;
	memcpy(&s, seen, len);
	if (by_age)
		return is_as_old(&s.stamp, &st) || is_own(&st);
	return (stamp_is_of(&s.stamp, &st) &&
		(len < sizeof(s) || has_content(path, &st, &s.content))) ||
		is_own(&st);
}

bool
sights_each_change(const char *list, size_t len, bool by_age,
		   bool (*fn)(void *data, const char *path), void *data)
{
	struct strbuf path = STRBUF_INIT;
	struct cbor c;
	bool go_on = true;

	cbor_init(&c, list, len);
	while (go_on && cbor_peek(&c) != CBOR_END) {
		size_t path_len, seen_len = 0;
		const char *text = cbor_get_text(&c, &path_len);
		const char *seen = cbor_get_null(&c) ? NULL :
			cbor_get_bytes(&c, &seen_len);

		if (c.failed)
			break;
		strbuf_reset(&path);
		strbuf_add(&path, text, path_len);
		go_on = is_same(path.buf, seen, seen_len, by_age) ||
			fn(data, path.buf);
	}
	strbuf_release(&path);
	return !c.failed;
}

/* The list does not hold. */
static bool
note_change(void *data, const char *path)
{
	bool *holds = data;

	(void)path;
	*holds = false;
	return false;
}

bool
sights_hold(const char *list, size_t len)
{
	bool holds = true;

	return sights_each_change(list, len, false, note_change, &holds) &&
		holds;
}
