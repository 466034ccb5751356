/*
 * The products of one attempt, between agent_collect, which finds them, and
 * agent_publish.
 */
#ifndef FLOWMAKE_EXEC_COLLECT_H
#define FLOWMAKE_EXEC_COLLECT_H

#include <sys/stat.h>

#include "base/base.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/strbuf.h"
#include "exec/linked.h"
#include "model/artifact.h"
#include "sys/pool.h"

struct files;
struct spec_result;
struct task_spec;

/* A file that was hashed, maybe on an I/O thread. */
struct hashed_file {
	char *path;                  /* owned */
	struct stat stat;
	struct digest digest;
};

struct hashed_files {
	struct hashed_file *v;
	size_t count;
	size_t alloc;
};

/* Something that the task made and that goes into the store. */
struct product {
	char *path;                  /* owned; NULL: a value */
	enum artifact_format format; /* INLINE: a value; FILE: a file or
				      * directory; else an object's */
	const char *value;           /* CBOR, borrowed from made */
	size_t value_len;
	bool is_borrowed;            /* not ours to move, and not needed: the
				      * store had it when it was looked for */
	bool is_copy;                /* made for the store */
	bool is_complete;            /* the rest is valid */
	struct stat stat;            /* of path */
	struct digest digest;
	uint64_t size_bytes;
	struct hashed_files inside;  /* a directory: the files in it */
};

/* What is known of the products of one attempt. */
struct collection {
	struct pool_job job;         /* first: the two are one */
	void (*done)(void *data);    /* after a job */
	void *data;
	const struct task_spec *spec;
	struct files *files;
	struct strbuf made;          /* the payload of WIRE_RESULTS */
	struct product *products;    /* by result index */
	size_t product_count;
	struct hashed_files hashed;  /* of the project */
	struct linked linked;
	int64_t hashing_ns;          /* real time when that began */
	struct error error;          /* of the job */
};

void collection_init(struct collection *c);
void collection_release(struct collection *c);

/* Fill in the digest and the size of P, result R, whose path and stat are
 * known, and copy what is not ours to move. */
int product_complete(struct product *p, const struct spec_result *r,
		     struct error *err);

/* Put a copy of P, result R, which is not ours to move, in its place. */
int product_copy(struct product *p, const struct spec_result *r,
		 struct error *err);

#endif
