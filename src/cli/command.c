/*
 * What all commands do.
 */
#include "base/base.h"

#include "cli/command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"
#include "report/target.h"

void
command_options(struct option_parser *p, const struct invocation *inv,
		const struct command *self)
{
	options_init(p, self->name, self->tables, inv->argc, inv->argv, false);
}

void
invocation_read(struct invocation *inv, const char *file)
{
	inv->flow_file = strcmp(file, "-") ? file : "/dev/stdin";
}

int
invocation_chdir(struct invocation *inv, const char *dir, struct error *err)
{
	if (chdir(dir) < 0)
		return error_sys(err, "cannot work in '%s'", dir);
	strbuf_adds(&inv->again, " -C ");
	target_add_quoted(&inv->again, dir);
	return 0;
}

/* Print the help of SELF and end. */
NORETURN static void
print_help(const struct command *self)
{
	struct strbuf sb = STRBUF_INIT;
	struct error err = ERROR_INIT;
	int rc;

	command_add_help(&sb, self);
	rc = command_print(&sb, &err);
	if (rc)
		fprintf(stderr, "flowmake: %s\n", err.text);
	exit(rc ? 2 : 0);
}

int
command_option(struct option_parser *p, struct invocation *inv,
	       const struct command *self, const char **value,
	       struct error *err)
{
	int id;

	for (;;) {
		id = options_next(p, value, err);
		switch (id) {
		case OPT_DIRECTORY:
			if (invocation_chdir(inv, *value, err))
				return -2;
			break;
		case OPT_FLOWFILE:
			invocation_read(inv, *value);
			break;
		case OPT_DEBUG:
			inv->debug = true;
			break;
		case OPT_HELP:
			print_help(self);
		default:
			return id;
		}
	}
}

int
command_check_words(const struct option_parser *p, const struct command *self,
		    int min, int max, struct error *err)
{
	int count = p->argc - p->words;

	if (count < min)
		return error_set(err, "%s: it takes %s; 'flowmake help %s' "
				 "says more", self->name, self->arguments,
				 self->name);
	if (count > max)
		return error_set(err, "%s: '%s' is one word too many; "
				 "'flowmake help %s' says more", self->name,
				 p->argv[p->words + max], self->name);
	return 0;
}

int
command_words(struct invocation *inv, const struct command *self, int min,
	      int max, char ***words, struct error *err)
{
	struct option_parser p;
	const char *value;
	int rc = -1;

	command_options(&p, inv, self);
	if (command_option(&p, inv, self, &value, err) == OPT_END)
		rc = command_check_words(&p, self, min, max, err);
	*words = inv->argv + p.words;
	options_release(&p);
	return rc;
}

int
command_print(const struct strbuf *text, struct error *err)
{
	if (fwrite(text->buf, 1, text->len, stdout) != text->len ||
	    fflush(stdout))
		return error_sys(err, "cannot write to stdout");
	return 0;
}

int
command_close_store(struct store *s, int rc, struct error *err)
{
	if (!s)
		return -1;
	if (store_close(s, rc ? NULL : err))
		return -1;
	return rc;
}

/* ---- help ---- */

void
command_add_help(struct strbuf *sb, const struct command *c)
{
	strbuf_addf(sb, "Usage: flowmake %s [OPTION]...%s%s\n%s.\n", c->name,
		    *c->arguments ? " " : "", c->arguments, c->summary);
	if (c->text)
		strbuf_addf(sb, "\n%s\n", c->text);
	strbuf_adds(sb, "\nOptions:\n");
	options_add_help(sb, c->tables);
}

void
commands_add_help(struct strbuf *sb)
{
	const struct command *c;

	strbuf_adds(sb,
		"Usage: flowmake [-C DIR] [-f FILE] COMMAND [OPTION]... "
		"[ARGUMENT]...\n"
		"Run flows: steps that make files and values from others, "
		"in parallel.\n\nCommands:\n");
	for (c = commands; c->name; c++)
		strbuf_addf(sb, "  %-10s%s\n", c->name, c->summary);
	strbuf_adds(sb, "\nOptions:\n");
	options_add_help(sb, options_global);
	strbuf_adds(sb,
		"\n'flowmake help COMMAND' says more of a command; "
		"flowmake(1) and Flowfile(5)\nare the manual.\n");
}
