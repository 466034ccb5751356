sys_sources = \
	src/sys/file.c src/sys/file-tree.c src/sys/file.h \
	src/sys/frame.c src/sys/frame.h \
	src/sys/lock.c src/sys/lock.h \
	src/sys/loop.c src/sys/loop.h \
	src/sys/machine.c src/sys/machine.h \
	src/sys/marked.c src/sys/marked.h \
	src/sys/pool.c src/sys/pool.h \
	src/sys/programs.c src/sys/programs.h \
	src/sys/reaper.c src/sys/reaper.h \
	src/sys/sights.c src/sys/sights.h \
	src/sys/spawn.c src/sys/spawn.h \
	src/sys/stamp.c src/sys/stamp.h \
	src/sys/ticks.c src/sys/ticks.h \
	src/sys/wildcard.c src/sys/wildcard.h
