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
#include "base/strbuf.h"
#include "base/strvec.h"
#include "git/project.h"

struct error;

#define WALK_NO_PLACE SIZE_MAX

/* A file; or a directory full of data, by the path of one file in it. */
struct found {
	const char *path;      /* in the project; the arena's */
	struct stat st;
	size_t place;          /* in the index of the latest snapshot */
	uint64_t dir_files;    /* of such a directory: untracked files */
	uint32_t dir;          /* number of the directory that it is in */
	bool is_tracked;
	bool is_unchanged;     /* since that snapshot */
	bool is_out;           /* it is left out */
};

struct walk {
	struct project *project;
	git_index *latest;     /* index of the latest snapshot */
	const char *store;     /* path of what is not looked at */
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
	uint32_t dirs;         /* visited so far */
};

/* W is zeroed but for what is borrowed: project, latest, store, since. */
void walk_init(struct walk *w);
void walk_release(struct walk *w);

/* Find the files. */
int walk_run(struct walk *w, struct error *err);
/* When all that tasks make is marked as out: leave out what is too large. */
void walk_leave_out_data(struct walk *w);

/* Say that PATH is left out, and why. */
void walk_leave_out(struct walk *w, const char *path, const char *format, ...)
	PRINTF_LIKE(3, 4);

#endif
