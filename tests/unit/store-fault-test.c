/*
 * What the store does when the disk is full or broken, or when the engine is
 * killed, at any call that changes something: it says so, and what it told
 * before is still true.
 */
#include "base/base.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sqlite3.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/strbuf.h"
#include "store/files.h"
#include "store/log.h"
#include "store/objects.h"
#include "store/store.h"
#include "work-dir.h"

enum { TASKS = 3, STATUS_ERROR = 3 };

extern char **environ;

/* ---- the process that fails ---- */

/* All that one task has stored; 0, or -1 with err. */
static int
do_task(struct store *s, struct files *f, struct log_writer *w, uint32_t run,
	uint32_t task)
{
	char text[2000];
	struct artifact result = { .name = "r", .format = ARTIFACT_TEXT };
	struct artifact out = { .name = "out", .format = ARTIFACT_OUTPUT };
	struct attempt_record a = {
		.run = run, .task = task, .attempt = 1, .step = "s",
		.split = "", .element = "", .outcome = TASK_RUNNING,
		.key = { { 1 } }, .results = &result, .outputs = &out,
	};
	struct file_state state;

	memset(text, 'a' + (int)task, sizeof(text));
	snprintf(text, sizeof(text), "%u/%u", run, task);
	if (store_attempt_begin(s, &a, &err) || store_commit(s, &err) ||
	    log_append(w, task, 1, LOG_STDOUT, 0, 1, text, sizeof(text),
		       &a.log_start, &a.log_end, &err) ||
	    object_put_bytes(text, sizeof(text), &result.digest, &err) ||
	    files_made(f, "out", &state, &err) < 0 || files_save(f, &err))
		return -1;
	a.outcome = TASK_DONE;
	a.reusable = true;
	a.result_count = 1;
	a.output_count = 1;
	return store_attempt_end(s, &a, &err) || store_commit(s, &err);
}

/* A run of TASKS tasks; each is told on stdout once it is recorded. */
static int
do_run(struct store *s, struct files *f)
{
	struct run_record r = { .state = RUN_RUNNING };
	struct log_writer *w;
	uint32_t i;
	int rc = 0;

	if (store_run_begin(s, &r, &err))
		return -1;
	w = log_writer_open(r.number, &err);
	if (!w)
		return -1;
	for (i = 1; !rc && i <= TASKS; i++) {
		rc = do_task(s, f, w, r.number, i);
		if (!rc)
			printf("%u %u\n", r.number, i);
		fflush(stdout);
	}
	if (log_writer_close(w, rc ? NULL : &err))
		rc = -1;
	r.state = rc ? RUN_FAILED : RUN_DONE;
	if (!rc)
		rc = store_run_end(s, &r, &err);
	return rc;
}

static int
work(void)
{
	struct store *s = store_open(STORE_WRITE, &err);
	struct files *f;
	int rc = -1;

	if (s) {
		f = files_new(s, &clock_system);
		rc = do_run(s, f);
		files_free(f);
		if (store_close(s, rc ? NULL : &err))
			rc = -1;
	}
	if (rc)
		fprintf(stderr, "%s\n", err.text ? err.text : "");
	error_release(&err);
	return rc ? STATUS_ERROR : 0;
}

/* ---- the process that looks at it ---- */

static char *program, *library;

/* Run the worker with its Nth call of KIND failing with ERROR; returns its
 * wait status. */
static int
run_worker(const char *spec, const char *error)
{
	const char *asan = getenv("ASAN_OPTIONS");
	char *argv[] = { program, xstrdup("work"), NULL };
	char *options = xasprintf("%s:verify_asan_link_order=0:detect_leaks=0",
				  asan ? asan : "");
	pid_t child;
	int status = -1;

	unlink("mark");
	fflush(stdout);
	child = fork();
	if (!child) {
		setenv("LD_PRELOAD", library, 1);
		setenv("ASAN_OPTIONS", options, 1);
		setenv("FAIL_NTH", spec, 1);
		setenv("FAIL_ERRNO", error, 1);
		setenv("FAIL_MARK", "mark", 1);
		if (dup2(open("told", O_CREAT | O_TRUNC | O_WRONLY, 0666), 1) <
		    0 || dup2(open("said", O_CREAT | O_TRUNC | O_WRONLY, 0666),
			      2) < 0)
			_exit(127);
		execv(program, argv);
		_exit(127);
	}
	waitpid(child, &status, 0);
	free(argv[1]);
	free(options);
	return status;
}

/* Whether the log has what task TASK of RUN printed. */
static bool
log_holds(const struct attempt_record *a, const char *text)
{
	struct log_record rec = { .len = 0 };
	struct log_reader *r = log_reader_open(a->run, a->log_start,
					       a->log_end, NULL, NULL, &err);
	bool found;

	must(r ? 0 : -1);
	found = must(log_reader_next(r, &rec, &err)) == 1 &&
		rec.len == 2000 && !strcmp(rec.text, text);
	log_reader_close(r);
	return found;
}

/* Count in DATA the good attempts whose result and log are there. */
static bool
check_attempt(void *data, const struct attempt_record *a)
{
	struct strbuf sb = STRBUF_INIT;
	char text[64];

	snprintf(text, sizeof(text), "%u/%u", a->run, a->task);
	*(int *)data += a->outcome == TASK_DONE && a->result_count == 1 &&
			!object_read(&a->results[0].digest, &sb, &err) &&
			!strcmp(sb.buf, text) && log_holds(a, text);
	strbuf_release(&sb);
	return false;
}

/* Whether SQLite finds its file in order. */
static bool
is_sound(void)
{
	sqlite3_stmt *st = NULL;
	sqlite3 *db;
	bool sound;

	sound = !sqlite3_open(STORE_DIR "/db", &db) &&
		!sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &st,
				    NULL) &&
		sqlite3_step(st) == SQLITE_ROW &&
		!strcmp((const char *)sqlite3_column_text(st, 0), "ok");
	sqlite3_finalize(st);
	sqlite3_close(db);
	return sound;
}

/* Whether all that the worker told is in the store, which works. */
static bool
is_kept(void)
{
	struct store *s = store_open(STORE_WRITE, &err);
	struct attempt_filter f = { .run = 0 };
	FILE *told = fopen("told", "r");
	unsigned run, task;
	bool kept = true;
	int good;

	must(s ? 0 : -1);
	while (told && fscanf(told, "%u %u", &run, &task) == 2) {
		f.run = run;
		f.task = task;
		good = 0;
		must(store_attempt_each(s, &f, check_attempt, &good, &err));
		kept = kept && good == 1;
	}
	if (told)
		fclose(told);
	must(store_begin(s, &err));
	must(store_close(s, &err));
	return kept && is_sound();
}

/* Whether the worker ended as it should: well, or with an error that names
 * what it is about, or killed by us. */
static bool
ended_well(int status, const char *error)
{
	struct strbuf said = STRBUF_INIT;
	bool well;

	must(file_read("said", &said, &err));
	if (WIFSIGNALED(status))
		well = WTERMSIG(status) == SIGKILL && !strcmp(error, "kill");
	else if (WEXITSTATUS(status) == STATUS_ERROR)
		well = strstr(said.buf, STORE_DIR);
	else
		well = WEXITSTATUS(status) == 0 && !said.len;
	if (!well)
		printf("# status %x: %s\n", (unsigned)status, said.buf);
	strbuf_release(&said);
	return well;
}

/* Let each call of KIND in turn fail with ERROR, with those behind it when
 * ALL. */
static void
fail_each(const char *kind, bool all, const char *error, const char *what)
{
	char spec[64];
	int n, status, bad = 0;

	for (n = 1; n < 1000; n++) {
		must(file_remove_tree(STORE_DIR, &err));
		snprintf(spec, sizeof(spec), "%s:%d%s", kind, n,
			 all ? "+" : "");
		status = run_worker(spec, error);
		if (access("mark", F_OK) < 0)
			break;
		if (!ended_well(status, error) || !is_kept()) {
			printf("# FAIL_NTH=%s FAIL_ERRNO=%s\n", spec, error);
			bad++;
		}
	}
	ok(n > 1 && !bad, "%s, at each of %d calls", what, n - 1);
}

/* Compile the library that fails. */
static bool
make_library(void)
{
	const char *cc = getenv("CC"), *srcdir = getenv("srcdir");
	char *command;
	int rc;

	library = xasprintf("%s/fail-nth.so", work_dir);
	command = xasprintf("%s -shared -fPIC -w -o %s "
			    "%s/tests/unit/fail-nth.c -ldl",
			    cc && *cc ? cc : "cc", library,
			    srcdir ? srcdir : ".");
	rc = system(command);
	free(command);
	return rc == 0;
}

int
main(int argc, char **argv)
{
	char self[4096] = "";

	(void)argv;
	if (argc > 1)
		return work();
	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		bug("no path of this program");
	program = self;
	umask(022);
	if (!mkdtemp(work_dir) || !make_library() || chdir(work_dir) < 0)
		bug("cannot make the library that fails");
	put("out", "made\n");
	fail_each("write", false, "28",
		  "a write for which there is no space is said");
	fail_each("write", true, "28", "a disk that stays full is said");
	fail_each("write", false, "5", "a write that fails is said");
	fail_each("sync", false, "5", "a sync that fails is said");
	fail_each("open", false, "13", "a file that cannot be opened is said");
	fail_each("rename", false, "28", "so is one that cannot be renamed");
	fail_each("mkdir", false, "28", "and a directory that cannot be made");
	fail_each("close", false, "5", "a close that fails loses nothing told");
	fail_each("any", false, "kill",
		  "an engine that is killed loses nothing told");
	free(library);
	leave_work_dir();
	return done_testing();
}
