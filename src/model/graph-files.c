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

/* Enter INNER as the last in directory F. */
static void
add_child(struct file *f, struct file *inner)
{
	inner->parent = f;
	if (f->last_child)
		f->last_child->sibling = inner;
	else
		f->child = inner;
	f->last_child = inner;
}

/* The entry of the first LEN bytes of PATH; whether it IS_NEW, then without a
 * parent. */
static struct file *
enter_path(struct graph *g, const char *path, size_t len, bool *is_new)
{
	struct map_entry *e = map_enter(&g->files, path, len);
	struct file *f = e->value;

	*is_new = !f;
	if (!f) {
		f = e->value = arena_zalloc(&g->arena, sizeof(*f));
		f->path = e->key;
	}
	return f;
}

/* The directory of PATH that is LEN bytes long: mostly that of the last. */
static struct file *
enter_dir(struct graph *g, const char *path, size_t len, bool *is_new)
{
	*is_new = false;
	if (!g->last_dir || strncmp(g->last_dir->path, path, len) ||
	    g->last_dir->path[len])
		g->last_dir = enter_path(g, path, len, is_new);
	return g->last_dir;
}

struct file *
file_get(struct graph *g, const char *path)
{
	bool is_new;
	struct file *result = enter_path(g, path, strlen(path), &is_new);
	struct file *inner = result, *f;
	size_t len;

	while (is_new) {
		len = path_dir_len(inner->path);
		if (!len)
			break;
		f = enter_dir(g, path, len, &is_new);
		add_child(f, inner);
		inner = f;
	}
	return result;
}

struct file *
file_walk(const struct file *top, struct file *f)
{
	if (f->child)
		return f->child;
	while (f != top && !f->sibling)
		f = f->parent;
	return f == top ? NULL : f->sibling;
}

struct file *
file_made_inside(struct file *f, bool skipped)
{
	struct file *inner = f;

	while ((inner = file_walk(f, inner)))
		if (inner->maker && (skipped ||
				     inner->maker->node.end != END_SKIPPED))
			return inner;
	return NULL;
}

struct file *
file_made_around(struct file *f, bool skipped)
{
	for (; f; f = f->parent)
		if (f->maker && (skipped ||
				 f->maker->node.end != END_SKIPPED))
			return f;
	return NULL;
}

/* ---- what a task reads and makes ---- */

const struct expr *
task_file_place(const struct task *t, const struct task_file *f, bool output)
{
	const struct template *tm = t->step->template;

	if (output)
		return f->binder < tm->output_count ?
			&tm->outputs[f->binder].expr : tm->recipe.stdout_file;
	return f->binder < tm->input_count ? &tm->inputs[f->binder].expr :
		tm->recipe.stdin_file;
}

/* PATH as files are known, in G's arena. */
static const char *
keep_path(struct graph *g, const char *path)
{
	char *normal;
	const char *kept;

	if (path_is_normal(path))
		return arena_strdup(&g->arena, path);
	normal = path_normalize(path);
	kept = arena_strdup(&g->arena, normal);
	free(normal);
	return kept;
}

/* Append the files that E names, as clause number BINDER, to g->listed. */
static int
add_files(struct graph *g, struct task *t, const struct expr *e,
	  uint32_t binder, struct error *err)
{
	struct file_list *list = &g->listed;
	struct words *w = &g->words;
	struct task_file *f;
	size_t i;

	words_clear(w);
	if (file_words(g, t->step, &t->node, e, w, err))
		return -1;
	for (i = 0; i < w->count; i++) {
		if (!w->lens[i] || strlen(w->v[i]) != w->lens[i])
			return expr_error(t->step, e, err, w->lens[i] ?
					  "a file name holds a NUL byte" :
					  "a file name is empty");
		ARRAY_GROW(list->v, list->count, list->alloc);
		f = &list->v[list->count++];
		memset(f, 0, sizeof(*f));
		f->path = keep_path(g, w->v[i]);
		f->binder = (uint16_t)binder;
		f->in_list = w->is_list;
	}
	return 0;
}

/* Whether the last in LIST is there before. */
static bool
is_listed_before(const struct file_list *list)
{
	const struct task_file *last = &list->v[list->count - 1], *f;

	for (f = list->v; f < last; f++)
		if (!strcmp(f->path, last->path))
			return true;
	return false;
}

/* The file that exec's #:stdin or #:stdout adds: one that no clause named. */
static int
add_redirection(struct graph *g, struct task *t, const struct expr *e,
		uint32_t binder, struct error *err)
{
	struct file_list *list = &g->listed;
	uint32_t before = list->count;

	if (!e)
		return 0;
	if (add_files(g, t, e, binder, err))
		return -1;
	if (list->count != before + 1)
		return step_error(t->step, e->line, e->column, err,
				  "a redirection needs one file, not %u",
				  list->count - before);
	if (strstr(list->v[before].path, STANDIN_MARK) || /* its own result */
	    is_listed_before(list))
		list->count = before;
	return 0;
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

/* OTHER makes output O of T, too. */
static int
report_rival(const struct task *t, const struct task_file *o,
	     const struct task *other, struct error *err)
{
	const struct expr *e = task_file_place(t, o, true);
	struct strbuf a = STRBUF_INIT, b = STRBUF_INIT;

	task_add_name(&a, other);
	task_add_name(&b, t);
	step_error(t->step, e->line, e->column, err, "two tasks make '%s': "
		   "%s and %s", o->path, a.buf, b.buf);
	strbuf_release(&a);
	strbuf_release(&b);
	return -1;
}

/* Whether T may yet be skipped. */
static bool
may_be_skipped(const struct task *t)
{
	return t->node.stage <= STAGE_LATE &&
		((t->step->template->when && t->step->layout->when_late) ||
		 t->step->reads_may_skip);
}

/* OTHER, which some task makes, is in the way of output O of T. */
static int
report_collision(const struct task *t, const struct task_file *o,
		 const struct file *other, struct error *err)
{
	const struct expr *e = task_file_place(t, o, true);

	if (other == o->file)
		return report_rival(t, o, other->maker, err);
	return step_error(t->step, e->line, e->column, err, "makes '%s' and "
			  "step '%s' makes '%s'; one is inside the other",
			  o->path, other->maker->step->name, other->path);
}

/* T, which is in the way of OTHER, is going to fail of ERR; so does OTHER if
 * both are known since one fan-out opened, for then neither was there before
 * the other. */
static int
fail_other(struct graph *g, const struct task *t, struct task *other,
	   const struct error *err)
{
	struct error same = ERROR_INIT;

	if (!g->begun || !t->split->parent || other->stem ||
	    other->split->parent != t->split->parent ||
	    other->split->level != t->split->level ||
	    other->node.stage >= STAGE_READY)
		return 0;
	error_copy(&same, err);
	return task_fault(g, other, &same);
}

/* OTHER, which some task makes, is in the way of output O of T: refuse that,
 * or let both be rivals, if one of them may still be skipped. */
static int
settle_collision(struct graph *g, struct task *t, struct task_file *o,
		 struct file *other, struct error *err)
{
	struct rival *r;

	if (other != o->file ||
	    (!may_be_skipped(t) && !may_be_skipped(other->maker))) {
		report_collision(t, o, other, err);
		fail_other(g, t, other->maker, err);
		return -1;
	}
	r = arena_zalloc(&g->arena, sizeof(*r));
	r->task = t;
	r->next = other->rivals;
	other->rivals = r;
	return file_tell_waiting(g, other, t, err);
}

/* Whether an output of T before O is the same file. */
static bool
named_before(const struct task *t, const struct task_file *o)
{
	const struct task_file *earlier;

	for (earlier = t->outputs; earlier < o; earlier++)
		if (earlier->file == o->file)
			return true;
	return false;
}

/* Enter T as the maker of output O. */
static int
enter_output(struct graph *g, struct task *t, struct task_file *o,
	     struct error *err)
{
	const struct expr *e = task_file_place(t, o, true);
	const char *fault = output_fault(g, o->path);
	struct file *f, *other;

	if (fault)
		return step_error(t->step, e->line, e->column, err,
				  "the output '%s' %s", o->path, fault);
	f = o->file = file_get(g, o->path);
	other = file_made_around(f, false);
	if (!other && f->child)
		other = file_made_inside(f, false);
	if (other && t->node.end == END_SKIPPED)
		return 0;
	if (other && named_before(t, o))
		return step_error(t->step, e->line, e->column, err,
				  "the output '%s' is named twice", o->path);
	if (other && (other != f || other->maker != t))
		return settle_collision(g, t, o, other, err);
	f->maker = t; /* a rule's task is that already */
	return file_tell_waiting(g, f, t, err);
}

void
task_yield_files(struct task *t)
{
	uint32_t i;

	for (i = 0; i < t->output_count; i++) {
		struct file *f = t->outputs[i].file;
		struct rival *r;

		if (!f || f->maker != t)
			continue;
		for (r = f->rivals; r; r = r->next)
			if (r->task->node.end != END_SKIPPED)
				break;
		if (!r)
			continue;
		f->maker = r->task;
		r->task = t;
	}
}

/* Whether T is not skipped, for certain. */
static bool
runs(const struct task *t)
{
	return t->node.stage >= STAGE_READY && t->node.end != END_SKIPPED;
}

int
task_claim_files(struct task *t, struct error *err)
{
	const struct rival *r;
	uint32_t i;

	for (i = 0; i < t->output_count; i++) {
		const struct task_file *o = &t->outputs[i];
		const struct file *f = o->file;

		if (f->rivals && f->maker != t && runs(f->maker))
			return report_rival(t, o, f->maker, err);
		for (r = f->rivals; r; r = r->next)
			if (r->task != t && runs(r->task))
				return report_rival(t, o, r->task, err);
	}
	return 0;
}

/* Refuse inputs that no task could read unchanged. */
static int
check_inputs(struct task *t, struct error *err)
{
	uint32_t i;

	for (i = 0; i < t->input_count; i++) {
		const struct task_file *in = &t->inputs[i];
		const struct expr *e = task_file_place(t, in, false);

		if (path_is_inside(in->path, ".flowmake"))
			return step_error(t->step, e->line, e->column, err,
				"the input '%s' holds the project itself, "
				"where flowmake writes", in->path);
	}
	return 0;
}

/* No output may be, hold or lie in one of its own task's inputs. */
static int
check_own_inputs(struct task *t, struct error *err)
{
	uint32_t i, k;

	for (i = 0; i < t->output_count; i++) {
		const struct task_file *o = &t->outputs[i];
		const struct expr *e = task_file_place(t, o, true);

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

/* The files that the COUNT clauses B and a REDIRECTION, or NULL, name, in G's
 * arena; *N gets how many; NULL: it failed. */
static struct task_file *
list_files(struct graph *g, struct task *t, const struct binder *b,
	   uint32_t count, const struct expr *redirection, uint32_t *n,
	   struct error *err)
{
	struct file_list *list = &g->listed;
	uint32_t i;

	list->count = 0;
	for (i = 0; i < count; i++)
		if (add_files(g, t, &b[i].expr, i, err))
			return NULL;
	if (add_redirection(g, t, redirection, i, err))
		return NULL;
	*n = list->count;
	return arena_memdup(&g->arena, list->v,
			    list->count * sizeof(*list->v));
}

/* T's files are known. */
static void
count_known(struct graph *g, struct task *t)
{
	t->files_known = true;
	g->unknown_files--;
	g->awaited_files -= t->node.wanted;
}

int
task_set_files(struct graph *g, struct task *t, struct error *err)
{
	const struct template *tm = t->step->template;
	struct task_file *in, *out;
	uint32_t in_count = 0, out_count = 0, i;

	if (g->world.is_settled && g->world.is_settled(g->world.data, t)) {
		t->settled = true;
		count_known(g, t);
		return 0;
	}
	in = list_files(g, t, tm->inputs, tm->input_count,
			tm->recipe.stdin_file, &in_count, err);
	out = in ? list_files(g, t, tm->outputs, tm->output_count,
			      tm->recipe.stdout_file, &out_count, err) : NULL;
	if (!out)
		return -1;
	t->input_count = in_count;
	t->output_count = out_count;
	t->inputs = in;
	t->outputs = out;
	count_known(g, t);
	if (check_inputs(t, err) || check_own_inputs(t, err))
		return -1;
	for (i = 0; i < t->output_count; i++)
		if (enter_output(g, t, &t->outputs[i], err))
			return -1;
	return 0;
}

bool
graph_makes(const struct graph *g, const char *path)
{
	const struct file *f = file_find(g, path);

	return f && f->maker;
}

bool
graph_declares(const struct graph *g, const char *path)
{
	const struct file *f = file_find(g, path);

	return f && (f->maker || f->first_reader);
}

/* The only task that makes or reads F itself, or NULL. */
static const struct task *
only_user(const struct graph *g, const struct file *f)
{
	const struct task *t = f->maker;
	uint32_t i;

	for (i = f->first_reader; i; i = g->readers[i - 1].next) {
		if (t && t != g->readers[i - 1].task)
			return NULL;
		t = g->readers[i - 1].task;
	}
	return f->rivals ? NULL : t;
}

/* Whether one of the COUNT files at LIST, T's, is anybody's else. */
static bool
list_is_shared(const struct graph *g, const struct task *t,
	       const struct task_file *list, uint32_t count)
{
	const struct file *f;
	uint32_t i;

	for (i = 0; i < count; i++) {
		f = list[i].file;
		if (f->child || f->named || only_user(g, f) != t)
			return true;
		while ((f = f->parent))
			if (f->maker || f->first_reader)
				return true;
	}
	return false;
}

bool
graph_is_alone(const struct graph *g, const struct task *t)
{
	/* late files, rules and targets look for files by their names */
	return !g->has_late && !g->pattern_count && g->options.want_all &&
	       t->files_known && t->node.end == END_DONE &&
	       !list_is_shared(g, t, t->inputs, t->input_count) &&
	       !list_is_shared(g, t, t->outputs, t->output_count);
}

const struct task *
graph_only_user(const struct graph *g, const char *path)
{
	const struct file *f = file_find(g, path);

	return f ? only_user(g, f) : NULL;
}

void
graph_mark_changed(struct graph *g, const char *path)
{
	struct file *f = file_get(g, path);

	f->changed = true;
	for (; f; f = f->parent)
		f->holds_change = true;
}

/* Whether one of the COUNT files at LIST is near a change. */
static bool
list_is_touched(const struct task_file *list, uint32_t count)
{
	const struct file *f;
	uint32_t i;

	for (i = 0; i < count; i++) {
		if (list[i].file->holds_change)
			return true;
		for (f = list[i].file; f; f = f->parent)
			if (f->changed)
				return true;
	}
	return false;
}

bool
graph_is_touched(const struct task *t)
{
	return list_is_touched(t->inputs, t->input_count) ||
	       list_is_touched(t->outputs, t->output_count);
}
