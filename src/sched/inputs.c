/*
 * What an attempt reads, and the key that follows from it.
 */
#include "base/base.h"

#include "sched/attempt.h"

#include <stdlib.h>
#include <string.h>

#include "base/cbor.h"
#include "base/error.h"
#include "base/path.h"
#include "exec/slot.h"
#include "model/graph.h"
#include "model/key.h"
#include "model/recipe.h"
#include "model/rules.h"
#include "model/wire.h"
#include "sched/file-words.h"
#include "sched/recipe-words.h"
#include "sched/run-internal.h"
#include "store/files.h"
#include "store/objects.h"

/* ---- files of the project ---- */

/* Digest one input: 1, 0 when it is not there, -1. */
static int
digest_input(struct files *files, struct spec_file *f, struct error *err)
{
	struct file_state state;
	int found = files_digest(files, f->path, &state, err);

	if (found > 0) {
		files_rest_on(files, f->path, &state.digest);
		f->digest = state.digest;
		f->is_dir = state.is_dir;
	}
	return found;
}

/* Whether WORD of a recipe names a file of the project. */
static bool
names_project_file(struct files *files, const char *word)
{
	return *word && *word != '/' && *word != '-' &&
	       strlen(word) <= FILE_WORD_MAX_BYTES && strncmp(word, "../", 3) &&
	       !path_is_inside(".flowmake", word) &&
	       files_name_one(files, word);
}

/* Inputs under construction. */
struct input_list {
	struct attempt *attempt;
	struct graph *graph;
	struct files *files;
	struct spec_file *v;
	size_t count;
	size_t alloc;
};

static struct spec_file *
add_input(struct input_list *l, const char *path)
{
	ARRAY_GROW(l->v, l->count, l->alloc);
	memset(&l->v[l->count], 0, sizeof(*l->v));
	l->v[l->count].path = path;
	return &l->v[l->count++];
}

static bool
is_listed(const struct input_list *l, const char *path)
{
	const struct task *t = l->attempt->task;
	size_t i;

	for (i = 0; i < l->count && i < 100; i++)
		if (!strcmp(l->v[i].path, path))
			return true;
	for (i = 0; i < t->output_count && i < 100; i++)
		if (!strcmp(t->outputs[i].path, path))
			return true;
	return false;
}

/* Whether T itself makes PATH or a directory around it. */
static bool
is_made(const struct task *t, const char *path)
{
	uint32_t i;

	for (i = 0; i < t->output_count; i++)
		if (path_is_inside(t->outputs[i].path, path))
			return true;
	return false;
}

/* A word that names a file which is neither input nor output is an input. */
static void
add_word(void *data, const char *word)
{
	struct input_list *l = data;
	struct task *t = l->attempt->task;
	char *path;

	/* most words that name files are declared, and need no look */
	if (is_listed(l, word) || (strchr(word, '/') && is_made(t, word)) ||
	    !names_project_file(l->files, word))
		return;
	path = path_normalize(word);
	if (!is_listed(l, path) && !is_made(t, path) &&
	    graph_reads_word(l->graph, t, path))
		add_input(l, arena_strdup(&l->attempt->arena, path));
	free(path);
}

/* A search for files that a list of texts names. */
struct search {
	const struct input_list *inputs; /* those that are watched */
	bool found;              /* one is */
	char *unwatched;         /* one that is no input, nor made by the task
				  * or by one for which it does not wait;
				  * NULL: none was found yet */
};

/* A file_word_fn. */
static void
search_word(void *data, const char *word)
{
	struct search *s = data;
	const struct input_list *l = s->inputs;
	struct task *t = l->attempt->task;
	char *path;
	size_t i;

	if (s->unwatched)
		return;
	/* what the task makes is not there the first time */
	s->found |= is_made(t, word);
	if (!names_project_file(l->files, word))
		return;
	s->found = true;
	path = path_normalize(word);
	for (i = 0; i < l->count && strcmp(l->v[i].path, path); i++)
		;
	if (i == l->count && !is_made(t, path) &&
	    graph_reads_word(l->graph, t, path))
		s->unwatched = path;
	else
		free(path);
}

/* Say once, for the first step, that its recipe may read files, PATH among
 * them, of which its tasks do not depend. */
static void
warn_unwatched(struct attempt *a, const char *path)
{
	struct run *r = a->run;

	if (map_gets(&r->unwatched, path))
		return;
	map_sets(&r->unwatched, path, r);
	run_note(r, "warning: step '%s': a value that its recipe uses is too "
		 "large to be watched, and '%s' in it is a file; declare "
		 "those that it reads, as in (input files LIST)",
		 a->task->step->name, path);
}

/* A text_list_fn: if one of the first texts of LIST names a file, all may. */
static void
add_list(void *data, const struct text_list *list)
{
	struct input_list *l = data;
	struct search s = { .inputs = l };
	uint32_t i;

	for (i = 0; i < list->count && i < TEXT_LIST_FEW &&
	     !(list->is_cut ? s.unwatched != NULL : s.found); i++)
		file_words_of(list->texts[i], search_word, &s);
	if (s.unwatched && list->is_cut)
		warn_unwatched(l->attempt, s.unwatched);
	for (i = 0; s.found && !list->is_cut && i < list->count; i++)
		file_words_of(list->texts[i], add_word, l);
	free(s.unwatched);
}

/* ---- what it reads from other tasks ---- */

/* What is read: objects of the store, outputs of other tasks. */
struct read_list {
	const struct binding *binding;
	struct artifact *v;
	size_t count;
	size_t alloc;
	struct input_list *inputs;
};

static void
add_read(void *data, struct task *t)
{
	struct read_list *l = data;
	const struct artifact *a;
	uint32_t i;

	if (l->binding->kind == BINDING_OUTPUT && t->node.end == END_DONE)
		for (i = 0; i < t->output_count; i++)
			if (t->outputs[i].binder == l->binding->index)
				add_input(l->inputs, t->outputs[i].path)
					->digest = t->output_artifacts ?
					t->output_artifacts[i].digest :
					(struct digest){ { 0 } };
	if (l->binding->kind != BINDING_RESULT || !t->results)
		return;
	a = &t->results[l->binding->index];
	if (a->format == ARTIFACT_INLINE)
		return;
	ARRAY_GROW(l->v, l->count, l->alloc);
	l->v[l->count++] = *a;
}

/* Collect in L what A's task reads of other tasks. */
static void
collect_reads(const struct attempt *a, struct read_list *l)
{
	const struct step *s = a->task->step;
	const struct node *n = &a->task->node;
	uint32_t i, k, ref;

	for (i = 0; i < s->template->import_count; i++) {
		const struct import *im = &s->template->imports[i];
		struct task *read = im->is_join ? NULL :
			graph_read_task(n, im);

		for (ref = 0; ref < im->ref_count; ref++) {
			if (read && s->imported[im->first_step + ref] !=
			    read->step)
				continue;
			for (k = 0; k < im->item_count; k++) {
				l->binding = &s->bindings[im->first_binding +
					ref * im->item_count + k];
				if (im->is_join)
					graph_each_joined(n, im, add_read, l);
				else if (read)
					add_read(l, read);
			}
		}
	}
}

/* What A's task reads of other tasks; outputs go to INPUTS, with the digests
 * that their makers gave them: the recipe needs them, though the key has their
 * content under the name that reads. */
static void
set_reads(struct attempt *a, struct input_list *inputs)
{
	struct read_list l = { NULL, NULL, 0, 0, inputs };

	collect_reads(a, &l);
	a->spec.objects = arena_memdup(&a->arena, l.v ? (void *)l.v : "",
				       l.count * sizeof(*l.v));
	a->spec.object_count = l.count;
	free(l.v);
}

const char **
attempt_reads(struct attempt *a, size_t *count)
{
	const struct task *t = a->task;
	struct input_list inputs = { a, NULL, NULL, NULL, 0, 0 };
	struct read_list l = { NULL, NULL, 0, 0, &inputs };
	const char **paths;
	size_t i;

	for (i = 0; i < t->input_count; i++)
		add_input(&inputs, t->inputs[i].path);
	collect_reads(a, &l);
	paths = arena_alloc(&a->arena, (inputs.count + 1) * sizeof(*paths));
	for (i = 0; i < inputs.count; i++)
		paths[i] = inputs.v[i].path;
	*count = inputs.count;
	free(inputs.v);
	free(l.v);
	return paths;
}

/* Whether F, which a task of this run made as MADE, may be what another run,
 * that made it, too, had written of it when it was killed; A has leased it.  It
 * had moved MADE into the store. */
static bool
is_broken(const struct attempt *a, const struct spec_file *f,
	  const struct digest *made)
{
	return a->lease.task && !digest_is_zero(made) &&
		!digest_equal(made, &f->digest) && object_exists(made, NULL) &&
		slot_is_any_left();
}

/* What a task of this run made, MADE, is not at F's path any more: another run
 * that makes it, too, has moved it into the store, and was killed.  Fetch it
 * back, if A has leased it.  Returns as digest_input. */
static int
fetch_back(struct attempt *a, struct files *files, struct spec_file *f,
	   const struct digest *made, struct error *err)
{
	if (!a->lease.task || digest_is_zero(made) ||
	    object_restore(made, f->path, NULL) <= 0)
		return 0;
	run_note(a->run, "%s: '%s' had been taken away, and was fetched back "
		 "from the store", a->name.buf, f->path);
	return digest_input(files, f, err);
}

/* Digest F, which a task of this run made as MADE.  Returns as digest_input. */
static int
digest_made(struct attempt *a, struct files *files, struct spec_file *f,
	    const struct digest *made, struct error *err)
{
	int found = digest_input(files, f, err);

	if (found > 0 && is_broken(a, f, made))
		found = run_clear_output(a->run, a, f->path, err);
	return found ? found : fetch_back(a, files, f, made, err);
}

/* Digest the inputs in L.  Words that name nothing any more are dropped; the
 * absence of another input is the task's failure. */
static int
digest_inputs(struct input_list *l, struct error *err)
{
	struct attempt *a = l->attempt;
	struct files *files = l->files;
	size_t words = a->task->input_count, reads = a->keyed_inputs, i, n = 0;

	a->is_stale = false;
	for (i = 0; i < l->count; i++) {
		struct spec_file *f = &l->v[n];
		struct digest made = l->v[i].digest;
		int found;

		*f = l->v[i];
		found = i < reads ? digest_input(files, f, err)
				  : digest_made(a, files, f, &made, err);
		if (found < 0)
			return -1;
		if (!found && i >= words && i < reads) {
			a->keyed_inputs--;
			continue;
		}
		if (!found)
			return error_set(err, "the input '%s' is not there",
					 f->path);
		if (i >= words && i < reads)
			files_rest_on_word(files, f->path);
		if (i >= reads && !digest_is_zero(&made) &&
		    !digest_equal(&made, &f->digest))
			a->is_stale = true;
		n++;
	}
	l->count = n;
	return 0;
}

static int
set_inputs(struct attempt *a, struct graph *g, struct files *files,
	   struct error *err)
{
	const struct task *t = a->task;
	struct input_list l = { a, g, files, NULL, 0, 0 };
	uint32_t i;
	int ret;

	for (i = 0; i < t->input_count; i++)
		add_input(&l, t->inputs[i].path);
	recipe_words_each(a, g, add_word, add_list, &l);
	a->keyed_inputs = l.count;
	set_reads(a, &l);
	ret = digest_inputs(&l, err);
	a->spec.inputs = arena_memdup(&a->arena, l.v ? (void *)l.v : "",
				      l.count * sizeof(*l.v));
	a->spec.input_count = l.count;
	free(l.v);
	return ret;
}

/* ---- the key ---- */

/* The key of A from its recipe and what it reads. */
static void
set_key(struct attempt *a, struct graph *g)
{
	struct key_parts *parts = &a->key_parts;
	size_t i;

	key_parts_reset(parts);
	key_add_task(parts, g, a->task, &a->filled, &a->demands);
	for (i = 0; i < a->keyed_inputs; i++)
		key_add_input(parts, a->spec.inputs[i].path,
			      &a->spec.inputs[i].digest);
	a->key = key_of(parts);
}

int
attempt_make_key(struct attempt *a, struct graph *g, struct files *files,
		 struct error *err)
{
	memset(&a->spec, 0, sizeof(a->spec));
	if (recipe_fill(g, a->task, &a->arena, &a->filled, err) ||
	    set_inputs(a, g, files, err))
		return -1;
	if (a->task->attempt == 1)
		set_key(a, g);
	return 0;
}
