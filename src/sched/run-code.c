/*
 * The code of a run: flowmake-git takes a snapshot of it while the tasks run.
 * That it cannot is said and recorded, but fails no run.
 *
 * STORE_CODE_SEEN holds, in CBOR, the number of the run of the latest snapshot,
 * the name of its flow's file, and the bytes of a list (sys/sights.h).
 */
#include "base/base.h"

#include "sched/run-internal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cbor.h"
#include "base/clock.h"
#include "base/strvec.h"
#include "flow/code.h"
#include "flow/observation.h"
#include "model/code-wire.h"
#include "model/graph.h"
#include "store/files.h"
#include "store/witness.h"
#include "sys/file.h"
#include "sys/sights.h"

/* A run that has nothing else to do waits this long for its snapshot. */
#define PATIENCE_NS (10 * NS_PER_S)
/* So many files that were edited meanwhile are named. */
enum { EDITED_MAX = 20 };

/* Whether a task, of this run or another, makes what is called NAME.  A run
 * that does just what another did has no graph. */
static bool
is_output(struct run *r, const char *name)
{
	return (r->graph && graph_makes(r->graph, name)) ||
		files_has_maker(r->files, name);
}

/* Whether PATH is an output of a task or inside one. */
static bool
is_made(void *data, const char *path)
{
	char *name = xstrdup(path), *slash;
	bool made = is_output(data, name);

	for (slash = name + strlen(name); !made && slash > name; slash--) {
		if (*slash != '/')
			continue;
		*slash = '\0';
		made = is_output(data, name);
	}
	free(name);
	return made;
}

/* Write C; what is wrong with the store the end of the run will say. */
static void
keep(struct run *r, const struct code_record *c)
{
	struct error err = ERROR_INIT;

	if (store_code_put(r->store, c, &err))
		run_fatal(r, &err);
}

/* Keep what was looked at for the code of R, for the next run that executes
 * nothing; without it that takes its own. */
static void
keep_seen(const struct run *r, const char *seen, size_t len)
{
	char *flow_file = file_project_name(r->options->flow_file);
	struct strbuf sb = STRBUF_INIT;

	cbor_put_uint(&sb, r->summary->run.number);
	cbor_put_text(&sb, flow_file, strlen(flow_file));
	cbor_put_bytes(&sb, seen, len);
	file_replace(STORE_CODE_SEEN, sb.buf, sb.len, false, NULL);
	strbuf_release(&sb);
	free(flow_file);
}

static void
on_taken(void *data, const struct code_record *c, const char *seen,
	 size_t seen_len)
{
	struct run *r = data;
	struct cbor left_out;

	cbor_init(&left_out, c->left_out, c->left_out_len);
	r->code_left_out = cbor_get_array(&left_out);
	r->code_taken = true;
	strbuf_reset(&r->code_seen);
	strbuf_add(&r->code_seen, seen, seen_len);
	keep(r, c);
	keep_seen(r, seen, seen_len);
}

static const struct code_events code_events = {
	.is_made = is_made,
	.taken = on_taken,
};

void
run_code_start(struct run *r)
{
	struct strvec crowds = STRVEC_INIT;

	r->code = code_start(r->loop, &code_events, r, &r->code_failure);
	if (r->code && r->witness)
		witness_list_crowds(r->witness, CODE_DIR_FILES_MAX + 1,
				    &crowds);
	if (r->code)
		code_prepare(r->code, &crowds);
	strvec_release(&crowds);
}

/* Whether the record of RUN says that the code could not be recorded. */
static bool
has_failed(struct run *r, uint32_t run)
{
	struct code_record c;
	bool failed = store_code_get(r->store, run, &c, NULL) > 0 && !c.tree;

	code_record_release(&c);
	return failed;
}

/* Whether the list for the latest snapshot, that of RUN, holds. */
static bool
has_seen_all(const struct run *r, uint32_t run)
{
	char *flow_file = file_project_name(r->options->flow_file);
	struct strbuf sb = STRBUF_INIT;
	const char *name, *seen;
	size_t name_len, len;
	bool has = false;
	struct cbor c;

	if (!file_read(STORE_CODE_SEEN, &sb, NULL)) {
		cbor_init(&c, sb.buf, sb.len);
		has = cbor_get_uint(&c) == run;
		name = cbor_get_text(&c, &name_len);
		seen = cbor_get_bytes(&c, &len);
		has = has && !c.failed &&
			cbor_key_is(name, name_len, flow_file) &&
			sights_hold(seen, len);
	}
	strbuf_release(&sb);
	free(flow_file);
	return has;
}

/* Whether there is no need to record the code of a run that executes nothing:
 * nothing that was looked at for the latest record has changed; or that could
 * not be made, which is not tried again each time. */
static bool
is_known(struct run *r)
{
	uint32_t latest = 0;

	/* what cannot be read is not known */
	return !store_code_before(r->store, UINT32_MAX, &latest, NULL) &&
		latest &&
		(has_seen_all(r, latest) || has_failed(r, latest));
}

/* The time of the file system now: that of the run's log, which is new. */
static int64_t
get_since(const struct run *r)
{
	char *log = xasprintf(STORE_DIR "/logs/%u", r->summary->run.number);
	int64_t ns = INT64_MAX;
	struct stat st;

	if (!stat(log, &st))
		ns = timespec_ns(st.st_ctim);
	free(log);
	return ns;
}

/* Append the paths of the Flowfile and of what else it consists of. */
static void
list_loaded(const struct run *r, struct strvec *paths)
{
	struct cbor c;
	size_t n;

	strvec_push_take(paths, file_project_name(r->options->flow_file));
	cbor_init(&c, r->rules.manifest, r->rules.manifest_len);
	for (n = cbor_get_array(&c); n; n--) {
		struct observation *o = observation_of_manifest(&c);
		char *path;

		if (!o)
			break;
		path = observation_text(o);
		if (path && !strcmp(o->kind, "module"))
			strvec_push_take(paths, file_project_name(path));
		free(path);
		observation_free(o);
	}
}

void
run_code_begin(struct run *r)
{
	struct strvec loaded = STRVEC_INIT;

	if (r->code_begun)
		return;
	r->code_begun = true;
	if (!r->code && !r->code_failure.text)
		run_code_start(r);
	if (!r->code)
		return;
	list_loaded(r, &loaded);
	code_snapshot(r->code, r->summary->run.number, get_since(r), &loaded);
	strvec_release(&loaded);
}

void
run_code_note_news(struct run *r)
{
	if (r->code_begun || is_known(r))
		return;
	r->code_is_news = true;
	run_code_begin(r);
}

/* ---- what has changed since ---- */

/* Note PATH, if it is a file of the project and no directory. */
static bool
note_edited(void *data, const char *path)
{
	struct strvec *edited = data;
	size_t len = strlen(path);

	if (*path != '/' && len && path[len - 1] != '/')
		strvec_push(edited, path);
	return true;
}

/* Put into words what was EDITED. */
static void
describe_edited(struct strvec *edited)
{
	size_t i, more = edited->count - MIN(edited->count, EDITED_MAX);
	static const char what[] = "changed while the run went on";

	strvec_sort(edited);
	while (edited->count > EDITED_MAX)
		free(strvec_pop(edited));
	for (i = 0; i < edited->count; i++) {
		char *path = edited->v[i];

		edited->v[i] = xasprintf("%s: %s", path, what);
		free(path);
	}
	if (more)
		strvec_push_take(edited, xasprintf("and %zu more %s", more,
						   what));
}

/* Say in R's record of what it has not the latest, EDITED. */
static void
keep_edited(struct run *r, const struct strvec *edited)
{
	struct strbuf left_out = STRBUF_INIT;
	struct error err = ERROR_INIT;
	struct code_record c, longer;
	struct cbor old;
	size_t count, i;
	int got = store_code_get(r->store, r->summary->run.number, &c, &err);

	if (got > 0) {
		cbor_init(&old, c.left_out, c.left_out_len);
		count = cbor_get_array(&old);
		cbor_put_array(&left_out, count + edited->count);
		strbuf_add(&left_out, old.next, (size_t)(old.end - old.next));
		for (i = 0; i < edited->count; i++)
			cbor_put_str(&left_out, edited->v[i]);
		longer = c;
		longer.left_out = left_out.buf;
		longer.left_out_len = left_out.len;
		keep(r, &longer);
		code_record_release(&c);
	} else if (got < 0) {
		run_fatal(r, &err);
	}
	strbuf_release(&left_out);
}

/* Find out what of the code was edited since the snapshot of R: tasks that
 * began later have seen that. */
static void
find_edited(struct run *r)
{
	struct strvec edited = STRVEC_INIT;

	sights_each_change(r->code_seen.buf, r->code_seen.len, true,
			   note_edited, &edited);
	if (edited.count) {
		describe_edited(&edited);
		keep_edited(r, &edited);
	}
	strvec_release(&edited);
}

void
run_code_end(struct run *r)
{
	struct code_record none = { .run = r->summary->run.number };
	struct error *why = &r->code_failure;

	if (!r->code_begun)
		return;
	if (r->code && !r->code_taken && !r->fatal.text)
		code_wait(r->code, PATIENCE_NS, &r->interrupted, why);
	/* who interrupts a run that executes nothing wants no record of it */
	if (r->interrupted && !r->code_taken && r->code_is_news) {
		error_release(why);
		return;
	}
	if (!r->code_taken && !r->fatal.text) {
		if (!why->text)
			error_set(why, "flowmake-git does not say why");
		none.failure = why->text;
		keep(r, &none);
		run_note(r, "note: the code was not recorded: %s", why->text);
	} else if (r->code_left_out) {
		run_note(r, "note: not all code was recorded; 'flowmake show "
			 "%u' says what was left out", none.run);
	}
	if (r->code_taken && !r->fatal.text)
		find_edited(r);
}
