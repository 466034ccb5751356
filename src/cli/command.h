/*
 * Commands: one row each, in the table of commands.c.
 */
#ifndef FLOWMAKE_CLI_COMMAND_H
#define FLOWMAKE_CLI_COMMAND_H

#include "base/base.h"
#include "base/strbuf.h"
#include "cli/options.h"

struct error;
struct store;

/* What the command line said so far. */
struct invocation {
	int argc;              /* of the command: argv[0] is its name */
	char **argv;
	char *typed;           /* the whole command line, quoted for a shell;
				* owned */
	struct strbuf again;   /* "flowmake", with -C: how hints begin */
	const char *flow_file;
	const char *meant;     /* the command that the first word, which is
				* none, may stand for; or NULL */
	bool debug;
};

struct command {
	const char *name;      /* NULL ends the table */
	const char *arguments; /* as in "[TARGET]..." */
	const char *summary;   /* a line, for the list of commands */
	const char *text;      /* what more there is to say, or NULL */
	const struct option_row *tables[OPTION_TABLES]; /* NULL-terminated */
	/* Do it.  Returns the exit status, or -1 with an error (status 2). */
	int (*run)(struct invocation *inv, const struct command *self,
		   struct error *err);
};

extern const struct command commands[];
const struct command *command_find(const char *name);
/* The name of the command that NAME may stand for, or NULL. */
const char *command_suggest(const char *name);
/* Set ERR to "unknown command ...", with a suggestion.  Returns -1. */
int command_unknown(const char *name, struct error *err);

/* Prepare to parse the options of SELF. */
void command_options(struct option_parser *p, const struct invocation *inv,
		     const struct command *self);
/* The next option that the command itself must look at: as options_next, but
 * what all commands know (-C, -f, --debug) is done here.  --help prints and
 * ends the program. */
int command_option(struct option_parser *p, struct invocation *inv,
		   const struct command *self, const char **value,
		   struct error *err);
/* For commands without options of their own: parse, and check that between
 * MIN and MAX words follow; *WORDS is the first, NULL-terminated. */
int command_words(struct invocation *inv, const struct command *self, int min,
		  int max, char ***words, struct error *err);
/* Check the number of the words from P on. */
int command_check_words(const struct option_parser *p,
			const struct command *self, int min, int max,
			struct error *err);

/* Take the FILE of -f; "-" is standard input. */
void invocation_read(struct invocation *inv, const char *file);

/* Change to the directory of -C. */
int invocation_chdir(struct invocation *inv, const char *dir,
		     struct error *err);

/* Write all of TEXT to stdout, and close it with its errors checked. */
int command_print(const struct strbuf *text, struct error *err);
/* Close S, which may be NULL when it could not be opened (then RC is -1); an
 * error counts only if nothing failed before.  Returns RC or -1. */
int command_close_store(struct store *s, int rc, struct error *err);
/* Append the help of one command, or of the whole program. */
void command_add_help(struct strbuf *sb, const struct command *c);
void commands_add_help(struct strbuf *sb);

/* Options before the command. */
extern const struct option_row *const options_global[];

/* ---- the commands ---- */

typedef int command_fn(struct invocation *inv, const struct command *self,
		       struct error *err);
command_fn cmd_agent, cmd_check, cmd_checkout, cmd_diff, cmd_dump, cmd_gc,
	cmd_graph, cmd_help, cmd_logs, cmd_resume, cmd_run, cmd_runs, cmd_show,
	cmd_version, cmd_why;

extern const struct option_row options_run[], options_resume[], options_show[],
	options_logs[], options_dump[], options_gc[], options_graph[],
	options_help[];

#endif
