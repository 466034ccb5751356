/*
 * Lock files.  The file is removed by its holder, so one that was just locked
 * may be gone from its path; then the lock is worth nothing and is taken
 * again on the file that is there now.
 */
#include "base/base.h"

#include "sys/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "sys/file.h"

/* Whether the file at PATH is the open FD. */
static bool
is_still_there(int fd, const char *path)
{
	struct stat ours, there;

	return !fstat(fd, &ours) && !stat(path, &there) &&
	       ours.st_dev == there.st_dev && ours.st_ino == there.st_ino;
}

/* Write into FD who holds it.  Where there is no room for that (and somebody
 * is going to make some) others are told less. */
static void
write_owner(int fd, const char *what)
{
	struct strbuf sb = STRBUF_INIT;
	char host[256] = "";

	gethostname(host, sizeof(host) - 1);
	strbuf_addf(&sb, "%s (process %ld on %s since ", what, (long)getpid(),
		    host);
	text_add_time(&sb, clock_real_ns(&clock_system));
	/* Nobody waits for milliseconds. */
	strbuf_truncate(&sb, sb.len - strlen(".000"));
	strbuf_addch(&sb, ')');
	if (ftruncate(fd, 0) == 0)
		file_write_all(fd, sb.buf, sb.len, NULL);
	strbuf_release(&sb);
}

/* Who holds the lock of PATH, as a new string. */
static char *
read_owner(const char *path)
{
	struct strbuf sb = STRBUF_INIT;

	/* It may have been dropped, or not yet been written. */
	if (file_read(path, &sb, NULL) < 0 || !sb.len) {
		strbuf_reset(&sb);
		strbuf_adds(&sb, "another process");
	}
	return strbuf_detach(&sb, NULL);
}

/* Lock FD: 1, 0 when somebody else has and we do not WAIT, -1 on an error. */
static int
lock_fd(int fd, bool wait)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	while (fcntl(fd, wait ? F_OFD_SETLKW : F_OFD_SETLK, &whole))
		if (errno != EINTR)
			return errno == EAGAIN || errno == EACCES ? 0 : -1;
	return 1;
}

/* Open and lock PATH into *FD, as lock_fd.  Whoever held it before us may
 * have removed the file; then it is made again. */
static int
open_locked(const char *path, bool wait, int *fd, struct error *err)
{
	int r;

	for (;;) {
		*fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
		if (*fd < 0)
			return error_sys(err, "cannot open lock '%s'", path);
		r = lock_fd(*fd, wait);
		if (r <= 0 || is_still_there(*fd, path))
			break;
		close(*fd);
	}
	if (r < 0)
		error_sys(err, "cannot lock '%s'", path);
	if (r <= 0)
		close(*fd);
	return r;
}

/* Say in the locked FD for whom, and keep it in LOCK. */
static int
keep(int fd, const char *path, const char *what, struct lock *lock)
{
	write_owner(fd, what);
	*lock = (struct lock){ fd, xstrdup(path) };
	return 1;
}

int
lock_take(const char *path, const char *what, struct lock *lock, char **owner,
	  struct error *err)
{
	int fd, r = open_locked(path, false, &fd, err);

	if (r > 0)
		return keep(fd, path, what, lock);
	if (!r)
		*owner = read_owner(path);
	return r;
}

int
lock_wait(const char *path, const char *what, struct lock *lock,
	  struct error *err)
{
	int fd, r = open_locked(path, true, &fd, err);

	return r > 0 ? keep(fd, path, what, lock) : -1;
}

bool
lock_is_held(const char *path)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool held;

	if (fd < 0)
		return errno != ENOENT;
	held = fcntl(fd, F_OFD_GETLK, &whole) < 0 || whole.l_type != F_UNLCK;
	close(fd);
	return held;
}

void
lock_drop(struct lock *lock)
{
	if (lock->fd < 0)
		return;
	unlink(lock->path);
	close(lock->fd);
	free(lock->path);
	*lock = (struct lock)LOCK_INIT;
}
