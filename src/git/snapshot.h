/*
 * The snapshot of the project's code.
 */
#ifndef FLOWMAKE_GIT_SNAPSHOT_H
#define FLOWMAKE_GIT_SNAPSHOT_H

#include "base/base.h"

struct asker;
struct error;
struct strbuf;
struct strvec;

struct snapshot;

/* A snapshot of the project's code, which is to be kept in REPOSITORY; the
 * directory STORE is not looked at. */
struct snapshot *snapshot_new(const char *repository, const char *store);
void snapshot_free(struct snapshot *s);

/* Find the names of the project's files, if that can be done without waiting
 * for those who write to the repository.  FULL, as CODE_PREPARE has it, is
 * borrowed. */
void snapshot_prepare(struct snapshot *s, const struct strvec *full);
/* Take it, as the code of RUN, which began at SINCE_NS by the time of the file
 * system; LOADED are the paths, normalized, of what flowmake itself read as
 * code.  ANSWER gets the CBOR of CODE_TAKEN. */
int snapshot_take(struct snapshot *s, uint32_t run, int64_t since_ns,
		  const struct strvec *loaded,
		  const struct asker *asker, struct strbuf *answer,
		  struct error *err);

#endif
