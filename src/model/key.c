/*
 * Keys.
 */
#include "base/base.h"

#include "model/key.h"

#include <ctype.h>
#include <string.h>

#include "base/cbor.h"
#include "model/artifact.h"
#include "model/demands.h"
#include "model/graph.h"
#include "model/recipe.h"
#include "model/rules.h"

void
key_parts_init(struct key_parts *k)
{
	strbuf_init(&k->cbor);
	strbuf_init(&k->text);
	strbuf_init(&k->name);
	k->count = 0;
	k->unknown = false;
}

void
key_parts_reset(struct key_parts *k)
{
	strbuf_reset(&k->cbor);
	k->count = 0;
	k->unknown = false;
}

void
key_parts_release(struct key_parts *k)
{
	strbuf_release(&k->cbor);
	strbuf_release(&k->text);
	strbuf_release(&k->name);
}

void
key_parts_add(struct key_parts *k, const char *name, const struct digest *d)
{
	cbor_put_array(&k->cbor, 2);
	cbor_put_str(&k->cbor, name);
	cbor_put_bytes(&k->cbor, d->bytes, sizeof(d->bytes));
	k->count++;
}

void
key_parts_add_unknown(struct key_parts *k, const char *name)
{
	cbor_put_array(&k->cbor, 2);
	cbor_put_str(&k->cbor, name);
	cbor_put_null(&k->cbor);
	k->count++;
	k->unknown = true;
}

/* Add a part that is the digest of the text made so far, which is emptied. */
static void
add_text(struct key_parts *k, const char *name)
{
	struct digest d = digest_of(k->text.buf, k->text.len);

	key_parts_add(k, name, &d);
	strbuf_reset(&k->text);
}

/* Make the name of a part of two words. */
static const char *
name_part(struct key_parts *k, const char *subject, const char *object)
{
	strbuf_reset(&k->name);
	strbuf_adds(&k->name, subject);
	strbuf_addch(&k->name, ' ');
	strbuf_adds(&k->name, object);
	return k->name.buf;
}

void
key_add_input(struct key_parts *k, const char *path, const struct digest *d)
{
	key_parts_add(k, name_part(k, "input", path), d);
}

/* ---- recipe ---- */

static void
put_lists(struct strbuf *sb, const struct filled_recipe *f)
{
	size_t i, n;

	for (i = 0; i < f->list_count; i++) {
		cbor_put_array(sb, f->lists[i].count);
		for (n = 0; n < f->lists[i].count; n++)
			cbor_put_bytes(sb, f->lists[i].items[n],
				       f->lists[i].lens[n]);
	}
}

static void
put_argv(struct strbuf *sb, const struct filled_recipe *f)
{
	size_t i;

	cbor_put_array(sb, f->argc);
	for (i = 0; i < f->argc; i++)
		cbor_put_bytes(sb, f->argv[i], strlen(f->argv[i]));
}

static void
add_recipe(struct key_parts *k, const struct task *t,
	   const struct filled_recipe *f)
{
	struct strbuf *text = &k->text;
	const struct recipe *r = &t->step->template->recipe;
	uint32_t i;

	cbor_put_uint(text, r->kind);
	if (r->kind == RECIPE_EXEC) {
		put_argv(text, f);
		cbor_put_str_or_null(text, f->stdin_file);
		cbor_put_str_or_null(text, f->stdout_file);
		cbor_put_int(text, f->stdout_result);
	} else {
		cbor_put_bytes(text, f->text ? f->text : "", f->text_len);
	}
	put_lists(text, f);
	add_text(k, "recipe");
	if (r->kind == RECIPE_SHELL || r->kind == RECIPE_SCRIPT) {
		put_argv(text, f);
		add_text(k, "interpreter");
	}
	for (i = 0; i < r->code_count; i++) {
		if (r->code[i].known)
			key_parts_add(k, r->code[i].name, &r->code[i].digest);
		else
			key_parts_add_unknown(k, r->code[i].name);
	}
}

static void
add_environment(struct key_parts *k, const struct demands *d)
{
	struct strbuf *text = &k->text;
	uint32_t i;

	if (d->environment_count || d->secret_count) {
		for (i = 0; i < d->environment_count; i++) {
			cbor_put_str(text, d->environment[i].name);
			cbor_put_bytes(text, d->environment[i].value,
				       strlen(d->environment[i].value));
		}
		for (i = 0; i < d->secret_count; i++)
			cbor_put_str(text, d->secrets[i]);
		add_text(k, "environment");
	}
	if (d->image) {
		strbuf_adds(text, d->image);
		add_text(k, "image");
	}
}

/* ---- splits and names ---- */

/* Whether the recipe F of T says WORD. */
static bool
mentions(const struct task *t, const struct filled_recipe *f, const char *word)
{
	const struct recipe *r = &t->step->template->recipe;
	size_t i;

	if (f->text && memmem(f->text, f->text_len, word, strlen(word)))
		return true;
	for (i = 0; i < f->argc; i++)
		if (strstr(f->argv[i], word))
			return true;
	for (i = 0; i < r->string_count; i++)
		if (strstr(r->strings[i], word))
			return true;
	return false;
}

static bool
is_in_name(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* Whether TEXT says WORD as one that stands alone and is not called. */
static bool
says_name(const char *text, size_t len, const char *word)
{
	size_t word_len = strlen(word);
	const char *end = text + len, *p = text;

	while ((p = memmem(p, (size_t)(end - p), word, word_len))) {
		const char *next = p + word_len;

		if ((p == text || !is_in_name(p[-1])) &&
		    (next == end || (!is_in_name(*next) && *next != '(')))
			return true;
		p = next;
	}
	return false;
}

/* Whether the recipe may read what is called VARIABLE in its environment and
 * MEMBER in the file $FLOWMAKE_TASK.  A script has to read that by itself,
 * others may hand it to a program that does. */
static bool
asks_for(const struct task *t, const struct filled_recipe *f,
	 const char *variable, const char *member)
{
	if (mentions(t, f, variable))
		return true;
	if (!mentions(t, f, "FLOWMAKE_TASK"))
		return false;
	return t->step->template->recipe.kind != RECIPE_SCRIPT ||
		says_name(f->text, f->text_len, member);
}

bool
key_has_parameters(const struct task *t, const struct filled_recipe *f)
{
	return t->step->template->recipe.kind == RECIPE_SCRIPT ||
		mentions(t, f, "FLOWMAKE_TASK");
}

/* The elements of the step's own fan-out, the stem of a pattern, and the
 * step's name and the position where the recipe asks for them. */
static void
add_split(struct key_parts *k, struct graph *g, const struct task *t,
	  const struct filled_recipe *f)
{
	const struct template *tm = t->step->template;
	struct strbuf *text = &k->text;
	uint32_t i;

	for (i = 0; i < tm->name_count; i++) {
		if (tm->names[i].kind != WIRE_NAME_FOREACH)
			continue;
		graph_bind(g, t->step, &t->node, i, text);
		add_text(k, name_part(k, "foreach", tm->names[i].text));
	}
	if (t->stem) {
		strbuf_adds(text, t->stem);
		add_text(k, "stem");
	}
	if (asks_for(t, f, "FLOWMAKE_STEP", "step")) {
		strbuf_adds(text, t->step->name);
		add_text(k, "step");
	}
	if (asks_for(t, f, "FLOWMAKE_SPLIT", "split")) {
		task_add_split(text, t);
		add_text(k, "split");
	}
}

static void
put_files(struct strbuf *text, const struct template *tm,
	  const struct task_file *files, uint32_t count,
	  const struct binder *binders, uint32_t binder_count)
{
	uint32_t i;

	cbor_put_array(text, count);
	for (i = 0; i < count; i++) {
		int32_t name = files[i].binder < binder_count ?
			binders[files[i].binder].name : -1;

		cbor_put_str_or_null(text, name < 0 ? NULL :
				     tm->names[name].text);
		cbor_put_text(text, files[i].path, strlen(files[i].path));
		cbor_put_bool(text, files[i].in_list);
	}
}

static void
add_names(struct key_parts *k, const struct task *t)
{
	const struct template *tm = t->step->template;
	struct strbuf *text = &k->text;
	uint32_t i;

	put_files(text, tm, t->inputs, t->input_count, tm->inputs,
		  tm->input_count);
	put_files(text, tm, t->outputs, t->output_count, tm->outputs,
		  tm->output_count);
	cbor_put_array(text, tm->produce_count);
	for (i = 0; i < tm->produce_count; i++) {
		cbor_put_str(text, tm->names[tm->produces[i].name].text);
		cbor_put_uint(text, tm->produces[i].format);
		cbor_put_str_or_null(text, tm->produces[i].file_name);
	}
	add_text(k, "names");
}

/* ---- what is read ---- */

/* A value under construction: what one name brings. */
struct read_value {
	struct strbuf *text;
	const struct binding *binding;
	bool is_file;            /* some of it is no value: a recipe may look
				  * into a file by another name */
};

static void
put_result(struct strbuf *text, const struct artifact *a)
{
	strbuf_add(text, a->digest.bytes, DIGEST_BYTES);
	strbuf_addch(text, (char)a->format);
	/* it is part of the path that the recipe is given */
	if (a->file_name)
		strbuf_add(text, a->file_name, strlen(a->file_name) + 1);
}

/* Append what stands for the content that T gives under the binding. */
static void
put_read(void *data, struct task *t)
{
	struct read_value *r = data;
	const struct binding *b = r->binding;
	uint32_t i;

	if (b->kind == BINDING_RESULT && t->results) {
		put_result(r->text, &t->results[b->index]);
	} else if (b->kind == BINDING_OUTPUT && t->output_artifacts) {
		for (i = 0; i < t->output_count; i++) {
			if (t->outputs[i].binder != b->index)
				continue;
			strbuf_addch(r->text, t->outputs[i].in_list ? 'l' :
				     'f');
			strbuf_add(r->text, t->outputs[i].path,
				   strlen(t->outputs[i].path) + 1);
			strbuf_add(r->text,
				   t->output_artifacts[i].digest.bytes,
				   DIGEST_BYTES);
		}
		strbuf_addch(r->text, '.'); /* where its list ends */
	} else if (b->kind == BINDING_CATCH && t->caught) {
		strbuf_add(r->text, t->caught, t->caught_len);
	} else {
		strbuf_addch(r->text, '#');
	}
}

/* Call FN with DATA, whose binding is set, for each task that T reads by item
 * ITEM of IM. */
static void
each_read(const struct task *t, const struct import *im, uint32_t item,
	  void (*fn)(void *data, struct task *t), struct read_value *data)
{
	const struct step *s = t->step;
	const struct binding *b = &s->bindings[im->first_binding + item];
	struct task *read;
	uint32_t i;

	data->binding = b;
	if (im->is_join) {
		graph_each_joined(&t->node, im, fn, data);
		return;
	}
	read = graph_read_task(&t->node, im);
	for (i = 0; read && i < im->ref_count; i++)
		if (s->imported[im->first_step + i] == read->step)
			data->binding = b + i * im->item_count;
	if (read)
		fn(data, read);
}

/* Note whether what T gives under the binding is a file. */
static void
note_file(void *data, struct task *t)
{
	struct read_value *r = data;
	const struct binding *b = r->binding;

	if (b->kind == BINDING_RESULT && t->results)
		r->is_file |= t->results[b->index].format >= ARTIFACT_FILE;
	else
		r->is_file |= b->kind != BINDING_CATCH;
}

bool
key_has_import(const struct task *t, const struct filled_recipe *f,
	       uint32_t name)
{
	const struct template *tm = t->step->template;
	const struct name *n = &tm->names[name];
	struct read_value r = { NULL, NULL, false };

	if (n->in_recipe || !n->in_clauses || key_has_parameters(t, f))
		return true;
	each_read(t, &tm->imports[n->clause], n->item, note_file, &r);
	return r.is_file;
}

static void
add_item(struct key_parts *k, struct graph *g, const struct task *t,
	 const struct import *im, uint32_t item)
{
	const struct step *s = t->step;
	const struct import_item *it = &im->items[item];
	struct read_value r = { &k->text, NULL, false };

	if (s->bindings[im->first_binding + item].kind == BINDING_FOREACH)
		graph_bind(g, t->step, &t->node, it->mine, &k->text);
	else
		each_read(t, im, item, put_read, &r);
	add_text(k, name_part(k, im->is_join ? "join" : "from",
			      s->template->names[it->mine].text));
}

static void
add_imports(struct key_parts *k, struct graph *g, const struct task *t,
	    const struct filled_recipe *f)
{
	const struct template *tm = t->step->template;
	uint32_t i, n;

	for (i = 0; i < tm->import_count; i++)
		for (n = 0; n < tm->imports[i].item_count; n++)
			if (key_has_import(t, f, tm->imports[i].items[n].mine))
				add_item(k, g, t, &tm->imports[i], n);
}

void
key_add_task(struct key_parts *k, struct graph *g, const struct task *t,
	     const struct filled_recipe *filled, const struct demands *d)
{
	const struct rules *rules = graph_rules(g);
	uint32_t i;

	strbuf_adds(&k->text, KEY_FORMAT);
	add_text(k, "format");
	add_recipe(k, t, filled);
	add_environment(k, d);
	add_split(k, g, t, filled);
	add_names(k, t);
	add_imports(k, g, t, filled);
	if (key_has_parameters(t, filled)) {
		for (i = 0; i < rules->parameter_count; i++) {
			cbor_put_str(&k->text, rules->parameters[i].name);
			strbuf_add(&k->text, rules->parameters[i].value,
				   rules->parameters[i].value_len);
		}
		add_text(k, "parameters");
	}
}

struct digest
key_of(const struct key_parts *k)
{
	static const struct digest none;

	return k->unknown ? none : digest_of(k->cbor.buf, k->cbor.len);
}

void
key_encode(const struct key_parts *k, struct strbuf *out)
{
	cbor_put_array(out, k->count);
	strbuf_add(out, k->cbor.buf, k->cbor.len);
}
