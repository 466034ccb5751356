/*
 * Values in the store: small ones beside their record, larger ones as
 * objects.  A string is kept as its bytes and a bytevector as it is, so that
 * any program can read the object; a value has the same format, and so the
 * same digest, whoever made it.
 */
#ifndef FLOWMAKE_STORE_VALUES_H
#define FLOWMAKE_STORE_VALUES_H

#include "base/base.h"

struct arena;
struct artifact;
struct error;
struct strbuf;

/* Larger arrays and bytevectors are for files, not for printing. */
enum { VALUE_LOAD_MAX_BYTES = 64 << 20 };

/* Make A of the value whose CBOR are the LEN bytes at CBOR, storing an object
 * when it is larger than WIRE_INLINE_MAX_BYTES.  Its strings, a copy of NAME
 * among them, come from ARENA. */
int artifact_from_value(const char *name, const char *cbor, size_t len,
			struct arena *arena, struct artifact *a,
			struct error *err);

/* Append the value at CBOR with what lies in the store (TAG_OBJECT), itself or
 * elements of the list that it is, in its place.  Refuses arrays and
 * bytevectors that are too large and, if MAX_BYTES is not 0, all objects of
 * more. */
int value_load_objects(const char *cbor, size_t len, uint64_t max_bytes,
		       struct strbuf *out, struct error *err);

/* Append the CBOR of the value of A, whatever its format, to CBOR.  Refuses
 * files and directories, and arrays and bytevectors that are too large. */
int artifact_load_value(const struct artifact *a, struct strbuf *cbor,
			struct error *err);

#endif
