/*
 * Fuzz the reader of heads of .npy files: what it accepts has as many numbers
 * as its shape says, all inside the bytes.
 */
#include "base/base.h"

#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "fuzz.h"
#include "model/npy.h"

const unsigned fuzz_inputs = 30000;

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t count = 1;
	struct npy a;
	size_t i;

	if (!npy_parse(&a, (const char *)data, size))
		return 0;
	for (i = 0; i < a.dimensions; i++)
		count *= a.shape[i];
	if (a.dimensions > NPY_MAX_DIMENSIONS || count != a.count ||
	    a.data_at > size || !a.number_bytes ||
	    a.count > (size - a.data_at) / a.number_bytes)
		abort();
	return 0;
}

bool
fuzz_sample(unsigned i, struct strbuf *out)
{
	static const char head[] = "{'descr': '<f8', 'fortran_order': False, "
		"'shape': (2, 3), }\n";

	strbuf_add(out, i ? "\x93NUMPY\2\0" : "\x93NUMPY\1\0", 8);
	strbuf_addch(out, sizeof(head) - 1);
	strbuf_add(out, "\0\0", i ? 3 : 1);
	strbuf_adds(out, head);
	strbuf_add(out, "six doubles, which have eight bytes each, follow", 48);
	return i < 2;
}
