/*
 * Lists of byte strings.
 */
#include "base/base.h"

#include "model/words.h"

#include <stdlib.h>
#include <string.h>

void
words_add(struct words *w, const char *s, size_t len)
{
	if (w->count == w->alloc) {
		w->alloc = w->alloc ? w->alloc * 2 : 4;
		w->v = xrealloc(w->v, w->alloc * sizeof(*w->v));
		w->lens = xrealloc(w->lens, w->alloc * sizeof(*w->lens));
	}
	w->v[w->count] = xmalloc(len + 1); /* the word may hold a NUL */
	if (len)
		memcpy(w->v[w->count], s, len);
	w->v[w->count][len] = '\0';
	w->lens[w->count++] = len;
}

void
words_clear(struct words *w)
{
	while (w->count)
		free(w->v[--w->count]);
	w->is_list = w->list_file = false;
}

void
words_release(struct words *w)
{
	words_clear(w);
	free(w->v);
	free(w->lens);
	w->v = NULL;
	w->lens = NULL;
	w->alloc = 0;
}
