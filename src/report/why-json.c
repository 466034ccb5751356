/*
 * Why tasks were executed, for programs.
 */
#include "base/base.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "report/json.h"
#include "report/why-state.h"

static void
set_text(json_t *object, const char *name, const struct strbuf *text)
{
	json_object_set_new(object, name, text->len ? json_text(text->buf)
						    : json_null());
}

/* The lines of TEXT. */
static json_t *
json_lines(const struct strbuf *text)
{
	json_t *array = json_array();
	const char *line = text->buf;

	while (*line) {
		size_t len = strcspn(line, "\n");
		char *copy = xstrndup(line, len);

		json_array_append_new(array, json_text(copy));
		free(copy);
		line += len + (line[len] == '\n');
	}
	return array;
}

/* Difference X with its values V. */
static json_t *
json_difference(const struct key_difference *x, const struct why_values *v)
{
	static const char *const changes[] = {
		[KEY_CHANGED] = "changed",
		[KEY_ADDED] = "new",
		[KEY_REMOVED] = "gone",
		[KEY_UNKNOWN] = "unknown",
	};
	const struct key_part *p = x->new.name ? &x->new : &x->old;
	char *name = xstrndup(p->name, p->name_len);
	json_t *object = json_object();

	json_object_set_new(object, "part", json_text(name));
	json_object_set_new(object, "change", json_string(changes[x->change]));
	set_text(object, "old", &v->old);
	set_text(object, "new", &v->new);
	json_object_set_new(object, "notes", json_lines(&v->notes));
	free(name);
	return object;
}

/* Append those of DIFF, the key's of WHY, or of what is mentioned; their values
 * only if WITH_VALUES, since it takes long to find them. */
static int
json_differences(struct why_state *w, const struct why *why,
		 const struct key_diff *diff, bool with_values,
		 const char *command, json_t *array, struct error *err)
{
	struct why_values v;
	size_t i;
	int rc = 0;

	for (i = 0; !rc && i < diff->count; i++) {
		const struct key_difference *x = &diff->list[i];

		why_values_init(&v);
		if (with_values)
			rc = why_values_read(w, why, x, command, &v, err);
		json_array_append_new(array, json_difference(x, &v));
		why_values_release(&v);
	}
	return rc;
}

static void
set_task(json_t *object, const char *name, const struct attempt_record *a)
{
	struct strbuf sb = STRBUF_INIT;

	if (a) {
		strbuf_addf(&sb, "%u/", a->run);
		attempt_add_path(&sb, a);
	}
	set_text(object, name, &sb);
	strbuf_release(&sb);
}

/* Append what is known of TASK. */
static int
add_task(struct why_state *w, const struct attempt_record *task,
	 const char *command, json_t *array, struct error *err)
{
	json_t *object = json_object(), *differences = json_array();
	json_t *mentions = json_array();
	struct strbuf words = STRBUF_INIT;
	struct why why;
	bool is_alone = w->tasks.count == 1;
	int rc = why_find(w, task, &why, err);

	if (!rc && is_alone)
		rc = why_mentions_read(w, &why, err);
	if (!rc) {
		why_add_words(&why, &words);
		set_task(object, "task", task);
		json_object_set_new(object, "step", json_text(task->step));
		json_object_set_new(object, "split", json_text(task->split));
		json_object_set_new(object, "element",
				    json_text(task->element));
		json_object_set_new(object, "state",
				    json_string(why_state_name(task)));
		json_object_set_new(object, "reason",
				    json_string(why_reason_name(why.reason)));
		set_text(object, "words", &words);
		set_task(object, "compared", why.base);
		rc = json_differences(w, &why, &why.diff, is_alone, command,
				      differences, err);
		if (!rc)
			rc = json_differences(w, &why, &why.mentions.diff,
					      is_alone, command, mentions,
					      err);
		why_release(&why);
	}
	json_object_set_new(object, "differences", differences);
	json_object_set_new(object, "mentions", mentions);
	json_array_append_new(array, object);
	strbuf_release(&words);
	return rc;
}

int
why_json(struct why_state *w, const char *command, struct strbuf *out,
	 struct error *err)
{
	json_t *array = json_array();
	size_t i;
	int rc = 0;

	for (i = 0; !rc && i < w->tasks.count; i++)
		rc = add_task(w, &w->tasks.list[i], command, array, err);
	if (rc)
		json_decref(array);
	else
		json_put(out, array);
	return rc;
}
