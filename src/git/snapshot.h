/*
 * The snapshot of the project's code.
 */
#ifndef FLOWMAKE_GIT_SNAPSHOT_H
#define FLOWMAKE_GIT_SNAPSHOT_H

#include "base/base.h"

struct asker;
struct error;
struct strbuf;

struct snapshot;

/* Lock REPOSITORY and look at the files of the project, but for those in STORE;
 * both are borrowed.  Ended by snapshot_free, also after a failure, when *S may
 * be NULL. */
int snapshot_look(struct snapshot **s, const char *repository,
		  const char *store, struct error *err);
/* Take it for RUN, which began at SINCE_NS by the time of the file system;
 * ANSWER gets the CBOR of CODE_TAKEN. */
int snapshot_take(struct snapshot *s, uint32_t run, int64_t since_ns,
		  const struct asker *asker, struct strbuf *answer,
		  struct error *err);
void snapshot_free(struct snapshot *s);

#endif
