/*
 * From a task of the graph to a task spec.
 */
#include "base/base.h"

#include "sched/attempt.h"

#include "base/cbor.h"
#include "model/graph.h"
#include "model/key.h"

static void
set_outputs(struct attempt *a)
{
	const struct task *t = a->task;
	uint32_t i;

	a->spec.output_count = t->output_count;
	a->spec.outputs = arena_zalloc(&a->arena, (t->output_count + 1) *
				       sizeof(*a->spec.outputs));
	for (i = 0; i < t->output_count; i++)
		a->spec.outputs[i].path = t->outputs[i].path;
}

static void
set_results(struct attempt *a)
{
	static const enum spec_result_format formats[] = {
		[PRODUCE_VALUE] = SPEC_RESULT_VALUE,
		[PRODUCE_TEXT] = SPEC_RESULT_TEXT,
		[PRODUCE_LINES] = SPEC_RESULT_LINES,
		[PRODUCE_JSON] = SPEC_RESULT_JSON,
		[PRODUCE_FILE] = SPEC_RESULT_NAMED,
	};
	const struct template *tm = a->task->step->template;
	uint32_t i;

	a->spec.result_count = tm->produce_count;
	a->spec.results = arena_zalloc(&a->arena, (tm->produce_count + 1) *
				       sizeof(*a->spec.results));
	for (i = 0; i < tm->produce_count; i++) {
		const struct produce *p = &tm->produces[i];

		a->spec.results[i].name = tm->names[p->name].text;
		a->spec.results[i].format = formats[p->format];
		a->spec.results[i].file_name = p->file_name;
	}
}

/* ---- context and scheme ---- */

/* Whether A's recipe may read name number I, which is of KIND. */
static bool
has_name(const struct attempt *a, enum wire_name kind, uint32_t i)
{
	if (a->task->step->template->names[i].kind != kind)
		return false;
	return (kind != WIRE_NAME_FROM && kind != WIRE_NAME_JOIN) ||
		key_has_import(a->task, &a->filled, i);
}

/* Append {NAME: value} of all names of KIND. */
static void
put_names(struct strbuf *sb, struct graph *g, const struct attempt *a,
	  const char *key, enum wire_name kind)
{
	const struct template *tm = a->task->step->template;
	uint32_t i, count = 0;

	for (i = 0; i < tm->name_count; i++)
		count += has_name(a, kind, i);
	cbor_put_str(sb, key);
	cbor_put_map(sb, count);
	for (i = 0; i < tm->name_count; i++) {
		if (!has_name(a, kind, i))
			continue;
		cbor_put_str(sb, tm->names[i].text);
		graph_bind(g, a->task->step, &a->task->node, i, sb);
	}
}

static void
set_context(struct attempt *a, struct graph *g)
{
	const struct rules *r = graph_rules(g);
	struct strbuf sb = STRBUF_INIT;
	uint32_t i, count = 0;

	if (key_has_parameters(a->task, &a->filled))
		count = r->parameter_count;
	cbor_put_map(&sb, 6);
	cbor_put_str(&sb, "parameters");
	cbor_put_map(&sb, count);
	for (i = 0; i < count; i++) {
		cbor_put_str(&sb, r->parameters[i].name);
		strbuf_add(&sb, r->parameters[i].value,
			   r->parameters[i].value_len);
	}
	put_names(&sb, g, a, "foreach", WIRE_NAME_FOREACH);
	put_names(&sb, g, a, "inputs", WIRE_NAME_INPUT);
	put_names(&sb, g, a, "outputs", WIRE_NAME_OUTPUT);
	put_names(&sb, g, a, "from", WIRE_NAME_FROM);
	put_names(&sb, g, a, "join", WIRE_NAME_JOIN);
	a->spec.context = arena_memdup(&a->arena, sb.buf, sb.len);
	a->spec.context_len = sb.len;
	strbuf_release(&sb);
}

/* The names that a scheme body may mention: all but its own results. */
static void
set_scheme(struct attempt *a, struct graph *g)
{
	const struct template *tm = a->task->step->template;
	struct strbuf sb = STRBUF_INIT, pairs = STRBUF_INIT;
	size_t count = 0;
	uint32_t i;

	for (i = 0; i < tm->name_count; i++) {
		enum wire_name kind = tm->names[i].kind;

		if (kind == WIRE_NAME_RESULT || kind == WIRE_NAME_ATTEMPT ||
		    kind == WIRE_NAME_CATCH)
			continue;
		cbor_put_array(&pairs, 2);
		cbor_put_uint(&pairs, i);
		graph_bind(g, a->task->step, &a->task->node, i, &pairs);
		count++;
	}
	cbor_put_array(&sb, count);
	strbuf_add(&sb, pairs.buf, pairs.len);
	a->spec.scheme_step = a->task->step->index;
	a->spec.scheme_names = arena_memdup(&a->arena, sb.buf, sb.len);
	a->spec.scheme_names_len = sb.len;
	strbuf_release(&sb);
	strbuf_release(&pairs);
}

/* ---- the whole ---- */

static void
set_recipe(struct attempt *a)
{
	static const enum spec_kind kinds[] = {
		[RECIPE_NONE] = SPEC_NONE, [RECIPE_SHELL] = SPEC_SHELL,
		[RECIPE_EXEC] = SPEC_EXEC, [RECIPE_SCRIPT] = SPEC_SCRIPT,
		[RECIPE_SCHEME] = SPEC_SCHEME,
	};
	const struct filled_recipe *f = &a->filled;
	struct task_spec *s = &a->spec;
	size_t i;

	s->kind = kinds[a->task->step->template->recipe.kind];
	s->argv = f->argv;
	if (s->kind == SPEC_SHELL && !f->argc)
		s->argv = (char **)spec_default_shell;
	s->text = f->text;
	s->text_len = f->text_len;
	s->stdin_file = f->stdin_file;
	s->stdout_file = f->stdout_file;
	s->stdout_result = f->stdout_result;
	s->list_count = f->list_count;
	s->lists = arena_zalloc(&a->arena,
				(f->list_count + 1) * sizeof(*s->lists));
	for (i = 0; i < f->list_count; i++) {
		s->lists[i].items = f->lists[i].items;
		s->lists[i].lens = f->lists[i].lens;
		s->lists[i].count = f->lists[i].count;
	}
}

static void
set_demands(struct attempt *a, uint32_t machine_cpu_milli)
{
	const struct demands *d = &a->demands;
	struct task_spec *s = &a->spec;
	uint32_t i;

	s->environment_count = d->environment_count;
	s->environment = arena_zalloc(&a->arena, (d->environment_count + 1) *
				      sizeof(*s->environment));
	for (i = 0; i < d->environment_count; i++) {
		s->environment[i].name = d->environment[i].name;
		s->environment[i].value = d->environment[i].value;
	}
	s->secrets = d->secrets;
	s->secret_count = d->secret_count;
	s->timeout_ns = d->timeout_ns;
	s->cpu_milli = d->cpu_milli;
	s->memory_mb = d->memory_mb;
	s->gpu = d->gpu;
	s->workers = MAX(1, (d->cpu_milli ? d->cpu_milli :
			     machine_cpu_milli) / 1000);
}

int
attempt_make_spec(struct attempt *a, struct graph *g, struct files *files,
		  uint32_t machine_cpu_milli, struct error *err)
{
	struct task_spec *s = &a->spec;

	if (attempt_make_key(a, g, files, err))
		return -1;
	s->step = a->task->step->name;
	s->split = a->split.buf;
	s->element = a->element.buf;
	s->task = a->task->number;
	s->attempt = a->task->attempt;
	set_recipe(a);
	set_demands(a, machine_cpu_milli);
	set_outputs(a);
	set_results(a);
	set_context(a, g);
	if (s->kind == SPEC_SCHEME)
		set_scheme(a, g);
	if (a->task->attempt == 1) {
		strbuf_reset(&a->encoded_parts);
		key_encode(&a->key_parts, &a->encoded_parts);
	}
	return 0;
}
