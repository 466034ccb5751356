/*
 * Files that a recipe names and nobody declared as its inputs.
 *
 * What no task makes is an input.  What a task makes is one if that task is
 * over whenever this one begins, because this step waits for that step by
 * from, join, after or a file, itself or through others, within the splits
 * that both share: then its content is settled.  Other files that tasks make
 * are none: the key would depend on who comes first.
 */
#include "base/base.h"

#include "model/graph.h"

#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "model/graph-internal.h"

/* The task that makes PATH or the directory around it, or NULL; that a recipe
 * names it is noted. */
static struct task *
find_maker(const struct graph *g, const char *path)
{
	struct file *f = file_find(g, path), *made;
	char *dir = xstrdup(path);
	size_t len = strlen(path);

	while (!f && (len = path_dir_len(dir))) {
		dir[len] = '\0';
		f = file_find(g, dir);
	}
	free(dir);
	made = f ? file_made_around(f, false) : NULL;
	if (!made)
		return NULL;
	made->named = true;
	return made->maker;
}

/* Whether T reads by name the output of MAKER that PATH is, or is inside of:
 * then the key has its content under that name. */
static bool
reads_by_name(const struct task *t, const struct task *maker, const char *path)
{
	const struct step *s = t->step;
	const struct template *tm = s->template;
	uint32_t i, ref, k, n;

	for (i = 0; i < tm->import_count; i++) {
		const struct import *im = &tm->imports[i];

		for (ref = 0; ref < im->ref_count; ref++) {
			const struct binding *b = &s->bindings[
				im->first_binding + ref * im->item_count];

			if (s->imported[im->first_step + ref] != maker->step)
				continue;
			for (k = 0; k < im->item_count; k++)
				for (n = 0; n < maker->output_count; n++)
					if (b[k].kind == BINDING_OUTPUT &&
					    maker->outputs[n].binder ==
					    b[k].index &&
					    path_is_inside(
						    maker->outputs[n].path,
						    path))
						return true;
		}
	}
	return false;
}

/* ---- who waits for whom ---- */

/* A walk from a task to all steps that it waits for. */
struct search {
	bool *seen;              /* by step index */
	struct found {
		struct step *step;
		struct task *task; /* one of its tasks, or NULL */
	} *queue;
	uint32_t count;
};

static bool
is_level_around(const struct level *outer, const struct level *l)
{
	for (; l; l = l->parent)
		if (l == outer)
			return true;
	return false;
}

/* STEP has to be waited for, at least in the splits around T, if there is one.
 */
static void
visit(struct search *s, struct step *step, const struct task *t)
{
	if (s->seen[step->index])
		return;
	s->seen[step->index] = true;
	s->queue[s->count].step = step;
	s->queue[s->count++].task = t &&
		is_level_around(step->level, t->split->level) ?
		graph_find_task(step, t->split) : NULL;
}

/* Visit what F's step waits for. */
static void
visit_before(struct search *s, struct found f)
{
	const struct template *tm = f.step->template;
	uint32_t i;

	for (i = 0; i < tm->imported_count; i++)
		visit(s, f.step->imported[i], f.task);
	for (i = 0; i < tm->after_count; i++)
		visit(s, f.step->after[i], f.task);
	for (i = 0; f.task && i < f.task->input_count; i++) {
		struct file *in = f.task->inputs[i].file;
		struct file *made = in ? file_made_around(in, false) : NULL;

		if (made)
			visit(s, made->maker->step, made->maker);
	}
}

/* Whether T and U are in one split of each fan-out that both are in. */
static bool
share_splits(const struct task *t, const struct task *u)
{
	const struct level *l = u->split->level;

	while (!is_level_around(l, t->split->level))
		l = l->parent;
	return split_at(t->split, l) == split_at(u->split, l);
}

/* Whether T waits for MAKER, directly or through others. */
static bool
waits_for(struct graph *g, struct task *t, const struct task *maker)
{
	uint32_t size = g->rules->step_count + 1, i;
	struct search s = {
		.seen = xcalloc(size, sizeof(*s.seen)),
		.queue = xcalloc(size, sizeof(*s.queue)),
	};
	bool found = false;

	visit(&s, t->step, t);
	for (i = 0; !found && i < s.count; i++) {
		visit_before(&s, s.queue[i]);
		found = s.seen[maker->step->index] && maker->step != t->step;
	}
	free(s.seen);
	free(s.queue);
	return found && share_splits(t, maker);
}

bool
graph_reads_word(struct graph *g, struct task *t, const char *path)
{
	const struct task *maker = find_maker(g, path);

	if (!maker)
		return true;
	return maker != t && !reads_by_name(t, maker, path) &&
		waits_for(g, t, maker);
}
