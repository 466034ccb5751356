/*
 * Stamps: by which a file that was changed is told from one that was not,
 * without reading it.
 */
#ifndef FLOWMAKE_SYS_STAMP_H
#define FLOWMAKE_SYS_STAMP_H

#include <sys/stat.h>

#include "base/base.h"

/* It is written to files as it is (store/witness.c). */
struct stamp {
	uint64_t size_bytes;
	int64_t mtime_ns;
	int64_t ctime_ns;
	uint64_t inode;
};

struct stamp stamp_of(const struct stat *st);
bool stamp_equal(const struct stamp *a, const struct stamp *b);
/* Whether what has the stat ST has the stamp S. */
bool stamp_is_of(const struct stamp *s, const struct stat *st);
/* Fill ST as far as S says it, the rest with 0. */
void stamp_to_stat(const struct stamp *s, struct stat *st);

#endif
