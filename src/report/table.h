/*
 * Tables for terminals: cells in columns as wide as their widest.
 */
#ifndef FLOWMAKE_REPORT_TABLE_H
#define FLOWMAKE_REPORT_TABLE_H

#include "base/base.h"
#include "base/strbuf.h"
#include "base/strvec.h"

enum { TABLE_COLUMNS_MAX = 12 };

struct table {
	unsigned columns;
	unsigned right;      /* bit N: column N is aligned to the right */
	unsigned widths[TABLE_COLUMNS_MAX];
	bool used[TABLE_COLUMNS_MAX]; /* some row, not only the heading, has
				       * text there */
	struct strvec cells; /* row by row, the heading first */
};

/* HEADINGS are COLUMNS words. */
void table_init(struct table *t, unsigned columns, unsigned right,
		const char *const *headings);
void table_release(struct table *t);

/* Fill the next cell.  The text is escaped. */
void table_add(struct table *t, const char *text);
void table_add_len(struct table *t, const char *text, size_t len);
/* The same with an empty cell for 0. */
void table_add_count(struct table *t, uint64_t n);
void table_add_duration(struct table *t, int64_t ns);
void table_add_size(struct table *t, uint64_t bytes);

/* Append the rows to OUT.  Columns without text are left out. */
void table_print(const struct table *t, struct strbuf *out);

#endif
