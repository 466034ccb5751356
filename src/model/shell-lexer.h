/*
 * The state of the lexer of shell texts, whose parts are shell-scan.c,
 * shell-words.c, shell-quoting.c and shell-heredoc.c; nobody else includes
 * this.  What it is for is told in shell-text.h.
 *
 * The lexer keeps a stack of what it is inside of.  Some frames read words
 * (commands, arrays, [[ ]]); the others are quoting.  Where it is not certain
 * what a shell would make of the text it stops, and all holes behind that
 * point are refused: it never guesses.
 */
#ifndef FLOWMAKE_MODEL_SHELL_LEXER_H
#define FLOWMAKE_MODEL_SHELL_LEXER_H

#include "base/base.h"
#include "model/wire.h"

enum shell_frame_kind {
	/* These read words. */
	SHELL_TOP,
	SHELL_SUBST,   /* $( ), <( ), >( ) */
	SHELL_PAREN,   /* ( ) */
	SHELL_CASE,    /* case ... esac */
	SHELL_ARRAY,   /* NAME=( ) */
	SHELL_COND,    /* [[ ]] */
	SHELL_EXTGLOB, /* @( ) */
	/* These quote. */
	SHELL_DQUOTE,
	SHELL_DOLLAR_DQUOTE, /* $" " */
	SHELL_BRACE,         /* ${ } */
	SHELL_ARITH,         /* $(( )) */
	SHELL_ARITH_COMMAND, /* (( )) */
};

/* What the next word is in the grammar. */
enum shell_position {
	SHELL_POS_COMMAND, /* a reserved word, an assignment or a command */
	SHELL_POS_TIME,    /* the same, or an option of time */
	SHELL_POS_PREFIX,  /* an assignment or a command */
	SHELL_POS_ARGS,
	SHELL_POS_FOR_NAME,
	SHELL_POS_FOR_IN,
	SHELL_POS_FUNCTION_NAME,
	SHELL_POS_CASE_WORD,
	SHELL_POS_CASE_IN,
	SHELL_POS_PATTERN_START, /* a pattern, ( or esac */
	SHELL_POS_PATTERN,
};

/* What the current word looks like so far. */
enum shell_word {
	SHELL_WORD_EMPTY,
	SHELL_WORD_NAME,
	SHELL_WORD_NAME_HOLE,   /* name characters and holes */
	SHELL_WORD_SUBSCRIPT,   /* behind NAME[ */
	SHELL_WORD_SUBSCRIPTED, /* NAME[...] */
	SHELL_WORD_PLUS,        /* NAME+ */
	SHELL_WORD_ASSIGN,      /* behind NAME= */
	SHELL_WORD_OTHER,
};

/* What stands before the word and takes it. */
enum shell_want {
	SHELL_WANT_NOTHING,
	SHELL_WANT_FILE, /* a redirection */
	SHELL_WANT_FD,   /* <& or >& */
};

struct shell_frame {
	enum shell_frame_kind kind;
	enum shell_position position;
	enum shell_word word;
	enum shell_want want;
	bool in_word;
	bool plain;       /* the word so far is literal: it stands in name */
	bool brace;       /* an unquoted { stands in the word */
	bool arith;       /* [[ ]]: the word is evaluated as arithmetic */
	bool in_dquote;   /* quoting inside of double quotes or arithmetic */
	char name[10];    /* of no use when longer than any reserved word */
	size_t name_len;
	size_t depth;     /* open brackets inside of this frame */
	size_t word_hole; /* index + 1 of the last hole in the word, or 0 */
	size_t last_hole; /* the same of the word before */
	size_t heredocs;  /* here documents that wait outside of this frame */
};

struct shell_heredoc {
	char *delimiter; /* owned */
	size_t len;
	bool strip;  /* <<- */
	bool quoted;
};

struct shell_lexer {
	const char *text;
	size_t pos, len;
	const size_t *holes;
	size_t hole, hole_count; /* the next hole, and how many there are */
	enum wire_quote *quotes;
	struct shell_frame *frames;
	size_t depth, frame_alloc;
	struct shell_heredoc *heredocs; /* those whose body has not come yet */
	size_t heredoc_count, heredoc_alloc;
	size_t name_end; /* where the last $NAME in double quotes ended */
	size_t bad;
	const char *why; /* not NULL: stop; hole BAD is refused */
};

struct shell_frame *shell_top(struct shell_lexer *l);
struct shell_frame *shell_push(struct shell_lexer *l,
			       enum shell_frame_kind kind);
void shell_pop(struct shell_lexer *l);

/* Stop: hole INDEX cannot be quoted. */
void shell_refuse(struct shell_lexer *l, size_t index, const char *why);
/* Stop: what follows is not understood for certain. */
void shell_unsure(struct shell_lexer *l, const char *why);
/* Move over N bytes, in which no hole can be quoted because of WHY. */
void shell_consume(struct shell_lexer *l, size_t n, const char *why);
/* The byte at offset N from here, or NUL behind the end. */
char shell_peek(const struct shell_lexer *l, size_t n);

/* The next hole stands here, inside of the quotes that the stack shows or,
 * when SINGLE, of single quotes. */
void shell_hole(struct shell_lexer *l, bool single);
/* A literal character of a word. */
void shell_word_char(struct shell_lexer *l, struct shell_frame *f, char c);
/* Something quoted or expanded stands in the word. */
void shell_word_opaque(struct shell_frame *f);
/* The word, if there is one, is complete. */
void shell_end_word(struct shell_lexer *l);
/* Whether the word so far is this literal text. */
bool shell_word_is(const struct shell_frame *f, const char *text);
/* Whether it is a word that the grammar reserves. */
bool shell_word_is_reserved(const struct shell_frame *f);

#define IN_OPERATOR "in the middle of an operator"

/* Whether C, which may be NUL, is one of SET. */
bool shell_is_one_of(char c, const char *set);
/* Whether the next hole stands at offset N from here. */
bool shell_hole_at(const struct shell_lexer *l, size_t n);
/* The byte before this one; NUL at the start and behind a hole. */
char shell_byte_before(const struct shell_lexer *l);
/* Move over a backslash and what it quotes, outside of commands. */
void shell_backslash(struct shell_lexer *l);
/* Move over '...'; holes in it are placed. */
void shell_single_quotes(struct shell_lexer *l);
/* Push a frame of quoting for the N bytes that open it. */
void shell_open_quoting(struct shell_lexer *l, enum shell_frame_kind kind,
			size_t n);
/* What reads alike in words, double quotes, braces and arithmetic: $, ` and
 * NUL.  Returns whether C, which stands here, was that. */
bool shell_common(struct shell_lexer *l, char c);
/* Read C, which stands here, in a frame of quoting. */
void shell_dquote_byte(struct shell_lexer *l, char c);
void shell_brace_byte(struct shell_lexer *l, char c);
void shell_arith_byte(struct shell_lexer *l, char c);

/* << stands here: read it and the delimiter. */
void shell_heredoc_start(struct shell_lexer *l);
/* A newline stands here that is not quoted: move over it and the bodies of
 * the here documents that wait for it. */
void shell_heredoc_bodies(struct shell_lexer *l);

#endif
