/*
 * Notes on keys.
 */
#include "base/base.h"

#include "sched/notes.h"

#include <stdlib.h>
#include <string.h>

#include "base/cbor.h"
#include "base/digest.h"
#include "base/map.h"
#include "base/strbuf.h"
#include "model/graph.h"
#include "model/key.h"
#include "model/recipe.h"
#include "sched/attempt.h"
#include "store/files.h"
#include "store/store.h"

enum { MAX_NOTE_BYTES = 60 };

/* What is known of a template, a form of the Flowfile. */
struct form {
	uint32_t steps;        /* how many it is */
	bool seen;
	bool has_source;
	struct digest source;
	bool has_mentions;
	struct digest mentions;
};

/* A text to be stored. */
struct text {
	struct digest digest;
	char *bytes;           /* owned */
	size_t len;
};

struct notes {
	struct graph *graph;
	struct files *files;
	struct map listed;     /* digests of directories -> yes */
	struct form *forms;    /* by template */
	struct text *texts;
	size_t text_count;
	size_t text_alloc;
	struct strbuf pairs;   /* of the map that is being made */
	size_t pair_count;
	struct strbuf text;    /* kept for its memory */
};

struct notes *
notes_new(struct graph *g, struct files *f)
{
	const struct rules *r = graph_rules(g);
	struct notes *n = xcalloc(1, sizeof(*n));
	uint32_t i;

	n->graph = g;
	n->files = f;
	map_init(&n->listed);
	n->forms = xcalloc((size_t)r->template_count + 1, sizeof(*n->forms));
	for (i = 0; i < r->step_count; i++)
		n->forms[r->steps[i]->template->id].steps++;
	strbuf_init(&n->pairs);
	strbuf_init(&n->text);
	return n;
}

static void
drop_texts(struct notes *n)
{
	size_t i;

	for (i = 0; i < n->text_count; i++)
		free(n->texts[i].bytes);
	n->text_count = 0;
}

void
notes_free(struct notes *n)
{
	if (!n)
		return;
	drop_texts(n);
	free(n->texts);
	free(n->forms);
	map_release(&n->listed);
	strbuf_release(&n->pairs);
	strbuf_release(&n->text);
	free(n);
}

/* ---- texts ---- */

static void
add_text(struct notes *n, const struct digest *d, const char *bytes,
	 size_t len)
{
	struct text *t;

	ARRAY_GROW(n->texts, n->text_count, n->text_alloc);
	t = &n->texts[n->text_count++];
	t->digest = *d;
	t->bytes = xmemdup(bytes, len);
	t->len = len;
}

/* Keep what the COUNT PARTS are of. */
static void
add_sources(struct notes *n, const struct code_part *parts, uint32_t count)
{
	uint32_t i;

	for (i = 0; i < count; i++)
		if (parts[i].value && parts[i].known)
			add_text(n, &parts[i].digest, parts[i].value,
				 parts[i].value_len);
}

/* Append to LIST the parts of what TM mentions, but for those in SEEN. */
static void
add_mentions(struct notes *n, const struct template *tm, struct map *seen,
	     struct key_parts *list)
{
	uint32_t i;

	add_sources(n, tm->mentions, tm->mention_count);
	for (i = 0; i < tm->mention_count; i++)
		if (tm->mentions[i].known &&
		    !map_sets(seen, tm->mentions[i].name, seen))
			key_parts_add(list, tm->mentions[i].name,
				      &tm->mentions[i].digest);
}

/* Whether TM, of a defaults form, says what keys hold. */
static bool
gives_environment(const struct template *tm)
{
	uint32_t i;

	for (i = 0; i < tm->annotation_count; i++)
		if (tm->annotations[i].clause == CLAUSE_ENVIRONMENT ||
		    tm->annotations[i].clause == CLAUSE_BATCH)
			return true;
	return false;
}

/* Keep what a step of TM mentions, with what the defaults do. */
static void
see_mentions(struct notes *n, struct form *k, const struct template *tm)
{
	const struct rules *r = graph_rules(n->graph);
	struct key_parts list;
	struct map seen;
	uint32_t i;

	key_parts_init(&list);
	map_init(&seen);
	add_mentions(n, tm, &seen, &list);
	for (i = 0; i < r->default_count; i++)
		if (gives_environment(r->defaults[i]->template))
			add_mentions(n, r->defaults[i]->template, &seen,
				     &list);
	k->has_mentions = list.count;
	if (k->has_mentions) {
		strbuf_reset(&n->text);
		key_encode(&list, &n->text);
		k->mentions = digest_of(n->text.buf, n->text.len);
		add_text(n, &k->mentions, n->text.buf, n->text.len);
	}
	key_parts_release(&list);
	map_release(&seen);
}

/* Look at the template of T's step for the first time. */
static void
see(struct notes *n, struct form *k, const struct task *t)
{
	const struct template *tm = t->step->template;

	k->seen = true;
	strbuf_reset(&n->text);
	recipe_add_source(n->graph, t, k->steps == 1, &n->text);
	k->has_source = n->text.len;
	if (k->has_source) {
		k->source = digest_of(n->text.buf, n->text.len);
		add_text(n, &k->source, n->text.buf, n->text.len);
	}
	add_sources(n, tm->recipe.code, tm->recipe.code_count);
	see_mentions(n, k, tm);
}

int
notes_save(struct notes *n, struct store *s, struct error *err)
{
	size_t i;
	int ret = 0;

	for (i = 0; !ret && i < n->text_count; i++)
		ret = store_text_put(s, &n->texts[i].digest,
				     n->texts[i].bytes, n->texts[i].len, err);
	drop_texts(n);
	return ret;
}

/* Keep what is in the directories that A reads, each once. */
static void
list_directories(struct notes *n, const struct attempt *a)
{
	static char yes;
	struct strbuf list = STRBUF_INIT;
	size_t i;

	for (i = 0; i < a->keyed_inputs; i++) {
		const struct spec_file *f = &a->spec.inputs[i];
		const char *bytes = (const char *)f->digest.bytes;

		if (!f->is_dir ||
		    map_set(&n->listed, bytes, DIGEST_BYTES, &yes))
			continue;
		strbuf_reset(&list);
		if (files_list_tree(n->files, f->path, &f->digest, &list))
			add_text(n, &f->digest, list.buf, list.len);
	}
	strbuf_release(&list);
}

/* ---- notes ---- */

/* Note the digest D of what the store has of PART. */
static void
put_digest(struct notes *n, const char *part, const struct digest *d)
{
	cbor_put_str(&n->pairs, part);
	cbor_put_bytes(&n->pairs, d->bytes, DIGEST_BYTES);
	n->pair_count++;
}

/* Note TEXT, which is emptied, of PART. */
static void
put_note(struct notes *n, const char *part, struct strbuf *text)
{
	cbor_put_str(&n->pairs, part);
	cbor_put_text(&n->pairs, text->buf, text->len);
	n->pair_count++;
	strbuf_reset(text);
}

/* Note the beginning of TEXT, which is emptied, of PART. */
static void
put_short_note(struct notes *n, const char *part, struct strbuf *text)
{
	size_t len = MAX_NOTE_BYTES - 3;

	if (text->len > MAX_NOTE_BYTES) {
		while (len && (text->buf[len] & 0xc0) == 0x80)
			len--; /* not inside a character */
		strbuf_truncate(text, len);
		strbuf_adds(text, "...");
	}
	put_note(n, part, text);
}

/* Note the program of a shell or script recipe. */
static void
note_interpreter(struct notes *n, const struct task_spec *s)
{
	struct strbuf *text = &n->text;
	size_t i;

	for (i = 0; s->argv[i]; i++)
		strbuf_addf(text, "%s%s", i ? " " : "", s->argv[i]);
	put_short_note(n, "interpreter", text);
}

static void
note_environment(struct notes *n, const struct attempt *a)
{
	const struct demands *d = &a->demands;
	struct strbuf *text = &n->text;
	uint32_t i;

	for (i = 0; i < d->environment_count; i++)
		strbuf_addf(text, "%s%s=%s", text->len ? " " : "",
			    d->environment[i].name, d->environment[i].value);
	for (i = 0; i < d->secret_count; i++)
		strbuf_addf(text, "%s%s", text->len ? " " : "", d->secrets[i]);
	if (text->len)
		put_short_note(n, "environment", text);
	if (d->image) {
		strbuf_adds(text, d->image);
		put_short_note(n, "image", text);
	}
}

/* Note of each name that is read which step gives it, and as what. */
static void
note_import(struct notes *n, const struct task *t, const struct import *im)
{
	const struct step *s = t->step, *theirs;
	struct strbuf part = STRBUF_INIT;
	struct task *read;
	uint32_t i;

	theirs = s->imported[im->first_step];
	if (!im->is_join) {
		read = graph_read_task(&t->node, im);
		theirs = read ? read->step : theirs;
	}
	for (i = 0; i < im->item_count; i++) {
		strbuf_reset(&part);
		strbuf_addf(&part, "%s %s", im->is_join ? "join" : "from",
			    s->template->names[im->items[i].mine].text);
		strbuf_addf(&n->text, "%s %s", theirs->name,
			    im->items[i].theirs);
		put_note(n, part.buf, &n->text);
	}
	strbuf_release(&part);
}

void
notes_add(struct notes *n, struct attempt *a, bool rerun)
{
	const struct task *t = a->task;
	const struct template *tm = t->step->template;
	struct form *k = &n->forms[tm->id];
	uint32_t i;

	if (!k->seen)
		see(n, k, t);
	list_directories(n, a);
	strbuf_reset(&n->text);
	strbuf_reset(&n->pairs);
	n->pair_count = 0;
	if (k->has_source)
		put_digest(n, "recipe", &k->source);
	if (k->has_mentions)
		put_digest(n, "mentions", &k->mentions);
	recipe_add_values(n->graph, t, k->steps == 1, &n->text);
	if (n->text.len)
		put_short_note(n, "recipe values", &n->text);
	if (tm->recipe.word_count && tm->recipe.kind != RECIPE_EXEC)
		note_interpreter(n, &a->spec);
	note_environment(n, a);
	for (i = 0; i < tm->import_count; i++)
		note_import(n, t, &tm->imports[i]);
	if (rerun)
		put_note(n, "rerun", &n->text);
	if (a->is_stale)
		put_note(n, "stale", &n->text);
	if (!n->pair_count)
		return;
	cbor_put_map(&a->encoded_parts, n->pair_count);
	strbuf_add(&a->encoded_parts, n->pairs.buf, n->pairs.len);
}
