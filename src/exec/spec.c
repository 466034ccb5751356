/*
 * The task spec as a CBOR document, version 1: one map with a text key for
 * each field, left out where it is empty.  A reader skips keys that it does
 * not know and refuses a version that it does not know.
 */
#include "base/base.h"

#include "exec/spec.h"

#include <string.h>

#include "base/arena.h"
#include "base/cbor.h"
#include "base/error.h"
#include "base/strbuf.h"

enum { SPEC_VERSION = 1 };

const char *const spec_default_shell[] = {
	"bash", "-euo", "pipefail", "-c", NULL
};

/* ---- writing ---- */

/* A map being written: its head is known only when all pairs are. */
struct pairs {
	struct strbuf body;
	size_t count;
};

/* Begin the next pair. */
static struct strbuf *
key(struct pairs *p, const char *name)
{
	p->count++;
	cbor_put_str(&p->body, name);
	return &p->body;
}

static void
put_uint(struct pairs *p, const char *name, uint64_t n)
{
	if (n)
		cbor_put_uint(key(p, name), n);
}

static void
put_str(struct pairs *p, const char *name, const char *s)
{
	if (s)
		cbor_put_str(key(p, name), s);
}

static void
put_bytes(struct pairs *p, const char *name, const char *data, size_t len)
{
	if (data)
		cbor_put_bytes(key(p, name), data, len);
}

static void
put_digest(struct strbuf *sb, const struct digest *d)
{
	cbor_put_bytes(sb, d->bytes, DIGEST_BYTES);
}

static void
put_argv(struct pairs *p, char *const *argv)
{
	struct strbuf *sb;
	size_t count = 0;

	if (!argv)
		return;
	while (argv[count])
		count++;
	sb = key(p, "argv");
	cbor_put_array(sb, count);
	for (size_t i = 0; i < count; i++)
		cbor_put_str(sb, argv[i]);
}

static void
put_files(struct pairs *p, const char *name, const struct spec_file *files,
	  size_t count)
{
	struct strbuf *sb;

	if (!count)
		return;
	sb = key(p, name);
	cbor_put_array(sb, count);
	for (size_t i = 0; i < count; i++) {
		cbor_put_array(sb, 3);
		cbor_put_str(sb, files[i].path);
		put_digest(sb, &files[i].digest);
		cbor_put_bool(sb, files[i].is_dir);
	}
}

static void
put_environment(struct pairs *p, const struct task_spec *s)
{
	struct strbuf *sb;

	if (s->environment_count) {
		sb = key(p, "environment");
		cbor_put_array(sb, s->environment_count);
		for (size_t i = 0; i < s->environment_count; i++) {
			cbor_put_array(sb, 2);
			cbor_put_str(sb, s->environment[i].name);
			cbor_put_str(sb, s->environment[i].value);
		}
	}
	if (s->secret_count) {
		sb = key(p, "secrets");
		cbor_put_array(sb, s->secret_count);
		for (size_t i = 0; i < s->secret_count; i++)
			cbor_put_str(sb, s->secrets[i]);
	}
}

static void
put_results(struct pairs *p, const struct task_spec *s)
{
	struct strbuf *sb;

	if (!s->result_count)
		return;
	sb = key(p, "results");
	cbor_put_array(sb, s->result_count);
	for (size_t i = 0; i < s->result_count; i++) {
		cbor_put_array(sb, 3);
		cbor_put_str(sb, s->results[i].name);
		cbor_put_uint(sb, s->results[i].format);
		cbor_put_str_or_null(sb, s->results[i].file_name);
	}
}

static void
put_lists(struct pairs *p, const struct task_spec *s)
{
	struct strbuf *sb;

	if (!s->list_count)
		return;
	sb = key(p, "lists");
	cbor_put_array(sb, s->list_count);
	for (size_t i = 0; i < s->list_count; i++) {
		const struct spec_list *list = &s->lists[i];

		cbor_put_array(sb, list->count);
		for (size_t j = 0; j < list->count; j++)
			cbor_put_text(sb, list->items[j], list->lens[j]);
	}
}

static void
put_recipe(struct pairs *p, const struct task_spec *s)
{
	put_uint(p, "kind", s->kind);
	put_argv(p, s->argv);
	if (s->text)
		cbor_put_text(key(p, "text"), s->text, s->text_len);
	put_str(p, "stdin", s->stdin_file);
	put_str(p, "stdout", s->stdout_file);
	if (s->stdout_result >= 0)
		cbor_put_uint(key(p, "stdout-result"),
			      (uint64_t)s->stdout_result);
	if (s->kind == SPEC_SCHEME) {
		cbor_put_uint(key(p, "scheme-step"), s->scheme_step);
		put_bytes(p, "scheme-names", s->scheme_names,
			  s->scheme_names_len);
		put_uint(p, "workers", s->workers);
	}
}

void
spec_encode(const struct task_spec *s, const char *flow_file, const char *load,
	    size_t load_len, struct strbuf *out)
{
	struct pairs p = { STRBUF_INIT, 0 };

	cbor_put_uint(key(&p, "version"), SPEC_VERSION);
	put_uint(&p, "run", s->run);
	put_uint(&p, "task", s->task);
	put_uint(&p, "attempt", s->attempt);
	put_str(&p, "step", s->step);
	put_str(&p, "split", s->split);
	put_str(&p, "element", s->element);
	put_recipe(&p, s);
	put_environment(&p, s);
	put_files(&p, "inputs", s->inputs, s->input_count);
	put_files(&p, "outputs", s->outputs, s->output_count);
	put_results(&p, s);
	put_lists(&p, s);
	if (s->object_count)
		artifact_put_list(key(&p, "objects"), s->objects,
				  s->object_count);
	put_bytes(&p, "context", s->context, s->context_len);
	put_uint(&p, "timeout-ns", (uint64_t)s->timeout_ns);
	put_uint(&p, "cpu-milli", s->cpu_milli);
	put_uint(&p, "memory-mb", s->memory_mb);
	put_uint(&p, "gpu", s->gpu);
	put_str(&p, "flow-file", flow_file);
	put_bytes(&p, "load", load, load_len);

	cbor_put_map(out, p.count);
	strbuf_add(out, p.body.buf, p.body.len);
	strbuf_release(&p.body);
}

/* ---- reading ---- */

/* Where the fields go. */
struct reader {
	struct cbor c;
	struct arena *arena;
	struct task_spec *s;
	uint64_t version;
	const char *flow_file;
	const char *load;
	size_t load_len;
};

static void *
get_array(struct reader *r, size_t *count, size_t size_bytes)
{
	*count = cbor_get_array(&r->c);
	return arena_zalloc(r->arena, (*count + 1) * size_bytes);
}

/* An array of exactly COUNT items. */
static void
get_tuple(struct reader *r, size_t count)
{
	if (cbor_get_array(&r->c) != count)
		r->c.failed = true;
}

static uint64_t
get_uint(struct reader *r, uint64_t max)
{
	uint64_t n = cbor_get_uint(&r->c);

	if (n <= max)
		return n;
	r->c.failed = true;
	return 0;
}

/* A text without a NUL. */
static char *
get_str(struct reader *r)
{
	size_t len;
	const char *s = cbor_get_text(&r->c, &len);

	if (memchr(s, '\0', len))
		r->c.failed = true;
	return arena_strndup(r->arena, s, len);
}

static char *
get_str_or_null(struct reader *r)
{
	return cbor_get_null(&r->c) ? NULL : get_str(r);
}

static char *
get_bytes(struct reader *r, size_t *len)
{
	const char *data = cbor_get_bytes(&r->c, len);

	return arena_strndup(r->arena, data, *len);
}

static void
get_digest(struct reader *r, struct digest *d)
{
	size_t len;
	const char *data = cbor_get_bytes(&r->c, &len);

	if (len == DIGEST_BYTES)
		memcpy(d->bytes, data, DIGEST_BYTES);
	else
		r->c.failed = true;
}

static void
get_argv(struct reader *r)
{
	size_t count;
	char **argv = get_array(r, &count, sizeof(*argv));

	for (size_t i = 0; i < count; i++)
		argv[i] = get_str(r);
	if (!count)
		r->c.failed = true;
	r->s->argv = argv;
}

static void
get_text(struct reader *r)
{
	const char *text = cbor_get_text(&r->c, &r->s->text_len);

	r->s->text = arena_strndup(r->arena, text, r->s->text_len);
}

static void
get_environment(struct reader *r)
{
	struct spec_variable *v;

	v = get_array(r, &r->s->environment_count, sizeof(*v));
	for (size_t i = 0; i < r->s->environment_count; i++) {
		get_tuple(r, 2);
		v[i].name = get_str(r);
		v[i].value = get_str(r);
	}
	r->s->environment = v;
}

static void
get_secrets(struct reader *r)
{
	const char **names;

	names = get_array(r, &r->s->secret_count, sizeof(*names));
	for (size_t i = 0; i < r->s->secret_count; i++)
		names[i] = get_str(r);
	r->s->secrets = names;
}

static struct spec_file *
get_files(struct reader *r, size_t *count)
{
	struct spec_file *files = get_array(r, count, sizeof(*files));

	for (size_t i = 0; i < *count; i++) {
		get_tuple(r, 3);
		files[i].path = get_str(r);
		get_digest(r, &files[i].digest);
		files[i].is_dir = cbor_get_bool(&r->c);
	}
	return files;
}

static void
get_results(struct reader *r)
{
	struct spec_result *results;

	results = get_array(r, &r->s->result_count, sizeof(*results));
	for (size_t i = 0; i < r->s->result_count; i++) {
		get_tuple(r, 3);
		results[i].name = get_str(r);
		results[i].format = (enum spec_result_format)
			get_uint(r, SPEC_RESULT_NAMED);
		results[i].file_name = get_str_or_null(r);
		if (results[i].format == SPEC_RESULT_NAMED &&
		    !results[i].file_name)
			r->c.failed = true;
	}
	r->s->results = results;
}

static void
get_lists(struct reader *r)
{
	struct spec_list *lists;

	lists = get_array(r, &r->s->list_count, sizeof(*lists));
	for (size_t i = 0; i < r->s->list_count; i++) {
		struct spec_list *list = &lists[i];

		list->items = get_array(r, &list->count, sizeof(*list->items));
		list->lens = arena_zalloc(r->arena, (list->count + 1) *
					  sizeof(*list->lens));
		for (size_t j = 0; j < list->count; j++) {
			const char *item;

			item = cbor_get_text(&r->c, &list->lens[j]);
			list->items[j] = arena_strndup(r->arena, item,
						       list->lens[j]);
		}
	}
	r->s->lists = lists;
}

/* The fields in the order in which they are written. */
#define FIELDS(FIELD, s, r) \
	FIELD("version", r->version = cbor_get_uint(&r->c)) \
	FIELD("run", s->run = (uint32_t)get_uint(r, UINT32_MAX)) \
	FIELD("task", s->task = (uint32_t)get_uint(r, UINT32_MAX)) \
	FIELD("attempt", s->attempt = (uint32_t)get_uint(r, UINT32_MAX)) \
	FIELD("step", s->step = get_str(r)) \
	FIELD("split", s->split = get_str(r)) \
	FIELD("element", s->element = get_str(r)) \
	FIELD("kind", s->kind = (enum spec_kind)get_uint(r, SPEC_SCHEME)) \
	FIELD("argv", get_argv(r)) \
	FIELD("text", get_text(r)) \
	FIELD("stdin", s->stdin_file = get_str(r)) \
	FIELD("stdout", s->stdout_file = get_str(r)) \
	FIELD("stdout-result", s->stdout_result = (int)get_uint(r, INT32_MAX)) \
	FIELD("scheme-step", s->scheme_step = \
	      (uint32_t)get_uint(r, UINT32_MAX)) \
	FIELD("scheme-names", s->scheme_names = \
	      get_bytes(r, &s->scheme_names_len)) \
	FIELD("workers", s->workers = (uint32_t)get_uint(r, UINT32_MAX)) \
	FIELD("environment", get_environment(r)) \
	FIELD("secrets", get_secrets(r)) \
	FIELD("inputs", s->inputs = get_files(r, &s->input_count)) \
	FIELD("outputs", s->outputs = get_files(r, &s->output_count)) \
	FIELD("results", get_results(r)) \
	FIELD("lists", get_lists(r)) \
	FIELD("objects", s->objects = artifact_get_list(&r->c, r->arena, \
						     &s->object_count)) \
	FIELD("context", s->context = get_bytes(r, &s->context_len)) \
	FIELD("timeout-ns", s->timeout_ns = (int64_t)get_uint(r, INT64_MAX)) \
	FIELD("cpu-milli", s->cpu_milli = (uint32_t)get_uint(r, UINT32_MAX)) \
	FIELD("memory-mb", s->memory_mb = cbor_get_uint(&r->c)) \
	FIELD("gpu", s->gpu = (uint32_t)get_uint(r, UINT32_MAX)) \
	FIELD("flow-file", r->flow_file = get_str(r)) \
	FIELD("load", r->load = get_bytes(r, &r->load_len))

/* Read one pair. */
static void
get_field(struct reader *r, struct task_spec *s)
{
	size_t len;
	const char *name = cbor_get_text(&r->c, &len);

#define FIELD(text, action) \
	if (cbor_key_is(name, len, (text))) { \
		action; \
		return; \
	}
	FIELDS(FIELD, s, r)
#undef FIELD
	cbor_skip(&r->c);
}

/* What a reader may rely on beyond the kinds of the fields. */
static bool
is_whole(const struct task_spec *s)
{
	if (!s->step)
		return false;
	if (s->stdout_result >= 0 &&
	    (size_t)s->stdout_result >= s->result_count)
		return false;
	if ((s->kind == SPEC_EXEC || s->kind == SPEC_SCRIPT) && !s->argv)
		return false;
	if ((s->kind == SPEC_SHELL || s->kind == SPEC_SCRIPT) && !s->text)
		return false;
	return s->kind != SPEC_SCHEME || s->scheme_names;
}

int
spec_decode(const char *data, size_t len, struct arena *arena,
	    struct task_spec *s, const char **flow_file, const char **load,
	    size_t *load_len, struct error *err)
{
	struct reader r = { .arena = arena, .s = s };
	size_t count;

	*s = (struct task_spec){ .stdout_result = -1, .split = "",
				 .element = "" };
	cbor_init(&r.c, data, len);
	count = cbor_get_map(&r.c);
	while (count-- && !r.c.failed)
		get_field(&r, s);
	if (r.version > SPEC_VERSION)
		return error_set(err, "the task spec has version %llu, which "
				 "is newer than this flowmake knows",
				 (unsigned long long)r.version);
	if (cbor_finish(&r.c, "the task spec", err) < 0)
		return -1;
	if (r.version != SPEC_VERSION || !is_whole(s))
		return error_set(err, "the task spec is not complete");
	*flow_file = r.flow_file;
	*load = r.load;
	*load_len = r.load_len;
	return 0;
}

/* ---- loads: [[NAME, TEXT, ...], MANIFEST] ---- */

void
spec_put_load(struct strbuf *out, char *const *parameters,
	      const char *manifest, size_t manifest_len)
{
	size_t count = 0;

	while (parameters && parameters[count])
		count++;
	cbor_put_array(out, 2);
	cbor_put_array(out, count);
	for (size_t i = 0; i < count; i++)
		cbor_put_str(out, parameters[i]);
	strbuf_add(out, manifest, manifest_len);
}

int
spec_get_load(const char *load, size_t len, struct arena *arena,
	      char ***parameters, const char **manifest, size_t *manifest_len,
	      struct error *err)
{
	struct reader r = { .arena = arena };
	size_t count;

	cbor_init(&r.c, load, len);
	get_tuple(&r, 2);
	*parameters = get_array(&r, &count, sizeof(**parameters));
	if (count % 2)
		r.c.failed = true;
	for (size_t i = 0; i < count; i++)
		(*parameters)[i] = get_str(&r);
	*manifest = cbor_span(&r.c, manifest_len);
	return cbor_finish(&r.c, "the load in the task spec", err);
}

/* ---- stand-ins ---- */

/* The path number INDEX of PATHS, or NULL when there are not so many. */
static const char *
path_at(char *const *paths, uint64_t index)
{
	if (!paths)
		return NULL;
	for (uint64_t i = 0; paths[i]; i++)
		if (i == index)
			return paths[i];
	return NULL;
}

const char *
spec_stand_in(const char *mark, const char *end, char *const *result_paths,
	      char *const *list_paths, const char **rest)
{
	const char *p = mark + SPEC_MARK_LEN;
	uint64_t index = 0;
	char kind;

	if (p >= end)
		return NULL;
	kind = *p++;
	if ((kind != 'r' && kind != 'l') || p >= end || *p < '0' || *p > '9')
		return NULL;
	for (; p < end && *p >= '0' && *p <= '9' && index < UINT32_MAX; p++)
		index = index * 10 + (uint64_t)(*p - '0');
	if (end - p < SPEC_MARK_LEN || memcmp(p, SPEC_MARK, SPEC_MARK_LEN))
		return NULL;
	*rest = p + SPEC_MARK_LEN;
	return path_at(kind == 'r' ? result_paths : list_paths, index);
}

void
spec_fill(struct strbuf *out, const char *text, size_t len,
	  char *const *result_paths, char *const *list_paths)
{
	const char *end = text + len;
	const char *mark, *path, *rest;

	while ((mark = memmem(text, (size_t)(end - text), SPEC_MARK,
			      SPEC_MARK_LEN))) {
		path = spec_stand_in(mark, end, result_paths, list_paths,
				     &rest);
		if (!path)
			rest = mark + SPEC_MARK_LEN;
		strbuf_add(out, text, (size_t)(mark - text));
		if (path)
			strbuf_adds(out, path);
		else
			strbuf_add(out, mark, SPEC_MARK_LEN);
		text = rest;
	}
	strbuf_add(out, text, (size_t)(end - text));
}
