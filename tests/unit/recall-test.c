/*
 * What is remembered of files, by row, for who has a witness.
 */
#include "base/base.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "db-rows.h"
#include "store/files.h"
#include "store/store.h"
#include "store/witness.h"
#include "sys/loop.h"
#include "sys/pool.h"
#include "work-dir.h"

static const struct digest flow = { { 1, 2, 3 } };
static struct loop *loop;
static struct pool *pool;
static struct store *store;
static struct files *files;
static struct witness *witness;

/* ---- runs ---- */

static void
end_run(void)
{
	files_free(files);
	witness_free(witness);
	witness = NULL;
	files = NULL;
	store_close(store, NULL);
}

static void
begin_run(void)
{
	store = store_open(STORE_WRITE, &err);
	if (!store)
		must(-1);
	files = files_new(store, &clock_system);
	files_try_stamps(files);
}

/* Begin a run that goes on from the witness. */
static void
begin_recalling(void)
{
	begin_run();
	witness = witness_open(&flow);
	if (!witness)
		bug("there is no witness");
	must(witness_look(witness, pool, loop, &err));
	files_hold(files);
	must(files_recall(files, witness, &err));
}

static void
save(void)
{
	must(files_save(files, &err));
	must(store_commit(store, &err));
}

/* Nobody declares anything. */
static uint32_t
no_place(void *data, const char *path)
{
	(void)data;
	(void)path;
	return WITNESS_NO_PLACE;
}

/* Leave a witness of what was seen, and of what OLD says. */
static void
testify_with(struct witness *old)
{
	const struct witness_guide guide = { no_place, NULL };
	struct witness_head h = { .flow = flow, .run = 1 };
	struct witness_writer *w;

	save();
	h.files_row = files_last_row(files);
	w = witness_begin(&h, NULL, NULL, 1, NULL);
	witness_end(w, files_testify(files, w, old, &guide));
}

static void
testify(void)
{
	testify_with(witness);
}

/* ---- files ---- */

static void
read_file(const char *path)
{
	struct file_state state;

	must(files_digest(files, path, &state, &err) > 0 ? 0 : -1);
	files_rest_on(files, path, &state.digest);
}

static void
make_file(const char *path, const char *step)
{
	struct file_state state;

	put(path, path);
	must(files_made(files, path, &state, &err) > 0 ? 0 : -1);
	files_set_maker(files, path, step);
}

/* What stands at the path of an output: see files_check_output. */
static int
check_output(const char *path)
{
	struct file_state state;

	return files_check_output(files, path, &state, &err);
}

/* The first run: "in" is read, "out" made of it; "old" was made once. */
static void
run_first(void)
{
	begin_run();
	make_file("old", "gone");
	save();
	end_run();
	put("in", "in");
	begin_run();
	read_file("in");
	make_file("out", "copy");
	testify();
	end_run();
}

/* ---- tests ---- */

static void
test_recalled(void)
{
	const char *step;

	run_first();
	begin_recalling();
	ok(files_exist(files, "in"), "a file that was seen is there");
	ok(!files_has_maker(files, "in") &&
	   files_maker(files, "in", &step, &err) == 0,
	   "that nobody made it is known");
	ok(files_has_maker(files, "out") &&
	   files_maker(files, "out", &step, &err) > 0 && !strcmp(step, "copy"),
	   "as is who made an output");
	ok(files_maker(files, "old", &step, &err) > 0 && !strcmp(step, "gone"),
	   "even of one that the run did not look at");
	is_int(check_output("out"), 1, "an output is known as ours");
	is_int(check_output("old"), 1, "and so is an old one");
	ok(!files_has_maker(files, "new") && !files_exist(files, "new"),
	   "of a path that was never seen nothing is known");
	testify();
	end_run();
	begin_recalling();
	ok(files_has_maker(files, "old") && files_has_maker(files, "out") &&
	   files_exist(files, "in") && check_output("out") == 1,
	   "the next witness says the same");
	end_run();
}

static void
test_changed(void)
{
	run_first();
	put("in", "changed");
	begin_recalling();
	read_file("in");
	files_let_go(files); /* a task is executed */
	make_file("out", "copy");
	make_file("second", "copy");
	testify();
	end_run();
	begin_recalling();
	ok(witness_holds(witness), "the next witness knows what has changed");
	is_int(check_output("out"), 1, "an output that was made again is ours");
	ok(files_has_maker(files, "second") && files_has_maker(files, "old"),
	   "new ones and old ones are remembered");
	end_run();
	is_int(row_count("in") + row_count("out") + row_count("old"), 3,
	       "each file has one row");
}

static void
test_others(void)
{
	struct file_state state;

	run_first();
	begin_run();
	put("in", "theirs");
	must(files_made(files, "in", &state, &err) > 0 ? 0 : -1);
	files_set_maker(files, "in", "other");
	make_file("more", "other");
	save();
	end_run();
	begin_recalling();
	ok(files_has_maker(files, "in") && files_has_maker(files, "more"),
	   "what another run made since is known");
	is_int(check_output("in"), 1, "as its own");
	end_run();
	run_first();
	change_rows("DELETE FROM files WHERE path = 'out'");
	begin_recalling();
	is_int(check_output("out"), 2, "a row that is gone is not made up");
	is_int(check_output("old"), 1, "while others are read");
	end_run();
	run_first();
	change_rows("UPDATE files SET path = 'x' || id");
	begin_recalling();
	is_int(check_output("out"), 2, "nor is one of another path taken");
	end_run();
}

static void
test_released(void)
{
	const char *step;

	run_first();
	begin_recalling();
	files_let_go(files); /* a task is executed */
	ok(files_exist(files, "out") &&
	   files_maker(files, "out", &step, &err) > 0 && !strcmp(step, "copy"),
	   "who made a file is known of one that was only asked for");
	is_int(check_output("out"), 1, "and that it is ours");
	read_file("out");
	make_file("more", "copy");
	save();
	end_run();
	is_int(row_count("out"), 1, "it keeps its row");
}

/* As resume does when all tasks are asked again. */
static void
test_untrusted(void)
{
	run_first();
	begin_recalling();
	ok(files_exist(files, "in"), "a file is there, says the witness");
	testify_with(NULL);
	end_run();
	unlink("in");
	begin_recalling();
	ok(!witness_holds(witness), "the next witness of another run says so");
	end_run();
}

static void
test_two_rows(void)
{
	const char *step;

	run_first();
	change_rows("INSERT INTO files SELECT NULL, 'out', state FROM files"
		    " WHERE path = 'old'");
	change_rows("DELETE FROM files WHERE path = 'in'");
	begin_recalling();
	is_int(check_output("in"), 2, "all rows are read for one that is gone");
	ok(files_maker(files, "out", &step, &err) > 0 && !strcmp(step, "gone"),
	   "of two rows of a path the last one counts");
	end_run();
}

int
main(void)
{
	enter_work_dir();
	loop = loop_new(&clock_system, &err);
	pool = loop ? pool_new(loop, &err) : NULL;
	if (!pool)
		must(-1);
	test_recalled();
	test_changed();
	test_others();
	test_released();
	test_untrusted();
	test_two_rows();
	pool_free(pool);
	loop_free(loop);
	leave_work_dir();
	return done_testing();
}
