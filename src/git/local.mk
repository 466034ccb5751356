git_sources = \
	src/git/main.c \
	$(git_parts)

# All but main(), which tests replace.
git_parts = \
	src/git/asker.h \
	src/git/changes.c src/git/changes.h \
	src/git/forget.c src/git/forget.h \
	src/git/history.c src/git/history.h \
	src/git/look.c src/git/look.h \
	src/git/pack.c src/git/pack.h \
	src/git/project.c src/git/project.h \
	src/git/repo.c src/git/repo.h \
	src/git/snapshot.c src/git/snapshot.h \
	src/git/stored.c src/git/stored.h \
	src/git/walk.c src/git/walk.h
