/*
 * Looking ahead.  The thread counts the entries that it is done with; whoever
 * asks for a later one looks for himself and does not wait.
 */
#include "base/base.h"

#include "store/look-ahead.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/map.h"
#include "store/file-table.h"
#include "sys/pool.h"
#include "sys/stamp.h"

/* What files.c asks of a file. */
struct seen {
	struct stamp stamp;
	dev_t device;
	mode_t mode;             /* 0: it is not there */
};

struct look_ahead {
	struct pool_job job;
	const char **paths;      /* of the table, whose keys do not move */
	struct seen *seen;
	uint32_t count;
	_Atomic uint32_t done;   /* of seen, from its beginning */
	_Atomic bool is_old;     /* nobody asks any more */
};

static void
work(struct pool_job *job)
{
	struct look_ahead *l = (struct look_ahead *)job;
	uint32_t i;

	for (i = 0; i < l->count && !atomic_load(&l->is_old); i++) {
		struct seen *s = &l->seen[i];
		struct stat st;

		if (!stat(l->paths[i], &st)) {
			s->stamp = stamp_of(&st);
			s->device = st.st_dev;
			s->mode = st.st_mode;
		}
		atomic_store_explicit(&l->done, i + 1, memory_order_release);
	}
}

/* Its owner keeps it until no thread is left. */
static void
on_done(struct pool_job *job)
{
	(void)job;
}

struct look_ahead *
look_ahead_start(struct pool *pool, const struct file_table *t)
{
	struct look_ahead *l = xcalloc(1, sizeof(*l));
	uint32_t i;

	l->count = t->entries.count;
	l->paths = xcalloc((size_t)l->count + 1, sizeof(*l->paths));
	l->seen = xcalloc((size_t)l->count + 1, sizeof(*l->seen));
	for (i = 0; i < l->count; i++)
		l->paths[i] = t->entries.entries[i].key;
	l->job.work = work;
	l->job.done = on_done;
	pool_submit(pool, &l->job);
	return l;
}

int
look_ahead_get(const struct look_ahead *l, uint32_t i, struct stat *st)
{
	const struct seen *s = &l->seen[i];

	if (i >= atomic_load_explicit(&l->done, memory_order_acquire) ||
	    !s->mode)
		return 0;
	stamp_to_stat(&s->stamp, st);
	st->st_dev = s->device;
	st->st_mode = s->mode;
	return 1;
}

void
look_ahead_stop(struct look_ahead *l)
{
	atomic_store(&l->is_old, true);
}

void
look_ahead_free(struct look_ahead *l)
{
	if (!l)
		return;
	free(l->paths);
	free(l->seen);
	free(l);
}
