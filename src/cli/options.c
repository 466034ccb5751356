/*
 * Options, over getopt_long.
 */
#include "base/base.h"

#include "cli/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/strbuf.h"
#include "base/text.h"

enum {
	FIRST_LONG = 256,  /* what getopt_long returns for row 0 */
	HELP_COLUMN = 30,  /* where the text of an option begins */
	HELP_WIDTH = 79,
};

const struct option_row options_common[] = {
	{ OPT_DIRECTORY, "directory", 'C', "DIR", NULL,
	  "work in DIR, where the Flowfile is" },
	{ OPT_HELP, "help", 'h', NULL, NULL, "show this help" },
	{ 0, NULL, 0, NULL, NULL, NULL }
};

const struct option_row options_flow[] = {
	{ OPT_FLOWFILE, "file", 'f', "FILE", "Flowfile",
	  "read FILE as the Flowfile" },
	{ OPT_DEBUG, "debug", 0, NULL, NULL,
	  "show Guile's backtrace when the Flowfile fails" },
	{ 0, NULL, 0, NULL, NULL, NULL }
};

/* ---- parsing ---- */

/* Add ROW to P's tables for getopt. */
static void
add_row(struct option_parser *p, size_t n, const struct option_row *row,
	char **shorts)
{
	p->rows[n] = row;
	p->longs[n].name = row->name;
	p->longs[n].has_arg = row->argument ? required_argument : no_argument;
	p->longs[n].val = FIRST_LONG + (int)n;
	if (row->letter) {
		*(*shorts)++ = row->letter;
		if (row->argument)
			*(*shorts)++ = ':';
	}
}

void
options_init(struct option_parser *p, const char *command,
	     const struct option_row *const *tables, int argc, char **argv,
	     bool in_order)
{
	const struct option_row *row;
	char *shorts;
	size_t n = 0;

	memset(p, 0, sizeof(*p));
	p->command = command;
	p->longs = xcalloc(OPTIONS_MAX + 1, sizeof(*p->longs));
	p->shorts = shorts = xcalloc(2 * OPTIONS_MAX + 3, 1);
	*shorts++ = in_order ? '+' : '-';
	if (!in_order)
		shorts--;
	*shorts++ = ':';
	for (; *tables; tables++) {
		for (row = *tables; row->name; row++) {
			if (n == OPTIONS_MAX)
				bug("too many options");
			add_row(p, n++, row, &shorts);
		}
	}
	p->argc = argc;
	p->argv = argv;
	optind = 0;
	opterr = 0;
}

void
options_release(struct option_parser *p)
{
	free(p->longs);
	free(p->shorts);
}

/* The row with LETTER. */
static const struct option_row *
row_of_letter(const struct option_parser *p, int letter)
{
	size_t i;

	for (i = 0; p->rows[i]; i++)
		if (p->rows[i]->letter == letter)
			return p->rows[i];
	return NULL;
}

/* How many names begin with the LEN bytes of TEXT. */
static unsigned
count_matches(const struct option_parser *p, const char *text, size_t len)
{
	unsigned count = 0;
	size_t i;

	for (i = 0; p->rows[i]; i++)
		count += !strncmp(p->rows[i]->name, text, len);
	return count;
}

/* The error for NAME, which several options begin with. */
static void
refuse_ambiguous(const struct option_parser *p, const char *name, size_t len,
		 struct error *err)
{
	struct strbuf sb = STRBUF_INIT;
	size_t i;

	for (i = 0; p->rows[i]; i++)
		if (!strncmp(p->rows[i]->name, name, len))
			strbuf_addf(&sb, "%s--%s", sb.len ? ", " : "",
				    p->rows[i]->name);
	error_set(err, "option '--%s' may be %s", name, sb.buf);
	strbuf_release(&sb);
}

/* The error for the long option WORD, "--NAME[=VALUE]". */
static int
refuse_long(const struct option_parser *p, const char *word,
	    struct error *err)
{
	const char *names[OPTIONS_MAX + 1] = { NULL }, *meant;
	size_t len = strcspn(word + 2, "="), i;
	char *name = xstrndup(word + 2, len);
	unsigned matches = count_matches(p, name, len);

	for (i = 0; p->rows[i]; i++)
		names[i] = p->rows[i]->name;
	meant = text_suggest(name, names);
	if (matches == 1)
		error_set(err, "option '--%s' takes no value", name);
	else if (matches)
		refuse_ambiguous(p, name, len, err);
	else if (meant)
		error_set(err, "unknown option '--%s' (did you mean --%s?)",
			  name, meant);
	else
		error_set(err, "unknown option '--%s'", name);
	free(name);
	return -1;
}

/* The error for what getopt_long did not like: RC is '?' or ':'. */
static int
refuse(const struct option_parser *p, int rc, struct error *err)
{
	const char *word = p->argv[optind - 1];
	const struct option_row *row = NULL;

	if (optopt >= FIRST_LONG)
		row = p->rows[optopt - FIRST_LONG];
	else if (optopt)
		row = row_of_letter(p, optopt);
	if (rc == ':' && row && optopt < FIRST_LONG)
		error_set(err, "option '-%c' needs a value, %s", row->letter,
			  row->argument);
	else if (rc == ':' && row)
		error_set(err, "option '--%s' needs a value, %s", row->name,
			  row->argument);
	else if (optopt && optopt < FIRST_LONG)
		error_set(err, "unknown option '-%c'", optopt);
	else
		refuse_long(p, word, err);
	if (p->command)
		error_push(err, "%s", p->command);
	return -2;
}

int
options_next(struct option_parser *p, const char **value, struct error *err)
{
	const struct option_row *row;
	int rc;

	p->at = MAX(optind, 1);
	rc = getopt_long(p->argc, p->argv, p->shorts, p->longs, NULL);
	if (rc == -1) {
		p->words = optind;
		return OPT_END;
	}
	if (rc == '?' || rc == ':')
		return refuse(p, rc, err);
	row = rc >= FIRST_LONG ? p->rows[rc - FIRST_LONG]
			       : row_of_letter(p, rc);
	*value = optarg;
	return row->id;
}

/* ---- help ---- */

/* Append the words of TEXT from column COLUMN on, broken so that no line is
 * too long. */
static void
add_wrapped(struct strbuf *sb, size_t column, const char *text)
{
	size_t len;

	while (*text) {
		len = strcspn(text, " ");
		if (column + 1 + len > HELP_WIDTH && column > HELP_COLUMN) {
			strbuf_addf(sb, "\n%*s", HELP_COLUMN, "");
			column = HELP_COLUMN;
		} else if (column > HELP_COLUMN) {
			strbuf_addch(sb, ' ');
			column++;
		}
		strbuf_add(sb, text, len);
		column += len;
		text += len + strspn(text + len, " ");
	}
}

/* Append the help of one option. */
static void
add_row_help(struct strbuf *sb, const struct option_row *row)
{
	size_t start = sb->len, column;
	char *text;

	if (row->letter)
		strbuf_addf(sb, "  -%c, ", row->letter);
	else
		strbuf_adds(sb, "      ");
	strbuf_addf(sb, "--%s", row->name);
	if (row->argument)
		strbuf_addf(sb, "=%s", row->argument);
	column = sb->len - start;
	if (column + 2 > HELP_COLUMN)
		strbuf_addf(sb, "\n%*s", HELP_COLUMN, "");
	else
		strbuf_addf(sb, "%*s", (int)(HELP_COLUMN - column), "");
	text = row->standard
	       ? xasprintf("%s (%s)", row->help, row->standard)
	       : xstrdup(row->help);
	add_wrapped(sb, HELP_COLUMN, text);
	strbuf_addch(sb, '\n');
	free(text);
}

void
options_add_help(struct strbuf *sb, const struct option_row *const *tables)
{
	const struct option_row *row;

	for (; *tables; tables++)
		for (row = *tables; row->name; row++)
			add_row_help(sb, row);
}

void
options_add_rows(struct strbuf *sb, const char *command,
		 const struct option_row *const *tables)
{
	const struct option_row *row;
	char letter[3] = "-?";

	for (; *tables; tables++) {
		for (row = *tables; row->name; row++) {
			letter[1] = row->letter;
			strbuf_addf(sb, "%s\t--%s\t%s\t%s\t%s\t%s\n", command,
				    row->name, row->letter ? letter : "",
				    row->argument ? row->argument : "",
				    row->standard ? row->standard : "",
				    row->help);
		}
	}
}

/* ---- values ---- */

int
option_number(const char *option, const char *text, uint32_t min,
	      uint32_t *number, struct error *err)
{
	bool is_whole = *text && !text[strspn(text, "0123456789")];
	unsigned long n;

	errno = 0;
	n = strtoul(text, NULL, 10);
	if (is_whole && (errno || n > UINT32_MAX))
		return error_set(err, "%s: '%s' is too large; the largest "
				 "number is %u", option, text, UINT32_MAX);
	if (!is_whole || n < min)
		return error_set(err, "%s: '%s' is not a whole number from %u "
				 "on", option, text, min);
	*number = (uint32_t)n;
	return 0;
}

int
option_size(const char *option, const char *text, uint64_t *bytes,
	    struct error *err)
{
	static const struct { const char *name; double factor; } units[] = {
		{ "", 1e6 }, { "B", 1 },
		{ "k", 1e3 }, { "kB", 1e3 }, { "Ki", 1024 }, { "KiB", 1024 },
		{ "M", 1e6 }, { "MB", 1e6 },
		{ "Mi", 1048576 }, { "MiB", 1048576 },
		{ "G", 1e9 }, { "GB", 1e9 },
		{ "Gi", 1073741824 }, { "GiB", 1073741824 },
		{ "T", 1e12 }, { "TB", 1e12 },
		{ "Ti", 1099511627776.0 }, { "TiB", 1099511627776.0 },
	};
	double n;
	char *end;
	size_t i;

	n = strtod(text, &end);
	while (*end == ' ')
		end++;
	for (i = 0; i < ARRAY_SIZE(units); i++)
		if (!strcasecmp(end, units[i].name))
			break;
	/* strtod knows more than sizes: names, hexadecimal, signs. */
	if (*text < '0' || *text > '9' || text[1] == 'x' ||
	    i == ARRAY_SIZE(units))
		return error_set(err, "%s: '%s' is no size, as 10 (MB) or "
				 "500kB", option, text);
	n *= units[i].factor;
	if (n >= 1e18)
		return error_set(err, "%s: '%s' is too large", option, text);
	if (n < 1)
		return error_set(err, "%s: '%s' is less than a byte; without "
				 "the option there is no limit", option, text);
	*bytes = (uint64_t)n;
	return 0;
}
