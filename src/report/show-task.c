/*
 * The tasks of a step, and the attempts of a task.
 */
#include "base/base.h"

#include "report/show.h"

#include <stdlib.h>
#include <string.h>

#include "base/cbor.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "model/value.h"
#include "report/show-state.h"
#include "report/table.h"
#include "store/objects.h"

enum {
	MAX_ELEMENT_BYTES = 60,
	MAX_VALUE_BYTES = 60,
};

/* ---- a step ---- */

/* Add the row of a task whose last attempt is A. */
static void
add_task_row(struct table *t, const struct attempt_record *a,
	     const char *run_state)
{
	struct strbuf sb = STRBUF_INIT;

	attempt_add_path(&sb, a);
	table_add(t, sb.buf);
	strbuf_reset(&sb);
	target_add_element(&sb, a->element, MAX_ELEMENT_BYTES);
	table_add(t, sb.len ? sb.buf + 1 : "");
	table_add(t, attempt_state_name(a, run_state));
	table_add_count(t, a->attempt > 1 ? a->attempt : 0);
	table_add_duration(t, attempt_time_ns(a));
	table_add_duration(t, a->user_ns + a->system_ns);
	table_add_size(t, (uint64_t)a->max_rss_kib * 1024);
	table_add_len(t, a->message ? a->message : "",
		      a->message ? strcspn(a->message, "\n") : 0);
	strbuf_release(&sb);
}

void
show_step(struct strbuf *out, const struct target *target,
	  const struct attempts *as)
{
	static const char *const headings[] = {
		"TASK", "ELEMENT", "STATE", "ATTEMPT", "TIME", "CPU",
		"MEMORY", "MESSAGE"
	};
	const char *state = run_state_name(&target->run);
	struct attempt_record *last;
	struct table t;
	size_t i, n = 0;

	last = xcalloc(as->count, sizeof(*last));
	for (i = 0; i < as->count; i++)
		if (i + 1 == as->count ||
		    as->list[i + 1].task != as->list[i].task)
			last[n++] = as->list[i];
	qsort(last, n, sizeof(*last), attempt_compare_splits);
	strbuf_addf(out, "Run %u, step ", target->run.number);
	text_add_escaped(out, target->step, strlen(target->step));
	strbuf_adds(out, ": ");
	text_add_count(out, n);
	strbuf_addf(out, " task%s\n\n", n == 1 ? "" : "s");
	table_init(&t, ARRAY_SIZE(headings), 0xf << 3, headings);
	for (i = 0; i < n; i++)
		add_task_row(&t, &last[i], state);
	table_print(&t, out);
	table_release(&t);
	free(last);
}

/* ---- a task ---- */

/* Append the table of all attempts. */
static void
add_attempts(struct strbuf *out, const struct attempts *as,
	     const char *run_state)
{
	static const char *const headings[] = {
		"ATTEMPT", "STATE", "STARTED", "TIME", "CPU", "MEMORY",
		"ENDED BY", "PID"
	};
	struct strbuf sb = STRBUF_INIT;
	struct table t;
	size_t i;

	table_init(&t, ARRAY_SIZE(headings), 1 << 0 | 7 << 3 | 1 << 7,
		   headings);
	for (i = 0; i < as->count; i++) {
		const struct attempt_record *a = &as->list[i];

		table_add_count(&t, a->attempt);
		table_add(&t, attempt_state_name(a, run_state));
		strbuf_reset(&sb);
		if (a->started_ns)
			text_add_time(&sb, a->started_ns);
		table_add(&t, sb.buf);
		table_add_duration(&t, attempt_time_ns(a));
		table_add_duration(&t, a->user_ns + a->system_ns);
		table_add_size(&t, (uint64_t)a->max_rss_kib * 1024);
		strbuf_reset(&sb);
		attempt_add_ending(&sb, a);
		table_add(&t, sb.buf);
		strbuf_reset(&sb);
		if (a->pid > 0)
			strbuf_addf(&sb, "%lld", (long long)a->pid);
		table_add(&t, sb.buf);
	}
	strbuf_addch(out, '\n');
	table_print(&t, out);
	table_release(&t);
	strbuf_release(&sb);
}

/* Append the value of R, short, or where its file is. */
static void
add_result_value(struct strbuf *sb, const struct artifact *r)
{
	if (r->format == ARTIFACT_INLINE)
		value_print(r->value, r->value_len, MAX_VALUE_BYTES, sb);
	else
		object_add_path(sb, &r->digest, r->file_name);
}

/* Append the results or outputs of a task under TITLE. */
static void
add_artifacts(struct strbuf *out, const char *title,
	      const struct artifact *list, size_t count)
{
	const char *headings[] = { title, "KIND", "SIZE", "VALUE" };
	struct strbuf sb = STRBUF_INIT;
	struct table t;
	size_t i;

	if (!count)
		return;
	table_init(&t, ARRAY_SIZE(headings), 1 << 2, headings);
	for (i = 0; i < count; i++) {
		bool is_output = list[i].format == ARTIFACT_OUTPUT;

		table_add(&t, list[i].name);
		table_add(&t, is_output ? ""
			  : list[i].format == ARTIFACT_INLINE ? "value"
			  : artifact_format_name(list[i].format));
		table_add_size(&t, list[i].size_bytes);
		strbuf_reset(&sb);
		if (!is_output)
			add_result_value(&sb, &list[i]);
		table_add(&t, sb.buf);
	}
	strbuf_addch(out, '\n');
	table_print(&t, out);
	table_release(&t);
	strbuf_release(&sb);
}

/* Append the names of the parts of A's key. */
static void
add_key(struct strbuf *out, const struct attempt_record *a)
{
	const char *name;
	struct cbor c;
	size_t n, len;

	if (!a->key_parts_len)
		return;
	strbuf_adds(out, "\nKEY       ");
	digest_add_hex(out, &a->key);
	strbuf_addf(out, "%s\n", a->reusable || a->outcome == TASK_REUSED ? ""
		    : " (not a good result)");
	cbor_init(&c, a->key_parts, a->key_parts_len);
	for (n = cbor_get_array(&c); n && !c.failed; n--) {
		cbor_get_array(&c);
		name = cbor_get_text(&c, &len);
		cbor_skip(&c);
		if (c.failed)
			return;
		strbuf_adds(out, "  ");
		text_add_escaped(out, name, len);
		strbuf_addch(out, '\n');
	}
}

void
show_task(struct strbuf *out, const struct target *target,
	  const struct attempts *as, const char *command)
{
	const struct attempt_record *last = &as->list[as->count - 1];
	const char *state = run_state_name(&target->run);
	struct strbuf path = STRBUF_INIT;

	strbuf_addf(&path, "%u/", target->run.number);
	attempt_add_path(&path, last);
	strbuf_adds(out, "Task ");
	text_add_escaped(out, path.buf, path.len);
	if (*last->element) {
		strbuf_adds(out, " (");
		text_add_escaped(out, last->element, strlen(last->element));
		strbuf_addch(out, ')');
	}
	strbuf_addf(out, ": %s\n", attempt_state_name(last, state));
	if (last->message && *last->message) {
		strbuf_adds(out, "  message    ");
		text_add_escaped(out, last->message, strlen(last->message));
		strbuf_addch(out, '\n');
	}
	if (last->origin_run)
		strbuf_addf(out, "  result of  run %u\n", last->origin_run);
	strbuf_addf(out, "  log        %s logs ", command);
	target_add_quoted(out, path.buf);
	strbuf_addch(out, '\n');
	add_attempts(out, as, state);
	add_artifacts(out, "RESULT", last->results, last->result_count);
	add_artifacts(out, "OUTPUT", last->outputs, last->output_count);
	add_key(out, last);
	strbuf_release(&path);
}
