/*
 * Objects: contents by digest.  Written under a temporary name, then renamed;
 * read-only from then on; a file that is there already is never written
 * again.  Nothing is synced: an object that a crash of the machine emptied is
 * as good as none, and what is read is verified.
 */
#ifndef FLOWMAKE_STORE_OBJECTS_H
#define FLOWMAKE_STORE_OBJECTS_H

#include "base/base.h"
#include "base/digest.h"
#include "model/object-path.h"

struct error;
struct strbuf;

/* Store LEN bytes; fills D. */
int object_put_bytes(const void *data, size_t len, struct digest *d,
		     struct error *err);

/* Move the file or directory at PATH, whose digest (store/content.h) is D,
 * into the store (a twin already there: PATH is removed).  With FILE_NAME, a
 * name without "/", it can be read under that name too.  Of a symlink to a
 * file the content is taken. */
int object_take(const char *path, const struct digest *d,
		const char *file_name, struct error *err);

/* Whether the object is there (its content is verified when it is read). */
bool object_exists(const struct digest *d, const char *file_name);

/* Append the content of an object that is a file to SB, verified against D. */
int object_read(const struct digest *d, struct strbuf *sb, struct error *err);

#endif
