/*
 * Objects: contents by digest.  Written under a temporary name, then renamed;
 * read-only from then on; one that is there already, and good, is never
 * written again, but its ctime says that it was asked for.  Nothing is synced:
 * an object that a crash of the machine emptied is as good as none, and what
 * is read is verified.
 *
 * An object lives as long as some record names it (store/gc.h).  So who puts
 * one has begun the transaction that will name it: store_begin.
 */
#ifndef FLOWMAKE_STORE_OBJECTS_H
#define FLOWMAKE_STORE_OBJECTS_H

#include <sys/stat.h>

#include "base/base.h"
#include "base/digest.h"
#include "model/object-path.h"

struct error;
struct files;
struct strbuf;

/* Store LEN bytes; fills D. */
int object_put_bytes(const void *data, size_t len, struct digest *d,
		     struct error *err);

/* Move the file or directory at PATH, whose digest (store/content.h) is D,
 * into the store (a good twin already there: PATH is removed).  With
 * FILE_NAME, a name without "/", it can be read under that name too.  Of a
 * symlink to a file, and of a file with other names, a copy is taken.  F learns
 * that the object is good. */
int object_take(const char *path, const struct digest *d,
		const char *file_name, struct files *f, struct error *err);

/* The same for what may be in the store already and is nowhere else: 1 when
 * it is, and good; 0, as object_verify; -1. */
int object_keep(const struct digest *d, const char *file_name,
		struct files *f, struct error *err);

/* Put a copy of the file that is, or that the symlink leads to, at PATH in its
 * place, since under another name it may be an object, or be edited: a new file
 * that its owner may write, executable if MODE is. */
int object_make_own(const char *path, mode_t mode, struct error *err);

/* Let F know, too, that the file at PATH, which begins with a "/", in the
 * directory object D, just taken, has the digest FILE: whoever reads D need
 * not hash it again. */
void object_learn(const struct digest *d, const char *file_name,
		  const char *path, const struct digest *file,
		  struct files *f);

/* Put a copy of the file or directory at PATH, whose stat was ST when it was
 * found to have the digest D, into the store, if the file system can let both
 * share their blocks.  Returns 1 when the store has the object now, 0 when PATH
 * is not what it was, or the copy failed (ERR then says so, though 0 is
 * returned), -1 when the file system cannot do that. */
int object_clone(const char *path, const struct stat *st,
		 const struct digest *d, struct error *err);

/* Whether the object is there (its content is verified when it is read). */
bool object_exists(const struct digest *d, const char *file_name);

/* Append the content of an object that is a file to SB, verified against D. */
int object_read(const struct digest *d, struct strbuf *sb, struct error *err);
/* Read the object (with FILE_NAME: under that name), a file or a directory, to
 * see that it is good.  Writes nothing, remembers nothing; -1 says what is
 * wrong, and what to do. */
int object_check(const struct digest *d, const char *file_name,
		 struct error *err);

/* Put a copy of the object, a file or a directory, at PATH, in directories
 * that are made: a new file (or files) that its owner may write, executable if
 * it was, verified against D; shared blocks where the file system can.  PATH
 * appears whole or not at all; a file that is there is replaced, what else is
 * there makes it fail.
 *
 * Returns 1; 0 when the store has no good copy; -1.  One that is damaged is
 * removed from the store, and ERR says so, though 0 is returned. */
int object_restore(const struct digest *d, const char *path,
		   struct error *err);

/* Whether the object (with FILE_NAME: under that name) is there with the
 * content that D says: 1; 0, as above; -1.  F remembers the answer as it does
 * for the project's files: asking again costs a stat. */
int object_verify(const struct digest *d, const char *file_name,
		  struct files *f, struct error *err);

/* Remove the object under all its names; nothing there is fine. */
int object_remove(const struct digest *d, struct error *err);

#endif
