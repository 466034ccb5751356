/*
 * Shell texts: words, where they stand in the grammar, and the holes in them.
 */
#include "base/base.h"
#include "model/shell-lexer.h"

#include <string.h>

struct shell_frame *
shell_top(struct shell_lexer *l)
{
	return &l->frames[l->depth - 1];
}

struct shell_frame *
shell_push(struct shell_lexer *l, enum shell_frame_kind kind)
{
	struct shell_frame *f;

	ARRAY_GROW(l->frames, l->depth, l->frame_alloc);
	f = &l->frames[l->depth++];
	memset(f, 0, sizeof(*f));
	f->kind = kind;
	f->plain = true;
	f->heredocs = l->heredoc_count;
	if (kind == SHELL_ARRAY || kind == SHELL_COND || kind == SHELL_EXTGLOB)
		f->position = SHELL_POS_ARGS;
	if (kind == SHELL_CASE)
		f->position = SHELL_POS_CASE_WORD;
	/* A newline inside of these may still begin the bodies of here
	 * documents that were opened before them. */
	if (kind == SHELL_PAREN || kind == SHELL_CASE)
		f->heredocs = f[-1].heredocs;
	return f;
}

void
shell_pop(struct shell_lexer *l)
{
	l->depth--;
}

void
shell_refuse(struct shell_lexer *l, size_t index, const char *why)
{
	if (l->why)
		return;
	l->bad = index;
	l->why = why;
}

void
shell_unsure(struct shell_lexer *l, const char *why)
{
	size_t i, index = l->hole;

	/* Behind all holes it matters only to those in words that are not
	 * complete. */
	for (i = 0; index == l->hole_count && i < l->depth; i++) {
		if (l->frames[i].word_hole)
			index = l->frames[i].word_hole - 1;
		else if (l->frames[i].last_hole)
			index = l->frames[i].last_hole - 1;
	}
	shell_refuse(l, index, why);
}

void
shell_consume(struct shell_lexer *l, size_t n, const char *why)
{
	l->pos += n;
	if (l->hole < l->hole_count && l->holes[l->hole] < l->pos)
		shell_refuse(l, l->hole, why);
}

char
shell_peek(const struct shell_lexer *l, size_t n)
{
	return n < l->len - l->pos ? l->text[l->pos + n] : '\0';
}

/* Whether only one word can stand here. */
static bool
takes_one_word(const struct shell_frame *f)
{
	return f->want || f->word == SHELL_WORD_ASSIGN || f->brace ||
	       f->kind == SHELL_COND || f->kind == SHELL_EXTGLOB ||
	       f->position >= SHELL_POS_CASE_WORD;
}

/* Why no hole can stand in the word of F, or NULL. */
static const char *
word_refuses(const struct shell_frame *f)
{
	if (f->want == SHELL_WANT_FD)
		return "behind <& or >&, where a number is a descriptor";
	if (f->word == SHELL_WORD_SUBSCRIPT)
		return "in an array subscript, which the shell evaluates";
	if (f->arith)
		return "in an arithmetic comparison of [[ ]] (use [ ])";
	if (f->position == SHELL_POS_FOR_NAME)
		return "in the name of a variable";
	if (f->position == SHELL_POS_FUNCTION_NAME)
		return "in the name of a function";
	if (f->position == SHELL_POS_FOR_IN || f->position == SHELL_POS_CASE_IN)
		return "where the shell expects the word in";
	return NULL;
}

/* Find the frame whose word the hole is part of, and the quoting between.
 * Returns NULL when the hole was refused. */
static struct shell_frame *
word_of_hole(struct shell_lexer *l, enum wire_quote *quote)
{
	static const char *const why[] = {
		[SHELL_DOLLAR_DQUOTE] = "in $\"...\"",
		[SHELL_BRACE] = "in ${...}",
		[SHELL_ARITH] = "in $((...))",
		[SHELL_ARITH_COMMAND] = "in ((...))",
	};
	struct shell_frame *f = shell_top(l);

	for (; f->kind >= SHELL_DQUOTE; f--) {
		if (f->kind != SHELL_DQUOTE) {
			shell_refuse(l, l->hole, why[f->kind]);
			return NULL;
		}
		*quote = WIRE_QUOTE_DOUBLE;
	}
	return f;
}

void
shell_hole(struct shell_lexer *l, bool single)
{
	enum wire_quote quote = single ? WIRE_QUOTE_SINGLE : WIRE_QUOTE_BARE;
	struct shell_frame *f = word_of_hole(l, &quote);
	const char *why;

	if (!f)
		return;
	why = word_refuses(f);
	if (!why && quote == WIRE_QUOTE_DOUBLE && l->name_end == l->pos)
		why = "directly behind the name of a variable (write ${...})";
	if (why) {
		shell_refuse(l, l->hole, why);
		return;
	}
	if (quote == WIRE_QUOTE_BARE && takes_one_word(f))
		quote = WIRE_QUOTE_WORD;
	if (f->word <= SHELL_WORD_NAME_HOLE)
		f->word = SHELL_WORD_NAME_HOLE;
	else
		shell_word_opaque(f);
	f->in_word = true;
	f->plain = false;
	f->word_hole = l->hole + 1;
	l->quotes[l->hole++] = quote;
}

static bool
is_name_char(char c, bool first)
{
	return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (!first && c >= '0' && c <= '9');
}

/* Follow how far the word looks like an assignment. */
static enum shell_word
next_word_state(struct shell_frame *f, char c)
{
	switch (f->word) {
	case SHELL_WORD_EMPTY:
		if (c == '[' && f->kind == SHELL_ARRAY)
			return SHELL_WORD_SUBSCRIPT;
		return is_name_char(c, true) ? SHELL_WORD_NAME :
					       SHELL_WORD_OTHER;
	case SHELL_WORD_NAME_HOLE:
		return is_name_char(c, false) ? f->word : SHELL_WORD_OTHER;
	case SHELL_WORD_NAME:
		if (c == '[')
			return SHELL_WORD_SUBSCRIPT;
		if (is_name_char(c, false))
			return f->word;
		/* fall through */
	case SHELL_WORD_SUBSCRIPTED:
		if (c == '+')
			return SHELL_WORD_PLUS;
		/* fall through */
	case SHELL_WORD_PLUS:
		return c == '=' ? SHELL_WORD_ASSIGN : SHELL_WORD_OTHER;
	case SHELL_WORD_SUBSCRIPT:
		if (c == '[')
			f->depth++;
		if (c != ']')
			return SHELL_WORD_SUBSCRIPT;
		if (f->depth) {
			f->depth--;
			return SHELL_WORD_SUBSCRIPT;
		}
		return SHELL_WORD_SUBSCRIPTED;
	case SHELL_WORD_ASSIGN:
	case SHELL_WORD_OTHER:
		break;
	}
	return f->word;
}

void
shell_word_char(struct shell_lexer *l, struct shell_frame *f, char c)
{
	enum shell_word before;

	f->in_word = true;
	if (f->plain && f->name_len < sizeof(f->name))
		f->name[f->name_len++] = c;
	else
		f->plain = false;
	if (c == '{')
		f->brace = true;
	if (f->kind == SHELL_COND || f->kind == SHELL_EXTGLOB)
		return;
	before = f->word;
	f->word = next_word_state(f, c);
	if (before == SHELL_WORD_NAME_HOLE && c == '=' && !f->want &&
	    f->position <= SHELL_POS_PREFIX)
		shell_refuse(l, f->word_hole - 1, "in the name of a variable");
}

void
shell_word_opaque(struct shell_frame *f)
{
	f->in_word = true;
	f->plain = false;
	if (f->word != SHELL_WORD_SUBSCRIPT && f->word != SHELL_WORD_ASSIGN)
		f->word = SHELL_WORD_OTHER;
}

bool
shell_word_is(const struct shell_frame *f, const char *text)
{
	return f->in_word && f->plain && f->name_len == strlen(text) &&
	       !memcmp(f->name, text, f->name_len);
}

/* What a reserved word does to the grammar. */
enum effect {
	NOT_RESERVED,
	COMMAND_FOLLOWS,
	TIME,
	FOR,
	FUNCTION,
	CASE,
	ESAC,
	COND,
	UNSURE,
};

static enum effect
reserved_word(const struct shell_frame *f)
{
	static const struct {
		const char *word;
		enum effect effect;
	} table[] = {
		{ "if", COMMAND_FOLLOWS },	{ "then", COMMAND_FOLLOWS },
		{ "else", COMMAND_FOLLOWS },	{ "elif", COMMAND_FOLLOWS },
		{ "fi", COMMAND_FOLLOWS },	{ "while", COMMAND_FOLLOWS },
		{ "until", COMMAND_FOLLOWS },	{ "do", COMMAND_FOLLOWS },
		{ "done", COMMAND_FOLLOWS },	{ "{", COMMAND_FOLLOWS },
		{ "}", COMMAND_FOLLOWS },	{ "!", COMMAND_FOLLOWS },
		{ "time", TIME },		{ "for", FOR },
		{ "select", FOR },		{ "function", FUNCTION },
		{ "case", CASE },		{ "esac", ESAC },
		{ "[[", COND },			{ "coproc", UNSURE },
		{ "alias", UNSURE },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(table); i++)
		if (shell_word_is(f, table[i].word))
			return table[i].effect;
	return NOT_RESERVED;
}

bool
shell_word_is_reserved(const struct shell_frame *f)
{
	return f->position <= SHELL_POS_TIME && !f->want &&
	       reserved_word(f) != NOT_RESERVED;
}

/* The first word of a command is complete. */
static void
end_first_word(struct shell_lexer *l, struct shell_frame *f)
{
	f->position = f->word == SHELL_WORD_ASSIGN ? SHELL_POS_PREFIX :
						     SHELL_POS_ARGS;
	switch (reserved_word(f)) {
	case NOT_RESERVED:
		break;
	case COMMAND_FOLLOWS:
		f->position = SHELL_POS_COMMAND;
		break;
	case TIME:
		f->position = SHELL_POS_TIME;
		break;
	case FOR:
		f->position = SHELL_POS_FOR_NAME;
		break;
	case FUNCTION:
		f->position = SHELL_POS_FUNCTION_NAME;
		break;
	case CASE:
		f->position = SHELL_POS_COMMAND;
		shell_push(l, SHELL_CASE);
		break;
	case ESAC:
		if (f->kind != SHELL_CASE) {
			shell_unsure(l, "behind an esac without case");
			break;
		}
		shell_pop(l);
		break;
	case COND:
		f->position = SHELL_POS_COMMAND;
		shell_push(l, SHELL_COND);
		break;
	case UNSURE:
		shell_unsure(l, "behind alias or coproc");
		break;
	}
}

/* A word of for NAME in, select or case WORD in is complete. */
static void
end_clause_word(struct shell_lexer *l, struct shell_frame *f)
{
	switch (f->position) {
	case SHELL_POS_FOR_NAME:
		f->position = SHELL_POS_FOR_IN;
		return;
	case SHELL_POS_FOR_IN:
		f->position = shell_word_is(f, "in") ? SHELL_POS_ARGS :
						       SHELL_POS_COMMAND;
		if (f->position == SHELL_POS_COMMAND &&
		    !shell_word_is(f, "do"))
			shell_unsure(l, "behind a for without in or do");
		return;
	case SHELL_POS_CASE_WORD:
		f->position = SHELL_POS_CASE_IN;
		return;
	case SHELL_POS_CASE_IN:
		f->position = SHELL_POS_PATTERN_START;
		if (!shell_word_is(f, "in"))
			shell_unsure(l, "behind a case without in");
		return;
	case SHELL_POS_PATTERN_START:
		f->position = SHELL_POS_PATTERN;
		if (shell_word_is(f, "esac"))
			shell_pop(l);
		return;
	default:
		return;
	}
}

/* A word of [[ ]] is complete.  The operands of these operators are
 * evaluated: a value like x[$(command)] would run the command. */
static void
end_cond_word(struct shell_lexer *l, struct shell_frame *f)
{
	static const char *const binary[] = { "-eq", "-ne", "-lt", "-le",
					      "-gt", "-ge" };
	size_t i;

	if (shell_word_is(f, "]]")) {
		if (f->depth)
			shell_unsure(l, "behind an open ( in [[ ]]");
		shell_pop(l);
		return;
	}
	f->arith = shell_word_is(f, "-v") || shell_word_is(f, "-R");
	for (i = 0; i < ARRAY_SIZE(binary); i++) {
		if (!shell_word_is(f, binary[i]))
			continue;
		f->arith = true;
		if (f->last_hole)
			shell_refuse(l, f->last_hole - 1, "in an arithmetic "
				     "comparison of [[ ]] (use [ ])");
	}
	f->last_hole = f->word_hole;
}

static void
clear_word(struct shell_frame *f)
{
	f->in_word = false;
	f->plain = true;
	f->brace = false;
	f->name_len = 0;
	f->word = SHELL_WORD_EMPTY;
	f->word_hole = 0;
	f->want = SHELL_WANT_NOTHING;
	if (f->kind != SHELL_COND)
		f->depth = 0;
}

void
shell_end_word(struct shell_lexer *l)
{
	size_t index = l->depth - 1;
	struct shell_frame *f = &l->frames[index];

	if (!f->in_word)
		return;
	if (f->word == SHELL_WORD_SUBSCRIPT &&
	    (f->position <= SHELL_POS_PREFIX || f->kind == SHELL_ARRAY))
		shell_unsure(l, "behind an array subscript of several words");
	if (f->kind == SHELL_COND) {
		end_cond_word(l, f);
	} else if (f->want) {
		if (f->position <= SHELL_POS_TIME)
			f->position = SHELL_POS_PREFIX;
	} else if (f->position == SHELL_POS_TIME &&
		   (shell_word_is(f, "-p") || shell_word_is(f, "--"))) {
		/* Still before the command. */
	} else if (f->position == SHELL_POS_PREFIX &&
		   reserved_word(f) != NOT_RESERVED) {
		shell_unsure(l, "behind a reserved word that shells read "
			     "differently there");
	} else if (f->position == SHELL_POS_FUNCTION_NAME) {
		f->position = SHELL_POS_COMMAND;
	} else if (f->position <= SHELL_POS_PREFIX) {
		end_first_word(l, f);
	} else {
		end_clause_word(l, f);
	}
	/* The stack may have moved or shrunk. */
	clear_word(&l->frames[index]);
}
