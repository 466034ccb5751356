/*
 * The event loop: one epoll_pwait2 a turn, one signalfd for all signals, and
 * one wait4 for each child that ended and one more.
 */
#include "base/base.h"

#include "sys/loop.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"

enum {
	TURN_EVENTS = 64,
	TURN_SIGNALS = 16,
	SIGNAL_SLOT = UINT32_MAX, /* the slot of the signalfd's events */
};

struct slot {
	loop_watch_fn *fn; /* NULL: the slot is free */
	void *data;
	int fd;
	uint32_t events;
	uint32_t generation; /* how many watches were here before */
	uint32_t next_free;  /* slot + 1, or 0 */
};

struct child {
	pid_t pid;
	loop_child_fn *fn;
	void *data;
};

struct handler {
	loop_signal_fn *fn;
	void *data;
};

struct loop {
	struct clock *clock;
	int64_t skipped_ns; /* while this process was stopped */
	int epoll_fd;
	int signal_fd;
	bool no_pwait2; /* Linux before 5.11: timeouts in milliseconds */
	bool must_reap; /* a child may have ended */

	struct slot *slots;
	uint32_t slot_count, slot_alloc;
	uint32_t first_free; /* slot + 1, or 0 */

	struct loop_timer **heap; /* the earliest first */
	uint32_t timer_count, timer_alloc;

	/* Searched from the end to the beginning: even thousands take less
	 * than the system call that reaps one of them. */
	struct child *children;
	uint32_t child_count, child_alloc;

	sigset_t signals;     /* those that signal_fd reads */
	sigset_t saved_mask;  /* what was blocked before */
	struct handler handlers[_NSIG];
};

/* ---- making one ---- */

/* Read the signals of L->signals through signal_fd only. */
static int
update_signals(struct loop *l)
{
	int fd = signalfd(l->signal_fd, &l->signals,
			  SFD_NONBLOCK | SFD_CLOEXEC);

	if (fd < 0)
		return -1;
	l->signal_fd = fd;
	return sigprocmask(SIG_BLOCK, &l->signals, NULL);
}

/* Let the loop see SIGCHLD; whoever started us may have ignored it, and then
 * the kernel would keep no status of any child. */
static int
watch_children(struct loop *l)
{
	struct epoll_event event = {
		.events = EPOLLIN, .data.u64 = SIGNAL_SLOT
	};
	struct sigaction action = { .sa_handler = SIG_DFL };

	sigemptyset(&l->signals);
	sigaddset(&l->signals, SIGCHLD);
	if (sigaction(SIGCHLD, &action, NULL) < 0 || update_signals(l) < 0)
		return -1;
	return epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, l->signal_fd, &event);
}

struct loop *
loop_new(struct clock *clock, struct error *err)
{
	struct loop *l = xcalloc(1, sizeof(*l));

	l->clock = clock;
	l->signal_fd = -1;
	l->must_reap = true;
	sigprocmask(SIG_BLOCK, NULL, &l->saved_mask);
	l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (l->epoll_fd < 0 || watch_children(l) < 0) {
		error_sys(err, "cannot make the event loop");
		loop_free(l);
		return NULL;
	}
	return l;
}

void
loop_free(struct loop *l)
{
	if (!l)
		return;
	if (l->signal_fd >= 0)
		close(l->signal_fd);
	if (l->epoll_fd >= 0)
		close(l->epoll_fd);
	sigprocmask(SIG_SETMASK, &l->saved_mask, NULL);
	free(l->slots);
	free(l->heap);
	free(l->children);
	free(l);
}

struct clock *
loop_clock(struct loop *l)
{
	return l->clock;
}

int64_t
loop_now_ns(const struct loop *l)
{
	return clock_monotonic_ns(l->clock) - l->skipped_ns;
}

void
loop_skip_since(struct loop *l, int64_t then_ns)
{
	l->skipped_ns += loop_now_ns(l) - then_ns;
}

/* ---- descriptors ---- */

/* A free slot's index. */
static uint32_t
take_slot(struct loop *l)
{
	uint32_t i;

	if (l->first_free) {
		i = l->first_free - 1;
		l->first_free = l->slots[i].next_free;
		return i;
	}
	ARRAY_GROW(l->slots, l->slot_count, l->slot_alloc);
	i = l->slot_count++;
	memset(&l->slots[i], 0, sizeof(l->slots[i]));
	return i;
}

static void
free_slot(struct loop *l, uint32_t i)
{
	struct slot *s = &l->slots[i];

	s->fn = NULL;
	s->generation++;
	s->next_free = l->first_free;
	l->first_free = i + 1;
}

/* Tell the kernel about slot I. */
static int
control(struct loop *l, int op, uint32_t i)
{
	struct slot *s = &l->slots[i];
	struct epoll_event event = {
		.events = s->events,
		.data.u64 = (uint64_t)s->generation << 32 | i,
	};

	return epoll_ctl(l->epoll_fd, op, s->fd, &event);
}

int
loop_watch_add(struct loop *l, struct loop_watch *w, int fd, uint32_t events,
	       loop_watch_fn *fn, void *data, struct error *err)
{
	uint32_t i;

	if (w->fd >= 0)
		bug("descriptor %d is watched already", w->fd);
	i = take_slot(l);
	l->slots[i].fn = fn;
	l->slots[i].data = data;
	l->slots[i].fd = fd;
	l->slots[i].events = events;
	if (control(l, EPOLL_CTL_ADD, i) < 0) {
		free_slot(l, i);
		return error_sys(err, "cannot watch descriptor %d", fd);
	}
	w->fd = fd;
	w->slot = i;
	return 0;
}

void
loop_watch_set(struct loop *l, struct loop_watch *w, uint32_t events)
{
	if (w->fd < 0)
		bug("events of a descriptor that is not watched");
	if (l->slots[w->slot].events == events)
		return;
	l->slots[w->slot].events = events;
	if (control(l, EPOLL_CTL_MOD, w->slot) < 0)
		bug("descriptor %d: %s", w->fd, strerror(errno));
}

void
loop_watch_remove(struct loop *l, struct loop_watch *w)
{
	if (w->fd < 0)
		return;
	if (control(l, EPOLL_CTL_DEL, w->slot) < 0)
		bug("descriptor %d was closed while watched", w->fd);
	free_slot(l, w->slot);
	w->fd = -1;
}

void
loop_watch_close(struct loop *l, struct loop_watch *w)
{
	if (w->fd < 0)
		return;
	free_slot(l, w->slot);
	close(w->fd);
	w->fd = -1;
}

/* ---- timers ---- */

static void
place(struct loop *l, uint32_t i, struct loop_timer *t)
{
	l->heap[i] = t;
	t->position = i + 1;
}

/* Put T where it belongs at I or above. */
static void
sift_up(struct loop *l, uint32_t i, struct loop_timer *t)
{
	uint32_t parent;

	for (; i; i = parent) {
		parent = (i - 1) / 2;
		if (l->heap[parent]->at_ns <= t->at_ns)
			break;
		place(l, i, l->heap[parent]);
	}
	place(l, i, t);
}

/* Put T where it belongs at I or below. */
static void
sift_down(struct loop *l, uint32_t i, struct loop_timer *t)
{
	uint32_t c;

	for (;; i = c) {
		c = 2 * i + 1;
		if (c >= l->timer_count)
			break;
		if (c + 1 < l->timer_count &&
		    l->heap[c + 1]->at_ns < l->heap[c]->at_ns)
			c++;
		if (t->at_ns <= l->heap[c]->at_ns)
			break;
		place(l, i, l->heap[c]);
	}
	place(l, i, t);
}

void
loop_timer_start(struct loop *l, struct loop_timer *t, int64_t at_ns,
		 void (*fn)(void *data), void *data)
{
	loop_timer_stop(l, t);
	t->at_ns = at_ns;
	t->fn = fn;
	t->data = data;
	ARRAY_GROW(l->heap, l->timer_count, l->timer_alloc);
	sift_up(l, l->timer_count++, t);
}

void
loop_timer_stop(struct loop *l, struct loop_timer *t)
{
	struct loop_timer *last;
	uint32_t i;

	if (!t->position)
		return;
	i = t->position - 1;
	t->position = 0;
	last = l->heap[--l->timer_count];
	if (last == t)
		return;
	if (i && last->at_ns < l->heap[(i - 1) / 2]->at_ns)
		sift_up(l, i, last);
	else
		sift_down(l, i, last);
}

/* Run the timers that are due, as many at most as there are now: one that
 * starts itself again for the past must not hold up the rest. */
static void
run_timers(struct loop *l)
{
	uint32_t budget = l->timer_count;
	struct loop_timer *t;
	int64_t now;

	if (!budget)
		return;
	now = loop_now_ns(l);
	while (budget-- && l->timer_count && l->heap[0]->at_ns <= now) {
		t = l->heap[0];
		loop_timer_stop(l, t);
		t->fn(t->data);
	}
}

/* ---- children and signals ---- */

void
loop_child_add(struct loop *l, pid_t pid, loop_child_fn *fn, void *data)
{
	ARRAY_GROW(l->children, l->child_count, l->child_alloc);
	l->children[l->child_count++] = (struct child){ pid, fn, data };
}

void
loop_child_remove(struct loop *l, pid_t pid)
{
	for (uint32_t i = 0; i < l->child_count; i++)
		if (l->children[i].pid == pid) {
			l->children[i] = l->children[--l->child_count];
			return;
		}
}

/* PID was reaped: tell whom it concerns, if it is not an orphan. */
static void
child_ended(struct loop *l, pid_t pid, int status, const struct rusage *usage)
{
	uint32_t i = l->child_count;
	struct child c;

	while (i && l->children[i - 1].pid != pid)
		i--;
	if (!i)
		return;
	c = l->children[i - 1];
	l->children[i - 1] = l->children[--l->child_count];
	c.fn(c.data, status, usage);
}

/* Reap all children that have ended. */
static void
reap(struct loop *l)
{
	struct rusage usage;
	int status;
	pid_t pid;

	l->must_reap = false;
	for (;;) {
		pid = wait4(-1, &status, WNOHANG, &usage);
		if (pid < 0 && errno == EINTR)
			continue;
		if (pid <= 0)
			return;
		child_ended(l, pid, status, &usage);
	}
}

void
loop_signal_add(struct loop *l, int signo, loop_signal_fn *fn, void *data)
{
	struct sigaction action;

	if (signo <= 0 || signo >= _NSIG || signo == SIGCHLD)
		bug("signal %d is not for handlers", signo);
	if (!sigaction(signo, NULL, &action) && action.sa_handler == SIG_IGN)
		return;
	l->handlers[signo] = (struct handler){ fn, data };
	sigaddset(&l->signals, signo);
	if (update_signals(l) < 0)
		bug("signal %d: %s", signo, strerror(errno));
}

bool
loop_signal_waits(const struct loop *l)
{
	sigset_t come, ours = l->signals, both;

	sigdelset(&ours, SIGCHLD);
	return !sigpending(&come) && !sigandset(&both, &come, &ours) &&
	       !sigisemptyset(&both);
}

/* Take what signals have come. */
static void
read_signals(struct loop *l)
{
	struct signalfd_siginfo infos[TURN_SIGNALS];
	struct handler *h;
	ssize_t n;
	int i, signo;

	n = read(l->signal_fd, infos, sizeof(infos));
	for (i = 0; i < (int)(n / (ssize_t)sizeof(*infos)); i++) {
		signo = (int)infos[i].ssi_signo;
		h = &l->handlers[signo];
		if (signo == SIGCHLD)
			l->must_reap = true;
		else if (h->fn)
			h->fn(h->data, signo);
	}
}

/* ---- turns ---- */

/* How long a turn may wait, in nanoseconds; -1 without limit. */
static int64_t
wait_limit_ns(struct loop *l, bool block)
{
	int64_t ns;

	if (!block || l->must_reap)
		return 0;
	if (!l->timer_count)
		return -1;
	ns = l->heap[0]->at_ns - loop_now_ns(l);
	return MAX(ns, 0);
}

/* epoll_wait for at most LIMIT_NS.  Milliseconds are rounded up: rounded
 * down, the last one before a timer is due would be spent in a busy loop. */
static int
wait_events(struct loop *l, struct epoll_event *events, int64_t limit_ns)
{
	struct timespec ts = { limit_ns / NS_PER_S, limit_ns % NS_PER_S };
	int64_t ms = -1;
	int n;

	if (!l->no_pwait2) {
		n = epoll_pwait2(l->epoll_fd, events, TURN_EVENTS,
				 limit_ns < 0 ? NULL : &ts, NULL);
		if (n >= 0 || (errno != ENOSYS && errno != EPERM))
			return n;
		l->no_pwait2 = true;
	}
	if (limit_ns >= 0)
		ms = limit_ns / NS_PER_MS + !!(limit_ns % NS_PER_MS);
	return epoll_wait(l->epoll_fd, events, TURN_EVENTS,
			  (int)MIN(ms, INT32_MAX));
}

/* Hand EVENT to its watch, if that has not been removed meanwhile. */
static void
deliver(struct loop *l, const struct epoll_event *event)
{
	uint32_t i = event->data.u64 & UINT32_MAX;
	struct slot *s;

	if (i == SIGNAL_SLOT) {
		read_signals(l);
		return;
	}
	s = &l->slots[i];
	if (s->fn && s->generation == event->data.u64 >> 32)
		s->fn(s->data, event->events);
}

int
loop_turn(struct loop *l, bool block, struct error *err)
{
	struct epoll_event events[TURN_EVENTS];
	int n, i;

	n = wait_events(l, events, wait_limit_ns(l, block));
	if (n < 0 && errno != EINTR)
		return error_sys(err, "cannot wait for events");
	for (i = 0; i < n; i++)
		deliver(l, &events[i]);
	if (l->must_reap)
		reap(l);
	run_timers(l);
	return 0;
}
