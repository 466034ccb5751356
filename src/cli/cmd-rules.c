/*
 * flowmake graph and check: commands that load the Flowfile and run nothing.
 */
#include "base/base.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/flow-words.h"
#include "model/rules.h"
#include "report/flow-graph.h"
#include "report/lines.h"
#include "sched/run.h"
#include "sys/reaper.h"

const struct option_row options_graph[] = {
	{ OPT_FORMAT, "format", 0, "FORMAT", "text",
	  "how to print it: text, or dot for Graphviz" },
	{ 0, NULL, 0, NULL, NULL, NULL }
};

/* Fill O from the command line. */
static void
fill_options(struct run_options *o, const struct invocation *inv,
	     const struct flow_words *w)
{
	memset(o, 0, sizeof(*o));
	o->command = inv->typed;
	o->flow_file = inv->flow_file;
	o->debug = inv->debug;
	o->targets = w->targets.v;
	o->parameters = w->parameters.v;
}

/* ---- graph ---- */

/* Load the rules and print their graph. */
static int
print_graph(const struct run_options *o, bool dot, struct error *err)
{
	struct strbuf out = STRBUF_INIT;
	struct rules rules;
	int rc;

	rules_init(&rules);
	rc = run_load_rules(o, &rules, err);
	if (!rc) {
		(dot ? flow_graph_dot : flow_graph_text)(&rules, &out);
		rc = command_print(&out, err);
	}
	rules_release(&rules);
	strbuf_release(&out);
	return rc;
}

int
cmd_graph(struct invocation *inv, const struct command *self,
	  struct error *err)
{
	struct flow_words w = FLOW_WORDS_INIT;
	const char *value, *format = "text";
	struct option_parser p;
	struct run_options o;
	int id, rc = -1;

	command_options(&p, inv, self);
	while ((id = command_option(&p, inv, self, &value, err)) >= 0)
		format = value;
	if (id == OPT_END)
		rc = flow_words_parse(&w, inv->argv + p.words, err);
	options_release(&p);
	if (!rc && w.targets.count)
		rc = error_set(err, "graph: it takes NAME=VALUE, no targets");
	if (!rc && strcmp(format, "text") && strcmp(format, "dot"))
		rc = error_set(err, "graph: unknown format '%s'; there are "
			       "text and dot", format);
	fill_options(&o, inv, &w);
	if (!rc)
		rc = reaper_guard(err);
	if (!rc)
		rc = print_graph(&o, !strcmp(format, "dot"), err);
	flow_words_release(&w);
	return rc;
}

/* ---- check ---- */

/* A dry run is silent here, but for what is worth a word. */
static void
print_note(void *data, const char *text)
{
	struct strbuf sb = STRBUF_INIT;

	(void)data;
	strbuf_adds(&sb, "flowmake: ");
	lines_add_escaped(&sb, text, strlen(text));
	strbuf_addch(&sb, '\n');
	fwrite(sb.buf, 1, sb.len, stderr);
	strbuf_release(&sb);
}

/* Expand what can be expanded; then say that all is well. */
static int
check(struct run_options *o, struct error *err)
{
	static const struct run_events events = { .note = print_note };
	struct run_summary summary;
	struct strbuf out = STRBUF_INIT;
	int rc;

	o->dry_run = true;
	o->local = true;
	rc = run_flow(o, &events, NULL, &summary, err);
	if (summary.interrupted)
		rc = 130;
	if (!rc) {
		text_add_escaped(&out, o->flow_file, strlen(o->flow_file));
		strbuf_adds(&out, ": ");
		text_add_count(&out, summary.step_count);
		strbuf_addf(&out, " step%s, no mistakes found\n",
			    summary.step_count == 1 ? "" : "s");
		rc = command_print(&out, err);
	}
	run_summary_release(&summary);
	strbuf_release(&out);
	return rc;
}

int
cmd_check(struct invocation *inv, const struct command *self,
	  struct error *err)
{
	struct flow_words w = FLOW_WORDS_INIT;
	struct run_options o;
	char **words;
	int rc;

	rc = command_words(inv, self, 0, inv->argc, &words, err);
	if (!rc)
		rc = flow_words_parse(&w, words, err);
	fill_options(&o, inv, &w);
	if (!rc)
		rc = reaper_guard(err);
	if (!rc)
		rc = check(&o, err);
	flow_words_release(&w);
	return rc;
}
