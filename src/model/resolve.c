/*
 * Splits (language: "Splits"): a step runs in the deepest fan-out that it
 * reads, the others must be around that one; its own foreach opens one more
 * level inside.  Steps are taken in an order in which each comes after all
 * that it reads, found by counting (Kahn 1962), never by recursion.
 */
#include "base/base.h"

#include "model/resolve.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "model/layout.h"
#include "model/rules.h"

bool
level_is_around(const struct level *outer, const struct level *inner)
{
	while (inner->depth > outer->depth)
		inner = inner->parent;
	return inner == outer;
}

/* ---- names ---- */

static int
name_steps(struct rules *r, struct error *err)
{
	uint32_t i;

	for (i = 0; i < r->step_count; i++) {
		struct step *s = r->steps[i], *twin;

		if (!s->name)
			continue;
		twin = map_sets(&r->by_name, s->name, s);
		if (twin)
			return step_error(s, s->template->line,
					  s->template->column, err,
					  "declared twice; the first is at "
					  "%s:%u:%u", twin->template->file,
					  twin->template->line,
					  twin->template->column);
	}
	return 0;
}

const char *
rules_suggest(const struct rules *r, const char *name)
{
	const char **names = xcalloc(r->step_count + 1, sizeof(*names));
	const char *best;
	uint32_t i, n = 0;

	for (i = 0; i < r->step_count; i++)
		if (r->steps[i]->name)
			names[n++] = r->steps[i]->name;
	best = text_suggest(name, names);
	free(names);
	return best;
}

/* The step that REF of S names. */
static struct step *
find_ref(const struct rules *r, const struct step *s,
	 const struct step_ref *ref, struct error *err)
{
	const char *name = step_ref_name(s, ref);
	struct step *found = rules_find(r, name);
	const char *near;

	if (found && found->template->pattern >= 0) {
		step_error(s, ref->line, ref->column, err,
			   "'%s' is a pattern rule and cannot be read by "
			   "name; name a file that it makes as an input", name);
		return NULL;
	}
	if (found)
		return found;
	near = rules_suggest(r, name);
	if (near)
		step_error(s, ref->line, ref->column, err,
			   "unknown step '%s' (did you mean '%s'?)", name,
			   near);
	else
		step_error(s, ref->line, ref->column, err,
			   "unknown step '%s'", name);
	return NULL;
}

/* Whether the step that S imports as number N is among the COUNT before it. */
static bool
is_listed_before(const struct step *s, uint32_t n, uint32_t count)
{
	uint32_t i;

	for (i = n - count; i < n; i++)
		if (s->imported[i] == s->imported[n])
			return true;
	return false;
}

static int
find_steps(struct rules *r, struct step *s, struct error *err)
{
	const struct template *t = s->template;
	uint32_t i, k, n = 0;

	s->imported = arena_zalloc(&r->arena, (t->imported_count + 1) *
				   sizeof(*s->imported));
	for (i = 0; i < t->import_count; i++) {
		for (k = 0; k < t->imports[i].ref_count; k++) {
			s->imported[n] = find_ref(r, s,
						  &t->imports[i].refs[k], err);
			if (!s->imported[n++])
				return -1;
			if (is_listed_before(s, n - 1, k))
				return step_error(s, t->imports[i].refs[k].line,
					t->imports[i].refs[k].column, err,
					"step '%s' is listed twice",
					s->imported[n - 1]->name);
		}
	}
	s->after = arena_zalloc(&r->arena,
				(t->after_count + 1) * sizeof(*s->after));
	for (i = 0; i < t->after_count; i++) {
		s->after[i] = find_ref(r, s, &t->after[i], err);
		if (!s->after[i])
			return -1;
	}
	return 0;
}

/* ---- order ---- */

/* How the steps of one run of the ordering stand. */
struct ordering {
	struct rules *rules;
	uint32_t *waiting;       /* by step index: steps it reads, unordered */
	uint32_t *first_reader;  /* by step index: in links + 1; 0: none */
	struct { uint32_t reader, next; } *links;
	uint32_t link_count;
	uint32_t link_alloc;
};

static void
add_link(struct ordering *o, const struct step *read, const struct step *reader)
{
	ARRAY_GROW(o->links, o->link_count, o->link_alloc);
	o->links[o->link_count].reader = reader->index;
	o->links[o->link_count].next = o->first_reader[read->index];
	o->first_reader[read->index] = ++o->link_count;
	o->waiting[reader->index]++;
}

/* From the last step to the first, as add_link puts each before the others:
 * so the readers of a step come in the order of the Flowfile. */
static void
link_steps(struct ordering *o)
{
	struct rules *r = o->rules;
	uint32_t i, k;

	for (i = r->step_count; i-- > 0;) {
		struct step *s = r->steps[i];

		if (!s->name)
			continue;
		for (k = 0; k < s->template->imported_count; k++)
			add_link(o, s->imported[k], s);
		for (k = 0; k < s->template->after_count; k++)
			add_link(o, s->after[k], s);
	}
}

/* A step that S reads and that is not ordered either. */
static const struct step *
unordered_of(const struct ordering *o, const struct step *s)
{
	uint32_t k;

	for (k = 0; k < s->template->imported_count; k++)
		if (o->waiting[s->imported[k]->index])
			return s->imported[k];
	for (k = 0; k < s->template->after_count; k++)
		if (o->waiting[s->after[k]->index])
			return s->after[k];
	bug("step '%s' waits for nothing", s->name);
}

/* Say which steps wait for each other: walk from any unordered one to those
 * that it reads until one comes again. */
static int
report_cycle(const struct ordering *o, struct error *err)
{
	const struct rules *r = o->rules;
	const struct step *s = NULL, *start;
	struct strbuf path = STRBUF_INIT;
	uint32_t i;

	for (i = 0; i < r->step_count && !s; i++)
		if (r->steps[i]->name && o->waiting[i])
			s = r->steps[i];
	for (i = 0; i < r->step_count; i++)
		s = unordered_of(o, s);
	for (start = s, i = 0; i < r->step_count; i++) {
		s = unordered_of(o, s);
		if (s->index < start->index)
			start = s; /* the first one in the Flowfile */
	}
	for (s = start, i = 0; i < 20; i++) {
		strbuf_addf(&path, "%s -> ", s->name);
		s = unordered_of(o, s);
		if (s == start)
			break;
	}
	strbuf_adds(&path, s == start ? start->name : "...");
	step_error(start, start->template->line, start->template->column, err,
		   "the steps wait for each other: %s", path.buf);
	strbuf_release(&path);
	return -1;
}

/* Put the named steps in an order in which each comes after those it reads,
 * otherwise as they were declared as far as that goes. */
static int
order_steps(struct rules *r, struct error *err)
{
	struct ordering o = { .rules = r };
	uint32_t i, k, named = 0, done = 0;
	int ret = 0;

	o.waiting = xcalloc(r->step_count + 1, sizeof(*o.waiting));
	o.first_reader = xcalloc(r->step_count + 1, sizeof(*o.first_reader));
	r->order = arena_zalloc(&r->arena,
				(r->step_count + 1) * sizeof(*r->order));
	link_steps(&o);
	for (i = 0; i < r->step_count; i++) {
		if (!r->steps[i]->name)
			continue;
		named++;
		if (!o.waiting[i])
			r->order[r->order_count++] = r->steps[i];
	}
	for (; done < r->order_count; done++) {
		struct step *s = r->order[done];

		s->rank = done;
		for (k = o.first_reader[s->index]; k; k = o.links[k - 1].next) {
			uint32_t reader = o.links[k - 1].reader;

			if (!--o.waiting[reader])
				r->order[r->order_count++] = r->steps[reader];
		}
	}
	if (r->order_count < named)
		ret = report_cycle(&o, err);
	free(o.waiting);
	free(o.first_reader);
	free(o.links);
	return ret;
}

/* ---- levels ---- */

static struct level *
add_level(struct rules *r, struct level *parent, struct step *opener)
{
	struct level *l = arena_zalloc(&r->arena, sizeof(*l));

	l->index = r->level_count;
	l->parent = parent;
	l->opener = opener;
	l->depth = parent ? parent->depth + 1 : 0;
	ARRAY_GROW(r->levels, r->level_count, r->level_alloc);
	r->levels[r->level_count++] = l;
	if (parent) {
		ARRAY_GROW(parent->openers, parent->opener_count,
			   parent->opener_alloc);
		l->ordinal = parent->opener_count;
		parent->openers[parent->opener_count++] = opener;
	}
	return l;
}

/* The level in which reading TARGET through IM puts a step. */
static struct level *
read_through(const struct step *s, const struct import *im,
	     const struct step_ref *ref, const struct step *target,
	     struct error *err)
{
	if (!im->is_join)
		return target->level;
	if (target->level->parent)
		return target->level->parent;
	step_error(s, ref->line, ref->column, err,
		   "joins '%s', which is in no fan-out; read it with from",
		   target->name);
	return NULL;
}

/* Where S reads: the deepest of the levels, all others around it. */
static int
find_read_level(struct rules *r, struct step *s, struct error *err)
{
	const struct template *t = s->template;
	const struct step *deepest = NULL;
	const struct step_ref *place = NULL; /* where deepest is named */
	struct level *level = r->levels[0];
	uint32_t i, k, n = 0;

	for (i = 0; i < t->import_count; i++) {
		const struct import *im = &t->imports[i];

		for (k = 0; k < im->ref_count; k++, n++) {
			const struct step_ref *ref = &im->refs[k];
			struct level *l = read_through(s, im, ref,
						       s->imported[n], err);

			if (!l)
				return -1;
			if (!level_is_around(l, level) &&
			    !level_is_around(level, l))
				return step_error(s, ref->line, ref->column,
					err, "reads from two different "
					"fan-outs, of '%s' and of '%s'; join "
					"one", level->opener->name,
					l->opener->name);
			if (l->depth > level->depth || !deepest) {
				level = l;
				deepest = s->imported[n];
				place = ref;
			}
		}
	}
	if (t->pattern >= 0 && level != r->levels[0])
		return step_error(s, place->line, place->column, err,
				  "a pattern rule may read only outside "
				  "fan-outs, and '%s' is inside that of '%s'",
				  deepest->name, level->opener->name);
	s->read_level = level;
	return 0;
}

static void
place_step(struct rules *r, struct step *s)
{
	struct level *l = s->read_level;

	if (s->template->foreach_count)
		l = add_level(r, l, s);
	s->level = l;
	if (s->template->pattern >= 0)
		return;
	ARRAY_GROW(l->steps, l->step_count, l->step_alloc);
	s->ordinal = l->step_count;
	l->steps[l->step_count++] = s;
}

/* ---- bindings ---- */

/* Find THEIRS among the foreach variables of LEVEL and those around it. */
static bool
bind_variable(const struct level *level, const char *theirs, struct binding *b)
{
	uint32_t i;

	for (; level->opener; level = level->parent) {
		const struct template *t = level->opener->template;

		for (i = 0; i < t->foreach_count; i++) {
			if (strcmp(t->names[t->foreach[i].name].text, theirs))
				continue;
			b->kind = BINDING_FOREACH;
			b->index = i;
			b->level = level;
			return true;
		}
	}
	return false;
}

/* Find THEIRS among what TARGET offers to its readers. */
static bool
bind_name(const struct step *target, const char *theirs, struct binding *b)
{
	const struct template *t = target->template;
	uint32_t i;

	for (i = 0; i < t->name_count; i++) {
		const struct name *n = &t->names[i];

		if (strcmp(n->text, theirs))
			continue;
		if (n->kind == WIRE_NAME_RESULT)
			b->kind = BINDING_RESULT;
		else if (n->kind == WIRE_NAME_OUTPUT)
			b->kind = BINDING_OUTPUT;
		else if (n->kind == WIRE_NAME_CATCH)
			b->kind = BINDING_CATCH;
		else
			continue;
		b->index = n->clause;
		return true;
	}
	return bind_variable(target->level, theirs, b);
}

/* What TARGET offers that is nearest to THEIRS, or NULL. */
static const char *
suggest_name(const struct step *target, const char *theirs)
{
	const struct template *t = target->template;
	const struct level *l;
	const char **names;
	const char *best;
	uint32_t i, n = t->name_count;

	for (l = target->level; l->opener; l = l->parent)
		n += l->opener->template->foreach_count;
	names = xcalloc(n + 1, sizeof(*names));
	for (i = n = 0; i < t->name_count; i++)
		if (t->names[i].kind == WIRE_NAME_RESULT ||
		    t->names[i].kind == WIRE_NAME_OUTPUT ||
		    t->names[i].kind == WIRE_NAME_CATCH)
			names[n++] = t->names[i].text;
	for (l = target->level; l->opener; l = l->parent) {
		t = l->opener->template;
		for (i = 0; i < t->foreach_count; i++)
			names[n++] = t->names[t->foreach[i].name].text;
	}
	best = text_suggest(theirs, names);
	free(names);
	return best;
}

static int
bind_items(struct step *s, const struct import *im, struct error *err)
{
	struct binding *b = s->bindings + im->first_binding;
	uint32_t i, k;

	for (k = 0; k < im->ref_count; k++) {
		const struct step *target = s->imported[im->first_step + k];

		for (i = 0; i < im->item_count; i++, b++) {
			const struct import_item *it = &im->items[i];
			const char *near;

			if (bind_name(target, it->theirs, b))
				continue;
			near = suggest_name(target, it->theirs);
			return step_error(s, it->line, it->column, err,
				"step '%s' has no result, named output or "
				"foreach variable '%s'%s%s%s", target->name,
				it->theirs, near ? " (did you mean '" : "",
				near ? near : "", near ? "'?)" : "");
		}
	}
	return 0;
}

static int
bind_names(struct rules *r, struct step *s, struct error *err)
{
	const struct template *t = s->template;
	uint32_t i;

	s->bindings = arena_zalloc(&r->arena, (t->binding_count + 1) *
				   sizeof(*s->bindings));
	for (i = 0; i < t->import_count; i++)
		if (bind_items(s, &t->imports[i], err))
			return -1;
	return 0;
}

static bool
may_skip(const struct step *s)
{
	return s->template->when || s->reads_may_skip;
}

/* Whether S reads a step that may be skipped. */
static bool
reads_may_skip(const struct step *s)
{
	const struct template *t = s->template;
	uint32_t i, k, ref = 0;

	for (i = 0; i < t->import_count; i++)
		for (k = 0; k < t->imports[i].ref_count; k++)
			if (may_skip(s->imported[ref++]))
				return true;
	return false;
}

int
rules_resolve(struct rules *r, struct error *err)
{
	uint32_t i;

	if (name_steps(r, err))
		return -1;
	for (i = 0; i < r->step_count; i++)
		if (r->steps[i]->name && find_steps(r, r->steps[i], err))
			return -1;
	if (order_steps(r, err))
		return -1;
	add_level(r, NULL, NULL);
	for (i = 0; i < r->order_count; i++) {
		struct step *s = r->order[i];

		if (find_read_level(r, s, err))
			return -1;
		place_step(r, s);
		if (bind_names(r, s, err))
			return -1;
		layout_of_step(r, s);
		s->reads_may_skip = reads_may_skip(s);
	}
	for (i = 0; i < r->default_count; i++)
		layout_of_step(r, r->defaults[i]);
	return 0;
}
