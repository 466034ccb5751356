/*
 * Lock files that say who holds them.  The lock is the kernel's (an open file
 * description lock), so it vanishes with its process, however that ends; a
 * file that is left behind holds nobody up.
 */
#ifndef FLOWMAKE_SYS_LOCK_H
#define FLOWMAKE_SYS_LOCK_H

#include "base/base.h"

struct error;

struct lock {
	int fd;     /* -1: not held */
	char *path; /* of the file; owned */
};

#define LOCK_INIT { -1, NULL }

/* Take the lock of file PATH without waiting.  WHAT says for whom ("run 15").
 * Returns 1 when LOCK holds it now; 0 when somebody else does, with *OWNER
 * a text for a message, "run 15 (process 1234 on HOST since 2026-11-22
 * 09:41:39)" or, if it does not say more, "another process", which the caller
 * frees; -1 on an error.  Only this process holds it, not programs that it
 * starts; a child that it forks would. */
int lock_take(const char *path, const char *what, struct lock *lock,
	      char **owner, struct error *err);

/* The same, but wait for whoever holds it: for a lock that others hold only
 * for a moment.  Returns 1 or -1. */
int lock_wait(const char *path, const char *what, struct lock *lock,
	      struct error *err);

/* Whether somebody holds the lock of PATH, or that cannot be said. */
bool lock_is_held(const char *path);

/* Give the lock back and remove its file.  Does nothing when it is not
 * held. */
void lock_drop(struct lock *lock);

#endif
