/*
 * What the decoders of the evaluator's messages share: model/rules.c,
 * model/rules-template.c and model/rules-thunks.c, and nobody else.
 */
#ifndef FLOWMAKE_MODEL_RULES_READ_H
#define FLOWMAKE_MODEL_RULES_READ_H

#include "base/base.h"

struct cbor;
struct rules;
struct template;

/* COUNT zeroed elements of SIZE bytes from the arena. */
void *rules_take(struct rules *r, size_t count, size_t size);
/* A text as a string of the arena; NULL for null. */
const char *read_str(struct rules *r, struct cbor *c);
/* A text that must be there. */
const char *read_text(struct rules *r, struct cbor *c);
/* The head of an array that must have at least LEAST items. */
size_t read_array(struct cbor *c, size_t least);
/* An index that must be below LIMIT. */
uint32_t read_index(struct cbor *c, size_t limit);

/* Fill the table of T's thunks from all its expressions, and note what its
 * names are mentioned in; indexes out of range set C's failed. */
void rules_note_thunks(struct rules *r, struct cbor *c, struct template *t);

#endif
