/*
 * Words of a recipe that may name files: everything that would name one if it
 * were there is told, which is more than what does.
 */
#ifndef FLOWMAKE_SCHED_FILE_WORDS_H
#define FLOWMAKE_SCHED_FILE_WORDS_H

#include "base/base.h"

/* No name is longer. */
enum { FILE_WORD_MAX_BYTES = 1024 };

/* WORD is borrowed for the call. */
typedef void file_word_fn(void *data, const char *word);

/* Call FN for the plain words of TEXT, for what stands in quotes and is
 * several, and for words that a shell puts together of parts; not where it is
 * written to.  In a SCRIPT, of another language, a word alone may be a
 * variable. */
void file_words_in(const char *text, size_t text_len, bool script,
		   file_word_fn *fn, void *data);
/* Call FN for the files that Python takes for the module NAME, as file_words_in
 * does for what stands behind -m. */
void file_words_of_module(const char *name, file_word_fn *fn, void *data);
/* Call FN for WORD, an argument or a value, and for its parts if it is
 * several. */
void file_words_of(const char *word, file_word_fn *fn, void *data);

#endif
