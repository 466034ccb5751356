/*
 * Where values of a step's expressions may come from: what of that which they
 * mention is not as it was.
 */
#include "base/base.h"

#include "report/why-state.h"

#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "model/code-source.h"

static const struct key_part *
part_of(const struct key_difference *x)
{
	return x->new.name ? &x->new : &x->old;
}

/* Whether X may follow from an expression of the step. */
static bool
follows_from_expression(const struct key_difference *x)
{
	const struct key_part *p = part_of(x);

	switch (p->subject) {
	case KEY_OF_RECIPE:
		return !key_part_is_scheme(p);
	case KEY_OF_INTERPRETER:
	case KEY_OF_ENVIRONMENT:
	case KEY_OF_IMAGE:
	case KEY_OF_FOREACH:
	case KEY_OF_NAMES:
		return true;
	case KEY_OF_INPUT:
		return x->change != KEY_CHANGED;
	default:
		return false;
	}
}

/* Whether the key of WHY's task differs in what X is about, too. */
static bool
is_in_key(const struct why *why, const struct key_difference *x)
{
	const struct key_part *p = part_of(x), *other;
	size_t i;

	for (i = 0; i < why->diff.count; i++) {
		other = part_of(&why->diff.list[i]);
		if (other->name_len == p->name_len &&
		    !memcmp(other->name, p->name, p->name_len))
			return true;
	}
	return false;
}

/* Append the list of what A's step mentions.  Returns 1, 0 when it was not
 * kept, -1. */
static int
read_list(struct why_state *w, const struct attempt_record *a,
	  struct strbuf *list, struct error *err)
{
	return why_text_read(w->store, key_note_digest(a->key_parts,
						       a->key_parts_len,
						       "mentions"), list, err);
}

/* ---- since the base, which is reused ---- */

/* A line of so many bytes may tell a definition from others. */
enum { LINE_TELLS_BYTES = 4 };

/* The lines of a file that differ since the run of the base. */
struct file_lines {
	char *path;              /* NULL: none was read */
	struct strbuf old;
	struct strbuf new;
	bool has_all;
};

/* The next line in *TEXT, without the blanks before it, and its length; NULL:
 * there is none but empty ones. */
static const char *
next_line(const char **text, const char *end, size_t *len)
{
	const char *line = *text, *stop;

	while (line < end && strchr(" \t\n", *line))
		line++;
	stop = memchr(line, '\n', (size_t)(end - line));
	*text = stop ? stop : end;
	*len = (size_t)(*text - line);
	return *len ? line : NULL;
}

/* Whether some of LINES, lines of a file, is of the TEXT that is in it, or has
 * one of its lines. */
static bool
has_line_of(const struct strbuf *lines, const struct code_source *text)
{
	const char *end = text->text + text->text_len, *at = text->text, *line;
	const char *changed = lines->buf;
	size_t len;

	while ((line = next_line(&at, end, &len)))
		if (len >= LINE_TELLS_BYTES &&
		    memmem(lines->buf, lines->len, line, len))
			return true;
	while ((line = next_line(&changed, lines->buf + lines->len, &len)))
		if (memmem(text->text, text->text_len, line, len))
			return true;
	return false;
}

/* Let L be the lines of the file PATH. */
static void
read_lines(struct file_lines *l, const struct why_code *c, const char *path,
	   size_t len)
{
	if (l->path && strlen(l->path) == len && !memcmp(l->path, path, len))
		return;
	free(l->path);
	l->path = xstrndup(path, len);
	strbuf_reset(&l->old);
	strbuf_reset(&l->new);
	l->has_all = !why_code_is_same(c, l->path) &&
		why_code_read_lines(c, l->path, &l->old, &l->new);
}

/* Whether the definition of which the store has DIGEST, the new one or not, may
 * have changed.  Returns 1, 0, -1. */
static int
may_have_changed(struct why_state *w, const char *digest, bool is_new,
		 struct file_lines *l, struct error *err)
{
	struct strbuf stored = STRBUF_INIT;
	struct code_source s;
	int rc = why_source_read(w, digest, &stored, &s, err);

	if (rc > 0) {
		read_lines(l, &w->code, s.path, s.path_len);
		rc = why_code_is_same(&w->code, l->path) ? 0 :
			!l->has_all || has_line_of(is_new ? &l->new : &l->old,
						   &s);
	} else if (!rc) {
		rc = digest != NULL; /* a value, or not there any more */
	}
	strbuf_release(&stored);
	return rc;
}

/* Whether the parameter P had another value. */
static bool
parameter_has_changed(const struct run_record *run, const struct key_part *p)
{
	size_t len;
	const char *value = why_find_parameter(run, p->object, p->object_len,
					       &len);
	struct digest was;

	if (!value || !p->digest)
		return true;
	was = digest_of(value, len);
	return memcmp(was.bytes, p->digest, DIGEST_BYTES);
}

static bool
module_has_changed(const struct why_code *c, const struct key_part *p)
{
	char *path = xstrndup(p->object, p->object_len);
	bool is_same = why_code_is_same(c, path);

	free(path);
	return !is_same;
}

/* Whether X may have happened since the base's run.  Returns 1, 0, -1. */
static int
is_news(struct why_state *w, const struct why *why,
	const struct key_difference *x, struct file_lines *l,
	struct error *err)
{
	int rc;

	switch (part_of(x)->subject) {
	case KEY_OF_PARAMETER:
		return parameter_has_changed(why->base_run, part_of(x));
	case KEY_OF_MODULE:
		return module_has_changed(&w->code, part_of(x));
	case KEY_OF_DEFINITION:
		rc = may_have_changed(w, x->new.digest, true, l, err);
		return rc ? rc : may_have_changed(w, x->old.digest, false, l,
						  err);
	default:
		return true;
	}
}

/* Leave out of WHY's mentions what had changed before the base was reused. */
static int
drop_old(struct why_state *w, struct why *why, struct error *err)
{
	struct key_difference *list = why->mentions.diff.list;
	struct file_lines l = { .old = STRBUF_INIT, .new = STRBUF_INIT };
	size_t i, n = 0;
	int rc = why_code_read(w, why, err);

	for (i = 0; rc >= 0 && i < why->mentions.diff.count; i++) {
		rc = is_news(w, why, &list[i], &l, err);
		if (rc > 0)
			list[n++] = list[i];
	}
	if (rc >= 0)
		why->mentions.diff.count = n;
	free(l.path);
	strbuf_release(&l.old);
	strbuf_release(&l.new);
	return MIN(rc, 0);
}

/* ---- all ---- */

/* Leave out what WHY tells already, or nothing can be said of. */
static void
drop_told(struct why *why)
{
	struct key_diff *diff = &why->mentions.diff;
	size_t i, n = 0;

	for (i = 0; i < diff->count; i++)
		if (diff->list[i].change != KEY_UNKNOWN &&
		    !is_in_key(why, &diff->list[i]))
			diff->list[n++] = diff->list[i];
	diff->count = n;
}

int
why_mentions_read(struct why_state *w, struct why *why, struct error *err)
{
	struct why_mentions *m = &why->mentions;
	size_t i;
	int rc;

	for (i = 0; i < why->diff.count; i++)
		if (follows_from_expression(&why->diff.list[i]))
			break;
	if (why->reason != WHY_CHANGED || i == why->diff.count)
		return 0;
	rc = read_list(w, why->executed, &m->old, err);
	if (rc > 0)
		rc = read_list(w, why->task, &m->new, err);
	if (rc <= 0)
		return rc;
	if (key_diff_init(&m->diff, m->old.buf, m->old.len, m->new.buf,
			  m->new.len, err))
		return -1;
	drop_told(why);
	return m->diff.count && why->base != why->executed ?
		drop_old(w, why, err) : 0;
}

void
why_mentions_release(struct why_mentions *m)
{
	key_diff_release(&m->diff);
	strbuf_release(&m->old);
	strbuf_release(&m->new);
}
