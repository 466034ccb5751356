/*
 * Memory that never runs out, and the end of the program when something is
 * impossible.
 */
#include "base/base.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Say so without asking for more memory, and end. */
NORETURN static void
out_of_memory(size_t size_bytes)
{
	fprintf(stderr, "flowmake: out of memory, %zu bytes wanted\n",
		size_bytes);
	exit(2);
}

void *
xmalloc(size_t size_bytes)
{
	void *p = malloc(size_bytes ? size_bytes : 1);

	if (!p)
		out_of_memory(size_bytes);
	return p;
}

void *
xcalloc(size_t count, size_t size_bytes)
{
	void *p = calloc(count ? count : 1, size_bytes ? size_bytes : 1);

	if (!p)
		out_of_memory(size_bytes);
	return p;
}

void *
xrealloc(void *p, size_t size_bytes)
{
	p = realloc(p, size_bytes ? size_bytes : 1);
	if (!p)
		out_of_memory(size_bytes);
	return p;
}

void *
xmemdup(const void *p, size_t len)
{
	void *copy = xmalloc(len);

	if (len)
		memcpy(copy, p, len);
	return copy;
}

char *
xstrdup(const char *s)
{
	return xmemdup(s, strlen(s) + 1);
}

char *
xstrndup(const char *s, size_t len)
{
	char *copy;

	len = strnlen(s, len);
	copy = xmalloc(len + 1);
	memcpy(copy, s, len);
	copy[len] = '\0';
	return copy;
}

char *
xasprintf(const char *format, ...)
{
	va_list ap;
	char *s;
	int len;

	va_start(ap, format);
	len = vasprintf(&s, format, ap);
	va_end(ap);
	if (len < 0)
		out_of_memory(0);
	return s;
}

void
bug_at(const char *file, int line, const char *format, ...)
{
	va_list ap;

	fprintf(stderr, "flowmake: bug at %s:%d: ", file, line);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
	abort();
}
