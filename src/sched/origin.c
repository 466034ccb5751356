/*
 * The run that a resume resumes, and what parameters it was given.
 */
#include "base/base.h"

#include "sched/run-internal.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cbor.h"
#include "sys/file.h"

/* Remember what parameters run R was given. */
static void
inherit(struct strvec *given, const struct run_record *r)
{
	size_t n, len, text_len;
	struct cbor c;

	cbor_init(&c, r->parameters, r->parameters_len);
	for (n = cbor_get_array(&c); n && !c.failed; n--) {
		const char *name, *text;

		cbor_get_array(&c);
		name = cbor_get_text(&c, &len);
		cbor_skip(&c);
		if (cbor_peek(&c) != CBOR_TEXT) { /* its default stood */
			cbor_skip(&c);
			continue;
		}
		text = cbor_get_text(&c, &text_len);
		if (c.failed)
			return;
		strvec_push_len(given, name, len);
		strvec_push_len(given, text, text_len);
	}
}

/* Whether the run R was of another flow, not of one that was renamed. */
static bool
is_of_other_flow(const struct run_record *r, const char *flow_file)
{
	char *now = file_project_name(flow_file);
	char *then = file_project_name(r->flow_file);
	bool other = strcmp(now, then) && !access(then, F_OK);

	free(now);
	free(then);
	return other;
}

/* Find the run to resume: 1, 0 when there is none, -1. */
static int
find_origin(struct run *r, struct error *err)
{
	const struct run_options *o = r->options;
	char *name;
	int found = 0;

	if (!o->origin_run) {
		name = file_project_name(o->flow_file);
		found = store_run_of_flow(r->store, name, &r->origin, err);
		free(name);
	}
	return found ? found :
		store_run_get(r->store, o->origin_run, &r->origin, err);
}

/* Say, where no run is recorded, why, and WHAT follows; ALWAYS: also if nothing
 * has run yet. */
static int
tell_no_run(struct run *r, bool always, const char *what, struct error *err)
{
	struct error why = ERROR_INIT;
	uint32_t latest;

	if (store_forgotten(r->store, &latest, err))
		return -1;
	if (!latest && !always)
		return 0;
	store_say_no_run(latest, "", &why);
	run_note(r, "%s%s", why.text, what);
	error_release(&why);
	return 0;
}

int
run_tell_forgotten(struct run *r, struct error *err)
{
	return tell_no_run(r, false, "", err);
}

int
run_find_origin(struct run *r, struct error *err)
{
	uint32_t number = r->options->origin_run;
	int found = find_origin(r, err);

	if (found < 0)
		return -1;
	if (!found && number)
		return error_set(err, "--origin-run-id: there is no run %u; "
				 "'flowmake runs' lists them", number);
	if (!found)
		return tell_no_run(r, true, ", so everything runs", err);
	if (number || !is_of_other_flow(&r->origin,
					     r->options->flow_file))
		inherit(&r->given, &r->origin);
	return 0;
}
