/*
 * Programs by PATH and name.
 */
#include "base/base.h"

#include "sys/programs.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/map.h"
#include "base/path.h"
#include "base/strbuf.h"

/* A flow that gives each task a PATH of its own must not fill the memory. */
enum { MAX_PROGRAMS = 1000 };

struct programs {
	const char *project;
	struct map files;  /* "PATH:/NAME" -> the file, owned */
	struct strbuf key;
};

struct programs *
programs_new(const char *project)
{
	struct programs *p = xcalloc(1, sizeof(*p));

	p->project = project;
	map_init(&p->files);
	strbuf_init(&p->key);
	return p;
}

static void
empty(struct programs *p)
{
	map_each(&p->files, e)
		free(e->value);
	map_release(&p->files);
}

void
programs_free(struct programs *p)
{
	if (!p)
		return;
	empty(p);
	strbuf_release(&p->key);
	free(p);
}

/* The key of NAME along PATH; no name holds a slash. */
static const char *
make_key(struct programs *p, const char *path, const char *name)
{
	strbuf_reset(&p->key);
	strbuf_adds(&p->key, path);
	strbuf_adds(&p->key, ":/");
	strbuf_adds(&p->key, name);
	return p->key.buf;
}

const char *
programs_get(struct programs *p, const char *path, const char *name)
{
	const char *file = map_gets(&p->files, make_key(p, path, name));

	return file && !access(file, X_OK) ? file : NULL;
}

/* Whether no task of the project is likely to put a program into one of the
 * directories from PATH to END. */
static bool
is_outside(const struct programs *p, const char *path, const char *end)
{
	bool outside = true;

	while (outside && path < end) {
		size_t len = strcspn(path, ":");
		char *given = xstrndup(path, len);
		char *dir = path_normalize(given);

		outside = *dir == '/' && !path_is_inside(p->project, dir);
		free(given);
		free(dir);
		path += len + 1;
	}
	return outside;
}

void
programs_put(struct programs *p, const char *path, const char *end,
	     const char *name, const char *file)
{
	if (!is_outside(p, path, end))
		return;
	if (p->files.live == MAX_PROGRAMS) {
		empty(p);
		map_init(&p->files);
	}
	free(map_sets(&p->files, make_key(p, path, name), xstrdup(file)));
}
