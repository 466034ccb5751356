/*
 * Shell texts: the walk that finds the quote context of each hole.  One
 * handler for each kind of frame reads at least one byte at a time.
 */
#include "base/base.h"
#include "model/shell-text.h"

#include <stdlib.h>
#include <string.h>

#include "model/shell-lexer.h"

#define BAD_OPERATOR "behind an operator that cannot stand there"
#define WAITS "behind a newline inside of a command with a here document"
#define BEHIND_PAREN "behind a parenthesis that has no partner"

/* A backslash and newline in a command vanish; but whether an operator goes
 * on behind them is more than we follow. */
static void
line_continuation(struct shell_lexer *l)
{
	bool behind = shell_is_one_of(shell_byte_before(l), "<>&|;()");

	if (behind && shell_is_one_of(shell_peek(l, 2), "<>&|;()-#\\"))
		shell_unsure(l, "behind an operator on two lines");
	shell_consume(l, 2, IN_OPERATOR);
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
	if (shell_is_one_of(c, "\\'\"`$")) {
		shell_word_opaque(f);
		if (c == '\\')
			shell_backslash(l);
		else if (c == '\'')
			shell_single_quotes(l);
		else if (c == '"')
			shell_open_quoting(l, SHELL_DQUOTE, 1);
		else
			shell_common(l, c);
		return;
	}
	if (shell_common(l, c))
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
	if (shell_hole_at(l, 0))
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
	while (shell_is_one_of(shell_peek(l, 0), " \t"))
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
	char before = shell_byte_before(l);

	if (f->word == SHELL_WORD_ASSIGN && before == '=' &&
	    f->kind != SHELL_ARRAY && !f->want) {
		shell_word_opaque(f);
		shell_consume(l, 1, IN_OPERATOR);
		shell_push(l, SHELL_ARRAY);
		return;
	}
	if (shell_is_one_of(before, "?*+@!")) {
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
		shell_open_quoting(l, SHELL_ARITH_COMMAND, 2);
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

	if (shell_is_one_of(c, "<>") && shell_peek(l, 1) == '(') {
		shell_word_opaque(f);
		shell_open_quoting(l, SHELL_SUBST, 2);
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
	if (!shell_is_one_of(c, " \t\n;&|<>()")) {
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
	else if (shell_is_one_of(c, ";&|"))
		separator(l, c);
	else if (shell_is_one_of(c, "<>"))
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

	if (shell_is_one_of(c, " \t\n")) {
		shell_end_word(l);
		if (l->why || shell_top(l) != f)
			return;
		if (c == '\n')
			newline(l);
		else
			shell_consume(l, 1, IN_OPERATOR);
		return;
	}
	if (shell_is_one_of(c, ";&|<>()") && shell_word_is(f, "]]")) {
		shell_end_word(l);
		return;
	}
	if (c == ';' || (c == '#' && !f->in_word) ||
	    (shell_is_one_of(c, "<>") && shell_is_one_of(next, "<>(&")) ||
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
	if (shell_is_one_of(c, "()")) {
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

	if (shell_is_one_of(c, " \t\n;&<>")) {
		shell_unsure(l, "behind a pattern with blanks or operators");
		return;
	}
	if (c == ')' && !f->depth) {
		shell_consume(l, 1, IN_OPERATOR);
		shell_pop(l);
		return;
	}
	if (shell_is_one_of(c, "()"))
		f->depth += c == '(' ? 1 : -1;
	word_byte(l, c);
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
		[SHELL_DQUOTE] = shell_dquote_byte,
		[SHELL_DOLLAR_DQUOTE] = shell_dquote_byte,
		[SHELL_BRACE] = shell_brace_byte,
		[SHELL_ARITH] = shell_arith_byte,
		[SHELL_ARITH_COMMAND] = shell_arith_byte,
	};
	struct shell_lexer l = { .text = text, .len = len, .holes = holes,
				 .hole_count = count, .quotes = quotes,
				 .name_end = SIZE_MAX };

	shell_push(&l, SHELL_TOP);
	while (!l.why && l.hole < count) {
		if (shell_hole_at(&l, 0))
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
