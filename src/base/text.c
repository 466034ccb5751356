/*
 * Text as people read it, and stand-ins for bytes.
 */
#include "base/base.h"

#include "base/text.h"

#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/strbuf.h"

/* The length of the UTF-8 character at S, at most LEN bytes; 0 when there is
 * none.  The second byte's range excludes overlong forms, surrogates and what
 * lies above U+10FFFF. */
static size_t
utf8_char_len(const unsigned char *s, size_t len)
{
	unsigned char low = 0x80, high = 0xbf;
	size_t need, i;

	if (s[0] < 0x80)
		return 1;
	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 0;
	need = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	if (len < need)
		return 0;
	if (s[0] == 0xe0)
		low = 0xa0;
	else if (s[0] == 0xed)
		high = 0x9f;
	else if (s[0] == 0xf0)
		low = 0x90;
	else if (s[0] == 0xf4)
		high = 0x8f;
	if (s[1] < low || s[1] > high)
		return 0;
	for (i = 2; i < need; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	return need;
}

/* How many bytes at S, of LEN, are plain ASCII: eight at a time. */
static size_t
ascii_span(const unsigned char *s, size_t len)
{
	uint64_t word;
	size_t i = 0;

	for (; i + sizeof(word) <= len; i += sizeof(word)) {
		memcpy(&word, s + i, sizeof(word));
		if (word & UINT64_C(0x8080808080808080))
			break;
	}
	while (i < len && s[i] < 0x80)
		i++;
	return i;
}

bool
text_is_utf8(const char *s, size_t len)
{
	const unsigned char *u = (const unsigned char *)s;
	size_t n;

	for (;;) {
		n = ascii_span(u, len);
		u += n;
		len -= n;
		if (!len)
			return true;
		n = utf8_char_len(u, len);
		if (!n)
			return false;
		u += n;
		len -= n;
	}
}

/* Whether the character of LEN bytes at U says in which direction text runs,
 * and so may show it in another order: U+061C, U+200E, U+200F,
 * U+202A..U+202E, U+2066..U+2069. */
static bool
is_direction(const unsigned char *u, size_t len)
{
	if (len == 2)
		return u[0] == 0xd8 && u[1] == 0x9c;
	if (len != 3 || u[0] != 0xe2)
		return false;
	if (u[1] == 0x80)
		return (u[2] >= 0x8e && u[2] <= 0x8f) ||
		       (u[2] >= 0xaa && u[2] <= 0xae);
	return u[1] == 0x81 && u[2] >= 0xa6 && u[2] <= 0xa9;
}

/* Whether the character of LEN bytes at U is a control character: C0, DEL,
 * C1, which are two bytes in UTF-8, or one of direction. */
static bool
is_control(const unsigned char *u, size_t len)
{
	if (len == 1)
		return u[0] < 0x20 || u[0] == 0x7f;
	return (len == 2 && u[0] == 0xc2 && u[1] < 0xa0) ||
	       is_direction(u, len);
}

void
text_add_escaped(struct strbuf *sb, const char *s, size_t len)
{
	const unsigned char *u = (const unsigned char *)s;
	size_t plain = 0, i, n; /* plain: from here to i all stands as it is */

	for (i = 0; i < len; i += n) {
		n = utf8_char_len(u + i, len - i);
		if (n && !is_control(u + i, n))
			continue;
		n = 1;
		strbuf_add(sb, s + plain, i - plain);
		plain = i + 1;
		if (u[i] == '\n')
			strbuf_adds(sb, "\\n");
		else if (u[i] == '\t')
			strbuf_adds(sb, "\\t");
		else
			strbuf_addf(sb, "\\x%02x", u[i]);
	}
	strbuf_add(sb, s + plain, len - plain);
}

/* U+10FF80..U+10FFFF are F4 8F BE 80..BF and F4 8F BF 80..BF in UTF-8. */

void
text_add_stand_in(struct strbuf *sb, unsigned char byte)
{
	strbuf_add(sb, "\xf4\x8f", 2);
	strbuf_addch(sb, (char)(byte < 0xc0 ? 0xbe : 0xbf));
	strbuf_addch(sb, (char)(0x80 | (byte & 0x3f)));
}

bool
text_is_stand_in(const char *s, size_t len)
{
	return len >= 4 && !memcmp(s, "\xf4\x8f", 2) &&
	       ((unsigned char)s[2] & 0xfe) == 0xbe;
}

void
text_add_bytes(struct strbuf *sb, const char *s, size_t len)
{
	const char *end = s + len, *lead;

	while ((lead = memchr(s, 0xf4, (size_t)(end - s)))) {
		strbuf_add(sb, s, (size_t)(lead - s));
		s = lead;
		if (text_is_stand_in(s, (size_t)(end - s))) {
			strbuf_addch(sb, (char)((s[2] & 1) << 6 | 0x80 |
						(s[3] & 0x3f)));
			s += 4;
		} else {
			strbuf_addch(sb, *s++);
		}
	}
	strbuf_add(sb, s, (size_t)(end - s));
}

enum { MAX_WORD = 64 };

/* How many insertions, deletions, replacements and swaps of neighbours turn
 * A into B, both shorter than MAX_WORD. */
static unsigned
edit_distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	unsigned rows[3][MAX_WORD + 1], *before = rows[0], *last = rows[1];
	unsigned *row = rows[2], *spare;
	size_t i, j;

	for (j = 0; j <= b_len; j++)
		last[j] = (unsigned)j;
	for (i = 1; i <= a_len; i++) {
		row[0] = (unsigned)i;
		for (j = 1; j <= b_len; j++) {
			row[j] = last[j - 1] + (a[i - 1] != b[j - 1]);
			row[j] = MIN(row[j], last[j] + 1);
			row[j] = MIN(row[j], row[j - 1] + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1])
				row[j] = MIN(row[j], before[j - 2] + 1);
		}
		spare = before;
		before = last;
		last = row;
		row = spare;
	}
	return last[b_len];
}

const char *
text_suggest(const char *name, const char *const *names)
{
	size_t len = strlen(name), other;
	const char *best = NULL;
	unsigned least, d;

	if (len >= MAX_WORD)
		return NULL;
	least = (unsigned)MAX(len / 3, 1) + 1;
	for (; *names; names++) {
		other = strlen(*names);
		if (other >= MAX_WORD)
			continue;
		d = edit_distance(name, len, *names, other);
		/* Replacing every letter is no likeness. */
		if (d < least && d < MAX(len, other)) {
			least = d;
			best = *names;
		}
	}
	return best;
}

void
text_add_time(struct strbuf *sb, int64_t real_ns)
{
	int64_t ns = real_ns % NS_PER_S;
	time_t seconds;
	struct tm tm;
	char text[64];

	if (ns < 0)
		ns += NS_PER_S;
	seconds = (time_t)((real_ns - ns) / NS_PER_S);
	if (!localtime_r(&seconds, &tm))
		memset(&tm, 0, sizeof(tm));
	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm);
	strbuf_addf(sb, "%s.%03d", text, (int)(ns / NS_PER_MS));
}

void
text_add_duration(struct strbuf *sb, int64_t ns)
{
	int64_t tenths, s;

	if (ns < 0) {
		strbuf_addch(sb, '-');
		ns = ns == INT64_MIN ? INT64_MAX : -ns;
	}
	tenths = ns / (NS_PER_S / 10) + (ns % (NS_PER_S / 10) * 2 >=
					 NS_PER_S / 10);
	s = (tenths + 5) / 10;
	if (tenths < 600)
		strbuf_addf(sb, "%d.%ds", (int)tenths / 10, (int)tenths % 10);
	else if (s < 3600)
		strbuf_addf(sb, "%dm %ds", (int)s / 60, (int)s % 60);
	else if (s < 86400)
		strbuf_addf(sb, "%dh %dm", (int)s / 3600, (int)s / 60 % 60);
	else
		strbuf_addf(sb, "%lldd %dh", (long long)s / 86400,
			    (int)(s / 3600 % 24));
}

void
text_add_size(struct strbuf *sb, uint64_t bytes)
{
	static const char units[] = "kMGTPE";
	uint64_t unit = 1000;
	size_t i = 0;
	double n;

	if (bytes < 1000) {
		strbuf_addf(sb, "%u B", (unsigned)bytes);
		return;
	}
	for (; units[i + 1]; i++, unit *= 1000)
		if ((double)bytes / (double)unit < 999.95)
			break;
	n = (double)bytes / (double)unit;
	strbuf_addf(sb, "%.1f %cB", n, units[i]);
}

void
text_add_count(struct strbuf *sb, uint64_t n)
{
	if (n >= 1000) {
		text_add_count(sb, n / 1000);
		strbuf_addf(sb, ",%03u", (unsigned)(n % 1000));
	} else {
		strbuf_addf(sb, "%u", (unsigned)n);
	}
}

const char *
text_ordinal_ending(uint64_t n)
{
	if (n % 100 / 10 == 1)
		return "th";
	return n % 10 == 1 ? "st" : n % 10 == 2 ? "nd" : n % 10 == 3 ? "rd" :
		"th";
}
