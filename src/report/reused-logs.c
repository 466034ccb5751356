/*
 * Logs of tasks that are reused.
 */
#include "base/base.h"

#include "report/reused-logs.h"

#include <stdlib.h>

#include "store/log.h"
#include "store/store.h"

struct reused_log {
	uint32_t task;
	uint32_t run;       /* what executed it */
	uint32_t run_task;
	uint32_t attempt;   /* 0: there is none that is asked for */
	uint64_t start;     /* extent in that run's log */
	uint64_t end;
};

void
reused_logs_release(struct reused_logs *l)
{
	free(l->list);
}

void
reused_logs_add(struct reused_logs *l, uint32_t task, uint32_t origin_run,
		uint32_t origin_task)
{
	ARRAY_GROW(l->list, l->count, l->alloc);
	l->list[l->count++] = (struct reused_log){
		.task = task, .run = origin_run, .run_task = origin_task,
	};
}

/* ---- where they are ---- */

static int
compare(const void *a, const void *b)
{
	const struct reused_log *x = a, *y = b;

	if (x->run != y->run)
		return x->run < y->run ? -1 : 1;
	return (x->run_task > y->run_task) - (x->run_task < y->run_task);
}

/* One that is looked for. */
struct search {
	struct reused_log *log;
	uint32_t attempt;
};

static bool
note_attempt(void *data, const struct attempt_record *a)
{
	struct search *s = data;

	if (s->attempt ? a->attempt != s->attempt : !a->reusable)
		return false;
	s->log->attempt = a->attempt;
	s->log->start = a->log_start;
	s->log->end = a->log_end;
	return false;
}

int
reused_logs_find(struct reused_logs *l, struct store *s, uint32_t attempt,
		 struct error *err)
{
	size_t i;

	if (l->count)
		qsort(l->list, l->count, sizeof(*l->list), compare);
	for (i = 0; i < l->count; i++) {
		struct search search = { &l->list[i], attempt };
		struct attempt_filter filter = {
			.run = l->list[i].run, .task = l->list[i].run_task,
		};

		if (store_attempt_each(s, &filter, note_attempt, &search, err))
			return -1;
	}
	return 0;
}

bool
reused_logs_has_attempt(const struct reused_logs *l)
{
	size_t i;

	for (i = 0; i < l->count; i++)
		if (l->list[i].attempt)
			return true;
	return false;
}

/* ---- what they say ---- */

/* Those that one run executed; sorted. */
struct group {
	struct reused_log *list;
	size_t count;
};

/* The first that reuses RUN_TASK; several tasks may be alike. */
static const struct reused_log *
find(const struct group *g, uint32_t run_task)
{
	const struct reused_log wanted = {
		.run = g->list[0].run, .run_task = run_task,
	};
	const struct reused_log *found;

	found = bsearch(&wanted, g->list, g->count, sizeof(*g->list), compare);
	while (found && found > g->list && found[-1].run_task == run_task)
		found--;
	return found;
}

static bool
is_wanted(void *data, uint32_t run_task, uint32_t attempt)
{
	const struct reused_log *log = find(data, run_task);

	return log && log->attempt == attempt;
}

/* Hand REC, of a run that executed it, to FN for each that reuses it. */
static void
hand_on(const struct group *g, struct log_record *rec,
	void (*fn)(void *data, const struct log_record *rec), void *data)
{
	const struct reused_log *log = find(g, rec->task);
	uint32_t run_task = rec->task;

	for (; log < g->list + g->count && log->run_task == run_task; log++) {
		rec->task = log->task;
		fn(data, rec);
	}
}

/* Hand the records of G to FN. */
static int
each_of_run(struct group *g,
	    void (*fn)(void *data, const struct log_record *rec), void *data,
	    struct error *err)
{
	uint64_t start = UINT64_MAX, end = 0;
	struct log_reader *reader;
	struct log_record rec;
	size_t i;
	int rc;

	for (i = 0; i < g->count; i++) {
		if (!g->list[i].end)
			continue;
		start = MIN(start, g->list[i].start);
		end = MAX(end, g->list[i].end);
	}
	if (!end)
		return 0;
	reader = log_reader_open(g->list[0].run, start, end, is_wanted, g,
				 err);
	if (!reader)
		return -1;
	while ((rc = log_reader_next(reader, &rec, err)) > 0)
		hand_on(g, &rec, fn, data);
	log_reader_close(reader);
	return rc;
}

int
reused_logs_each(const struct reused_logs *l,
		 void (*fn)(void *data, const struct log_record *rec),
		 void *data, struct error *err)
{
	size_t i;

	for (i = 0; i < l->count;) {
		struct group g = { l->list + i, 0 };

		while (i < l->count && l->list[i].run == g.list[0].run) {
			g.count++;
			i++;
		}
		if (each_of_run(&g, fn, data, err))
			return -1;
	}
	return 0;
}
