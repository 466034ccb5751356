/*
 * Lists of artifacts as CBOR.
 */
#include "base/base.h"

#include "base/arena.h"
#include "base/cbor.h"
#include "base/error.h"
#include "base/strbuf.h"
#include "model/artifact.h"
#include "tap.h"

static const struct artifact examples[] = {
	{ .name = "sum", .format = ARTIFACT_INLINE, .digest = { { 1, 2 } },
	  .size_bytes = 3, .value = "\x82\x01\x00", .value_len = 3 },
	{ .name = "clip", .format = ARTIFACT_FILE, .digest = { { 9 } },
	  .size_bytes = UINT64_C(5000000000), .file_name = "clip.mp4" },
	{ .name = "dir/\xff.tsv", .format = ARTIFACT_OUTPUT },
};

static void
test_round_trip(void)
{
	struct strbuf sb = STRBUF_INIT;
	struct artifact *list;
	struct arena arena;
	struct cbor c;
	size_t n;

	arena_init(&arena);
	artifact_put_list(&sb, examples, ARRAY_SIZE(examples));
	cbor_init(&c, sb.buf, sb.len);
	list = artifact_get_list(&c, &arena, &n);
	ok(cbor_finish(&c, "it", NULL) == 0 && n == 3,
	   "a list comes back as long as it was");
	is_str(list[0].name, "sum", "with names");
	ok(list[0].value_len == 3 && !memcmp(list[0].value, "\x82\x01\x00", 3),
	   "with the bytes of inline values");
	ok(!list[0].file_name && !list[1].value, "and without what is not there");
	is_str(list[1].file_name, "clip.mp4", "with the names of files");
	is_int((intmax_t)list[1].size_bytes, INTMAX_C(5000000000),
	       "with sizes beyond 32 bits");
	is_str(list[2].name, "dir/\xff.tsv",
	       "and a path that is not UTF-8 as its bytes");
	arena_release(&arena);
	strbuf_release(&sb);
}

/* Every list that was cut off or changed is refused or read, never worse. */
static void
test_damage(void)
{
	struct strbuf sb = STRBUF_INIT;
	struct artifact *list;
	struct arena arena;
	struct cbor c;
	size_t i, n, refused = 0;
	bool sane = true;

	arena_init(&arena);
	artifact_put_list(&sb, examples, ARRAY_SIZE(examples));
	for (i = 0; i < sb.len; i++) {
		cbor_init(&c, sb.buf, i);
		list = artifact_get_list(&c, &arena, &n);
		refused += c.failed && !list && !n;
	}
	ok(refused == sb.len, "a list that was cut off is refused");
	for (i = 0; i < sb.len; i++) {
		sb.buf[i] ^= 0x55;
		cbor_init(&c, sb.buf, sb.len);
		list = artifact_get_list(&c, &arena, &n);
		sane = sane && (c.failed ? !n : n <= 3);
		while (list && n)
			sane = sane && list[--n].format < ARTIFACT_FORMATS;
		sb.buf[i] ^= 0x55;
	}
	ok(sane, "a changed byte never makes what is no artifact");
	arena_release(&arena);
	strbuf_release(&sb);
}

static void
test_find(void)
{
	const struct artifact list[] = { { .name = "a" }, { .name = "b" } };

	ok(artifact_find(list, 2, "b") == &list[1], "one is found by name");
	ok(!artifact_find(list, 2, "c") && !artifact_find(NULL, 0, "a"),
	   "or there is none of that name");
}

int
main(void)
{
	int i, named = 0;

	test_round_trip();
	test_damage();
	test_find();
	for (i = 0; i < ARTIFACT_FORMATS; i++)
		named += !!artifact_format_name((enum artifact_format)i);
	is_int(named, ARTIFACT_FORMATS, "every format has a name");
	return done_testing();
}
