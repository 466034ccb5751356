/*
 * Patterns of file names, over glob(3).
 */
#include "base/base.h"

#include "sys/wildcard.h"

#include <glob.h>
#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "base/strvec.h"

static int
compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Whether PATH is the directory "." or "..", which ".*" matches. */
static bool
is_dots(const char *path)
{
	const char *base = path_base(path);

	return !strcmp(base, ".") || !strcmp(base, "..");
}

void
wildcard_list(const char *pattern, struct strvec *names)
{
	glob_t found;
	size_t i;

	if (glob(pattern, GLOB_NOSORT, NULL, &found) == 0) {
		qsort(found.gl_pathv, found.gl_pathc, sizeof(char *),
		      compare_names);
		for (i = 0; i < found.gl_pathc; i++)
			if (!is_dots(found.gl_pathv[i]) ||
			    !strcmp(found.gl_pathv[i], pattern))
				strvec_push(names, found.gl_pathv[i]);
	}
	globfree(&found);
}

char *
wildcard_dir(const char *pattern)
{
	size_t len = path_dir_len(pattern);

	if (strcspn(pattern, "*?[\\") < len)
		return NULL;
	return len ? xstrndup(pattern, len) : xstrdup(".");
}
