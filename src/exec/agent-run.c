/*
 * One task by its spec alone.
 */
#include "base/base.h"

#include "exec/agent.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/cbor.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/strbuf.h"
#include "exec/local.h"
#include "exec/spec.h"
#include "flow/evaluator.h"
#include "model/rules.h"
#include "store/files.h"
#include "store/store.h"
#include "sys/file.h"
#include "sys/loop.h"
#include "sys/pool.h"

/* The one task, and all that running it needs. */
struct agent {
	struct arena arena;
	struct task_spec spec;
	const char *flow_file;
	const char *load;
	size_t load_len;
	struct loop *loop;
	struct store *store;
	struct files *files;
	struct pool *pool;
	struct evaluator *evaluator;
	struct rules rules;
	struct executor *executor;
	bool interrupted;
	bool finished;
	enum outcome_kind kind;
	char *message;           /* of a failure; owned */
	struct strbuf outcome;   /* the document */
};

/* ---- events ---- */

static void
on_started(void *data, void *task, int64_t pid)
{
	(void)data;
	(void)task;
	(void)pid;
}

static void
on_printed(void *data, void *task, enum log_stream stream, int64_t real_ns,
	   const char *text, size_t len)
{
	(void)data;
	(void)task;
	(void)real_ns;
	/* Whoever reads may have gone; the task goes on all the same. */
	file_write_all(stream == LOG_STDOUT ? STDOUT_FILENO : STDERR_FILENO,
		       text, len, NULL);
}

static void
put_outcome(struct strbuf *sb, const struct task_spec *spec,
	    const struct outcome *o)
{
	bool ok = o->kind == OUTCOME_OK;

	cbor_put_map(sb, 9);
	cbor_put_str(sb, "version");
	cbor_put_uint(sb, 1);
	cbor_put_str(sb, "kind");
	cbor_put_uint(sb, o->kind);
	cbor_put_str(sb, "status");
	if (o->exit_status < 0)
		cbor_put_null(sb);
	else
		cbor_put_uint(sb, (uint64_t)o->exit_status);
	cbor_put_str(sb, "signal");
	cbor_put_uint(sb, (uint64_t)o->signal);
	cbor_put_str(sb, "message");
	cbor_put_str_or_null(sb, o->message);
	cbor_put_str(sb, "warning");
	cbor_put_str_or_null(sb, o->warning);
	cbor_put_str(sb, "reusable");
	cbor_put_bool(sb, o->reusable);
	cbor_put_str(sb, "results");
	artifact_put_list(sb, o->results, ok ? spec->result_count : 0);
	cbor_put_str(sb, "outputs");
	artifact_put_list(sb, o->outputs, ok ? spec->output_count : 0);
}

static void
on_finished(void *data, void *task, const struct outcome *o)
{
	struct agent *a = data;

	(void)task;
	a->finished = true;
	a->kind = o->kind;
	if (o->message)
		a->message = xstrdup(o->message);
	put_outcome(&a->outcome, &a->spec, o);
}

static const struct executor_events events = {
	.started = on_started,
	.printed = on_printed,
	.finished = on_finished,
};

static void
on_signal(void *data, int signo)
{
	struct agent *a = data;

	(void)signo;
	/* The second time there is no more patience. */
	if (a->executor)
		a->executor->ops->cancel(a->executor, a, a->interrupted);
	a->interrupted = true;
}

/* ---- running ---- */

static int
read_spec(struct agent *a, const char *path, struct error *err)
{
	struct strbuf sb = STRBUF_INIT;
	int rc = file_read(path, &sb, err);

	if (!rc)
		rc = spec_decode(sb.buf, sb.len, &a->arena, &a->spec,
				 &a->flow_file, &a->load, &a->load_len, err);
	strbuf_release(&sb);
	return rc;
}

/* Load the Flowfile whose recipe is to run, as it was loaded first. */
static int
load(struct agent *a, struct error *err)
{
	struct evaluator_load how = { .file = a->flow_file };
	char **parameters;

	if (!a->flow_file || !a->load)
		return error_set(err, "the task spec does not say which "
				 "Flowfile its recipe is in");
	if (spec_get_load(a->load, a->load_len, &a->arena, &parameters,
			  &how.replay, &how.replay_len, err) < 0)
		return -1;
	how.parameters = parameters;
	a->evaluator = evaluator_new(a->loop);
	return evaluator_load(a->evaluator, &how, &a->rules, &a->interrupted,
			      err);
}

static int
open_all(struct agent *a, struct error *err)
{
	a->loop = loop_new(&clock_system, err);
	if (!a->loop)
		return -1;
	loop_signal_add(a->loop, SIGINT, on_signal, a);
	loop_signal_add(a->loop, SIGTERM, on_signal, a);
	a->store = store_open(STORE_WRITE, err);
	if (!a->store)
		return -1;
	a->files = files_new(a->store, &clock_system);
	a->pool = pool_new(a->loop, err);
	if (!a->pool)
		return -1;
	if (a->spec.kind == SPEC_SCHEME && load(a, err) < 0)
		return -1;
	a->executor = local_executor_new(a->loop, a->evaluator, a->files,
					 a->pool, &events, a, 1, a->spec.run,
					 err);
	return a->executor ? 0 : -1;
}

static int
run(struct agent *a, struct error *err)
{
	if (a->executor->ops->start(a->executor, &a->spec, a, err) < 0)
		return -1;
	while (!a->finished)
		if (loop_turn(a->loop, true, err) < 0)
			return -1;
	return 0;
}

static void
close_all(struct agent *a)
{
	if (a->executor)
		a->executor->ops->free(a->executor);
	evaluator_free(a->evaluator);
	if (a->pool)
		pool_free(a->pool);
	if (a->files)
		files_free(a->files);
	if (a->store)
		store_close(a->store, NULL);
	loop_free(a->loop);
	rules_release(&a->rules);
	arena_release(&a->arena);
	strbuf_release(&a->outcome);
	free(a->message);
}

int
agent_run(const char *spec_path, struct error *err)
{
	struct agent a = { .outcome = STRBUF_INIT };
	char *path = xasprintf("%s.outcome", spec_path);
	int rc;

	arena_init(&a.arena);
	rules_init(&a.rules);
	rc = read_spec(&a, spec_path, err);
	if (!rc)
		rc = open_all(&a, err);
	if (!rc)
		rc = run(&a, err);
	if (!rc)
		rc = file_replace(path, a.outcome.buf, a.outcome.len, true,
				  err);
	if (!rc && a.kind != OUTCOME_OK) {
		error_set(err, "%s", a.message);
		rc = 1;
	}
	close_all(&a);
	free(path);
	return rc;
}
