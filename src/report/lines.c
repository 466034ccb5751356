/*
 * Lines of tasks' output.
 */
#include "base/base.h"

#include "report/lines.h"

#include <string.h>

#include "base/text.h"

void
lines_init(struct lines *l)
{
	strbuf_init(&l->held);
}

void
lines_release(struct lines *l)
{
	strbuf_release(&l->held);
}

/* Give FN what is held and the LEN bytes at TEXT as one line. */
static void
give_line(struct lines *l, const char *text, size_t len, lines_fn *fn,
	  void *data)
{
	if (!l->held.len) {
		fn(data, text, len);
		return;
	}
	strbuf_add(&l->held, text, len);
	fn(data, l->held.buf, l->held.len);
	strbuf_reset(&l->held);
}

void
lines_feed(struct lines *l, const char *text, size_t len, lines_fn *fn,
	   void *data)
{
	const char *end = text + len, *newline;
	size_t room;

	while (text < end) {
		room = LINES_MAX_BYTES - l->held.len;
		newline = memchr(text, '\n', MIN((size_t)(end - text),
						 room + 1));
		if (newline) {
			give_line(l, text, (size_t)(newline - text), fn, data);
			text = newline + 1;
		} else if ((size_t)(end - text) > room) {
			give_line(l, text, room, fn, data);
			text += room;
		} else {
			strbuf_add(&l->held, text, (size_t)(end - text));
			break;
		}
	}
}

void
lines_end(struct lines *l, lines_fn *fn, void *data)
{
	if (l->held.len)
		give_line(l, "", 0, fn, data);
}

/* ---- escaping ---- */

#define EACH_BYTE(b) (UINT64_C(0x0101010101010101) * (b))

/* Whether one of the 8 bytes of WORD is a control character or no ASCII (and
 * sometimes although none is: then a slower look tells). */
static bool
has_special(uint64_t word)
{
	uint64_t control = (word - EACH_BYTE(0x20)) & ~word;
	uint64_t masked = word ^ EACH_BYTE(0x7f);
	uint64_t delete = (masked - EACH_BYTE(1)) & ~masked;

	return (control | delete | word) & EACH_BYTE(0x80);
}

/* How many bytes at S, of LEN, can stand as they are. */
static size_t
plain_span(const char *s, size_t len)
{
	uint64_t word;
	size_t i = 0;

	for (;;) {
		for (; i + sizeof(word) <= len; i += sizeof(word)) {
			memcpy(&word, s + i, sizeof(word));
			if (has_special(word))
				break;
		}
		if (i == len || (s[i] != '\t' && (s[i] < ' ' || s[i] > '~')))
			return i;
		i++;
	}
}

void
lines_add_escaped(struct strbuf *sb, const char *line, size_t len)
{
	const char *end = line + len, *tab;
	size_t n;

	while (line < end) {
		n = plain_span(line, (size_t)(end - line));
		strbuf_add(sb, line, n);
		line += n;
		tab = memchr(line, '\t', (size_t)(end - line));
		n = (size_t)((tab ? tab : end) - line);
		text_add_escaped(sb, line, n);
		line += n;
	}
}
