/*
 * What a task's recipe says, and is given, that may name files of the project:
 * words of its texts (sched/file-words.h), and texts in its values.
 */
#ifndef FLOWMAKE_SCHED_RECIPE_WORDS_H
#define FLOWMAKE_SCHED_RECIPE_WORDS_H

#include "sched/file-words.h"

struct attempt;
struct graph;
struct text_list;

/* A value with more texts may be data, and no names of files. */
enum { TEXT_LIST_FEW = 100 };

/* LIST is borrowed for the call. */
typedef void text_list_fn(void *data, const struct text_list *list);

/* Call WORD for the words that may name programs and data of A's recipe itself:
 * arguments, values of environment, the strings of Scheme and of values, whole
 * and in parts, and those of texts; and LIST for the texts of each value with
 * many of them.  Of the many tasks of a fan-out none gets more than a few. */
void recipe_words_each(const struct attempt *a, struct graph *g,
		       file_word_fn *word, text_list_fn *list, void *data);

#endif
