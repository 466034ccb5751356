/*
 * What the files of witnesses share, and nobody else includes: witness.c reads,
 * witness-look.c looks, witness-write.c writes.
 *
 * The file is of this machine alone: its start, its ranges, its tasks, then
 * what was seen, as the structs below with their paths behind them, padded to 8
 * bytes; then the buckets by which paths are found; at its end the digest of
 * all that.
 *
 * Where few things differ from it, a witness is but the changes of that file,
 * which must be the one whose digest they name: their start, all ranges; the
 * tasks that differ; what was seen and is not in the file; what of the file is
 * gone, as positions of 4 bytes each, and their number, 8 bytes; at the end the
 * digest.
 */
#ifndef FLOWMAKE_STORE_WITNESS_STATE_H
#define FLOWMAKE_STORE_WITNESS_STATE_H

#include "base/base.h"

#include <stdatomic.h>

#include "base/digest.h"
#include "base/strbuf.h"
#include "store/store.h"
#include "store/witness.h"
#include "sys/pool.h"
#include "sys/stamp.h"

#define WITNESS_PATH STORE_DIR "/cache/witness"
#define WITNESS_CHANGES_PATH WITNESS_PATH ".changes"

/* The first bytes of either file. */
struct witness_start {
	char magic[24];
	uint64_t struct_bytes;   /* those of another build are not ours */
	struct witness_head head;
	struct digest of;        /* the file that these are the changes of */
	uint32_t change_count;   /* of tasks; 0 in the whole file */
	uint32_t bucket_shift;   /* the whole file has WITNESS_BUCKETS >> this
				  * of them */
};

#define WITNESS_MAGIC "flowmake witness 9"
#define WITNESS_STRUCT_BYTES \
	((uint64_t)sizeof(struct witness_head) << 48 | \
	 (uint64_t)sizeof(struct witness_task) << 32 | \
	 (sizeof(struct kept_range) + sizeof(struct task_change) + \
	  sizeof(struct witness_start)) << 16 | sizeof(struct seen))

/* A task that differs. */
struct task_change {
	uint32_t place;
	uint32_t unused;         /* 0 */
	struct witness_task task;
};

/* What has become of it since it was read: SEEN_GONE is what the changes say is
 * not there any more. */
enum seen_state { SEEN_SAME, SEEN_CHANGED, SEEN_DROPPED, SEEN_GONE };

/* One path, and how it was; its path follows. */
struct seen {
	uint8_t sight;
	uint8_t is_named : 1;    /* a file, by a word of a recipe */
	uint8_t has_maker : 1;   /* its row says who made it */
	uint8_t state : 2;       /* enum seen_state */
	uint16_t bucket;         /* witness_bucket of its path */
	uint32_t path_bytes;     /* length of that with its NUL, padded */
	uint32_t place;          /* of the task that alone declares the file */
	uint32_t before;         /* of the same bucket: as in buckets */
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

enum {
	WITNESS_BUCKET_BITS = 16,
	WITNESS_BUCKETS = 1 << WITNESS_BUCKET_BITS,
};

/* Where PATH, of LEN bytes, is looked for. */
static inline uint16_t
witness_bucket(const char *path, size_t len)
{
	struct digest d = digest_of(path, len);

	return (uint16_t)(d.bytes[0] << 8 | d.bytes[1]);
}

/* How many bytes the buckets of SHIFT take. */
static inline size_t
witness_buckets_bytes(unsigned shift)
{
	return ((size_t)WITNESS_BUCKETS >> shift) * sizeof(uint32_t);
}

/* Put S, which stands at POSITION, into its one of BUCKETS. */
static inline void
witness_link(uint32_t *buckets, unsigned shift, struct seen *s,
	     uint32_t position)
{
	uint32_t *last = &buckets[s->bucket >> shift];

	s->before = *last;
	*last = position + 1;
}

/* Files that directly are in one directory. */
struct crowd {
	const char *sample;      /* one of them, made by no task if there is
				  * such a one */
	size_t dir_len;
	uint32_t count;
	bool is_made;            /* the sample */
};

enum { WITNESS_CROWDS = 16 }; /* that are counted */

/* What one thread looks at. */
struct witness_part {
	struct pool_job job;
	struct witness *witness;
	bool pending;
	const char **changes;    /* of files alone, */
	size_t change_count;
	size_t change_alloc;
	bool has_others;         /* and of more than that */
	struct crowd crowds[WITNESS_CROWDS];
	size_t crowd_count;
	size_t last_crowd;       /* of which the last file was */
};

struct witness {
	struct strbuf text;      /* the whole file up to the buckets; behind it
				  * what was seen by the changes */
	struct strbuf changes;   /* the text of these */
	struct digest of;        /* the whole file's */
	struct witness_head head;
	const struct kept_range *kept;          /* in one of the texts */
	const struct witness_task *whole_tasks; /* in the text */
	uint32_t whole_count;
	struct witness_task *changed_tasks;     /* NULL: no changes */
	const struct witness_task *tasks;       /* these, or the whole file's */
	char *seen;              /* the first */
	char *seen_since;        /* the first of the changes */
	char *end;               /* behind the last */
	uint32_t *buckets;       /* position of the last struct seen of each,
				  * + 1; 0: none */
	unsigned bucket_shift;
	char *_Atomic next;      /* the first that nobody looks at yet */
	_Atomic bool stop;       /* too much has changed */
	struct witness_part mine;  /* at last, all changes */
	struct witness_part other; /* of a thread */
};

/* What follows S. */
static inline char *
witness_next(const struct seen *s)
{
	return (char *)(s + 1) + s->path_bytes;
}

/* The position of S: units from the first. */
static inline uint32_t
witness_position(const struct witness *w, const struct seen *s)
{
	return (uint32_t)(((const char *)s - w->seen) / SEEN_UNIT);
}

static inline struct seen *
witness_seen_at(const struct witness *w, uint32_t position)
{
	return (struct seen *)(w->seen + (size_t)position * SEEN_UNIT);
}

static inline bool
witness_is_file(const struct seen *s)
{
	return s->sight == SIGHT_FILE || s->sight == SIGHT_RACY;
}

#endif
