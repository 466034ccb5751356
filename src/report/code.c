/*
 * The code of runs, for people.
 */
#include "base/base.h"

#include "report/code.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cbor.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/strbuf.h"
#include "base/strvec.h"
#include "base/text.h"
#include "flow/code.h"
#include "report/lines.h"
#include "report/target.h"
#include "store/store.h"
#include "sys/file.h"
#include "sys/loop.h"

enum {
	COMMIT_SHOWN = 12, /* digits of a commit's name */
};

/* ---- what ran ---- */

static void
add_escaped(struct strbuf *sb, const char *text)
{
	text_add_escaped(sb, text, strlen(text));
}

/* Append a line of show: a label, or what stands below one. */
static void
begin_line(struct strbuf *sb, const char *label)
{
	strbuf_addf(sb, "  %-11s", label);
}

/* Append "0123456789ab on main, 2 files changed". */
static void
add_commit(struct strbuf *sb, const struct code_record *c)
{
	begin_line(sb, "code");
	if (c->commit)
		strbuf_addf(sb, "commit %.*s", COMMIT_SHOWN, c->commit);
	else
		strbuf_adds(sb, "no commit");
	if (c->branch) {
		strbuf_adds(sb, " on branch ");
		add_escaped(sb, c->branch);
	}
	if (c->changed_count) {
		strbuf_adds(sb, ", ");
		text_add_count(sb, c->changed_count);
		strbuf_addf(sb, " file%s not as committed",
			    c->changed_count == 1 ? "" : "s");
	}
	strbuf_addch(sb, '\n');
}

/* Append the files that were changed, as git status --short does. */
static void
add_changed(struct strbuf *sb, const struct code_record *c)
{
	size_t n, count, letter_len, len;
	const char *letter, *path;
	struct cbor in;

	cbor_init(&in, c->changed, c->changed_len);
	count = cbor_get_array(&in);
	for (n = count; n && !in.failed; n--) {
		cbor_get_array(&in);
		letter = cbor_get_text(&in, &letter_len);
		path = cbor_get_text(&in, &len);
		if (in.failed)
			return;
		begin_line(sb, "");
		strbuf_add(sb, letter, letter_len);
		strbuf_addch(sb, ' ');
		text_add_escaped(sb, path, len);
		strbuf_addch(sb, '\n');
	}
	if (c->changed_count > count) {
		begin_line(sb, "");
		strbuf_adds(sb, "and ");
		text_add_count(sb, c->changed_count - count);
		strbuf_adds(sb, " more\n");
	}
}

/* Append what was left out. */
static void
add_left_out(struct strbuf *sb, const struct code_record *c)
{
	const char *label = "left out", *text;
	struct cbor in;
	size_t n, len;

	cbor_init(&in, c->left_out, c->left_out_len);
	for (n = cbor_get_array(&in); n && !in.failed; n--) {
		text = cbor_get_text(&in, &len);
		begin_line(sb, label);
		text_add_escaped(sb, text, len);
		strbuf_addch(sb, '\n');
		label = "";
	}
}

/* Append that RUN has the code of C, which is another's. */
static void
add_sharing(struct strbuf *sb, uint32_t run, const struct code_record *c)
{
	strbuf_addf(sb, "run %u executed nothing; its code is that of run %u\n",
		    run, c->run);
}

void
code_add_lines(struct strbuf *sb, uint32_t run, const struct code_record *c)
{
	if (c->run != run) {
		begin_line(sb, "code");
		add_sharing(sb, run, c);
	}
	if (c->failure) {
		begin_line(sb, "code");
		strbuf_adds(sb, "not recorded: ");
		add_escaped(sb, c->failure);
		strbuf_addch(sb, '\n');
		return;
	}
	if (c->commit || c->branch)
		add_commit(sb, c);
	add_changed(sb, c);
	add_left_out(sb, c);
}

/* ---- asking flowmake-git ---- */

int
code_ask(void (*ask)(struct code *c, void *data),
	 const struct code_events *events, void *data, int64_t limit_ns,
	 struct error *err)
{
	struct loop *loop = loop_new(&clock_system, err);
	struct code *c = NULL;
	int ret = -1;

	if (!loop)
		return -1;
	c = code_start(loop, events, data, err);
	if (c) {
		ask(c, data);
		ret = code_wait(c, limit_ns, NULL, err);
	}
	code_free(c);
	loop_free(loop);
	return ret;
}

int
code_find(struct store *s, const struct run_record *r, struct code_record *c,
	  struct error *err)
{
	int rc = store_code_get(s, r->number, c, err);
	uint32_t before;

	if (rc || r->state != RUN_DONE || r->tasks_done > r->tasks_reused)
		return rc;
	if (store_code_before(s, r->number, &before, err))
		return -1;
	return before ? store_code_get(s, before, c, err) : 0;
}

/* Read the code of the run whose number WORD is, if there is such: a gc keeps
 * it of a run that is forgotten, when a later one has its results. */
static int
get_by_number(struct store *s, const char *word, uint32_t *run,
	      struct code_record *c, struct error *err)
{
	return target_number(word, strlen(word), run)
		? store_code_get(s, *run, c, err) : 0;
}

/* Read the code of the run that WORD names. */
static int
get_by_word(struct store *s, const char *word, uint32_t *run,
	    struct code_record *c, struct error *err)
{
	struct target t;
	int rc;

	if (target_parse(&t, s, word, err))
		return -1;
	*run = t.run.number;
	rc = t.step ? error_set(err, "'%s' is no run", word)
		    : code_find(s, &t.run, c, err);
	if (!rc)
		rc = error_set(err, "run %u has no code: it executed nothing",
			       *run);
	target_release(&t);
	return rc;
}

/* Find the run that WORD names, and that its code is there: C's run may be
 * another. */
static int
find_run(struct store *s, const char *word, uint32_t *run,
	 struct code_record *c, struct error *err)
{
	int rc = get_by_number(s, word, run, c, err);

	if (!rc)
		rc = get_by_word(s, word, run, c, err);
	if (rc > 0 && !c->tree)
		rc = error_set(err, "the code of run %u was not recorded: %s",
			       c->run, c->failure);
	return MIN(rc, 0);
}

/* ---- differences ---- */

struct diff {
	uint32_t from, to;
	char *const *paths;
	FILE *out;
	bool is_terminal; /* lines must not disturb it */
	bool colors;
	struct strbuf line;
};

/* The colour of a line of kind ORIGIN, or NULL. */
static const char *
color_of(char origin)
{
	switch (origin) {
	case 'F':
		return "\033[1m";
	case 'H':
		return "\033[36m";
	case '+':
		return "\033[32m";
	case '-':
		return "\033[31m";
	default:
		return NULL;
	}
}

/* Append the lines that TEXT holds, in COLOR. */
static void
add_for_terminal(struct strbuf *sb, const char *text, size_t len,
		 const char *color)
{
	const char *end = text + len, *line, *next;

	/* What is said of a line without an end ends that first. */
	for (line = text + (*text == '\n'); line < end; line = next) {
		next = memchr(line, '\n', (size_t)(end - line));
		next = next ? next + 1 : end;
		if (color)
			strbuf_adds(sb, color);
		lines_add_escaped(sb, line, (size_t)(next - line) -
				  (next[-1] == '\n'));
		if (color)
			strbuf_adds(sb, "\033[m");
		strbuf_addch(sb, '\n');
	}
}

static void
on_line(void *data, char origin, const char *line, size_t len)
{
	struct diff *d = data;

	strbuf_reset(&d->line);
	if (d->is_terminal)
		add_for_terminal(&d->line, line, len,
				 d->colors ? color_of(origin) : NULL);
	else
		strbuf_add(&d->line, line, len);
	fwrite(d->line.buf, 1, d->line.len, d->out);
}

static void
ask_diff(struct code *c, void *data)
{
	const struct diff *d = data;

	code_diff(c, d->from, d->to, d->paths);
}

/* Whether O takes colours, and its user wants them. */
static bool
wants_colors(void)
{
	const char *term = getenv("TERM"), *no_color = getenv("NO_COLOR");

	return term && *term && strcmp(term, "dumb") &&
	       !(no_color && *no_color);
}

int
code_show_diff(struct store *s, const char *from, const char *to,
	       char *const *paths, FILE *out, struct error *err)
{
	static const struct code_events events = { .line = on_line };
	struct code_record a, b;
	uint32_t old, new;
	struct diff d = {
		.paths = paths, .out = out, .line = STRBUF_INIT,
		.is_terminal = isatty(fileno(out)), .colors = wants_colors(),
	};
	int ret = -1;

	memset(&a, 0, sizeof(a));
	memset(&b, 0, sizeof(b));
	if (!find_run(s, from, &old, &a, err) &&
	    !find_run(s, to, &new, &b, err)) {
		d.from = a.run;
		d.to = b.run;
		if (a.run != old)
			add_sharing(&d.line, old, &a);
		if (b.run != new)
			add_sharing(&d.line, new, &b);
		fwrite(d.line.buf, 1, d.line.len, out); /* patch ignores it */
		strbuf_reset(&d.line);
		ret = code_ask(ask_diff, &events, &d, 0, err);
	}
	code_record_release(&a);
	code_record_release(&b);
	strbuf_release(&d.line);
	return ret;
}

/* ---- its files ---- */

struct checkout {
	uint32_t run;
	const char *directory;
};

static void
ask_checkout(struct code *c, void *data)
{
	const struct checkout *o = data;

	code_checkout(c, o->run, o->directory);
}

/* Make DIRECTORY, or see that it is empty. */
static int
make_directory(const char *directory, struct error *err)
{
	struct strvec names = STRVEC_INIT;
	int rc = file_make_dirs(directory, err);

	if (!rc)
		rc = file_list(directory, &names, err);
	if (!rc && names.count)
		rc = error_set(err, "%s is not empty; name a new directory",
			       directory);
	strvec_release(&names);
	return rc;
}

int
code_check_out(struct store *s, const char *run, const char *directory,
	       struct strbuf *sb, struct error *err)
{
	static const struct code_events events = { .line = NULL };
	struct checkout o = { .directory = directory };
	struct code_record c;
	uint32_t asked;
	int ret = -1;

	memset(&c, 0, sizeof(c));
	if (find_run(s, run, &asked, &c, err) ||
	    make_directory(directory, err))
		goto out;
	o.run = c.run;
	if (code_ask(ask_checkout, &events, &o, 0, err))
		goto out;
	if (o.run != asked)
		add_sharing(sb, asked, &c);
	strbuf_addf(sb, "The code of run %u is in ", o.run);
	add_escaped(sb, directory);
	strbuf_addch(sb, '\n');
	add_left_out(sb, &c);
	ret = 0;
out:
	code_record_release(&c);
	return ret;
}
