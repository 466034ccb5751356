/*
 * The key of a task: named parts, each a digest, whose digest is the key.  It
 * says all that the task's result may depend on, and nothing else; so two
 * attempts can be compared part by part (model/key-diff.h).
 *
 *   format            the number below
 *   recipe            kind and text, or arguments, with their values; own
 *                     results by name, objects by their content
 *   interpreter       program of a shell or script recipe
 *   environment       variables and values; names of secrets
 *   foreach VAR       the split's element
 *   stem              of a pattern
 *   step, split       its name and position, for a recipe that asks for them
 *   names             names, kinds and order of inputs, outputs, results
 *   input PATH        content of a file or directory
 *   from NAME, join NAME
 *                     the value or content that is read under NAME; not a
 *                     value that only other clauses of the step mention, as
 *                     foreach: what they make of it counts
 *   parameters        all of them, for a recipe that can read them from
 *                     $FLOWMAKE_TASK
 *   image             as the Flowfile writes it
 *   scheme            the body of a scheme recipe; and what it mentions:
 *   definition NAME, parameter NAME, module PATH
 *   scheme, closed over; definition NAME, closed over
 *
 * A part without a digest (data that cannot be encoded) makes the task always
 * run.
 */
#ifndef FLOWMAKE_MODEL_KEY_H
#define FLOWMAKE_MODEL_KEY_H

#include "base/base.h"
#include "base/digest.h"
#include "base/strbuf.h"

struct demands;
struct filled_recipe;
struct graph;
struct task;

#define KEY_FORMAT "2"

struct key_parts {
	struct strbuf cbor;   /* [[name, digest bytes or null]...], without the
			       * head of the outer array */
	size_t count;
	bool unknown;         /* some part has no digest */
	struct strbuf text;   /* of the part that is being made */
	struct strbuf name;
};

void key_parts_init(struct key_parts *k);
/* Empty, with its memory kept. */
void key_parts_reset(struct key_parts *k);
void key_parts_release(struct key_parts *k);
void key_parts_add(struct key_parts *k, const char *name,
		   const struct digest *d);
/* A part that cannot be had. */
void key_parts_add_unknown(struct key_parts *k, const char *name);

/* The part of an input: the file PATH with the content D. */
void key_add_input(struct key_parts *k, const char *path,
		   const struct digest *d);

/* Add all parts of T but its inputs' contents, which the caller knows:
 * FILLED is its recipe, D its demands for attempt 1. */
void key_add_task(struct key_parts *k, struct graph *g, const struct task *t,
		  const struct filled_recipe *filled, const struct demands *d);

/* Whether the recipe F of T may read the parameters from $FLOWMAKE_TASK. */
bool key_has_parameters(const struct task *t, const struct filled_recipe *f);

/* Whether the recipe F of T may read what its name number NAME brings, one of
 * from or join. */
bool key_has_import(const struct task *t, const struct filled_recipe *f,
		    uint32_t name);

/* The key that the parts make; all zero when it has an unknown part. */
struct digest key_of(const struct key_parts *k);

/* Append the parts as one CBOR array. */
void key_encode(const struct key_parts *k, struct strbuf *out);

#endif
