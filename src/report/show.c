/*
 * The runs of a project, and what one of them did.
 */
#include "base/base.h"

#include "report/show.h"

#include <stdlib.h>
#include <string.h>

#include "base/cbor.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "model/value.h"
#include "report/code.h"
#include "report/show-state.h"
#include "report/table.h"
#include "store/log.h"

enum {
	MAX_PARAMETER_BYTES = 200,
	MAX_COMMAND_BYTES = 200,
};

/* ---- parts of runs ---- */

/* How long R took, so far if it runs; 0: nobody knows. */
static int64_t
run_time_ns(const struct run_record *r)
{
	if (r->ended_ns)
		return r->ended_ns - r->started_ns;
	if (strcmp(run_state_name(r), "running"))
		return 0;
	return clock_real_ns(&clock_system) - r->started_ns;
}

/* Append the values of R's parameters as words. */
static void
run_add_parameters(struct strbuf *sb, const struct run_record *r)
{
	const char *name, *value;
	size_t n, len, value_len;
	struct cbor c;
	bool first = true;

	if (!r->parameters_len)
		return;
	cbor_init(&c, r->parameters, r->parameters_len);
	for (n = cbor_get_array(&c); n && !c.failed; n--, first = false) {
		cbor_get_array(&c);
		name = cbor_get_text(&c, &len);
		value = cbor_span(&c, &value_len);
		cbor_skip(&c);
		if (c.failed)
			return;
		strbuf_adds(sb, first ? "" : " ");
		text_add_escaped(sb, name, len);
		strbuf_addch(sb, '=');
		value_print(value, value_len, MAX_PARAMETER_BYTES, sb);
	}
}

static void
run_add_tags(struct strbuf *sb, const struct run_record *r)
{
	const char *tag;
	size_t n, len;
	struct cbor c;
	bool first = true;

	if (!r->tags_len)
		return;
	cbor_init(&c, r->tags, r->tags_len);
	for (n = cbor_get_array(&c); n && !c.failed; n--, first = false) {
		tag = cbor_get_text(&c, &len);
		strbuf_adds(sb, first ? "" : " ");
		text_add_escaped(sb, tag, len);
	}
}

/* ---- all runs ---- */

/* "101", "57/101", or nothing while only the tasks know. */
static void
add_task_counts(struct table *t, const struct run_record *r)
{
	struct strbuf sb = STRBUF_INIT;

	if (r->tasks_total) {
		if (r->tasks_done + r->tasks_skipped != r->tasks_total)
			strbuf_addf(&sb, "%u/", r->tasks_done);
		strbuf_addf(&sb, "%u", r->tasks_total);
	}
	table_add(t, sb.buf);
	strbuf_release(&sb);
}

/* Add the row of R, which has RESULTS_BYTES of results. */
static void
add_run_row(struct table *t, const struct run_record *r,
	    uint64_t results_bytes)
{
	struct strbuf sb = STRBUF_INIT;
	const char *command = r->command ? r->command : "";

	strbuf_addf(&sb, "%u", r->number);
	table_add(t, sb.buf);
	strbuf_reset(&sb);
	text_add_time(&sb, r->started_ns);
	strbuf_truncate(&sb, sb.len - 4); /* without milliseconds */
	table_add(t, sb.buf);
	table_add_duration(t, run_time_ns(r));
	table_add(t, run_state_name(r));
	add_task_counts(t, r);
	table_add_size(t, results_bytes + log_size(r->number));
	table_add(t, r->flow);
	strbuf_reset(&sb);
	run_add_tags(&sb, r);
	table_add(t, sb.buf);
	table_add_len(t, command, MIN(strlen(command), MAX_COMMAND_BYTES));
	strbuf_release(&sb);
}

int
show_runs(struct store *s, bool json, struct strbuf *out, struct error *err)
{
	static const char *const headings[] = {
		"RUN", "STARTED", "TIME", "STATE", "TASKS", "SIZE", "FLOW",
		"TAGS", "COMMAND"
	};
	struct run_record *runs;
	struct table t;
	size_t count, i;
	uint64_t bytes;
	uint32_t latest;
	int rc = 0;

	if (json)
		return show_runs_json(s, out, err);
	if (store_run_list(s, &runs, &count, err))
		return -1;
	table_init(&t, ARRAY_SIZE(headings),
		   1 << 0 | 1 << 2 | 1 << 4 | 1 << 5, headings);
	for (i = 0; i < count; i++) {
		if (!rc)
			rc = store_run_bytes(s, &runs[i], &bytes, err);
		if (!rc)
			add_run_row(&t, &runs[i], bytes);
		run_record_release(&runs[i]);
	}
	if (count)
		table_print(&t, out);
	else
		rc = store_forgotten(s, &latest, err) ? -1 :
			store_say_no_run(latest, "", err);
	table_release(&t);
	free(runs);
	return rc;
}

/* ---- one run ---- */

/* Append "  LABEL  TEXT" unless there is no text. */
static void
add_line(struct strbuf *out, const char *label, const char *text)
{
	if (!text || !*text)
		return;
	strbuf_addf(out, "  %-11s", label);
	text_add_escaped(out, text, strlen(text));
	strbuf_addch(out, '\n');
}

/* Append the head of run R. */
static void
add_run_head(struct strbuf *out, const struct run_record *r)
{
	int64_t time = run_time_ns(r);
	struct strbuf sb = STRBUF_INIT;

	strbuf_addf(out, "Run %u", r->number);
	if (r->flow) {
		strbuf_adds(out, " of ");
		text_add_escaped(out, r->flow, strlen(r->flow));
	}
	strbuf_addf(out, ": %s\n", run_state_name(r));
	add_line(out, "command", r->command);
	text_add_time(&sb, r->started_ns);
	if (r->user && r->host)
		strbuf_addf(&sb, " by %s on %s", r->user, r->host);
	add_line(out, "started", sb.buf);
	strbuf_reset(&sb);
	if (time > 0)
		text_add_duration(&sb, time);
	add_line(out, "time", sb.buf);
	strbuf_reset(&sb);
	if (r->origin)
		strbuf_addf(&sb, "run %u", r->origin);
	add_line(out, "resumes", sb.buf);
	strbuf_reset(&sb);
	run_add_parameters(&sb, r);
	add_line(out, "parameters", sb.buf);
	strbuf_reset(&sb);
	run_add_tags(&sb, r);
	add_line(out, "tags", sb.buf);
	add_line(out, "message", r->message);
	strbuf_release(&sb);
}

/* Append what is known of the code of run R. */
static int
add_code(struct store *s, const struct run_record *r, struct strbuf *out,
	 struct error *err)
{
	struct code_record c;
	int rc = code_find(s, r, &c, err);

	if (rc > 0)
		code_add_lines(out, r->number, &c);
	code_record_release(&c);
	return rc < 0 ? -1 : 0;
}

/* Add "57 done, 2 failed". */
static void
add_states(struct table *t, const struct step_sum *sum)
{
	struct strbuf sb = STRBUF_INIT;
	size_t i;

	for (i = 0; i < SHOWN_STATES; i++) {
		if (!sum->states[i])
			continue;
		strbuf_adds(&sb, sb.len ? ", " : "");
		text_add_count(&sb, sum->states[i]);
		strbuf_addf(&sb, " %s", step_sum_state(i));
	}
	table_add(t, sb.buf);
	strbuf_release(&sb);
}

/* Append the table of the steps of T. */
static int
add_steps(struct store *s, const struct target *target, struct strbuf *out,
	  struct error *err)
{
	static const char *const headings[] = {
		"STEP", "TASKS", "STATE", "RETRIES", "TIME", "CPU", "MEMORY"
	};
	struct step_sum *sums = NULL;
	struct arena arena;
	struct table t;
	size_t count = 0, i;
	int rc;

	arena_init(&arena);
	rc = step_sums_read(s, target, &arena, &sums, &count, err);
	if (!rc && count) {
		table_init(&t, ARRAY_SIZE(headings), 1 << 1 | 0xf << 3,
			   headings);
		for (i = 0; i < count; i++) {
			table_add(&t, sums[i].name);
			table_add_count(&t, sums[i].tasks);
			add_states(&t, &sums[i]);
			table_add_count(&t, sums[i].retries);
			table_add_duration(&t, sums[i].time_ns);
			table_add_duration(&t, sums[i].cpu_ns);
			table_add_size(&t, (uint64_t)sums[i].max_rss_kib *
				       1024);
		}
		strbuf_addch(out, '\n');
		table_print(&t, out);
		table_release(&t);
	}
	free(sums);
	arena_release(&arena);
	return rc;
}

/* ---- anything ---- */

/* Whether AS are attempts of one task. */
static bool
is_one_task(const struct target *t, const struct attempts *as)
{
	size_t i;

	for (i = 1; i < as->count; i++)
		if (as->list[i].task != as->list[0].task)
			return false;
	return t->rest || !*as->list[0].split;
}

/* Append the step or task T. */
static int
add_tasks(struct store *s, const struct target *t, const char *command,
	  struct strbuf *out, struct error *err)
{
	struct attempts as;
	int rc = 0;

	if (attempts_read(&as, s, t, false, err))
		return -1;
	if (!as.count)
		rc = target_no_task(t, s, err);
	else if (is_one_task(t, &as))
		show_task(out, t, &as, command);
	else
		show_step(out, t, &as);
	attempts_release(&as);
	return rc;
}

int
show_target(struct store *s, const char *target, bool json,
	    const char *command, struct strbuf *out, struct error *err)
{
	struct target t;
	int rc;

	rc = store_snapshot_begin(s, err);
	if (!rc)
		rc = target_parse(&t, s, target, err);
	else
		memset(&t, 0, sizeof(t));
	if (!rc && json) {
		rc = show_target_json(s, &t, out, err);
	} else if (!rc && t.step) {
		rc = add_tasks(s, &t, command, out, err);
	} else if (!rc) {
		add_run_head(out, &t.run);
		rc = add_code(s, &t.run, out, err) ||
		     add_steps(s, &t, out, err) ? -1 : 0;
	}
	target_release(&t);
	return rc;
}
