/*
 * What failed in a run, kept until its end and named there: the first tasks of
 * each step, so that no fan-out hides other steps, and of not too many steps.
 */
#include "base/base.h"

#include "report/live.h"

#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/strbuf.h"
#include "base/strvec.h"
#include "base/text.h"
#include "report/live-state.h"
#include "report/target.h"

enum {
	TASKS_OF_STEP = 3,  /* with their last lines, */
	STEPS_IN_FULL = 10, /* of so many steps, */
	TASKS_IN_FULL = 12, /* about so many in all */
	STEPS_NAMED = 50,   /* with one line at least */
};

/* A task that failed for good. */
struct failure {
	char *name;          /* "15/count/3 books/a.txt" */
	char *path;          /* "15/count/3" */
	char *message;       /* or NULL */
	struct strvec lines; /* its last */
};

/* A step of which some did. */
struct failed_step {
	uint64_t count;      /* of its tasks */
	struct failure kept[TASKS_OF_STEP]; /* the first */
	size_t kept_count;
};

/* ---- keeping ---- */

struct strvec *
live_keep_failure(struct live *l, const struct task_news *t,
		  const struct attempt_record *a)
{
	struct map_entry *e = map_enter(&l->failed, t->step, strlen(t->step));
	struct failed_step *step = e->value;
	size_t number = (size_t)(e - l->failed.entries);
	struct strbuf sb = STRBUF_INIT;
	struct failure *f;

	if (!step)
		e->value = step = xcalloc(1, sizeof(*step));
	step->count++;
	if (step->kept_count == (number < STEPS_IN_FULL ? TASKS_OF_STEP :
				 number < STEPS_NAMED ? 1 : 0))
		return NULL;
	f = &step->kept[step->kept_count++];
	live_add_task(&sb, t, SIZE_MAX);
	f->name = strbuf_detach(&sb, NULL);
	f->path = xasprintf("%u/%s", t->run, t->name);
	f->message = a->message ? xstrdup(a->message) : NULL;
	f->lines = (struct strvec)STRVEC_INIT;
	return number < STEPS_IN_FULL ? &f->lines : NULL;
}

void
live_free_failures(struct live *l)
{
	size_t i;

	map_each(&l->failed, e) {
		struct failed_step *step = e->value;

		for (i = 0; i < step->kept_count; i++) {
			free(step->kept[i].name);
			free(step->kept[i].path);
			free(step->kept[i].message);
			strvec_release(&step->kept[i].lines);
		}
		free(step);
	}
	map_release(&l->failed);
}

/* ---- naming ---- */

/* Whether LINE is what MESSAGE, or NULL, begins with, and was said already. */
static bool
is_said(const char *message, const char *line)
{
	size_t len = strlen(line);

	return message && !strncmp(message, line, len) &&
		(!message[len] || message[len] == '\n');
}

/* Append the last lines of F, and the command that shows all. */
static void
add_tail(const struct live *l, const struct failure *f, struct strbuf *sb)
{
	const struct strvec *lines = &f->lines;
	size_t i;

	for (i = 0; i < lines->count; i++) {
		if (is_said(f->message, lines->v[i]))
			continue;
		strbuf_adds(sb, "    ");
		lines_add_escaped(sb, lines->v[i], strlen(lines->v[i]));
		strbuf_addch(sb, '\n');
	}
	strbuf_addf(sb, "    %s: %s %s ",
		    i ? "the whole log" : "it printed nothing",
		    l->options.command, i ? "logs" : "show");
	target_add_quoted(sb, f->path);
	strbuf_addch(sb, '\n');
}

/* Append the name of F, and why it failed. */
static void
add_failure(const struct live *l, const struct failure *f, struct strbuf *sb)
{
	live_add_bad(l, sb, "Failed: ");
	strbuf_adds(sb, f->name);
	if (f->message) {
		strbuf_adds(sb, ": ");
		lines_add_escaped(sb, f->message, strcspn(f->message, "\n"));
	}
	strbuf_addch(sb, '\n');
}

/* Append the step NAME with the first tasks of it, at most MAX, with their last
 * lines where they are IN_FULL. */
static void
add_step(const struct live *l, const char *name, const struct failed_step *step,
	 size_t max, bool in_full, struct strbuf *sb)
{
	size_t count = MIN(step->kept_count, max), i;
	char *path;

	for (i = 0; i < count; i++) {
		add_failure(l, &step->kept[i], sb);
		if (in_full)
			add_tail(l, &step->kept[i], sb);
	}
	if (step->count == count)
		return;
	text_add_count(sb, step->count - count);
	strbuf_adds(sb, " more of step '");
	text_add_escaped(sb, name, strlen(name));
	strbuf_addf(sb, "': %s show ", l->options.command);
	path = xasprintf("%u/%s", l->run, name);
	target_add_quoted(sb, path);
	strbuf_addch(sb, '\n');
	free(path);
}

void
live_say_failures(struct live *l)
{
	size_t steps = l->failed.live, number = 0, max;
	struct strbuf sb = STRBUF_INIT;
	uint64_t left_out = 0;

	if (!steps)
		return;
	max = MAX(MIN(TASKS_IN_FULL / steps, TASKS_OF_STEP), 1);
	map_each(&l->failed, e) {
		const struct failed_step *step = e->value;

		if (number < STEPS_NAMED)
			add_step(l, e->key, step, max, number < STEPS_IN_FULL,
				 &sb);
		else
			left_out += step->count;
		number++;
	}
	if (left_out) {
		text_add_count(&sb, left_out);
		strbuf_addf(&sb, " more task%s of ", left_out == 1 ? "" : "s");
		text_add_count(&sb, steps - STEPS_NAMED);
		strbuf_addf(&sb, " more step%s: %s show %u\n",
			    steps - STEPS_NAMED == 1 ? "" : "s",
			    l->options.command, l->run);
	}
	live_say(l, l->err, &sb);
	strbuf_release(&sb);
}
