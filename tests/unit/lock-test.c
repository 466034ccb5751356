/*
 * Lock files.
 */
#include "base/base.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "sys/file.h"
#include "sys/lock.h"
#include "tap.h"

static struct error err = ERROR_INIT;

static void
test_lock(void)
{
	struct lock a = LOCK_INIT, b = LOCK_INIT;
	char *owner = NULL;
	int fds[2];
	char byte;
	pid_t pid;

	is_int(lock_take("lock", "run 15", &a, &owner, &err), 1,
	       "a lock is taken");
	ok(lock_is_held("lock") && !lock_is_held("other"), "and is held");
	is_int(lock_take("lock", "run 16", &b, &owner, &err), 0,
	       "once only");
	ok(owner && !strncmp(owner, "run 15 (process ", 16) &&
		   owner[strlen(owner) - 1] == ')',
	   "and says for whom: %s", owner);
	free(owner);
	lock_drop(&a);
	lock_drop(&a);
	is_int(access("lock", F_OK), -1, "dropping it leaves no file");
	is_int(lock_take("none/lock", "x", &a, &owner, &err), -1,
	       "a lock in no directory is an error");
	if (pipe(fds) < 0)
		bug("no pipe");
	pid = fork();
	if (!pid) {
		lock_take("lock", "child", &a, &owner, NULL);
		close(fds[1]);
		pause();
	}
	close(fds[1]);
	is_int(read(fds[0], &byte, 1), 0, "another process has it");
	close(fds[0]);
	is_int(lock_take("lock", "run 16", &b, &owner, &err), 0,
	       "then we do not get it");
	free(owner);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	is_int(lock_take("lock", "run 16", &b, &owner, &err), 1,
	       "until that process is killed");
	lock_drop(&b);
}

/* A child takes the lock, says so, and drops it, and its file with it. */
static void
test_wait(void)
{
	struct lock a = LOCK_INIT, b = LOCK_INIT;
	char *owner = NULL;
	int fds[2];
	char byte;
	pid_t pid;

	if (pipe(fds) < 0)
		bug("no pipe");
	pid = fork();
	if (!pid) {
		lock_take("lock", "clean-up", &a, &owner, NULL);
		if (write(fds[1], "x", 1) != 1)
			_exit(1);
		lock_drop(&a);
		_exit(0);
	}
	is_int(read(fds[0], &byte, 1), 1, "another process takes the lock");
	is_int(lock_wait("lock", "run 17", &b, &err), 1,
	       "who waits gets it when that drops it");
	is_int(access("lock", F_OK), 0, "and the file is there");
	waitpid(pid, NULL, 0);
	lock_drop(&b);
	close(fds[0]);
	close(fds[1]);
}

int
main(void)
{
	char *dir = xstrdup("/tmp/flowmake-test-XXXXXX");

	if (!mkdtemp(dir) || chdir(dir) < 0)
		bug("no directory for the test");
	test_lock();
	test_wait();
	if (chdir("/") < 0 || file_remove_tree(dir, &err) < 0)
		bug("%s", err.text);
	error_release(&err);
	free(dir);
	return done_testing();
}
