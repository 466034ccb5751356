/*
 * Decoding what the evaluator declares.  The reader (base/cbor.h) remembers
 * the first thing that did not fit, so the code reads a message straight
 * through and asks once at its end.
 */
#include "base/base.h"

#include "model/rules.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/cbor.h"
#include "base/error.h"
#include "base/strbuf.h"
#include "model/rules-read.h"

void
rules_init(struct rules *r)
{
	memset(r, 0, sizeof(*r));
	arena_init(&r->arena);
	map_init(&r->by_name);
	map_init(&r->sources);
}

void
rules_release(struct rules *r)
{
	uint32_t i;

	for (i = 0; i < r->level_count; i++) {
		free(r->levels[i]->steps);
		free(r->levels[i]->openers);
	}
	free(r->levels);
	free(r->templates);
	free(r->steps);
	free(r->defaults);
	free(r->text_lists);
	map_release(&r->by_name);
	map_release(&r->sources);
	arena_release(&r->arena);
}

void *
rules_take(struct rules *r, size_t count, size_t size)
{
	return arena_zalloc(&r->arena, MAX(count, 1) * size);
}

const char *
read_str(struct rules *r, struct cbor *c)
{
	const char *s;
	size_t len;

	if (cbor_get_null(c))
		return NULL;
	s = cbor_get_text(c, &len);
	if (memchr(s, '\0', len))
		c->failed = true;
	return arena_strndup(&r->arena, s, len);
}

const char *
read_text(struct rules *r, struct cbor *c)
{
	const char *s = read_str(r, c);

	if (!s)
		c->failed = true;
	return s ? s : "";
}

size_t
read_array(struct cbor *c, size_t least)
{
	size_t n = cbor_get_array(c);

	if (n < least)
		c->failed = true;
	if (n > (size_t)(c->end - c->next))
		c->failed = true;
	return c->failed ? 0 : n;
}

uint32_t
read_index(struct cbor *c, size_t limit)
{
	uint64_t n = cbor_get_uint(c);

	if (n >= limit)
		c->failed = true;
	return c->failed ? 0 : (uint32_t)n;
}

int
rules_add_steps(struct rules *r, const char *payload, size_t len,
		struct error *err)
{
	struct cbor c;
	size_t n, i, k;

	cbor_init(&c, payload, len);
	n = read_array(&c, 0);
	for (i = 0; i < n && !c.failed; i++) {
		struct step *s = rules_take(r, 1, sizeof(*s));
		uint32_t id;

		read_array(&c, 3);
		id = read_index(&c, r->template_count);
		if (c.failed)
			break;
		s->template = r->templates[id];
		s->name = read_str(r, &c);
		s->computed_count = (uint32_t)read_array(&c, 0);
		s->computed = rules_take(r, s->computed_count, sizeof(char *));
		for (k = 0; k < s->computed_count; k++)
			s->computed[k] = read_text(r, &c);
		if (s->computed_count < s->template->computed_count)
			c.failed = true;
		for (k = 0; k < s->template->recipe.list_count; k++)
			s->template->recipe.lists[k]->step_count++;
		s->index = r->step_count;
		ARRAY_GROW(r->steps, r->step_count, r->step_alloc);
		r->steps[r->step_count++] = s;
		if (!s->name) {
			s->ordinal = r->default_count;
			ARRAY_GROW(r->defaults, r->default_count,
				   r->default_alloc);
			r->defaults[r->default_count++] = s;
		}
	}
	return cbor_finish(&c, "a list of steps from the evaluator", err);
}

static void
read_parameters(struct rules *r, struct cbor *c)
{
	size_t n = read_array(c, 0), i, len;

	r->parameters = rules_take(r, n, sizeof(*r->parameters));
	r->parameter_count = (uint32_t)n;
	for (i = 0; i < n; i++) {
		struct parameter *p = &r->parameters[i];
		const char *span;

		read_array(c, 4);
		p->name = read_text(r, c);
		span = cbor_span(c, &len);
		p->value = arena_memdup(&r->arena, span, len);
		p->value_len = (uint32_t)len;
		p->doc = read_str(r, c);
		p->given = cbor_get_bool(c);
	}
}

int
rules_set_loaded(struct rules *r, const char *payload, size_t len,
		 struct error *err)
{
	struct cbor c;
	size_t n, i, key_len, span_len;

	cbor_init(&c, payload, len);
	n = cbor_get_map(&c);
	for (i = 0; i < n && !c.failed; i++) {
		const char *key = cbor_get_text(&c, &key_len);

		if (cbor_key_is(key, key_len, "flow")) {
			r->flow = read_str(r, &c);
		} else if (cbor_key_is(key, key_len, "doc")) {
			r->doc = read_str(r, &c);
		} else if (cbor_key_is(key, key_len, "max-num-splits")) {
			if (!cbor_get_null(&c))
				r->max_num_splits = (uint32_t)cbor_get_uint(&c);
		} else if (cbor_key_is(key, key_len, "max-workers")) {
			if (!cbor_get_null(&c))
				r->max_workers = (uint32_t)cbor_get_uint(&c);
		} else if (cbor_key_is(key, key_len, "parameters")) {
			read_parameters(r, &c);
		} else if (cbor_key_is(key, key_len, "manifest")) {
			const char *span = cbor_span(&c, &span_len);

			r->manifest = arena_memdup(&r->arena, span, span_len);
			r->manifest_len = (uint32_t)span_len;
		} else if (cbor_key_is(key, key_len, "threads")) {
			r->threads = cbor_get_bool(&c);
		} else if (cbor_key_is(key, key_len, "pure")) {
			r->pure = cbor_get_bool(&c);
		} else {
			cbor_skip(&c);
		}
	}
	return cbor_finish(&c, "the answer of the evaluator", err);
}

struct step *
rules_find(const struct rules *r, const char *name)
{
	return map_gets(&r->by_name, name);
}

const char *
step_ref_name(const struct step *s, const struct step_ref *ref)
{
	if (ref->literal)
		return ref->literal;
	if (ref->computed >= s->computed_count)
		bug("step '%s' lacks computed name %u", s->name, ref->computed);
	return s->computed[ref->computed];
}

int
step_error(const struct step *s, uint32_t line, uint32_t column,
	   struct error *err, const char *format, ...)
{
	struct strbuf text = STRBUF_INIT;
	va_list ap;

	va_start(ap, format);
	strbuf_vaddf(&text, format, ap);
	va_end(ap);
	if (s->name)
		error_place(err, s->template->file, line, column,
			    "step '%s': %s", s->name, text.buf);
	else
		error_place(err, s->template->file, line, column,
			    "defaults: %s", text.buf);
	strbuf_release(&text);
	return -1;
}
