/*
 * The command of an attempt: which program with which arguments, where they
 * stand for paths that are known only now.
 */
#ifndef FLOWMAKE_EXEC_COMMAND_H
#define FLOWMAKE_EXEC_COMMAND_H

#include "base/base.h"
#include "base/strbuf.h"
#include "base/strvec.h"

struct environment;
struct error;
struct slot;
struct task_spec;

struct command {
	const char *program;     /* a path, or to be looked up in PATH */
	bool replaces_bash;      /* executed where bash was asked for */
	struct strvec argv;
	struct strbuf text;      /* of a shell recipe, filled in */
	struct strbuf path;      /* of a program that replaces bash */
};

void command_init(struct command *c);
void command_release(struct command *c);

/* Build the command of SPEC (not scheme) in SLOT, C's memory being used
 * again.  A shell text that bash would only take to execute one program has
 * that program in its place. */
int command_build(struct command *c, const struct task_spec *spec,
		  struct slot *slot, const struct environment *env,
		  struct error *err);

/* The program that replaces bash could not be executed: let bash say so. */
int command_fall_back(struct command *c, const struct task_spec *spec,
		      struct slot *slot, struct error *err);

#endif
