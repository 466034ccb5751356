/*
 * Wishes for evaluations: which child is asked what, in which order, and what
 * becomes of the answers.  The graph is real, the children are not.
 */
#include "base/base.h"

#include "fake-children.h"
#include "sched/evaluate.h"
#include "tap.h"

static struct fake_run run;
static struct evaluation *ev;
static struct strbuf heard = STRBUF_INIT; /* events for the run */
static struct error err = ERROR_INIT;

/* ---- events ---- */

static void
on_failed(void *data, struct node *n, const struct error *why)
{
	(void)data;
	strbuf_adds(&heard, heard.len ? "; " : "");
	if (n->kind == NODE_TASK)
		task_add_name(&heard, (struct task *)n);
	else
		strbuf_adds(&heard, ((struct opening *)n)->step->name);
	strbuf_addf(&heard, ": %s", why->text);
	graph_fail(run.graph, n);
}

static void
on_mistaken(void *data, const struct error *why)
{
	(void)data;
	strbuf_addf(&heard, "%smistake: %s", heard.len ? "; " : "", why->text);
}

static int64_t
limit_ns(void *data, const struct eval_request *q)
{
	(void)data;
	return (q->late && q->purpose == EVAL_FOREACH ? 42 : 600) * NS_PER_S;
}

static const struct evaluation_events events = {
	.failed = on_failed, .mistaken = on_mistaken, .limit_ns = limit_ns,
};

/* ---- cases ---- */

static void
close_flow(void)
{
	evaluation_free(ev);
	ev = NULL;
	fake_run_release(&run);
	memset(&run, 0, sizeof(run));
	if (fake_children)
		ok(false, "no child outlives its evaluation");
}

/* Begin with FLOW_TEXT; nothing has been asked yet. */
static void
given(const char *flow_text)
{
	struct graph_world world = {
		.exists = fake_exists,
		.maker = fake_maker,
		.data = &run,
	};
	struct graph_options options = { .max_num_splits = 2500,
					 .want_all = true,
					 .flow_file = "Flowfile" };

	close_flow();
	fake_run_init(&run);
	fake_flow_add(&run.flow, flow_text);
	if (rules_resolve(&run.flow.rules, &err))
		bug("%s", err.text);
	run.graph = graph_new(&run.flow.rules, &world, &options);
	fake_children_on(&run.flow, &run.flow.rules, NULL);
	strbuf_reset(&heard);
	ev = evaluation_new(run.graph, NULL, &events, NULL);
	if (graph_start(run.graph, &err))
		bug("%s", err.text);
}

/* Ask for all that is wished for now. */
static void
pump(void)
{
	if (graph_settle(run.graph, &err) || evaluation_pump(ev, &err))
		bug("%s", err.text);
}

/* The children were told WANT since the last time. */
static void
told(const char *want, const char *title)
{
	is_str(fake_told.buf, want, title);
	strbuf_reset(&fake_told);
}

/* Let CHILD answer COUNT jobs and items. */
static void
answer(uint32_t child, unsigned count)
{
	while (count--)
		if (!fake_child_answer(fake_child(child)))
			bug("child %u has nothing to answer", child);
}

/* The wishes that come of tasks having ended, one after another. */
static void
end_tasks(void)
{
	struct task *t;

	while ((t = graph_take_ready(run.graph)))
		if (fake_end(&run, t))
			bug("%s", run.err.text);
}

static void
said(const char *want, const char *title)
{
	is_str(heard.buf, want, title);
	strbuf_reset(&heard);
}

/* The tasks that there are: "a/0 a/1". */
static void
there_are(const char *want, const char *title)
{
	struct strbuf names = STRBUF_INIT;
	uint32_t i;

	for (i = 0; i < graph_task_count(run.graph); i++) {
		if (i)
			strbuf_addch(&names, ' ');
		task_add_name(&names, graph_task(run.graph, i));
	}
	is_str(names.buf, want, title);
	strbuf_release(&names);
}

/* ---- tests ---- */

static void
test_shared(void)
{
	given("(step a (foreach x (iota 2))) (step b (foreach y (iota 1)))");
	ok(!evaluation_busy(ev), "at first no answer is due");
	is_str(evaluation_what(ev), NULL, "and nothing is being evaluated");
	pump();
	told("fork1 job1(a) items1(1) limit1(600 s, step 'a': the foreach) "
	     "job1(b) items1(1)", "one child is asked all that is known early");
	ok(evaluation_busy(ev), "now answers are due");
	is_str(evaluation_what(ev), "step 'a'", "... of the first");
	pump();
	told("", "nothing is asked twice");
	answer(1, 2);
	told("limit1(600 s, step 'b': the foreach)",
	     "with the first answered, the second is timed and named");
	is_str(evaluation_what(ev), "step 'b'", "... and is what goes on");
	answer(1, 2);
	told("limit1(0 s)", "who owes no answer has no limit");
	ok(!evaluation_busy(ev), "all has been answered");
	pump();
	there_are("a/0 a/1 b/0", "the splits are there");
	told("", "the child waits for more");
	close_flow();
	told("end1", "and ends with the evaluation");
	said("", "nothing was wrong");
}

static void
test_chunks(void)
{
	given("(step a (foreach x (iota 2001)) (shell 'x #{(+ x 1)}'))");
	pump();
	answer(1, 2);
	pump();
	told("fork1 job1(a) items1(1) limit1(600 s, step 'a': the foreach) "
	     "limit1(0 s)",
	     "a fan-out is asked for as a whole, with what its tasks need");

	given("(step a (foreach x (iota 2001)) (produces r) (gives r x))"
	      "(step b (from a r) (shell 'echo #{(+ r 1)}'))");
	pump();
	answer(1, 2);
	pump();
	strbuf_reset(&fake_told);
	end_tasks();
	pump();
	told("job1(b) items1(1000) items1(1000) items1(1) "
	     "limit1(600 s, step 'b': an expression)",
	     "many items go in frames of a thousand");
	answer(1, 1 + 2001);
	told("limit1(0 s)", "and are answered as one request");
	pump();
	end_tasks();
	is_int(graph_check_stuck(run.graph, &err), 0, "all of them could run");
	said("", "and none failed");
}

static void
test_late(void)
{
	given("(step a (produces r) (gives r [5 6]))"
	      "(step b (from a r) (foreach x r))"
	      "(step c (from a r) (foreach y r))"
	      "(step d (from a r) (shell 'echo #{(len r)}'))");
	pump();
	told("", "nothing can be asked before a has run");
	end_tasks();
	pump();
	told("fork1 job1(d) items1(1) "
	     "limit1(600 s, step 'd': an expression) "
	     "fork2 job2(b) items2(1) limit2(42 s, step 'b': the foreach) "
	     "fork3 job3(c) items3(1) limit3(42 s, step 'c': the foreach)",
	     "each late foreach has a child of its own, timed by its step");
	answer(1, 2);
	pump();
	told("limit1(0 s)", "others do not wait for it");
	answer(3, 2);
	told("limit3(0 s)", "one has answered");
	pump();
	told("end3", "and its child ends");
	ok(evaluation_busy(ev), "one has not");
	is_str(evaluation_what(ev), "step 'b'", "which is told");
	fake_child_fail(fake_child(2), "no answer within 42 s");
	said("b: no answer within 42 s", "a late foreach that fails is told");
	pump();
	told("end2", "with the end of its child");
	ok(!evaluation_busy(ev), "and is waited for no more");
	there_are("a d c/0 c/1", "the others went on");
}

static void
test_failure(void)
{
	given("(step a (foreach x [1 2 3]) (produces r) (gives r x))"
	      "(step b (from a r) (shell 'x #{(+ r 1)}'))"
	      "(step c (from a r) (shell 'x #{(+ r 1)}'))");
	pump();
	answer(1, 2);
	pump();
	end_tasks();
	strbuf_reset(&fake_told);
	pump();
	told("job1(b) items1(3) limit1(600 s, step 'b': an expression) "
	     "job1(c) items1(3)", "what tasks have made leads to more wishes");
	answer(1, 2);
	fake_child_fail(fake_child(1), "status 3");
	said("b/1: status 3", "the item that it was at has failed");
	ok(evaluation_busy(ev), "the others are still due");
	told("", "nothing is asked of a dead child");
	pump();
	told("end1 fork2 job2(b) items2(1) job2(c) items2(3) "
	     "limit2(600 s, step 'b': an expression)",
	     "another is asked what has not been answered, and timed");
	answer(2, 2);
	told("limit2(600 s, step 'c': an expression)",
	     "the request that lost an item is complete");
	fake_child_fail(fake_child(2), "status 4");
	said("c/0: status 4",
	     "who fails before it has begun was at the first item");
	pump();
	answer(3, 3);
	ok(!evaluation_busy(ev), "all have been answered or have failed");
	strbuf_reset(&fake_told);
	fake_child_fail(fake_child(3), "killed");
	said("", "who fails when nothing is due harms nobody");
	pump();
	told("end3", "and is not replaced at once");
}

static void
test_slow(void)
{
	given("(step a (produces r) (gives r [5 6]))"
	      "(step b (from a r) (foreach x r))"
	      "(step c (from b x) (shell 'echo #{(+ x 1)}'))"
	      "(step d (from a r) (shell 'echo #{(len r)}'))");
	pump();
	evaluation_begin(ev);
	end_tasks();
	pump();
	strbuf_reset(&fake_told);
	answer(1, 2); /* d's */
	answer(2, 2); /* b's foreach */
	strbuf_reset(&fake_told);
	pump();
	told("end2 job1(c) items1(2) limit1(600 s, step 'c': an "
	     "expression)", "tasks of a late fan-out share a child");
	fake_child_slow(fake_child(1));
	pump();
	told("end1 fork3 job3(c) items3(2) limit3(600 s, step 'c': an "
	     "expression)", "when it is slow another shows at which item");
	fake_child_slow(fake_child(3));
	pump();
	told("fork4 job4(c) items4(1) limit4(600 s, step 'c': an "
	     "expression)", "to which it is left; a third is asked the rest");
	end_tasks();
	is_str(run.order.buf, "a d b/0 b/1", "others do not wait for it");
	answer(4, 2);
	fake_child_fail(fake_child(3), "no answer within 600 s");
	said("c/0: no answer within 600 s", "what was slow has failed alone");
	strbuf_reset(&fake_told);
	pump();
	told("end3", "with its child");
	end_tasks();
	is_str(run.order.buf, "a d b/0 b/1 c/1", "and the rest goes on");
	ok(!evaluation_busy(ev), "nothing more is waited for");

	given("(step a (foreach x [5 6]) (produces r) (gives r x))"
	      "(step b (from a r) (shell 'x #{(+ r 1)}'))");
	pump();
	answer(1, 2);
	pump();
	evaluation_begin(ev);
	end_tasks();
	pump();
	fake_child_fail(fake_child(1), "status 3");
	said("", "who fails while several are due is not judged at once");
	pump();
	answer(2, 2);
	fake_child_fail(fake_child(2), "status 3");
	said("b/1: status 3", "but when it was asked item by item");
	pump();

	given("(step a (foreach x [5 6]) (shell 'echo #{(+ x 1)}'))");
	pump();
	fake_child_slow(fake_child(1));
	strbuf_reset(&fake_told);
	pump();
	told("", "before tasks run all is asked in order");
	answer(1, 2);
}

static void
test_answers_of_the_slow(void)
{
	given("(step a (produces r) (gives r 5))"
	      "(step b (from a r) (foreach x [1 2 3])"
	      "  (shell 'echo #{(+ x r)}'))");
	pump();
	answer(1, 2);
	pump();
	evaluation_begin(ev);
	end_tasks();
	pump();
	fake_child_slow(fake_child(1));
	answer(1, 2);
	pump();
	fake_child_slow(fake_child(2));
	pump();
	answer(2, 4);
	answer(3, 3);
	said("", "what a slow child answers for others is not heard");
	pump();
	end_tasks();
	is_str(run.order.buf, "a b/0 b/1 b/2", "each is answered once");
}

static void
test_failing_item(void)
{
	given("(step a (produces r) (gives r 1))"
	      "(step b (from a r) (when (fail r)))"
	      "(step c (from a r) (when (= r 1)))");
	pump();
	end_tasks();
	pump();
	answer(1, 2);
	said("b: Flowfile:1:1: it went wrong", "an error is the item's");
	pump();
	answer(2, 2);
	pump();
	end_tasks();
	is_str(run.order.buf, "a c", "and no other's");
}

static void
test_constants(void)
{
	given("(step a (shell 'x #{(+ 1 2)}'))");
	pump();
	told("fork1 job1(a) limit1(600 s, step 'a': an expression)",
	     "constants are asked for without items");
	fake_child_fail(fake_child(1), "Flowfile:1:9: it went wrong");
	said("mistake: Flowfile:1:9: it went wrong",
	     "a constant that fails is nobody's item: the flow is wrong");
	ok(!evaluation_busy(ev), "and is not asked for again");
}

static void
test_mistakes(void)
{
	given("(step a (foreach x (iota 2501)))");
	pump();
	answer(1, 2);
	ok(strstr(heard.buf, "a: ") == heard.buf &&
	   strstr(heard.buf, "more than the limit of 2500"),
	   "a fan-out that is too wide has failed");
	strbuf_reset(&heard);
	given("(step a (foreach x ['s' 's']) (output o (cat x '.out')))");
	pump();
	answer(1, 2);
	said("mistake: Flowfile:1:41: step 'a': two tasks make 's.out': a/0 "
	     "and a/1", "what the graph finds wrong in an answer is told");
	fake_no_children = true;
	given("(step a (foreach x (iota 2)))");
	if (graph_settle(run.graph, &err))
		bug("%s", err.text);
	ok(evaluation_pump(ev, &err) < 0 && !strcmp(err.text, "cannot fork"),
	   "that there can be no child is an error");
	error_release(&err);
	fake_no_children = false;
	pump();
	told("fork1 job1(a) items1(1) limit1(600 s, step 'a': the foreach)",
	     "and what was wished for is not lost");
}

int
main(void)
{
	test_shared();
	test_chunks();
	test_late();
	test_failure();
	test_slow();
	test_answers_of_the_slow();
	test_failing_item();
	test_constants();
	test_mistakes();
	close_flow();
	strbuf_release(&heard);
	strbuf_release(&fake_told);
	error_release(&err);
	return done_testing();
}
