/*
 * Large inputs.
 */
#include "base/base.h"

#include "sched/prehash.h"

#include <stdlib.h>

#include "base/clock.h"
#include "model/graph.h"
#include "store/content.h"
#include "store/files.h"
#include "sys/pool.h"

/* One file to hash. */
struct large_file {
	const char *path;        /* the graph's */
	struct stat st;
	int64_t real_ns;         /* when it was begun */
	struct digest digest;
	bool hashed;
};

struct prehash_job {
	struct pool_job job;
	struct files *files;
	struct large_file *v;
	size_t count;
	size_t alloc;
	void (*done)(void *data);
	void *data;
};

static void
work(struct pool_job *job)
{
	struct prehash_job *p = (struct prehash_job *)job;
	size_t i;

	for (i = 0; i < p->count; i++) {
		struct large_file *l = &p->v[i];

		l->real_ns = clock_real_ns(&clock_system);
		l->hashed = !content_of_file(l->path, &l->st, &l->digest,
					     NULL);
	}
}

static void
finish(struct pool_job *job)
{
	struct prehash_job *p = (struct prehash_job *)job;
	size_t i;

	for (i = 0; i < p->count; i++)
		if (p->v[i].hashed)
			files_learn(p->files, p->v[i].path, &p->v[i].st,
				    p->v[i].real_ns, &p->v[i].digest);
	p->done(p->data);
	free(p->v);
	free(p);
}

bool
prehash_inputs(struct pool *pool, struct files *files, const struct task *t,
	       void (*done)(void *data), void *data)
{
	struct prehash_job *p = NULL;
	struct stat st;
	uint32_t i;

	for (i = 0; i < t->input_count; i++) {
		if (!files_is_costly(files, t->inputs[i].path, &st))
			continue;
		if (!p)
			p = xcalloc(1, sizeof(*p));
		ARRAY_GROW(p->v, p->count, p->alloc);
		p->v[p->count].path = t->inputs[i].path;
		p->v[p->count].hashed = false;
		p->v[p->count++].st = st;
	}
	if (!p)
		return false;
	p->job.work = work;
	p->job.done = finish;
	p->files = files;
	p->done = done;
	p->data = data;
	pool_submit(pool, &p->job);
	return true;
}
