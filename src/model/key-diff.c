/*
 * Comparing keys.
 */
#include "base/base.h"

#include "model/key-diff.h"

#include <stdlib.h>
#include <string.h>

#include "base/cbor.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/map.h"
#include "base/strbuf.h"
#include "base/text.h"

static const char closed_over[] = ", closed over";

/* How names begin, and what a sentence calls one and several.  A prefix that
 * ends in a space has an object behind it. */
static const struct {
	const char *prefix;
	const char *one;
	const char *several;
} subjects[KEY_SUBJECTS] = {
	[KEY_OF_FORMAT] = { "format", "the format of keys", NULL },
	[KEY_OF_RECIPE] = { "recipe", "recipe", NULL },
	[KEY_OF_INTERPRETER] = { "interpreter", "interpreter", NULL },
	[KEY_OF_PARAMETER] = { "parameter ", "parameter ", "parameters" },
	[KEY_OF_DEFINITION] = { "definition ", "definition ", "definitions" },
	[KEY_OF_MODULE] = { "module ", "module ", "modules" },
	[KEY_OF_ENVIRONMENT] = { "environment", "environment", NULL },
	[KEY_OF_IMAGE] = { "image", "image", NULL },
	[KEY_OF_FOREACH] = { "foreach ", "foreach ", "foreach elements" },
	[KEY_OF_STEM] = { "stem", "stem", NULL },
	[KEY_OF_STEP] = { "step", "name of the step", NULL },
	[KEY_OF_SPLIT] = { "split", "position in the fan-out", NULL },
	[KEY_OF_NAMES] = { "names", "declared files or results", NULL },
	[KEY_OF_FROM] = { "from ", "from ", "values from other steps" },
	[KEY_OF_JOIN] = { "join ", "join ", "joined lists" },
	[KEY_OF_PARAMETERS] = { "parameters", "parameters", NULL },
	[KEY_OF_INPUT] = { "input ", "input ", "inputs" },
	[KEY_OF_OTHER] = { NULL, "", "other parts" },
};

/* ---- reading ---- */

bool
key_part_is_scheme(const struct key_part *p)
{
	static const char name[] = "scheme";

	return p->name_len >= sizeof(name) - 1 &&
		!memcmp(p->name, name, sizeof(name) - 1);
}

static void
set_subject(struct key_part *p)
{
	int i;

	p->object = "";
	p->object_len = 0;
	for (i = 0; i < KEY_OF_OTHER; i++) {
		size_t len = strlen(subjects[i].prefix);
		bool is_long = subjects[i].prefix[len - 1] == ' ';

		if (p->name_len < len || (p->name_len > len && !is_long) ||
		    memcmp(p->name, subjects[i].prefix, len))
			continue;
		p->subject = (enum key_subject)i;
		p->object = p->name + len;
		p->object_len = p->name_len - len;
		return;
	}
	p->subject = key_part_is_scheme(p) ? KEY_OF_RECIPE : KEY_OF_OTHER;
}

/* Read the next of a list of parts into *P, without its note; C fails when it
 * is damaged. */
static void
key_part_next(struct cbor *c, struct key_part *p)
{
	size_t count = cbor_get_array(c), len;

	memset(p, 0, sizeof(*p));
	p->name = cbor_get_text(c, &p->name_len);
	if (!cbor_get_null(c)) {
		p->digest = cbor_get_bytes(c, &len);
		c->failed |= len != DIGEST_BYTES;
	}
	c->failed |= count != 2;
	set_subject(p);
}

/* Whether a note called NAME is on P. */
static bool
is_on(const struct key_part *p, const char *name, size_t len)
{
	static const char values[] = " values";

	if (p->subject == KEY_OF_RECIPE && len > p->name_len &&
	    cbor_key_is(name + p->name_len, len - p->name_len, values))
		len = p->name_len;
	return p->name_len == len && !memcmp(p->name, name, len);
}

/* Read the map of notes. */
static void
read_notes(struct cbor *c, struct key_part *parts, size_t count)
{
	size_t n, i, name_len, len;

	for (n = cbor_get_map(c); n && !c->failed; n--) {
		const char *name = cbor_get_text(c, &name_len), *note;
		bool is_text = cbor_peek(c) == CBOR_TEXT;

		note = is_text ? cbor_get_text(c, &len)
			       : cbor_get_bytes(c, &len);
		c->failed |= !is_text && len != DIGEST_BYTES;
		for (i = 0; i < count && !c->failed; i++) {
			if (!is_on(&parts[i], name, name_len))
				continue;
			if (is_text) {
				parts[i].note = note;
				parts[i].note_len = len;
			} else {
				parts[i].source = note;
			}
			break;
		}
	}
}

int
key_parts_read(struct key_part **parts, size_t *count, const char *data,
	       size_t len, struct error *err)
{
	struct cbor c;
	size_t i;

	cbor_init(&c, data, len);
	*count = cbor_get_array(&c);
	*parts = xcalloc(*count + 1, sizeof(**parts));
	for (i = 0; i < *count && !c.failed; i++)
		key_part_next(&c, &(*parts)[i]);
	if (cbor_peek(&c) != CBOR_END)
		read_notes(&c, *parts, *count);
	return cbor_finish(&c, "the key of a task", err);
}

/* Let C stand before the note called NAME behind the parts at DATA; returns
 * whether there is one. */
static bool
find_note(struct cbor *c, const char *data, size_t len, const char *name)
{
	size_t n, key_len;

	cbor_init(c, data, len);
	cbor_skip(c);
	if (cbor_peek(c) == CBOR_END)
		return false;
	for (n = cbor_get_map(c); n && !c->failed; n--) {
		const char *key = cbor_get_text(c, &key_len);

		if (cbor_key_is(key, key_len, name))
			return true;
		cbor_skip(c);
	}
	return false;
}

bool
key_has_note(const char *data, size_t len, const char *name)
{
	struct cbor c;

	return find_note(&c, data, len, name);
}

const char *
key_note_digest(const char *data, size_t len, const char *name)
{
	const char *digest;
	struct cbor c;

	if (!find_note(&c, data, len, name))
		return NULL;
	digest = cbor_get_bytes(&c, &len);
	return c.failed || len != DIGEST_BYTES ? NULL : digest;
}

/* ---- comparing ---- */

static void
add_difference(struct key_diff *d, enum key_change change,
	       const struct key_part *old, const struct key_part *new)
{
	struct key_difference *x = &d->list[d->count++];

	memset(x, 0, sizeof(*x));
	x->change = change;
	if (old)
		x->old = *old;
	if (new)
		x->new = *new;
}

static bool
has_name(const struct key_part *a, const struct key_part *b)
{
	return a->name_len == b->name_len &&
		!memcmp(a->name, b->name, a->name_len);
}

/* The one of LIST that is called as P is: mostly it stands in the same place,
 * I. */
static const struct key_part *
find(const struct key_part *list, size_t count, struct map *by_name,
     const struct key_part *p, size_t i)
{
	if (i < count && has_name(&list[i], p))
		return &list[i];
	if (!by_name->count)
		for (i = 0; i < count; i++)
			map_set(by_name, list[i].name, list[i].name_len,
				(void *)&list[i]);
	return map_get(by_name, p->name, p->name_len);
}

static void
compare(struct key_diff *d, const struct key_part *old,
	const struct key_part *new)
{
	const struct key_part *o;
	struct map by_name;
	size_t i;

	map_init(&by_name);
	for (i = 0; i < d->new_parts; i++) {
		o = find(old, d->old_parts, &by_name, &new[i], i);
		if (!o)
			add_difference(d, KEY_ADDED, NULL, &new[i]);
		else if (!o->digest || !new[i].digest)
			add_difference(d, KEY_UNKNOWN, o, &new[i]);
		else if (memcmp(o->digest, new[i].digest, DIGEST_BYTES))
			add_difference(d, KEY_CHANGED, o, &new[i]);
	}
	map_release(&by_name);
	map_init(&by_name);
	for (i = 0; i < d->old_parts; i++)
		if (!find(new, d->new_parts, &by_name, &old[i], i))
			add_difference(d, KEY_REMOVED, &old[i], NULL);
	map_release(&by_name);
}

static const struct key_part *
part_of(const struct key_difference *x)
{
	return x->new.name ? &x->new : &x->old;
}

/* Put the differences in the order of subjects, otherwise as they are. */
static void
sort_by_subject(struct key_diff *d)
{
	struct key_difference *sorted;
	size_t i, n = 0;
	int s;

	sorted = xcalloc(d->count + 1, sizeof(*sorted));
	for (s = 0; s < KEY_SUBJECTS; s++)
		for (i = 0; i < d->count; i++)
			if ((int)part_of(&d->list[i])->subject == s)
				sorted[n++] = d->list[i];
	free(d->list);
	d->list = sorted;
}

int
key_diff_init(struct key_diff *d, const char *old, size_t old_len,
	      const char *new, size_t new_len, struct error *err)
{
	struct key_part *o = NULL, *n = NULL;
	int ret = -1;

	memset(d, 0, sizeof(*d));
	if (key_parts_read(&o, &d->old_parts, old, old_len, err) ||
	    key_parts_read(&n, &d->new_parts, new, new_len, err))
		goto out;
	d->list = xcalloc(d->old_parts + d->new_parts + 1, sizeof(*d->list));
	compare(d, o, n);
	sort_by_subject(d);
	ret = 0;
out:
	free(o);
	free(n);
	return ret;
}

void
key_diff_release(struct key_diff *d)
{
	free(d->list);
	d->list = NULL;
}

/* ---- words ---- */

void
key_part_add_words(const struct key_part *p, struct strbuf *out)
{
	size_t len = p->object_len, tail = sizeof(closed_over) - 1;
	bool closes = p->name_len > tail &&
		!memcmp(p->name + p->name_len - tail, closed_over, tail) &&
		(p->subject == KEY_OF_RECIPE ||
		 p->subject == KEY_OF_DEFINITION);

	if (p->subject == KEY_OF_OTHER) {
		text_add_escaped(out, p->name, p->name_len);
		return;
	}
	if (closes) {
		strbuf_adds(out, p->subject == KEY_OF_RECIPE ? "what the " :
			    "what ");
		len -= MIN(len, tail);
	}
	strbuf_adds(out, subjects[p->subject].one);
	text_add_escaped(out, p->object, len);
	if (closes)
		strbuf_adds(out, " closes over");
}

/* Whether words leave X out: that names of declared files differ follows from
 * an input that came or went. */
static bool
is_implied(const struct key_diff *d, const struct key_difference *x)
{
	size_t i;

	if (part_of(x)->subject != KEY_OF_NAMES)
		return false;
	for (i = 0; i < d->count; i++)
		if (part_of(&d->list[i])->subject == KEY_OF_INPUT &&
		    d->list[i].change != KEY_CHANGED)
			return true;
	return false;
}

/* Whether Y is of the same thing as X before it: what a definition closes over,
 * the data of a module. */
static bool
is_more_of(const struct key_difference *x, const struct key_difference *y)
{
	const struct key_part *p = part_of(x), *q = part_of(y);

	return p->subject == q->subject && p->subject != KEY_OF_INPUT &&
		q->name_len > p->name_len && q->name[p->name_len] == ',' &&
		!memcmp(p->name, q->name, p->name_len);
}

/* Append the subjects of which parts have CHANGE, "recipe and 2 inputs", or
 * nothing; if KINDS, without numbers and names.  Returns how many there are. */
static size_t
add_subjects(const struct key_diff *d, enum key_change change, bool kinds,
	     struct strbuf *out)
{
	size_t of[KEY_SUBJECTS] = { 0 }, last[KEY_SUBJECTS] = { 0 };
	size_t i, left = 0, total = 0;
	int s;

	for (i = 0; i < d->count; i++) {
		s = (int)part_of(&d->list[i])->subject;
		if (d->list[i].change != change ||
		    is_implied(d, &d->list[i]) ||
		    (of[s] && is_more_of(&d->list[last[s]], &d->list[i])))
			continue;
		left += !of[s];
		of[s]++;
		last[s] = i;
	}
	for (s = 0; s < KEY_SUBJECTS; s++) {
		if (!of[s])
			continue;
		if (total)
			strbuf_adds(out, left > 1 ? ", " : " and ");
		if (subjects[s].several && kinds)
			strbuf_adds(out, subjects[s].several);
		else if (of[s] > 1 && subjects[s].several)
			strbuf_addf(out, "%zu %s", of[s], subjects[s].several);
		else
			key_part_add_words(part_of(&d->list[last[s]]), out);
		total += !subjects[s].several ? 1 : kinds ? 2 : of[s];
		left--;
	}
	return total;
}

static void
add_all(const struct key_diff *d, bool kinds, struct strbuf *out)
{
	/* in the order of enum key_change */
	static const char *const verbs[][2] = {
		{ " changed", " changed" },
		{ " is new", " are new" },
		{ " is gone", " are gone" },
		{ " cannot be compared", " cannot be compared" },
	};
	size_t start = out->len, at, count;
	int i;

	for (i = 0; i < (int)ARRAY_SIZE(verbs); i++) {
		at = out->len;
		if (at > start)
			strbuf_adds(out, "; ");
		count = add_subjects(d, (enum key_change)i, kinds, out);
		if (count)
			strbuf_adds(out, verbs[i][count > 1]);
		else
			strbuf_truncate(out, at);
	}
	if (out->len == start)
		strbuf_adds(out, "nothing changed");
}

void
key_diff_add_words(const struct key_diff *d, struct strbuf *out)
{
	add_all(d, false, out);
}

void
key_diff_add_kinds(const struct key_diff *d, struct strbuf *out)
{
	add_all(d, true, out);
}

int
key_diff_words(const char *old, size_t old_len, const char *new,
	       size_t new_len, struct strbuf *out, struct error *err)
{
	struct key_diff d;
	int ret = key_diff_init(&d, old, old_len, new, new_len, err);

	if (!ret)
		key_diff_add_words(&d, out);
	key_diff_release(&d);
	return ret;
}
