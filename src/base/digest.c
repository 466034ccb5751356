/*
 * Digests, over libxxhash.  On x86 its dispatching entry points choose the
 * widest vectors that the machine has: the speed of reading memory.
 */
#include "base/base.h"

#include "base/digest.h"

#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
#include <xxh_x86dispatch.h>
#endif
#include <xxhash.h>

#include "base/strbuf.h"

struct digest_stream {
	XXH3_state_t *state;
};

/* The bytes of H in canonical order. */
static struct digest
digest_from_hash(XXH128_hash_t h)
{
	XXH128_canonical_t canonical;
	struct digest d;

	XXH128_canonicalFromHash(&canonical, h);
	memcpy(d.bytes, canonical.digest, sizeof(d.bytes));
	return d;
}

struct digest
digest_of(const void *data, size_t len)
{
	return digest_from_hash(XXH3_128bits(data, len));
}

struct digest_stream *
digest_stream_new(void)
{
	struct digest_stream *s = xmalloc(sizeof(*s));

	s->state = XXH3_createState();
	if (!s->state)
		bug("no memory for a hash");
	XXH3_128bits_reset(s->state);
	return s;
}

void
digest_stream_add(struct digest_stream *s, const void *data, size_t len)
{
	XXH3_128bits_update(s->state, data, len);
}

struct digest
digest_stream_end(struct digest_stream *s)
{
	struct digest d = digest_from_hash(XXH3_128bits_digest(s->state));

	XXH3_freeState(s->state);
	free(s);
	return d;
}

bool
digest_equal(const struct digest *a, const struct digest *b)
{
	return !memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

bool
digest_is_zero(const struct digest *d)
{
	static const struct digest zero;

	return digest_equal(d, &zero);
}

void
digest_add_hex(struct strbuf *sb, const struct digest *d)
{
	static const char digits[] = "0123456789abcdef";
	size_t i;

	for (i = 0; i < sizeof(d->bytes); i++) {
		strbuf_addch(sb, digits[d->bytes[i] >> 4]);
		strbuf_addch(sb, digits[d->bytes[i] & 15]);
	}
}
