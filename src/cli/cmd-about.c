/*
 * flowmake help, version, agent.
 */
#include "base/base.h"

#include <stdio.h>

#include "base/error.h"
#include "cli/command.h"
#include "exec/agent.h"
#include "sys/reaper.h"

const struct option_row options_help[] = {
	{ OPT_ROWS, "rows", 0, NULL, NULL,
	  "list commands and options, separated by tabs, for programs" },
	{ 0, NULL, 0, NULL, NULL, NULL }
};

/* Append all there is, for completion and for the check of the manual. */
static void
add_rows(struct strbuf *sb)
{
	const struct command *c;

	options_add_rows(sb, "", options_global);
	for (c = commands; c->name; c++) {
		strbuf_addf(sb, "%s\t\t\t%s\t\t%s\n", c->name, c->arguments,
			    c->summary);
		options_add_rows(sb, c->name, c->tables);
	}
}

int
cmd_help(struct invocation *inv, const struct command *self, struct error *err)
{
	struct strbuf out = STRBUF_INIT;
	const struct command *about = NULL;
	struct option_parser p;
	const char *value;
	bool rows = false;
	int id, rc = -1;

	command_options(&p, inv, self);
	while ((id = command_option(&p, inv, self, &value, err)) >= 0)
		rows |= id == OPT_ROWS;
	if (id == OPT_END)
		rc = command_check_words(&p, self, 0, 1, err);
	if (!rc && inv->argv[p.words]) {
		about = command_find(inv->argv[p.words]);
		if (!about)
			rc = command_unknown(inv->argv[p.words], err);
	}
	options_release(&p);
	if (!rc && rows)
		add_rows(&out);
	else if (!rc && about)
		command_add_help(&out, about);
	else if (!rc)
		commands_add_help(&out);
	if (!rc)
		rc = command_print(&out, err);
	strbuf_release(&out);
	return rc;
}

int
cmd_version(struct invocation *inv, const struct command *self,
	    struct error *err)
{
	struct strbuf out = STRBUF_INIT;
	char **words;
	int rc;

	if (command_words(inv, self, 0, 0, &words, err))
		return -1;
	strbuf_adds(&out, "flowmake " PACKAGE_VERSION "\n");
	rc = command_print(&out, err);
	strbuf_release(&out);
	return rc;
}

int
cmd_agent(struct invocation *inv, const struct command *self,
	  struct error *err)
{
	char **words;
	int rc;

	if (command_words(inv, self, 1, 1, &words, err) || reaper_guard(err))
		return -1;
	rc = agent_run(words[0], err);
	return rc ? -1 : 0;
}
