/*
 * Waiting for the work of another process.
 */
#include "base/base.h"

#include "report/follow.h"

#include <errno.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "base/error.h"
#include "store/store.h"

enum {
	/* A commit is seen by others only a little after its bytes are in the
	 * journal, when memory that they share says so: nothing tells of
	 * that, so there is one look more. */
	SETTLE_MS = 20,
};

/* What a run writes: its log, and the database with its journal. */
static const char *const watched[] = { STORE_DIR "/logs", STORE_DIR };

int
follow_open(struct follow *f, const struct run_record *r, struct error *err)
{
	size_t i;

	f->engine_fd = -1;
	f->is_fresh = true;
	f->inotify_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (f->inotify_fd < 0)
		return error_sys(err, "cannot watch the store");
	for (i = 0; i < ARRAY_SIZE(watched); i++) {
		if (inotify_add_watch(f->inotify_fd, watched[i],
				      IN_MODIFY | IN_CREATE) < 0) {
			error_sys(err, "cannot watch %s", watched[i]);
			follow_close(f);
			return -1;
		}
	}
	/* Looked at again once it is open: the number may be another's. */
	if (store_run_alive(r))
		f->engine_fd = pidfd_open((pid_t)r->pid, 0);
	if (f->engine_fd >= 0 && !store_run_alive(r)) {
		close(f->engine_fd);
		f->engine_fd = -1;
	}
	return 0;
}

void
follow_close(struct follow *f)
{
	if (f->inotify_fd >= 0)
		close(f->inotify_fd);
	if (f->engine_fd >= 0)
		close(f->engine_fd);
	f->inotify_fd = f->engine_fd = -1;
}

int
follow_wait(struct follow *f, struct error *err)
{
	struct pollfd p[2] = {
		{ f->inotify_fd, POLLIN, 0 }, { f->engine_fd, POLLIN, 0 }
	};
	char events[4096];
	int rc;

	rc = poll(p, 2, f->is_fresh ? SETTLE_MS : -1);
	if (rc < 0 && errno != EINTR)
		return error_sys(err, "cannot wait");
	f->is_fresh = rc > 0;
	if (p[1].revents) {
		close(f->engine_fd);
		f->engine_fd = -1;
	}
	while (read(f->inotify_fd, events, sizeof(events)) > 0)
		;
	return 0;
}
