/*
 * Memory that lives as long as its arena: blocks that double in size, so
 * that small arenas stay small and large ones have few blocks.
 */
#include "base/base.h"

#include "base/arena.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_BLOCK_BYTES = 1 << 10, LAST_BLOCK_BYTES = 1 << 18 };

struct arena_block {
	struct arena_block *next;
	size_t size_bytes; /* of data */
	_Alignas(max_align_t) char data[];
};

void
arena_init(struct arena *a)
{
	memset(a, 0, sizeof(*a));
}

void
arena_release(struct arena *a)
{
	struct arena_block *b, *next;

	for (b = a->blocks; b; b = next) {
		next = b->next;
		free(b);
	}
	arena_init(a);
}

void
arena_reset(struct arena *a)
{
	struct arena_block *kept = a->blocks, *b, *next;

	if (!kept)
		return;
	/* the newest is the largest, but for pieces of their own */
	for (b = kept->next; b; b = next) {
		next = b->next;
		free(b);
	}
	kept->next = NULL;
	a->next = kept->data;
	a->end = kept->data + kept->size_bytes;
	a->used_bytes = 0;
}

/* A piece too large to share a block gets its own, behind the newest, so
 * that the free bytes of that one are not lost. */
static char *
add_own_block(struct arena *a, size_t size_bytes)
{
	struct arena_block *b = xmalloc(sizeof(*b) + size_bytes);

	b->size_bytes = size_bytes;
	if (a->blocks) {
		b->next = a->blocks->next;
		a->blocks->next = b;
	} else {
		b->next = NULL;
		a->blocks = b;
	}
	return b->data;
}

/* Start a block that holds at least SIZE bytes. */
static void
add_block(struct arena *a, size_t size_bytes)
{
	size_t size = FIRST_BLOCK_BYTES;
	struct arena_block *b;

	if (a->blocks)
		size = MIN(a->blocks->size_bytes * 2, LAST_BLOCK_BYTES);
	size = MAX(size, size_bytes);
	b = xmalloc(sizeof(*b) + size);
	b->size_bytes = size;
	b->next = a->blocks;
	a->blocks = b;
	a->next = b->data;
	a->end = b->data + size;
}

/* SIZE bytes at the next multiple of ALIGN, a power of two. */
static void *
alloc_aligned(struct arena *a, size_t size_bytes, size_t align)
{
	size_t pad = -(uintptr_t)a->next & (align - 1);
	char *p;

	a->used_bytes += size_bytes;
	if (!a->next || (size_t)(a->end - a->next) < pad ||
	    (size_t)(a->end - a->next) - pad < size_bytes) {
		if (size_bytes > LAST_BLOCK_BYTES / 4)
			return add_own_block(a, size_bytes);
		add_block(a, size_bytes);
		pad = 0;
	}
	p = a->next + pad;
	a->next = p + size_bytes;
	return p;
}

void *
arena_alloc(struct arena *a, size_t size_bytes)
{
	return alloc_aligned(a, size_bytes, _Alignof(max_align_t));
}

void *
arena_zalloc(struct arena *a, size_t size_bytes)
{
	void *p = arena_alloc(a, size_bytes);

	return memset(p, 0, size_bytes);
}

void *
arena_memdup(struct arena *a, const void *p, size_t len)
{
	void *copy = arena_alloc(a, len);

	if (len)
		memcpy(copy, p, len);
	return copy;
}

char *
arena_strndup(struct arena *a, const char *s, size_t len)
{
	char *copy = alloc_aligned(a, len + 1, 1);

	if (len)
		memcpy(copy, s, len);
	copy[len] = '\0';
	return copy;
}

char *
arena_strdup(struct arena *a, const char *s)
{
	return arena_strndup(a, s, strlen(s));
}
