/*
 * Annotations from the command line: --with SPEC.
 */
#ifndef FLOWMAKE_MODEL_WITH_H
#define FLOWMAKE_MODEL_WITH_H

struct error;
struct rules;

/* Annotate every step that has no such clause of its own, and, for batch, no
 * local, with SPEC: "batch", "batch:cpu=4,memory=10000,queue=default",
 * "retry:times=3", "timeout:hours=2", "resources:cpu=2", "local".  Values are
 * numbers where they look like one, else texts.  RULES are resolved. */
int rules_add_with(struct rules *r, const char *spec, struct error *err);

#endif
