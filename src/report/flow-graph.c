/*
 * The graph of a flow.
 *
 * Edges come from the clauses from, join and after, and from file names that
 * are constants: a name that is an output of one step, or of the shape of a
 * pattern's, and an input of another.  Names that depend on splits are known
 * only in a run.
 */
#include "base/base.h"

#include "report/flow-graph.h"

#include <stdlib.h>
#include <string.h>

#include "base/cbor.h"
#include "base/map.h"
#include "base/path.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "model/rules.h"

enum edge_kind { EDGE_FROM, EDGE_JOIN, EDGE_AFTER, EDGE_FILE };

static const char *const edge_words[] = {
	[EDGE_FROM] = "from",
	[EDGE_JOIN] = "join",
	[EDGE_AFTER] = "after",
	[EDGE_FILE] = "reads",
};

/* What an edge function is told. */
struct edge {
	enum edge_kind kind;
	const struct step *from;
	const struct step *to;
	const char *label;      /* names, separated by spaces, or a file */
};

typedef void edge_fn(void *data, const struct edge *e);

/* ---- constant file names ---- */

/* The name that E says without any evaluation, normalized, or NULL.  The
 * caller frees it. */
static char *
constant_path(const struct expr *e)
{
	struct strbuf sb = STRBUF_INIT;
	struct cbor_item item;
	struct cbor c;
	char *path = NULL;
	uint32_t i;

	if (e->kind == WIRE_EXPR_CONST) {
		cbor_init(&c, e->value, e->value_len);
		item = cbor_next(&c);
		if (item.kind == CBOR_TEXT)
			strbuf_add(&sb, item.data, item.len);
	} else if (e->kind == WIRE_EXPR_PIECES) {
		for (i = 0; i < e->piece_count && e->pieces[i].text; i++)
			strbuf_add(&sb, e->pieces[i].text, e->pieces[i].len);
		if (i < e->piece_count)
			strbuf_reset(&sb);
	}
	if (sb.len && strlen(sb.buf) == sb.len)
		path = path_normalize(sb.buf);
	strbuf_release(&sb);
	return path;
}

/* Who makes which file, as far as constants tell. */
struct makers {
	struct map by_path;      /* a pattern's outputs with their % */
	const struct step **patterns;
	uint32_t pattern_count;
};

static void
makers_init(struct makers *m, const struct rules *r)
{
	uint32_t i, k;
	char *path;

	map_init(&m->by_path);
	m->patterns = xcalloc((size_t)r->order_count + 1,
			      sizeof(const struct step *));
	m->pattern_count = 0;
	for (i = 0; i < r->order_count; i++) {
		const struct template *t = r->order[i]->template;

		if (t->pattern >= 0)
			m->patterns[m->pattern_count++] = r->order[i];
		for (k = 0; k < t->output_count; k++) {
			path = constant_path(&t->outputs[k].expr);
			if (path)
				map_sets(&m->by_path, path, r->order[i]);
			free(path);
		}
	}
}

static void
makers_release(struct makers *m)
{
	map_release(&m->by_path);
	free(m->patterns);
}

/* How long the stem is for which a constant output of S is PATH; 0: none. */
static size_t
stem_length(const struct step *s, const char *path)
{
	const struct template *t = s->template;
	size_t shortest = 0, len;
	const char *stem;
	uint32_t i;
	char *shape;

	for (i = 0; i < t->output_count; i++) {
		shape = constant_path(&t->outputs[i].expr);
		if (shape && path_match(shape, path, &stem, &len) &&
		    (!shortest || len < shortest))
			shortest = len;
		free(shape);
	}
	return shortest;
}

/* The step that makes PATH, or the rule with the shortest stem; or NULL. */
static const struct step *
maker_of(const struct makers *m, const char *path)
{
	const struct step *best = map_gets(&m->by_path, path);
	size_t shortest = 0, len;
	uint32_t i;

	if (best)
		return best;
	for (i = 0; i < m->pattern_count; i++) {
		len = stem_length(m->patterns[i], path);
		if (!len || (shortest && shortest <= len))
			continue;
		shortest = len;
		best = m->patterns[i];
	}
	return best;
}

/* ---- edges ---- */

/* Tell the edges of import IM of S: one for each alternative. */
static void
import_edges(const struct step *s, const struct import *im, edge_fn *fn,
	     void *data)
{
	struct strbuf label = STRBUF_INIT;
	struct edge e = { im->is_join ? EDGE_JOIN : EDGE_FROM, NULL, s, NULL };
	uint32_t i;

	for (i = 0; i < im->item_count; i++) {
		strbuf_adds(&label, i ? " " : "");
		strbuf_adds(&label, im->items[i].theirs);
	}
	e.label = label.buf;
	for (i = 0; i < im->ref_count; i++) {
		e.from = s->imported[im->first_step + i];
		fn(data, &e);
	}
	strbuf_release(&label);
}

/* Tell all edges that lead to S, in the order of its clauses. */
static void
step_edges(const struct step *s, const struct makers *makers, edge_fn *fn,
	   void *data)
{
	const struct template *t = s->template;
	struct edge e = { EDGE_AFTER, NULL, s, "" };
	uint32_t i;
	char *path;

	for (i = 0; i < t->import_count; i++)
		import_edges(s, &t->imports[i], fn, data);
	for (i = 0; i < t->after_count; i++) {
		e.from = s->after[i];
		fn(data, &e);
	}
	e.kind = EDGE_FILE;
	for (i = 0; i < t->input_count; i++) {
		path = constant_path(&t->inputs[i].expr);
		e.from = path ? maker_of(makers, path) : NULL;
		e.label = path;
		if (e.from && e.from != s)
			fn(data, &e);
		free(path);
	}
}

/* ---- order ---- */

/* The steps being put into an order in which they could run: those that wait
 * for none, then, as soon as all that it waits for stands, each other. */
struct ordering {
	const struct step **order;
	size_t count;
	size_t next;             /* whose followers are looked at */
	uint32_t *waits;         /* by step index: edges that lead to it from
				  * steps that do not stand yet */
	uint32_t *first;         /* by step index: in follow, + 1 */
	struct follow {
		const struct step *step;
		uint32_t next;   /* in follow, + 1 */
	} *follow;               /* one for each edge */
	uint32_t follow_count;
	uint32_t follow_alloc;
};

/* Note one edge. */
static void
add_order_edge(void *data, const struct edge *e)
{
	struct ordering *o = data;
	struct follow *f;

	ARRAY_GROW(o->follow, o->follow_count, o->follow_alloc);
	f = &o->follow[o->follow_count++];
	f->step = e->to;
	f->next = o->first[e->from->index];
	o->first[e->from->index] = o->follow_count;
	o->waits[e->to->index]++;
}

/* Step S stands: those that waited for it alone can follow. */
static void
release_followers(struct ordering *o, const struct step *s)
{
	uint32_t i;

	for (i = o->first[s->index]; i; i = o->follow[i - 1].next)
		if (--o->waits[o->follow[i - 1].step->index] == 0)
			o->order[o->count++] = o->follow[i - 1].step;
}

/* The steps of R in an order in which they could run; to be freed.  Those in
 * a circle of files, which no run would take, come last. */
static const struct step **
order_steps(const struct rules *r, const struct makers *makers)
{
	struct ordering o = { .count = 0 };
	uint32_t i;

	o.order = xcalloc((size_t)r->order_count + 1,
			  sizeof(const struct step *));
	o.waits = xcalloc((size_t)r->step_count + 1, sizeof(*o.waits));
	o.first = xcalloc((size_t)r->step_count + 1, sizeof(*o.first));
	for (i = 0; i < r->order_count; i++)
		step_edges(r->order[i], makers, add_order_edge, &o);
	for (i = 0; i < r->order_count; i++)
		if (!o.waits[r->order[i]->index])
			o.order[o.count++] = r->order[i];
	while (o.next < o.count)
		release_followers(&o, o.order[o.next++]);
	for (i = 0; i < r->order_count; i++)
		if (o.waits[r->order[i]->index])
			o.order[o.count++] = r->order[i];
	free(o.waits);
	free(o.first);
	free(o.follow);
	return o.order;
}

/* ---- text ---- */

/* Append the variables of S's own fan-out, as " [shard, rate]". */
static void
add_variables(const struct step *s, const char *between, struct strbuf *out)
{
	const struct template *t = s->template;
	const char *name;
	uint32_t i;

	for (i = 0; i < t->foreach_count; i++) {
		strbuf_adds(out, i ? between : "");
		name = t->names[t->foreach[i].name].text;
		text_add_escaped(out, name, strlen(name));
	}
}

/* Append one edge as a line below its step. */
static void
add_text_edge(void *data, const struct edge *e)
{
	struct strbuf *out = data;

	strbuf_addf(out, "  %-5s ", edge_words[e->kind]);
	text_add_escaped(out, e->from->name, strlen(e->from->name));
	if (*e->label) {
		strbuf_adds(out, ": ");
		text_add_escaped(out, e->label, strlen(e->label));
	}
	strbuf_addch(out, '\n');
}

/* Append the line of S, without its edges. */
static void
add_text_step(const struct step *s, struct strbuf *out)
{
	const struct template *t = s->template;

	text_add_escaped(out, s->name, strlen(s->name));
	if (t->foreach_count) {
		strbuf_adds(out, " (for each ");
		add_variables(s, ", ", out);
		strbuf_addch(out, ')');
	} else if (t->pattern >= 0) {
		strbuf_adds(out, " (a pattern)");
	} else if (s->level && s->level->opener) {
		strbuf_adds(out, " (in each split of ");
		text_add_escaped(out, s->level->opener->name,
				 strlen(s->level->opener->name));
		strbuf_addch(out, ')');
	}
	if (t->doc) {
		strbuf_adds(out, ": ");
		text_add_escaped(out, t->doc, strcspn(t->doc, "\n"));
	}
	strbuf_addch(out, '\n');
}

void
flow_graph_text(const struct rules *r, struct strbuf *out)
{
	const struct step **order;
	struct makers makers;
	uint32_t i;

	makers_init(&makers, r);
	order = order_steps(r, &makers);
	for (i = 0; i < r->order_count; i++) {
		add_text_step(order[i], out);
		step_edges(order[i], &makers, add_text_edge, out);
	}
	free(order);
	makers_release(&makers);
}

/* ---- Graphviz ---- */

/* Append TEXT as a string of DOT, in which a control character stands as what
 * is printed elsewhere. */
static void
add_dot_string(struct strbuf *out, const char *text)
{
	struct strbuf escaped = STRBUF_INIT;
	size_t i;

	text_add_escaped(&escaped, text, strlen(text));
	strbuf_addch(out, '"');
	for (i = 0; i < escaped.len; i++) {
		if (escaped.buf[i] == '"' || escaped.buf[i] == '\\')
			strbuf_addch(out, '\\');
		strbuf_addch(out, escaped.buf[i]);
	}
	strbuf_addch(out, '"');
	strbuf_release(&escaped);
}

/* Append the node of S. */
static void
add_dot_node(const struct step *s, struct strbuf *out)
{
	struct strbuf label = STRBUF_INIT;

	strbuf_adds(out, "\t");
	add_dot_string(out, s->name);
	if (s->template->foreach_count) {
		strbuf_addf(&label, "%s [", s->name);
		add_variables(s, ", ", &label);
		strbuf_addch(&label, ']');
		strbuf_adds(out, " [peripheries=2, label=");
		add_dot_string(out, label.buf);
		strbuf_addch(out, ']');
	} else if (s->template->pattern >= 0) {
		strbuf_adds(out, " [style=dashed]");
	} else if (s->level && s->level->opener) {
		strbuf_adds(out, " [peripheries=2]");
	}
	strbuf_adds(out, ";\n");
	strbuf_release(&label);
}

/* Append one edge. */
static void
add_dot_edge(void *data, const struct edge *e)
{
	static const char *const styles[] = {
		[EDGE_FROM] = "",
		[EDGE_JOIN] = ", arrowhead=inv",
		[EDGE_AFTER] = ", style=dotted",
		[EDGE_FILE] = ", style=dashed",
	};
	struct strbuf *out = data;

	strbuf_adds(out, "\t");
	add_dot_string(out, e->from->name);
	strbuf_adds(out, " -> ");
	add_dot_string(out, e->to->name);
	strbuf_adds(out, " [label=");
	add_dot_string(out, e->label);
	strbuf_addf(out, "%s];\n", styles[e->kind]);
}

void
flow_graph_dot(const struct rules *r, struct strbuf *out)
{
	const struct step **order;
	struct makers makers;
	uint32_t i;

	makers_init(&makers, r);
	order = order_steps(r, &makers);
	strbuf_adds(out, "digraph ");
	add_dot_string(out, r->flow ? r->flow : "flow");
	strbuf_adds(out, " {\n\tnode [shape=box];\n");
	for (i = 0; i < r->order_count; i++)
		add_dot_node(order[i], out);
	for (i = 0; i < r->order_count; i++)
		step_edges(order[i], &makers, add_dot_edge, out);
	strbuf_adds(out, "}\n");
	free(order);
	makers_release(&makers);
}
