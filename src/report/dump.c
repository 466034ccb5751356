/*
 * Results of tasks.
 */
#include "base/base.h"

#include "report/dump.h"

#include <errno.h>
#include <fts.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cbor.h"
#include "base/error.h"
#include "base/path.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "model/artifact.h"
#include "model/value.h"
#include "report/show-state.h"
#include "store/objects.h"
#include "store/values.h"
#include "sys/file.h"

/* ---- printing ---- */

/* Append the value of R as Scheme writes it, or where it lies. */
static int
print_value(const struct artifact *r, struct strbuf *out, struct error *err)
{
	struct strbuf cbor = STRBUF_INIT;
	int rc = 0;

	if (artifact_is_file(r)) {
		object_add_path(out, &r->digest, r->file_name);
	} else {
		rc = artifact_load_value(r, &cbor, err);
		if (!rc)
			value_print(cbor.buf, cbor.len, 0, out);
	}
	strbuf_release(&cbor);
	return rc;
}

/* Say that A has no result NAME (NULL: none at all), and why. */
static int
no_result(const struct target *t, const struct attempt_record *a,
	  const char *name, struct error *err)
{
	const char *state = attempt_state_name(a, run_state_name(&t->run));
	struct strbuf path = STRBUF_INIT, names = STRBUF_INIT;
	size_t i;

	strbuf_addf(&path, "%u/", t->run.number);
	attempt_add_escaped(&path, a);
	for (i = 0; i < a->result_count; i++)
		strbuf_addf(&names, " %s", a->results[i].name);
	if (a->result_count)
		error_set(err, "task %s has no result '%s'; it has%s",
			  path.buf, name, names.buf);
	else if (a->outcome == TASK_DONE)
		error_set(err, "task %s has no results, its step produces "
			  "none", path.buf);
	else
		error_set(err, "task %s has no results: %s", path.buf, state);
	strbuf_release(&path);
	strbuf_release(&names);
	return -1;
}

/* Append all results of A, each after its name. */
static int
print_all(const struct target *t, const struct attempt_record *a,
	  struct strbuf *out, struct error *err)
{
	size_t i;

	if (!a->result_count)
		return no_result(t, a, NULL, err);
	for (i = 0; i < a->result_count; i++) {
		text_add_escaped(out, a->results[i].name,
				 strlen(a->results[i].name));
		strbuf_adds(out, " = ");
		if (print_value(&a->results[i], out, err))
			return -1;
		strbuf_addch(out, '\n');
	}
	return 0;
}

/* ---- bytes ---- */

/* Append the bytes of R, a value beside its record. */
static void
add_inline_bytes(const struct artifact *r, struct strbuf *out)
{
	struct cbor_item item;
	struct cbor c;

	cbor_init(&c, r->value, r->value_len);
	item = cbor_next(&c);
	if (item.kind == CBOR_TEXT || item.kind == CBOR_BYTES)
		strbuf_add(out, item.data, item.len);
	else
		strbuf_add(out, r->value, r->value_len);
}

/* Copy the file FROM of an object, which is read-only, to a new file TO, which
 * is as others. */
static int
copy_file(const char *from, const char *to, struct error *err)
{
	struct stat st;

	if (stat(from, &st) < 0)
		return error_sys(err, "cannot read '%s'", from);
	return file_copy_as(from, to, st.st_mode & S_IXUSR ? 0777 : 0666, err);
}

/* Copy one entry of the tree FTS goes through to its place under TO. */
static int
copy_entry(const FTSENT *e, const char *to, size_t root_len, struct error *err)
{
	char *place = xasprintf("%s%s", to, e->fts_path + root_len);
	char target[4096];
	ssize_t len;
	int rc = 0;

	switch (e->fts_info) {
	case FTS_D:
		rc = file_make_dirs(place, err);
		break;
	case FTS_F:
		rc = copy_file(e->fts_accpath, place, err);
		break;
	case FTS_SL:
	case FTS_SLNONE:
		len = readlink(e->fts_accpath, target, sizeof(target) - 1);
		target[MAX(len, 0)] = '\0';
		if (len < 0 || symlink(target, place) < 0)
			rc = error_sys(err, "cannot make '%s'", place);
		break;
	case FTS_DNR:
	case FTS_ERR:
	case FTS_NS:
		errno = e->fts_errno;
		rc = error_sys(err, "cannot read '%s'", e->fts_path);
		break;
	default:
		break;
	}
	free(place);
	return rc;
}

/* Copy the directory FROM, an object, to TO. */
static int
copy_tree(const char *from, const char *to, struct error *err)
{
	char *const roots[] = { (char *)(uintptr_t)from, NULL };
	FTS *fts = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	FTSENT *e;
	int rc = 0;

	if (!fts)
		return error_sys(err, "cannot read '%s'", from);
	while (!rc && (e = fts_read(fts)))
		rc = copy_entry(e, to, strlen(from), err);
	fts_close(fts);
	return rc;
}

/* Append the bytes of R to OUT. */
static int
add_bytes(const struct artifact *r, struct strbuf *out, struct error *err)
{
	if (r->format == ARTIFACT_TREE)
		return error_set(err, "'%s' is a directory; name where to put "
				 "it", r->name);
	if (r->format != ARTIFACT_INLINE)
		return object_read(&r->digest, out, err);
	add_inline_bytes(r, out);
	return 0;
}

/* Copy the object that R is to FILE, which no symlink is. */
static int
copy_object(const struct artifact *r, const char *file, struct error *err)
{
	struct strbuf path = STRBUF_INIT;
	int rc;

	if (object_check(&r->digest, r->file_name, err))
		return -1;
	object_add_path(&path, &r->digest, r->file_name);
	if (r->format == ARTIFACT_TREE)
		rc = copy_tree(path.buf, file, err);
	else if (unlink(file) < 0 && errno != ENOENT)
		rc = error_sys(err, "cannot replace '%s'", file);
	else
		rc = copy_file(path.buf, file, err);
	strbuf_release(&path);
	return rc;
}

/* Put the bytes of R into FILE. */
static int
put_file(const struct artifact *r, const char *file, struct error *err)
{
	struct strbuf bytes = STRBUF_INIT;
	char *real;
	int rc;

	if (r->format == ARTIFACT_TREE ||
	    (r->format != ARTIFACT_INLINE && !file_is_special(file))) {
		real = file_follow(file);
		rc = copy_object(r, real, err);
		free(real);
		return rc;
	}
	rc = add_bytes(r, &bytes, err);
	if (!rc)
		rc = file_put(file, bytes.buf, bytes.len, err);
	strbuf_release(&bytes);
	return rc;
}

/* ---- finding ---- */

/* Read the task that T means.  When there is none of the whole REST, its last
 * part may be the name of a result: then *NAME gets that, out of T. */
static int
find_task(struct attempts *as, struct store *s, struct target *t, char **name,
	  struct error *err)
{
	char *rest = t->rest, *slash;

	if (attempts_read(as, s, t, true, err))
		return -1;
	if (as->count || !rest)
		return 0;
	attempts_release(as);
	slash = strrchr(rest, '/');
	t->rest = slash ? xstrndup(rest, (size_t)(slash - rest)) : xstrdup("");
	if (attempts_read(as, s, t, true, err)) {
		free(rest);
		return -1;
	}
	if (as->count) {
		*name = xstrdup(slash ? slash + 1 : rest);
		free(rest);
		return 0;
	}
	free(t->rest);
	t->rest = rest;
	return 0;
}

/* Say that T means several tasks. */
static int
several_tasks(const struct target *t, const struct attempts *as,
	      struct error *err)
{
	struct strbuf path = STRBUF_INIT;

	attempt_add_escaped(&path, &as->list[0]);
	error_set(err, "run %u has %zu tasks of '%s'; choose one, as %u/%s",
		  t->run.number, as->count, t->step, t->run.number, path.buf);
	strbuf_release(&path);
	return -1;
}

/* Dump what T means. */
static int
dump(struct store *s, struct target *t, const char *file, struct strbuf *out,
     struct error *err)
{
	const struct artifact *r = NULL;
	struct attempts as;
	char *name = NULL;
	int rc;

	if (!t->step)
		return error_set(err, "name a task, as %u/STEP/SPLIT",
				 t->run.number);
	if (find_task(&as, s, t, &name, err))
		return -1;
	if (as.count == 1 && name)
		r = artifact_find(as.list[0].results,
				  as.list[0].result_count, name);
	else if (as.count == 1 && file && as.list[0].result_count == 1)
		r = &as.list[0].results[0];
	if (!as.count)
		rc = target_no_task(t, s, err);
	else if (as.count > 1)
		rc = several_tasks(t, &as, err);
	else if (name && !r)
		rc = no_result(t, &as.list[0], name, err);
	else if (file && !r)
		rc = error_set(err, "--file takes one result; name it");
	else if (file)
		rc = strcmp(file, "-") ? put_file(r, file, err) :
			add_bytes(r, out, err);
	else if (!r)
		rc = print_all(t, &as.list[0], out, err);
	else if (artifact_is_file(r) &&
		 object_check(&r->digest, r->file_name, err))
		rc = -1; /* who asks where it lies will read it */
	else
		rc = print_value(r, out, err);
	if (!rc && r && !file)
		strbuf_addch(out, '\n');
	attempts_release(&as);
	free(name);
	return rc;
}

int
dump_results(struct store *s, const char *target, const char *file,
	     struct strbuf *out, struct error *err)
{
	struct target t;
	int rc;

	rc = target_parse(&t, s, target, err);
	if (!rc)
		rc = dump(s, &t, file, out, err);
	target_release(&t);
	return rc;
}
