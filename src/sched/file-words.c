/*
 * Words that may name files, found in texts of shells and other languages.
 */
#include "base/base.h"

#include "sched/file-words.h"

#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "base/strbuf.h"
#include "base/strvec.h"

enum {
	ALTERNATIVES_MAX = 256, /* words are made of one */
	PLACES_MAX = 16,        /* directories are looked in */
};

/* What ends a word of a shell. */
#define ENDS " \t\n;|&<>()"

static bool
is_end(char c)
{
	return c && strchr(ENDS, c);
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

/* Append to WORD the one that begins at TEXT, LEN bytes to the end of the text,
 * as a shell joins it of parts some of which may be in quotes, which then is
 * set.  False: it holds variables or patterns, which stand for nobody knows
 * what, or is no whole word. */
static bool
join_word(const char *text, size_t len, struct strbuf *word, bool *has_quotes)
{
	bool is_known = true;
	char quote = '\0';
	size_t i;

	*has_quotes = false;
	for (i = 0; i < len && word->len <= FILE_WORD_MAX_BYTES; i++) {
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
			*has_quotes = true;
		} else {
			i += escapes && (!quote || strchr("$`\"\\", text[i + 1]));
			strbuf_addch(word, text[i]);
		}
	}
	return is_known && !quote;
}

/* Call FN for the word that begins at TEXT, LEN bytes to the end of the text,
 * if it has quotes: 'tools'/t.sh, as a hole makes it. */
static void
call_joined(file_word_fn *fn, void *data, const char *text, size_t len)
{
	struct strbuf word = STRBUF_INIT;
	bool has_quotes;

	if (join_word(text, len, &word, &has_quotes) && has_quotes)
		each_name_in(word.buf, word.len, false, fn, data);
	strbuf_release(&word);
}

/* Append to WORDS what bash makes of WORD by its first {a,b} that holds no
 * other.  Returns whether it has one. */
static bool
add_alternatives(struct strvec *words, const char *word)
{
	const char *close = strchr(word, '}'), *p;
	const char *open = close ? memrchr(word, '{', (size_t)(close - word))
				 : NULL;
	size_t len;

	if (!open || !memchr(open, ',', (size_t)(close - open)))
		return false;
	for (p = open + 1; p <= close && words->count < ALTERNATIVES_MAX;
	     p += len + 1) {
		len = strcspn(p, ",}");
		strvec_push_take(words, xasprintf("%.*s%.*s%s",
						  (int)(open - word), word,
						  (int)len, p, close + 1));
	}
	return true;
}

/* Call FN for the words that the one at TEXT, LEN bytes, stands for if it has
 * alternatives, as in data/{train,test}.csv; of very many, the first. */
static void
call_alternatives(file_word_fn *fn, void *data, const char *text, size_t len)
{
	struct strvec words = STRVEC_INIT;
	size_t i;

	if (len > FILE_WORD_MAX_BYTES || !memchr(text, '{', len) ||
	    !memchr(text, ',', len))
		return;
	strvec_push_len(&words, text, len);
	for (i = 0; i < words.count; i++)
		if (!add_alternatives(&words, words.v[i]) && i)
			fn(data, words.v[i]);
	strvec_release(&words);
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

/* Whether what begins at START of TEXT stands behind -m, a word. */
static bool
is_behind_m(const char *text, size_t start)
{
	size_t i = start;

	while (i && (text[i - 1] == ' ' || text[i - 1] == '\t'))
		i--;
	return i < start && i > 2 && text[i - 1] == 'm' && text[i - 2] == '-' &&
		strchr(" \t\n", text[i - 3]);
}

/* See "Command line and environment" in the manual of Python: of a package its
 * __main__ is executed, after the __init__ of it and of those around it. */
void
file_words_of_module(const char *name, file_word_fn *fn, void *data)
{
	struct strbuf path = STRBUF_INIT;
	size_t len;

	do {
		len = strcspn(name, ".");
		strbuf_add(&path, name, len);
		name += len + (name[len] == '.');
		strbuf_adds(&path, "/__init__.py");
		fn(data, path.buf);
		strbuf_truncate(&path, path.len - strlen("__init__.py"));
	} while (*name && path.len < FILE_WORD_MAX_BYTES);
	strbuf_adds(&path, "__main__.py");
	fn(data, path.buf);
	strbuf_truncate(&path, path.len - strlen("/__main__.py"));
	strbuf_adds(&path, ".py");
	fn(data, path.buf);
	strbuf_release(&path);
}

/* Call FN for the module of which the name is the LEN bytes of WORD. */
static void
call_with_module(file_word_fn *fn, void *data, const char *word, size_t len)
{
	char *copy = xstrndup(word, len);

	file_words_of_module(copy, fn, data);
	free(copy);
}

/* file_words_in, but for the directories that the text goes into. */
static void
words_in(const char *text, size_t text_len, bool script, file_word_fn *fn,
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
		if (begins) {
			call_joined(fn, data, text + i, text_len - i);
			call_alternatives(fn, data, text + i,
					  strcspn(text + i, "\"'`$\\" ENDS));
		}
		if (in_quotes)
			quoted = strcspn(text + i, before == '"' ? "\"\n" :
					 "'\n");
		if (quoted && text[i + quoted] != before)
			quoted = 0;
		if (len)
			each_name_in(text + i, len, script && !quoted, fn,
				     data);
		if (len && is_behind_m(text, i - in_quotes))
			call_with_module(fn, data, text + i, len);
		if (len && !script && text[i + len] == '\\' &&
		    !is_escaped(text, i))
			call_unescaped(fn, data, text + i, len);
		if (quoted > len)
			call_with_copy(fn, data, text + i, quoted);
	}
}

/* The directories that a text goes into, and who wants to know its words. */
struct places {
	struct strvec dirs;
	file_word_fn *fn;
	void *data;
};

/* The first word called NAME, of two letters or more, at AT or behind it in the
 * text that ends at END and begins at TEXT, with blanks behind it: what follows
 * these, or NULL. */
static const char *
find_command(const char *text, const char *at, const char *end,
	     const char *name)
{
	size_t len = strlen(name);

	for (; (at = memmem(at, (size_t)(end - at), name, len)); at += len) {
		size_t blanks = strspn(at + len, " \t");

		if (blanks && (at == text || is_end(at[-1]) ||
			       at[-1] == '\'' || at[-1] == '"'))
			return at + len + blanks;
	}
	return NULL;
}

/* Append to MADE the directories that TEXT makes. */
static void
find_made(struct strvec *made, const char *text, size_t len)
{
	const char *end = text + len, *at = text;
	struct strbuf dir = STRBUF_INIT;
	bool has_quotes;

	while (made->count < PLACES_MAX &&
	       (at = find_command(text, at, end, "mkdir"))) {
		while (made->count < PLACES_MAX && *at && !is_end(*at)) {
			strbuf_reset(&dir);
			if (join_word(at, (size_t)(end - at), &dir,
				      &has_quotes))
				strvec_push_take(made,
						 path_normalize(dir.buf));
			at += strcspn(at, ENDS);
			at += strspn(at, " \t");
		}
	}
	strbuf_release(&dir);
}

/* Whether PATH, normalized, is one of LIST or inside one. */
static bool
is_in_one_of(const struct strvec *list, const char *path)
{
	size_t i;

	for (i = 0; i < list->count; i++)
		if (path_is_inside(list->v[i], path))
			return true;
	return false;
}

/* Look in PATH, which this takes over, too, unless MADE has it: what is in a
 * directory that the recipe makes comes from the recipe. */
static void
add_place(struct places *p, const struct strvec *made, char *path)
{
	size_t i;

	for (i = 0; i < p->dirs.count && strcmp(p->dirs.v[i], path); i++)
		;
	if (i == p->dirs.count && i < PLACES_MAX && strcmp(path, ".") &&
	    !is_in_one_of(made, path))
		strvec_push_take(&p->dirs, path);
	else
		free(path);
}

/* Find in TEXT, LEN bytes, what stands behind a cd; several may follow one
 * another. */
static void
find_places(struct places *p, const char *text, size_t len)
{
	const char *end = text + len, *at = text;
	struct strvec made = STRVEC_INIT;
	struct strbuf dir = STRBUF_INIT;
	char *last = NULL, *path;
	bool has_quotes;

	at = find_command(text, at, end, "cd");
	if (at)
		find_made(&made, text, len);
	for (; at; at = find_command(text, at, end, "cd")) {
		strbuf_reset(&dir);
		if (!join_word(at, (size_t)(end - at), &dir, &has_quotes) ||
		    !dir.len || *dir.buf == '/')
			continue;
		if (last) {
			path = xasprintf("%s/%s", last, dir.buf);
			add_place(p, &made, path_normalize(path));
			free(path);
		}
		free(last);
		last = path_normalize(dir.buf);
		add_place(p, &made, xstrdup(last));
	}
	free(last);
	strvec_release(&made);
	strbuf_release(&dir);
}

/* A file_word_fn: WORD as it is, and as it is in each of the directories. */
static void
call_with_places(void *data, const char *word)
{
	struct places *p = data;
	char *path;
	size_t i;

	p->fn(p->data, word);
	for (i = 0; i < p->dirs.count && *word != '/'; i++) {
		path = xasprintf("%s/%s", p->dirs.v[i], word);
		p->fn(p->data, path);
		free(path);
	}
}

void
file_words_in(const char *text, size_t text_len, bool script, file_word_fn *fn,
	      void *data)
{
	struct places p = { STRVEC_INIT, fn, data };

	find_places(&p, text, text_len);
	if (p.dirs.count)
		words_in(text, text_len, script, call_with_places, &p);
	else
		words_in(text, text_len, script, fn, data);
	strvec_release(&p.dirs);
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
