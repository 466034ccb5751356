/*
 * The source text of a definition or a scheme body, which stands for its digest
 * wherever values of data do: model/wire.h says how.
 */
#ifndef FLOWMAKE_MODEL_CODE_SOURCE_H
#define FLOWMAKE_MODEL_CODE_SOURCE_H

#include "base/base.h"

struct code_source {
	const char *path;      /* of the file in which it is written; this and
				* the text are not NUL-terminated, borrowed */
	size_t path_len;
	const char *text;
	size_t text_len;
};

/* Read the CBOR at DATA.  Returns whether it is a source; else it is the value
 * of data. */
bool code_source_read(struct code_source *s, const char *data, size_t len);

#endif
