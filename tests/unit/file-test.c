/*
 * Files and trees.
 */
#include "base/base.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/strbuf.h"
#include "base/strvec.h"
#include "sys/file.h"
#include "tap.h"

static struct error err = ERROR_INIT;

/* Make PATH hold TEXT. */
static void
put(const char *path, const char *text)
{
	if (file_replace(path, text, strlen(text), false, &err) < 0)
		bug("%s", err.text);
}

static void
make_dirs(const char *path)
{
	if (file_make_dirs(path, &err) < 0)
		bug("%s", err.text);
}

/* Check that PATH holds WANT (NULL: is not there). */
static void
is_file(const char *path, const char *want, const char *title)
{
	struct strbuf sb = STRBUF_INIT;
	int rc = file_read(path, &sb, NULL);

	is_str(rc < 0 ? NULL : sb.buf, want, title);
	strbuf_release(&sb);
}

/* How many entries PATH has. */
static int
count_entries(const char *path)
{
	struct strvec names = STRVEC_INIT;
	int n = file_list(path, &names, NULL) < 0 ? -1 : (int)names.count;

	strvec_release(&names);
	return n;
}

static void
test_reading(void)
{
	struct strbuf sb = STRBUF_INIT;

	put("a", "first");
	is_file("a", "first", "a file has what was put into it");
	put("a", "second");
	is_file("a", "second", "a file is replaced");
	is_int(count_entries("."), 1, "nothing is left beside it");
	ok(!file_replace("a", "third", 5, true, NULL), "it may be synced");
	is_int(file_read("none", &sb, &err), -1, "a missing file is an error");
	is_str(err.text, "cannot open 'none': No such file or directory",
	       "that says which and why");
	is_int(file_read(".", &sb, &err), -1, "so is a directory");
	is_str(err.text, "cannot read '.': Is a directory", "in words");
	is_int(file_read("/proc/self/stat", &sb, &err), 0,
	       "a file without a size is read");
	ok(sb.len > 10, "and is not empty");
	is_int(file_replace("none/a", "x", 1, false, &err), -1,
	       "a file in no directory cannot be written");
	strbuf_release(&sb);
}

static void
test_dirs(void)
{
	struct strvec names = STRVEC_INIT;
	char byte[1];

	make_dirs("d/e/f");
	make_dirs("d/e/f");
	make_dirs("d//e/./g/");
	make_dirs(".");
	file_list("d/e", &names, NULL);
	ok(names.count == 2 && !strcmp(names.v[0], "f") &&
		   !strcmp(names.v[1], "g"),
	   "directories are made with those above and listed in order");
	is_int(file_make_dirs("a/b", &err), -1,
	       "a file in the way is an error");
	is_int(file_make_dirs("a", &err), -1, "in the last place too");
	is_str(err.text, "cannot make directory 'a': Not a directory",
	       "and said");
	is_int(symlink("d", "link"), 0, "a symlink to a directory");
	is_int(file_make_dirs("link", &err), 0, "is one");
	is_int(file_remove_tree("link", &err), 0, "a symlink is removed");
	ok(readlink("link", byte, 1) < 0 && count_entries("d/e") == 2,
	   "what it points to is not");
	if (symlink("nothing", "dangling"))
		bug("no symlink");
	error_release(&err);
	is_int(file_make_dirs("dangling/d", &err), -1, "nor made through one");
	is_str(err.text, "cannot make directory 'dangling': File exists",
	       "that points to nothing, which is there all the same");
	is_int(file_remove_tree("dangling", &err), 0,
	       "it need not point to anything");
	ok(readlink("dangling", byte, 1) < 0, "to be removed");
	strvec_release(&names);
}

/* Make a chain of DEPTH directories in "deep", deeper than a path may be. */
static void
make_deep(int depth)
{
	int fd, next, i;

	make_dirs("deep");
	fd = open("deep", O_RDONLY | O_DIRECTORY);
	for (i = 0; i < depth; i++) {
		mkdirat(fd, "a-long-name", 0777);
		next = openat(fd, "a-long-name", O_RDONLY | O_DIRECTORY);
		close(openat(fd, "file", O_WRONLY | O_CREAT, 0666));
		close(fd);
		fd = next;
	}
	close(fd);
}

/* What of ROUNDS trees two processes at a time could not remove: 0, if all
 * is well. */
static int
remove_by_two(int rounds)
{
	int status, failed = 0;
	char name[32];
	pid_t child;

	for (int i = 0; i < rounds; i++) {
		for (int k = 0; k < 20; k++) {
			snprintf(name, sizeof(name), "two/%d/sub/sub", k);
			make_dirs(name);
		}
		child = fork();
		failed += file_remove_tree("two", &err) < 0;
		if (!child)
			_exit(failed > 0);
		waitpid(child, &status, 0);
		failed += status != 0 || access("two", F_OK) == 0;
	}
	return failed;
}

static void
test_remove(void)
{
	int i;
	char name[32];

	is_int(file_remove_tree("none", &err), 0, "nothing there is fine");
	make_dirs("t/x/y");
	make_dirs("t/z");
	put("t/x/y/1", "");
	put("t/x/2", "");
	put("outside", "stays");
	symlink("../../outside", "t/z/link");
	symlink("../../d", "t/z/dir-link");
	for (i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "t/many-%d", i);
		make_dirs(name);
	}
	is_int(file_remove_tree("t", &err), 0, "a tree is removed");
	is_int(access("t", F_OK), -1, "whole");
	is_file("outside", "stays", "nothing behind a symlink is");
	is_int(count_entries("d/e"), 2, "nor a directory behind one");
	make_deep(600);
	is_int(file_remove_tree("deep", &err), 0,
	       "a tree deeper than a path may be is removed");
	make_dirs("ro/sub/sub");
	put("ro/sub/file", "");
	chmod("ro/sub/sub", 0);
	chmod("ro/sub", 0500);
	chmod("ro", 0500);
	is_int(file_remove_tree("ro", &err), 0,
	       "a tree that forbids writing is removed");
	is_int(file_remove_tree("/proc/self/stat", &err), -1,
	       "what cannot be removed is an error");
	is_int(remove_by_two(50), 0,
	       "two processes can remove the same tree at a time");
}

static void
test_copy(void)
{
	struct stat st;

	put("from", "some bytes");
	chmod("from", 0555);
	is_int(file_copy("from", "to", &err), 0, "a file is copied");
	is_file("to", "some bytes", "with what it holds");
	stat("to", &st);
	is_int(st.st_mode & 0777, 0555, "and its mode");
	is_int(file_copy("from", "to", &err), -1, "never over another");
	is_int(file_copy("none", "to2", &err), -1, "and not from nothing");
	is_int(file_copy("d", "to2", &err), -1, "or a directory");
	is_int(access("to2", F_OK), -1, "then nothing is made");
	is_int(file_copy("/proc/self/status", "status", &err), 0,
	       "a file that says it is empty is copied too");
	stat("status", &st);
	ok(st.st_size > 100, "whole");
	is_int(file_move("to", "moved", &err), 0, "a file is moved");
	ok(access("to", F_OK) < 0 && !access("moved", F_OK), "away");
}

static void
test_copy_fresh(void)
{
	struct stat st;

	make_dirs("old/sub/empty");
	put("old/sub/file", "old bytes");
	put("old/tool", "#!/bin/sh");
	symlink("sub/file", "old/link");
	chmod("old/sub/file", 0444);
	chmod("old/tool", 0500);
	is_int(file_copy_fresh("old", "new", &err), 0,
	       "a tree is copied as if it was new");
	is_file("new/link", "old bytes", "with all that it holds");
	is_int(count_entries("new/sub/empty"), 0, "empty directories too");
	stat("new/sub/file", &st);
	is_int(st.st_mode & 0777, 0644, "what was read-only can be written");
	stat("new/tool", &st);
	is_int(st.st_mode & 0777, 0755, "what could be executed still can");
	is_int(file_copy_fresh("old/tool", "tool", &err), 0,
	       "the same for one file");
	is_int(file_copy_fresh("old/link", "link2", &err), 0,
	       "and for a symlink");
	lstat("link2", &st);
	ok(S_ISLNK(st.st_mode), "which stays one");
	is_int(file_copy_fresh("none", "new2", &err), -1,
	       "nothing there is an error");
	is_int(access("new2", F_OK), -1, "that makes nothing");
}

/* OTHER is a directory on another file system, or NULL. */
static void
test_move(const char *other)
{
	static const struct timespec long_ago[2] = { { 1000, 5 }, { 2000, 6 } };
	struct stat before, after;
	char *to, *inside;

	if (!other) {
		ok(true, "# SKIP no second file system");
		return;
	}
	make_dirs("tree/sub/empty");
	put("tree/sub/file", "moved bytes");
	symlink("sub/file", "tree/link");
	utimensat(AT_FDCWD, "tree/sub/file", long_ago, 0);
	stat("tree/sub/file", &before);
	to = xasprintf("%s/tree", other);
	inside = xasprintf("%s/sub/file", to);
	is_int(file_move("tree", to, &err), 0,
	       "a tree moves to another file system");
	is_file(inside, "moved bytes", "with its files");
	stat(inside, &after);
	ok(before.st_mtim.tv_sec == 2000 && after.st_mtim.tv_sec == 2000 &&
		   after.st_mtim.tv_nsec == 6, "which keep their times");
	free(inside);
	inside = xasprintf("%s/link", to);
	is_file(inside, "moved bytes", "its symlinks");
	free(inside);
	inside = xasprintf("%s/sub/empty", to);
	is_int(count_entries(inside), 0, "and its empty directories");
	free(inside);
	is_int(access("tree", F_OK), -1, "and is gone here");
	is_int(count_entries(other), 1, "nothing else is left there");
	free(to);
}

/* A new directory on another file system than the current one, or NULL. */
static char *
find_other(void)
{
	char *dir = xstrdup("/dev/shm/flowmake-test-XXXXXX");
	struct stat here, there;

	if (!stat(".", &here) && !stat("/dev/shm", &there) &&
	    here.st_dev != there.st_dev && mkdtemp(dir))
		return dir;
	free(dir);
	return NULL;
}

int
main(void)
{
	char *dir = xstrdup("/tmp/flowmake-test-XXXXXX"), *other;

	umask(022);
	if (!mkdtemp(dir) || chdir(dir) < 0)
		bug("no directory for the test");
	test_reading();
	test_dirs();
	test_remove();
	test_copy();
	test_copy_fresh();
	other = find_other();
	test_move(other);
	if (chdir("/") < 0 || file_remove_tree(dir, &err) < 0 ||
	    (other && file_remove_tree(other, &err) < 0))
		bug("%s", err.text);
	error_release(&err);
	free(other);
	free(dir);
	return done_testing();
}
