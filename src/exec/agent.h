/*
 * What has to be done around a task wherever it runs: prepare the project for
 * it, collect what it made, publish that in the store.  The local executor
 * calls the three, and so does agent_run, which runs one task by its spec
 * alone.
 */
#ifndef FLOWMAKE_EXEC_AGENT_H
#define FLOWMAKE_EXEC_AGENT_H

#include "base/base.h"
#include "model/artifact.h"

struct arena;
struct collection;
struct error;
struct files;
struct pool;
struct slot;
struct strbuf;
struct task_spec;

/* Make the directories of SPEC's outputs and take old outputs away: into the
 * store what a task of ours made, by name into .flowmake/replaced/RUN/ what
 * not; NOTES gets a line for each of the latter. */
int agent_prepare(struct files *files, const struct task_spec *spec,
		  struct strbuf *notes, struct error *err);

/* The same for the one output PATH of a task of run RUN. */
int agent_clear_output(struct files *files, uint32_t run, const char *path,
		       struct strbuf *notes, struct error *err);

/* Look for all that SPEC's recipe, begun at STARTED_NS, should have made: its
 * outputs, and its results, at the paths of SLOT or as a scheme recipe's
 * MADE, the payload of WIRE_RESULTS (NULL for others).  Returns -1 with what
 * is missing, in words; 0 when all is there; 1 when some of it is large, and
 * DONE(DATA) will be called when it was hashed by POOL. */
int agent_collect(struct collection *c, const struct task_spec *spec,
		  const struct slot *slot, struct files *files,
		  struct pool *pool, int64_t started_ns, const char *made,
		  size_t made_len, void (*done)(void *data), void *data,
		  struct error *err);

/* What was published, from the arena. */
struct publication {
	const struct artifact *results;
	const struct artifact *outputs;
	const char *warning;         /* an input changed; or NULL */
	bool reusable;
};

/* Move the results into the store and take down the outputs.  Returns -1 with
 * *OURS false when the recipe is to blame (a result that is no JSON), true
 * when the world is. */
int agent_publish(struct collection *c, struct arena *arena,
		  struct publication *p, bool *ours, struct error *err);

/* Remove what a failed attempt left of its outputs. */
void agent_discard(struct files *files, const struct task_spec *spec);

/* Run the task of the spec in file SPEC_PATH in the current directory, which
 * holds its inputs and, in .flowmake/objects, the objects that it reads; what
 * it prints goes to our stdout and stderr.  SPEC_PATH.outcome then says how
 * it ended, as CBOR: { "version": 1, "kind": enum outcome_kind, "status": exit
 * status or null, "signal": N, "message": TEXT or null, "warning": TEXT or
 * null, "reusable": bool, "results": artifacts, "outputs": artifacts }.
 * Returns 0 when it succeeded; 1 when it failed, with the message in ERR; -1
 * when it could not be run. */
int agent_run(const char *spec_path, struct error *err);

#endif
