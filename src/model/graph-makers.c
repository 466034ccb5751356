/*
 * Who waits for which file: tasks are linked to the makers of their inputs,
 * or held until one shows up.
 */
#include "base/base.h"

#include "model/graph.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/path.h"
#include "base/strbuf.h"
#include "model/graph-internal.h"

/* Want what may make F. */
static void
want_makers(struct graph *g, const struct file *f)
{
	const struct rival *r;

	node_want(g, &f->maker->node);
	for (r = f->rivals; r; r = r->next)
		node_want(g, &r->task->node);
}

/* N waits for what may make F. */
static void
link_makers(struct graph *g, const struct file *f, struct node *n)
{
	const struct rival *r;

	want_makers(g, f);
	node_link(g, &f->maker->node, n);
	for (r = f->rivals; r; r = r->next)
		node_link(g, &r->task->node, n);
}

/* ---- a maker is found ---- */

/* U, which reads F, waits for MAKER, found only now. */
static int
tell_reader(struct graph *g, struct reader *r, struct file *f,
	    struct task *maker, struct error *err)
{
	struct task *u = r->task;

	if (u == maker || u->node.stage == STAGE_OVER || u->number) {
		if (u == maker || u->node.end == END_SKIPPED ||
		    u->node.end == END_FAILED ||
		    maker->node.end == END_SKIPPED)
			return 0;
		return step_error(maker->step, maker->step->template->line,
			maker->step->template->column, err, "makes '%s', "
			"which step '%s' has read already; let '%s' wait with "
			"(after %s)", f->path, u->step->name, u->step->name,
			maker->step->name);
	}
	node_want(g, &maker->node);
	node_link(g, &maker->node, &u->node);
	if (!r->held)
		return 0;
	r->held = false;
	f->holds--;
	return node_release(g, &u->node, err);
}

/* Tell all who read F that MAKER makes it or the directory around it. */
static int
tell_readers(struct graph *g, struct file *f, struct task *maker,
	     struct error *err)
{
	struct file *inner = f;
	uint32_t i;

	do {
		for (i = inner->first_reader; i; i = g->readers[i - 1].next)
			if (tell_reader(g, &g->readers[i - 1], inner, maker,
					err))
				return -1;
		inner = file_walk(f, inner);
	} while (inner);
	return 0;
}

/* The node that waits for all makers inside directory F. */
static struct node *
file_gather(struct graph *g, struct file *f)
{
	struct file *inner = f;

	if (f->gather)
		return f->gather;
	f->gather = arena_zalloc(&g->arena, sizeof(*f->gather));
	node_init(g, f->gather, NODE_GATHER, nodes_reserve(g, 1));
	f->gather->stage = STAGE_WAITING;
	f->gather->waiting = 1;
	f->gather->wanted = true;
	node_list_push(&g->to_admit, f->gather);
	while ((inner = file_walk(f, inner))) {
		if (inner->maker)
			link_makers(g, inner, f->gather);
	}
	return f->gather;
}

/* A file was found inside directory F, which R's task reads and of which none
 * was known: it waits for all of them. */
static int
gather_for_reader(struct graph *g, struct reader *r, struct file *f,
		  struct error *err)
{
	struct node *n = &r->task->node;

	if (r->gathered || n->stage == STAGE_OVER || r->task->number)
		return 0;
	r->gathered = true;
	node_link(g, file_gather(g, f), n);
	if (!r->held)
		return 0;
	r->held = false;
	f->holds--;
	return node_release(g, n, err);
}

/* Tasks that wait for a directory above F as a whole wait for MAKER too. */
static int
tell_gathers(struct graph *g, struct file *f, struct task *maker,
	     struct error *err)
{
	uint32_t i;

	for (f = f->parent; f; f = f->parent) {
		if (f->gather && f->gather->stage != STAGE_OVER) {
			node_want(g, &maker->node);
			node_link(g, &maker->node, f->gather);
		}
		for (i = f->first_reader; i; i = g->readers[i - 1].next)
			if (gather_for_reader(g, &g->readers[i - 1], f, err))
				return -1;
	}
	return 0;
}

int
file_tell_waiting(struct graph *g, struct file *f, struct task *maker,
		  struct error *err)
{
	g->new_makers = true;
	return tell_gathers(g, f, maker, err) ||
		tell_readers(g, f, maker, err) ? -1 : 0;
}

/* ---- makers of inputs ---- */

/* The entry whose maker makes F: rather a task that runs than a skipped one. */
static struct file *
made_of(struct file *f)
{
	struct file *made = file_made_around(f, false);

	return made ? made : file_made_around(f, true);
}

bool
file_is_skipped(const struct graph *g, struct file *f)
{
	struct file *made = made_of(f);

	if (made)
		return made->maker->node.end == END_SKIPPED;
	return f->child && file_made_inside(f, true) &&
		!file_made_inside(f, false) &&
		!g->world.exists(g->world.data, f->path);
}

/* Whether step NAME may still declare files that nobody knows of; NULL: no. */
static bool
step_is_open(const struct graph *g, const char *name)
{
	const struct step *s = name ? rules_find(g->rules, name) : NULL;
	const struct level *l;

	if (!s)
		return false;
	if (s->layout->files_late)
		return true;
	for (l = s->level; l->opener; l = l->parent)
		if (l->opener->layout->foreach_late)
			return g->unopened || g->slow;
	return false;
}

bool
file_may_be_made(const struct graph *g, const char *path)
{
	return g->has_late &&
	       step_is_open(g, g->world.maker(g->world.data, path));
}

static int
report_missing(struct graph *g, const struct task *t, const char *path,
	       const struct expr *e, struct error *err)
{
	struct strbuf hint = STRBUF_INIT;

	graph_add_hint(g, path, &hint);
	step_error(t->step, e->line, e->column, err, "the input '%s' is not "
		   "there and no step makes it%s", path, hint.buf);
	strbuf_release(&hint);
	return -1;
}

/* No task is known to make F, which T reads as IN: perhaps it is just there,
 * perhaps T must wait for somebody to declare it. */
static int
link_unmade(struct graph *g, struct task *t, const struct task_file *in,
	    struct reader *r, struct error *err)
{
	struct file *f = in->file;
	const struct expr *e = task_file_place(t, in, false);
	bool there = g->world.exists(g->world.data, f->path);

	if (there && !file_may_be_made(g, f->path))
		return 0;
	if (!there && !g->unopened && !g->unknown_files && !g->lost)
		return report_missing(g, t, f->path, e, err);
	r->held = true;
	f->holds++;
	t->node.waiting++;
	node_list_push(&g->held, &t->node);
	return 0;
}

static int
link_input(struct graph *g, struct task *t, struct task_file *in,
	   struct error *err)
{
	struct file *f = in->file = file_get(g, in->path), *made;
	struct task *maker = NULL;
	struct reader *r;

	ARRAY_GROW(g->readers, g->reader_count, g->reader_alloc);
	r = &g->readers[g->reader_count];
	r->task = t;
	r->held = r->gathered = false;
	r->next = f->first_reader;
	f->first_reader = ++g->reader_count;
	made = made_of(f);
	if (made) {
		link_makers(g, made, &t->node);
		return 0;
	} else if (f->child && file_made_inside(f, true)) {
		r->gathered = true;
		node_link(g, file_gather(g, f), &t->node);
		return 0;
	} else if (pattern_find(g, f->path, &maker, err)) {
		return -1;
	}
	r = &g->readers[f->first_reader - 1]; /* the array may have moved */
	if (!maker)
		return link_unmade(g, t, in, r, err);
	node_want(g, &maker->node);
	node_link(g, &maker->node, &t->node);
	return 0;
}

int
task_link_inputs(struct graph *g, struct task *t, struct error *err)
{
	uint32_t i;

	for (i = 0; i < t->input_count; i++)
		if (link_input(g, t, &t->inputs[i], err))
			return -1;
	return 0;
}

bool
graph_want_recorded(struct graph *g, const char *path)
{
	char *name = path_normalize(path);
	const char *recorded = g->world.maker(g->world.data, name);
	const struct step *s = recorded ? rules_find(g->rules, recorded) : NULL;
	uint32_t i;

	for (i = 0; s && s->layout->files_late && i < g->task_count; i++)
		if (g->tasks[i]->step == s)
			node_want(g, &g->tasks[i]->node);
	free(name);
	return g->awaited_files;
}

int
graph_want_file(struct graph *g, const char *path, struct error *err)
{
	char *name = path_normalize(path);
	struct file *f = file_find(g, name), *made;
	struct task *maker = NULL;
	int ret = 0;

	made = f ? made_of(f) : NULL;
	if (made) {
		want_makers(g, made);
		ret = 1;
	} else if (f && f->child && file_made_inside(f, true)) {
		node_want(g, file_gather(g, f));
		ret = 1;
	} else if (pattern_find(g, name, &maker, err)) {
		ret = -1;
	}
	if (maker) {
		node_want(g, &maker->node);
		ret = 1;
	}
	free(name);
	return ret;
}

/* ---- files that nobody makes ---- */

bool
each_held(struct graph *g, bool (*fn)(void *data, struct task *t,
				      struct task_file *in), void *data)
{
	uint32_t i, k, r;

	for (i = 0; i < g->held.count; i++) {
		struct task *t = node_task(g->held.v[i]);

		for (k = 0; k < t->input_count; k++) {
			struct file *f = t->inputs[k].file;

			if (t->node.stage == STAGE_OVER)
				break;
			if (!f || !f->holds)
				continue;
			for (r = f->first_reader; r; r = g->readers[r - 1].next)
				if (g->readers[r - 1].task == t &&
				    g->readers[r - 1].held)
					break;
			if (r && fn(data, t, &t->inputs[k]))
				return true;
		}
	}
	return false;
}

/* A search for rules that make held inputs. */
struct retry {
	struct graph *g;
	struct error *err;
	bool failed;
};

/* The task that is found tells who is held when its files are entered. */
static bool
retry_held(void *data, struct task *t, struct task_file *in)
{
	struct retry *r = data;
	struct task *maker;

	(void)t;
	r->failed = pattern_find(r->g, in->path, &maker, r->err);
	return r->failed;
}

int
held_retry_patterns(struct graph *g, struct error *err)
{
	struct retry r = { g, err, false };

	if (!g->new_makers || !g->pattern_count)
		return 0;
	g->new_makers = false;
	each_held(g, retry_held, &r);
	return r.failed ? -1 : 0;
}

void
held_error(const struct task *t, const struct task_file *in,
	   struct error *err)
{
	const struct expr *e = task_file_place(t, in, false);

	error_place(err, t->step->template->file, e->line, e->column,
		    "no step makes '%s', needed by step '%s'", in->path,
		    t->step->name);
}

static bool
say_held(void *data, struct task *t, struct task_file *in)
{
	held_error(t, in, data);
	return true;
}

int
graph_check_stuck(struct graph *g, struct error *err)
{
	return each_held(g, say_held, err) ? -1 : 0;
}

/* A caller's function and its data. */
struct announcer {
	const struct graph *graph;
	void (*fn)(void *data, const struct task *t, const char *path);
	void *data;
};

static bool
announce_held(void *data, struct task *t, struct task_file *in)
{
	struct announcer *a = data;

	if (!in->file->announced &&
	    !a->graph->world.exists(a->graph->world.data, in->path))
		a->fn(a->data, t, in->path);
	in->file->announced = true;
	return false;
}

void
graph_each_unmade(struct graph *g,
		  void (*fn)(void *data, const struct task *t,
			     const char *path), void *data)
{
	struct announcer a = { g, fn, data };

	each_held(g, announce_held, &a);
}
