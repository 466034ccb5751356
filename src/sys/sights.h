/*
 * Files as they were seen: a list of paths, each with its stamp (sys/stamp.h)
 * or that nothing was there.  While all are as it says, what was made of them
 * need not be made again.
 */
#ifndef FLOWMAKE_SYS_SIGHTS_H
#define FLOWMAKE_SYS_SIGHTS_H

#include <sys/stat.h>

#include "base/base.h"

struct digest;
struct strbuf;

/* Append PATH to LIST, a file, a symlink, or a directory for the names in it,
 * with the ST that lstat(2) gave.  A file that may change and keep its times
 * has the CONTENT, or target; of others that is NULL. */
void sights_add(struct strbuf *list, const char *path, const struct stat *st,
		const struct digest *content);
/* Append PATH, of which nothing can be said: LIST does not hold. */
void sights_doubt(struct strbuf *list, const char *path);
/* Look at PATH and append what is there, or that nothing is. */
void sights_look(struct strbuf *list, const char *path);

/* Whether everything is as the list LIST, LEN bytes, says; but for files that
 * are the stdout or stderr of this process, of which nothing is asked. */
bool sights_hold(const char *list, size_t len);
/* Call FN for each path that is not as LIST says, until it returns false;
 * BY_AGE: only for what was written since, as far as that is seen without
 * reading it.  Returns whether LIST could be read. */
bool sights_each_change(const char *list, size_t len, bool by_age,
			bool (*fn)(void *data, const char *path), void *data);

#endif
