/*
 * The evaluator's client: loading.
 */
#include "base/base.h"

#include "flow/evaluator.h"

#include <signal.h>
#include <stdlib.h>

#include "base/cbor.h"
#include "flow/child.h"
#include "flow/control.h"
#include "flow/memo.h"
#include "model/resolve.h"
#include "model/rules.h"
#include "model/wire.h"

struct evaluator *
evaluator_new(struct loop *l)
{
	struct evaluator *e = xcalloc(1, sizeof(*e));

	e->loop = l;
	e->control = (struct loop_watch)LOOP_WATCH_INIT;
	frame_reader_init(&e->reader);
	outbox_init(&e->out);
	strbuf_init(&e->load);
	return e;
}

void
evaluator_free(struct evaluator *e)
{
	if (!e)
		return;
	control_end(e);
	memo_close(e->memo);
	strbuf_release(&e->load);
	frame_reader_release(&e->reader);
	outbox_release(&e->out);
	error_release(&e->load_error);
	free(e->children);
	free(e);
}

void
evaluator_pause(struct evaluator *e, bool stop)
{
	int signo = stop ? SIGSTOP : SIGCONT;

	/* While it loads it is the zygote itself that works, or its group. */
	if (e->rules && e->pid)
		kill(-e->pid, signo);
	for (uint32_t id = 0; id < e->child_count; id++)
		if (e->children[id].child && !e->children[id].is_recipe)
			child_signal(e->children[id].child, signo);
}

/* ---- loading ---- */

/* Append KEY and the list of NAMEs and TEXTs in GIVEN, which may be NULL. */
static void
put_given(struct strbuf *sb, const char *key, char *const *given)
{
	size_t count = 0;

	while (given && given[2 * count])
		count++;
	cbor_put_str(sb, key);
	cbor_put_array(sb, count);
	for (size_t i = 0; i < count; i++) {
		cbor_put_array(sb, 2);
		cbor_put_str(sb, given[2 * i]);
		cbor_put_str(sb, given[2 * i + 1]);
	}
}

static void
put_load(struct strbuf *sb, const struct evaluator_load *how,
	 const struct memo *memo)
{
	const char *text;
	size_t len;

	strbuf_reset(sb);
	cbor_put_map(sb, 7);
	cbor_put_str(sb, "file");
	cbor_put_str(sb, how->file);
	put_given(sb, "parameters", how->parameters);
	put_given(sb, "inherited", how->inherited);
	cbor_put_str(sb, "text");
	text = memo ? memo_flow_text(memo, &len) : NULL;
	if (text)
		cbor_put_text(sb, text, len);
	else
		cbor_put_null(sb);
	cbor_put_str(sb, "cache");
	cbor_put_str_or_null(sb, how->cache_dir);
	cbor_put_str(sb, "replay");
	if (how->replay)
		strbuf_add(sb, how->replay, how->replay_len);
	else
		cbor_put_null(sb);
	cbor_put_str(sb, "debug");
	cbor_put_bool(sb, how->debug);
}

void
control_load_frame(struct evaluator *e, const struct frame *f)
{
	struct error *err = &e->load_error;
	int rc = 0;

	if (!e->rules && f->type == WIRE_ERROR && !e->load_error.text)
		control_read_error(f, err);
	if (!e->rules || e->load_done)
		return;
	if (e->memo && f->type != WIRE_ERROR)
		memo_add_load(e->memo, f->type, f->payload, f->len);
	if (f->type == WIRE_TEMPLATE)
		rc = rules_add_template(e->rules, f->payload, f->len, err);
	else if (f->type == WIRE_STEPS)
		rc = rules_add_steps(e->rules, f->payload, f->len, err);
	else if (f->type == WIRE_LOADED)
		rc = rules_set_loaded(e->rules, f->payload, f->len, err);
	else if (f->type == WIRE_ERROR)
		control_read_error(f, err);
	e->load_done = rc < 0 || f->type == WIRE_LOADED ||
		       f->type == WIRE_ERROR;
}

/* Turn the loop until the rules are there, or will not be. */
static int
await_rules(struct evaluator *e, const bool *interrupted, struct error *err)
{
	while (!e->load_done && !e->dead && !(interrupted && *interrupted))
		if (loop_turn(e->loop, true, err) < 0)
			return -1;
	if (e->load_error.text)
		return error_copy(err, &e->load_error);
	if (e->load_done)
		return 0;
	if (e->dead)
		return control_error_dead(e, err);
	return error_set(err, "interrupted while the Flowfile was loaded");
}

/* Take the rules from the memo; whether it has them. */
static bool
recall_rules(struct evaluator *e)
{
	struct frame_reader frames = { .start = 0 };
	struct memo *memo = e->memo;
	struct frame f;
	const char *load;
	size_t len;

	load = memo ? memo_load(memo, &len) : NULL;
	if (!load)
		return false;
	frames.data = (struct strbuf){ .buf = (char *)load, .len = len };
	e->memo = NULL;
	while (frame_reader_next(&frames, &f, NULL) > 0)
		control_load_frame(e, &f);
	e->memo = memo;
	return true;
}

/* Wait for what the program makes of the flow. */
static int
hear_rules(struct evaluator *e, const bool *interrupted, struct error *err)
{
	int rc = await_rules(e, interrupted, err);

	if (!e->memo)
		return rc;
	if (rc < 0 || !e->rules->pure)
		memo_forget(e->memo);
	else
		memo_add_manifest(e->memo, e->rules->manifest,
				  e->rules->manifest_len);
	return rc;
}

int
evaluator_begin(struct evaluator *e, const struct evaluator_load *how,
		struct error *err)
{
	bool is_running = e->pid;
	size_t len;

	e->has_begun = true;
	e->memo = memo_open(how);
	if (e->memo && memo_load(e->memo, &len))
		return 0;
	put_load(&e->load, how, e->memo);
	if (control_boot(e, err) < 0)
		return -1;
	if (is_running)
		control_load(e);
	return 0;
}

int
evaluator_load(struct evaluator *e, const struct evaluator_load *how,
	       struct rules *rules, const bool *interrupted, struct error *err)
{
	struct evaluator_load again = *how;
	int rc = 0;

	if (!e->has_begun && evaluator_begin(e, how, err) < 0)
		return -1;
	e->rules = rules;
	if (recall_rules(e)) {
		again.replay = rules->manifest;
		again.replay_len = rules->manifest_len;
		put_load(&e->load, &again, e->memo);
	} else {
		rc = hear_rules(e, interrupted, err);
	}
	e->rules = NULL;
	return rc < 0 ? -1 : rules_resolve(rules, err);
}

bool
evaluator_identity(const struct evaluator *e, struct digest *id)
{
	return e->memo && memo_identity(e->memo, id);
}
