/*
 * kill-nth N[VICTIM] COMMAND...: run flowmake, and kill, by SIGKILL before the
 * Nth system call of its engine (the first process that COMMAND forks),
 *
 *   N    the engine
 *   Ng   its guardian, COMMAND itself
 *   Nb   both, the guardian first
 *   Nz   the engine's first child, the zygote
 *
 * and nothing else.  With N 0, or when there are not so many, nothing is
 * killed.
 *
 * Prints how many system calls the engine began, and which was the last.  The
 * status is COMMAND's, as a shell gives it; 99 when nothing can be traced.
 */
#define _GNU_SOURCE 1
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CANNOT_TRACE = 99 };

static void
die(const char *what)
{
	perror(what);
	exit(CANNOT_TRACE);
}

static void
run_command(char **argv)
{
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
		_exit(CANNOT_TRACE);
	raise(SIGSTOP);
	execvp(*argv, argv);
	_exit(127);
}

/* Let PID go on until it forks; returns the new process, and PID is left
 * alone. */
static pid_t
await_fork(pid_t pid)
{
	unsigned long engine;
	int status;

	if (waitpid(pid, &status, 0) < 0 || !WIFSTOPPED(status))
		exit(CANNOT_TRACE);
	if (ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_TRACEFORK) < 0)
		die("PTRACE_SETOPTIONS");
	for (;;) {
		ptrace(PTRACE_CONT, pid, NULL, NULL);
		if (waitpid(pid, &status, 0) < 0 || !WIFSTOPPED(status))
			exit(CANNOT_TRACE);
		if (status >> 8 == (SIGTRAP | PTRACE_EVENT_FORK << 8))
			break;
	}
	if (ptrace(PTRACE_GETEVENTMSG, pid, NULL, &engine) < 0)
		die("PTRACE_GETEVENTMSG");
	return (pid_t)engine;
}

/* The system call that PID is about to do. */
static long
call_number(pid_t pid)
{
	struct __ptrace_syscall_info info;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) < 0 ||
	    info.op != PTRACE_SYSCALL_INFO_ENTRY)
		return -1;
	return (long)info.entry.nr;
}

/* The first child of PID that lives, or 0. */
static pid_t
first_child(pid_t pid)
{
	char path[64];
	long child = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%ld/task/%ld/children", (long)pid,
		 (long)pid);
	f = fopen(path, "r");
	if (f && fscanf(f, "%ld", &child) != 1)
		child = 0;
	if (f)
		fclose(f);
	return (pid_t)child;
}

static void
kill_victims(char victim, pid_t guardian, pid_t engine)
{
	pid_t zygote;

	if (victim == 'g' || victim == 'b')
		kill(guardian, SIGKILL);
	if (victim == 'z' && (zygote = first_child(engine)))
		kill(zygote, SIGKILL);
	if (!victim || victim == 'b')
		kill(engine, SIGKILL);
}

/* Count the engine's system calls, and kill before the Nth. */
static void
trace(pid_t guardian, pid_t engine, long n, char victim)
{
	long count = 0, nr, last = -1;
	int status, signo;

	if (waitpid(engine, &status, __WALL) < 0)
		die("waitpid");
	ptrace(PTRACE_SETOPTIONS, engine, NULL,
	       PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC);
	for (signo = 0;;) {
		ptrace(PTRACE_SYSCALL, engine, NULL, signo);
		if (waitpid(engine, &status, __WALL) < 0 ||
		    !WIFSTOPPED(status))
			break;
		signo = status >> 16 ? 0 : WSTOPSIG(status);
		if (signo != (SIGTRAP | 0x80))
			continue;
		signo = 0;
		nr = call_number(engine);
		if (nr < 0)
			continue;
		last = nr;
		if (++count == n)
			kill_victims(victim, guardian, engine);
	}
	printf("%ld system calls, the last of number %ld\n", count, last);
}

int
main(int argc, char **argv)
{
	pid_t pid, engine;
	char *victim;
	long n;
	int status;

	if (argc < 3)
		return CANNOT_TRACE;
	n = strtol(argv[1], &victim, 10);
	pid = fork();
	if (pid < 0)
		die("fork");
	if (!pid)
		run_command(argv + 2);
	engine = await_fork(pid);
	ptrace(PTRACE_DETACH, pid, NULL, NULL);
	trace(pid, engine, n, *victim);
	if (waitpid(pid, &status, 0) < 0)
		die("waitpid");
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status)
				   : WEXITSTATUS(status);
}
