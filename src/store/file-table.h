/*
 * The rows of files.c: what the store knows of each path, read once and
 * written when it changed.  For files.c only.
 */
#ifndef FLOWMAKE_STORE_FILE_TABLE_H
#define FLOWMAKE_STORE_FILE_TABLE_H

#include "base/arena.h"
#include "base/base.h"
#include "base/digest.h"
#include "base/map.h"
#include "base/strbuf.h"
#include "sys/stamp.h"

struct error;
struct store;

/* The numbers of those that are kept are on disks. */
enum file_flags {
	FILE_RACY = 1 << 0,      /* not to be trusted by another run */
	FILE_HASHED = 1 << 1,    /* digest is of what has stamp */
	FILE_MADE = 1 << 2,      /* made is valid */
	FILE_MAKER = 1 << 3,     /* maker is valid */
	FILE_FRESH = 1 << 4,     /* hashed in this run */
	FILE_DIRTY = 1 << 5,     /* in the list of what must be saved */
	FILE_OWN = 1 << 6,       /* what we know of who made it is newer than
				  * what the store says */
	FILE_RESTS = 1 << 7,     /* the outcome of the run rests on digest */
	FILE_ASKED = 1 << 8,     /* ... or on that there is something */
	FILE_NAMED = 1 << 9,     /* a word of a recipe names it */
	FILE_SAME = 1 << 10,     /* in this hold it has stamp */
	FILE_LINK = 1 << 11,     /* what was made is a symlink */
	FILE_KNOWN = 1 << 12,    /* what the witness knows is noted here */
	/* those that are stored */
	FILE_KEPT = FILE_RACY | FILE_HASHED | FILE_MADE | FILE_MAKER |
		    FILE_LINK,
};

struct file_entry {
	const char *path;       /* the map's key */
	unsigned flags;
	struct stamp stamp;
	struct digest digest;
	struct digest made;     /* what our task made, whatever is there now;
				 * of a symlink, what is written in it; of
				 * directories too, which have nothing else:
				 * their files have entries of their own */
	const char *maker;      /* a step's name, in the arena */
	int64_t row;            /* its row's id; 0: none yet */
	uint32_t place;         /* in the table, from 0 */
	uint32_t look;          /* for files.c; 0 at first */
};

struct file_table {
	struct store *store;
	struct map entries;     /* path -> struct file_entry */
	struct map makers;      /* name of a step -> itself, in the arena */
	struct arena arena;     /* of the entries */
	bool loaded;            /* all rows are known; or, if it is */
	bool is_sparse;         /* those that were asked for, and new ones */
	int64_t last_row;       /* all behind this one are new */
	int64_t *stale;         /* rows in whose place others have come */
	size_t stale_count;
	size_t stale_alloc;
	struct file_entry **dirty;
	size_t dirty_count;
	size_t dirty_alloc;
	struct strbuf state;    /* of the entry being written */
};

void file_table_init(struct file_table *t, struct store *s);
void file_table_release(struct file_table *t);

/* Read the whole table, once, well or not: a look-up of each path costs many
 * times more. */
int file_table_load(struct file_table *t, struct error *err);
/* For who knows the rows of what he will ask for: T, which is new, is read from
 * behind LAST_ROW on; the second form reads row ID, which should be of PATH: 1,
 * 0 when it is not, -1. */
int file_table_load_behind(struct file_table *t, int64_t last_row,
			   struct error *err);
int file_table_load_row(struct file_table *t, const char *path, int64_t id,
			struct error *err);

/* The entry of PATH, or NULL; the second form makes one. */
struct file_entry *file_table_find(const struct file_table *t,
				   const char *path);
struct file_entry *file_table_get(struct file_table *t, const char *path);
/* Remember to save E. */
void file_table_touch(struct file_table *t, struct file_entry *e);
/* Let E's maker be the step whose name has the LEN bytes of NAME. */
void file_table_set_maker(struct file_table *t, struct file_entry *e,
			  const char *name, size_t len);

/* Take in what other runs have made since the last time. */
int file_table_sync(struct file_table *t, struct error *err);

/* Write what was touched to the store (in the open transaction). */
int file_table_save(struct file_table *t, struct error *err);

#endif
