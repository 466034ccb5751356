/*
 * Large inputs: which are hashed before a task starts, and what is known then.
 */
#include "base/base.h"

#include "sched/prehash.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/strbuf.h"
#include "model/graph.h"
#include "store/files.h"
#include "store/store.h"
#include "sys/file.h"
#include "sys/loop.h"
#include "sys/pool.h"
#include "work-dir.h"

static struct loop *loop;
static struct pool *pool;
static struct store *store;
static struct files *files;
static struct prehash *hashes;
static unsigned done_count;

static void
on_done(void *data)
{
	if (data != &done_count)
		bug("done is called with something else");
	done_count++;
}

/* Make PATH a file of SIZE bytes, without any on the disk. */
static void
put_large(const char *path, off_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

	if (fd < 0 || ftruncate(fd, size) || close(fd))
		bug("cannot make '%s'", path);
}

/* Ask for inputs PATHS, NULL-terminated. */
static bool
prehash(const char *const *paths)
{
	struct task_file inputs[8];
	struct task t = { .inputs = inputs };

	memset(inputs, 0, sizeof(inputs));
	for (; paths[t.input_count]; t.input_count++)
		inputs[t.input_count].path = paths[t.input_count];
	return prehash_inputs(hashes, &t, on_done, &done_count);
}

/* The files as they are now. */
static void
look_anew(void)
{
	prehash_free(hashes);
	if (files)
		files_free(files);
	files = files_new(store, &clock_system);
	hashes = prehash_new(pool, files);
}

/* Until COUNT tasks were told. */
static void
wait_done(unsigned count)
{
	done_count = 0;
	while (done_count < count)
		must(loop_turn(loop, true, &err));
}

/* Whether the digest of PATH is known without reading it. */
static bool
is_known(const char *path)
{
	struct file_state state;
	struct stat st;

	return files_known(files, path, &state, &err) > 0 &&
	       !files_is_costly(files, path, &st);
}

static void
test_small(void)
{
	static const char *const paths[] = { "small", "none", "dir", NULL };

	put("small", "text");
	if (mkdir("dir", 0777))
		bug("no directory");
	look_anew();
	ok(!prehash(paths), "small files, directories and what is not there "
	   "need no thread");
	must(loop_turn(loop, false, &err));
	is_int(done_count, 0, "and nothing is called");
	ok(!is_known("small"), "nor is anything hashed");
}

static void
test_large(void)
{
	static const char *const paths[] = { "small", "large", "larger",
					     NULL };
	struct file_state a, b;

	put_large("large", FILES_COSTLY_BYTES + 1);
	put_large("larger", FILES_COSTLY_BYTES + 2);
	look_anew();
	ok(prehash(paths), "large files do");
	is_int(done_count, 0, "the caller goes on meanwhile");
	ok(!is_known("large"), "nothing is known before the loop turns");
	wait_done(1);
	is_int(done_count, 1, "it is told once");
	ok(is_known("large") && is_known("larger"), "then both are known");
	ok(!is_known("small"), "what is small is left");
	ok(!prehash(paths), "and nothing is hashed twice");
	must(files_digest(files, "large", &a, &err));
	look_anew();
	must(files_digest(files, "large", &b, &err));
	ok(digest_equal(&a.digest, &b.digest) &&
	   a.size_bytes == FILES_COSTLY_BYTES + 1,
	   "the digest is that of its content");
}

/* Work that lasts until there is something to read. */
struct waiting_job {
	struct pool_job job;
	int fd;
};

static void
wait_to_read(struct pool_job *job)
{
	char byte;

	if (read(((struct waiting_job *)job)->fd, &byte, 1) != 1)
		bug("nobody writes");
}

static void
ignore(struct pool_job *job)
{
	(void)job;
}

/* Keep all threads busy, until a byte for each is written to what is
 * returned. */
static int
occupy(struct waiting_job *jobs, size_t count)
{
	int ends[2];

	if (pipe(ends))
		bug("no pipe");
	while (count--) {
		jobs[count].job.work = wait_to_read;
		jobs[count].job.done = ignore;
		jobs[count].fd = ends[0];
		pool_submit(pool, &jobs[count].job);
	}
	return ends[1];
}

static void
test_changes(void)
{
	static const char *const paths[] = { "large", "gone", NULL };
	static struct waiting_job jobs[2]; /* they end when they like */
	struct file_state state;
	int fd = occupy(jobs, 2);

	put_large("gone", FILES_COSTLY_BYTES + 1);
	look_anew();
	ok(prehash(paths), "a file may be large");
	if (unlink("gone") || write(fd, "go", 2) != 2)
		bug("cannot remove a file");
	wait_done(1);
	is_int(done_count, 1, "and be gone when it is hashed");
	ok(is_known("large"), "others are known nevertheless");
	is_int(files_digest(files, "gone", &state, &err), 0,
	       "who uses it finds that it is not there");

	put_large("large", FILES_COSTLY_BYTES + 3);
	ok(prehash(paths), "a file that has changed is hashed again");
	wait_done(1);
	must(files_digest(files, "large", &state, &err));
	is_int((intmax_t)state.size_bytes, FILES_COSTLY_BYTES + 3,
	       "as it is now");
}

/* How many times this process was given bytes of files. */
static uintmax_t
reads(void)
{
	struct strbuf sb = STRBUF_INIT;
	uintmax_t n;

	must(file_read("/proc/self/io", &sb, &err));
	n = strtoumax(strchr(sb.buf, ':') + 1, NULL, 10);
	strbuf_release(&sb);
	return n;
}

static void
test_shared(void)
{
	static const char *const one[] = { "shared", NULL };
	static const char *const both[] = { "own", "shared", NULL };
	static struct waiting_job jobs[2]; /* they end when they like */
	uintmax_t before;
	int fd = occupy(jobs, 2);

	put_large("shared", 4 * FILES_COSTLY_BYTES);
	put_large("own", FILES_COSTLY_BYTES + 1);
	look_anew();
	before = reads();
	ok(prehash(one) && prehash(both) && prehash(one),
	   "tasks may wait for one file, and for others");
	if (write(fd, "go", 2) != 2)
		bug("cannot write");
	wait_done(3);
	is_int(done_count, 3, "each is told once");
	ok(is_known("shared") && is_known("own"), "when all of its are known");
	ok(reads() - before < 6 * FILES_COSTLY_BYTES,
	   "and each file was read once");
	must(loop_turn(loop, false, &err));
	is_int(done_count, 3, "nobody is told again");
}

int
main(void)
{
	enter_work_dir();
	loop = loop_new(&clock_system, &err);
	store = store_open(STORE_WRITE, &err);
	pool = loop ? pool_new(loop, &err) : NULL;
	if (!pool || !store)
		must(-1);
	test_small();
	test_large();
	test_changes();
	test_shared();
	pool_free(pool);
	prehash_free(hashes);
	files_free(files);
	must(store_close(store, &err));
	loop_free(loop);
	leave_work_dir();
	return done_testing();
}
