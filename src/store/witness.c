/*
 * Reading witnesses, and asking them.
 */
#include "base/base.h"

#include "store/witness.h"

#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "store/file-table.h"
#include "store/witness-state.h"
#include "sys/file.h"

/* ---- reading ---- */

_Static_assert(sizeof(struct witness_start) % SEEN_UNIT == 0 &&
	       sizeof(struct kept_range) % SEEN_UNIT == 0 &&
	       sizeof(struct witness_task) % SEEN_UNIT == 0 &&
	       sizeof(struct task_change) % SEEN_UNIT == 0,
	       "what was seen begins at a unit");

/* What is not parsed yet of a text. */
struct span {
	char *at;
	char *end;
};

/* Take LEN bytes from the beginning of P, or from its end; NULL: it has not so
 * many. */
static void *
take(struct span *p, size_t len)
{
	char *at = p->at;

	if ((size_t)(p->end - p->at) < len)
		return NULL;
	p->at += len;
	return at;
}

static void *
take_last(struct span *p, size_t len)
{
	if ((size_t)(p->end - p->at) < len)
		return NULL;
	p->end -= len;
	return p->end;
}

/* Read the file PATH into TEXT, and say in D what its digest is, which is
 * checked.  Returns its start, or NULL: it is no such file. */
static const struct witness_start *
read_text(const char *path, struct strbuf *text, struct digest *d)
{
	const struct witness_start *s;

	if (file_read(path, text, NULL) ||
	    text->len < sizeof(*s) + DIGEST_BYTES)
		return NULL;
	text->len -= DIGEST_BYTES;
	*d = digest_of(text->buf, text->len);
	s = (const struct witness_start *)text->buf;
	return !memcmp(d->bytes, text->buf + text->len, DIGEST_BYTES) &&
	       !memcmp(s->magic, WITNESS_MAGIC, sizeof(WITNESS_MAGIC)) &&
	       s->struct_bytes == WITNESS_STRUCT_BYTES ? s : NULL;
}

/* Take the buckets, of SHIFT, from the end of the text of the whole file. */
static bool
take_buckets(struct witness *w, unsigned shift)
{
	size_t bytes = witness_buckets_bytes(shift);

	if (w->text.len < bytes)
		return false;
	w->text.len -= bytes;
	w->bucket_shift = shift;
	w->buckets = xmalloc(bytes);
	memcpy(w->buckets, w->text.buf + w->text.len, bytes);
	return true;
}

/* The changes of the whole file: what the text of them has. */
struct changes {
	const struct witness_start *start; /* NULL: there are none */
	const struct kept_range *kept;
	const struct task_change *tasks;
	const uint32_t *gone;
	uint64_t gone_count;
	struct span seen;
};

/* Read the changes of W's whole file, if there are any. */
static void
read_changes(struct witness *w, struct changes *c)
{
	const struct witness_start *s;
	const uint64_t *gone_count;
	struct digest d;
	struct span p;

	memset(c, 0, sizeof(*c));
	s = read_text(WITNESS_CHANGES_PATH, &w->changes, &d);
	if (!s || !digest_equal(&s->of, &w->of))
		return;
	p = (struct span){ w->changes.buf, w->changes.buf + w->changes.len };
	take(&p, sizeof(*s));
	c->kept = take(&p, s->head.kept_count * sizeof(*c->kept));
	c->tasks = take(&p, s->change_count * sizeof(*c->tasks));
	gone_count = take_last(&p, sizeof(*gone_count));
	if (!c->kept || !c->tasks || !gone_count)
		return;
	c->gone_count = *gone_count;
	c->gone = take_last(&p, witness_pad(c->gone_count *
					    sizeof(*c->gone)));
	if (!c->gone)
		return;
	c->seen = p;
	c->start = s;
}

/* Take W's text apart, of which the last SINCE bytes are of the changes. */
static bool
take_text(struct witness *w, size_t since)
{
	struct span p = { w->text.buf, w->text.buf + w->text.len };
	const struct witness_start *s = take(&p, sizeof(*s));

	if (!s)
		return false;
	w->head = s->head;
	w->kept = take(&p, s->head.kept_count * sizeof(*w->kept));
	w->whole_tasks = take(&p, s->head.task_count * sizeof(*w->tasks));
	w->whole_count = s->head.task_count;
	w->tasks = w->whole_tasks;
	w->seen = p.at;
	w->end = p.end;
	w->seen_since = p.end - since;
	return w->kept && w->tasks;
}

/* Let the tasks of W be those of its whole file with the changes. */
static void
change_tasks(struct witness *w, const struct changes *c)
{
	uint32_t n = w->head.task_count, i;

	w->changed_tasks = xcalloc((size_t)n + 1, sizeof(*w->changed_tasks));
	memcpy(w->changed_tasks, w->whole_tasks,
	       MIN(w->whole_count, n) * sizeof(*w->changed_tasks));
	for (i = 0; i < c->start->change_count; i++)
		if (c->tasks[i].place < n)
			w->changed_tasks[c->tasks[i].place] = c->tasks[i].task;
	w->tasks = w->changed_tasks;
}

/* Let W be what it is with the changes. */
static void
apply(struct witness *w, const struct changes *c)
{
	struct seen *s;
	char *at;
	size_t i;

	w->head = c->start->head;
	w->kept = c->kept;
	change_tasks(w, c);
	for (i = 0; i < c->gone_count; i++)
		witness_seen_at(w, c->gone[i])->state = SEEN_GONE;
	for (at = w->seen_since; at < w->end; at = witness_next(s)) {
		s = (struct seen *)at;
		witness_link(w->buckets, w->bucket_shift, s,
			     witness_position(w, s));
	}
}

struct witness *
witness_open(const struct digest *flow)
{
	struct witness *w = xcalloc(1, sizeof(*w));
	const struct witness_start *s;
	struct changes c;

	strbuf_init(&w->text);
	strbuf_init(&w->changes);
	s = read_text(WITNESS_PATH, &w->text, &w->of);
	if (!s || !digest_is_zero(&s->of) ||
	    s->bucket_shift > WITNESS_BUCKET_BITS ||
	    !take_buckets(w, s->bucket_shift))
		goto none;
	read_changes(w, &c);
	strbuf_add(&w->text, c.seen.at, (size_t)(c.seen.end - c.seen.at));
	if (!take_text(w, (size_t)(c.seen.end - c.seen.at)))
		goto none;
	if (c.start)
		apply(w, &c);
	if (digest_equal(&w->head.flow, flow))
		return w;
none:
	witness_free(w);
	return NULL;
}

void
witness_free(struct witness *w)
{
	if (!w)
		return;
	strbuf_release(&w->text);
	strbuf_release(&w->changes);
	free(w->mine.changes);
	free(w->other.changes);
	free(w->changed_tasks);
	free(w->buckets);
	free(w);
}

const struct witness_head *
witness_head(const struct witness *w)
{
	return &w->head;
}

const struct kept_range *
witness_kept(const struct witness *w)
{
	return w->kept;
}

const struct witness_task *
witness_task(const struct witness *w, uint32_t place)
{
	return place < w->head.task_count ? &w->tasks[place] : NULL;
}

/* ---- asking ---- */

/* Whether S says which row its path has. */
static bool
has_row(const struct seen *s)
{
	return witness_is_file(s) || s->sight == SIGHT_ROW;
}

/* What was seen of PATH last, at AT of a bucket or before, or NULL. */
static struct seen *
seen_of(const struct witness *w, uint32_t at, const char *path)
{
	while (at) {
		struct seen *s = witness_seen_at(w, at - 1);

		if (s->state != SEEN_GONE && !strcmp((char *)(s + 1), path))
			return s;
		at = s->before;
	}
	return NULL;
}

/* The last that was seen of PATH, or NULL. */
static struct seen *
last_seen(const struct witness *w, const char *path)
{
	return seen_of(w, w->buckets[witness_bucket(path, strlen(path)) >>
				     w->bucket_shift], path);
}

bool
witness_find(const struct witness *w, const char *path, struct file_entry *e)
{
	const struct seen *s = last_seen(w, path);

	/* what was added last is right */
	while (s && !has_row(s))
		s = seen_of(w, s->before, path);
	if (!s)
		return false;
	*e = (struct file_entry){
		.path = (const char *)(s + 1),
		.stamp = s->stamp,
		.row = s->row,
		.flags = (s->is_named ? FILE_NAMED : 0) |
			(s->has_maker ? FILE_MAKER : 0) |
			(s->sight == SIGHT_RACY ? FILE_RACY : 0) |
			(s->state == SEEN_CHANGED || s->sight == SIGHT_ROW ?
			 0 : FILE_SAME),
	};
	return true;
}

bool
witness_is_at(const char *path)
{
	return !strcmp(path, WITNESS_PATH) ||
	       !strcmp(path, WITNESS_CHANGES_PATH);
}

void
witness_drop(struct witness *w, const char *path,
	     bool (*is_new)(void *data, enum sight seen, const char *path),
	     void *data)
{
	char *at = path ? w->end : w->seen;
	struct seen *s = path ? last_seen(w, path) : NULL;

	for (; s; s = seen_of(w, s->before, path))
		if (s->state == SEEN_SAME &&
		    is_new(data, (enum sight)s->sight, path))
			s->state = SEEN_DROPPED;
	for (; at < w->end; at = witness_next(s)) {
		s = (struct seen *)at;
		if (s->state == SEEN_SAME &&
		    is_new(data, (enum sight)s->sight, (char *)(s + 1)))
			s->state = SEEN_DROPPED;
	}
}
