/*
 * Strings between C and Scheme.  In Scheme a byte that is not part of valid
 * UTF-8 is the character U+10FF00+byte; in C there are only bytes.
 */
#ifndef FLOWMAKE_EVALUATOR_TEXT_H
#define FLOWMAKE_EVALUATOR_TEXT_H

#include <libguile.h>

#include "base/base.h"

/* The string that LEN bytes at S stand for. */
SCM text_to_scm(const char *s, size_t len);

/* The bytes that STR stands for, with a NUL behind them; *LEN may be NULL.
 * The caller frees them.  STR must be a string. */
char *text_from_scm(SCM str, size_t *len);

#endif
