/*
 * Digests of files, remembered across runs.  Whether a file was hashed again
 * is seen by a lie in the database: who believes it did not look.
 */
#include "base/base.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "db-rows.h"
#include "fake-clock.h"
#include "store/files.h"
#include "store/objects.h"
#include "store/store.h"
#include "sys/ticks.h"
#include "work-dir.h"

static struct store *store;
static struct files *files;

/* A new run: what was saved is all that is known. */
static void
next_run(void)
{
	if (files)
		files_free(files);
	files = files_new(store, &fake_clock);
}

static void
save(void)
{
	must(files_save(files, &err));
	must(store_commit(store, &err));
}

/* Set the clock to MS after the last change of PATH. */
static void
set_clock(const char *path, int64_t ms)
{
	struct stat st;

	must(stat(path, &st));
	fake_clock_ns = st.st_ctim.tv_sec * NS_PER_S + st.st_ctim.tv_nsec +
		 ms * NS_PER_MS;
}

static struct digest
digest(const char *path)
{
	struct file_state state;

	must(files_digest(files, path, &state, &err));
	return state.digest;
}

/* Replace all digests in the database by the one of no file. */
static void
lie(void)
{
	change_rows("UPDATE files SET state = substr(state, 1, 36) ||"
		    " x'deadbeefdeadbeefdeadbeefdeadbeef'"
		    " || substr(state, 53)");
}

/* Whether the digest of PATH is the lie. */
static bool
is_lie(const char *path)
{
	struct digest d = digest(path);

	return d.bytes[0] == 0xde && d.bytes[15] == 0xef;
}

static void
is_made_by(const char *path, const char *expected, const char *title)
{
	const char *step = NULL;

	must(files_maker(files, path, &step, &err));
	is_str(step, expected, title);
}

static void
test_kinds(void)
{
	struct error e = ERROR_INIT;
	struct file_state state;
	struct digest first, second;

	is_int(files_digest(files, "none", &state, &err), 0,
	       "nothing is told from a digest");
	put("a", "1234");
	is_int(files_digest(files, "a/b", &state, &err), 0,
	       "nothing is below a file");
	is_int(files_digest(files, "a", &state, &err), 1, "a file has one");
	ok(state.size_bytes == 4 && !state.is_dir, "and a size");
	put("b", "1234");
	first = digest("a");
	second = digest("b");
	ok(digest_equal(&first, &second), "equal contents have equal digests");
	must(chmod("b", 0755));
	second = digest("b");
	ok(!digest_equal(&first, &second), "the executable bit is content");
	must(mkfifo("fifo", 0666));
	ok(files_digest(files, "fifo", &state, &e) < 0 &&
		   failed_with(&e, "'fifo' is a fifo"),
	   "a fifo is refused by name");
	must(mkdir("dir", 0777));
	put("dir/x", "12");
	put("dir/y", "345");
	is_int(files_digest(files, "dir", &state, &err), 1,
	       "a directory has a digest");
	ok(state.is_dir && state.size_bytes == 5, "and the size of its files");
	put("dir/y", "346");
	second = digest("dir");
	ok(!digest_equal(&state.digest, &second),
	   "which changes with a file in it");
}

static void
test_memory(void)
{
	struct digest before, after;

	put("a", "one");
	put("odd \xff", "two");
	set_clock("odd \xff", 1000);
	before = digest("a");
	digest("odd \xff");
	save();
	lie();
	after = digest("a");
	ok(digest_equal(&before, &after), "one run asks the store once");
	next_run();
	ok(is_lie("a"), "another run believes it while the stat is the same");
	ok(is_lie("odd \xff"), "also of a name that is not UTF-8");
	put("a", "ONE");
	ok(!is_lie("a"), "a file that was written is hashed again");
	next_run();
	must(chmod("odd \xff", 0600));
	ok(!is_lie("odd \xff"), "so is one whose inode was changed");
}

static void
test_racy(void)
{
	put("a", "one");
	set_clock("a", 3);
	digest("a");
	save();
	lie();
	next_run();
	set_clock("a", 1000);
	ok(!is_lie("a"), "a file hashed in the tick of its change is hashed "
	   "again by the next run");
	save();
	lie();
	next_run();
	ok(is_lie("a"), "and then believed");
	put("a", "two");
	next_run();
	set_clock("a", 3);
	digest("a");
	must(files_settle(files, &err));
	save();
	lie();
	next_run();
	ok(!is_lie("a"), "settling in that same tick changes nothing");
	set_clock("a", 3);
	put("a", "three");
	digest("a");
	set_clock("a", 1000);
	must(files_settle(files, &err));
	save();
	lie();
	next_run();
	ok(is_lie("a"), "settling later makes it trusted");
	put("a", "four");
	set_clock("a", -3600 * 1000);
	digest("a");
	must(files_settle(files, &err));
	save();
	lie();
	next_run();
	set_clock("a", -3599 * 1000);
	ok(!is_lie("a"), "a file that was changed in the future, as the clock "
	   "was set back, is not");
	save();
	lie();
	next_run();
	set_clock("a", 1000);
	ok(!is_lie("a"), "however often it is hashed before");
}

static void
test_settle_sees_changes(void)
{
	struct digest first, second;

	put("a", "one");
	set_clock("a", 3);
	next_run();
	first = digest("a");
	put("a", "two");
	must(unlink("fifo"));
	set_clock("a", 1000);
	must(files_settle(files, &err));
	second = digest("a");
	ok(!digest_equal(&first, &second),
	   "settling leaves what was changed meanwhile to who asks for it");
}

static void
test_outputs(void)
{
	struct file_state state;

	next_run();
	is_int(files_check_output(files, "out", &state, &err), 0,
	       "nothing stands in the way of a new output");
	put("out", "mine");
	is_int(files_check_output(files, "out", &state, &err), 2,
	       "a file that we did not make is something else");
	ok(!state.changed, "which was not changed, as far as we know");
	is_int(files_made(files, "out", &state, &err), 1,
	       "an output is recorded when it was made");
	is_int(files_check_output(files, "out", &state, &err), 1,
	       "and then known as ours");
	save();
	next_run();
	is_int(files_check_output(files, "out", &state, &err), 1,
	       "by later runs too");
	put("out", "edited");
	is_int(files_check_output(files, "out", &state, &err), 2,
	       "once edited it is something else");
	ok(state.changed, "and said to be changed");
	digest("out");
	save();
	next_run();
	put("out", "edited again");
	ok(files_known(files, "out", &state, &err) == 1 &&
	   state.size_bytes == 6 && !files_known(files, "none", &state, &err),
	   "what is known of a file can be asked without looking at it");
	is_int(files_check_output(files, "out", &state, &err), 2,
	       "also when its new content was seen before");
	put("out", "mine");
	is_int(files_check_output(files, "out", &state, &err), 1,
	       "and ours again when it is what it was");
	files_forget(files, "out");
	is_int(files_check_output(files, "out", &state, &err), 2,
	       "a path that was forgotten is not ours");
	save();
	next_run();
	is_int(files_check_output(files, "out", &state, &err), 2,
	       "nor after a save");
}

static void
test_other_outputs(void)
{
	struct file_state state;
	struct files *other;

	must(symlink("nowhere", "dangling"));
	is_int(files_check_output(files, "dangling", &state, &err), 2,
	       "a symlink to nothing is something");
	is_int(files_made(files, "dir", &state, &err), 1,
	       "a directory can be an output");
	is_int(files_check_output(files, "dir", &state, &err), 1,
	       "and is known as ours");
	put("dir/new", "");
	is_int(files_check_output(files, "dir", &state, &err), 2,
	       "until something is put into it");
	files_digest(files, "none", &state, &err);
	other = files_new(store, &fake_clock);
	put("theirs", "1");
	must(files_made(other, "theirs", &state, &err));
	must(files_save(other, &err));
	must(store_commit(store, &err));
	is_int(files_check_output(files, "theirs", &state, &err), 1,
	       "what another run made meanwhile is ours too");
	put("theirs", "2");
	must(files_made(other, "theirs", &state, &err));
	files_set_maker(other, "theirs", "other");
	must(files_save(other, &err));
	must(store_commit(store, &err));
	files_free(other);
	digest("theirs");
	save();
	next_run();
	is_int(files_check_output(files, "theirs", &state, &err), 1,
	       "and stays so when we save what we know of it");
	is_made_by("theirs", "other", "with its maker");
}

/* Rows do not become more when files are made again and again. */
static void
test_rows(void)
{
	struct file_state state;
	char text[16];
	int i, before = row_count(NULL);

	for (i = 0; i < 3; i++) {
		snprintf(text, sizeof(text), "%d", i);
		put("again", text);
		must(files_made(files, "again", &state, &err));
		save();
		set_clock("again", 1000);
		must(files_settle(files, &err));
		save();
	}
	is_int(row_count(NULL) - before, 1, "a path has one row");
	next_run();
	is_int(files_check_output(files, "again", &state, &err), 1,
	       "the last one");
}

static void
test_holds(void)
{
	struct file_state before, after;
	struct stat st;

	put("held", "one");
	files_hold(files);
	must(files_digest(files, "held", &before, &err));
	put("held", "three");
	files_hold(files);
	must(files_stat(files, "held", &st));
	files_let_go(files);
	is_int((int)st.st_size, 3, "in a hold a file is looked at once");
	files_stat(files, "a", &st);
	files_forget(files, "held");
	must(files_digest(files, "held", &after, &err));
	is_int((int)after.size_bytes, 5, "unless it is forgotten");
	put("held", "seven");
	is_int(files_stat(files, "none", &st), -1, "nothing has no stat");
	files_let_go(files);
	must(files_digest(files, "held", &before, &err));
	ok(!digest_equal(&before.digest, &after.digest),
	   "and after the hold it is looked at again");
}

static void
test_held_trees(void)
{
	struct file_state first, state;

	must(file_make_dirs("tree", &err));
	put("tree/a", "one");
	files_hold(files);
	must(files_digest(files, "tree", &first, &err));
	put("tree/b", "two");
	must(files_digest(files, "tree", &state, &err));
	ok(digest_equal(&first.digest, &state.digest) && state.is_dir &&
	   state.size_bytes == 3, "in a hold a directory is walked once");
	files_forget(files, "tree/a");
	must(files_digest(files, "tree", &state, &err));
	is_int((int)state.size_bytes, 6, "unless what is in it is forgotten");
	put("tree/c", "three");
	files_let_go(files);
	must(files_digest(files, "tree", &state, &err));
	is_int((int)state.size_bytes, 11, "and after the hold again");
}

static void
test_makers(void)
{
	struct file_state state;

	is_made_by("none", NULL, "a file that nothing made has no maker");
	put("made", "1");
	must(files_made(files, "made", &state, &err));
	files_set_maker(files, "made", "sum");
	is_made_by("made", "sum", "an output has one");
	save();
	next_run();
	is_made_by("made", "sum", "which later runs know");
	is_int(files_check_output(files, "made", &state, &err), 1,
	       "beside what it made");
	files_set_maker(files, "made", "renamed");
	save();
	next_run();
	is_made_by("made", "renamed", "the last step that made it");
	files_forget(files, "made");
	save();
	next_run();
	is_made_by("made", "renamed", "also of a file that was moved away");
	is_int(files_check_output(files, "made", &state, &err), 2,
	       "of which nothing else is known");
}

/* Where times are fine each change is seen at once, by later runs too. */
static void
test_stamps(void)
{
	struct digest before, now = { { 0 } };
	int seen = 0, i, fd;
	dev_t device;

	if (!ticks_are_fine("stamps", &device)) {
		ok(true, "each change is seen # SKIP times are coarse here");
		return;
	}
	next_run();
	files_try_stamps(files);
	fd = must(open("stamped", O_WRONLY | O_CREAT | O_CLOEXEC, 0666));
	for (i = 0; i < 100; i++) {
		before = now;
		must((int)pwrite(fd, i & 1 ? "odd." : "even", 4, 0));
		set_clock("stamped", 1);
		now = digest("stamped");
		seen += !digest_equal(&before, &now);
	}
	close(fd);
	is_int(seen, 100, "where times are fine each change is seen");
	save();
	lie();
	next_run();
	ok(is_lie("stamped"), "and digests are believed at once");
}

/* What an I/O thread hashed is believed like what we hashed. */
static void
test_learn(void)
{
	struct digest lied = { { 0xde, [15] = 0xef } };
	struct stat st;

	put("big", "as if it were");
	must(stat("big", &st));
	set_clock("big", 1000);
	files_learn(files, "big", &st, fake_clock_ns, &lied);
	ok(is_lie("big"), "what somebody else hashed is taken in");
	save();
	next_run();
	ok(is_lie("big"), "and remembered");
	set_clock("big", 3);
	files_learn(files, "big", &st, fake_clock_ns, &lied);
	save();
	next_run();
	ok(!is_lie("big"), "but not believed if it was hashed too soon");
}

int
main(void)
{
	enter_work_dir();
	fake_clock_ns = INT64_C(4000000000) * NS_PER_S;
	store = store_open(STORE_WRITE, &err);
	must(store ? 0 : -1);
	next_run();
	test_kinds();
	test_memory();
	test_racy();
	test_settle_sees_changes();
	test_outputs();
	test_other_outputs();
	test_rows();
	test_holds();
	test_held_trees();
	test_makers();
	test_stamps();
	test_learn();
	files_free(files);
	must(store_close(store, &err));
	leave_work_dir();
	return done_testing();
}
