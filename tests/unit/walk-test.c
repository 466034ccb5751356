/*
 * The names of a project's files, found before its run begins: whether they
 * hold when it does.
 */
#include "base/base.h"

#include <git2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "fake-clock.h"
#include "git/project.h"
#include "git/walk.h"
#include "work-dir.h"

enum { MANY = 5001 };

static git_repository *ours;
static struct project project;
static struct walk walk;
static const struct strvec *full; /* of the next one, or NULL */

static int64_t
changed_ns(const char *path)
{
	struct stat st;

	must(stat(path, &st));
	return timespec_ns(st.st_ctim);
}

/* Find the names MS after the last change of the project's directory. */
static void
find_names(int64_t ms)
{
	fake_clock_ns = changed_ns(".") + ms * NS_PER_MS;
	walk_release(&walk);
	memset(&walk, 0, sizeof(walk));
	walk.project = &project;
	walk.store = ".flowmake";
	walk.clock = &fake_clock;
	walk_init(&walk);
	must(walk_names(&walk, full, &err));
}

/* Make and remove PATH, in DIR, until the time of DIR shows it. */
static void
touch_dir(const char *dir, const char *path)
{
	int64_t before_ns = changed_ns(dir);

	do {
		put(path, "");
		must(unlink(path));
	} while (changed_ns(dir) == before_ns);
}

/* Whether PATH was found, and is not out. */
static bool
has(const char *path)
{
	size_t i;

	for (i = 0; i < walk.count; i++)
		if (!strcmp(walk.found[i].path, path))
			return !walk.found[i].is_out;
	return false;
}

static void
look(int64_t since_ns)
{
	git_index *none = NULL;

	must(git_index_new(&none));
	walk_look(&walk, none, since_ns);
	git_index_free(none);
}

static void
test_names(void)
{
	must(mkdir("lib", 0777));
	put("a", "1");
	put("lib/b", "2");
	find_names(1000);
	ok(walk_holds(&walk), "names of which nothing has changed hold");
	ok(has("a") && has("lib/b"), "they are those that are there");
	look(INT64_MAX);
	ok(has("a") && has("lib/b"), "their files are code");
	find_names(1000);
	look(0);
	ok(!has("a") && !has("lib/b"), "unless tasks have made them since");
}

static void
test_changes(void)
{
	find_names(1000);
	touch_dir("lib", "lib/c");
	ok(!walk_holds(&walk), "names in a directory that changed do not hold");
	find_names(1000);
	must(rename("lib", "lib2"));
	ok(!walk_holds(&walk), "nor do those in one that is gone");
	must(rename("lib2", "lib"));
	find_names(1);
	ok(!walk_holds(&walk), "nor those of one that had just changed when it "
	   "was read: its time may not tell of more");
	find_names(1000);
	must(unlink("lib/b"));
	look(INT64_MAX);
	ok(has("a") && !has("lib/b"), "a file that goes after its name was "
	   "found is left out");
	put("lib/b", "2");
	find_names(1000);
	must(rename("lib", "lib2"));
	put("lib", "");
	look(INT64_MAX);
	ok(walk.left_out.count == 1 &&
	   !strcmp(walk.left_out.v[0], "lib: Not a directory"),
	   "that a directory cannot be looked at is said");
	must(unlink("lib"));
	must(rename("lib2", "lib"));
}

static void
test_data(void)
{
	char path[32];
	int i;

	must(mkdir("data", 0777));
	for (i = 0; i < MANY; i++) {
		snprintf(path, sizeof(path), "data/%d", i);
		put(path, "");
	}
	find_names(1000);
	touch_dir("data", "data/x");
	ok(walk_holds(&walk), "a directory full of data may change: it is only "
	   "counted");
	look(INT64_MAX);
	ok(has("a") && !has("data/1"), "and its files are not code");
}

/* Find the names when SAMPLE is known to be in a full directory; whether that
 * was left out. */
static bool
leaves_out(char *sample)
{
	char *samples[] = { sample, NULL };
	const struct strvec known = { .v = samples, .count = 1 };
	uint64_t before;

	full = &known;
	find_names(1000);
	full = NULL;
	look(INT64_MAX);
	before = walk.left_out_count;
	walk_leave_out_data(&walk);
	return walk.left_out_count > before;
}

static void
test_known(void)
{
	char in_few[] = "few/1", in_more[] = "more/1", in_top[] = "a";

	must(mkdir("few", 0777));
	put("few/1", "");
	must(mkdir("more", 0777));
	must(mkdir("more/sub", 0777));
	put("more/1", "");
	must(unlink("data/1"));
	must(unlink("data/2"));
	ok(leaves_out(in_few) && !has("few/1") && has("a"),
	   "one that is known to be full is not read");
	ok(!leaves_out(in_more) && has("more/1") && has("few/1"),
	   "unless there are directories in it");
	ok(!leaves_out(in_top) && has("a"), "or it is the project");
}

int
main(void)
{
	char *why = NULL;

	enter_work_dir();
	git_libgit2_init();
	must(git_repository_init(&ours, "ours.git", true));
	must(project_open(&project, ours, &why, &err));
	test_names();
	test_changes();
	test_data();
	test_known();
	walk_release(&walk);
	project_close(&project);
	git_repository_free(ours);
	git_libgit2_shutdown();
	leave_work_dir();
	return done_testing();
}
