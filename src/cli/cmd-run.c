/*
 * flowmake run and resume: execute the flow, or what of it has no result yet.
 */
#include "base/base.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "cli/command.h"
#include "cli/flow-words.h"
#include "report/live.h"
#include "sched/run.h"
#include "sys/reaper.h"

enum { EXIT_INTERRUPTED = 130 };

const struct option_row options_run[] = {
	{ OPT_MAX_WORKERS, "max-workers", 'j', "N", "16",
	  "run at most N tasks at a time" },
	{ OPT_MAX_NUM_SPLITS, "max-num-splits", 0, "N", "100",
	  "refuse fan-outs of more than N tasks" },
	{ OPT_KEEP_GOING, "keep-going", 'k', NULL, NULL,
	  "after a failure go on with what does not depend on it" },
	{ OPT_DRY_RUN, "dry-run", 'n', NULL, NULL,
	  "only say what would run, and why" },
	{ OPT_LOCAL, "local", 0, NULL, NULL,
	  "run everything on this machine, batch steps too" },
	{ OPT_WITH, "with", 0, "SPEC", NULL,
	  "annotate every step that has no such annotation of its own, as "
	  "retry:times=3; may be repeated" },
	{ OPT_TAG, "tag", 0, "TAG", NULL,
	  "remember TAG with the run; may be repeated" },
	{ OPT_RUN_ID_FILE, "run-id-file", 0, "FILE", NULL,
	  "write the run's number to FILE before its first task" },
	{ OPT_SPECS, "specs", 0, "DIR", NULL,
	  "write what each task needs to DIR, for flowmake agent" },
	{ OPT_MAX_LOG_SIZE, "max-log-size", 0, "SIZE", "no limit",
	  "keep at most SIZE (MB, or as 500kB) of a task's stdout and of its "
	  "stderr" },
	{ 0, NULL, 0, NULL, NULL, NULL }
};

const struct option_row options_resume[] = {
	{ OPT_ORIGIN, "origin-run-id", 0, "N", "the latest",
	  "take the parameters that run N was given, and first its results" },
	{ OPT_RERUN, "rerun", 0, "STEP", NULL,
	  "execute the tasks of STEP whatever results there are; may be "
	  "repeated" },
	{ OPT_QUIET, "question", 'q', NULL, NULL,
	  "only ask: print nothing, exit with 1 if something is to be done" },
	{ 0, NULL, 0, NULL, NULL, NULL }
};

/* What the options said. */
struct run_words {
	struct run_options options;
	struct flow_words words;
	struct strvec tags;
	struct strvec with;
	struct strvec rerun;
	bool quiet;
};

/* Take one option. */
static int
take_option(struct run_words *w, int id, const char *value, struct error *err)
{
	struct run_options *o = &w->options;

	switch (id) {
	case OPT_MAX_WORKERS:
		return option_number("--max-workers", value, 1,
				     &o->max_workers, err);
	case OPT_MAX_NUM_SPLITS:
		return option_number("--max-num-splits", value, 1,
				     &o->max_num_splits, err);
	case OPT_MAX_LOG_SIZE:
		return option_size("--max-log-size", value, &o->max_log_bytes,
				   err);
	case OPT_KEEP_GOING:
		o->keep_going = true;
		break;
	case OPT_DRY_RUN:
		o->dry_run = true;
		break;
	case OPT_LOCAL:
		o->local = true;
		break;
	case OPT_WITH:
		strvec_push(&w->with, value);
		break;
	case OPT_TAG:
		strvec_push(&w->tags, value);
		break;
	case OPT_RUN_ID_FILE:
		o->run_id_file = value;
		break;
	case OPT_SPECS:
		o->spec_dir = value;
		break;
	case OPT_ORIGIN:
		return option_number("--origin-run-id", value, 1,
				     &o->origin_run, err);
	case OPT_RERUN:
		strvec_push(&w->rerun, value);
		break;
	case OPT_QUIET:
		w->quiet = true;
		o->dry_run = true;
		break;
	default:
		return -1;
	}
	return 0;
}

/* Read the command line. */
static int
parse(struct run_words *w, struct invocation *inv, const struct command *self,
      struct error *err)
{
	struct option_parser p;
	const char *value;
	int id, rc = 0;

	command_options(&p, inv, self);
	while (!rc) {
		id = command_option(&p, inv, self, &value, err);
		if (id == OPT_END)
			break;
		rc = take_option(w, id, value, err);
	}
	if (!rc)
		rc = flow_words_parse(&w->words, inv->argv + p.words, err);
	options_release(&p);
	w->options.command = inv->typed;
	w->options.meant = inv->meant;
	w->options.flow_file = inv->flow_file;
	w->options.debug = inv->debug;
	w->options.targets = w->words.targets.v;
	w->options.parameters = w->words.parameters.v;
	w->options.tags = w->tags.v;
	w->options.with = w->with.v;
	w->options.rerun = w->rerun.v;
	return rc;
}

/* Run, with the live display.  Returns the exit status. */
static int
run_live(const struct run_options *o, const struct invocation *inv)
{
	struct live_options how = {
		.out_fd = STDOUT_FILENO,
		.err_fd = STDERR_FILENO,
		.command = inv->again.buf,
		.clock = &clock_system,
		.dry_run = o->dry_run,
	};
	struct live *live = live_new(&how);
	struct run_summary summary;
	struct error err = ERROR_INIT;
	int rc = run_flow(o, &live_events, live, &summary, &err);

	if (rc < 0 && !err.has_place)
		error_push(&err, "flowmake");
	live_finish(live, &summary, rc < 0 ? err.text : NULL);
	live_free(live);
	if (summary.interrupted)
		rc = EXIT_INTERRUPTED;
	run_summary_release(&summary);
	error_release(&err);
	return rc == EXIT_INTERRUPTED || !rc ? rc : 2;
}

/* Only ask whether something is to be done.  Returns the exit status, or -1
 * with an error. */
static int
run_quiet(const struct run_options *o, struct error *err)
{
	static const struct run_events silence;
	struct run_summary summary;
	int rc = run_flow(o, &silence, NULL, &summary, err);

	if (summary.interrupted)
		rc = EXIT_INTERRUPTED;
	else if (!rc)
		rc = summary.to_do || summary.late ? 1 : 0;
	run_summary_release(&summary);
	return rc;
}

/* The command RESUME, or run. */
static int
run_command(struct invocation *inv, const struct command *self, bool resume,
	    struct error *err)
{
	struct run_words w = {
		.words = FLOW_WORDS_INIT,
		.options.resume = resume,
	};
	int rc = parse(&w, inv, self, err);

	if (!rc)
		rc = reaper_guard(err);
	if (!rc) {
		/* A reader that goes away ends the printing, not the run. */
		signal(SIGPIPE, SIG_IGN);
		rc = w.quiet ? run_quiet(&w.options, err)
			     : run_live(&w.options, inv);
	}
	flow_words_release(&w.words);
	strvec_release(&w.tags);
	strvec_release(&w.with);
	strvec_release(&w.rerun);
	return rc;
}

int
cmd_run(struct invocation *inv, const struct command *self, struct error *err)
{
	return run_command(inv, self, false, err);
}

int
cmd_resume(struct invocation *inv, const struct command *self,
	   struct error *err)
{
	return run_command(inv, self, true, err);
}
