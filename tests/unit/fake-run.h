/*
 * A run without processes: the graph's wishes are answered by evaluating the
 * expressions of fake-rules.h, ready tasks "run" at once and give what their
 * (gives NAME EXPR) say, the world is a list of names.
 */
#ifndef FLOWMAKE_TESTS_UNIT_FAKE_RUN_H
#define FLOWMAKE_TESTS_UNIT_FAKE_RUN_H

#include "base/strvec.h"
#include "fake-rules.h"
#include "model/demands.h"
#include "model/graph.h"
#include "model/recipe.h"
#include "model/value.h"
#include "model/words.h"

struct fake_run {
	struct fake_flow flow;
	struct graph *graph;
	const char *files[32];   /* that are there; NULL-terminated */
	const char *makers[32];  /* PATH, STEP, ...: recorded earlier */
	const char *targets[8];
	const char *settled[8];  /* names of tasks */
	const char *passed;      /* by split, '1' to pass it over; or NULL */
	bool passes_rows;        /* before it is told */
	uint32_t max_num_splits;
	bool any_order;          /* end running tasks in another order */
	bool trace_evals;        /* note evaluations in order */
	struct task **pool;      /* running */
	uint32_t pool_count;
	uint32_t pool_alloc;
	struct strbuf order;     /* "a b/0 -c": tasks as they ended; "-": skipped,
				  * "!": failed, "?": caught */
	struct strbuf unmade;    /* files that were announced */
	struct error err;
	bool seeking;
	bool failed_any;
	uint32_t evaluations;    /* requests answered */
};

/* The names that are bound while an expression is evaluated: CBOR, or NULL. */
struct fake_scope {
	struct strbuf v[FAKE_NAMES];
	bool bound[FAKE_NAMES];
};

static inline void
fake_scope_init(struct fake_scope *s)
{
	size_t i;

	for (i = 0; i < FAKE_NAMES; i++) {
		strbuf_init(&s->v[i]);
		s->bound[i] = false;
	}
}

static inline void
fake_scope_release(struct fake_scope *s)
{
	size_t i;

	for (i = 0; i < FAKE_NAMES; i++)
		strbuf_release(&s->v[i]);
}

static inline void
fake_bind(struct fake_scope *s, uint32_t name, const char *cbor, size_t len)
{
	strbuf_reset(&s->v[name]);
	strbuf_add(&s->v[name], cbor, len);
	s->bound[name] = true;
}

/* ---- expressions ---- */

static inline int64_t
fake_int(const struct strbuf *v)
{
	struct cbor c;

	cbor_init(&c, v->buf, v->len);
	return cbor_get_int(&c);
}

static inline bool
fake_false(const struct strbuf *v)
{
	return v->len == 1 && (unsigned char)v->buf[0] == 0xf4;
}

static inline void
fake_add_words(struct strbuf *text, const struct strbuf *v)
{
	struct words w = WORDS_INIT;
	size_t i;

	if (value_words(v->buf, v->len, &w, NULL))
		strbuf_adds(text, "(no text)");
	for (i = 0; i < w.count; i++) {
		if (i)
			strbuf_addch(text, ' ');
		strbuf_add(text, w.v[i], w.lens[i]);
	}
	words_release(&w);
}

static inline int fake_eval(const struct fake_template *t, const struct sx *x,
			    const struct fake_scope *scope, struct strbuf *out);

static inline int
fake_call(const char *fn, const struct strbuf *args, uint32_t n,
	  struct strbuf *out)
{
	struct strbuf text = STRBUF_INIT;
	int64_t sum = 0;
	uint32_t i;

	if (!strcmp(fn, "list")) {
		cbor_put_array(out, n);
		for (i = 0; i < n; i++)
			strbuf_add(out, args[i].buf, args[i].len);
	} else if (!strcmp(fn, "cat")) {
		for (i = 0; i < n; i++)
			fake_add_words(&text, &args[i]);
		cbor_put_text(out, text.buf, text.len);
	} else if (!strcmp(fn, "iota")) {
		cbor_put_array(out, (size_t)fake_int(&args[0]));
		for (i = 0; i < fake_int(&args[0]); i++)
			cbor_put_uint(out, i);
	} else if (!strcmp(fn, "+") || !strcmp(fn, "*")) {
		sum = *fn == '*';
		for (i = 0; i < n; i++)
			sum = *fn == '*' ? sum * fake_int(&args[i]) :
				sum + fake_int(&args[i]);
		cbor_put_int(out, sum);
	} else if (!strcmp(fn, "=")) {
		cbor_put_bool(out, args[0].len == args[1].len &&
			      !memcmp(args[0].buf, args[1].buf, args[0].len));
	} else if (!strcmp(fn, "not")) {
		cbor_put_bool(out, fake_false(&args[0]));
	} else if (!strcmp(fn, "len")) {
		struct cbor c;

		cbor_init(&c, args[0].buf, args[0].len);
		cbor_put_uint(out, cbor_get_array(&c));
	} else if (!strcmp(fn, "file")) {
		cbor_put_tag(out, CBOR_TAG_LIST_FILE);
		strbuf_add(out, args[0].buf, args[0].len);
	} else if (!strcmp(fn, "fail")) {
		return -1;
	} else {
		bug("no function '%s' in tests", fn);
	}
	strbuf_release(&text);
	return 0;
}

/* Append the value of X; -1 when it fails. */
static inline int
fake_eval(const struct fake_template *t, const struct sx *x,
	  const struct fake_scope *scope, struct strbuf *out)
{
	struct strbuf args[16];
	int name = x->kind == 'a' ? fake_name(t, x->text) : -1, ret = 0;
	uint32_t i;

	if (name >= 0) {
		if (!scope || !scope->bound[name])
			bug("'%s' is not bound where it is needed", x->text);
		strbuf_add(out, scope->v[name].buf, scope->v[name].len);
		return 0;
	}
	if (x->kind != '(') {
		fake_put_constant(out, x);
		return 0;
	}
	for (i = 1; i < x->count; i++) {
		strbuf_init(&args[i - 1]);
		ret |= fake_eval(t, x->items[i], scope, &args[i - 1]);
	}
	if (!ret)
		ret = fake_call(x->items[0]->text, args, x->count - 1, out);
	for (i = 1; i < x->count; i++)
		strbuf_release(&args[i - 1]);
	return ret;
}

/* ---- the graph's wishes ---- */

struct fake_job {
	uint32_t step;
	bool foreach;
	uint32_t constants[FAKE_THUNKS], constant_count;
	uint32_t thunks[FAKE_THUNKS], thunk_count;
	uint32_t names[FAKE_NAMES], name_count;
};

static inline void
fake_numbers(struct cbor *c, uint32_t *v, uint32_t *count)
{
	size_t n = cbor_get_array(c), i;

	for (i = 0; i < n; i++)
		v[i] = (uint32_t)cbor_get_uint(c);
	*count = (uint32_t)n;
}

static inline void
fake_read_job(const char *payload, size_t payload_len, struct fake_job *j)
{
	struct cbor c;
	size_t n, len;

	memset(j, 0, sizeof(*j));
	cbor_init(&c, payload, payload_len);
	for (n = cbor_get_map(&c); n; n--) {
		const char *key = cbor_get_text(&c, &len);

		if (cbor_key_is(key, len, "step"))
			j->step = (uint32_t)cbor_get_uint(&c);
		else if (cbor_key_is(key, len, "foreach"))
			j->foreach = cbor_get_bool(&c);
		else if (cbor_key_is(key, len, "constants"))
			fake_numbers(&c, j->constants, &j->constant_count);
		else if (cbor_key_is(key, len, "thunks"))
			fake_numbers(&c, j->thunks, &j->thunk_count);
		else if (cbor_key_is(key, len, "names"))
			fake_numbers(&c, j->names, &j->name_count);
		else
			cbor_skip(&c);
	}
	if (cbor_finish(&c, "a job", NULL))
		bug("the graph made a damaged job");
}

static inline const struct sx *
fake_foreach(const struct fake_template *t, uint32_t i)
{
	fake_each(t, "foreach", NULL, cl)
		if (!i--)
			return cl;
	return NULL;
}

/* What one item of a job is answered with, row by row. */
struct fake_answer {
	const struct fake_template *t;
	const struct fake_job *job;
	void (*row)(void *data, uint32_t item, const char *elements,
		    size_t elements_len, const char *values,
		    size_t values_len);
	void *data;
	uint32_t item;
	struct fake_scope scope;
	struct strbuf elements;
};

static inline int
fake_row(struct fake_answer *a)
{
	struct strbuf values = STRBUF_INIT;
	uint32_t i;
	int ret = 0;

	for (i = 0; !ret && i < a->job->thunk_count; i++)
		ret = fake_eval(a->t, a->t->thunks[a->job->thunks[i]],
				&a->scope, &values);
	if (!ret)
		a->row(a->data, a->item, a->elements.buf, a->elements.len,
		       values.buf, values.len);
	strbuf_release(&values);
	return ret;
}

/* The rows of foreach clauses LEVEL and on. */
static inline int
fake_rows(struct fake_answer *a, uint32_t level)
{
	const struct sx *cl = a->job->foreach ? fake_foreach(a->t, level) :
		NULL;
	struct strbuf list = STRBUF_INIT;
	struct cbor c;
	size_t n, len, mark = a->elements.len;
	int ret;

	if (!cl)
		return fake_row(a);
	ret = fake_eval(a->t, cl->items[2], &a->scope, &list);
	cbor_init(&c, list.buf, list.len);
	for (n = ret ? 0 : cbor_get_array(&c); !ret && n; n--) {
		const char *item = cbor_span(&c, &len);

		fake_bind(&a->scope, (uint32_t)fake_name(a->t,
				cl->items[1]->text), item, len);
		strbuf_add(&a->elements, item, len);
		ret = fake_rows(a, level + 1);
		strbuf_truncate(&a->elements, mark);
	}
	strbuf_release(&list);
	return ret;
}

/* Give the rows of the next of ITEMS; -1 when an expression fails. */
static inline int
fake_answer_item(struct fake_answer *a, struct cbor *items)
{
	size_t n, len;
	uint32_t k;
	int ret;

	fake_scope_init(&a->scope);
	strbuf_init(&a->elements);
	n = cbor_get_array(items);
	if (n != a->job->name_count)
		bug("an item brings %zu names, not %u", n, a->job->name_count);
	for (k = 0; k < n; k++) {
		const char *span = cbor_span(items, &len);

		fake_bind(&a->scope, a->job->names[k], span, len);
	}
	ret = fake_rows(a, 0);
	fake_scope_release(&a->scope);
	strbuf_release(&a->elements);
	return ret;
}

/* The constants that JOB asks for. */
static inline void
fake_constants(const struct fake_template *t, const struct fake_job *job,
	       struct strbuf *out)
{
	uint32_t i;

	for (i = 0; i < job->constant_count; i++)
		if (fake_eval(t, t->thunks[job->constants[i]], NULL, out))
			bug("a constant failed in a test");
}

/* A request that is answered at once. */
struct fake_wish {
	struct fake_run *run;
	struct eval_request *q;
};

static inline void
fake_tell_row(void *data, uint32_t item, const char *elements,
	      size_t elements_len, const char *values, size_t values_len)
{
	struct fake_wish *w = data;

	if (w->run->passes_rows &&
	    graph_eval_pass(w->run->graph, w->q, item, 1))
		return;
	graph_eval_row(w->run->graph, w->q, item, elements, elements_len,
		       values, values_len);
}

static inline int
fake_tell_item(struct fake_run *r, struct eval_request *q,
	       const struct fake_job *job, uint32_t i, struct cbor *items)
{
	struct fake_wish w = { r, q };
	struct fake_answer a = {
		.t = r->flow.templates[q->step->template->id], .job = job,
		.row = fake_tell_row, .data = &w, .item = i,
	};

	if (!fake_answer_item(&a, items))
		return graph_eval_item_end(r->graph, q, i, &r->err);
	graph_fail(r->graph, q->nodes[i]);
	r->failed_any = true;
	strbuf_addf(&r->order, "%s!eval(%s)", r->order.len ? " " : "",
		    q->step->name);
	return 0;
}

static inline int
fake_answer_items(struct fake_run *r, struct eval_request *q,
		  const struct fake_job *job)
{
	struct strbuf payload = STRBUF_INIT;
	struct cbor c;
	uint32_t at, count, i;
	int ret = 0;

	for (at = 0; !ret && at < q->count; at += count) {
		count = MIN(q->count - at, WIRE_CHUNK);
		strbuf_reset(&payload);
		graph_eval_items(r->graph, q, at, count, &payload);
		cbor_init(&c, payload.buf, payload.len);
		if (cbor_get_array(&c) != count)
			bug("the graph made damaged items");
		for (i = 0; !ret && i < count; i++)
			ret = fake_tell_item(r, q, job, at + i, &c);
		if (!ret && cbor_finish(&c, "items", NULL))
			bug("the graph made damaged items");
	}
	strbuf_release(&payload);
	return ret;
}

static inline int
fake_answer(struct fake_run *r, struct eval_request *q)
{
	const struct fake_template *t =
		r->flow.templates[q->step->template->id];
	struct strbuf payload = STRBUF_INIT, constants = STRBUF_INIT;
	struct fake_job job;
	int ret = 0;

	r->evaluations++;
	graph_eval_job(q, &payload);
	fake_read_job(payload.buf, payload.len, &job);
	fake_constants(t, &job, &constants);
	graph_eval_constants(r->graph, q, constants.buf, constants.len);
	if (q->purpose != EVAL_CONSTANTS)
		ret = fake_answer_items(r, q, &job);
	if (graph_eval_done(r->graph, q, &r->err))
		ret = -1;
	strbuf_release(&payload);
	strbuf_release(&constants);
	return ret;
}

/* ---- tasks ---- */

static inline void
fake_note(struct fake_run *r, const char *mark, const struct task *t)
{
	if (r->order.len)
		strbuf_addch(&r->order, ' ');
	strbuf_adds(&r->order, mark);
	task_add_name(&r->order, t);
}

static inline void
fake_bind_all(struct fake_run *r, const struct task *t, struct fake_scope *s)
{
	struct strbuf value = STRBUF_INIT;
	uint32_t i;

	for (i = 0; i < t->step->template->name_count; i++) {
		strbuf_reset(&value);
		graph_bind(r->graph, t->step, &t->node, i, &value);
		fake_bind(s, i, value.buf, value.len);
	}
	strbuf_release(&value);
}

/* What T's recipe gives under NAME. */
static inline void
fake_give(struct fake_run *r, const struct task *t, const char *name,
	  struct strbuf *out)
{
	const struct fake_template *ft =
		r->flow.templates[t->step->template->id];
	struct fake_scope scope;
	struct strbuf text = STRBUF_INIT;

	fake_scope_init(&scope);
	fake_each(ft, "gives", NULL, cl) {
		if (strcmp(cl->items[1]->text, name))
			continue;
		fake_bind_all(r, t, &scope);
		if (fake_eval(ft, cl->items[2], &scope, out))
			bug("(gives %s ...) failed", name);
	}
	if (!out->len) {
		task_add_name(&text, t);
		strbuf_addf(&text, ".%s", name);
		cbor_put_text(out, text.buf, text.len);
	}
	strbuf_release(&text);
	fake_scope_release(&scope);
}

static inline void
fake_set_results(struct fake_run *r, struct task *t)
{
	const struct template *tm = t->step->template;
	struct artifact *a = xcalloc(tm->produce_count + 1, sizeof(*a)), *o;
	struct strbuf *values = xcalloc(tm->produce_count + 1,
					sizeof(*values));
	uint32_t i;

	for (i = 0; i < tm->produce_count; i++) {
		strbuf_init(&values[i]);
		a[i].name = tm->names[tm->produces[i].name].text;
		a[i].file_name = tm->produces[i].file_name;
		fake_give(r, t, a[i].name, &values[i]);
		a[i].digest = digest_of(values[i].buf, values[i].len);
		a[i].value = values[i].buf;
		a[i].value_len = (uint32_t)values[i].len;
	}
	t->results = graph_keep_artifacts(r->graph, a, tm->produce_count);
	o = xcalloc(t->output_count + 1, sizeof(*o));
	for (i = 0; i < t->output_count; i++) {
		o[i].name = t->outputs[i].path;
		o[i].format = ARTIFACT_OUTPUT;
		o[i].digest = digest_of(o[i].name, strlen(o[i].name));
	}
	t->output_artifacts = graph_keep_artifacts(r->graph, o,
						   t->output_count);
	for (i = 0; i < tm->produce_count; i++)
		strbuf_release(&values[i]);
	free(values);
	free(a);
	free(o);
}

/* Fill T's recipe and demands, as sched would before it starts it. */
static inline int
fake_prepare(struct fake_run *r, struct task *t)
{
	struct arena arena;
	struct demands d;
	struct filled_recipe f;
	int ret;

	arena_init(&arena);
	ret = demands_of(r->graph, t->step, t, &arena, &d, &r->err);
	if (!ret)
		ret = recipe_fill(r->graph, t, &arena, &f, &r->err);
	arena_release(&arena);
	return ret;
}

/* T's recipe has run. */
static inline int
fake_end(struct fake_run *r, struct task *t)
{
	const struct fake_template *ft =
		r->flow.templates[t->step->template->id];
	const struct sx *fails = fake_clause(ft, "fails");

	if (fails && (fails->count == 1 || t->attempt <=
		      strtoul(fails->items[1]->text, NULL, 10))) {
		if (fails->count > 1) {
			fake_note(r, "~", t);
			t->attempt++;
			graph_retry(r->graph, t);
			return 0;
		}
		if (!fake_clause(ft, "catch")) {
			fake_note(r, "!", t);
			r->failed_any = true;
			graph_fail(r->graph, &t->node);
			return 0;
		}
		fake_note(r, "?", t);
		graph_keep_caught(r->graph, t, "\x61!", 2);
		return graph_task_over(r->graph, t, END_CAUGHT, &r->err);
	}
	fake_note(r, "", t);
	fake_set_results(r, t);
	return graph_task_over(r->graph, t, END_DONE, &r->err);
}

/* ---- the world ---- */

static inline bool
fake_exists(void *data, const char *path)
{
	const struct fake_run *r = data;
	const char *const *f;

	for (f = r->files; *f; f++)
		if (!strcmp(*f, path))
			return true;
	return false;
}

static inline const char *
fake_maker(void *data, const char *path)
{
	const struct fake_run *r = data;
	const char *const *f;

	for (f = r->makers; *f; f += 2)
		if (!strcmp(*f, path))
			return f[1];
	return NULL;
}

static inline bool
fake_is_settled(void *data, const struct task *t)
{
	const struct fake_run *r = data;
	struct strbuf name = STRBUF_INIT;
	const char *const *f;

	task_add_name(&name, t);
	for (f = r->settled; *f && strcmp(*f, name.buf); f++)
		;
	strbuf_release(&name);
	return *f;
}

static inline bool
fake_passes(void *data, const struct opening *o, uint32_t index,
	    uint32_t count, uint32_t place)
{
	const struct fake_run *r = data;

	(void)o;
	(void)place;
	return r->passed && index + count <= strlen(r->passed) &&
		strspn(r->passed + index, "1") >= count;
}

/* ---- the run ---- */

static inline int
fake_settle(struct fake_run *r)
{
	struct eval_request *q;

	for (;;) {
		if (graph_settle(r->graph, &r->err))
			return -1;
		q = graph_take_eval(r->graph);
		if (!q)
			return 0;
		if (fake_answer(r, q))
			return -1;
	}
}

/* As sched/run.c wants targets. */
static inline int
fake_want(struct fake_run *r)
{
	const char **t;
	bool missing = false;

	for (t = r->targets; *t; t++) {
		const struct step *s = rules_find(&r->flow.rules, *t);
		int found;

		if (s && s->template->pattern < 0) {
			if (graph_want_step(r->graph, *t, &r->err))
				return -1;
			continue;
		}
		found = graph_want_file(r->graph, *t, &r->err);
		if (found < 0)
			return -1;
		if (!found && !graph_unopened_count(r->graph))
			return error_set(&r->err, "target '%s': nobody makes "
					 "it", *t);
		missing |= !found;
	}
	r->seeking = missing;
	if (missing)
		graph_want_opening(r->graph);
	return 0;
}

static inline void
fake_unmade(void *data, const struct task *t, const char *path)
{
	struct fake_run *r = data;

	strbuf_addf(&r->unmade, "%s%s<-%s", r->unmade.len ? " " : "", path,
		    t->step->name);
}

static inline int
fake_turn(struct fake_run *r, bool *moved)
{
	struct task *t;
	uint32_t i;

	if (fake_settle(r) || (r->seeking && (fake_want(r) || fake_settle(r))))
		return -1;
	while ((t = graph_take_skipped(r->graph)))
		if (t->node.wanted)
			fake_note(r, "-", t);
	*moved = false;
	while ((t = graph_take_ready(r->graph))) {
		if (!t->number)
			t->number = 1;
		if (!t->attempt)
			t->attempt = 1;
		if (!t->settled && fake_prepare(r, t))
			return -1;
		ARRAY_GROW(r->pool, r->pool_count, r->pool_alloc);
		r->pool[r->pool_count++] = t;
	}
	if (!r->pool_count)
		return 0;
	*moved = true;
	i = r->any_order ? r->pool_count - 1 : 0;
	t = r->pool[i];
	memmove(r->pool + i, r->pool + i + 1,
		(--r->pool_count - i) * sizeof(*r->pool));
	return fake_end(r, t);
}

/* Run what is wanted; -1 with err. */
static inline int
fake_run_flow(struct fake_run *r)
{
	struct graph_world world = {
		.exists = fake_exists,
		.maker = fake_maker,
		.is_settled = fake_is_settled,
		.passes = fake_passes,
		.data = r,
	};
	struct graph_options options = {
		.max_num_splits = r->max_num_splits ? r->max_num_splits : 100,
		.want_all = !r->targets[0],
		.flow_file = "Flowfile",
	};
	bool moved = true;

	if (rules_resolve(&r->flow.rules, &r->err))
		return -1;
	r->graph = graph_new(&r->flow.rules, &world, &options);
	if (graph_start(r->graph, &r->err) || fake_settle(r) ||
	    fake_want(r) || fake_settle(r))
		return -1;
	graph_each_unmade(r->graph, fake_unmade, r);
	while (moved)
		if (fake_turn(r, &moved))
			return -1;
	return r->failed_any ? 0 : graph_check_stuck(r->graph, &r->err);
}

static inline void
fake_run_init(struct fake_run *r)
{
	memset(r, 0, sizeof(*r));
	fake_flow_init(&r->flow);
	strbuf_init(&r->order);
	strbuf_init(&r->unmade);
}

static inline void
fake_run_release(struct fake_run *r)
{
	graph_free(r->graph);
	fake_flow_release(&r->flow);
	strbuf_release(&r->order);
	strbuf_release(&r->unmade);
	error_release(&r->err);
	free(r->pool);
}

/* The task called NAME ("count/3"), or NULL. */
static inline struct task *
fake_task(const struct fake_run *r, const char *name)
{
	struct strbuf sb = STRBUF_INIT;
	struct task *found = NULL;
	uint32_t i;

	for (i = 0; r->graph && !found && i < graph_task_count(r->graph);
	     i++) {
		strbuf_reset(&sb);
		task_add_name(&sb, graph_task(r->graph, i));
		if (!strcmp(sb.buf, name))
			found = graph_task(r->graph, i);
	}
	strbuf_release(&sb);
	return found;
}

/* The value of T's result number I as Scheme writes it; the caller frees. */
static inline char *
fake_result(const struct fake_run *r, const char *task, uint32_t i)
{
	struct strbuf sb = STRBUF_INIT;
	const struct task *t = fake_task(r, task);

	if (!t || !t->results)
		return xstrdup(t ? "(no results)" : "(no task)");
	value_print(t->results[i].value, t->results[i].value_len, 0, &sb);
	return strbuf_detach(&sb, NULL);
}

/* The names of the tasks of G of which IS_ONE: "a/0 b"; the caller frees
 * them. */
__attribute__((unused)) static char *
fake_names(const struct graph *g,
	   bool (*is_one)(const struct graph *g, const struct task *t))
{
	struct strbuf names = STRBUF_INIT;
	uint32_t i;

	for (i = 0; i < graph_task_count(g); i++) {
		if (!is_one(g, graph_task(g, i)))
			continue;
		strbuf_adds(&names, names.len ? " " : "");
		task_add_name(&names, graph_task(g, i));
	}
	return strbuf_detach(&names, NULL);
}

#endif
