/*
 * Fuzz the database: whatever its bytes have become, reading it gives records
 * that can be looked at, or an error.
 */
#include "base/base.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/strbuf.h"
#include "fuzz-store.h"
#include "fuzz.h"
#include "model/key-diff.h"
#include "model/value.h"
#include "store/db.h"
#include "store/files.h"
#include "store/store.h"
#include "sys/file.h"

const unsigned fuzz_inputs = 300;

#define DB STORE_DIR "/db"

/* ---- reading all ---- */

static void
look_at(const struct artifact *list, size_t count, struct strbuf *sb)
{
	size_t i;

	for (i = 0; i < count; i++) {
		strbuf_adds(sb, list[i].name);
		if (list[i].value)
			value_print(list[i].value, list[i].value_len, 20, sb);
	}
}

static bool
on_attempt(void *data, const struct attempt_record *a)
{
	struct strbuf *sb = data;

	strbuf_reset(sb);
	strbuf_adds(sb, a->step);
	strbuf_adds(sb, a->split);
	strbuf_adds(sb, a->element);
	strbuf_adds(sb, task_outcome_name(a->outcome));
	if (a->message)
		strbuf_adds(sb, a->message);
	look_at(a->results, a->result_count, sb);
	look_at(a->outputs, a->output_count, sb);
	key_diff_words(a->key_parts, a->key_parts_len, a->key_parts,
		       a->key_parts_len, sb, NULL);
	return true;
}

static void
read_runs(struct store *s)
{
	struct strbuf sb = STRBUF_INIT;
	struct run_record *runs = NULL;
	struct kept_range *kept = NULL;
	size_t count = 0, kept_count, i;
	uint64_t bytes;

	if (store_run_list(s, &runs, &count, NULL))
		count = 0;
	for (i = 0; i < count; i++) {
		struct attempt_filter f = { .run = runs[i].number };

		strbuf_reset(&sb);
		strbuf_adds(&sb, runs[i].command);
		strbuf_adds(&sb, runs[i].flow);
		strbuf_adds(&sb, runs[i].user);
		value_print(runs[i].parameters, runs[i].parameters_len, 0,
			    &sb);
		store_run_bytes(s, &runs[i], &bytes, NULL);
		if (f.run)
			store_attempt_each(s, &f, on_attempt, &sb, NULL);
		if (!store_kept_list(s, f.run, &kept, &kept_count, NULL))
			free(kept);
		run_record_release(&runs[i]);
	}
	free(runs);
	strbuf_release(&sb);
}

static void
read_files(struct store *s)
{
	struct files *f = files_new(s, &clock_system);
	struct file_state state;
	const char *maker;

	files_digest(f, "there", &state, NULL);
	files_check_output(f, "there", &state, NULL);
	files_maker(f, "there", &maker, NULL);
	files_settle(f, NULL);
	files_free(f);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error err = ERROR_INIT;
	struct store *s;

	fuzz_store_enter();
	unlink(DB "-wal");
	unlink(DB "-shm");
	fuzz_store_put(DB, data, size);
	s = store_open(STORE_READ, &err);
	if (!s && !err.text)
		abort();
	if (s) {
		read_runs(s);
		read_files(s);
		store_close(s, NULL);
	}
	error_release(&err);
	return 0;
}

/* ---- a database ---- */

static void
must(int rc)
{
	if (rc)
		bug("the sample cannot be made");
}

static void
write_run(struct store *s, uint32_t tasks)
{
	struct artifact result = { .name = "r", .value = "\x18\x2a",
				   .value_len = 2, .size_bytes = 2 };
	struct artifact output = { .name = "there",
				   .format = ARTIFACT_OUTPUT };
	struct run_record run = {
		.state = RUN_DONE, .command = "flowmake run", .flow = "f",
		.flow_file = "Flowfile", .user = "ada", .host = "laptop",
		.parameters = "\x81\x83\x61n\x03\xf5", .parameters_len = 6,
		.tags = "\x81\x61t", .tags_len = 3,
	};
	struct attempt_record a = {
		.attempt = 1, .step = "count", .split = "3", .element = "c",
		.outcome = TASK_DONE, .key = { { 1, 2, 3 } },
		.key_parts = "\x81\x82\x66" "format\x50" "0123456789abcdef",
		.key_parts_len = 26, .results = &result, .result_count = 1,
		.outputs = &output, .output_count = 1, .reusable = true,
	};
	struct kept_range kept = { tasks + 1, 1, 1, 1 };

	must(store_run_begin(s, &run, NULL));
	a.run = run.number;
	for (a.task = 1; a.task <= tasks; a.task++)
		must(store_attempt_end(s, &a, NULL));
	if (run.number > 1)
		must(store_kept_put(s, run.number, &kept, NULL));
	must(store_run_end(s, &run, NULL));
}

bool
fuzz_sample(unsigned i, struct strbuf *out)
{
	struct file_state state;
	struct files *f;
	struct store *s;

	if (i)
		return false;
	fuzz_store_enter();
	fuzz_store_put("there", "text", 4);
	s = store_open(STORE_WRITE, NULL);
	must(!s);
	write_run(s, 3);
	write_run(s, 1);
	f = files_new(s, &clock_system);
	must(files_made(f, "there", &state, NULL) < 0);
	files_set_maker(f, "there", "count");
	must(files_save(f, NULL));
	files_free(f);
	must(store_commit(s, NULL));
	must(sqlite3_exec(s->db, "PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL,
			  NULL));
	must(store_close(s, NULL));
	must(file_read(DB, out, NULL));
	return true;
}
