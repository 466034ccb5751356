/*
 * Names of files that match a shell's pattern.
 */
#ifndef FLOWMAKE_SYS_WILDCARD_H
#define FLOWMAKE_SYS_WILDCARD_H

#include "base/base.h"

struct strvec;

/* Append the names that match PATTERN, in which *, ? and [...] stand for parts
 * of a name, as in a shell, sorted bytewise; none if there are none. */
void wildcard_list(const char *pattern, struct strvec *names);

/* The directory whose entries alone decide what PATTERN matches, which the
 * caller frees; NULL: there are several, or none. */
char *wildcard_dir(const char *pattern);

#endif
