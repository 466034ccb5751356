/*
 * The files of the project that are its code.
 *
 * Directories are visited from a list, one open at a time.  A directory with
 * very many untracked files holds data: they are only counted.
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
#include "base/text.h"

enum {
	/* of one directory, without those below it */
	MAX_DIR_FILES = 5000,
	MAX_DIR_BYTES = 50 << 20,
	/* of one file */
	MAX_TRACKED_BYTES = 10 << 20,
	MAX_UNTRACKED_BYTES = 1 << 20,
	MAX_LEFT_OUT_SAID = 100,
};

struct pending {
	const char *path;  /* the arena's; "": the project itself */
	bool only_tracked; /* the directory is ignored */
};

/* A directory while it is visited. */
struct visit {
	const struct pending *dir;
	int fd;
	size_t first;      /* of found */
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
	f->dir = w->dirs;
	return f;
}

/* Keep the file w->path in mind. */
static void
consider_file(struct walk *w, struct visit *v)
{
	bool tracked = project_tracks(w->project, w->path.buf);
	const char *path;

	if (!tracked) {
		if (v->dir->only_tracked || ++v->untracked > MAX_DIR_FILES + 1)
			return;
	}
	path = arena_strdup(&w->arena, w->path.buf);
	add_found(w, path)->is_tracked = tracked;
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

static int64_t
changed_ns(const struct stat *st)
{
	return timespec_ns(st->st_ctim);
}

/* Look at F, in directory V. */
static void
look_at(struct walk *w, const struct visit *v, struct found *f)
{
	const char *name = strrchr(f->path, '/');

	f->is_out = true;
	if (!f->is_tracked && project_ignores(w->project, f->path, false))
		return;
	if (fstatat(v->fd, name ? name + 1 : f->path, &f->st,
		    AT_SYMLINK_NOFOLLOW) < 0)
		return; /* it has just been removed */
	f->is_unchanged = compare(w, f);
	/* What was code before still is when it was just changed. */
	f->is_out = !f->is_tracked && f->place == WALK_NO_PLACE &&
		    changed_ns(&f->st) >= w->since_ns;
}

/* Leave the untracked files of V out: they are too many. */
static void
leave_out_untracked(struct walk *w, const struct visit *v)
{
	const char *sample = NULL;
	struct found *f;
	size_t i;

	for (i = v->first; i < w->count; i++) {
		f = &w->found[i];
		if (f->is_tracked)
			continue;
		f->is_out = true;
		if (!sample || strcmp(f->path, sample) < 0)
			sample = f->path;
	}
	/* Unless tasks make them this is said. */
	add_found(w, sample)->dir_files = v->untracked;
}

static void
visit_files(struct walk *w, const struct visit *v)
{
	size_t i, count = w->count;

	if (v->untracked > MAX_DIR_FILES)
		leave_out_untracked(w, v);
	for (i = v->first; i < count; i++)
		if (!w->found[i].is_out)
			look_at(w, v, &w->found[i]);
}

/* Say that directory PATH cannot be looked at; one that has just been removed
 * is not there. */
static void
leave_out_dir(struct walk *w, const char *path)
{
	if (errno != ENOENT)
		walk_leave_out(w, path, "%s", strerror(errno));
}

static int
visit(struct walk *w, const struct pending *dir, struct error *err)
{
	const char *path = *dir->path ? dir->path : ".";
	struct visit v = { .dir = dir, .first = w->count };
	struct dirent *e;
	DIR *d;

	v.fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	d = v.fd < 0 ? NULL : fdopendir(v.fd);
	if (!d && !*dir->path)
		return error_sys(err, "cannot look at the project");
	if (!d) {
		leave_out_dir(w, path);
		return 0;
	}
	w->dirs++;
	if (*dir->path && !faccessat(v.fd, ".git", F_OK, AT_EACCESS)) {
		walk_leave_out(w, path, "a git repository of its own");
	} else {
		while ((e = readdir(d)))
			consider(w, &v, e);
		visit_files(w, &v);
	}
	closedir(d);
	return 0;
}

int
walk_run(struct walk *w, struct error *err)
{
	struct pending dir;

	add_pending(w, "", false);
	while (w->pending_count) {
		dir = w->pending[--w->pending_count];
		if (visit(w, &dir, err))
			return -1;
	}
	return 0;
}

/* ---- data ---- */

/* Leave F out when it is too large. */
static void
judge_size(struct walk *w, struct found *f)
{
	struct strbuf size = STRBUF_INIT;

	if (f->is_out || f->st.st_size <= (f->is_tracked ? MAX_TRACKED_BYTES
						: MAX_UNTRACKED_BYTES))
		return;
	f->is_out = true;
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
	uint64_t bytes = 0, files = 0;
	char *path = xasprintf("%.*s", dir_len(f), f->path);
	size_t i;

	for (i = 0; i < count; i++) {
		if (!f[i].is_out && f[i].dir_files) {
			files = f[i].dir_files;
			f[i].is_out = true;
		}
		judge_size(w, &f[i]);
		if (!f[i].is_out && !f[i].is_tracked)
			bytes += (uint64_t)f[i].st.st_size;
	}
	if (files) {
		text_add_count(&sb, files);
		strbuf_adds(&sb, " untracked files");
	} else if (bytes > MAX_DIR_BYTES) {
		text_add_size(&sb, bytes);
		strbuf_adds(&sb, " of untracked files");
		for (i = 0; i < count; i++)
			f[i].is_out |= !f[i].is_tracked;
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
