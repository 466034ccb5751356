/*
 * The lines of a file of code that differ between two runs, as flowmake-git
 * has kept them.
 */
#include "base/base.h"

#include "report/why-state.h"

#include "base/clock.h"
#include "flow/code.h"
#include "report/code.h"

enum {
	LINES_MAX_BYTES = 16384, /* of either side are of use */
	DIFF_LIMIT_S = 10,       /* what takes longer is left alone */
};

struct lines {
	const struct why_code *code;
	const char *path;
	struct strbuf *old;
	struct strbuf *new;
	bool has_all;
};

/* A line event: the line begins with its origin. */
static void
on_line(void *data, char origin, const char *line, size_t len)
{
	struct lines *l = data;
	struct strbuf *side = origin == '-' ? l->old :
			      origin == '+' ? l->new : NULL;

	if (!side || !len)
		return;
	if (side->len + len <= LINES_MAX_BYTES)
		strbuf_add(side, line + 1, len - 1);
	else
		l->has_all = false;
}

static void
ask_lines(struct code *code, void *data)
{
	const struct lines *l = data;
	char *const paths[] = { (char *)l->path, NULL };

	code_diff(code, l->code->old.run, l->code->new.run, paths);
}

bool
why_code_read_lines(const struct why_code *c, const char *path,
		    struct strbuf *old, struct strbuf *new)
{
	static const struct code_events events = { .line = on_line };
	struct lines l = { c, path, old, new, true };

	/* what cannot be compared is not told */
	return c->old.tree && c->new.tree &&
		!code_ask(ask_lines, &events, &l, DIFF_LIMIT_S * NS_PER_S,
			  NULL) &&
		l.has_all;
}
