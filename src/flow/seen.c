/*
 * What was looked at.
 */
#include "base/base.h"

#include "flow/seen.h"

#include <stdlib.h>
#include <string.h>

#include "base/cbor.h"
#include "base/digest.h"
#include "base/strbuf.h"
#include "flow/observation.h"

/* ---- all observations ---- */

void
looks_init(struct looks *l)
{
	map_init(&l->all);
}

void
looks_release(struct looks *l)
{
	map_each(&l->all, e)
		observation_free(e->value);
	map_release(&l->all);
}

void
looks_add_stamps(struct looks *l)
{
	map_each(&l->all, e)
		observation_add_stamp(e->value);
}

/* The one of L that says what O says, or NULL. */
static struct observation *
find(const struct looks *l, const struct observation *o)
{
	struct digest id = observation_id(o);

	return map_get(&l->all, (char *)id.bytes, DIGEST_BYTES);
}

/* Take O; returns it, or the one of L that says the same. */
static struct observation *
enter(struct looks *l, struct observation *o)
{
	struct observation *known = find(l, o);
	struct digest id;

	if (known) {
		observation_free(o);
		return known;
	}
	id = observation_id(o);
	map_set(&l->all, (char *)id.bytes, DIGEST_BYTES, o);
	return o;
}

/* ---- those of one thing ---- */

void
seen_release(struct seen *s)
{
	free(s->v);
	*s = (struct seen)SEEN_INIT;
}

static void
push(struct seen *s, struct observation *o)
{
	ARRAY_GROW(s->v, s->count, s->alloc);
	s->v[s->count++] = o;
}

bool
seen_add(struct seen *s, struct looks *l, const char *manifests, size_t len)
{
	struct map once; /* those in S */
	struct cbor c;
	size_t n;

	map_init(&once);
	cbor_init(&c, manifests, len);
	while (cbor_peek(&c) != CBOR_END && !c.failed) {
		for (n = cbor_get_array(&c); n && !c.failed; n--) {
			struct observation *o = observation_of_manifest(&c);

			if (!o)
				continue;
			o = enter(l, o);
			if (!map_set(&once, (char *)&o, sizeof(o), o))
				push(s, o);
		}
	}
	map_release(&once);
	return !c.failed;
}

void
seen_put(const struct seen *s, struct strbuf *sb)
{
	size_t i;

	cbor_put_array(sb, s->count);
	for (i = 0; i < s->count; i++)
		observation_put(sb, s->v[i]);
}

bool
seen_get(struct seen *s, struct looks *l, struct cbor *c)
{
	bool is_true = true;
	size_t n;

	for (n = cbor_get_array(c); n && !c->failed; n--) {
		struct observation *o = observation_get(c);

		if (!o)
			continue;
		is_true = is_true && (find(l, o) || observation_is_true(o));
		if (is_true)
			push(s, enter(l, o));
		else
			observation_free(o);
	}
	return is_true && !c->failed;
}

bool
seen_is_true(const struct seen *s)
{
	size_t i;

	for (i = 0; i < s->count; i++)
		if (!observation_is_true(s->v[i]))
			return false;
	return true;
}

bool
seen_equal(const struct seen *a, const struct seen *b)
{
	size_t i;

	for (i = 0; i < a->count && i < b->count && a->v[i] == b->v[i]; i++)
		;
	return i == a->count && i == b->count;
}

/* ---- ids ---- */

void
seen_add_ids(const struct seen *s, struct strbuf *sb)
{
	size_t i;

	for (i = 0; i < s->count; i++) {
		struct digest id = observation_id(s->v[i]);

		strbuf_add(sb, id.bytes, DIGEST_BYTES);
	}
}

static int
compare_ids(const void *a, const void *b)
{
	return memcmp(a, b, DIGEST_BYTES);
}

void
seen_sort_ids(struct strbuf *sb)
{
	size_t from, to = 0;

	qsort(sb->buf, sb->len / DIGEST_BYTES, DIGEST_BYTES, compare_ids);
	for (from = 0; from < sb->len; from += DIGEST_BYTES) {
		char *id = sb->buf + from;

		if (to && !memcmp(sb->buf + to - DIGEST_BYTES, id,
				  DIGEST_BYTES))
			continue;
		memmove(sb->buf + to, id, DIGEST_BYTES);
		to += DIGEST_BYTES;
	}
	strbuf_truncate(sb, to);
}
