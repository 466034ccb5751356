sched_sources = \
	src/sched/attempt.c src/sched/attempt.h \
	src/sched/due-reason.c \
	src/sched/ends.c \
	src/sched/evaluate.c src/sched/evaluate.h \
	src/sched/expand.c \
	src/sched/file-locks.c src/sched/file-locks.h \
	src/sched/file-words.c src/sched/file-words.h \
	src/sched/inputs.c \
	src/sched/keeper.c src/sched/keeper.h \
	src/sched/late.c \
	src/sched/leases.c src/sched/leases.h \
	src/sched/limits.c src/sched/limits.h \
	src/sched/news.c \
	src/sched/notes.c src/sched/notes.h \
	src/sched/origin.c \
	src/sched/plan.c \
	src/sched/prehash.c src/sched/prehash.h \
	src/sched/recipe-words.c src/sched/recipe-words.h \
	src/sched/repeat.c \
	src/sched/resume.c \
	src/sched/reuse.c src/sched/reuse.h \
	src/sched/run-code.c \
	src/sched/run-internal.h \
	src/sched/run-record.c \
	src/sched/run.c src/sched/run.h \
	src/sched/specs.c \
	src/sched/tasks.c \
	src/sched/trust.c
