/*
 * The state of files.h, shared by files.c, files-recall.c, files-testify.c,
 * files-list.c and files-expect.c, and by nobody else.
 */
#ifndef FLOWMAKE_STORE_FILES_STATE_H
#define FLOWMAKE_STORE_FILES_STATE_H

#include <sys/stat.h>

#include "base/base.h"
#include "base/map.h"
#include "store/file-table.h"
#include "store/witness.h"

struct clock;
struct digest;
struct error;
struct look_ahead;

/* A stat taken in a hold. */
struct look {
	struct file_entry *entry;
	struct stat st;
};

/* What was seen of a path by who did not ask for a digest. */
struct question {
	enum sight seen;
	uint32_t ended;         /* files.ended then */
};

struct files {
	struct file_table table;
	struct clock *clock;
	bool has_fine;          /* files of fine_device are never racy */
	dev_t fine_device;
	struct look_ahead *ahead; /* NULL: never begun */
	bool is_ahead;          /* it is of this hold, */
	struct witness *witness;  /* that was recalled, or NULL; */
	bool is_recalled;       /* in this hold it is as FILE_SAME says */
	const char **vouched;   /* what is there by its word, in its memory */
	uint32_t vouched_count;
	uint32_t vouched_alloc;
	unsigned holds;
	struct look *looks;     /* of this hold */
	uint32_t look_count;
	uint32_t look_alloc;
	struct map walked;      /* in this hold: directory -> what it holds, a
				 * struct file_state of ours */
	struct map questions;   /* path -> struct question */
	uint32_t ended;         /* tasks that have, and may have made files */
	struct map trees;       /* directories on whose content the outcome
				 * rests -> their struct digest */
	bool is_unsteady;       /* there is no witness of what was seen */
	struct map expected;    /* path -> struct expectation */
	struct map around;      /* directories with such paths */
	bool in_doubt;          /* see files_take_doubt */
};

/* What will be at a path. */
struct expectation {
	struct digest digest;
	bool is_dir;
	bool is_absent;         /* nothing: the directory that is expected there
				 * has no such entry */
};

/* What is expected at PATH, or NULL; sets F's doubt. */
const struct expectation *files_expected(struct files *f, const char *path);

/* Whether PATH is of an object.  That the store knows its digest saves but its
 * hashing, and mostly it was just made. */
bool files_is_object(const char *path);

/* Have what the store knows of PATH, which is asked for, in the table, and what
 * the witness does. */
int files_know(struct files *f, const char *path, struct error *err);

/* Fill LIKE with what the witness knows of PATH, of which nothing was asked so
 * far; false: that is nothing. */
bool files_recalls(struct files *f, const char *path, struct file_entry *like);

/* Whether what has the stat ST could change, at NOW_NS or later, and keep
 * it. */
bool files_is_racy(const struct files *f, const struct stat *st,
		   int64_t now_ns);

/* The digest of the regular file PATH: a content_file_fn; DATA is the struct
 * files. */
int files_digest_file(void *data, const char *path, const struct stat *st,
		      struct digest *d, struct error *err);

#endif
