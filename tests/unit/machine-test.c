/*
 * What of the machine may be used, as told by files like those of the kernel.
 */
#include "base/base.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/error.h"
#include "base/path.h"
#include "sys/file.h"
#include "sys/machine.h"
#include "tap.h"

static struct error err = ERROR_INIT;

/* Make PATH, and the directories it is in, hold TEXT. */
static void
put(const char *path, const char *text)
{
	char *dir = xstrndup(path, path_dir_len(path));

	if (file_make_dirs(dir, &err) < 0 ||
	    file_replace(path, text, strlen(text), false, &err) < 0)
		bug("%s", err.text);
	free(dir);
}

static void
test_machine(void)
{
	uint64_t cpus, memory;

	ok(machine_milli_cpus() >= 1, "this machine has a processor");
	ok(machine_memory_mb() >= 16, "and memory");
	put("v2/proc/self/cgroup", "0::/a/b\n");
	put("v2/sys/fs/cgroup/a/cpu.max", "150000 100000\n");
	put("v2/sys/fs/cgroup/a/b/cpu.max", "max 100000\n");
	put("v2/sys/fs/cgroup/a/memory.max", "max\n");
	put("v2/sys/fs/cgroup/a/b/memory.max", "1048576\n");
	cpus = machine_cgroup_milli_cpus("v2");
	is_int((intmax_t)cpus, 1500, "a group above ours limits us");
	memory = machine_cgroup_memory_bytes("v2");
	is_int((intmax_t)memory, 1048576, "and so does ours");
	put("v1/proc/self/cgroup",
	    "5:memory:/docker/x\n4:cpuset:/\n3:cpu,cpuacct:/docker/x\n");
	put("v1/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "50000\n");
	put("v1/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
	put("v1/sys/fs/cgroup/memory/memory.limit_in_bytes",
	    "9223372036854771712\n");
	cpus = machine_cgroup_milli_cpus("v1");
	is_int((intmax_t)cpus, 500,
	       "version 1 is read, also where a container hides our path");
	ok(machine_cgroup_memory_bytes("v1") == UINT64_MAX,
	   "an absurd limit is none");
	ok(machine_cgroup_milli_cpus("nowhere") == UINT64_MAX,
	   "without groups there is no limit");
}

int
main(void)
{
	char *dir = xstrdup("/tmp/flowmake-test-XXXXXX");

	if (!mkdtemp(dir) || chdir(dir) < 0)
		bug("no directory for the test");
	test_machine();
	if (chdir("/") < 0 || file_remove_tree(dir, &err) < 0)
		bug("%s", err.text);
	error_release(&err);
	free(dir);
	return done_testing();
}
