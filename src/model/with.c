/*
 * --with: a spec becomes annotations of the steps that it applies to, as if
 * the Flowfile said so.  The annotations of a template are shared by its
 * instances, so they are added once to each template.
 */
#include "base/base.h"

#include "model/with.h"

#include <stdlib.h>
#include <string.h>

#include "base/cbor.h"
#include "base/error.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "model/rules.h"

static const struct {
	const char *name;
	enum clause clause;
	const char *keys[6];     /* NULL-terminated; none: takes no values */
} clauses[] = {
	{ "batch", CLAUSE_BATCH, { "cpu", "memory", "gpu", "queue", "image" } },
	{ "resources", CLAUSE_RESOURCES, { "cpu", "memory", "gpu" } },
	{ "retry", CLAUSE_RETRY, { "times", "minutes", "seconds", "hours" } },
	{ "timeout", CLAUSE_TIMEOUT, { "days", "hours", "minutes",
				       "seconds" } },
	{ "local", CLAUSE_LOCAL, { NULL } },
};

/* Up to here each whole number is a double. */
#define WHOLE_MAX 9007199254740992.0

/* The value TEXT of LEN bytes as a constant expression. */
static struct expr *
constant(struct rules *r, const char *text, size_t len)
{
	struct expr *e = arena_zalloc(&r->arena, sizeof(*e));
	char *copy = arena_strndup(&r->arena, text, len);
	struct strbuf sb = STRBUF_INIT;
	char *end_number;
	double d = strtod(copy, &end_number);

	if (len && !*end_number && d >= -WHOLE_MAX && d <= WHOLE_MAX &&
	    d == (double)(int64_t)d)
		cbor_put_int(&sb, (int64_t)d);
	else if (len && !*end_number)
		cbor_put_double(&sb, d);
	else
		cbor_put_text(&sb, text, len);
	e->kind = WIRE_EXPR_CONST;
	e->value = arena_memdup(&r->arena, sb.buf, sb.len);
	e->value_len = (uint32_t)sb.len;
	strbuf_release(&sb);
	return e;
}

/* Whether KEY is one of the NULL-terminated KEYS. */
static bool
is_key(const char *const *keys, const char *key)
{
	for (; *keys; keys++)
		if (!strcmp(*keys, key))
			return true;
	return false;
}

/* Parse one KEY=VALUE of clause number I behind the COUNT ones in LIST. */
static int
parse_entry(struct rules *r, size_t i, const char *entry, size_t len,
	    struct annotation *list, uint32_t count, struct error *err)
{
	struct annotation *a = &list[count];
	const char *equals = memchr(entry, '=', len);
	const char *near;

	if (!equals)
		return error_set(err, "--with %s: '%.*s' is not KEY=VALUE",
				 clauses[i].name, (int)len, entry);
	a->clause = clauses[i].clause;
	a->key = arena_strndup(&r->arena, entry, (size_t)(equals - entry));
	a->expr = constant(r, equals + 1, len - (size_t)(equals + 1 - entry));
	while (count--)
		if (!strcmp(list[count].key, a->key))
			return error_set(err, "--with %s: '%s' is given twice",
					 clauses[i].name, a->key);
	if (is_key(clauses[i].keys, a->key))
		return 0;
	near = text_suggest(a->key, clauses[i].keys);
	return error_set(err, "--with %s: unknown key '%s'%s%s%s",
			 clauses[i].name, a->key, near ? " (did you mean '" :
			 "", near ? near : "", near ? "'?)" : "");
}

/* Whether T says something that keeps clause CLAUSE of the command line out. */
static bool
says_already(const struct template *t, enum clause clause)
{
	uint32_t i;

	for (i = 0; i < t->annotation_count; i++) {
		enum clause own = t->annotations[i].clause;

		if (own == clause ||
		    (clause == CLAUSE_BATCH && own == CLAUSE_LOCAL))
			return true;
	}
	return false;
}

static void
annotate(struct rules *r, struct template *t, const struct annotation *more,
	 uint32_t count)
{
	struct annotation *all = arena_alloc(&r->arena,
			(t->annotation_count + count) * sizeof(*all));

	if (t->annotation_count)
		memcpy(all, t->annotations,
		       t->annotation_count * sizeof(*all));
	memcpy(all + t->annotation_count, more, count * sizeof(*all));
	t->annotations = all;
	t->annotation_count += count;
}

static int
unknown_clause(const char *spec, size_t len, struct error *err)
{
	const char *names[ARRAY_SIZE(clauses) + 1] = { NULL };
	char *name = xstrndup(spec, len);
	const char *near;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(clauses); i++)
		names[i] = clauses[i].name;
	near = text_suggest(name, names);
	error_set(err, "--with '%s': unknown annotation%s%s%s; there are batch, "
		  "resources, retry, timeout, local", spec,
		  near ? " (did you mean '" : "", near ? near : "",
		  near ? "'?)" : "");
	free(name);
	return -1;
}

int
rules_add_with(struct rules *r, const char *spec, struct error *err)
{
	struct annotation more[16];
	size_t len = strcspn(spec, ":"), i;
	uint32_t count = 0, k;
	const char *at = spec + len;

	for (i = 0; i < ARRAY_SIZE(clauses); i++)
		if (strlen(clauses[i].name) == len &&
		    !strncmp(clauses[i].name, spec, len))
			break;
	if (i == ARRAY_SIZE(clauses))
		return unknown_clause(spec, len, err);
	memset(more, 0, sizeof(more));
	while (*at && count < ARRAY_SIZE(more)) {
		len = strcspn(++at, ",");
		if (parse_entry(r, i, at, len, more, count, err))
			return -1;
		at += len;
		count++;
	}
	if (!count)
		more[count++].clause = clauses[i].clause;
	for (k = 0; k < r->template_count; k++)
		if (!says_already(r->templates[k], clauses[i].clause))
			annotate(r, r->templates[k], more, count);
	return 0;
}
