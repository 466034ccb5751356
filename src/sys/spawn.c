/*
 * Starting a program.  Between vfork and execve the child is in our memory, on
 * our stack, while we wait: the cost does not grow with our memory, and we see
 * why execve failed.  posix_spawn does the same, but maps a stack for each
 * child, asks for the limit of descriptors for each of them, and sets all 64
 * signals: that took a tenth of our own time.
 */
#include "base/base.h"

#include "sys/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/path.h"
#include "base/strbuf.h"
#include "sys/programs.h"

enum { FD_SLOTS = 4 };

static const char default_path[] = "/usr/local/bin:/usr/bin:/bin";

/* ---- finding the program ---- */

/* The value of PATH in ENVP. */
static const char *
find_path(char *const *envp)
{
	for (; envp && *envp; envp++)
		if (!strncmp(*envp, "PATH=", 5))
			return *envp + 5;
	return default_path;
}

/* Whether FILE can be executed; else errno says why not. */
static bool
is_executable(const char *file)
{
	struct stat st;

	if (access(file, X_OK) < 0 || stat(file, &st) < 0)
		return false;
	if (S_ISREG(st.st_mode))
		return true;
	errno = EACCES;
	return false;
}

/* Put into FILE where PROGRAM is along PATH.  Like execvp, but one that may
 * not be executed is remembered only if there is no other.  Returns the end of
 * its directory in PATH; or NULL with errno ENOENT or EACCES. */
static const char *
search_path(const char *path, const char *program, struct strbuf *file)
{
	int why = ENOENT;
	size_t len;

	for (;; path += len + 1) {
		len = strcspn(path, ":");
		strbuf_reset(file);
		strbuf_add(file, path, len);
		if (len)
			strbuf_addch(file, '/');
		strbuf_adds(file, program);
		if (is_executable(file->buf))
			return path + len;
		if (errno == EACCES)
			why = EACCES;
		if (!path[len])
			break;
	}
	errno = why;
	return NULL;
}

/* Put into FILE where the program of S is, looked up along the PATH that it
 * will see itself.  Returns -1 with errno ENOENT or EACCES. */
static int
find_program(const struct spawn *s, struct strbuf *file)
{
	const char *path = find_path(s->envp), *known = NULL, *end;

	if (!*s->program) {
		errno = ENOENT;
		return -1;
	}
	if (s->programs)
		known = programs_get(s->programs, path, s->program);
	if (known) {
		strbuf_adds(file, known);
		return 0;
	}
	end = search_path(path, s->program, file);
	if (end && s->programs)
		programs_put(s->programs, path, end, s->program, file->buf);
	return end ? 0 : -1;
}

/* ---- its descriptors ---- */

/* The descriptors that a child gets as 0 to 3; copies are ours to close. */
struct fds {
	int source[FD_SLOTS]; /* -1: /dev/null, or none */
	int count;
	int copies[FD_SLOTS];
	size_t copy_count;
};

/* The child's descriptors are set in ascending order.  One that by then has
 * been overwritten (stderr to our 1, stdout elsewhere) is copied out of the
 * way first. */
static int
choose_fds(struct fds *f, const struct spawn *s)
{
	int wanted[FD_SLOTS] = { s->stdin_fd, s->stdout_fd, s->stderr_fd,
				 s->extra_fd };
	int i, fd;

	f->copy_count = 0;
	f->count = s->extra_fd < 0 ? FD_SLOTS - 1 : FD_SLOTS;
	for (i = 0; i < FD_SLOTS; i++) {
		fd = wanted[i];
		if (fd >= 0 && fd < i && wanted[fd] != fd) {
			fd = fcntl(fd, F_DUPFD_CLOEXEC, FD_SLOTS);
			if (fd < 0)
				return -1;
			f->copies[f->copy_count++] = fd;
		}
		f->source[i] = fd;
	}
	return 0;
}

static void
close_copies(struct fds *f)
{
	while (f->copy_count)
		close(f->copies[--f->copy_count]);
}

/* In the child: let descriptor I be a copy of FD, or /dev/null. */
static int
set_fd(int i, int fd)
{
	int opened;

	if (fd == i)
		return fcntl(fd, F_SETFD, 0);
	if (fd >= 0)
		return dup2(fd, i);
	opened = open("/dev/null", i ? O_WRONLY : O_RDONLY);
	if (opened < 0 || opened == i)
		return opened;
	if (dup2(opened, i) < 0)
		return -1;
	return close(opened);
}

/* ---- starting it ---- */

bool
spawn_die_with(pid_t parent)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return false;
	errno = ESRCH;
	return getppid() == parent;
}

/* In the child of PARENT: become FILE.  Nothing here may change what is in
 * memory, but for the stack.  Returns an error number. */
static int
become(const struct spawn *s, const char *file, const struct fds *fds,
       const sigset_t *ignored, pid_t parent)
{
	struct sigaction action = { .sa_handler = SIG_DFL };
	sigset_t none;
	int i;

	/* also when whoever would end us is killed, too */
	if (!spawn_die_with(parent))
		return errno;
	for (i = 1; i < _NSIG; i++)
		if (sigismember(ignored, i) && sigaction(i, &action, NULL) < 0)
			return errno;
	if (setpgid(0, 0) < 0)
		return errno;
	for (i = 0; i < fds->count; i++)
		if (set_fd(i, fds->source[i]) < 0)
			return errno;
	closefrom(fds->count);
	sigemptyset(&none);
	if (sigprocmask(SIG_SETMASK, &none, NULL) < 0)
		return errno;
	execve(file, s->argv, s->envp);
	return errno;
}

/* Start FILE while all signals are blocked: no handler of ours may run in the
 * child.  Returns 0 or an error number. */
static int
start_blocked(const struct spawn *s, const char *file, const struct fds *fds,
	      const sigset_t *ignored, pid_t *pid)
{
	volatile int why = 0; /* written by the child */
	pid_t parent = getpid();

	*pid = vfork();
	if (!*pid) {
		why = become(s, file, fds, ignored, parent);
		_exit(127);
	}
	if (*pid < 0)
		why = errno;
	else if (why)
		waitpid(*pid, NULL, 0);
	return why;
}

static int
start(const struct spawn *s, const char *file, pid_t *pid)
{
	sigset_t all, saved, ignored;
	struct fds fds;
	int e = 0;

	if (s->ignored)
		ignored = *s->ignored;
	else
		spawn_find_ignored(&ignored);
	if (choose_fds(&fds, s) < 0)
		e = errno;
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &saved);
	if (!e)
		e = start_blocked(s, file, &fds, &ignored, pid);
	sigprocmask(SIG_SETMASK, &saved, NULL);
	close_copies(&fds);
	return e;
}

/* The message for a start that failed with E; FILE is empty when none was
 * found. */
static void
explain(const struct spawn *s, const char *file, int e, struct error *err)
{
	if (e == ENOENT && !*file)
		error_set(err, "program '%s' was not found along PATH",
			  s->program);
	else if (e == ENOENT && !access(file, F_OK))
		error_set(err, "cannot run '%s': the interpreter that it "
			       "names does not exist", s->program);
	else if (e == E2BIG)
		error_set(err, "cannot run '%s': its arguments and "
			       "environment are too long", s->program);
	else if (e == ENOEXEC)
		error_set(err, "cannot run '%s': neither a program nor a "
			       "script that begins with #!", s->program);
	else
		error_set(err, "cannot run '%s': %s", s->program, strerror(e));
}

pid_t
spawn_process(const struct spawn *s, struct error *err)
{
	struct strbuf file = STRBUF_INIT;
	pid_t pid = -1;
	int e = 0;

	if (strchr(s->program, '/'))
		strbuf_adds(&file, s->program);
	else if (find_program(s, &file) < 0)
		e = errno;
	if (e)
		strbuf_reset(&file);
	else
		e = start(s, file.buf, &pid);
	if (e) {
		explain(s, file.buf, e, err);
		pid = -1;
	}
	strbuf_release(&file);
	errno = e;
	return pid;
}

void
spawn_find_ignored(sigset_t *ignored)
{
	struct sigaction action;
	int signo;

	sigemptyset(ignored);
	for (signo = 1; signo < _NSIG; signo++)
		if (!sigaction(signo, NULL, &action) &&
		    action.sa_handler == SIG_IGN)
			sigaddset(ignored, signo);
}

/* ---- our own programs ---- */

char *
spawn_helper_path(const char *name)
{
	const char *dir = getenv("FLOWMAKE_LIBEXEC");
	char self[4096], *path;
	ssize_t n;

	if (dir && *dir)
		return path_join(dir, name);
	n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (n > 0) {
		self[n] = '\0';
		self[path_dir_len(self)] = '\0';
		path = path_join(self, name);
		if (is_executable(path))
			return path;
		free(path);
	}
	return path_join(FLOWMAKE_LIBEXECDIR, name);
}
