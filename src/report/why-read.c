/*
 * What a task reads from other tasks, as it was and as it is.
 */
#include "base/base.h"

#include "report/why-state.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "model/artifact.h"
#include "model/value.h"

enum { MAX_TASKS = 3 }; /* of a join, by name */

/* Append what tells the content of A from others. */
static void
add_content(struct strbuf *sb, const struct artifact *a)
{
	why_add_digest(sb, (const char *)a->digest.bytes);
	strbuf_adds(sb, " (");
	text_add_size(sb, a->size_bytes);
	strbuf_addch(sb, ')');
}

/* Append what A gives under NAME: a result, or else its outputs. */
static void
add_given(struct strbuf *sb, const struct attempt_record *a, const char *name)
{
	const struct artifact *r = artifact_find(a->results, a->result_count,
						 name);
	size_t i;

	if (a->outcome == TASK_CAUGHT)
		strbuf_adds(sb, "a failure that was caught");
	else if (r && r->format == ARTIFACT_INLINE)
		value_print(r->value, r->value_len, WHY_VALUE_BYTES, sb);
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

void
why_note_maker(const struct why_describing *d, const struct attempt_record *a)
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
describe_from(const struct why_describing *d, const struct tasks *old,
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
	why_note_maker(d, n);
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
note_joined(const struct why_describing *d, const struct tasks *from,
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
describe_join(const struct why_describing *d, const struct tasks *old,
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
read_makers(const struct why_describing *d, const struct key_part *p,
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

int
why_describe_read(const struct why_describing *d, struct error *err)
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
