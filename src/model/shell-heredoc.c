/*
 * Shell texts: here documents.  Their bodies begin behind the next newline
 * that is a token; not one in quotes.  Shells differ on one inside of a command
 * substitution or an array that begins before the body does.
 */
#include "base/base.h"
#include "model/shell-lexer.h"

#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"

#define IN_DELIMITER "in the delimiter of a here document"
#define IN_BODY "in a here document"

/* Append the part of a delimiter that stands in quotes at P; returns its
 * length in the text, or 0 where it is not certain. */
static size_t
quoted_part(const char *p, size_t len, struct strbuf *delimiter)
{
	const char *end;

	if (*p == '\\') {
		if (len < 2 || p[1] == '\n')
			return 0;
		strbuf_addch(delimiter, p[1]);
		return 2;
	}
	end = memchr(p + 1, *p, len - 1);
	if (!end || memchr(p, '\n', end - p))
		return 0;
	if (*p == '"' && (memchr(p, '\\', end - p) ||
			  memchr(p, '$', end - p) || memchr(p, '`', end - p)))
		return 0;
	strbuf_add(delimiter, p + 1, end - p - 1);
	return end - p + 1;
}

/* Read the delimiter of LEN bytes at most at P.  Returns its length in the
 * text, or 0 where it is not certain. */
static size_t
read_delimiter(const char *p, size_t len, struct strbuf *delimiter,
	       bool *quoted)
{
	size_t i = 0, n;

	*quoted = false;
	while (i < len && !strchr(" \t\n;&|<>()", p[i])) {
		if (strchr("\\'\"", p[i])) {
			*quoted = true;
			n = quoted_part(p + i, len - i, delimiter);
			if (!n)
				return 0;
			i += n;
			continue;
		}
		if (p[i] == '$' || p[i] == '`' || (p[i] == '#' && !i))
			return 0;
		strbuf_addch(delimiter, p[i++]);
	}
	return i;
}

void
shell_heredoc_start(struct shell_lexer *l)
{
	struct shell_heredoc *h;
	struct strbuf delimiter = STRBUF_INIT;
	bool strip = shell_peek(l, 2) == '-', quoted;
	size_t len;

	shell_consume(l, strip ? 3 : 2, IN_OPERATOR);
	while (shell_peek(l, 0) == ' ' || shell_peek(l, 0) == '\t')
		shell_consume(l, 1, IN_DELIMITER);
	len = read_delimiter(l->text + l->pos, l->len - l->pos, &delimiter,
			     &quoted);
	/* A hole next to the delimiter would be part of it. */
	if (l->hole < l->hole_count && l->holes[l->hole] <= l->pos + len)
		shell_refuse(l, l->hole, IN_DELIMITER);
	l->pos += len;
	if (!len)
		shell_unsure(l, "behind a here document whose delimiter is "
			     "not plain");
	ARRAY_GROW(l->heredocs, l->heredoc_count, l->heredoc_alloc);
	h = &l->heredocs[l->heredoc_count++];
	h->delimiter = strbuf_detach(&delimiter, &h->len);
	h->strip = strip;
	h->quoted = quoted;
}

/* Whether LINE opens a substitution that it does not close.  In its lines
 * dash looks for no delimiter. */
static bool
leaves_substitution(const char *line, size_t len)
{
	long paren = 0, brace = 0, backquote = 0;
	bool opens = false;
	size_t i;

	for (i = 0; i < len; i++) {
		if (line[i] == '$' && i + 1 < len && strchr("({", line[i + 1]))
			opens = true;
		paren += (line[i] == '(') - (line[i] == ')');
		brace += (line[i] == '{') - (line[i] == '}');
		backquote += line[i] == '`';
	}
	return (opens && (paren || brace)) || backquote % 2;
}

/* Whether LINE ends in a backslash that quotes the newline. */
static bool
is_continued(const char *line, size_t len)
{
	size_t n = 0;

	while (n < len && line[len - 1 - n] == '\\')
		n++;
	return n % 2;
}

/* Find the end of the body at P, behind the line with the delimiter.
 * *CLOSED: that line ends in a newline.  *CERTAIN: all shells agree. */
static const char *
body_end(const struct shell_heredoc *h, const char *p, const char *end,
	 bool *closed, bool *certain)
{
	bool continued = false;
	const char *eol, *line;
	size_t len;

	while (p < end) {
		eol = memchr(p, '\n', end - p);
		*closed = eol;
		if (!eol)
			eol = end;
		line = p;
		while (h->strip && line < eol && *line == '\t')
			line++;
		len = eol - line;
		p = eol + *closed;
		if (len == h->len && !memcmp(line, h->delimiter, len)) {
			if (!continued)
				return p;
			*certain = false;
		}
		if (h->quoted)
			continue;
		continued = is_continued(line, len);
		/* Joined, it could become the delimiter. */
		if (continued && len - 1 <= h->len &&
		    !memcmp(line, h->delimiter, len - 1))
			*certain = false;
		if (leaves_substitution(line, len))
			*certain = false;
	}
	*closed = false;
	return end;
}

/* Move over the body of H. */
static void
skip_body(struct shell_lexer *l, const struct shell_heredoc *h)
{
	bool closed = false, certain = true;
	const char *p = l->text + l->pos;
	const char *end = body_end(h, p, l->text + l->len, &closed, &certain);

	shell_consume(l, end - p, IN_BODY);
	/* At the end of the text a hole would be glued to the delimiter. */
	if (!closed)
		shell_unsure(l, IN_BODY);
	if (!certain)
		shell_unsure(l, "behind a here document that shells read "
			     "differently");
}

void
shell_heredoc_bodies(struct shell_lexer *l)
{
	size_t i, base = shell_top(l)->heredocs;

	if (l->heredoc_count && base)
		shell_unsure(l, "behind a newline inside of a command with a "
			     "here document");
	shell_consume(l, 1, IN_BODY);
	for (i = base; i < l->heredoc_count && !l->why; i++)
		skip_body(l, &l->heredocs[i]);
	for (i = base; i < l->heredoc_count; i++)
		free(l->heredocs[i].delimiter);
	l->heredoc_count = base;
}
