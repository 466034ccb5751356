/*
 * flowmake: the command line.  Exit status 0; 2 for an error or when a task
 * failed; 130 on an interrupt.
 */
#include "base/base.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "cli/command.h"
#include "report/lines.h"
#include "report/target.h"

/* The command line as typed, quoted for a shell. */
static char *
quote_typed(int argc, char **argv)
{
	struct strbuf sb = STRBUF_INIT;
	int i;

	strbuf_adds(&sb, "flowmake");
	for (i = 1; i < argc; i++) {
		strbuf_addch(&sb, ' ');
		target_add_quoted(&sb, argv[i]);
	}
	return strbuf_detach(&sb, NULL);
}

/* Print ERR as errors are printed: a mistake in the Flowfile as it stands,
 * so that editors find its place. */
static void
print_error(const struct error *err)
{
	const char *text = err->text ? err->text : "failed";
	struct strbuf sb = STRBUF_INIT;
	size_t len;

	if (!err->has_place)
		strbuf_adds(&sb, "flowmake: ");
	for (; *text; text += len + (text[len] == '\n')) {
		len = strcspn(text, "\n");
		lines_add_escaped(&sb, text, len);
		strbuf_addch(&sb, '\n');
	}
	fwrite(sb.buf, 1, sb.len, stderr);
	strbuf_release(&sb);
}

/* Print the help of the program or its version. */
static int
print_about(bool version, struct error *err)
{
	struct strbuf sb = STRBUF_INIT;
	int rc;

	if (version)
		strbuf_adds(&sb, "flowmake " PACKAGE_VERSION "\n");
	else
		commands_add_help(&sb);
	rc = command_print(&sb, err);
	strbuf_release(&sb);
	return rc ? -1 : 0;
}

/* Do what INV's options before the command say.  Returns the status of one
 * that is a command itself, -1 with an error, or -3 when a command follows. */
static int
global_options(struct invocation *inv, struct error *err)
{
	struct option_parser p;
	const char *value;
	int id, rc = -3;

	options_init(&p, NULL, options_global, inv->argc, inv->argv, true);
	while (rc == -3 && (id = options_next(&p, &value, err)) != OPT_END) {
		if (id == OPT_DIRECTORY)
			rc = invocation_chdir(inv, value, err) ? -1 : -3;
		else if (id == OPT_FLOWFILE)
			invocation_read(inv, value);
		else if (id == OPT_DEBUG)
			inv->debug = true;
		else if (id == OPT_HELP || id == OPT_VERSION)
			rc = print_about(id == OPT_VERSION, err);
		else
			rc = -4;
	}
	if (rc == -4) { /* it may be one of resume's, without its name */
		error_release(err);
		p.words = p.at;
		rc = -3;
	}
	inv->argc -= p.words;
	inv->argv += p.words;
	options_release(&p);
	return rc;
}

/* Do what INV says; as main, or -1 with an error. */
static int
run_command(struct invocation *inv, struct error *err)
{
	const struct command *c = NULL;
	int rc = global_options(inv, err);

	if (rc != -3)
		return rc;
	if (inv->argc) {
		c = command_find(inv->argv[0]);
		inv->meant = c ? NULL : command_suggest(inv->argv[0]);
	}
	if (!c) { /* the words are targets; what is before them is skipped */
		c = command_find("resume");
		inv->argc++;
		inv->argv--;
	}
	return c->run(inv, c, err);
}

/* Have something behind the descriptors 0 to 2, so that no file of ours ever
 * gets the number of one that the caller closed. */
static void
open_standard_fds(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

int
main(int argc, char **argv)
{
	struct invocation inv = {
		.argc = argc,
		.argv = argv,
		.again = STRBUF_INIT,
		.flow_file = "Flowfile",
	};
	struct error err = ERROR_INIT;
	int rc;

	open_standard_fds();
	inv.typed = quote_typed(argc, argv);
	strbuf_adds(&inv.again, "flowmake");
	rc = run_command(&inv, &err);
	if (rc < 0) {
		print_error(&err);
		rc = 2;
	}
	error_release(&err);
	strbuf_release(&inv.again);
	free(inv.typed);
	return rc;
}
