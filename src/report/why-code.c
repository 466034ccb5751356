/*
 * What git knows of the files that a task's key depends on: which commit
 * changed one between the two runs, or that none did.
 */
#include "base/base.h"

#include "report/why-state.h"

#include <stdlib.h>
#include <string.h>

#include "base/cbor.h"
#include "base/clock.h"
#include "base/text.h"
#include "flow/code.h"
#include "report/code.h"

enum {
	COMMITS_SHOWN = 3,     /* of one file */
	ID_SHOWN = 12,         /* digits of a commit's name */
	DATE_SHOWN = 10,       /* letters of a time */
	HISTORY_LIMIT_S = 10,  /* a history that is longer is left alone */
};

/* ---- asking ---- */

static void
add_path(struct why_code *c, const char *path, size_t len)
{
	size_t i;

	for (i = 0; i < c->paths.count; i++)
		if (strlen(c->paths.v[i]) == len &&
		    !memcmp(c->paths.v[i], path, len))
			return;
	strvec_push_len(&c->paths, path, len);
}

/* Collect the files that WHY's differences are about. */
static void
add_paths(struct why_state *w, const struct why *why)
{
	const char *flow_file = w->target->run.flow_file;
	size_t i;

	for (i = 0; i < why->diff.count; i++) {
		const struct key_difference *x = &why->diff.list[i];
		const struct key_part *p = x->new.name ? &x->new : &x->old;

		if (p->subject == KEY_OF_INPUT || p->subject == KEY_OF_MODULE)
			add_path(&w->code, p->object, p->object_len);
		else if (flow_file)
			add_path(&w->code, flow_file, strlen(flow_file));
	}
}

static void
on_changed(void *data, size_t i, const struct code_commit *commit)
{
	struct why_code *c = data;
	struct strbuf *sb;
	size_t at;

	if (i >= c->paths.count || c->commit_counts[i]++ >= COMMITS_SHOWN)
		return;
	sb = &c->commits[i];
	strbuf_addf(sb, "changed by commit %.*s of ", ID_SHOWN, commit->id);
	at = sb->len;
	text_add_time(sb, commit->time_s * NS_PER_S);
	strbuf_truncate(sb, at + DATE_SHOWN);
	strbuf_adds(sb, " by ");
	text_add_escaped(sb, commit->author, strlen(commit->author));
	strbuf_adds(sb, ": ");
	text_add_escaped(sb, commit->summary, strlen(commit->summary));
	strbuf_addch(sb, '\n');
}

static void
ask_history(struct code *code, void *data)
{
	struct why_code *c = data;

	code_history(code, c->old.commit, c->new.commit, c->paths.v);
}

/* Read the record of RUN, or else of OTHER (0: none). */
static int
read_record(struct why_state *w, uint32_t run, uint32_t other,
	    struct code_record *c, struct error *err)
{
	int rc = store_code_get(w->store, run, c, err);

	if (!rc && other)
		rc = store_code_get(w->store, other, c, err);
	return MIN(rc, 0);
}

int
why_code_read(struct why_state *w, const struct why *why, struct error *err)
{
	static const struct code_events events = { .changed = on_changed };
	const struct attempt_record *base = why->base;
	struct why_code *c = &w->code;
	size_t i;

	if (c->is_read)
		return 0;
	c->is_read = true;
	if (read_record(w, w->target->run.number, 0, &c->new, err) ||
	    read_record(w, why->base_run->number, base->origin_run, &c->old,
			err))
		return -1;
	add_paths(w, why);
	c->commits = xcalloc(c->paths.count + 1, sizeof(*c->commits));
	c->commit_counts = xcalloc(c->paths.count + 1,
				   sizeof(*c->commit_counts));
	for (i = 0; i < c->paths.count; i++)
		strbuf_init(&c->commits[i]);
	/* a history that cannot be read is one that is not told */
	if (c->paths.count && c->old.commit && c->new.commit &&
	    strcmp(c->old.commit, c->new.commit))
		code_ask(ask_history, &events, c, HISTORY_LIMIT_S * NS_PER_S,
			 NULL);
	return 0;
}

void
why_code_release(struct why_code *c)
{
	size_t i;

	for (i = 0; c->commits && i < c->paths.count; i++)
		strbuf_release(&c->commits[i]);
	free(c->commits);
	free(c->commit_counts);
	strvec_release(&c->paths);
	code_record_release(&c->old);
	code_record_release(&c->new);
}

/* ---- telling ---- */

/* How PATH stood to the commit in the later run: "M", "A", "D", "?"; 0: it
 * was as committed, or this is not known. */
static char
find_letter(const struct code_record *c, const char *path)
{
	const char *letter, *name;
	size_t n, letter_len, len;
	struct cbor in;

	if (!c->changed_len)
		return 0;
	cbor_init(&in, c->changed, c->changed_len);
	for (n = cbor_get_array(&in); n && !in.failed; n--) {
		cbor_get_array(&in);
		letter = cbor_get_text(&in, &letter_len);
		name = cbor_get_text(&in, &len);
		if (letter_len && cbor_key_is(name, len, path))
			return *letter;
	}
	return 0;
}

/* Append the lines of TEXT, each after PATH if WITH_NAME. */
static void
add_lines(struct strbuf *notes, const char *path, bool with_name,
	  const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "\n") + 1;

		if (with_name) {
			text_add_escaped(notes, path, strlen(path));
			strbuf_addch(notes, ' ');
		}
		strbuf_add(notes, text, len);
		text += len;
	}
}

void
why_code_add_file(const struct why_code *c, const char *path, bool with_name,
		  struct strbuf *notes)
{
	char letter = find_letter(&c->new, path);
	uint32_t count = 0;
	size_t i;

	for (i = 0; i < c->paths.count; i++) {
		if (strcmp(c->paths.v[i], path))
			continue;
		add_lines(notes, path, with_name, c->commits[i].buf);
		count = c->commit_counts[i];
	}
	if (count > COMMITS_SHOWN)
		strbuf_addf(notes, "and by %u before\n",
			    count - COMMITS_SHOWN);
	if (letter == '?')
		add_lines(notes, path, with_name, "not tracked by git\n");
	else if (letter)
		add_lines(notes, path, with_name, count ?
			  "changed since, not committed\n" :
			  "changed, not committed\n");
}

void
why_code_add_diff(const struct why_code *c, const char *command,
		  const char *path, struct strbuf *notes)
{
	if (!c->old.tree || !c->new.tree || !strcmp(c->old.tree, c->new.tree))
		return;
	strbuf_addf(notes, "see %s diff %u %u", command, c->old.run,
		    c->new.run);
	if (path) {
		strbuf_addch(notes, ' ');
		target_add_quoted(notes, path);
	}
	strbuf_addch(notes, '\n');
}
