/*
 * Outputs that are links to results.
 */
#include "base/base.h"

#include "exec/linked.h"

#include <string.h>

#include "base/error.h"
#include "base/strbuf.h"
#include "exec/spec.h"
#include "model/artifact.h"
#include "model/object-path.h"
#include "store/content.h"
#include "store/objects.h"

/* What tells one file from others. */
struct inode {
	uint64_t device;
	uint64_t number;
};

static struct inode
inode_of(const struct stat *st)
{
	return (struct inode){ st->st_dev, st->st_ino };
}

void
linked_init(struct linked *l)
{
	map_init(&l->objects);
	l->is_read = false;
}

void
linked_release(struct linked *l)
{
	map_release(&l->objects);
}

bool
linked_may_be(const struct task_spec *spec, const struct stat *st)
{
	return spec->object_count && S_ISREG(st->st_mode) && st->st_nlink > 1;
}

static void
add_inode(struct linked *l, const struct stat *st)
{
	struct inode i = inode_of(st);

	map_set(&l->objects, (const char *)&i, sizeof(i), l);
}

/* Note a file of an object: content_of_tree's way round calls this. */
static int
note_file(void *data, const char *path, const struct stat *st,
	  struct digest *d, struct error *err)
{
	(void)path;
	(void)err;
	memset(d, 0, sizeof(*d));
	add_inode(data, st);
	return 0;
}

static int
read_objects(struct linked *l, const struct task_spec *spec,
	     struct error *err)
{
	struct strbuf path = STRBUF_INIT;
	struct digest dropped;
	struct stat st;
	uint64_t size_bytes;
	int rc = 0;

	for (size_t i = 0; !rc && i < spec->object_count; i++) {
		const struct artifact *a = &spec->objects[i];

		strbuf_reset(&path);
		object_add_path(&path, &a->digest, a->file_name);
		if (stat(path.buf, &st) < 0) /* nothing can be a link to it */
			continue;
		if (S_ISDIR(st.st_mode))
			rc = content_of_tree(path.buf, note_file, l, &dropped,
					     &size_bytes, err);
		else
			add_inode(l, &st);
	}
	strbuf_release(&path);
	l->is_read = true;
	return rc;
}

int
linked_part(struct linked *l, const struct task_spec *spec, const char *path,
	    struct stat *st, struct error *err)
{
	struct inode i;
	struct stat link;

	if (!linked_may_be(spec, st))
		return 0;
	if (!l->is_read && read_objects(l, spec, err))
		return -1;
	i = inode_of(st);
	if (!map_get(&l->objects, (const char *)&i, sizeof(i)) ||
	    lstat(path, &link) < 0 || S_ISLNK(link.st_mode))
		return 0;
	if (object_make_own(path, st->st_mode, err))
		return -1;
	return stat(path, st) < 0 ? error_sys(err, "cannot look at '%s'", path)
				  : 0;
}
