/*
 * What git knows of the files that a task's key depends on: which commit
 * changed one between the two runs, or that none did.
 */
#include "base/base.h"

#include "report/why-state.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/cbor.h"
#include "base/clock.h"
#include "base/path.h"
#include "base/text.h"
#include "flow/code.h"
#include "model/code-source.h"
#include "report/code.h"
#include "sys/file.h"

enum {
	FILES_KEPT = 1000,     /* of those that differ */
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

/* Add the file that the code or data P is from: the Flowfile, if that cannot be
 * told. */
static int
add_path_of_code(struct why_state *w, const struct key_part *p,
		 struct error *err)
{
	const char *flow_file = w->target->run.flow_file;
	struct strbuf stored = STRBUF_INIT;
	struct code_source s;
	int rc = why_source_read(w, p->digest, &stored, &s, err);

	if (rc > 0)
		add_path(&w->code, s.path, s.path_len);
	else if (!rc && flow_file)
		add_path(&w->code, flow_file, strlen(flow_file));
	strbuf_release(&stored);
	return MIN(rc, 0);
}

/* Collect the files that the differences in DIFF are about. */
static int
add_paths(struct why_state *w, const struct key_diff *diff, struct error *err)
{
	size_t i;
	int rc = 0;

	for (i = 0; !rc && i < diff->count; i++) {
		const struct key_difference *x = &diff->list[i];
		const struct key_part *p = x->new.name ? &x->new : &x->old;

		if (p->subject == KEY_OF_INPUT || p->subject == KEY_OF_MODULE)
			add_path(&w->code, p->object, p->object_len);
		else
			rc = add_path_of_code(w, p, err);
	}
	return rc;
}

/* A file differs: a line event. */
static void
on_name(void *data, char letter, const char *path, size_t len)
{
	struct why_code *c = data;

	if (c->files.count >= FILES_KEPT)
		return;
	strvec_push_len(&c->files, path, len);
	strbuf_addch(&c->letters, letter);
}

static void
ask_names(struct code *code, void *data)
{
	struct why_code *c = data;

	code_names(code, c->old.run, c->new.run);
}

/* Whether file number I is in the directory PATH. */
static bool
is_within(const struct why_code *c, size_t i, const char *path)
{
	const char *file = c->files.v[i];

	return strcmp(path, file) && path_is_inside(path, file);
}

static bool
is_in_name(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '-';
}

/* Whether the Flowfile, which is another file, says the name of file number
 * I. */
static bool
is_source(const struct why_code *c, size_t i)
{
	const char *file = c->files.v[i], *name = path_base(file);
	const char *text = c->flow_text, *p = text;
	size_t len = strlen(name);

	if (!text || !strcmp(file, c->flow_file))
		return false;
	while ((p = strstr(p, name))) {
		if ((p == text || !is_in_name(p[-1])) && !is_in_name(p[len]))
			return true;
		p += len;
	}
	return false;
}

/* Add the files that differ in the directory PATH of X. */
static int
add_files_of(struct why_state *w, const char *path,
	     const struct key_difference *x, struct error *err)
{
	struct why_code *c = &w->code;
	struct why_tree t;
	size_t i, found = 0;
	int rc = why_tree_read(&t, w->store, path, x, err);

	for (i = 0; rc > 0 && i < t.count && i < WHY_FILES_SHOWN; i++)
		add_path(c, t.files[i].path, strlen(t.files[i].path));
	for (i = 0; !rc && i < c->files.count && found < WHY_FILES_SHOWN; i++)
		if (is_within(c, i, path) && ++found)
			add_path(c, c->files.v[i], strlen(c->files.v[i]));
	why_tree_release(&t);
	return MIN(rc, 0);
}

/* Add the files that explain what is in directories or was computed: their
 * commits are asked for, too. */
static int
add_files(struct why_state *w, const struct why *why, struct error *err)
{
	struct why_code *c = &w->code;
	size_t i, found = 0;
	int rc = 0;

	for (i = 0; i < c->files.count && found < WHY_FILES_SHOWN; i++)
		if (is_source(c, i) && ++found)
			add_path(c, c->files.v[i], strlen(c->files.v[i]));
	for (i = 0; !rc && i < why->diff.count; i++) {
		const struct key_difference *x = &why->diff.list[i];
		const struct key_part *p = x->new.name ? &x->new : &x->old;
		char *path;

		if (p->subject != KEY_OF_INPUT)
			continue;
		path = xstrndup(p->object, p->object_len);
		rc = add_files_of(w, path, x, err);
		free(path);
	}
	return rc;
}

/* Find out which files differ between the runs. */
static void
read_files(struct why_state *w)
{
	static const struct code_events events = { .line = on_name };
	struct strbuf text = STRBUF_INIT;
	struct why_code *c = &w->code;

	c->flow_file = w->target->run.flow_file;
	if (!c->old.tree || !c->new.tree)
		return;
	c->knows_files = !strcmp(c->old.tree, c->new.tree);
	if (c->knows_files)
		return;
	if (c->flow_file && !file_read(c->flow_file, &text, NULL))
		c->flow_text = strbuf_detach(&text, NULL);
	strbuf_release(&text);
	/* what cannot be compared is not told */
	if (!code_ask(ask_names, &events, c, HISTORY_LIMIT_S * NS_PER_S, NULL))
		c->knows_files = c->files.count < FILES_KEPT;
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
	strbuf_addf(sb, "%s commit %.*s of ", commit->is_undone ?
		    "is without" : "changed by", ID_SHOWN, commit->id);
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

	code_history(code, c->old.run, c->old.commit, c->new.commit,
		     c->paths.v);
}

int
why_code_read(struct why_state *w, const struct why *why, struct error *err)
{
	static const struct code_events events = { .changed = on_changed };
	struct why_code *c = &w->code;
	size_t i;

	if (c->is_read)
		return 0;
	c->is_read = true;
	if (code_find(w->store, &w->target->run, &c->new, err) < 0 ||
	    code_find(w->store, why->base_run, &c->old, err) < 0)
		return -1;
	if (add_paths(w, &why->diff, err) ||
	    add_paths(w, &why->mentions.diff, err))
		return -1;
	read_files(w);
	if (add_files(w, why, err))
		return -1;
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
	free(c->flow_text);
	strvec_release(&c->files);
	strbuf_release(&c->letters);
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

/* Append the lines of TEXT, each after HEAD. */
static void
add_lines(struct strbuf *notes, const char *head, const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "\n") + 1;

		strbuf_adds(notes, head);
		strbuf_add(notes, text, len);
		text += len;
	}
}

/* Append lines on the commits that changed PATH.  Returns how many did. */
static uint32_t
add_commits(const struct why_code *c, const char *path, const char *head,
	    struct strbuf *notes)
{
	uint32_t count = 0;
	size_t i;

	for (i = 0; i < c->paths.count; i++) {
		if (strcmp(c->paths.v[i], path))
			continue;
		add_lines(notes, head, c->commits[i].buf);
		count = c->commit_counts[i];
	}
	if (count > COMMITS_SHOWN)
		strbuf_addf(notes, "and by %u before\n",
			    count - COMMITS_SHOWN);
	return count;
}

/* Append lines on who changed PATH, each after HEAD. */
static void
add_changes(const struct why_code *c, const char *path, const char *head,
	    struct strbuf *notes)
{
	uint32_t count = add_commits(c, path, head, notes);
	char letter = find_letter(&c->new, path);

	if (letter == '?')
		add_lines(notes, head, "not tracked by git\n");
	else if (letter)
		add_lines(notes, head, count ?
			  "changed since, not committed\n" :
			  "changed, not committed\n");
}

bool
why_code_is_same(const struct why_code *c, const char *path)
{
	size_t i;

	for (i = 0; i < c->files.count; i++)
		if (!strcmp(c->files.v[i], path))
			return false;
	return c->knows_files;
}

void
why_code_add_file(const struct why_code *c, const char *path, bool with_name,
		  struct strbuf *notes)
{
	struct strbuf head = STRBUF_INIT;

	if (with_name) {
		text_add_escaped(&head, path, strlen(path));
		strbuf_addch(&head, ' ');
	}
	add_changes(c, path, head.buf, notes);
	strbuf_release(&head);
}

void
why_code_add_commits(const struct why_code *c, const char *path,
		     struct strbuf *notes)
{
	struct strbuf head = STRBUF_INIT;

	text_add_escaped(&head, path, strlen(path));
	strbuf_addch(&head, ' ');
	add_commits(c, path, head.buf, notes);
	strbuf_release(&head);
}

/* Append lines on file number I, each after BEFORE, its name and BEHIND. */
static void
add_file(const struct why_code *c, size_t i, const char *before,
	 const char *behind, struct strbuf *notes)
{
	const char *path = c->files.v[i];
	struct strbuf head = STRBUF_INIT;
	size_t old_len = notes->len;

	strbuf_adds(&head, before);
	text_add_escaped(&head, path, strlen(path));
	strbuf_adds(&head, behind);
	switch (c->letters.buf[i]) {
	case 'A':
		add_lines(notes, head.buf, "is new\n");
		add_commits(c, path, head.buf, notes);
		break;
	case 'D':
		add_lines(notes, head.buf, "is gone\n");
		add_commits(c, path, head.buf, notes);
		break;
	default:
		add_changes(c, path, head.buf, notes);
		if (notes->len == old_len)
			add_lines(notes, head.buf, "changed\n");
		break;
	}
	strbuf_release(&head);
}

bool
why_code_add_tree(const struct why_code *c, const char *path,
		  struct strbuf *notes)
{
	size_t i, count = 0;

	for (i = 0; i < c->files.count; i++)
		if (is_within(c, i, path) && count++ < WHY_FILES_SHOWN)
			add_file(c, i, "", " ", notes);
	if (count > WHY_FILES_SHOWN)
		strbuf_addf(notes, "and %zu more of its files\n",
			    count - WHY_FILES_SHOWN);
	return count;
}

void
why_code_add_sources(const struct why_code *c, struct strbuf *notes)
{
	size_t i, count = 0;

	for (i = 0; i < c->files.count; i++)
		if (is_source(c, i) && count++ < WHY_FILES_SHOWN)
			add_file(c, i, "it may come from ", ": ", notes);
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
