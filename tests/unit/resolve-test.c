/*
 * From declarations to steps that know whom they read and where they run.
 */
#include "base/base.h"

#include "fake-rules.h"
#include "tap.h"

static struct fake_flow flow;
static struct error err = ERROR_INIT;

static int
resolve(const char *text)
{
	fake_flow_release(&flow);
	fake_flow_init(&flow);
	error_release(&err);
	fake_flow_add(&flow, text);
	return rules_resolve(&flow.rules, &err);
}

static void
refused(const char *text, const char *message, const char *title)
{
	resolve(text);
	is_str(err.text, message, title);
}

/* The levels of all steps in order, by their openers: "a:- b:a". */
static void
levels(const char *text, const char *want, const char *title)
{
	struct strbuf sb = STRBUF_INIT;
	uint32_t i;

	if (resolve(text))
		strbuf_adds(&sb, err.text);
	for (i = 0; !err.text && i < flow.rules.order_count; i++) {
		const struct step *s = flow.rules.order[i];
		const struct level *l;

		strbuf_addf(&sb, "%s%s:", i ? " " : "", s->name);
		for (l = s->level; l->opener; l = l->parent)
			strbuf_addf(&sb, "%s%s", l == s->level ? "" : "<",
				    l->opener->name);
	}
	is_str(sb.buf, want, title);
	strbuf_release(&sb);
}

static void
test_order(void)
{
	levels("(step d (from b x) (from c (w x)))(step b (from a (v x)) (produces x))"
	       "(step c (from a (v x)) (produces x))(step a (produces x))",
	       "a: b: c: d:", "steps come after those that they read");
	levels("(step c (after b)) (step b (after a)) (step a)",
	       "a: b: c:", "and after those that they wait for");
	levels("(step c) (step b) (step a)", "c: b: a:",
	       "otherwise as they were declared");
}

static void
test_levels(void)
{
	levels("(step a (foreach x [1]) (produces r))"
	       "(step b (from a r) (produces s)) (step c (join b s))",
	       "a:a b:a c:", "from stays in the fan-out, join leaves it");
	levels("(step a (foreach x [1]) (produces r))"
	       "(step b (from a r) (foreach y [1]) (produces s))"
	       "(step c (join b s) (produces t))"
	       "(step d (join c t))",
	       "a:a b:b<a c:a d:", "fan-outs nest");
	levels("(step a (foreach x [1]) (produces r))"
	       "(step b (from a r) (foreach y [1]) (produces s))"
	       "(step z (produces q))"
	       "(step c (from b s) (from a r) (from z q) (produces t))",
	       "a:a z: b:b<a c:b<a", "outer levels may be read too");
	levels("(step a (foreach x [1]) (produces r))"
	       "(step b (from a r) (foreach y [1]) (produces s))"
	       "(step c (join b s) (from a r))"
	       "(step d (join b s) (after b) (produces q))"
	       "(step e (join d q))",
	       "a:a b:b<a c:a d:a e:", "so may a join and an outer level");
	levels("(step a (foreach x [1])) (step b (foreach x [1]) (after a))",
	       "a:a b:b", "after does not change where a step runs");
	levels("(step a (foreach x [1]) (produces r))"
	       "(step b (foreach x [1]) (produces r))"
	       "(step c (join a r) (join b (s r)))",
	       "a:a b:b c:", "two fan-outs can be joined by one step");
	levels("(step a (foreach x [1]) (produces r))"
	       "(step b (foreach x [1]) (join a r) (produces s))"
	       "(step c (join b s) (foreach z [1]))",
	       "a:a b:b c:c", "a join may open a fan-out");
}

static void
test_step_mistakes(void)
{
	refused("(step a)\n  (step a)",
		"Flowfile:2:3: step 'a': declared twice; the first is at "
		"Flowfile:1:1", "a step declared twice is refused");
	refused("(step count)\n(step b\n  (from coutn x))",
		"Flowfile:3:9: step 'b': unknown step 'coutn' (did you mean "
		"'count'?)", "an unknown step with what may be meant");
	refused("(step count)\n(step b (after zebra))",
		"Flowfile:2:16: step 'b': unknown step 'zebra'",
		"or without, if nothing is near");
	refused("(step a (from a (v x)) (produces x))",
		"Flowfile:1:1: step 'a': the steps wait for each other: "
		"a -> a", "a step that reads itself");
	refused("(step z)(step a (from c (v x)) (produces x))\n"
		"(step b (from a (v x)) (produces x))\n"
		"(step c (after b) (produces x)) (step d (from c x))",
		"Flowfile:1:9: step 'a': the steps wait for each other: "
		"a -> c -> b -> a", "a cycle is printed");
	refused("(step p (pattern s) (output o 'x/%'))\n"
		"(step b (from p o))",
		"Flowfile:2:15: step 'b': 'p' is a pattern rule and cannot be "
		"read by name; name a file that it makes as an input",
		"a pattern rule is not read by name");
	refused("(step a (foreach x [1]) (produces r))\n"
		"(step p (pattern s) (from a r) (output o 'x/%'))",
		"Flowfile:2:27: step 'p': a pattern rule may read only outside "
		"fan-outs, and 'a' is inside that of 'a'",
		"nor reads inside a fan-out");
}

static void
test_split_mistakes(void)
{
	refused("(step a (foreach x [1])) (step b (foreach y [1]))\n"
		"(step c (from a x)\n  (from b y))",
		"Flowfile:3:9: step 'c': reads from two different fan-outs, of "
		"'a' and of 'b'; join one", "two fan-outs are refused");
	refused("(step a (foreach x [1]) (produces r))\n"
		"(step b (from a x) (foreach y [1]) (produces r))\n"
		"(step c (foreach z [1]))\n"
		"(step d (join b r) (from c z))",
		"Flowfile:4:15: step 'd': reads from two different fan-outs, of "
		"'c' and of 'a'; join one", "also when one is joined");
	refused("(step a (produces r))\n(step b (join a r))",
		"Flowfile:2:15: step 'b': joins 'a', which is in no fan-out; "
		"read it with from", "a join of a step in no fan-out");
	refused("(step a (produces loss model))\n(step b (from a modle))",
		"Flowfile:2:17: step 'b': step 'a' has no result, named output "
		"or foreach variable 'modle' (did you mean 'model'?)",
		"no such result");
	refused("(step a (input i 'x'))\n(step b (from a (mine i)))",
		"Flowfile:2:17: step 'b': step 'a' has no result, named output "
		"or foreach variable 'i'", "an input is not a result");
	refused("(step a (produces r)) (step b (produces s))\n"
		"(step c (from (a b) r))",
		"Flowfile:2:21: step 'c': step 'b' has no result, named output "
		"or foreach variable 'r'", "every alternative must have it");
	refused("(step a (produces r)) (step b (from a r))\n"
		"(step c (from b r))",
		"Flowfile:2:17: step 'c': step 'b' has no result, named output "
		"or foreach variable 'r'", "nothing unlisted is passed on");
	refused("(step a (foreach sample [1]))\n(step b (from a) (foreach z [1]))"
		"\n(step c (from b sampel))",
		"Flowfile:3:17: step 'c': step 'b' has no result, named output "
		"or foreach variable 'sampel' (did you mean 'sample'?)",
		"variables of fan-outs around it are suggested too");
}

static void
test_bindings(void)
{
	const struct step *s;

	resolve("(step a (foreach x [1]) (foreach y [1]) (produces r q)"
		"  (outputs 'u') (output o 'f') (catch why))"
		"(step b (from a y) (foreach x [1]) (produces p))"
		"(step c (from b p x (ay y)) (from a (ax x) q o why))");
	s = rules_find(&flow.rules, "c");
	is_int(s->bindings[0].kind, BINDING_RESULT, "a result");
	ok(s->bindings[1].kind == BINDING_FOREACH && !s->bindings[1].index &&
	   s->bindings[1].level->opener == rules_find(&flow.rules, "b"),
	   "a variable of its own fan-out goes before an outer one");
	ok(s->bindings[2].kind == BINDING_FOREACH &&
	   s->bindings[2].index == 1 && s->bindings[2].level->opener ==
	   rules_find(&flow.rules, "a"),
	   "a variable of a fan-out around");
	ok(s->bindings[3].kind == BINDING_FOREACH &&
	   s->bindings[3].level->opener == rules_find(&flow.rules, "a"),
	   "an outer variable through the outer step");
	ok(s->bindings[4].kind == BINDING_RESULT && s->bindings[4].index == 1,
	   "the second result");
	ok(s->bindings[5].kind == BINDING_OUTPUT && s->bindings[5].index ==
	   s->imported[1]->template->names[fake_name(flow.templates[0], "o")]
	   .clause, "a named output by its clause");
	is_int(s->bindings[6].kind, BINDING_CATCH, "what was caught");
}

static void
test_computed(void)
{
	static const char *const names[] = { "a" }, *const bad[] = { "aa" };

	resolve("(template t (from ,0 (v x)) (produces x)) (step a (produces x))");
	fake_flow_release(&flow);
	fake_flow_init(&flow);
	fake_flow_add(&flow, "(template t (from ,0 (v x)) (produces x))"
		      "(step a (produces x))");
	fake_flow_instance(&flow, 0, "b", names, 1, &err);
	is_int(rules_resolve(&flow.rules, &err), 0, "names are computed");
	ok(rules_find(&flow.rules, "b")->imported[0] ==
	   rules_find(&flow.rules, "a"), "and found");
	fake_flow_release(&flow);
	fake_flow_init(&flow);
	fake_flow_add(&flow, "(template t (from ,0 (v x)) (produces x))"
		      "(step a (produces x))");
	fake_flow_instance(&flow, 0, "b", bad, 1, &err);
	rules_resolve(&flow.rules, &err);
	is_str(err.text, "Flowfile:1:19: step 'b': unknown step 'aa' (did you "
	       "mean 'a'?)", "a mistake in one is reported at its place");
}

int
main(void)
{
	fake_flow_init(&flow);
	test_order();
	test_levels();
	test_step_mistakes();
	test_split_mistakes();
	test_bindings();
	test_computed();
	fake_flow_release(&flow);
	error_release(&err);
	return done_testing();
}
