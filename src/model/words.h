/*
 * A list of byte strings: what a value is as text.
 */
#ifndef FLOWMAKE_MODEL_WORDS_H
#define FLOWMAKE_MODEL_WORDS_H

#include "base/arena.h"
#include "base/base.h"
#include "base/strbuf.h"

struct words {
	struct arena text;  /* of v */
	struct strbuf word; /* for whoever makes one, to add it */
	char **v;       /* each NUL-terminated, NULs inside */
	size_t *lens;
	size_t count;
	size_t alloc;
	bool is_list;   /* the value was a list, even of one */
	bool list_file; /* the value was (list-file LIST): v are its lines */
};

#define WORDS_INIT { ARENA_INIT, STRBUF_INIT, NULL, NULL, 0, 0, false, false }

void words_add(struct words *w, const char *s, size_t len);
void words_clear(struct words *w);
void words_release(struct words *w);

#endif
