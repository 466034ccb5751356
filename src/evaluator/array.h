/*
 * Numeric arrays of Scheme (SRFI-4 vectors, typed arrays) as CBOR items
 * (RFC 8746) and as .npy files, which are written and mapped without a copy.
 */
#ifndef FLOWMAKE_EVALUATOR_ARRAY_H
#define FLOWMAKE_EVALUATOR_ARRAY_H

#include <libguile.h>

#include "base/base.h"

struct error;
struct strbuf;

/* One kind of number that arrays hold. */
struct array_type {
	const char *name;  /* of the Scheme type: "f64" */
	const char *descr; /* of NumPy: "<f8" */
	unsigned tag;      /* of RFC 8746, little-endian; 0: has none */
	unsigned element_bytes;
};

/* A numeric array as it lies in memory, in row-major order. */
struct array_view {
	const struct array_type *type;
	SCM owner; /* keeps the elements alive while the view is used */
	const void *elements;
	size_t count; /* of elements */
	size_t len;   /* in bytes */
	size_t rank;
	size_t dims[8];
};

/* Look at V.  Returns 1 with *VIEW filled when it is a numeric array (one
 * whose elements are not in row-major order is copied), 0 when it is no
 * array of numbers, -1 with *WHY a noun phrase when it is one that cannot be
 * written ("an array whose indexes do not begin at 0"). */
int array_look(SCM v, struct array_view *view, const char **why);

/* Append VIEW as CBOR; its type must have a tag.  Bytes of a one-dimensional
 * u8 or vu8 array become a byte string; if EXACT only a bytevector's do, and
 * arrays of u8 and vu8 are told apart. */
void array_encode(struct strbuf *sb, const struct array_view *view,
		  bool exact);

/* The typed vector that TAG, not 0, and LEN bytes at DATA stand for, or
 * SCM_UNDEFINED when TAG is none of a typed array's or LEN is no whole number
 * of its elements. */
SCM array_decode(uint64_t tag, const void *data, size_t len);

/* Append the .npy header, aligned to 64 bytes, that goes before VIEW's
 * elements. */
void array_npy_header(struct strbuf *sb, const struct array_view *view);

/* Map the .npy file PATH copy-on-write and return (TYPED-VECTOR DIMS), or
 * SCM_UNDEFINED with ERR filled.  The mapping goes with the vector. */
SCM array_load_npy(const char *path, struct error *err);

/* Map the file PATH copy-on-write as a bytevector, or SCM_UNDEFINED. */
SCM array_load_bytes(const char *path, struct error *err);

#endif
