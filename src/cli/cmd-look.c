/*
 * flowmake runs, show, why, logs, dump: commands that look at the store.  They
 * need neither Guile nor a lock, and work while a run goes on.
 */
#include "base/base.h"

#include <stdio.h>
#include <unistd.h>

#include "base/error.h"
#include "cli/command.h"
#include "report/dump.h"
#include "report/logs.h"
#include "report/show.h"
#include "report/why.h"
#include "store/store.h"

const struct option_row options_show[] = {
	{ OPT_JSON, "json", 0, NULL, NULL, "print JSON, for programs" },
	{ 0, NULL, 0, NULL, NULL, NULL }
};

const struct option_row options_logs[] = {
	{ OPT_FOLLOW, "follow", 'f', NULL, NULL,
	  "go on with what is printed until the run, or the task, ends" },
	{ OPT_STDOUT, "stdout", 0, NULL, NULL, "only what went to stdout" },
	{ OPT_STDERR, "stderr", 0, NULL, NULL, "only what went to stderr" },
	{ OPT_TIMESTAMPS, "timestamps", 0, NULL, NULL,
	  "begin each line with the time it was read" },
	{ OPT_ATTEMPT, "attempt", 0, "N", "the latest",
	  "what attempt N printed, from 1 on" },
	{ 0, NULL, 0, NULL, NULL, NULL }
};

const struct option_row options_dump[] = {
	{ OPT_FILE, "file", 0, "FILE", NULL,
	  "write the bytes of one result to FILE, or for '-' to stdout" },
	{ 0, NULL, 0, NULL, NULL, NULL }
};

/* ---- runs, show, why ---- */

/* Parse "[--json] [TARGET]", at most MAX words. */
static int
parse_show(struct invocation *inv, const struct command *self, int max,
	   const char **target, bool *json, struct error *err)
{
	struct option_parser p;
	const char *value;
	int id, rc;

	*json = false;
	command_options(&p, inv, self);
	while ((id = command_option(&p, inv, self, &value, err)) >= 0)
		*json |= id == OPT_JSON;
	rc = id == OPT_END ? command_check_words(&p, self, 0, max, err) : -1;
	if (!rc)
		*target = inv->argv[p.words];
	options_release(&p);
	return rc;
}

/* Print what SAY appends to OUT of TARGET, one of at most MAX words. */
static int
look(struct invocation *inv, const struct command *self, int max,
     int (*say)(struct store *s, const char *target, bool json,
		const char *again, struct strbuf *out, struct error *err),
     struct error *err)
{
	struct strbuf out = STRBUF_INIT;
	const char *target;
	struct store *s;
	bool json;
	int rc = -1;

	if (parse_show(inv, self, max, &target, &json, err))
		return -1;
	s = store_open(STORE_READ, err);
	if (s)
		rc = say(s, target, json, inv->again.buf, &out, err);
	rc = command_close_store(s, rc, err);
	if (!rc)
		rc = command_print(&out, err);
	strbuf_release(&out);
	return rc;
}

static int
say_runs(struct store *s, const char *target, bool json, const char *again,
	 struct strbuf *out, struct error *err)
{
	(void)target;
	(void)again;
	return show_runs(s, json, out, err);
}

int
cmd_runs(struct invocation *inv, const struct command *self, struct error *err)
{
	return look(inv, self, 0, say_runs, err);
}

int
cmd_show(struct invocation *inv, const struct command *self, struct error *err)
{
	return look(inv, self, 1, show_target, err);
}

int
cmd_why(struct invocation *inv, const struct command *self, struct error *err)
{
	return look(inv, self, 1, why_target, err);
}

/* ---- logs ---- */

/* Read the command line of logs. */
static int
parse_logs(struct invocation *inv, const struct command *self,
	   struct logs_options *o, struct error *err)
{
	struct option_parser p;
	const char *value;
	int id, rc = 0;

	command_options(&p, inv, self);
	while (!rc && (id = command_option(&p, inv, self, &value, err)) !=
	       OPT_END) {
		o->follow |= id == OPT_FOLLOW;
		o->only_stdout |= id == OPT_STDOUT;
		o->only_stderr |= id == OPT_STDERR;
		o->timestamps |= id == OPT_TIMESTAMPS;
		if (id == OPT_ATTEMPT)
			rc = option_number("--attempt", value, 1, &o->attempt,
					   err);
		if (id < 0)
			rc = -1;
	}
	if (!rc)
		rc = command_check_words(&p, self, 0, 1, err);
	if (!rc)
		o->target = inv->argv[p.words];
	options_release(&p);
	return rc;
}

int
cmd_logs(struct invocation *inv, const struct command *self, struct error *err)
{
	struct logs_options o = {
		.out = stdout,
		.headings = stderr,
		.escape = isatty(STDOUT_FILENO),
	};
	struct strbuf none = STRBUF_INIT;
	struct store *s;
	int rc = -1;

	if (parse_logs(inv, self, &o, err))
		return -1;
	s = store_open(STORE_READ, err);
	if (s)
		rc = logs_show(s, &o, err);
	rc = command_close_store(s, rc, err);
	if (!rc)
		rc = command_print(&none, err);
	return rc;
}

/* ---- dump ---- */

int
cmd_dump(struct invocation *inv, const struct command *self, struct error *err)
{
	struct strbuf out = STRBUF_INIT;
	const char *value, *file = NULL, *target = NULL;
	struct option_parser p;
	struct store *s;
	int id, rc = -1;

	command_options(&p, inv, self);
	while ((id = command_option(&p, inv, self, &value, err)) >= 0)
		file = value;
	if (id == OPT_END && !command_check_words(&p, self, 1, 1, err))
		target = inv->argv[p.words];
	options_release(&p);
	if (!target)
		return -1;
	s = store_open(STORE_READ, err);
	if (s)
		rc = dump_results(s, target, file, &out, err);
	rc = command_close_store(s, rc, err);
	if (!rc)
		rc = command_print(&out, err);
	strbuf_release(&out);
	return rc;
}
