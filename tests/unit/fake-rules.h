/*
 * A Flowfile without Guile: tests write steps as in the manual, and this
 * writes the messages that the evaluator would send (model/wire.h).
 *
 *	(step count
 *	  (foreach book ['a' 'b'])              [...] is a constant list
 *	  (input text 'books/#{book}')          '...' is a string with holes
 *	  (produces table)
 *	  (gives table (cat book '!'))          what the fake recipe gives
 *	  (shell 'wc #{text} > #d{table}'))     #s{} #d{} #r{} #w{}: how quoted
 *
 * An expression in parentheses is a thunk: list, cat, iota, +, *, =, not, len
 * and fail are what it may call.  (template ...) declares no step: instances
 * are added by fake_flow_instance, whose computed names are ,0 ,1 ....
 * (fails) and (fails N) make the fake recipe fail, always or N times.
 */
#ifndef FLOWMAKE_TESTS_UNIT_FAKE_RULES_H
#define FLOWMAKE_TESTS_UNIT_FAKE_RULES_H

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/cbor.h"
#include "base/error.h"
#include "base/strbuf.h"
#include "model/resolve.h"
#include "model/rules.h"
#include "model/wire.h"

/* What is read: a list (in parentheses or brackets), a symbol, a string. */
struct sx {
	char kind;               /* '(' '[' 'a' '\'' '0' */
	const char *text;        /* symbol, string, number */
	size_t len;
	struct sx **items;
	uint32_t count;
	uint32_t alloc;
	unsigned line;
	unsigned column;
};

enum { FAKE_NAMES = 64, FAKE_THUNKS = 64 };

/* What stays here of a template: what the evaluator would know of it. */
struct fake_template {
	const struct sx *form;
	const char *names[FAKE_NAMES];
	enum wire_name kinds[FAKE_NAMES];
	uint32_t name_count;
	const struct sx *thunks[FAKE_THUNKS];
	uint32_t thunk_count;
};

struct fake_flow {
	struct arena arena;
	struct rules rules;
	struct fake_template *templates[64];
	uint32_t template_count;
	struct strbuf last_template; /* payload of the latest WIRE_TEMPLATE */
	const char *at;              /* reading */
	unsigned line;
	unsigned column;
};

/* ---- reading ---- */

static inline int
fake_getc(struct fake_flow *f)
{
	int c = (unsigned char)*f->at;

	if (!c)
		return 0;
	f->at++;
	f->column++;
	if (c == '\n') {
		f->line++;
		f->column = 1;
	}
	return c;
}

static inline void
fake_blanks(struct fake_flow *f)
{
	while (*f->at && isspace((unsigned char)*f->at))
		fake_getc(f);
}

static inline struct sx *
fake_read(struct fake_flow *f)
{
	struct sx *x;
	const char *start;
	int depth = 0;

	fake_blanks(f);
	if (!*f->at)
		return NULL;
	x = arena_zalloc(&f->arena, sizeof(*x));
	x->line = f->line;
	x->column = f->column;
	x->kind = *f->at;
	start = f->at;
	if (x->kind == '(' || x->kind == '[') {
		fake_getc(f);
		for (;;) {
			struct sx **more;

			fake_blanks(f);
			if (!*f->at)
				bug("unfinished list in a test");
			if (*f->at == ')' || *f->at == ']')
				break;
			more = arena_alloc(&f->arena, (x->count + 1) *
					   sizeof(*more));
			if (x->count)
				memcpy(more, x->items,
				       x->count * sizeof(*more));
			x->items = more;
			x->items[x->count] = fake_read(f);
			x->count++;
		}
		fake_getc(f);
		return x;
	}
	if (x->kind == '\'') {
		fake_getc(f);
		while (*f->at && (*f->at != '\'' || depth)) {
			depth += *f->at == '{';
			depth -= *f->at == '}' && depth;
			fake_getc(f);
		}
		x->text = arena_strndup(&f->arena, start + 1,
					(size_t)(f->at - start) - 1);
		x->len = (size_t)(f->at - start) - 1;
		fake_getc(f);
		return x;
	}
	while (*f->at && !strchr(" \t\n()[]'}", *f->at))
		fake_getc(f);
	if (f->at == start)
		bug("cannot read '%s' in a test", start);
	x->text = arena_strndup(&f->arena, start, (size_t)(f->at - start));
	x->len = (size_t)(f->at - start);
	x->kind = isdigit((unsigned char)*start) || (*start == '-' &&
		  isdigit((unsigned char)start[1])) ? '0' : 'a';
	return x;
}

static inline bool
sx_is(const struct sx *x, const char *symbol)
{
	return x->kind == 'a' && !strcmp(x->text, symbol);
}

/* ---- expressions ---- */

static inline int
fake_name(const struct fake_template *t, const char *text)
{
	uint32_t i;

	for (i = 0; i < t->name_count; i++)
		if (!strcmp(t->names[i], text))
			return (int)i;
	return -1;
}

/* The value of a constant. */
static inline void
fake_put_constant(struct strbuf *sb, const struct sx *x)
{
	uint32_t i;

	if (x->kind == '[') {
		cbor_put_array(sb, x->count);
		for (i = 0; i < x->count; i++)
			fake_put_constant(sb, x->items[i]);
	} else if (x->kind == '\'') {
		cbor_put_text(sb, x->text, x->len);
	} else if (x->kind == '0' && strchr(x->text, '.')) {
		cbor_put_double(sb, strtod(x->text, NULL));
	} else if (x->kind == '0') {
		cbor_put_int(sb, strtoll(x->text, NULL, 10));
	} else if (sx_is(x, "#t") || sx_is(x, "#f")) {
		cbor_put_bool(sb, x->text[1] == 't');
	} else {
		cbor_put_tag(sb, CBOR_TAG_SYMBOL);
		cbor_put_str(sb, x->text);
	}
}

/* Note the names that X mentions. */
static inline void
fake_mention(const struct fake_template *t, const struct sx *x, bool *seen)
{
	uint32_t i;

	if (x->kind == 'a' && fake_name(t, x->text) >= 0)
		seen[fake_name(t, x->text)] = true;
	for (i = 0; x->kind == '(' && i < x->count; i++)
		fake_mention(t, x->items[i], seen);
}

static inline void
fake_put_needs(struct strbuf *sb, const struct fake_template *t,
	       const bool *seen)
{
	uint32_t i, n = 0;

	for (i = 0; i < t->name_count; i++)
		n += seen[i];
	cbor_put_array(sb, n);
	for (i = 0; i < t->name_count; i++)
		if (seen[i])
			cbor_put_uint(sb, i);
}

static inline const char *
fake_hole(const char *text)
{
	for (; *text; text++)
		if (*text == '#' && (text[1] == '{' ||
		    (text[1] && strchr("sdrw", text[1]) && text[2] == '{')))
			return text;
	return NULL;
}

static inline void fake_put_expr(struct fake_flow *f, struct strbuf *sb,
				 struct fake_template *t, const struct sx *x,
				 bool *outer_seen);

/* The pieces of a string; in a shell text each hole has its quote. */
static inline void
fake_put_pieces(struct fake_flow *f, struct strbuf *sb,
		struct fake_template *t, const struct sx *x, bool quoted,
		bool *seen)
{
	struct strbuf pieces = STRBUF_INIT;
	const char *at = x->text, *hole;
	size_t n = 0;

	while ((hole = fake_hole(at))) {
		char mark = hole[1];
		struct sx *inner;

		if (hole > at) {
			cbor_put_text(&pieces, at, (size_t)(hole - at));
			n++;
		}
		f->at = hole + (mark == '{' ? 2 : 3);
		f->line = x->line;
		f->column = x->column + 1 + (unsigned)(f->at - x->text);
		inner = fake_read(f);
		if (quoted) {
			cbor_put_array(&pieces, 2);
			cbor_put_uint(&pieces, mark == 's' ? WIRE_QUOTE_SINGLE :
				mark == 'd' ? WIRE_QUOTE_DOUBLE :
				mark == 'r' ? WIRE_QUOTE_RAW :
				mark == 'w' ? WIRE_QUOTE_WORD :
				WIRE_QUOTE_BARE);
		}
		fake_put_expr(f, &pieces, t, inner, seen);
		n++;
		if (*f->at != '}')
			bug("unfinished hole in '%s'", x->text);
		at = f->at + 1;
	}
	if (*at || !n) {
		cbor_put_str(&pieces, at);
		n++;
	}
	cbor_put_array(sb, n);
	strbuf_add(sb, pieces.buf, pieces.len);
	strbuf_release(&pieces);
}

static inline void
fake_put_expr(struct fake_flow *f, struct strbuf *sb, struct fake_template *t,
	      const struct sx *x, bool *outer_seen)
{
	bool seen[FAKE_NAMES] = { false };
	uint32_t i;
	int name = x->kind == 'a' ? fake_name(t, x->text) : -1;

	cbor_put_array(sb, 5);
	cbor_put_uint(sb, x->line);
	cbor_put_uint(sb, x->column);
	if (x->kind == '(') {
		if (t->thunk_count == FAKE_THUNKS)
			bug("too many thunks in a test");
		cbor_put_uint(sb, WIRE_EXPR_THUNK);
		cbor_put_uint(sb, t->thunk_count);
		t->thunks[t->thunk_count++] = x;
		fake_mention(t, x, seen);
	} else if (name >= 0) {
		cbor_put_uint(sb, WIRE_EXPR_NAME);
		cbor_put_uint(sb, (uint64_t)name);
		seen[name] = true;
	} else if (x->kind == '\'' && fake_hole(x->text)) {
		cbor_put_uint(sb, WIRE_EXPR_PIECES);
		fake_put_pieces(f, sb, t, x, false, seen);
	} else {
		cbor_put_uint(sb, WIRE_EXPR_CONST);
		fake_put_constant(sb, x);
	}
	fake_put_needs(sb, t, seen);
	for (i = 0; outer_seen && i < t->name_count; i++)
		outer_seen[i] |= seen[i];
}

/* ---- clauses ---- */

static inline const struct sx *
fake_clause(const struct fake_template *t, const char *name)
{
	uint32_t i;

	for (i = 1; i < t->form->count; i++)
		if (t->form->items[i]->kind == '(' &&
		    sx_is(t->form->items[i]->items[0], name))
			return t->form->items[i];
	return NULL;
}

/* Walk over the clauses of T called A or B (NULL: only A). */
#define fake_each(t, a, b, cl) \
	for (uint32_t i_##cl = 1; i_##cl < (t)->form->count; i_##cl++) \
		for (const struct sx *cl = (t)->form->items[i_##cl]; \
		     cl && cl->kind == '(' && (sx_is(cl->items[0], a) || \
		     ((b) && sx_is(cl->items[0], (b)))); cl = NULL)

static inline void
fake_add_name(struct fake_template *t, const char *text, enum wire_name kind)
{
	if (t->name_count == FAKE_NAMES)
		bug("too many names in a test");
	t->names[t->name_count] = text;
	t->kinds[t->name_count++] = kind;
}

static inline void
fake_add_names(struct fake_template *t)
{
	uint32_t i;

	fake_each(t, "from", "join", cl)
		for (i = 2; i < cl->count; i++) {
			const struct sx *x = cl->items[i];

			fake_add_name(t, x->kind == '(' ? x->items[0]->text :
				      x->text, sx_is(cl->items[0], "from") ?
				      WIRE_NAME_FROM : WIRE_NAME_JOIN);
		}
	fake_each(t, "foreach", NULL, cl)
		fake_add_name(t, cl->items[1]->text, WIRE_NAME_FOREACH);
	fake_each(t, "pattern", NULL, cl)
		fake_add_name(t, cl->items[1]->text, WIRE_NAME_PATTERN);
	fake_each(t, "input", NULL, cl)
		fake_add_name(t, cl->items[1]->text, WIRE_NAME_INPUT);
	fake_each(t, "output", NULL, cl)
		fake_add_name(t, cl->items[1]->text, WIRE_NAME_OUTPUT);
	fake_each(t, "produces", NULL, cl)
		for (i = 1; i < cl->count; i++)
			fake_add_name(t, cl->items[i]->kind == '(' ?
				      cl->items[i]->items[0]->text :
				      cl->items[i]->text, WIRE_NAME_RESULT);
	fake_each(t, "catch", NULL, cl)
		fake_add_name(t, cl->items[1]->text, WIRE_NAME_CATCH);
	fake_add_name(t, "inputs", WIRE_NAME_INPUTS);
	fake_add_name(t, "outputs", WIRE_NAME_OUTPUTS);
	fake_add_name(t, "attempt", WIRE_NAME_ATTEMPT);
}

static inline void
fake_put_ref(struct strbuf *sb, const struct sx *x)
{
	cbor_put_array(sb, 3);
	cbor_put_uint(sb, x->line);
	cbor_put_uint(sb, x->column);
	if (*x->text == ',')
		cbor_put_uint(sb, strtoull(x->text + 1, NULL, 10));
	else
		cbor_put_str(sb, x->text);
}

static inline void
fake_put_imports(struct strbuf *sb, struct fake_template *t, const char *which)
{
	struct strbuf all = STRBUF_INIT;
	uint32_t n = 0, i;

	fake_each(t, which, NULL, cl) {
		const struct sx *ref = cl->items[1];

		n++;
		cbor_put_array(&all, 2);
		if (!strcmp(which, "join")) {
			fake_put_ref(&all, ref);
		} else if (ref->kind == '(') {
			cbor_put_array(&all, ref->count);
			for (i = 0; i < ref->count; i++)
				fake_put_ref(&all, ref->items[i]);
		} else {
			cbor_put_array(&all, 1);
			fake_put_ref(&all, ref);
		}
		cbor_put_array(&all, cl->count - 2);
		for (i = 2; i < cl->count; i++) {
			const struct sx *x = cl->items[i];
			bool renamed = x->kind == '(';
			const char *mine = renamed ? x->items[0]->text :
				x->text;

			cbor_put_array(&all, 4);
			cbor_put_uint(&all, x->line);
			cbor_put_uint(&all, x->column);
			cbor_put_uint(&all, (uint64_t)fake_name(t, mine));
			cbor_put_str(&all, renamed ? x->items[1]->text : mine);
		}
	}
	cbor_put_str(sb, which);
	cbor_put_array(sb, n);
	strbuf_add(sb, all.buf, all.len);
	strbuf_release(&all);
}

/* foreach; input and inputs; output and outputs. */
static inline void
fake_put_binders(struct fake_flow *f, struct strbuf *sb,
		 struct fake_template *t, const char *key, const char *one,
		 const char *many)
{
	struct strbuf all = STRBUF_INIT;
	uint32_t n = 0, i;

	fake_each(t, one, many, cl) {
		bool named = sx_is(cl->items[0], one);

		for (i = named ? 2 : 1; i < cl->count; i++) {
			n++;
			cbor_put_array(&all, 4);
			if (named)
				cbor_put_uint(&all, (uint64_t)
					fake_name(t, cl->items[1]->text));
			else
				cbor_put_null(&all);
			fake_put_expr(f, &all, t, cl->items[i], NULL);
			cbor_put_uint(&all, cl->line);
			cbor_put_uint(&all, cl->column);
		}
	}
	cbor_put_str(sb, key);
	cbor_put_array(sb, n);
	strbuf_add(sb, all.buf, all.len);
	strbuf_release(&all);
}

static inline void
fake_put_produces(struct strbuf *sb, struct fake_template *t)
{
	struct strbuf all = STRBUF_INIT;
	uint32_t n = 0, i;

	fake_each(t, "produces", NULL, cl)
		for (i = 1; i < cl->count; i++) {
			const struct sx *x = cl->items[i];
			bool plain = x->kind != '(';
			bool file = !plain && x->items[1]->kind == '\'';

			n++;
			cbor_put_array(&all, 3);
			cbor_put_uint(&all, (uint64_t)fake_name(t, plain ?
				      x->text : x->items[0]->text));
			cbor_put_str(&all, plain ? "value" : file ? "file" :
				     x->items[1]->text);
			cbor_put_str_or_null(&all, file ? x->items[1]->text :
					     NULL);
		}
	cbor_put_str(sb, "produces");
	cbor_put_array(sb, n);
	strbuf_add(sb, all.buf, all.len);
	strbuf_release(&all);
}

/* Items FIRST and on of CL up to the first keyword, as [EXPR...]. */
static inline void
fake_put_exprs(struct fake_flow *f, struct strbuf *sb, struct fake_template *t,
	       const struct sx *cl, uint32_t first, uint32_t end)
{
	uint32_t i;

	cbor_put_array(sb, end - first);
	for (i = first; i < end; i++)
		fake_put_expr(f, sb, t, cl->items[i], NULL);
}

static inline const struct sx *
fake_keyword(const struct sx *cl, const char *keyword)
{
	uint32_t i;

	for (i = 1; i + 1 < cl->count; i++)
		if (sx_is(cl->items[i], keyword))
			return cl->items[i + 1];
	return NULL;
}

static inline void
fake_put_exec(struct fake_flow *f, struct strbuf *sb, struct fake_template *t,
	      const struct sx *cl)
{
	static const char *const keys[] = { "#:stdin", "#:stdout" };
	uint32_t end = 1, i;

	while (end < cl->count && !(cl->items[end]->kind == 'a' &&
				    !strncmp(cl->items[end]->text, "#:", 2)))
		end++;
	cbor_put_array(sb, 4);
	cbor_put_str(sb, "exec");
	fake_put_exprs(f, sb, t, cl, 1, end);
	for (i = 0; i < 2; i++) {
		if (fake_keyword(cl, keys[i]))
			fake_put_expr(f, sb, t, fake_keyword(cl, keys[i]),
				      NULL);
		else
			cbor_put_null(sb);
	}
}

/* (scheme NAME=VERSION ...): parts of the key; NAME=? cannot be had. */
static inline void
fake_put_scheme(struct strbuf *sb, const struct sx *cl)
{
	uint32_t i;

	cbor_put_array(sb, 7);
	cbor_put_str(sb, "scheme");
	cbor_put_uint(sb, cl->line);
	cbor_put_uint(sb, cl->column);
	cbor_put_array(sb, cl->count - 1);
	for (i = 1; i < cl->count; i++) {
		const char *text = cl->items[i]->text;
		size_t len = strcspn(text, "=");
		struct digest d = digest_of(text, strlen(text));

		cbor_put_array(sb, 3);
		cbor_put_text(sb, text, len);
		if (!strcmp(text + len, "=?"))
			cbor_put_null(sb);
		else
			cbor_put_bytes(sb, d.bytes, DIGEST_BYTES);
		cbor_put_str(sb, text + len);
	}
	cbor_put_array(sb, 0);
	cbor_put_array(sb, 1);
	cbor_put_array(sb, 2);
	cbor_put_bool(sb, false);
	cbor_put_str(sb, "of many");
	cbor_put_array(sb, 0);
}

static inline void
fake_put_recipe(struct fake_flow *f, struct strbuf *sb, struct fake_template *t)
{
	const struct sx *program = fake_clause(t, "shell-program"), *cl;

	cbor_put_str(sb, "recipe");
	if ((cl = fake_clause(t, "shell"))) {
		cbor_put_array(sb, 3);
		cbor_put_str(sb, "shell");
		if (program)
			fake_put_exprs(f, sb, t, program, 1, program->count);
		else
			cbor_put_null(sb);
		fake_put_pieces(f, sb, t, cl->items[1], true, NULL);
	} else if ((cl = fake_clause(t, "exec"))) {
		fake_put_exec(f, sb, t, cl);
	} else if ((cl = fake_clause(t, "script"))) {
		cbor_put_array(sb, 3);
		cbor_put_str(sb, "script");
		fake_put_exprs(f, sb, t, cl, 1, cl->count - 1);
		cbor_put_str(sb, cl->items[cl->count - 1]->text);
	} else if ((cl = fake_clause(t, "scheme"))) {
		fake_put_scheme(sb, cl);
	} else {
		cbor_put_null(sb);
	}
}

static inline void
fake_put_annotation(struct fake_flow *f, struct strbuf *sb,
		    struct fake_template *t, const char *clause,
		    const struct sx *place, const char *key,
		    const struct sx *x)
{
	cbor_put_array(sb, 5);
	cbor_put_str(sb, clause);
	cbor_put_str_or_null(sb, key);
	if (x)
		fake_put_expr(f, sb, t, x, NULL);
	else
		cbor_put_null(sb);
	cbor_put_uint(sb, place->line);
	cbor_put_uint(sb, place->column);
}

/* The annotations of one clause; how many. */
static inline uint32_t
fake_put_annotations_of(struct fake_flow *f, struct strbuf *sb,
			struct fake_template *t, const struct sx *cl)
{
	const char *clause = cl->items[0]->text;
	uint32_t i, n = 0;

	for (i = 1; i < cl->count; i++, n++) {
		const struct sx *x = cl->items[i];

		if (!strcmp(clause, "environment")) {
			fake_put_annotation(f, sb, t, clause, x,
					    x->items[0]->text, x->items[1]);
		} else if (!strncmp(x->text, "#:", 2)) {
			fake_put_annotation(f, sb, t, clause, x, x->text + 2,
					    cl->items[++i]);
		} else {
			fake_put_annotation(f, sb, t, clause, x, x->text, NULL);
		}
	}
	if (cl->count == 1) {
		fake_put_annotation(f, sb, t, clause, cl, NULL, NULL);
		n++;
	}
	return n;
}

static inline void
fake_put_annotations(struct fake_flow *f, struct strbuf *sb,
		     struct fake_template *t)
{
	static const char *const clauses[] = {
		"resources", "batch", "local", "timeout", "retry", "catch",
		"environment", "secret",
	};
	struct strbuf all = STRBUF_INIT;
	uint32_t n = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(clauses); i++)
		fake_each(t, clauses[i], NULL, cl)
			n += fake_put_annotations_of(f, &all, t, cl);
	cbor_put_str(sb, "annotations");
	cbor_put_array(sb, n);
	strbuf_add(sb, all.buf, all.len);
	strbuf_release(&all);
}

static inline void
fake_put_template(struct fake_flow *f, struct strbuf *sb,
		  struct fake_template *t)
{
	const struct sx *cl;
	uint32_t i;

	cbor_put_map(sb, 16);
	cbor_put_str(sb, "id");
	cbor_put_uint(sb, f->template_count);
	cbor_put_str(sb, "file");
	cbor_put_str(sb, "Flowfile");
	cbor_put_str(sb, "line");
	cbor_put_uint(sb, t->form->line);
	cbor_put_str(sb, "column");
	cbor_put_uint(sb, t->form->column);
	cbor_put_str(sb, "names");
	cbor_put_array(sb, t->name_count);
	for (i = 0; i < t->name_count; i++) {
		cbor_put_array(sb, 2);
		cbor_put_str(sb, t->names[i]);
		cbor_put_uint(sb, t->kinds[i]);
	}
	fake_put_binders(f, sb, t, "foreach", "foreach", NULL);
	fake_put_imports(sb, t, "from");
	fake_put_imports(sb, t, "join");
	cl = fake_clause(t, "after");
	cbor_put_str(sb, "after");
	cbor_put_array(sb, cl ? cl->count - 1 : 0);
	for (i = 1; cl && i < cl->count; i++)
		fake_put_ref(sb, cl->items[i]);
	cl = fake_clause(t, "when");
	cbor_put_str(sb, "when");
	if (cl)
		fake_put_expr(f, sb, t, cl->items[1], NULL);
	else
		cbor_put_null(sb);
	fake_put_binders(f, sb, t, "inputs", "input", "inputs");
	fake_put_binders(f, sb, t, "outputs", "output", "outputs");
	cl = fake_clause(t, "pattern");
	cbor_put_str(sb, "pattern");
	if (cl)
		cbor_put_uint(sb, (uint64_t)fake_name(t, cl->items[1]->text));
	else
		cbor_put_null(sb);
	fake_put_produces(sb, t);
	fake_put_recipe(f, sb, t);
	fake_put_annotations(f, sb, t);
}

/* ---- flows ---- */

/* Declare a step of template ID with COUNT computed names. */
static inline int
fake_flow_instance(struct fake_flow *f, uint32_t id, const char *name,
		   const char *const *computed, size_t count,
		   struct error *err)
{
	struct strbuf sb = STRBUF_INIT;
	size_t i;
	int ret;

	cbor_put_array(&sb, 1);
	cbor_put_array(&sb, 3);
	cbor_put_uint(&sb, id);
	cbor_put_str_or_null(&sb, name);
	cbor_put_array(&sb, count);
	for (i = 0; i < count; i++)
		cbor_put_str(&sb, computed[i]);
	ret = rules_add_steps(&f->rules, sb.buf, sb.len, err);
	strbuf_release(&sb);
	return ret;
}

static inline void
fake_flow_init(struct fake_flow *f)
{
	memset(f, 0, sizeof(*f));
	arena_init(&f->arena);
	rules_init(&f->rules);
	strbuf_init(&f->last_template);
}

/* Declare what TEXT says. */
static inline void
fake_flow_add(struct fake_flow *f, const char *text)
{
	struct error err = ERROR_INIT;
	struct sx *form;

	f->at = text;
	f->line = f->column = 1;
	while ((form = fake_read(f))) {
		struct fake_template *t = arena_zalloc(&f->arena, sizeof(*t));
		bool step = sx_is(form->items[0], "step");
		const char *next = f->at;
		unsigned line = f->line, column = f->column;

		t->form = form;
		fake_add_names(t);
		strbuf_reset(&f->last_template);
		fake_put_template(f, &f->last_template, t);
		f->at = next; /* holes were read meanwhile */
		f->line = line;
		f->column = column;
		f->templates[f->template_count++] = t;
		if (rules_add_template(&f->rules, f->last_template.buf,
				       f->last_template.len, &err))
			bug("%s", err.text);
		if (sx_is(form->items[0], "template"))
			continue;
		if (fake_flow_instance(f, f->template_count - 1, step ?
				       form->items[1]->text : NULL, NULL, 0,
				       &err))
			bug("%s", err.text);
	}
}

static inline void
fake_flow_release(struct fake_flow *f)
{
	rules_release(&f->rules);
	arena_release(&f->arena);
	strbuf_release(&f->last_template);
}

#endif
