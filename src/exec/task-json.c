/*
 * What $FLOWMAKE_TASK says.
 */
#include "base/base.h"

#include "exec/task-json.h"

#include <string.h>

#include "base/cbor.h"
#include "base/error.h"
#include "base/strbuf.h"
#include "exec/spec.h"
#include "model/value.h"
#include "store/values.h"

/* Larger values are null: a task that does not read them should not wait. */
#define MAX_OBJECT_BYTES ((uint64_t)64 << 20)

typedef int json_writer(const char *cbor, size_t len, struct strbuf *out,
			struct error *err);

/* Append a value as WRITE does; what JSON cannot say is null. */
static void
add_value(struct strbuf *sb, const char *cbor, size_t len, json_writer *write)
{
	struct error err = ERROR_INIT;
	struct strbuf loaded = STRBUF_INIT;
	size_t before = sb->len;
	int rc;

	if (value_has_objects(cbor, len)) {
		rc = value_load_objects(cbor, len, MAX_OBJECT_BYTES, &loaded,
					&err);
		if (!rc)
			rc = write(loaded.buf, loaded.len, sb, &err);
	} else {
		rc = write(cbor, len, sb, &err);
	}
	if (rc) {
		strbuf_truncate(sb, before);
		strbuf_adds(sb, "null");
	}
	error_release(&err);
	strbuf_release(&loaded);
}

static void
add_text(struct strbuf *sb, const char *text)
{
	value_add_json_string(sb, text, strlen(text));
}

/* Append a group of the context, of which C is at the map: {NAME: value...} */
static void
add_group(struct strbuf *sb, struct cbor *c, json_writer *write)
{
	size_t pairs = cbor_get_map(c), len;
	const char *text;

	strbuf_addch(sb, '{');
	for (size_t i = 0; i < pairs && !c->failed; i++) {
		strbuf_adds(sb, i ? ", " : "");
		text = cbor_get_text(c, &len);
		value_add_json_string(sb, text, len);
		strbuf_adds(sb, ": ");
		text = cbor_span(c, &len);
		add_value(sb, text, len, write);
	}
	strbuf_addch(sb, '}');
}

/* Append the groups: , NAME: {...}... */
static void
add_context(struct strbuf *sb, const struct task_spec *spec)
{
	size_t groups, len;
	const char *name;
	struct cbor c;
	bool join;

	cbor_init(&c, spec->context, spec->context_len);
	for (groups = cbor_get_map(&c); groups && !c.failed; groups--) {
		strbuf_adds(sb, ", ");
		name = cbor_get_text(&c, &len);
		value_add_json_string(sb, name, len);
		strbuf_adds(sb, ": ");
		join = len == 4 && !memcmp(name, "join", len);
		add_group(sb, &c, join ? value_join_to_json : value_to_json);
	}
}

void
task_json_add(struct strbuf *sb, const struct task_spec *spec,
	      char *const *results)
{
	strbuf_addf(sb, "{\"run\": %u, \"step\": ", (unsigned)spec->run);
	add_text(sb, spec->step);
	strbuf_adds(sb, ", \"split\": ");
	add_text(sb, spec->split);
	strbuf_addf(sb, ", \"attempt\": %u", (unsigned)spec->attempt);
	add_context(sb, spec);
	strbuf_adds(sb, ", \"produces\": {");
	for (size_t i = 0; i < spec->result_count; i++) {
		strbuf_adds(sb, i ? ", " : "");
		add_text(sb, spec->results[i].name);
		strbuf_adds(sb, ": ");
		add_text(sb, results[i]);
	}
	strbuf_adds(sb, "}}\n");
}
