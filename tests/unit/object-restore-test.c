/*
 * Objects restored, verified and removed.
 */
#include "base/base.h"

#include <fcntl.h>

#include "base/clock.h"
#include "base/path.h"
#include "base/strbuf.h"
#include "base/strvec.h"
#include "db-rows.h"
#include "store/content.h"
#include "store/files.h"
#include "store/objects.h"
#include "store/store.h"
#include "work-dir.h"

static struct store *store;
static struct files *files;

/* The path of the object D; the caller frees it. */
static char *
object_path(const struct digest *d, const char *name)
{
	struct strbuf sb = STRBUF_INIT;

	object_add_path(&sb, d, name);
	return strbuf_detach(&sb, NULL);
}

static bool
exists(const char *path)
{
	return access(path, F_OK) == 0;
}

static int
mode_of(const char *path)
{
	struct stat st;

	return stat(path, &st) < 0 ? -1 : (int)(st.st_mode & 0777);
}

/* Whether the file PATH holds TEXT. */
static bool
holds(const char *path, const char *text)
{
	struct strbuf sb = STRBUF_INIT;
	bool same = !file_read(path, &sb, NULL) && !strcmp(sb.buf, text);

	strbuf_release(&sb);
	return same;
}

/* Put a new file with TEXT and MODE into the store, under NAME too. */
static struct digest
put_object(const char *text, mode_t mode, const char *name)
{
	struct digest d;
	struct stat st;

	put("made", text);
	must(chmod("made", mode));
	must(stat("made", &st));
	must(content_of_file("made", &st, &d, &err));
	must(object_take("made", &d, name, files, &err));
	return d;
}

/* Put a small tree with FILE in it into the store, under NAME too. */
static struct digest
put_tree(const char *text, const char *name)
{
	struct file_state state;

	must(file_make_dirs("tree/a/empty", &err));
	put("tree/a/file", text);
	put("tree/tool", "#!/bin/sh");
	must(chmod("tree/tool", 0755));
	must(symlink("a/file", "tree/link"));
	must(files_digest(files, "tree", &state, &err));
	must(object_take("tree", &state.digest, name, files, &err));
	return state.digest;
}

/* Write TEXT over the file PATH, which stays the same file. */
static void
damage(const char *path, const char *text)
{
	int fd;

	must(chmod(path, 0644));
	fd = must(open(path, O_WRONLY | O_TRUNC));
	must(file_write_all(fd, text, strlen(text), &err));
	must(close(fd));
}

/* How many names .flowmake/tmp has. */
static int
count_temporary(void)
{
	struct strvec names = STRVEC_INIT;
	int n;

	must(file_list(STORE_DIR "/tmp", &names, &err));
	n = (int)names.count;
	strvec_release(&names);
	return n;
}

static void
test_restore(void)
{
	struct digest d = put_object("content", 0644, NULL), other = { { 1 } };
	struct stat object, copy;
	char *path = object_path(&d, NULL);
	struct error e = ERROR_INIT;

	is_int(object_restore(&d, "out/sub/file", &err), 1,
	       "an object is restored into directories that are made");
	ok(holds("out/sub/file", "content"), "with its content");
	is_int(mode_of("out/sub/file"), 0644, "as a file that can be written");
	must(stat(path, &object));
	must(stat("out/sub/file", &copy));
	ok(object.st_ino != copy.st_ino && object.st_nlink == 1,
	   "that is no link of the object");
	put("here", "something else");
	is_int(object_restore(&d, "here", &err), 1, "a file is replaced");
	ok(holds("here", "content"), "by the restored one");
	is_int(object_restore(&other, "there", &e), 0,
	       "what the store does not have is not restored");
	ok(!e.text && !exists("there"), "without an error or a file");
	must(mkdir("dir", 0777));
	put("dir/file", "mine");
	is_int(object_restore(&d, "dir", &e), -1,
	       "a directory that is in the way is an error");
	ok(failed_with(&e, "'dir'") && holds("dir/file", "mine"),
	   "and is left as it is");
	d = put_object("tool", 0700, NULL);
	is_int(object_restore(&d, "tool", &err), 1, "a program is restored");
	is_int(mode_of("tool"), 0755, "as one");
	is_int(count_temporary(), 0, "nothing is left in the store");
	free(path);
}

static void
test_restore_tree(void)
{
	struct digest d = put_tree("one", NULL), named = put_tree("two", "n");

	is_int(object_restore(&d, "t1", &err), 1, "a directory is restored");
	ok(holds("t1/link", "one") && exists("t1/a/empty"),
	   "with all that it held");
	ok(mode_of("t1/a/file") == 0644 && mode_of("t1/tool") == 0755,
	   "in files that can be written");
	is_int(object_restore(&named, "t2", &err), 1,
	       "also one that has a name");
	ok(holds("t2/a/file", "two"), "whole");
	is_int(count_temporary(), 0, "nothing is left in the store");
}

static void
test_damaged(void)
{
	struct digest d = put_object("named", 0644, "n.txt"), tree;
	char *path = object_path(&d, NULL), *named = object_path(&d, "n.txt");
	struct error e = ERROR_INIT;

	damage(path, "torn!");
	is_int(object_restore(&d, "torn", &e), 0,
	       "a damaged object is not restored");
	ok(failed_with(&e, "was damaged and is removed"), "that is said");
	ok(!exists("torn") && !exists(path) && !exists(named),
	   "and it is removed under all its names");
	is_int(object_restore(&d, "torn", &e), 0, "so that it is missing now");
	free(path);
	free(named);
	d = put_object("empty", 0644, NULL);
	path = object_path(&d, NULL);
	damage(path, "");
	is_int(object_restore(&d, "torn", &e), 0,
	       "one that a crash emptied is damaged");
	ok(failed_with(&e, path), "and named");
	free(path);
	tree = put_tree("three", NULL);
	path = object_path(&tree, NULL);
	named = path_join(path, "a/file");
	must(unlink(named));
	is_int(object_restore(&tree, "torn", &e), 0,
	       "so is a directory that lost a file");
	ok(failed_with(&e, path) && !exists(path) && !exists("torn"),
	   "which is removed");
	is_int(count_temporary(), 0, "nothing is left in the store");
	free(path);
	free(named);
}

/* Begin with what the database has. */
static void
next_run(void)
{
	must(files_save(files, &err));
	must(store_commit(store, &err));
	files_free(files);
	files = files_new(store, &clock_system);
}

/* Let the database say that all files have the content of none. */
static void
lie(void)
{
	change_rows("UPDATE files SET state = x'02000000' ||"
		    " substr(state, 5, 32) || x'"
		    "deadbeefdeadbeefdeadbeefdeadbeef'");
}

static void
test_verify(void)
{
	struct digest d = put_object("verified", 0644, "v"), none = { { 2 } };
	char *path = object_path(&d, NULL), *named = object_path(&d, "v");
	struct error e = ERROR_INIT;
	struct digest tree = put_tree("four", "dir");

	is_int(object_verify(&d, NULL, files, &err), 1, "an object is good");
	is_int(object_verify(&d, "v", files, &err), 1, "under its name too");
	is_int(object_verify(&d, "w", files, &err), 0, "not under another");
	is_int(object_verify(&tree, "dir", files, &err), 1,
	       "a directory is good");
	is_int(object_verify(&tree, NULL, files, &err), 1,
	       "also without its name");
	is_int(object_verify(&none, NULL, files, &e), 0, "one that is missing "
	       "is not");
	ok(!e.text, "which is no error");
	damage(path, "verified");
	must(chmod(path, 0444));
	is_int(object_verify(&d, NULL, files, &err), 1,
	       "one that was touched and has its content is good");
	damage(path, "falsified");
	is_int(object_verify(&d, "v", files, &e), 0, "one that changed is not");
	ok(failed_with(&e, "was damaged and is removed"), "that is said");
	ok(!exists(path) && !exists(named), "and it is removed");
	free(path);
	free(named);
}

static void
test_remembered(void)
{
	struct digest d = put_object("kept", 0644, NULL);
	struct timespec times[2] = { { 1, 1 }, { 1, 1 } };
	char *path = object_path(&d, NULL);
	struct error e = ERROR_INIT;

	must(object_verify(&d, NULL, files, &err));
	next_run();
	lie();
	is_int(object_verify(&d, NULL, files, &e), 0,
	       "what was verified is not read again");
	ok(failed_with(&e, path), "if the database is believed");
	d = put_object("kept", 0644, NULL);
	must(object_verify(&d, NULL, files, &err));
	next_run();
	lie();
	must(utimensat(AT_FDCWD, path, times, 0));
	is_int(object_verify(&d, NULL, files, &err), 1,
	       "one whose times changed is");
	free(path);
}

static void
test_remove(void)
{
	struct digest d = put_object("gone", 0644, "g");
	struct digest tree = put_tree("five", "dir");
	char *path = object_path(&d, NULL), *named = object_path(&d, "g");
	char *dir = object_path(&tree, NULL);

	is_int(object_remove(&d, &err), 0, "an object is removed");
	ok(!exists(path) && !exists(named), "under all its names");
	is_int(object_remove(&d, &err), 0, "one that is gone is fine");
	is_int(object_remove(&tree, &err), 0, "a directory is removed");
	ok(!exists(dir) && !object_exists(&tree, "dir"), "whole");
	free(path);
	free(named);
	free(dir);
}

int
main(void)
{
	enter_work_dir();
	store = store_open(STORE_WRITE, &err);
	if (!store)
		must(-1);
	files = files_new(store, &clock_system);
	test_restore();
	test_restore_tree();
	test_damaged();
	test_verify();
	test_remembered();
	test_remove();
	files_free(files);
	must(store_close(store, &err));
	leave_work_dir();
	return done_testing();
}
