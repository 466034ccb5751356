/*
 * Compound data are walked with a stack of frames of our own.  The stack
 * lies in collected memory, so that what it refers to stays alive.  A cycle
 * through elements makes the stack grow without end: each time its depth
 * reaches a power of two it is searched for a datum that stands on it twice.
 */
#include "base/base.h"

#include "evaluator/value.h"

#include <stdlib.h>
#include <string.h>

#include "base/cbor.h"
#include "base/error.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "evaluator/array.h"
#include "evaluator/text.h"
#include "model/value.h"

enum { FIRST_CYCLE_CHECK = 64, TAG_MULTI_DIMENSIONAL = 40 };

enum frame_kind { FRAME_LIST, FRAME_VECTOR, FRAME_TABLE };

struct frame {
	enum frame_kind kind;
	SCM datum;    /* the compound itself */
	SCM rest;     /* FRAME_LIST: the pairs not yet encoded */
	size_t index; /* of the next element */
	size_t count; /* of elements, a dotted tail included */
	struct entry *entries; /* FRAME_TABLE, owned, sorted by key */
};

/* An entry of a hash table with its key encoded. */
struct entry {
	char *key;
	size_t len;
	SCM value;
};

struct encoder {
	struct strbuf *out;
	enum value_mode mode;
	struct frame *frames; /* collected memory */
	size_t depth, alloc;
	const char *bad; /* what cannot be encoded, a noun phrase, or NULL */
};

static SCM tagged_type;

void
value_set_tagged_type(SCM rtd)
{
	tagged_type = scm_permanent_object(rtd);
}

static struct frame *
push(struct encoder *e, enum frame_kind kind, SCM datum, size_t count)
{
	struct frame *f;

	if (e->depth == e->alloc) {
		size_t alloc = e->alloc ? e->alloc * 2 : 16;

		e->frames = scm_gc_realloc(e->frames,
					   e->alloc * sizeof(*f),
					   alloc * sizeof(*f), "encoder");
		e->alloc = alloc;
	}
	f = &e->frames[e->depth++];
	memset(f, 0, sizeof(*f));
	f->kind = kind;
	f->datum = datum;
	f->rest = datum;
	f->count = count;
	return f;
}

static void
pop(struct encoder *e)
{
	struct frame *f = &e->frames[--e->depth];
	size_t i;

	for (i = 0; f->entries && i < f->count; i++)
		free(f->entries[i].key);
	free(f->entries);
	f->entries = NULL;
}

static int
compare_scm(const void *a, const void *b)
{
	scm_t_bits x = SCM_UNPACK(*(const SCM *)a);
	scm_t_bits y = SCM_UNPACK(*(const SCM *)b);

	return x < y ? -1 : x > y;
}

/* Whether some datum stands on the stack twice. */
static bool
stack_has_cycle(const struct encoder *e)
{
	SCM *sorted = xmalloc(e->depth * sizeof(*sorted));
	bool found = false;
	size_t i;

	for (i = 0; i < e->depth; i++)
		sorted[i] = e->frames[i].datum;
	qsort(sorted, e->depth, sizeof(*sorted), compare_scm);
	for (i = 1; i < e->depth && !found; i++)
		found = scm_is_eq(sorted[i], sorted[i - 1]);
	free(sorted);
	return found;
}

/* Count the pairs of the list V; *DOTTED: whether it ends in another thing
 * than (), or than #nil if that is as good.  Returns false when it has no
 * end. */
static bool
measure_list(const struct encoder *e, SCM v, size_t *count, bool *dotted)
{
	SCM slow = v;
	size_t n = 0;

	while (scm_is_pair(v)) {
		v = SCM_CDR(v);
		if (++n % 2 == 0)
			slow = SCM_CDR(slow);
		if (scm_is_pair(v) && scm_is_eq(v, slow))
			return false;
	}
	*count = n;
	*dotted = e->mode == VALUE_SOURCE ? !scm_is_eq(v, SCM_EOL)
					  : !scm_is_null(v);
	return true;
}

static void
encode_list(struct encoder *e, SCM v)
{
	size_t count;
	bool dotted;

	if (!measure_list(e, v, &count, &dotted)) {
		e->bad = "a circular list";
		return;
	}
	if (dotted)
		cbor_put_tag(e->out, CBOR_TAG_DOTTED);
	cbor_put_array(e->out, count + dotted);
	push(e, FRAME_LIST, v, count + dotted);
}

static void
encode_vector(struct encoder *e, SCM v)
{
	size_t count = scm_c_vector_length(v);

	if (e->mode == VALUE_MESSAGE) {
		cbor_put_map(e->out, count / 2);
	} else {
		cbor_put_tag(e->out, CBOR_TAG_VECTOR);
		cbor_put_array(e->out, count);
	}
	push(e, FRAME_VECTOR, v, count);
}

/* In source texts a character that stands for a byte is itself. */
static void
put_string(struct encoder *e, SCM str)
{
	size_t len;
	char *s = e->mode == VALUE_SOURCE ? scm_to_utf8_stringn(str, &len)
					  : text_from_scm(str, &len);

	cbor_put_text(e->out, s, len);
	free(s);
}

static int
hex_value(char c)
{
	return c <= '9' ? c - '0' : c - 'a' + 10;
}

/* The magnitude of MAGNITUDE's hexadecimal digits as big-endian bytes. */
static void
put_magnitude(struct strbuf *sb, SCM magnitude)
{
	char *hex = scm_to_utf8_string(
		scm_number_to_string(magnitude, scm_from_int(16)));
	size_t len = strlen(hex), odd = len % 2, i;
	char *bytes = xmalloc(len / 2 + 1);
	size_t n = 0;

	if (odd)
		bytes[n++] = (char)hex_value(hex[0]);
	for (i = odd; i < len; i += 2)
		bytes[n++] = (char)(hex_value(hex[i]) << 4 |
				    hex_value(hex[i + 1]));
	cbor_put_bytes(sb, bytes, n);
	free(bytes);
	free(hex);
}

static void
put_integer(struct strbuf *sb, SCM n)
{
	bool negative;

	if (scm_is_signed_integer(n, INT64_MIN, INT64_MAX)) {
		cbor_put_int(sb, scm_to_int64(n));
		return;
	}
	if (scm_is_unsigned_integer(n, 0, UINT64_MAX)) {
		cbor_put_uint(sb, scm_to_uint64(n));
		return;
	}
	negative = scm_is_true(scm_negative_p(n));
	cbor_put_tag(sb, negative ? CBOR_TAG_NEGATIVE_BIGNUM :
		     CBOR_TAG_BIGNUM);
	/* Tag 3 stands for -1 - n. */
	put_magnitude(sb, negative ?
		      scm_difference(scm_from_int(-1), n) : n);
}

static void
encode_number(struct encoder *e, SCM n)
{
	if (scm_is_exact_integer(n)) {
		put_integer(e->out, n);
	} else if (scm_is_true(scm_exact_p(n))) {
		cbor_put_tag(e->out, CBOR_TAG_RATIONAL);
		cbor_put_array(e->out, 2);
		put_integer(e->out, scm_numerator(n));
		put_integer(e->out, scm_denominator(n));
	} else if (scm_is_real(n)) {
		cbor_put_double(e->out, scm_to_double(n));
	} else {
		e->bad = "a complex number";
	}
}

static int
compare_entries(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int order = memcmp(x->key, y->key, MIN(x->len, y->len));

	if (order)
		return order;
	return x->len < y->len ? -1 : x->len > y->len;
}

static SCM
collect_entry(void *closure, SCM key, SCM value, SCM result)
{
	(void)closure;
	return scm_acons(key, value, result);
}

/* Push TABLE with its entries sorted by their encoded keys. */
static void
encode_table(struct encoder *e, SCM table)
{
	SCM list = scm_internal_hash_fold(collect_entry, NULL, SCM_EOL, table);
	size_t count = (size_t)scm_ilength(list), i;
	struct frame *f;

	cbor_put_map(e->out, count);
	/* The list is held by the frame, and holds the values. */
	f = push(e, FRAME_TABLE, table, count);
	f->rest = list;
	f->entries = xcalloc(count + 1, sizeof(*f->entries));
	for (i = 0; i < count; i++, list = SCM_CDR(list)) {
		struct strbuf key = STRBUF_INIT;
		struct error err = ERROR_INIT;

		if (value_encode(&key, SCM_CAAR(list), e->mode, "", &err) < 0)
			e->bad = "a hash table with a key that cannot be "
				 "stored";
		error_release(&err);
		f->entries[i].key = strbuf_detach(&key, &f->entries[i].len);
		f->entries[i].value = SCM_CDAR(list);
	}
	qsort(f->entries, count, sizeof(*f->entries), compare_entries);
}

/* The elements of an array of any rank that holds any objects. */
static void
encode_object_array(struct encoder *e, SCM v)
{
	SCM dims = scm_array_dimensions(v), d, copy;

	for (d = dims; scm_is_pair(d); d = SCM_CDR(d)) {
		if (scm_is_pair(SCM_CAR(d))) {
			e->bad = "an array whose indexes do not begin at 0";
			return;
		}
	}
	copy = scm_make_array(SCM_BOOL_F, dims);
	scm_array_copy_x(v, copy);
	cbor_put_tag(e->out, TAG_MULTI_DIMENSIONAL);
	cbor_put_array(e->out, 2);
	cbor_put_array(e->out, (size_t)scm_ilength(dims));
	for (d = dims; scm_is_pair(d); d = SCM_CDR(d))
		put_integer(e->out, SCM_CAR(d));
	copy = scm_array_contents(copy, SCM_BOOL_T);
	cbor_put_array(e->out, scm_c_vector_length(copy));
	push(e, FRAME_VECTOR, copy, scm_c_vector_length(copy));
}

static void
encode_array(struct encoder *e, SCM v)
{
	struct array_view view;
	int rc;

	if (e->mode == VALUE_MESSAGE && scm_is_bytevector(v)) {
		strbuf_add(e->out, SCM_BYTEVECTOR_CONTENTS(v),
			   SCM_BYTEVECTOR_LENGTH(v));
		return;
	}
	rc = array_look(v, &view, &e->bad);
	if (rc > 0 && view.type->tag)
		array_encode(e->out, &view, e->mode == VALUE_SOURCE);
	else if (rc > 0)
		e->bad = "an array of complex numbers";
	else if (!rc && scm_is_eq(scm_array_type(v), SCM_BOOL_T))
		encode_object_array(e, v);
	else if (!rc)
		e->bad = "an array of bits or characters";
}

static const char *
name_of_kind(SCM v)
{
	if (scm_is_true(scm_procedure_p(v)))
		return "a procedure";
	if (scm_is_true(scm_port_p(v)))
		return "a port";
	if (scm_is_eq(v, SCM_UNSPECIFIED))
		return "the unspecified value";
	if (scm_is_eq(v, SCM_EOF_VAL))
		return "the end-of-file object";
	if (SCM_STRUCTP(v))
		return "a record";
	return "an object that cannot be stored";
}

static void
encode_tagged(struct encoder *e, SCM v)
{
	SCM kind = scm_struct_ref(v, SCM_INUM0);
	SCM payload = scm_struct_ref(v, SCM_INUM1);

	if (e->depth) {
		e->bad = scm_is_eq(kind, scm_from_utf8_symbol("file")) ?
			"a file, which must be a result of its own" :
			"a file of names, which must stand alone";
	} else if (scm_is_eq(kind, scm_from_utf8_symbol("file"))) {
		cbor_put_tag(e->out, CBOR_TAG_FILE);
		put_string(e, payload);
	} else if (scm_is_eq(kind, scm_from_utf8_symbol("list-file"))) {
		cbor_put_tag(e->out, CBOR_TAG_LIST_FILE);
		encode_list(e, payload);
	} else {
		e->bad = "a value that was not loaded";
	}
}

/* Everything that is no compound and no number. */
static bool
encode_atom(struct encoder *e, SCM v)
{
	if (scm_is_bool(v)) {
		cbor_put_bool(e->out, scm_is_true(v));
	} else if (scm_is_string(v)) {
		put_string(e, v);
	} else if (scm_is_symbol(v)) {
		if (e->mode != VALUE_MESSAGE)
			cbor_put_tag(e->out, CBOR_TAG_SYMBOL);
		put_string(e, scm_symbol_to_string(v));
	} else if (scm_is_keyword(v)) {
		cbor_put_tag(e->out, CBOR_TAG_KEYWORD);
		put_string(e, scm_symbol_to_string(scm_keyword_to_symbol(v)));
	} else if (SCM_CHARP(v)) {
		cbor_put_tag(e->out, CBOR_TAG_CHAR);
		put_string(e, scm_string(scm_list_1(v)));
	} else if (scm_is_null(v)) {
		cbor_put_array(e->out, 0);
	} else if (scm_is_eq(v, SCM_UNSPECIFIED) && e->mode != VALUE_DATUM) {
		cbor_put_null(e->out);
	} else {
		return false;
	}
	return true;
}

static void
encode_one(struct encoder *e, SCM v)
{
	if (scm_is_number(v))
		encode_number(e, v);
	else if (scm_is_pair(v))
		encode_list(e, v);
	else if (scm_is_eq(v, SCM_ELISP_NIL) && e->mode == VALUE_SOURCE)
		e->bad = "#nil";
	else if (encode_atom(e, v))
		return;
	else if (scm_is_vector(v))
		encode_vector(e, v);
	else if (scm_is_array(v))
		encode_array(e, v);
	else if (scm_is_true(scm_hash_table_p(v)))
		encode_table(e, v);
	else if (SCM_STRUCTP(v) && tagged_type &&
		 scm_is_eq(scm_struct_vtable(v), tagged_type))
		encode_tagged(e, v);
	else
		e->bad = name_of_kind(v);
	if (e->depth >= FIRST_CYCLE_CHECK && !(e->depth & (e->depth - 1)) &&
	    stack_has_cycle(e))
		e->bad = "part of itself";
}

/* Take the next element of the top frame. */
static SCM
next_element(struct encoder *e, struct frame *f)
{
	SCM v = f->rest;
	size_t i = f->index++;

	switch (f->kind) {
	case FRAME_LIST:
		if (!scm_is_pair(f->rest))
			return v; /* the tail of a dotted list */
		f->rest = SCM_CDR(v);
		return SCM_CAR(v);
	case FRAME_VECTOR:
		return scm_c_vector_ref(f->datum, i);
	case FRAME_TABLE:
		strbuf_add(e->out, f->entries[i].key, f->entries[i].len);
		return f->entries[i].value;
	}
	return SCM_UNDEFINED;
}

/* Name the entry of the table F that was begun last. */
static void
describe_entry(const struct frame *f, struct strbuf *sb)
{
	enum { MAX_SHOWN = 40 };
	const struct entry *entry = &f->entries[f->index - 1];

	strbuf_adds(sb, "the entry for ");
	value_print(entry->key, entry->len, MAX_SHOWN, sb);
	strbuf_adds(sb, " of ");
}

/* Say where the encoder stands.  Only the innermost few levels help. */
static void
describe_place(const struct encoder *e, struct strbuf *sb)
{
	enum { LEVELS = 4 };
	size_t i = e->depth, low = i > LEVELS ? i - LEVELS : 0;

	while (i-- > low) {
		const struct frame *f = &e->frames[i];

		if (f->kind == FRAME_TABLE)
			describe_entry(f, sb);
		else
			strbuf_addf(sb, "the %zu%s element of ", f->index,
				    text_ordinal_ending(f->index));
	}
	if (low)
		strbuf_adds(sb, "a part of ");
}

int
value_encode(struct strbuf *sb, SCM v, enum value_mode mode, const char *what,
	     struct error *err)
{
	struct encoder e = { .out = sb, .mode = mode };
	struct strbuf place = STRBUF_INIT;
	int rc = 0;

	encode_one(&e, v);
	if (e.bad && e.depth)
		/* The compound itself is bad, not its first element. */
		pop(&e);
	while (!e.bad && e.depth) {
		struct frame *f = &e.frames[e.depth - 1];
		size_t depth = e.depth;

		if (f->index == f->count) {
			pop(&e);
			continue;
		}
		encode_one(&e, next_element(&e, f));
		if (e.bad && e.depth > depth)
			pop(&e);
	}
	if (e.bad) {
		describe_place(&e, &place);
		rc = error_set(err, "%s%s is %s", place.buf, what, e.bad);
		while (e.depth)
			pop(&e);
	}
	strbuf_release(&place);
	scm_remember_upto_here_1(v);
	return rc;
}
