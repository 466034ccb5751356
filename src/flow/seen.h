/*
 * What was looked at for one thing that the evaluator said.  The things that
 * one memo knows often have looked at the same: each observation is kept once.
 */
#ifndef FLOWMAKE_FLOW_SEEN_H
#define FLOWMAKE_FLOW_SEEN_H

#include "base/base.h"
#include "base/map.h"

struct cbor;
struct observation;
struct strbuf;

/* All observations of a memo. */
struct looks {
	struct map all; /* by observation_id; their only owner */
};

/* Those of one thing, each once, in the order in which they were made. */
struct seen {
	struct observation **v; /* the looks' */
	size_t count;
	size_t alloc;
};

#define SEEN_INIT { NULL, 0, 0 }

void looks_init(struct looks *l);
/* Drops all: what was SEEN is to be released, too. */
void looks_release(struct looks *l);
/* Note of directories how they are now (observation_add_stamp). */
void looks_add_stamps(struct looks *l);

void seen_release(struct seen *s);
/* Add what stands in MANIFESTS (model/wire.h), LEN bytes, one after another, to
 * S, which is empty.  Returns false when they cannot be read. */
bool seen_add(struct seen *s, struct looks *l, const char *manifests,
	      size_t len);
/* Append S as one CBOR array. */
void seen_put(const struct seen *s, struct strbuf *sb);
/* Read what seen_put wrote into S, which is empty, when it is so now.  Returns
 * false when it is not, or cannot be read, which C says.  While things are
 * read, nothing that is in L already is looked at again. */
bool seen_get(struct seen *s, struct looks *l, struct cbor *c);

/* Whether it is so now. */
bool seen_is_true(const struct seen *s);
/* Whether A and B, of the same looks, are the same. */
bool seen_equal(const struct seen *a, const struct seen *b);

/* Append the ids (observation_id) of S, one after another. */
void seen_add_ids(const struct seen *s, struct strbuf *sb);
/* Sort the ids in SB, and drop those that stand there again. */
void seen_sort_ids(struct strbuf *sb);

#endif
