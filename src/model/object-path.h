/*
 * Where an object lies, as a pure function of its content: the path says the
 * content, so it can stand in a key.
 */
#ifndef FLOWMAKE_MODEL_OBJECT_PATH_H
#define FLOWMAKE_MODEL_OBJECT_PATH_H

#include "base/base.h"
#include "base/digest.h"

struct strbuf;

/* Append the path of the object, relative to the project directory:
 * ".flowmake/objects/ab/cdef...", or, for a result that must have a name,
 * ".flowmake/named/ab/cdef.../NAME". */
void object_add_path(struct strbuf *sb, const struct digest *d,
		     const char *file_name);

/* The digest of the object whose path, without a file's name, has the LEN
 * bytes at PATH.  Returns false for what is no such path. */
bool object_path_digest(const char *path, size_t len, struct digest *d);

#endif
