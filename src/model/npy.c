/*
 * "\x93NUMPY", major and minor version, the length of the rest of the header
 * (16 bits, from version 2 on 32, little-endian), a Python dictionary:
 *
 *   {'descr': '<f8', 'fortran_order': False, 'shape': (3, 2), }
 */
#include "base/base.h"

#include "model/npy.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What follows KEY in HEADER, or NULL. */
static const char *
find_field(const char *header, const char *key)
{
	const char *p = strstr(header, key);

	if (!p)
		return NULL;
	p += strlen(key);
	p += strspn(p, " ");
	if (*p++ != ':')
		return NULL;
	return p + strspn(p, " ");
}

/* Read the type in quotes at P: '<f8'. */
static bool
read_type(struct npy *a, const char *p)
{
	size_t len;

	if (!p || (*p != '\'' && *p != '"'))
		return false;
	len = strcspn(p + 1, "'\"");
	if (len < 3 || len >= sizeof(a->type) || p[1 + len] != *p)
		return false;
	memcpy(a->type, p + 1, len);
	if (!strchr("<>|=", a->type[0]) || !strchr("biufc", a->type[1]) ||
	    strspn(a->type + 2, "0123456789") != len - 2)
		return false;
	a->number_bytes = strtoul(a->type + 2, NULL, 10);
	return a->number_bytes;
}

/* Read the tuple at P: (3, 2). */
static bool
read_shape(struct npy *a, const char *p)
{
	char *end;

	if (!p || *p++ != '(')
		return false;
	for (a->count = 1;; p = end) {
		uint64_t n;

		p += strspn(p, " ,");
		if (*p == ')')
			return true;
		if (!isdigit((unsigned char)*p) ||
		    a->dimensions == NPY_MAX_DIMENSIONS)
			return false;
		errno = 0;
		n = strtoull(p, &end, 10);
		if (errno ||
		    __builtin_mul_overflow(a->count, n, &a->count))
			return false;
		a->shape[a->dimensions++] = n;
	}
}

bool
npy_parse(struct npy *a, const char *data, size_t len)
{
	const unsigned char *head = (const unsigned char *)data;
	size_t head_bytes, header_len;
	const char *order;
	uint64_t bytes;
	char *header;
	bool good;

	memset(a, 0, sizeof(*a));
	if (len < 12 || memcmp(data, "\x93NUMPY", 6) || !head[6])
		return false;
	header_len = head[8] | (size_t)head[9] << 8;
	if (head[6] > 1)
		header_len |= (size_t)head[10] << 16 | (size_t)head[11] << 24;
	head_bytes = head[6] > 1 ? 12 : 10;
	if (len - head_bytes < header_len)
		return false;
	a->data_at = head_bytes + header_len;
	header = xstrndup(data + head_bytes, header_len);
	order = find_field(header, "'fortran_order'");
	a->is_fortran_order = order && !strncmp(order, "True", 4);
	good = read_type(a, find_field(header, "'descr'")) &&
		read_shape(a, find_field(header, "'shape'")) &&
		!__builtin_mul_overflow(a->count, a->number_bytes, &bytes) &&
		bytes == len - a->data_at;
	free(header);
	return good;
}
