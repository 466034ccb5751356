/*
 * Fuzz the CBOR reader: moving over items one by one and as a whole ends at
 * the same place, inside the bytes.
 */
#include "base/base.h"

#include <stdlib.h>

#include "base/cbor.h"
#include "base/error.h"
#include "fuzz.h"

const unsigned fuzz_inputs = 30000;

static void
check_item(struct cbor_item item, const char *start, const char *end)
{
	if ((item.kind == CBOR_BYTES || item.kind == CBOR_TEXT) && item.len &&
	    (item.data < start || item.data + item.len > end))
		abort();
	if (item.kind == CBOR_ARRAY && item.n > (uint64_t)(end - start))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *start = (const char *)data, *end = start + size;
	struct error err = ERROR_INIT;
	struct cbor one, whole;
	size_t len;

	cbor_init(&whole, data, size);
	cbor_span(&whole, &len);
	if (!whole.failed && len > size)
		abort();

	cbor_init(&one, data, size);
	while (!one.failed && one.next < end)
		check_item(cbor_next(&one), start, end);
	if (one.next > end)
		abort();
	cbor_finish(&one, "the input", &err);
	error_release(&err);
	return 0;
}

bool
fuzz_sample(unsigned i, struct strbuf *out)
{
	switch (i) {
	case 0:
		cbor_put_array(out, 3);
		cbor_put_int(out, -7);
		cbor_put_double(out, 0.1);
		cbor_put_bytes(out, "\x00\xff", 2);
		return true;
	case 1:
		cbor_put_map(out, 2);
		cbor_put_str(out, "key");
		cbor_put_bool(out, true);
		cbor_put_str(out, "nested");
		cbor_put_array(out, 1);
		cbor_put_array(out, 1);
		cbor_put_tag(out, 1234567);
		cbor_put_uint(out, UINT64_MAX);
		return true;
	}
	return false;
}
