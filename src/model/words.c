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
	w->v[w->count] = arena_strndup(&w->text, s, len);
	w->lens[w->count++] = len;
}

void
words_clear(struct words *w)
{
	arena_reset(&w->text);
	w->count = 0;
	w->is_list = w->list_file = false;
}

void
words_release(struct words *w)
{
	arena_release(&w->text);
	strbuf_release(&w->word);
	free(w->v);
	free(w->lens);
	*w = (struct words)WORDS_INIT;
}
