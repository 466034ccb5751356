/*
 * Scheme data as CBOR and back, by the table in base/cbor.h, without
 * recursion in C.
 *
 * Besides plain data there are "tagged" records (the record type that
 * (flowmake values) registers): a kind and a payload.
 *
 *   list-file  a list of texts         TAG_LIST_FILE
 *   file       a path                  TAG_FILE; decoded as a string
 *   object     (format path)           TAG_OBJECT, decoded only
 */
#ifndef FLOWMAKE_EVALUATOR_VALUE_H
#define FLOWMAKE_EVALUATOR_VALUE_H

#include <libguile.h>

#include "base/base.h"

struct error;
struct strbuf;

enum value_mode {
	VALUE_DATUM,  /* what a user's program computed */
	VALUE_SOURCE, /* source text, for digests: what reads differently is
		       * told apart, also null, types of bytes, and bytes in
		       * strings from characters that stand for them */
	/* A message: lists are arrays, vectors maps (key value ...), symbols
	 * texts, the unspecified value null, and bytevectors items that are
	 * encoded already. */
	VALUE_MESSAGE,
};

/* Make RTD, a record type with the fields kind and payload, the tagged type. */
void value_set_tagged_type(SCM rtd);

/* Append V.  Returns -1 with ERR "the 2nd element of WHAT is a procedure"
 * when it holds something that cannot be encoded; SB may then hold a part. */
int value_encode(struct strbuf *sb, SCM v, enum value_mode mode,
		 const char *what, struct error *err);

/* The value of the CBOR item at DATA, which must be the whole of it; null is
 * the unspecified value.  Returns SCM_UNDEFINED with ERR filled when the bytes
 * are damaged. */
SCM value_decode(const void *data, size_t len, struct error *err);

#endif
