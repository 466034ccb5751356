/*
 * Annotations: one table says which keyword of which clause sets what.
 */
#include "base/base.h"

#include "model/demands.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/cbor.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/strbuf.h"
#include "model/expr.h"
#include "model/graph.h"
#include "model/rules.h"
#include "model/value.h"

/* What is being worked on. */
struct reading {
	struct graph *graph;
	const struct step *owner;      /* whose annotation it is */
	const struct task *task;
	struct arena *arena;
	struct demands *demands;
	const struct annotation *annotation;
	bool says_retry;               /* some retry counts */
	bool says_times;               /* and says how often */
	const struct annotation *timeout; /* one that counts, or NULL */
	const struct step *timeout_owner;
	bool has_late_timeout;         /* a part of it is not known yet */
	struct error *err;
};

/* A keyword: how its value is read, and where it goes. */
struct keyword {
	enum clause clause;
	const char *key;
	int (*set)(struct reading *r, const struct keyword *k);
	int64_t unit_ns;               /* of a duration */
};

/* ---- values ---- */

/* For what the annotation is read.  What a defaults form says for the first
 * attempt is known without a task. */
static const struct node *
reader(const struct reading *r)
{
	if (r->task)
		return &r->task->node;
	return r->owner->name ? NULL : graph_first_attempt(r->graph, r->owner);
}

/* Report that the value is not WANT. */
static int
reject(struct reading *r, const char *value, size_t len, const char *want)
{
	const struct annotation *a = r->annotation;
	struct strbuf shown = STRBUF_INIT;

	value_print(value, len, 60, &shown);
	if (a->line)
		step_error(r->owner, a->line, a->column, r->err,
			   "#:%s must be %s, not %s", a->key, want, shown.buf);
	else
		error_set(r->err, "--with: %s must be %s, not %s", a->key,
			  want, shown.buf);
	strbuf_release(&shown);
	return -1;
}

/* A text's number and unit: "60GB", "1.5 GB"; in MB. */
static bool
parse_memory(const char *text, double *mb)
{
	static const struct { const char *unit; double mb; } units[] = {
		{ "", 1 }, { "MB", 1 }, { "M", 1 },
		{ "Mi", 1.048576 }, { "MiB", 1.048576 },
		{ "GB", 1e3 }, { "G", 1e3 },
		{ "Gi", 1073.741824 }, { "GiB", 1073.741824 },
		{ "TB", 1e6 }, { "T", 1e6 },
		{ "Ti", 1099511.627776 }, { "TiB", 1099511.627776 },
	};
	char *end;
	double number = strtod(text, &end);
	size_t i;

	if (end == text)
		return false;
	while (*end == ' ')
		end++;
	for (i = 0; i < ARRAY_SIZE(units); i++) {
		if (strcmp(end, units[i].unit))
			continue;
		*mb = number * units[i].mb;
		return true;
	}
	return false;
}

/* The annotation's value as a positive number up to MAX; texts are read as
 * amounts of memory when MEMORY. */
static int
read_number(struct reading *r, bool memory, double least, double max,
	    const char *want, double *number)
{
	struct strbuf scratch = STRBUF_INIT, text = STRBUF_INIT;
	const struct expr *e = r->annotation->expr;
	const struct node *n = reader(r);
	struct cbor_item it;
	struct cbor c;
	size_t len = 0;
	const char *value = NULL;
	bool good = false;
	int ret = 0;

	if (e->kind == WIRE_EXPR_PIECES) {
		ret = expr_text(r->graph, r->owner, n, e, &text, r->err);
		good = memory && !ret && parse_memory(text.buf, number);
		cbor_put_text(&scratch, text.buf, text.len);
		value = scratch.buf;
		len = scratch.len;
	} else {
		value = graph_value(r->graph, r->owner, n, e, &scratch, &len);
		cbor_init(&c, value, len);
		it = cbor_next(&c);
		good = true;
		if (it.kind == CBOR_UINT) {
			*number = (double)it.n;
		} else if (it.kind == CBOR_FLOAT) {
			*number = it.d;
		} else if (it.kind == CBOR_TAG && it.n == CBOR_TAG_RATIONAL) {
			size_t two = cbor_get_array(&c);
			double top = (double)cbor_get_int(&c);

			*number = top / (double)cbor_get_int(&c);
			good = two == 2 && !c.failed;
		} else if (it.kind == CBOR_TEXT && memory) {
			strbuf_add(&text, it.data, it.len);
			good = parse_memory(text.buf, number);
		} else {
			good = false;
		}
	}
	if (!ret && (!good || !(*number >= least) || *number > max))
		ret = reject(r, value, len, want);
	strbuf_release(&scratch);
	strbuf_release(&text);
	return ret;
}

/* The annotation's value as a whole number from 0 to MAX. */
static int
read_whole(struct reading *r, uint32_t max, const char *want,
	   uint32_t *number)
{
	struct strbuf value = STRBUF_INIT;
	double n;
	int ret;

	if (read_number(r, false, 0, max, want, &n))
		return -1;
	*number = (uint32_t)n;
	if (n == *number)
		return 0;
	cbor_put_double(&value, n);
	ret = reject(r, value.buf, value.len, want);
	strbuf_release(&value);
	return ret;
}

static int
set_cpu(struct reading *r, const struct keyword *k)
{
	double n;

	(void)k;
	if (read_number(r, false, 0.001, 1e6, "a positive number of "
			"processors", &n))
		return -1;
	r->demands->cpu_milli = MAX(r->demands->cpu_milli,
				    (uint32_t)ceil(n * 1000));
	return 0;
}

static int
set_memory(struct reading *r, const struct keyword *k)
{
	double mb;

	(void)k;
	if (read_number(r, true, 0.001, 1e12, "a number of MB or a text such "
			"as \"60GB\"", &mb))
		return -1;
	r->demands->memory_mb = MAX(r->demands->memory_mb,
				    (uint64_t)ceil(mb));
	return 0;
}

static int
set_gpu(struct reading *r, const struct keyword *k)
{
	uint32_t n;

	(void)k;
	if (read_whole(r, 1024, "a whole number of GPUs", &n))
		return -1;
	r->demands->gpu = MAX(r->demands->gpu, n);
	return 0;
}

static int
set_times(struct reading *r, const struct keyword *k)
{
	(void)k;
	if (read_whole(r, 100, "a whole number from 0 to 100",
		       &r->demands->retry_times))
		return -1;
	r->says_times = true;
	return 0;
}

/* So that the sum of all parts, and that with the time of day, is one, too. */
#define MAX_PART_NS ((int64_t)50 * 365 * 86400 * NS_PER_S)

static int
add_duration(struct reading *r, const struct keyword *k, int64_t *ns)
{
	double n;

	if (read_number(r, false, 0, (double)MAX_PART_NS / (double)k->unit_ns,
			"a time from 0 to 50 years", &n))
		return -1;
	*ns += (int64_t)(n * (double)k->unit_ns);
	return 0;
}

static int
add_timeout(struct reading *r, const struct keyword *k)
{
	return add_duration(r, k, &r->demands->timeout_ns);
}

static int
add_pause(struct reading *r, const struct keyword *k)
{
	return add_duration(r, k, &r->demands->retry_pause_ns);
}

/* The annotation's value as a text of the arena. */
static const char *
read_text(struct reading *r)
{
	struct strbuf text = STRBUF_INIT;
	const struct node *n = reader(r);
	const struct expr *e = r->annotation->expr;
	const char *kept = NULL;

	if (expr_text(r->graph, r->owner, n, e, &text, r->err))
		goto out;
	if (memchr(text.buf, '\0', text.len))
		expr_error(r->owner, e, r->err, "the value holds a NUL byte");
	else
		kept = arena_strndup(r->arena, text.buf, text.len);
out:
	strbuf_release(&text);
	return kept;
}

static int
set_image(struct reading *r, const struct keyword *k)
{
	(void)k;
	r->demands->image = read_text(r);
	return r->demands->image ? 0 : -1;
}

static int
set_queue(struct reading *r, const struct keyword *k)
{
	(void)k;
	r->demands->queue = read_text(r);
	return r->demands->queue ? 0 : -1;
}

/* Keywords that only AWS Batch gives a meaning to; their values are checked
 * there. */
static int
set_nothing(struct reading *r, const struct keyword *k)
{
	(void)k;
	return read_text(r) ? 0 : -1;
}

#define SECONDS(n) ((n) * NS_PER_S)

static const struct keyword keywords[] = {
	{ CLAUSE_RESOURCES, "cpu", set_cpu, 0 },
	{ CLAUSE_RESOURCES, "memory", set_memory, 0 },
	{ CLAUSE_RESOURCES, "gpu", set_gpu, 0 },
	{ CLAUSE_BATCH, "cpu", set_cpu, 0 },
	{ CLAUSE_BATCH, "memory", set_memory, 0 },
	{ CLAUSE_BATCH, "gpu", set_gpu, 0 },
	{ CLAUSE_BATCH, "image", set_image, 0 },
	{ CLAUSE_BATCH, "queue", set_queue, 0 },
	{ CLAUSE_TIMEOUT, "days", add_timeout, SECONDS(86400) },
	{ CLAUSE_TIMEOUT, "hours", add_timeout, SECONDS(3600) },
	{ CLAUSE_TIMEOUT, "minutes", add_timeout, SECONDS(60) },
	{ CLAUSE_TIMEOUT, "seconds", add_timeout, SECONDS(1) },
	{ CLAUSE_RETRY, "times", set_times, 0 },
	{ CLAUSE_RETRY, "days", add_pause, SECONDS(86400) },
	{ CLAUSE_RETRY, "hours", add_pause, SECONDS(3600) },
	{ CLAUSE_RETRY, "minutes", add_pause, SECONDS(60) },
	{ CLAUSE_RETRY, "seconds", add_pause, SECONDS(1) },
};

static int
set_keyword(struct reading *r)
{
	const struct annotation *a = r->annotation;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(keywords); i++)
		if (keywords[i].clause == a->clause &&
		    !strcmp(keywords[i].key, a->key))
			return keywords[i].set(r, &keywords[i]);
	return set_nothing(r, NULL);
}

static int
add_variable(struct reading *r)
{
	struct demands *d = r->demands;
	const char *value;
	struct variable *more;
	uint32_t i;

	for (i = 0; i < d->environment_count; i++)
		if (!strcmp(d->environment[i].name, r->annotation->key))
			return 0;
	value = read_text(r);
	if (!value)
		return -1;
	more = arena_alloc(r->arena, (d->environment_count + 1) *
			   sizeof(*more));
	if (d->environment_count)
		memcpy(more, d->environment,
		       d->environment_count * sizeof(*more));
	more[d->environment_count].name = r->annotation->key;
	more[d->environment_count++].value = value;
	d->environment = more;
	return 0;
}

static void
add_secret(struct reading *r)
{
	struct demands *d = r->demands;
	const char **more = arena_alloc(r->arena, (d->secret_count + 1) *
					sizeof(*more));

	if (d->secret_count)
		memcpy(more, d->secrets, d->secret_count * sizeof(*more));
	more[d->secret_count++] = r->annotation->key;
	d->secrets = more;
}

static bool
is_key(const struct annotation *a, const char *key)
{
	return a->key && !strcmp(a->key, key);
}

/* Whether A is an amount, which means the same in resources and in batch. */
static bool
is_amount(const struct annotation *a)
{
	return (a->clause == CLAUSE_RESOURCES || a->clause == CLAUSE_BATCH) &&
		(is_key(a, "cpu") || is_key(a, "memory") || is_key(a, "gpu"));
}

/* Whether X and A set the same thing; a duration is one, whatever its parts. */
static bool
same_keyword(const struct annotation *x, const struct annotation *a)
{
	if (is_amount(x) && is_amount(a))
		return !strcmp(x->key, a->key);
	if (x->clause != a->clause)
		return false;
	switch (a->clause) {
	case CLAUSE_TIMEOUT:
	case CLAUSE_LOCAL:
	case CLAUSE_CATCH:
		return true;
	case CLAUSE_RETRY:
		return x->key && a->key &&
			is_key(x, "times") == is_key(a, "times");
	default:
		return x->key && a->key && !strcmp(x->key, a->key);
	}
}

static bool
template_says(const struct template *t, const struct annotation *a)
{
	uint32_t i;

	for (i = 0; i < t->annotation_count; i++)
		if (same_keyword(&t->annotations[i], a))
			return true;
	return false;
}

/* Whether A, of the defaults form number FORM, gives way: to the step's own
 * annotations or to a later form. */
static bool
gives_way(const struct rules *rules, const struct step *s,
	  const struct demands *d, const struct annotation *a, uint32_t form)
{
	uint32_t i;

	if (a->clause == CLAUSE_LOCAL && d->on_batch)
		return true;
	if (template_says(s->template, a))
		return true;
	for (i = form + 1; i < rules->default_count; i++)
		if (template_says(rules->defaults[i]->template, a))
			return true;
	return false;
}

/* Whether the value of E, or NULL, can be had already. */
static bool
is_known(const struct reading *r, const struct expr *e)
{
	if (!e || (!e->need_count && e->kind != WIRE_EXPR_THUNK))
		return true;
	if (e->need_count && r->owner->name)
		return false;
	return graph_has_constants(r->graph, r->owner);
}

/* Whether the value of A can be had without its task, or the task is given. */
static bool
can_read(const struct reading *r)
{
	const struct expr *e = r->annotation->expr;
	uint32_t i;

	if (r->task || !e)
		return true;
	for (i = 0; i < e->piece_count; i++)
		if (!is_known(r, e->pieces[i].expr))
			return false;
	return is_known(r, e);
}

static int
apply(struct reading *r, bool is_default)
{
	const struct annotation *a = r->annotation;
	struct demands *d = r->demands;

	r->says_retry |= a->clause == CLAUSE_RETRY;
	if (a->clause == CLAUSE_BATCH && !is_default && !d->on_batch) {
		d->on_batch = true;
		d->batch_line = a->line;
		d->batch_column = a->column;
	}
	if (a->clause == CLAUSE_TIMEOUT) {
		r->timeout = a;
		r->timeout_owner = r->owner;
		r->has_late_timeout |= !can_read(r);
	}
	if (!can_read(r))
		return 0;
	switch (a->clause) {
	case CLAUSE_RESOURCES:
	case CLAUSE_BATCH:
	case CLAUSE_TIMEOUT:
	case CLAUSE_RETRY:
		return a->key && a->expr ? set_keyword(r) : 0;
	case CLAUSE_LOCAL:
		d->stays_local = true;
		return 0;
	case CLAUSE_CATCH:
		d->catch_name = a->key;
		return 0;
	case CLAUSE_ENVIRONMENT:
		return add_variable(r);
	case CLAUSE_SECRET:
		add_secret(r);
		return 0;
	case CLAUSE_COUNT:
		break;
	}
	bug("annotation of no clause");
}

/* A timeout that says no time is a mistake, not no timeout. */
static int
check_timeout(const struct reading *r)
{
	const struct annotation *a = r->timeout;

	if (!a || r->has_late_timeout || r->demands->timeout_ns)
		return 0;
	if (!a->line)
		return error_set(r->err, "--with timeout: a timeout of no "
				 "time; say how long, as --with "
				 "timeout:minutes=10");
	return step_error(r->timeout_owner, a->line, a->column, r->err,
			  "a timeout of no time; say how long, as (timeout "
			  "#:minutes 10)");
}

int
demands_of(struct graph *g, const struct step *s, const struct task *t,
	   struct arena *arena, struct demands *d, struct error *err)
{
	const struct rules *rules = graph_rules(g);
	struct reading r = { .graph = g, .owner = s, .task = t, .arena = arena,
			     .demands = d, .err = err };
	uint32_t i, k;

	memset(d, 0, sizeof(*d));
	for (i = 0; i < s->template->annotation_count; i++) {
		r.annotation = &s->template->annotations[i];
		if (apply(&r, false))
			return -1;
	}
	for (i = rules->default_count; i-- > 0;) {
		r.owner = rules->defaults[i];
		for (k = 0; k < r.owner->template->annotation_count; k++) {
			r.annotation = &r.owner->template->annotations[k];
			if (!gives_way(rules, s, d, r.annotation, i) &&
			    apply(&r, true))
				return -1;
		}
	}
	if (r.says_retry && !r.says_times)
		d->retry_times = 3;
	return check_timeout(&r);
}

bool
demands_need_again(const struct rules *r, const struct step *s,
		   const struct step *form)
{
	const struct template *t = form->template;
	const struct demands none = { .on_batch = false };
	uint32_t i;

	for (i = 0; i < t->annotation_count; i++)
		if (t->annotations[i].expr &&
		    t->annotations[i].expr->need_count &&
		    !gives_way(r, s, &none, &t->annotations[i], form->ordinal))
			return true;
	return false;
}
