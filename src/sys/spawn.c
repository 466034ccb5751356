/*
 * Starting a program.  glibc's posix_spawn is clone(CLONE_VM | CLONE_VFORK):
 * its cost does not grow with our memory, and it reports why execve failed.
 */
#include "base/base.h"

#include "sys/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
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

/* Say how the child gets its descriptors.  Returns 0 or an error number. */
static int
set_actions(posix_spawn_file_actions_t *actions, const struct fds *f)
{
	int i, e = 0, last = f->source[3] < 0 ? 3 : FD_SLOTS;

	for (i = 0; !e && i < last; i++) {
		if (f->source[i] >= 0)
			e = posix_spawn_file_actions_adddup2(
				actions, f->source[i], i);
		else
			e = posix_spawn_file_actions_addopen(
				actions, i, "/dev/null",
				i ? O_WRONLY : O_RDONLY, 0);
	}
	return e ? e : posix_spawn_file_actions_addclosefrom_np(actions, last);
}

/* ---- starting it ---- */

/* Signals, session and process group. */
static int
set_attributes(posix_spawnattr_t *attr, bool same_session)
{
	short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
	sigset_t none, all;

	sigemptyset(&none);
	sigfillset(&all);
	flags |= same_session ? POSIX_SPAWN_SETPGROUP : POSIX_SPAWN_SETSID;
	posix_spawnattr_setflags(attr, flags);
	posix_spawnattr_setpgroup(attr, 0);
	posix_spawnattr_setsigmask(attr, &none);
	return posix_spawnattr_setsigdefault(attr, &all);
}

/* Start FILE.  Returns 0 or an error number. */
static int
start(const struct spawn *s, const char *file, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	struct fds fds;
	int e;

	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attr);
	e = choose_fds(&fds, s) < 0 ? errno : 0;
	if (!e)
		e = set_actions(&actions, &fds);
	if (!e)
		e = set_attributes(&attr, s->same_session);
	if (!e)
		e = posix_spawn(pid, file, &actions, &attr, s->argv, s->envp);
	close_copies(&fds);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&actions);
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
