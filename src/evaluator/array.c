/*
 * .npy version 1: "\x93NUMPY" 1 0, 16-bit little-endian length of the rest
 * of the header, a Python dictionary, spaces, a newline, so that the data
 * begin at a multiple of 64 bytes.
 */
#include "base/base.h"

#include "evaluator/array.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cbor.h"
#include "base/error.h"
#include "base/strbuf.h"
#include "model/npy.h"

enum { TAG_MULTI_DIMENSIONAL = 40, TAG_U8 = 64 };

static const struct array_type types[] = {
	{ "vu8", "|u1", TAG_U8, 1 }, { "u8", "|u1", TAG_U8, 1 },
	{ "s8", "|i1", 72, 1 },      { "u16", "<u2", 69, 2 },
	{ "s16", "<i2", 77, 2 },     { "u32", "<u4", 70, 4 },
	{ "s32", "<i4", 78, 4 },     { "u64", "<u8", 71, 8 },
	{ "s64", "<i8", 79, 8 },     { "f32", "<f4", 85, 4 },
	{ "f64", "<f8", 86, 8 },     { "c32", "<c8", 0, 8 },
	{ "c64", "<c16", 0, 16 },
};

static const struct array_type *
type_of_symbol(SCM name)
{
	const struct array_type *found = NULL;
	char *s;
	size_t i;

	if (!scm_is_symbol(name))
		return NULL;
	s = scm_to_utf8_string(scm_symbol_to_string(name));
	for (i = 0; i < ARRAY_SIZE(types) && !found; i++)
		if (!strcmp(types[i].name, s))
			found = &types[i];
	free(s);
	return found;
}

/* Whether the elements of HANDLE follow one another in row-major order. */
static bool
is_contiguous(const scm_t_array_handle *handle)
{
	size_t i = handle->ndims;
	ssize_t step = 1;

	while (i-- > 0) {
		const scm_t_array_dim *dim = &handle->dims[i];

		if (dim->ubnd > dim->lbnd && dim->inc != step)
			return false;
		step *= dim->ubnd - dim->lbnd + 1;
	}
	return true;
}

static SCM
copy_in_order(SCM v)
{
	SCM copy = scm_make_typed_array(scm_array_type(v), SCM_UNSPECIFIED,
					scm_array_dimensions(v));

	scm_array_copy_x(v, copy);
	return copy;
}

int
array_look(SCM v, struct array_view *view, const char **why)
{
	scm_t_array_handle handle;
	int rc = 1;
	size_t i;

	if (!scm_is_array(v))
		return 0;
	view->type = type_of_symbol(scm_array_type(v));
	if (!view->type)
		return 0;
	scm_array_get_handle(v, &handle);
	if (handle.ndims > ARRAY_SIZE(view->dims)) {
		*why = "an array of more than 8 dimensions";
		rc = -1;
		goto out;
	}
	if (!is_contiguous(&handle)) {
		scm_array_handle_release(&handle);
		v = copy_in_order(v);
		scm_array_get_handle(v, &handle);
	}
	view->owner = v;
	view->rank = handle.ndims;
	view->count = 1;
	for (i = 0; i < handle.ndims; i++) {
		if (handle.dims[i].lbnd) {
			*why = "an array whose indexes do not begin at 0";
			rc = -1;
			goto out;
		}
		view->dims[i] = (size_t)(handle.dims[i].ubnd + 1);
		view->count *= view->dims[i];
	}
	view->elements = scm_array_handle_uniform_elements(&handle);
	view->len = view->count * view->type->element_bytes;
out:
	scm_array_handle_release(&handle);
	return rc;
}

void
array_encode(struct strbuf *sb, const struct array_view *view, bool exact)
{
	bool is_bytevector = !strcmp(view->type->name, "vu8");
	bool has_tag = view->type->tag != TAG_U8 ||
		       (exact ? !is_bytevector : view->rank != 1);
	size_t i;

	if (view->rank != 1) {
		cbor_put_tag(sb, TAG_MULTI_DIMENSIONAL);
		cbor_put_array(sb, 2);
		cbor_put_array(sb, view->rank);
		for (i = 0; i < view->rank; i++)
			cbor_put_uint(sb, view->dims[i]);
	}
	if (has_tag)
		cbor_put_tag(sb, view->type->tag);
	cbor_put_bytes(sb, view->elements, view->len);
}

/* A typed vector of COUNT elements; *BYTES is where they lie. */
static SCM
new_vector(const struct array_type *type, size_t count, void **bytes)
{
	SCM name = scm_from_utf8_symbol(type->name);
	SCM v;

	if (!strcmp(type->name, "vu8"))
		v = scm_c_make_bytevector(count);
	else
		v = scm_make_typed_array(name, SCM_UNSPECIFIED,
					 scm_list_1(scm_from_size_t(count)));
	*bytes = SCM_BYTEVECTOR_CONTENTS(v);
	return v;
}

SCM
array_decode(uint64_t tag, const void *data, size_t len)
{
	void *bytes;
	SCM v;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(types); i++) {
		if (types[i].tag != tag || len % types[i].element_bytes)
			continue;
		v = new_vector(&types[i], len / types[i].element_bytes,
			       &bytes);
		if (len)
			memcpy(bytes, data, len);
		return v;
	}
	return SCM_UNDEFINED;
}

void
array_npy_header(struct strbuf *sb, const struct array_view *view)
{
	struct strbuf dict = STRBUF_INIT;
	size_t i;

	strbuf_addf(&dict, "{'descr': '%s', 'fortran_order': False, 'shape': (",
		    view->type->descr);
	for (i = 0; i < view->rank; i++)
		strbuf_addf(&dict, "%zu%s", view->dims[i],
			    view->rank == 1 ? "," :
			    i + 1 < view->rank ? ", " : "");
	strbuf_adds(&dict, "), }");
	while ((10 + dict.len + 1) % 64)
		strbuf_addch(&dict, ' ');
	strbuf_addch(&dict, '\n');
	strbuf_add(sb, "\x93NUMPY\x01\x00", 8);
	strbuf_addch(sb, (char)(dict.len & 0xff));
	strbuf_addch(sb, (char)(dict.len >> 8));
	strbuf_add(sb, dict.buf, dict.len);
	strbuf_release(&dict);
}

/* ---- mapped files ---- */

/* The finalizer of a mapping gets only its address: here are the lengths.
 * A recipe maps few files, so a list will do. */
struct mapping {
	void *start;
	size_t len;
	struct mapping *next;
};

static struct mapping *mappings;

static void
unmap(void *start)
{
	struct mapping **at = &mappings;
	struct mapping *found;

	while (*at && (*at)->start != start)
		at = &(*at)->next;
	found = *at;
	if (!found)
		return;
	munmap(found->start, found->len);
	*at = found->next;
	free(found);
}

/* Map PATH; *LEN is its length.  An empty file gives NULL and success. */
static int
map_file(const char *path, void **start, size_t *len, struct error *err)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int rc = -1;

	*start = NULL;
	if (fd < 0 || fstat(fd, &st) < 0) {
		error_sys(err, "cannot read %s", path);
		goto out;
	}
	*len = (size_t)st.st_size;
	if (*len)
		*start = mmap(NULL, *len, PROT_READ | PROT_WRITE, MAP_PRIVATE,
			      fd, 0);
	if (*start == MAP_FAILED) {
		*start = NULL;
		error_sys(err, "cannot map %s", path);
		goto out;
	}
	rc = 0;
out:
	if (fd >= 0)
		close(fd);
	return rc;
}

/* A vector of TYPE over COUNT elements at OFFSET of the mapping. */
static SCM
vector_over(void *start, size_t len, const struct array_type *type,
	    size_t offset, size_t count)
{
	struct mapping *m = xmalloc(sizeof(*m));
	SCM name = strcmp(type->name, "vu8") ?
		scm_from_utf8_symbol(type->name) : SCM_UNDEFINED;

	m->start = start;
	m->len = len;
	m->next = mappings;
	mappings = m;
	/* With a type the length counts elements, not bytes. */
	return scm_pointer_to_bytevector(scm_from_pointer(start, unmap),
					 scm_from_size_t(count),
					 scm_from_size_t(offset), name);
}

/* The type of which .npy files have the numbers TYPE. */
static const struct array_type *
type_of_numbers(const char *type)
{
	size_t i;

	for (i = 1; i < ARRAY_SIZE(types); i++)
		if (!strcmp(types[i].descr, type))
			return &types[i];
	return NULL;
}

SCM
array_load_npy(const char *path, struct error *err)
{
	const struct array_type *type = NULL;
	SCM dims = SCM_EOL;
	void *start, *bytes;
	size_t len = 0, i;
	struct npy a;

	if (map_file(path, &start, &len, err) < 0)
		return SCM_UNDEFINED;
	if (start && npy_parse(&a, start, len) && !a.is_fortran_order)
		type = type_of_numbers(a.type);
	if (!type) {
		if (start)
			munmap(start, len);
		error_set(err, "%s is no .npy file that flowmake can read",
			  path);
		return SCM_UNDEFINED;
	}
	for (i = a.dimensions; i--;)
		dims = scm_cons(scm_from_uint64(a.shape[i]), dims);
	if (!a.count) {
		munmap(start, len);
		return scm_list_2(new_vector(type, 0, &bytes), dims);
	}
	return scm_list_2(vector_over(start, len, type, a.data_at, a.count),
			  dims);
}

SCM
array_load_bytes(const char *path, struct error *err)
{
	void *start;
	size_t len = 0;

	if (map_file(path, &start, &len, err) < 0)
		return SCM_UNDEFINED;
	if (!start)
		return scm_c_make_bytevector(0);
	return vector_over(start, len, &types[0], 0, len);
}
