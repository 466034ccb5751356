/*
 * What a difference between keys is made of: values, old and new, where they
 * are known; the tasks that made them; and where else to look.
 */
#include "base/base.h"

#include "report/why-state.h"

#include <stdlib.h>
#include <string.h>

#include "base/cbor.h"
#include "base/clock.h"
#include "base/text.h"
#include "model/artifact.h"
#include "model/code-source.h"
#include "model/value.h"
#include "store/files.h"

void
why_values_init(struct why_values *v)
{
	strbuf_init(&v->old);
	strbuf_init(&v->new);
	strbuf_init(&v->notes);
}

void
why_values_release(struct why_values *v)
{
	strbuf_release(&v->old);
	strbuf_release(&v->new);
	strbuf_release(&v->notes);
}

void
why_add_digest(struct strbuf *sb, const char *bytes)
{
	size_t i;

	for (i = 0; bytes && i < 4; i++)
		strbuf_addf(sb, "%02x", (unsigned char)bytes[i]);
}

/* ---- texts ---- */

int
why_text_read(struct store *s, const char *bytes, struct strbuf *text,
	      struct error *err)
{
	struct digest digest;

	if (!bytes)
		return 0;
	memcpy(digest.bytes, bytes, DIGEST_BYTES);
	return store_text_get(s, &digest, text, err);
}

int
why_source_read(struct why_state *w, const char *bytes, struct strbuf *stored,
		struct code_source *s, struct error *err)
{
	int rc = why_text_read(w->store, bytes, stored, err);

	return rc > 0 ? code_source_read(s, stored->buf, stored->len) : rc;
}

/* Append what the store has of the digest BYTES: a value, or the text of code,
 * of which *PATH, if it is NULL, becomes the file, to be freed. */
static int
add_stored(const struct why_describing *d, const char *bytes,
	   struct strbuf *sb, char **path, struct error *err)
{
	struct strbuf stored = STRBUF_INIT;
	struct code_source s;
	int rc = why_source_read(d->w, bytes, &stored, &s, err);

	if (rc > 0) {
		strbuf_add(sb, s.text, s.text_len);
		if (!*path)
			*path = xstrndup(s.path, s.path_len);
	} else if (!rc && stored.len) {
		value_print(stored.buf, stored.len, WHY_VALUE_BYTES, sb);
	}
	strbuf_release(&stored);
	return MIN(rc, 0);
}

/* ---- parameters ---- */

const char *
why_find_parameter(const struct run_record *r, const char *name,
		   size_t name_len, size_t *len)
{
	const char *value = NULL, *s;
	struct cbor c;
	size_t n, s_len;

	cbor_init(&c, r->parameters, r->parameters_len);
	for (n = r->parameters_len ? cbor_get_array(&c) : 0; n && !c.failed;
	     n--) {
		cbor_get_array(&c);
		s = cbor_get_text(&c, &s_len);
		value = cbor_span(&c, len);
		cbor_skip(&c);
		if (s_len == name_len && !memcmp(s, name, name_len))
			return c.failed ? NULL : value;
	}
	return NULL;
}

/* Append a parameter's value as it stands in texts: a text without quotes. */
static void
add_plain_value(struct strbuf *sb, const char *value, size_t len)
{
	struct cbor c;

	cbor_init(&c, value, len);
	if (cbor_peek(&c) != CBOR_TEXT) {
		value_print(value, len, WHY_VALUE_BYTES, sb);
		return;
	}
	value = cbor_get_text(&c, &len);
	strbuf_add(sb, value, len);
}

/* A parameter with two values. */
struct parameter_change {
	const char *name;
	size_t name_len;
	const char *old, *new;
	size_t old_len, new_len;
};

/* Whether what is described may differ because of P: its values stand in what
 * that was and is, unless this is not shown. */
static bool
may_come_from(const struct why_values *v, const struct parameter_change *p)
{
	struct strbuf old = STRBUF_INIT, new = STRBUF_INIT;
	bool may;

	add_plain_value(&old, p->old, p->old_len);
	add_plain_value(&new, p->new, p->new_len);
	may = (!v->old.len && !v->new.len) ||
	      (strstr(v->old.buf, old.buf) && strstr(v->new.buf, new.buf));
	strbuf_release(&old);
	strbuf_release(&new);
	return may;
}

/* Note P; if BY_CHANCE it is what else changed, and may be the reason. */
static void
note_parameter(const struct why_describing *d, const struct parameter_change *p,
	       bool by_chance)
{
	struct strbuf *notes = &d->v->notes;

	if (by_chance && !may_come_from(d->v, p))
		return;
	strbuf_adds(notes, by_chance ? "it may come from parameter "
				     : "parameter ");
	text_add_escaped(notes, p->name, p->name_len);
	strbuf_adds(notes, by_chance ? ", which was " : " was ");
	value_print(p->old, p->old_len, WHY_VALUE_BYTES, notes);
	strbuf_adds(notes, ", is ");
	value_print(p->new, p->new_len, WHY_VALUE_BYTES, notes);
	strbuf_addch(notes, '\n');
}

/* Note the parameters that have other values than in the run before. */
static void
note_parameters(const struct why_describing *d, bool by_chance)
{
	const struct run_record *run = &d->w->target->run;
	struct parameter_change p;
	struct cbor c;
	size_t n;

	cbor_init(&c, run->parameters, run->parameters_len);
	for (n = run->parameters_len ? cbor_get_array(&c) : 0;
	     n && !c.failed; n--) {
		cbor_get_array(&c);
		p.name = cbor_get_text(&c, &p.name_len);
		p.new = cbor_span(&c, &p.new_len);
		cbor_skip(&c);
		p.old = c.failed ? NULL :
			why_find_parameter(d->why->base_run, p.name,
					   p.name_len, &p.old_len);
		if (p.old && (p.old_len != p.new_len ||
			      memcmp(p.old, p.new, p.new_len)))
			note_parameter(d, &p, by_chance);
	}
}

/* Note what may be the reason where nothing that the step mentions is: it may
 * have been handed to what declares the step. */
static void
note_chances(const struct why_describing *d)
{
	if (!d->why->mentions.diff.count)
		note_parameters(d, true);
}

/* ---- recipes, definitions ---- */

/* Note who changed PATH, in which code is written. */
static void
note_code_file(const struct why_describing *d, const char *path)
{
	const struct why_code *c = &d->w->code;

	if (!why_code_is_same(c, path))
		why_code_add_file(c, path, true, &d->v->notes);
}

/* Note who changed the Flowfile, and what it may have looked into. */
static void
note_flow_file(const struct why_describing *d)
{
	if (d->w->target->run.flow_file)
		note_code_file(d, d->w->target->run.flow_file);
	why_code_add_sources(&d->w->code, &d->v->notes);
}

/* The same of code that is not kept by the key: note where it is. */
static void
note_code(const struct why_describing *d)
{
	note_flow_file(d);
	why_code_add_diff(&d->w->code, d->command, NULL, &d->v->notes);
}

/* Whether something of SUBJECT differs, too. */
static bool
differs_in(const struct why_describing *d, enum key_subject subject)
{
	const struct key_diff *diff = &d->why->diff;
	size_t i;

	for (i = 0; i < diff->count; i++)
		if ((diff->list[i].new.name ? &diff->list[i].new
					    : &diff->list[i].old)->subject ==
		    subject)
			return true;
	return false;
}

/* Note the values of expressions in the recipe, if they are not the same. */
static void
note_recipe_values(const struct why_describing *d)
{
	const struct key_part *old = &d->x->old, *new = &d->x->new;
	struct strbuf *notes = &d->v->notes;

	if (!old->note || !new->note ||
	    (old->note_len == new->note_len &&
	     !memcmp(old->note, new->note, new->note_len)))
		return;
	strbuf_adds(notes, "values in it: ");
	text_add_escaped(notes, old->note, old->note_len);
	strbuf_adds(notes, " -> ");
	text_add_escaped(notes, new->note, new->note_len);
	strbuf_addch(notes, '\n');
}

/* The text of a recipe is as it was. */
static void
note_same_text(const struct why_describing *d)
{
	const char *path = d->w->target->run.flow_file;
	struct why_values *v = d->v;

	strbuf_reset(&v->old);
	strbuf_reset(&v->new);
	if (differs_in(d, KEY_OF_INTERPRETER)) {
		strbuf_adds(&v->notes, "its text is the same, what executes "
			    "it is not\n");
		return;
	}
	strbuf_adds(&v->notes, "its text is the same, the values in it are "
		    "not\n");
	note_recipe_values(d);
	note_chances(d);
	note_flow_file(d);
	if (path && !why_code_is_same(&d->w->code, path))
		why_code_add_diff(&d->w->code, d->command, path, &v->notes);
}

/* The recipe of a shell, or of a program. */
static int
describe_recipe(const struct why_describing *d, struct error *err)
{
	const struct key_part *old = &d->x->old, *new = &d->x->new;
	struct why_values *v = d->v;

	if (why_text_read(d->w->store, old->source, &v->old, err) < 0 ||
	    why_text_read(d->w->store, new->source, &v->new, err) < 0 ||
	    why_code_read(d->w, d->why, err))
		return -1;
	if (!v->old.len && !v->new.len) {
		note_code(d);
	} else if (strcmp(v->old.buf, v->new.buf)) {
		note_recipe_values(d);
		note_chances(d);
		note_flow_file(d);
	} else {
		note_same_text(d);
	}
	return 0;
}

/* What one side is, or both, is not known: the other alone would look as if it
 * were new, or gone. */
static void
note_unknown(const struct why_describing *d)
{
	strbuf_reset(&d->v->old);
	strbuf_reset(&d->v->new);
	note_code(d);
}

/* The value is another one, and is written as before. */
static void
note_computed(const struct why_describing *d)
{
	strbuf_reset(&d->v->old);
	strbuf_reset(&d->v->new);
	strbuf_adds(&d->v->notes, "its text is the same, the value is not\n");
	why_code_add_sources(&d->w->code, &d->v->notes);
}

/* A definition, or a scheme body. */
static int
describe_definition(const struct why_describing *d, struct error *err)
{
	const struct key_part *old = &d->x->old, *new = &d->x->new;
	struct why_values *v = d->v;
	char *path = NULL;
	int rc = 0;

	if (add_stored(d, new->digest, &v->new, &path, err) ||
	    add_stored(d, old->digest, &v->old, &path, err) ||
	    why_code_read(d->w, d->why, err))
		rc = -1;
	else if ((old->name && !v->old.len) || (new->name && !v->new.len))
		note_unknown(d);
	else if (!strcmp(v->old.buf, v->new.buf))
		note_computed(d);
	else if (path)
		note_code_file(d, path);
	else if (new->subject == KEY_OF_DEFINITION)
		note_flow_file(d); /* a parameter may be given elsewhere */
	free(path);
	return rc;
}

/* The notes of both parts; without one it is STANDARD. */
static void
describe_by_notes(const struct why_describing *d, const char *standard)
{
	const struct key_part *old = &d->x->old, *new = &d->x->new;

	if (!old->note && !new->note && d->x->change == KEY_CHANGED)
		return;
	if (old->note)
		text_add_escaped(&d->v->old, old->note, old->note_len);
	else if (old->name)
		strbuf_adds(&d->v->old, standard);
	if (new->note)
		text_add_escaped(&d->v->new, new->note, new->note_len);
	else if (new->name)
		strbuf_adds(&d->v->new, standard);
}

/* Variables, or an image: they may be computed from anything. */
static int
describe_environment(const struct why_describing *d, struct error *err)
{
	if (why_code_read(d->w, d->why, err))
		return -1;
	describe_by_notes(d, "");
	note_chances(d);
	note_flow_file(d);
	return 0;
}

/* ---- files ---- */

/* Note which task of STEP, in this run, made PATH. */
static int
note_file_maker(const struct why_describing *d, const char *path,
		const char *step, struct error *err)
{
	char *name = xstrdup(step);
	struct tasks tasks = { .all = { .count = 0 } };
	int rc = tasks_read(&tasks, d->w->store, d->w->target->run.number,
			    name, err);
	size_t i;

	for (i = 0; i < tasks.all.count; i++) {
		const struct attempt_record *a = &tasks.all.list[i];

		if (artifact_find(a->outputs, a->output_count, path))
			why_note_maker(d, a);
	}
	tasks_release(&tasks);
	free(name);
	return rc;
}

/* Note what differs in PATH, if it is a directory, and who changed it. */
static int
note_files(const struct why_describing *d, const char *path, struct error *err)
{
	const struct why_code *c = &d->w->code;
	struct strbuf *notes = &d->v->notes;
	struct why_tree t;
	int rc = why_tree_read(&t, d->w->store, path, d->x, err);

	if (rc > 0)
		why_tree_add(&t, c, notes);
	else if (!rc && !why_code_add_tree(c, path, notes))
		why_code_add_file(c, path, false, notes);
	why_tree_release(&t);
	return MIN(rc, 0);
}

static int
describe_input(const struct why_describing *d, struct error *err)
{
	const struct key_part *p = d->x->new.name ? &d->x->new : &d->x->old;
	char *path = xstrndup(p->object, p->object_len);
	struct files *files = files_new(d->w->store, &clock_system);
	struct file_state now;
	const char *step;
	int rc;

	why_add_digest(&d->v->old, d->x->old.digest);
	why_add_digest(&d->v->new, d->x->new.digest);
	rc = files_known(files, path, &now, err);
	if (rc > 0 && d->x->new.digest &&
	    !memcmp(d->x->new.digest, now.digest.bytes, DIGEST_BYTES)) {
		strbuf_adds(&d->v->new, " (");
		text_add_size(&d->v->new, now.size_bytes);
		strbuf_addch(&d->v->new, ')');
	}
	if (rc >= 0)
		rc = files_maker(files, path, &step, err);
	if (rc > 0)
		rc = note_file_maker(d, path, step, err);
	else if (!rc)
		rc = why_code_read(d->w, d->why, err);
	if (!rc)
		rc = note_files(d, path, err);
	files_free(files);
	free(path);
	return rc;
}

/* A module, or its data, which may come from any file. */
static int
describe_module(const struct why_describing *d, struct error *err)
{
	static const char data[] = ", data";
	const struct key_part *p = d->x->new.name ? &d->x->new : &d->x->old;
	char *path = xstrndup(p->object, p->object_len);
	bool is_data = p->object_len >= strlen(data) &&
		!strcmp(path + p->object_len - strlen(data), data);
	const struct why_code *c = &d->w->code;
	struct why_values *v = d->v;
	int rc = why_code_read(d->w, d->why, err);

	if (!rc && is_data) {
		why_code_add_diff(c, d->command, NULL, &v->notes);
	} else if (!rc) {
		why_code_read_lines(c, path, &v->old, &v->new);
		why_code_add_file(c, path, false, &v->notes);
		why_code_add_diff(c, d->command, path, &v->notes);
	}
	if (!v->old.len && !v->new.len) {
		why_add_digest(&v->old, d->x->old.digest);
		why_add_digest(&v->new, d->x->new.digest);
	}
	free(path);
	return rc;
}

/* Append the names of what A made. */
static void
add_made(struct strbuf *sb, const struct attempt_record *a)
{
	size_t i;

	for (i = 0; i < a->output_count; i++) {
		strbuf_adds(sb, sb->len ? " " : "");
		text_add_escaped(sb, a->outputs[i].name,
				 strlen(a->outputs[i].name));
	}
	for (i = 0; i < a->result_count; i++)
		strbuf_addf(sb, "%s%s", sb->len ? " " : "",
			    a->results[i].name);
}

static void
describe_names(const struct why_describing *d)
{
	struct why_values *v = d->v;

	add_made(&v->old, d->why->base);
	add_made(&v->new, d->why->task);
	if (strcmp(v->old.buf, v->new.buf))
		return;
	strbuf_reset(&v->old);
	strbuf_reset(&v->new);
	strbuf_adds(&v->notes, "names, kinds or order of its inputs, outputs "
		    "and results\n");
}

/* ---- all ---- */

static void
describe_words(const struct why_describing *d, const char *old, const char *new)
{
	text_add_escaped(&d->v->old, old, strlen(old));
	text_add_escaped(&d->v->new, new, strlen(new));
}

int
why_values_read(struct why_state *w, const struct why *why,
		const struct key_difference *x, const char *command,
		struct why_values *v, struct error *err)
{
	const struct key_part *part = x->new.name ? &x->new : &x->old;
	struct why_describing d = { w, why, x, command, v };

	if (x->change == KEY_UNKNOWN)
		return 0;
	switch (part->subject) {
	case KEY_OF_RECIPE:
		return key_part_is_scheme(part) ? describe_definition(&d, err)
						: describe_recipe(&d, err);
	case KEY_OF_INTERPRETER:
		describe_by_notes(&d, "bash -euo pipefail -c");
		return 0;
	case KEY_OF_ENVIRONMENT:
	case KEY_OF_IMAGE:
		return describe_environment(&d, err);
	case KEY_OF_PARAMETER:
	case KEY_OF_DEFINITION:
		return describe_definition(&d, err);
	case KEY_OF_FOREACH:
		describe_words(&d, why->base->element, why->task->element);
		return 0;
	case KEY_OF_STEP:
		describe_words(&d, why->base->step, why->task->step);
		return 0;
	case KEY_OF_STEM:
	case KEY_OF_SPLIT:
		describe_words(&d, why->base->split, why->task->split);
		return 0;
	case KEY_OF_NAMES:
		describe_names(&d);
		return 0;
	case KEY_OF_FROM:
	case KEY_OF_JOIN:
		return why_describe_read(&d, err);
	case KEY_OF_PARAMETERS:
		note_parameters(&d, false);
		return 0;
	case KEY_OF_INPUT:
		return describe_input(&d, err);
	case KEY_OF_MODULE:
		return describe_module(&d, err);
	case KEY_OF_FORMAT:
	case KEY_OF_OTHER:
	case KEY_SUBJECTS:
		break;
	}
	return 0;
}
