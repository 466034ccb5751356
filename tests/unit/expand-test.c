/*
 * From rules to a graph: what is asked, wanted and refused before a task
 * starts, and what a turn makes possible later.
 */
#include "base/base.h"

#include "fake-expand.h"

static bool
is_wanted(const struct graph *g, const struct task *t)
{
	(void)g;
	return t->node.wanted;
}

/* The tasks that are wanted: "a/0 b". */
static void
wanted(const char *want, const char *title)
{
	char *names = fake_names(run.graph, is_wanted);

	is_str(names, want, title);
	free(names);
}

/* FLOW_TEXT can be expanded. */
static void
expands(const char *flow_text)
{
	given(flow_text);
	must(run_expand(&run, &err));
}

/* FLOW_TEXT is refused with MESSAGE. */
static void
refused(const char *flow_text, const char *message, const char *title)
{
	given(flow_text);
	if (!run_expand(&run, &err)) {
		ok(false, "%s", title);
		return;
	}
	is_str(err.text, message, title);
	error_release(&err);
}

/* The task called NAME has run. */
static void
over(const char *name)
{
	struct task *t;

	flow.graph = run.graph;
	t = fake_task(&flow, name);
	if (!t || fake_end(&flow, t))
		bug("%s cannot end", name);
	flow.graph = NULL;
}

/* Turns, until nothing is being evaluated or the run stops. */
static void
advance(void)
{
	must(run_advance(&run, &err));
	while (evaluation_busy(run.evaluation) && !run.stopping) {
		must(loop_turn(run.loop, true, &err));
		must(run_advance(&run, &err));
	}
}

/* ---- cases ---- */

static void
test_early(void)
{
	expands("(step a (foreach x (iota 3)) (produces r))"
		"(step b (join a r) (produces s))"
		"(step c (from b s) (foreach y s))");
	wanted("b a/0 a/1 a/2", "all that can be known early is");
	is_int(graph_unopened_count(run.graph), 1, "what is late is not");
	ok(!evaluation_busy(run.evaluation), "and nothing is asked any more");
	expands("(step a (shell 'x #{(+ 1 2)}'))");
	wanted("a", "a flow of one step is one task");
}

static void
test_targets(void)
{
	static const char text[] =
		"(step a (output o 'o.txt')) (step b (input i 'o.txt'))"
		"(step c) (step d (pattern s) (output o '#{s}.d'))";

	targets[0] = (char *)"b";
	expands(text);
	wanted("a b", "a target is wanted with what it needs");
	targets[0] = (char *)"./o.txt";
	expands(text);
	wanted("a", "a target may be a file");
	targets[0] = (char *)"x.d";
	targets[1] = (char *)"c";
	expands(text);
	wanted("c d/x", "or one that a pattern makes; there may be several");
	targets[1] = NULL;
	targets[0] = (char *)"bb";
	refused("(step aaa) (step b)",
		"target 'bb': no step is called so, and none makes such a "
		"file (did you mean 'b'?)", "an unknown one is refused");
	targets[0] = (char *)"zzzzzzzz";
	refused("(step aaa) (step b)", "target 'zzzzzzzz': no step is called "
		"so, and none makes such a file",
		"without a suggestion when nothing is near");
	targets[0] = (char *)"d";
	refused(text, "target 'd': this step makes files by a pattern; name "
		"one of them", "a step with a pattern has no task to want");
	targets[0] = NULL;
}

/* A target that only a fan-out can make that is not known yet. */
static void
test_seeking(void)
{
	targets[0] = (char *)"2.txt";
	expands("(step a (produces r) (gives r [1 2]))"
		"(step z (produces q) (gives q [1 2]))"
		"(step b (from a r) (foreach x r) (output o '#{x}.txt'))"
		"(step c (from z q) (foreach x q) (output o '#{x}.csv'))");
	wanted("a", "a file that a late fan-out may make wants its list");
	ok(run.seeking, "and is sought");
	advance();
	wanted("a", "one fan-out is opened at a time");
	over("a");
	advance();
	wanted("a b/1", "when it is there, what makes the file is wanted");
	ok(!run.seeking, "which has been found");

	targets[0] = (char *)"2.csv";
	expands("(step a (produces r) (gives r [1 2]))"
		"(step z (produces q) (gives q [1 2]))"
		"(step b (from a r) (foreach x r) (output o '#{x}.txt'))"
		"(step c (from z q) (foreach x q) (output o '#{x}.csv'))");
	over("a");
	advance();
	wanted("a z", "when it does not make it, the next is opened");
	ok(run.seeking, "and the search goes on");
	over("z");
	advance();
	wanted("a z c/1", "until it is found");

	targets[0] = (char *)"3.txt";
	expands("(step a (produces r) (gives r [1 2]))"
		"(step b (from a r) (foreach x r) (output o '#{x}.txt'))");
	over("a");
	while (!run_advance(&run, &err) && evaluation_busy(run.evaluation))
		must(loop_turn(run.loop, true, &err));
	is_str(err.text, "target '3.txt': no step is called so, and none makes "
	       "such a file", "when nothing makes it, that is said");
	error_release(&err);
	targets[0] = NULL;
}

static void
test_splits(void)
{
	expands("(step a (foreach x (iota 100)))");
	is_int(graph_task_count(run.graph), 100, "a hundred splits are usual");
	refused("(step a (foreach x (iota 101)))",
		"Flowfile:1:9: step 'a': foreach gives 101 splits, more than "
		"the limit of 100; raise it with --max-num-splits",
		"more are not");
	given("(step a (foreach x (iota 101)))");
	run.rules.max_num_splits = 101;
	is_int(run_expand(&run, &err), 0, "unless the Flowfile says so");
	given("(step a (foreach x (iota 101)))");
	run.rules.max_num_splits = 101;
	options.max_num_splits = 7;
	ok(run_expand(&run, &err) < 0 && strstr(err.text, "limit of 7"),
	   "the command line has the last word");
	error_release(&err);
	options.max_num_splits = 0;
	is_int(first_said(0, 2, 3), 2, "of numbers, the first that was said");
	is_int(first_said(1, 2, 3), 1, "... is taken");
	is_int(first_said(0, 0, 3), 3, "... down to the default");
}

static void
test_mistakes(void)
{
	refused("(step a (input i 'b.txt') (output o 'a.txt'))"
		"(step b (input i 'a.txt') (output o 'b.txt'))",
		"Flowfile:1:46: step 'b': tasks wait for each other's files: "
		"b -> a -> b", "a circle is refused");
	refused("(step a (input i 'none.txt'))", "Flowfile:1:18: step 'a': "
		"the input 'none.txt' is not there and no step makes it",
		"so is a missing input");
	refused("(step a (output o './Flowfile'))", "Flowfile:1:19: step 'a': "
		"the output 'Flowfile' holds the Flowfile",
		"and an output that would replace the Flowfile");
	refused("(step a (foreach x (fail)))", "Flowfile:1:1: it went wrong",
		"and an expression that fails");
}

/* The run gets its number. */
static void
begin(void)
{
	summary.run.number = 1;
	run.notes = notes_new(run.graph, run.files);
}

/* Once the run has its number, what fails is a failure of its own. */
static void
test_late_failure(void)
{
	static const char text[] = "(step a (produces r) (gives r [1]))"
		"(step b (from a r) (foreach x (fail r)))"
		"(step c (from a r) (foreach x r))";

	expands(text);
	begin();
	over("a");
	advance();
	run_tell_news(&run);
	is_str(heard.buf, "b: failed: Flowfile:1:1: it went wrong\n",
	       "a late foreach that fails is told as a task of its step");
	is_int(summary.counts.failed, 1, "and counted");
	ok(run.stopping && !run.fatal.text, "the run stops, with an end");
	options.keep_going = true;
	expands(text);
	begin();
	over("a");
	advance();
	ok(!run.stopping, "with keep_going it goes on");
	wanted("a c/0", "with all that does not depend on it");
	options.keep_going = false;

	expands("(step a (produces r) (gives r (iota 101)))"
		"(step b (from a r) (foreach x r))");
	begin();
	over("a");
	advance();
	run_tell_news(&run);
	is_str(heard.buf, "b: failed: Flowfile:1:62: step 'b': foreach gives "
	       "101 splits, more than the limit of 100; raise it with "
	       "--max-num-splits\n",
	       "one that is too wide fails, too");
	wanted("a", "before any of it is there");
	ok(!run.fatal.text, "and is no error of the run");
}

static void
test_interrupt(void)
{
	given("(step a (foreach x (iota 3)))");
	run.interrupted = true;
	ok(run_expand(&run, &err) < 0 && !strcmp(err.text, "interrupted"),
	   "an interrupt ends the waiting for answers");
	error_release(&err);
}

static void
test_files(void)
{
	put("there.txt", "x");
	expands("(step a (input i 'there.txt'))");
	wanted("a", "an input may be there already");
	expands("(step a (produces r))"
		"(step b (from a r) (foreach x r) (output o '#{x}.txt'))"
		"(step c (input i '1.txt'))");
	is_str(heard.buf, "'1.txt', needed by step 'c', is not there; a "
	       "fan-out that is not known yet may make it\n",
	       "that an input may still be made is noted");
}

static void
test_limits(void)
{
	static const char late[] = "(step a (produces r) (gives r [1]))"
		"(step b (from a r) (foreach x r) %s)";
	char text[200];

	snprintf(text, sizeof(text), late, "(timeout #:seconds 5)");
	expands(text);
	begin();
	over("a");
	strbuf_reset(&fake_told);
	advance();
	is_str(fake_told.buf, "fork1 job1(b) items1(1) "
	       "limit1(5 s, step 'b': the foreach) limit1(0 s) end1",
	       "a late foreach may take as long as its step's timeout");
	snprintf(text, sizeof(text), late, "");
	expands(text);
	over("a");
	strbuf_reset(&fake_told);
	advance();
	is_str(fake_told.buf, "fork1 job1(b) items1(1) "
	       "limit1(600 s, step 'b': the foreach) limit1(0 s) end1",
	       "or ten minutes");
}

static void
test_batch(void)
{
	expands("(step a) (step b (batch))");
	ok(run_check_demands(&run, &err) < 0, "a batch step is refused");
	is_str(err.text, "Flowfile:1:18: step 'b': asks for AWS Batch, which "
	       "is not configured here; configure it, or run everything on "
	       "this machine with --local", "... at its place");
	error_release(&err);
	options.local = true;
	is_int(run_check_demands(&run, &err), 0, "... unless all is to be local");
	options.local = false;
	targets[0] = (char *)"a";
	expands("(step a) (step b (batch))");
	is_int(run_check_demands(&run, &err), 0, "... or nobody wants it");
	targets[0] = NULL;
	expands("(step a) (step b (batch) (local))");
	is_int(run_check_demands(&run, &err), 0, "... or it says it stays here");
	expands("(step a) (step b (foreach x [1 2]) (batch))");
	ok(run_check_demands(&run, &err) < 0, "a fan-out of them is, too");
	error_release(&err);
	expands("(step a (produces r)) (step b (from a r) (foreach x r) (batch))");
	ok(run_check_demands(&run, &err) < 0, "... also when it is late");
	error_release(&err);
	expands("(step a (produces r)) (step b (from a r) (foreach x r))"
		"(step c (from b x) (batch))");
	ok(run_check_demands(&run, &err) < 0, "... and what stands inside");
	error_release(&err);
	options.resume = true;
	is_int(run_check_demands(&run, &err), 0,
	       "... but by a resume, which may need none");
	options.resume = false;
}

int
main(void)
{
	enter_work_dir();
	test_early();
	test_targets();
	test_seeking();
	test_splits();
	test_mistakes();
	test_late_failure();
	test_interrupt();
	test_files();
	test_limits();
	test_batch();
	close_run();
	strbuf_release(&heard);
	strbuf_release(&fake_told);
	leave_work_dir();
	return done_testing();
}
