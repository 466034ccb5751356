/*
 * What is wanted: targets, files that pattern rules make; and graphs of
 * 100,000 tasks.
 */
#include "base/base.h"

#include <sys/resource.h>
#include <time.h>

#include "fake-case.h"

/* ---- targets ---- */

static void
test_step_targets(void)
{
	given("(step a (produces x)) (step b (from a x) (produces y))"
	      "(step c (from b y)) (step d)");
	run.targets[0] = "b";
	runs("a b", "a target step runs with what it needs only");
	given("(step a (foreach x [1 2])) (step b (from a x) (foreach y [1 2]))"
	      "(step c (join b y)) (step d (from a x))");
	run.targets[0] = "c";
	runs("a/0 a/1 b/0.0 b/0.1 b/1.0 b/1.1 c/0 c/1",
	     "who reads a variable alone depends on its step all the same");
	given("(step z (produces l) (gives l [1 2]))"
	      "(step a (from z l) (foreach x l))"
	      "(step b (from a x)) (step c)");
	run.targets[0] = "b";
	runs("z a/0 a/1 b/0 b/1", "a target in a late fan-out opens it");
	given("(step a)");
	run.targets[0] = "nothing";
	stops("target 'nothing': nobody makes it", "an unknown target fails");
	given("(step a (when #f) (produces x)) (step b (from a x))"
	      "(step c (when #f))");
	run.targets[0] = "b";
	runs("-a -b", "only wanted tasks are told as skipped");
}

static void
test_file_targets(void)
{
	given("(step a (foreach x ['p' 'q']) (output o 'out/#{x}'))"
	      "(step b (input i 'out/p') (output o 'b.txt'))"
	      "(step c (output o 'c.txt'))");
	run.targets[0] = "./b.txt";
	runs("a/0 b", "a target file runs its task and makers of its inputs");
	given("(step a (foreach x ['p' 'q']) (output o 'out/#{x}'))"
	      "(step c (output o 'c.txt'))");
	run.targets[0] = "out";
	runs("a/0 a/1", "a target directory runs all that make files in it");
	given("(step z (produces l) (gives l ['p' 'q']))"
	      "(step a (from z l) (foreach x l) (output o 'out/#{x}'))"
	      "(step y (produces l) (gives l ['r']))"
	      "(step b (from y l) (foreach x l) (output o 'out2/#{x}'))"
	      "(step c)");
	run.targets[0] = "out2/r";
	runs("z y b/0", "late fan-outs are opened until one declares the file");
}

/* ---- patterns ---- */

static void
test_patterns(void)
{
	given("(step pack (pattern name) (input plain 'raw/%')"
	      "  (output packed 'packed/%.gz')"
	      "  (shell 'gzip -nc #{plain} > #{packed} # #{name}'))");
	run.files[0] = "raw/sub/a.txt";
	run.targets[0] = "packed/sub/a.txt.gz";
	runs("pack/sub/a.txt", "a pattern rule makes a target");

	given("(step pack (pattern n) (input p 'raw/%') (output q 'gz/%'))"
	      "(step a (foreach f ['x' 'y']) (input i 'gz/#{f}')"
	      "  (output o 'sum/#{f}'))"
	      "(step b (input i 'gz/x'))");
	run.files[0] = "raw/x";
	run.files[1] = "raw/y";
	runs("pack/x pack/y b a/0 a/1", "and inputs of other steps, once each");

	given("(step two (pattern n) (input p 'b/%') (output q 'c/%'))"
	      "(step one (pattern n) (input p 'a/%') (output q 'b/%'))");
	run.files[0] = "a/x";
	run.targets[0] = "c/x";
	runs("one/x two/x", "pattern rules chain");

	given("(step gz (pattern n) (input p '%') (output q '%.gz'))");
	run.files[0] = "a";
	run.targets[0] = "a.gz.gz";
	stops("target 'a.gz.gz': nobody makes it",
	      "a rule is used once in a chain");

	given("(step any (pattern n) (input p 'src/%') (output q 'o/%'))"
	      "(step c (pattern n) (input p 'src/%.c') (output q 'o/%.o'))");
	run.files[0] = "src/x.c";
	run.files[1] = "src/x.o";
	run.targets[0] = "o/x.o";
	runs("c/x", "the shortest stem wins");

	given("(step any (pattern n) (input p 'src/%') (output q 'o/%'))"
	      "(step c (pattern n) (input p 'src/%.c') (output q 'o/%.o'))");
	run.files[0] = "src/x.o";
	run.targets[0] = "o/x.o";
	runs("any/x.o", "if its inputs can be had");

	given("(step r1 (pattern n) (input p 'a/%') (output q 'o/%'))"
	      "(step r2 (pattern n) (input p 'b/%') (output q 'o/%'))");
	run.files[0] = "b/x";
	run.files[1] = "a/x";
	run.targets[0] = "o/x";
	runs("r1/x", "then the first in the file");

	given("(step make (output o 'raw/x')) (step n (produces k))"
	      "(step p (pattern s) (from n k) (input i 'raw/%')"
	      "  (outputs 'o/%.1' 'o/%.2'))"
	      "(step use (inputs 'o/x.1' 'o/x.2'))");
	runs("make n p/x use", "a rule may read other steps and make two files");

	given("(step p (pattern s) (output o 'o/%'))"
	      "(step a (output o 'o/x')) (step b (inputs 'o/x' 'o/y'))");
	runs("a p/y b", "another step's file needs no rule");

	given("(step p (pattern s) (input i 'in/%') (output o 'o/%'))"
	      "(step b (input i 'o/y'))");
	stops("Flowfile:1:72: step 'b': the input 'o/y' is not there and no "
	      "step makes it; step 'p' would make it from 'in/y'",
	      "a rule without its input makes nothing");

	given("(step p (pattern s) (input i (cat s '.in')) (output o 'o/%'))"
	      "(step b (input i 'o/y'))");
	run.files[0] = "y.in";
	runs("p/y b", "inputs may be computed from the stem");

	given("(step p (pattern s) (input i 'in/#{s}') (output o 'o/#{s}.x'))"
	      "(step b (input i 'o/y.x'))");
	run.files[0] = "in/y";
	runs("p/y b", "the stem may stand for %");

	given("(step p (pattern s) (input i (cat s '.in')) (output o 'o/%'))"
	      "(step b (input i 'o/y'))");
	stops("Flowfile:1:30: step 'p': the input 'y.in' is not there and no "
	      "step makes it", "a computed input that is missing is an error");

	given("(step p (pattern s) (input i 'in/%') (output o 'o/%'))"
	      "(step z (produces l) (gives l ['y']))"
	      "(step l (from z l) (foreach f l) (output o 'in/#{f}'))"
	      "(step b (input i 'o/y'))");
	runs("z l/0 p/y b", "a rule's input may show up late");
}

static void
test_pattern_redirections(void)
{
	given("(step up (pattern s) (exec 'tr' 'a' 'b' #:stdin 'in/%'"
	      "  #:stdout 'up/%'))"
	      "(step other (pattern s) (input i 'no/%') (output o 'up/%'))");
	run.files[0] = "in/x";
	run.targets[0] = "up/x";
	runs("up/x", "redirections of a rule are its files too");
	given("(step up (pattern s) (exec 'tr' 'a' 'b' #:stdin 'in/%'"
	      "  #:stdout 'up/%'))");
	run.targets[0] = "up/x";
	stops("target 'up/x': nobody makes it", "they must be there as well");
}

/* ---- large ---- */

static double
seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* A chain of COUNT steps that one loop declared. */
static double
run_chain(uint32_t count)
{
	double began;
	uint32_t i;

	given("(template link (from ,0 (v x)) (produces x) (gives x 1))"
	      "(step s0 (produces x) (gives x 1))");
	for (i = 1; i < count; i++) {
		char *name = xasprintf("s%u", i);
		char *before = xasprintf("s%u", i - 1);
		const char *computed[] = { before };

		fake_flow_instance(&run.flow, 0, name, computed, 1, NULL);
		free(name);
		free(before);
	}
	began = seconds();
	if (fake_run_flow(&run))
		printf("# error: %s\n", run.err.text);
	return seconds() - began;
}

/* A chain of COUNT steps of which each needs the path of the one before, and
 * the first one's is known last. */
static void
run_path_chain(uint32_t count)
{
	uint32_t i;

	given("(template link (from ,0 (p o)) (output o '#{p}x'))"
	      "(step s0 (output o (cat 'f')))");
	for (i = 1; i < count; i++) {
		char *name = xasprintf("s%u", i);
		char *before = xasprintf("s%u", i - 1);
		const char *computed[] = { before };

		fake_flow_instance(&run.flow, 0, name, computed, 1, NULL);
		free(name);
		free(before);
	}
	if (fake_run_flow(&run))
		printf("# error: %s\n", run.err.text);
}

static double
run_fan_out(uint32_t count)
{
	char *flow = xasprintf("(step a (foreach x (iota %u)) (output o 'o/#{x}')"
			       "  (produces r) (gives r x) (resources #:cpu 1))"
			       "(step b (from a r) (produces s) (gives s r))"
			       "(step c (join b s) (input d 'o') (produces n)"
			       "  (gives n (len s)))", count);
	double began = seconds();

	given(flow);
	run.max_num_splits = count;
	run.any_order = true;
	if (fake_run_flow(&run))
		printf("# error: %s\n", run.err.text);
	free(flow);
	return seconds() - began;
}

static void
test_large(void)
{
	struct rlimit stack = { 512 << 10, 512 << 10 };
	double small, large;
	char *got;

	setrlimit(RLIMIT_STACK, &stack);
	small = run_chain(10000);
	large = run_chain(100000);
	printf("# chain: %.2f s, %.2f s\n", small, large);
	ok(fake_task(&run, "s99999")->node.end == END_DONE,
	   "a chain of 100,000 steps runs on a small stack");
	ok(large < small * 30, "in linear time");
	run_path_chain(3000);
	ok(fake_task(&run, "s2999")->node.end == END_DONE,
	   "so does one in which each needs the path of the one before");
	small = run_fan_out(10000);
	large = run_fan_out(100000);
	printf("# fan-out: %.2f s, %.2f s\n", small, large);
	got = fake_result(&run, "c", 0);
	is_str(got, "100000", "a fan-out of 100,000 splits is joined");
	ok(large < small * 30, "in linear time");
	free(got);
}

int
main(void)
{
	fake_run_init(&run);
	test_step_targets();
	test_file_targets();
	test_patterns();
	test_pattern_redirections();
	test_large();
	fake_run_release(&run);
	return done_testing();
}
