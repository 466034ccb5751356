/*
 * The table of commands.
 */
#include "base/base.h"

#include "cli/command.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"

static const struct option_row global_rows[] = {
	{ OPT_DIRECTORY, "directory", 'C', "DIR", NULL,
	  "work in DIR, where the Flowfile is" },
	{ OPT_FLOWFILE, "file", 'f', "FILE", "Flowfile",
	  "read FILE as the Flowfile" },
	{ OPT_DEBUG, "debug", 0, NULL, NULL,
	  "show Guile's backtrace when the Flowfile fails" },
	{ OPT_HELP, "help", 'h', NULL, NULL, "show this help" },
	{ OPT_VERSION, "version", 'V', NULL, NULL, "show the version" },
	{ 0, NULL, 0, NULL, NULL, NULL }
};

const struct option_row *const options_global[] = { global_rows, NULL };

const struct command commands[] = {
	{ "run", "[TARGET]... [NAME=VALUE]...",
	  "Execute the flow, or what the targets need",
	  "A TARGET is a step, else a file; ./x is always the file.\n"
	  "NAME=VALUE sets a parameter of the Flowfile.",
	  { options_run, options_flow, options_common, NULL }, cmd_run },
	{ "resume", "[TARGET]... [NAME=VALUE]...",
	  "Execute only what has no result yet",
	  "A task whose recipe, inputs and values are those of an earlier run "
	  "is not\nexecuted again.  Parameters given to the run that is "
	  "resumed are given again.\nWithout a command word flowmake "
	  "resumes.",
	  { options_resume, options_run, options_flow, options_common, NULL },
	  cmd_resume },
	{ "runs", "", "List what ran in this project", NULL,
	  { options_show, options_common, NULL }, cmd_runs },
	{ "show", "[RUN[/STEP[/SPLIT]]]",
	  "Show a run, a step or a task: states, times, resources",
	  "Without RUN, or with 'latest', it is the latest run.",
	  { options_show, options_common, NULL }, cmd_show },
	{ "why", "[RUN[/STEP[/SPLIT]]]",
	  "Say why tasks were executed, or not: what changed",
	  "Without RUN, or with 'latest', it is the latest run.",
	  { options_show, options_common, NULL }, cmd_why },
	{ "logs", "[RUN[/STEP[/SPLIT]]]", "Show what tasks printed",
	  "One task: its bytes as they are.  Several: line by line, each "
	  "with its task,\nin the order in which they were read.",
	  { options_logs, options_common, NULL }, cmd_logs },
	{ "dump", "RUN/STEP[/SPLIT][/NAME]", "Show results",
	  "Values are printed as Scheme writes them, file results as their "
	  "path\nin the store.",
	  { options_dump, options_common, NULL }, cmd_dump },
	{ "diff", "RUN RUN [PATH]...",
	  "Show what differs between the code of two runs",
	  "Of files and directories called PATH only, if there are any.",
	  { options_common, NULL }, cmd_diff },
	{ "checkout", "RUN DIR", "Write the code of a run into a new directory",
	  NULL, { options_common, NULL }, cmd_checkout },
	{ "graph", "[NAME=VALUE]...", "Show the steps and who reads whom",
	  NULL,
	  { options_graph, options_flow, options_common, NULL }, cmd_graph },
	{ "check", "[TARGET]... [NAME=VALUE]...",
	  "Look for mistakes in the Flowfile without running anything", NULL,
	  { options_flow, options_common, NULL }, cmd_check },
	{ "gc", "", "Remove what no run needs any more",
	  "Without options no run is forgotten.  It may be used while a run "
	  "goes on.", { options_gc, options_common, NULL }, cmd_gc },
	{ "help", "[COMMAND]", "Show this help, or that of a command", NULL,
	  { options_help, options_common, NULL }, cmd_help },
	{ "version", "", "Show the version", NULL,
	  { options_common, NULL }, cmd_version },
	{ "agent", "SPEC",
	  "Run one task by its specification, wherever that is",
	  "For programs: what executes a task on another machine.  SPEC is a "
	  "file.", { options_common, NULL }, cmd_agent },
	{ NULL, NULL, NULL, NULL, { NULL }, NULL }
};

const struct command *
command_find(const char *name)
{
	const struct command *c;

	for (c = commands; c->name; c++)
		if (!strcmp(c->name, name))
			return c;
	return NULL;
}

const char *
command_suggest(const char *name)
{
	const char *names[ARRAY_SIZE(commands)];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(commands); i++)
		names[i] = commands[i].name;
	return text_suggest(name, names);
}

int
command_unknown(const char *name, struct error *err)
{
	const char *meant = command_suggest(name);

	if (meant)
		return error_set(err, "unknown command '%s' (did you mean "
				 "'%s'?)", name, meant);
	return error_set(err, "unknown command '%s'; 'flowmake help' lists "
			 "them", name);
}
