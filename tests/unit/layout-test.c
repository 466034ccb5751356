/*
 * What is evaluated when.
 */
#include "base/base.h"

#include "fake-rules.h"
#include "model/layout.h"
#include "tap.h"

static struct fake_flow flow;

/* The layout of step NAME in TEXT as text: constants, then each phase with
 * its thunks, "!" before late ones, and the names they need. */
static void
laid_out(const char *text, const char *name, const char *want,
	 const char *title)
{
	struct error err = ERROR_INIT;
	struct strbuf sb = STRBUF_INIT;
	const struct step *s;
	const struct layout *l;
	uint32_t i, k;

	fake_flow_release(&flow);
	fake_flow_init(&flow);
	fake_flow_add(&flow, text);
	if (rules_resolve(&flow.rules, &err))
		bug("%s", err.text);
	s = rules_find(&flow.rules, name);
	l = s->layout;
	for (i = 0; i < l->constant_count; i++)
		strbuf_addf(&sb, "c%u ", l->constants[i]);
	for (i = 0; i < l->phase_count; i++) {
		strbuf_adds(&sb, l->phases[i].late ? "![" : "[");
		for (k = 0; k < l->phases[i].thunk_count; k++)
			strbuf_addf(&sb, "%s%u", k ? " " : "",
				    l->phases[i].thunks[k]);
		strbuf_adds(&sb, ":");
		for (k = 0; k < l->phases[i].name_count; k++)
			strbuf_addf(&sb, " %s", s->template->names[
				    l->phases[i].names[k]].text);
		strbuf_adds(&sb, "] ");
	}
	strbuf_addf(&sb, "%s%s%s%s", l->foreach_late ? "foreach-late " : "",
		    l->when_late ? "when-late " : "",
		    l->when_per_split ? "when-split " : "",
		    l->files_late ? "files-late " : "");
	if (sb.len)
		strbuf_truncate(&sb, sb.len - 1);
	is_str(sb.buf, want, title);
	strbuf_release(&sb);
}

static void
test_phases(void)
{
	laid_out("(step a (shell 'x #{(cat 1)}'))", "a", "c0",
		 "a thunk of no names is a constant");
	laid_out("(step a (foreach x [1]) (shell 'x #{(cat x)}'))", "a",
		 "[0:]", "one of a foreach variable comes with the fan-out");
	laid_out("(step a (foreach x [1])) (step b (from a x)"
		 "  (shell '#{(cat x)} #{(cat 1)}'))", "b", "c1 [0: x]",
		 "one of another's variable is early");
	laid_out("(step a (produces r)) (step b (from a r)"
		 "  (shell '#{(cat r)}'))", "b", "![0: r]",
		 "one of a result is late");
	laid_out("(step a (foreach x [1]) (input i (cat x 1))"
		 "  (output o (cat i 2)) (shell '#{(cat o)} #{(cat x)}'))",
		 "a", "[0 3:] [1: i] [2: o]", "inputs chain through phases");
	laid_out("(step a (foreach x [1]) (input i 'a#{x}')"
		 "  (output o (cat i)))", "a", "[0:]",
		 "a file of pieces needs no phase of its own");
	laid_out("(step a (foreach x [1]) (input i 'a#{x}')"
		 "  (shell '#{(len inputs)}'))", "a", "[:] [0: inputs]",
		 "all inputs are together when there is a task");
	laid_out("(step a (produces r)) (step b (from a r) (foreach x [1])"
		 "  (input i (cat r)) (output o (cat x))"
		 "  (shell '#{(cat i o)}'))", "b",
		 "[1:] ![0: r] ![2: i o] files-late",
		 "early and late are kept apart");
}

static void
test_paths(void)
{
	laid_out("(step a (output o 'x')) (step b (from a o)"
		 "  (output p (cat o)))", "b", "[0: o]",
		 "another's path is early");
	laid_out("(step z (produces r)) (step a (from z r) (output o r))"
		 "(step b (from a o) (output p (cat o)))", "b",
		 "![0: o] files-late", "unless it is late itself");
	laid_out("(step a (output o 'x')) (step b (from a o)"
		 "  (foreach x (list o)))", "b", "[:] foreach-late",
		 "a foreach that mentions it waits for the file");
	laid_out("(step a (foreach x [1]) (output o 'x#{x}'))"
		 "(step b (join a o) (shell '#{(cat o)}'))", "b", "![0: o]",
		 "what is joined is late");
	laid_out("(step a (produces r)) (step b (produces r))"
		 "(step c (from (a b) r) (shell '#{(cat r)}'))", "c",
		 "![0: r]", "so is one of several");
}

static void
test_when(void)
{
	laid_out("(step a (when (= 1 2)))", "a", "c0", "a constant when");
	laid_out("(step a (foreach x [1]) (when (= x 2)))", "a",
		 "[0:] when-split", "one per split");
	laid_out("(step a (foreach x [1])) (step b (from a x)"
		 "  (when (= x 1)) (foreach y [1]))", "b", "[:]",
		 "one that is asked before the fan-out is in no phase");
	laid_out("(step a (produces r)) (step b (from a r) (when (not r))"
		 "  (foreach y [1]))", "b", "[:] when-late", "also late");
	laid_out("(step a (produces r)) (step b (from a r) (when (not r)))",
		 "b", "![0: r] when-late", "outside fan-outs it is in one");
}

static void
test_sharing(void)
{
	const char *names[] = { "a" };
	const struct rules *r = &flow.rules;

	fake_flow_release(&flow);
	fake_flow_init(&flow);
	fake_flow_add(&flow, "(template t (from ,0 v) (shell '#{(cat v)}'))"
		      "(step a (produces v)) (step o (output v 'x'))");
	fake_flow_instance(&flow, 0, "b", names, 1, NULL);
	fake_flow_instance(&flow, 0, "c", names, 1, NULL);
	names[0] = "o";
	fake_flow_instance(&flow, 0, "d", names, 1, NULL);
	rules_resolve(&flow.rules, NULL);
	ok(rules_find(r, "b")->layout == rules_find(r, "c")->layout,
	   "instances of one template share a layout");
	ok(rules_find(r, "b")->layout != rules_find(r, "d")->layout,
	   "unless they read other kinds of things");
}

int
main(void)
{
	fake_flow_init(&flow);
	test_phases();
	test_paths();
	test_when();
	test_sharing();
	fake_flow_release(&flow);
	return done_testing();
}
