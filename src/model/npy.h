/*
 * The head of .npy files, numeric arrays as NumPy keeps them (NEP 1): what
 * follows it are the numbers, one after another.
 */
#ifndef FLOWMAKE_MODEL_NPY_H
#define FLOWMAKE_MODEL_NPY_H

#include "base/base.h"

enum { NPY_MAX_DIMENSIONS = 32 };

struct npy {
	char type[8];             /* "<f8": order of bytes, kind, bytes */
	size_t number_bytes;
	bool is_fortran_order;    /* the first index runs fastest */
	uint64_t shape[NPY_MAX_DIMENSIONS];
	size_t dimensions;
	uint64_t count;           /* of numbers */
	size_t data_at;           /* where they begin */
};

/* Take the file whose LEN bytes are at DATA apart.  False: it is none, or not
 * just as long as it says, or its elements are no plain numbers. */
bool npy_parse(struct npy *a, const char *data, size_t len);

#endif
