model_sources = \
	src/model/artifact.c src/model/artifact.h \
	src/model/code-wire.h \
	src/model/expr.c src/model/expr.h \
	src/model/graph-bind.c \
	src/model/graph-cycle.c \
	src/model/graph-eval.c \
	src/model/graph-fault.c \
	src/model/graph-files.c \
	src/model/graph-internal.h \
	src/model/graph-link.c \
	src/model/graph-node.c \
	src/model/graph-makers.c \
	src/model/graph-pattern.c \
	src/model/graph-request.c \
	src/model/graph-words.c \
	src/model/graph.c src/model/graph.h \
	src/model/layout.c src/model/layout.h \
	src/model/npy.c src/model/npy.h \
	src/model/number.c src/model/number.h \
	src/model/object-path.c src/model/object-path.h \
	src/model/resolve.c src/model/resolve.h \
	src/model/rules-read.h \
	src/model/rules-template.c \
	src/model/rules-thunks.c \
	src/model/rules.c src/model/rules.h \
	src/model/code-source.c src/model/code-source.h \
	src/model/demands.c src/model/demands.h \
	src/model/json-read.c \
	src/model/key-diff.c src/model/key-diff.h \
	src/model/key.c src/model/key.h \
	src/model/recipe-source.c \
	src/model/recipe.c src/model/recipe.h \
	src/model/with.c src/model/with.h \
	src/model/shell-exec.c \
	src/model/shell-heredoc.c \
	src/model/shell-lexer.h \
	src/model/shell-quote.c \
	src/model/shell-quoting.c \
	src/model/shell-scan.c \
	src/model/shell-text.h \
	src/model/shell-words.c \
	src/model/standin.h \
	src/model/value-json.c \
	src/model/value-print.c \
	src/model/value-words.c \
	src/model/value.h \
	src/model/wire.h \
	src/model/words.c src/model/words.h
