/*
 * I/O threads: a queue to them, a list back, and an eventfd that wakes the
 * loop when the list was empty.
 */
#include "base/base.h"

#include "sys/pool.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/error.h"
#include "sys/loop.h"

enum { MAX_THREADS = 2 };

/* First in, first out. */
struct queue {
	struct pool_job *first;
	struct pool_job **end;
};

struct pool {
	struct loop *loop;
	struct loop_watch watch;
	int event_fd;
	pthread_t threads[MAX_THREADS];
	unsigned thread_count; /* the loop's alone */

	pthread_mutex_t mutex; /* guards all below */
	pthread_cond_t wake;
	struct queue waiting;
	struct queue finished;
	unsigned idle;    /* threads that wait */
	unsigned claimed; /* of those, how many were woken for a job */
	bool stop;
};

static void
queue_init(struct queue *q)
{
	q->first = NULL;
	q->end = &q->first;
}

static void
queue_push(struct queue *q, struct pool_job *job)
{
	job->next = NULL;
	*q->end = job;
	q->end = &job->next;
}

static struct pool_job *
queue_pop(struct queue *q)
{
	struct pool_job *job = q->first;

	if (job) {
		q->first = job->next;
		if (!q->first)
			q->end = &q->first;
	}
	return job;
}

/* Put JOB on the list back, with the mutex held. */
static void
finish(struct pool *p, struct pool_job *job)
{
	uint64_t one = 1;
	bool wake = !p->finished.first;

	queue_push(&p->finished, job);
	if (wake && write(p->event_fd, &one, sizeof(one)) < 0)
		bug("the loop cannot be woken");
}

/* A thread: take jobs until the pool stops. */
static void *
run(void *data)
{
	struct pool *p = data;
	struct pool_job *job;

	pthread_mutex_lock(&p->mutex);
	for (;;) {
		while (!p->waiting.first && !p->stop) {
			p->idle++;
			pthread_cond_wait(&p->wake, &p->mutex);
			p->idle--;
			p->claimed -= !!p->claimed;
		}
		if (p->stop)
			break;
		job = queue_pop(&p->waiting);
		pthread_mutex_unlock(&p->mutex);
		job->work(job);
		pthread_mutex_lock(&p->mutex);
		finish(p, job);
	}
	pthread_mutex_unlock(&p->mutex);
	return NULL;
}

/* Start one more thread, in which all signals are blocked: they are the
 * loop's. */
static void
start_thread(struct pool *p)
{
	sigset_t all, saved;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &saved);
	if (!pthread_create(&p->threads[p->thread_count], NULL, run, p))
		p->thread_count++;
	pthread_sigmask(SIG_SETMASK, &saved, NULL);
}

/* On the loop: the list back is not empty. */
static void
on_finished(void *data, uint32_t events)
{
	struct pool *p = data;
	struct pool_job *job, *next;
	uint64_t count;

	(void)events;
	pthread_mutex_lock(&p->mutex);
	if (read(p->event_fd, &count, sizeof(count)) < 0)
		count = 0;
	job = p->finished.first;
	queue_init(&p->finished);
	pthread_mutex_unlock(&p->mutex);
	for (; job; job = next) {
		next = job->next;
		job->done(job);
	}
}

struct pool *
pool_new(struct loop *l, struct error *err)
{
	struct pool *p = xcalloc(1, sizeof(*p));

	p->loop = l;
	p->watch = (struct loop_watch)LOOP_WATCH_INIT;
	queue_init(&p->waiting);
	queue_init(&p->finished);
	pthread_mutex_init(&p->mutex, NULL);
	pthread_cond_init(&p->wake, NULL);
	p->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (p->event_fd < 0)
		error_sys(err, "cannot make the thread pool");
	else if (!loop_watch_add(l, &p->watch, p->event_fd, EPOLLIN,
				 on_finished, p, err))
		return p;
	pool_free(p);
	return NULL;
}

void
pool_free(struct pool *p)
{
	unsigned i;

	if (!p)
		return;
	pthread_mutex_lock(&p->mutex);
	p->stop = true;
	pthread_cond_broadcast(&p->wake);
	pthread_mutex_unlock(&p->mutex);
	for (i = 0; i < p->thread_count; i++)
		pthread_join(p->threads[i], NULL);
	loop_watch_remove(p->loop, &p->watch);
	if (p->event_fd >= 0)
		close(p->event_fd);
	pthread_cond_destroy(&p->wake);
	pthread_mutex_destroy(&p->mutex);
	free(p);
}

/* Do JOB here and now; its done comes from the loop all the same. */
static void
run_here(struct pool *p, struct pool_job *job)
{
	job->work(job);
	pthread_mutex_lock(&p->mutex);
	finish(p, job);
	pthread_mutex_unlock(&p->mutex);
}

void
pool_submit(struct pool *p, struct pool_job *job)
{
	bool idle;

	pthread_mutex_lock(&p->mutex);
	idle = p->idle > p->claimed;
	pthread_mutex_unlock(&p->mutex);
	if (!idle && p->thread_count < MAX_THREADS)
		start_thread(p);
	if (!p->thread_count) {
		run_here(p, job);
		return;
	}
	pthread_mutex_lock(&p->mutex);
	queue_push(&p->waiting, job);
	if (p->idle > p->claimed) {
		p->claimed++;
		pthread_cond_signal(&p->wake);
	}
	pthread_mutex_unlock(&p->mutex);
}
