/*
 * A store for a fuzz target whose input is one of its files.
 */
#ifndef FLOWMAKE_TESTS_FUZZ_FUZZ_STORE_H
#define FLOWMAKE_TESTS_FUZZ_FUZZ_STORE_H

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/error.h"
#include "store/store.h"
#include "sys/file.h"

static char fuzz_dir[] = "/tmp/flowmake-fuzz-XXXXXX";

static void
fuzz_store_leave(void)
{
	if (!chdir("/"))
		file_remove_tree(fuzz_dir, NULL);
}

/* Be in a directory with a store, which goes with the process. */
static void
fuzz_store_enter(void)
{
	static bool entered;
	struct store *s;

	if (entered)
		return;
	entered = true;
	if (!mkdtemp(fuzz_dir) || chdir(fuzz_dir))
		bug("no directory for the test");
	atexit(fuzz_store_leave);
	s = store_open(STORE_WRITE, NULL);
	if (!s || store_close(s, NULL))
		bug("no store for the test");
}

/* Make the file PATH hold SIZE bytes at DATA. */
static void
fuzz_store_put(const char *path, const void *data, size_t size)
{
	int fd;

	/* ext4 writes a file that was cut to nothing when it is closed */
	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0 || file_write_all(fd, data, size, NULL) || close(fd))
		bug("cannot write '%s'", path);
}

#endif
