/*
 * How fine the times are that a file system gives to changed files.
 */
#ifndef FLOWMAKE_SYS_TICKS_H
#define FLOWMAKE_SYS_TICKS_H

#include <sys/types.h>

#include "base/base.h"

/* Whether a file that was looked at (stat(2)) and then changed always has
 * another ctime, on the file system of PATH, a file that is made and removed;
 * then *DEVICE is that of its files.  So it is with Linux 6.13 on its own file
 * systems; before, a file kept its times in a tick of some ms. */
bool ticks_are_fine(const char *path, dev_t *device);

#endif
