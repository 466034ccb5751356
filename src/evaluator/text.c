/*
 * Most texts are UTF-8 without stand-ins and go over as they are.
 */
#include "base/base.h"

#include "evaluator/text.h"

#include <stdlib.h>

#include "base/strbuf.h"
#include "base/text.h"

/* The length of the valid UTF-8 sequence at S, or 0. */
static size_t
sequence_len(const char *s, size_t len)
{
	unsigned char c = (unsigned char)s[0];
	size_t n = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;

	return n <= len && text_is_utf8(s, n) ? n : 0;
}

SCM
text_to_scm(const char *s, size_t len)
{
	struct strbuf sb = STRBUF_INIT;
	size_t i, n;
	SCM str;

	if (text_is_utf8(s, len))
		return scm_from_utf8_stringn(s, len);
	for (i = 0; i < len; i += n ? n : 1) {
		n = sequence_len(s + i, len - i);
		if (n)
			strbuf_add(&sb, s + i, n);
		else
			text_add_stand_in(&sb, (unsigned char)s[i]);
	}
	str = scm_from_utf8_stringn(sb.buf, sb.len);
	strbuf_release(&sb);
	return str;
}

char *
text_from_scm(SCM str, size_t *len)
{
	struct strbuf sb = STRBUF_INIT;
	size_t n;
	char *s = scm_to_utf8_stringn(str, &n);

	text_add_bytes(&sb, s, n);
	free(s);
	return strbuf_detach(&sb, len);
}
