/*
 * What a garbage collection and those who work meanwhile promise each other.
 */
#include "base/base.h"

#include <fcntl.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/strbuf.h"
#include "store/content.h"
#include "store/files.h"
#include "store/gc-parts.h"
#include "store/objects.h"
#include "store/store.h"
#include "work-dir.h"

static char *program; /* this one, which also is the other process */

static bool
never(uint32_t number)
{
	(void)number;
	return false;
}

static struct store *
open_store(void)
{
	struct store *s = store_open(STORE_WRITE, &err);

	must(s ? 0 : -1);
	return s;
}

static uint32_t
begin_run(struct store *s)
{
	struct run_record r = { .state = RUN_DONE, .started_ns = 1 };

	must(store_run_begin(s, &r, &err));
	return r.number;
}

/* Record that task TASK of RUN has the result D. */
static void
put_row(struct store *s, uint32_t run, uint32_t task, const struct digest *d)
{
	struct artifact result = {
		.name = "r", .format = ARTIFACT_FILE, .digest = *d,
	};
	struct attempt_record a = {
		.run = run, .task = task, .attempt = 1, .step = "s",
		.split = "", .element = "", .outcome = TASK_DONE,
		.key = *d, .reusable = true, .results = &result,
		.result_count = 1,
	};

	must(store_attempt_end(s, &a, &err));
}

/* Put an object with TEXT, and a row of RUN that names it. */
static struct digest
put_result(struct store *s, uint32_t run, uint32_t task, const char *text)
{
	struct digest d;

	must(store_begin(s, &err));
	must(object_put_bytes(text, strlen(text), &d, &err));
	put_row(s, run, task, &d);
	must(store_commit(s, &err));
	return d;
}

/* Collect, keeping the latest KEEP runs. */
static struct gc_report
collect(struct store *s, uint32_t keep)
{
	struct gc_options o = { .keep = keep, .goes_on = never };
	struct gc_report r;

	must(store_gc(s, &o, &r, &err));
	free(r.code);
	return r;
}

static void
test_used_again(void)
{
	struct store *user = open_store(), *s = open_store();
	uint32_t old = begin_run(s), run;
	struct digest d = put_result(s, old, 1, "used again");
	struct kept_range kept = { 1, 1, old, 1 };
	struct attempt_record a = {
		.task = 2, .step = "t", .split = "", .element = "",
		.outcome = TASK_REUSED, .key = d, .origin_run = old,
		.origin_task = 1,
	};
	struct error e = ERROR_INIT;

	run = begin_run(user);
	a.run = run;
	is_int(store_kept_put(user, run, &kept, &err), 0,
	       "a result that is there is used again");
	must(store_commit(user, &err));
	is_int((int)collect(s, 1).kinds[GC_RUNS].count, 1,
	       "the run that had it may be forgotten");
	ok(object_exists(&d, NULL), "what the other one kept is not removed");
	is_int(store_attempt_end(user, &a, &err), 0,
	       "and can still be used by other names");
	must(store_commit(user, &err));
	begin_run(user);
	is_int((int)collect(s, 1).kinds[GC_RECORDS].count, 2,
	       "until nobody needs it");
	ok(!object_exists(&d, NULL), "then the object goes, too");
	run = begin_run(user);
	is_int(store_kept_put(user, run, &kept, &e), -1,
	       "what is gone cannot be used again");
	ok(failed_with(&e, "'flowmake gc' has just removed them"),
	   "which is said");
	must(store_commit(user, &err));
	is_int(store_attempt_end(user, &a, &e), -1, "under no name");
	ok(failed_with(&e, "results of run 1"), "and names the run");
	must(store_close(user, NULL));
	must(store_close(s, &err));
}

/* The other process: says that it begins, and collects. */
static int
collect_there(void)
{
	struct store *s = open_store();

	if (write(STDOUT_FILENO, "", 1) != 1)
		return 1;
	collect(s, 0);
	return store_close(s, &err) ? 1 : 0;
}

/* A result is put while a gc in another process goes on, or waits. */
static void
test_put_meanwhile(void)
{
	struct store *s = open_store();
	uint32_t run = begin_run(s);
	struct digest lost, put;
	int status = -1, ready[2];
	char byte = 0;
	pid_t child;

	must(object_put_bytes("lost", 4, &lost, &err));
	must(store_begin(s, &err));
	must(object_put_bytes("put", 3, &put, &err));
	must(pipe(ready));
	fflush(stdout);
	child = must(fork());
	if (!child) {
		dup2(ready[1], STDOUT_FILENO);
		execl(program, program, "collect", (char *)NULL);
		_exit(127);
	}
	must((int)read(ready[0], &byte, 1));
	put_row(s, run, 1, &put);
	must(store_commit(s, &err));
	waitpid(child, &status, 0);
	is_int(status, 0, "a gc waits for who puts something");
	ok(object_exists(&put, NULL), "and then sees that it is named");
	ok(!object_exists(&lost, NULL), "what nobody names is removed");
	close(ready[0]);
	close(ready[1]);
	must(store_close(s, &err));
}

/* The digest of an object of a file with TEXT that nobody names, under the
 * name N, too. */
static struct digest
put_unnamed(struct files *f, const char *text)
{
	struct digest d = digest_of(text, strlen(text));

	put("made", text);
	must(object_take("made", &d, "n", f, &err));
	return d;
}

/* Wait until a change gets another time than NOW's. */
static void
next_tick(void)
{
	struct stat then, st;

	put("tick", "");
	must(stat("tick", &then));
	do {
		put("tick", "");
		must(stat("tick", &st));
	} while (st.st_ctim.tv_nsec == then.st_ctim.tv_nsec);
}

static void
test_kept_meanwhile(void)
{
	struct store *s = open_store();
	struct files *f = files_new(s, &clock_system);
	struct digest kept, gone, again, bytes;
	struct gc_objects objects = { .v = NULL };
	struct digest_set none = { .v = NULL };
	struct gc_count count = { .count = 0 };
	char *again_path;
	struct strbuf path = STRBUF_INIT;

	begin_run(s);
	collect(s, 1);
	kept = put_unnamed(f, "kept");
	gone = put_unnamed(f, "gone");
	again = put_unnamed(f, "again");
	must(object_put_bytes("bytes", 5, &bytes, &err));
	next_tick();
	must(gc_objects_look(&objects, &err));
	next_tick();
	must(object_keep(&kept, "n", f, &err));
	must(object_put_bytes("bytes", 5, &bytes, &err));
	must(object_remove(&again, &err));
	again = put_unnamed(f, "again");
	must(gc_objects_sweep(&objects, &none, s, &count, &err));
	is_int((int)count.count, 1, "what is asked for after a gc has looked at "
	       "it is left");
	ok(object_exists(&kept, NULL) && object_exists(&kept, "n"),
	   "that which was found and kept");
	ok(object_exists(&bytes, NULL), "a value that was put again");
	ok(object_exists(&again, NULL), "and what was removed and put anew");
	ok(!object_exists(&gone, NULL) && !object_exists(&gone, "n"),
	   "what nobody asked for is removed under all its names");
	object_add_path(&path, &again, "n");
	again_path = strbuf_detach(&path, NULL);
	ok(access(again_path, F_OK) == 0, "only that");
	free(again_path);
	gc_objects_release(&objects);
	must(store_commit(s, &err));
	files_free(f);
	must(store_close(s, &err));
}

int
main(int argc, char **argv)
{
	program = realpath(argv[0], NULL);
	if (argc > 1)
		return collect_there();
	enter_work_dir();
	test_used_again();
	test_put_meanwhile();
	test_kept_meanwhile();
	leave_work_dir();
	free(program);
	return done_testing();
}
