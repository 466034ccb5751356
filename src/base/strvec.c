/*
 * A growing list of owned strings.
 */
#include "base/base.h"

#include "base/strvec.h"

#include <stdlib.h>
#include <string.h>

void
strvec_push(struct strvec *sv, const char *s)
{
	strvec_push_take(sv, xstrdup(s));
}

void
strvec_push_len(struct strvec *sv, const char *s, size_t len)
{
	char *copy = xmalloc(len + 1);

	if (len)
		memcpy(copy, s, len);
	copy[len] = '\0';
	strvec_push_take(sv, copy);
}

void
strvec_push_take(struct strvec *sv, char *s)
{
	if (sv->count + 1 >= sv->alloc) {
		sv->alloc = sv->alloc ? sv->alloc * 2 : 8;
		sv->v = xrealloc(sv->v, sv->alloc * sizeof(*sv->v));
	}
	sv->v[sv->count++] = s;
	sv->v[sv->count] = NULL;
}

char *
strvec_pop(struct strvec *sv)
{
	char *s = sv->v[--sv->count];

	sv->v[sv->count] = NULL;
	return s;
}

void
strvec_clear(struct strvec *sv)
{
	size_t i;

	for (i = 0; i < sv->count; i++)
		free(sv->v[i]);
	sv->count = 0;
	if (sv->v)
		sv->v[0] = NULL;
}

void
strvec_release(struct strvec *sv)
{
	strvec_clear(sv);
	free(sv->v);
	sv->v = NULL;
	sv->alloc = 0;
}

/* Bytewise, whatever the locale. */
static int
compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void
strvec_sort(struct strvec *sv)
{
	if (sv->count)
		qsort(sv->v, sv->count, sizeof(*sv->v), compare);
}
