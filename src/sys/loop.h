/*
 * The event loop: descriptors (epoll), timers, signals and children.  It has
 * one thread; others reach it through sys/pool.h only.  Callbacks run from
 * loop_turn() and may add or remove any watch, timer or child, their own
 * included: events carry slot and generation, so that one of a removed watch
 * is never delivered.
 */
#ifndef FLOWMAKE_SYS_LOOP_H
#define FLOWMAKE_SYS_LOOP_H

#include <sys/resource.h>
#include <sys/types.h>

#include "base/base.h"

struct clock;
struct error;
struct loop;

/* Blocks SIGCHLD; loop_free brings back the signal mask that was before. */
struct loop *loop_new(struct clock *clock, struct error *err);
void loop_free(struct loop *l);
struct clock *loop_clock(struct loop *l);

/* The time that timers go by: the monotonic clock's, less that which was
 * skipped. */
int64_t loop_now_ns(const struct loop *l);
/* Skip the time since THEN_NS, in which this process was stopped. */
void loop_skip_since(struct loop *l, int64_t then_ns);

/* ---- descriptors ---- */

struct loop_watch {
	int fd;            /* -1: not watched */
	uint32_t slot;     /* set by the loop */
};
#define LOOP_WATCH_INIT { -1, 0 }

/* EVENTS as of epoll_ctl: EPOLLIN, EPOLLOUT; level-triggered. */
typedef void loop_watch_fn(void *data, uint32_t events);
int loop_watch_add(struct loop *l, struct loop_watch *w, int fd,
		   uint32_t events, loop_watch_fn *fn, void *data,
		   struct error *err);
void loop_watch_set(struct loop *l, struct loop_watch *w, uint32_t events);
/* Stop watching; call before closing the descriptor.  Does nothing when it
 * was not watched. */
void loop_watch_remove(struct loop *l, struct loop_watch *w);
/* Stop watching and close the descriptor, of which no process has a copy: then
 * the kernel need not be told. */
void loop_watch_close(struct loop *l, struct loop_watch *w);

/* ---- timers ---- */

struct loop_timer {
	int64_t at_ns;     /* by loop_now_ns() */
	uint32_t position; /* in the heap + 1; 0: not running */
	void (*fn)(void *data);
	void *data;
};
#define LOOP_TIMER_INIT { 0, 0, NULL, NULL }

/* Run FN once at AT_NS; a running timer is moved. */
void loop_timer_start(struct loop *l, struct loop_timer *t, int64_t at_ns,
		      void (*fn)(void *data), void *data);
void loop_timer_stop(struct loop *l, struct loop_timer *t);

/* ---- children and signals ---- */

/* Tell FN once how PID, a child of this process, ended.  SIGCHLD is read
 * through a signalfd and children are reaped by wait4(-1): measured 10 to
 * 20 us cheaper a task than a pidfd each, and the orphans of tasks, which
 * come to us as their subreaper, are reaped on the way.  Until FN is called
 * PID is not reaped, so it may be signalled. */
typedef void loop_child_fn(void *data, int wait_status,
			   const struct rusage *usage);
void loop_child_add(struct loop *l, pid_t pid, loop_child_fn *fn, void *data);
/* Tell nobody of PID's end after all; it is still reaped. */
void loop_child_remove(struct loop *l, pid_t pid);

/* Block SIGNO and have it call FN from loop_turn().  One that is ignored (by
 * nohup, or in the background of a script) stays ignored. */
typedef void loop_signal_fn(void *data, int signo);
void loop_signal_add(struct loop *l, int signo, loop_signal_fn *fn,
		     void *data);
/* Whether a signal has come of which its handler will be told in the next
 * turn. */
bool loop_signal_waits(const struct loop *l);

/* ---- turns ---- */

/* Wait for events, with no limit when BLOCK and nothing is due, and run their
 * callbacks.  Returns -1 when the kernel refuses. */
int loop_turn(struct loop *l, bool block, struct error *err);

#endif
