sched_sources =
