/*
 * A growing string.
 */
#include "base/base.h"

#include "base/strbuf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What buf points to while nothing was allocated; never written but by the
 * NUL that is there already. */
char strbuf_empty[1];

void
strbuf_init(struct strbuf *sb)
{
	sb->buf = strbuf_empty;
	sb->len = 0;
	sb->alloc = 0;
}

void
strbuf_release(struct strbuf *sb)
{
	if (sb->alloc)
		free(sb->buf);
	strbuf_init(sb);
}

void
strbuf_reset(struct strbuf *sb)
{
	strbuf_truncate(sb, 0);
}

void
strbuf_grow(struct strbuf *sb, size_t extra)
{
	size_t need, alloc;

	if (extra > SIZE_MAX / 2 - sb->len - 1)
		bug("string of %zu bytes grows by %zu", sb->len, extra);
	need = sb->len + extra + 1;
	if (need <= sb->alloc)
		return;
	alloc = sb->alloc + sb->alloc / 2;
	alloc = MAX(MAX(alloc, need), 32);
	sb->buf = xrealloc(sb->alloc ? sb->buf : NULL, alloc);
	sb->alloc = alloc;
	sb->buf[sb->len] = '\0';
}

void
strbuf_add(struct strbuf *sb, const void *data, size_t len)
{
	if (!len)
		return;
	strbuf_grow(sb, len);
	memcpy(sb->buf + sb->len, data, len);
	sb->len += len;
	sb->buf[sb->len] = '\0';
}

void
strbuf_adds(struct strbuf *sb, const char *s)
{
	strbuf_add(sb, s, strlen(s));
}

void
strbuf_addch(struct strbuf *sb, char c)
{
	strbuf_grow(sb, 1);
	sb->buf[sb->len++] = c;
	sb->buf[sb->len] = '\0';
}

void
strbuf_addu(struct strbuf *sb, uint64_t n)
{
	char digits[20]; /* of the largest */
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + n % 10);
		n /= 10;
	} while (n);
	strbuf_add(sb, digits + at, sizeof(digits) - at);
}

void
strbuf_addf(struct strbuf *sb, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	strbuf_vaddf(sb, format, ap);
	va_end(ap);
}

void
strbuf_vaddf(struct strbuf *sb, const char *format, va_list ap)
{
	va_list again;
	int len;

	strbuf_grow(sb, 32);
	va_copy(again, ap);
	len = vsnprintf(sb->buf + sb->len, sb->alloc - sb->len, format, again);
	va_end(again);
	if (len < 0)
		bug("format \"%s\" cannot be printed", format);
	if ((size_t)len >= sb->alloc - sb->len) {
		strbuf_grow(sb, (size_t)len);
		vsnprintf(sb->buf + sb->len, sb->alloc - sb->len, format, ap);
	}
	sb->len += (size_t)len;
}

void
strbuf_truncate(struct strbuf *sb, size_t len)
{
	if (len > sb->len)
		bug("string of %zu bytes shortened to %zu", sb->len, len);
	sb->len = len;
	if (sb->alloc)
		sb->buf[len] = '\0';
}

char *
strbuf_detach(struct strbuf *sb, size_t *len)
{
	char *s;

	strbuf_grow(sb, 0);
	s = sb->buf;
	if (len)
		*len = sb->len;
	strbuf_init(sb);
	return s;
}
