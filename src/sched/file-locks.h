/*
 * What a run has leased, as locks on bytes of .flowmake/leases (open file
 * description locks, fcntl(2)): one system call each.  They vanish with the
 * process, however it ends, but not before all that it has started: what a
 * task that outlives its engine still writes is not free (sys/reaper.h).  For
 * leases.c only, which says when they are needed.
 *
 * A task may read very many files, and the kernel looks through all locks for
 * each, so that readers and writers meet on a limited number of bytes.  Files
 * that happen to share one cost a wait, now and then, and nothing else.
 */
#ifndef FLOWMAKE_SCHED_FILE_LOCKS_H
#define FLOWMAKE_SCHED_FILE_LOCKS_H

#include <sys/types.h>

#include "base/base.h"
#include "base/map.h"
#include "store/store.h"

struct error;
struct lease;

#define FILE_LOCKS_PATH STORE_DIR "/leases"

enum { FILE_LOCKS_MEETING_BYTES = 1 << 14 };
/* A byte between those where readers and writers meet and those of outputs. */
#define FILE_LOCKS_SPARE ((off_t)1 << 60)

struct file_locks {
	int fd;
	/* How many of our tasks read and make the files of each byte: the
	 * locks of one process do not count. */
	uint32_t readers[FILE_LOCKS_MEETING_BYTES];
	uint32_t writers[FILE_LOCKS_MEETING_BYTES];
	struct map dirs;   /* directory -> how many leases are inside, as a
			    * pointer: the locks of one process do not count */
};

int file_locks_open(struct file_locks *l, struct error *err);
/* Give all locks back, and tell those who watch the file. */
void file_locks_close(struct file_locks *l);
/* Tell them that something was given back. */
void file_locks_announce(struct file_locks *l);

/* Set the lock of one byte; TYPE as of fcntl.  Returns 1, 0 when another
 * process holds it, -1. */
int file_locks_set(struct file_locks *l, off_t offset, short type,
		   struct error *err);

/* Lock all that LEASE names or nothing.  Returns 1; 0 with *PATH, which another
 * run DOES something with; -1. */
int file_locks_take(struct file_locks *l, const struct lease *lease,
		    const char **path, const char **does, struct error *err);
void file_locks_drop(struct file_locks *l, const struct lease *lease);

#endif
