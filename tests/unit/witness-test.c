/*
 * Witnesses: written, read, and compared with what is there.
 */
#include "base/base.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/strvec.h"
#include "store/content.h"
#include "store/file-table.h"
#include "store/witness-state.h"
#include "store/witness.h"
#include "sys/loop.h"
#include "sys/pool.h"
#include "work-dir.h"

static const struct digest flow = { { 1, 2, 3 } };
static const struct digest other_flow = { { 1, 2, 4 } };
static struct loop *loop;
static struct pool *pool;

/* Begin the witness of two ranges. */
static struct witness_writer *
begin(void)
{
	static const struct kept_range kept[] = { { 1, 4, 7, 1 },
						  { 5, 2, 3, 9 } };
	struct witness_head h = { .flow = flow, .run = 7, .started_ns = 70,
				  .tasks_total = 8, .tasks_done = 6,
				  .tasks_skipped = 2, .kept_count = 2,
				  .task_count = 2 };
	static const struct witness_task tasks[] = { { .name = 11 },
					{ .name = 22, .run = 3, .task = 5 } };

	return witness_begin(&h, kept, tasks, 100, NULL);
}

/* Add the file PATH as it is, with its letter as row and place. */
static void
add_file(struct witness_writer *w, const char *path, unsigned flags)
{
	struct file_entry e = { .path = path, .flags = flags, .row = *path };
	struct stat st;

	must(stat(path, &st));
	must(content_of_file(path, &st, &e.digest, &err));
	e.stamp = stamp_of(&st);
	witness_add_file(w, &e, *path);
}

/* Add PATH, a directory or symlink. */
static void
add_shown(struct witness_writer *w, const char *path, bool racy)
{
	struct digest shown;
	struct stat st;

	must(lstat(path, &st));
	must(content_shown(path, &st, &shown, &err));
	witness_add_shown(w, path, &st, &shown, racy);
}

/* Whether the witness that was left holds: -1 when there is none. */
static int
holds(void)
{
	struct witness *w = witness_open(&flow);
	int rc = -1;

	if (w) {
		must(witness_look(w, pool, loop, &err));
		rc = witness_holds(w);
	}
	/* the pool has nothing of it any more */
	witness_free(w);
	return rc;
}

/* The changes of the witness that was left, in one line; "more" when they are
 * not files alone. */
static const char *
changes(void)
{
	static char line[256];
	struct witness *w = witness_open(&flow);
	const char *const *paths;
	size_t count, i;

	if (!w)
		return "none";
	line[0] = '\0';
	must(witness_look(w, pool, loop, &err));
	if (!witness_has_changes(w, &paths, &count))
		strcpy(line, "more");
	else
		for (i = 0; i < count && i < 9; i++)
			snprintf(line + strlen(line),
				 sizeof(line) - strlen(line), "%s ", paths[i]);
	witness_free(w);
	return line;
}

/* Leave a witness of one thing that was seen of PATH. */
static void
see(enum sight seen, const char *path)
{
	struct witness_writer *w = begin();

	if (seen == SIGHT_FILE || seen == SIGHT_RACY)
		add_file(w, path, seen == SIGHT_RACY ? FILE_RACY : 0);
	else if (seen == SIGHT_TREE || seen == SIGHT_SYMLINK)
		add_shown(w, path, false);
	else if (seen == SIGHT_RACY_TREE || seen == SIGHT_RACY_SYMLINK)
		add_shown(w, path, true);
	else
		witness_add(w, seen, path);
	witness_end(w, true);
}

static void
test_head(void)
{
	struct witness *w;
	const struct witness_head *h;
	const struct kept_range *k;

	put("a", "a");
	see(SIGHT_FILE, "a");
	w = witness_open(&flow);
	if (!w)
		bug("no witness");
	h = witness_head(w);
	k = witness_kept(w);
	ok(h->run == 7 && h->started_ns == 70 && h->tasks_total == 8 &&
	   h->tasks_done == 6 && h->tasks_skipped == 2 && h->kept_count == 2 &&
	   k[1].first == 5 && k[1].count == 2 && k[1].source_run == 3 &&
	   k[1].source_first == 9, "what it is of is read as it was written");
	ok(witness_task(w, 0)->name == 11 && witness_task(w, 1)->task == 5 &&
	   !witness_task(w, 2), "and so are the tasks");
	witness_free(w);
	ok(!witness_open(&other_flow), "of another flow there is none");
	witness_end(begin(), false);
	w = witness_open(&flow);
	ok(!w, "after one that is not complete there is none");
	witness_free(w);
}

static void
test_files(void)
{
	put("a", "a");
	see(SIGHT_FILE, "a");
	ok(holds() == 1, "a file that is as it was");
	put("a", "b");
	ok(holds() == 0, "one that was replaced");
	see(SIGHT_FILE, "a");
	must(chmod("a", 0755));
	ok(holds() == 0, "one whose mode was changed");
	see(SIGHT_FILE, "a");
	must(unlink("a"));
	ok(holds() == 0, "one that was removed");
	must(mkdir("a", 0777));
	ok(holds() == 0, "one that is a directory now");
	must(rmdir("a"));
}

/* A racy file is read: its stat alone is not believed. */
static void
test_racy_content(void)
{
	struct witness_writer *w = begin();
	struct file_entry e = { .path = "racy", .flags = FILE_RACY,
				.digest = { { 9 } } };
	struct stat st;

	put("racy", "one");
	must(stat("racy", &st));
	e.stamp = stamp_of(&st);
	witness_add_file(w, &e, WITNESS_NO_PLACE);
	witness_end(w, true);
	ok(holds() == 0, "a racy file of the same stat and another content");
	see(SIGHT_RACY, "racy");
	ok(holds() == 1, "one of the same content");
}

/* So are a racy directory and symlink. */
static void
test_racy_shown(void)
{
	struct witness_writer *w = begin();
	struct stat st;

	must(mkdir("rt", 0777));
	put("rt/file", "file");
	must(symlink("rt", "rl"));
	see(SIGHT_RACY_TREE, "rt");
	ok(holds() == 1, "a racy directory that is as it was");
	see(SIGHT_RACY_SYMLINK, "rl");
	ok(holds() == 1, "a racy symlink");
	must(lstat("rt", &st));
	witness_add_shown(w, "rt", &st, &flow, true);
	witness_end(w, true);
	ok(holds() == 0, "one of the same stat and other names");
	w = begin();
	must(lstat("rl", &st));
	witness_add_shown(w, "rl", &st, &flow, true);
	witness_end(w, true);
	ok(holds() == 0, "a racy symlink of the same stat to something else");
	see(SIGHT_RACY_TREE, "rt");
	put("rt/new", "new");
	ok(holds() == 0, "a racy directory in which a file was made");
}

static void
test_answers(void)
{
	see(SIGHT_NOTHING, "n");
	ok(holds() == 1, "nothing where nothing was");
	must(mkdir("n", 0777));
	ok(holds() == 0, "something there");
	see(SIGHT_OTHER, "n");
	ok(holds() == 1, "no regular file where there was none");
	see(SIGHT_THERE, "n");
	ok(holds() == 1, "something where something was");
	see(SIGHT_REGULAR, "n");
	ok(holds() == 0, "no regular file where there was one");
	must(rmdir("n"));
	see(SIGHT_THERE, "n");
	ok(holds() == 0, "nothing where something was");
	put("n", "n");
	see(SIGHT_OTHER, "n");
	ok(holds() == 0, "a regular file where there was none");
	see(SIGHT_REGULAR, "n");
	ok(holds() == 1, "one where one was");
}

static void
test_trees(void)
{
	must(mkdir("t", 0777));
	see(SIGHT_TREE, "t");
	ok(holds() == 1, "a directory that is as it was");
	put("t/new", "new");
	ok(holds() == 0, "one in which a file was made");
	must(symlink("t", "l"));
	see(SIGHT_SYMLINK, "l");
	ok(holds() == 1, "a symlink that is as it was");
	must(unlink("l"));
	must(symlink("u", "l"));
	ok(holds() == 0, "one to something else");
}

/* Put TEXT, or when it is NULL their names, into the COUNT files that are
 * called by LETTER and number from FIRST on. */
static void
put_many(char letter, int first, int count, const char *text)
{
	char path[16];
	int i;

	for (i = first; i < first + count; i++) {
		snprintf(path, sizeof(path), "%c%d", letter, i);
		put(path, text ? text : path);
	}
}

/* Add those files to W. */
static void
add_many(struct witness_writer *w, char letter, int first, int count,
	 unsigned flags)
{
	char path[16];
	int i;

	for (i = first; i < first + count; i++) {
		snprintf(path, sizeof(path), "%c%d", letter, i);
		add_file(w, path, flags);
	}
}

/* So many that two threads look. */
static void
test_many(void)
{
	struct witness_writer *w = begin();

	put_many('m', 0, 3000, NULL);
	add_many(w, 'm', 0, 3000, 0);
	witness_end(w, true);
	ok(holds() == 1, "thousands of files that are as they were");
	put("m2999", "changed");
	ok(holds() == 0, "the last was changed");
	is_str(changes(), "m2999 ", "that is told");
	put("m0", "changed");
	ok(holds() == 0, "the first was changed");
	is_str(changes(), "m0 m2999 ", "both are told");
	put_many('m', 0, 1001, "changed");
	is_str(changes(), "more", "too many are not");
}

/* Whether the crowds of COUNT or more in what is left are as WANT says. */
static void
crowds_are(uint32_t count, const char *want, const char *title)
{
	struct witness *w = witness_open(&flow);
	struct strvec crowds = STRVEC_INIT;
	struct strbuf got = STRBUF_INIT;
	size_t i;

	must(witness_look(w, pool, loop, &err));
	witness_list_crowds(w, count, &crowds);
	strvec_sort(&crowds);
	for (i = 0; i < crowds.count; i++)
		strbuf_addf(&got, "%s ", crowds.v[i]);
	is_str(got.buf, want, title);
	strbuf_release(&got);
	strvec_release(&crowds);
	witness_free(w);
}

/* So many in each of three directories, and one, that two threads look. */
static void
test_crowds(void)
{
	struct witness_writer *w = begin();
	char path[16];
	int i;

	must(mkdir("crowd", 0777));
	must(mkdir("crowd/d", 0777));
	must(mkdir("made", 0777));
	for (i = 0; i < 2000; i++) {
		snprintf(path, sizeof(path), "crowd/%d", i);
		put(path, "");
		add_file(w, path, i == 1500 ? 0 : FILE_MAKER);
		snprintf(path, sizeof(path), "crowd/d/%d", i);
		put(path, "");
		add_file(w, path, i == 7 ? 0 : FILE_MAKER);
		snprintf(path, sizeof(path), "made/%d", i);
		put(path, "");
		if (i == 3)
			add_file(w, path, FILE_MAKER);
	}
	put("top", "");
	add_file(w, "top", 0);
	witness_end(w, true);
	crowds_are(2000, "crowd/1500 crowd/d/7 ",
		   "directories of many files are told by one that nobody made");
	crowds_are(2001, "", "those of fewer are not");
	crowds_are(1, "crowd/1500 crowd/d/7 made/3 ", "nor is the project itself");
	must(unlink("crowd/12"));
	crowds_are(2000, "crowd/d/7 ", "a file that has gone does not count");
}

/* A recipe may name what is too long to be a path. */
static void
test_long(void)
{
	enum { LEN = 600000 };
	struct witness_writer *w = begin();
	char *path = xmalloc(LEN + 1);

	memset(path, 'x', LEN);
	path[LEN] = '\0';
	put("a", "a");
	witness_add(w, SIGHT_NOTHING, path);
	add_file(w, "a", 0);
	witness_end(w, true);
	free(path);
	ok(holds() == 1, "nothing at a very long path, and a file");
	put("a", "changed");
	is_str(changes(), "a ", "what comes behind that path is looked at");
}

static bool
is_b(void *data, enum sight seen, const char *path)
{
	(void)data;
	return seen == SIGHT_FILE && !strcmp(path, "b");
}

/* Whether W knows of PATH that it has the row of its letter and just FLAGS. */
static bool
finds(struct witness *w, const char *path, unsigned flags)
{
	struct file_entry e;

	return witness_find(w, path, &e) && e.row == path[0] &&
	       e.flags == flags;
}

static void
test_changes(void)
{
	struct witness_writer *w = begin();
	struct witness *old;
	struct file_entry e = { .path = "r", .row = 'r',
				.flags = FILE_MAKER };

	put("a", "a");
	put("b", "b");
	put("c", "c");
	add_file(w, "a", 0);
	add_file(w, "b", 0);
	add_file(w, "c", FILE_NAMED);
	witness_add(w, SIGHT_NOTHING, "d");
	witness_add_row(w, &e);
	witness_end(w, true);
	is_str(changes(), "", "nothing has changed");
	put("a", "changed");
	is_str(changes(), "a ", "a file that was changed is told");
	old = witness_open(&flow);
	must(witness_look(old, pool, loop, &err));
	ok(finds(old, "a", 0) && finds(old, "b", FILE_SAME) &&
	   finds(old, "c", FILE_SAME | FILE_NAMED),
	   "so are those that were not, and all have their rows");
	ok(finds(old, "r", FILE_MAKER),
	   "as has one that nobody looked at");
	ok(!witness_find(old, "d", &e) && !witness_find(old, "e", &e),
	   "of others it knows that they have none");
	w = begin();
	witness_drop(old, "b", is_b, NULL);
	witness_add_old(w, old);
	witness_end(w, true);
	witness_free(old);
	ok(holds() == 1, "what is taken over is without what has changed");
	put("b", "changed");
	ok(holds() == 1, "and without what is new");
	put("c", "changed");
	is_str(changes(), "more", "a file that a word names is no such change");
	see(SIGHT_NOTHING, "d");
	put("d", "d");
	is_str(changes(), "more", "nor is a file where none was");
}

/* How often IS_TAKEN says so while a bit of each byte of the file PATH is
 * wrong, and while it is cut off behind each; then it is as it was. */
static size_t
count_taken(const char *path, bool (*is_taken)(void))
{
	struct strbuf text = STRBUF_INIT;
	size_t i, taken = 0;

	must(file_read(path, &text, &err));
	for (i = 0; i < text.len; i++) {
		text.buf[i] ^= 1;
		must(file_replace(path, text.buf, text.len, false, &err));
		text.buf[i] ^= 1;
		taken += is_taken();
	}
	for (i = 0; i < text.len; i++) {
		must(file_replace(path, text.buf, i, false, &err));
		taken += is_taken();
	}
	must(file_replace(path, text.buf, text.len, false, &err));
	strbuf_release(&text);
	return taken;
}

static bool
is_any(void)
{
	return holds() >= 0;
}

static void
test_damage(void)
{
	put("a", "a");
	see(SIGHT_FILE, "a");
	ok(!count_taken(WITNESS_PATH, is_any),
	   "one with a wrong bit, or cut off, is none");
	must(unlink(WITNESS_PATH));
	ok(holds() < 0, "nor is none");
}

static bool
is_there(void *data, enum sight seen, const char *path)
{
	(void)data;
	(void)path;
	return seen == SIGHT_THERE;
}

/* What was seen of one path in several ways. */
static void
test_dropped(void)
{
	struct witness_writer *w = begin();
	struct witness *old;

	put("a", "a");
	put("b", "b");
	add_file(w, "a", 0);
	witness_add(w, SIGHT_THERE, "a");
	add_file(w, "b", 0);
	witness_end(w, true);
	old = witness_open(&flow);
	must(witness_look(old, pool, loop, &err));
	witness_drop(old, "a", is_there, NULL);
	witness_drop(old, NULL, is_b, NULL);
	ok(finds(old, "a", FILE_SAME), "what is dropped is not forgotten");
	w = begin();
	witness_add_old(w, old);
	witness_end(w, true);
	witness_free(old);
	must(unlink("b"));
	ok(holds() == 1, "nothing is taken over of a path that was dropped");
	must(unlink("a"));
	is_str(changes(), "a ", "nor in one of the ways, but in others");
}

/* Edit COUNT files from FIRST on, and leave the witness of that, of run RUN. */
static void
edit(uint32_t run, int first, int count)
{
	struct witness_head h = { .flow = flow, .run = run, .task_count = 2 };
	const struct witness_task tasks[] = { { .name = 11 },
					{ .name = 22, .run = run } };
	struct witness *old;
	struct witness_writer *w;

	put_many('s', first, count, "changed");
	old = witness_open(&flow);
	must(witness_look(old, pool, loop, &err));
	w = witness_begin(&h, NULL, tasks, 100, old);
	witness_add_old(w, old);
	add_many(w, 's', first, count, FILE_MAKER);
	witness_end(w, true);
	witness_free(old);
}

/* Whether what was left is of run RUN, and knows PATH by FLAGS. */
static bool
is_of(uint32_t run, const char *path, unsigned flags)
{
	struct witness *w = witness_open(&flow);
	bool so = w && witness_head(w)->run == run && witness_task(w, 1) &&
		witness_task(w, 1)->run == run &&
		witness_task(w, 0)->name == 11 && finds(w, path, flags);

	witness_free(w);
	return so;
}

/* The whole file, as it is now. */
static int64_t
whole_ns(void)
{
	struct stat st;

	must(stat(WITNESS_PATH, &st));
	return timespec_ns(st.st_ctim);
}

/* Whether the changes of run 22 are taken. */
static bool
is_of_22(void)
{
	return holds() == 1 || is_of(22, "s3", FILE_MAKER);
}

/* Little that differs from a whole file is written beside it. */
static void
test_beside(void)
{
	struct witness_writer *w = begin();
	struct strbuf changes_text = STRBUF_INIT;
	int64_t then_ns;

	put_many('s', 0, 80, NULL);
	add_many(w, 's', 0, 80, 0);
	witness_end(w, true);
	then_ns = whole_ns();
	edit(20, 3, 1);
	ok(whole_ns() == then_ns && !access(WITNESS_CHANGES_PATH, F_OK),
	   "what differs is written beside the whole file");
	ok(holds() == 1 && is_of(20, "s3", FILE_MAKER | FILE_SAME) &&
	   is_of(20, "s4", FILE_SAME), "both are read as one");
	edit(21, 5, 2);
	ok(whole_ns() == then_ns && holds() == 1 &&
	   is_of(21, "s3", FILE_MAKER | FILE_SAME) &&
	   is_of(21, "s5", FILE_MAKER | FILE_SAME), "and once more");
	put("s9", "again");
	put("s3", "again");
	is_str(changes(), "s9 s3 ", "changes of either are told");
	edit(22, 3, 1);
	ok(whole_ns() == then_ns && holds() == 1 &&
	   is_of(22, "s3", FILE_MAKER | FILE_SAME),
	   "so is what differs from what differed");
	ok(!count_taken(WITNESS_CHANGES_PATH, is_of_22),
	   "damaged, they are of no use");
	must(file_read(WITNESS_CHANGES_PATH, &changes_text, &err));
	must(unlink(WITNESS_CHANGES_PATH));
	is_str(changes(), "s3 s5 s6 s9 ", "the whole file does without");
	edit(23, 3, 30);
	edit(23, 50, 1);
	ok(access(WITNESS_CHANGES_PATH, F_OK) && holds() == 1 &&
	   is_of(23, "s30", FILE_MAKER | FILE_SAME) &&
	   is_of(23, "s50", FILE_MAKER | FILE_SAME),
	   "where much differs, the whole file is written");
	must(file_replace(WITNESS_CHANGES_PATH, changes_text.buf,
			  changes_text.len, false, &err));
	ok(holds() == 1 && is_of(23, "s3", FILE_MAKER | FILE_SAME),
	   "changes of another whole file are none");
	edit(24, 40, 1);
	witness_remove();
	ok(access(WITNESS_CHANGES_PATH, F_OK) && holds() < 0,
	   "both are removed");
	strbuf_release(&changes_text);
}

/* How many buckets a witness of about PATH_COUNT paths has. */
static unsigned
bucket_count(size_t path_count)
{
	struct witness_head h = { .flow = flow };
	struct witness *w;
	unsigned count;

	witness_end(witness_begin(&h, NULL, NULL, path_count, NULL), true);
	w = witness_open(&flow);
	count = WITNESS_BUCKETS >> w->bucket_shift;
	witness_free(w);
	return count;
}

/* Or each search would take as long as there are paths. */
static void
test_buckets(void)
{
	is_int(bucket_count(0), 1, "a witness of nothing has one bucket");
	is_int(bucket_count(5000), 8192, "one of more has as many as paths");
	is_int(bucket_count(1000000), 65536, "up to a limit");
}

int
main(void)
{
	enter_work_dir();
	must(mkdir(STORE_DIR, 0777));
	must(mkdir(STORE_DIR "/cache", 0777));
	loop = loop_new(&clock_system, &err);
	pool = loop ? pool_new(loop, &err) : NULL;
	if (!pool)
		must(-1);
	test_head();
	test_files();
	test_racy_content();
	test_racy_shown();
	test_answers();
	test_trees();
	test_many();
	test_crowds();
	test_long();
	test_changes();
	test_dropped();
	test_damage();
	test_beside();
	test_buckets();
	pool_free(pool);
	loop_free(loop);
	leave_work_dir();
	return done_testing();
}
