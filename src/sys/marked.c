/*
 * Processes that bear a mark are found in /proc.  A pidfd is opened before the
 * environment is read, so that nobody else is killed who has got the same pid
 * meanwhile.
 */
#include "base/base.h"

#include "sys/marked.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "base/strbuf.h"
#include "sys/file.h"

enum {
	MAX_SWEEPS = 100,
	PATIENCE_MS = 1000, /* with one that has been killed */
};

struct sweep {
	const char *name;
	bool (*is_meant)(void *data, const char *value);
	void *data;
	struct strbuf environment; /* scratch */
};

/* Whether the environment of process PID is marked. */
static bool
is_marked(struct sweep *s, long pid)
{
	char path[64];
	size_t name_len = strlen(s->name), at, len;

	snprintf(path, sizeof(path), "/proc/%ld/environ", pid);
	strbuf_reset(&s->environment);
	if (file_read(path, &s->environment, NULL))
		return false;
	for (at = 0; at < s->environment.len; at += len + 1) {
		const char *entry = s->environment.buf + at;

		len = strlen(entry);
		if (len > name_len && entry[name_len] == '=' &&
		    !strncmp(entry, s->name, name_len) &&
		    s->is_meant(s->data, entry + name_len + 1))
			return true;
	}
	return false;
}

/* Kill PID if it is marked; whether it was. */
static bool
kill_marked(struct sweep *s, long pid)
{
	int fd = pidfd_open((pid_t)pid, 0);
	struct pollfd ended = { .fd = fd, .events = POLLIN };
	bool killed;

	if (fd < 0)
		return false;
	killed = is_marked(s, pid) &&
		!pidfd_send_signal(fd, SIGKILL, NULL, 0);
	if (killed)
		poll(&ended, 1, PATIENCE_MS);
	close(fd);
	return killed;
}

/* Kill all that are there now; how many that were. */
static unsigned
sweep(struct sweep *s)
{
	DIR *dir = opendir("/proc");
	struct dirent *e;
	unsigned count = 0;
	char *end;
	long pid;

	if (!dir)
		return 0;
	while ((e = readdir(dir))) {
		pid = strtol(e->d_name, &end, 10);
		if (!*end && pid > 0 && pid != getpid())
			count += kill_marked(s, pid);
	}
	closedir(dir);
	return count;
}

unsigned
marked_kill(const char *name, bool (*is_meant)(void *data, const char *value),
	    void *data)
{
	struct sweep s = { name, is_meant, data, STRBUF_INIT };
	unsigned count, all = 0;
	int i = 0;

	do {
		count = sweep(&s);
		all += count;
	} while (count && ++i < MAX_SWEEPS);
	strbuf_release(&s.environment);
	return all;
}
