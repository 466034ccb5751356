/*
 * Starting a program, always the same way.  The child leads a process group of
 * its own, has an empty signal mask, default signals, and no descriptor above
 * the ones given.  It is killed when the thread that starts it ends.
 */
#ifndef FLOWMAKE_SYS_SPAWN_H
#define FLOWMAKE_SYS_SPAWN_H

#include <signal.h>
#include <sys/types.h>

#include "base/base.h"

struct error;
struct programs;

struct spawn {
	const char *program;      /* a path, or a name looked up along the
				   * PATH of envp */
	char *const *argv;
	char *const *envp;
	int stdin_fd;             /* each is dup'ed to 0, 1, 2; */
	int stdout_fd;            /* -1: /dev/null */
	int stderr_fd;
	int extra_fd;             /* becomes 3; -1: none */
	/* What need not be found out each time, or NULL: */
	struct programs *programs;
	const sigset_t *ignored;  /* by spawn_find_ignored */
};

/* In a new child of PARENT: be killed with that thread of it which has made
 * us.  False, with errno: we cannot, or it is gone already. */
bool spawn_die_with(pid_t parent);

/* The signals that we ignore: a program would go on to ignore them. */
void spawn_find_ignored(sigset_t *ignored);

/* Start it.  Returns the pid; or -1 with errno kept, so that the caller can
 * tell ENOENT, EACCES, ENOEXEC and E2BIG apart, and ERR set. */
pid_t spawn_process(const struct spawn *s, struct error *err);

/* The path of one of our helper programs: in the directory FLOWMAKE_LIBEXEC if
 * that is set, else beside the program that runs, as in the build tree, if it
 * is there, else the installed one.  Caller frees. */
char *spawn_helper_path(const char *name);

#endif
