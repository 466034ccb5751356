/*
 * The files of the project that are its code: those that git tracks, and
 * those that it does not but that it is not told to ignore either.  Data and
 * what tasks make are left out.
 */
#ifndef FLOWMAKE_GIT_WALK_H
#define FLOWMAKE_GIT_WALK_H

#include <git2.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/base.h"
#include "base/digest.h"
#include "base/strbuf.h"
#include "base/strvec.h"
#include "git/project.h"

struct clock;
struct error;

#define WALK_NO_PLACE SIZE_MAX

/* A file. */
struct found {
	const char *path;      /* in the project; the arena's */
	struct stat st;
	size_t place;          /* in the index of the latest snapshot */
	uint32_t dir;          /* in walk.dirs: the one that it is in */
	bool is_code;          /* git tracks it, or walk_add was told */
	bool is_unchanged;     /* since that snapshot */
	bool is_racy;          /* it was read, and may change unseen by its
				* times; then this is what was read: */
	struct digest content;
	bool is_full_dir;      /* it stands for all that are not tracked in its
				* directory, which is full of data */
	bool is_out;           /* it is left out */
	bool is_large;         /* ... for its size, or that of all beside it */
};

/* A directory whose names have been read. */
struct walked_dir {
	const char *path;      /* in the project; the arena's; "": itself */
	size_t first, end;     /* of found: what is in it */
	bool is_full;          /* of data: of files that are not tracked */
	struct stat st;        /* before it was read */
	int64_t read_ns;       /* when that was */
};

/* Names are found first, and then looked at, maybe later. */
struct walk {
	struct project *project;
	git_index *latest;     /* index of the latest snapshot */
	const char *store;     /* path of what is not looked at */
	struct clock *clock;
	int64_t since_ns;      /* an untracked file as young as this was made
				* by a task */
	struct strvec left_out; /* in words; the first ones, in order */
	uint64_t left_out_count;
	struct arena arena;
	struct found *found;   /* what is in one directory stands together */
	size_t count;
	size_t alloc;
	struct strbuf path;    /* scratch */
	struct pending *pending; /* directories not yet visited */
	size_t pending_count;
	size_t pending_alloc;
	struct walked_dir *dirs; /* visited so far */
	uint32_t dir_count;
	uint32_t dir_alloc;
};

/* W is zeroed but for what is borrowed: project, store and clock. */
void walk_init(struct walk *w);
void walk_release(struct walk *w);

/* Find the names of all files.  FULL, which may be NULL, has a file of each
 * directory that is known to be full of data. */
int walk_names(struct walk *w, const struct strvec *full, struct error *err);
/* Whether the same names are there still; of data that is not asked. */
bool walk_holds(const struct walk *w);
/* PATH, normalized, is code whatever git says of it, and however much data is
 * beside it.  Where that cannot be, it is said to be left out. */
void walk_add(struct walk *w, const char *path);
/* Look at the files: LATEST and SINCE_NS are known. */
void walk_look(struct walk *w, git_index *latest, int64_t since_ns);
/* When all that tasks make is marked as out: leave out what is too large. */
void walk_leave_out_data(struct walk *w);

/* Whether what has the stat ST can be changed at NOW_NS or later without that
 * this is seen by its times. */
bool walk_is_racy(const struct stat *st, int64_t now_ns);

/* Say that PATH is left out, and why. */
void walk_leave_out(struct walk *w, const char *path, const char *format, ...)
	PRINTF_LIKE(3, 4);

#endif
