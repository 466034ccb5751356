/*
 * Publishing what a task made: results into the store, outputs on record.
 */
#include "base/base.h"

#include "exec/agent.h"

#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/strbuf.h"
#include "exec/collect.h"
#include "exec/spec.h"
#include "model/object-path.h"
#include "model/value.h"
#include "store/files.h"
#include "store/objects.h"
#include "store/values.h"
#include "sys/file.h"

/* ---- outputs ---- */

static int
publish_outputs(const struct collection *c, struct arena *arena,
		struct publication *p, struct error *err)
{
	const struct task_spec *spec = c->spec;
	struct artifact *list;
	struct file_state state;

	if (!spec->output_count)
		return 0;
	list = arena_zalloc(arena, spec->output_count * sizeof(*list));
	for (size_t i = 0; i < spec->output_count; i++) {
		const char *path = spec->outputs[i].path;
		int rc = files_made(c->files, path, &state, err);

		if (!rc)
			error_set(err, "'%s' has gone again", path);
		if (rc <= 0)
			return -1;
		list[i].name = path;
		list[i].format = ARTIFACT_OUTPUT;
		list[i].digest = state.digest;
		list[i].size_bytes = state.size_bytes;
	}
	p->outputs = list;
	return 0;
}

/* ---- results ---- */

/* Take a file or directory into the store. */
static int
take_file(struct product *p, const struct spec_result *r, struct files *files,
	  struct artifact *a, struct error *err)
{
	struct error damage = ERROR_INIT;
	int kept;

	if (product_complete(p, r, err) < 0)
		return -1;
	a->format = p->format != ARTIFACT_FILE ? p->format
		    : S_ISDIR(p->stat.st_mode) ? ARTIFACT_TREE : ARTIFACT_FILE;
	a->digest = p->digest;
	a->size_bytes = p->size_bytes;
	if (p->is_borrowed) {
		kept = object_keep(&p->digest, r->file_name, files, &damage);
		if (kept < 0)
			error_set(err, "%s", damage.text);
		error_release(&damage);
		if (kept)
			return MIN(kept, 0);
		if (product_copy(p, r, err))
			return -1;
	}
	if (object_take(p->path, &p->digest, r->file_name, files, err))
		return -1;
	for (size_t i = 0; i < p->inside.count; i++)
		object_learn(&p->digest, r->file_name,
			     p->inside.v[i].path + strlen(p->path),
			     &p->inside.v[i].digest, files);
	return 0;
}

/* Read the value that a recipe wrote as text.  Returns 1 when it is none. */
static int
parse_file(const struct product *p, const struct spec_result *r,
	   struct arena *arena, struct artifact *a, struct error *err)
{
	struct strbuf text = STRBUF_INIT, value = STRBUF_INIT;
	int rc = file_read(p->path, &text, err);

	if (!rc && r->format == SPEC_RESULT_TEXT)
		value_from_text(text.buf, text.len, &value);
	else if (!rc && r->format == SPEC_RESULT_LINES)
		value_from_lines(text.buf, text.len, &value);
	else if (!rc && value_from_json(text.buf, text.len, &value, err) < 0)
		rc = 1;
	if (rc > 0)
		error_push(err, "result '%s' is no JSON", r->name);
	if (!rc)
		rc = artifact_from_value(r->name, value.buf, value.len, arena,
					 a, err);
	strbuf_release(&text);
	strbuf_release(&value);
	return rc;
}

static int
publish_result(struct product *p, const struct spec_result *r,
	       struct files *files, struct arena *arena, struct artifact *a,
	       struct error *err)
{
	a->name = r->name;
	a->file_name = r->file_name;
	if (!p->path)
		return artifact_from_value(r->name, p->value, p->value_len,
					   arena, a, err);
	/* A large value that is no file is in another format. */
	if (p->format == ARTIFACT_FILE && spec_result_is_read(r))
		return parse_file(p, r, arena, a, err);
	return take_file(p, r, files, a, err);
}

static int
publish_results(struct collection *c, struct arena *arena,
		struct publication *p, bool *ours, struct error *err)
{
	struct artifact *list;
	int rc;

	if (!c->product_count)
		return 0;
	*ours = true;
	if (files_begin(c->files, err))
		return -1;
	list = arena_zalloc(arena, c->product_count * sizeof(*list));
	for (size_t i = 0; i < c->product_count; i++) {
		rc = publish_result(&c->products[i], &c->spec->results[i],
				    c->files, arena, &list[i], err);
		*ours = rc < 0;
		if (rc)
			return -1;
	}
	p->results = list;
	return 0;
}

/* ---- inputs ---- */

/* Whether a file or directory still has the digest D; *WHAT says what became
 * of it. */
static bool
is_as_before(struct files *files, const char *path, const struct digest *d,
	     const char **what)
{
	struct file_state state;
	int rc = files_digest(files, path, &state, NULL);

	*what = rc > 0 ? "changed" : rc ? "became unreadable" : "was removed";
	return rc > 0 && digest_equal(&state.digest, d);
}

/* The same of a result that the task has read, which is read-only, but what is
 * that to root, or to "sed -i"? */
static bool
is_result_as_before(struct files *files, const struct artifact *a,
		    const char **what)
{
	struct strbuf path = STRBUF_INIT;
	bool same;

	if (!artifact_is_file(a))
		return true;
	object_add_path(&path, &a->digest, a->file_name);
	same = is_as_before(files, path.buf, &a->digest, what);
	strbuf_release(&path);
	return same;
}

/* NAME, an input or a result of another task, is not what it was. */
static void
spoil(struct publication *p, struct arena *arena, const char *kind,
      const char *name, const char *what)
{
	struct strbuf sb = STRBUF_INIT;

	p->reusable = false;
	if (p->warning)
		return;
	strbuf_addf(&sb, "%s '%s' %s while the task ran; its results will not "
		    "be used again; what the recipe writes should be an "
		    "output", kind, name, what);
	p->warning = arena_strdup(arena, sb.buf);
	strbuf_release(&sb);
}

/* Look whether what the task has read is what it was. */
static void
check_inputs(const struct collection *c, struct arena *arena,
	     struct publication *p)
{
	const struct task_spec *spec = c->spec;
	const char *what;
	size_t i;

	for (i = 0; i < spec->input_count; i++)
		if (!is_as_before(c->files, spec->inputs[i].path,
				  &spec->inputs[i].digest, &what))
			spoil(p, arena, "input", spec->inputs[i].path, what);
	for (i = 0; i < spec->object_count; i++)
		if (!is_result_as_before(c->files, &spec->objects[i], &what))
			spoil(p, arena, "result of another step",
			      spec->objects[i].name, what);
}

int
agent_publish(struct collection *c, struct arena *arena,
	      struct publication *p, bool *ours, struct error *err)
{
	*p = (struct publication){ .reusable = true };
	*ours = false;
	if (c->error.text)
		return error_copy(err, &c->error);
	for (size_t i = 0; i < c->hashed.count; i++)
		files_learn(c->files, c->hashed.v[i].path,
			    &c->hashed.v[i].stat, c->hashing_ns,
			    &c->hashed.v[i].digest);
	if (publish_outputs(c, arena, p, err) < 0 ||
	    publish_results(c, arena, p, ours, err) < 0)
		return -1;
	check_inputs(c, arena, p);
	return 0;
}
