/*
 * Leases.  Who gave some back writes a byte to the file; who waits watches it
 * (inotify(7)), and sees the process that held a lease end, too: its
 * descriptor is closed.  Nothing is held while waiting, so two runs cannot
 * wait for each other.
 */
#include "base/base.h"

#include "sched/leases.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/map.h"
#include "model/graph.h"
#include "store/store.h"
#include "sys/loop.h"

#define LEASES_PATH STORE_DIR "/leases"

enum { MEETING_BYTES = 1 << 14 }; /* where readers and writers meet */

/* Somebody who waits. */
struct waiter {
	void (*ready)(void *data);
	void *data;
};

struct leases {
	struct loop *loop;
	int fd;
	bool changed;            /* nobody was told yet */
	struct loop_watch watch; /* of the inotify descriptor, if any */
	struct waiter *waiters;
	size_t waiter_count;
	size_t waiter_alloc;
	/* How many of our tasks read and make the files of each byte: the
	 * locks of one process do not count. */
	uint32_t readers[MEETING_BYTES];
	uint32_t writers[MEETING_BYTES];
	struct map dirs;   /* directory -> how many leases are inside, as a
			    * pointer: the locks of one process do not count */
};

struct leases *
leases_new(struct loop *loop, struct error *err)
{
	struct leases *l = xcalloc(1, sizeof(*l));

	l->loop = loop;
	l->watch.fd = -1;
	map_init(&l->dirs);
	l->fd = open(LEASES_PATH, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (l->fd < 0) {
		error_sys(err, "cannot open '%s'", LEASES_PATH);
		map_release(&l->dirs);
		free(l);
		return NULL;
	}
	return l;
}

static void
stop_watching(struct leases *l)
{
	int fd = l->watch.fd;

	if (fd < 0)
		return;
	loop_watch_remove(l->loop, &l->watch);
	l->watch.fd = -1;
	close(fd);
}

void
leases_free(struct leases *l)
{
	if (!l)
		return;
	stop_watching(l);
	close(l->fd);
	map_release(&l->dirs);
	free(l->waiters);
	free(l);
}

/* The byte of the LEN bytes of PATH. */
static off_t
path_offset(const char *path, size_t len)
{
	struct digest d = digest_of(path, len);
	uint64_t offset;

	memcpy(&offset, d.bytes, sizeof(offset));
	return (off_t)(offset >> 2 | (uint64_t)1 << 61);
}

/* Set the lock of one byte; TYPE as of fcntl.  Returns 1, 0 when another
 * process holds it, -1. */
static int
set_lock(const struct leases *l, off_t offset, short type, struct error *err)
{
	struct flock lock = { .l_type = type, .l_whence = SEEK_SET,
			      .l_start = offset, .l_len = 1 };

	if (!fcntl(l->fd, F_OFD_SETLK, &lock))
		return 1;
	if (errno == EAGAIN || errno == EACCES)
		return 0;
	return error_sys(err, "cannot lock '%s'", LEASES_PATH);
}

/* One lease more inside the directory DIR. */
static int
enter_dir(struct leases *l, const char *dir, size_t len,
	  struct error *err)
{
	uintptr_t count = (uintptr_t)map_get(&l->dirs, dir, len);
	int got = 1;

	if (!count)
		got = set_lock(l, path_offset(dir, len), F_RDLCK, err);
	if (got > 0)
		map_set(&l->dirs, dir, len, (void *)(count + 1));
	return got;
}

static void
leave_dir(struct leases *l, const char *dir, size_t len)
{
	uintptr_t count = (uintptr_t)map_remove(&l->dirs, dir, len);

	if (count > 1)
		map_set(&l->dirs, dir, len, (void *)(count - 1));
	else
		set_lock(l, path_offset(dir, len), F_UNLCK, NULL);
}

/* The length of the directory above the first LEN bytes of PATH; 0: none. */
static size_t
parent_len(const char *path, size_t len)
{
	while (len && path[len - 1] != '/')
		len--;
	return len ? len - 1 : 0;
}

/* ---- readers and writers ---- */

static uint32_t
meeting_byte(const char *path)
{
	struct digest d = digest_of(path, strlen(path));
	uint32_t hash;

	memcpy(&hash, d.bytes, sizeof(hash));
	return hash % MEETING_BYTES;
}

/* Hold byte I as its readers and writers need it. */
static int
update_byte(const struct leases *l, uint32_t i, struct error *err)
{
	return set_lock(l, i, l->writers[i] ? F_WRLCK :
			l->readers[i] ? F_RDLCK : F_UNLCK, err);
}

/* One more in COUNTS, the readers or the writers, for PATH. */
static int
meet(struct leases *l, uint32_t *counts, const char *path, struct error *err)
{
	uint32_t i = meeting_byte(path);
	int got = 1;

	if (!counts[i]++)
		got = update_byte(l, i, err);
	if (got <= 0)
		counts[i]--;
	return got;
}

static void
part(struct leases *l, uint32_t *counts, const char *path)
{
	uint32_t i = meeting_byte(path);

	if (!--counts[i])
		update_byte(l, i, NULL);
}

/* ---- outputs ---- */

static void
drop_path(struct leases *l, const char *path)
{
	size_t len = strlen(path);

	set_lock(l, path_offset(path, len), F_UNLCK, NULL);
	while ((len = parent_len(path, len)))
		leave_dir(l, path, len);
}

/* Lock PATH, and the directories above it for sharing, or nothing. */
static int
take_path(struct leases *l, const char *path, struct error *err)
{
	size_t len = strlen(path), at = len;
	int got;

	got = set_lock(l, path_offset(path, len), F_WRLCK, err);
	while (got > 0 && (at = parent_len(path, at)))
		got = enter_dir(l, path, at, err);
	if (got > 0)
		return 1;
	set_lock(l, path_offset(path, len), F_UNLCK, NULL);
	while ((len = parent_len(path, len)) > at)
		leave_dir(l, path, len);
	return got;
}

/* Some lease may be free: whoever waits tries again. */
static void
on_change(void *data, uint32_t events)
{
	struct leases *l = data;
	struct waiter *waiters = l->waiters;
	size_t count = l->waiter_count, i;

	(void)events;
	stop_watching(l);
	l->waiters = NULL;
	l->waiter_count = l->waiter_alloc = 0;
	for (i = 0; i < count; i++)
		waiters[i].ready(waiters[i].data);
	free(waiters);
}

static int
start_watching(struct leases *l, struct error *err)
{
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	if (fd < 0)
		return error_sys(err, "cannot watch '%s'", LEASES_PATH);
	if (inotify_add_watch(fd, LEASES_PATH,
			      IN_MODIFY | IN_CLOSE_WRITE) < 0 ||
	    loop_watch_add(l->loop, &l->watch, fd, EPOLLIN, on_change, l,
			   err)) {
		close(fd);
		return error_sys(err, "cannot watch '%s'", LEASES_PATH);
	}
	return 0;
}

/* ---- tasks ---- */

static void
drop_outputs(struct leases *l, const struct task *t, uint32_t count)
{
	while (count--) {
		part(l, l->writers, t->outputs[count].path);
		drop_path(l, t->outputs[count].path);
	}
}

/* Lease all outputs of T or none. */
static int
take_outputs(struct leases *l, const struct task *t, const char **path,
	     const char **does, struct error *err)
{
	uint32_t i;
	int got;

	for (i = 0; i < t->output_count; i++) {
		*path = t->outputs[i].path;
		*does = "making";
		got = take_path(l, *path, err);
		if (got > 0) {
			*does = "reading";
			got = meet(l, l->writers, *path, err);
			if (got <= 0)
				drop_path(l, *path);
		}
		if (got <= 0) {
			drop_outputs(l, t, i);
			return got;
		}
	}
	return 1;
}

static void
drop_reads(struct leases *l, const char *const *reads, size_t count)
{
	while (count--)
		part(l, l->readers, reads[count]);
}

/* Lease all that LEASE names or nothing. */
static int
take_all(struct leases *l, const struct lease *lease, const struct task *t,
	 const char **path, const char **does, struct error *err)
{
	size_t i;
	int got = take_outputs(l, t, path, does, err);

	if (got <= 0)
		return got;
	for (i = 0; i < lease->read_count; i++) {
		*path = lease->reads[i];
		*does = "making";
		got = meet(l, l->readers, *path, err);
		if (got <= 0) {
			drop_reads(l, lease->reads, i);
			drop_outputs(l, t, t->output_count);
			return got;
		}
	}
	return 1;
}

int
leases_take(struct leases *l, struct lease *lease, const struct task *t,
	    const char *const *reads, size_t count, const char **path,
	    const char **does, void (*ready)(void *data), void *data,
	    struct error *err)
{
	int got;

	*lease = (struct lease){ .reads = reads, .read_count = count };
	got = take_all(l, lease, t, path, does, err);
	if (!got && l->watch.fd < 0) {
		/* it may have been given back before we watched */
		if (start_watching(l, err))
			return -1;
		got = take_all(l, lease, t, path, does, err);
	}
	if (got > 0)
		lease->task = t;
	if (got)
		return got;
	ARRAY_GROW(l->waiters, l->waiter_count, l->waiter_alloc);
	l->waiters[l->waiter_count].ready = ready;
	l->waiters[l->waiter_count++].data = data;
	return 0;
}

void
leases_drop(struct leases *l, struct lease *lease)
{
	const struct task *t = lease->task;

	if (!t)
		return;
	lease->task = NULL;
	drop_reads(l, lease->reads, lease->read_count);
	drop_outputs(l, t, t->output_count);
	l->changed |= t->output_count || lease->read_count;
}

void
leases_announce(struct leases *l)
{
	/* whether it could be written does not matter to us */
	if (l->changed && pwrite(l->fd, "", 1, 0) < 0)
		return;
	l->changed = false;
}
