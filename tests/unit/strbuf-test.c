/*
 * Growing strings and lists of strings, errors, arenas.
 */
#include "base/base.h"

#include <errno.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/strbuf.h"
#include "base/strvec.h"
#include "tap.h"

static void
test_strbuf(void)
{
	struct strbuf sb = STRBUF_INIT;
	char *s, big[3000];
	size_t len;

	is_str(sb.buf, "", "a new string is empty, not NULL");
	strbuf_add(&sb, NULL, 0);
	is_int(sb.alloc, 0, "adding nothing allocates nothing");
	strbuf_adds(&sb, "one");
	strbuf_addch(&sb, ' ');
	strbuf_addf(&sb, "%d", 2);
	is_str(sb.buf, "one 2", "texts are appended");
	memset(big, 'x', sizeof(big));
	big[sizeof(big) - 1] = '\0';
	strbuf_addf(&sb, "%s", big);
	is_int(sb.len, 5 + 2999, "a formatted text may be of any length");
	ok(sb.buf[sb.len] == '\0' && sb.buf[sb.len - 1] == 'x',
	   "and ends in a NUL");
	strbuf_truncate(&sb, 0);
	strbuf_addu(&sb, 0);
	strbuf_addch(&sb, ' ');
	strbuf_addu(&sb, 1020);
	strbuf_addch(&sb, ' ');
	strbuf_addu(&sb, UINT64_MAX);
	is_str(sb.buf, "0 1020 18446744073709551615", "numbers are appended");
	strbuf_reset(&sb);
	strbuf_adds(&sb, "one more");
	strbuf_truncate(&sb, 3);
	is_str(sb.buf, "one", "a string can be shortened");
	strbuf_add(&sb, "\0b", 2);
	is_int(sb.len, 5, "bytes may be zero");
	s = strbuf_detach(&sb, &len);
	ok(len == 5 && !memcmp(s, "one\0b", 6), "detach hands out the bytes");
	is_str(sb.buf, "", "and leaves an empty string");
	free(s);
	s = strbuf_detach(&sb, NULL);
	is_str(s, "", "detach of an empty string can be freed too");
	free(s);
	strbuf_reset(&sb);
	strbuf_release(&sb);
}

static void
test_strvec(void)
{
	struct strvec sv = STRVEC_INIT;
	char *last;
	int i;

	strvec_sort(&sv);
	for (i = 20; i; i--)
		strvec_push_take(&sv, xasprintf("%02d", i));
	strvec_push_len(&sv, "00tail", 2);
	ok(sv.count == 21 && !sv.v[21], "a list ends in a NULL");
	strvec_sort(&sv);
	ok(!strcmp(sv.v[0], "00") && !strcmp(sv.v[20], "20"),
	   "a list is sorted bytewise");
	last = strvec_pop(&sv);
	ok(!strcmp(last, "20") && sv.count == 20 && !sv.v[20],
	   "the last string is taken off");
	free(last);
	strvec_clear(&sv);
	ok(!sv.count && !sv.v[0], "a cleared list is empty");
	strvec_push(&sv, "again");
	is_str(sv.v[0], "again", "and can be used again");
	strvec_release(&sv);
}

static void
test_error(void)
{
	struct error err = ERROR_INIT, other = ERROR_INIT;

	is_int(error_set(&err, "task %d", 7), -1, "error_set returns -1");
	is_str(err.text, "task 7", "an error has a text");
	error_set(&err, "%s failed", err.text);
	is_str(err.text, "task 7 failed", "made of the earlier one if wanted");
	errno = ENOENT;
	error_sys(&err, "cannot open 'x'");
	is_str(err.text, "cannot open 'x': No such file or directory",
	       "error_sys adds what errno means");
	is_int(errno, ENOENT, "and leaves errno");
	error_push(&err, "step '%s'", "a");
	is_str(err.text, "step 'a': cannot open 'x': No such file or directory",
	       "error_push puts the context before it");
	error_place(&err, "Flowfile", 3, 4, "no %s", "way");
	is_str(err.text, "Flowfile:3:4: no way", "a place comes first");
	ok(err.has_place, "and is marked");
	error_place(&err, "Flowfile", 0, 0, "empty");
	is_str(err.text, "Flowfile: empty", "line 0 names the file only");
	error_set(&err, "no '%s'", "a\n\033[31m\377\tb");
	is_str(err.text, "no 'a\\n\\x1b[31m\\xff\\tb'",
	       "no name that goes into it breaks the line or is a command");
	error_add_lines(&err, "one\ntwo\033", 8);
	error_push(&err, "a\nb");
	is_str(err.text, "a\\nb: no 'a\\n\\x1b[31m\\xff\\tb'\none\ntwo\\x1b",
	       "a backtrace has lines of its own");
	error_place(&err, "Flowfile", 3, 4, "no");
	error_copy(&other, &err);
	error_release(&err);
	ok(!err.text && !err.has_place, "a released error is none");
	is_str(other.text, "Flowfile:3:4: no", "a copy is its own");
	ok(other.has_place, "and has a place, too");
	error_release(&other);
	is_int(error_set(NULL, "x"), -1, "nobody need want to know");
}

static void
test_arena(void)
{
	bool aligned = true, zero = true;
	struct arena a;
	char *s, *first;
	int i, j;

	arena_init(&a);
	first = arena_strdup(&a, "first");
	for (i = 1; i < 2000; i++) {
		s = arena_zalloc(&a, (size_t)i);
		aligned &= !((uintptr_t)s % _Alignof(max_align_t));
		for (j = 0; j < i; j++)
			zero &= !s[j];
		memset(s, 'x', (size_t)i);
		arena_strndup(&a, "odd", 2);
	}
	ok(aligned, "arena memory is aligned for any type");
	ok(zero, "zeroed memory is zero");
	s = arena_alloc(&a, 1 << 20);
	memset(s, 'y', 1 << 20);
	is_str(arena_strndup(&a, "odd", 2), "od", "strings are copied");
	is_str(first, "first", "nothing is overwritten");
	is_int(a.used_bytes, 6 + 1999 * 2000 / 2 + 2000 * 3 + (1 << 20),
	       "what was handed out is counted");
	arena_release(&a);
}

int
main(void)
{
	test_strbuf();
	test_strvec();
	test_error();
	test_arena();
	return done_testing();
}
