/*
 * Large inputs.  Each file is one job, whoever waits for it: of the tasks of a
 * fan-out that read one large file only the first has it hashed.
 */
#include "base/base.h"

#include "sched/prehash.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/map.h"
#include "model/graph.h"
#include "store/content.h"
#include "store/files.h"
#include "sys/pool.h"

struct prehash {
	struct pool *pool;
	struct files *files;
	struct map under_way;    /* path: struct large_file * */
};

/* A task that waits for files. */
struct waiter {
	size_t pending;          /* how many; and 1 while they are collected */
	void (*done)(void *data);
	void *data;
};

/* One file to hash. */
struct large_file {
	struct pool_job job;
	struct prehash *owner;
	char *path;              /* owned: the thread may outlive the graph */
	struct stat st;
	int64_t real_ns;         /* when it was begun */
	struct digest digest;
	bool hashed;
	struct waiter **waiting;
	size_t count;
	size_t alloc;
};

static void
large_file_free(struct large_file *l)
{
	free(l->waiting);
	free(l->path);
	free(l);
}

static void
work(struct pool_job *job)
{
	struct large_file *l = (struct large_file *)job;

	l->real_ns = clock_real_ns(&clock_system);
	l->hashed = !content_of_file(l->path, &l->st, &l->digest, NULL);
}

static void
finish(struct pool_job *job)
{
	struct large_file *l = (struct large_file *)job;
	size_t i;

	map_remove(&l->owner->under_way, l->path, strlen(l->path));
	if (l->hashed)
		files_learn(l->owner->files, l->path, &l->st, l->real_ns,
			    &l->digest);
	for (i = 0; i < l->count; i++) {
		struct waiter *w = l->waiting[i];

		if (--w->pending)
			continue;
		w->done(w->data);
		free(w);
	}
	large_file_free(l);
}

/* Have W wait for PATH, with the stat ST, which is hashed at most once at a
 * time: who comes later sees by its stat whether it has changed since. */
static void
wait_for(struct prehash *p, const char *path, const struct stat *st,
	 struct waiter *w)
{
	struct large_file *l = map_gets(&p->under_way, path);
	bool is_new = !l;

	if (is_new) {
		l = xcalloc(1, sizeof(*l));
		l->job.work = work;
		l->job.done = finish;
		l->owner = p;
		l->path = xstrdup(path);
		l->st = *st;
		map_sets(&p->under_way, path, l);
	}
	w->pending++;
	ARRAY_GROW(l->waiting, l->count, l->alloc);
	l->waiting[l->count++] = w;
	if (is_new)
		pool_submit(p->pool, &l->job);
}

bool
prehash_inputs(struct prehash *p, const struct task *t,
	       void (*done)(void *data), void *data)
{
	struct waiter *w = NULL;
	struct stat st;
	uint32_t i;

	for (i = 0; i < t->input_count; i++) {
		if (!files_is_costly(p->files, t->inputs[i].path, &st))
			continue;
		if (!w) {
			w = xmalloc(sizeof(*w));
			*w = (struct waiter){ 1, done, data };
		}
		wait_for(p, t->inputs[i].path, &st, w);
	}
	if (!w)
		return false;
	if (--w->pending)
		return true;
	free(w); /* without threads all is done */
	return false;
}

struct prehash *
prehash_new(struct pool *pool, struct files *files)
{
	struct prehash *p = xmalloc(sizeof(*p));

	p->pool = pool;
	p->files = files;
	map_init(&p->under_way);
	return p;
}

void
prehash_free(struct prehash *p)
{
	if (!p)
		return;
	map_each(&p->under_way, e) {
		struct large_file *l = e->value;

		while (l->count)
			if (!--l->waiting[--l->count]->pending)
				free(l->waiting[l->count]);
		large_file_free(l);
	}
	map_release(&p->under_way);
	free(p);
}
