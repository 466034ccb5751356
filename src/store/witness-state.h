/*
 * What the files of witnesses share, and nobody else includes: witness.c reads
 * and looks, witness-write.c writes.
 *
 * The file is of this machine alone: its head, its ranges, its tasks, then what
 * was seen, as the structs below with their paths behind them, padded to 8
 * bytes; at its end the digest of all that.
 */
#ifndef FLOWMAKE_STORE_WITNESS_STATE_H
#define FLOWMAKE_STORE_WITNESS_STATE_H

#include "base/base.h"
#include "base/digest.h"
#include "store/stamp.h"
#include "store/store.h"
#include "store/witness.h"

#define WITNESS_PATH STORE_DIR "/cache/witness"

/* The first bytes of the file. */
struct witness_start {
	char magic[24];
	uint64_t struct_bytes;   /* those of another build are not ours */
	struct witness_head head;
};

#define WITNESS_MAGIC "flowmake witness 8"
#define WITNESS_STRUCT_BYTES \
	((uint64_t)sizeof(struct witness_head) << 48 | \
	 (uint64_t)sizeof(struct witness_task) << 32 | \
	 sizeof(struct kept_range) << 16 | sizeof(struct seen))

/* What has become of it since it was read from the file. */
enum seen_state { SEEN_SAME, SEEN_CHANGED, SEEN_DROPPED };

/* One path, and how it was; its path follows. */
struct seen {
	uint8_t sight;
	uint8_t is_named : 1;    /* a file, by a word of a recipe */
	uint8_t has_maker : 1;   /* its row says who made it */
	uint8_t state : 2;       /* enum seen_state */
	uint16_t bucket;         /* witness_bucket of its path */
	uint32_t path_bytes;     /* length of that with its NUL, padded */
	uint32_t place;          /* of the task that alone declares the file */
	uint32_t before;         /* by w->buckets: where the one before it in
				  * its bucket begins, in units from w->seen,
				  * + 1 */
	struct stamp stamp;      /* of a file, directory or symlink */
	int64_t row;             /* of a file, in the table of files */
	struct digest digest;    /* of a file, or what shows of another */
};

enum { SEEN_UNIT = 8 }; /* all begin at such a place */

static inline size_t
witness_pad(size_t len)
{
	return (len + SEEN_UNIT - 1) & ~(size_t)(SEEN_UNIT - 1);
}

enum { WITNESS_BUCKETS = UINT16_MAX + 1 };

/* Where PATH, of LEN bytes, is looked for. */
static inline uint16_t
witness_bucket(const char *path, size_t len)
{
	struct digest d = digest_of(path, len);

	return (uint16_t)(d.bytes[0] << 8 | d.bytes[1]);
}

/* Append to W. */
void witness_put(struct witness_writer *w, const void *data, size_t len);

#endif
