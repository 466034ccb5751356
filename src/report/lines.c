/*
 * Lines of tasks' output.
 */
#include "base/base.h"

#include "report/lines.h"

#include <endian.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"

void
lines_init(struct lines *l)
{
	strbuf_init(&l->held);
	l->looked_ns = 0;
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

/* Give FN the first line that ends in the LEN bytes at TEXT, or hold them all.
 * Returns how many of them that took. */
static size_t
feed_line(struct lines *l, const char *text, size_t len, lines_fn *fn,
	  void *data)
{
	size_t room = LINES_MAX_BYTES - l->held.len, n;
	const char *newline = memchr(text, '\n', MIN(len, room + 1));

	if (newline) {
		n = (size_t)(newline - text);
		give_line(l, text, n, fn, data);
		return n + 1;
	}
	if (len > room) {
		give_line(l, text, room, fn, data);
		return room;
	}
	strbuf_add(&l->held, text, len);
	return len;
}

void
lines_feed(struct lines *l, const char *text, size_t len, lines_fn *fn,
	   void *data)
{
	size_t n;

	for (; len; text += n, len -= n)
		n = feed_line(l, text, len, fn, data);
}

void
lines_end(struct lines *l, lines_fn *fn, void *data)
{
	if (l->held.len)
		give_line(l, "", 0, fn, data);
}

bool
lines_has_part(const struct lines *l)
{
	return l->held.len > 0;
}

/* ---- escaping ---- */

#define EACH_BYTE(b) (UINT64_C(0x0101010101010101) * (b))

/* The top bits of those of the 8 bytes of WORD that are control characters or
 * no ASCII: of the lowest of them, and perhaps of others above it. */
static uint64_t
special_bits(uint64_t word)
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
	uint64_t word, bits;
	size_t i = 0;

	while (i + sizeof(word) <= len) {
		memcpy(&word, s + i, sizeof(word));
		bits = special_bits(le64toh(word));
		if (!bits) {
			i += sizeof(word);
			continue;
		}
		i += (size_t)__builtin_ctzll(bits) / 8;
		if (s[i] != '\t')
			return i;
		i++;
	}
	while (i < len && (s[i] == '\t' || (s[i] >= ' ' && s[i] <= '~')))
		i++;
	return i;
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

/* ---- carriage returns ---- */

/* How many bytes of the LEN at TEXT are left without returns at their end. */
static size_t
without_returns(const char *text, size_t len)
{
	while (len && text[len - 1] == '\r')
		len--;
	return len;
}

size_t
lines_cut_returns(const char **line, size_t len)
{
	const char *last;

	len = without_returns(*line, len);
	last = memrchr(*line, '\r', len);
	if (last) {
		len -= (size_t)(last + 1 - *line);
		*line = last + 1;
	}
	return len;
}

/* ---- printing ---- */

/* Where lines go, and how. */
struct printer {
	struct strbuf *sb;
	const struct strbuf *prefix;
	bool escape;
};

/* Append the prefix and a line that stands as it is. */
static void
add_line(const struct printer *p, const char *line, size_t len)
{
	struct strbuf *sb = p->sb;
	size_t before = p->prefix->len;
	char *to;

	strbuf_grow(sb, before + len + 1);
	to = sb->buf + sb->len;
	memcpy(to, p->prefix->buf, before);
	memcpy(to + before, line, len);
	to[before + len] = '\n';
	to[before + len + 1] = '\0';
	sb->len += before + len + 1;
}

/* A lines_fn. */
static void
print_line(void *data, const char *line, size_t len)
{
	const struct printer *p = data;

	if (!p->escape) {
		add_line(p, line, len);
		return;
	}
	len = lines_cut_returns(&line, len);
	strbuf_add(p->sb, p->prefix->buf, p->prefix->len);
	lines_add_escaped(p->sb, line, len);
	strbuf_addch(p->sb, '\n');
}

/* Append the line that ends in the LEN bytes at TEXT, if it can be printed as
 * it is.  Returns how many of them that took, or 0. */
static size_t
print_plain_line(const struct printer *p, const char *text, size_t len)
{
	size_t most = MIN(len, LINES_MAX_BYTES), n;
	const char *newline;

	if (p->escape) {
		/* This ends at the newline, too: one look at each byte. */
		n = plain_span(text, most);
	} else {
		newline = memchr(text, '\n', most);
		n = newline ? (size_t)(newline - text) : len;
	}
	if (n == len || text[n] != '\n')
		return 0;
	add_line(p, text, n);
	return n + 1;
}

size_t
lines_print(struct lines *l, const struct strbuf *prefix, bool escape,
	    const char *text, size_t len, size_t max, struct strbuf *sb)
{
	struct printer p = { sb, prefix, escape };
	size_t used = 0, n;

	for (; used < len && sb->len < max; used += n) {
		n = 0;
		if (!lines_has_part(l))
			n = print_plain_line(&p, text + used, len - used);
		if (!n)
			n = feed_line(l, text + used, len - used, print_line,
				      &p);
	}
	return used;
}

void
lines_print_part(struct lines *l, const struct strbuf *prefix, int64_t now_ns,
		 struct strbuf *sb)
{
	struct printer p = { sb, prefix, true };
	struct strbuf *held = &l->held;
	size_t len;
	const char *last;

	if (!held->len || (now_ns >= l->looked_ns &&
			   now_ns - l->looked_ns < NS_PER_S))
		return;
	l->looked_ns = now_ns;
	/* One at the end may belong to a newline that is still to come. */
	last = memrchr(held->buf, '\r', without_returns(held->buf, held->len));
	if (!last)
		return;
	len = (size_t)(last - held->buf);
	if (!without_returns(held->buf, len))
		return;
	print_line(&p, held->buf, len);
	memmove(held->buf, last + 1, held->len - len - 1);
	strbuf_truncate(held, held->len - len - 1);
}
