/*
 * Leases.  Who gave some back writes a byte to the file; who waits watches it
 * (inotify(7)), and sees the process that held a lease end, too: its
 * descriptor is closed.  Nothing is held while waiting, so two runs cannot
 * wait for each other.  A change may go unseen: on another machine, where no
 * more files can be watched, or because the kernel tells that a descriptor was
 * closed before it removes the locks.  So who waits tries again by and by.
 *
 * A run that is alone in the project need not lock what its tasks lease: two
 * calls for each file, and very many for a task that reads all files of a wide
 * fan-out.  It is alone as long as it has the byte ALONE for itself.  Others
 * have that byte for sharing, or wait for it and have leased nothing:
 *
 *   The one that is alone makes a fifo, and reads it, so that who comes later,
 *   and does not get the byte, can ask by writing to that.  The first then
 *   locks all that it has leased, which nobody else can have locked, and only
 *   then lets the byte be shared and writes to the file.  It also does when it
 *   has made the fifo.  Who asks began to watch before it tried, so it tries
 *   again: now, or when the first has ended and with it its locks.  The fifo is
 *   there as long as one is alone: many a tool cannot copy such a thing.
 *
 * To close what watches files takes 15 ms, which only those pay who waited.
 * It never becomes alone again.  Who leases, then, is alone, or it and all
 * others that lease have locked what they leased.
 */
#include "base/base.h"

#include "sched/leases.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "model/graph.h"
#include "sched/file-locks.h"
#include "sys/lock.h"
#include "sys/loop.h"

#define ALONE FILE_LOCKS_SPARE /* the byte */
#define ASK_PATH STORE_DIR "/ask" /* the fifo */

enum standing {
	STANDING_JOINING, /* may lease nothing yet */
	STANDING_ALONE,
	STANDING_AMONG,
};

/* How long who waits hears nothing before it tries again. */
#define AGAIN_NS NS_PER_S
enum { UNANSWERED_MAX = 2 };     /* before the user is told */

/* Somebody who waits. */
struct waiter {
	void (*ready)(void *data);
	void *data;
};

struct leases {
	struct loop *loop;
	struct file_locks locks;
	bool is_local;           /* no other machine sees the file */
	bool changed;            /* nobody was told yet */
	enum standing standing;
	bool failed;             /* to join: who wants a lease learns why */
	unsigned unanswered;     /* how often nothing was heard */
	void (*silent)(void *data);
	void *data;
	struct lease *held;      /* all, the last first */
	struct loop_watch asked; /* of the fifo, while alone */
	struct loop_watch watch; /* of the inotify descriptor, if any */
	bool is_watching;        /* what that tells */
	struct waiter *waiters;
	size_t waiter_count;
	size_t waiter_alloc;
	struct loop_timer again; /* while somebody waits */
};

/* Read all that is there, so that it is not seen again. */
static void
drain(int fd)
{
	char buffer[4096];

	while (read(fd, buffer, sizeof(buffer)) > 0)
		;
}

/* ---- asking ---- */

static void
on_asked(void *data, uint32_t events)
{
	struct leases *l = data;

	(void)events;
	drain(l->asked.fd);
	leases_share(l);
}

/* Hear who asks, if that is possible here. */
static bool
listen_to_others(struct leases *l)
{
	const int flags = O_RDWR | O_NONBLOCK | O_CLOEXEC;
	int fd = open(ASK_PATH, flags);

	if (fd < 0 && errno == ENOENT && !mkfifo(ASK_PATH, 0666))
		fd = open(ASK_PATH, flags);
	if (fd < 0)
		return false;
	if (loop_watch_add(l->loop, &l->asked, fd, EPOLLIN, on_asked, l,
			   NULL)) {
		close(fd);
		return false;
	}
	return true;
}

static void
stop_listening(struct leases *l)
{
	unlink(ASK_PATH);
	loop_watch_close(l->loop, &l->asked);
}

/* Ask the one that is alone to share.  If that fails it is done again. */
static void
ask(void)
{
	int fd = open(ASK_PATH, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return;
	n = write(fd, "", 1);
	(void)n;
	close(fd);
}

/* ---- watching ---- */

static void on_change(void *data, uint32_t events);

/* Be told of changes, if that is possible. */
static void
watch(struct leases *l)
{
	int fd = l->watch.fd;

	if (fd >= 0) {
		drain(fd);
		loop_watch_set(l->loop, &l->watch, EPOLLIN);
	} else {
		fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
		if (fd < 0)
			return;
		if (inotify_add_watch(fd, FILE_LOCKS_PATH,
				      IN_MODIFY | IN_CLOSE_WRITE) < 0 ||
		    loop_watch_add(l->loop, &l->watch, fd, EPOLLIN, on_change,
				   l, NULL)) {
			close(fd);
			return;
		}
	}
	l->is_watching = true;
}

/* Be told no more.  The descriptor is kept: to close it takes long. */
static void
stop_watching(struct leases *l)
{
	if (l->is_watching)
		loop_watch_set(l->loop, &l->watch, 0);
	l->is_watching = false;
}

/* ---- those who wait ---- */

static void on_again(void *data);

static void
start_again(struct leases *l)
{
	loop_timer_start(l->loop, &l->again, loop_now_ns(l->loop) + AGAIN_NS,
			 on_again, l);
}

static void
wait_ready(struct leases *l, void (*ready)(void *data), void *data)
{
	if (!l->waiter_count)
		start_again(l);
	ARRAY_GROW(l->waiters, l->waiter_count, l->waiter_alloc);
	l->waiters[l->waiter_count].ready = ready;
	l->waiters[l->waiter_count++].data = data;
}

static void
wake_waiters(struct leases *l)
{
	struct waiter *waiters = l->waiters;
	size_t count = l->waiter_count, i;

	loop_timer_stop(l->loop, &l->again);
	l->waiters = NULL;
	l->waiter_count = l->waiter_alloc = 0;
	for (i = 0; i < count; i++)
		waiters[i].ready(waiters[i].data);
	free(waiters);
}

/* ---- alone or among others ---- */

/* Try to be the one that is alone, or one among others. */
static int
join(struct leases *l, struct error *err)
{
	int got = 0;

	if (l->is_local)
		got = file_locks_set(&l->locks, ALONE, F_WRLCK, err);
	if (got < 0)
		return -1;
	if (got && listen_to_others(l)) {
		l->standing = STANDING_ALONE;
		l->changed = true;
		leases_announce(l);
		return 0;
	}
	if (!l->is_watching)
		watch(l);
	got = file_locks_set(&l->locks, ALONE, F_RDLCK, err);
	if (got > 0) {
		l->standing = STANDING_AMONG;
		stop_watching(l);
	} else if (!got) {
		ask();
	}
	return MIN(got, 0);
}

/* Something changed, or may have: whoever waits tries again. */
static void
try_again(struct leases *l)
{
	if (l->standing == STANDING_JOINING) {
		l->failed = join(l, NULL) < 0;
		if (!l->failed && l->standing == STANDING_JOINING)
			return;
	}
	stop_watching(l);
	wake_waiters(l);
}

static void
on_change(void *data, uint32_t events)
{
	struct leases *l = data;

	(void)events;
	drain(l->watch.fd);
	try_again(l);
}

static void
on_again(void *data)
{
	struct leases *l = data;

	try_again(l);
	if (!l->waiter_count)
		return;
	if (++l->unanswered == UNANSWERED_MAX)
		l->silent(l->data);
	start_again(l);
}

void
leases_forget(struct leases *l)
{
	loop_timer_stop(l->loop, &l->again);
	l->waiter_count = 0;
}

void
leases_share(struct leases *l)
{
	struct lease *lease, *last;
	const char *path, *does;

	if (l->standing != STANDING_ALONE)
		return;
	for (lease = l->held; lease; lease = lease->next)
		if (file_locks_take(&l->locks, lease, &path, &does, NULL) <= 0)
			break;
	if (lease || file_locks_set(&l->locks, ALONE, F_RDLCK, NULL) <= 0) {
		/* no more locks are to be had: the others ask again */
		for (last = lease, lease = l->held; lease != last;
		     lease = lease->next)
			file_locks_drop(&l->locks, lease);
		return;
	}
	l->standing = STANDING_AMONG;
	stop_listening(l);
	l->changed = true;
	leases_announce(l);
}

/* ---- the whole ---- */

struct leases *
leases_new(struct loop *loop, bool is_local, void (*silent)(void *data),
	   void *data, struct error *err)
{
	struct leases *l = xcalloc(1, sizeof(*l));

	l->loop = loop;
	l->is_local = is_local;
	l->silent = silent;
	l->data = data;
	l->asked = l->watch = (struct loop_watch)LOOP_WATCH_INIT;
	if (file_locks_open(&l->locks, err) || join(l, err)) {
		leases_free(l);
		return NULL;
	}
	return l;
}

void
leases_free(struct leases *l)
{
	if (!l)
		return;
	if (l->standing == STANDING_ALONE)
		stop_listening(l);
	loop_watch_close(l->loop, &l->watch);
	loop_timer_stop(l->loop, &l->again);
	file_locks_close(&l->locks);
	free(l->waiters);
	free(l);
}

static void
hold(struct leases *l, struct lease *lease)
{
	lease->next = l->held;
	lease->link = &l->held;
	if (l->held)
		l->held->link = &lease->next;
	l->held = lease;
}

/* Lock what LEASE names, among others. */
static int
take_among(struct leases *l, const struct lease *lease, const char **path,
	   const char **does, struct error *err)
{
	int got = file_locks_take(&l->locks, lease, path, does, err);

	if (got || l->is_watching)
		return got;
	/* it may have been given back before we watched */
	watch(l);
	return file_locks_take(&l->locks, lease, path, does, err);
}

int
leases_take(struct leases *l, struct lease *lease, const struct task *t,
	    const char *const *reads, size_t count, const char **path,
	    const char **does, void (*ready)(void *data), void *data,
	    struct error *err)
{
	int got = 1;

	*path = *does = NULL;
	*lease = (struct lease){ .reads = reads, .read_count = count,
				 .task = t };
	if (l->failed && join(l, err))
		got = -1;
	else if (l->standing == STANDING_JOINING)
		got = 0;
	else if (l->standing == STANDING_AMONG)
		got = take_among(l, lease, path, does, err);
	l->failed &= got < 0;
	if (got > 0)
		hold(l, lease);
	else
		lease->task = NULL;
	if (!got)
		wait_ready(l, ready, data);
	return got;
}

bool
leases_allow(struct leases *l, const struct task *t)
{
	struct lease lease = { .task = t };
	const char *path, *does;

	if (l->standing != STANDING_AMONG)
		return l->standing == STANDING_ALONE;
	if (file_locks_take(&l->locks, &lease, &path, &does, NULL) <= 0)
		return false;
	file_locks_drop(&l->locks, &lease);
	/* who has just found it in use tries again */
	l->changed = true;
	return true;
}

bool
leases_are_free(void)
{
	/* whoever leases has a byte of it, at least ALONE */
	return !lock_is_held(FILE_LOCKS_PATH);
}

void
leases_drop(struct leases *l, struct lease *lease)
{
	if (!lease->task)
		return;
	*lease->link = lease->next;
	if (lease->next)
		lease->next->link = lease->link;
	if (l->standing == STANDING_AMONG) {
		file_locks_drop(&l->locks, lease);
		l->changed |= lease->task->output_count || lease->read_count;
	}
	lease->task = NULL;
}

void
leases_announce(struct leases *l)
{
	if (l->changed)
		file_locks_announce(&l->locks);
	l->changed = false;
}
