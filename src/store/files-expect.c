/*
 * Files that a plan takes for restored.
 */
#include "base/base.h"

#include "store/files.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/strbuf.h"
#include "store/content.h"
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

/* Fill E with what is at PATH, in an object.  Returns -1 when that cannot be
 * said. */
static int
look_into(const char *path, struct expectation *e)
{
	struct stat st;
	uint64_t size;

	if (stat(path, &st) < 0) {
		e->is_absent = errno == ENOENT || errno == ENOTDIR;
		return e->is_absent ? 0 : -1;
	}
	e->is_dir = S_ISDIR(st.st_mode);
	if (e->is_dir)
		return content_of_tree(path, NULL, NULL, &e->digest,
				       &size, NULL);
	return S_ISREG(st.st_mode) ? content_of_file(path, &st, &e->digest,
						     NULL) : -1;
}

/* Find what PATH will be, of which the first LEN bytes are the path of the
 * directory OUTER that is expected. */
static const struct expectation *
find_inside(struct files *f, const char *path, size_t len,
	    const struct expectation *outer)
{
	struct expectation e = { .is_absent = outer->is_absent };
	struct strbuf object = STRBUF_INIT;
	struct expectation *kept = NULL;

	object_add_path(&object, &outer->digest, NULL);
	strbuf_adds(&object, path + len);
	if (e.is_absent || !look_into(object.buf, &e)) {
		kept = arena_memdup(&f->table.arena, &e, sizeof(e));
		map_sets(&f->expected, path, kept);
	}
	strbuf_release(&object);
	return kept;
}

const struct expectation *
files_expected(struct files *f, const char *path)
{
	const struct expectation *e;
	size_t len;

	if (!f->expected.live)
		return NULL;
	e = map_gets(&f->expected, path);
	if (e)
		return e;
	f->in_doubt |= map_gets(&f->around, path) != NULL;
	for (len = strlen(path); len; len--) {
		if (path[len] != '/')
			continue;
		e = map_get(&f->expected, path, len);
		if (!e)
			continue;
		e = find_inside(f, path, len, e);
		f->in_doubt |= !e;
		return e;
	}
	return NULL;
}

bool
files_take_doubt(struct files *f)
{
	bool doubt = f->in_doubt;

	f->in_doubt = false;
	return doubt;
}
