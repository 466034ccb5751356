/*
 * Shell texts: quoting and expansions.  Only what decides where they end is
 * looked at.
 */
#include "base/base.h"
#include "model/shell-lexer.h"

#include <stdlib.h>
#include <string.h>

bool
shell_is_one_of(char c, const char *set)
{
	return c && strchr(set, c);
}

bool
shell_hole_at(const struct shell_lexer *l, size_t n)
{
	return l->hole < l->hole_count && l->holes[l->hole] == l->pos + n;
}

char
shell_byte_before(const struct shell_lexer *l)
{
	if (!l->pos || (l->hole && l->holes[l->hole - 1] == l->pos))
		return '\0';
	return l->text[l->pos - 1];
}

static bool
is_name_char(char c)
{
	return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z');
}

void
shell_backslash(struct shell_lexer *l)
{
	bool at_name = l->name_end == l->pos;

	if (shell_hole_at(l, 1))
		shell_unsure(l, "directly behind a backslash");
	/* Whether that one is literal depends, in bash, on the lines before. */
	if (l->len - l->pos < 2)
		shell_unsure(l, "before a backslash at the end of the text");
	shell_consume(l, MIN((size_t)2, l->len - l->pos), IN_OPERATOR);
	/* A quoted newline does not end a name. */
	if (at_name && l->text[l->pos - 1] == '\n')
		l->name_end = l->pos;
}

void
shell_single_quotes(struct shell_lexer *l)
{
	const char *start = l->text + l->pos + 1;
	const char *end = memchr(start, '\'', l->text + l->len - start);

	if (!end) {
		shell_unsure(l, "in quotes that do not end");
		l->pos = l->len;
		return;
	}
	while (!l->why && l->hole < l->hole_count &&
	       l->holes[l->hole] <= (size_t)(end - l->text))
		shell_hole(l, true);
	l->pos = end - l->text + 1;
}

/* Move over $'...', which shells do not read alike behind \'. */
static void
dollar_quotes(struct shell_lexer *l)
{
	size_t i = l->pos + 2;
	bool certain = true;

	while (i < l->len && l->text[i] != '\'') {
		if (l->text[i] == '\\' && i + 1 < l->len) {
			i++;
			if (l->text[i] == '\'')
				certain = false;
		}
		i++;
	}
	shell_consume(l, MIN(i + 1, l->len) - l->pos, "in $'...'");
	if (i >= l->len)
		shell_unsure(l, "in $'...'");
	if (!certain)
		shell_unsure(l, "behind $'...' with \\' in it, which shells "
			     "read differently");
}

/* Move over `...`: up to the next backquote without a backslash.  Quotes and
 * comments in it must not hide that one. */
static void
backquotes(struct shell_lexer *l)
{
	size_t i, single = 0, dbl = 0;
	bool certain = true;

	for (i = l->pos + 1; i < l->len && l->text[i] != '`'; i++) {
		if (l->text[i] == '\\' && i + 1 < l->len) {
			i++;
			continue;
		}
		single += l->text[i] == '\'';
		dbl += l->text[i] == '"';
		if (l->text[i] == '#' &&
		    shell_is_one_of(l->text[i - 1], " \t\n`;&|()"))
			certain = false;
	}
	shell_consume(l, MIN(i + 1, l->len) - l->pos, "in backquotes");
	if (i >= l->len)
		shell_unsure(l, "in backquotes");
	if (!certain || single % 2 || dbl % 2)
		shell_unsure(l, "behind backquotes with quotes or comments "
			     "in them");
}

void
shell_open_quoting(struct shell_lexer *l, enum shell_frame_kind kind, size_t n)
{
	enum shell_frame_kind outside = shell_top(l)->kind;
	struct shell_frame *f;

	shell_consume(l, n, IN_OPERATOR);
	f = shell_push(l, kind);
	f->in_dquote = outside == SHELL_DQUOTE ||
		       outside == SHELL_DOLLAR_DQUOTE ||
		       outside == SHELL_ARITH ||
		       outside == SHELL_ARITH_COMMAND ||
		       (outside == SHELL_BRACE && f[-1].in_dquote);
}

/* Move over $NAME or another parameter of one character. */
static void
parameter(struct shell_lexer *l)
{
	size_t n = 1;

	if (is_name_char(shell_peek(l, 1))) {
		while (is_name_char(shell_peek(l, n)))
			n++;
		shell_consume(l, n, "in the name of a variable");
		l->name_end = l->pos;
		return;
	}
	n += shell_is_one_of(shell_peek(l, 1), "@*#?-$!");
	shell_consume(l, n, IN_OPERATOR);
}

/* A dollar, outside of single quotes. */
static void
dollar(struct shell_lexer *l)
{
	enum shell_frame_kind kind = shell_top(l)->kind;
	bool quoted = kind == SHELL_DQUOTE || kind == SHELL_DOLLAR_DQUOTE ||
		      (kind >= SHELL_DQUOTE && shell_top(l)->in_dquote);
	char c = shell_peek(l, 1);

	if (shell_hole_at(l, 1))
		shell_unsure(l, "directly behind $ (write \\$ for a dollar)");
	if (c == '\'' && !quoted && kind < SHELL_ARITH)
		dollar_quotes(l);
	else if (c == '"' && !quoted)
		shell_open_quoting(l, SHELL_DOLLAR_DQUOTE, 2);
	else if (c == '(' && shell_peek(l, 2) == '(')
		shell_open_quoting(l, SHELL_ARITH, 3);
	else if (c == '(')
		shell_open_quoting(l, SHELL_SUBST, 2);
	else if (c == '{' && shell_is_one_of(shell_peek(l, 2), " \t\n|("))
		shell_unsure(l, "in ${ ...; }");
	else if (c == '{')
		shell_open_quoting(l, SHELL_BRACE, 2);
	else if (c == '[' || (c == '\\' && shell_peek(l, 2) == '\n') ||
		 (c == '\'' && kind != SHELL_DQUOTE &&
		  kind != SHELL_DOLLAR_DQUOTE))
		shell_unsure(l, "behind $[...] or a $ at the end of a line");
	else
		parameter(l);
}

bool
shell_common(struct shell_lexer *l, char c)
{
	switch (c) {
	case '\0':
		shell_unsure(l, "behind a NUL byte");
		return true;
	case '`':
		backquotes(l);
		return true;
	case '$':
		dollar(l);
		return true;
	default:
		return false;
	}
}

void
shell_dquote_byte(struct shell_lexer *l, char c)
{
	struct shell_frame *f = shell_top(l);

	if (c == '"') {
		shell_consume(l, 1, IN_OPERATOR);
		shell_pop(l);
		return;
	}
	if (c == '\\') {
		shell_backslash(l);
		return;
	}
	/* Not all shells look at quotes when they look for these. */
	if (f->in_dquote && shell_is_one_of(c, "})"))
		shell_unsure(l, "behind quotes in ${...} in quotes");
	if (!shell_common(l, c))
		shell_consume(l, 1, IN_OPERATOR);
}

void
shell_brace_byte(struct shell_lexer *l, char c)
{
	struct shell_frame *f = shell_top(l);

	if (c == '}') {
		shell_consume(l, 1, IN_OPERATOR);
		shell_pop(l);
		return;
	}
	if (c == '\\') {
		shell_backslash(l);
	} else if (c == '"') {
		shell_open_quoting(l, SHELL_DQUOTE, 1);
	} else if (c == '\'' && !f->in_dquote) {
		shell_single_quotes(l);
	} else if (c == '\'' || (shell_is_one_of(c, "<>") &&
				 shell_peek(l, 1) == '(')) {
		shell_unsure(l, "behind quotes in ${...} in quotes");
	} else if (!shell_common(l, c)) {
		shell_consume(l, 1, IN_OPERATOR);
	}
}

void
shell_arith_byte(struct shell_lexer *l, char c)
{
	struct shell_frame *f = shell_top(l);
	bool command = f->kind == SHELL_ARITH_COMMAND;

	if (c == ')' && !f->depth) {
		if (shell_peek(l, 1) != ')') {
			shell_unsure(l, "behind (( that is no arithmetic");
			return;
		}
		shell_consume(l, 2, IN_OPERATOR);
		shell_pop(l);
		return;
	}
	if (shell_is_one_of(c, "()"))
		f->depth += c == '(' ? 1 : -1;
	if (c == '\'' || c == '\\' ||
	    (command && c == '<' && shell_peek(l, 1) == '<') ||
	    (c == '#' && shell_is_one_of(shell_byte_before(l), " \t\n(")))
		shell_unsure(l, "behind ((...)) that shells read differently");
	if (c == '"')
		shell_open_quoting(l, SHELL_DQUOTE, 1);
	else if (!shell_common(l, c))
		shell_consume(l, 1, IN_OPERATOR);
}
