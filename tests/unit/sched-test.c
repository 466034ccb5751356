/*
 * The attempts of a run: a real store and log, an executor and a clock that
 * the test moves.
 */
#include "base/base.h"

#include <signal.h>

#include "base/clock.h"
#include "fake-run.h"
#include "sched/leases.h"
#include "sched/notes.h"
#include "sched/prehash.h"
#include "sched/run-internal.h"
#include "store/files.h"
#include "sys/pool.h"
#include "work-dir.h"

struct fake_clock {
	struct clock clock;
	int64_t now_ns;
};

static int64_t
fake_now(struct clock *c)
{
	return ((struct fake_clock *)c)->now_ns;
}

static struct fake_clock fake = { { fake_now, fake_now }, 1000 };
static struct fake_run flow;
static struct run run;
static struct run_options options;
static struct run_summary summary;
static struct strbuf trace = STRBUF_INIT; /* news and what the executor did */
static uint32_t runs_so_far;

/* ---- the executor ---- */

static struct attempt *running[64];
static uint32_t running_count;
static bool refuse_start;
static bool start_interrupts;

static void
say(const char *format, const char *name)
{
	if (trace.len)
		strbuf_addch(&trace, ' ');
	strbuf_addf(&trace, format, name);
}

static int
fake_start(struct executor *x, const struct task_spec *spec, void *task,
	   struct error *e)
{
	struct attempt *a = task;

	(void)x;
	if (refuse_start)
		return error_set(e, "no room");
	if (spec != &a->spec)
		bug("not its own spec");
	running[running_count++] = a;
	say("start(%s)", a->name.buf);
	if (start_interrupts)
		raise(SIGUSR1);
	return 0;
}

static void
fake_cancel(struct executor *x, void *task, bool hard)
{
	(void)x;
	say(hard ? "kill(%s)" : "term(%s)", ((struct attempt *)task)->name.buf);
}

static void
fake_pause(struct executor *x, bool stop)
{
	(void)x;
	(void)stop;
}

static void
fake_free(struct executor *x)
{
	(void)x;
}

static const struct executor_ops fake_ops = {
	.start = fake_start, .cancel = fake_cancel, .pause = fake_pause,
	.free = fake_free,
};
static struct executor fake_executor;

/* The attempt called NAME that runs, taken out when TAKE. */
static struct attempt *
find_running(const char *name, bool take)
{
	uint32_t i;

	for (i = 0; i < running_count; i++) {
		struct attempt *a = running[i];

		if (strcmp(a->name.buf, name))
			continue;
		if (take)
			running[i] = running[--running_count];
		return a;
	}
	bug("%s does not run: %s", name, trace.buf);
}

static void
begin(const char *name)
{
	run_executor_events.started(&run, find_running(name, false), 4711);
}

static void
finish(const char *name, enum outcome_kind kind)
{
	struct attempt *a = find_running(name, true);
	struct artifact results[4], outputs[4];
	struct outcome o = {
		.kind = kind, .exit_status = kind == OUTCOME_FAILED ? 3 : -1,
		.started_ns = fake.now_ns, .ended_ns = fake.now_ns,
		.message = kind == OUTCOME_OK ? NULL : "it said why",
		.results = results, .outputs = outputs, .reusable = true,
	};
	size_t i;

	memset(results, 0, sizeof(results));
	memset(outputs, 0, sizeof(outputs));
	for (i = 0; i < a->spec.result_count; i++) {
		results[i].name = a->spec.results[i].name;
		results[i].value = "\x07";
		results[i].value_len = 1;
		results[i].digest = digest_of("\x07", 1);
	}
	for (i = 0; i < a->spec.output_count; i++) {
		outputs[i].name = a->spec.outputs[i].path;
		outputs[i].format = ARTIFACT_OUTPUT;
	}
	run_executor_events.finished(&run, a, &o);
}

/* ---- news ---- */

/* What a reader of the store sees of task NUMBER. */
static enum task_outcome seen;

static bool
see(void *data, const struct attempt_record *a)
{
	(void)data;
	seen = a->outcome;
	return false;
}

static int
look(uint32_t task)
{
	struct attempt_filter f = { .run = summary.run.number, .task = task };
	struct store *s = store_open(STORE_READ, &err);

	seen = (enum task_outcome)-1;
	if (!s)
		must(-1);
	must(store_attempt_each(s, &f, see, NULL, &err));
	must(store_close(s, &err));
	return (int)seen;
}

static bool committed_first = true;

static void
on_started(void *data, const struct task_news *t)
{
	(void)data;
	committed_first &= look(t->number) == TASK_RUNNING;
	say("+%s", t->name);
}

static void
on_over(void *data, const struct task_news *t, const struct attempt_record *a)
{
	char *text = xasprintf("%s:%s", t->name, task_outcome_name(a->outcome));

	(void)data;
	committed_first &= look(t->number) == (int)a->outcome;
	say("%s", text);
	free(text);
}

static void
on_note(void *data, const char *text)
{
	(void)data;
	say("note(%.20s)", text);
}

static const struct run_events events = {
	.started = on_started, .over = on_over, .note = on_note,
};

/* ---- a run ---- */

static void
close_run(void)
{
	uint32_t i;

	if (!run.loop)
		return;
	loop_timer_stop(run.loop, &run.start_timer);
	loop_timer_stop(run.loop, &run.commit_timer);
	for (i = 0; i < graph_task_count(run.graph); i++) {
		struct attempt *a = graph_task(run.graph, i)->running;

		if (!a)
			continue;
		loop_timer_stop(run.loop, &a->pause);
		attempt_free(a);
	}
	pool_free(run.pool);
	prehash_free(run.prehash);
	leases_free(run.leases);
	files_free(run.files);
	must(log_writer_close(run.log, &err));
	must(store_close(run.store, &err));
	loop_free(run.loop);
	error_release(&run.fatal);
	free(run.said);
	notes_free(run.notes);
	free(run.starts);
	free(run.queue);
	free(run.news);
	run.graph = NULL;
	run.loop = NULL;
	fake_run_release(&flow);
	running_count = 0;
}

/* As sched/run.c ends a turn, with the fake evaluator. */
static void
turn(void)
{
	must(loop_turn(run.loop, false, &err));
	run_refill(&run);
	run_record_skipped(&run);
	run_record_starts(&run, false);
	if (run_may_wait(&run))
		return;
	must(run_commit(&run, &err));
	if (fake_settle(&flow))
		bug("%s", flow.err.text);
	run_dispatch(&run);
}

/* Begin a run of FLOW_TEXT on a machine of 4 processors. */
static void
given(const char *flow_text)
{
	struct graph_world world = {
		.exists = fake_exists,
		.maker = fake_maker,
		.data = &flow,
	};
	struct graph_options go = { .max_num_splits = 100, .want_all = true,
				    .flow_file = "Flowfile" };

	close_run();
	fake_run_init(&flow);
	fake_flow_add(&flow.flow, flow_text);
	must(rules_resolve(&flow.flow.rules, &err));
	memset(&run, 0, sizeof(run));
	memset(&summary, 0, sizeof(summary));
	run.options = &options;
	run.events = &events;
	run.summary = &summary;
	run.loop = loop_new(&fake.clock, &err);
	run.store = store_open(STORE_WRITE, &err);
	if (!run.loop || !run.store)
		must(-1);
	run.files = files_new(run.store, &clock_system);
	run.pool = pool_new(run.loop, &err);
	run.prehash = prehash_new(run.pool, run.files);
	summary.run.number = ++runs_so_far;
	summary.run.state = RUN_RUNNING;
	summary.run.command = summary.run.flow = summary.run.flow_file = "x";
	summary.run.user = summary.run.host = "x";
	summary.run.parameters = summary.run.tags = "\x80";
	summary.run.parameters_len = summary.run.tags_len = 1;
	must(store_run_begin(run.store, &summary.run, &err));
	run.log = log_writer_open(summary.run.number, &err);
	run.leases = leases_new(run.loop, true, NULL, NULL, &err);
	run.executor = &fake_executor;
	run.executor->ops = &fake_ops;
	run.machine_cpu_milli = 4000;
	run.code_begun = true; /* nobody records it here */
	run.said = xcalloc(flow.flow.rules.step_count + 1, 1);
	limits_init(&run.limits, 3, 4000, 8000);
	flow.graph = run.graph = graph_new(&flow.flow.rules, &world, &go);
	run.notes = notes_new(run.graph, run.files);
	must(graph_start(run.graph, &err));
	strbuf_reset(&trace);
	turn();
}

/* What happened since the last time. */
static void
happened(const char *want, const char *title)
{
	turn();
	is_str(trace.buf, want, title);
	strbuf_reset(&trace);
}

/* ---- cases ---- */

static void
test_waiting(void)
{
	given("(step a (foreach x [1 2 3 4 5 6 7])) (step b (after a))");
	happened("start(a/0) start(a/1) start(a/2)", "three have room");
	finish("a/0", OUTCOME_OK);
	happened("start(a/3)", "while others are ready no commit is waited "
		 "for");
	is_int(look(fake_task(&flow, "a/0")->number), -1,
	       "nor is it made for one");
	finish("a/1", OUTCOME_OK);
	happened("start(a/4)", "nor for two");
	fake.now_ns += 10 * NS_PER_MS;
	happened("a/0:done a/1:done", "but after a while for all that ended");
	finish("a/2", OUTCOME_FAILED);
	happened("a/2:failed", "who failed is told at once");
	ok(committed_first, "all that was told had been committed");
}

static void
test_course(void)
{
	given("(step a (produces r)) (step b (from a r) (produces s))"
	      "(step c (when #f))");
	happened("c:skipped start(a)", "a task starts, another is skipped");
	begin("a");
	happened("", "who has only just begun is not told of yet");
	fake.now_ns += 60 * NS_PER_MS;
	happened("+a", "who lasts is");
	finish("a", OUTCOME_OK);
	is_str(trace.buf, "", "an end is not told before the turn's end");
	is_int(look(fake_task(&flow, "a")->number), TASK_RUNNING,
	       "nor to be seen in the store");
	happened("a:done start(b)", "news go before dependants start");
	begin("b");
	finish("b", OUTCOME_OK);
	happened("b:done", "a short task is told once");
	is_int(run.summary->counts.done, 2, "both are counted");
	is_int(run.summary->counts.skipped, 1, "the skipped one too");
	is_int((intmax_t)run.limits.running, 0, "the limits are free again");
	ok(committed_first, "all that was told had been committed");
}

static void
test_limits(void)
{
	given("(step a (foreach x (iota 5)))");
	happened("start(a/0) start(a/1) start(a/2)", "as many as workers");
	finish("a/1", OUTCOME_OK);
	happened("start(a/3)", "an end lets one more in");
	given("(step a (resources #:cpu 3)) (step b (resources #:cpu 3))"
	      "(step c)");
	happened("start(a)", "nothing younger overtakes one that does not fit");
	finish("a", OUTCOME_OK);
	happened("start(b) start(c) a:done", "until it does");
	given("(step a (resources #:cpu 30)) (step b)");
	happened("note(warning: step 'a' as) start(a)",
		 "a too large task runs alone with a warning");
	finish("a", OUTCOME_OK);
	happened("start(b) a:done", "the others afterwards");
}

static void
test_retry(void)
{
	given("(step a (retry #:times 2 #:seconds 10) (produces r)"
	      "  (resources #:memory (* attempt 100)))"
	      "(step b (from a r))");
	happened("start(a)", "a first attempt");
	is_int((intmax_t)find_running("a", false)->spec.memory_mb, 100,
	       "asks for a little");
	finish("a", OUTCOME_FAILED);
	happened("a:retried", "its failure is told");
	is_int((intmax_t)run.limits.running, 0,
	       "who waits for a retry holds nothing");
	fake.now_ns += 9 * NS_PER_S;
	happened("", "it pauses");
	fake.now_ns += 2 * NS_PER_S;
	turn();
	happened("start(a)", "then it is tried again");
	is_int((intmax_t)find_running("a", false)->spec.memory_mb, 200,
	       "and asks for more");
	is_int(find_running("a", false)->spec.attempt, 2, "as attempt 2");
	finish("a", OUTCOME_TIMEOUT);
	fake.now_ns += 11 * NS_PER_S;
	turn();
	turn();
	happened("a:retried start(a)", "a timeout is a failure as well");
	finish("a", OUTCOME_FAILED);
	happened("a:failed", "the last one is for good");
	ok(run.stopping, "and the run stops");

	given("(step a (retry #:times 1)) (step b)");
	finish("a", OUTCOME_LOST);
	turn();
	turn();
	finish("a", OUTCOME_LOST);
	turn();
	turn();
	finish("a", OUTCOME_FAILED);
	turn();
	turn();
	happened("start(a) start(b) a:retried start(a) a:retried start(a) "
		 "a:retried start(a)",
		 "losses have a budget of their own");
	finish("a", OUTCOME_LOST);
	happened("a:failed", "of three");
}

static void
test_keys(void)
{
	struct digest first;

	given("(step a (retry #:times 1) (shell 'x #{(cat attempt)}'))");
	first = find_running("a", false)->key;
	finish("a", OUTCOME_FAILED);
	turn();
	turn();
	ok(digest_equal(&first, &find_running("a", false)->key),
	   "a key is that of attempt 1");
	is_str(find_running("a", false)->spec.text, "x '2'",
	       "the text that of this attempt");
}

static void
test_failure(void)
{
	given("(step a) (step b) (step c (after a)) (step d (after b))");
	finish("a", OUTCOME_FAILED);
	happened("start(a) start(b) a:failed", "after a failure");
	finish("b", OUTCOME_OK);
	happened("b:done", "running tasks finish, no new ones start");
	options.keep_going = true;
	given("(step a) (step b) (step c (after a)) (step d (after b))");
	finish("a", OUTCOME_FAILED);
	finish("b", OUTCOME_OK);
	happened("start(a) start(b) a:failed b:done start(d)",
		 "with keep_going all that does not depend on it runs");
	options.keep_going = false;

	given("(step a (catch why) (produces r)) (step b (from a why r)"
	      "  (shell 'x #{(cat why)}'))");
	finish("a", OUTCOME_FAILED);
	happened("start(a) a:caught start(b)", "a caught failure goes on");
	is_str(find_running("b", false)->spec.text, "x '(no text)'",
	       "its reader has an alist");
	ok(!run.stopping && !run.summary->counts.failed, "and fails nothing");
}

static void
test_unstarted(void)
{
	struct error why = ERROR_INIT;

	refuse_start = true;
	given("(step a (resources #:cpu 2)) (step b (after a))");
	happened("a:failed", "who cannot be started has failed");
	is_int((intmax_t)run.limits.running, 0, "and holds nothing");
	is_int(run.running, 0, "nor counts as running");
	refuse_start = false;

	given("(step m (output o 'gone.txt'))"
	      "(step a (input i 'gone.txt')) (step b (after a))");
	finish("m", OUTCOME_OK);
	turn();
	happened("start(m) m:done a:failed", "nor can one whose input is not "
		 "there");
	given("(step a (foreach x [1 2]) (shell 'x #{(list (list x))}'))");
	happened("a/0:failed", "nor one whose text cannot be made");

	given("(step a (resources #:cpu 8)) (step b) (step c)");
	error_set(&why, "Flowfile:1:2: it went wrong");
	run_task_failed(&run, fake_task(&flow, "b"), &why);
	happened("note(warning: step 'a' as) start(a) b:failed",
		 "nor one whose expressions fail");
	is_int(look(fake_task(&flow, "b")->number), TASK_FAILED,
	       "which is recorded, too");
	error_release(&why);
}

static void
test_interrupt(void)
{
	given("(step a) (step b (catch why) (retry)) (step c (retry #:minutes "
	      "1)) (step d (after a))");
	finish("c", OUTCOME_FAILED);
	happened("start(a) start(b) start(c) c:retried", "three have begun");
	run.stopping = run.interrupted = true;
	run_cancel_all(&run, false);
	happened("term(a) term(b)", "an interrupt ends what runs");
	run_cancel_all(&run, true);
	finish("a", OUTCOME_CANCELLED);
	finish("b", OUTCOME_CANCELLED);
	happened("kill(a) kill(b) a:cancelled b:cancelled",
		 "a second one at once; it is neither caught nor retried");
	is_int(run.running, 0, "nothing is left");
	run_cancel_retries(&run);
	turn();
	happened("c:cancelled", "who waited for a retry is cancelled at last");
	is_int(run.summary->counts.failed, 0, "what was cancelled has not "
	       "failed");
}

static void
on_interrupt(void *data, int signo)
{
	(void)data;
	(void)signo;
	run.stopping = run.interrupted = true;
}

static void
test_told_to_end(void)
{
	given("(step z) (step a (after z)) (step b (after z))");
	loop_signal_add(run.loop, SIGUSR1, on_interrupt, NULL);
	start_interrupts = true;
	finish("z", OUTCOME_OK);
	turn();
	start_interrupts = false;
	happened("start(z) z:done start(a)",
		 "when a signal has come no more tasks are started");
	turn();
	happened("", "nor when it is heard");
	finish("a", OUTCOME_CANCELLED);
	happened("a:cancelled", "what was started ends");
}

static void
test_printed(void)
{
	static const char text[] = "line 1\nline 2\n";

	options.max_log_bytes = 10;
	given("(step a)");
	begin("a");
	run_executor_events.printed(&run, find_running("a", false), LOG_STDOUT,
				    fake.now_ns, text, sizeof(text) - 1);
	run_executor_events.printed(&run, find_running("a", false), LOG_STDOUT,
				    fake.now_ns, text, sizeof(text) - 1);
	run_executor_events.printed(&run, find_running("a", false), LOG_STDERR,
				    fake.now_ns, "e", 1);
	is_int((intmax_t)find_running("a", false)->printed_bytes[0], 10,
	       "output is cut at the limit");
	is_int((intmax_t)find_running("a", false)->printed_bytes[1], 1,
	       "each stream for itself");
	ok(find_running("a", false)->log_end >
	   find_running("a", false)->log_start, "its place is kept");
	finish("a", OUTCOME_OK);
	happened("start(a) +a a:done", "who printed is told of at once");
	options.max_log_bytes = 0;
}

int
main(void)
{
	enter_work_dir();
	test_course();
	test_waiting();
	test_limits();
	test_retry();
	test_keys();
	test_failure();
	test_unstarted();
	test_interrupt();
	test_told_to_end();
	test_printed();
	close_run();
	strbuf_release(&trace);
	leave_work_dir();
	return done_testing();
}
