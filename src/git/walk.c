/*
 * The files of the project that are its code.
 *
 * Directories are visited from a list, one open at a time, for their names; and
 * once more for the files.  A directory with very many untracked files holds
 * data, of which no more is kept than where it is; one that holds nothing else
 * is not even read to its end.
 */
#include "base/base.h"

#include "git/walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/path.h"
#include "base/text.h"
#include "model/code-wire.h"

enum {
	/* of one directory, without those below it */
	MAX_DIR_BYTES = 50 << 20,
	/* of one file */
	MAX_TRACKED_BYTES = 10 << 20,
	MAX_UNTRACKED_BYTES = 1 << 20,
	MAX_LEFT_OUT_SAID = 100,
};

/* What was changed as late as this before it was read may be changed again with
 * the same times: two ticks of the slowest clock of Linux, or of file systems
 * that keep seconds. */
#define FINE_TICKS_NS (20 * NS_PER_MS)
#define COARSE_TICKS_NS (4 * NS_PER_S)

struct pending {
	const char *path;  /* the arena's; "": the project itself */
	bool only_tracked; /* the directory is ignored */
};

/* A directory while its names are read. */
struct visit {
	const struct pending *dir;
	int fd;
	uint64_t untracked; /* files in it */
};

void
walk_init(struct walk *w)
{
	arena_init(&w->arena);
	strbuf_init(&w->path);
}

void
walk_release(struct walk *w)
{
	arena_release(&w->arena);
	strbuf_release(&w->path);
	strvec_release(&w->left_out);
	free(w->found);
	free(w->pending);
	free(w->dirs);
}

bool
walk_is_racy(const struct stat *st, int64_t now_ns)
{
	return now_ns - timespec_ns(st->st_ctim) <
		(st->st_ctim.tv_nsec ? FINE_TICKS_NS : COARSE_TICKS_NS);
}

void
walk_leave_out(struct walk *w, const char *path, const char *format, ...)
{
	struct strbuf sb = STRBUF_INIT;
	va_list ap;

	if (w->left_out_count++ >= MAX_LEFT_OUT_SAID)
		return;
	strbuf_addf(&sb, "%s: ", path);
	va_start(ap, format);
	strbuf_vaddf(&sb, format, ap);
	va_end(ap);
	strvec_push_take(&w->left_out, strbuf_detach(&sb, NULL));
}

/* ---- what is in a directory ---- */

static void
add_pending(struct walk *w, const char *path, bool only_tracked)
{
	ARRAY_GROW(w->pending, w->pending_count, w->pending_alloc);
	w->pending[w->pending_count++] = (struct pending){
		arena_strdup(&w->arena, path), only_tracked
	};
}

/* Visit the directory w->path later, if there can be code in it. */
static void
consider_dir(struct walk *w, const struct visit *v)
{
	const char *path = w->path.buf;
	bool tracks = project_tracks_below(w->project, path);
	bool only_tracked = v->dir->only_tracked;

	if (!strcmp(path, w->store))
		return;
	if (!only_tracked)
		only_tracked = project_ignores(w->project, path, true);
	if (tracks || !only_tracked)
		add_pending(w, path, only_tracked);
}

static struct found *
add_found(struct walk *w, const char *path)
{
	struct found *f;

	ARRAY_GROW(w->found, w->count, w->alloc);
	f = &w->found[w->count++];
	memset(f, 0, sizeof(*f));
	f->path = path;
	f->place = WALK_NO_PLACE;
	f->dir = w->dir_count;
	return f;
}

/* Keep the file w->path in mind. */
static void
consider_file(struct walk *w, struct visit *v)
{
	bool tracked = project_tracks(w->project, w->path.buf);
	const char *path;

	if (!tracked) {
		if (v->dir->only_tracked || ++v->untracked > CODE_DIR_FILES_MAX)
			return;
	}
	path = arena_strdup(&w->arena, w->path.buf);
	add_found(w, path)->is_code = tracked;
}

/* What NAME, an entry of V, is: a type of readdir(3). */
static int
type_of(const struct visit *v, const struct dirent *e)
{
	struct stat st;

	if (e->d_type != DT_UNKNOWN)
		return e->d_type;
	if (fstatat(v->fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return DT_UNKNOWN;
	return IFTODT(st.st_mode);
}

static void
consider(struct walk *w, struct visit *v, const struct dirent *e)
{
	if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..") ||
	    !strcmp(e->d_name, ".git"))
		return;
	strbuf_reset(&w->path);
	strbuf_adds(&w->path, v->dir->path);
	if (w->path.len)
		strbuf_addch(&w->path, '/');
	strbuf_adds(&w->path, e->d_name);
	switch (type_of(v, e)) {
	case DT_DIR:
		consider_dir(w, v);
		break;
	case DT_REG:
	case DT_LNK:
		consider_file(w, v);
		break;
	}
}

/* Whether it is full of data. */
static bool
is_full(const struct visit *v)
{
	return v->untracked > CODE_DIR_FILES_MAX;
}

/* Let the untracked files of D, which are too many, be one. */
static void
leave_out_untracked(struct walk *w, const struct walked_dir *d)
{
	const char *sample = NULL;
	size_t i, kept = d->first;

	for (i = d->first; i < w->count; i++) {
		const struct found *f = &w->found[i];

		if (f->is_code)
			w->found[kept++] = *f;
		else if (!sample || strcmp(f->path, sample) < 0)
			sample = f->path;
	}
	w->count = kept;
	/* Unless tasks make them this is said. */
	add_found(w, sample)->is_full_dir = true;
}

/* Say that directory PATH cannot be looked at; one that has just been removed
 * is not there. */
static void
leave_out_dir(struct walk *w, const char *path)
{
	if (errno != ENOENT)
		walk_leave_out(w, path, "%s", strerror(errno));
}

/* Open the directory PATH. */
static int
open_dir(const char *path)
{
	return open(*path ? path : ".", O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
		    O_CLOEXEC);
}

/* The file of the directory PATH in FULL, or NULL. */
static const char *
sample_of(const struct strvec *full, const char *path)
{
	size_t i, len = strlen(path);

	for (i = 0; full && i < full->count; i++)
		if (path_dir_len(full->v[i]) == len &&
		    !strncmp(full->v[i], path, len))
			return full->v[i];
	return NULL;
}

/* Read the names in D, which is the directory of V and *OPEN, and known to be
 * full of data if one of its files is in FULL. */
static void
read_names(struct walk *w, struct visit *v, DIR *open, struct walked_dir *d,
	   const struct strvec *full)
{
	const struct dirent *e;
	/* each directory in it links to it, where such links are counted */
	bool only_data = d->st.st_nlink == 2 &&
		!project_tracks_below(w->project, d->path);
	const char *sample = only_data && !v->dir->only_tracked ?
		sample_of(full, d->path) : NULL;

	d->first = w->count;
	d->read_ns = clock_real_ns(w->clock);
	if (*d->path && !faccessat(v->fd, ".git", F_OK, AT_EACCESS)) {
		walk_leave_out(w, d->path, "a git repository of its own");
	} else if (sample) {
		d->is_full = true;
		add_found(w, arena_strdup(&w->arena, sample))->is_full_dir =
			true;
	} else {
		while ((!only_data || !is_full(v)) && (e = readdir(open)))
			consider(w, v, e);
		d->is_full = is_full(v);
		if (d->is_full)
			leave_out_untracked(w, d);
	}
	d->end = w->count;
}

static int
visit(struct walk *w, const struct pending *dir, const struct strvec *full,
      struct error *err)
{
	struct visit v = { .dir = dir, .fd = open_dir(dir->path) };
	struct walked_dir d = { .path = dir->path };
	DIR *open = v.fd < 0 ? NULL : fdopendir(v.fd);

	if (!open || fstat(v.fd, &d.st) < 0) {
		if (!*dir->path)
			error_sys(err, "cannot look at the project");
		else
			leave_out_dir(w, dir->path);
	} else {
		read_names(w, &v, open, &d, full);
		ARRAY_GROW(w->dirs, w->dir_count, w->dir_alloc);
		w->dirs[w->dir_count++] = d;
	}
	if (open)
		closedir(open);
	return w->dir_count ? 0 : -1;
}

int
walk_names(struct walk *w, const struct strvec *full, struct error *err)
{
	struct pending dir;

	add_pending(w, "", false);
	while (w->pending_count) {
		dir = w->pending[--w->pending_count];
		if (visit(w, &dir, full, err))
			return -1;
	}
	return 0;
}

bool
walk_holds(const struct walk *w)
{
	const struct walked_dir *d;
	struct stat st;

	for (d = w->dirs; d < w->dirs + w->dir_count; d++)
		if (!d->is_full &&
		    (walk_is_racy(&d->st, d->read_ns) ||
		     lstat(*d->path ? d->path : ".", &st) < 0 ||
		     st.st_ino != d->st.st_ino || st.st_dev != d->st.st_dev ||
		     timespec_ns(st.st_ctim) != timespec_ns(d->st.st_ctim)))
			return false;
	return true;
}

/* ---- what git need not know ---- */

/* Whether a directory above PATH is a symlink. */
static bool
is_behind_link(struct walk *w, const char *path)
{
	struct stat st;
	size_t len;

	strbuf_reset(&w->path);
	strbuf_adds(&w->path, path);
	while ((len = path_dir_len(w->path.buf))) {
		strbuf_truncate(&w->path, len);
		if (!lstat(w->path.buf, &st) && S_ISLNK(st.st_mode))
			return true;
	}
	return false;
}

/* The file PATH among those found, or NULL. */
static struct found *
find(const struct walk *w, const char *path)
{
	const struct walked_dir *d;
	size_t i, len = path_dir_len(path);

	for (d = w->dirs; d < w->dirs + w->dir_count; d++) {
		if (strncmp(d->path, path, len) || d->path[len])
			continue;
		for (i = d->first; i < d->end; i++)
			if (!strcmp(w->found[i].path, path))
				return &w->found[i];
	}
	return NULL;
}

void
walk_add(struct walk *w, const char *path)
{
	struct walked_dir d = { .first = w->count, .end = w->count + 1,
				.is_full = true };
	struct found *f = find(w, path);

	if (f && !f->is_full_dir) {
		f->is_code = true;
		return;
	}
	if (*path == '/' || !strncmp(path, "../", 3)) {
		walk_leave_out(w, path, "outside the project");
		return;
	}
	if (is_behind_link(w, path)) {
		walk_leave_out(w, path, "behind a symlink");
		return;
	}
	d.path = arena_strndup(&w->arena, path, path_dir_len(path));
	add_found(w, arena_strdup(&w->arena, path))->is_code = true;
	ARRAY_GROW(w->dirs, w->dir_count, w->dir_alloc);
	w->dirs[w->dir_count++] = d;
}

/* ---- its files, one by one ---- */

static bool
is_same_time(const git_index_time *t, const struct timespec *ts)
{
	return t->seconds == (int32_t)ts->tv_sec &&
	       t->nanoseconds == (uint32_t)ts->tv_nsec;
}

/* Find F in the latest snapshot; whether it is the same file still. */
static bool
compare(struct walk *w, struct found *f)
{
	const git_index_entry *e;
	size_t place;

	if (git_index_find(&place, w->latest, f->path))
		return false;
	f->place = place;
	e = git_index_get_byindex(w->latest, place);
	return is_same_time(&e->mtime, &f->st.st_mtim) &&
	       is_same_time(&e->ctime, &f->st.st_ctim) &&
	       e->ino == (uint32_t)f->st.st_ino &&
	       e->file_size == (uint32_t)f->st.st_size &&
	       (e->mode & S_IFMT) == (f->st.st_mode & S_IFMT);
}

/* Look at F, in the directory that is open as FD. */
static void
look_at(struct walk *w, int fd, struct found *f)
{
	const char *name = strrchr(f->path, '/');

	f->is_out = true;
	if (!f->is_code && project_ignores(w->project, f->path, false))
		return;
	if (fstatat(fd, name ? name + 1 : f->path, &f->st,
		    AT_SYMLINK_NOFOLLOW) < 0)
		return; /* it has just been removed */
	f->is_unchanged = compare(w, f);
	/* What was code before still is when it was just changed. */
	f->is_out = !f->is_code && f->place == WALK_NO_PLACE &&
		    timespec_ns(f->st.st_ctim) >= w->since_ns;
}

void
walk_look(struct walk *w, git_index *latest, int64_t since_ns)
{
	const struct walked_dir *d;
	size_t i;

	w->latest = latest;
	w->since_ns = since_ns;
	for (d = w->dirs; d < w->dirs + w->dir_count; d++) {
		int fd = d->end > d->first ? open_dir(d->path) : -1;

		if (fd < 0 && d->end > d->first)
			leave_out_dir(w, d->path);
		for (i = d->first; i < d->end; i++)
			if (!w->found[i].is_out && !w->found[i].is_full_dir)
				look_at(w, fd, &w->found[i]);
		if (fd >= 0)
			close(fd);
	}
}

/* ---- data ---- */

/* Leave F out when it is too large. */
static void
judge_size(struct walk *w, struct found *f)
{
	struct strbuf size = STRBUF_INIT;

	if (f->is_out || f->st.st_size <= (f->is_code ? MAX_TRACKED_BYTES
						: MAX_UNTRACKED_BYTES))
		return;
	f->is_out = f->is_large = true;
	text_add_size(&size, (uint64_t)f->st.st_size);
	walk_leave_out(w, f->path, "%s", size.buf);
	strbuf_release(&size);
}

/* The length of the directory's part of F's path; "." has none. */
static int
dir_len(const struct found *f)
{
	const char *slash = strrchr(f->path, '/');

	return slash ? (int)(slash - f->path) : 0;
}

/* Judge the COUNT files of one directory, which begin at F. */
static void
judge_dir(struct walk *w, struct found *f, size_t count)
{
	struct strbuf sb = STRBUF_INIT;
	uint64_t bytes = 0;
	bool is_full_dir = false;
	char *path = xasprintf("%.*s", dir_len(f), f->path);
	size_t i;

	for (i = 0; i < count; i++) {
		if (!f[i].is_out && f[i].is_full_dir) {
			is_full_dir = true;
			f[i].is_out = true;
		}
		judge_size(w, &f[i]);
		if (!f[i].is_out && !f[i].is_code)
			bytes += (uint64_t)f[i].st.st_size;
	}
	if (is_full_dir) {
		strbuf_adds(&sb, "more than ");
		text_add_count(&sb, CODE_DIR_FILES_MAX);
		strbuf_adds(&sb, " untracked files");
	} else if (bytes > MAX_DIR_BYTES) {
		text_add_size(&sb, bytes);
		strbuf_adds(&sb, " of untracked files");
		for (i = 0; i < count; i++)
			if (!f[i].is_out && !f[i].is_code)
				f[i].is_out = f[i].is_large = true;
	}
	if (sb.len)
		walk_leave_out(w, *path ? path : ".", "%s", sb.buf);
	free(path);
	strbuf_release(&sb);
}

void
walk_leave_out_data(struct walk *w)
{
	size_t i, end;

	for (i = 0; i < w->count; i = end) {
		for (end = i; end < w->count &&
		     w->found[end].dir == w->found[i].dir; end++)
			;
		judge_dir(w, &w->found[i], end - i);
	}
	strvec_sort(&w->left_out);
}
