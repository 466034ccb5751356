/*
 * What $FLOWMAKE_TASK says.
 */
#include "base/base.h"

#include "exec/task-json.h"

#include "base/cbor.h"
#include "base/error.h"
#include "base/strbuf.h"
#include "exec/spec.h"
#include "model/value.h"
#include "store/values.h"

/* Larger values are null: a task that does not read them should not wait. */
#define MAX_OBJECT_BYTES ((uint64_t)64 << 20)

/* Append a value; what JSON cannot say is null. */
static void
add_value(struct strbuf *sb, const char *cbor, size_t len)
{
	struct error err = ERROR_INIT;
	struct strbuf loaded = STRBUF_INIT;
	size_t before = sb->len;
	int rc;

	if (value_has_objects(cbor, len)) {
		rc = value_load_objects(cbor, len, MAX_OBJECT_BYTES, &loaded,
					&err);
		if (!rc)
			rc = value_to_json(loaded.buf, loaded.len, sb, &err);
	} else {
		rc = value_to_json(cbor, len, sb, &err);
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
	struct strbuf cbor = STRBUF_INIT;

	cbor_put_str(&cbor, text);
	add_value(sb, cbor.buf, cbor.len);
	strbuf_release(&cbor);
}

/* Begin a member of an object. */
static void
add_key(struct strbuf *sb, const char *name, bool *first)
{
	strbuf_adds(sb, *first ? "" : ", ");
	*first = false;
	add_text(sb, name);
	strbuf_adds(sb, ": ");
}

/* Append the group NAME of the context: {NAME: value...} */
static void
add_group(struct strbuf *sb, const struct task_spec *spec, const char *name)
{
	size_t count = 0, pairs, len, value_len;
	struct cbor c;
	bool first = true;

	cbor_init(&c, spec->context, spec->context_len);
	if (spec->context_len)
		count = cbor_get_map(&c);
	strbuf_addf(sb, ", \"%s\": {", name);
	for (; count && !c.failed; count--) {
		const char *key = cbor_get_text(&c, &len);

		if (!cbor_key_is(key, len, name)) {
			cbor_skip(&c);
			continue;
		}
		for (pairs = cbor_get_map(&c); pairs && !c.failed; pairs--) {
			const char *value;

			strbuf_adds(sb, first ? "" : ", ");
			first = false;
			value = cbor_span(&c, &value_len);
			add_value(sb, value, value_len);
			strbuf_adds(sb, ": ");
			value = cbor_span(&c, &value_len);
			add_value(sb, value, value_len);
		}
	}
	strbuf_addch(sb, '}');
}

void
task_json_add(struct strbuf *sb, const struct task_spec *spec,
	      char *const *results)
{
	bool first = true;

	strbuf_addf(sb, "{\"run\": %u, \"step\": ", (unsigned)spec->run);
	add_text(sb, spec->step);
	strbuf_adds(sb, ", \"split\": ");
	add_text(sb, spec->split);
	strbuf_addf(sb, ", \"attempt\": %u", (unsigned)spec->attempt);
	add_group(sb, spec, "parameters");
	add_group(sb, spec, "foreach");
	add_group(sb, spec, "inputs");
	add_group(sb, spec, "outputs");
	add_group(sb, spec, "from");
	add_group(sb, spec, "join");
	strbuf_adds(sb, ", \"produces\": {");
	for (size_t i = 0; i < spec->result_count; i++) {
		add_key(sb, spec->results[i].name, &first);
		add_text(sb, results[i]);
	}
	strbuf_adds(sb, "}}\n");
}
