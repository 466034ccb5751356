/*
 * File names as text.
 */
#include "base/base.h"

#include <stdlib.h>

#include "base/map.h"
#include "base/path.h"
#include "tap.h"

static void
test_normalize(void)
{
	static const char *const cases[][2] = {
		{ "a/b", "a/b" },	{ "./a//b/", "a/b" },
		{ "a/../b", "b" },	{ "a/..", "." },
		{ "", "." },		{ ".", "." },
		{ "./", "." },		{ "..", ".." },
		{ "../a", "../a" },	{ "a/../../b", "../b" },
		{ "../../a/..", "../.." }, { "/", "/" },
		{ "//", "/" },		{ "/a/../..", "/" },
		{ "/../a", "/a" },	{ "/a/./b//", "/a/b" },
		{ "a/b/../../c", "c" }, { ".a", ".a" },
		{ "..a/b", "..a/b" },	{ "...", "..." },
		{ "a/..b/..", "a" },	{ "a b\n", "a b\n" },
	};
	char *got, *again;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		got = path_normalize(cases[i][0]);
		ok(!strcmp(got, cases[i][1]), "case %zu is known as '%s'", i,
		   i == ARRAY_SIZE(cases) - 1 ? "a b\\n" : cases[i][1]);
		ok(path_is_normal(got) && path_is_normal(cases[i][0]) ==
		   !strcmp(got, cases[i][0]), "so only that is normal");
		again = path_normalize(got);
		if (strcmp(got, again))
			ok(false, "case %zu: a normal name stays", i);
		free(again);
		free(got);
	}
}

static void
test_inside(void)
{
	ok(path_is_inside("a", "a"), "a directory is inside itself");
	ok(path_is_inside("a", "a/b"), "a/b is inside a");
	ok(!path_is_inside("a", "ab"), "ab is not inside a");
	ok(!path_is_inside("a/b", "a"), "a is not inside a/b");
	ok(path_is_inside(".", "a"), "all is inside .");
	ok(path_is_inside(".", "."), "so is . itself");
	ok(!path_is_inside(".", "../a"), "but not what is above it");
	ok(!path_is_inside(".", "/a"), "nor what is absolute");
	ok(path_is_inside(".", "..a"), "a name may begin with dots");
	ok(path_is_inside("..", "a"), ".. holds . and all that is in it");
	ok(path_is_inside("..", "../a"), ".. holds its other entries");
	ok(!path_is_inside("..", "../../a"), ".. does not hold what is above");
	ok(!path_is_inside("../a", "b"), "../a does not hold b");
	ok(path_is_inside("/", "/a"), "all that is absolute is inside /");
	ok(!path_is_inside("/a", "/ab"), "/ab is not inside /a");
}

static void
test_parts(void)
{
	char *s;

	is_int(path_dir_len("a/b"), 1, "the directory of a/b is a");
	is_int(path_dir_len("a"), 0, "a has no directory part");
	is_int(path_dir_len("/a"), 1, "that of /a is /");
	is_int(path_dir_len("/"), 0, "/ has none above it");
	is_int(path_dir_len("a//b"), 1, "two slashes are one");
	is_str(path_base("a/b.c"), "b.c", "the last part of a/b.c is b.c");
	is_str(path_base("a"), "a", "that of a is a");
	s = path_join("a", "b");
	is_str(s, "a/b", "names are joined by a slash");
	free(s);
	s = path_join(".", "b");
	is_str(s, "b", "nothing is joined to .");
	free(s);
	s = path_join("/", "b");
	is_str(s, "/b", "/ has its slash already");
	free(s);
	s = path_join("a", "/b");
	is_str(s, "/b", "an absolute name stays");
	free(s);
}

static void
test_match(void)
{
	const char *stem;
	size_t len;

	ok(path_match("raw/%.txt", "raw/a/b.txt", &stem, &len) && len == 3 &&
		   !memcmp(stem, "a/b", 3),
	   "a stem may hold slashes");
	ok(!path_match("raw/%.txt", "raw/.txt", &stem, &len),
	   "a stem is not empty");
	ok(!path_match("raw/%.txt", "raw/a.txt2", &stem, &len),
	   "the end must match");
	ok(!path_match("raw/%.txt", "cooked/a.txt", &stem, &len),
	   "the beginning must match");
	ok(path_match("%", "x", &stem, &len) && len == 1,
	   "%% alone matches all");
	ok(!path_match("aba%aba", "ababa", &stem, &len),
	   "beginning and end do not overlap");
	ok(path_match("a/%/%.o%", "a/x/y/x/y.ox/y", &stem, &len) && len == 3 &&
		   !memcmp(stem, "x/y", 3),
	   "each %% is the same stem");
	ok(!path_match("%-%", "x-y", &stem, &len), "not another one");
	ok(!path_match("%-%", "xx-y", &stem, &len), "nor a shorter one");
	ok(!path_match("x", "x", &stem, &len), "without %% there is none");
}

static void
test_covered(void)
{
	struct map m;

	map_init(&m);
	map_sets(&m, "a/b", &m);
	ok(path_is_covered(&m, "a/b") && path_is_covered(&m, "a/b/c/d"),
	   "a path and what is below it are covered by it");
	ok(!path_is_covered(&m, "a") && !path_is_covered(&m, "a/bc") &&
	   !path_is_covered(&m, "c/a/b"), "nothing else is");
	map_release(&m);
}

int
main(void)
{
	test_normalize();
	test_inside();
	test_parts();
	test_match();
	test_covered();
	return done_testing();
}
