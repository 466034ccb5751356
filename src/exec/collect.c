/*
 * What a task made: finding it, and hashing what is large on an I/O thread.
 */
#include "base/base.h"

#include "exec/collect.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cbor.h"
#include "base/clock.h"
#include "base/path.h"
#include "base/strvec.h"
#include "base/text.h"
#include "exec/agent.h"
#include "exec/slot.h"
#include "exec/spec.h"
#include "store/content.h"
#include "store/files.h"
#include "store/objects.h"
#include "store/store.h"
#include "sys/file.h"

/* Larger files are hashed on an I/O thread. */
enum { SMALL_FILE_MAX_BYTES = 1 << 20 };

/* Directories with more are not searched for what was meant. */
enum { NEAR_MAX_FILES = 5000 };

/* ---- finding ---- */

void
collection_init(struct collection *c)
{
	memset(c, 0, sizeof(*c));
	strbuf_init(&c->made);
	linked_init(&c->linked);
}

static void
hashed_files_release(struct hashed_files *h)
{
	for (size_t i = 0; i < h->count; i++)
		free(h->v[i].path);
	free(h->v);
	memset(h, 0, sizeof(*h));
}

void
collection_release(struct collection *c)
{
	for (size_t i = 0; i < c->product_count; i++) {
		if (c->products[i].is_copy)
			unlink(c->products[i].path);
		free(c->products[i].path);
		hashed_files_release(&c->products[i].inside);
	}
	free(c->products);
	hashed_files_release(&c->hashed);
	linked_release(&c->linked);
	strbuf_release(&c->made);
	error_release(&c->error);
	collection_init(c);
}

/* Whether an output of SPEC is called PATH. */
static bool
is_output(const struct task_spec *spec, const char *path)
{
	for (size_t i = 0; i < spec->output_count; i++)
		if (!strcmp(spec->outputs[i].path, path))
			return true;
	return false;
}

/* A file beside PATH that was made since STARTED_NS and is called nearly so;
 * the caller frees it. */
static char *
find_near(const struct task_spec *spec, const char *path, int64_t started_ns)
{
	char *dir = xstrndup(path, path_dir_len(path)), *near = NULL;
	struct strvec names = STRVEC_INIT, recent = STRVEC_INIT;
	const char *name;
	struct stat st;

	file_list(*dir ? dir : ".", &names, NULL);
	if (names.count > NEAR_MAX_FILES)
		strvec_clear(&names);
	for (size_t i = 0; i < names.count; i++) {
		char *other = path_join(*dir ? dir : ".", names.v[i]);

		/* The file system's clock ticks every few milliseconds. */
		if (!is_output(spec, other) && !lstat(other, &st) &&
		    st.st_mtim.tv_sec >= (started_ns - 20 * NS_PER_MS) /
						 NS_PER_S)
			strvec_push(&recent, names.v[i]);
		free(other);
	}
	name = recent.count ? text_suggest(path_base(path),
					   (const char *const *)recent.v)
			    : NULL;
	if (name)
		near = path_join(*dir ? dir : ".", name);
	strvec_release(&names);
	strvec_release(&recent);
	free(dir);
	return near;
}

/* Say that WHAT at PATH is not there. */
static int
error_missing(const struct collection *c, const char *what, const char *path,
	      int64_t started_ns, struct error *err)
{
	char *near = find_near(c->spec, path, started_ns);

	if (near)
		error_set(err, "did not make %s; it made '%s'", what, near);
	else
		error_set(err, "did not make %s", what);
	free(near);
	return -1;
}

/* Whether looking into what ST is of takes long. */
static bool
is_large(const struct stat *st)
{
	return S_ISDIR(st->st_mode) || st->st_size > SMALL_FILE_MAX_BYTES;
}

/* Look for the outputs. */
static int
find_outputs(const struct collection *c, int64_t started_ns, bool *large,
	     struct error *err)
{
	const struct task_spec *spec = c->spec;
	struct stat st;

	for (size_t i = 0; i < spec->output_count; i++) {
		const char *path = spec->outputs[i].path;
		char *what;

		if (!files_stat(c->files, path, &st)) {
			*large |= is_large(&st) || linked_may_be(spec, &st);
			continue;
		}
		if (errno != ENOENT && errno != ENOTDIR)
			return error_sys(err, "cannot look at '%s'", path);
		what = xasprintf("'%s'", path);
		error_missing(c, what, path, started_ns, err);
		free(what);
		return -1;
	}
	return 0;
}

/* Whether P, result R, whose stat is known, is something to take: else the
 * recipe is to blame.  To open a fifo would be to wait for its writer. */
static int
check_kind(const struct product *p, const struct spec_result *r,
	   struct error *err)
{
	mode_t mode = p->stat.st_mode;

	if (S_ISREG(mode) || (S_ISDIR(mode) && !spec_result_is_read(r)))
		return 0;
	if (S_ISDIR(mode))
		return error_set(err, "result '%s' is a directory, of which "
				 "no value can be read", r->name);
	content_refuse(p->path, mode, err);
	error_push(err, "result '%s'", r->name);
	return -1;
}

/* Look for the products that are files. */
static int
find_products(struct collection *c, bool *large, struct error *err)
{
	const struct spec_result *r = c->spec->results;

	for (size_t i = 0; i < c->product_count; i++) {
		struct product *p = &c->products[i];

		if (!p->path)
			continue;
		if (!stat(p->path, &p->stat)) {
			if (check_kind(p, &r[i], err))
				return -1;
			*large |= is_large(&p->stat);
			continue;
		}
		if (p->is_borrowed)
			return error_sys(err, "result '%s': '%s'", r[i].name,
					 p->path);
		if (errno == ENOENT)
			return error_set(err, "did not write result '%s'",
					 r[i].name);
		return error_sys(err, "result '%s'", r[i].name);
	}
	return 0;
}

/* ---- what a recipe says that it made ---- */

/* Expect each result where its recipe was told to write it. */
static void
expect_paths(struct collection *c, const struct slot *slot)
{
	for (size_t i = 0; i < c->product_count; i++) {
		c->products[i].path = xstrdup(slot->results.v[i]);
		c->products[i].format = ARTIFACT_FILE;
	}
}

/* The format that the evaluator calls NAME; false: it makes none such. */
static bool
find_format(const char *name, size_t len, enum artifact_format *format)
{
	return artifact_format_find(name, len, format) &&
	       *format != ARTIFACT_TREE && *format != ARTIFACT_OUTPUT;
}

/* Read what a scheme recipe says: [[FORMAT, value or PATH]...] */
static int
read_made(struct collection *c, const struct slot *slot, struct error *err)
{
	struct cbor in;

	cbor_init(&in, c->made.buf, c->made.len);
	if (cbor_get_array(&in) != c->product_count)
		in.failed = true;
	for (size_t i = 0; i < c->product_count && !in.failed; i++) {
		struct product *p = &c->products[i];
		const char *format;
		size_t len;

		if (cbor_get_array(&in) != 2)
			in.failed = true;
		format = cbor_get_text(&in, &len);
		if (!find_format(format, len, &p->format))
			in.failed = true;
		if (p->format == ARTIFACT_INLINE)
			p->value = cbor_span(&in, &p->value_len);
		else
			p->path = cbor_get_str(&in);
		/* A file result stays where it is unless it was made in our
		 * own directories: it may be an input. */
		p->is_borrowed = p->path && p->format == ARTIFACT_FILE &&
				 !path_is_inside(slot->dir, p->path) &&
				 !path_is_inside(slot->tmp_path, p->path);
	}
	return cbor_finish(&in, "the results of the recipe", err);
}

/* ---- hashing ---- */

/* Hash a file and remember it: a content_file_fn. */
static int
hash_file(void *data, const char *path, const struct stat *st,
	  struct digest *d, struct error *err)
{
	struct hashed_files *h = data;

	if (content_of_file(path, st, d, err) < 0)
		return -1;
	ARRAY_GROW(h->v, h->count, h->alloc);
	h->v[h->count++] = (struct hashed_file){ xstrdup(path), *st, *d };
	return 0;
}

/* The same of a file that is an output, or in one. */
static int
hash_output(void *data, const char *path, const struct stat *st,
	    struct digest *d, struct error *err)
{
	struct collection *c = data;
	struct stat own = *st;

	return linked_part(&c->linked, c->spec, path, &own, err) ? -1
		: hash_file(&c->hashed, path, &own, d, err);
}

static int
hash_outputs(struct collection *c, struct error *err)
{
	const struct task_spec *spec = c->spec;
	uint64_t size_bytes;
	struct digest d;
	struct stat st;
	int rc = 0;

	for (size_t i = 0; !rc && i < spec->output_count; i++) {
		const char *path = spec->outputs[i].path;

		/* What is no file any more is found when it is published. */
		if (stat(path, &st) < 0)
			continue;
		if (S_ISDIR(st.st_mode))
			rc = content_of_tree(path, hash_output, c, &d,
					     &size_bytes, err);
		else if (S_ISREG(st.st_mode) &&
			 (is_large(&st) || linked_may_be(spec, &st)))
			rc = hash_output(c, path, &st, &d, err);
	}
	return rc;
}

static int
hash_product(struct product *p, struct error *err)
{
	p->size_bytes = (uint64_t)p->stat.st_size;
	if (S_ISDIR(p->stat.st_mode))
		return content_of_tree(p->path, hash_file, &p->inside,
				       &p->digest, &p->size_bytes, err);
	if (!S_ISREG(p->stat.st_mode))
		return content_refuse(p->path, p->stat.st_mode, err);
	return content_of_file(p->path, &p->stat, &p->digest, err);
}

int
product_copy(struct product *p, const struct spec_result *r,
	     struct error *err)
{
	char *copy;

	if (S_ISDIR(p->stat.st_mode))
		return error_set(err, "result '%s': make the directory '%s' "
				 "in $TMPDIR, from where it can be moved into "
				 "the store", r->name, p->path);
	copy = file_temporary_name(STORE_DIR "/tmp/result");
	if (file_copy(p->path, copy, err) < 0) {
		free(copy);
		return -1;
	}
	free(p->path);
	p->path = copy;
	p->is_copy = true;
	p->is_borrowed = false;
	return 0;
}

int
product_complete(struct product *p, const struct spec_result *r,
		 struct error *err)
{
	if (p->is_complete)
		return 0;
	if (hash_product(p, err) < 0)
		return -1;
	if (p->is_borrowed && !object_exists(&p->digest, r->file_name) &&
	    product_copy(p, r, err) < 0)
		return -1;
	p->is_complete = true;
	return 0;
}

/* Hash what is large: on an I/O thread, touching nothing but C. */
static void
on_work(struct pool_job *job)
{
	struct collection *c = (struct collection *)job;
	int rc = hash_outputs(c, &c->error);

	for (size_t i = 0; !rc && i < c->product_count; i++)
		if (c->products[i].path && is_large(&c->products[i].stat))
			rc = product_complete(&c->products[i],
					      &c->spec->results[i],
					      &c->error);
}

static void
on_work_done(struct pool_job *job)
{
	struct collection *c = (struct collection *)job;

	c->done(c->data);
}

int
agent_collect(struct collection *c, const struct task_spec *spec,
	      const struct slot *slot, struct files *files, struct pool *pool,
	      int64_t started_ns, const char *made, size_t made_len,
	      void (*done)(void *data), void *data, struct error *err)
{
	bool large = false;

	c->spec = spec;
	c->files = files;
	c->done = done;
	c->data = data;
	c->product_count = spec->result_count;
	if (c->product_count)
		c->products = xcalloc(c->product_count, sizeof(*c->products));
	if (made) {
		strbuf_add(&c->made, made, made_len);
		if (read_made(c, slot, err) < 0)
			return -1;
	} else {
		expect_paths(c, slot);
	}
	if (find_outputs(c, started_ns, &large, err) < 0 ||
	    find_products(c, &large, err) < 0)
		return -1;
	if (!large)
		return 0;
	c->hashing_ns = clock_real_ns(&clock_system);
	c->job = (struct pool_job){ .work = on_work, .done = on_work_done };
	pool_submit(pool, &c->job);
	return 1;
}
