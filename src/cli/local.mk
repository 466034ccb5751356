cli_sources = \
	src/cli/cmd-about.c \
	src/cli/cmd-code.c \
	src/cli/cmd-gc.c \
	src/cli/cmd-look.c \
	src/cli/cmd-rules.c \
	src/cli/cmd-run.c \
	src/cli/command.c src/cli/command.h \
	src/cli/commands.c \
	src/cli/flow-words.c src/cli/flow-words.h \
	src/cli/main.c \
	src/cli/options.c src/cli/options.h
