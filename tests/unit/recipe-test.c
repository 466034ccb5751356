/*
 * Recipes with their values filled in.
 */
#include "base/base.h"

#include "fake-case.h"
#include "model/standin.h"

static struct arena arena;
static struct filled_recipe f;

#define R(n) STANDIN_MARK "r" #n STANDIN_MARK
#define L(n) STANDIN_MARK "l" #n STANDIN_MARK

/* Fill the recipe of TASK in FLOW. */
static void
fill(const char *flow, const char *task)
{
	struct task *t;

	arena_release(&arena);
	arena_init(&arena);
	memset(&f, 0, sizeof(f));
	given(flow);
	if (fake_run_flow(&run))
		return;
	t = fake_task(&run, task);
	if (t && recipe_fill(run.graph, t, &arena, &f, &run.err))
		f.text = NULL;
}

static void
text_is(const char *flow, const char *task, const char *want, const char *title)
{
	fill(flow, task);
	is_str(f.text ? f.text : run.err.text, want, title);
}

static void
argv_is(const char *flow, const char *want, const char *title)
{
	struct strbuf sb = STRBUF_INIT;
	size_t i;

	fill(flow, "a");
	for (i = 0; i < f.argc; i++)
		strbuf_addf(&sb, "[%s]", f.argv[i]);
	is_str(f.argv ? sb.buf : run.err.text, want, title);
	strbuf_release(&sb);
}

static void
test_shell(void)
{
	text_is("(step a (foreach x ['p q' 'r']) (shell 'echo #{x} #d{x}'))",
		"a/0", "echo 'p q' p q", "values are quoted for their place");
	text_is("(step a (foreach x [1.5 2]) (shell 'echo #{x}-#{(cat x)}'))",
		"a/0", "echo '1.5'-'1.5'", "names and thunks");
	text_is("(step a (shell 'echo #{(list 1 2)} \"#d{(list 1 2)}\"'))", "a",
		"echo '1' '2' \"1 2\"", "lists are words");
	text_is("(step a (produces r) (output o 'x') (shell 'c #{r} > #{o}'))",
		"a", "c '" R(0) "' > 'x'", "own results are stand-ins");
	text_is("(step a (produces r) (shell 'c #{(cat r '.tmp')}'))", "a",
		"c '" R(0) ".tmp'", "also in a thunk");
	text_is("(step b (produces r) (gives r 'v w')) (step a (from b r)"
		"  (shell 'c #{r}'))", "a", "c 'v w'",
		"others' values are their text");
	text_is("(step a (inputs ['p' 'q r']) (outputs 'o' 's')"
		"  (shell 'c #{inputs} #{outputs}'))", "a",
		"Flowfile:1:17: step 'a': the input 'p' is not there and no "
		"step makes it", "inputs must be there");
	text_is("(step z (outputs 'p' 'q r')) (step a (inputs ['p' 'q r'])"
		"  (outputs 'o' 's') (shell 'c #{inputs} #{outputs}'))", "a",
		"c 'p' 'q r' 'o' 's'", "all inputs and outputs");
	text_is("(step a (shell 'c #{(file ['x' 'y'])} #{(file ['z'])}'))",
		"a", "c '" L(0) "' '" L(1) "'", "list files are stand-ins");
	ok(f.list_count == 2 && f.lists[0].count == 2 &&
	   !strcmp(f.lists[0].items[1], "y") && !strcmp(f.lists[1].items[0],
	   "z"), "and kept");
	text_is("(step a (shell 'echo #r{(cat 1 ' > x')}'))", "a",
		"echo 1 > x", "raw text is itself");
	text_is("(step a (shell 'echo #{(= 1 1)}'))", "a",
		"Flowfile:1:24: step 'a': a boolean has no text",
		"what has no text is refused by name");
	text_is("(step a (foreach x ['p']) (input i 'd/#{x}.txt')"
		"  (output o '#{i}.out') (shell 'c #{i} #{o}'))"
		"(step m (output d 'd'))", "a/0",
		"Flowfile:1:61: step 'a': makes 'd/p.txt.out' and step 'm' "
		"makes 'd'; one is inside the other", "outputs see inputs");
	text_is("(step a (foreach x ['-p']) (output o '#{x}.out')"
		"  (shell 'c #{o}'))", "a/0", "c './-p.out'",
		"a file name is never an option");
	text_is("(step a (shell-program 'dash' '-c') (shell 'x'))", "a", "x",
		"another shell");
	ok(f.argc == 2 && !strcmp(f.argv[0], "dash"), "is an argument list");
	text_is("(step a (when #t) (shell ''))", "a", "", "an empty text");
	ok(!f.argv, "the default shell is left out");
}

static void
test_exec(void)
{
	argv_is("(step a (exec 'p' 'x y' 5 (list 'u' 'v') '#{(list 1 2)}'))",
		"[p][x y][5][u][v][1 2]", "a list is several arguments, in a "
		"text one");
	argv_is("(step a (exec 'p' []))", "[p]", "an empty list is none");
	argv_is("(step a (exec 'p' ''))", "[p][]", "an empty text is one");
	argv_is("(step a (produces r q) (exec 'p' q '--to=#{r}'))",
		"[p][" R(1) "][--to=" R(0) "]", "own results are stand-ins");
	argv_is("(step m (output o 'in')) (step a (exec 'p' #:stdin 'in'"
		"  #:stdout 'out'))", "[p]", "redirections are no arguments");
	ok(!strcmp(f.stdin_file, "in") && !strcmp(f.stdout_file, "out") &&
	   f.stdout_result < 0, "they are an input and an output");
	ok(fake_task(&run, "a")->input_count == 1 &&
	   fake_task(&run, "a")->output_count == 1, "also for the graph");
	argv_is("(step a (produces r q) (exec 'p' #:stdout q))", "[p]",
		"stdout may be an own result");
	ok(f.stdout_result == 1 && !f.stdout_file, "by its number");
	argv_is("(step a (output o 'x') (exec 'p' #:stdout o))", "[p]",
		"or an output that a clause names");
	is_int(fake_task(&run, "a")->output_count, 1, "which counts once");
	argv_is("(step m (output o './d/../in')) (step a"
		"  (exec 'p' #:stdin './in' #:stdout 'o//x'))", "[p]",
		"names of files are normalized");
	ok(!strcmp(f.stdin_file, "in") && !strcmp(f.stdout_file, "o/x"),
	   "in redirections too");
	argv_is("(step p (pattern s) (exec 'p' s #:stdin 'in/%'"
		"  #:stdout '%.out') (output o '%.out'))"
		"(step a (input i 'y.out') (exec 'q'))"
		"(step m (output o 'in/y'))", "[q]", "patterns redirect");
	fill("(step p (pattern s) (exec 'p' s #:stdin 'in/%'"
	     "  #:stdout '%.out') (output o '%.out'))"
	     "(step a (input i 'y.out') (exec 'q'))"
	     "(step m (output o 'in/y'))", "p/y");
	is_str(f.stdin_file, "in/y", "with the stem for %");
	argv_is("(step a (exec 'p' #:stdout (list 'x' 'y')))",
		"Flowfile:1:28: step 'a': a redirection needs one file, not 2",
		"one file only");
}

static void
test_others(void)
{
	fill("(step a (script 'python3' '-u' 'print(\"#{x}\")'))", "a");
	is_str(f.text, "print(\"#{x}\")", "a script's text stays as it is");
	is_int((intmax_t)f.argc, 2, "its program has arguments");
	fill("(step a (scheme body=1))", "a");
	ok(!f.text && !f.argv && !f.list_count, "scheme has nothing to fill");
	fill("(step a)", "a");
	ok(!f.text && !f.argv, "nor has a step that groups");
}

/* The source of A's recipe in FLOW is WANT. */
static void
source_is(const char *flow, const char *task, bool fills, const char *want,
	  const char *title)
{
	struct strbuf sb = STRBUF_INIT;

	fill(flow, task);
	recipe_add_source(run.graph, fake_task(&run, task), fills, &sb);
	is_str(sb.buf, want, title);
	strbuf_release(&sb);
}

static void
test_source(void)
{
	static const char shell[] = "(step a (foreach x ['p q'])"
		"(shell 'echo #{x} #{(cat x '!')} #{(+ 1 2)}'))";

	source_is(shell, "a/0", true, "echo #{x} #{... x} 3",
		  "a source has names, and constants filled in");
	source_is(shell, "a/0", false, "echo #{x} #{... x} #{...}",
		  "unless the form is many steps");
	source_is("(step a (foreach x ['p']) (exec 'p' x 'a b' '-#{x}'"
		  " (cat 'y' 'z') #:stdin (cat x) #:stdout 'o'))", "a/0", true,
		  "p #{x} 'a b' -#{x} yz < #{... x} > o",
		  "arguments are parted");
	source_is("(step a (script 'sh' 'echo #{x}'))", "a", true,
		  "echo #{x}", "a script is its text");
	source_is("(step a (scheme body=1))", "a", true, "",
		  "scheme has no text here");
}

int
main(void)
{
	fake_run_init(&run);
	arena_init(&arena);
	test_shell();
	test_exec();
	test_others();
	test_source();
	arena_release(&arena);
	fake_run_release(&run);
	return done_testing();
}
