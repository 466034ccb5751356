store_sources = \
	src/store/attempts.c \
	src/store/code.c \
	src/store/content.c src/store/content.h \
	src/store/db.c src/store/db.h \
	src/store/db-schema.c \
	src/store/file-table.c src/store/file-table.h \
	src/store/files.c src/store/files.h \
	src/store/files-expect.c \
	src/store/files-list.c \
	src/store/files-recall.c \
	src/store/files-state.h \
	src/store/files-testify.c \
	src/store/forgotten.c src/store/forgotten.h \
	src/store/gc.c src/store/gc.h \
	src/store/gc-files.c \
	src/store/gc-objects.c \
	src/store/gc-parts.h \
	src/store/gc-rows.c \
	src/store/log.c src/store/log.h \
	src/store/look-ahead.c src/store/look-ahead.h \
	src/store/object-restore.c \
	src/store/objects.c src/store/objects.h \
	src/store/results.c \
	src/store/runs.c \
	src/store/store.c src/store/store.h \
	src/store/task-index.c src/store/task-index.h \
	src/store/texts.c \
	src/store/values.c src/store/values.h \
	src/store/view.c src/store/view.h \
	src/store/witness-look.c \
	src/store/witness-state.h \
	src/store/witness-write.c \
	src/store/witness.c src/store/witness.h
