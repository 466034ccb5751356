/*
 * The task spec: everything needed to run one attempt of one task anywhere,
 * one document.  Made by sched from the graph, const from then on; written
 * out as CBOR it is what "flowmake agent" runs.
 *
 * Texts may hold stand-ins for paths that are known only where the task runs:
 * SPEC_MARK "r" INDEX SPEC_MARK for the path of the step's own result number
 * INDEX, SPEC_MARK "l" INDEX SPEC_MARK for list file number INDEX.  A stand-in
 * is also what goes into the key, so that no path of an attempt gets there.
 */
#ifndef FLOWMAKE_EXEC_SPEC_H
#define FLOWMAKE_EXEC_SPEC_H

#include "base/base.h"
#include "base/digest.h"
#include "model/artifact.h"
#include "model/standin.h"

struct arena;
struct error;
struct strbuf;

#define SPEC_MARK STANDIN_MARK
#define SPEC_MARK_LEN STANDIN_MARK_LEN

enum spec_kind {
	SPEC_NONE,   /* no recipe: a step that only groups */
	SPEC_EXEC,   /* argv */
	SPEC_SHELL,  /* argv, then text as one more argument */
	SPEC_SCRIPT, /* argv, then the path of a file that holds text */
	SPEC_SCHEME, /* a body of the Flowfile, in a child of the evaluator */
};

/* The shell of texts that name none, ended by NULL. */
extern const char *const spec_default_shell[];

enum spec_result_format { /* how the recipe writes a result */
	SPEC_RESULT_VALUE, /* scheme: a value; else a file */
	SPEC_RESULT_TEXT,
	SPEC_RESULT_LINES,
	SPEC_RESULT_JSON,
	SPEC_RESULT_NAMED, /* a file that must have file_name */
};

struct spec_result {
	const char *name;
	enum spec_result_format format;
	const char *file_name; /* SPEC_RESULT_NAMED */
};

/* Whether the value of R is read from a file that the recipe writes. */
static inline bool
spec_result_is_read(const struct spec_result *r)
{
	return r->format == SPEC_RESULT_TEXT ||
		r->format == SPEC_RESULT_LINES ||
		r->format == SPEC_RESULT_JSON;
}

struct spec_file {
	const char *path;     /* normalized, relative to the project */
	struct digest digest; /* inputs: when the attempt was started */
	bool is_dir;
};

struct spec_list {            /* a list file: one text a line */
	const char **items;
	size_t *lens;
	size_t count;
};

struct spec_variable {
	const char *name;
	const char *value;
};

/* Everything is borrowed from the arena that the spec was made in. */
struct task_spec {
	uint32_t run;
	uint32_t task;             /* number in the run, from 1 */
	uint32_t attempt;          /* from 1 */
	const char *step;
	const char *split;         /* "" outside fan-outs */
	const char *element;       /* for people */

	enum spec_kind kind;
	char **argv;               /* NULL-terminated, with stand-ins; of a
				    * shell the default when NULL; not
				    * scheme */
	const char *text;          /* with stand-ins (not of a script) */
	size_t text_len;
	const char *stdin_file;    /* a path, or NULL: empty */
	const char *stdout_file;   /* an output, or NULL: captured */
	int stdout_result;         /* or a result's index; -1 */

	uint32_t scheme_step;      /* SPEC_SCHEME: number of the instance */
	const char *scheme_names;  /* CBOR [[name index, VALUE]...] */
	size_t scheme_names_len;
	uint32_t workers;          /* parallel-map's default */

	struct spec_variable *environment;
	size_t environment_count;
	const char **secrets;      /* names only */
	size_t secret_count;

	struct spec_file *inputs;
	size_t input_count;
	struct spec_file *outputs;
	size_t output_count;
	struct spec_result *results;
	size_t result_count;
	struct spec_list *lists;
	size_t list_count;
	struct artifact *objects;  /* results of other tasks that it reads,
				    * and that are not inline */
	size_t object_count;

	const char *context;       /* CBOR map for $FLOWMAKE_TASK: parameters,
				    * foreach, inputs, outputs, from, join:
				    * {NAME: value} each */
	size_t context_len;

	int64_t timeout_ns;        /* 0: none */
	uint32_t cpu_milli;        /* declared cpu * 1000; 0: undeclared */
	uint64_t memory_mb;        /* declared; 0: undeclared */
	uint32_t gpu;
};

/* Append the spec as one CBOR document (version 1); a scheme task needs the
 * code too: FLOW_FILE's path and LOAD (spec_put_load), which are NULL for
 * others. */
void spec_encode(const struct task_spec *s, const char *flow_file,
		 const char *load, size_t load_len, struct strbuf *out);

/* Append what a load needs besides the Flowfile: PARAMETERS as given, NAME,
 * TEXT, ..., NULL, and the manifest of the first load. */
void spec_put_load(struct strbuf *out, char *const *parameters,
		   const char *manifest, size_t manifest_len);
/* The reverse; PARAMETERS come from ARENA, MANIFEST points into LOAD. */
int spec_get_load(const char *load, size_t len, struct arena *arena,
		  char ***parameters, const char **manifest,
		  size_t *manifest_len, struct error *err);

/* The reverse of spec_encode, copying into ARENA.  FLOW_FILE and LOAD may come
 * out NULL. */
int spec_decode(const char *data, size_t len, struct arena *arena,
		struct task_spec *s, const char **flow_file, const char **load,
		size_t *load_len, struct error *err);

/* Append TEXT to OUT with each stand-in replaced by its path: RESULT_PATHS by
 * result index, LIST_PATHS by list index.  Both end in a NULL and may be NULL;
 * what only looks like a stand-in stays as it is. */
void spec_fill(struct strbuf *out, const char *text, size_t len,
	       char *const *result_paths, char *const *list_paths);

/* The path for which the SPEC_MARK at MARK, in a text that ends at END,
 * begins a stand-in, with *REST behind it; NULL: it begins none. */
const char *spec_stand_in(const char *mark, const char *end,
			  char *const *result_paths, char *const *list_paths,
			  const char **rest);

#endif
