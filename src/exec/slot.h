/*
 * Slots: each task that runs has one, and a slot's directory serves one task
 * after another, because a fresh one for each would cost more than the task.
 *
 *   .flowmake/tmp/RUN-SLOT/tmp/          TMPDIR, emptied after each task
 *                          tmp-SERIAL    one that could not be
 *                          task.json     $FLOWMAKE_TASK
 *                          text          a shell text too long for argv
 *                          SERIAL.NAME   where a result is to be written
 *                          SERIAL-list.N a list file
 *   .flowmake/tmp/RUN/DIGEST             a script
 *   .flowmake/tmp/RUN.lock               held while the run goes on
 */
#ifndef FLOWMAKE_EXEC_SLOT_H
#define FLOWMAKE_EXEC_SLOT_H

#include <sys/stat.h>

#include "base/base.h"
#include "base/strbuf.h"
#include "base/strvec.h"

struct error;
struct task_spec;

struct slot {
	char *dir;               /* relative to the project; owned, like all */
	char *tmp_path;          /* absolute */
	char *json_path;         /* absolute */
	char *text_path;         /* relative */
	int json_fd;             /* of task.json, or -1 */
	size_t json_len;         /* bytes in it */
	ino_t tmp_inode;
	uint64_t serial;         /* of the attempt, counted in the slot */
	struct strvec results;   /* paths, by result index */
	struct strvec lists;     /* paths, by list index */
	struct strbuf text;      /* scratch */
};

/* Make the directories of slot NUMBER of run RUN; PROJECT is the absolute
 * path of the current directory. */
int slot_open(struct slot *s, uint32_t run, unsigned number,
	      const char *project, struct error *err);
/* Remove the directory and free what S holds. */
void slot_close(struct slot *s);

/* Make ready for an attempt of SPEC: paths for its results, its list files
 * and its task.json. */
int slot_begin(struct slot *s, const struct task_spec *spec,
	       struct error *err);
/* Write TEXT to the file for long shell texts. */
int slot_put_text(struct slot *s, const char *text, size_t len,
		  struct error *err);
/* Remove what the attempt left behind: results that were not taken, list
 * files, what is in TMPDIR. */
void slot_end(struct slot *s);

/* The path of a script with this text, written when it is new in this run;
 * the caller frees it. */
char *slot_script(uint32_t run, const char *text, size_t len,
		  struct error *err);

/* Whether a run has left something here whose engine is gone. */
bool slot_is_any_left(void);
/* Kill what is left of the tasks of runs whose engine is gone, and was killed
 * together with all that would have ended them.  Returns how many processes
 * these were. */
unsigned slot_kill_orphans(void);

/* Take the lock of RUN's temporary files (returned, to be given back with
 * slot_unlock_run, which removes them) and remove those of runs whose engine
 * is gone. */
struct lock *slot_lock_run(uint32_t run, struct error *err);
void slot_unlock_run(struct lock *lock, uint32_t run);
/* Whether the engine of RUN lives, on whatever host. */
bool slot_run_goes_on(uint32_t run);

#endif
