/*
 * The graph: rules in, tasks in their order and what they read out.
 */
#include "base/base.h"

#include "fake-case.h"

/* ---- shapes ---- */

static void
test_shapes(void)
{
	given("(step a (produces x) (gives x 1))"
	      "(step b (from a x) (produces y) (gives y (+ x 1)))"
	      "(step c (from b y) (produces z) (gives z (list y)))");
	runs("a b c", "a chain runs in order");
	gave("c", "(2)", "values travel along a chain");

	given("(step d (from b y) (from c (w z)) (produces r)"
	      "  (gives r (list y w)))"
	      "(step b (from a x) (produces y) (gives y (list x 'b')))"
	      "(step c (from a x) (produces z) (gives z (list x 'c')))"
	      "(step a (produces x) (gives x 1))");
	runs("a b c d", "branches meet again, declared in any order");
	gave("d", "((1 \"b\") (1 \"c\"))", "a name can be renamed");

	given("(step count (foreach b ['x' 'y']) (produces t)"
	      "  (gives t (cat b '!')))"
	      "(step total (join count t b) (produces all)"
	      "  (gives all (list t b)))");
	runs("count/0 count/1 total", "a fan-out and its join");
	gave("total", "((\"x!\" \"y!\") (\"x\" \"y\"))",
	     "a join gives lists in split order");

	given("(step a (foreach x [1 2]) (foreach y (list x (* x 10)))"
	      "  (produces r) (gives r (list x y)))"
	      "(step b (join a r) (produces s) (gives s r))");
	runs("a/0 a/1 a/2 a/3 b", "several foreachs are one fan-out");
	gave("b", "((1 1) (1 10) (2 2) (2 20))",
	     "a later list uses an earlier variable");
}

/* ---- fan-outs ---- */

static void
test_nested(void)
{
	given("(step a (foreach x ['p' 'q']) (produces ra) (gives ra x))"
	      "(step b (from a ra x) (foreach y [1 2 3]) (produces rb)"
	      "  (gives rb (list ra y)))"
	      "(step c (from b rb x y) (foreach z [7 8]) (produces rc)"
	      "  (gives rc (list x y z)))"
	      "(step jc (join c rc z x y) (produces s)"
	      "  (gives s (list rc z x y)))"
	      "(step jb (join jc s) (from a x) (produces s2)"
	      "  (gives s2 (list x (len s))))"
	      "(step ja (join jb s2) (produces s3) (gives s3 s2))");
	if (fake_run_flow(&run))
		printf("# error: %s\n", run.err.text);
	is_int(graph_task_count(run.graph), 2 + 6 + 12 + 6 + 2 + 1,
	       "three levels of fan-outs have all their tasks");
	is_str(run.order.buf,
	       "a/0 a/1 "
	       "b/0.0 b/0.1 b/0.2 b/1.0 b/1.1 b/1.2 "
	       "c/0.0.0 c/0.0.1 c/0.1.0 c/0.1.1 c/0.2.0 c/0.2.1 "
	       "c/1.0.0 c/1.0.1 c/1.1.0 c/1.1.1 c/1.2.0 c/1.2.1 "
	       "jc/0.0 jc/0.1 jc/0.2 jc/1.0 jc/1.1 jc/1.2 jb/0 jb/1 ja",
	       "they run level by level");
	gave("c/1.2.0", "(\"q\" 3 7)", "a task sees the elements around it");
	gave("jc/1.2", "(((\"q\" 3 7) (\"q\" 3 8)) (7 8) "
	     "(\"q\" \"q\") (3 3))",
	     "a join closes the innermost fan-out only");
	gave("jb/1", "(\"q\" 3)", "a join and a from of one level meet");
	gave("ja", "((\"p\" 3) (\"q\" 3))", "the last join is outside");
}

/* A list of 1 and 2 that is known when Flowfiles are loaded, when the fan-out
 * around it is, or when s has run; what its step reads besides. */
static const char *const nested_lists[] = {
	"[1 2]", "(list u 2)", "(list (+ 1 (* x 0)) 2)",
};

static const char *
nested_from(int list)
{
	return list == 1 ? "(from s u)" : "";
}

/* Three levels, each list known early, with the one around it or late, tasks
 * ending in two orders: 2 * 3 * 3 * 2 flows. */
static void
test_nested_combinations(void)
{
	int i, good = 0;

	for (i = 0; i < 36; i++) {
		int x = i & 1, y = i / 4 % 3, z = i / 12;
		char *flow = xasprintf(
			"(step s (produces u) (gives u 1))"
			"(step a (foreach x %s) %s (produces r)"
			"  (gives r x))"
			"(step b (from a x) (foreach y %s) %s (produces r)"
			"  (gives r (list x y)))"
			"(step c (from b x y) (foreach z %s) %s"
			"  (produces r) (gives r (list x y z)))"
			"(step d (join c r) (produces r2) (gives r2 r))"
			"(step e (join d r2) (produces r3) (gives r3 r2))"
			"(step f (join e r3) (produces r4) (gives r4 r3))",
			nested_lists[x], nested_from(x), nested_lists[y],
			nested_from(y), nested_lists[z], nested_from(z));
		char *got;

		given(flow);
		run.any_order = i & 2;
		if (fake_run_flow(&run))
			printf("# %d: error: %s\n", i, run.err.text);
		got = fake_result(&run, "f", 0);
		if (!strcmp(got, "((((1 1 1) (1 1 2)) ((1 2 1) (1 2 2))) "
				 "(((2 1 1) (2 1 2)) ((2 2 1) (2 2 2))))"))
			good++;
		else
			printf("# %d: %s\n", i, got);
		free(got);
		free(flow);
	}
	is_int(good, 36, "early and late fan-outs nest in every combination");
}

static void
test_empty(void)
{
	given("(step a (foreach x []) (produces r))"
	      "(step b (join a r x) (produces s) (gives s (list r x)))"
	      "(step c (after a))");
	runs("b c", "an empty fan-out has no tasks, its join runs");
	gave("b", "(() ())", "its join gets empty lists");

	given("(step a (foreach x [1 2]) (produces r))"
	      "(step b (from a x) (foreach y (iota (+ x -1)))"
	      "  (produces r) (gives r y))"
	      "(step c (join b r) (produces r2) (gives r2 r))"
	      "(step d (join c r2) (produces s) (gives s r2))");
	runs("a/0 a/1 c/0 b/1.0 c/1 d",
	     "an inner fan-out may be empty in one split only");
	gave("d", "(() (0))", "which is an empty list for its join");
}

static void
test_late(void)
{
	given("(step shards (produces names) (gives names ['a' 'b']))"
	      "(step train (from shards names) (foreach s names)"
	      "  (foreach r [1 2]) (produces m) (gives m (list s r)))"
	      "(step score (from train m) (produces loss)"
	      "  (gives loss (list 'loss' m)))"
	      "(step best (join score loss s r) (produces x)"
	      "  (gives x (list loss s r)))");
	runs("shards train/0 train/1 train/2 train/3 "
	     "score/0 score/1 score/2 score/3 best",
	     "a late fan-out opens when its list is known");
	gave("best", "(((\"loss\" (\"a\" 1)) (\"loss\" (\"a\" 2)) "
	     "(\"loss\" (\"b\" 1)) (\"loss\" (\"b\" 2))) "
	     "(\"a\" \"a\" \"b\" \"b\") (1 2 1 2))",
	     "a join of a step that only reads it has its variables");

	given("(step split (output dir 'chunks'))"
	      "(step count (from split dir) (foreach c (list (cat dir '/1')"
	      "  (cat dir '/2'))) (input text c) (output n (cat c '.n')))"
	      "(step sum (join count n) (produces s) (gives s n))");
	stops("Flowfile:1:139: step 'count': makes 'chunks/1.n' and step "
	      "'split' makes 'chunks'; one is inside the other",
	      "an output inside another's directory is refused when it shows");

	given("(step split (output dir 'chunks'))"
	      "(step count (from split dir) (foreach c (list (cat dir '/1')"
	      "  (cat dir '/2'))) (input text c) (output n 'n/#{(cat c)}'))"
	      "(step sum (join count n) (produces s) (gives s n))");
	runs("split count/0 count/1 sum",
	     "files of a directory are fanned out when it is made");
	gave("sum", "(\"n/chunks/1\" \"n/chunks/2\")",
	     "a named output is its path");
}

static void
test_limit(void)
{
	given("\n\n(step a\n  (foreach x (iota 101)))");
	stops("Flowfile:4:3: step 'a': foreach gives 101 splits, more than the "
	      "limit of 100; raise it with --max-num-splits",
	      "more splits than the limit are refused with their number");
	given("(step a (foreach x (iota 100)) (produces r))"
	      "(step b (join a r) (produces n) (gives n (len r)))");
	if (fake_run_flow(&run))
		printf("# error: %s\n", run.err.text);
	gave("b", "100", "as many as the limit are not");
	given("(step u (produces n) (gives n (iota 7)))"
	      "(step a (from u n) (foreach x n))");
	run.max_num_splits = 6;
	stops("Flowfile:1:60: step 'a': foreach gives 7 splits, more than the "
	      "limit of 6; raise it with --max-num-splits",
	      "the limit holds for late fan-outs");
}

/* ---- when ---- */

static void
test_when(void)
{
	given("(step a (when #f) (produces x))"
	      "(step b (from a x) (produces y))"
	      "(step c (from b y))"
	      "(step d (after a))"
	      "(step e)");
	runs("-a -b -c e d", "a skipped step's readers are skipped, not those "
	     "that come after it");

	given("(step a (produces n) (gives n 3))"
	      "(step b (from a n) (when (= n 4)) (produces r))"
	      "(step c (from a n) (when (= n 3)) (produces r))"
	      "(step d (from (b c) r) (produces s) (gives s r))"
	      "(step e (from (c b) r) (produces s) (gives s r))"
	      "(step f (from (b) r))");
	runs("a -b -f c d e", "a late when decides when its value is known");
	gave("d", "\"c.r\"", "of alternatives the one that ran is read");
	gave("e", "\"c.r\"", "in whatever order they are listed");

	given("(step a (when #f) (produces r)) (step b (when #f) (produces r))"
	      "(step c (from (a b) r)) (step d (after c))");
	runs("-a -b -c d", "without any alternative the reader is skipped");

	given("(step a (foreach x [1 2 3]) (when (not (= x 2))) (produces r)"
	      "  (gives r x))"
	      "(step b (from a r) (produces s) (gives s (* r 10)))"
	      "(step c (join b s x) (produces t) (gives t (list s x)))"
	      "(step d (after a))");
	runs("-a/1 -b/1 a/0 a/2 b/0 b/2 d c",
	     "a when of the foreach variable decides per split");
	gave("c", "((10 30) (1 3))", "skipped splits are in no list");

	given("(step z (produces k) (gives k 2))"
	      "(step a (from z k) (foreach x [1 2 3]) (when (= x k))"
	      "  (produces r) (gives r x))"
	      "(step c (join a r) (produces t) (gives t r))");
	runs("z -a/0 -a/2 a/1 c", "so does a late one");
	gave("c", "(2)", "and lists have the others");

	given("(step z (produces k) (gives k #f))"
	      "(step a (from z k) (when k) (foreach x [1 2]) (produces r))"
	      "(step b (from a r) (foreach y [1]) (produces s))"
	      "(step c (join b s) (produces t))"
	      "(step d (join c t)) (step e (after d b))");
	runs("z -d e", "a when before the fan-out skips all inside and "
	     "its joins");

	given("(step a (when (= 1 2)) (foreach x [1 2]) (produces r))"
	      "(step c (join a r)) (step d (after a))");
	runs("-c d", "so does an early one");

	given("(step a (when (= 1 2)) (produces k))"
	      "(step b (from a k) (foreach x [1 2]) (produces r))"
	      "(step c (join b r)) (step d (after c))");
	runs("-a -b/0 -b/1 -c d", "and what the fan-out's step reads");
	given("(step a (when (= 1 2)) (produces k))"
	      "(step b (from a k) (foreach x []) (produces r))"
	      "(step c (join b r)) (step d (after c))");
	runs("-a -c d", "even if there was nothing in it");

	given("(step a (foreach x [1 2]))"
	      "(step b (from a x) (when (= x 1)) (foreach y [5 6])"
	      "  (produces r) (gives r (list x y)))"
	      "(step c (join b r) (produces s) (gives s r))"
	      "(step d (join c s) (produces t) (gives t s))");
	runs("-c/1 a/0 a/1 b/0.0 b/0.1 c/0 d",
	     "a when of an outer variable decides in each outer split");
	gave("d", "(((1 5) (1 6)))", "and the outer join leaves it out");

	given("(step a (when 'text')) (step b (when '#{(cat 0)}'))"
	      "(step c (when 0))");
	runs("a b c", "all that is not #f is true");
}

static void
test_skipped_files(void)
{
	given("(step a (when #f) (output o 'x.txt'))"
	      "(step b (input i 'x.txt') (output p 'y.txt'))"
	      "(step c (input i 'y.txt')) (step d (after b))");
	runs("-a -b -c d", "who reads a skipped task's file is skipped");

	given("(step a (produces k) (gives k #f))"
	      "(step m (from a k) (when k) (output o 'd/x.txt'))"
	      "(step b (input i 'd/x.txt'))"
	      "(step c (input i 'd'))");
	runs("a -m -b -c", "also when that is known late");

	given("(step a (foreach x [1 2]) (when (= x 1)) (output o 'f#{x}'))"
	      "(step b (join a o) (produces l) (gives l o))"
	      "(step c (inputs 'f1' 'f2'))");
	runs("-a/1 a/0 -c b", "a skipped split's file skips too");
	gave("b", "(\"f1\")", "a join lists the paths of the others");
}

/* ---- after ---- */

static void
test_after(void)
{
	given("(step a (foreach x [1 2]))"
	      "(step b (from a x) (foreach y [1 2]))"
	      "(step c (from a x) (after b))"
	      "(step d (after b))"
	      "(step e (after c) (foreach z [1 2]))");
	runs("a/0 a/1 b/0.0 b/0.1 b/1.0 b/1.1 c/0 c/1 d e/0 e/1",
	     "after waits for all tasks in the fan-outs that both share");

	given("(step a (foreach x [1 2]) (fails))"
	      "(step b (foreach x [1 2]) (after a)) (step c (after b))");
	runs("!a/0 !a/1", "what failed holds up what comes after");

	given("(step z (produces n) (gives n [1 2]))"
	      "(step a (from z n) (foreach x n))"
	      "(step b (after a)) (step c (foreach y [1]) (after b))");
	runs("z a/0 a/1 b c/0", "after waits for late fan-outs");
}

/* ---- catch and retry ---- */

static void
test_failures(void)
{
	given("(step a (produces r) (output o 'x') (catch why) (fails))"
	      "(step b (from a r o why) (produces s)"
	      "  (gives s (list r o why)))"
	      "(step c (foreach x [1]) (catch why) (produces q) (gives q 5))"
	      "(step d (join c why q) (produces s) (gives s (list why q)))");
	runs("?a c/0 b d", "a caught failure lets its readers run");
	gave("b", "(#f #f \"!\")", "results and outputs are #f then");
	gave("d", "((#f) (5))", "without a failure the name is #f");

	given("(step a (produces r) (fails 2) (gives r attempt)"
	      "  (shell 'echo #{(cat attempt)}')"
	      "  (resources #:memory (* attempt 100)))"
	      "(step b (from a r) (produces s) (gives s r))");
	runs("~a ~a a b", "a task is tried again");
	gave("b", "3", "its attempt is counted");

	given("(step a (fails)) (step b (after a)) (step c)");
	runs("!a c", "what failed holds up its dependants only");
	is_int(graph_check_stuck(run.graph, NULL), 0,
	       "waiting for a failed task is not waiting for a file");

	given("(step a (foreach x (fail))) (step b (join a x)) (step c)");
	runs("!eval(a) c", "a fan-out that cannot be evaluated fails alone");
	given("(step z (produces r) (gives r 1))"
	      "(step a (from z r) (shell 'echo #{(fail r)}'))"
	      "(step b (after a)) (step c)");
	runs("z !eval(a) c", "so does a text of a task");
}

/* ---- files ---- */

static void
test_files(void)
{
	given("(step b (input i './d//in.txt') (output o 'out.txt'))"
	      "(step a (output o 'd/x/../in.txt'))"
	      "(step c (inputs ['out.txt' 'there']))");
	run.files[0] = "there";
	runs("a b c", "an input that another step makes is an edge");

	given("(step a (output o 'in'))"
	      "(step b (output o 'd/1')) (step c (output o 'd/e/2'))"
	      "(step r (input i 'in/some/file'))"
	      "(step s (input i 'd'))");
	runs("a b c r s", "files inside an output directory are made by its "
	     "step; a directory waits for all outputs inside");

	given("\n(step b\n  (input i 'in.txt'))");
	stops("Flowfile:3:12: step 'b': the input 'in.txt' is not there and "
	      "no step makes it", "a missing input is an error at its place");

	given("(step a (foreach x ['p' 'q']) (output o 'o/#{x}'))"
	      "(step b (from a o) (input i o) (output p '#{i}.gz'))"
	      "(step c (join b p) (inputs p) (produces l) (gives l inputs))");
	runs("a/0 a/1 b/0 b/1 c", "inputs are named by outputs of others");
	gave("c", "(\"o/p.gz\" \"o/q.gz\")", "inputs is the list of all");

	given("(step n (produces name) (gives name 'late.txt'))"
	      "(step a (from n name) (output o name))"
	      "(step b (input i 'late.txt'))");
	runs("n a b", "an input is held until its late maker shows up");
	is_str(run.unmade.buf, "late.txt<-b", "which is announced before");

	given("(step n (produces list) (gives list [1 2]))"
	      "(step a (from n list) (foreach x list) (output o 'f#{x}'))"
	      "(step b (inputs 'f1' 'f2') (output o 'g'))"
	      "(step c (input i 'g'))");
	runs("n a/0 a/1 b c", "also one that a late fan-out makes");

	given("(step n (produces list) (gives list [1 2]))"
	      "(step a (from n list) (foreach x list) (output o 'f#{x}'))"
	      "\n(step b (inputs 'f1' 'f3'))");
	stops("Flowfile:2:22: no step makes 'f3', needed by step 'b'",
	      "a held input that nobody makes is an error in the end");

	given("(step n (produces list) (gives list [1 2]))"
	      "(step a (from n list) (foreach x list) (output o 'f#{x}'))"
	      "(step b (input i 'f1'))");
	run.files[0] = "f1";
	stops("Flowfile:1:44: step 'a': makes 'f1', which step 'b' has read "
	      "already; let 'b' wait with (after a)",
	      "a file that is there is taken as it is; a maker that shows up "
	      "too late is refused");
	given("(step n (produces list) (gives list [1 2]))"
	      "(step a (from n list) (foreach x list) (output o 'f#{x}'))"
	      "(step b (input i 'f1'))");
	run.files[0] = "f1";
	run.makers[0] = "f1";
	run.makers[1] = "a";
	runs("n a/0 a/1 b", "but one recorded as made by such a step is waited "
	     "for");
	given("(step n (produces list) (gives list [1 2]))"
	      "(step b (input i 'f1'))");
	run.files[0] = "f1";
	run.makers[0] = "f1";
	run.makers[1] = "gone";
	runs("n b", "unless the Flowfile has that step no more");
}

static void
test_directories(void)
{
	given("(step n (produces list) (gives list [1 2]))"
	      "(step a (from n list) (foreach x list) (output o 'd/#{x}'))"
	      "(step e (output o 'd/e'))"
	      "(step b (input i 'd'))");
	runs("n e a/0 a/1 b", "a directory waits for makers that show up late");

	given("(step e (when #f) (output o 'd/e'))"
	      "(step f (output o 'd/f')) (step b (input i 'd'))");
	run.files[0] = "d";
	runs("-e f b", "a skipped maker among others does not skip the reader of "
	     "a directory");
}

/* ---- collisions ---- */

static void
test_collisions(void)
{
	given("(step a (output o 'x'))\n(step b (output o './y/../x'))");
	stops("Flowfile:2:19: step 'b': two tasks make 'x': a and b",
	      "two steps that make one file are refused");
	given("(step a (foreach x [1 2]) (output o 'x'))");
	stops("Flowfile:1:37: step 'a': two tasks make 'x': a/0 and a/1",
	      "so are two splits");
	given("(step a (output o 'd')) (step b (output p 'd/x'))");
	stops("Flowfile:1:43: step 'b': makes 'd/x' and step 'a' makes 'd'; "
	      "one is inside the other", "and an output inside another");
	given("(step b (output p 'd/x')) (step a (output o 'd'))");
	stops("Flowfile:1:45: step 'a': makes 'd' and step 'b' makes 'd/x'; "
	      "one is inside the other", "whichever comes first");
	given("(step a (input i 'x') (output o 'x'))");
	stops("Flowfile:1:33: step 'a': the output 'x' is among its inputs "
	      "('x')", "an output among its own inputs");
	given("(step a (input i 'd') (output o 'd/x'))");
	stops("Flowfile:1:33: step 'a': the output 'd/x' is among its inputs "
	      "('d')", "or inside an input directory");
	given("(step a (output o '.'))");
	stops("Flowfile:1:19: step 'a': the output '.' holds the Flowfile",
	      "the project's directory");
	given("(step a (output o '../x'))");
	stops("Flowfile:1:19: step 'a': the output '../x' lies outside the "
	      "project", "a file outside the project");
	given("(step a (output o '.flowmake/x'))");
	stops("Flowfile:1:19: step 'a': the output '.flowmake/x' lies in "
	      "flowmake's own directory", "flowmake's own directory");
	given("(step a (output o ''))");
	stops("Flowfile:1:19: step 'a': 'o': a file name is empty",
	      "an empty name");
	given("(step n (produces l) (gives l ['x' 'x']))"
	      "(step a (from n l) (foreach f l) (output o f))");
	stops("Flowfile:1:85: step 'a': two tasks make 'x': a/0 and a/1",
	      "a late fan-out before any of it starts");
	is_str(run.order.buf, "n", "none of it started");
	given("(step a (when #f) (output o 'x')) (step b (output o 'x'))");
	runs("-a b", "a skipped task makes nothing");
	given("(step n (produces k) (gives k #t))"
	      "(step a (from n k) (when k) (output o 'x'))"
	      "(step b (from n k) (when (not k)) (output o 'x'))"
	      "(step c (input i 'x'))");
	runs("n -b a c", "of two makers one may be skipped late");
	given("(step c (input i 'x')) (step n (produces k) (gives k #f))"
	      "(step a (from n k) (when k) (output o 'x'))"
	      "(step b (from n k) (when (not k)) (output o 'x'))");
	runs("n -a b c", "whichever it is, and whoever reads it");
	given("(step n (produces k) (gives k #t))"
	      "(step a (from n k) (when k) (output o 'x'))"
	      "(step b (from n k) (when k) (output o 'x'))"
	      "(step c (input i 'x'))");
	stops("Flowfile:1:116: step 'b': two tasks make 'x': a and b",
	      "but not none");
	is_str(run.order.buf, "n", "which shows before the second one runs");
	given("(step b (output o 'x')) (step a (when #f) (output o 'x'))"
	      "(step c (input i 'x'))");
	runs("-a b c", "a skipped task's file yields to another's");
}

int
main(void)
{
	fake_run_init(&run);
	test_shapes();
	test_nested();
	test_nested_combinations();
	test_empty();
	test_late();
	test_limit();
	test_when();
	test_skipped_files();
	test_after();
	test_failures();
	test_files();
	test_directories();
	test_collisions();
	fake_run_release(&run);
	return done_testing();
}
