/*
 * Artifacts: what a task made, as remembered.  A result is a value or a file
 * in the store; an output is a file or directory in the project.
 */
#ifndef FLOWMAKE_MODEL_ARTIFACT_H
#define FLOWMAKE_MODEL_ARTIFACT_H

#include "base/base.h"
#include "base/digest.h"

struct arena;
struct cbor;
struct strbuf;

/* The numbers are on disks and wires: new ones go to the end. */
enum artifact_format {
	ARTIFACT_INLINE, /* a value, its CBOR kept beside the digest */
	ARTIFACT_CBOR,   /* a value in an object, as CBOR */
	ARTIFACT_TEXT,   /* a string in an object, as its bytes */
	ARTIFACT_BYTES,  /* a bytevector in an object, as it is */
	ARTIFACT_NPY,    /* a numeric array in an object, as .npy */
	ARTIFACT_FILE,   /* a file result */
	ARTIFACT_TREE,   /* a directory */
	ARTIFACT_OUTPUT, /* a file or directory in the project: digest only */
	ARTIFACT_FORMATS
};

struct artifact {
	const char *name;       /* of the result; of an output, its path */
	enum artifact_format format;
	struct digest digest;   /* of the value's bytes, or of the content */
	uint64_t size_bytes;
	const char *value;      /* ARTIFACT_INLINE: CBOR; else NULL */
	uint32_t value_len;
	const char *file_name;  /* the name a file result must have, or NULL */
};

/* "cbor", "text", ...: the names of the wire and of people. */
const char *artifact_format_name(enum artifact_format f);
/* The format that the LEN bytes of NAME name; false: none. */
bool artifact_format_find(const char *name, size_t len,
			  enum artifact_format *f);

/* Whether A is a file or directory in the store, not a value. */
bool artifact_is_file(const struct artifact *a);

/* The one of COUNT artifacts that is called NAME, or NULL. */
const struct artifact *artifact_find(const struct artifact *list,
				     size_t count, const char *name);

/* How many bytes of the COUNT artifacts are objects in the store. */
uint64_t artifact_object_bytes(const struct artifact *list, size_t count);

/* Append COUNT artifacts to SB, as one CBOR array
 * [[format, name, digest, size, value or null, file name or null]...]. */
void artifact_put_list(struct strbuf *sb, const struct artifact *list,
		       size_t count);

/* Read what artifact_put_list wrote; the array and its strings come from
 * ARENA.  What is damaged sets C's failed, and *COUNT is 0. */
struct artifact *artifact_get_list(struct cbor *c, struct arena *arena,
				   size_t *count);

#endif
