/*
 * A local executor in a directory of its own, and tasks to run there.
 */
#ifndef FLOWMAKE_TESTS_UNIT_LOCAL_HARNESS_H
#define FLOWMAKE_TESTS_UNIT_LOCAL_HARNESS_H

#include "base/arena.h"
#include "base/clock.h"
#include "base/strbuf.h"
#include "exec/local.h"
#include "exec/spec.h"
#include "model/artifact.h"
#include "store/files.h"
#include "store/store.h"
#include "sys/loop.h"
#include "sys/pool.h"
#include "work-dir.h"

/* A task and what became of it. */
struct trial {
	struct task_spec spec;
	struct spec_file inputs[4];
	struct spec_file outputs[4];
	struct spec_result results[4];
	struct spec_variable variables[4];
	int64_t pid;
	bool finished;
	unsigned finished_count;
	struct outcome o;
	char *message;
	char *warning;
	struct artifact *got;           /* results */
	struct artifact *made;          /* outputs */
	struct strbuf out, err, engine; /* what it printed */
	void (*on_text)(struct trial *t);
	struct trial *next;
};

static struct arena arena;
static struct loop *loop;
static struct store *store;
static struct files *files;
static struct pool *pool;
static struct executor *x;
static uint32_t serial;
static struct trial *trials;            /* all */

/* ---- events ---- */

static void
on_started(void *data, void *task, int64_t pid)
{
	(void)data;
	((struct trial *)task)->pid = pid;
}

static void
on_printed(void *data, void *task, enum log_stream stream, int64_t real_ns,
	   const char *text, size_t len)
{
	struct trial *t = task;

	(void)data;
	(void)real_ns;
	strbuf_add(stream == LOG_STDOUT	  ? &t->out
		   : stream == LOG_STDERR ? &t->err : &t->engine, text, len);
	if (t->on_text)
		t->on_text(t);
}

/* Copies of artifacts that last as long as the test. */
static struct artifact *
keep(const struct artifact *list, size_t count)
{
	struct artifact *copy;

	if (!list)
		return NULL;
	copy = arena_memdup(&arena, list, count * sizeof(*list));
	for (size_t i = 0; i < count; i++)
		if (copy[i].value)
			copy[i].value = arena_memdup(&arena, copy[i].value,
						     copy[i].value_len);
	return copy;
}

static void
on_finished(void *data, void *task, const struct outcome *o)
{
	struct trial *t = task;

	(void)data;
	t->finished = true;
	t->finished_count++;
	t->o = *o;
	t->message = o->message ? arena_strdup(&arena, o->message) : NULL;
	t->warning = o->warning ? arena_strdup(&arena, o->warning) : NULL;
	t->got = keep(o->results, t->spec.result_count);
	t->made = keep(o->outputs, t->spec.output_count);
}

static const struct executor_events trial_events = {
	.started = on_started,
	.printed = on_printed,
	.finished = on_finished,
};

/* ---- trials ---- */

static struct trial *
trial(enum spec_kind kind)
{
	struct trial *t = arena_zalloc(&arena, sizeof(*t));

	t->spec = (struct task_spec){
		.run = 7, .task = ++serial, .attempt = 1, .step = "try",
		.split = "", .element = "", .kind = kind,
		.stdout_result = -1, .inputs = t->inputs,
		.outputs = t->outputs, .results = t->results,
		.environment = t->variables,
	};
	strbuf_init(&t->out);
	strbuf_init(&t->err);
	strbuf_init(&t->engine);
	t->next = trials;
	trials = t;
	return t;
}

__attribute__((unused)) static void
release_trials(void)
{
	for (; trials; trials = trials->next) {
		strbuf_release(&trials->out);
		strbuf_release(&trials->err);
		strbuf_release(&trials->engine);
	}
	arena_release(&arena);
}

__attribute__((unused)) static struct trial *
shell(const char *text)
{
	struct trial *t = trial(SPEC_SHELL);

	t->spec.text = text;
	t->spec.text_len = strlen(text);
	return t;
}

#define exec_argv(...) \
	exec_words((char **)(const char *[]){ __VA_ARGS__, NULL })

__attribute__((unused)) static struct trial *
exec_words(char **argv)
{
	struct trial *t = trial(SPEC_EXEC);
	size_t n = 0;

	while (argv[n])
		n++;
	t->spec.argv = arena_memdup(&arena, argv, (n + 1) * sizeof(*argv));
	return t;
}

__attribute__((unused)) static void
add_output(struct trial *t, const char *path)
{
	t->outputs[t->spec.output_count++].path = path;
}

__attribute__((unused)) static void
add_input(struct trial *t, const char *path)
{
	struct spec_file *in = &t->inputs[t->spec.input_count++];
	struct file_state state;

	in->path = path;
	must(files_digest(files, path, &state, &err));
	in->digest = state.digest;
}

__attribute__((unused)) static void
add_result(struct trial *t, const char *name, enum spec_result_format format,
	   const char *file_name)
{
	t->results[t->spec.result_count++] =
		(struct spec_result){ name, format, file_name };
}

static void
start(struct trial *t)
{
	must(x->ops->start(x, &t->spec, t, &err));
}

static void
finish_trial(struct trial *t)
{
	while (!t->finished)
		must(loop_turn(loop, true, &err));
}

__attribute__((unused)) static struct trial *
run(struct trial *t)
{
	start(t);
	finish_trial(t);
	return t;
}

/* Whether T succeeded; says why not. */
__attribute__((unused)) static bool
succeeded(struct trial *t, const char *title)
{
	bool pass = ok(t->o.kind == OUTCOME_OK, "%s", title);

	if (!pass)
		printf("# %d: %s\n# %s\n", (int)t->o.kind, t->message,
		       t->err.buf);
	return pass;
}

/* Whether T failed with just this message. */
__attribute__((unused)) static bool
failed(struct trial *t, enum outcome_kind kind, const char *message,
       const char *title)
{
	return ok(t->o.kind == kind, "%s", title) &&
	       is_str(t->message, message, "... and says why");
}

__attribute__((unused)) static void
open_harness(struct evaluator *evaluator)
{
	pool = pool_new(loop, &err);
	store = store_open(STORE_WRITE, &err);
	if (!store || !pool)
		must(-1);
	files = files_new(store, &clock_system);
	x = local_executor_new(loop, evaluator, files, pool, &trial_events,
			       NULL, 2, 7, &err);
	if (!x)
		must(-1);
	/* Short enough for a test. */
	*local_executor_patience(x) = (struct local_patience){
		200 * NS_PER_MS, 100 * NS_PER_MS
	};
}

__attribute__((unused)) static void
close_harness(void)
{
	x->ops->free(x);
	files_free(files);
	must(store_close(store, &err));
	pool_free(pool);
}

#endif
