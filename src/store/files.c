/*
 * Digests of the project's files, remembered.
 *
 * An entry is trusted when size, times and inode are those of the file now.
 * A file system stamps changes with a clock that ticks every few ms: a change
 * in the tick in which the file was read may leave the same times.  Such an
 * entry is racy: good for this run, which hashed it, but hashed again in a
 * later tick before another run believes it.
 *
 * In the database an entry is a path and its state: flags (32 bits), size,
 * mtime, ctime and inode (64 bits each, times in ns), all little-endian, then
 * digest and made (16 bytes each) and the maker's name, as far as the flags say
 * that they are there.  The maker is here, and not in a table of its own,
 * because each page that a task's commit touches costs it some 10 us.
 */
#include "base/base.h"

#include "store/files.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/map.h"
#include "base/strbuf.h"
#include "store/content.h"
#include "store/db.h"
#include "store/store.h"

/* Two ticks: of the slowest clock that Linux has (100 Hz); of file systems
 * that keep times in seconds, or two, as is seen by the times they give. */
#define FINE_TICKS_NS (20 * NS_PER_MS)
#define COARSE_TICKS_NS (4 * NS_PER_S)

/* The numbers of those that are kept are on disks. */
enum file_flags {
	FILE_RACY = 1 << 0,      /* not to be trusted by another run */
	FILE_HASHED = 1 << 1,    /* digest is of the stat that is kept */
	FILE_MADE = 1 << 2,      /* made is valid */
	FILE_MAKER = 1 << 3,     /* maker is valid */
	FILE_KEPT = 15,          /* those that are stored */
	FILE_FRESH = 1 << 4,     /* hashed in this run */
	FILE_DIRTY = 1 << 5,     /* in the list of what must be saved */
	FILE_FORGOTTEN = 1 << 6, /* the store's row is not true any more */
};

enum { STATE_HEAD_BYTES = 4 + 4 * 8 };

struct file_entry {
	const char *path;       /* the map's key */
	unsigned flags;
	uint64_t size_bytes;
	int64_t mtime_ns;
	int64_t ctime_ns;
	uint64_t inode;
	struct digest digest;
	struct digest made;     /* what our task made, whatever is there now;
				 * of directories too, which have nothing else:
				 * their files have entries of their own */
	const char *maker;      /* a step's name, in the arena */
};

struct files {
	struct store *store;
	struct clock *clock;
	struct map entries;     /* path -> struct file_entry */
	struct map makers;      /* name of a step -> itself, in the arena */
	struct arena arena;     /* of the entries */
	bool loaded;
	struct file_entry **dirty;
	size_t dirty_count;
	size_t dirty_alloc;
	struct strbuf state;    /* of the entry being written */
};

struct files *
files_new(struct store *s, struct clock *clock)
{
	struct files *f = xcalloc(1, sizeof(*f));

	f->store = s;
	f->clock = clock;
	map_init(&f->entries);
	map_init(&f->makers);
	strbuf_init(&f->state);
	arena_init(&f->arena);
	return f;
}

void
files_free(struct files *f)
{
	map_release(&f->entries);
	map_release(&f->makers);
	strbuf_release(&f->state);
	arena_release(&f->arena);
	free(f->dirty);
	free(f);
}

/* ---- entries ---- */

/* A new entry of PATH, which has none. */
static struct file_entry *
add_entry(struct files *f, const char *path)
{
	struct file_entry *e = arena_zalloc(&f->arena, sizeof(*e));

	map_sets(&f->entries, path, e);
	e->path = f->entries.entries[f->entries.count - 1].key;
	return e;
}

/* The entry of PATH, made if there is none. */
static struct file_entry *
get_entry(struct files *f, const char *path)
{
	struct file_entry *e = map_gets(&f->entries, path);

	return e ? e : add_entry(f, path);
}

/* Remember to save E. */
static void
touch(struct files *f, struct file_entry *e)
{
	if (e->flags & FILE_DIRTY)
		return;
	e->flags |= FILE_DIRTY;
	ARRAY_GROW(f->dirty, f->dirty_count, f->dirty_alloc);
	f->dirty[f->dirty_count++] = e;
}

/* Let E's maker be the step whose name has the LEN bytes of NAME.  Steps are
 * few, files are many. */
static void
set_maker(struct files *f, struct file_entry *e, const char *name, size_t len)
{
	char *known = map_get(&f->makers, name, len);

	if (!known) {
		known = arena_strndup(&f->arena, name, len);
		map_set(&f->makers, name, len, known);
	}
	e->maker = known;
	e->flags |= FILE_MAKER;
}

/* Fill E from the row of ST.  A state that is none of ours leaves an entry
 * that knows nothing: its file is hashed again. */
static void
read_entry(struct files *f, sqlite3_stmt *st, struct file_entry *e)
{
	size_t len;
	const char *state = db_blob(st, 1, &len);
	uint64_t numbers[4];
	uint32_t flags;

	if (len < STATE_HEAD_BYTES)
		return;
	memcpy(&flags, state, 4);
	flags = le32toh(flags) & FILE_KEPT;
	memcpy(numbers, state + 4, sizeof(numbers));
	e->size_bytes = le64toh(numbers[0]);
	e->mtime_ns = (int64_t)le64toh(numbers[1]);
	e->ctime_ns = (int64_t)le64toh(numbers[2]);
	e->inode = le64toh(numbers[3]);
	state += STATE_HEAD_BYTES;
	len -= STATE_HEAD_BYTES;
	if (flags & FILE_HASHED && len >= DIGEST_BYTES) {
		memcpy(e->digest.bytes, state, DIGEST_BYTES);
		state += DIGEST_BYTES;
		len -= DIGEST_BYTES;
	}
	if (flags & FILE_MADE && len >= DIGEST_BYTES) {
		memcpy(e->made.bytes, state, DIGEST_BYTES);
		state += DIGEST_BYTES;
		len -= DIGEST_BYTES;
	}
	if (flags & FILE_MAKER) {
		set_maker(f, e, state, len);
		len = 0;
	}
	e->flags = len ? 0 : flags;
}

/* Read the whole table, once, well or not: a look-up of each path costs many
 * times more. */
static int
load(struct files *f, struct error *err)
{
	sqlite3_stmt *st;
	int rc;

	if (f->loaded)
		return 0;
	f->loaded = true;
	st = db_get(f->store, DB_FILE_LIST, err);
	if (!st)
		return -1;
	for (;;) {
		rc = db_row(f->store, st, "cannot read the digests of files",
			    err);
		if (rc <= 0)
			break;
		read_entry(f, st, add_entry(f, db_text(st, 0)));
	}
	return rc;
}

/* Look again at what the store knows of E's file: another run may have made
 * it meanwhile. */
static int
reload_made(struct files *f, struct file_entry *e, struct error *err)
{
	sqlite3_stmt *st = db_get(f->store, DB_FILE_GET, err);
	struct file_entry now = { .flags = 0 };
	int rc;

	if (!st)
		return -1;
	db_bind_str(st, 1, e->path);
	rc = db_row(f->store, st, "cannot read the digest of a file", err);
	if (rc > 0) {
		read_entry(f, st, &now);
		if (now.flags & FILE_MADE) {
			e->made = now.made;
			e->flags |= FILE_MADE;
		}
	}
	sqlite3_reset(st);
	return MIN(rc, 0);
}

static int64_t
timespec_ns(struct timespec ts)
{
	return (int64_t)ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

/* Whether a file last changed at CTIME_NS could change again, at NOW_NS or
 * later, and keep its times. */
static bool
is_racy(int64_t ctime_ns, int64_t now_ns)
{
	int64_t ticks = ctime_ns % NS_PER_S ? FINE_TICKS_NS : COARSE_TICKS_NS;

	return now_ns < ctime_ns + ticks;
}

/* Whether E was made of a file with this stat. */
static bool
is_same_stat(const struct file_entry *e, const struct stat *st)
{
	return e->size_bytes == (uint64_t)st->st_size &&
	       e->mtime_ns == timespec_ns(st->st_mtim) &&
	       e->ctime_ns == timespec_ns(st->st_ctim) &&
	       e->inode == st->st_ino;
}

/* Note that E's digest, just set, is of the regular file with the stat ST,
 * read from NOW_NS on.  Should it change while it is read, that stat is never
 * seen again. */
static void
set_hashed(struct files *f, struct file_entry *e, const struct stat *st,
	   int64_t now_ns)
{
	e->size_bytes = (uint64_t)st->st_size;
	e->mtime_ns = timespec_ns(st->st_mtim);
	e->ctime_ns = timespec_ns(st->st_ctim);
	e->inode = st->st_ino;
	e->flags |= FILE_HASHED | FILE_FRESH;
	e->flags &= ~(unsigned)FILE_RACY;
	if (is_racy(e->ctime_ns, now_ns))
		e->flags |= FILE_RACY;
	touch(f, e);
}

/* Hash the regular file of E, whose stat was ST a moment ago. */
static int
hash_entry(struct files *f, struct file_entry *e, const struct stat *st,
	   struct error *err)
{
	int64_t now_ns = clock_real_ns(f->clock);

	if (content_of_file(e->path, st, &e->digest, err))
		return -1;
	set_hashed(f, e, st, now_ns);
	return 0;
}

/* Whether E's digest is that of its file, whose stat is ST. */
static bool
is_current(const struct file_entry *e, const struct stat *st)
{
	return e->flags & FILE_HASHED && is_same_stat(e, st) &&
	       (e->flags & FILE_FRESH || !(e->flags & FILE_RACY));
}

/* The digest of the regular file PATH: a content_file_fn. */
static int
digest_file(void *data, const char *path, const struct stat *st,
	    struct digest *d, struct error *err)
{
	struct files *f = data;
	struct file_entry *e = get_entry(f, path);

	if (!is_current(e, st) && hash_entry(f, e, st, err))
		return -1;
	*d = e->digest;
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
		return content_of_tree(path, digest_file, f, &state->digest,
				       &state->size_bytes, err);
	if (!S_ISREG(st->st_mode))
		return content_refuse(path, st->st_mode, err);
	state->size_bytes = (uint64_t)st->st_size;
	return digest_file(f, path, st, &state->digest, err);
}

/* ---- what others ask ---- */

int
files_begin(struct files *f, struct error *err)
{
	return store_begin(f->store, err);
}

int
files_digest(struct files *f, const char *path, struct file_state *state,
	     struct error *err)
{
	struct stat st;

	if (load(f, err))
		return -1;
	if (stat(path, &st) < 0) {
		if (errno == ENOENT || errno == ENOTDIR)
			return 0;
		return error_sys(err, "cannot read '%s'", path);
	}
	return digest_path(f, path, &st, state, err) ? -1 : 1;
}

int
files_made(struct files *f, const char *path, struct file_state *state,
	   struct error *err)
{
	struct file_entry *e;
	int rc = files_digest(f, path, state, err);

	if (rc <= 0)
		return rc;
	e = get_entry(f, path);
	if (!(e->flags & FILE_MADE) || !digest_equal(&e->made,
						     &state->digest)) {
		e->made = state->digest;
		e->flags |= FILE_MADE;
		touch(f, e);
	}
	return 1;
}

/* Whether STATE is what our task made at E's path. */
static bool
is_ours(const struct file_entry *e, const struct file_state *state)
{
	return e->flags & FILE_MADE && digest_equal(&e->made, &state->digest);
}

int
files_check_output(struct files *f, const char *path,
		   struct file_state *state, struct error *err)
{
	struct file_entry *e;
	struct stat st;

	memset(state, 0, sizeof(*state));
	if (load(f, err))
		return -1;
	if (lstat(path, &st) < 0) {
		if (errno == ENOENT || errno == ENOTDIR)
			return 0;
		return error_sys(err, "cannot read '%s'", path);
	}
	/* What cannot be read, a symlink to nothing among it, is not ours. */
	if (files_digest(f, path, state, NULL) <= 0) {
		memset(state, 0, sizeof(*state));
		return 2;
	}
	e = get_entry(f, path);
	if (is_ours(e, state))
		return 1;
	if (!(e->flags & FILE_FORGOTTEN) && reload_made(f, e, err))
		return -1;
	if (is_ours(e, state))
		return 1;
	state->changed = e->flags & FILE_MADE;
	return 2;
}

bool
files_is_costly(struct files *f, const char *path, struct stat *st)
{
	struct file_entry *e;

	if (load(f, NULL) || stat(path, st) < 0 || !S_ISREG(st->st_mode) ||
	    st->st_size <= FILES_COSTLY_BYTES)
		return false;
	e = get_entry(f, path);
	return !is_current(e, st);
}

void
files_learn(struct files *f, const char *path, const struct stat *st,
	    int64_t real_ns, const struct digest *d)
{
	struct file_entry *e;

	load(f, NULL);
	e = get_entry(f, path);
	e->digest = *d;
	set_hashed(f, e, st, real_ns);
}

void
files_forget(struct files *f, const char *path)
{
	struct file_entry *e;

	/* What cannot be read now is found to be wrong when it is used. */
	load(f, NULL);
	e = map_gets(&f->entries, path);
	if (!e)
		return;
	e->flags = (e->flags & (FILE_DIRTY | FILE_MAKER)) | FILE_FORGOTTEN;
	touch(f, e);
}

void
files_set_maker(struct files *f, const char *path, const char *step)
{
	struct file_entry *e;

	load(f, NULL);
	e = get_entry(f, path);
	if (e->flags & FILE_MAKER && !strcmp(e->maker, step))
		return;
	set_maker(f, e, step, strlen(step));
	touch(f, e);
}

int
files_maker(struct files *f, const char *path, const char **step,
	    struct error *err)
{
	const struct file_entry *e;

	if (load(f, err))
		return -1;
	e = map_gets(&f->entries, path);
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
	if (is_racy(e->ctime_ns, clock_real_ns(f->clock)) ||
	    stat(e->path, &st) < 0 || !is_same_stat(e, &st))
		return 0;
	return hash_entry(f, e, &st, err);
}

int
files_settle(struct files *f, struct error *err)
{
	map_each(&f->entries, m) {
		struct file_entry *e = m->value;

		if ((e->flags & (FILE_RACY | FILE_FRESH)) ==
		    (FILE_RACY | FILE_FRESH) && settle_entry(f, e, err))
			return -1;
	}
	return 0;
}

/* ---- saving ---- */

/* Encode E into STATE. */
static void
write_state(const struct file_entry *e, struct strbuf *state)
{
	uint32_t flags = htole32(e->flags & FILE_KEPT);
	uint64_t numbers[4] = {
		htole64(e->size_bytes), htole64((uint64_t)e->mtime_ns),
		htole64((uint64_t)e->ctime_ns), htole64(e->inode)
	};

	strbuf_reset(state);
	strbuf_add(state, (const char *)&flags, sizeof(flags));
	strbuf_add(state, (const char *)numbers, sizeof(numbers));
	if (e->flags & FILE_HASHED)
		strbuf_add(state, (const char *)e->digest.bytes, DIGEST_BYTES);
	if (e->flags & FILE_MADE)
		strbuf_add(state, (const char *)e->made.bytes, DIGEST_BYTES);
	if (e->flags & FILE_MAKER)
		strbuf_adds(state, e->maker);
}

/* Write E, or delete its row when nothing is known any more. */
static int
save_entry(struct files *f, const struct file_entry *e, struct error *err)
{
	bool kept = e->flags & FILE_KEPT;
	sqlite3_stmt *st;

	st = db_get(f->store, kept ? DB_FILE_PUT : DB_FILE_DELETE, err);
	if (!st)
		return -1;
	db_bind_str(st, 1, e->path);
	if (kept) {
		write_state(e, &f->state);
		db_bind_blob(st, 2, f->state.buf, f->state.len);
	}
	return db_run(f->store, st, "cannot record the digest of a file", err);
}

int
files_save(struct files *f, struct error *err)
{
	size_t i;

	if (!f->dirty_count)
		return 0;
	if (store_begin(f->store, err))
		return -1;
	for (i = 0; i < f->dirty_count; i++)
		if (save_entry(f, f->dirty[i], err))
			return -1;
	for (i = 0; i < f->dirty_count; i++)
		f->dirty[i]->flags &= ~(unsigned)(FILE_DIRTY | FILE_FORGOTTEN);
	f->dirty_count = 0;
	return 0;
}
