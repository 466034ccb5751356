evaluator_sources = \
	src/evaluator/main.c \
	$(evaluator_parts)

# All but main(), which the tests replace.
evaluator_parts = \
	src/evaluator/array.c src/evaluator/array.h \
	src/evaluator/boot.c src/evaluator/boot.h \
	src/evaluator/decode.c \
	src/evaluator/encode.c \
	src/evaluator/prim-file.c \
	src/evaluator/prim-process.c \
	src/evaluator/prim-text.c \
	src/evaluator/prim-wire.c \
	src/evaluator/prim.c src/evaluator/prim.h \
	src/evaluator/text.c src/evaluator/text.h \
	src/evaluator/value.h \
	src/evaluator/zygote.c src/evaluator/zygote.h
