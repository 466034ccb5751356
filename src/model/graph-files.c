/*
 * Who makes which file.  The table knows each path that some task makes or
 * reads, and the directories above it, so that a file inside a directory that
 * a task makes, and a directory that tasks make files in, are found by
 * walking up or down.
 */
#include "base/base.h"

#include "model/graph.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/path.h"
#include "base/strbuf.h"
#include "model/expr.h"
#include "model/graph-internal.h"
#include "model/standin.h"
#include "model/words.h"

/* ---- the table ---- */

struct file *
file_find(const struct graph *g, const char *path)
{
	return map_gets(&g->files, path);
}

struct file *
file_get(struct graph *g, const char *path)
{
	struct file *f = file_find(g, path), *inner = NULL, *result = f;
	size_t len = strlen(path);

	while (!f) {
		f = arena_zalloc(&g->arena, sizeof(*f));
		f->path = arena_strndup(&g->arena, path, len);
		map_set(&g->files, path, len, f);
		if (inner) {
			inner->parent = f;
			inner->sibling = f->child;
			f->child = inner;
		} else {
			result = f;
		}
		inner = f;
		len = path_dir_len(f->path);
		if (!len)
			return result;
		f = map_get(&g->files, path, len);
		if (f) {
			inner->parent = f;
			inner->sibling = f->child;
			f->child = inner;
		}
	}
	return result;
}

/* The next entry below TOP in a walk over its whole tree, after F. */
static struct file *
file_walk(const struct file *top, struct file *f)
{
	if (f->child)
		return f->child;
	while (f != top && !f->sibling)
		f = f->parent;
	return f == top ? NULL : f->sibling;
}

/* Some task that makes a file below F, or NULL. */
static struct file *
made_inside(struct file *f)
{
	struct file *inner = f;

	while ((inner = file_walk(f, inner)))
		if (inner->maker && inner->maker->node.end != END_SKIPPED)
			return inner;
	return NULL;
}

/* The entry of F or of a directory above it that a task makes, or NULL. */
static struct file *
made_around(struct file *f)
{
	for (; f; f = f->parent)
		if (f->maker)
			return f;
	return NULL;
}

/* ---- what a task reads and makes ---- */

/* Where the user wrote the clause that gave F. */
static const struct expr *
place_of(const struct task *t, const struct task_file *f, bool output)
{
	const struct template *tm = t->step->template;

	if (output)
		return f->binder < tm->output_count ?
			&tm->outputs[f->binder].expr : tm->recipe.stdout_file;
	return f->binder < tm->input_count ? &tm->inputs[f->binder].expr :
		tm->recipe.stdin_file;
}

/* Files under construction. */
struct file_list {
	struct task_file *v;
	uint32_t count;
	uint32_t alloc;
};

/* The normalized name that WORD stands for in T; the caller frees it. */
static char *
file_name_of(const struct task *t, const char *word)
{
	struct strbuf text = STRBUF_INIT;
	char *path;

	if (t->stem)
		pattern_fill(&text, word, t->stem);
	else
		strbuf_adds(&text, word);
	path = path_normalize(text.buf);
	strbuf_release(&text);
	return path;
}

/* Append the files that E names, as clause number BINDER. */
static int
add_files(struct graph *g, struct task *t, const struct expr *e,
	  uint32_t binder, struct file_list *list, struct error *err)
{
	struct words w = WORDS_INIT;
	size_t i;
	int ret = -1;

	if (expr_words(g, t->step, &t->node, e, &w, err))
		goto out;
	for (i = 0; i < w.count; i++) {
		struct task_file *f;
		char *path;

		if (!w.lens[i] || strlen(w.v[i]) != w.lens[i]) {
			step_error(t->step, e->line, e->column, err,
				   w.lens[i] ? "a file name holds a NUL byte" :
				   "a file name is empty");
			goto out;
		}
		ARRAY_GROW(list->v, list->count, list->alloc);
		f = &list->v[list->count++];
		memset(f, 0, sizeof(*f));
		path = file_name_of(t, w.v[i]);
		f->path = arena_strdup(&g->arena, path);
		f->dash = *path == '-';
		f->binder = (uint16_t)binder;
		f->in_list = w.is_list;
		free(path);
	}
	ret = 0;
out:
	words_release(&w);
	return ret;
}

/* The file that exec's #:stdin or #:stdout adds: one that no clause named. */
static int
add_redirection(struct graph *g, struct task *t, const struct expr *e,
		uint32_t binder, struct file_list *list, struct error *err)
{
	struct file_list extra = { 0 };
	uint32_t i, k;
	int ret = -1;

	if (!e)
		return 0;
	if (add_files(g, t, e, binder, &extra, err))
		goto out;
	if (extra.count != 1) {
		step_error(t->step, e->line, e->column, err,
			   "a redirection needs one file, not %u",
			   extra.count);
		goto out;
	}
	ret = 0;
	if (strstr(extra.v[0].path, STANDIN_MARK))
		goto out; /* its own result */
	for (i = k = 0; i < list->count; i++)
		k += !strcmp(list->v[i].path, extra.v[0].path);
	if (!k) {
		ARRAY_GROW(list->v, list->count, list->alloc);
		list->v[list->count++] = extra.v[0];
	}
out:
	free(extra.v);
	return ret;
}

/* What is wrong with PATH as an output, or NULL. */
static const char *
output_fault(const struct graph *g, const char *path)
{
	const char *flow_file = g->options.flow_file;

	if (*path == '/' || !strcmp(path, "..") || !strncmp(path, "../", 3))
		return "lies outside the project";
	if (flow_file && path_is_inside(path, flow_file))
		return "holds the Flowfile";
	if (!strcmp(path, "."))
		return "is the project itself";
	if (path_is_inside(".flowmake", path))
		return "lies in flowmake's own directory";
	return NULL;
}

/* U, which reads F, waits for MAKER, found only now. */
static int
tell_reader(struct graph *g, struct reader *r, struct file *f,
	    struct task *maker, struct error *err)
{
	struct task *u = r->task;

	if (u == maker || u->node.stage == STAGE_OVER || u->number) {
		if (u == maker || u->node.end == END_SKIPPED)
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
	node_init(g, f->gather, NODE_GATHER);
	f->gather->stage = STAGE_WAITING;
	f->gather->waiting = 1;
	f->gather->wanted = true;
	node_list_push(&g->to_admit, f->gather);
	while ((inner = file_walk(f, inner))) {
		if (!inner->maker)
			continue;
		node_want(g, &inner->maker->node);
		node_link(g, &inner->maker->node, f->gather);
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

	if (n->stage == STAGE_OVER || r->task->number)
		return 0;
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
			continue;
		}
		for (i = f->first_reader; i; i = g->readers[i - 1].next)
			if (gather_for_reader(g, &g->readers[i - 1], f, err))
				return -1;
	}
	return 0;
}

/* Enter T as the maker of output O. */
static int
enter_output(struct graph *g, struct task *t, struct task_file *o,
	     struct error *err)
{
	const struct expr *e = place_of(t, o, true);
	const char *fault = output_fault(g, o->path);
	struct file *f, *other;

	if (fault)
		return step_error(t->step, e->line, e->column, err,
				  "the output '%s' %s", o->path, fault);
	f = o->file = file_get(g, o->path);
	other = made_around(f);
	if (!other || other->maker->node.end == END_SKIPPED)
		other = f->child ? made_inside(f) : NULL;
	if (other && other != f)
		return step_error(t->step, e->line, e->column, err,
			"makes '%s' and step '%s' makes '%s'; one is inside "
			"the other", o->path, other->maker->step->name,
			other->path);
	if (other && other->maker != t) {
		struct strbuf a = STRBUF_INIT, b = STRBUF_INIT;

		task_add_name(&a, t);
		task_add_name(&b, other->maker);
		step_error(t->step, e->line, e->column, err, "two tasks make "
			   "'%s': %s and %s", o->path, b.buf, a.buf);
		strbuf_release(&a);
		strbuf_release(&b);
		return -1;
	}
	f->maker = t;
	if (tell_gathers(g, f, t, err))
		return -1;
	return tell_readers(g, f, t, err);
}

/* No output may be, hold or lie in one of its own task's inputs. */
static int
check_own_inputs(struct task *t, struct error *err)
{
	uint32_t i, k;

	for (i = 0; i < t->output_count; i++) {
		const struct task_file *o = &t->outputs[i];
		const struct expr *e = place_of(t, o, true);

		for (k = 0; k < t->input_count; k++) {
			const char *in = t->inputs[k].path;

			if (!path_is_inside(in, o->path) &&
			    !path_is_inside(o->path, in))
				continue;
			return step_error(t->step, e->line, e->column, err,
				"the output '%s' is among its inputs ('%s')",
				o->path, in);
		}
	}
	return 0;
}

static struct task_file *
keep_files(struct graph *g, struct file_list *list)
{
	struct task_file *kept;

	kept = arena_memdup(&g->arena, list->v ? (void *)list->v : "",
			    list->count * sizeof(*kept));
	free(list->v);
	list->v = NULL;
	return kept;
}

int
task_set_files(struct graph *g, struct task *t, struct error *err)
{
	const struct template *tm = t->step->template;
	struct file_list in = { 0 }, out = { 0 };
	uint32_t i;

	for (i = 0; i < tm->input_count; i++)
		if (add_files(g, t, &tm->inputs[i].expr, i, &in, err))
			goto fail;
	if (add_redirection(g, t, tm->recipe.stdin_file, i, &in, err))
		goto fail;
	for (i = 0; i < tm->output_count; i++)
		if (add_files(g, t, &tm->outputs[i].expr, i, &out, err))
			goto fail;
	if (add_redirection(g, t, tm->recipe.stdout_file, i, &out, err))
		goto fail;
	t->input_count = in.count;
	t->output_count = out.count;
	t->inputs = keep_files(g, &in);
	t->outputs = keep_files(g, &out);
	t->files_known = true;
	g->unknown_files--;
	if (check_own_inputs(t, err))
		return -1;
	for (i = 0; i < t->output_count; i++)
		if (enter_output(g, t, &t->outputs[i], err))
			return -1;
	return 0;
fail:
	free(in.v);
	free(out.v);
	return -1;
}

/* ---- who waits for whom ---- */

/* Whether step NAME may still declare files that nobody knows of. */
static bool
step_is_open(const struct graph *g, const char *name)
{
	const struct step *s = rules_find(g->rules, name);
	const struct level *l;

	if (!s)
		return false;
	if (s->layout->files_late)
		return true;
	for (l = s->level; l->opener; l = l->parent)
		if (l->opener->layout->foreach_late)
			return g->unopened;
	return false;
}

/* No task is known to make F, which T reads as IN: perhaps it is just there,
 * perhaps T must wait for somebody to declare it. */
static int
link_unmade(struct graph *g, struct task *t, const struct task_file *in,
	    struct reader *r, struct error *err)
{
	struct file *f = in->file;
	const struct expr *e = place_of(t, in, false);
	bool there = g->world.exists(g->world.data, f->path);
	const char *recorded = g->world.maker(g->world.data, f->path);

	if (there && !(recorded && step_is_open(g, recorded)))
		return 0;
	if (!there && !g->unopened && !g->unknown_files)
		return step_error(t->step, e->line, e->column, err,
				  "the input '%s' is not there and no step "
				  "makes it", f->path);
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
	r->held = false;
	r->next = f->first_reader;
	f->first_reader = ++g->reader_count;
	made = made_around(f);
	if (made) {
		maker = made->maker;
	} else if (f->child && made_inside(f)) {
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

int
graph_want_file(struct graph *g, const char *path, struct error *err)
{
	char *name = path_normalize(path);
	struct file *f = file_find(g, name), *made;
	struct task *maker = NULL;
	int ret = 0;

	made = f ? made_around(f) : NULL;
	if (made) {
		maker = made->maker;
	} else if (f && f->child && made_inside(f)) {
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

/* Call FN for each input that holds a task, until it returns true. */
static bool
each_held(struct graph *g, bool (*fn)(void *data, struct task *t,
				      struct task_file *in), void *data)
{
	uint32_t i, k, r;

	for (i = 0; i < g->held.count; i++) {
		struct task *t = node_task(g->held.v[i]);

		for (k = 0; k < t->input_count; k++) {
			struct file *f = t->inputs[k].file;

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

static bool
fail_held(void *data, struct task *t, struct task_file *in)
{
	const struct expr *e = place_of(t, in, false);

	error_place(data, t->step->template->file, e->line, e->column,
		    "no step makes '%s', needed by step '%s'", in->path,
		    t->step->name);
	return true;
}

int
graph_check_stuck(struct graph *g, struct error *err)
{
	return each_held(g, fail_held, err) ? -1 : 0;
}

/* A caller's function and its data. */
struct announcer {
	void (*fn)(void *data, const struct task *t, const char *path);
	void *data;
};

static bool
announce_held(void *data, struct task *t, struct task_file *in)
{
	struct announcer *a = data;

	if (!in->file->announced)
		a->fn(a->data, t, in->path);
	in->file->announced = true;
	return false;
}

void
graph_each_unmade(struct graph *g,
		  void (*fn)(void *data, const struct task *t,
			     const char *path), void *data)
{
	struct announcer a = { fn, data };

	each_held(g, announce_held, &a);
}
