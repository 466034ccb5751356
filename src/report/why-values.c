/*
 * What a difference between keys is made of: values, old and new, where they
 * are known; the tasks that made them; and where else to look.
 */
#include "base/base.h"

#include "report/why-state.h"

#include <stdlib.h>
#include <string.h>

#include "base/cbor.h"
#include "base/clock.h"
#include "base/text.h"
#include "model/value.h"
#include "store/files.h"

enum {
	MAX_VALUE_BYTES = 60,
	MAX_TASKS = 3,        /* of a join, by name */
};

/* What describes one difference. */
struct describing {
	struct why_state *w;
	const struct why *why;
	const struct key_difference *x;
	const char *command;
	struct why_values *v;
};

void
why_values_init(struct why_values *v)
{
	strbuf_init(&v->old);
	strbuf_init(&v->new);
	strbuf_init(&v->notes);
}

void
why_values_release(struct why_values *v)
{
	strbuf_release(&v->old);
	strbuf_release(&v->new);
	strbuf_release(&v->notes);
}

/* Append the beginning of the digest BYTES, enough to tell two apart. */
static void
add_digest(struct strbuf *sb, const char *bytes)
{
	size_t i;

	for (i = 0; bytes && i < 4; i++)
		strbuf_addf(sb, "%02x", (unsigned char)bytes[i]);
}

/* Append what tells the content of A from others. */
static void
add_content(struct strbuf *sb, const struct artifact *a)
{
	add_digest(sb, (const char *)a->digest.bytes);
	strbuf_adds(sb, " (");
	text_add_size(sb, a->size_bytes);
	strbuf_addch(sb, ')');
}

/* ---- texts ---- */

/* Append the text that the store has of the digest BYTES (may be NULL). */
static int
add_text(const struct describing *d, const char *bytes, struct strbuf *sb,
	 struct error *err)
{
	struct digest digest;

	if (!bytes)
		return 0;
	memcpy(digest.bytes, bytes, DIGEST_BYTES);
	return MIN(store_text_get(d->w->store, &digest, sb, err), 0);
}

/* Append a value that the store has as CBOR. */
static int
add_stored_value(const struct describing *d, const char *bytes,
		 struct strbuf *sb, struct error *err)
{
	struct strbuf cbor = STRBUF_INIT;
	int rc = add_text(d, bytes, &cbor, err);

	if (!rc && cbor.len)
		value_print(cbor.buf, cbor.len, MAX_VALUE_BYTES, sb);
	strbuf_release(&cbor);
	return rc;
}

/* ---- parameters ---- */

/* The value of the parameter NAME of R, or NULL. */
static const char *
find_parameter(const struct run_record *r, const char *name, size_t name_len,
	       size_t *len)
{
	const char *value = NULL, *s;
	struct cbor c;
	size_t n, s_len;

	cbor_init(&c, r->parameters, r->parameters_len);
	for (n = r->parameters_len ? cbor_get_array(&c) : 0; n && !c.failed;
	     n--) {
		cbor_get_array(&c);
		s = cbor_get_text(&c, &s_len);
		value = cbor_span(&c, len);
		cbor_skip(&c);
		if (s_len == name_len && !memcmp(s, name, name_len))
			return c.failed ? NULL : value;
	}
	return NULL;
}

/* Note the parameters that have other values than in the run before. */
static void
note_parameters(const struct describing *d)
{
	const struct run_record *run = &d->w->target->run;
	struct strbuf *notes = &d->v->notes;
	const char *name, *value, *old;
	size_t n, name_len, len, old_len;
	struct cbor c;

	cbor_init(&c, run->parameters, run->parameters_len);
	for (n = run->parameters_len ? cbor_get_array(&c) : 0;
	     n && !c.failed; n--) {
		cbor_get_array(&c);
		name = cbor_get_text(&c, &name_len);
		value = cbor_span(&c, &len);
		cbor_skip(&c);
		old = c.failed ? NULL :
			find_parameter(d->why->base_run, name, name_len,
				       &old_len);
		if (!old || (old_len == len && !memcmp(old, value, len)))
			continue;
		strbuf_adds(notes, "parameter ");
		text_add_escaped(notes, name, name_len);
		strbuf_adds(notes, " was ");
		value_print(old, old_len, MAX_VALUE_BYTES, notes);
		strbuf_adds(notes, ", is ");
		value_print(value, len, MAX_VALUE_BYTES, notes);
		strbuf_addch(notes, '\n');
	}
}

/* ---- recipes ---- */

static int
describe_recipe(const struct describing *d, struct error *err)
{
	const struct key_part *old = &d->x->old, *new = &d->x->new;
	struct why_values *v = d->v;

	if (add_text(d, old->source, &v->old, err) ||
	    add_text(d, new->source, &v->new, err))
		return -1;
	note_parameters(d);
	if (!v->old.len || !v->new.len || strcmp(v->old.buf, v->new.buf))
		return 0;
	strbuf_reset(&v->old);
	strbuf_reset(&v->new);
	strbuf_adds(&v->notes, "its text is the same, the values in it are "
		    "not\n");
	return 0;
}

/* The notes of both parts; without one it is STANDARD. */
static void
describe_by_notes(const struct describing *d, const char *standard)
{
	const struct key_part *old = &d->x->old, *new = &d->x->new;

	if (!old->note && !new->note)
		return;
	if (old->note)
		text_add_escaped(&d->v->old, old->note, old->note_len);
	else if (old->name)
		strbuf_adds(&d->v->old, standard);
	if (new->note)
		text_add_escaped(&d->v->new, new->note, new->note_len);
	else if (new->name)
		strbuf_adds(&d->v->new, standard);
}

/* ---- what other tasks made ---- */

static const struct artifact *
find_result(const struct attempt_record *a, const char *name)
{
	size_t i;

	for (i = 0; i < a->result_count; i++)
		if (!strcmp(a->results[i].name, name))
			return &a->results[i];
	return NULL;
}

/* Append what A gives under NAME: a result, or else its outputs. */
static void
add_given(struct strbuf *sb, const struct attempt_record *a, const char *name)
{
	const struct artifact *r = find_result(a, name);
	size_t i;

	if (a->outcome == TASK_CAUGHT)
		strbuf_adds(sb, "a failure that was caught");
	else if (r && r->format == ARTIFACT_INLINE)
		value_print(r->value, r->value_len, MAX_VALUE_BYTES, sb);
	else if (r)
		add_content(sb, r);
	for (i = 0; !r && i < a->output_count; i++) {
		if (i)
			strbuf_adds(sb, ", ");
		text_add_escaped(sb, a->outputs[i].name,
				 strlen(a->outputs[i].name));
		strbuf_addch(sb, ' ');
		add_content(sb, &a->outputs[i]);
	}
}

/* Whether a task of split INNER stands inside split OUTER. */
static bool
is_inside(const char *inner, const char *outer)
{
	size_t len = strlen(outer);

	return !len || (!strncmp(inner, outer, len) &&
			(!inner[len] || inner[len] == '.'));
}

/* The task of T, of one step, that is read in SPLIT. */
static const struct attempt_record *
find_read(const struct tasks *t, const char *split)
{
	size_t i;

	for (i = 0; i < t->all.count; i++)
		if (is_inside(split, t->all.list[i].split))
			return &t->all.list[i];
	return NULL;
}

/* Note that A made what is read, and how to ask further. */
static void
note_maker(const struct describing *d, const struct attempt_record *a)
{
	struct strbuf *notes = &d->v->notes;

	strbuf_adds(notes, "made by ");
	why_add_task(notes, a);
	if (a->outcome == TASK_REUSED) {
		strbuf_adds(notes, ", which was reused\n");
		return;
	}
	strbuf_addf(notes, "; see %s why ", d->command);
	why_add_task(notes, a);
	strbuf_addch(notes, '\n');
}

static void
describe_from(const struct describing *d, const struct tasks *old,
	      const char *old_name, const struct tasks *new,
	      const char *new_name)
{
	const struct attempt_record *o = find_read(old, d->why->base->split);
	const struct attempt_record *n = find_read(new, d->why->task->split);

	if (o)
		add_given(&d->v->old, o, old_name);
	if (!n)
		return;
	add_given(&d->v->new, n, new_name);
	note_maker(d, n);
}

/* Whether A and B gave the same under NAME; else BOTH says what. */
static bool
gave_same(const struct attempt_record *a, const struct attempt_record *b,
	  const char *name, struct strbuf *both)
{
	struct strbuf old = STRBUF_INIT;
	bool same;

	add_given(both, a, name);
	add_given(&old, b, name);
	same = !strcmp(both->buf, old.buf);
	strbuf_adds(both, ", ");
	why_add_task(both, b);
	strbuf_addf(both, " %s", old.buf);
	strbuf_release(&old);
	return same;
}

/* Note tasks of FROM, read in SPLIT: those of which AGAINST has none like it,
 * which are WHAT ("new"), or if WHAT is NULL those that gave something else
 * under NAME.  Returns how many there are. */
static size_t
note_joined(const struct describing *d, const struct tasks *from,
	    const char *split, const struct tasks *against, const char *name,
	    const char *what)
{
	struct strbuf *notes = &d->v->notes;
	struct strbuf both = STRBUF_INIT;
	size_t i, count = 0;

	for (i = 0; i < from->all.count; i++) {
		const struct attempt_record *a = &from->all.list[i];
		const struct attempt_record *b = tasks_find(against, a);

		strbuf_reset(&both);
		if (!is_inside(a->split, split) || !what != !!b ||
		    (b && gave_same(a, b, name, &both)) ||
		    count++ >= MAX_TASKS)
			continue;
		why_add_task(notes, a);
		if (what)
			strbuf_addf(notes, " is %s\n", what);
		else
			strbuf_addf(notes, " gave %s\n", both.buf);
	}
	if (count > MAX_TASKS)
		strbuf_addf(notes, "and %zu more %s %s\n", count - MAX_TASKS,
			    what ? "are" : "gave", what ? what : "others");
	strbuf_release(&both);
	return count;
}

static void
describe_join(const struct describing *d, const struct tasks *old,
	      const struct tasks *new, const char *name)
{
	const char *was = d->why->base->split, *is = d->why->task->split;

	if (note_joined(d, new, is, old, name, NULL) +
	    note_joined(d, new, is, old, name, "new") +
	    note_joined(d, old, was, new, name, "gone") == 0)
		strbuf_adds(&d->v->notes, "the order of the list changed\n");
}

/* The tasks that P's note names, "STEP NAME", as RUN has them; *NAME, to be
 * freed, stays NULL when there is no note. */
static int
read_makers(const struct describing *d, const struct key_part *p,
	    uint32_t run, struct tasks *tasks, char **name, struct error *err)
{
	size_t len;
	char *step;
	int rc;

	memset(tasks, 0, sizeof(*tasks));
	*name = NULL;
	if (!p->note)
		return 0;
	step = xstrndup(p->note, p->note_len);
	len = strcspn(step, " ");
	*name = xstrdup(step + len + (step[len] == ' '));
	step[len] = '\0';
	rc = tasks_read(tasks, d->w->store, run, step, err);
	free(step);
	return rc;
}

/* What is read from other tasks. */
static int
describe_read(const struct describing *d, struct error *err)
{
	char *old_name = NULL, *new_name = NULL;
	struct tasks old, new;
	int rc;

	rc = read_makers(d, &d->x->new, d->w->target->run.number, &new,
			 &new_name, err);
	/* without notes of its own it read what it reads now */
	if (read_makers(d, d->x->old.note ? &d->x->old : &d->x->new,
			d->why->base_run->number, &old, &old_name, err))
		rc = -1;
	if (!rc && new_name && d->x->change == KEY_CHANGED) {
		if (d->x->new.subject == KEY_OF_FROM)
			describe_from(d, &old, old_name, &new, new_name);
		else
			describe_join(d, &old, &new, new_name);
	}
	tasks_release(&old);
	tasks_release(&new);
	free(old_name);
	free(new_name);
	return rc;
}

/* ---- files ---- */

/* Note which task of STEP, in this run, made PATH. */
static int
note_file_maker(const struct describing *d, const char *path,
		const char *step, struct error *err)
{
	char *name = xstrdup(step);
	struct tasks tasks = { .all = { .count = 0 } };
	int rc = tasks_read(&tasks, d->w->store, d->w->target->run.number,
			    name, err);
	size_t i, k;

	for (i = 0; i < tasks.all.count; i++) {
		const struct attempt_record *a = &tasks.all.list[i];

		for (k = 0; k < a->output_count; k++)
			if (!strcmp(a->outputs[k].name, path))
				note_maker(d, a);
	}
	tasks_release(&tasks);
	free(name);
	return rc;
}

static int
describe_input(const struct describing *d, struct error *err)
{
	const struct key_part *p = d->x->new.name ? &d->x->new : &d->x->old;
	char *path = xstrndup(p->object, p->object_len);
	struct files *files = files_new(d->w->store, &clock_system);
	struct file_state now;
	const char *step;
	int rc;

	add_digest(&d->v->old, d->x->old.digest);
	add_digest(&d->v->new, d->x->new.digest);
	rc = files_known(files, path, &now, err);
	if (rc > 0 && d->x->new.digest &&
	    !memcmp(d->x->new.digest, now.digest.bytes, DIGEST_BYTES)) {
		strbuf_adds(&d->v->new, " (");
		text_add_size(&d->v->new, now.size_bytes);
		strbuf_addch(&d->v->new, ')');
	}
	if (rc >= 0)
		rc = files_maker(files, path, &step, err);
	if (rc > 0)
		rc = note_file_maker(d, path, step, err);
	files_free(files);
	free(path);
	return rc;
}

/* Append the names of what A made. */
static void
add_made(struct strbuf *sb, const struct attempt_record *a)
{
	size_t i;

	for (i = 0; i < a->output_count; i++) {
		strbuf_adds(sb, sb->len ? " " : "");
		text_add_escaped(sb, a->outputs[i].name,
				 strlen(a->outputs[i].name));
	}
	for (i = 0; i < a->result_count; i++)
		strbuf_addf(sb, "%s%s", sb->len ? " " : "",
			    a->results[i].name);
}

static void
describe_names(const struct describing *d)
{
	struct why_values *v = d->v;

	add_made(&v->old, d->why->base);
	add_made(&v->new, d->why->task);
	if (strcmp(v->old.buf, v->new.buf))
		return;
	strbuf_reset(&v->old);
	strbuf_reset(&v->new);
	strbuf_adds(&v->notes, "names, kinds or order of its inputs, outputs "
		    "and results\n");
}

/* ---- all ---- */

static void
describe_words(const struct describing *d, const char *old, const char *new)
{
	text_add_escaped(&d->v->old, old, strlen(old));
	text_add_escaped(&d->v->new, new, strlen(new));
}

int
why_values_read(struct why_state *w, const struct why *why,
		const struct key_difference *x, const char *command,
		struct why_values *v, struct error *err)
{
	struct describing d = { w, why, x, command, v };

	if (x->change == KEY_UNKNOWN)
		return 0;
	switch (x->new.name ? x->new.subject : x->old.subject) {
	case KEY_OF_RECIPE:
		return describe_recipe(&d, err);
	case KEY_OF_INTERPRETER:
		describe_by_notes(&d, "bash -euo pipefail -c");
		return 0;
	case KEY_OF_ENVIRONMENT:
	case KEY_OF_IMAGE:
		describe_by_notes(&d, "");
		return 0;
	case KEY_OF_PARAMETER:
	case KEY_OF_DEFINITION:
		if (add_stored_value(&d, x->old.digest, &v->old, err))
			return -1;
		return add_stored_value(&d, x->new.digest, &v->new, err);
	case KEY_OF_FOREACH:
		describe_words(&d, why->base->element, why->task->element);
		return 0;
	case KEY_OF_STEM:
	case KEY_OF_SPLIT:
		describe_words(&d, why->base->split, why->task->split);
		return 0;
	case KEY_OF_NAMES:
		describe_names(&d);
		return 0;
	case KEY_OF_FROM:
	case KEY_OF_JOIN:
		return describe_read(&d, err);
	case KEY_OF_PARAMETERS:
		note_parameters(&d);
		return 0;
	case KEY_OF_INPUT:
		return describe_input(&d, err);
	case KEY_OF_FORMAT:
	case KEY_OF_MODULE:
	case KEY_OF_OTHER:
	case KEY_SUBJECTS:
		break;
	}
	return 0;
}
