/*
 * What the engine and the evaluator say to each other.
 *
 * Every message is a frame (sys/frame.h): 32-bit little-endian length of the
 * payload, 16-bit type (enum wire_type), 16-bit version, then the payload,
 * one CBOR item (base/cbor.h).  Maps have text keys; a reader skips keys that
 * it does not know.  Positions count from 1, indexes from 0.  PATH is text
 * (raw text where the name is not UTF-8), relative to the project directory,
 * which is the current directory of both.
 *
 * Two kinds of sockets carry frames, both SOCK_STREAM:
 *   control  engine <-> zygote; LOAD, FORK, KILL; file descriptors travel
 *            with FORK (SCM_RIGHTS, with the first byte of the frame);
 *   data     engine <-> one child of the zygote; JOB, ITEMS, RESULTS.
 *
 * ---- loading (control) ----
 *
 * WIRE_LOAD, engine to zygote, once:
 *   { "file": PATH, "parameters": [[NAME, TEXT]...],
 *     "text": of the file, or null: it is read,
 *     "inherited": the same, which yield to those and need not be declared,
 *     "cache": PATH of a directory for compiled Flowfiles, or null,
 *     "replay": MANIFEST or null, "debug": bool }
 *   With a replay manifest (a task that runs elsewhere), helpers called while
 *   loading answer from it and look at nothing.
 *
 * The zygote answers with any number of WIRE_TEMPLATE and WIRE_STEPS, then
 * one WIRE_LOADED; or with one WIRE_ERROR.
 *
 * WIRE_ERROR: { "place": bool, "text": TEXT, "backtrace": TEXT or null }
 *   "place": the text begins with FILE:LINE:COLUMN.
 *
 * WIRE_TEMPLATE: what one (step ...) form says, sent once however often a
 * loop declares it.  { "id": N, "file": PATH, "line": N, "column": N,
 *   "doc": TEXT or null,
 *   "names": [[NAME, KIND]...]     the step's scope in order; KIND: enum
 *                                  wire_name; EXPRs refer to them by index
 *   "foreach": [[name index, EXPR, line, column]...], of the clause,
 *   "from": [[[STEPREF...], [ITEM...]]...], "join": the same, one STEPREF,
 *   "after": [STEPREF...],
 *   "when": EXPR or null,
 *   "inputs": [[name index or null, EXPR, line, column]...],
 *   "outputs": the same,
 *   "pattern": name index or null,
 *   "produces": [[name index, FORMAT, PATH or null]...],
 *                                  FORMAT: "value", "text", "lines", "json",
 *                                  "file" (with the name it must have)
 *   "recipe": RECIPE or null,
 *   "annotations": [[CLAUSE, KEY, EXPR, line, column]...],
 *   "mentions": CODE }             what the EXPRs mention, to say where their
 *                                  values may come from: data that are not
 *                                  small count by how they are written
 *
 *   STEPREF = [line, column, NAME or N], N an index into the instance's
 *     computed names
 *   ITEM = [line, column, name index (mine), NAME (theirs)]
 *   EXPR = [line, column, enum wire_expr, payload, [needed name indexes]]
 *     CONST: payload a value.  NAME: payload a name index, needed once too.
 *     THUNK: payload a thunk number.  PIECES: payload an array of TEXT and
 *     EXPR in turn as they stand in the literal, to be joined as text.
 *   RECIPE =
 *     ["shell", [EXPR program and arguments...] or null, [PIECE...]]
 *        PIECE = TEXT or [enum wire_quote, EXPR]
 *     ["exec", [EXPR...], EXPR stdin or null, EXPR stdout or null]
 *     ["script", [EXPR...], TEXT]
 *     ["scheme", line, column, CODE, [TEXT...], [MANY...],
 *        [name index...]]
 *        CODE = [[NAME, DIGEST bytes, value or SOURCE or null]...]: the parts
 *        of the key that stand for the body and the definitions and modules
 *        that it mentions (model/key.h names them), null in place of a DIGEST
 *        that cannot be had (always run), and the values of short data; of
 *        code, where its DIGEST is sent first, SOURCE = [null, PATH, TEXT]:
 *        the file in which it is written, and how; the
 *        TEXTs are the strings in there, one line each, which may name files;
 *        MANY = [cut: bool, TEXT...] are those of a value with many of them,
 *        of which these are the first few if it is cut, or N, the one that
 *        was said as number N, from 0; then the names that the body mentions
 *     The other recipes have no CODE: their THUNKs' values are in the key.
 *   annotations, CLAUSE and KEY as written, without "#:" :
 *     resources, batch, timeout, retry: one entry for each keyword
 *     batch without keywords, local: KEY null, EXPR null
 *     catch: KEY the name; environment: KEY the variable's name;
 *     secret: KEY the name, EXPR null
 *     the place is the keyword's, or else the clause's
 *
 * WIRE_STEPS: up to 1,000 instances in the order of the Flowfile:
 *   [[template id, NAME or null, [computed name...]]...]
 *   NAME null: a (defaults ...) form, whose template has annotations only.
 *   Instances count from 0 over all frames; that number is the STEP below.
 *
 * WIRE_LOADED: { "flow": NAME or null, "doc": TEXT or null,
 *   "max-num-splits": N or null, "max-workers": N or null,
 *   "parameters": [[NAME, value, DOC or null, given: bool]...],
 *   "manifest": MANIFEST, "threads": bool (the Flowfile started some),
 *   "pure": bool (what was said, and all answers, follow from the file, the
 *   parameters and what the manifests say that was looked at) }
 *   MANIFEST = [[KIND, QUERY, ANSWER, DIGEST or null]...], KIND "wildcard",
 *   "getenv", "command-output", "csv-rows", "tsv-rows", "json-file", "module"
 *   (QUERY the file, ANSWER its digest); ANSWER a value; DIGEST of the bytes
 *   of the file that was read.  Equal questions once.
 *
 * ---- children (control) ----
 *
 * WIRE_FORK, engine to zygote: { "id": N, "recipe": RECIPE-JOB or null }
 *   with 1 descriptor (the child's data socket) and, for a recipe, 2 more
 *   (its stdout, stderr); its stdin is /dev/null.  The child makes itself the
 *   leader of a process group.
 * WIRE_STARTED, zygote to engine: [id, pid]
 * WIRE_EXITED, zygote to engine: [id, wait status, user ns, system ns,
 *   max resident KiB], when the child is reaped; after WIRE_STARTED.
 * WIRE_KILL, engine to zygote: [id, signal]: to the child's process group,
 *   or to the child alone if it leads none.  An unknown id is ignored: the
 *   child has gone meanwhile.
 *
 * The zygote ends when the control socket closes.
 *
 * ---- evaluating expressions (data; "recipe" was null) ----
 *
 * WIRE_JOB, engine to child:
 *   { "step": STEP, "foreach": bool, "constants": [thunk number...],
 *     "thunks": [thunk number...], "names": [name index...],
 *     "careful": true (or not there) }
 *   opens a group of items; several JOBs may follow one another.  The answers
 *   to a careful one are sent item by item.
 * WIRE_ITEMS: [[VALUE of each of names...]...], up to 1,000.
 *   Without foreach, each item is answered by one row; with it, by one row
 *   for each element of the product of the foreach lists.
 * The child answers a JOB with WIRE_CONSTANTS: [value...], the thunks that
 *   need no name, evaluated once; and each ITEMS frame by WIRE_ROWS frames of
 *   at most 1,000 rows: [item index in its frame, last: bool,
 *   [[[foreach value...], [value of each of thunks...]]...]]; "last" closes
 *   the item (its rows may be none).
 *   An input or output that a thunk needs and that "names" does not bring
 *   follows from what is bound: the child evaluates its expression.
 * WIRE_SEEN: MANIFEST: what was looked at for the answer to a JOB or to an
 *   ITEMS frame; it stands before the last frame of that answer, and behind the
 *   last one of the answer before.
 * WIRE_ERROR ends the job; the engine closes the socket.
 * A closed socket ends the child.
 *
 *   VALUE = a value, or TAG_OBJECT [FORMAT, PATH]: to be loaded from there.
 *     FORMAT: "cbor", "text", "bytes", "npy"
 *   TAG_FILE path is bound as a string.
 *   A thunk that mentions one of its step's own results gets a stand-in text
 *   (the engine makes it), which the engine replaces in what comes back.
 *   (list-file LIST) comes back as TAG_LIST_FILE [text...] and must be the
 *   whole of its expression.  (raw EXPR) counts only as a whole hole.
 *
 * ---- running a recipe (data; "recipe" given) ----
 *
 * RECIPE-JOB = { "step": STEP, "names": [[name index, VALUE]...],
 *   "environment": [[NAME, TEXT]...], "results": PATH of an existing
 *   directory, "prefix": TEXT, "workers": N }
 *   Every variable of "environment" is set.  "workers" is parallel-map's
 *   default.  A value that is not stored inline is written to
 *   results/PREFIX + result's name.
 * WIRE_RESULTS, child to engine, just before a successful exit:
 *   [[FORMAT, value or PATH]...] in the order of produces.
 *   FORMAT "inline": value; "text", "bytes", "npy", "cbor": PATH was written;
 *   "file": PATH, from (file-result PATH).
 * WIRE_ERROR: the recipe failed; the text was written to its stderr too.
 *   The child exits with status 1.
 */
#ifndef FLOWMAKE_MODEL_WIRE_H
#define FLOWMAKE_MODEL_WIRE_H

enum { WIRE_CHUNK = 1000 };

enum wire_type {
	WIRE_LOAD = 1,
	WIRE_ERROR,
	WIRE_TEMPLATE,
	WIRE_STEPS,
	WIRE_LOADED,
	WIRE_FORK,
	WIRE_STARTED,
	WIRE_EXITED,
	WIRE_KILL,
	WIRE_JOB,
	WIRE_ITEMS,
	WIRE_CONSTANTS,
	WIRE_ROWS,
	WIRE_RESULTS,
	WIRE_SEEN,
};

enum wire_name {
	WIRE_NAME_FROM,
	WIRE_NAME_JOIN,
	WIRE_NAME_FOREACH,
	WIRE_NAME_INPUT,
	WIRE_NAME_OUTPUT,
	WIRE_NAME_RESULT,  /* of the step's own produces */
	WIRE_NAME_PATTERN, /* the stem */
	WIRE_NAME_ATTEMPT,
	WIRE_NAME_INPUTS,  /* all inputs, as #{inputs} */
	WIRE_NAME_OUTPUTS,
	WIRE_NAME_CATCH,
};

enum wire_expr {
	WIRE_EXPR_CONST,
	WIRE_EXPR_NAME,
	WIRE_EXPR_THUNK,
	WIRE_EXPR_PIECES,
};

/* How a hole of a shell text is quoted (model/shell-text.h). */
enum wire_quote {
	WIRE_QUOTE_BARE,
	WIRE_QUOTE_SINGLE,
	WIRE_QUOTE_DOUBLE,
	WIRE_QUOTE_RAW,
	WIRE_QUOTE_WORD, /* bare, where the shell takes just one word */
};

/* Values that are not stored inline are larger than this. */
enum { WIRE_INLINE_MAX_BYTES = 1024 };

#endif
