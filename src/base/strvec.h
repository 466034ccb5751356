/*
 * A growing list of owned strings, always ended by a NULL, so that v can be
 * handed to exec.
 */
#ifndef FLOWMAKE_BASE_STRVEC_H
#define FLOWMAKE_BASE_STRVEC_H

#include "base/base.h"

struct strvec {
	char **v;     /* owned, NULL-terminated; never NULL after a push */
	size_t count; /* without the NULL */
	size_t alloc;
};

#define STRVEC_INIT { NULL, 0, 0 }

void strvec_push(struct strvec *sv, const char *s);
void strvec_push_len(struct strvec *sv, const char *s, size_t len);
/* Push S, taking it over. */
void strvec_push_take(struct strvec *sv, char *s);
/* Take off the last string; there must be one.  It is the caller's then. */
char *strvec_pop(struct strvec *sv);
/* Drop all strings, keeping the array. */
void strvec_clear(struct strvec *sv);
void strvec_release(struct strvec *sv);
void strvec_sort(struct strvec *sv);

#endif
