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
#include "model/graph.h"
#include "model/key.h"
#include "model/recipe.h"
#include "model/rules.h"
#include "model/wire.h"
#include "sched/run-internal.h"
#include "store/files.h"
#include "store/objects.h"

/* No name is longer. */
enum { WORD_MAX_BYTES = 1024 };

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
	       strlen(word) <= WORD_MAX_BYTES && strncmp(word, "../", 3) &&
	       !path_is_inside(".flowmake", word) &&
	       files_name_one(files, word);
}

/* Whether C ends a word of a shell. */
static bool
is_end(char c)
{
	return c && strchr(" \t\n;|&<>()", c);
}

/* What stands between the words of a text. */
static const char breaks[] = " \t\n;|&<>()'\"`$=*?[]{}\\";

typedef void word_fn(void *data, const char *word);

static void
call_with_copy(word_fn *fn, void *data, const char *word, size_t len)
{
	char *copy = xstrndup(word, len);

	fn(data, copy);
	free(copy);
}

/* Whether the LEN bytes of WORD, outside of quotes, may be the name of a file
 * in a language where that could be a variable's. */
static bool
is_no_variable(const char *word, size_t len)
{
	return memchr(word, '.', len) || memchr(word, '/', len);
}

/* What may also stand between names: a.txt,b.txt, file=@a.json, host:a.txt. */
static bool
is_joint(char c)
{
	return c == ',' || c == ':' || c == '@';
}

/* Call FN for the LEN bytes of WORD, between breaks, and for names that are
 * joined in it, or are the value of an option of one letter, as in -fa.awk.
 * In a SCRIPT a word alone may be a variable. */
static void
each_name_in(const char *word, size_t len, bool script, word_fn *fn,
	     void *data)
{
	const char *end = word + len;
	size_t n;

	if (!script || is_no_variable(word, len))
		call_with_copy(fn, data, word, len);
	if (len > 2 && word[0] == '-' && is_no_variable(word + 2, len - 2))
		call_with_copy(fn, data, word + 2, len - 2);
	for (; word < end; word += n + 1) {
		for (n = 0; word + n < end && !is_joint(word[n]); n++)
			;
		if (n && n < len && (!script || is_no_variable(word, n)))
			call_with_copy(fn, data, word, n);
		if (n > 1 && n < len && *word == '-') /* ${X:-a.txt} */
			call_with_copy(fn, data, word + 1, n - 1);
	}
}

/* Not what only patterns escape, as in \. and \n. */
static bool
may_be_escaped(char c)
{
	return c && c != '\n' && strchr(breaks, c);
}

/* Whether START of TEXT, or the character before it, stands behind a backslash:
 * then a word began before. */
static bool
is_escaped(const char *text, size_t start)
{
	return (start > 0 && text[start - 1] == '\\') ||
		(start > 1 && text[start - 2] == '\\');
}

/* Call FN for the word at TEXT, LEN bytes to the first backslash, as a shell
 * reads it: my\ data.csv. */
static void
call_unescaped(word_fn *fn, void *data, const char *text, size_t len)
{
	struct strbuf word = STRBUF_INIT;

	while (text[len] == '\\' && may_be_escaped(text[len + 1])) {
		strbuf_add(&word, text, len);
		strbuf_add(&word, text + len + 1, 1);
		text += len + 2;
		len = strcspn(text, breaks);
	}
	if (word.len) {
		strbuf_add(&word, text, len);
		fn(data, word.buf);
	}
	strbuf_release(&word);
}

/* Call FN for the word that begins at TEXT, LEN bytes to the end of the text, as
 * a shell joins it of parts some of which are in quotes: 'tools'/t.sh, as a hole
 * makes it.  What variables and patterns stand for nobody knows. */
static void
call_joined(word_fn *fn, void *data, const char *text, size_t len)
{
	struct strbuf word = STRBUF_INIT;
	bool is_joined = false, is_known = true;
	char quote = '\0';
	size_t i;

	for (i = 0; i < len && is_known && word.len <= WORD_MAX_BYTES; i++) {
		char c = text[i];
		bool escapes = c == '\\' && quote != '\'' && i + 1 < len;

		if (!quote && is_end(c))
			break;
		is_known = quote == '\'' || !c ||
			   !strchr(quote ? "$`" : "$`*?[{", c);
		if (c == quote) {
			quote = '\0';
		} else if (!quote && (c == '"' || c == '\'')) {
			quote = c;
			is_joined = true;
		} else {
			i += escapes && (!quote || strchr("$`\"\\", text[i + 1]));
			strbuf_addch(&word, text[i]);
		}
	}
	if (is_joined && is_known && !quote)
		each_name_in(word.buf, word.len, false, fn, data);
	strbuf_release(&word);
}

/* Whether what begins at START of TEXT stands behind a > or >> of a shell, and
 * so is written.  Neither -> nor <tag> nor \> is one. */
static bool
is_written(const char *text, size_t start)
{
	static const char before[] = " \t\n;|&()";
	size_t i = start;

	while (i && (text[i - 1] == ' ' || text[i - 1] == '\t'))
		i--;
	if (i > 1 && text[i - 2] == '>' &&
	    (text[i - 1] == '&' || text[i - 1] == '|'))
		i--;
	if (!i || text[i - 1] != '>')
		return false;
	while (i && text[i - 1] == '>')
		i--;
	while (i && text[i - 1] >= '0' && text[i - 1] <= '9')
		i--;
	return !i || memchr(before, text[i - 1], sizeof(before) - 1);
}

/* Call FN for the plain words of TEXT, and for what stands in quotes and is
 * several; not where it is written to.  In a SCRIPT a word alone may be a
 * variable. */
static void
each_word_in(const char *text, size_t text_len, bool script, word_fn *fn,
	     void *data)
{
	size_t i, len, quoted;

	for (i = 0; i < text_len; i += len + 1) {
		char before = i ? text[i - 1] : '\0';
		bool in_quotes = before == '"' || before == '\'';
		bool begins = !script && i < text_len &&
			(!before || before == '=' || is_end(before)) &&
			!is_end(text[i]);

		len = strcspn(text + i, breaks);
		quoted = 0;
		if ((len || in_quotes || begins) &&
		    is_written(text, i - in_quotes))
			continue;
		if (begins)
			call_joined(fn, data, text + i, text_len - i);
		if (in_quotes)
			quoted = strcspn(text + i, before == '"' ? "\"\n" :
					 "'\n");
		if (quoted && text[i + quoted] != before)
			quoted = 0;
		if (len)
			each_name_in(text + i, len, script && !quoted, fn,
				     data);
		if (len && !script && text[i + len] == '\\' &&
		    !is_escaped(text, i))
			call_unescaped(fn, data, text + i, len);
		if (quoted > len)
			call_with_copy(fn, data, text + i, quoted);
	}
}

/* Call FN for WORD and, if it is several, for its parts. */
static void
each_part_of(const char *word, word_fn *fn, void *data)
{
	size_t len = strcspn(word, breaks);

	if (word[len]) {
		fn(data, word);
		each_word_in(word, strlen(word), false, fn, data);
	} else if (len) {
		each_name_in(word, len, false, fn, data);
	}
}

/* What holds more texts, or much else, is data, and no names of files; nor are
 * longer texts.  So it is in scm/flowmake/code.scm. */
enum { TEXTS_MAX = 100, LOOKS_MAX = 1000, TEXT_MAX_BYTES = 1024 };

static bool
may_name_file(const struct cbor_item *item)
{
	return item->kind == CBOR_TEXT && item->len &&
		item->len <= TEXT_MAX_BYTES &&
		!memchr(item->data, '\0', item->len) &&
		!memchr(item->data, '\n', item->len);
}

/* Call FN for the texts in the value CBOR, LEN bytes. */
static void
each_text_in(const char *cbor, size_t len, word_fn *fn, void *data)
{
	struct cbor_item item;
	size_t texts = 0, looks = 0;
	struct cbor c;
	char *word;

	cbor_init(&c, cbor, len);
	while (cbor_peek(&c) != CBOR_END && !c.failed) {
		texts += cbor_next(&c).kind == CBOR_TEXT;
		if (texts > TEXTS_MAX || ++looks > LOOKS_MAX)
			return;
	}
	cbor_init(&c, cbor, len);
	while (cbor_peek(&c) != CBOR_END && !c.failed) {
		item = cbor_next(&c);
		if (!may_name_file(&item))
			continue;
		word = xstrndup(item.data, item.len);
		each_part_of(word, fn, data);
		free(word);
	}
}

/* Call FN for the texts in what A's recipe gets as values and not in its text:
 * by names in a scheme body, all in $FLOWMAKE_TASK. */
static void
each_given_text(const struct attempt *a, struct graph *g, word_fn *fn,
		void *data)
{
	const struct template *tm = a->task->step->template;
	bool in_file = key_has_parameters(a->task, &a->filled);
	const struct rules *rules = graph_rules(g);
	struct strbuf value = STRBUF_INIT;
	uint32_t i;

	for (i = 0; i < tm->name_count; i++) {
		const struct name *n = &tm->names[i];

		if ((n->kind != WIRE_NAME_FOREACH &&
		     n->kind != WIRE_NAME_FROM && n->kind != WIRE_NAME_JOIN) ||
		    !(in_file || (tm->recipe.kind == RECIPE_SCHEME &&
				  n->in_recipe)))
			continue;
		strbuf_reset(&value);
		graph_bind(g, a->task->step, &a->task->node, i, &value);
		each_text_in(value.buf, value.len, fn, data);
	}
	for (i = 0; in_file && i < rules->parameter_count; i++)
		each_text_in(rules->parameters[i].value,
			     rules->parameters[i].value_len, fn, data);
	strbuf_release(&value);
}

/* The words that may name programs and data of A's recipe itself: arguments,
 * values of environment, the strings of Scheme and of values, whole and in
 * parts, and those of texts. */
static void
each_recipe_word(const struct attempt *a, struct graph *g, word_fn *fn,
		 void *data)
{
	const struct filled_recipe *f = &a->filled;
	const struct recipe *r = &a->task->step->template->recipe;
	const struct demands *d = &a->demands;
	size_t i;

	for (i = 0; i < f->argc; i++)
		each_part_of(f->argv[i], fn, data);
	for (i = 0; i < d->environment_count; i++)
		each_part_of(d->environment[i].value, fn, data);
	for (i = 0; i < r->string_count; i++)
		each_part_of(r->strings[i], fn, data);
	if (f->text)
		each_word_in(f->text, f->text_len, r->kind == RECIPE_SCRIPT,
			     fn, data);
	each_given_text(a, g, fn, data);
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
	if (is_listed(l, word) || !names_project_file(l->files, word))
		return;
	path = path_normalize(word);
	if (!is_listed(l, path) && !is_made(t, path) &&
	    graph_reads_word(l->graph, t, path))
		add_input(l, arena_strdup(&l->attempt->arena, path));
	free(path);
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
		found = digest_input(files, f, err);
		if (!found && i >= reads)
			found = fetch_back(a, files, f, &made, err);
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
	each_recipe_word(a, g, add_word, &l);
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
