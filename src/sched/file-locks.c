/*
 * Locks on bytes.  Each output has one of its own, far behind, which the hash
 * of its path names, and so have the directories above it.  Where readers meet
 * writers there are fewer.
 */
#include "base/base.h"

#include "sched/file-locks.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/error.h"
#include "model/graph.h"
#include "sched/leases.h"
#include "sys/reaper.h"

int
file_locks_open(struct file_locks *l, struct error *err)
{
	memset(l, 0, sizeof(*l));
	map_init(&l->dirs);
	l->fd = open(FILE_LOCKS_PATH, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	return l->fd < 0 ? error_sys(err, "cannot open '%s'", FILE_LOCKS_PATH)
			 : reaper_entrust(l->fd, err);
}

void
file_locks_close(struct file_locks *l)
{
	struct flock all = { .l_type = F_UNLCK, .l_whence = SEEK_SET };

	if (l->fd >= 0) {
		fcntl(l->fd, F_OFD_SETLK, &all);
		file_locks_announce(l); /* the guardian does not close it yet */
		close(l->fd);
	}
	map_release(&l->dirs);
}

void
file_locks_announce(struct file_locks *l)
{
	ssize_t n = pwrite(l->fd, "", 1, 0);

	(void)n; /* who does not hear of it tries again by and by */
}

/* ---- bytes ---- */

/* The byte of the LEN bytes of PATH. */
static off_t
path_offset(const char *path, size_t len)
{
	struct digest d = digest_of(path, len);
	uint64_t offset;

	memcpy(&offset, d.bytes, sizeof(offset));
	return (off_t)(offset >> 2 | (uint64_t)1 << 61);
}

int
file_locks_set(struct file_locks *l, off_t offset, short type,
	       struct error *err)
{
	struct flock lock = { .l_type = type, .l_whence = SEEK_SET,
			      .l_start = offset, .l_len = 1 };

	if (!fcntl(l->fd, F_OFD_SETLK, &lock))
		return 1;
	if (errno == EAGAIN || errno == EACCES)
		return 0;
	return error_sys(err, "cannot lock '%s'", FILE_LOCKS_PATH);
}

/* One lease more inside the directory DIR. */
static int
enter_dir(struct file_locks *l, const char *dir, size_t len,
	  struct error *err)
{
	uintptr_t count = (uintptr_t)map_get(&l->dirs, dir, len);
	int got = 1;

	if (!count)
		got = file_locks_set(l, path_offset(dir, len), F_RDLCK, err);
	if (got > 0)
		map_set(&l->dirs, dir, len, (void *)(count + 1));
	return got;
}

static void
leave_dir(struct file_locks *l, const char *dir, size_t len)
{
	uintptr_t count = (uintptr_t)map_remove(&l->dirs, dir, len);

	if (count > 1)
		map_set(&l->dirs, dir, len, (void *)(count - 1));
	else
		file_locks_set(l, path_offset(dir, len), F_UNLCK, NULL);
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
	return hash % FILE_LOCKS_MEETING_BYTES;
}

/* Hold byte I as its readers and writers need it. */
static int
update_byte(struct file_locks *l, uint32_t i, struct error *err)
{
	return file_locks_set(l, i, l->writers[i] ? F_WRLCK :
			l->readers[i] ? F_RDLCK : F_UNLCK, err);
}

/* One more in COUNTS, the readers or the writers, for PATH. */
static int
meet(struct file_locks *l, uint32_t *counts, const char *path,
     struct error *err)
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
part(struct file_locks *l, uint32_t *counts, const char *path)
{
	uint32_t i = meeting_byte(path);

	if (!--counts[i])
		update_byte(l, i, NULL);
}

/* ---- outputs ---- */

static void
drop_path(struct file_locks *l, const char *path)
{
	size_t len = strlen(path);

	file_locks_set(l, path_offset(path, len), F_UNLCK, NULL);
	while ((len = parent_len(path, len)))
		leave_dir(l, path, len);
}

/* Lock PATH, and the directories above it for sharing, or nothing. */
static int
take_path(struct file_locks *l, const char *path, struct error *err)
{
	size_t len = strlen(path), at = len;
	int got;

	got = file_locks_set(l, path_offset(path, len), F_WRLCK, err);
	while (got > 0 && (at = parent_len(path, at)))
		got = enter_dir(l, path, at, err);
	if (got > 0)
		return 1;
	file_locks_set(l, path_offset(path, len), F_UNLCK, NULL);
	while ((len = parent_len(path, len)) > at)
		leave_dir(l, path, len);
	return got;
}

/* ---- what a task holds ---- */

static void
drop_outputs(struct file_locks *l, const struct task *t, uint32_t count)
{
	while (count--) {
		part(l, l->writers, t->outputs[count].path);
		drop_path(l, t->outputs[count].path);
	}
}

/* Lease all outputs of T or none. */
static int
take_outputs(struct file_locks *l, const struct task *t, const char **path,
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
drop_reads(struct file_locks *l, const char *const *reads, size_t count)
{
	while (count--)
		part(l, l->readers, reads[count]);
}

void
file_locks_drop(struct file_locks *l, const struct lease *lease)
{
	drop_reads(l, lease->reads, lease->read_count);
	drop_outputs(l, lease->task, lease->task->output_count);
}

int
file_locks_take(struct file_locks *l, const struct lease *lease,
		const char **path, const char **does, struct error *err)
{
	const struct task *t = lease->task;
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
