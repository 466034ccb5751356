/*
 * The command of an attempt: which program with which arguments, where they
 * stand for paths that are known only now.
 */
#ifndef FLOWMAKE_EXEC_COMMAND_H
#define FLOWMAKE_EXEC_COMMAND_H

#include "base/base.h"
#include "base/strbuf.h"
#include "base/strvec.h"
#include "exec/environment.h"
#include "model/shell-text.h"

struct error;
struct slot;
struct task_spec;

struct command {
	const char *program;     /* a path, or to be looked up in PATH */
	enum shell_kind replaces; /* the shell that was asked for */
	struct strvec argv;
	struct shell_redirections files; /* in place of that shell */
	struct strbuf text;      /* of a shell recipe, filled in */
	struct strbuf path;      /* of a program that replaces a shell */
};

void command_init(struct command *c);
void command_release(struct command *c);

/* Build the command of SPEC (not scheme) in SLOT, C's memory being used
 * again.  A shell text that the shell would only take to execute one program
 * has that program in its place. */
int command_build(struct command *c, const struct task_spec *spec,
		  struct slot *slot, struct environment *env,
		  struct error *err);

/* Redirect the three descriptors FDS as the shell that C replaces would.  Those
 * that were opened for that are appended to OPENED (of 3), which the caller
 * closes in any case.  Returns -1 when the shell has to do it: a file cannot be
 * opened, or not at once, or depends on who opens it. */
int command_redirect(const struct command *c, int fds[3], int *opened,
		     size_t *count);

/* The program that replaces a shell could not be executed: let the shell say
 * so. */
int command_fall_back(struct command *c, const struct task_spec *spec,
		      struct slot *slot, struct error *err);

#endif
