/*
 * What ran, as JSON for programs.  Times are seconds since 1970, durations
 * seconds, sizes bytes.
 */
#include "base/base.h"

#include "report/show.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/cbor.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "model/value.h"
#include "report/code.h"
#include "report/json.h"
#include "report/show-state.h"
#include "store/log.h"
#include "store/objects.h"

/* ---- parts ---- */

/* NS in seconds; 0 is null. */
static json_t *
json_seconds(int64_t ns)
{
	return ns ? json_real((double)ns / (double)NS_PER_S) : json_null();
}

/* The value whose CBOR is given; what JSON cannot say as Scheme writes it. */
static json_t *
json_value(const char *cbor, size_t len)
{
	struct strbuf sb = STRBUF_INIT;
	json_t *json = NULL;

	if (value_to_json(cbor, len, &sb, NULL) == 0)
		json = json_loadb(sb.buf, sb.len, JSON_DECODE_ANY, NULL);
	if (!json) {
		strbuf_reset(&sb);
		value_print(cbor, len, 0, &sb);
		json = json_text(sb.buf);
	}
	strbuf_release(&sb);
	return json;
}

/* R's parameters: {NAME: VALUE}. */
static json_t *
json_parameters(const struct run_record *r)
{
	json_t *object = json_object();
	const char *value;
	size_t n, len;
	struct cbor c;
	char *name;

	cbor_init(&c, r->parameters, r->parameters_len);
	for (n = r->parameters_len ? cbor_get_array(&c) : 0;
	     n && !c.failed; n--) {
		cbor_get_array(&c);
		name = cbor_get_str(&c);
		value = cbor_span(&c, &len);
		cbor_skip(&c);
		if (!c.failed && name)
			json_object_set_new_nocheck(object, name,
						    json_value(value, len));
		free(name);
	}
	return object;
}

/* The texts of an array in CBOR, of LEN bytes; it may be missing. */
static json_t *
json_texts(const char *cbor, size_t len)
{
	json_t *array = json_array();
	struct cbor c;
	char *text;
	size_t n;

	cbor_init(&c, cbor, len);
	for (n = len ? cbor_get_array(&c) : 0; n && !c.failed; n--) {
		text = cbor_get_str(&c);
		if (text)
			json_array_append_new(array, json_text(text));
		free(text);
	}
	return array;
}

/* ---- runs ---- */

/* What is known of R itself; NULL on an error. */
static json_t *
json_run(struct store *s, const struct run_record *r, struct error *err)
{
	json_t *object;
	uint64_t bytes;

	if (store_run_bytes(s, r, &bytes, err))
		return NULL;
	object = json_object();
	json_object_set_new(object, "run", json_integer(r->number));
	json_object_set_new(object, "state", json_string(run_state_name(r)));
	json_object_set_new(object, "flow", json_text(r->flow));
	json_object_set_new(object, "flow_file", json_text(r->flow_file));
	json_object_set_new(object, "command", json_text(r->command));
	json_object_set_new(object, "user", json_text(r->user));
	json_object_set_new(object, "host", json_text(r->host));
	json_object_set_new(object, "pid", json_integer(r->pid));
	json_object_set_new(object, "started", json_seconds(r->started_ns));
	json_object_set_new(object, "ended", json_seconds(r->ended_ns));
	json_object_set_new(object, "parameters", json_parameters(r));
	json_object_set_new(object, "tags", json_texts(r->tags, r->tags_len));
	json_object_set_new(object, "tasks", json_integer(r->tasks_total));
	json_object_set_new(object, "done", json_integer(r->tasks_done));
	json_object_set_new(object, "failed", json_integer(r->tasks_failed));
	json_object_set_new(object, "skipped", json_integer(r->tasks_skipped));
	json_object_set_new(object, "reused", json_integer(r->tasks_reused));
	json_object_set_new(object, "cancelled",
			    json_integer(r->tasks_cancelled));
	json_object_set_new(object, "origin", r->origin ?
			    json_integer(r->origin) : json_null());
	json_object_set_new(object, "results_size",
			    json_integer((json_int_t)bytes));
	json_object_set_new(object, "log_size",
			    json_integer((json_int_t)log_size(r->number)));
	json_object_set_new(object, "message", json_text(r->message));
	return object;
}

int
show_runs_json(struct store *s, struct strbuf *out, struct error *err)
{
	json_t *array = json_array();
	struct run_record *runs;
	size_t count, i;
	int rc = 0;

	if (store_run_list(s, &runs, &count, err)) {
		json_decref(array);
		return -1;
	}
	for (i = 0; i < count; i++) {
		json_t *run = rc ? NULL : json_run(s, &runs[i], err);

		/* without a run this fails, too */
		rc = json_array_append_new(array, run);
		run_record_release(&runs[i]);
	}
	free(runs);
	if (rc)
		json_decref(array);
	else
		json_put(out, array);
	return rc;
}

/* The files that C says were changed: [{"state": "M", "path": PATH}...]. */
static json_t *
json_changed(const struct code_record *c)
{
	json_t *array = json_array(), *object;
	char *letter, *path;
	struct cbor in;
	size_t n;

	cbor_init(&in, c->changed, c->changed_len);
	for (n = cbor_get_array(&in); n && !in.failed; n--) {
		cbor_get_array(&in);
		letter = cbor_get_str(&in);
		path = cbor_get_str(&in);
		object = json_object();
		json_object_set_new(object, "state", json_text(letter));
		json_object_set_new(object, "path", json_text(path));
		json_array_append_new(array, object);
		free(letter);
		free(path);
	}
	return array;
}

/* What is known of the code of R; null when that is nothing. */
static int
json_code(struct store *s, const struct run_record *r, json_t **json,
	  struct error *err)
{
	struct code_record c;
	int rc = code_find(s, r, &c, err);

	*json = rc > 0 ? json_object() : json_null();
	if (rc > 0) {
		json_object_set_new(*json, "run",
				    json_integer((json_int_t)c.run));
		json_object_set_new(*json, "commit", json_text(c.commit));
		json_object_set_new(*json, "branch", json_text(c.branch));
		json_object_set_new(*json, "tree", json_text(c.tree));
		json_object_set_new(*json, "changed_count",
				    json_integer((json_int_t)c.changed_count));
		json_object_set_new(*json, "changed", json_changed(&c));
		json_object_set_new(*json, "left_out",
				    json_texts(c.left_out, c.left_out_len));
		json_object_set_new(*json, "failure", json_text(c.failure));
	}
	code_record_release(&c);
	return rc < 0 ? -1 : 0;
}

/* ---- steps ---- */

/* What SUM says. */
static json_t *
json_step(const struct step_sum *sum)
{
	json_t *object = json_object(), *states = json_object();
	size_t i;

	for (i = 0; i < SHOWN_STATES; i++)
		if (sum->states[i])
			json_object_set_new(states, step_sum_state(i),
				json_integer((json_int_t)sum->states[i]));
	json_object_set_new(object, "step", json_text(sum->name));
	json_object_set_new(object, "tasks",
			    json_integer((json_int_t)sum->tasks));
	json_object_set_new(object, "states", states);
	json_object_set_new(object, "retries",
			    json_integer((json_int_t)sum->retries));
	json_object_set_new(object, "time", json_seconds(sum->time_ns));
	json_object_set_new(object, "cpu", json_seconds(sum->cpu_ns));
	json_object_set_new(object, "memory",
			    json_integer(sum->max_rss_kib * 1024));
	return object;
}

/* The whole run T, step by step. */
static int
put_run(struct store *s, const struct target *t, struct strbuf *out,
	struct error *err)
{
	json_t *steps = json_array(), *run, *code = NULL;
	struct step_sum *sums = NULL;
	struct arena arena;
	size_t count = 0, i;
	int rc;

	arena_init(&arena);
	rc = json_code(s, &t->run, &code, err) ||
	     step_sums_read(s, t, &arena, &sums, &count, err) ? -1 : 0;
	for (i = 0; i < count; i++)
		json_array_append_new(steps, json_step(&sums[i]));
	run = rc ? NULL : json_run(s, &t->run, err);
	json_object_set(run, "code", code);
	rc = json_object_set(run, "steps", steps);
	if (!rc)
		json_put(out, run);
	json_decref(code);
	json_decref(steps);
	free(sums);
	arena_release(&arena);
	return rc;
}

/* ---- attempts ---- */

/* One result or output. */
static json_t *
json_artifact(const struct artifact *a)
{
	struct strbuf sb = STRBUF_INIT;
	json_t *object = json_object();

	json_object_set_new(object, "name", json_text(a->name));
	json_object_set_new(object, "kind",
			    json_string(artifact_format_name(a->format)));
	json_object_set_new(object, "size",
			    json_integer((json_int_t)a->size_bytes));
	digest_add_hex(&sb, &a->digest);
	json_object_set_new(object, "digest", json_string(sb.buf));
	if (a->format == ARTIFACT_INLINE) {
		json_object_set_new(object, "value",
				    json_value(a->value, a->value_len));
	} else if (a->format != ARTIFACT_OUTPUT) {
		strbuf_reset(&sb);
		object_add_path(&sb, &a->digest, a->file_name);
		json_object_set_new(object, "path", json_text(sb.buf));
	}
	strbuf_release(&sb);
	return object;
}

/* Results or outputs. */
static json_t *
json_artifacts(const struct artifact *list, size_t count)
{
	json_t *array = json_array();
	size_t i;

	for (i = 0; i < count; i++)
		json_array_append_new(array, json_artifact(&list[i]));
	return array;
}

/* One attempt. */
static json_t *
json_attempt(const struct attempt_record *a, const char *run_state)
{
	struct strbuf path = STRBUF_INIT;
	json_t *object = json_object();

	attempt_add_path(&path, a);
	json_object_set_new(object, "task", json_text(path.buf));
	json_object_set_new(object, "step", json_text(a->step));
	json_object_set_new(object, "split", json_text(a->split));
	json_object_set_new(object, "element", json_text(a->element));
	json_object_set_new(object, "attempt", json_integer(a->attempt));
	json_object_set_new(object, "state",
			    json_string(attempt_state_name(a, run_state)));
	json_object_set_new(object, "pid", json_integer(a->pid));
	json_object_set_new(object, "started", json_seconds(a->started_ns));
	json_object_set_new(object, "ended", json_seconds(a->ended_ns));
	json_object_set_new(object, "status", a->exit_status < 0
			    ? json_null() : json_integer(a->exit_status));
	json_object_set_new(object, "signal", a->signal
			    ? json_integer(a->signal) : json_null());
	json_object_set_new(object, "cpu",
			    json_seconds(a->user_ns + a->system_ns));
	json_object_set_new(object, "memory",
			    json_integer(a->max_rss_kib * 1024));
	json_object_set_new(object, "message", json_text(a->message));
	json_object_set_new(object, "results",
			    json_artifacts(a->results, a->result_count));
	json_object_set_new(object, "outputs",
			    json_artifacts(a->outputs, a->output_count));
	strbuf_release(&path);
	return object;
}

int
show_target_json(struct store *s, const struct target *t, struct strbuf *out,
		 struct error *err)
{
	const char *state = run_state_name(&t->run);
	struct attempts as;
	json_t *array;
	size_t i;

	if (!t->step)
		return put_run(s, t, out, err);
	if (attempts_read(&as, s, t, false, err))
		return -1;
	if (!as.count) {
		attempts_release(&as);
		return target_no_task(t, s, err);
	}
	array = json_array();
	for (i = 0; i < as.count; i++)
		json_array_append_new(array, json_attempt(&as.list[i], state));
	attempts_release(&as);
	json_put(out, array);
	return 0;
}
