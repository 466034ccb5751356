/*
 * Stamps.
 */
#include "base/base.h"

#include "sys/stamp.h"

#include <string.h>

#include "base/clock.h"

struct stamp
stamp_of(const struct stat *st)
{
	return (struct stamp){
		.size_bytes = (uint64_t)st->st_size,
		.mtime_ns = timespec_ns(st->st_mtim),
		.ctime_ns = timespec_ns(st->st_ctim),
		.inode = st->st_ino,
	};
}

bool
stamp_equal(const struct stamp *a, const struct stamp *b)
{
	return a->size_bytes == b->size_bytes && a->mtime_ns == b->mtime_ns &&
	       a->ctime_ns == b->ctime_ns && a->inode == b->inode;
}

bool
stamp_is_of(const struct stamp *s, const struct stat *st)
{
	struct stamp now = stamp_of(st);

	return stamp_equal(s, &now);
}

static struct timespec
to_timespec(int64_t ns)
{
	return (struct timespec){ .tv_sec = ns / NS_PER_S,
				  .tv_nsec = ns % NS_PER_S };
}

void
stamp_to_stat(const struct stamp *s, struct stat *st)
{
	memset(st, 0, sizeof(*st));
	st->st_size = (off_t)s->size_bytes;
	st->st_mtim = to_timespec(s->mtime_ns);
	st->st_ctim = to_timespec(s->ctime_ns);
	st->st_ino = s->inode;
}
