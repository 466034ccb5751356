/*
 * From declarations to rules that can run: steps by name, who reads whom, in
 * which fan-out each step runs, what each imported name stands for.  Checks
 * on the way all that can be wrong before anything is evaluated: duplicate and
 * unknown steps, cycles, results nobody makes, from and join that do not fit
 * the splits.
 */
#ifndef FLOWMAKE_MODEL_RESOLVE_H
#define FLOWMAKE_MODEL_RESOLVE_H

#include "base/base.h"

struct error;
struct level;
struct rules;

/* Complete RULES.  Returns -1 with the first mistake, in the order of the
 * Flowfile. */
int rules_resolve(struct rules *r, struct error *err);

/* The best guess at what NAME was meant to be, among all steps, or NULL. */
const char *rules_suggest(const struct rules *r, const char *name);

/* Whether OUTER is INNER or a fan-out around it. */
bool level_is_around(const struct level *outer, const struct level *inner);

#endif
