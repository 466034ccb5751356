/*
 * Primitives for processes: what parallel-map and the compiling child need.
 * The process has one thread, so a plain fork() is safe here; the finalizer
 * thread, which Guile would start after the first collection, is off.
 */
#include "base/base.h"

#include "evaluator/prim.h"

#include <dirent.h>
#include <errno.h>
#include <gc/gc.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "sys/spawn.h"

static void
throw_errno(const char *what)
{
	struct error err = ERROR_INIT;

	error_sys(&err, "%s", what);
	prim_throw(&err);
}

/* (%fork) -> pid, or 0 in the child, which dies with its parent. */
static SCM
prim_fork(void)
{
	pid_t parent = getpid();
	pid_t pid = fork();

	if (pid < 0)
		throw_errno("cannot fork");
	if (!pid && !spawn_die_with(parent))
		_exit(1);
	return scm_from_int((int)pid);
}

static SCM
prim_exit(SCM status)
{
	_exit(scm_to_int(status));
}

/* (%wait PID) -> wait status */
static SCM
prim_wait(SCM pid)
{
	int status = 0;
	pid_t number = scm_to_int(pid);

	while (waitpid(number, &status, 0) < 0)
		if (errno != EINTR)
			throw_errno("cannot wait for a worker");
	return scm_from_int(status);
}

static SCM
prim_kill(SCM pid)
{
	kill(scm_to_int(pid), SIGKILL);
	return SCM_UNSPECIFIED;
}

static SCM
prim_socket_pair(void)
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
		throw_errno("cannot make a socket");
	return scm_cons(scm_from_int(fds[0]), scm_from_int(fds[1]));
}

/* (%poll FDS) -> those that can be read or have ended; blocks. */
static SCM
prim_poll(SCM fds)
{
	size_t count = (size_t)scm_ilength(fds), i;
	struct pollfd *polled = xcalloc(count + 1, sizeof(*polled));
	SCM result = SCM_EOL;

	for (i = 0; i < count; i++, fds = SCM_CDR(fds)) {
		polled[i].fd = scm_to_int(SCM_CAR(fds));
		polled[i].events = POLLIN;
	}
	while (poll(polled, count, -1) < 0 && errno == EINTR)
		;
	for (i = count; i-- > 0;)
		if (polled[i].revents)
			result = scm_cons(scm_from_int(polled[i].fd), result);
	free(polled);
	return result;
}

/* Memory that forked workers share: slot 0 is the next item to take, slot
 * 1 + W the item that worker W has. */
static SCM
prim_shared_slots(SCM count)
{
	size_t bytes = scm_to_size_t(count) * sizeof(int64_t);
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		throw_errno("cannot share memory");
	return scm_pointer_to_bytevector(scm_from_pointer(p, NULL),
					 scm_from_size_t(bytes), SCM_INUM0,
					 SCM_UNDEFINED);
}

/* (%take-slot! SLOTS) -> the number of slot 0, which goes up by one. */
static SCM
prim_take_slot(SCM slots)
{
	_Atomic int64_t *p = (void *)SCM_BYTEVECTOR_CONTENTS(slots);

	return scm_from_int64(atomic_fetch_add(p, 1));
}

static SCM
prim_free_slots(SCM slots)
{
	munmap(SCM_BYTEVECTOR_CONTENTS(slots), SCM_BYTEVECTOR_LENGTH(slots));
	return SCM_UNSPECIFIED;
}

/* How many threads this process has. */
static SCM
prim_thread_count(void)
{
	DIR *d = opendir("/proc/self/task");
	struct dirent *entry;
	int count = 0;

	if (!d)
		return scm_from_int(1);
	for (entry = readdir(d); entry; entry = readdir(d))
		count += entry->d_name[0] != '.';
	closedir(d);
	return scm_from_int(count);
}

static SCM
prim_current_milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return scm_from_int64((int64_t)now.tv_sec * 1000 +
			      now.tv_nsec / 1000000);
}

/* Run the finalizers that the last collection found; there is no thread for
 * them. */
static SCM
prim_run_finalizers(void)
{
	return scm_from_int(scm_run_finalizers());
}

/* Let the heap grow by BYTES at once: for a process that makes much and ends
 * before collecting it would have been of use. */
static SCM
prim_expand_heap(SCM bytes)
{
	return scm_from_bool(GC_expand_hp(scm_to_size_t(bytes)));
}

static SCM
prim_processor_count(void)
{
	return scm_from_long(sysconf(_SC_NPROCESSORS_ONLN));
}

void
prim_process_define(void)
{
	scm_c_define_gsubr("%fork", 0, 0, 0, prim_fork);
	scm_c_define_gsubr("%exit", 1, 0, 0, prim_exit);
	scm_c_define_gsubr("%wait", 1, 0, 0, prim_wait);
	scm_c_define_gsubr("%kill", 1, 0, 0, prim_kill);
	scm_c_define_gsubr("%socket-pair", 0, 0, 0, prim_socket_pair);
	scm_c_define_gsubr("%poll", 1, 0, 0, prim_poll);
	scm_c_define_gsubr("%shared-slots", 1, 0, 0, prim_shared_slots);
	scm_c_define_gsubr("%take-slot!", 1, 0, 0, prim_take_slot);
	scm_c_define_gsubr("%free-slots!", 1, 0, 0, prim_free_slots);
	scm_c_define_gsubr("%thread-count", 0, 0, 0, prim_thread_count);
	scm_c_define_gsubr("%current-milliseconds", 0, 0, 0,
			   prim_current_milliseconds);
	scm_c_define_gsubr("%run-finalizers", 0, 0, 0, prim_run_finalizers);
	scm_c_define_gsubr("%expand-heap", 1, 0, 0, prim_expand_heap);
	scm_c_define_gsubr("%processor-count", 0, 0, 0, prim_processor_count);
}
