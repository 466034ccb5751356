/*
 * Errors as values.
 */
#include "base/base.h"

#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "base/text.h"

/* Let the text in SB, escaped, replace that of ERR.  The old one is freed only
 * here, because it may have been among the arguments of the new one. */
static void
replace(struct error *err, struct strbuf *sb, bool has_place)
{
	struct strbuf text = STRBUF_INIT;

	text_add_escaped(&text, sb->buf, sb->len);
	strbuf_release(sb);
	free(err->text);
	err->text = strbuf_detach(&text, NULL);
	err->has_place = has_place;
}

int
error_set(struct error *err, const char *format, ...)
{
	struct strbuf sb = STRBUF_INIT;
	va_list ap;

	if (!err)
		return -1;
	va_start(ap, format);
	strbuf_vaddf(&sb, format, ap);
	va_end(ap);
	replace(err, &sb, false);
	return -1;
}

int
error_sys(struct error *err, const char *format, ...)
{
	struct strbuf sb = STRBUF_INIT;
	int saved = errno;
	va_list ap;

	if (!err)
		return -1;
	va_start(ap, format);
	strbuf_vaddf(&sb, format, ap);
	va_end(ap);
	strbuf_addf(&sb, ": %s", strerror(saved));
	replace(err, &sb, false);
	errno = saved;
	return -1;
}

int
error_place(struct error *err, const char *file, unsigned line,
	    unsigned column, const char *format, ...)
{
	struct strbuf sb = STRBUF_INIT;
	va_list ap;

	if (!err)
		return -1;
	if (line)
		strbuf_addf(&sb, "%s:%u:%u: ", file, line, column);
	else
		strbuf_addf(&sb, "%s: ", file);
	va_start(ap, format);
	strbuf_vaddf(&sb, format, ap);
	va_end(ap);
	replace(err, &sb, true);
	return -1;
}

int
error_push(struct error *err, const char *format, ...)
{
	struct strbuf sb = STRBUF_INIT, text = STRBUF_INIT;
	va_list ap;

	if (!err)
		return -1;
	va_start(ap, format);
	strbuf_vaddf(&sb, format, ap);
	va_end(ap);
	text_add_escaped(&text, sb.buf, sb.len);
	strbuf_release(&sb);
	strbuf_addf(&text, ": %s", err->text ? err->text : "failed");
	free(err->text);
	err->text = strbuf_detach(&text, NULL);
	err->has_place = false;
	return -1;
}

void
error_add_lines(struct error *err, const char *lines, size_t len)
{
	struct strbuf sb = STRBUF_INIT;
	const char *newline;
	size_t at, n;

	strbuf_adds(&sb, err->text);
	for (at = 0; at < len; at += n + 1) {
		newline = memchr(lines + at, '\n', len - at);
		n = newline ? (size_t)(newline - lines) - at : len - at;
		strbuf_addch(&sb, '\n');
		text_add_escaped(&sb, lines + at, n);
	}
	free(err->text);
	err->text = strbuf_detach(&sb, NULL);
}

int
error_copy(struct error *err, const struct error *from)
{
	if (!err)
		return -1;
	free(err->text);
	err->text = xstrdup(from->text);
	err->has_place = from->has_place;
	return -1;
}

void
error_release(struct error *err)
{
	free(err->text);
	err->text = NULL;
	err->has_place = false;
}
