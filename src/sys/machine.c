/*
 * What of this machine this process may use.  A limit of a group holds for
 * all below it, so the least on the way from our group to the top counts.
 * Inside a container the path of our group may not exist in what is mounted;
 * files that are not there limit nothing.
 */
#include "base/base.h"

#include "sys/machine.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/path.h"
#include "base/strbuf.h"
#include "sys/file.h"

enum { MIB = 1 << 20 };

/* Reads the limit of one group, the directory DIR. */
typedef uint64_t limit_fn(const char *dir);

/* The content of DIR/NAME, empty when it cannot be read. */
static void
read_setting(const char *dir, const char *name, struct strbuf *sb)
{
	char *path = path_join(dir, name);

	strbuf_reset(sb);
	if (file_read(path, sb, NULL) < 0)
		strbuf_reset(sb);
	free(path);
}

/* QUOTA microseconds of each PERIOD, as thousandths of a processor. */
static uint64_t
quota_to_milli_cpus(long long quota, long long period)
{
	if (quota <= 0 || period <= 0)
		return UINT64_MAX;
	return (uint64_t)MAX(quota * 1000 / period, 1);
}

static uint64_t
cpus_v2(const char *dir)
{
	struct strbuf sb = STRBUF_INIT;
	long long quota = 0, period = 0;

	/* "max 100000" or "150000 100000" */
	read_setting(dir, "cpu.max", &sb);
	if (sscanf(sb.buf, "%lld %lld", &quota, &period) != 2)
		quota = 0;
	strbuf_release(&sb);
	return quota_to_milli_cpus(quota, period);
}

static uint64_t
cpus_v1(const char *dir)
{
	struct strbuf sb = STRBUF_INIT;
	long long quota, period;

	read_setting(dir, "cpu.cfs_quota_us", &sb);
	quota = strtoll(sb.buf, NULL, 10);
	read_setting(dir, "cpu.cfs_period_us", &sb);
	period = strtoll(sb.buf, NULL, 10);
	strbuf_release(&sb);
	return quota_to_milli_cpus(quota, period);
}

/* A number of bytes; "max", an absurd one, or none at all limit nothing. */
static uint64_t
memory_setting(const char *dir, const char *name)
{
	struct strbuf sb = STRBUF_INIT;
	unsigned long long n;
	char *end;

	read_setting(dir, name, &sb);
	n = strtoull(sb.buf, &end, 10);
	if (end == sb.buf || !n || n >= UINT64_C(1) << 60)
		n = UINT64_MAX;
	strbuf_release(&sb);
	return n;
}

static uint64_t
memory_v2(const char *dir)
{
	return MIN(memory_setting(dir, "memory.max"),
		   memory_setting(dir, "memory.high"));
}

static uint64_t
memory_v1(const char *dir)
{
	return memory_setting(dir, "memory.limit_in_bytes");
}

/* The least limit of the group GROUP ("/a/b") mounted at MOUNT and of those
 * above it. */
static uint64_t
least_on_the_way(const char *root, const char *mount, const char *group,
		 size_t group_len, limit_fn *limit)
{
	uint64_t least = UINT64_MAX, n;
	char *dir;

	for (;;) {
		while (group_len && group[group_len - 1] == '/')
			group_len--;
		dir = xasprintf("%s/sys/fs/cgroup%s%.*s", root, mount,
				(int)group_len, group);
		n = limit(dir);
		least = MIN(least, n);
		free(dir);
		if (!group_len)
			return least;
		while (group_len && group[group_len - 1] != '/')
			group_len--;
	}
}

/* Whether the comma-separated LIST of LEN bytes holds NAME. */
static bool
list_has(const char *list, size_t len, const char *name)
{
	size_t name_len = strlen(name), n;
	const char *end = list + len;

	for (; list < end; list += n + 1) {
		n = strcspn(list, ",:");
		if (n == name_len && !memcmp(list, name, n))
			return true;
	}
	return false;
}

/* The least limit of all groups in /proc/self/cgroup that CONTROLLER, of
 * version 1, or version 2 governs.  Its lines are "ID:CONTROLLERS:GROUP",
 * without controllers in version 2. */
static uint64_t
cgroup_limit(const char *root, const char *controller, limit_fn *v1,
	     limit_fn *v2)
{
	struct strbuf sb = STRBUF_INIT;
	uint64_t least = UINT64_MAX, n;
	const char *line, *list, *group;
	size_t len, list_len;
	char *mount, *proc;

	proc = xasprintf("%s/proc/self", root);
	read_setting(proc, "cgroup", &sb);
	free(proc);
	for (line = sb.buf; *line; line += len + !!line[len]) {
		len = strcspn(line, "\n");
		list = line + strcspn(line, ":\n");
		list += *list == ':';
		list_len = strcspn(list, ":\n");
		group = list + list_len + (list[list_len] == ':');
		if (group > line + len)
			continue;
		if (list_len && !list_has(list, list_len, controller))
			continue;
		/* A controller's own name is a symlink to the list's. */
		mount = list_len ? xasprintf("/%s", controller) : xstrdup("");
		n = least_on_the_way(root, mount, group,
				     (size_t)(line + len - group),
				     list_len ? v1 : v2);
		least = MIN(least, n);
		free(mount);
	}
	strbuf_release(&sb);
	return least;
}

uint64_t
machine_cgroup_milli_cpus(const char *root)
{
	return cgroup_limit(root, "cpu", cpus_v1, cpus_v2);
}

uint64_t
machine_cgroup_memory_bytes(const char *root)
{
	return cgroup_limit(root, "memory", memory_v1, memory_v2);
}

/* How many processors the affinity mask has, which may be larger than
 * cpu_set_t on big machines. */
static unsigned
affinity_cpus(void)
{
	size_t count = CPU_SETSIZE, size;
	unsigned n = 0;
	cpu_set_t *set;
	int rc;

	do {
		set = CPU_ALLOC(count);
		size = CPU_ALLOC_SIZE(count);
		rc = set ? sched_getaffinity(0, size, set) : 0;
		if (set && !rc)
			n = (unsigned)CPU_COUNT_S(size, set);
		CPU_FREE(set);
		count *= 2;
	} while (rc < 0 && count <= CPU_SETSIZE * 64);
	return MAX(n, 1);
}

unsigned
machine_milli_cpus(void)
{
	uint64_t mask = (uint64_t)affinity_cpus() * 1000;
	uint64_t limit = machine_cgroup_milli_cpus("");

	return (unsigned)MIN(mask, limit);
}

uint64_t
machine_memory_mb(void)
{
	uint64_t bytes, limit = machine_cgroup_memory_bytes("");
	long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);

	if (pages < 0 || size < 0)
		return limit == UINT64_MAX ? 0 : limit / MIB;
	bytes = (uint64_t)pages * (uint64_t)size;
	return MIN(bytes, limit) / MIB;
}
