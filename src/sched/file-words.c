/*
 * Words that may name files, found in texts of shells and other languages.
 */
#include "base/base.h"

#include "sched/file-words.h"

#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"

/* Whether C ends a word of a shell. */
static bool
is_end(char c)
{
	return c && strchr(" \t\n;|&<>()", c);
}

/* What stands between the words of a text. */
static const char breaks[] = " \t\n;|&<>()'\"`$=*?[]{}\\";

static void
call_with_copy(file_word_fn *fn, void *data, const char *word, size_t len)
{
	char *copy = xstrndup(word, len);

	fn(data, copy);
	free(copy);
}

/* Whether the LEN bytes of WORD, outside of quotes, may be the name of a file
 * in a language where that could be a variable's. */
static bool
is_no_variable(const char *word, size_t len)
{
	return memchr(word, '.', len) || memchr(word, '/', len);
}

/* What may also stand between names: a.txt,b.txt, file=@a.json, host:a.txt. */
static bool
is_joint(char c)
{
	return c == ',' || c == ':' || c == '@';
}

/* Call FN for the LEN bytes of WORD, between breaks, and for names that are
 * joined in it, or are the value of an option of one letter, as in -fa.awk.
 * In a SCRIPT a word alone may be a variable. */
static void
each_name_in(const char *word, size_t len, bool script, file_word_fn *fn,
	     void *data)
{
	const char *end = word + len;
	size_t n;

	if (!script || is_no_variable(word, len))
		call_with_copy(fn, data, word, len);
	if (len > 2 && word[0] == '-' && is_no_variable(word + 2, len - 2))
		call_with_copy(fn, data, word + 2, len - 2);
	for (; word < end; word += n + 1) {
		for (n = 0; word + n < end && !is_joint(word[n]); n++)
			;
		if (n && n < len && (!script || is_no_variable(word, n)))
			call_with_copy(fn, data, word, n);
		if (n > 1 && n < len && *word == '-') /* ${X:-a.txt} */
			call_with_copy(fn, data, word + 1, n - 1);
	}
}

/* Not what only patterns escape, as in \. and \n. */
static bool
may_be_escaped(char c)
{
	return c && c != '\n' && strchr(breaks, c);
}

/* Whether START of TEXT, or the character before it, stands behind a backslash:
 * then a word began before. */
static bool
is_escaped(const char *text, size_t start)
{
	return (start > 0 && text[start - 1] == '\\') ||
		(start > 1 && text[start - 2] == '\\');
}

/* Call FN for the word at TEXT, LEN bytes to the first backslash, as a shell
 * reads it: my\ data.csv. */
static void
call_unescaped(file_word_fn *fn, void *data, const char *text, size_t len)
{
	struct strbuf word = STRBUF_INIT;

	while (text[len] == '\\' && may_be_escaped(text[len + 1])) {
		strbuf_add(&word, text, len);
		strbuf_add(&word, text + len + 1, 1);
		text += len + 2;
		len = strcspn(text, breaks);
	}
	if (word.len) {
		strbuf_add(&word, text, len);
		fn(data, word.buf);
	}
	strbuf_release(&word);
}

/* Call FN for the word that begins at TEXT, LEN bytes to the end of the text,
 * as a shell joins it of parts some of which are in quotes: 'tools'/t.sh, as a
 * hole makes it.  What variables and patterns stand for nobody knows. */
static void
call_joined(file_word_fn *fn, void *data, const char *text, size_t len)
{
	struct strbuf word = STRBUF_INIT;
	bool is_joined = false, is_known = true;
	char quote = '\0';
	size_t i;

	for (i = 0; i < len && word.len <= FILE_WORD_MAX_BYTES; i++) {
		char c = text[i];
		bool escapes = c == '\\' && quote != '\'' && i + 1 < len;

		if (!quote && is_end(c))
			break;
		if (c && quote != '\'')
			is_known &= !strchr(quote ? "$`" : "$`*?[{", c);
		if (c == quote) {
			quote = '\0';
		} else if (!quote && (c == '"' || c == '\'')) {
			quote = c;
			is_joined = true;
		} else {
			i += escapes && (!quote || strchr("$`\"\\", text[i + 1]));
			strbuf_addch(&word, text[i]);
		}
	}
	if (is_joined && is_known && !quote)
		each_name_in(word.buf, word.len, false, fn, data);
	strbuf_release(&word);
}

/* Whether what begins at START of TEXT stands behind a > or >> of a shell, and
 * so is written.  Neither -> nor <tag> nor \> is one. */
static bool
is_written(const char *text, size_t start)
{
	static const char before[] = " \t\n;|&()";
	size_t i = start;

	while (i && (text[i - 1] == ' ' || text[i - 1] == '\t'))
		i--;
	if (i > 1 && text[i - 2] == '>' &&
	    (text[i - 1] == '&' || text[i - 1] == '|'))
		i--;
	if (!i || text[i - 1] != '>')
		return false;
	while (i && text[i - 1] == '>')
		i--;
	while (i && text[i - 1] >= '0' && text[i - 1] <= '9')
		i--;
	return !i || memchr(before, text[i - 1], sizeof(before) - 1);
}

void
file_words_in(const char *text, size_t text_len, bool script, file_word_fn *fn,
	     void *data)
{
	size_t i, len, quoted;

	for (i = 0; i < text_len; i += len + 1) {
		char before = i ? text[i - 1] : '\0';
		bool in_quotes = before == '"' || before == '\'';
		bool begins = !script && i < text_len &&
			(!before || before == '=' || is_end(before)) &&
			!is_end(text[i]);

		len = strcspn(text + i, breaks);
		quoted = 0;
		if ((len || in_quotes || begins) &&
		    is_written(text, i - in_quotes))
			continue;
		if (begins)
			call_joined(fn, data, text + i, text_len - i);
		if (in_quotes)
			quoted = strcspn(text + i, before == '"' ? "\"\n" :
					 "'\n");
		if (quoted && text[i + quoted] != before)
			quoted = 0;
		if (len)
			each_name_in(text + i, len, script && !quoted, fn,
				     data);
		if (len && !script && text[i + len] == '\\' &&
		    !is_escaped(text, i))
			call_unescaped(fn, data, text + i, len);
		if (quoted > len)
			call_with_copy(fn, data, text + i, quoted);
	}
}

void
file_words_of(const char *word, file_word_fn *fn, void *data)
{
	size_t len = strcspn(word, breaks);

	if (word[len]) {
		fn(data, word);
		file_words_in(word, strlen(word), false, fn, data);
	} else if (len) {
		each_name_in(word, len, false, fn, data);
	}
}
