/*
 * What is recorded of a run at its beginning and its end.
 */
#include "base/base.h"

#include "sched/run-internal.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cbor.h"
#include "base/clock.h"
#include "base/path.h"
#include "base/strbuf.h"
#include "sys/file.h"

/* The text in the list GIVEN for the parameter NAME, or NULL. */
static const char *
find_given(char *const *given, const char *name)
{
	const char *text = NULL;

	for (; given && *given; given += 2)
		if (!strcmp(given[0], name))
			text = given[1];
	return text;
}

void
run_take_given(struct run *r)
{
	struct strvec given = STRVEC_INIT;
	uint32_t i;

	for (i = 0; i < r->rules.parameter_count; i++) {
		const char *name = r->rules.parameters[i].name;
		const char *text = find_given(r->options->parameters, name);

		if (!text)
			text = find_given(r->given.v, name);
		if (!text)
			continue;
		strvec_push(&given, name);
		strvec_push(&given, text);
	}
	strvec_release(&r->given);
	r->given = given;
}

static void
add_tags(struct strbuf *sb, char *const *tags)
{
	size_t i, n = 0;

	while (tags && tags[n])
		n++;
	cbor_put_array(sb, n);
	for (i = 0; i < n; i++)
		cbor_put_str(sb, tags[i]);
}

static void
add_parameters(struct strbuf *sb, const struct run *r)
{
	uint32_t i;

	cbor_put_array(sb, r->rules.parameter_count);
	for (i = 0; i < r->rules.parameter_count; i++) {
		const struct parameter *p = &r->rules.parameters[i];

		cbor_put_array(sb, 3);
		cbor_put_str(sb, p->name);
		strbuf_add(sb, p->value, p->value_len);
		cbor_put_str_or_null(sb, find_given(r->given.v, p->name));
	}
}

/* The name of the flow: as declared, or the directory's. */
static const char *
flow_name(struct run *r)
{
	char *cwd;
	const char *name = r->rules.flow;

	if (name)
		return name;
	cwd = getcwd(NULL, 0);
	name = arena_strdup(&r->rules.arena, cwd ? path_base(cwd) : "flow");
	free(cwd);
	return name;
}

/* Fill REC, which owns its strings, for the beginning of R. */
static void
fill_record(struct run *r, struct run_record *rec)
{
	struct strbuf parameters = STRBUF_INIT, tags = STRBUF_INIT;
	struct passwd *pw = getpwuid(getuid());
	char host[256] = "";

	gethostname(host, sizeof(host) - 1);
	add_parameters(&parameters, r);
	add_tags(&tags, r->options->tags);
	rec->state = RUN_RUNNING;
	rec->started_ns = clock_real_ns(loop_clock(r->loop));
	r->begun_ns = clock_monotonic_ns(loop_clock(r->loop));
	rec->command = xstrdup(r->options->command);
	rec->flow = xstrdup(flow_name(r));
	rec->flow_file = file_project_name(r->options->flow_file);
	rec->user = xstrdup(pw ? pw->pw_name : "");
	rec->host = xstrdup(host);
	rec->origin = r->origin.number;
	rec->pid = getpid();
	rec->pid_started = store_process_started(rec->pid);
	rec->parameters_len = parameters.len;
	rec->parameters = strbuf_detach(&parameters, NULL);
	rec->tags_len = tags.len;
	rec->tags = strbuf_detach(&tags, NULL);
}

/* What R took is right also when the clock of the day was set meanwhile. */
static int64_t
end_time(const struct run *r)
{
	return r->summary->run.started_ns - r->begun_ns +
		clock_monotonic_ns(loop_clock(r->loop));
}

static int
write_run_id(struct run *r, struct error *err)
{
	char text[16];
	int len;

	if (!r->options->run_id_file)
		return 0;
	len = snprintf(text, sizeof(text), "%u\n", r->summary->run.number);
	return file_put(r->options->run_id_file, text, (size_t)len, err);
}

int
run_record_begin(struct run *r, struct error *err)
{
	struct run_record *rec = &r->summary->run;

	fill_record(r, rec);
	if (store_run_begin(r->store, rec, err))
		return -1;
	if (!write_run_id(r, err))
		r->log = log_writer_open(rec->number, err);
	if (r->log)
		return 0;
	/* It has a number already: say what became of it. */
	rec->ended_ns = end_time(r);
	rec->state = RUN_FAILED;
	rec->message = xstrdup(err->text);
	if (!store_run_end(r->store, rec, NULL))
		store_commit(r->store, NULL);
	return -1;
}

void
run_sum_up(struct run *r, uint32_t tasks_total)
{
	struct run_record *rec = &r->summary->run;
	const struct run_counts *c = &r->summary->counts;

	rec->tasks_total = tasks_total;
	rec->tasks_done = c->done;
	rec->tasks_failed = c->failed;
	rec->tasks_skipped = c->skipped;
	rec->tasks_reused = c->reused;
	rec->tasks_cancelled = c->cancelled;
	rec->state = r->interrupted ? RUN_INTERRUPTED :
		r->fatal.text || c->failed ? RUN_FAILED : RUN_DONE;
}

int
run_record_end(struct run *r, uint32_t tasks_total, struct error *err)
{
	struct run_record *rec = &r->summary->run;

	run_sum_up(r, tasks_total);
	rec->ended_ns = end_time(r);
	if (r->fatal.text && !rec->message)
		rec->message = xstrdup(r->fatal.text);
	return store_run_end(r->store, rec, err) ||
		store_commit(r->store, err) ? -1 : 0;
}
