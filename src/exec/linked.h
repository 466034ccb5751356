/*
 * Outputs that are links to results of other tasks.  A recipe that says "ln
 * #{result} #{output}", or "cp -l", makes a hard link of an object: who edits
 * the output then would edit what the store has.  So such an output gets a
 * file of its own.
 */
#ifndef FLOWMAKE_EXEC_LINKED_H
#define FLOWMAKE_EXEC_LINKED_H

#include <sys/stat.h>

#include "base/base.h"
#include "base/map.h"

struct error;
struct task_spec;

struct linked {
	struct map objects;      /* device and inode of each file that is, or is
				  * in, a result that the task reads */
	bool is_read;            /* they are known */
};

void linked_init(struct linked *l);
void linked_release(struct linked *l);

/* Whether an output of SPEC of the stat ST may be such a link. */
bool linked_may_be(const struct task_spec *spec, const struct stat *st);

/* Put a copy in the place of the file PATH, an output of SPEC or in one, of the
 * stat *ST, if that is a link to a result which the task reads; *ST is that
 * of the copy then.  Symlinks are left alone. */
int linked_part(struct linked *l, const struct task_spec *spec,
		const char *path, struct stat *st, struct error *err);

#endif
