/*
 * Files that a plan takes for restored.
 */
#include "base/base.h"

#include "store/files.h"

#include <string.h>
#include <sys/stat.h>

#include "base/path.h"
#include "base/strbuf.h"
#include "store/files-state.h"
#include "store/objects.h"

static char yes; /* what the map of directories says */

void
files_expect(struct files *f, const char *path, const struct digest *d)
{
	struct expectation e = { .digest = *d };
	struct strbuf object = STRBUF_INIT;
	struct stat st;
	size_t len;

	object_add_path(&object, d, NULL);
	e.is_dir = !stat(object.buf, &st) && S_ISDIR(st.st_mode);
	strbuf_release(&object);
	map_sets(&f->expected, path,
		 arena_memdup(&f->table.arena, &e, sizeof(e)));
	for (len = strlen(path); len; len--)
		if (path[len] == '/')
			map_set(&f->around, path, len, &yes);
}

const struct expectation *
files_expected(struct files *f, const char *path)
{
	const struct expectation *e;

	if (!f->expected.live)
		return NULL;
	e = map_gets(&f->expected, path);
	f->in_doubt |= !e && (map_gets(&f->around, path) ||
			      path_is_covered(&f->expected, path));
	return e;
}

bool
files_take_doubt(struct files *f)
{
	bool doubt = f->in_doubt;

	f->in_doubt = false;
	return doubt;
}
