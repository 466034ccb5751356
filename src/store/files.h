/*
 * Digests of the project's files, each hashed once per run, and remembered
 * across runs by size, times and inode (git's index does the same; its "racy"
 * rule holds here: an entry whose file was changed in the clock tick in which
 * it was hashed is not trusted until it was hashed again in a later one).
 *
 * A digest covers a file's bytes and its executable bit; in a directory names,
 * kinds, symlinks as symlinks and empty directories, by a Merkle hash over
 * entries sorted bytewise; sockets, fifos and devices are refused by name.
 */
#ifndef FLOWMAKE_STORE_FILES_H
#define FLOWMAKE_STORE_FILES_H

#include <sys/stat.h>

#include "base/base.h"
#include "base/digest.h"

struct clock;
struct pool;
struct error;
struct store;
struct strbuf;
struct witness;
struct witness_guide;
struct witness_writer;

struct file_state {
	struct digest digest;
	uint64_t size_bytes;
	bool is_dir;
	bool is_symlink; /* itself; set by files_check_output */
	bool changed;   /* an output that was recorded, but is not what its task
			 * made any more; set by files_check_output */
};

/* Begin with what the store remembers, read on first use.  CLOCK's real time
 * is compared with the times of files. */
struct files *files_new(struct store *s, struct clock *clock);
void files_free(struct files *f);

/* Try out how fine the times of the project's files are: where they are fine
 * enough no digest is racy.  Not tried out, they are not. */
void files_try_stamps(struct files *f);

/* Begin the transaction in which what is put into the store now will be
 * named (store/objects.h). */
int files_begin(struct files *f, struct error *err);

/* Between these two, which may nest, nothing is waited for: a file that was
 * looked at once is not looked at again, unless it is forgotten. */
void files_hold(struct files *f);
void files_let_go(struct files *f);
/* Within a hold: begin to look at all files that the store knows of, on a
 * thread of POOL, which is freed before F.  Once for F. */
int files_look_ahead(struct files *f, struct pool *pool, struct error *err);
/* Within a hold, in its place, before anything is asked: the files that W,
 * which was just looked at and lasts as long as F, has seen to be as they were
 * need no other look, and what the store remembers is read of each file that
 * is asked for. */
int files_recall(struct files *f, struct witness *w, struct error *err);
/* What the witness of a run needs for that: the last row that F knows. */
int64_t files_last_row(const struct files *f);
/* And about how many paths it will be of. */
size_t files_path_count(const struct files *f);
/* stat(2), once in a hold. */
int files_stat(struct files *f, const char *path, struct stat *st);

/* The digest of PATH as it is now.  Returns 1, 0 when nothing is there, -1
 * when it cannot be read or is of a kind that has no content.  Within one run
 * a file is hashed again only when its stat changed. */
int files_digest(struct files *f, const char *path, struct file_state *state,
		 struct error *err);

/* What is remembered of the regular file PATH, without looking at it: 1; 0
 * when that is nothing, -1. */
int files_known(struct files *f, const char *path, struct file_state *state,
		struct error *err);

/* Like files_digest for an output just made by a task: the entry also records
 * that we made it. */
int files_made(struct files *f, const char *path, struct file_state *state,
	       struct error *err);

/* Append what is in the directory PATH, whose digest D was just asked for, to
 * OUT: [PATH in it, digest bytes]..., without a head.  False when it holds more
 * than FILES_LIST_MAX files, or has changed. */
enum { FILES_LIST_MAX = 1000 };
bool files_list_tree(struct files *f, const char *path, const struct digest *d,
		     struct strbuf *out);

/* What stands at the path of an output about to be made: 0 nothing; 1 our own
 * earlier output, unchanged since (STATE filled; of a symlink only that it is
 * one); 2 something else: a file of ours that was changed (STATE's changed is
 * set), or is now another symlink, one that is not ours, or what cannot be
 * read.  -1 when even that cannot be said. */
int files_check_output(struct files *f, const char *path,
		       struct file_state *state, struct error *err);

/* Whether files_digest would have to read more than FILES_COSTLY_BYTES of the
 * regular file PATH; then ST gets its stat, and an I/O thread may hash it for
 * files_learn. */
enum { FILES_COSTLY_BYTES = 1 << 20 };
bool files_is_costly(struct files *f, const char *path, struct stat *st);

/* Take in the digest D of the regular file PATH, which somebody else (an I/O
 * thread) hashed at REAL_NS or later, when its stat had been ST.  INT64_MAX:
 * nobody can change it. */
void files_learn(struct files *f, const char *path, const struct stat *st,
		 int64_t real_ns, const struct digest *d);

/* Forget PATH: it was moved away.  Who made it last is still known. */
void files_forget(struct files *f, const char *path);

/* Remember that a good task of STEP has PATH as an output. */
void files_set_maker(struct files *f, const char *path, const char *step);
/* The step that was the last maker of PATH, in any run: 1; 0 when there is
 * none, -1.  *STEP is borrowed from F. */
int files_maker(struct files *f, const char *path, const char **step,
		struct error *err);
/* Whether there is one, which may be quicker; true when that is not known. */
bool files_has_maker(struct files *f, const char *path);

/* ---- what is not there yet ----
 *
 * A plan goes on from where what it would do has been done. */

/* Take PATH, normalized, for the object D, which is in the store. */
void files_expect(struct files *f, const char *path, const struct digest *d);
/* Whether since the last call something was asked of F that expectations leave
 * open: what a directory holds in which something is expected. */
bool files_take_doubt(struct files *f);

/* ---- what the outcome of a run rests on ----
 *
 * Whoever decides something by what is in the project says so here, for the
 * witness of the run (store/witness.h). */

/* That PATH holds what D is of, as was just found out. */
void files_rest_on(struct files *f, const char *path, const struct digest *d);
/* A word of a recipe names PATH, on which it rests. */
void files_rest_on_word(struct files *f, const char *path);
/* Something that cannot be compared later: there will be no witness. */
void files_rest_on_unseen(struct files *f);
/* Whether PATH holds what D is of; if it does, that it does. */
bool files_match(struct files *f, const char *path, const struct digest *d);
/* Whether anything is at PATH; whether a regular file is, which is looked up
 * once for F, or, while it is not, once between two ends of tasks. */
bool files_exist(struct files *f, const char *path);
bool files_name_one(struct files *f, const char *path);
/* A task has ended. */
void files_task_ended(struct files *f);
/* Add all of it to W; false: that would not tell the truth.  With OLD the run
 * has trusted what that says, too, but for its changes.  GUIDE is asked for the
 * tasks of files. */
bool files_testify(struct files *f, struct witness_writer *w,
		   struct witness *old, const struct witness_guide *guide);

/* ---- the end ---- */

/* Hash once more the files that were hashed in the tick in which they were
 * changed, if that tick is over, so that they can be trusted from now on; the
 * others stay distrusted and are hashed by the next run that needs them.  For
 * the end of a run, before files_save. */
int files_settle(struct files *f, struct error *err);

/* Write what changed to the store (in the open transaction). */
int files_save(struct files *f, struct error *err);

#endif
