/*
 * Fuzz what reads values: any bytes as CBOR may be printed, turned into words
 * and into JSON; JSON that we wrote can be read, but for huge integers and
 * NULs in keys; any bytes may be read as JSON.
 */
#include "base/base.h"

#include <stdlib.h>
#include <string.h>

#include "base/cbor.h"
#include "base/error.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "fuzz.h"
#include "model/value.h"
#include "model/words.h"

const unsigned fuzz_inputs = 20000;

/* Read JSON that value_to_json() wrote. */
static void
read_ours(const struct strbuf *json)
{
	struct strbuf value = STRBUF_INIT;
	struct error err = ERROR_INIT;

	if (!text_is_utf8(json->buf, json->len) ||
	    (value_from_json(json->buf, json->len, &value, &err) &&
	     !strstr(err.text, "beyond 64 bits") && !strstr(err.text, "NUL")))
		abort();
	error_release(&err);
	strbuf_release(&value);
}

static void
try_cbor(const char *data, size_t size)
{
	struct strbuf out = STRBUF_INIT;
	struct words w = WORDS_INIT;

	value_print(data, size, 0, &out);
	strbuf_reset(&out);
	value_print(data, size, 20, &out);
	if (out.len > 20 + strlen("..."))
		abort();
	value_words(data, size, &w, NULL);
	words_release(&w);
	strbuf_reset(&out);
	if (!value_to_json(data, size, &out, NULL))
		read_ours(&out);
	strbuf_release(&out);
}

static void
try_json(const char *data, size_t size)
{
	struct strbuf value = STRBUF_INIT, json = STRBUF_INIT;
	struct cbor c;
	size_t len;

	if (!value_from_json(data, size, &value, NULL)) {
		cbor_init(&c, value.buf, value.len);
		cbor_span(&c, &len);
		if (c.failed || len != value.len)
			abort();
		if (!value_to_json(value.buf, value.len, &json, NULL))
			read_ours(&json);
	} else if (value.len) {
		abort();
	}
	strbuf_release(&value);
	strbuf_release(&json);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	try_cbor((const char *)data, size);
	try_json((const char *)data, size);
	return 0;
}

bool
fuzz_sample(unsigned i, struct strbuf *out)
{
	static const char *const texts[] = {
		"{\"a\": [1, 2.5e3, null, true], \"b\\u00e9\\ud83d\\ude00\": {}}",
		"[[\"x\", -1], [\"y\", 18446744073709551615, \"\\udcff\"]]",
	};

	if (i < ARRAY_SIZE(texts)) {
		value_from_json(texts[i], strlen(texts[i]), out, NULL);
	} else if (i < 2 * ARRAY_SIZE(texts)) {
		strbuf_adds(out, texts[i - ARRAY_SIZE(texts)]);
	} else if (i == 2 * ARRAY_SIZE(texts)) {
		cbor_put_tag(out, CBOR_TAG_LIST_FILE);
		cbor_put_array(out, 2);
		cbor_put_str(out, "a");
		cbor_put_double(out, 1e300);
	} else {
		return false;
	}
	return true;
}
