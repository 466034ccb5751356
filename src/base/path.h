/*
 * File names as text: nothing here looks at the disk.
 */
#ifndef FLOWMAKE_BASE_PATH_H
#define FLOWMAKE_BASE_PATH_H

#include "base/base.h"

struct map;

/* The name under which a project file is known: PATH without "./", "//",
 * trailing "/" and "a/.." (the last never crosses a leading ".."); "." for
 * the directory itself.  The caller frees it. */
char *path_normalize(const char *path);

/* Whether PATH is that name. */
bool path_is_normal(const char *path);

/* What path_normalize gives, with "./" before a leading "-", so that no program
 * takes it for an option.  The caller frees it. */
char *path_plain(const char *path);

/* Whether INNER, normalized, is DIR, normalized, or lies below it. */
bool path_is_inside(const char *dir, const char *inner);

/* Whether PATH or a directory around it, normalized as they are, is a key of
 * M. */
bool path_is_covered(const struct map *m, const char *path);

/* Length of the directory part of PATH ("a/b" -> 1), 0 if it has none, as
 * "/". */
size_t path_dir_len(const char *path);

/* The part behind the last "/". */
const char *path_base(const char *path);

/* DIR/NAME, or NAME when it is absolute or DIR is "."; the caller frees. */
char *path_join(const char *dir, const char *name);

/* Match PATTERN against PATH: each "%" in it stands for the same stem, which
 * is not empty and may hold "/".  On success *STEM points into PATH. */
bool path_match(const char *pattern, const char *path, const char **stem,
		size_t *stem_len);

#endif
