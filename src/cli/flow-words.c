/*
 * Targets and parameters.
 */
#include "base/base.h"

#include "cli/flow-words.h"

#include <string.h>

#include "base/error.h"

/* Add the parameter WORD, whose "=" is at EQUALS. */
static int
add_parameter(struct flow_words *w, const char *word, const char *equals,
	      struct error *err)
{
	size_t i;

	strvec_push_len(&w->parameters, word, (size_t)(equals - word));
	strvec_push(&w->parameters, equals + 1);
	for (i = 0; i + 2 < w->parameters.count; i += 2)
		if (!strcmp(w->parameters.v[i],
			    w->parameters.v[w->parameters.count - 2]))
			return error_set(err, "parameter '%s' is given twice",
					 w->parameters.v[i]);
	return 0;
}

int
flow_words_parse(struct flow_words *w, char *const *words, struct error *err)
{
	const char *equals;

	for (; *words; words++) {
		equals = strchr(*words, '=');
		if (!**words)
			return error_set(err, "a target is empty");
		if (!equals || equals == *words ||
		    memchr(*words, '/', (size_t)(equals - *words)))
			strvec_push(&w->targets, *words);
		else if (add_parameter(w, *words, equals, err))
			return -1;
	}
	return 0;
}

void
flow_words_release(struct flow_words *w)
{
	strvec_release(&w->targets);
	strvec_release(&w->parameters);
}
