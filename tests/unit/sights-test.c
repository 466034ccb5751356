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

int
main(void)
{
	enter_work_dir();
	test_stamps();
	test_contents();
	strbuf_release(&list);
	leave_work_dir();
	return done_testing();
}
