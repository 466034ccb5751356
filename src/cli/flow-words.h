/*
 * The words of commands that load a flow: targets and parameters.
 */
#ifndef FLOWMAKE_CLI_FLOW_WORDS_H
#define FLOWMAKE_CLI_FLOW_WORDS_H

#include "base/base.h"
#include "base/strvec.h"

struct error;

struct flow_words {
	struct strvec targets;
	struct strvec parameters; /* NAME, TEXT, NAME, TEXT, ... */
};

#define FLOW_WORDS_INIT { STRVEC_INIT, STRVEC_INIT }

/* Sort WORDS, NULL-terminated, into W.  NAME=VALUE is a parameter unless a
 * "/" stands before the "="; one that is given twice is an error. */
int flow_words_parse(struct flow_words *w, char *const *words,
		     struct error *err);
void flow_words_release(struct flow_words *w);

#endif
