/*
 * Why tasks were executed, for people.
 */
#include "base/base.h"

#include "report/why.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "report/table.h"
#include "report/why-state.h"

enum {
	SHORT_BYTES = 60,   /* old and new of this length share a line */
	CHANGED_LINES = 10, /* of a text, so many are shown on each side */
};

/* ---- one line ---- */

/* Append why it cannot be said that the task of WHY is new. */
static void
add_unknown(const struct why *why, struct strbuf *out)
{
	if (!why->looked_at)
		strbuf_adds(out, "no earlier run is kept");
	else if (why->looked_at == 1)
		strbuf_adds(out, "the earlier run that was looked at did not "
				 "run it");
	else
		strbuf_addf(out, "the %zu earlier runs that were looked at "
				 "did not run it", why->looked_at);
}

void
why_add_words(const struct why *why, struct strbuf *out)
{
	switch (why->reason) {
	case WHY_NEW:
		strbuf_adds(out, "it never ran before");
		break;
	case WHY_UNKNOWN:
		strbuf_adds(out, "it may be new: ");
		add_unknown(why, out);
		break;
	case WHY_NEW_ELEMENT:
		strbuf_adds(out, "its element is new");
		break;
	case WHY_WAS_SKIPPED:
		strbuf_adds(out, "it was skipped before");
		break;
	case WHY_CHANGED:
	case WHY_ALWAYS:
		key_diff_add_words(&why->diff, out);
		break;
	case WHY_NO_RESULT:
		strbuf_adds(out, "its last attempt ");
		strbuf_adds(out, task_outcome_not_good(why->base->outcome));
		break;
	case WHY_EVERY:
		strbuf_adds(out, "nothing changed; run executes every task");
		break;
	case WHY_RERUN:
		strbuf_adds(out, "--rerun asked for it");
		break;
	case WHY_STALE:
		strbuf_adds(out, "what it read was changed after it was made");
		break;
	case WHY_GONE:
		strbuf_adds(out, "what it had made was gone or changed");
		break;
	case WHY_REUSED:
		strbuf_adds(out, "nothing changed");
		break;
	case WHY_SKIPPED:
		strbuf_adds(out, "its when is false, or what it reads was "
			    "skipped");
		break;
	case WHY_NOT_STARTED:
		strbuf_adds(out, "it failed before it could start");
		break;
	}
}

/* ---- one task ---- */

/* Append the lines of TEXT, each after PREFIX, CHANGED_LINES at most. */
static void
add_lines(struct strbuf *out, const char *prefix, const char *text, size_t len)
{
	unsigned shown = 0;

	while (len) {
		const char *end = memchr(text, '\n', len);
		size_t n = end ? (size_t)(end - text) : len;

		if (shown++ == CHANGED_LINES) {
			strbuf_addf(out, "%s...\n", prefix);
			return;
		}
		strbuf_adds(out, prefix);
		text_add_escaped(out, text, n);
		strbuf_addch(out, '\n');
		n += end != NULL;
		text += n;
		len -= n;
	}
}

/* How many bytes of whole lines A and B begin with alike. */
static size_t
same_start(const struct strbuf *a, const struct strbuf *b)
{
	size_t i, lines = 0;

	for (i = 0; i < a->len && i < b->len && a->buf[i] == b->buf[i]; i++)
		if (a->buf[i] == '\n')
			lines = i + 1;
	return lines;
}

/* How many bytes of whole lines they end with alike, behind START. */
static size_t
same_end(const struct strbuf *a, const struct strbuf *b, size_t start)
{
	size_t max = MIN(a->len, b->len) - start, i, lines = 0;

	for (i = 0; i < max; i++) {
		if (a->buf[a->len - 1 - i] != b->buf[b->len - 1 - i])
			break;
		if (a->buf[a->len - 1 - i] == '\n')
			lines = i;
	}
	return lines;
}

/* Append the lines of OLD and NEW that are not alike. */
static void
add_change(struct strbuf *out, const struct strbuf *old,
	   const struct strbuf *new)
{
	size_t start = same_start(old, new);
	size_t end = same_end(old, new, start);

	add_lines(out, "    - ", old->buf + start, old->len - start - end);
	add_lines(out, "    + ", new->buf + start, new->len - start - end);
}

static bool
is_short(const struct why_values *v)
{
	return v->old.len + v->new.len <= SHORT_BYTES &&
		!strchr(v->old.buf, '\n') && !strchr(v->new.buf, '\n');
}

/* Append difference X, of the key or of what the step mentions, with its values
 * V. */
static void
add_difference(struct strbuf *out, const struct key_difference *x,
	       bool is_mentioned, const struct why_values *v)
{
	static const char *const verbs[] = {
		[KEY_CHANGED] = " changed",
		[KEY_ADDED] = " is new",
		[KEY_REMOVED] = " is gone",
		[KEY_UNKNOWN] = " cannot be compared",
	};

	strbuf_adds(out, "  ");
	key_part_add_words(x->new.name ? &x->new : &x->old, out);
	strbuf_adds(out, is_mentioned ? ", which the step mentions," : "");
	strbuf_adds(out, verbs[x->change]);
	if (is_short(v)) {
		if (v->old.len || v->new.len)
			strbuf_adds(out, ": ");
		text_add_escaped(out, v->old.buf, v->old.len);
		if (v->old.len && v->new.len)
			strbuf_adds(out, " -> ");
		text_add_escaped(out, v->new.buf, v->new.len);
		strbuf_addch(out, '\n');
	} else {
		strbuf_addch(out, '\n');
		add_change(out, &v->old, &v->new);
	}
	add_lines(out, "    ", v->notes.buf, v->notes.len);
}

/* Append those of DIFF, the key's of WHY, or of what is MENTIONED. */
static int
add_differences(struct why_state *w, const struct why *why,
		const struct key_diff *diff, bool mentioned,
		const char *command, struct strbuf *out, struct error *err)
{
	struct why_values v;
	size_t i;
	int rc = 0;

	for (i = 0; !rc && i < diff->count; i++) {
		why_values_init(&v);
		rc = why_values_read(w, why, &diff->list[i], command, &v, err);
		if (!rc)
			add_difference(out, &diff->list[i], mentioned, &v);
		why_values_release(&v);
	}
	return rc;
}

/* Append "16/count/3 (books/d.txt)". */
static void
add_subject(struct strbuf *out, const struct attempt_record *t)
{
	why_add_task(out, t);
	if (!*t->element)
		return;
	strbuf_adds(out, " (");
	text_add_escaped(out, t->element, strlen(t->element));
	strbuf_addch(out, ')');
}

/* Append the sentence on a task that has a base of the same key. */
static void
add_same_key(struct strbuf *out, const struct why *why)
{
	switch (why->reason) {
	case WHY_NO_RESULT:
		strbuf_adds(out, " because ");
		why_add_task(out, why->base);
		strbuf_addch(out, ' ');
		strbuf_adds(out, task_outcome_not_good(why->base->outcome));
		if (why->base->outcome == TASK_FAILED && why->base->message) {
			strbuf_adds(out, ": ");
			text_add_escaped(out, why->base->message,
					 strlen(why->base->message));
		}
		strbuf_adds(out, "; nothing changed since\n");
		return;
	case WHY_EVERY:
		strbuf_adds(out, " although nothing changed since ");
		why_add_task(out, why->base);
		strbuf_adds(out, ": run executes every task, resume only "
			    "those that changed\n");
		return;
	default:
		strbuf_adds(out, " although nothing changed since ");
		why_add_task(out, why->base);
		strbuf_adds(out, ": what that made was gone or changed\n");
		return;
	}
}

/* Append the sentence on a task that did not run, and return true. */
static bool
add_did_not_run(struct strbuf *out, const struct why *why)
{
	const struct attempt_record *t = why->task;

	switch (why->reason) {
	case WHY_REUSED:
		strbuf_adds(out, " did not run: nothing changed since ");
		why_add_task(out, why->base ? why->base : t);
		strbuf_adds(out, ", whose result it has\n");
		return true;
	case WHY_SKIPPED:
		strbuf_adds(out, " was skipped: its when is false, or what "
			    "it reads was skipped\n");
		return true;
	case WHY_NOT_STARTED:
		strbuf_adds(out, " failed before it could start: ");
		text_add_escaped(out, t->message ? t->message : "",
				 t->message ? strlen(t->message) : 0);
		strbuf_addch(out, '\n');
		return true;
	default:
		return false;
	}
}

/* Append the first sentence; differences follow. */
static void
add_sentence(struct strbuf *out, const struct why *why)
{
	const struct attempt_record *t = why->task;

	add_subject(out, t);
	if (add_did_not_run(out, why))
		return;
	strbuf_adds(out, t->outcome == TASK_RUNNING ? " runs" : " ran");
	switch (why->reason) {
	case WHY_NEW:
		strbuf_adds(out, " because it never ran before\n");
		return;
	case WHY_UNKNOWN:
		strbuf_adds(out, ", maybe for the first time: ");
		add_unknown(why, out);
		strbuf_addch(out, '\n');
		return;
	case WHY_NEW_ELEMENT:
		strbuf_adds(out, " because its element is new\n");
		return;
	case WHY_WAS_SKIPPED:
		strbuf_adds(out, " because it is not skipped any more, as ");
		why_add_task(out, why->base);
		strbuf_adds(out, " was\n");
		return;
	case WHY_RERUN:
		strbuf_adds(out, " because --rerun asked for it\n");
		return;
	case WHY_STALE:
		strbuf_adds(out, " because a file that it read was changed "
			    "after its task had made it\n");
		return;
	case WHY_ALWAYS:
		strbuf_adds(out, ", as it always does: data that it depends "
			    "on cannot be stored\n");
		return;
	case WHY_CHANGED:
		strbuf_adds(out, " because of what changed since ");
		why_add_task(out, why->base);
		if (why->base->outcome != TASK_DONE &&
		    why->base->outcome != TASK_REUSED)
			strbuf_addf(out, ", which %s", task_outcome_not_good(
					    why->base->outcome));
		strbuf_adds(out, ":\n");
		return;
	default:
		add_same_key(out, why);
	}
}

/* ---- several tasks ---- */

/* Tasks of a step of which the same can be said. */
struct group {
	const struct attempt_record *first;
	struct group *next;  /* of the same step, in order of first tasks */
	const char *words;   /* in the arena; NULL: they differ */
	const char *kinds;   /* the same without names */
	bool has_more;       /* a task alone tells more */
	size_t count;
};

/* The groups, and by step the first and the last of each. */
struct groups {
	struct map by_key;
	struct map first;
	struct map last;
};

/* The group of KEY, made of T if it is new. */
static struct group *
get_group(struct why_state *w, struct groups *all, const struct strbuf *key,
	  const struct attempt_record *t, const char *words)
{
	struct group *g = map_get(&all->by_key, key->buf, key->len), *last;

	if (g)
		return g;
	g = arena_zalloc(&w->arena, sizeof(*g));
	g->first = t;
	g->words = arena_strdup(&w->arena, words);
	g->kinds = strrchr(arena_strdup(&w->arena, key->buf), '\n') + 1;
	map_set(&all->by_key, key->buf, key->len, g);
	last = map_sets(&all->last, t->step, g);
	if (last)
		last->next = g;
	else
		map_sets(&all->first, t->step, g);
	return g;
}

static int
group_tasks(struct why_state *w, struct groups *all, struct error *err)
{
	struct strbuf key = STRBUF_INIT, words = STRBUF_INIT;
	struct group *g;
	struct why why;
	size_t i;
	int rc = 0;

	for (i = 0; !rc && i < w->tasks.count; i++) {
		const struct attempt_record *t = &w->tasks.list[i];

		rc = why_find(w, t, &why, err);
		if (rc)
			break;
		strbuf_reset(&key);
		strbuf_reset(&words);
		strbuf_addf(&key, "%s\n%s\n%s\n", t->step, why_state_name(t),
			    why_reason_name(why.reason));
		if (why.reason == WHY_CHANGED)
			key_diff_add_kinds(&why.diff, &key);
		why_add_words(&why, &words);
		g = get_group(w, all, &key, t, words.buf);
		if (g->words && strcmp(g->words, words.buf))
			g->words = NULL;
		g->has_more = why.reason == WHY_CHANGED;
		g->count++;
		why_release(&why);
	}
	strbuf_release(&key);
	strbuf_release(&words);
	return rc;
}

/* Append "Run 16 resumed run 15.". */
static void
add_run(struct strbuf *out, const struct run_record *r)
{
	if (r->origin)
		strbuf_addf(out, "Run %u resumed run %u.\n", r->number,
			    r->origin);
	else
		strbuf_addf(out, "Run %u resumed no other run.\n", r->number);
}

/* Append a row for each of GROUPS, and how to ask for more. */
static void
add_groups(const struct why_state *w, const struct groups *groups,
	   const char *command, struct strbuf *out)
{
	static const char *const headings[] = {
		"STEP", "TASKS", "STATE", "WHY"
	};
	const struct attempt_record *example = NULL;
	const struct group *g;
	struct table t;

	table_init(&t, ARRAY_SIZE(headings), 1 << 1, headings);
	map_each(&groups->first, e) {
		for (g = e->value; g; g = g->next) {
			table_add(&t, g->first->step);
			table_add_count(&t, g->count);
			table_add(&t, why_state_name(g->first));
			table_add(&t, g->words ? g->words : g->kinds);
			if (g->has_more && !example)
				example = g->first;
		}
	}
	add_run(out, &w->target->run);
	strbuf_addch(out, '\n');
	if (w->tasks.count)
		table_print(&t, out);
	else
		strbuf_adds(out, "No task of it was recorded.\n");
	table_release(&t);
	if (!example)
		return;
	strbuf_addf(out, "\nMore of one task: %s why ", command);
	why_add_task(out, example);
	strbuf_addch(out, '\n');
}

/* Append the steps of a run. */
static int
add_steps(struct why_state *w, const char *command, struct strbuf *out,
	  struct error *err)
{
	struct groups groups;
	int rc;

	map_init(&groups.by_key);
	map_init(&groups.first);
	map_init(&groups.last);
	rc = group_tasks(w, &groups, err);
	if (!rc)
		add_groups(w, &groups, command, out);
	map_release(&groups.by_key);
	map_release(&groups.first);
	map_release(&groups.last);
	return rc;
}

/* Append a row for each task. */
static int
add_tasks(struct why_state *w, struct strbuf *out, struct error *err)
{
	static const char *const headings[] = {
		"TASK", "ELEMENT", "STATE", "WHY"
	};
	struct strbuf sb = STRBUF_INIT;
	struct table t;
	struct why why;
	size_t i;
	int rc = 0;

	qsort(w->tasks.list, w->tasks.count, sizeof(*w->tasks.list),
	      attempt_compare_splits);
	table_init(&t, ARRAY_SIZE(headings), 0, headings);
	for (i = 0; !rc && i < w->tasks.count; i++) {
		const struct attempt_record *a = &w->tasks.list[i];

		rc = why_find(w, a, &why, err);
		if (rc)
			break;
		strbuf_reset(&sb);
		attempt_add_path(&sb, a);
		table_add(&t, sb.buf);
		table_add(&t, a->element);
		table_add(&t, why_state_name(a));
		strbuf_reset(&sb);
		why_add_words(&why, &sb);
		table_add(&t, sb.buf);
		why_release(&why);
	}
	if (!rc)
		table_print(&t, out);
	table_release(&t);
	strbuf_release(&sb);
	return rc;
}

/* ---- anything ---- */

static int
add_task(struct why_state *w, const char *command, struct strbuf *out,
	 struct error *err)
{
	struct why why;
	int rc = why_find(w, &w->tasks.list[0], &why, err);

	if (!rc)
		rc = why_mentions_read(w, &why, err);
	if (!rc) {
		add_sentence(out, &why);
		rc = add_differences(w, &why, &why.diff, false, command, out,
				     err);
	}
	if (!rc)
		rc = add_differences(w, &why, &why.mentions.diff, true,
				     command, out, err);
	why_release(&why);
	return rc;
}

static int
add_target(struct store *s, const struct target *t, bool json,
	   const char *command, struct strbuf *out, struct error *err)
{
	struct why_state w;
	int rc;

	if (why_state_init(&w, s, t, err))
		return -1;
	if (t->step && !w.tasks.count)
		rc = target_no_task(t, s, err);
	else if (json)
		rc = why_json(&w, command, out, err);
	else if (!t->step)
		rc = add_steps(&w, command, out, err);
	else if (w.tasks.count == 1)
		rc = add_task(&w, command, out, err);
	else
		rc = add_tasks(&w, out, err);
	why_state_release(&w);
	return rc;
}

int
why_target(struct store *s, const char *target, bool json,
	   const char *command, struct strbuf *out, struct error *err)
{
	struct target t;
	int rc;

	if (store_snapshot_begin(s, err))
		return -1;
	rc = target_parse(&t, s, target, err);
	if (!rc)
		rc = add_target(s, &t, json, command, out, err);
	target_release(&t);
	return rc;
}
