/*
 * What the engine and flowmake-git, which keeps the code of runs, say to each
 * other.
 *
 * Every message is a frame (sys/frame.h) over one stream socket, its payload
 * one CBOR item (base/cbor.h).  Maps have text keys; a reader skips keys that
 * it does not know.  PATH is text (raw text where the name is not UTF-8),
 * relative to the project directory, which is the current directory of both.
 * The helper answers one request, and ends; or when the socket closes.
 *
 * The code of run 15 is the tree refs/flowmake/runs/15 of a bare repository of
 * our own, REPOSITORY; it needs no other.
 *
 * ---- recording ----
 *
 * CODE_PREPARE, engine to helper: { "repository": PATH, "store": PATH of the
 *   directory that is not looked at, "paths": [PATH...] }
 *   A snapshot will be asked for: names are read meanwhile.  "paths" has a file
 *   of each directory that is known to hold more than CODE_DIR_FILES_MAX files
 *   directly.  No answer.
 * CODE_SNAPSHOT, engine to helper: { "run": N, "since": ns,
 *   "paths": [PATH...] }
 *   "since": the file system's time when the run began; an untracked file that
 *   is younger was made by a task.  "paths" are the Flowfile and what else
 *   the evaluator read as code: they belong to it, whatever git says of them.
 * CODE_ASK, helper to engine, any number of times, at most CODE_CHUNK paths
 *   each: [PATH...], files that are new, changed or gone.
 * CODE_MADE, engine to helper, answers each: [index...] of those that tasks
 *   make.
 * CODE_TAKEN, helper to engine:
 *   { "commit": TEXT or null, "branch": TEXT or null, "tree": TEXT,
 *     "changed": [[LETTER, PATH]...], "changed-count": N,
 *     "left-out": [TEXT...], "seen": bytes }
 *   "commit" and "branch" are null where there is none; "changed" is what
 *   differs from the commit, at most CODE_CHANGED_MAX of "changed-count":
 *   "M", "D" as git has them, "A" tracked but not in the commit, "?" not
 *   tracked.  "left-out" says in words what is not in the tree, and why.
 *   "seen" is a list as in sys/sights.h: while it holds, another snapshot would
 *   be the same.  What is in the project has relative paths in it, directories
 *   with a / at their end.
 *
 * ---- looking ----
 *
 * CODE_DIFF, engine to helper: { "repository": PATH, "from": N, "to": N,
 *   "paths": [PATH...] }   the files and directories to compare; none: all
 * CODE_LINES, helper to engine, any number of times: [[ORIGIN, bytes]...]
 *   ORIGIN, a text of one character, says what kind of line it is: "F" of a
 *   file's head, "H" a hunk's head, "+", "-", " ", or "B" about a binary
 *   file.  The bytes are the line as it stands in a patch, in whole.
 * CODE_NAMES, engine to helper, is like CODE_DIFF, but asks for names alone;
 *   then ORIGIN is "A", "D", "M" or what else git calls it, and the bytes are
 *   the path of a file.
 * CODE_CHECKOUT, engine to helper: { "repository": PATH, "run": N,
 *   "directory": PATH of an existing, empty one }
 * CODE_DONE, helper to engine, answers these three: null.
 *
 * CODE_HISTORY, engine to helper: { "repository": PATH, "from": N,
 *   "from-commit": TEXT, "to-commit": TEXT, "paths": [PATH...] }
 *   What run N had already nobody has changed since.
 * CODE_COMMITS, helper to engine, answers it: [[path index, id TEXT, seconds
 *   since 1970, author TEXT, first line TEXT, undone bool]...]: the commits of
 *   the user's repository, from one to the other, that changed a file; the
 *   newest first, and not more than are of use.  Of a file that none has
 *   changed, those that are undone: from the other to the one.
 *
 * ---- forgetting ----
 *
 * CODE_FORGET, engine to helper: { "repository": PATH, "keep": [N...],
 *   "newest": N, "dry-run": bool }   forget the code of all other runs up to
 *   the newest; or only count
 * CODE_FORGOTTEN, helper to engine, answers it: the bytes that are, or would
 *   be, given back, about
 *
 * CODE_ERROR, helper to engine, in place of an answer: TEXT.
 */
#ifndef FLOWMAKE_MODEL_CODE_WIRE_H
#define FLOWMAKE_MODEL_CODE_WIRE_H

enum {
	CODE_CHUNK = 1000,
	CODE_CHANGED_MAX = 100,
	CODE_DIR_FILES_MAX = 5000, /* untracked ones: more are data */
};

enum code_wire_type {
	CODE_SNAPSHOT = 1,
	CODE_ASK,
	CODE_MADE,
	CODE_TAKEN,
	CODE_DIFF,
	CODE_LINES,
	CODE_CHECKOUT,
	CODE_DONE,
	CODE_ERROR,
	CODE_HISTORY,
	CODE_COMMITS,
	CODE_FORGET,
	CODE_NAMES,
	CODE_PREPARE,
	CODE_FORGOTTEN,
};

#endif
