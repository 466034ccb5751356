/*
 * Copies of outputs.
 */
#include "base/base.h"

#include "sched/keeper.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "base/digest.h"
#include "model/artifact.h"
#include "store/objects.h"
#include "sys/pool.h"

/* More file systems than this are tried again and again. */
enum { DEVICES_MAX = 8 };

/* An output to be copied. */
struct output {
	char *path;           /* owned */
	struct stat st;
	struct digest digest;
};

/* What is known of a file system. */
struct device {
	dev_t dev;
	bool can_share;
};

struct keeper {
	struct pool_job job;
	struct output current; /* the job's; path NULL: there is none */
	struct pool *pool;
	struct output *queue;  /* those after it, from start on */
	size_t start;
	size_t count;
	size_t alloc;
	struct device devices[DEVICES_MAX];
	unsigned device_count;
};

struct keeper *
keeper_new(struct pool *pool)
{
	struct keeper *k = xcalloc(1, sizeof(*k));

	k->pool = pool;
	return k;
}

void
keeper_free(struct keeper *k)
{
	if (!k)
		return;
	free(k->current.path);
	for (; k->start < k->count; k->start++)
		free(k->queue[k->start].path);
	free(k->queue);
	free(k);
}

bool
keeper_is_busy(const struct keeper *k)
{
	return k->current.path;
}

/* On a thread: an output that cannot be copied is only not there when it would
 * be of use. */
static void
work(struct pool_job *job)
{
	const struct output *o = &((struct keeper *)job)->current;

	object_clone(o->path, &o->st, &o->digest, NULL);
}

static void done(struct pool_job *job);

static void
begin(struct keeper *k, const struct output *o)
{
	k->current = *o;
	k->job = (struct pool_job){ .work = work, .done = done };
	pool_submit(k->pool, &k->job);
}

static void
done(struct pool_job *job)
{
	struct keeper *k = (struct keeper *)job;

	free(k->current.path);
	k->current.path = NULL;
	if (k->start < k->count)
		begin(k, &k->queue[k->start++]);
	if (k->start == k->count)
		k->start = k->count = 0;
}

static struct device *
find_device(struct keeper *k, dev_t dev)
{
	for (unsigned i = 0; i < k->device_count; i++)
		if (k->devices[i].dev == dev)
			return &k->devices[i];
	return NULL;
}

/* Try to copy the first output of a file system, at once. */
static void
try_device(struct keeper *k, const struct output *o)
{
	int rc = object_clone(o->path, &o->st, &o->digest, NULL);

	if (rc && k->device_count < DEVICES_MAX)
		k->devices[k->device_count++] =
			(struct device){ o->st.st_dev, rc > 0 };
}

static void
add_output(struct keeper *k, const struct artifact *a)
{
	struct output o = { .digest = a->digest };
	const struct device *known;

	/* What a symlink leads to is no output. */
	if (lstat(a->name, &o.st) < 0 || S_ISLNK(o.st.st_mode))
		return;
	known = find_device(k, o.st.st_dev);
	if (known && !known->can_share)
		return;
	o.path = xstrdup(a->name);
	if (!known) {
		try_device(k, &o);
		free(o.path);
		return;
	}
	if (!keeper_is_busy(k)) {
		begin(k, &o);
		return;
	}
	ARRAY_GROW(k->queue, k->count, k->alloc);
	k->queue[k->count++] = o;
}

void
keeper_add(struct keeper *k, const struct artifact *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		add_output(k, &list[i]);
}
