/*
 * Text as people read it: escaping, suggestions, sizes, times; and stand-ins
 * for bytes where only UTF-8 can be held.
 */
#ifndef FLOWMAKE_BASE_TEXT_H
#define FLOWMAKE_BASE_TEXT_H

#include "base/base.h"

struct strbuf;

/* Append LEN bytes of S with control characters, those that turn the direction
 * of text, and bytes that are not UTF-8 as \n, \t, \xHH, so that no name or
 * value can disturb a terminal. */
void text_add_escaped(struct strbuf *sb, const char *s, size_t len);

/* Whether the LEN bytes at S are valid UTF-8 (no surrogates, no overlong
 * forms, up to U+10FFFF). */
bool text_is_utf8(const char *s, size_t len);

/* Append the character U+10FF00+BYTE in UTF-8, a private one: it stands for
 * BYTE (128..255) that is not part of valid UTF-8, in Scheme and in what JSON
 * was read into. */
void text_add_stand_in(struct strbuf *sb, unsigned char byte);

/* Whether S, of LEN bytes, begins with a stand-in (which has 4). */
bool text_is_stand_in(const char *s, size_t len);

/* Append LEN bytes of S with the bytes in place of their stand-ins. */
void text_add_bytes(struct strbuf *sb, const char *s, size_t len);

/* The entry of the NULL-terminated NAMES nearest to NAME, or NULL when none
 * is near enough to be what was meant (edit distance at most a third of the
 * length, at least 1). */
const char *text_suggest(const char *name, const char *const *names);

/* "2026-11-22 09:41:39.689" in local time. */
void text_add_time(struct strbuf *sb, int64_t real_ns);

/* "1.2s", "3m 20s", "2h 5m": a duration for people. */
void text_add_duration(struct strbuf *sb, int64_t ns);

/* "12.3 MB": a size for people, in powers of 1000. */
void text_add_size(struct strbuf *sb, uint64_t bytes);

/* "1,234": a count with thousands separated. */
void text_add_count(struct strbuf *sb, uint64_t n);

/* "st", "nd", "rd" or "th": what follows N in "1st". */
const char *text_ordinal_ending(uint64_t n);

#endif
