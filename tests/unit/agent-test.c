/*
 * One task by its spec alone.
 */
#include "base/base.h"

#include "base/arena.h"
#include "base/cbor.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/strbuf.h"
#include "exec/agent.h"
#include "exec/executor.h"
#include "exec/spec.h"
#include "fake-evaluator.h"
#include "model/artifact.h"
#include "store/files.h"
#include "store/objects.h"
#include "store/store.h"
#include "work-dir.h"

static struct arena arena;
static struct spec_file files[2];
static struct spec_result results[3];

#define R(n) SPEC_MARK "r" #n SPEC_MARK

/* What the document of the outcome says. */
struct said {
	uint64_t kind;
	char *message;
	size_t result_count, output_count;
	struct artifact *results, *outputs;
};

static struct said
read_outcome(void)
{
	struct strbuf sb = STRBUF_INIT;
	struct said s = { 0 };
	struct cbor c;
	size_t len;

	must(file_read("spec.outcome", &sb, &err));
	cbor_init(&c, sb.buf, sb.len);
	for (size_t n = cbor_get_map(&c); n && !c.failed; n--) {
		const char *key = cbor_get_text(&c, &len);

		if (cbor_key_is(key, len, "kind"))
			s.kind = cbor_get_uint(&c);
		else if (cbor_key_is(key, len, "message"))
			s.message = cbor_get_str(&c);
		else if (cbor_key_is(key, len, "results"))
			s.results = artifact_get_list(&c, &arena,
						      &s.result_count);
		else if (cbor_key_is(key, len, "outputs"))
			s.outputs = artifact_get_list(&c, &arena,
						      &s.output_count);
		else
			cbor_skip(&c);
	}
	must(cbor_finish(&c, "the outcome", &err));
	strbuf_release(&sb);
	return s;
}

static int
run(const struct task_spec *spec, const char *flow_file)
{
	struct strbuf sb = STRBUF_INIT, load = STRBUF_INIT;
	int rc;

	spec_put_load(&load, NULL, "\x80", 1);
	spec_encode(spec, flow_file, flow_file ? load.buf : NULL, load.len,
		    &sb);
	must(file_replace("spec", sb.buf, sb.len, false, &err));
	strbuf_release(&sb);
	strbuf_release(&load);
	rc = agent_run("spec", &err);
	return rc;
}

static struct task_spec
new_spec(enum spec_kind kind, const char *text)
{
	return (struct task_spec){
		.run = 3, .task = 1, .attempt = 1, .step = "count",
		.split = "0", .element = "", .kind = kind, .text = text,
		.text_len = text ? strlen(text) : 0, .stdout_result = -1,
	};
}

static void
test_shell(void)
{
	struct task_spec spec = new_spec(SPEC_SHELL,
		"sort in.txt > out/sorted; wc -l < in.txt > " R(0));
	struct digest sorted = digest_of("a\nb\n", 4);
	struct strbuf sb = STRBUF_INIT;
	struct said said;

	put("in.txt", "b\na\n");
	files[0] = (struct spec_file){ "in.txt", digest_of("b\na\n", 4),
				       false };
	files[1] = (struct spec_file){ .path = "out/sorted" };
	results[0] = (struct spec_result){ "lines", SPEC_RESULT_TEXT, NULL };
	spec.inputs = files;
	spec.outputs = files + 1;
	spec.input_count = spec.output_count = 1;
	spec.results = results;
	spec.result_count = 1;
	is_int(run(&spec, NULL), 0, "a task runs by its spec alone");
	must(file_read("out/sorted", &sb, &err));
	is_str(sb.buf, "a\nb\n", "and makes its output");
	said = read_outcome();
	ok(said.kind == OUTCOME_OK && said.result_count == 1 &&
	   said.output_count == 1 &&
	   digest_equal(&said.outputs[0].digest, &sorted),
	   "the outcome names what it made");
	is_str(said.results[0].name, "lines", "by name");
	strbuf_release(&sb);
}

static void
test_failure(void)
{
	struct task_spec spec = new_spec(SPEC_SHELL, "exit 4");
	struct said said;

	ok(run(&spec, NULL) == 1 && failed_with(&err, "status 4"),
	   "a task that fails is told from one that cannot be run");
	said = read_outcome();
	ok(said.kind == OUTCOME_FAILED && !strcmp(said.message, "status 4"),
	   "and has an outcome");
	free(said.message);
	put("spec", "garbage");
	ok(agent_run("spec", &err) < 0 && failed_with(&err, "task spec"),
	   "a damaged spec is refused");
	ok(agent_run("missing", &err) < 0 && failed_with(&err, "missing"),
	   "one that is not there is named");
}

static void
test_scheme(void)
{
	struct task_spec spec = new_spec(SPEC_SCHEME, NULL);
	struct said said;

	spec.scheme_names = "\x80";
	spec.scheme_names_len = 1;
	spec.results = results;
	spec.result_count = 1;
	results[0] = (struct spec_result){ "sum", SPEC_RESULT_VALUE, NULL };
	spec.scheme_step = FAKE_ANSWER;
	is_int(run(&spec, "good"), 0, "a scheme recipe runs");
	said = read_outcome();
	ok(said.results[0].format == ARTIFACT_INLINE &&
	   said.results[0].value_len == 2, "and gives a value");
	spec.scheme_step = FAKE_ERROR;
	ok(run(&spec, "good") == 1 &&
	   failed_with(&err, "Flowfile:3:4: it went wrong"),
	   "its error is the message");
	spec.scheme_step = FAKE_CRASH;
	ok(run(&spec, "good") == 1 &&
	   failed_with(&err, "killed by signal 11 (segmentation fault)"),
	   "a crash of its child is named");
	spec.scheme_step = FAKE_HANG;
	spec.timeout_ns = 20000000;
	ok(run(&spec, "good") == 1 && failed_with(&err, "timed out after"),
	   "one that hangs ends by its timeout");
	spec.timeout_ns = 0;
	results[0] = (struct spec_result){ "a", SPEC_RESULT_VALUE, NULL };
	results[1] = (struct spec_result){ "b", SPEC_RESULT_VALUE, NULL };
	results[2] = (struct spec_result){ "c", SPEC_RESULT_VALUE, NULL };
	spec.result_count = 3;
	spec.scheme_step = FAKE_FILES;
	is_int(run(&spec, "good"), 0, "large values come as files");
	said = read_outcome();
	ok(said.results[0].format == ARTIFACT_TEXT &&
	   said.results[1].format == ARTIFACT_NPY &&
	   said.results[2].format == ARTIFACT_FILE &&
	   object_exists(&said.results[1].digest, NULL),
	   "and go into the store as they are");
	spec.result_count = 2;
	ok(run(&spec, "good") == 1 && failed_with(&err, "damaged"),
	   "too many results are refused");
	ok(run(&spec, "bad") < 0 &&
	   failed_with(&err, "bad:1:2: missing parenthesis"),
	   "a Flowfile that cannot be loaded is named");
	ok(run(&spec, NULL) < 0 && failed_with(&err, "does not say which"),
	   "a recipe without its Flowfile too");
}

/* A gc that forgets the record of an old output meanwhile must wait. */
static void
test_old_output(void)
{
	struct store *store = store_open(STORE_WRITE, &err);
	struct files *f;
	struct strbuf notes = STRBUF_INIT;
	struct file_state state;

	must(store ? 0 : -1);
	f = files_new(store, &clock_system);
	put("old", "old");
	must(files_made(f, "old", &state, &err) > 0 ? 0 : -1);
	must(store_commit(store, &err));
	must(agent_clear_output(f, 4, "old", &notes, &err));
	ok(access("old", F_OK) < 0 && object_exists(&state.digest, NULL),
	   "an old output goes into the store");
	ok(store_is_writing(store), "while nobody removes objects from it");
	is_str(notes.buf, "", "which nobody needs to be told");
	strbuf_release(&notes);
	files_free(f);
	must(store_close(store, &err));
}

int
main(int argc, char **argv)
{
	(void)argc;
	be_fake_evaluator(argv);
	enter_work_dir();
	use_fake_evaluator();
	arena_init(&arena);
	test_shell();
	test_failure();
	test_scheme();
	test_old_output();
	arena_release(&arena);
	leave_work_dir();
	return done_testing();
}
