/*
 * Source texts.
 */
#include "base/base.h"

#include "model/code-source.h"

#include "base/cbor.h"

bool
code_source_read(struct code_source *s, const char *data, size_t len)
{
	struct cbor c;

	cbor_init(&c, data, len);
	if (cbor_peek(&c) != CBOR_ARRAY || cbor_get_array(&c) != 3 ||
	    !cbor_get_null(&c))
		return false;
	s->path = cbor_get_text(&c, &s->path_len);
	s->text = cbor_get_text(&c, &s->text_len);
	return !c.failed;
}
