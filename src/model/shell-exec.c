/*
 * Shell texts: which need no shell.
 */
#include "base/base.h"
#include "model/shell-text.h"

#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "base/strvec.h"

/* What bash 4 and 5 and dash find before they look along PATH: reserved words
 * and builtins, sorted. */
static const char *const not_programs[] = {
	"!", ".", ":", "[", "[[", "]]", "alias", "bg", "bind", "break",
	"builtin", "caller", "case", "cd", "chdir", "command", "compgen",
	"complete", "compopt", "continue", "coproc", "declare", "dirs",
	"disown", "do", "done", "echo", "elif", "else", "enable", "esac",
	"eval", "exec", "exit", "export", "false", "fc", "fg", "fi", "for",
	"function", "getopts", "hash", "help", "history", "if", "in", "jobs",
	"kill", "let", "local", "logout", "mapfile", "popd", "printf", "pushd",
	"pwd", "read", "readarray", "readonly", "return", "select", "set",
	"shift", "shopt", "source", "suspend", "test", "then", "time", "times",
	"trap", "true", "type", "typeset", "ulimit", "umask", "unalias",
	"unset", "until", "wait", "while", "{", "}",
};

static bool
is_program(const char *name)
{
	size_t i;

	if (!*name || *name == '%')
		return false;
	for (i = 0; i < ARRAY_SIZE(not_programs); i++)
		if (!strcmp(name, not_programs[i]))
			return false;
	return true;
}

/* Whether C means itself without quotes; "=" not in the first word. */
static bool
is_plain(char c, bool first_word)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || (c && strchr("_./,:+@%-", c)) ||
	       (c == '=' && !first_word);
}

/* Append the quoted part at P, before END.  Returns its length in the text,
 * or 0 when it is not plain. */
static size_t
quoted_part(const char *p, const char *end, struct strbuf *word)
{
	const char *close, *q;

	if (*p == '\\') {
		if (end - p < 2 || p[1] == '\n' || (p[1] & 0x80))
			return 0;
		strbuf_addch(word, p[1]);
		return 2;
	}
	close = memchr(p + 1, *p, end - p - 1);
	if (!close)
		return 0;
	for (q = p + 1; *p == '"' && q < close; q++)
		if (strchr("$`\\!", *q))
			return 0;
	strbuf_add(word, p + 1, close - p - 1);
	return close - p + 1;
}

static bool
is_number(const struct strbuf *word)
{
	return word->len && strspn(word->buf, "0123456789") == word->len;
}

/* Read the word at P into WORD.  Returns its end, or NULL when it is not
 * plain. */
static const char *
read_word(const char *p, const char *end, bool first, struct strbuf *word)
{
	size_t n;

	strbuf_reset(word);
	while (p < end && *p != ' ' && *p != '\t') {
		if (*p == '<' || *p == '>')
			/* what is between a number and that no word is */
			return is_number(word) ? NULL : p;
		if (is_plain(*p, first)) {
			strbuf_addch(word, *p++);
			continue;
		}
		if (!*p || !strchr("'\"\\", *p))
			return NULL;
		n = quoted_part(p, end, word);
		if (!n)
			return NULL;
		p += n;
	}
	return p;
}

static const char *
skip_blanks(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	return p;
}

/* ---- redirections ---- */

void
shell_redirections_clear(struct shell_redirections *r)
{
	while (r->count)
		free(r->v[--r->count].path);
}

static bool
begins_redirection(const char *p, const char *end)
{
	return *p == '<' || *p == '>' ||
	       (*p == '2' && end - p > 1 && p[1] == '>');
}

/* Append a redirection of FD, to which PATH goes over.  False when there is one
 * already. */
static bool
add_redirection(struct shell_redirections *r, enum shell_redirect kind, int fd,
		char *path)
{
	size_t i;

	for (i = 0; i < r->count; i++)
		if (r->v[i].fd == fd)
			break;
	if (i < r->count) {
		free(path);
		return false;
	}
	r->v[r->count++] = (struct shell_redirection){ kind, fd, path };
	return true;
}

/* Whether bash gives PATH a meaning of its own. */
static bool
is_special(const char *path)
{
	return !strncmp(path, "/dev/", 5) && strcmp(path, "/dev/null") != 0;
}

/* Read the redirection at P; WORD is for work.  Returns its end, or NULL when
 * it is not plain. */
static const char *
read_redirection(const char *p, const char *end, struct strbuf *word,
		 struct shell_redirections *r)
{
	enum shell_redirect kind = SHELL_READ;
	int fd = 0;

	if (*p != '<') {
		kind = SHELL_WRITE;
		fd = *p == '2' ? 2 : 1;
		p += *p == '2';
	}
	p++;
	if (kind == SHELL_WRITE && p < end && *p == '>') {
		kind = SHELL_APPEND;
		p++;
	}
	if (fd == 2 && kind == SHELL_WRITE && end - p > 1 &&
	    !strncmp(p, "&1", 2) && (end - p == 2 || strchr(" \t", p[2])))
		return add_redirection(r, SHELL_JOIN, fd, NULL) ? p + 2 : NULL;
	p = read_word(skip_blanks(p, end), end, false, word);
	if (!p || !word->len || is_special(word->buf) ||
	    !add_redirection(r, kind, fd, xstrdup(word->buf)))
		return NULL;
	return p;
}

/* ---- the whole ---- */

bool
shell_text_is_exec(const char *text, size_t len, struct strvec *argv,
		   struct shell_redirections *files)
{
	const char *p = text, *end = text + len;
	struct strbuf word = STRBUF_INIT;

	if (memchr(text, '\0', len))
		return false;
	while (p < end && strchr(" \t\n", *p))
		p++;
	while (end > p && strchr(" \t\n", end[-1]))
		end--;
	/* A blank at the end may have been quoted. */
	if (end > p && end[-1] == '\\')
		return false;
	while (p && p < end) {
		if (begins_redirection(p, end)) {
			p = read_redirection(p, end, &word, files);
		} else {
			p = read_word(p, end, !argv->count, &word);
			if (p)
				strvec_push_len(argv, word.buf, word.len);
		}
		if (p)
			p = skip_blanks(p, end);
	}
	strbuf_release(&word);
	if (p && argv->count && is_program(argv->v[0]))
		return true;
	strvec_clear(argv);
	shell_redirections_clear(files);
	return false;
}
