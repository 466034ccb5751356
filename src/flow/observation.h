/*
 * What a Flowfile looked at: an entry of a manifest (model/wire.h) in short,
 * which can be compared with what one sees now.
 */
#ifndef FLOWMAKE_FLOW_OBSERVATION_H
#define FLOWMAKE_FLOW_OBSERVATION_H

#include "base/base.h"
#include "base/digest.h"
#include "base/strbuf.h"

struct cbor;

struct observation {
	char *kind;             /* of the manifest */
	struct strbuf query;    /* CBOR */
	struct digest digest;   /* of what was seen */
	struct strbuf stamp;    /* of a wildcard's directory; may be empty */
};

/* Read one [KIND, QUERY, ANSWER, DIGEST or null] of a manifest, or NULL when C
 * has failed. */
struct observation *observation_of_manifest(struct cbor *c);
/* Append O as one CBOR item; read one, or NULL. */
void observation_put(struct strbuf *sb, const struct observation *o);
struct observation *observation_get(struct cbor *c);
void observation_free(struct observation *o);

/* What O is about, a text, as the path of a file; the caller frees it.  NULL:
 * that is no text. */
char *observation_text(const struct observation *o);

/* What tells O from all that say another thing. */
struct digest observation_id(const struct observation *o);

/* Whether one sees now what was seen.  Of commands and modules nobody can
 * say. */
bool observation_is_true(const struct observation *o);

/* Note how the directory of a wildcard is now, if that says what it holds and
 * that is what was seen. */
void observation_add_stamp(struct observation *o);

#endif
