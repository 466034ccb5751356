exec_sources = \
	src/exec/agent.c src/exec/agent.h \
	src/exec/agent-run.c \
	src/exec/attempt.c src/exec/attempt.h \
	src/exec/collect.c src/exec/collect.h \
	src/exec/command.c src/exec/command.h \
	src/exec/environment.c src/exec/environment.h \
	src/exec/executor.h \
	src/exec/linked.c src/exec/linked.h \
	src/exec/local.c src/exec/local.h \
	src/exec/publish.c \
	src/exec/slot.c src/exec/slot.h \
	src/exec/spec.c src/exec/spec.h \
	src/exec/task-json.c src/exec/task-json.h
