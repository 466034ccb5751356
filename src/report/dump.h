/*
 * Results of tasks: values as Scheme's write shows them, or their bytes.
 */
#ifndef FLOWMAKE_REPORT_DUMP_H
#define FLOWMAKE_REPORT_DUMP_H

#include "base/base.h"

struct error;
struct store;
struct strbuf;

/* Append the results that TARGET, RUN/STEP[/SPLIT][/NAME], means to OUT: a
 * value as Scheme writes it, a file result as the path of its object; with
 * FILE (NULL: none), put the bytes of the one result there instead ("-":
 * append them to OUT): a string or file as it is, an array as .npy, another
 * value as CBOR. */
int dump_results(struct store *s, const char *target, const char *file,
		 struct strbuf *out, struct error *err);

#endif
