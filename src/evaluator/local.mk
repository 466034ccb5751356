evaluator_sources = \
	src/evaluator/array.c src/evaluator/array.h \
	src/evaluator/decode.c \
	src/evaluator/encode.c \
	src/evaluator/main.c \
	src/evaluator/prim-file.c \
	src/evaluator/prim-process.c \
	src/evaluator/prim-text.c \
	src/evaluator/prim-wire.c \
	src/evaluator/prim.c src/evaluator/prim.h \
	src/evaluator/text.c src/evaluator/text.h \
	src/evaluator/value.h \
	src/evaluator/zygote.c src/evaluator/zygote.h
