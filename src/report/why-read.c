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

/* What was read under one name. */
struct reading {
	struct tasks tasks;      /* of the step that gave it */
	char *step;              /* owned; NULL: not known */
	char *name;              /* that of the result; owned */
	const char *split;       /* where it was read */
};

static void
describe_from(const struct why_describing *d, const struct reading *old,
	      const struct reading *new)
{
	const struct attempt_record *o = find_read(&old->tasks, old->split);
	const struct attempt_record *n = find_read(&new->tasks, new->split);

	if (o)
		add_given(&d->v->old, o, old->name);
	if (!n)
		return;
	add_given(&d->v->new, n, new->name);
	why_note_maker(d, n);
}

/* Whether A gave under NAME what B gave under OLD_NAME; else BOTH says what. */
static bool
gave_same(const struct attempt_record *a, const char *name,
	  const struct attempt_record *b, const char *old_name,
	  struct strbuf *both)
{
	struct strbuf old = STRBUF_INIT;
	bool same;

	add_given(both, a, name);
	add_given(&old, b, old_name);
	same = !strcmp(both->buf, old.buf);
	strbuf_adds(both, ", ");
	why_add_task(both, b);
	strbuf_addf(both, " %s", old.buf);
	strbuf_release(&old);
	return same;
}

/* How tasks that are joined differ. */
enum joined { JOINED_OTHER, JOINED_NEW, JOINED_GONE };

/* Note tasks of FROM that differ so: those that gave something else than the
 * ones like them of AGAINST, or those of which that has none like it, or one
 * that was skipped.  Returns how many there are. */
static size_t
note_joined(const struct why_describing *d, const struct reading *from,
	    const struct reading *against, enum joined how)
{
	static const char *const words[] = { "gave", "is new", "is gone" };
	static const char *const many[] = { "gave others", "are new",
					    "are gone" };
	static const char *const skipped[] = { NULL, "was skipped",
					       "is skipped now" };
	struct strbuf *notes = &d->v->notes;
	struct strbuf both = STRBUF_INIT;
	bool was_skipped;
	size_t i, count = 0;

	for (i = 0; i < from->tasks.all.count; i++) {
		const struct attempt_record *a = &from->tasks.all.list[i], *b;

		if (!is_inside(a->split, from->split) ||
		    a->outcome == TASK_SKIPPED)
			continue;
		b = tasks_find(&against->tasks, against->step, a);
		was_skipped = b && b->outcome == TASK_SKIPPED;
		strbuf_reset(&both);
		if ((how == JOINED_OTHER) != (b && !was_skipped) ||
		    (how == JOINED_OTHER &&
		     gave_same(a, from->name, b, against->name, &both)) ||
		    count++ >= MAX_TASKS)
			continue;
		why_add_task(notes, was_skipped ? b : a);
		strbuf_addf(notes, " %s", was_skipped ? skipped[how]
						      : words[how]);
		if (how == JOINED_OTHER)
			strbuf_addf(notes, " %s", both.buf);
		strbuf_addch(notes, '\n');
	}
	if (count > MAX_TASKS)
		strbuf_addf(notes, "and %zu more %s\n", count - MAX_TASKS,
			    many[how]);
	strbuf_release(&both);
	return count;
}

static void
describe_join(const struct why_describing *d, const struct reading *old,
	      const struct reading *new)
{
	if (note_joined(d, new, old, JOINED_OTHER) +
	    note_joined(d, new, old, JOINED_NEW) +
	    note_joined(d, old, new, JOINED_GONE) == 0)
		strbuf_adds(&d->v->notes, "the order of the list changed\n");
}

/* Read what P's note names, "STEP NAME", as A, or the run RUN in its place,
 * has it; nothing when there is no note. */
static int
read_makers(const struct why_describing *d, const struct key_part *p,
	    uint32_t run, const struct attempt_record *a, struct reading *r,
	    struct error *err)
{
	size_t len;

	memset(r, 0, sizeof(*r));
	if (!p->note)
		return 0;
	r->split = a->split;
	r->step = xstrndup(p->note, p->note_len);
	len = strcspn(r->step, " ");
	r->name = xstrdup(r->step + len + (r->step[len] == ' '));
	r->step[len] = '\0';
	return tasks_read(&r->tasks, d->w->store, run, r->step, err);
}

static void
release_reading(struct reading *r)
{
	tasks_release(&r->tasks);
	free(r->step);
	free(r->name);
}

/* Whether RUN is still one, of which all is there. */
static bool
is_whole(const struct why_describing *d, uint32_t run)
{
	size_t i;

	for (i = 0; i < d->w->run_count; i++)
		if (d->w->runs[i] == run)
			return true;
	return false;
}

/* Read what base had read.  The run that executed it knows under which name; a
 * gc may have left only parts of that.  In base's own run the step may have
 * the name that it had then, or has now, or one between. */
static int
read_old_makers(const struct why_describing *d, struct reading *r,
		struct error *err)
{
	const struct why *why = d->why;
	const struct {
		const struct key_part *part;
		uint32_t run;
		const struct attempt_record *reader;
	} tries[] = {
		{ &d->x->old, why->executed->run, why->executed },
		{ &d->x->old, why->base_run->number, why->base },
		{ &d->x->new, why->base_run->number, why->base },
		{ &d->x->old, why->executed->run, why->executed },
	};
	size_t i = !is_whole(d, why->executed->run);
	int rc = 0;

	memset(r, 0, sizeof(*r));
	for (; !rc && !r->tasks.all.count && i < ARRAY_SIZE(tries); i++) {
		release_reading(r);
		rc = read_makers(d, tries[i].part, tries[i].run,
				 tries[i].reader, r, err);
	}
	return rc;
}

int
why_describe_read(const struct why_describing *d, struct error *err)
{
	struct reading old, new;
	int rc;

	rc = read_makers(d, &d->x->new, d->w->target->run.number, d->why->task,
			 &new, err);
	if (read_old_makers(d, &old, err))
		rc = -1;
	if (!rc && new.name && old.tasks.all.count &&
	    d->x->change == KEY_CHANGED) {
		if (d->x->new.subject == KEY_OF_FROM)
			describe_from(d, &old, &new);
		else
			describe_join(d, &old, &new);
	}
	release_reading(&old);
	release_reading(&new);
	return rc;
}
