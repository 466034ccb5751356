/*
 * Digests of the project's files, remembered.
 *
 * An entry is trusted when size, times and inode are those of the file now.
 * A file system stamps changes with a clock that ticks every few ms: a change
 * in the tick in which the file was read may leave the same times.  Such an
 * entry is racy: good for this run, which hashed it, but hashed again in a
 * later tick before another run believes it.  None is where each change after a
 * look at the file is seen in its times (sys/ticks.h).
 */
#include "base/base.h"

#include "store/files.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "store/content.h"
#include "store/file-table.h"
#include "store/files-state.h"
#include "store/look-ahead.h"
#include "store/store.h"
#include "store/witness.h"
#include "sys/file.h"
#include "sys/ticks.h"

/* Two ticks: of the slowest clock that Linux has (100 Hz); of file systems
 * that keep times in seconds, or two, as is seen by the times they give. */
#define FINE_TICKS_NS (20 * NS_PER_MS)
#define COARSE_TICKS_NS (4 * NS_PER_S)

struct files *
files_new(struct store *s, struct clock *clock)
{
	struct files *f = xcalloc(1, sizeof(*f));

	file_table_init(&f->table, s);
	map_init(&f->questions);
	map_init(&f->walked);
	map_init(&f->trees);
	map_init(&f->expected);
	map_init(&f->around);
	f->clock = clock;
	return f;
}

/* What was seen in directories does not count any more. */
static void
forget_walks(struct files *f)
{
	map_each(&f->walked, e)
		free(e->value);
	map_release(&f->walked);
}

void
files_free(struct files *f)
{
	look_ahead_free(f->ahead);
	file_table_release(&f->table);
	map_release(&f->questions);
	forget_walks(f);
	map_release(&f->trees);
	map_release(&f->expected);
	map_release(&f->around);
	free(f->looks);
	free(f->vouched);
	free(f);
}

/* Whether a file last changed at CTIME_NS could change again, at NOW_NS or
 * later, and keep its times. */
static bool
is_racy(int64_t ctime_ns, int64_t now_ns)
{
	int64_t ticks = ctime_ns % NS_PER_S ? FINE_TICKS_NS : COARSE_TICKS_NS;

	return now_ns < ctime_ns + ticks;
}

bool
files_is_racy(const struct files *f, const struct stat *st, int64_t now_ns)
{
	return !(f->has_fine && st->st_dev == f->fine_device) &&
	       is_racy(timespec_ns(st->st_ctim), now_ns);
}

/* Note that E's digest is D, of the regular file with the stat ST, read from
 * NOW_NS on.  Should it change while it is read, that stat is never seen
 * again. */
static void
set_hashed(struct files *f, struct file_entry *e, const struct stat *st,
	   int64_t now_ns, const struct digest *d)
{
	f->is_unsteady |= e->flags & FILE_RESTS &&
		!digest_equal(&e->digest, d);
	e->digest = *d;
	e->stamp = stamp_of(st);
	e->flags |= FILE_HASHED | FILE_FRESH;
	e->flags &= ~(unsigned)FILE_RACY;
	if (files_is_racy(f, st, now_ns))
		e->flags |= FILE_RACY;
	file_table_touch(&f->table, e);
}

/* Hash the regular file of E, whose stat was ST a moment ago. */
static int
hash_entry(struct files *f, struct file_entry *e, const struct stat *st,
	   struct error *err)
{
	int64_t now_ns = clock_real_ns(f->clock);
	struct digest d;

	if (content_of_file(e->path, st, &d, err))
		return -1;
	set_hashed(f, e, st, now_ns, &d);
	return 0;
}

/* Whether E's digest is that of its file, whose stat is ST. */
static bool
is_current(const struct file_entry *e, const struct stat *st)
{
	return e->flags & FILE_HASHED && stamp_is_of(&e->stamp, st) &&
	       (e->flags & FILE_FRESH || !(e->flags & FILE_RACY));
}

int
files_digest_file(void *data, const char *path, const struct stat *st,
		  struct digest *d, struct error *err)
{
	struct files *f = data;
	struct file_entry *e;

	if (files_know(f, path, err))
		return -1;
	e = file_table_get(&f->table, path);
	if (!is_current(e, st) && hash_entry(f, e, st, err))
		return -1;
	*d = e->digest;
	return 0;
}

/* PATH is a directory: whatever is known of a file there is of the past. */
static void
forget_file(struct files *f, const char *path)
{
	struct file_entry *e = file_table_find(&f->table, path);

	if (!e || !(e->flags & FILE_HASHED))
		return;
	f->is_unsteady |= e->flags & FILE_RESTS;
	e->flags &= ~(unsigned)(FILE_HASHED | FILE_RACY | FILE_FRESH);
	file_table_touch(&f->table, e);
}

/* The digest of what the directory PATH holds: many tasks may read one. */
static int
digest_tree(struct files *f, const char *path, struct file_state *state,
	    struct error *err)
{
	const struct file_state *known = map_gets(&f->walked, path);
	struct file_state *copy;

	if (known) {
		*state = *known;
		return 0;
	}
	forget_file(f, path);
	if (content_of_tree(path, files_digest_file, f, &state->digest,
			    &state->size_bytes, err))
		return -1;
	if (f->holds) {
		copy = xmalloc(sizeof(*copy));
		*copy = *state;
		map_sets(&f->walked, path, copy);
	}
	return 0;
}

/* The digest of what PATH, whose stat is ST, holds. */
static int
digest_path(struct files *f, const char *path, const struct stat *st,
	    struct file_state *state, struct error *err)
{
	memset(state, 0, sizeof(*state));
	state->is_dir = S_ISDIR(st->st_mode);
	if (state->is_dir)
		return digest_tree(f, path, state, err);
	if (!S_ISREG(st->st_mode))
		return content_refuse(path, st->st_mode, err);
	state->size_bytes = (uint64_t)st->st_size;
	return files_digest_file(f, path, st, &state->digest, err);
}

void
files_try_stamps(struct files *f)
{
	char *path = file_temporary_name(STORE_DIR "/tmp/stamps");

	f->has_fine = ticks_are_fine(path, &f->fine_device);
	free(path);
}

/* ---- one look at a file ---- */

void
files_hold(struct files *f)
{
	f->holds++;
}

int
files_look_ahead(struct files *f, struct pool *pool, struct error *err)
{
	if (f->ahead || !f->holds)
		return 0;
	if (file_table_load(&f->table, err))
		return -1;
	f->ahead = look_ahead_start(pool, &f->table);
	f->is_ahead = true;
	return 0;
}

void
files_let_go(struct files *f)
{
	if (--f->holds)
		return;
	if (f->ahead)
		look_ahead_stop(f->ahead);
	f->is_ahead = f->is_recalled = false;
	while (f->look_count)
		f->looks[--f->look_count].entry->look = 0;
	forget_walks(f);
}

/* Whatever was seen of E does not count any more. */
static void
drop_look(struct files *f, struct file_entry *e)
{
	struct look *last = &f->looks[f->look_count - 1];

	e->flags &= ~(unsigned)FILE_SAME;
	if (!e->look)
		return;
	last->entry->look = e->look;
	f->looks[e->look - 1] = *last;
	f->look_count--;
	e->look = 0;
}

int
files_stat(struct files *f, const char *path, struct stat *st)
{
	struct file_entry *e = NULL;

	if (f->holds && !files_know(f, path, NULL))
		e = file_table_find(&f->table, path);
	if (e && e->look) {
		*st = f->looks[e->look - 1].st;
		return 0;
	}
	if (e && f->is_recalled && e->flags & FILE_SAME) {
		stamp_to_stat(&e->stamp, st);
		st->st_mode = S_IFREG;
		return 0;
	}
	/* what the thread saw stays as it is: it needs no look of its own */
	if (e && f->is_ahead && look_ahead_get(f->ahead, e->place, st))
		return 0;
	if (stat(path, st) < 0)
		return -1;
	if (!f->holds)
		return 0;
	if (!e)
		e = file_table_get(&f->table, path);
	ARRAY_GROW(f->looks, f->look_count, f->look_alloc);
	f->looks[f->look_count].entry = e;
	f->looks[f->look_count++].st = *st;
	e->look = f->look_count;
	return 0;
}

/* ---- what others ask ---- */

int
files_begin(struct files *f, struct error *err)
{
	return store_begin(f->table.store, err);
}

int
files_digest(struct files *f, const char *path, struct file_state *state,
	     struct error *err)
{
	const struct expectation *e = files_expected(f, path);
	struct stat st;

	if (e) {
		*state = (struct file_state){ .digest = e->digest,
					      .is_dir = e->is_dir };
		return !e->is_absent;
	}
	if (files_know(f, path, err))
		return -1;
	if (files_stat(f, path, &st) < 0) {
		if (errno == ENOENT || errno == ENOTDIR)
			return 0;
		return error_sys(err, "cannot read '%s'", path);
	}
	return digest_path(f, path, &st, state, err) ? -1 : 1;
}

int
files_known(struct files *f, const char *path, struct file_state *state,
	    struct error *err)
{
	const struct file_entry *e;

	if (files_know(f, path, err))
		return -1;
	e = file_table_find(&f->table, path);
	if (!e || !(e->flags & FILE_HASHED))
		return 0;
	memset(state, 0, sizeof(*state));
	state->digest = e->digest;
	state->size_bytes = e->stamp.size_bytes;
	return 1;
}

/* Whether PATH itself is a symlink; then *D is of what is written in it. */
static bool
read_link(const char *path, struct digest *d)
{
	char target[PATH_MAX];
	ssize_t n = readlink(path, target, sizeof(target));

	if (n >= 0)
		*d = digest_of(target, (size_t)n);
	return n >= 0;
}

int
files_made(struct files *f, const char *path, struct file_state *state,
	   struct error *err)
{
	struct digest made;
	struct file_entry *e;
	unsigned how = FILE_MADE;
	int rc;

	forget_walks(f); /* of directories around it, too */
	rc = files_digest(f, path, state, err);
	if (rc <= 0)
		return rc;
	e = file_table_get(&f->table, path);
	made = state->digest;
	if (read_link(path, &made))
		how |= FILE_LINK;
	if ((e->flags & (FILE_MADE | FILE_LINK)) != how ||
	    !digest_equal(&e->made, &made)) {
		e->made = made;
		e->flags &= ~(unsigned)FILE_LINK;
		e->flags |= how | FILE_OWN;
		file_table_touch(&f->table, e);
	}
	files_rest_on(f, path, &state->digest);
	return 1;
}

/* Whether D, of a symlink or of what has content, is what our task made at E's
 * path. */
static bool
is_ours(const struct file_entry *e, const struct digest *d, bool is_link)
{
	return e->flags & FILE_MADE && digest_equal(&e->made, d) &&
	       is_link == !!(e->flags & FILE_LINK);
}

int
files_check_output(struct files *f, const char *path,
		   struct file_state *state, struct error *err)
{
	struct file_entry *e;
	struct digest d;
	struct stat st;

	memset(state, 0, sizeof(*state));
	if (files_know(f, path, err))
		return -1;
	if (lstat(path, &st) < 0) {
		if (errno == ENOENT || errno == ENOTDIR)
			return 0;
		return error_sys(err, "cannot read '%s'", path);
	}
	/* What a symlink leads to may have been made anew, or taken away. */
	state->is_symlink = S_ISLNK(st.st_mode);
	if (state->is_symlink ? !read_link(path, &d)
	    : files_digest(f, path, state, NULL) <= 0) {
		memset(state, 0, sizeof(*state));
		return 2;
	}
	if (!state->is_symlink)
		d = state->digest;
	e = file_table_get(&f->table, path);
	if (is_ours(e, &d, state->is_symlink))
		return 1;
	/* another run may have made it meanwhile */
	if (file_table_sync(&f->table, err))
		return -1;
	if (is_ours(e, &d, state->is_symlink))
		return 1;
	state->changed = e->flags & FILE_MADE;
	return 2;
}

bool
files_is_costly(struct files *f, const char *path, struct stat *st)
{
	struct file_entry *e;

	if (files_expected(f, path) || files_know(f, path, NULL) ||
	    files_stat(f, path, st) < 0 || !S_ISREG(st->st_mode) ||
	    st->st_size <= FILES_COSTLY_BYTES)
		return false;
	e = file_table_get(&f->table, path);
	return !is_current(e, st);
}

void
files_learn(struct files *f, const char *path, const struct stat *st,
	    int64_t real_ns, const struct digest *d)
{
	struct file_entry *e;

	files_know(f, path, NULL);
	e = file_table_get(&f->table, path);
	set_hashed(f, e, st, real_ns, d);
}

void
files_forget(struct files *f, const char *path)
{
	struct file_entry *e;

	/* What cannot be read now is found to be wrong when it is used. */
	files_know(f, path, NULL);
	forget_walks(f);
	e = file_table_find(&f->table, path);
	if (!e)
		return;
	drop_look(f, e);
	f->is_unsteady |= e->flags & FILE_RESTS;
	e->flags = (e->flags & (FILE_DIRTY | FILE_MAKER)) | FILE_OWN;
	file_table_touch(&f->table, e);
}

void
files_set_maker(struct files *f, const char *path, const char *step)
{
	struct file_entry *e;

	files_know(f, path, NULL);
	e = file_table_get(&f->table, path);
	if (e->flags & FILE_MAKER && !strcmp(e->maker, step))
		return;
	file_table_set_maker(&f->table, e, step, strlen(step));
	e->flags |= FILE_OWN;
	file_table_touch(&f->table, e);
}

int
files_maker(struct files *f, const char *path, const char **step,
	    struct error *err)
{
	const struct file_entry *e;

	if (!files_has_maker(f, path))
		return 0;
	if (files_know(f, path, err))
		return -1;
	e = file_table_find(&f->table, path);
	if (!e || !(e->flags & FILE_MAKER))
		return 0;
	*step = e->maker;
	return 1;
}

/* Hash E again if its tick is over. */
static int
settle_entry(struct files *f, struct file_entry *e, struct error *err)
{
	struct stat st;

	/* What was changed or removed since is not ours to settle. */
	if (is_racy(e->stamp.ctime_ns, clock_real_ns(f->clock)) ||
	    stat(e->path, &st) < 0 || !stamp_is_of(&e->stamp, &st))
		return 0;
	return hash_entry(f, e, &st, err);
}

int
files_settle(struct files *f, struct error *err)
{
	map_each(&f->table.entries, m) {
		struct file_entry *e = m->value;

		if ((e->flags & (FILE_RACY | FILE_FRESH)) ==
		    (FILE_RACY | FILE_FRESH) && settle_entry(f, e, err))
			return -1;
	}
	return 0;
}

int
files_save(struct files *f, struct error *err)
{
	return file_table_save(&f->table, err);
}
