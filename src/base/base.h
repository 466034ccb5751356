/*
 * What every file includes first: the configuration, the standard types,
 * memory that never runs out, and bug().
 */
#ifndef FLOWMAKE_BASE_BASE_H
#define FLOWMAKE_BASE_BASE_H

#include "config.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

#define PRINTF_LIKE(which, first) \
	__attribute__((format(printf, which, first)))
#define NORETURN __attribute__((noreturn))

/* Like malloc and friends, but end the program with a message and status 2
 * when there is no memory; never return NULL. */
void *xmalloc(size_t size_bytes);
void *xcalloc(size_t count, size_t size_bytes);
void *xrealloc(void *p, size_t size_bytes);
void *xmemdup(const void *p, size_t len);
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t len);
char *xasprintf(const char *format, ...) PRINTF_LIKE(1, 2);

/* Make room for one more element of the growing array ARRAY, of which COUNT
 * elements of ALLOC are in use; both are lvalues of an unsigned type. */
#define ARRAY_GROW(array, count, alloc) \
	do { \
		if ((count) == (alloc)) { \
			(alloc) = (alloc) ? (alloc) * 2 : 8; \
			(array) = xrealloc( \
				(array), (size_t)(alloc) * sizeof(*(array))); \
		} \
	} while (0)

/* Our own mistake: print where, and abort. */
#define bug(...) bug_at(__FILE__, __LINE__, __VA_ARGS__)
void bug_at(const char *file, int line, const char *format, ...)
	NORETURN PRINTF_LIKE(3, 4);

#endif
