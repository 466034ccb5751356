/*
 * What files and directories hold, as digests: pure functions of the disk,
 * without memory (files.h has that), which also run on the I/O threads.
 *
 * The digest of a file is that of its bytes; of an executable file, that of
 * "flowmake executable\n" and the digest of its bytes.  The digest of a
 * directory is that of "flowmake directory 1\n" and, for each entry sorted
 * bytewise by name, a byte for its kind (f, d, l), its name, a NUL, and a
 * digest: of the file, of the directory, of the symlink's target.
 */
#ifndef FLOWMAKE_STORE_CONTENT_H
#define FLOWMAKE_STORE_CONTENT_H

#include <sys/stat.h>

#include "base/base.h"
#include "base/digest.h"

struct error;

/* Whether a file of this mode counts as executable. */
bool content_is_executable(mode_t mode);

/* The digest of a file from that of its bytes. */
struct digest content_with_mode(const struct digest *bytes, mode_t mode);

/* The digest of the regular file PATH, whose stat is ST. */
int content_of_file(const char *path, const struct stat *st, struct digest *d,
		    struct error *err);

/* How content_of_tree gets the digest of a file, if not by content_of_file:
 * from something that remembers. */
typedef int content_file_fn(void *data, const char *path,
			    const struct stat *st, struct digest *d,
			    struct error *err);

/* The digest of the directory PATH and the sum of the sizes of its files; FN
 * may be NULL.  Refuses sockets, fifos and devices by name.  Goes down without
 * recursion. */
int content_of_tree(const char *path, content_file_fn *fn, void *data,
		    struct digest *d, uint64_t *size_bytes,
		    struct error *err);

/* What shows of PATH, a directory with the stat ST or a symlink with the lstat
 * ST: the digest of the names in it, or that of its target. */
int content_shown(const char *path, const struct stat *st, struct digest *d,
		  struct error *err);

/* The same as content_of_tree; LOOK is handed each directory and each symlink,
 * with a stat (of a symlink: lstat) from before it was read, and what shows of
 * it. */
typedef void content_look_fn(void *data, const char *path,
			     const struct stat *st,
			     const struct digest *shown);
int content_watch_tree(const char *path, content_file_fn *fn,
		       content_look_fn *look, void *data, struct digest *d,
		       uint64_t *size_bytes, struct error *err);

/* Set ERR to say that PATH is of a kind that has no content.  Returns -1. */
int content_refuse(const char *path, mode_t mode, struct error *err);

#endif
