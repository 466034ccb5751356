/*
 * flowmake gc: clean the store.
 */
#include "base/base.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "cli/command.h"
#include "exec/slot.h"
#include "flow/code.h"
#include "report/code.h"
#include "store/gc.h"
#include "store/store.h"

const struct option_row options_gc[] = {
	{ OPT_KEEP, "keep", 0, "N", "all",
	  "keep the latest N runs, and what they need" },
	{ OPT_KEEP_DAYS, "keep-days", 0, "N", "all",
	  "keep the runs of the last N days, and what they need" },
	{ OPT_DRY_RUN, "dry-run", 'n', NULL, NULL,
	  "only say what would be removed, and how much" },
	{ 0, NULL, 0, NULL, NULL, NULL }
};

/* Read the command line. */
static int
parse(struct gc_options *o, struct invocation *inv, const struct command *self,
      struct error *err)
{
	struct option_parser p;
	const char *value;
	uint32_t days;
	int id, rc = 0;

	command_options(&p, inv, self);
	while (!rc && (id = command_option(&p, inv, self, &value, err)) !=
	       OPT_END) {
		if (id == OPT_KEEP)
			rc = option_number("--keep", value, 1, &o->keep, err);
		else if (id == OPT_KEEP_DAYS)
			rc = option_number("--keep-days", value, 1, &days,
					   err);
		else if (id < 0)
			rc = -1;
		if (!rc && id == OPT_KEEP_DAYS)
			o->keep_since_ns = clock_real_ns(&clock_system) -
					   days * (24 * 3600 * NS_PER_S);
		o->dry_run |= id == OPT_DRY_RUN;
	}
	if (!rc)
		rc = command_check_words(&p, self, 0, 0, err);
	options_release(&p);
	return rc;
}

/* Append what R counted, a line for each kind. */
static void
add_report(struct strbuf *out, const struct gc_report *r, bool dry_run)
{
	static const struct {
		const char *one, *many;
	} names[GC_KINDS] = {
		[GC_RUNS] = { "run", "runs" },
		[GC_RECORDS] = { "record of a task", "records of tasks" },
		[GC_RESULTS] = { "result", "results" },
		[GC_LOGS] = { "log", "logs" },
		[GC_SNAPSHOTS] = { "snapshot of code", "snapshots of code" },
		[GC_REPLACED] = { "directory of replaced files",
				  "directories of replaced files" },
		[GC_TEMPORARY] = { "temporary file", "temporary files" },
		[GC_CODE] = { "file of compiled Flowfiles",
			      "files of compiled Flowfiles" },
	};

	for (size_t i = 0; i < GC_KINDS; i++) {
		const struct gc_count *c = &r->kinds[i];

		if (!c->count)
			continue;
		strbuf_adds(out, dry_run ? "would remove " : "removed ");
		text_add_count(out, c->count);
		strbuf_addf(out, " %s", c->count == 1 ? names[i].one
						      : names[i].many);
		if (c->bytes) {
			strbuf_adds(out, " (");
			text_add_size(out, c->bytes);
			strbuf_addch(out, ')');
		}
		strbuf_addch(out, '\n');
	}
}

/* Open the store, which must be there. */
static struct store *
open_store(bool dry_run, struct error *err)
{
	struct store *s = store_open(STORE_READ, err);

	if (!s || dry_run)
		return s;
	return store_close(s, err) ? NULL : store_open(STORE_WRITE, err);
}

/* The code of runs that go. */
struct forgetting {
	struct gc_report *report;
	bool dry_run;
};

static void
ask_to_forget(struct code *c, void *data)
{
	const struct forgetting *f = data;
	const struct gc_report *r = f->report;

	code_forget(c, r->code, r->code_count, r->newest, f->dry_run);
}

static void
on_forgotten(void *data, uint64_t bytes)
{
	struct forgetting *f = data;

	f->report->kinds[GC_SNAPSHOTS].bytes = bytes;
}

/* Remove the code of runs that are not kept, or count it. */
static int
forget_code(struct gc_report *r, bool dry_run, struct error *err)
{
	static const struct code_events events = { .forgotten = on_forgotten };
	struct forgetting f = { r, dry_run };

	if (access(STORE_CODE_REPOSITORY, F_OK) < 0 ||
	    (dry_run && !r->kinds[GC_SNAPSHOTS].count))
		return 0;
	return code_ask(ask_to_forget, &events, &f, 0, err);
}

int
cmd_gc(struct invocation *inv, const struct command *self, struct error *err)
{
	struct gc_options o = { .goes_on = slot_run_goes_on };
	struct strbuf out = STRBUF_INIT;
	struct gc_report report;
	struct store *s;
	int rc;

	if (parse(&o, inv, self, err))
		return -1;
	s = open_store(o.dry_run, err);
	if (!s)
		return -1;
	rc = store_gc(s, &o, &report, err);
	if (store_close(s, rc ? NULL : err))
		rc = -1;
	if (!rc)
		rc = forget_code(&report, o.dry_run, err);
	free(report.code);
	add_report(&out, &report, o.dry_run);
	if (!rc && !out.len)
		strbuf_adds(&out, "nothing to remove\n");
	if (command_print(&out, rc ? NULL : err))
		rc = -1;
	strbuf_release(&out);
	return rc;
}
