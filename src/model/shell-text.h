/*
 * Shell texts: where a hole stands, how a value is quoted there, and which
 * commands need no shell at all.  Pure functions; the grammar is that of
 * bash(1) and the POSIX Shell Command Language, section 2.
 */
#ifndef FLOWMAKE_MODEL_SHELL_TEXT_H
#define FLOWMAKE_MODEL_SHELL_TEXT_H

#include "base/base.h"
#include "model/wire.h"

struct error;
struct strbuf;
struct strvec;

/* Find the quote context of each of COUNT holes in the shell text of LEN
 * bytes at TEXT.  Hole I stands before the byte at offset HOLES[I] (ascending,
 * at most LEN); its own characters are not in the text, and the caller leaves
 * out raw holes: what they bring is unknown here.  On success fills QUOTES
 * and returns 0.  Otherwise returns -1 with *BAD the index of a hole that
 * cannot be quoted and *WHY a constant phrase for it, to stand behind "#{x}
 * stands": "in a here document", "in a comment", "in ${...}", "in $'...'",
 * "in backquotes", "in $((...))", "directly behind $ (write \\$ for a
 * dollar)", ...  Command substitutions, also inside double quotes, start a
 * context of their own, in which holes are quoted anew.
 *
 * The answer holds for bash and for POSIX shells like dash.  Where shells
 * differ, or where the text would have to be executed to know how the rest is
 * read (aliases, extended patterns), the holes behind that point are refused;
 * so are places in which a shell evaluates even a quoted word (subscripts,
 * arithmetic) or reads a number in it as a descriptor (>&).  What a command
 * does with its arguments (eval, let, test -v) is its own affair. */
int shell_text_scan(const char *text, size_t len, const size_t *holes,
		    size_t count, enum wire_quote *quotes, size_t *bad,
		    const char **why);

/* Append COUNT words to OUT so that a shell reads exactly their bytes in the
 * context QUOTE: bare, as that many words (for none an expansion that gives
 * no word and holds the place); word, as the one word that can stand there,
 * behind NAME=, a redirection, case or in [[ ]] (-1 for any other COUNT); in
 * single or double quotes, as part of the word there, joined by spaces; raw,
 * as they are, joined by spaces.  Returns -1 when a word holds a NUL byte. */
int shell_quote_words(struct strbuf *out, enum wire_quote quote,
		      const char *const *words, const size_t *lens,
		      size_t count, struct error *err);

/* A redirection of a program's descriptor. */
enum shell_redirect {
	SHELL_READ,   /* < PATH */
	SHELL_WRITE,  /* > PATH */
	SHELL_APPEND, /* >> PATH */
	SHELL_JOIN,   /* 2>&1 */
};

struct shell_redirection {
	enum shell_redirect kind;
	int fd;       /* 0, 1 or 2 */
	char *path;   /* owned */
};

/* At most one of each descriptor, in the order of the text. */
struct shell_redirections {
	struct shell_redirection v[3];
	size_t count;
};

void shell_redirections_clear(struct shell_redirections *r);

/* Whether bash -euo pipefail -c TEXT would do nothing but execute one program
 * found along PATH; then ARGV gets its words, and FILES its redirections.  True
 * only where it is certain: no builtin or keyword, no assignment, expansion,
 * glob or history, no other redirection, nothing that another line could
 * change.  It is then true of dash -euc TEXT as well.
 *
 * The caller answers for what the text cannot show: it uses a shell when the
 * environment holds BASH_ENV or functions (BASH_FUNC_...), sets SHLVL, PWD
 * and _ where programs may look at them, and falls back to the shell when a
 * file cannot be opened or the program cannot be executed, for whatever reason
 * (not found, a directory, a script without #!, too long): nothing has happened
 * by then that the shell would not do again, and the message and the status are
 * the shell's. */
bool shell_text_is_exec(const char *text, size_t len, struct strvec *argv,
			struct shell_redirections *files);

#endif
