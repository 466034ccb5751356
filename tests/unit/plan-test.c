/*
 * What a dry run tells: each wanted task and why it would run, each fan-out
 * that is not known yet.  What a resume would reuse needs results, so that
 * tests/flow tests it.
 */
#include "base/base.h"

#include "fake-expand.h"

/* A dry run of FLOW_TEXT tells WANT. */
static void
plans(const char *flow_text, const char *want, const char *title)
{
	given(flow_text);
	must(run_expand(&run, &err));
	must(run_plan(&run, &err));
	run_tell_plan(&run);
	is_str(heard.buf, want, title);
}

static void
test_tasks(void)
{
	plans("(step b (foreach x (iota 2))) (step a)",
	      "b/0: runs, as every task of a run does\n"
	      "b/1: runs, as every task of a run does\n"
	      "a: runs, as every task of a run does\n",
	      "every task is told, step by step");
	is_int(summary.to_do, 3, "and counted");
	is_int(summary.counts.known, 3, "among those that are known");
	ok(!summary.planned, "it is no question about what is left to do");
	plans("(step b (after a)) (step a)",
	      "a: runs, as every task of a run does\n"
	      "b: runs, as every task of a run does\n",
	      "a step comes after what it waits for");
	plans("(step a (when #f)) (step b)",
	      "a: skipped: its when is false\n"
	      "b: runs, as every task of a run does\n",
	      "a task that is skipped is told so");
	is_int(summary.to_do, 1, "and is not to do");
	targets[0] = (char *)"b";
	plans("(step a) (step b)", "b: runs, as every task of a run does\n",
	      "what nobody wants is not told");
	targets[0] = NULL;
}

static void
test_late(void)
{
	plans("(step a (produces r)) (step b (from a r) (shell 'x #{(+ r 1)}'))"
	      "(step c (from a r) (input i (cat r '.txt')))",
	      "a: runs, as every task of a run does\n"
	      "b: runs; its text is known when what it reads has run\n"
	      "c: runs; its files are known when what it reads has run\n",
	      "what is known late is named");
	plans("(step a (produces r)) (step z (produces q))"
	      "(step b (from a r) (from z q) (foreach x r))"
	      "(step c (from b x) (foreach y [1])) (step d (from c y))"
	      "(step e (join b x))",
	      "a: runs, as every task of a run does\n"
	      "z: runs, as every task of a run does\n"
	      "b/*: late: its foreach is known when 'a', 'z' have run\n"
	      "c/*: late: it stands in the fan-out of 'b'\n"
	      "e: runs, as every task of a run does\n"
	      "d/*: late: it stands in the fan-out of 'c'\n",
	      "a fan-out that is not known yet is told with what it reads, "
	      "and what stands in it");
	is_int(summary.to_do, 3, "the tasks that are known are counted");
	is_int(summary.late, 3, "and the steps that are late");
	targets[0] = (char *)"e";
	plans("(step a (produces r)) (step b (from a r) (foreach x r))"
	      "(step c (from b x)) (step e (join b x))",
	      "a: runs, as every task of a run does\n"
	      "b/*: late: its foreach is known when 'a' has run\n"
	      "e: runs, as every task of a run does\n",
	      "a late step that nobody wants is not told");
	targets[0] = (char *)"c";
	plans("(step a (produces r)) (step b (from a r) (foreach x r))"
	      "(step c (from b x)) (step e (join b x))",
	      "a: runs, as every task of a run does\n"
	      "b/*: late: its foreach is known when 'a' has run\n"
	      "c/*: late: it stands in the fan-out of 'b'\n",
	      "one that is a target is");
	targets[0] = NULL;
	plans("(step a (foreach x [])) (step b (from a x))", "",
	      "a fan-out that is empty is known");
}

static void
test_unheard(void)
{
	static const struct run_events none;

	given("(step a) (step b (after a))");
	must(run_expand(&run, &err));
	run.events = &none;
	run_tell_plan(&run);
	is_int(summary.to_do, 2, "who does not listen may count");
}

int
main(void)
{
	enter_work_dir();
	test_tasks();
	test_late();
	test_unheard();
	close_run();
	strbuf_release(&heard);
	strbuf_release(&fake_told);
	leave_work_dir();
	return done_testing();
}
