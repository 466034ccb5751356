/*
 * Memory that lives as long as its arena and is never freed alone.
 */
#ifndef FLOWMAKE_BASE_ARENA_H
#define FLOWMAKE_BASE_ARENA_H

#include "base/base.h"

struct arena_block;

struct arena {
	struct arena_block *blocks; /* newest first */
	char *next;                 /* free bytes of the newest block */
	char *end;
	size_t used_bytes;          /* all that was handed out */
};

#define ARENA_INIT { NULL, NULL, NULL, 0 }

void arena_init(struct arena *a);
void arena_release(struct arena *a);
/* Free all but the largest block, for use again. */
void arena_reset(struct arena *a);
/* SIZE bytes, aligned for any type; the second form zeroes them. */
void *arena_alloc(struct arena *a, size_t size_bytes);
void *arena_zalloc(struct arena *a, size_t size_bytes);
/* Copies of LEN bytes; the string forms add a NUL and need no alignment. */
void *arena_memdup(struct arena *a, const void *p, size_t len);
char *arena_strndup(struct arena *a, const char *s, size_t len);
char *arena_strdup(struct arena *a, const char *s);

#endif
