/*
 * Task specs as documents, and their stand-ins.
 */
#include "base/base.h"

#include "base/arena.h"
#include "base/cbor.h"
#include "base/error.h"
#include "base/strbuf.h"
#include "exec/spec.h"
#include "tap.h"

static struct error err = ERROR_INIT;
static struct arena arena;

#define R(n) SPEC_MARK "r" #n SPEC_MARK
#define L(n) SPEC_MARK "l" #n SPEC_MARK

static bool
failed_with(const char *text)
{
	bool found = err.text && strstr(err.text, text);

	if (!found)
		printf("# error: %s\n", err.text ? err.text : "(none)");
	error_release(&err);
	return found;
}

/* ---- documents ---- */

static struct spec_file inputs[] = {
	{ "books/a.txt", { { 1, 2, 3 } }, false },
	{ "odd \xff name", { { 4 } }, true },
};
static struct spec_file outputs[] = { { "a.tsv", { { 0 } }, false } };
static struct spec_result results[] = {
	{ "loss", SPEC_RESULT_JSON, NULL },
	{ "clip", SPEC_RESULT_NAMED, "clip.mp4" },
};
static struct spec_variable environment[] = { { "A", "b=c" } };
static const char *secrets[] = { "TOKEN" };
static const char *items[] = { "one", "t\0o" };
static size_t lens[] = { 3, 3 };
static struct spec_list lists[] = { { items, lens, 2 } };
static struct artifact objects[] = {
	{ .name = "model", .format = ARTIFACT_FILE, .digest = { { 9 } },
	  .size_bytes = 1234567, .file_name = "m.bin" },
};
static char *argv[] = { (char *)"python3", (char *)R(1), NULL };

static struct task_spec
full_spec(void)
{
	return (struct task_spec){
		.run = 15, .task = 4, .attempt = 2, .step = "count",
		.split = "3.2", .element = "books/a.txt",
		.kind = SPEC_SCRIPT, .argv = argv, .text = "print(1)\n",
		.text_len = 9, .stdin_file = "in", .stdout_result = 1,
		.environment = environment, .environment_count = 1,
		.secrets = secrets, .secret_count = 1,
		.inputs = inputs, .input_count = 2,
		.outputs = outputs, .output_count = 1,
		.results = results, .result_count = 2,
		.lists = lists, .list_count = 1,
		.objects = objects, .object_count = 1,
		.context = "\xa0", .context_len = 1,
		.timeout_ns = 7200000000000, .cpu_milli = 1500,
		.memory_mb = 60000, .gpu = 1,
	};
}

static void
test_round_trip(void)
{
	struct task_spec s = full_spec(), back;
	struct strbuf sb = STRBUF_INIT, again = STRBUF_INIT;
	const char *flow_file, *load;
	size_t load_len;

	spec_encode(&s, "Flowfile", "\x80", 1, &sb);
	is_int(spec_decode(sb.buf, sb.len, &arena, &back, &flow_file, &load,
			   &load_len, &err), 0, "a spec can be read back");
	spec_encode(&back, flow_file, load, load_len, &again);
	ok(again.len == sb.len && !memcmp(again.buf, sb.buf, sb.len),
	   "and written again with the same bytes");
	ok(back.run == 15 && back.stdout_result == 1 && !back.stdout_file &&
	   back.timeout_ns == 7200000000000 && !back.argv[2] &&
	   back.lists[0].lens[1] == 3 && back.lists[0].items[1][2] == 'o' &&
	   !strcmp(back.inputs[1].path, "odd \xff name") &&
	   back.inputs[1].is_dir &&
	   !strcmp(back.objects[0].file_name, "m.bin"),
	   "with all its fields");
	for (size_t i = 0; i < sb.len; i++)
		if (!spec_decode(sb.buf, i, &arena, &back, &flow_file, &load,
				 &load_len, &err))
			break;
		else if (i + 1 == sb.len)
			ok(true, "one that was cut off is refused");
	error_release(&err);
	for (size_t i = 0; i < sb.len; i++) {
		char kept = sb.buf[i];

		sb.buf[i] ^= 0x55;
		spec_decode(sb.buf, sb.len, &arena, &back, &flow_file, &load,
			    &load_len, &err);
		sb.buf[i] = kept;
	}
	error_release(&err);
	ok(true, "one with any byte changed does no harm");
	strbuf_release(&sb);
	strbuf_release(&again);
}

static void
test_versions(void)
{
	struct strbuf sb = STRBUF_INIT;
	struct task_spec s;
	const char *flow_file, *load;
	size_t load_len;

	cbor_put_map(&sb, 2);
	cbor_put_str(&sb, "version");
	cbor_put_uint(&sb, 2);
	cbor_put_str(&sb, "news");
	cbor_put_bool(&sb, true);
	ok(spec_decode(sb.buf, sb.len, &arena, &s, &flow_file, &load,
		       &load_len, &err) < 0 &&
	   failed_with("version 2, which is newer"),
	   "a newer version is refused in words");
	strbuf_reset(&sb);
	cbor_put_map(&sb, 1);
	cbor_put_str(&sb, "version");
	cbor_put_uint(&sb, 1);
	ok(spec_decode(sb.buf, sb.len, &arena, &s, &flow_file, &load,
		       &load_len, &err) < 0 && failed_with("not complete"),
	   "a spec without a step too");
	strbuf_reset(&sb);
	cbor_put_map(&sb, 3);
	cbor_put_str(&sb, "version");
	cbor_put_uint(&sb, 1);
	cbor_put_str(&sb, "step");
	cbor_put_str(&sb, "x");
	cbor_put_str(&sb, "not yet known");
	cbor_put_array(&sb, 1);
	cbor_put_null(&sb);
	ok(!spec_decode(sb.buf, sb.len, &arena, &s, &flow_file, &load,
			&load_len, &err) && s.stdout_result == -1,
	   "keys that are not known are skipped");
	strbuf_release(&sb);
}

static void
test_load(void)
{
	char *parameters[] = { (char *)"size", (char *)"40", NULL }, **got;
	struct strbuf sb = STRBUF_INIT;
	const char *manifest;
	size_t len;

	spec_put_load(&sb, parameters, "\x81\x01", 2);
	ok(!spec_get_load(sb.buf, sb.len, &arena, &got, &manifest, &len,
			  &err) && !strcmp(got[1], "40") && !got[2] &&
	   len == 2 && manifest[1] == 1, "a load can be read back");
	ok(spec_get_load(sb.buf, sb.len - 1, &arena, &got, &manifest, &len,
			 &err) < 0 && failed_with("damaged"),
	   "but not one that was cut off");
	strbuf_release(&sb);
}

/* ---- stand-ins ---- */

static void
fills(const char *text, const char *want, const char *title)
{
	char *result_paths[] = { (char *)"first", (char *)"second", NULL };
	char *list_paths[] = { (char *)"list", NULL };
	struct strbuf sb = STRBUF_INIT;

	spec_fill(&sb, text, strlen(text), result_paths, list_paths);
	is_str(sb.buf, want, title);
	strbuf_release(&sb);
}

static void
test_fill(void)
{
	struct strbuf sb = STRBUF_INIT;

	fills("cat " R(0) " " L(0) ">" R(1), "cat first list>second",
	      "stand-ins become paths");
	fills("none", "none", "a text without them stays");
	fills(R(2) L(1) R(99999999999), R(2) L(1) R(99999999999),
	      "those of no path stay");
	fills(SPEC_MARK "x0" SPEC_MARK SPEC_MARK "r" SPEC_MARK SPEC_MARK "r0",
	      SPEC_MARK "x0" SPEC_MARK SPEC_MARK "r" SPEC_MARK SPEC_MARK "r0",
	      "what only looks like one stays");
	fills(SPEC_MARK R(0), SPEC_MARK "first",
	      "a mark before one does no harm");
	spec_fill(&sb, R(0), strlen(R(0)), NULL, NULL);
	is_str(sb.buf, R(0), "without paths all stay");
	strbuf_release(&sb);
}

int
main(void)
{
	arena_init(&arena);
	test_round_trip();
	test_versions();
	test_load();
	test_fill();
	arena_release(&arena);
	return done_testing();
}
