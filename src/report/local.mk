report_sources = \
	src/report/attempts.c \
	src/report/code.c src/report/code.h \
	src/report/dump.c src/report/dump.h \
	src/report/flow-graph.c src/report/flow-graph.h \
	src/report/follow.c src/report/follow.h \
	src/report/json.c src/report/json.h \
	src/report/lines.c src/report/lines.h \
	src/report/live.c src/report/live.h \
	src/report/live-end.c \
	src/report/live-failures.c \
	src/report/live-print.c \
	src/report/live-state.h \
	src/report/logs.c src/report/logs.h \
	src/report/outlet.c src/report/outlet.h \
	src/report/reused-logs.c src/report/reused-logs.h \
	src/report/show.c src/report/show.h \
	src/report/show-json.c \
	src/report/show-state.h \
	src/report/show-task.c \
	src/report/table.c src/report/table.h \
	src/report/tail.c src/report/tail.h \
	src/report/target.c src/report/target.h \
	src/report/why.c src/report/why.h \
	src/report/why-code.c \
	src/report/why-find.c \
	src/report/why-json.c \
	src/report/why-lines.c \
	src/report/why-mentions.c \
	src/report/why-read.c \
	src/report/why-renamed.c \
	src/report/why-state.h \
	src/report/why-tasks.c \
	src/report/why-tree.c \
	src/report/why-values.c
