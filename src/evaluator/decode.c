/*
 * A stack of the compounds that are being filled, in collected memory.
 */
#include "base/base.h"

#include "evaluator/value.h"

#include <stdlib.h>
#include <string.h>

#include "base/cbor.h"
#include "base/error.h"
#include "base/strbuf.h"
#include "evaluator/array.h"
#include "evaluator/text.h"

enum { TAG_MULTI_DIMENSIONAL = 40, NO_TAG = 0 };

/* A compound of which `left` items are still to come; tags are compounds of
 * one item. */
struct frame {
	uint64_t tag;  /* NO_TAG: a plain array or map */
	bool is_map;
	uint64_t left;
	SCM items;     /* list of those that came, last first */
};

struct decoder {
	struct cbor in;
	struct frame *frames; /* collected memory */
	size_t depth, alloc;
	bool damaged;
};

static void
push(struct decoder *d, uint64_t tag, bool is_map, uint64_t left)
{
	struct frame *f;

	if (d->depth == d->alloc) {
		size_t alloc = d->alloc ? d->alloc * 2 : 16;

		d->frames = scm_gc_realloc(d->frames, d->alloc * sizeof(*f),
					   alloc * sizeof(*f), "decoder");
		d->alloc = alloc;
	}
	f = &d->frames[d->depth++];
	f->tag = tag;
	f->is_map = is_map;
	f->left = left;
	f->items = SCM_EOL;
}

static SCM
integer_from_bytes(const unsigned char *data, size_t len)
{
	char *hex = xmalloc(len * 2 + 2);
	size_t i;
	SCM n;

	strcpy(hex, "0");
	for (i = 0; i < len; i++) {
		hex[i * 2] = "0123456789abcdef"[data[i] >> 4];
		hex[i * 2 + 1] = "0123456789abcdef"[data[i] & 15];
		hex[i * 2 + 2] = '\0';
	}
	n = scm_string_to_number(scm_from_latin1_string(hex),
				 scm_from_int(16));
	free(hex);
	return n;
}

static SCM
table_from_items(SCM items)
{
	SCM table = scm_c_make_hash_table(31);

	for (; scm_is_pair(items); items = SCM_CDDR(items))
		scm_hash_set_x(table, SCM_CADR(items), SCM_CAR(items));
	return table;
}

/* ITEMS as a dotted list; they come last first. */
static SCM
dotted_from_list(SCM list)
{
	SCM reversed = scm_reverse(list);
	SCM result;

	if (!scm_is_pair(reversed))
		return SCM_UNDEFINED;
	result = SCM_CAR(reversed);
	for (reversed = SCM_CDR(reversed); scm_is_pair(reversed);
	     reversed = SCM_CDR(reversed))
		result = scm_cons(SCM_CAR(reversed), result);
	return result;
}

/* An array of rank other than 1 from its dimensions and elements. */
static SCM
array_from_parts(SCM parts)
{
	SCM dims, elements, array, shared;
	SCM type;

	if (scm_ilength(parts) != 2)
		return SCM_UNDEFINED;
	dims = SCM_CAR(parts);
	elements = SCM_CADR(parts);
	if (scm_ilength(dims) < 0)
		return SCM_UNDEFINED;
	if (scm_ilength(elements) >= 0)
		elements = scm_vector(elements);
	type = scm_array_type(elements);
	if (scm_is_bytevector(elements) &&
	    scm_is_eq(type, scm_from_utf8_symbol("vu8")))
		type = scm_from_utf8_symbol("u8");
	array = scm_make_typed_array(type, SCM_UNSPECIFIED, dims);
	shared = scm_array_contents(array, SCM_BOOL_T);
	scm_array_copy_x(elements, shared);
	return array;
}

static SCM
make_object(SCM parts)
{
	SCM make = scm_c_public_ref("flowmake values", "stored-object");

	return scm_ilength(parts) == 2 ? scm_call_1(make, parts)
				       : SCM_UNDEFINED;
}

static SCM
char_from_string(SCM s)
{
	if (!scm_is_string(s) || scm_c_string_length(s) != 1)
		return SCM_UNDEFINED;
	return scm_c_string_ref(s, 0);
}

/* What TAG makes of the item V. */
static SCM
apply_tag(uint64_t tag, SCM v)
{
	bool is_string = scm_is_string(v);
	bool is_list = scm_ilength(v) >= 0;

	switch (tag) {
	case CBOR_TAG_SYMBOL:
		return is_string ? scm_string_to_symbol(v) : SCM_UNDEFINED;
	case CBOR_TAG_KEYWORD:
		return is_string ? scm_symbol_to_keyword(
			scm_string_to_symbol(v)) : SCM_UNDEFINED;
	case CBOR_TAG_CHAR:
		return char_from_string(v);
	case CBOR_TAG_VECTOR:
		return is_list ? scm_vector(v) : SCM_UNDEFINED;
	case CBOR_TAG_DOTTED:
		return is_list ? dotted_from_list(v) : SCM_UNDEFINED;
	case CBOR_TAG_RATIONAL:
		return is_list && scm_ilength(v) == 2 ?
			scm_divide(SCM_CAR(v), SCM_CADR(v)) : SCM_UNDEFINED;
	case CBOR_TAG_FILE:
		return v;
	case CBOR_TAG_OBJECT:
		return make_object(v);
	case TAG_MULTI_DIMENSIONAL:
		return array_from_parts(v);
	}
	return SCM_UNDEFINED;
}

/* A byte string, under TAG unless that is NO_TAG. */
static SCM
bytes_to_scm(uint64_t tag, const struct cbor_item *item)
{
	SCM n;

	if (tag == NO_TAG)
		return array_decode(64, item->data, item->len);
	if (tag != CBOR_TAG_BIGNUM && tag != CBOR_TAG_NEGATIVE_BIGNUM)
		return array_decode(tag, item->data, item->len);
	n = integer_from_bytes((const unsigned char *)item->data, item->len);
	return tag == CBOR_TAG_BIGNUM ? n :
		scm_difference(scm_from_int(-1), n);
}

/* Take the next item: a value, or SCM_UNDEFINED when a compound was pushed
 * or the bytes are damaged. */
static SCM
next_item(struct decoder *d)
{
	struct cbor_item item = cbor_next(&d->in);

	switch (item.kind) {
	case CBOR_UINT:
		return scm_from_uint64(item.n);
	case CBOR_NEGINT:
		return scm_difference(scm_from_int(-1),
				      scm_from_uint64(item.n));
	case CBOR_BYTES:
		return bytes_to_scm(NO_TAG, &item);
	case CBOR_TEXT:
		return text_to_scm(item.data, item.len);
	case CBOR_BOOL:
		return scm_from_bool(item.n != 0);
	case CBOR_NULL:
		return SCM_UNSPECIFIED;
	case CBOR_FLOAT:
		return scm_from_double(item.d);
	case CBOR_ARRAY:
		push(d, NO_TAG, false, item.n);
		return SCM_UNDEFINED;
	case CBOR_MAP:
		push(d, NO_TAG, true, item.n * 2);
		return SCM_UNDEFINED;
	case CBOR_TAG:
		if (cbor_peek(&d->in) == CBOR_BYTES) {
			uint64_t tag = item.n;
			SCM v;

			item = cbor_next(&d->in);
			v = bytes_to_scm(tag, &item);
			d->damaged = SCM_UNBNDP(v);
			return v;
		}
		push(d, item.n, false, 1);
		return SCM_UNDEFINED;
	case CBOR_END:
	case CBOR_INVALID:
		break;
	}
	d->damaged = true;
	return SCM_UNDEFINED;
}

/* The value of the top frame, all of whose items came. */
static SCM
finish_frame(struct decoder *d)
{
	struct frame *f = &d->frames[--d->depth];
	SCM v;

	if (f->tag) {
		v = apply_tag(f->tag, SCM_CAR(f->items));
		d->damaged = SCM_UNBNDP(v);
		return v;
	}
	return f->is_map ? table_from_items(f->items) :
		scm_reverse_x(f->items, SCM_EOL);
}

SCM
value_decode(const void *data, size_t len, struct error *err)
{
	struct decoder d = { .damaged = false };
	SCM v;

	cbor_init(&d.in, data, len);
	v = next_item(&d);
	while (!d.damaged && d.depth) {
		struct frame *f = &d.frames[d.depth - 1];
		size_t depth = d.depth;

		if (!f->left) {
			v = finish_frame(&d);
			if (d.depth && !d.damaged) {
				f = &d.frames[d.depth - 1];
				f->items = scm_cons(v, f->items);
			}
			continue;
		}
		f->left--;
		v = next_item(&d);
		if (!d.damaged && d.depth == depth)
			d.frames[d.depth - 1].items =
				scm_cons(v, d.frames[d.depth - 1].items);
	}
	if (d.damaged || d.in.failed || cbor_peek(&d.in) != CBOR_END) {
		error_set(err, "the stored value is damaged");
		return SCM_UNDEFINED;
	}
	return v;
}
