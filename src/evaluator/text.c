/*
 * U+10FF80..U+10FFFF, which stand for bytes, are F4 8F BE 80..BF and
 * F4 8F BF 80..BF in UTF-8.
 */
#include "base/base.h"

#include "evaluator/text.h"

#include <stdlib.h>
#include <string.h>

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

/* Append the character that stands for BYTE. */
static void
add_stand_in(struct strbuf *sb, unsigned char byte)
{
	strbuf_add(sb, "\xf4\x8f", 2);
	strbuf_addch(sb, (char)(byte < 0xc0 ? 0xbe : 0xbf));
	strbuf_addch(sb, (char)(0x80 | (byte & 0x3f)));
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
			add_stand_in(&sb, (unsigned char)s[i]);
	}
	str = scm_from_utf8_stringn(sb.buf, sb.len);
	strbuf_release(&sb);
	return str;
}

/* Put the bytes back in place of their stand-ins; returns the new length. */
static size_t
restore_bytes(char *s, size_t len)
{
	size_t from = 0, to = 0;

	while (from < len) {
		if (len - from >= 4 && !memcmp(s + from, "\xf4\x8f", 2) &&
		    ((unsigned char)s[from + 2] & 0xfe) == 0xbe) {
			s[to++] = (char)(((s[from + 2] & 1) << 6 | 0x80) |
					 (s[from + 3] & 0x3f));
			from += 4;
		} else {
			s[to++] = s[from++];
		}
	}
	s[to] = '\0';
	return to;
}

char *
text_from_scm(SCM str, size_t *len)
{
	size_t n;
	char *s = scm_to_utf8_stringn(str, &n);

	s = xrealloc(s, n + 1);
	s[n] = '\0';
	if (n >= 4 && memmem(s, n, "\xf4\x8f", 2))
		n = restore_bytes(s, n);
	if (len)
		*len = n;
	return s;
}
