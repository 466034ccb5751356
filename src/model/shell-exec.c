/*
 * Shell texts: which need no shell.
 */
#include "base/base.h"
#include "model/shell-text.h"

#include <string.h>

#include "base/strbuf.h"
#include "base/strvec.h"

/* What bash 4 and 5 find before they look along PATH: reserved words and
 * builtins, sorted. */
static const char *const not_programs[] = {
	"!", ".", ":", "[", "[[", "]]", "alias", "bg", "bind", "break",
	"builtin", "caller", "case", "cd", "command", "compgen", "complete",
	"compopt", "continue", "coproc", "declare", "dirs", "disown", "do",
	"done", "echo", "elif", "else", "enable", "esac", "eval", "exec",
	"exit", "export", "false", "fc", "fg", "fi", "for", "function",
	"getopts", "hash", "help", "history", "if", "in", "jobs", "kill",
	"let", "local", "logout", "mapfile", "popd", "printf", "pushd", "pwd",
	"read", "readarray", "readonly", "return", "select", "set", "shift",
	"shopt", "source", "suspend", "test", "then", "time", "times", "trap",
	"true", "type", "typeset", "ulimit", "umask", "unalias", "unset",
	"until", "wait", "while", "{", "}",
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

/* Read the word at P into WORD.  Returns its end, or NULL when it is not
 * plain. */
static const char *
read_word(const char *p, const char *end, bool first, struct strbuf *word)
{
	size_t n;

	while (p < end && *p != ' ' && *p != '\t') {
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

bool
shell_text_is_exec(const char *text, size_t len, struct strvec *argv)
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
	while (p < end) {
		strbuf_reset(&word);
		p = read_word(p, end, !argv->count, &word);
		if (!p)
			break;
		strvec_push_len(argv, word.buf, word.len);
		while (p < end && (*p == ' ' || *p == '\t'))
			p++;
	}
	strbuf_release(&word);
	if (p && argv->count && is_program(argv->v[0]))
		return true;
	strvec_clear(argv);
	return false;
}
