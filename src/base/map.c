/*
 * A hash map in two arrays: the entries in order of insertion, and a table
 * of their indices, probed linearly.  A deleted entry keeps its slot, so a
 * key has one slot at most and a probe never has to move anything; dead
 * entries go when the table is built anew.
 */
#include "base/base.h"

#include "base/map.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/arena.h"

enum { FIRST_SLOTS = 16 };

void
map_init(struct map *m)
{
	memset(m, 0, sizeof(*m));
}

void
map_release(struct map *m)
{
	if (m->keys)
		arena_release(m->keys);
	free(m->keys);
	free(m->entries);
	free(m->slots);
	map_init(m);
}

/* The slot of KEY, or the empty one where it belongs. */
static uint32_t *
find_slot(const struct map *m, const char *key, size_t len, uint32_t hash)
{
	uint32_t mask = m->slot_count - 1, i;
	const struct map_entry *e;

	for (i = hash & mask; m->slots[i]; i = (i + 1) & mask) {
		e = &m->entries[m->slots[i] - 1];
		if (e->hash == hash && e->len == len &&
		    !memcmp(e->key, key, len))
			break;
	}
	return &m->slots[i];
}

static uint32_t
hash_key(const char *key, size_t len)
{
	return (uint32_t)XXH3_64bits(key, len);
}

/* Close the holes that deleted entries left. */
static void
drop_dead(struct map *m)
{
	uint32_t i, n = 0;

	for (i = 0; i < m->count; i++)
		if (m->entries[i].value)
			m->entries[n++] = m->entries[i];
	m->count = n;
}

/* Make room for one more entry: at most half of the slots are in use. */
static void
make_room(struct map *m)
{
	uint32_t i, j, mask;

	if (m->count < m->slot_count / 2)
		return;
	drop_dead(m);
	if (m->count >= UINT32_MAX / 8)
		bug("a map of %u entries grows", m->count);
	if (m->count >= m->slot_count / 4)
		m->slot_count = MAX(m->slot_count * 2, FIRST_SLOTS);
	free(m->slots);
	m->slots = xcalloc(m->slot_count, sizeof(*m->slots));
	m->alloc = m->slot_count / 2;
	m->entries = xrealloc(m->entries, m->alloc * sizeof(*m->entries));
	mask = m->slot_count - 1;
	for (i = 0; i < m->count; i++) {
		for (j = m->entries[i].hash & mask; m->slots[j];)
			j = (j + 1) & mask;
		m->slots[j] = i + 1;
	}
}

void *
map_get(const struct map *m, const char *key, size_t len)
{
	uint32_t slot;

	if (!m->live)
		return NULL;
	slot = *find_slot(m, key, len, hash_key(key, len));
	return slot ? m->entries[slot - 1].value : NULL;
}

static const char *
copy_key(struct map *m, const char *key, size_t len)
{
	if (!m->keys) {
		m->keys = xmalloc(sizeof(*m->keys));
		arena_init(m->keys);
	}
	return arena_strndup(m->keys, key, len);
}

struct map_entry *
map_enter(struct map *m, const char *key, size_t len)
{
	uint32_t hash = hash_key(key, len), *slot;

	if (len >= UINT32_MAX)
		bug("a key of %zu bytes for a map", len);
	make_room(m);
	slot = find_slot(m, key, len, hash);
	if (*slot) {
		if (m->entries[*slot - 1].value)
			return &m->entries[*slot - 1];
		key = m->entries[*slot - 1].key;
	} else {
		key = copy_key(m, key, len);
	}
	m->entries[m->count] = (struct map_entry){
		.key = key, .len = (uint32_t)len, .hash = hash
	};
	*slot = ++m->count;
	m->live++;
	return &m->entries[m->count - 1];
}

void *
map_set(struct map *m, const char *key, size_t len, void *value)
{
	struct map_entry *e = map_enter(m, key, len);
	void *old = e->value;

	if (!value)
		bug("no value for a map");
	e->value = value;
	return old;
}

void *
map_remove(struct map *m, const char *key, size_t len)
{
	struct map_entry *e;
	uint32_t slot;
	void *old;

	if (!m->live)
		return NULL;
	slot = *find_slot(m, key, len, hash_key(key, len));
	if (!slot)
		return NULL;
	e = &m->entries[slot - 1];
	old = e->value;
	e->value = NULL;
	m->live -= !!old;
	return old;
}

void *
map_gets(const struct map *m, const char *key)
{
	return map_get(m, key, strlen(key));
}

void *
map_sets(struct map *m, const char *key, void *value)
{
	return map_set(m, key, strlen(key), value);
}
