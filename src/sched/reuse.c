/*
 * Results of earlier runs.
 */
#include "base/base.h"

#include "sched/reuse.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/cbor.h"
#include "base/error.h"
#include "base/map.h"
#include "base/strbuf.h"
#include "model/graph.h"
#include "store/files.h"
#include "store/objects.h"
#include "store/store.h"

/* One good result that the origin run shows; all in the arena. */
struct known_result {
	struct result_row row;
	struct known_result *older;  /* the one read before */
	struct known_result *next;   /* of the same bucket, older ones first */
};

struct reuse {
	struct store *store;
	struct files *files;
	uint32_t origin;
	struct arena arena;
	struct map names;      /* steps, kept once -> themselves */
	struct known_result *newest;
	size_t count;
	struct known_result **buckets; /* NULL: nothing was read yet */
	size_t mask;
};

/* ---- reading ---- */

/* S, kept once however many tasks have it. */
static const char *
intern(struct reuse *u, const char *s)
{
	char *kept = map_gets(&u->names, s);

	if (!kept) {
		kept = arena_strdup(&u->arena, s);
		map_sets(&u->names, kept, kept);
	}
	return kept;
}

/* Copy what ROW borrows into ARENA. */
static struct result_row
copy_row(struct arena *arena, const struct result_row *row)
{
	struct result_row copy = *row;

	copy.split = arena_strdup(arena, row->split);
	if (row->results)
		copy.results = arena_memdup(arena, row->results,
					    row->results_len);
	if (row->outputs)
		copy.outputs = arena_memdup(arena, row->outputs,
					    row->outputs_len);
	return copy;
}

static bool
add_known(void *data, const struct result_row *row)
{
	struct reuse *u = data;
	struct known_result *k;

	k = arena_alloc(&u->arena, sizeof(*k));
	k->row = copy_row(&u->arena, row);
	k->row.step = intern(u, row->step);
	k->older = u->newest;
	u->newest = k;
	u->count++;
	return false;
}

static struct known_result **
bucket_of(const struct reuse *u, const struct digest *key)
{
	uint64_t hash;

	memcpy(&hash, key->bytes, sizeof(hash));
	return &u->buckets[hash & u->mask];
}

static void
fill_buckets(struct reuse *u)
{
	struct known_result *k, **b;
	size_t size = 16;

	while (size < u->count)
		size *= 2;
	u->mask = size - 1;
	u->buckets = xcalloc(size, sizeof(*u->buckets));
	for (k = u->newest; k; k = k->older) {
		b = bucket_of(u, &k->row.key);
		k->next = *b;
		*b = k;
	}
}

struct reuse *
reuse_new(struct store *store, struct files *files, uint32_t origin)
{
	struct reuse *u = xcalloc(1, sizeof(*u));

	u->store = store;
	u->files = files;
	u->origin = origin;
	arena_init(&u->arena);
	map_init(&u->names);
	return u;
}

/* Read what the origin run shows. */
static int
load(struct reuse *u, struct error *err)
{
	if (u->buckets)
		return 0;
	if (u->origin &&
	    store_result_each(u->store, u->origin, add_known, u, err))
		return -1;
	fill_buckets(u);
	return 0;
}

void
reuse_free(struct reuse *u)
{
	if (!u)
		return;
	map_release(&u->names);
	arena_release(&u->arena);
	free(u->buckets);
	free(u);
}

/* ---- looking ---- */

/* Whether what an artifact holds is in the store, whole. */
static bool
is_stored(struct reuse *u, const struct artifact *a)
{
	return a->format == ARTIFACT_INLINE ||
	       object_verify(&a->digest, a->file_name, u->files, NULL) > 0;
}

/* Whether the output A is in the project, or can be had (then STATE says so).
 */
static bool
has_output(struct reuse *u, const struct artifact *a, enum reuse_state *state)
{
	/* what cannot be read is not what the task made */
	if (files_match(u->files, a->name, &a->digest))
		return true;
	*state = REUSE_RESTORE;
	return object_exists(&a->digest, NULL);
}

/* Read a list of COUNT artifacts from DATA, or NULL if it is none. */
static const struct artifact *
read_artifacts(struct arena *arena, const char *data, size_t len, size_t count)
{
	const struct artifact *list;
	struct cbor c;
	size_t found = 0;

	if (!len)
		return count ? NULL : arena_zalloc(arena, 1);
	cbor_init(&c, data, len);
	list = artifact_get_list(&c, arena, &found);
	return c.failed || found != count ? NULL : list;
}

/* Whether ROW has what T makes, and where; then HIT is filled. */
static enum reuse_state
try_row(struct reuse *u, const struct task *t,
	const struct result_row *row, struct arena *arena,
	struct reuse_hit *hit)
{
	enum reuse_state state = REUSE_RIGHT;
	uint32_t results = t->step->template->produce_count, i;

	hit->results = read_artifacts(arena, row->results, row->results_len,
				      results);
	hit->outputs = read_artifacts(arena, row->outputs, row->outputs_len,
				      t->output_count);
	if (!hit->results || !hit->outputs)
		return REUSE_NONE;
	for (i = 0; i < t->output_count; i++)
		if (strcmp(hit->outputs[i].name, t->outputs[i].path) ||
		    !has_output(u, &hit->outputs[i], &state))
			return REUSE_NONE;
	for (i = 0; i < results; i++)
		if (!is_stored(u, &hit->results[i]))
			return REUSE_NONE;
	hit->run = row->run;
	hit->task = row->task;
	hit->origin_run = row->origin_run;
	hit->origin_task = row->origin_task;
	return state;
}

/* The best that was found so far. */
struct search {
	struct reuse *reuse;
	const struct task *task;
	const char *split;
	struct arena *arena;
	bool same_name;        /* of the rows that are being looked at */
	enum reuse_state state;
	struct reuse_hit *hit;
};

/* Take ROW if it is better.  Returns whether nothing can be better still. */
static bool
consider(void *data, const struct result_row *row)
{
	struct search *s = data;
	struct reuse_hit hit = { .is_kept = s->same_name };
	enum reuse_state state = try_row(s->reuse, s->task, row, s->arena,
					 &hit);

	if (state == REUSE_NONE || s->state == state)
		return false;
	*s->hit = hit;
	s->state = state;
	return state == REUSE_RIGHT;
}

static bool
is_called(const struct result_row *row, const struct search *s)
{
	return !strcmp(row->split, s->split) &&
	       !strcmp(row->step, s->task->step->name);
}

/* Look among the results of the origin run that are called as the task is, or
 * among the others. */
static bool
search_origin(struct search *s, const struct digest *key, bool same_name)
{
	const struct known_result *k = *bucket_of(s->reuse, key);

	s->same_name = same_name;
	for (; k; k = k->next)
		if (digest_equal(&k->row.key, key) &&
		    is_called(&k->row, s) == same_name &&
		    consider(s, &k->row))
			return true;
	return false;
}

/* Whether any run may have a result of KEY.  Nothing is read for the first of
 * the keys that no run has: mostly, of what an edit changed. */
static int
find_any(struct reuse *u, const struct digest *key, struct error *err)
{
	int known = u->buckets ? 1 : store_key_known(u->store, key, err);

	if (known > 0 && load(u, err))
		return -1;
	return known;
}

int
reuse_find(struct reuse *u, const struct task *t, const char *split,
	   const struct digest *key, struct arena *arena,
	   enum reuse_state *state, struct reuse_hit *hit, struct error *err)
{
	struct search s = { u, t, split, arena, false, REUSE_NONE, hit };
	int known = 0;

	if (!digest_is_zero(key))
		known = find_any(u, key, err);
	if (known < 0)
		return -1;
	if (known && !search_origin(&s, key, true) &&
	    !search_origin(&s, key, false) &&
	    store_result_of_key(u->store, key, consider, &s, err))
		return -1;
	*state = s.state;
	return 0;
}
