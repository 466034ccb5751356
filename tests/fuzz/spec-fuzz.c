/*
 * Fuzz the reader of task specs: one that is accepted is written with bytes
 * that read as the same, and stand-ins are filled inside the text.
 */
#include "base/base.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/cbor.h"
#include "base/error.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "exec/spec.h"
#include "exec/task-json.h"
#include "fuzz.h"

const unsigned fuzz_inputs = 15000;

/* Write S, read that, and write it again. */
static void
check_same(const struct task_spec *s, struct arena *arena)
{
	struct strbuf once = STRBUF_INIT, twice = STRBUF_INIT;
	const char *flow_file, *load;
	struct task_spec back;
	size_t load_len;

	spec_encode(s, NULL, NULL, 0, &once);
	if (spec_decode(once.buf, once.len, arena, &back, &flow_file, &load,
			&load_len, NULL) < 0)
		abort();
	spec_encode(&back, NULL, NULL, 0, &twice);
	if (once.len != twice.len || memcmp(once.buf, twice.buf, once.len))
		abort();
	strbuf_release(&once);
	strbuf_release(&twice);
}

/* What its program would be told. */
static void
check_task_json(const struct task_spec *s)
{
	char **results = xcalloc(s->result_count + 1, sizeof(*results));
	struct strbuf json = STRBUF_INIT;
	size_t i;

	for (i = 0; i < s->result_count; i++)
		results[i] = (char *)"result";
	task_json_add(&json, s, results);
	if (json.buf[0] != '{' || !text_is_utf8(json.buf, json.len))
		abort();
	strbuf_release(&json);
	free(results);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *paths[] = { (char *)"first", (char *)"second", NULL };
	const char *text = (const char *)data, *flow_file, *load, *manifest;
	struct strbuf sb = STRBUF_INIT;
	size_t load_len, manifest_len;
	struct task_spec s;
	struct arena arena;
	char **parameters;

	arena_init(&arena);
	if (!spec_decode(text, size, &arena, &s, &flow_file, &load, &load_len,
			 NULL)) {
		check_same(&s, &arena);
		check_task_json(&s);
	}
	spec_get_load(text, size, &arena, &parameters, &manifest,
		      &manifest_len, NULL);
	spec_fill(&sb, text, size, paths, NULL);
	strbuf_release(&sb);
	arena_release(&arena);
	return 0;
}

/* ---- samples ---- */

#define RESULT0 SPEC_MARK "r0" SPEC_MARK

/* {"parameters": {"n": 3}, ..., "inputs": {"text": "a.txt"}, ...} */
static void
add_context(struct strbuf *sb)
{
	static const char *const keys[] = { "parameters", "foreach", "inputs",
					    "outputs", "from", "join" };
	size_t i;

	cbor_put_map(sb, ARRAY_SIZE(keys));
	for (i = 0; i < ARRAY_SIZE(keys); i++) {
		cbor_put_str(sb, keys[i]);
		cbor_put_map(sb, 1);
		cbor_put_str(sb, i ? "text" : "n");
		if (i)
			cbor_put_str(sb, "a.txt");
		else
			cbor_put_uint(sb, 3);
	}
}

static void
add_spec(enum spec_kind kind, struct strbuf *out)
{
	static char *argv[] = { (char *)"prog", (char *)RESULT0, NULL };
	static char *parameters[] = { (char *)"n", (char *)"3", NULL };
	static struct spec_variable variables[] = { { "A", "b" } };
	static struct spec_file files[] = { { "a.txt", { { 1 } }, false },
					    { "dir", { { 2 } }, true } };
	static struct spec_result results[] = {
		{ "r", SPEC_RESULT_JSON, NULL },
		{ "s", SPEC_RESULT_NAMED, "s.bin" } };
	static const char *items[] = { "one", "two" };
	static size_t lens[] = { 3, 3 };
	static struct spec_list lists[] = { { items, lens, 2 } };
	static const char *secrets[] = { "TOKEN" };
	static struct artifact object = { .name = "x",
					  .format = ARTIFACT_NPY };
	struct strbuf context = STRBUF_INIT, load = STRBUF_INIT;
	struct task_spec s = {
		.run = 7, .task = 2, .attempt = 1, .step = "count",
		.split = "3.1", .element = "b", .kind = kind,
		.argv = kind == SPEC_SCHEME ? NULL : argv, .text = RESULT0,
		.text_len = strlen(RESULT0), .stdout_result = -1,
		.scheme_names = "\x80", .scheme_names_len = 1, .workers = 2,
		.environment = variables, .environment_count = 1,
		.secrets = secrets, .secret_count = 1, .inputs = files,
		.input_count = 2, .outputs = files, .output_count = 1,
		.results = results, .result_count = 2, .lists = lists,
		.list_count = 1, .objects = &object, .object_count = 1,
		.timeout_ns = 5, .cpu_milli = 1500, .memory_mb = 100,
	};

	add_context(&context);
	s.context = context.buf;
	s.context_len = context.len;
	spec_put_load(&load, parameters, "\x80", 1);
	if (kind == SPEC_SCHEME)
		spec_encode(&s, "Flowfile", load.buf, load.len, out);
	else
		spec_encode(&s, NULL, NULL, 0, out);
	strbuf_release(&context);
	strbuf_release(&load);
}

bool
fuzz_sample(unsigned i, struct strbuf *out)
{
	char *parameters[] = { (char *)"n", (char *)"3", NULL };

	switch (i) {
	case 0:
		add_spec(SPEC_SHELL, out);
		return true;
	case 1:
		add_spec(SPEC_SCHEME, out);
		return true;
	case 2:
		spec_put_load(out, parameters, "\x80", 1);
		return true;
	case 3:
		strbuf_adds(out, "a " RESULT0 SPEC_MARK "r" SPEC_MARK "l1"
			    SPEC_MARK);
		return true;
	}
	return false;
}
