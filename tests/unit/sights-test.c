/*
 * Lists of files as they were seen.
 */
#include "base/base.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/strbuf.h"
#include "sys/sights.h"
#include "tap.h"
#include "work-dir.h"

static struct strbuf list = STRBUF_INIT;

static bool
hold(void)
{
	return sights_hold(list.buf, list.len);
}

static void
test_stamps(void)
{
	strbuf_reset(&list);
	put("a", "1");
	sights_look(&list, "a");
	sights_look(&list, "none");
	ok(hold(), "what is as it was holds, and so does what is not there");
	put("none", "");
	ok(!hold(), "something that is new does not");
	unlink("none");
	ok(hold(), "until it is gone");
	ok(!sights_hold(list.buf, list.len - 1), "a list that is cut does not");
	put("b", "1");
	rename("b", "a");
	ok(!hold(), "nor a file that took the place of another");
	unlink("a");
	ok(!hold(), "nor one that is gone");
}

/* Add PATH with the content TEXT. */
static void
add(const char *path, const char *text, size_t len)
{
	struct digest d = digest_of(text, len);
	struct stat st;

	lstat(path, &st);
	sights_add(&list, path, &st, &d);
}

static void
test_contents(void)
{
	strbuf_reset(&list);
	put("c", "1");
	ok(!symlink("there", "link"), "a symlink is made");
	add("c", "1", 1);
	add("link", "there", 5);
	ok(hold(), "what has its content holds, and its target");
	strbuf_reset(&list);
	add("c", "2", 1);
	ok(!hold(), "with the same times and another content it does not");
	strbuf_reset(&list);
	add("link", "here", 4);
	ok(!hold(), "nor with another target");
}

/* Append PATH to the list of changes that DATA is. */
static bool
note_change(void *data, const char *path)
{
	strbuf_addf(data, "%s ", path);
	return true;
}

static void
test_changes(void)
{
	struct strbuf changes = STRBUF_INIT;
	struct stat st;

	strbuf_reset(&list);
	mkdir("dir", 0777);
	lstat("dir", &st);
	sights_add(&list, "dir", &st, NULL);
	ok(hold(), "a directory holds");
	sights_doubt(&list, "doubt");
	ok(!hold(), "what is in doubt does not");
	add("c", "1", 1);
	add("link", "here", 4);
	put("dir/new", "");
	ok(sights_each_change(list.buf, list.len, false, note_change,
			      &changes),
	   "a list can be read");
	is_str(changes.buf, "dir doubt link ", "all changes are told");
	ok(!sights_each_change(list.buf, list.len - 1, false, note_change,
			       &changes),
	   "a part of one cannot");
	strbuf_reset(&changes);
	sights_each_change(list.buf, list.len, true, note_change, &changes);
	is_str(changes.buf, "dir doubt ", "by stamps not the contents");
	strbuf_release(&changes);
}

int
main(void)
{
	enter_work_dir();
	test_stamps();
	test_contents();
	test_changes();
	strbuf_release(&list);
	leave_work_dir();
	return done_testing();
}
