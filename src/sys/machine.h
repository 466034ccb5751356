/*
 * What of this machine this process may use: the affinity mask and the limits
 * of the control groups it is in, of version 1 and 2.
 */
#ifndef FLOWMAKE_SYS_MACHINE_H
#define FLOWMAKE_SYS_MACHINE_H

#include "base/base.h"

/* Processors, in thousandths of one; at least 1. */
unsigned machine_milli_cpus(void);

/* Memory in MiB; 0 when it cannot be known. */
uint64_t machine_memory_mb(void);

/* The limits of the control groups alone, UINT64_MAX without one, as found in
 * the /proc and /sys below ROOT ("" is this machine's). */
uint64_t machine_cgroup_milli_cpus(const char *root);
uint64_t machine_cgroup_memory_bytes(const char *root);

#endif
