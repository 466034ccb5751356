/*
 * Digests of what is on the disk; content.h says what they cover.
 */
#include "base/base.h"

#include "store/content.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/strbuf.h"
#include "base/strvec.h"
#include "sys/file.h"

/* Read at once: the fastest size for the hash, measured. */
enum { CHUNK_BYTES = 1 << 20, ALIGN_BYTES = 64 };

static const char executable_head[] = "flowmake executable\n";
static const char directory_head[] = "flowmake directory 1\n";

bool
content_is_executable(mode_t mode)
{
	return mode & S_IXUSR;
}

struct digest
content_with_mode(const struct digest *bytes, mode_t mode)
{
	char both[sizeof(executable_head) - 1 + DIGEST_BYTES];

	if (!content_is_executable(mode))
		return *bytes;
	memcpy(both, executable_head, sizeof(executable_head) - 1);
	memcpy(both + sizeof(executable_head) - 1, bytes->bytes,
	       DIGEST_BYTES);
	return digest_of(both, sizeof(both));
}

/* Fill BUF, of SIZE bytes, as far as the file goes, or until ENOUGH bytes are
 * there.  Returns the bytes read; -1 with errno. */
static ssize_t
read_chunk(int fd, char *buf, size_t size, size_t enough)
{
	size_t got = 0;
	ssize_t n;

	do {
		n = read(fd, buf + got, size - got);
		if (n < 0 && errno != EINTR)
			return -1;
		got += n > 0 ? (size_t)n : 0;
	} while (n < 0 || (n && got < enough));
	return (ssize_t)got;
}

/* The first place in MEMORY to which the kernel copies at full speed: 16 bytes
 * off, where malloc puts large blocks, costs a quarter more. */
static char *
align(char *memory)
{
	return memory + (ALIGN_BYTES - (uintptr_t)memory % ALIGN_BYTES);
}

/* The digest of all that FD gives; SIZE is what its stat said. */
static int
hash_fd(int fd, uint64_t size, struct digest *d)
{
	/* One byte more: when that does not come at once, the file has
	 * ended, or had when its stat was taken. */
	size_t chunk = size < CHUNK_BYTES ? (size_t)size + 1 : CHUNK_BYTES;
	char *memory = xmalloc(chunk + ALIGN_BYTES), *buf = align(memory);
	struct digest_stream *stream = NULL;
	ssize_t n;

	n = read_chunk(fd, buf, chunk, MIN((size_t)size, chunk));
	if (n >= 0 && (size_t)n < chunk) {
		*d = digest_of(buf, (size_t)n);
	} else if (n >= 0) {
		stream = digest_stream_new();
		for (; n > 0; n = read_chunk(fd, buf, chunk, chunk))
			digest_stream_add(stream, buf, (size_t)n);
		*d = digest_stream_end(stream);
	}
	free(memory);
	return n < 0 ? -1 : 0;
}

int
content_of_file(const char *path, const struct stat *st, struct digest *d,
		struct error *err)
{
	struct digest bytes;
	/* Never wait for the other end of what became a fifo meanwhile. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	int rc;

	if (fd < 0)
		return error_sys(err, "cannot open '%s'", path);
	rc = hash_fd(fd, (uint64_t)st->st_size, &bytes);
	if (rc)
		error_sys(err, "cannot read '%s'", path);
	else
		*d = content_with_mode(&bytes, st->st_mode);
	close(fd);
	return rc;
}

int
content_refuse(const char *path, mode_t mode, struct error *err)
{
	const char *kind = S_ISFIFO(mode)   ? "a fifo"
			   : S_ISSOCK(mode) ? "a socket"
					    : "a device";

	return error_set(err, "'%s' is %s: only files, directories and "
			 "symlinks have a content to remember", path, kind);
}

/* ---- directories ---- */

/* The digest of NAMES, which are sorted. */
static struct digest
names_digest(const struct strvec *names)
{
	struct strbuf sb = STRBUF_INIT;
	struct digest d;
	size_t i;

	for (i = 0; i < names->count; i++)
		strbuf_add(&sb, names->v[i], strlen(names->v[i]) + 1);
	d = digest_of(sb.buf, sb.len);
	strbuf_release(&sb);
	return d;
}

/* The digest of the target of the symlink PATH, whose lstat is ST. */
static int
hash_symlink(const char *path, const struct stat *st, struct digest *d,
	     struct error *err)
{
	/* Some file systems give symlinks no size. */
	size_t room = st->st_size > 0 ? (size_t)st->st_size + 1 : 65536;
	char *target = xmalloc(room);
	ssize_t n = readlink(path, target, room);

	if (n >= 0)
		*d = digest_of(target, (size_t)n);
	free(target);
	return n < 0 ? error_sys(err, "cannot read '%s'", path) : 0;
}

int
content_shown(const char *path, const struct stat *st, struct digest *d,
	      struct error *err)
{
	struct strvec names = STRVEC_INIT;
	int rc;

	if (S_ISLNK(st->st_mode))
		return hash_symlink(path, st, d, err);
	rc = file_list(path, &names, err);
	if (!rc)
		*d = names_digest(&names);
	strvec_release(&names);
	return rc;
}

/* A directory that is being read. */
struct level {
	struct strvec names;  /* of its entries, sorted */
	size_t next;          /* the first that was not looked at */
	size_t path_len;      /* of its own path */
	struct strbuf digest; /* what its digest will be of */
};

struct walk {
	struct level *levels; /* the last is the deepest */
	size_t count;
	size_t alloc;
	struct strbuf path;   /* of what is looked at now */
	uint64_t size_bytes;
	content_file_fn *fn;
	content_look_fn *look;
	void *data;
};

/* Begin with the directory at W's path. */
static int
go_down(struct walk *w, struct error *err)
{
	struct level *level;
	struct digest shown;
	struct stat st;

	ARRAY_GROW(w->levels, w->count, w->alloc);
	level = &w->levels[w->count++];
	*level = (struct level){ STRVEC_INIT, 0, w->path.len, STRBUF_INIT };
	strbuf_add(&level->digest, directory_head,
		   sizeof(directory_head) - 1);
	if (w->look && stat(w->path.buf, &st) < 0)
		return error_sys(err, "cannot read '%s'", w->path.buf);
	if (file_list(w->path.buf, &level->names, err))
		return -1;
	if (w->look) {
		shown = names_digest(&level->names);
		w->look(w->data, w->path.buf, &st, &shown);
	}
	return 0;
}

/* Add the entry NAME of the kind KIND and content D to its directory. */
static void
add_entry(struct walk *w, char kind, const char *name, const struct digest *d)
{
	struct strbuf *sb = &w->levels[w->count - 1].digest;

	strbuf_addch(sb, kind);
	strbuf_add(sb, name, strlen(name) + 1);
	strbuf_add(sb, d->bytes, DIGEST_BYTES);
}

/* Look at the next entry of the deepest directory. */
static int
next_entry(struct walk *w, struct error *err)
{
	struct level *level = &w->levels[w->count - 1];
	const char *name = level->names.v[level->next++];
	struct digest d;
	struct stat st;

	strbuf_truncate(&w->path, level->path_len);
	strbuf_addch(&w->path, '/');
	strbuf_adds(&w->path, name);
	if (lstat(w->path.buf, &st) < 0)
		return error_sys(err, "cannot read '%s'", w->path.buf);
	if (S_ISDIR(st.st_mode))
		return go_down(w, err);
	if (S_ISLNK(st.st_mode)) {
		if (hash_symlink(w->path.buf, &st, &d, err))
			return -1;
		if (w->look)
			w->look(w->data, w->path.buf, &st, &d);
		add_entry(w, 'l', name, &d);
		return 0;
	}
	if (!S_ISREG(st.st_mode))
		return content_refuse(w->path.buf, st.st_mode, err);
	if (w->fn(w->data, w->path.buf, &st, &d, err))
		return -1;
	w->size_bytes += (uint64_t)st.st_size;
	add_entry(w, 'f', name, &d);
	return 0;
}

/* End the deepest directory: D is its digest, and an entry above. */
static void
go_up(struct walk *w, struct digest *d)
{
	struct level *level = &w->levels[--w->count], *above;

	*d = digest_of(level->digest.buf, level->digest.len);
	strvec_release(&level->names);
	strbuf_release(&level->digest);
	if (!w->count)
		return;
	above = level - 1;
	add_entry(w, 'd', above->names.v[above->next - 1], d);
}

/* What gets the digest of a file if nothing else does. */
static int
plain_file(void *data, const char *path, const struct stat *st,
	   struct digest *d, struct error *err)
{
	(void)data;
	return content_of_file(path, st, d, err);
}

int
content_of_tree(const char *path, content_file_fn *fn, void *data,
		struct digest *d, uint64_t *size_bytes, struct error *err)
{
	return content_watch_tree(path, fn, NULL, data, d, size_bytes, err);
}

int
content_watch_tree(const char *path, content_file_fn *fn,
		   content_look_fn *look, void *data, struct digest *d,
		   uint64_t *size_bytes, struct error *err)
{
	struct walk w = { .path = STRBUF_INIT, .fn = fn ? fn : plain_file,
			  .look = look, .data = data };
	struct level *level;
	struct digest dropped;
	int rc;

	strbuf_adds(&w.path, path);
	rc = go_down(&w, err);
	while (!rc && w.count) {
		level = &w.levels[w.count - 1];
		if (level->next < level->names.count)
			rc = next_entry(&w, err);
		else
			go_up(&w, d);
	}
	while (w.count)
		go_up(&w, &dropped);
	*size_bytes = w.size_bytes;
	free(w.levels);
	strbuf_release(&w.path);
	return rc;
}
