/*
 * Tasks with whose files no other task has to do, and what a graph is in which
 * these are settled.
 */
#include "base/base.h"

#include "fake-case.h"

/* The tasks of FLOW, which runs, that are alone: "a/0 b". */
static void
alone(const char *flow, const char *want, const char *title)
{
	char *names;

	given(flow);
	run.files[0] = "in";
	run.files[1] = "x";
	run.files[2] = "d";
	run.files[3] = "d/1";
	if (fake_run_flow(&run))
		printf("# error: %s\n", run.err.text);
	names = fake_names(run.graph, graph_is_alone);
	is_str(names, want, title);
	free(names);
}

static void
test_alone(void)
{
	alone("(step a (foreach n ['1' '2']) (input f 'x') (output o n))"
	      "(step b (input f 'in') (output o 'o'))",
	      "b", "tasks that read one file are not alone with it");
	alone("(step a (input f 'in') (input g 'in') (output o 'o'))",
	      "a", "one that reads it twice is");
	alone("(step a (input f 'in') (output o 'm'))"
	      "(step b (input f 'm') (output o 'o'))"
	      "(step c (input f 'x'))",
	      "c", "nor is who makes a file for another, or reads it");
	alone("(step a (input f 'd/1') (output o 'o'))"
	      "(step b (input f 'd'))", "",
	      "nor who reads what is in a directory that another reads");
	alone("(step a (output o 'm')) (step b (input f 'm/1'))", "",
	      "nor who makes it");
	alone("(step a (output o 'o'))"
	      "(step b (produces r) (gives r ['1']))"
	      "(step c (from b r) (foreach n r) (output p n))", "",
	      "nor anybody where files become known late");
	alone("(step a (output o 'o'))"
	      "(step b (pattern s) (input f '%.c') (output p '%.o'))", "",
	      "or are looked for by rules");
	given("(step a (output o 'o'))");
	run.targets[0] = "o";
	runs("a", "who is wanted for a file");
	ok(!graph_is_alone(run.graph, fake_task(&run, "a")),
	   "is not alone: it must be found by that");
}

static void
test_words(void)
{
	struct task *b;

	given("(step a (output o 'o')) (step b (output p 'p'))");
	runs("a b", "two that are alone");
	b = fake_task(&run, "b");
	ok(!graph_reads_word(run.graph, b, "o") &&
	   !graph_is_alone(run.graph, fake_task(&run, "a")) &&
	   graph_is_alone(run.graph, b),
	   "whose file a recipe names is not: what that means depends on it");
}

static void
test_users(void)
{
	given("(step a (input f 'x') (output o 'o')) (step b (input f 'x'))");
	run.files[0] = "x";
	runs("a b", "a flow");
	ok(graph_only_user(run.graph, "o") == fake_task(&run, "a") &&
	   !graph_only_user(run.graph, "x") && !graph_only_user(run.graph, "y"),
	   "says who alone declares a file");
}

static void
test_settled(void)
{
	given("(step a (foreach n ['1' '2' '3']) (input f (cat 'x' n))"
	      "  (output o n) (when (+ 1 1)))"
	      "(step b (after a) (produces r))");
	run.files[0] = "x2";
	run.settled[0] = "a/0";
	run.settled[1] = "a/2";
	runs("a/0 a/1 a/2 b", "what is settled is over without its files");
	ok(graph_makes(run.graph, "2") && !graph_makes(run.graph, "1") &&
	   !graph_declares(run.graph, "x3"), "which are not entered");
	is_int(graph_wanted_count(run.graph), 4, "but it counts");
}

static void
test_passed(void)
{
	struct error err = ERROR_INIT;

	given("(step a (foreach n ['1' '2' '3']) (input f (cat 'x' n))"
	      "  (output o n))"
	      "(step b (produces r))");
	run.files[0] = "x2";
	run.passed = "101";
	runs("b a/1", "splits that are passed over have no tasks");
	is_int(graph_wanted_count(run.graph), 4, "but these count");
	is_int(fake_task(&run, "a/1")->node.index - 2, 1,
	       "and the others have the places that they would have");
	ok(!graph_check_cycle(run.graph, &err), "nor do they wait in a circle");

	given("(step a (foreach n ['1' '2' '3' '4']) (input f (cat 'x' n))"
	      "  (output o n))"
	      "(step b (produces r))");
	run.files[0] = "x1";
	run.files[1] = "x3";
	run.passed = "0101";
	run.passes_rows = true;
	runs("b a/0 a/2", "nor need they be told");
	is_int(graph_wanted_count(run.graph), 5, "to count");
	is_int(fake_task(&run, "a/2")->node.index -
	       fake_task(&run, "a/0")->node.index, 2,
	       "and to keep their places");

	given("(step a (foreach n ['1' '2']) (output o n))"
	      "(step b (from a o) (foreach m [1 2]) (produces r) (gives r m))");
	run.passed = "11";
	runs("a/0 a/1", "those with fan-outs inside are not passed over");
}

int
main(void)
{
	fake_run_init(&run);
	test_alone();
	test_words();
	test_users();
	test_settled();
	test_passed();
	fake_run_release(&run);
	return done_testing();
}
