/*
 * Shell texts: the walk that finds the quote context of each hole.  One
 * handler for each kind of frame reads at least one byte at a time.
 */
#include "base/base.h"
#include "model/shell-text.h"

#include <stdlib.h>
#include <string.h>

#include "model/shell-lexer.h"

#define IN_OPERATOR "in the middle of an operator"
#define BAD_OPERATOR "behind an operator that cannot stand there"
#define WAITS "behind a newline inside of a command with a here document"
#define BEHIND_PAREN "behind a parenthesis that has no partner"

/* Whether C, which may be NUL, is one of SET. */
static bool
is_one_of(char c, const char *set)
{
	return c && strchr(set, c);
}

static bool
is_name_char(char c)
{
	return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z');
}

/* Whether the next hole stands at offset N from here. */
static bool
hole_at(const struct shell_lexer *l, size_t n)
{
	return l->hole < l->hole_count && l->holes[l->hole] == l->pos + n;
}

/* The byte before this one; NUL at the start and behind a hole. */
static char
byte_before(const struct shell_lexer *l)
{
	if (!l->pos || (l->hole && l->holes[l->hole - 1] == l->pos))
		return '\0';
	return l->text[l->pos - 1];
}

/* Move over a backslash and what it quotes. */
static void
backslash(struct shell_lexer *l)
{
	bool at_name = l->name_end == l->pos;

	if (hole_at(l, 1))
		shell_unsure(l, "directly behind a backslash");
	shell_consume(l, MIN((size_t)2, l->len - l->pos), IN_OPERATOR);
	/* A quoted newline does not end a name. */
	if (at_name && l->text[l->pos - 1] == '\n')
		l->name_end = l->pos;
}

/* A backslash and newline in a command vanish; but whether an operator goes
 * on behind them is more than we follow. */
static void
line_continuation(struct shell_lexer *l)
{
	bool behind = is_one_of(byte_before(l), "<>&|;()");

	if (behind && is_one_of(shell_peek(l, 2), "<>&|;()-#\\"))
		shell_unsure(l, "behind an operator on two lines");
	shell_consume(l, 2, IN_OPERATOR);
}

/* Move over '...'; holes in it are placed. */
static void
single_quotes(struct shell_lexer *l)
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
		    is_one_of(l->text[i - 1], " \t\n`;&|()"))
			certain = false;
	}
	shell_consume(l, MIN(i + 1, l->len) - l->pos, "in backquotes");
	if (i >= l->len)
		shell_unsure(l, "in backquotes");
	if (!certain || single % 2 || dbl % 2)
		shell_unsure(l, "behind backquotes with quotes or comments "
			     "in them");
}

/* Push a frame of quoting for the N bytes that open it. */
static void
open_quoting(struct shell_lexer *l, enum shell_frame_kind kind, size_t n)
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
	n += is_one_of(shell_peek(l, 1), "@*#?-$!");
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

	if (hole_at(l, 1))
		shell_unsure(l, "directly behind $ (write \\$ for a dollar)");
	if (c == '\'' && !quoted && kind < SHELL_ARITH)
		dollar_quotes(l);
	else if (c == '"' && !quoted)
		open_quoting(l, SHELL_DOLLAR_DQUOTE, 2);
	else if (c == '(' && shell_peek(l, 2) == '(')
		open_quoting(l, SHELL_ARITH, 3);
	else if (c == '(')
		open_quoting(l, SHELL_SUBST, 2);
	else if (c == '{' && is_one_of(shell_peek(l, 2), " \t\n|("))
		shell_unsure(l, "in ${ ...; }");
	else if (c == '{')
		open_quoting(l, SHELL_BRACE, 2);
	else if (c == '[' || (c == '\\' && shell_peek(l, 2) == '\n') ||
		 (c == '\'' && kind != SHELL_DQUOTE &&
		  kind != SHELL_DOLLAR_DQUOTE))
		shell_unsure(l, "behind $[...] or a $ at the end of a line");
	else
		parameter(l);
}

/* What reads alike in words, double quotes, braces and arithmetic.  Returns
 * whether C was that. */
static bool
common(struct shell_lexer *l, char c)
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

/* A character of a word that is no operator. */
static void
word_byte(struct shell_lexer *l, char c)
{
	struct shell_frame *f = shell_top(l);

	if (c == '\\' && shell_peek(l, 1) == '\n') {
		line_continuation(l);
		return;
	}
	if (is_one_of(c, "\\'\"`$")) {
		shell_word_opaque(f);
		if (c == '\\')
			backslash(l);
		else if (c == '\'')
			single_quotes(l);
		else if (c == '"')
			open_quoting(l, SHELL_DQUOTE, 1);
		else
			common(l, c);
		return;
	}
	if (common(l, c))
		return;
	shell_word_char(l, f, c);
	l->pos++;
}

/* A comment, up to its newline; a hole right before that is in it too. */
static void
comment(struct shell_lexer *l)
{
	const char *p = l->text + l->pos;
	const char *end = memchr(p, '\n', l->len - l->pos);

	shell_consume(l, end ? (size_t)(end - p) : l->len - l->pos,
		      "in a comment");
	if (hole_at(l, 0))
		shell_refuse(l, l->hole, "in a comment");
}

static void
newline(struct shell_lexer *l)
{
	struct shell_frame *f = shell_top(l);

	if (f->kind == SHELL_ARRAY || f->kind == SHELL_COND) {
		if (l->heredoc_count)
			shell_unsure(l, WAITS);
		shell_consume(l, 1, IN_OPERATOR);
		return;
	}
	switch (f->position) {
	case SHELL_POS_FOR_IN:
	case SHELL_POS_CASE_IN:
	case SHELL_POS_PATTERN_START:
		break;
	case SHELL_POS_FOR_NAME:
	case SHELL_POS_FUNCTION_NAME:
	case SHELL_POS_CASE_WORD:
	case SHELL_POS_PATTERN:
		shell_unsure(l, "behind a command that ends too early");
		break;
	default:
		f->position = SHELL_POS_COMMAND;
	}
	if (f->want)
		shell_unsure(l, "behind a redirection without a file");
	shell_heredoc_bodies(l);
}

/* ;, & and | and what begins with them. */
static void
separator(struct shell_lexer *l, char c)
{
	struct shell_frame *f = shell_top(l);
	char next = shell_peek(l, 1);
	size_t n = 1;

	if (c == '|' && f->position == SHELL_POS_PATTERN) {
		shell_consume(l, 1, IN_OPERATOR);
		return;
	}
	if (c == '&' && next == '>') {
		shell_consume(l, 2 + (shell_peek(l, 2) == '>'), IN_OPERATOR);
		f->want = SHELL_WANT_FILE;
		return;
	}
	if (f->kind == SHELL_ARRAY || f->want ||
	    (f->position >= SHELL_POS_FOR_NAME &&
	     !(c == ';' && f->position == SHELL_POS_FOR_IN))) {
		shell_unsure(l, BAD_OPERATOR);
		return;
	}
	f->position = SHELL_POS_COMMAND;
	if (c == ';' && (next == ';' || next == '&')) {
		n = next == ';' && shell_peek(l, 2) == '&' ? 3 : 2;
		f->position = SHELL_POS_PATTERN_START;
		if (f->kind != SHELL_CASE)
			shell_unsure(l, "behind ;; outside of case");
	} else if (c != ';' && (next == c || (c == '|' && next == '&'))) {
		n = 2;
	}
	shell_consume(l, n, IN_OPERATOR);
}

/* < and > and what begins with them. */
static void
redirection(struct shell_lexer *l, char c)
{
	struct shell_frame *f = shell_top(l);
	char next = shell_peek(l, 1);
	size_t n = 1;

	if (f->kind == SHELL_ARRAY || f->want ||
	    f->position >= SHELL_POS_FOR_NAME)
		shell_unsure(l, BAD_OPERATOR);
	if (c == '<' && next == '<' && shell_peek(l, 2) != '<') {
		shell_heredoc_start(l);
		if (f->position <= SHELL_POS_TIME)
			f->position = SHELL_POS_PREFIX;
		return;
	}
	f->want = SHELL_WANT_FILE;
	if (c == '<' && next == '<')
		n = 3;
	else if (next == '&')
		n = 2;
	else if ((c == '<' && next == '>') ||
		 (c == '>' && (next == '>' || next == '|')))
		n = 2;
	if (next == '&')
		f->want = SHELL_WANT_FD;
	shell_consume(l, n, IN_OPERATOR);
}

/* NAME ( ): the parenthesis of a function definition stands here. */
static void
function_parens(struct shell_lexer *l)
{
	shell_consume(l, 1, IN_OPERATOR);
	while (is_one_of(shell_peek(l, 0), " \t"))
		shell_consume(l, 1, "in the definition of a function");
	if (shell_peek(l, 0) != ')') {
		shell_unsure(l, "behind a parenthesis that cannot stand "
			     "there");
		return;
	}
	shell_consume(l, 1, "in the definition of a function");
	shell_top(l)->position = SHELL_POS_COMMAND;
}

/* ( glued to a word: an array, a pattern, a function. */
static void
paren_in_word(struct shell_lexer *l, struct shell_frame *f)
{
	char before = byte_before(l);

	if (f->word == SHELL_WORD_ASSIGN && before == '=' &&
	    f->kind != SHELL_ARRAY && !f->want) {
		shell_word_opaque(f);
		shell_consume(l, 1, IN_OPERATOR);
		shell_push(l, SHELL_ARRAY);
		return;
	}
	if (is_one_of(before, "?*+@!")) {
		if (shell_word_is(f, "!") || shell_peek(l, 1) == ')')
			shell_unsure(l, "behind a parenthesis that may begin "
				     "a pattern");
		shell_word_opaque(f);
		shell_consume(l, 1, IN_OPERATOR);
		shell_push(l, SHELL_EXTGLOB);
		return;
	}
	if (f->kind == SHELL_ARRAY || f->want ||
	    f->word == SHELL_WORD_ASSIGN ||
	    (f->position > SHELL_POS_PREFIX &&
	     f->position != SHELL_POS_FUNCTION_NAME)) {
		shell_unsure(l, BEHIND_PAREN);
		return;
	}
	if (f->word_hole)
		shell_refuse(l, f->word_hole - 1, "in the name of a function");
	shell_end_word(l);
	function_parens(l);
}

/* ( at the beginning of a word. */
static void
paren_at_start(struct shell_lexer *l, struct shell_frame *f)
{
	bool twice = shell_peek(l, 1) == '(';

	if (f->kind == SHELL_ARRAY || f->want) {
		shell_unsure(l, BEHIND_PAREN);
	} else if (f->position == SHELL_POS_PATTERN_START) {
		/* esac is a pattern behind this. */
		f->position = SHELL_POS_PATTERN;
		shell_consume(l, 1, IN_OPERATOR);
	} else if (twice && (f->position <= SHELL_POS_TIME ||
			     f->position == SHELL_POS_FOR_NAME)) {
		f->position = SHELL_POS_COMMAND;
		open_quoting(l, SHELL_ARITH_COMMAND, 2);
	} else if (f->position == SHELL_POS_ARGS) {
		function_parens(l);
	} else if (f->position <= SHELL_POS_TIME) {
		f->position = SHELL_POS_COMMAND;
		shell_consume(l, 1, IN_OPERATOR);
		shell_push(l, SHELL_PAREN);
	} else {
		shell_unsure(l, BEHIND_PAREN);
	}
}

/* ) of a command, an array or a pattern. */
static void
close_paren(struct shell_lexer *l)
{
	struct shell_frame *f = shell_top(l);

	if (f->kind == SHELL_CASE && f->position == SHELL_POS_PATTERN) {
		f->position = SHELL_POS_COMMAND;
		shell_consume(l, 1, IN_OPERATOR);
		return;
	}
	if (f->kind == SHELL_TOP || f->kind == SHELL_CASE || f->want ||
	    (f->kind == SHELL_SUBST && l->heredoc_count > f->heredocs)) {
		shell_unsure(l, BEHIND_PAREN);
		return;
	}
	/* function f () has its parentheses here too: then a body follows,
	 * as it may behind any other. */
	shell_consume(l, 1, IN_OPERATOR);
	shell_pop(l);
}

/* A frame of commands, or of an array. */
static void
command_byte(struct shell_lexer *l, char c)
{
	struct shell_frame *f = shell_top(l);

	if (is_one_of(c, "<>") && shell_peek(l, 1) == '(') {
		shell_word_opaque(f);
		open_quoting(l, SHELL_SUBST, 2);
		return;
	}
	if (c == '(' && f->in_word &&
	    (!shell_word_is_reserved(f) || shell_word_is(f, "!"))) {
		paren_in_word(l, f);
		return;
	}
	if (c == '#' && !f->in_word) {
		comment(l);
		return;
	}
	if (!is_one_of(c, " \t\n;&|<>()")) {
		word_byte(l, c);
		return;
	}
	shell_end_word(l);
	f = shell_top(l);
	/* The word may have opened or closed a frame of another kind. */
	if (l->why || f->kind > SHELL_ARRAY)
		return;
	if (c == '\n')
		newline(l);
	else if (is_one_of(c, ";&|"))
		separator(l, c);
	else if (is_one_of(c, "<>"))
		redirection(l, c);
	else if (c == '(')
		paren_at_start(l, f);
	else if (c == ')')
		close_paren(l);
	else
		shell_consume(l, 1, IN_OPERATOR);
}

/* [[ ]]: operators are words, parentheses only count. */
static void
cond_byte(struct shell_lexer *l, char c)
{
	struct shell_frame *f = shell_top(l);
	char next = shell_peek(l, 1);

	if (is_one_of(c, " \t\n")) {
		shell_end_word(l);
		if (l->why || shell_top(l) != f)
			return;
		if (c == '\n')
			newline(l);
		else
			shell_consume(l, 1, IN_OPERATOR);
		return;
	}
	if (is_one_of(c, ";&|<>()") && shell_word_is(f, "]]")) {
		shell_end_word(l);
		return;
	}
	if (c == ';' || (c == '#' && !f->in_word) ||
	    (is_one_of(c, "<>") && is_one_of(next, "<>(&")) ||
	    (c == ')' && !f->depth)) {
		shell_unsure(l, "behind an operator in [[ ]] that shells "
			     "read differently");
		return;
	}
	if (c == '&' || (c == '|' && next == '|' && !f->depth)) {
		shell_end_word(l);
		if (next != c)
			shell_unsure(l, "behind & in [[ ]]");
		shell_consume(l, 2, IN_OPERATOR);
		return;
	}
	if (is_one_of(c, "()")) {
		f->depth += c == '(' ? 1 : -1;
		shell_word_opaque(f);
		shell_consume(l, 1, IN_OPERATOR);
		return;
	}
	word_byte(l, c);
}

/* @( ): alternatives without blanks. */
static void
extglob_byte(struct shell_lexer *l, char c)
{
	struct shell_frame *f = shell_top(l);

	if (is_one_of(c, " \t\n;&<>")) {
		shell_unsure(l, "behind a pattern with blanks or operators");
		return;
	}
	if (c == ')' && !f->depth) {
		shell_consume(l, 1, IN_OPERATOR);
		shell_pop(l);
		return;
	}
	if (is_one_of(c, "()"))
		f->depth += c == '(' ? 1 : -1;
	word_byte(l, c);
}

static void
dquote_byte(struct shell_lexer *l, char c)
{
	struct shell_frame *f = shell_top(l);

	if (c == '"') {
		shell_consume(l, 1, IN_OPERATOR);
		shell_pop(l);
		return;
	}
	if (c == '\\') {
		backslash(l);
		return;
	}
	/* Not all shells look at quotes when they look for these. */
	if (f->in_dquote && is_one_of(c, "})"))
		shell_unsure(l, "behind quotes in ${...} in quotes");
	if (!common(l, c))
		shell_consume(l, 1, IN_OPERATOR);
}

static void
brace_byte(struct shell_lexer *l, char c)
{
	struct shell_frame *f = shell_top(l);

	if (c == '}') {
		shell_consume(l, 1, IN_OPERATOR);
		shell_pop(l);
		return;
	}
	if (c == '\\') {
		backslash(l);
	} else if (c == '"') {
		open_quoting(l, SHELL_DQUOTE, 1);
	} else if (c == '\'' && !f->in_dquote) {
		single_quotes(l);
	} else if (c == '\'' || (is_one_of(c, "<>") &&
				 shell_peek(l, 1) == '(')) {
		shell_unsure(l, "behind quotes in ${...} in quotes");
	} else if (!common(l, c)) {
		shell_consume(l, 1, IN_OPERATOR);
	}
}

static void
arith_byte(struct shell_lexer *l, char c)
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
	if (is_one_of(c, "()"))
		f->depth += c == '(' ? 1 : -1;
	if (c == '\'' || c == '\\' ||
	    (command && c == '<' && shell_peek(l, 1) == '<') ||
	    (c == '#' && is_one_of(byte_before(l), " \t\n(")))
		shell_unsure(l, "behind ((...)) that shells read differently");
	if (c == '"')
		open_quoting(l, SHELL_DQUOTE, 1);
	else if (!common(l, c))
		shell_consume(l, 1, IN_OPERATOR);
}

int
shell_text_scan(const char *text, size_t len, const size_t *holes,
		size_t count, enum wire_quote *quotes, size_t *bad,
		const char **why)
{
	static void (*const handlers[])(struct shell_lexer *, char) = {
		[SHELL_TOP] = command_byte,
		[SHELL_SUBST] = command_byte,
		[SHELL_PAREN] = command_byte,
		[SHELL_CASE] = command_byte,
		[SHELL_ARRAY] = command_byte,
		[SHELL_COND] = cond_byte,
		[SHELL_EXTGLOB] = extglob_byte,
		[SHELL_DQUOTE] = dquote_byte,
		[SHELL_DOLLAR_DQUOTE] = dquote_byte,
		[SHELL_BRACE] = brace_byte,
		[SHELL_ARITH] = arith_byte,
		[SHELL_ARITH_COMMAND] = arith_byte,
	};
	struct shell_lexer l = { .text = text, .len = len, .holes = holes,
				 .hole_count = count, .quotes = quotes,
				 .name_end = SIZE_MAX };

	shell_push(&l, SHELL_TOP);
	while (!l.why && l.hole < count) {
		if (hole_at(&l, 0))
			shell_hole(&l, false);
		else if (l.pos < len)
			handlers[shell_top(&l)->kind](&l, text[l.pos]);
		else
			bug("a hole behind the end of its text");
	}
	/* What follows the last hole can still refuse it: $x -eq, x= */
	while (!l.why && l.pos < len)
		handlers[shell_top(&l)->kind](&l, text[l.pos]);
	while (l.heredoc_count)
		free(l.heredocs[--l.heredoc_count].delimiter);
	free(l.heredocs);
	free(l.frames);
	if (!l.why || l.bad >= count)
		return 0;
	*bad = l.bad;
	*why = l.why;
	return -1;
}
