/*
 * The snapshot of the project's code.
 */
#ifndef FLOWMAKE_GIT_SNAPSHOT_H
#define FLOWMAKE_GIT_SNAPSHOT_H

#include "base/base.h"

struct asker;
struct error;
struct strbuf;

struct snapshot_request {
	const char *repository;
	const char *store;
	uint32_t run;
	int64_t since_ns;
};

/* Take it; ANSWER gets the CBOR of CODE_TAKEN. */
int snapshot_take(const struct snapshot_request *q, const struct asker *asker,
		  struct strbuf *answer, struct error *err);

#endif
