/*
 * The event loop and its threads.
 */
#include "base/base.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/strbuf.h"
#include "sys/loop.h"
#include "sys/pool.h"
#include "tap.h"

/* A clock that tests set. */
struct fake_clock {
	struct clock clock;
	int64_t now_ns;
};

static int64_t
fake_now(struct clock *c)
{
	return ((struct fake_clock *)c)->now_ns;
}

static struct fake_clock fake = { { fake_now, fake_now }, 1000 };

static struct loop *
make_loop(struct clock *clock)
{
	struct error err = ERROR_INIT;
	struct loop *l = loop_new(clock, &err);

	if (!l)
		bug("%s", err.text);
	return l;
}

static void
turn(struct loop *l, bool block)
{
	struct error err = ERROR_INIT;

	if (loop_turn(l, block, &err) < 0)
		bug("%s", err.text);
}

/* ---- descriptors ---- */

struct pipe_end {
	struct loop *loop;
	struct loop_watch watch;
	int fds[2];
	int calls;
	struct pipe_end *other; /* to be removed when this is called */
};

static void
on_readable(void *data, uint32_t events)
{
	struct pipe_end *p = data;

	(void)events;
	p->calls++;
	if (p->other)
		loop_watch_remove(p->loop, &p->other->watch);
}

static void
open_pipe(struct pipe_end *p, struct loop *l)
{
	memset(p, 0, sizeof(*p));
	p->loop = l;
	p->watch = (struct loop_watch)LOOP_WATCH_INIT;
	if (pipe(p->fds) < 0 ||
	    loop_watch_add(l, &p->watch, p->fds[0], EPOLLIN, on_readable, p,
			   NULL) < 0)
		bug("no pipe");
}

static void
close_pipe(struct pipe_end *p)
{
	loop_watch_remove(p->loop, &p->watch);
	close(p->fds[0]);
	close(p->fds[1]);
}

static void
test_watches(void)
{
	struct loop *l = make_loop(&clock_system);
	struct loop_watch bad = LOOP_WATCH_INIT;
	struct error err = ERROR_INIT;
	struct pipe_end a, b;
	int copy;

	open_pipe(&a, l);
	open_pipe(&b, l);
	turn(l, false);
	ok(!a.calls, "a descriptor with nothing to read is silent");
	write(a.fds[1], "x", 1);
	turn(l, true);
	ok(a.calls == 1 && !b.calls, "a readable descriptor is told");
	turn(l, false);
	is_int(a.calls, 2, "as long as it is readable");
	loop_watch_set(l, &a.watch, 0);
	turn(l, false);
	is_int(a.calls, 2, "unless nobody wants to know");
	loop_watch_set(l, &a.watch, EPOLLIN);
	a.calls = 0;
	write(b.fds[1], "x", 1);
	a.other = &b;
	b.other = &a;
	turn(l, true);
	is_int(a.calls + b.calls, 1, "a removed watch gets no event any more");
	a.other = b.other = NULL;
	close_pipe(&a);
	close_pipe(&b);
	open_pipe(&a, l);
	copy = dup(a.fds[0]);
	write(a.fds[1], "x", 1);
	close_pipe(&a);
	turn(l, false);
	is_int(a.calls, 0, "not even while a copy of it is open");
	close(copy);
	open_pipe(&a, l);
	write(a.fds[1], "x", 1);
	loop_watch_close(l, &a.watch);
	turn(l, false);
	ok(!a.calls && a.watch.fd < 0 && fcntl(a.fds[0], F_GETFD) < 0,
	   "a watch can be closed with its descriptor");
	close(a.fds[1]);
	is_int(loop_watch_add(l, &bad, 12345, EPOLLIN, on_readable, NULL,
			      &err), -1, "what is not open is not watched");
	is_int(bad.fd, -1, "and stays so");
	loop_watch_remove(l, &bad);
	error_release(&err);
	loop_free(l);
}

/* A callback that replaces its own watch by another. */
static void
on_replace(void *data, uint32_t events)
{
	struct pipe_end *p = data;

	(void)events;
	p->calls++;
	loop_watch_remove(p->loop, &p->watch);
	loop_watch_add(p->loop, &p->other->watch, p->other->fds[0], EPOLLIN,
		       on_readable, p->other, NULL);
}

static void
test_replacing(void)
{
	struct loop *l = make_loop(&clock_system);
	struct pipe_end a, b;

	open_pipe(&a, l);
	open_pipe(&b, l);
	loop_watch_remove(l, &a.watch);
	loop_watch_remove(l, &b.watch);
	loop_watch_add(l, &a.watch, a.fds[0], EPOLLIN, on_replace, &a, NULL);
	a.other = &b;
	write(a.fds[1], "x", 1);
	turn(l, true);
	turn(l, false);
	ok(a.calls == 1 && !b.calls, "a new watch in an old slot is quiet");
	write(b.fds[1], "x", 1);
	turn(l, true);
	is_int(b.calls, 1, "until it has events of its own");
	close_pipe(&a);
	close_pipe(&b);
	loop_free(l);
}

/* ---- timers ---- */

static struct strbuf fired = STRBUF_INIT;
static char letters[][2] = { "a", "b", "c", "d", "e" };
static struct loop *timer_loop;
static struct loop_timer endless = LOOP_TIMER_INIT;

static void
on_timer(void *data)
{
	strbuf_adds(&fired, data);
}

static void
on_endless(void *data)
{
	on_timer(data);
	loop_timer_start(timer_loop, &endless, 0, on_endless, data);
}

static void
test_timers(void)
{
	struct loop_timer t[4] = { LOOP_TIMER_INIT };
	struct loop *l = make_loop(&fake.clock);
	int64_t then;

	timer_loop = l;
	loop_timer_start(l, &t[0], 1300, on_timer, letters[2]);
	loop_timer_start(l, &t[1], 1100, on_timer, letters[0]);
	loop_timer_start(l, &t[2], 1200, on_timer, letters[1]);
	loop_timer_start(l, &t[3], 1150, on_timer, letters[4]);
	turn(l, false);
	is_str(fired.buf, "", "no timer runs before its time");
	loop_timer_stop(l, &t[3]);
	loop_timer_stop(l, &t[3]);
	fake.now_ns = 1200;
	turn(l, true);
	is_str(fired.buf, "ab", "those due run in order, once");
	loop_timer_start(l, &t[0], 1400, on_timer, letters[3]);
	fake.now_ns = 1350;
	turn(l, false);
	is_str(fired.buf, "ab", "a running timer can be moved");
	fake.now_ns = 1400;
	turn(l, true);
	is_str(fired.buf, "abd", "and runs then");
	strbuf_reset(&fired);
	on_endless(letters[4]);
	turn(l, true);
	turn(l, true);
	is_str(fired.buf, "eee", "one that is always due runs once a turn");
	loop_timer_stop(l, &endless);
	strbuf_reset(&fired);
	loop_timer_start(l, &t[0], loop_now_ns(l) + 100, on_timer, letters[0]);
	fake.now_ns += 50;
	then = loop_now_ns(l);
	fake.now_ns += 1000;
	loop_skip_since(l, then);
	turn(l, false);
	fake.now_ns += 49;
	turn(l, false);
	is_str(fired.buf, "", "time that is skipped is none for timers");
	fake.now_ns += 1;
	turn(l, true);
	is_str(fired.buf, "a", "who wait for the rest of theirs");
	strbuf_release(&fired);
	loop_free(l);
}

enum { MANY = 500 };

static int64_t last_ns;
static bool ordered = true;
static int run_count;

static void
check_order(void *data)
{
	struct loop_timer *t = data;

	ordered &= t->at_ns >= last_ns;
	last_ns = t->at_ns;
	run_count++;
}

static void
test_many_timers(void)
{
	static struct loop_timer timers[MANY];
	struct loop *l = make_loop(&fake.clock);
	unsigned seed = 1;
	int i;

	for (i = 0; i < MANY; i++) {
		seed = seed * 1103515245 + 12345;
		loop_timer_start(l, &timers[i], seed / 65536 % 1000,
				 check_order, &timers[i]);
	}
	for (i = 0; i < MANY; i += 3)
		loop_timer_stop(l, &timers[i]);
	turn(l, true);
	is_int(run_count, MANY - (MANY + 2) / 3, "many timers run");
	ok(ordered, "in order");
	loop_free(l);
}

static void
test_real_time(void)
{
	struct loop *l = make_loop(&clock_system);
	int64_t began = clock_monotonic_ns(&clock_system), at;
	struct loop_timer t = LOOP_TIMER_INIT;
	int turns = 0;

	at = began + NS_PER_MS * 5 / 2;
	loop_timer_start(l, &t, at, on_timer, letters[0]);
	while (t.position) {
		turn(l, true);
		turns++;
	}
	strbuf_release(&fired);
	ok(clock_monotonic_ns(&clock_system) >= at, "a timer waits its time");
	ok(turns <= 2, "in one turn, without a busy loop (%d)", turns);
	loop_free(l);
}

/* ---- children and signals ---- */

struct ended {
	int count;
	int status;
	long max_rss;
};

static void
on_end(void *data, int status, const struct rusage *usage)
{
	struct ended *e = data;

	e->count++;
	e->status = status;
	e->max_rss = usage->ru_maxrss;
}

/* A child that ends with STATUS when FD, if any, is closed. */
static pid_t
fork_child(int status, int *fds)
{
	pid_t pid = fork();
	char byte;

	if (pid)
		return pid;
	if (fds) {
		close(fds[1]);
		if (read(fds[0], &byte, 1) < 0)
			_exit(1);
	}
	_exit(status);
}

static void
test_children(void)
{
	struct loop *l = make_loop(&clock_system);
	struct ended e[20] = { { 0 } };
	siginfo_t info;
	bool all = true;
	int fds[2];
	pid_t pid;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(e); i++)
		loop_child_add(l, fork_child((int)i, NULL), on_end, &e[i]);
	fork_child(0, NULL); /* an orphan, as it were */
	while (!waitid(P_ALL, 0, &info, WEXITED | WNOWAIT))
		turn(l, false);
	for (i = 0; i < ARRAY_SIZE(e); i++)
		all &= e[i].count == 1 && WEXITSTATUS(e[i].status) == (int)i;
	ok(all, "each child's end is told once, with its status");
	ok(e[3].max_rss > 0, "and what it used");
	is_int(waitpid(-1, NULL, WNOHANG), -1, "others are reaped silently");
	if (pipe(fds) < 0)
		bug("no pipe");
	memset(e, 0, sizeof(e));
	pid = fork_child(0, fds);
	loop_child_add(l, pid, on_end, &e[0]);
	close(fds[0]);
	turn(l, false);
	is_int(e[0].count, 0, "a running child has not ended");
	kill(pid, SIGKILL);
	while (!e[0].count)
		turn(l, true);
	ok(WIFSIGNALED(e[0].status) && WTERMSIG(e[0].status) == SIGKILL,
	   "a killed child has");
	close(fds[1]);
	loop_free(l);
}

/* Its first child ended before the loop was made, unseen by any signalfd, and
 * whoever started us ignored SIGCHLD until then. */
static void
test_early_child(void)
{
	struct ended e = { 0 };
	siginfo_t info;
	struct loop *l;
	pid_t pid;

	pid = fork_child(5, NULL);
	waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT);
	signal(SIGCHLD, SIG_IGN);
	l = make_loop(&clock_system);
	loop_child_add(l, pid, on_end, &e);
	turn(l, true);
	is_int(WEXITSTATUS(e.status), 5, "an early child's end is told");
	e.count = 0;
	loop_child_add(l, fork_child(6, NULL), on_end, &e);
	while (!e.count)
		turn(l, true);
	is_int(WEXITSTATUS(e.status), 6, "even if SIGCHLD was ignored");
	loop_free(l);
}

static int last_signal;

static void
on_signal(void *data, int signo)
{
	(void)data;
	last_signal = signo;
}

static void
test_signals(void)
{
	struct loop *l;
	sigset_t mask;

	l = make_loop(&clock_system);
	loop_signal_add(l, SIGUSR1, on_signal, NULL);
	loop_signal_add(l, SIGTERM, on_signal, NULL);
	kill(getpid(), SIGTERM);
	turn(l, true);
	is_int(last_signal, SIGTERM, "a signal is told");
	signal(SIGHUP, SIG_IGN);
	loop_signal_add(l, SIGHUP, on_signal, NULL);
	kill(getpid(), SIGHUP);
	turn(l, false);
	is_int(last_signal, SIGTERM, "an ignored one stays ignored");
	signal(SIGHUP, SIG_DFL);
	loop_free(l);
	sigprocmask(SIG_BLOCK, NULL, &mask);
	ok(!sigismember(&mask, SIGTERM) && !sigismember(&mask, SIGCHLD),
	   "a loop's end brings the signal mask back");
}

/* ---- threads ---- */

struct job {
	struct pool_job pool_job; /* first */
	pthread_t worker;
	bool masked;
	int *done;
	struct pool *pool;
	struct job *next;
};

static void
work(struct pool_job *j)
{
	struct job *job = (struct job *)j;
	sigset_t mask;

	job->worker = pthread_self();
	pthread_sigmask(SIG_BLOCK, NULL, &mask);
	job->masked = sigismember(&mask, SIGTERM) &&
		      sigismember(&mask, SIGINT);
}

static void
done(struct pool_job *j)
{
	struct job *job = (struct job *)j;

	++*job->done;
	if (job->next)
		pool_submit(job->pool, &job->next->pool_job);
}

static void
test_pool(void)
{
	struct loop *l = make_loop(&clock_system);
	struct pool *p = pool_new(l, NULL);
	struct job jobs[200], more;
	bool away = true, masked = true;
	int count = 0;
	size_t i;

	more = (struct job){ { work, done, NULL }, 0, false, &count, p, NULL };
	for (i = 0; i < ARRAY_SIZE(jobs); i++) {
		jobs[i] = more;
		jobs[i].next = i ? NULL : &more;
		pool_submit(p, &jobs[i].pool_job);
	}
	is_int(count, 0, "nothing is done before a turn");
	while (count <= (int)ARRAY_SIZE(jobs))
		turn(l, true);
	for (i = 0; i < ARRAY_SIZE(jobs); i++) {
		away &= !pthread_equal(jobs[i].worker, pthread_self());
		masked &= jobs[i].masked;
	}
	ok(away, "jobs are done on other threads");
	ok(masked, "in which signals are blocked");
	is_int(count, (int)ARRAY_SIZE(jobs) + 1, "a job's end may hand in one");
	for (i = 0; i < ARRAY_SIZE(jobs); i++) {
		jobs[i].next = NULL;
		pool_submit(p, &jobs[i].pool_job);
	}
	pool_free(p);
	ok(true, "a pool can end with jobs waiting");
	p = pool_new(l, NULL);
	pool_free(p);
	ok(true, "or without any");
	loop_free(l);
}

int
main(void)
{
	test_watches();
	test_replacing();
	test_timers();
	test_many_timers();
	test_real_time();
	test_children();
	test_early_child();
	test_signals();
	test_pool();
	return done_testing();
}
