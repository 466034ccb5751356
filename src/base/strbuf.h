/*
 * A growing string.  buf is never NULL and always ends in a NUL that len
 * does not count; bytes before it may be anything.
 */
#ifndef FLOWMAKE_BASE_STRBUF_H
#define FLOWMAKE_BASE_STRBUF_H

#include <stdarg.h>

#include "base/base.h"

struct strbuf {
	char *buf;    /* owned unless alloc is 0 */
	size_t len;   /* bytes in use, without the NUL */
	size_t alloc; /* bytes reserved; 0: buf is a shared empty string */
};

extern char strbuf_empty[1];
#define STRBUF_INIT { strbuf_empty, 0, 0 }

void strbuf_init(struct strbuf *sb);
void strbuf_release(struct strbuf *sb);
/* Empty the string, keeping its memory. */
void strbuf_reset(struct strbuf *sb);
/* Make room for EXTRA more bytes. */
void strbuf_grow(struct strbuf *sb, size_t extra);
void strbuf_add(struct strbuf *sb, const void *data, size_t len);
void strbuf_adds(struct strbuf *sb, const char *s);
void strbuf_addch(struct strbuf *sb, char c);
/* N in decimal, many times faster than by a format. */
void strbuf_addu(struct strbuf *sb, uint64_t n);
void strbuf_addf(struct strbuf *sb, const char *format, ...) PRINTF_LIKE(2, 3);
void strbuf_vaddf(struct strbuf *sb, const char *format, va_list ap);
/* Shorten to LEN bytes. */
void strbuf_truncate(struct strbuf *sb, size_t len);
/* Hand out the string (the caller frees it), leaving SB empty. */
char *strbuf_detach(struct strbuf *sb, size_t *len);

#endif
