/*
 * Decoding templates: what one (step ...) form says.  The reader
 * (base/cbor.h) remembers the first thing that did not fit, so the code reads
 * a message straight through and asks once at its end.
 */
#include "base/base.h"

#include "model/rules.h"

#include <string.h>

#include "base/cbor.h"
#include "base/digest.h"
#include "model/code-source.h"
#include "model/rules-read.h"

static void read_expr(struct rules *r, struct cbor *c, struct expr *e);

/* Pieces of a literal: TEXT and EXPR, or [quote, EXPR] when QUOTED. */
static struct piece *
read_pieces(struct rules *r, struct cbor *c, bool quoted, uint32_t *count)
{
	size_t n = read_array(c, 0), i;
	struct piece *pieces = rules_take(r, n, sizeof(*pieces));

	for (i = 0; i < n && !c->failed; i++) {
		struct piece *p = &pieces[i];

		if (cbor_peek(c) == CBOR_ARRAY) {
			if (quoted) {
				read_array(c, 2);
				p->quote = read_index(c, WIRE_QUOTE_WORD + 1);
			}
			p->expr = rules_take(r, 1, sizeof(*p->expr));
			read_expr(r, c, p->expr);
		} else {
			size_t len;
			const char *s = cbor_get_text(c, &len);

			p->text = arena_strndup(&r->arena, s, len);
			p->len = (uint32_t)len;
		}
	}
	*count = (uint32_t)n;
	return pieces;
}

/* EXPR.  Nesting (pieces in pieces) is as deep as the literal, which the
 * evaluator limits to one level. */
static void
read_expr(struct rules *r, struct cbor *c, struct expr *e)
{
	const char *span;
	size_t len, n, i;

	read_array(c, 5);
	e->line = (uint32_t)cbor_get_uint(c);
	e->column = (uint32_t)cbor_get_uint(c);
	e->kind = read_index(c, WIRE_EXPR_PIECES + 1);
	switch (e->kind) {
	case WIRE_EXPR_CONST:
		span = cbor_span(c, &len);
		e->value = arena_memdup(&r->arena, span, len);
		e->value_len = (uint32_t)len;
		break;
	case WIRE_EXPR_NAME:
	case WIRE_EXPR_THUNK:
		e->index = (uint32_t)cbor_get_uint(c);
		break;
	case WIRE_EXPR_PIECES:
		e->pieces = read_pieces(r, c, false, &e->piece_count);
		break;
	}
	n = read_array(c, 0);
	e->needs = rules_take(r, n, sizeof(*e->needs));
	e->need_count = (uint16_t)n;
	for (i = 0; i < n; i++)
		e->needs[i] = (uint32_t)cbor_get_uint(c);
}

/* EXPR or null. */
static struct expr *
read_optional_expr(struct rules *r, struct cbor *c)
{
	struct expr *e;

	if (cbor_get_null(c))
		return NULL;
	e = rules_take(r, 1, sizeof(*e));
	read_expr(r, c, e);
	return e;
}

/* [EXPR...] */
static struct expr *
read_exprs(struct rules *r, struct cbor *c, uint32_t *count)
{
	size_t n = read_array(c, 0), i;
	struct expr *e = rules_take(r, n, sizeof(*e));

	for (i = 0; i < n; i++)
		read_expr(r, c, &e[i]);
	*count = (uint32_t)n;
	return e;
}

/* [[NAME, KIND]...] */
static void
read_names(struct rules *r, struct cbor *c, struct template *t)
{
	size_t n = read_array(c, 0), i;

	t->names = rules_take(r, n, sizeof(*t->names));
	t->name_count = (uint32_t)n;
	for (i = 0; i < n; i++) {
		read_array(c, 2);
		t->names[i].text = read_text(r, c);
		t->names[i].kind = read_index(c, WIRE_NAME_CATCH + 1);
	}
}

/* [[name index or null, EXPR]...], telling each name its place. */
static struct binder *
read_binders(struct rules *r, struct cbor *c, struct template *t,
	     uint32_t *count)
{
	size_t n = read_array(c, 0), i;
	struct binder *b = rules_take(r, n, sizeof(*b));

	for (i = 0; i < n; i++) {
		read_array(c, 4);
		b[i].name = -1;
		if (!cbor_get_null(c)) {
			b[i].name = (int32_t)read_index(c, t->name_count);
			if (!c->failed)
				t->names[b[i].name].clause = (uint16_t)i;
		}
		read_expr(r, c, &b[i].expr);
		b[i].line = (uint32_t)cbor_get_uint(c);
		b[i].column = (uint32_t)cbor_get_uint(c);
	}
	*count = (uint32_t)n;
	return b;
}

static void
read_ref(struct rules *r, struct cbor *c, struct template *t,
	 struct step_ref *ref)
{
	read_array(c, 3);
	ref->line = (uint32_t)cbor_get_uint(c);
	ref->column = (uint32_t)cbor_get_uint(c);
	if (cbor_peek(c) == CBOR_UINT) {
		ref->computed = read_index(c, UINT16_MAX);
		t->computed_count = MAX(t->computed_count, ref->computed + 1);
	} else {
		ref->literal = read_text(r, c);
	}
}

/* [STEPREF...] */
static struct step_ref *
read_refs(struct rules *r, struct cbor *c, struct template *t, uint32_t *count)
{
	size_t n = read_array(c, 0), i;
	struct step_ref *refs = rules_take(r, n, sizeof(*refs));

	for (i = 0; i < n; i++)
		read_ref(r, c, t, &refs[i]);
	*count = (uint32_t)n;
	return refs;
}

/* The items of import number INDEX, and what their names come from. */
static void
read_items(struct rules *r, struct cbor *c, struct template *t,
	   struct import *im, uint32_t index)
{
	size_t n = read_array(c, 0), i;

	im->items = rules_take(r, n, sizeof(*im->items));
	im->item_count = (uint16_t)n;
	for (i = 0; i < n; i++) {
		struct import_item *it = &im->items[i];

		read_array(c, 4);
		it->line = (uint32_t)cbor_get_uint(c);
		it->column = (uint32_t)cbor_get_uint(c);
		it->mine = read_index(c, t->name_count);
		it->theirs = read_text(r, c);
		if (c->failed)
			return;
		t->names[it->mine].clause = (uint16_t)index;
		t->names[it->mine].item = (uint16_t)i;
	}
}

/* "from" or "join": appended to the template's imports. */
static void
read_imports(struct rules *r, struct cbor *c, struct template *t, bool is_join)
{
	size_t n = read_array(c, 0), i;
	struct import *all = rules_take(r, t->import_count + n, sizeof(*all));

	if (t->import_count)
		memcpy(all, t->imports, t->import_count * sizeof(*all));
	t->imports = all;
	for (i = 0; i < n; i++) {
		struct import *im = &all[t->import_count];
		uint32_t refs = 1;

		read_array(c, 2);
		im->is_join = is_join;
		if (is_join) {
			im->refs = rules_take(r, 1, sizeof(*im->refs));
			read_ref(r, c, t, im->refs);
		} else {
			im->refs = read_refs(r, c, t, &refs);
		}
		im->ref_count = (uint16_t)refs;
		read_items(r, c, t, im, t->import_count);
		im->first_step = t->imported_count;
		im->first_binding = t->binding_count;
		t->imported_count += im->ref_count;
		t->binding_count += (uint32_t)im->ref_count * im->item_count;
		t->import_count++;
	}
}

static void
read_produces(struct rules *r, struct cbor *c, struct template *t)
{
	static const char *const formats[] = {
		[PRODUCE_VALUE] = "value", [PRODUCE_TEXT] = "text",
		[PRODUCE_LINES] = "lines", [PRODUCE_JSON] = "json",
		[PRODUCE_FILE] = "file",
	};
	size_t n = read_array(c, 0), i, f, len;

	t->produces = rules_take(r, n, sizeof(*t->produces));
	t->produce_count = (uint32_t)n;
	for (i = 0; i < n; i++) {
		const char *s;

		read_array(c, 3);
		t->produces[i].name = read_index(c, t->name_count);
		if (!c->failed)
			t->names[t->produces[i].name].clause = (uint16_t)i;
		s = cbor_get_text(c, &len);
		for (f = 0; f < ARRAY_SIZE(formats); f++)
			if (cbor_key_is(s, len, formats[f]))
				break;
		if (f == ARRAY_SIZE(formats))
			c->failed = true;
		t->produces[i].format = (enum produce_format)f;
		t->produces[i].file_name = read_str(r, c);
	}
}

/* The value, or the source, of P: the latter comes once. */
static void
read_code_value(struct rules *r, struct cbor *c, struct code_part *p)
{
	const char *digest = (const char *)p->digest.bytes, *bytes;
	const struct code_part *known;
	struct code_source source;
	size_t len;

	if (cbor_get_null(c)) {
		known = map_get(&r->sources, digest, DIGEST_BYTES);
		if (p->known && known) {
			p->value = known->value;
			p->value_len = known->value_len;
		}
		return;
	}
	bytes = cbor_span(c, &len);
	p->value = arena_memdup(&r->arena, bytes, len);
	p->value_len = (uint32_t)len;
	if (p->known && code_source_read(&source, p->value, p->value_len))
		map_set(&r->sources, digest, DIGEST_BYTES, p);
}

/* CODE: the parts that stand for Scheme code. */
static void
read_code(struct rules *r, struct cbor *c, struct code_part **parts,
	  uint32_t *count)
{
	size_t n = read_array(c, 0), i, len;

	*parts = rules_take(r, n, sizeof(**parts));
	*count = (uint32_t)n;
	for (i = 0; i < n; i++) {
		struct code_part *p = &(*parts)[i];
		const char *bytes;

		read_array(c, 3);
		p->name = read_text(r, c);
		p->known = !cbor_get_null(c);
		if (p->known) {
			bytes = cbor_get_bytes(c, &len);
			if (len != DIGEST_BYTES) {
				c->failed = true;
				return;
			}
			memcpy(p->digest.bytes, bytes, DIGEST_BYTES);
		}
		read_code_value(r, c, p);
	}
}

/* COUNT strings of a scheme recipe. */
static const char **
read_strings(struct rules *r, struct cbor *c, size_t count)
{
	const char **strings = rules_take(r, count, sizeof(*strings));
	size_t i;

	for (i = 0; i < count; i++)
		strings[i] = read_text(r, c);
	return strings;
}

/* A list of many strings: a new one, or one that was read. */
static struct text_list *
read_list(struct rules *r, struct cbor *c)
{
	struct text_list *list;
	size_t n;

	if (cbor_peek(c) == CBOR_UINT) {
		n = read_index(c, r->text_list_count);
		return c->failed ? NULL : r->text_lists[n];
	}
	n = read_array(c, 1);
	list = rules_take(r, 1, sizeof(*list));
	list->is_cut = cbor_get_bool(c);
	list->count = (uint32_t)(n ? n - 1 : 0);
	list->texts = read_strings(r, c, list->count);
	ARRAY_GROW(r->text_lists, r->text_list_count, r->text_list_alloc);
	r->text_lists[r->text_list_count++] = list;
	return list;
}

static void
read_lists(struct rules *r, struct cbor *c, struct recipe *rec)
{
	size_t n = read_array(c, 0), i;

	rec->lists = rules_take(r, n, sizeof(*rec->lists));
	for (i = 0; i < n && !c->failed; i++)
		rec->lists[i] = read_list(r, c);
	rec->list_count = (uint32_t)n;
}

/* The names that a scheme recipe mentions. */
static void
read_mentioned(struct cbor *c, struct template *t)
{
	size_t n = read_array(c, 0), i;

	for (i = 0; i < n; i++) {
		uint32_t name = read_index(c, t->name_count);

		if (!c->failed)
			t->names[name].in_recipe = true;
	}
}

static void
read_recipe(struct rules *r, struct cbor *c, struct template *t)
{
	struct recipe *rec = &t->recipe;
	size_t n, len;
	const char *kind;

	if (cbor_get_null(c))
		return;
	n = read_array(c, 2);
	kind = cbor_get_text(c, &len);
	if (cbor_key_is(kind, len, "shell")) {
		rec->kind = RECIPE_SHELL;
		if (!cbor_get_null(c))
			rec->words = read_exprs(r, c, &rec->word_count);
		rec->pieces = read_pieces(r, c, true, &rec->piece_count);
	} else if (cbor_key_is(kind, len, "exec")) {
		rec->kind = RECIPE_EXEC;
		rec->words = read_exprs(r, c, &rec->word_count);
		rec->stdin_file = read_optional_expr(r, c);
		rec->stdout_file = read_optional_expr(r, c);
	} else if (cbor_key_is(kind, len, "script")) {
		const char *text;

		rec->kind = RECIPE_SCRIPT;
		rec->words = read_exprs(r, c, &rec->word_count);
		text = cbor_get_text(c, &len);
		rec->text = arena_strndup(&r->arena, text, len);
		rec->text_len = (uint32_t)len;
	} else if (cbor_key_is(kind, len, "scheme") && n == 7) {
		rec->kind = RECIPE_SCHEME;
		rec->line = (uint32_t)cbor_get_uint(c);
		rec->column = (uint32_t)cbor_get_uint(c);
		read_code(r, c, &rec->code, &rec->code_count);
		n = read_array(c, 0);
		rec->strings = read_strings(r, c, n);
		rec->string_count = (uint32_t)n;
		read_lists(r, c, rec);
		read_mentioned(c, t);
	} else {
		c->failed = true;
	}
}

static void
read_annotations(struct rules *r, struct cbor *c, struct template *t)
{
	static const char *const clauses[CLAUSE_COUNT] = {
		[CLAUSE_RESOURCES] = "resources", [CLAUSE_BATCH] = "batch",
		[CLAUSE_LOCAL] = "local", [CLAUSE_TIMEOUT] = "timeout",
		[CLAUSE_RETRY] = "retry", [CLAUSE_CATCH] = "catch",
		[CLAUSE_ENVIRONMENT] = "environment",
		[CLAUSE_SECRET] = "secret",
	};
	size_t n = read_array(c, 0), i, k, len;

	t->annotations = rules_take(r, n, sizeof(*t->annotations));
	t->annotation_count = (uint32_t)n;
	for (i = 0; i < n; i++) {
		struct annotation *a = &t->annotations[i];
		const char *s;

		read_array(c, 5);
		s = cbor_get_text(c, &len);
		for (k = 0; k < CLAUSE_COUNT; k++)
			if (cbor_key_is(s, len, clauses[k]))
				break;
		if (k == CLAUSE_COUNT)
			c->failed = true;
		a->clause = (enum clause)k;
		a->key = read_str(r, c);
		a->expr = read_optional_expr(r, c);
		a->line = (uint32_t)cbor_get_uint(c);
		a->column = (uint32_t)cbor_get_uint(c);
		if (k >= CLAUSE_CATCH && !a->key)
			c->failed = true;
		if (k == CLAUSE_ENVIRONMENT && !a->expr)
			c->failed = true;
	}
}

/* ---- names ---- */

/* Whether name number I is that of binder B. */
static bool
is_bound_by(const struct binder *b, uint32_t count, uint16_t clause, uint32_t i)
{
	return clause < count && b[clause].name == (int32_t)i;
}

/* Whether name number I of T stands for what its kind and clause say. */
static bool
name_fits(const struct template *t, uint32_t i)
{
	const struct name *n = &t->names[i];
	const struct import *im = &t->imports[n->clause];

	switch (n->kind) {
	case WIRE_NAME_FROM:
	case WIRE_NAME_JOIN:
		return n->clause < t->import_count &&
			im->is_join == (n->kind == WIRE_NAME_JOIN) &&
			n->item < im->item_count &&
			im->items[n->item].mine == i;
	case WIRE_NAME_FOREACH:
		return is_bound_by(t->foreach, t->foreach_count, n->clause, i);
	case WIRE_NAME_INPUT:
		return is_bound_by(t->inputs, t->input_count, n->clause, i);
	case WIRE_NAME_OUTPUT:
		return is_bound_by(t->outputs, t->output_count, n->clause, i);
	case WIRE_NAME_RESULT:
		return n->clause < t->produce_count &&
			t->produces[n->clause].name == i;
	case WIRE_NAME_PATTERN:
		return t->pattern == (int32_t)i;
	case WIRE_NAME_ATTEMPT:
	case WIRE_NAME_INPUTS:
	case WIRE_NAME_OUTPUTS:
	case WIRE_NAME_CATCH:
		break;
	}
	return true;
}

/* Each name has its clause, each foreach its name. */
static void
check_names(struct cbor *c, const struct template *t)
{
	uint32_t i;

	for (i = 0; i < t->name_count; i++)
		if (!name_fits(t, i))
			c->failed = true;
	for (i = 0; i < t->foreach_count; i++)
		if (t->foreach[i].name < 0)
			c->failed = true;
}

/* ---- messages ---- */

/* One entry of a template's map. */
static void
read_template_key(struct rules *r, struct cbor *c, struct template *t,
		  const char *key, size_t len)
{
	if (cbor_key_is(key, len, "id"))
		t->id = (uint32_t)cbor_get_uint(c);
	else if (cbor_key_is(key, len, "file"))
		t->file = read_text(r, c);
	else if (cbor_key_is(key, len, "line"))
		t->line = (uint32_t)cbor_get_uint(c);
	else if (cbor_key_is(key, len, "column"))
		t->column = (uint32_t)cbor_get_uint(c);
	else if (cbor_key_is(key, len, "doc"))
		t->doc = read_str(r, c);
	else if (cbor_key_is(key, len, "names"))
		read_names(r, c, t);
	else if (cbor_key_is(key, len, "foreach"))
		t->foreach = read_binders(r, c, t, &t->foreach_count);
	else if (cbor_key_is(key, len, "from"))
		read_imports(r, c, t, false);
	else if (cbor_key_is(key, len, "join"))
		read_imports(r, c, t, true);
	else if (cbor_key_is(key, len, "after"))
		t->after = read_refs(r, c, t, &t->after_count);
	else if (cbor_key_is(key, len, "when"))
		t->when = read_optional_expr(r, c);
	else if (cbor_key_is(key, len, "inputs"))
		t->inputs = read_binders(r, c, t, &t->input_count);
	else if (cbor_key_is(key, len, "outputs"))
		t->outputs = read_binders(r, c, t, &t->output_count);
	else if (cbor_key_is(key, len, "pattern"))
		t->pattern = cbor_get_null(c) ? -1 :
			(int32_t)read_index(c, t->name_count);
	else if (cbor_key_is(key, len, "produces"))
		read_produces(r, c, t);
	else if (cbor_key_is(key, len, "recipe"))
		read_recipe(r, c, t);
	else if (cbor_key_is(key, len, "annotations"))
		read_annotations(r, c, t);
	else if (cbor_key_is(key, len, "mentions"))
		read_code(r, c, &t->mentions, &t->mention_count);
	else
		cbor_skip(c);
}

/* The map of a message, twice: its names first, which the rest refers to. */
int
rules_add_template(struct rules *r, const char *payload, size_t len,
		   struct error *err)
{
	struct template *t = rules_take(r, 1, sizeof(*t));
	struct cbor c;
	size_t n, i, key_len;
	int pass;

	t->pattern = -1;
	for (pass = 0; pass < 2; pass++) {
		cbor_init(&c, payload, len);
		n = cbor_get_map(&c);
		for (i = 0; i < n && !c.failed; i++) {
			const char *key = cbor_get_text(&c, &key_len);
			bool names = cbor_key_is(key, key_len, "names");

			if (names == (pass == 0))
				read_template_key(r, &c, t, key, key_len);
			else
				cbor_skip(&c);
		}
	}
	if (!c.failed)
		check_names(&c, t);
	if (!c.failed)
		rules_note_thunks(r, &c, t);
	if (t->id != r->template_count)
		c.failed = true;
	ARRAY_GROW(r->templates, r->template_count, r->template_alloc);
	r->templates[r->template_count++] = t;
	return cbor_finish(&c, "a rule from the evaluator", err);
}
