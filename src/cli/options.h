/*
 * Options: one row each drives parsing, --help, the check of the manual page
 * and completion.  Parsing has GNU habits: --name=VALUE or --name VALUE,
 * abbreviations, -j4 or -j 4, options and words in any order, "--".
 */
#ifndef FLOWMAKE_CLI_OPTIONS_H
#define FLOWMAKE_CLI_OPTIONS_H

#include "base/base.h"

struct error;
struct strbuf;

enum option_id {
	OPT_END = -1,       /* no more options; words follow */
	OPT_ATTEMPT,
	OPT_DEBUG,
	OPT_DIRECTORY,
	OPT_DRY_RUN,
	OPT_FILE,
	OPT_FLOWFILE,
	OPT_FOLLOW,
	OPT_FORMAT,
	OPT_HELP,
	OPT_JSON,
	OPT_KEEP,
	OPT_KEEP_DAYS,
	OPT_KEEP_GOING,
	OPT_LOCAL,
	OPT_MAX_LOG_SIZE,
	OPT_MAX_NUM_SPLITS,
	OPT_MAX_WORKERS,
	OPT_ORIGIN,
	OPT_QUIET,
	OPT_RERUN,
	OPT_ROWS,
	OPT_RUN_ID_FILE,
	OPT_SPECS,
	OPT_STDERR,
	OPT_STDOUT,
	OPT_TAG,
	OPT_TIMESTAMPS,
	OPT_VERSION,
	OPT_WITH,
};

struct option_row {
	enum option_id id;
	const char *name;     /* without "--"; NULL ends a table */
	char letter;          /* 0: none */
	const char *argument; /* its name in help; NULL: takes none */
	const char *standard; /* what goes without it, or NULL */
	const char *help;
};

/* Tables that several commands share. */
extern const struct option_row options_common[]; /* every command */
extern const struct option_row options_flow[];   /* those that load a flow */

enum { OPTION_TABLES = 5, OPTIONS_MAX = 40 };

struct option_parser {
	const struct option_row *rows[OPTIONS_MAX];
	const char *command;  /* for messages, or NULL */
	struct option *longs; /* for getopt_long */
	char *shorts;
	int argc;
	char **argv;          /* permuted on the way */
	int words;            /* after OPT_END: index of the first word */
	int at;               /* index of where the last option stood */
};

/* Prepare P to parse ARGV, whose first entry is skipped, by the rows of TABLES
 * (NULL-terminated); options_next does.  IN_ORDER: it stops at the first word.
 * ARGV and the rows outlive P. */
void options_init(struct option_parser *p, const char *command,
		  const struct option_row *const *tables, int argc,
		  char **argv, bool in_order);
void options_release(struct option_parser *p);

/* Give the next option and its VALUE (NULL: none), OPT_END, or -2 with an
 * error that says what is wrong with the command line. */
int options_next(struct option_parser *p, const char **value,
		 struct error *err);

/* Append the options of TABLES as --help shows them. */
void options_add_help(struct strbuf *sb,
		      const struct option_row *const *tables);
/* Append a line for each row: COMMAND, --name, -x, ARGUMENT, default and help,
 * separated by tabs, for completion and for the check of the manual. */
void options_add_rows(struct strbuf *sb, const char *command,
		      const struct option_row *const *tables);

/* Numbers of options, from MIN up; and sizes in bytes, from 1 up, that limit
 * something, written in MB or with a suffix. */
int option_number(const char *option, const char *text, uint32_t min,
		  uint32_t *number, struct error *err);
int option_size(const char *option, const char *text, uint64_t *bytes,
		struct error *err);

#endif
