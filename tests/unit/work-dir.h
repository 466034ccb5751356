/*
 * A directory of its own for a test that writes files, and what such tests
 * often need.
 */
#ifndef FLOWMAKE_TESTS_UNIT_WORK_DIR_H
#define FLOWMAKE_TESTS_UNIT_WORK_DIR_H

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "sys/file.h"
#include "tap.h"

/* What must not fail for the test to make sense reports here. */
static struct error err = ERROR_INIT;
static char work_dir[] = "/tmp/flowmake-test-XXXXXX";

/* Stop the test when RC says that something failed. */
__attribute__((unused)) static int
must(int rc)
{
	if (rc < 0)
		bug("%s", err.text ? err.text : "a call failed");
	return rc;
}

__attribute__((unused)) static void
enter_work_dir(void)
{
	umask(022);
	if (!mkdtemp(work_dir) || chdir(work_dir) < 0)
		bug("no directory for the test");
}

__attribute__((unused)) static void
leave_work_dir(void)
{
	if (chdir("/") < 0)
		bug("cannot leave the directory of the test");
	must(file_remove_tree(work_dir, &err));
	error_release(&err);
}

/* Make PATH hold TEXT, as a new file. */
__attribute__((unused)) static void
put(const char *path, const char *text)
{
	must(file_replace(path, text, strlen(text), false, &err));
}

/* Whether an error was set that holds TEXT; drops it. */
__attribute__((unused)) static bool
failed_with(struct error *e, const char *text)
{
	bool found = e->text && strstr(e->text, text);

	if (!found)
		printf("# error: %s\n", e->text ? e->text : "(none)");
	error_release(e);
	return found;
}

#endif
