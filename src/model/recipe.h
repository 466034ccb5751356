/*
 * A recipe with its values filled in: what one task really executes.  Paths
 * that are known only where it runs are stand-ins (model/standin.h).
 */
#ifndef FLOWMAKE_MODEL_RECIPE_H
#define FLOWMAKE_MODEL_RECIPE_H

#include "base/base.h"

struct arena;
struct error;
struct graph;
struct strbuf;
struct task;

/* A file of names, asked for by (list-file LIST). */
struct list_file {
	const char **items;
	size_t *lens;
	size_t count;
};

struct filled_recipe {
	char **argv;             /* NULL-terminated: exec; the shell's or the
				  * script's program; NULL: default shell */
	size_t argc;
	const char *text;        /* shell: filled; script: as written */
	size_t text_len;
	const char *stdin_file;  /* or NULL */
	const char *stdout_file; /* an output; or NULL */
	int stdout_result;       /* index of an own result; -1: none */
	struct list_file *lists; /* by index of their stand-ins */
	size_t list_count;
};

/* Fill the recipe of T, whose phases have all been evaluated; everything comes
 * from ARENA.  For scheme recipes there is nothing to fill. */
int recipe_fill(struct graph *g, const struct task *t, struct arena *arena,
		struct filled_recipe *f, struct error *err);

/* Append the recipe of T's step as its Flowfile has it, for people: names as
 * "#{name}", expressions as "#{... names}", constants as they are; those that
 * an expression gives only if FILLS, for a template that is one step.  Nothing
 * for a scheme recipe. */
void recipe_add_source(struct graph *g, const struct task *t, bool fills,
		       struct strbuf *out);

/* Append the values of the expressions that stand there as "#{... names}", as T
 * has them: "3, a b". */
void recipe_add_values(struct graph *g, const struct task *t, bool fills,
		       struct strbuf *out);

#endif
