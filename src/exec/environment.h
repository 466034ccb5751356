/*
 * The environment of a task: the one that flowmake was started with, less
 * flowmake's own variables; then what every task gets (FLOWMAKE_RUN_ID, ...,
 * TMPDIR); then its step's.  Prepared once, so that a task changes only a few
 * entries.
 *
 * A program that is executed in place of "bash -euo pipefail -c" gets what
 * bash would have given it: PWD, OLDPWD and SHLVL as bash sets them, "_" with
 * the program's path.
 */
#ifndef FLOWMAKE_EXEC_ENVIRONMENT_H
#define FLOWMAKE_EXEC_ENVIRONMENT_H

#include "base/base.h"

struct environment;
struct error;
struct programs;
struct slot;
struct strbuf;
struct task_spec;

/* Prepare from ENVP, which is borrowed, as PROGRAMS is; the current directory
 * counts. */
struct environment *environment_new(char *const *envp,
				    struct programs *programs);
void environment_free(struct environment *e);

/* The environment of SPEC's attempt in SLOT, for execve; it is E's and
 * changes with the next call.  PROGRAM is the path of a program that is
 * executed in place of bash, or NULL.  Returns NULL when a secret is not in
 * our own environment. */
char *const *environment_of(struct environment *e,
			    const struct task_spec *spec,
			    const struct slot *slot, const char *program,
			    struct error *err);

/* Append the same as CBOR pairs [[NAME, TEXT]...], less our own environment,
 * which the evaluator has too. */
int environment_put(struct environment *e, const struct task_spec *spec,
		    const struct slot *slot, struct strbuf *sb,
		    struct error *err);

/* Append to PATH where bash would find the program NAME for SPEC.  Returns
 * false when bash has to be asked: it was not found so easily, or bash would
 * change something else in the environment, or would read a file or define
 * functions first. */
bool environment_find(const struct environment *e,
		      const struct task_spec *spec, const char *name,
		      struct strbuf *path);

#endif
