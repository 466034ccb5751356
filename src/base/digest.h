/*
 * Content digests: XXH3-128 (xxHash 0.8), the fastest of its quality; it
 * guards against chance, not against an adversary who may write the store.
 */
#ifndef FLOWMAKE_BASE_DIGEST_H
#define FLOWMAKE_BASE_DIGEST_H

#include "base/base.h"

struct strbuf;

enum { DIGEST_BYTES = 16 };

struct digest {
	unsigned char bytes[DIGEST_BYTES]; /* canonical (big-endian) */
};

/* The digest of LEN bytes. */
struct digest digest_of(const void *data, size_t len);

/* The digest of bytes that come in parts. */
struct digest_stream;
struct digest_stream *digest_stream_new(void);
void digest_stream_add(struct digest_stream *s, const void *data, size_t len);
/* Ends the stream and frees it. */
struct digest digest_stream_end(struct digest_stream *s);

bool digest_equal(const struct digest *a, const struct digest *b);
bool digest_is_zero(const struct digest *d);
/* Append 32 hexadecimal digits. */
void digest_add_hex(struct strbuf *sb, const struct digest *d);

#endif
