/*
 * Subreapers and the guardian.  All processes of a scene hold the writing end
 * of one pipe: each writes a byte when it is there, and the pipe's end means
 * that none is left.
 */
#include "base/base.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "sys/reaper.h"
#include "sys/spawn.h"
#include "tap.h"

static int scene[2];

static void
open_scene(void)
{
	if (pipe2(scene, O_CLOEXEC) < 0)
		bug("no pipe");
}

/* Wait for COUNT processes to be there. */
static void
wait_for(int count)
{
	char byte;

	while (count--)
		if (read(scene[0], &byte, 1) != 1)
			bug("a process of the scene is missing");
}

/* Whether all processes of the scene are gone, now. */
static bool
is_over(void)
{
	struct pollfd p = { .fd = scene[0], .events = POLLIN };
	bool over = poll(&p, 1, 0) == 1 && (p.revents & POLLHUP);

	close(scene[0]);
	return over;
}

/* Start a shell text that has the pipe as 3. */
static void
start(const char *text)
{
	const char *argv[] = { "sh", "-c", text, NULL };
	struct spawn s = { "/bin/sh", (char **)argv, environ, -1, -1, -1,
			   scene[1], NULL, NULL };

	if (spawn_process(&s, NULL) < 0)
		_exit(99);
}

/* Say that this process is there. */
static void
appear(void)
{
	if (write(scene[1], ".", 1) != 1)
		_exit(99);
}

/* Fork away from parent, group and session. */
static void
daemonize(void)
{
	if (fork())
		return;
	setsid();
	if (fork())
		_exit(0);
	appear();
	for (;;)
		pause();
}

/* Be somebody else again and again, as fast as can be. */
static void
run_away(void)
{
	if (fork())
		return;
	setsid();
	appear();
	for (;;)
		if (fork() > 0)
			_exit(0);
}

/* Some processes, and how many there are. */
struct cast {
	const char *title;
	const char *shell;
	void (*fn)(void);
	int count;
};

static const struct cast casts[] = {
	{ "a pipeline",
	  "(echo >&3; exec sleep 1000) | (echo >&3; exec sleep 1000) |"
	  " (echo >&3; exec sleep 1000)", NULL, 3 },
	{ "a daemon in a session of its own",
	  "setsid sh -c 'echo >&3; exec sleep 1000' & exit 0", NULL, 1 },
	{ "what forked twice", NULL, daemonize, 1 },
	{ "a loop that ignores signals",
	  "trap '' TERM INT HUP; echo >&3; while :; do sleep 1000; done",
	  NULL, 1 },
	{ "what is stopped", "echo >&3; kill -STOP $$", NULL, 1 },
	{ "what forks and exits all the time", NULL, run_away, 1 },
};

static void
start_cast(const struct cast *c)
{
	if (c->shell)
		start(c->shell);
	else
		c->fn();
}

/* Fork a guardian whose worker runs FN, never to return; HAS_SHELL: there is
 * who could continue it. */
static pid_t
fork_guardian_of(bool has_shell, void (*fn)(const void *data),
		 const void *data)
{
	pid_t pid = fork();

	if (pid) {
		close(scene[1]);
		return pid;
	}
	if (has_shell)
		setpgid(0, 0); /* as a shell does */
	else
		setsid();
	if (reaper_guard(NULL) < 0)
		_exit(99);
	fn(data);
	_exit(98);
}

static pid_t
fork_guardian(void (*fn)(const void *data), const void *data)
{
	return fork_guardian_of(true, fn, data);
}

/* ---- workers ---- */

/* Start a cast and be killed when all of it is there. */
static void
work_until_killed(const void *data)
{
	const struct cast *c = data;

	start_cast(c);
	wait_for(c->count);
	raise(SIGKILL);
}

static char lock_path[] = "/tmp/flowmake-test-XXXXXX";

/* Open the file of the lock anew, and take the lock as COMMAND says. */
static int
take_lock(int command)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd = open(lock_path, O_RDWR | O_CLOEXEC);

	if (fd < 0 || fcntl(fd, command, &lock) < 0)
		bug("no lock");
	return fd;
}

/* Start a cast with a lock that is entrusted, and wait for the signal that
 * kills. */
static void
work_with_lock(const void *data)
{
	if (reaper_entrust(take_lock(F_OFD_SETLK), NULL))
		_exit(99);
	start_cast(data);
	appear();
	for (;;)
		pause();
}

/* Exit with the number of the first signal that comes. */
static void
work_until_signal(const void *data)
{
	sigset_t all;
	int signo;

	(void)data;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	appear();
	sigwait(&all, &signo);
	_exit(signo);
}

/* The same, after all casts were killed. */
static void
work_until_orphaned(const void *data)
{
	sigset_t all;
	size_t i;
	int signo;

	(void)data;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	for (i = 0; i < ARRAY_SIZE(casts); i++)
		start_cast(&casts[i]);
	appear();
	sigdelset(&all, SIGCHLD);
	sigwait(&all, &signo);
	reaper_kill_all();
	_exit(signo);
}

/* The state of a process: a letter of ps(1). */
static char
state_of(pid_t pid)
{
	char path[64], state = '?';
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "r");
	if (!f || fscanf(f, "%*d (%*[^)]) %c", &state) != 1)
		bug("nothing is known of process %d", (int)pid);
	fclose(f);
	return state;
}

/* Be asked to stop, take a while for it, and end with whether the guardian had
 * stopped by then. */
static void
work_until_stopped(const void *data)
{
	bool was_alone = false;
	sigset_t stop;
	int signo, i;

	(void)data;
	sigemptyset(&stop);
	sigaddset(&stop, SIGTSTP);
	sigprocmask(SIG_BLOCK, &stop, NULL);
	appear();
	sigwait(&stop, &signo);
	for (i = 0; i < 1000; i++)
		was_alone |= state_of(getppid()) == 'T';
	appear();
	sigprocmask(SIG_UNBLOCK, &stop, NULL);
	raise(SIGTSTP);
	_exit(was_alone);
}

/* Exit with 0 when all below is in a session of ours, without a terminal. */
static void
work_alone(const void *data)
{
	(void)data;
	_exit(getsid(0) != getpid() || getsid(getppid()) == getpid() ||
	      open("/dev/tty", O_RDWR) >= 0 || errno != ENXIO);
}

static void
work_to_status(const void *data)
{
	_exit(*(const int *)data);
}

static void
work_to_signal(const void *data)
{
	raise(*(const int *)data);
}

/* ---- tests ---- */

static void
test_kill_all(void)
{
	struct error err = ERROR_INIT;
	size_t i;

	reaper_kill_all();
	ok(true, "without children nothing is killed");
	is_int(reaper_become(&err), 0, "a process becomes a subreaper");
	for (i = 0; i < ARRAY_SIZE(casts); i++) {
		open_scene();
		start_cast(&casts[i]);
		wait_for(casts[i].count);
		close(scene[1]);
		reaper_kill_all();
		ok(is_over(), "%s is killed", casts[i].title);
		is_int(waitpid(-1, NULL, WNOHANG), -1, "and reaped");
	}
}

static void
test_worker_killed(void)
{
	pid_t guardian;
	int status;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(casts); i++) {
		open_scene();
		guardian = fork_guardian(work_until_killed, &casts[i]);
		waitpid(guardian, &status, 0);
		ok(is_over(), "%s does not outlive a killed worker",
		   casts[i].title);
		ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
		   "and the guardian ends like it");
	}
}

static void
test_entrusted(void)
{
	int fd = mkstemp(lock_path);
	pid_t guardian;
	size_t i;

	close(fd);
	for (i = 0; i < ARRAY_SIZE(casts); i++) {
		open_scene();
		guardian = fork_guardian(work_with_lock, &casts[i]);
		wait_for(casts[i].count + 1);
		kill(guardian, SIGUSR1);
		fd = take_lock(F_OFD_SETLKW);
		ok(is_over(), "the lock of a killed worker is not free before "
		   "%s is killed", casts[i].title);
		close(fd);
		waitpid(guardian, NULL, 0);
	}
	unlink(lock_path);
	ok(!reaper_entrust(-1, NULL), "without a guardian nothing is done");
}

static void
test_guardian_killed(void)
{
	pid_t guardian, worker;
	int status, count = 1;
	size_t i;

	open_scene();
	for (i = 0; i < ARRAY_SIZE(casts); i++)
		count += casts[i].count;
	guardian = fork_guardian(work_until_orphaned, NULL);
	wait_for(count);
	kill(guardian, SIGKILL);
	waitpid(guardian, NULL, 0);
	/* We are a subreaper, so it is ours now. */
	worker = waitpid(-1, &status, 0);
	ok(worker > 0 && WIFEXITED(status) && WEXITSTATUS(status) == SIGTERM,
	   "when the guardian is killed the worker gets SIGTERM");
	ok(is_over(), "and can still kill everything below");
}

static void
test_forwarding(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT,
				       SIGUSR1 };
	pid_t guardian;
	int status;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(signals); i++) {
		open_scene();
		guardian = fork_guardian(work_until_signal, NULL);
		wait_for(1);
		kill(guardian, signals[i]);
		waitpid(guardian, &status, 0);
		ok(WIFEXITED(status) && WEXITSTATUS(status) == signals[i],
		   "%s is passed on", strsignal(signals[i]));
		is_over();
	}
}

/* As a shell does it that continues the job the moment it sees it stopped. */
static void
test_stop(void)
{
	pid_t guardian;
	int status;

	open_scene();
	guardian = fork_guardian(work_until_stopped, NULL);
	wait_for(1);
	kill(guardian, SIGTSTP);
	waitpid(guardian, &status, WUNTRACED);
	ok(WIFSTOPPED(status), "the guardian stops for SIGTSTP");
	kill(guardian, SIGCONT);
	waitpid(guardian, &status, 0);
	ok(WIFEXITED(status) && !WEXITSTATUS(status),
	   "after its worker, which goes on as soon as the guardian does");
	is_over();
}

static void
test_no_shell(void)
{
	pid_t guardian;
	int status;

	open_scene();
	guardian = fork_guardian_of(false, work_until_stopped, NULL);
	wait_for(1);
	kill(guardian, SIGTSTP);
	waitpid(guardian, &status, WUNTRACED);
	ok(WIFEXITED(status) && !WEXITSTATUS(status),
	   "where no shell could continue it neither stays stopped");
	is_over();
	open_scene();
	waitpid(fork_guardian(work_alone, NULL), &status, 0);
	ok(WIFEXITED(status) && !WEXITSTATUS(status),
	   "a worker has a session of its own and no terminal");
	is_over();
}

static void
test_endings(void)
{
	static const int numbers[] = { 0, 2, SIGTERM, SIGABRT };
	pid_t guardian;
	int status;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(numbers); i++) {
		open_scene();
		guardian = fork_guardian(work_to_status, &numbers[i]);
		waitpid(guardian, &status, 0);
		ok(WIFEXITED(status) && WEXITSTATUS(status) == numbers[i],
		   "status %d is the guardian's, too", numbers[i]);
		is_over();
	}
	for (i = 2; i < ARRAY_SIZE(numbers); i++) {
		open_scene();
		guardian = fork_guardian(work_to_signal, &numbers[i]);
		waitpid(guardian, &status, 0);
		ok(WIFSIGNALED(status) && WTERMSIG(status) == numbers[i],
		   "signal %d is the guardian's, too", numbers[i]);
		is_over();
	}
}

int
main(void)
{
	fflush(stdout);
	test_endings();
	test_forwarding();
	test_stop();
	test_no_shell();
	test_worker_killed();
	test_entrusted();
	test_kill_all();
	test_guardian_killed();
	return done_testing();
}
