/*
 * Files and directories: the few things that every floor above does with
 * them.  Paths are bytes; a returned descriptor is close-on-exec.
 */
#ifndef FLOWMAKE_SYS_FILE_H
#define FLOWMAKE_SYS_FILE_H

#include <sys/stat.h>

#include "base/base.h"

struct error;
struct strbuf;
struct strvec;

/* Append the whole of PATH to SB. */
int file_read(const char *path, struct strbuf *sb, struct error *err);

/* Write all LEN bytes to FD, however often the kernel interrupts. */
int file_write_all(int fd, const void *data, size_t len, struct error *err);

/* Make PATH hold exactly these bytes: written under a temporary name beside
 * it, closed with its errors checked, renamed.  SYNC: fsync before. */
int file_replace(const char *path, const void *data, size_t len, bool sync,
		 struct error *err);

/* The same for a file that the user has named: a symlink is followed, and what
 * is there and no regular file, as a fifo or /dev/stdout, is written to. */
int file_put(const char *path, const void *data, size_t len,
	     struct error *err);
/* Whether PATH is there, but neither a regular file nor a symlink to one. */
bool file_is_special(const char *path);
/* Where the symlinks of PATH lead; PATH if nothing is there.  The caller frees
 * it. */
char *file_follow(const char *path);

/* A name beside PATH that nothing else uses: hidden, made of the thread and
 * the time.  The caller frees it. */
char *file_temporary_name(const char *path);
/* Whether NAME, without a directory, is such a name. */
bool file_is_temporary(const char *name);

/* Make the directory PATH and those above it; an existing one is fine. */
int file_make_dirs(const char *path, struct error *err);

/* Remove PATH, a file or a whole tree (without following symlinks and
 * without recursion on the C stack, also what is in directories that forbid
 * writing); nothing there is fine, and so is another process that removes the
 * same tree at the same time. */
int file_remove_tree(const char *path, struct error *err);

/* The name under which the file PATH is known in the project, the current
 * directory: as path_normalize gives it, also of an absolute path in there.
 * The caller frees it. */
char *file_project_name(const char *path);

/* Copy the regular file FROM to a new file TO, as a reflink where the file
 * system can.  TO gets FROM's mode, or MODE, as far as the umask lets it. */
int file_copy(const char *from, const char *to, struct error *err);
int file_copy_as(const char *from, const char *to, mode_t mode,
		 struct error *err);

/* Copy FROM, a file, a symlink or a tree, to TO, which is not there yet, as if
 * a program had made it now: with the permissions and times of new files.
 * What its owner could execute, or not, stays so. */
int file_copy_fresh(const char *from, const char *to, struct error *err);

/* Copy FROM, a file, a symlink or a tree, to TO, which is not there yet, only
 * by sharing its blocks.  The files are read-only; executable ones stay so.
 * Returns 1, 0 where a file system cannot do that, -1; then TO is not there. */
int file_clone(const char *from, const char *to, struct error *err);

/* rename(2), -1 with errno, which moves a directory also if its owner may not
 * write into it: its entry ".." changes. */
int file_rename(const char *from, const char *to);

/* file_rename of a file, a symlink or a tree that falls back to copy and remove
 * across file systems; even then TO appears whole or not at all. */
int file_move(const char *from, const char *to, struct error *err);

/* The names in directory PATH, "." and ".." left out, sorted bytewise. */
int file_list(const char *path, struct strvec *names, struct error *err);

#endif
