/*
 * The store: its directory, runs, attempts; who may read and write
 * it at the same time.
 */
#include "base/base.h"

#include <sys/wait.h>

#include "base/cbor.h"
#include "base/strbuf.h"
#include "db-rows.h"
#include "store/store.h"
#include "work-dir.h"

static struct store *
open_store(enum store_mode mode)
{
	struct store *s = store_open(mode, &err);

	must(s ? 0 : -1);
	return s;
}

static void
close_store(struct store *s)
{
	must(store_close(s, &err));
}

/* Whether the store cannot be opened in MODE because of WHY. */
static bool
cannot_open(enum store_mode mode, const char *why)
{
	struct error e = ERROR_INIT;

	return !store_open(mode, &e) && failed_with(&e, why);
}

/* Begin a run that failed by now. */
static struct run_record
begin_run(struct store *s)
{
	struct run_record r = {
		.state = RUN_RUNNING, .started_ns = 5, .command = "flowmake",
		.host = "here", .pid = 77, .pid_started = 88,
		.parameters = "\x80", .parameters_len = 1,
	};

	must(store_run_begin(s, &r, &err));
	return r;
}

/* ---- opening ---- */

static void
test_opening(void)
{
	struct strbuf sb = STRBUF_INIT;

	ok(cannot_open(STORE_READ, "nothing has run here yet"),
	   "where nothing ran there is nothing to read");
	close_store(open_store(STORE_WRITE));
	must(file_read(STORE_DIR "/.gitignore", &sb, &err));
	is_str(sb.buf, "*\n", "git is told to ignore the store");
	ok(access(STORE_DIR "/objects", W_OK) == 0 &&
		   access(STORE_DIR "/logs", W_OK) == 0,
	   "the directories are there");
	close_store(open_store(STORE_READ));
	ok(true, "an empty store can be read");
	strbuf_release(&sb);
}

static void
test_formats(void)
{
	change_rows("PRAGMA user_version = 99");
	ok(cannot_open(STORE_WRITE, "format 99, written by a newer flowmake"),
	   "a newer format is refused in words");
	ok(cannot_open(STORE_READ, "format 99"), "by readers too");
	change_rows("PRAGMA user_version = 1");
	must(file_remove_tree(STORE_DIR, &err));
	must(mkdir(STORE_DIR, 0777));
	put(STORE_DIR "/db", "");
	ok(cannot_open(STORE_READ, "nothing has run here yet"),
	   "an empty database has nothing to read");
	put(STORE_DIR "/db", "this is no database, but it is long enough to "
	    "be taken for one, and so it must be refused; this is no database,"
	    " but it is long enough to be taken for one, and so on");
	ok(cannot_open(STORE_WRITE, "damaged; move it and "),
	   "a damaged database is named with what to do");
	ok(cannot_open(STORE_READ, STORE_DIR "/db is damaged"),
	   "to readers too");
	must(file_remove_tree(STORE_DIR, &err));
}

/* A store of which only a log and what was replaced are left. */
static void
test_forgotten(void)
{
	static const char known[] = "nothing is known any more of the runs up "
		"to 12";
	struct store *s;
	struct run_record r;
	uint32_t latest;

	must(mkdir(STORE_DIR, 0777));
	must(mkdir(STORE_DIR "/logs", 0777));
	must(mkdir(STORE_DIR "/replaced", 0777));
	put(STORE_DIR "/logs/9", "");
	put(STORE_DIR "/logs/x99", "");
	must(mkdir(STORE_DIR "/replaced/12", 0777));
	ok(cannot_open(STORE_READ, known), "what a lost database knew is said");
	put(STORE_DIR "/db", "");
	ok(cannot_open(STORE_READ, known), "also of one that is empty");
	put(STORE_DIR "/db-wal", "what was recorded last");
	ok(cannot_open(STORE_WRITE, "db-wal, which holds what was recorded"),
	   "its log is not removed beside an empty one");
	must(unlink(STORE_DIR "/db"));
	ok(cannot_open(STORE_READ, "move the second away as well"),
	   "nor beside one that is gone");
	must(unlink(STORE_DIR "/db-wal"));
	close_store(open_store(STORE_WRITE));
	s = open_store(STORE_WRITE);
	must(store_forgotten(s, &latest, &err));
	is_int(latest, 12, "a new one knows which runs are not known");
	r = begin_run(s);
	is_int(r.number, 13, "and does not give their numbers again");
	must(store_forgotten(s, &latest, &err));
	is_int(latest, 0, "which is of no interest when another run is");
	put(STORE_DIR "/logs/14", "");
	put(STORE_DIR "/logs/20", "");
	r = begin_run(s);
	is_int(r.number, 21, "nor does one that has lost its last runs");
	r = begin_run(s);
	is_int(r.number, 22, "and goes on from there");
	close_store(s);
	must(file_remove_tree(STORE_DIR, &err));
}

/* ---- runs ---- */

static void
test_runs(struct store *s)
{
	struct run_record r, got, *list;
	size_t n, i;

	is_int(store_run_get(s, 0, &got, &err), 0, "at first there is no run");
	r = begin_run(s);
	is_int(r.number, 1, "the first run is number 1");
	r = begin_run(s);
	is_int(r.number, 2, "runs are counted");
	r.state = RUN_FAILED;
	r.ended_ns = INT64_C(1700000000000000001);
	r.message = "it broke";
	r.tasks_total = 4000000000u;
	must(store_run_end(s, &r, &err));
	must(store_commit(s, &err));
	is_int(store_run_get(s, 0, &got, &err), 1, "the latest run is found");
	ok(got.number == 2 && got.state == RUN_FAILED &&
		   got.ended_ns == r.ended_ns && got.pid_started == 88 &&
		   got.tasks_total == 4000000000u,
	   "with its numbers");
	is_str(got.message, "it broke", "its message");
	ok(!*got.flow && !got.tags && got.parameters_len == 1 &&
		   !memcmp(got.parameters, "\x80", 1),
	   "its parameters, and without what it has not");
	run_record_release(&got);
	is_int(store_run_get(s, 3, &got, &err), 0, "other numbers are not");
	must(store_run_list(s, &list, &n, &err));
	ok(n == 2 && list[0].number == 1 && list[1].number == 2,
	   "all runs are listed, oldest first");
	for (i = 0; i < n; i++)
		run_record_release(&list[i]);
	free(list);
}

static void
test_alive(void)
{
	char host[256];
	struct run_record r = { .state = RUN_RUNNING, .pid = getpid() };
	pid_t child;

	must(gethostname(host, sizeof(host)));
	r.host = host;
	r.pid_started = store_process_started(r.pid);
	ok(store_run_alive(&r), "a run whose engine lives is alive");
	r.pid_started++;
	ok(!store_run_alive(&r), "not so one whose pid went to another");
	r.pid_started--;
	r.host = "elsewhere";
	ok(!store_run_alive(&r), "nor one of another machine");
	r.host = host;
	r.state = RUN_DONE;
	ok(!store_run_alive(&r), "nor one that has ended");
	child = fork();
	if (!child)
		_exit(0);
	waitid(P_PID, (id_t)child, NULL, WEXITED | WNOWAIT);
	is_int(store_process_started(child), 0, "a zombie does not live");
	waitpid(child, NULL, 0);
	is_int(store_process_started(child), 0, "nor does who is gone");
}

/* ---- attempts ---- */

/* What a walk saw. */
struct seen {
	size_t count;
	size_t stop_after; /* 0: never */
	char text[1024];   /* "RUN/STEP/SPLIT.ATTEMPT " of each */
	struct store *nested;
};

static bool
see(void *data, const struct attempt_record *a)
{
	struct seen *seen = data;
	size_t len = strlen(seen->text);
	struct attempt_filter f = { .run = a->run };
	struct seen inner = { 0 };

	snprintf(seen->text + len, sizeof(seen->text) - len, "%u/%s/%s.%u ",
		 a->run, a->step, a->split, a->attempt);
	if (seen->nested) {
		must(store_attempt_each(seen->nested, &f, see, &inner, &err));
		seen->count += inner.count;
	}
	return ++seen->count == seen->stop_after;
}

/* Check that FILTER finds what WANT says. */
static void
finds(struct store *s, struct attempt_filter f, const char *want,
      const char *title)
{
	struct seen seen = { 0 };

	must(store_attempt_each(s, &f, see, &seen, &err));
	is_str(seen.text, want, title);
}

/* Record an attempt of STEP that ended as OUTCOME. */
static void
end(struct store *s, uint32_t run, uint32_t task, uint32_t attempt,
    const char *step, const char *split, enum task_outcome outcome,
    const struct digest *key)
{
	struct artifact out = { .name = "out/x", .format = ARTIFACT_OUTPUT };
	struct attempt_record a = {
		.run = run, .task = task, .attempt = attempt, .step = step,
		.split = split, .element = "", .outcome = outcome,
		.outputs = &out, .output_count = 1,
	};

	if (key) {
		a.key = *key;
		a.reusable = outcome == TASK_DONE;
	}
	must(store_attempt_end(s, &a, &err));
}

static void
test_attempts(struct store *s)
{
	static const struct digest key = { { 1, 2, 3 } }, bad = { { 4 } };
	struct seen seen = { .stop_after = 2 };
	struct attempt_filter f = { .run = 10 };

	end(s, 10, 1, 1, "count", "0", TASK_RETRIED, &key);
	end(s, 10, 1, 2, "count", "0", TASK_DONE, &key);
	end(s, 10, 2, 1, "count", "1", TASK_FAILED, &bad);
	end(s, 10, 3, 0, "total", "", TASK_SKIPPED, NULL);
	end(s, 11, 1, 1, "renamed", "0", TASK_DONE, &key);
	finds(s, f, "10/count/0.1 10/count/0.2 10/count/1.1 10/total/.0 ",
	      "a run's attempts come in order of task and attempt");
	f.latest_only = true;
	finds(s, f, "10/count/0.2 10/count/1.1 10/total/.0 ",
	      "or only the last of each task");
	f.step = "count";
	finds(s, f, "10/count/0.2 10/count/1.1 ", "of one step");
	f.split = "1";
	finds(s, f, "10/count/1.1 ", "and one split");
	finds(s, (struct attempt_filter){ .run = 10, .task = 1 },
	      "10/count/0.1 10/count/0.2 ", "or of one task");
	finds(s, (struct attempt_filter){ .key = &key },
	      "11/renamed/0.1 10/count/0.2 ",
	      "good results of a key are found in all runs, newest first");
	finds(s, (struct attempt_filter){ .key = &key, .run = 10 },
	      "10/count/0.2 ", "or in one");
	finds(s, (struct attempt_filter){ .key = &bad }, "",
	      "a failure is no result");
	is_int(store_key_known(s, &key, &err), 1, "a key with one is known");
	is_int(store_key_known(s, &bad, &err), 0, "one without is not");
	f = (struct attempt_filter){ .run = 10 };
	must(store_attempt_each(s, &f, see, &seen, &err));
	is_int((intmax_t)seen.count, 2, "a walk can be stopped");
	seen = (struct seen){ .nested = s };
	must(store_attempt_each(s, &f, see, &seen, &err));
	is_int((intmax_t)seen.count, 4 + 4 * 4, "a walk may begin another");
}

static bool
copy_origin(void *data, const struct attempt_record *a)
{
	struct attempt_record *copy = data;

	*copy = *a;
	return false;
}

/* Needs what test_attempts recorded. */
static void
test_kept(struct store *s)
{
	static const struct kept_range first = { 1, 1, 11, 1 },
				       longer = { 1, 2, 10, 1 },
				       next = { 5, 1, 30, 3 };
	static const struct digest key = { { 5 } };
	struct attempt_record a;
	struct kept_range *list;
	size_t count;

	end(s, 10, 4, 1, "more", "", TASK_DONE, &key);
	must(store_kept_put(s, 30, &first, &err));
	must(store_kept_put(s, 30, &longer, &err));
	end(s, 30, 3, 1, "late", "", TASK_DONE, &key);
	must(store_kept_put(s, 30, &(struct kept_range){ 4, 1, 10, 4 }, &err));
	must(store_kept_put(s, 31, &next, &err));
	must(store_kept_list(s, 30, &list, &count, &err));
	ok(count == 2 && !memcmp(&list[0], &longer, sizeof(longer)),
	   "a kept range replaces the one that began with its first task");
	free(list);
	finds(s, (struct attempt_filter){ .run = 30 },
	      "30/count/0.0 30/late/.1 30/more/.0 ",
	      "a run shows what it kept between its own, only good attempts");
	finds(s, (struct attempt_filter){ .run = 30, .step = "more" },
	      "30/more/.0 ", "also when asked for a step");
	finds(s, (struct attempt_filter){ .run = 30, .task = 4 },
	      "30/more/.0 ", "or for a task");
	finds(s, (struct attempt_filter){ .run = 30, .task = 3 },
	      "30/late/.1 ", "or for one of its own");
	must(store_attempt_each(s, &(struct attempt_filter){ .run = 30,
				.task = 4 }, copy_origin, &a, &err));
	ok(a.outcome == TASK_REUSED && a.origin_run == 10 &&
	   a.origin_task == 4 && a.task == 4,
	   "what is kept is reused and says where it ran");
	finds(s, (struct attempt_filter){ .run = 31 }, "31/late/.0 ",
	      "what one resume executed the next can keep");
}

static void
test_texts(struct store *s)
{
	struct digest d = digest_of("recipe", 6), other = digest_of("x", 1);
	struct strbuf sb = STRBUF_INIT;

	must(store_text_put(s, &d, "echo\0#{x}", 9, &err));
	must(store_text_put(s, &d, "echo\0#{x}", 9, &err));
	must(store_commit(s, &err));
	ok(store_text_get(s, &d, &sb, &err) == 1 && sb.len == 9 &&
	   !memcmp(sb.buf, "echo\0#{x}", 9), "a text is kept once");
	is_int(store_text_get(s, &other, &sb, &err), 0, "others are not there");
	strbuf_release(&sb);
}

/* What copy_record keeps of one attempt. */
struct copy {
	struct attempt_record a;
	char text[512];
};

static bool
copy_record(void *data, const struct attempt_record *a)
{
	struct copy *copy = data;

	copy->a = *a;
	snprintf(copy->text, sizeof(copy->text), "%s %s %s %.*s %s %s %s",
		 a->split, a->element, a->message, (int)a->key_parts_len,
		 a->key_parts, a->results[0].name, a->results[1].file_name,
		 a->outputs[0].name);
	return true;
}

static void
test_record(struct store *s)
{
	struct artifact results[2] = {
		{ .name = "sum", .value = "\x01", .value_len = 1 },
		{ .name = "clip", .format = ARTIFACT_FILE,
		  .file_name = "clip.mp4" },
	};
	struct artifact out = { .name = "a\xff" };
	struct attempt_record a = {
		.run = 20, .task = 268435455, .attempt = 4095, .step = "s",
		.split = "dir/st\xfem", .element = "book=x",
		.outcome = TASK_RUNNING, .pid = 5, .started_ns = 6,
		.key = { { 7 } },
	};
	struct attempt_filter f = { .run = 20 };
	struct copy copy;

	must(store_attempt_begin(s, &a, &err));
	a.outcome = TASK_CAUGHT;
	a.ended_ns = 8;
	a.exit_status = -1;
	a.signal = 9;
	a.user_ns = 10;
	a.system_ns = 11;
	a.max_rss_kib = 12;
	a.message = "why";
	a.key_parts = "parts";
	a.key_parts_len = 5;
	a.results = results;
	a.result_count = 2;
	a.outputs = &out;
	a.output_count = 1;
	a.log_start = 13;
	a.log_end = UINT64_C(1) << 40;
	a.origin_run = 14;
	a.origin_task = 15;
	must(store_attempt_end(s, &a, &err));
	must(store_attempt_each(s, &f, copy_record, &copy, &err));
	is_str(copy.text, "dir/st\xfem book=x why parts sum clip.mp4 a\xff",
	       "an attempt's texts and lists come back as they were");
	ok(copy.a.task == a.task && copy.a.attempt == a.attempt &&
		   copy.a.outcome == TASK_CAUGHT && copy.a.pid == 5 &&
		   copy.a.started_ns == 6 && copy.a.ended_ns == 8 &&
		   copy.a.exit_status == -1 && copy.a.signal == 9 &&
		   copy.a.user_ns == 10 && copy.a.system_ns == 11 &&
		   copy.a.max_rss_kib == 12 && copy.a.log_start == 13 &&
		   copy.a.log_end == a.log_end && copy.a.origin_run == 14 &&
		   copy.a.origin_task == 15 && !copy.a.reusable &&
		   digest_equal(&copy.a.key, &a.key),
	   "and so do its numbers");
	finds(s, f, "20/s/dir/st\xfem.4095 ",
	      "an attempt that began and ended is one record");
}

/* ---- together ---- */

static void
test_snapshot(struct store *s)
{
	struct store *reader = open_store(STORE_READ);
	struct run_record r;
	static const struct digest key = { { 42 } };

	must(store_snapshot_begin(reader, &err));
	is_int(store_key_known(reader, &key, &err), 0,
	       "a reader sees nothing of what is not there");
	end(s, 30, 1, 1, "s", "", TASK_DONE, &key);
	is_int(store_key_known(s, &key, &err), 1,
	       "who writes sees it at once");
	must(store_commit(s, &err));
	is_int(store_key_known(reader, &key, &err), 0,
	       "a snapshot stays as it was");
	must(store_snapshot_end(reader, &err));
	is_int(store_key_known(reader, &key, &err), 1,
	       "afterwards what was committed is seen");
	is_int(store_run_get(reader, 1, &r, &err), 1,
	       "while another process may write");
	run_record_release(&r);
	close_store(reader);
}

/* Write 100 runs with a task each, as a process of its own. */
static int
write_much(void)
{
	struct store *s = open_store(STORE_WRITE);
	struct run_record r;
	int i;

	for (i = 0; i < 100; i++) {
		r = begin_run(s);
		end(s, r.number, 1, 1, "both", "", TASK_DONE, NULL);
		must(store_commit(s, &err));
	}
	close_store(s);
	return 0;
}

static void
test_two_writers(void)
{
	struct run_record *list;
	struct store *s;
	size_t n, i;
	pid_t children[2];
	int status, failed = 0;

	must(file_remove_tree(STORE_DIR, &err));
	for (i = 0; i < 2; i++) {
		children[i] = fork();
		if (!children[i])
			_exit(write_much());
	}
	for (i = 0; i < 2; i++) {
		waitpid(children[i], &status, 0);
		failed += status != 0;
	}
	is_int(failed, 0, "two runs may make a store and write it at once");
	s = open_store(STORE_READ);
	must(store_run_list(s, &list, &n, &err));
	is_int((intmax_t)n, 200, "and none gets the number of another");
	for (i = 0; i < n; i++)
		run_record_release(&list[i]);
	free(list);
	close_store(s);
}

/* Read the store as somebody who may write nothing; true when it works. */
static bool
stranger_reads(const char *why_not)
{
	struct error e = ERROR_INIT;
	struct run_record r;
	struct store *s;
	pid_t child;
	int status;

	must(chmod(work_dir, 0755));
	fflush(stdout);
	child = fork();
	if (!child) {
		must(setegid(65534));
		must(seteuid(65534));
		s = store_open(STORE_READ, &e);
		if (why_not)
			_exit(s || !failed_with(&e, why_not));
		if (!s || store_run_get(s, 0, &r, &e) != 1)
			printf("# %s\n", e.text ? e.text : "no run");
		_exit(!s || e.text);
	}
	waitpid(child, &status, 0);
	return status == 0;
}

static void
test_stranger(void)
{
	struct store *s;

	if (geteuid()) {
		ok(true, "a stranger reads # SKIP needs root");
		return;
	}
	ok(stranger_reads(NULL), "who may not write can read what a run left");
	s = open_store(STORE_WRITE);
	begin_run(s);
	ok(stranger_reads(NULL), "also while a run goes on");
	end(s, 1, 9, 1, "s", "", TASK_DONE, NULL);
	ok(stranger_reads(NULL), "and is about to write");
	close_store(s);
	must(unlink(STORE_DIR "/db-shm"));
	ok(stranger_reads("cannot read the store"),
	   "what cannot be read without writing is not read wrongly");
	change_rows("SELECT count(*) FROM runs");
	ok(access(STORE_DIR "/db-wal", F_OK) < 0 && stranger_reads(NULL),
	   "a database without a log is complete and is read");
}

static off_t
log_bytes(void)
{
	struct stat st;

	return stat(STORE_DIR "/db-wal", &st) < 0 ? 0 : st.st_size;
}

/* Leave more than 1 MB of log. */
static void
write_long_log(struct store *s)
{
	struct run_record r = begin_run(s);
	uint32_t i;

	for (i = 1; log_bytes() <= 1 << 20; i++) {
		end(s, r.number, i, 1, "long", "", TASK_DONE, NULL);
		must(store_commit(s, &err));
	}
}

static void
test_long_log(void)
{
	struct store *s = open_store(STORE_WRITE), *reader;
	struct run_record r;

	begin_run(s);
	close_store(s);
	ok(log_bytes() > 0, "a short log is left behind");
	s = open_store(STORE_WRITE);
	write_long_log(s);
	reader = open_store(STORE_READ);
	must(store_snapshot_begin(reader, &err));
	must(store_run_get(reader, 0, &r, &err));
	run_record_release(&r);
	close_store(s);
	ok(log_bytes() > 1 << 20, "a long one, too, while somebody reads it");
	must(store_snapshot_end(reader, &err));
	close_store(reader);
	s = open_store(STORE_WRITE);
	close_store(s);
	is_int(log_bytes(), 0, "else not");
	ok(geteuid() || stranger_reads(NULL),
	   "who may not write can read that, too");
}

/* What cannot be opened is left as it is, for who repairs it. */
static void
test_log_of_damaged(void)
{
	char *log = xcalloc(2, 1 << 20);
	struct error e = ERROR_INIT;

	must(mkdir("damaged", 0777));
	must(chdir("damaged"));
	must(mkdir(STORE_DIR, 0777));
	must(file_replace(STORE_DIR "/db", log, 1 << 16, false, &err));
	must(file_replace(STORE_DIR "/db-wal", log, 2 << 20, false, &err));
	ok(!store_open(STORE_WRITE, &e) && e.text,
	   "a damaged store with a long log is refused");
	error_release(&e);
	is_int(log_bytes(), 2 << 20, "its log is kept");
	must(rmdir(STORE_DIR "/tmp"));
	must(file_replace(STORE_DIR "/tmp", "", 0, false, &err));
	ok(!store_open(STORE_WRITE, &e) && e.text,
	   "as is one that lacks a directory");
	error_release(&e);
	must(chdir(".."));
	free(log);
}

int
main(void)
{
	struct store *s;

	enter_work_dir();
	test_opening();
	test_formats();
	test_forgotten();
	s = open_store(STORE_WRITE);
	test_runs(s);
	test_alive();
	test_attempts(s);
	test_record(s);
	test_kept(s);
	test_texts(s);
	test_snapshot(s);
	close_store(s);
	test_two_writers();
	test_long_log();
	test_log_of_damaged();
	test_stranger();
	leave_work_dir();
	return done_testing();
}
