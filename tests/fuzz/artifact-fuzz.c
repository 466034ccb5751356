/*
 * Fuzz the reader of lists of artifacts: one that is accepted is written with
 * bytes that read as the same.
 */
#include "base/base.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/cbor.h"
#include "base/strbuf.h"
#include "fuzz.h"
#include "model/artifact.h"

const unsigned fuzz_inputs = 30000;

/* Whether A and B are the same to whoever uses them. */
static bool
is_same(const struct artifact *a, const struct artifact *b)
{
	return !strcmp(a->name, b->name) && a->format == b->format &&
	       digest_equal(&a->digest, &b->digest) &&
	       a->size_bytes == b->size_bytes &&
	       a->value_len == b->value_len &&
	       (!a->value_len || !memcmp(a->value, b->value, a->value_len)) &&
	       !a->file_name == !b->file_name &&
	       (!a->file_name || !strcmp(a->file_name, b->file_name));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct strbuf sb = STRBUF_INIT;
	struct artifact *list, *again;
	struct arena arena;
	size_t count, count_again, i;
	struct cbor c;

	arena_init(&arena);
	cbor_init(&c, data, size);
	list = artifact_get_list(&c, &arena, &count);
	if (c.failed && count)
		abort();
	for (i = 0; i < count; i++)
		if (list[i].format >= ARTIFACT_FORMATS ||
		    !artifact_format_name(list[i].format))
			abort();
	artifact_object_bytes(list, count);
	artifact_put_list(&sb, list, count);
	cbor_init(&c, sb.buf, sb.len);
	again = artifact_get_list(&c, &arena, &count_again);
	if (c.failed || count != count_again)
		abort();
	for (i = 0; i < count; i++)
		if (!is_same(&list[i], &again[i]))
			abort();
	arena_release(&arena);
	strbuf_release(&sb);
	return 0;
}

bool
fuzz_sample(unsigned i, struct strbuf *out)
{
	static const struct artifact list[] = {
		{ .name = "n", .format = ARTIFACT_INLINE, .value = "\x18\x2a",
		  .value_len = 2, .size_bytes = 2, .digest = { { 1 } } },
		{ .name = "clip", .format = ARTIFACT_FILE, .digest = { { 2 } },
		  .size_bytes = UINT64_C(3) << 30, .file_name = "clip.mp4" },
		{ .name = "out/a.txt", .format = ARTIFACT_OUTPUT },
		{ .name = "odd \xff", .format = ARTIFACT_TREE },
	};

	if (i > ARRAY_SIZE(list))
		return false;
	artifact_put_list(out, list, i);
	return true;
}
