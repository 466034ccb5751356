/*
 * Fuzz the readers of stored keys.  The input is two of them, parted by "--".
 */
#include "base/base.h"

#include <stdlib.h>
#include <string.h>

#include "base/cbor.h"
#include "base/error.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "fuzz.h"
#include "model/key-diff.h"
#include "model/key.h"

const unsigned fuzz_inputs = 20000;

/* The parts of one, which point into it. */
static void
check_parts(const char *data, size_t size)
{
	struct key_part *parts = NULL;
	size_t count = 0, i;

	if (!key_parts_read(&parts, &count, data, size, NULL))
		for (i = 0; i < count; i++)
			if (parts[i].name < data ||
			    parts[i].name + parts[i].name_len > data + size ||
			    parts[i].subject >= KEY_SUBJECTS)
				abort();
	free(parts);
	key_has_note(data, size, "rerun");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *old = (const char *)data;
	const char *cut = memmem(old, size, "--", 2);
	size_t old_len = cut ? (size_t)(cut - old) : size;
	const char *new = cut ? cut + 2 : old;
	size_t new_len = cut ? size - old_len - 2 : size;
	struct strbuf words = STRBUF_INIT;
	struct error err = ERROR_INIT;
	struct key_diff d;

	check_parts(old, old_len);
	check_parts(new, new_len);
	if (!key_diff_init(&d, old, old_len, new, new_len, &err)) {
		key_diff_add_words(&d, &words);
		key_diff_add_kinds(&d, &words);
		if (!words.len || (!d.count &&
				   strncmp(words.buf, "nothing changed", 15)))
			abort();
	} else if (!err.text) {
		abort();
	}
	key_diff_release(&d);
	error_release(&err);
	strbuf_release(&words);
	return 0;
}

/* A key; CHANGED by some of its parts. */
static void
add_key(unsigned changed, struct strbuf *out)
{
	static const char *const names[] = {
		"format", "recipe", "interpreter", "environment",
		"foreach book", "names", "input books/a.txt", "from table",
		"scheme", "definition counts", "definition counts, closed over",
		"module lib.scm", "parameters", "something new",
	};
	struct key_parts k;
	size_t i;

	key_parts_init(&k);
	for (i = changed; i < ARRAY_SIZE(names) - changed; i++) {
		struct digest d = digest_of(names[i], i + changed);

		if (changed && i % 5 == 4)
			key_parts_add_unknown(&k, names[i]);
		else
			key_parts_add(&k, names[i], &d);
	}
	key_encode(&k, out);
	key_parts_release(&k);
	cbor_put_map(out, 3);
	cbor_put_str(out, "recipe");
	cbor_put_bytes(out, "0123456789abcdef", DIGEST_BYTES);
	cbor_put_str(out, "interpreter");
	cbor_put_str(out, changed ? "sh" : "bash");
	cbor_put_str(out, "from table");
	cbor_put_str(out, "count table");
}

bool
fuzz_sample(unsigned i, struct strbuf *out)
{
	add_key(i & 1, out);
	strbuf_adds(out, "--");
	add_key(i >> 1, out);
	return i < 4;
}
