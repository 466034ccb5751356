/*
 * Tables.
 */
#include "base/base.h"

#include "report/table.h"

#include <string.h>

#include "base/text.h"

/* How many characters SB has. */
static unsigned
width_of(const char *text)
{
	unsigned width = 0;

	for (; *text; text++)
		width += (*text & 0xc0) != 0x80;
	return width;
}

/* Take over one cell. */
static void
put_cell(struct table *t, char *text)
{
	size_t column = t->cells.count % t->columns;

	t->widths[column] = MAX(t->widths[column], width_of(text));
	if (t->cells.count >= t->columns && *text)
		t->used[column] = true;
	strvec_push_take(&t->cells, text);
}

void
table_init(struct table *t, unsigned columns, unsigned right,
	   const char *const *headings)
{
	unsigned i;

	memset(t, 0, sizeof(*t));
	t->columns = columns;
	t->right = right;
	for (i = 0; i < columns; i++)
		put_cell(t, xstrdup(headings[i]));
}

void
table_release(struct table *t)
{
	strvec_release(&t->cells);
}

void
table_add_len(struct table *t, const char *text, size_t len)
{
	struct strbuf sb = STRBUF_INIT;

	text_add_escaped(&sb, text, len);
	put_cell(t, strbuf_detach(&sb, NULL));
}

void
table_add(struct table *t, const char *text)
{
	table_add_len(t, text ? text : "", text ? strlen(text) : 0);
}

void
table_add_count(struct table *t, uint64_t n)
{
	struct strbuf sb = STRBUF_INIT;

	if (n)
		text_add_count(&sb, n);
	put_cell(t, strbuf_detach(&sb, NULL));
}

void
table_add_duration(struct table *t, int64_t ns)
{
	struct strbuf sb = STRBUF_INIT;

	if (ns > 0)
		text_add_duration(&sb, ns);
	put_cell(t, strbuf_detach(&sb, NULL));
}

void
table_add_size(struct table *t, uint64_t bytes)
{
	struct strbuf sb = STRBUF_INIT;

	if (bytes)
		text_add_size(&sb, bytes);
	put_cell(t, strbuf_detach(&sb, NULL));
}

/* Append one cell, padded to its column unless it is the LAST of its row. */
static void
add_padded(const struct table *t, unsigned column, const char *text, bool last,
	   struct strbuf *out)
{
	unsigned pad = t->widths[column] - width_of(text);
	bool right = t->right & 1u << column;

	if (right)
		strbuf_addf(out, "%*s", (int)pad, "");
	strbuf_adds(out, text);
	if (!right && !last)
		strbuf_addf(out, "%*s", (int)pad, "");
}

void
table_print(const struct table *t, struct strbuf *out)
{
	unsigned column, last = 0;
	size_t row;
	bool first;

	for (column = 0; column < t->columns; column++)
		if (t->used[column])
			last = column;
	for (row = 0; row < t->cells.count; row += t->columns) {
		first = true;
		for (column = 0; column <= last; column++) {
			if (!t->used[column])
				continue;
			if (!first)
				strbuf_adds(out, "  ");
			first = false;
			add_padded(t, column, t->cells.v[row + column],
				   column == last, out);
		}
		while (out->len && out->buf[out->len - 1] == ' ')
			strbuf_truncate(out, out->len - 1);
		strbuf_addch(out, '\n');
	}
}
