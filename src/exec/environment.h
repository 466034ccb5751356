/*
 * The environment of a task: the one that flowmake was started with, less
 * flowmake's own variables; then what every task gets (FLOWMAKE_RUN_ID, ...,
 * TMPDIR); then its step's.  Prepared once, so that a task changes only a few
 * entries.
 *
 * A program that is executed in place of a shell gets what that would have
 * given it: of "bash -euo pipefail -c" PWD, OLDPWD and SHLVL as bash sets them,
 * "_" with the program's path; of dash PWD.
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

/* Whose place a program takes. */
enum shell_kind {
	SHELL_NONE, /* nobody's, or that of a shell whose ways are not known */
	SHELL_BASH, /* bash -euo pipefail -c */
	SHELL_DASH, /* dash -c, with -e and -u or without, by any name */
	SHELL_KINDS
};

/* Prepare from ENVP, which is borrowed, as PROGRAMS is; the current directory
 * counts. */
struct environment *environment_new(char *const *envp,
				    struct programs *programs);
void environment_free(struct environment *e);

/* The environment of SPEC's attempt in SLOT, for execve; it is E's and
 * changes with the next call.  PROGRAM is the path of a program that is
 * executed in place of the shell REPLACED, if it is.  Returns NULL when a
 * secret is not in our own environment. */
char *const *environment_of(struct environment *e,
			    const struct task_spec *spec,
			    const struct slot *slot, enum shell_kind replaced,
			    const char *program, struct error *err);

/* Append the same as CBOR pairs [[NAME, TEXT]...], less our own environment,
 * which the evaluator has too. */
int environment_put(struct environment *e, const struct task_spec *spec,
		    const struct slot *slot, struct strbuf *sb,
		    struct error *err);

/* The shell that SPEC names, when nothing in its environment makes that do
 * more than this file knows: change other variables, read a file or define
 * functions first. */
enum shell_kind environment_shell(struct environment *e,
				  const struct task_spec *spec);
/* Append to PATH where it would find the program NAME for SPEC.  Returns false
 * when it has to be asked, since that was not found so easily. */
bool environment_find(const struct environment *e,
		      const struct task_spec *spec, const char *name,
		      struct strbuf *path);

#endif
