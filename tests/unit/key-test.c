/*
 * What is part of a key, and what is not.
 */
#include "base/base.h"

#include "fake-case.h"
#include "model/key.h"

static struct digest last;
static struct strbuf last_parts = STRBUF_INIT;
static bool last_unknown;

/* The key of TASK after FLOW has run; its input NAMEs have content CONTENT. */
static void
key_in(const char *flow, const char *task, const char *content)
{
	struct arena arena;
	struct filled_recipe filled;
	struct demands d;
	struct key_parts parts;
	struct strbuf name = STRBUF_INIT;
	struct task *t;
	uint32_t i;

	given(flow);
	run.files[0] = "in.txt";
	run.files[1] = "in2.txt";
	if (fake_run_flow(&run))
		bug("%s", run.err.text);
	t = fake_task(&run, task);
	if (!t)
		bug("no task %s in %s", task, flow);
	t->attempt = 1;
	arena_init(&arena);
	key_parts_init(&parts);
	if (demands_of(run.graph, t->step, t, &arena, &d, &run.err) ||
	    recipe_fill(run.graph, t, &arena, &filled, &run.err))
		bug("%s", run.err.text);
	key_add_task(&parts, run.graph, t, &filled, &d);
	for (i = 0; i < t->input_count; i++) {
		struct digest c = digest_of(content, strlen(content));

		strbuf_reset(&name);
		strbuf_addf(&name, "input %s", t->inputs[i].path);
		key_parts_add(&parts, name.buf, &c);
	}
	last = key_of(&parts);
	last_unknown = parts.unknown;
	strbuf_reset(&last_parts);
	key_encode(&parts, &last_parts);
	key_parts_release(&parts);
	strbuf_release(&name);
	arena_release(&arena);
}

/* Task A of flow X and task B of flow Y have one key, or two. */
static void
compare(const char *x, const char *a, const char *y, const char *b, bool same,
	const char *title)
{
	struct digest first;

	key_in(x, a, "content");
	first = last;
	key_in(y, b, "content");
	ok(digest_equal(&first, &last) == same && !digest_is_zero(&last),
	   "%s", title);
}

static void
same(const char *x, const char *y, const char *title)
{
	compare(x, "a", y, "a", true, title);
}

static void
differs(const char *x, const char *y, const char *title)
{
	compare(x, "a", y, "a", false, title);
}

/* Whether the parts hold one called NAME. */
static bool
has_part(const char *name)
{
	struct cbor c;
	size_t n, len;
	bool found = false;

	cbor_init(&c, last_parts.buf, last_parts.len);
	for (n = cbor_get_array(&c); n; n--) {
		const char *s;

		cbor_get_array(&c);
		s = cbor_get_text(&c, &len);
		found |= cbor_key_is(s, len, name);
		cbor_skip(&c);
	}
	return found && !cbor_finish(&c, "parts", NULL);
}

static void
test_not_in_it(void)
{
	compare("(step a (output o 'x') (shell 'echo > #{o}'))", "a",
		"(step b (output o 'x') (shell 'echo > #{o}'))", "b", true,
		"the step's name is not in the key");
	same("(step z) (step a (shell 'x')) (step y)", "(step a (shell 'x'))",
	     "nor other steps");
	same("(step a (shell 'x'))", "\n\n   (step a  (shell 'x'))",
	     "nor its place");
	same("(step a (shell 'x') (resources #:cpu 1 #:memory 3))",
	     "(step a (shell 'x') (resources #:cpu 2) (local))",
	     "nor resources");
	same("(step a (shell 'x') (retry #:times 2) (timeout #:hours 1))",
	     "(step a (shell 'x'))", "nor retries and limits of time");
	same("(step a (shell 'x') (batch #:cpu 1 #:queue 'q'))",
	     "(step a (shell 'x'))", "nor where it runs");
	compare("(step a (foreach x ['p' 'q']) (shell 'echo #{x}'))", "a/1",
		"(step a (foreach x ['q']) (shell 'echo #{x}'))", "a/0", true,
		"nor the position in its fan-out");
	same("(step b (produces r) (gives r 5)) (step a (from b r)"
	     "  (shell 'x #{r}'))",
	     "(step c (produces r) (gives r 5)) (step a (from c r)"
	     "  (shell 'x #{r}'))", "nor the name of the step it reads");
	same("(step b (produces r) (gives r 5)) (step a (from b r)"
	     "  (shell 'x #{r}'))",
	     "(step b (produces q) (gives q 5)) (step a (from b (r q))"
	     "  (shell 'x #{r}'))", "nor what the result is called there");
	same("(step a (after b) (shell 'x')) (step b)", "(step a (shell 'x'))",
	     "nor what it waits for");
	same("(step a (shell 'echo #{(cat attempt)}') (resources #:cpu 1))",
	     "(step a (shell 'echo #{(cat attempt)}'))", "nor attempts");
	same("(step a (shell 'x') (catch why))", "(step a (shell 'x'))",
	     "nor what is caught");
	same("(step a (output o 'x') (shell 'echo > #{o}'))",
	     "(step a (output o './y/../x') (shell 'echo > #{o}'))",
	     "nor how a file name is spelled");
}

static void
test_in_it(void)
{
	struct digest first;

	differs("(step a (shell 'x'))", "(step a (shell 'y'))",
		"the text is in the key");
	differs("(step a (shell 'x'))", "(step a (exec 'x'))",
		"and what kind of recipe it is");
	differs("(step a (shell 'x'))", "(step a (shell-program 'sh' '-c')"
		"(shell 'x'))", "and the shell");
	differs("(step a (exec 'x' 'y'))", "(step a (exec 'x' 'z'))",
		"and arguments");
	differs("(step a (exec 'x' 'y z'))", "(step a (exec 'x' 'y' 'z'))",
		"and where they are parted");
	differs("(step a (script 'sh' 'x'))", "(step a (script 'bash' 'x'))",
		"and a script's program");
	differs("(step a (script 'sh' 'x'))", "(step a (script 'sh' 'y'))",
		"and its text");
	compare("(step a (foreach x ['p' 'q']) (shell 'echo'))", "a/0",
		"(step a (foreach x ['p' 'q']) (shell 'echo'))", "a/1", false,
		"and the element, even if the text does not say it");
	differs("(step a (shell 'x') (environment (A 'b')))",
		"(step a (shell 'x') (environment (A 'c')))",
		"and the environment");
	differs("(step a (shell 'x') (secret A))", "(step a (shell 'x'))",
		"and names of secrets");
	differs("(step a (shell 'x') (environment (A 'b')))",
		"(step a (shell 'x') (secret A b))",
		"which are no variables");
	differs("(step a (shell 'x') (batch #:image 'i'))",
		"(step a (shell 'x') (batch #:image 'j'))", "and the image");
	differs("(step a (input i 'in.txt') (shell 'x'))",
		"(step a (input i 'in2.txt') (shell 'x'))",
		"and names of inputs");
	differs("(step a (inputs 'in.txt' 'in2.txt') (shell 'x'))",
		"(step a (inputs 'in2.txt' 'in.txt') (shell 'x'))",
		"and their order");
	differs("(step a (output o 'x') (shell 'x'))",
		"(step a (output o 'y') (shell 'x'))", "and outputs");
	differs("(step a (produces r) (shell 'x'))",
		"(step a (produces q) (shell 'x'))", "and results");
	differs("(step a (produces (r text)) (shell 'x'))",
		"(step a (produces (r json)) (shell 'x'))", "and their formats");
	differs("(step a (produces (r 'x.mp4')) (shell 'x'))",
		"(step a (produces (r 'y.mp4')) (shell 'x'))",
		"and their file names");
	differs("(step b (produces r) (gives r 5)) (step a (from b r)"
		"  (shell 'x'))",
		"(step b (produces r) (gives r 6)) (step a (from b r)"
		"  (shell 'x'))", "and what is read, even if not mentioned");
	differs("(step b (foreach x [1 2]) (produces r) (gives r x))"
		"(step a (join b r) (shell 'x'))",
		"(step b (foreach x [2 1]) (produces r) (gives r x))"
		"(step a (join b r) (shell 'x'))", "and the order of a join");
	differs("(step b (output r 'x')) (step a (from b r) (shell 'x'))",
		"(step b (output r 'y')) (step a (from b r) (shell 'x'))",
		"and outputs that are read");
	differs("(step b (output r 'x')) (step a (from b r) (shell 'x'))",
		"(step b (output r ['x'])) (step a (from b r) (shell 'x'))",
		"and whether they are a list");
	differs("(step b (foreach x [['p' 'q'] ['r']]) (output o x))"
		"(step a (join b o) (shell 'x'))",
		"(step b (foreach x [['p'] ['q' 'r']]) (output o x))"
		"(step a (join b o) (shell 'x'))",
		"and to which task of a join they belong");
	differs("(step b (produces (r 'x.mp4'))) (step a (from b r)"
		"  (script 'sh' 'x'))",
		"(step b (produces (r 'y.mp4'))) (step a (from b r)"
		"  (script 'sh' 'x'))", "and the file names of results");
	differs("(step a (scheme body=1 helper=2))",
		"(step a (scheme body=1 helper=3))", "and code");
	key_in("(step a (input i 'in.txt') (shell 'x'))", "a", "old");
	first = last;
	key_in("(step a (input i 'in.txt') (shell 'x'))", "a", "new");
	ok(!digest_equal(&first, &last), "and the content of inputs");
}

static void
test_position(void)
{
	static const char three[] = "(step a (foreach x ['p' 'p'])"
		"  (shell 'echo $FLOWMAKE_SPLIT'))";

	compare(three, "a/0", three, "a/1", false,
		"the position is in it where the text asks for it");
	compare("(step a (foreach x ['p' 'p']) (shell 'echo'))", "a/0",
		"(step a (foreach x ['p' 'p']) (shell 'echo'))", "a/1", true,
		"and only there");
	compare("(step a (foreach x ['p' 'p']) (script 'sh'"
		"  'x[FLOWMAKE_TASK].split() splits'))", "a/0",
		"(step a (foreach x ['p' 'p']) (script 'sh'"
		"  'x[FLOWMAKE_TASK].split() splits'))", "a/1", true,
		"a script has to name it");
	compare("(step a (foreach x ['p' 'p']) (script 'sh'"
		"  'x[FLOWMAKE_TASK].split'))", "a/0",
		"(step a (foreach x ['p' 'p']) (script 'sh'"
		"  'x[FLOWMAKE_TASK].split'))", "a/1", false,
		"then it is in it");
	compare("(step a (shell 'echo $FLOWMAKE_STEP'))", "a",
		"(step b (shell 'echo $FLOWMAKE_STEP'))", "b", false,
		"the step's name is in it where the text asks for it");
	compare("(step a (shell 'jq $FLOWMAKE_TASK'))", "a",
		"(step b (shell 'jq $FLOWMAKE_TASK'))", "b", false,
		"or hands on the file that says it");
}

static void
test_stand_ins(void)
{
	key_in("(step a (produces r) (shell 'x > #{r}'))", "a", "");
	ok(!last_unknown && has_part("recipe") && has_part("names"),
	   "an own result's path is its name");
	compare("(step a (produces r) (shell 'x > #{r}'))", "a",
		"(step b (produces r) (shell 'x > #{r}'))", "b", true,
		"whoever makes it, wherever it is");
	compare("(step a (produces r) (shell 'x > #{r}'))", "a",
		"(step b (produces r) (shell 'x > r0'))", "b", false,
		"and none that a text could hold");
	compare("(step a (produces r q) (shell 'x > #{r}'))", "a",
		"(step a (produces r q) (shell 'x > #{q}'))", "a", false,
		"which result it is counts");
	differs("(step a (shell 'x #{(file ['p' 'q'])}'))",
		"(step a (shell 'x #{(file ['p' 'r'])}'))",
		"the names in a list file count");
}

static void
test_parts(void)
{
	key_in("(step b (foreach x [1]) (produces r))"
	       "(step a (join b r) (foreach y ['p']) (input i 'in.txt')"
	       "  (shell 'x #{y}') (environment (A 'b')) (batch #:image 'i'))",
	       "a/0", "c");
	ok(has_part("format") && has_part("recipe") && has_part("interpreter")
	   && has_part("environment") && has_part("foreach y") &&
	   has_part("names") && has_part("input in.txt") &&
	   has_part("join r") && has_part("image"),
	   "the parts have the names that people see");
	key_in("(step a (scheme body=1 data=?))", "a", "");
	ok(last_unknown && digest_is_zero(&last) && has_part("data"),
	   "what cannot be had leaves no key");
}

int
main(void)
{
	fake_run_init(&run);
	test_not_in_it();
	test_in_it();
	test_position();
	test_stand_ins();
	test_parts();
	strbuf_release(&last_parts);
	fake_run_release(&run);
	return done_testing();
}
