/*
 * Subreapers, and the end of all processes below.
 *
 * Killing works in sweeps: SIGKILL to each child that can be found, then wait
 * until one has ended.  By the time that it can be reaped its own children
 * have come to us, so the next sweep finds them; when no child is left there
 * is no descendant either.  One that forks and exits all the time would
 * always be gone before the signal comes, so the whole process group is
 * killed: a fork during that fails in the kernel.
 */
#include "base/base.h"

#include "sys/reaper.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "sys/frame.h"

enum {
	/* How often nothing may be found although there is a child, before
	 * we let it be: a process may move while we read the list, or /proc
	 * may hide it. */
	MAX_EMPTY_SWEEPS = 100,
};

struct sweep {
	unsigned found;
	unsigned signalled; /* of them; others belong to another user */
};

int
reaper_become(struct error *err)
{
	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
		return error_sys(err, "cannot become a subreaper");
	return 0;
}

/* ---- finding children ---- */

/* Whether all processes of group GROUP, in SESSION, are descendants of ours:
 * a session that we have not begun may hold others. */
static bool
is_below(pid_t group, pid_t session)
{
	return group > 1 && group != getpgrp() && session > 0 &&
	       (session != getsid(0) || session == getpid());
}

/* Kill child PID, with its process group if we may. */
static void
kill_child(struct sweep *s, pid_t pid)
{
	pid_t group = getpgid(pid), session = getsid(pid);

	s->found++;
	if (!kill(pid, SIGKILL))
		s->signalled++;
	if (is_below(group, session))
		kill(-group, SIGKILL);
}

/* Kill what NAME, a "children" file of /proc, lists.  Returns false when
 * this kernel has none. */
static bool
kill_listed(struct sweep *s, const char *name)
{
	FILE *f = fopen(name, "re");
	long pid;

	if (!f)
		return false;
	while (fscanf(f, "%ld", &pid) == 1)
		kill_child(s, (pid_t)pid);
	fclose(f);
	return true;
}

/* Whether NAME, an entry of a directory in /proc, is a number. */
static bool
is_number(const char *name)
{
	return *name && !name[strspn(name, "0123456789")];
}

/* Ask the kernel for the children of each of our threads. */
static bool
sweep_children(struct sweep *s)
{
	DIR *dir = opendir("/proc/self/task");
	struct dirent *e;
	char name[64];
	bool known = false;

	if (!dir)
		return false;
	while ((e = readdir(dir))) {
		if (!is_number(e->d_name))
			continue;
		snprintf(name, sizeof(name), "/proc/self/task/%.20s/children",
			 e->d_name);
		known |= kill_listed(s, name);
	}
	closedir(dir);
	return known;
}

/* The parent of process NAME; 0 when it is gone. */
static pid_t
parent_of(const char *name)
{
	char path[64], stat[512], *end;
	size_t len = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%.20s/stat", name);
	f = fopen(path, "re");
	if (f) {
		len = fread(stat, 1, sizeof(stat) - 1, f);
		fclose(f);
	}
	stat[len] = '\0';
	/* "PID (NAME) STATE PPID", and the name may hold anything. */
	end = strrchr(stat, ')');
	if (!end || strlen(end) < 4)
		return 0;
	return (pid_t)strtol(end + 3, NULL, 10);
}

/* Look at all processes there are. */
static void
sweep_proc(struct sweep *s)
{
	DIR *dir = opendir("/proc");
	pid_t self = getpid();
	struct dirent *e;

	if (!dir)
		return;
	while ((e = readdir(dir)))
		if (is_number(e->d_name) && parent_of(e->d_name) == self)
			kill_child(s, (pid_t)strtol(e->d_name, NULL, 10));
	closedir(dir);
}

/* ---- killing them ---- */

/* Reap what has ended.  Returns how many, or -1 when no child is left. */
static int
reap_ended(void)
{
	int count = 0;
	pid_t pid;

	for (;;) {
		pid = waitpid(-1, NULL, WNOHANG);
		if (pid > 0)
			count++;
		else if (!pid)
			return count;
		else if (errno != EINTR)
			return -1;
	}
}

/* Wait until a child has ended, and reap it. */
static void
reap_one(void)
{
	while (waitpid(-1, NULL, 0) < 0 && errno == EINTR)
		;
}

void
reaper_kill_all(void)
{
	unsigned empty_sweeps = 0;
	struct sweep s;
	int reaped;

	for (;;) {
		reaped = reap_ended();
		if (reaped < 0)
			return;
		memset(&s, 0, sizeof(s));
		if (!sweep_children(&s))
			sweep_proc(&s);
		if (s.signalled) {
			reap_one();
			empty_sweeps = 0;
		} else if (!reaped && (s.found ||
				       ++empty_sweeps > MAX_EMPTY_SWEEPS)) {
			/* What is left is not ours to kill (sudo). */
			return;
		}
	}
}

/* ---- the guardian ---- */

static const int forwarded[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1,
				 SIGCONT, SIGTSTP };

/* By which the worker tells its guardian that it has stopped. */
enum { SIG_STOPPED = SIGUSR2 };

/* In the worker.  What is sent on the socket is never read: until the guardian
 * is gone it is under way, and what is under way stays open. */
static pid_t guardian_pid;
static int guardian_fd = -1;

/* Block what the guardian waits for: SIGCHLD, SIG_STOPPED, and what is to be
 * passed on; but leave alone what nohup or a script had us ignore. */
static void
block_signals(sigset_t *set, sigset_t *saved)
{
	struct sigaction action = { .sa_handler = SIG_DFL };
	size_t i;

	sigaction(SIGCHLD, &action, NULL);
	sigaction(SIG_STOPPED, &action, NULL);
	sigemptyset(set);
	sigaddset(set, SIGCHLD);
	sigaddset(set, SIG_STOPPED);
	for (i = 0; i < ARRAY_SIZE(forwarded); i++)
		if (!sigaction(forwarded[i], NULL, &action) &&
		    action.sa_handler != SIG_IGN)
			sigaddset(set, forwarded[i]);
	sigprocmask(SIG_BLOCK, set, saved);
}

/* Stop until a shell continues us; where there is none, not at all.  What the
 * worker has said meanwhile is of the past. */
static void
stop_as_job(void)
{
	static const struct timespec now;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTSTP);
	raise(SIGTSTP);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	sigprocmask(SIG_BLOCK, &set, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIG_STOPPED);
	sigtimedwait(&set, NULL, &now);
}

/* Reap what has ended.  Returns true, with *STATUS, when WORKER has. */
static bool
worker_ended(pid_t worker, int *status)
{
	bool ended = false;
	int other;
	pid_t pid;

	do {
		pid = waitpid(-1, &other, WNOHANG);
		if (pid == worker) {
			*status = other;
			ended = true;
		}
	} while (pid > 0 || (pid < 0 && errno == EINTR));
	return ended;
}

/* Pass signals on until WORKER, which is out of the terminal's reach, has
 * ended; returns its status.  We stop when it has stopped, not before: what
 * continues us would find it on its way to stop, and nothing would continue it
 * then. */
static int
guard(pid_t worker, const sigset_t *set)
{
	enum { RUNS, IS_TO_STOP, IS_TO_GO_ON } state = RUNS;
	siginfo_t info;
	int status, signo;

	for (;;) {
		signo = sigwaitinfo(set, &info);
		if (signo == SIGCHLD && worker_ended(worker, &status))
			return status;
		if (signo == SIG_STOPPED && info.si_pid == worker) {
			if (state != IS_TO_GO_ON)
				stop_as_job();
			state = RUNS;
			kill(worker, SIGCONT);
		}
		if (signo <= 0 || signo == SIGCHLD || signo == SIG_STOPPED)
			continue;
		/* it may be continued before it has stopped */
		if (signo == SIGTSTP)
			state = IS_TO_STOP;
		else if (signo == SIGCONT && state == IS_TO_STOP)
			state = IS_TO_GO_ON;
		kill(worker, signo);
	}
}

/* Wait for one of SET. */
static int
wait_for(const sigset_t *set)
{
	int signo;

	do
		signo = sigwaitinfo(set, NULL);
	while (signo < 0);
	return signo;
}

void
reaper_stop(void)
{
	sigset_t set, saved;
	int signo = SIGTSTP;

	sigemptyset(&set);
	sigaddset(&set, SIGCONT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGTSTP);
	sigprocmask(SIG_BLOCK, &set, &saved);
	/* One more SIGTSTP takes away a SIGCONT that is pending still: then we
	 * are to stop again. */
	while (signo == SIGTSTP && !kill(guardian_pid, SIG_STOPPED))
		signo = wait_for(&set);
	/* the guardian has died: what it would have ended, we end */
	if (signo == SIGTERM)
		raise(SIGTERM);
	sigprocmask(SIG_SETMASK, &saved, NULL);
}

/* End as the worker did. */
NORETURN static void
end_with(int status)
{
	struct rlimit no_core = { 0, 0 };
	struct sigaction action = { .sa_handler = SIG_DFL };
	sigset_t set;

	if (!WIFSIGNALED(status))
		_exit(WEXITSTATUS(status));
	setrlimit(RLIMIT_CORE, &no_core);
	sigaction(WTERMSIG(status), &action, NULL);
	sigemptyset(&set);
	sigaddset(&set, WTERMSIG(status));
	raise(WTERMSIG(status));
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	_exit(128 + WTERMSIG(status));
}

static void
on_stop(int signo)
{
	int e = errno;

	(void)signo;
	reaper_stop();
	errno = e;
}

/* Do for SIGTSTP what it does: not so by itself in a session without a
 * shell. */
static void
heed_stops(void)
{
	struct sigaction action;

	if (sigaction(SIGTSTP, NULL, &action) ||
	    action.sa_handler != SIG_DFL)
		return;
	action.sa_handler = on_stop;
	action.sa_flags = SA_RESTART;
	sigaction(SIGTSTP, &action, NULL);
}

int
reaper_entrust(int fd, struct error *err)
{
	return guardian_fd < 0 ? 0 : frame_write(guardian_fd, 0, NULL, 0, &fd,
						 1, err);
}

/* In the worker: have a session for all that is below it, which then has no
 * terminal and is known as ours (one for each task would cost some 3 % of a
 * short one); and die with the guardian, also if it is dead already. */
static int
begin_work(pid_t guardian, struct error *err)
{
	if (setsid() < 0)
		return error_sys(err, "cannot begin a session");
	guardian_pid = guardian;
	heed_stops();
	if (prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0) < 0)
		return error_sys(err, "cannot set the parent death signal");
	if (getppid() != guardian)
		raise(SIGTERM);
	return reaper_become(err);
}

int
reaper_guard(struct error *err)
{
	pid_t guardian = getpid(), worker;
	sigset_t set, saved;
	int status, rc, ends[2];

	if (reaper_become(err) < 0)
		return -1;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return error_sys(err, "cannot make a socket");
	block_signals(&set, &saved);
	worker = fork();
	close(ends[worker > 0]);
	if (worker > 0) {
		status = guard(worker, &set);
		reaper_kill_all();
		end_with(status);
	}
	guardian_fd = ends[1];
	rc = worker < 0 ? error_sys(err, "cannot fork")
			: begin_work(guardian, err);
	sigprocmask(SIG_SETMASK, &saved, NULL);
	return rc;
}
