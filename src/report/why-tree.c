/*
 * What differs in a directory that a task reads, by the lists of what it held
 * that runs have kept (sched/notes.h).
 */
#include "base/base.h"

#include "report/why-state.h"

#include <stdlib.h>
#include <string.h>

#include "base/cbor.h"
#include "base/map.h"
#include "base/path.h"
#include "base/text.h"

/* Read the list kept for the digest BYTES into M, from paths to digests, which
 * LIST holds.  Returns 1, 0 when there is none, -1. */
static int
read_list(struct store *s, const char *bytes, struct strbuf *list,
	  struct map *m, struct error *err)
{
	int rc = why_text_read(s, bytes, list, err);
	struct cbor c;

	if (rc <= 0)
		return rc;
	cbor_init(&c, list->buf, list->len);
	while (cbor_peek(&c) != CBOR_END && !c.failed) {
		size_t path_len, len;
		const char *path = cbor_get_text(&c, &path_len);
		const char *d = cbor_get_bytes(&c, &len);

		if (!c.failed && len == DIGEST_BYTES)
			map_set(m, path, path_len, (void *)d);
	}
	return !c.failed;
}

/* Append the file NAME of the directory PATH to T, when it had the digests OLD
 * and NEW (NULL: it was not there). */
static void
add_file(struct why_tree *t, const char *path, const char *name,
	 const char *old, const char *new)
{
	struct why_file *f;

	if (old && new && !memcmp(old, new, DIGEST_BYTES))
		return;
	ARRAY_GROW(t->files, t->count, t->alloc);
	f = &t->files[t->count++];
	f->path = path_join(path, name);
	strbuf_init(&f->old);
	strbuf_init(&f->new);
	why_add_digest(&f->old, old);
	why_add_digest(&f->new, new);
}

int
why_tree_read(struct why_tree *t, struct store *s, const char *path,
	      const struct key_difference *x, struct error *err)
{
	struct strbuf was = STRBUF_INIT, is = STRBUF_INIT;
	struct map old, new;
	int rc;

	memset(t, 0, sizeof(*t));
	map_init(&old);
	map_init(&new);
	rc = read_list(s, x->old.digest, &was, &old, err);
	if (rc > 0)
		rc = read_list(s, x->new.digest, &is, &new, err);
	if (rc > 0) {
		map_each(&new, e)
			add_file(t, path, e->key, map_gets(&old, e->key),
				 e->value);
		map_each(&old, e)
			if (!map_gets(&new, e->key))
				add_file(t, path, e->key, e->value, NULL);
	}
	map_release(&old);
	map_release(&new);
	strbuf_release(&was);
	strbuf_release(&is);
	return rc;
}

void
why_tree_release(struct why_tree *t)
{
	size_t i;

	for (i = 0; i < t->count; i++) {
		free(t->files[i].path);
		strbuf_release(&t->files[i].old);
		strbuf_release(&t->files[i].new);
	}
	free(t->files);
}

/* Append what became of F. */
static void
add_line(const struct why_file *f, struct strbuf *notes)
{
	text_add_escaped(notes, f->path, strlen(f->path));
	if (!f->old.len)
		strbuf_addf(notes, " is new: %s\n", f->new.buf);
	else if (!f->new.len)
		strbuf_addf(notes, " is gone: %s\n", f->old.buf);
	else
		strbuf_addf(notes, " was %s, is %s\n", f->old.buf,
			    f->new.buf);
}

void
why_tree_add(const struct why_tree *t, const struct why_code *c,
	     struct strbuf *notes)
{
	size_t i;

	for (i = 0; i < t->count && i < WHY_FILES_SHOWN; i++) {
		const struct why_file *f = &t->files[i];

		add_line(f, notes);
		if (f->old.len && f->new.len)
			why_code_add_file(c, f->path, true, notes);
		else
			why_code_add_commits(c, f->path, notes);
	}
	if (t->count > WHY_FILES_SHOWN)
		strbuf_addf(notes, "and %zu more of its files\n",
			    t->count - WHY_FILES_SHOWN);
	if (!t->count)
		strbuf_adds(notes, "only empty directories in it\n");
}
