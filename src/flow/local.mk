flow_sources = \
	src/flow/child.c src/flow/child.h \
	src/flow/code.c src/flow/code.h \
	src/flow/control.c src/flow/control.h \
	src/flow/ending.c src/flow/ending.h \
	src/flow/eval-child.c \
	src/flow/evaluator.c src/flow/evaluator.h \
	src/flow/memo.c src/flow/memo.h \
	src/flow/observation.c src/flow/observation.h \
	src/flow/outbox.c src/flow/outbox.h \
	src/flow/recipe-child.c \
	src/flow/seen.c src/flow/seen.h
