/*
 * Shell texts: values become words.  Everything is quoted, also what looks
 * harmless: a bare "if", "2" before ">", "x=1", or a value behind $NAME would
 * be read as more than data.  Double quotes are left for single ones, because
 * in some charsets a backslash is the second half of a character; in single
 * quotes only the single quote means anything, and that is no such half.
 */
#include "base/base.h"
#include "model/shell-text.h"

#include <string.h>

#include "base/error.h"
#include "base/strbuf.h"

/* Append S so that it reads as itself inside of single quotes. */
static void
add_in_single(struct strbuf *out, const char *s, size_t len)
{
	const char *end = s + len, *quote;

	for (;;) {
		quote = memchr(s, '\'', end - s);
		if (!quote)
			break;
		strbuf_add(out, s, quote - s);
		strbuf_adds(out, "'\\''");
		s = quote + 1;
	}
	strbuf_add(out, s, end - s);
}

/* Whether S means itself inside of double quotes. */
static bool
is_plain_in_double(const char *s, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if ((unsigned char)s[i] >= 0x80 || strchr("$`\"\\!", s[i]))
			return false;
	return true;
}

static void
add_word(struct strbuf *out, enum wire_quote quote, const char *s, size_t len)
{
	switch (quote) {
	case WIRE_QUOTE_BARE:
	case WIRE_QUOTE_WORD:
		strbuf_addch(out, '\'');
		add_in_single(out, s, len);
		strbuf_addch(out, '\'');
		break;
	case WIRE_QUOTE_SINGLE:
		add_in_single(out, s, len);
		break;
	case WIRE_QUOTE_DOUBLE:
		if (is_plain_in_double(s, len)) {
			strbuf_add(out, s, len);
			break;
		}
		strbuf_adds(out, "\"'");
		add_in_single(out, s, len);
		strbuf_adds(out, "'\"");
		break;
	case WIRE_QUOTE_RAW:
		strbuf_add(out, s, len);
		break;
	}
}

int
shell_quote_words(struct strbuf *out, enum wire_quote quote,
		  const char *const *words, const size_t *lens, size_t count,
		  struct error *err)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (memchr(words[i], '\0', lens[i]))
			return error_set(err, "a text with a NUL byte cannot "
					 "stand in a shell text");
	if (quote == WIRE_QUOTE_WORD && count != 1)
		return error_set(err, "a list of %zu words stands where the "
				 "shell takes one word", count);
	/* No word still holds its place: what stands around it must not
	 * become one word, an operator or the name of the command. */
	if (quote == WIRE_QUOTE_BARE && !count)
		strbuf_adds(out, "${-+}");
	for (i = 0; i < count; i++) {
		if (i)
			strbuf_addch(out, ' ');
		add_word(out, quote, words[i], lens[i]);
	}
	return 0;
}
