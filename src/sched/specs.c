/*
 * From a task of the graph to a task spec and a key.
 */
#include "base/base.h"

#include "sched/attempt.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cbor.h"
#include "base/error.h"
#include "base/map.h"
#include "base/path.h"
#include "model/expr.h"
#include "model/graph.h"
#include "model/key.h"
#include "model/recipe.h"
#include "model/value.h"
#include "model/words.h"
#include "store/files.h"

/* ---- names for people ---- */

/* Append the elements of SP's fan-outs, the outer ones first. */
static void
add_elements(struct strbuf *sb, const struct split *sp)
{
	const struct split *around[64];
	size_t n = 0;

	for (; sp->parent && n < ARRAY_SIZE(around); sp = sp->parent)
		around[n++] = sp;
	while (n--) {
		struct cbor c;
		size_t len;

		cbor_init(&c, around[n]->elements->data,
			  around[n]->elements->len);
		while (cbor_peek(&c) != CBOR_END && !c.failed) {
			const char *item = cbor_span(&c, &len);
			struct words w = WORDS_INIT;

			if (sb->len)
				strbuf_addch(sb, ' ');
			if (!value_words(item, len, &w, NULL) && w.count == 1)
				strbuf_add(sb, w.v[0], MIN(w.lens[0], 60));
			else
				value_print(item, len, 60, sb);
			words_release(&w);
		}
	}
}

struct attempt *
attempt_new(struct run *r, struct task *t)
{
	struct attempt *a = xcalloc(1, sizeof(*a));

	a->task = t;
	a->run = r;
	arena_init(&a->arena);
	strbuf_init(&a->name);
	strbuf_init(&a->split);
	strbuf_init(&a->element);
	strbuf_init(&a->key_parts);
	task_add_name(&a->name, t);
	task_add_split(&a->split, t);
	add_elements(&a->element, t->split);
	t->running = a;
	return a;
}

void
attempt_free(struct attempt *a)
{
	a->task->running = NULL;
	arena_release(&a->arena);
	strbuf_release(&a->name);
	strbuf_release(&a->split);
	strbuf_release(&a->element);
	strbuf_release(&a->key_parts);
	free(a);
}

int
attempt_demand(struct attempt *a, struct graph *g, struct error *err)
{
	arena_release(&a->arena);
	arena_init(&a->arena);
	return demands_of(g, a->task->step, a->task, &a->arena, &a->demands,
			  err);
}

/* ---- inputs ---- */

/* Digest one input; its absence is the task's failure. */
static int
digest_input(struct files *files, struct spec_file *f, struct error *err)
{
	struct file_state state;
	int found = files_digest(files, f->path, &state, err);

	if (found < 0)
		return -1;
	if (!found)
		return error_set(err, "the input '%s' is not there", f->path);
	f->digest = state.digest;
	f->is_dir = state.is_dir;
	return 0;
}

/* Whether WORD of a recipe names a file of the project; looked up on the disk
 * once a run. */
static bool
names_project_file(struct map *words, const char *word)
{
	static char yes, no; /* what the map says */
	struct stat st;
	void *known;

	if (!*word || *word == '/' || *word == '-' || strlen(word) > 1024)
		return false;
	if (!strncmp(word, "../", 3) || path_is_inside(".flowmake", word))
		return false;
	known = map_gets(words, word);
	if (!known) {
		known = !lstat(word, &st) && S_ISREG(st.st_mode) ? &yes : &no;
		map_sets(words, word, known);
	}
	return known == &yes;
}

/* The words that may name programs and data of the recipe itself: arguments,
 * and the plain words between a shell text's own punctuation. */
static void
each_recipe_word(const struct filled_recipe *f, enum recipe_kind kind,
		 void (*fn)(void *data, const char *word), void *data)
{
	static const char breaks[] = " \t\n;|&<>()'\"`$=*?[]{}\\";
	size_t i;

	for (i = 0; i < f->argc; i++)
		fn(data, f->argv[i]);
	if (kind != RECIPE_SHELL)
		return;
	for (i = 0; i < f->text_len;) {
		size_t len = strcspn(f->text + i, breaks);

		if (len) {
			char *word = xstrndup(f->text + i, len);

			fn(data, word);
			free(word);
		}
		i += len + 1;
	}
}

/* Inputs under construction. */
struct input_list {
	struct attempt *attempt;
	struct map *words;       /* which words name files of the project */
	struct spec_file *v;
	size_t count;
	size_t alloc;
};

static struct spec_file *
add_input(struct input_list *l, const char *name, const char *path)
{
	ARRAY_GROW(l->v, l->count, l->alloc);
	memset(&l->v[l->count], 0, sizeof(*l->v));
	l->v[l->count].name = name;
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
	const struct task *t = l->attempt->task;
	char *path;

	/* most words that name files are declared, and need no look */
	if (is_listed(l, word) || !names_project_file(l->words, word))
		return;
	path = path_normalize(word);
	if (!is_listed(l, path) && !is_made(t, path))
		add_input(l, NULL, arena_strdup(&l->attempt->arena, path));
	free(path);
}

static const char *
binder_name(const struct template *tm, const struct binder *b, uint32_t count,
	    uint32_t i)
{
	return i < count && b[i].name >= 0 ? tm->names[b[i].name].text : NULL;
}

static void
set_outputs(struct attempt *a)
{
	const struct task *t = a->task;
	const struct template *tm = t->step->template;
	uint32_t i;

	a->spec.output_count = t->output_count;
	a->spec.outputs = arena_zalloc(&a->arena, (t->output_count + 1) *
				       sizeof(*a->spec.outputs));
	for (i = 0; i < t->output_count; i++) {
		a->spec.outputs[i].path = t->outputs[i].path;
		a->spec.outputs[i].name =
			binder_name(tm, tm->outputs, tm->output_count,
				    t->outputs[i].binder);
	}
}

static void
set_results(struct attempt *a)
{
	static const enum spec_result_format formats[] = {
		[PRODUCE_VALUE] = SPEC_RESULT_VALUE,
		[PRODUCE_TEXT] = SPEC_RESULT_TEXT,
		[PRODUCE_LINES] = SPEC_RESULT_LINES,
		[PRODUCE_JSON] = SPEC_RESULT_JSON,
		[PRODUCE_FILE] = SPEC_RESULT_NAMED,
	};
	const struct template *tm = a->task->step->template;
	uint32_t i;

	a->spec.result_count = tm->produce_count;
	a->spec.results = arena_zalloc(&a->arena, (tm->produce_count + 1) *
				       sizeof(*a->spec.results));
	for (i = 0; i < tm->produce_count; i++) {
		const struct produce *p = &tm->produces[i];

		a->spec.results[i].name = tm->names[p->name].text;
		a->spec.results[i].format = formats[p->format];
		a->spec.results[i].file_name = p->file_name;
	}
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
				add_input(l->inputs, NULL, t->outputs[i].path)
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
collect_reads(const struct attempt *a, struct graph *g, struct read_list *l)
{
	const struct step *s = a->task->step;
	const struct node *n = &a->task->node;
	uint32_t i, k, ref;

	for (i = 0; i < s->template->import_count; i++) {
		const struct import *im = &s->template->imports[i];
		struct task *read = im->is_join ? NULL :
			graph_read_task(g, n, im);

		for (ref = 0; ref < im->ref_count; ref++) {
			if (read && s->imported[im->first_step + ref] !=
			    read->step)
				continue;
			for (k = 0; k < im->item_count; k++) {
				l->binding = &s->bindings[im->first_binding +
					ref * im->item_count + k];
				if (im->is_join)
					graph_each_joined(g, n, im, add_read,
							  l);
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
set_reads(struct attempt *a, struct graph *g, struct input_list *inputs)
{
	struct read_list l = { NULL, NULL, 0, 0, inputs };

	collect_reads(a, g, &l);
	a->spec.objects = arena_memdup(&a->arena, l.v ? (void *)l.v : "",
				       l.count * sizeof(*l.v));
	a->spec.object_count = l.count;
	free(l.v);
}

const char **
attempt_reads(struct attempt *a, struct graph *g, size_t *count)
{
	const struct task *t = a->task;
	struct input_list inputs = { a, NULL, NULL, 0, 0 };
	struct read_list l = { NULL, NULL, 0, 0, &inputs };
	const char **paths;
	size_t i;

	for (i = 0; i < t->input_count; i++)
		add_input(&inputs, NULL, t->inputs[i].path);
	collect_reads(a, g, &l);
	paths = arena_alloc(&a->arena, (inputs.count + 1) * sizeof(*paths));
	for (i = 0; i < inputs.count; i++)
		paths[i] = inputs.v[i].path;
	*count = inputs.count;
	free(inputs.v);
	free(l.v);
	return paths;
}

static int
set_inputs(struct attempt *a, struct graph *g, struct files *files,
	   struct map *words, const struct filled_recipe *f, struct error *err)
{
	const struct task *t = a->task;
	const struct template *tm = t->step->template;
	struct input_list l = { a, words, NULL, 0, 0 };
	uint32_t i;
	int ret = 0;

	for (i = 0; i < t->input_count; i++)
		add_input(&l, binder_name(tm, tm->inputs, tm->input_count,
					  t->inputs[i].binder),
			  t->inputs[i].path);
	each_recipe_word(f, tm->recipe.kind, add_word, &l);
	a->keyed_inputs = l.count;
	set_reads(a, g, &l);
	a->is_stale = false;
	for (i = 0; !ret && i < l.count; i++) {
		struct digest made = l.v[i].digest;

		ret = digest_input(files, &l.v[i], err);
		if (i >= a->keyed_inputs && !digest_is_zero(&made) &&
		    memcmp(&made, &l.v[i].digest, sizeof(made)))
			a->is_stale = true;
	}
	a->spec.inputs = arena_memdup(&a->arena, l.v ? (void *)l.v : "",
				      l.count * sizeof(*l.v));
	a->spec.input_count = l.count;
	free(l.v);
	return ret;
}

/* ---- context and scheme ---- */

/* Append {NAME: value} of all names of KIND. */
static void
put_names(struct strbuf *sb, struct graph *g, const struct task *t,
	  const char *key, enum wire_name kind)
{
	const struct template *tm = t->step->template;
	uint32_t i, count = 0;

	for (i = 0; i < tm->name_count; i++)
		count += tm->names[i].kind == kind;
	cbor_put_str(sb, key);
	cbor_put_map(sb, count);
	for (i = 0; i < tm->name_count; i++) {
		if (tm->names[i].kind != kind)
			continue;
		cbor_put_str(sb, tm->names[i].text);
		graph_bind(g, &t->node, i, sb);
	}
}

static void
set_context(struct attempt *a, struct graph *g, const struct filled_recipe *f)
{
	const struct rules *r = graph_rules(g);
	struct strbuf sb = STRBUF_INIT;
	uint32_t i, count = 0;

	if (key_has_parameters(a->task, f))
		count = r->parameter_count;
	cbor_put_map(&sb, 4);
	cbor_put_str(&sb, "parameters");
	cbor_put_map(&sb, count);
	for (i = 0; i < count; i++) {
		cbor_put_str(&sb, r->parameters[i].name);
		strbuf_add(&sb, r->parameters[i].value,
			   r->parameters[i].value_len);
	}
	put_names(&sb, g, a->task, "foreach", WIRE_NAME_FOREACH);
	put_names(&sb, g, a->task, "from", WIRE_NAME_FROM);
	put_names(&sb, g, a->task, "join", WIRE_NAME_JOIN);
	a->spec.context = arena_memdup(&a->arena, sb.buf, sb.len);
	a->spec.context_len = sb.len;
	strbuf_release(&sb);
}

/* The names that a scheme body may mention: all but its own results. */
static void
set_scheme(struct attempt *a, struct graph *g)
{
	const struct template *tm = a->task->step->template;
	struct strbuf sb = STRBUF_INIT, pairs = STRBUF_INIT;
	size_t count = 0;
	uint32_t i;

	for (i = 0; i < tm->name_count; i++) {
		enum wire_name kind = tm->names[i].kind;

		if (kind == WIRE_NAME_RESULT || kind == WIRE_NAME_ATTEMPT ||
		    kind == WIRE_NAME_CATCH)
			continue;
		cbor_put_array(&pairs, 2);
		cbor_put_uint(&pairs, i);
		graph_bind(g, &a->task->node, i, &pairs);
		count++;
	}
	cbor_put_array(&sb, count);
	strbuf_add(&sb, pairs.buf, pairs.len);
	a->spec.scheme_step = a->task->step->index;
	a->spec.scheme_names = arena_memdup(&a->arena, sb.buf, sb.len);
	a->spec.scheme_names_len = sb.len;
	strbuf_release(&sb);
	strbuf_release(&pairs);
}

/* ---- the whole ---- */

static void
set_recipe(struct attempt *a, const struct filled_recipe *f)
{
	static const enum spec_kind kinds[] = {
		[RECIPE_NONE] = SPEC_NONE, [RECIPE_SHELL] = SPEC_SHELL,
		[RECIPE_EXEC] = SPEC_EXEC, [RECIPE_SCRIPT] = SPEC_SCRIPT,
		[RECIPE_SCHEME] = SPEC_SCHEME,
	};
	static const char *const default_shell[] = { "bash", "-euo",
						     "pipefail", "-c", NULL };
	struct task_spec *s = &a->spec;
	size_t i;

	s->kind = kinds[a->task->step->template->recipe.kind];
	s->argv = f->argv;
	if (s->kind == SPEC_SHELL && !f->argc)
		s->argv = arena_memdup(&a->arena, default_shell,
				       sizeof(default_shell));
	s->text = f->text;
	s->text_len = f->text_len;
	s->stdin_file = f->stdin_file;
	s->stdout_file = f->stdout_file;
	s->stdout_result = f->stdout_result;
	s->list_count = f->list_count;
	s->lists = arena_zalloc(&a->arena,
				(f->list_count + 1) * sizeof(*s->lists));
	for (i = 0; i < f->list_count; i++) {
		s->lists[i].items = f->lists[i].items;
		s->lists[i].lens = f->lists[i].lens;
		s->lists[i].count = f->lists[i].count;
	}
}

static void
set_demands(struct attempt *a, uint32_t machine_cpu_milli)
{
	const struct demands *d = &a->demands;
	struct task_spec *s = &a->spec;
	uint32_t i;

	s->environment_count = d->environment_count;
	s->environment = arena_zalloc(&a->arena, (d->environment_count + 1) *
				      sizeof(*s->environment));
	for (i = 0; i < d->environment_count; i++) {
		s->environment[i].name = d->environment[i].name;
		s->environment[i].value = d->environment[i].value;
	}
	s->secrets = d->secrets;
	s->secret_count = d->secret_count;
	s->timeout_ns = d->timeout_ns;
	s->cpu_milli = d->cpu_milli;
	s->memory_mb = d->memory_mb;
	s->gpu = d->gpu;
	s->workers = MAX(1, (d->cpu_milli ? d->cpu_milli :
			     machine_cpu_milli) / 1000);
}

static void
set_key(struct attempt *a, struct graph *g, const struct filled_recipe *f)
{
	struct key_parts parts;
	struct strbuf name = STRBUF_INIT;
	size_t i;

	key_parts_init(&parts);
	key_add_task(&parts, g, a->task, f, &a->demands);
	for (i = 0; i < a->keyed_inputs; i++) {
		strbuf_reset(&name);
		strbuf_addf(&name, "input %s", a->spec.inputs[i].path);
		key_parts_add(&parts, name.buf, &a->spec.inputs[i].digest);
	}
	a->key = key_of(&parts);
	strbuf_reset(&a->key_parts);
	key_encode(&parts, &a->key_parts);
	key_parts_release(&parts);
	strbuf_release(&name);
}

int
attempt_make_spec(struct attempt *a, struct graph *g, struct files *files,
		  struct map *words, uint32_t machine_cpu_milli,
		  struct error *err)
{
	struct task_spec *s = &a->spec;
	struct filled_recipe filled;

	memset(s, 0, sizeof(*s));
	s->step = a->task->step->name;
	s->split = a->split.buf;
	s->element = a->element.buf;
	s->task = a->task->number;
	s->attempt = a->task->attempt;
	if (recipe_fill(g, a->task, &a->arena, &filled, err))
		return -1;
	set_recipe(a, &filled);
	set_demands(a, machine_cpu_milli);
	set_outputs(a);
	set_results(a);
	if (set_inputs(a, g, files, words, &filled, err))
		return -1;
	set_context(a, g, &filled);
	if (s->kind == SPEC_SCHEME)
		set_scheme(a, g);
	if (a->task->attempt == 1)
		set_key(a, g, &filled);
	return 0;
}
