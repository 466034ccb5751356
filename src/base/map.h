/*
 * A hash map from byte strings to pointers.  Entries stay in order of
 * insertion, so that walking a map never depends on hash values; deleting
 * leaves a hole that a walk skips.
 */
#ifndef FLOWMAKE_BASE_MAP_H
#define FLOWMAKE_BASE_MAP_H

#include "base/base.h"

struct map_entry {
	const char *key; /* owned by the map, NUL-terminated */
	uint32_t len;    /* of the key, without the NUL */
	uint32_t hash;   /* low half of the key's XXH3 */
	void *value;     /* never NULL; NULL marks a deleted entry */
};

struct map {
	struct map_entry *entries; /* in order of insertion */
	uint32_t count;            /* entries in use, deleted ones included */
	uint32_t live;             /* entries not deleted */
	uint32_t alloc;
	uint32_t *slots;           /* open addressing: entry index + 1, or 0 */
	uint32_t slot_count;       /* power of two */
	struct arena *keys;        /* where keys are copied */
};

void map_init(struct map *m);
/* Frees keys and table, not the values. */
void map_release(struct map *m);
/* The value of KEY, or NULL. */
void *map_get(const struct map *m, const char *key, size_t len);
/* Set KEY's value (not NULL); returns the one it replaces, or NULL. */
void *map_set(struct map *m, const char *key, size_t len, void *value);
/* The entry of KEY, made if there is none: its value is NULL then, to be set
 * at once.  Good until the map is changed again. */
struct map_entry *map_enter(struct map *m, const char *key, size_t len);
/* Remove KEY; returns its value, or NULL. */
void *map_remove(struct map *m, const char *key, size_t len);

/* The same for NUL-terminated keys. */
void *map_gets(const struct map *m, const char *key);
void *map_sets(struct map *m, const char *key, void *value);

#define map_each(m, e) \
	for (struct map_entry *e = (m)->entries; \
	     e && e < (m)->entries + (m)->count; e++) \
		if (e->value)

#endif
