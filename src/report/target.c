/*
 * Runs, steps and tasks by the words of a user.
 */
#include "base/base.h"

#include "report/target.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/map.h"
#include "base/strbuf.h"
#include "base/text.h"

bool
target_number(const char *s, size_t len, uint32_t *number)
{
	uint32_t n = 0;
	size_t i;

	if (!len || len > 9)
		return false;
	for (i = 0; i < len; i++) {
		if (s[i] < '0' || s[i] > '9')
			return false;
		n = n * 10 + (uint32_t)(s[i] - '0');
	}
	*number = n;
	return n > 0;
}

int
target_parse(struct target *t, struct store *s, const char *text,
	     struct error *err)
{
	size_t len = text ? strcspn(text, "/") : 0;
	uint32_t number = 0;
	const char *slash;
	int rc;

	memset(t, 0, sizeof(*t));
	if (len && strspn(text, "0123456789") == len &&
	    !target_number(text, len, &number))
		return error_set(err, "there is no run %.*s", (int)len, text);
	if (text && (number || target_number(text, len, &number) ||
		     (len == 6 && !memcmp(text, "latest", len))))
		text = text[len] ? text + len + 1 : NULL;
	rc = store_run_get(s, number, &t->run, err);
	if (!rc && number)
		return error_set(err, "there is no run %u", number);
	if (!rc)
		return store_forgotten(s, &number, err) ? -1 :
			store_say_no_run(number, "", err);
	if (rc < 0)
		return -1;
	if (!text || !*text)
		return 0;
	slash = strchrnul(text, '/');
	t->step = xstrndup(text, (size_t)(slash - text));
	if (slash[0] && slash[1])
		t->rest = xstrdup(slash + 1);
	return 0;
}

void
target_release(struct target *t)
{
	run_record_release(&t->run);
	free(t->step);
	free(t->rest);
	memset(t, 0, sizeof(*t));
}

/* Remember the step of A. */
static bool
note_step(void *data, const struct attempt_record *a)
{
	static char present;

	map_sets(data, a->step, &present);
	return false;
}

/* The names of MAP, NULL-terminated; to be freed. */
static const char **
list_names(const struct map *map)
{
	const char **names = xcalloc((size_t)map->live + 1, sizeof(*names));
	size_t n = 0;

	map_each(map, e)
		names[n++] = e->key;
	return names;
}

/* Append why R may have no task of a step, which it HAS_STEP, or not: one that
 * is called MEANT, or NULL. */
static void
add_doubt(struct strbuf *sb, const struct run_record *r, bool has_step,
	  const char *meant)
{
	bool is_done = r->state == RUN_DONE;

	if (!is_done)
		strbuf_addf(sb, ": %s", has_step ? "its step has no such task"
			    : "no step is called so");
	if (meant)
		strbuf_addf(sb, " (did you mean %s?)", meant);
	if (!is_done)
		strbuf_addf(sb, ", or it %s",
			    strcmp(run_state_name(r), "running")
			    ? "was not started" : "has not started yet");
}

int
target_no_task(const struct target *t, struct store *s, struct error *err)
{
	struct attempt_filter filter = { .run = t->run.number };
	const char **names, *meant;
	struct strbuf sb = STRBUF_INIT;
	struct map steps;
	bool known;
	int rc = -1;

	map_init(&steps);
	if (store_attempt_each(s, &filter, note_step, &steps, err) == 0) {
		names = list_names(&steps);
		known = map_gets(&steps, t->step) != NULL;
		meant = known ? NULL : text_suggest(t->step, names);
		strbuf_addf(&sb, "run %u has no task '", t->run.number);
		text_add_escaped(&sb, t->step, strlen(t->step));
		if (t->rest) {
			strbuf_addch(&sb, '/');
			text_add_escaped(&sb, t->rest, strlen(t->rest));
		}
		strbuf_addch(&sb, '\'');
		add_doubt(&sb, &t->run, known, meant);
		rc = error_set(err, "%s", sb.buf);
		free(names);
	}
	map_release(&steps);
	strbuf_release(&sb);
	return rc;
}

/* ---- states ---- */

/* Whether R went on on this machine. */
static bool
is_from_here(const struct run_record *r)
{
	char host[256];

	if (!r->host || gethostname(host, sizeof(host)) < 0)
		return true;
	host[sizeof(host) - 1] = '\0';
	return !strcmp(host, r->host);
}

const char *
run_state_name(const struct run_record *r)
{
	switch (r->state) {
	case RUN_DONE:
		return "done";
	case RUN_FAILED:
		return "failed";
	case RUN_INTERRUPTED:
		return "interrupted";
	case RUN_RUNNING:
		break;
	}
	/* Of another machine's processes nothing is known. */
	return store_run_alive(r) || !is_from_here(r) ? "running" : "died";
}

const char *
attempt_state_name(const struct attempt_record *a, const char *run_state)
{
	if (a->outcome == TASK_RUNNING && strcmp(run_state, "running"))
		return "died";
	return task_outcome_name(a->outcome);
}

/* ---- words ---- */

void
attempt_add_path(struct strbuf *sb, const struct attempt_record *a)
{
	strbuf_adds(sb, a->step);
	if (*a->split) {
		strbuf_addch(sb, '/');
		strbuf_adds(sb, a->split);
	}
}

void
attempt_add_escaped(struct strbuf *sb, const struct attempt_record *a)
{
	struct strbuf path = STRBUF_INIT;

	attempt_add_path(&path, a);
	text_add_escaped(sb, path.buf, path.len);
	strbuf_release(&path);
}

void
target_add_element(struct strbuf *sb, const char *element, size_t max)
{
	size_t len = element ? strlen(element) : 0, cut = len;

	if (!len)
		return;
	if (len > max)
		/* Not within a character. */
		for (cut = max; cut && (element[cut] & 0xc0) == 0x80;)
			cut--;
	strbuf_addch(sb, ' ');
	text_add_escaped(sb, element, cut);
	if (cut < len)
		strbuf_adds(sb, "...");
}

/* Append WORD as $'...', in which anything can be said in plain letters. */
static void
add_ansi_quoted(struct strbuf *sb, const char *word)
{
	strbuf_adds(sb, "$'");
	for (; *word; word++) {
		if (*word == '\'' || *word == '\\')
			strbuf_addch(sb, '\\');
		if (*word >= ' ' && *word <= '~')
			strbuf_addch(sb, *word);
		else
			/* Three digits, so that none that follows counts. */
			strbuf_addf(sb, "\\%03o", (unsigned char)*word);
	}
	strbuf_addch(sb, '\'');
}

void
target_add_quoted(struct strbuf *sb, const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
		"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=:,./@%^";
	struct strbuf escaped = STRBUF_INIT;
	bool disturbs;

	if (*word && !word[strspn(word, plain)]) {
		strbuf_adds(sb, word);
		return;
	}
	text_add_escaped(&escaped, word, strlen(word));
	disturbs = strcmp(escaped.buf, word) != 0;
	strbuf_release(&escaped);
	if (disturbs) {
		add_ansi_quoted(sb, word);
		return;
	}
	strbuf_addch(sb, '\'');
	for (; *word; word++) {
		if (*word == '\'')
			strbuf_adds(sb, "'\\''");
		else
			strbuf_addch(sb, *word);
	}
	strbuf_addch(sb, '\'');
}
