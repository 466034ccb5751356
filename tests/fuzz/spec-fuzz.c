/*
 * Fuzz the reader of task specs: one that is accepted is written with bytes
 * that read as the same, and stand-ins are filled inside the text.
 */
#include "base/base.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/strbuf.h"
#include "exec/spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Write S, read that, and write it again. */
static void
check_same(const struct task_spec *s, struct arena *arena)
{
	struct strbuf once = STRBUF_INIT, twice = STRBUF_INIT;
	const char *flow_file, *load;
	struct task_spec back;
	size_t load_len;

	spec_encode(s, NULL, NULL, 0, &once);
	if (spec_decode(once.buf, once.len, arena, &back, &flow_file, &load,
			&load_len, NULL) < 0)
		abort();
	spec_encode(&back, NULL, NULL, 0, &twice);
	if (once.len != twice.len || memcmp(once.buf, twice.buf, once.len))
		abort();
	strbuf_release(&once);
	strbuf_release(&twice);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *paths[] = { (char *)"first", (char *)"second", NULL };
	const char *text = (const char *)data, *flow_file, *load, *manifest;
	struct strbuf sb = STRBUF_INIT;
	size_t load_len, manifest_len;
	struct task_spec s;
	struct arena arena;
	char **parameters;

	arena_init(&arena);
	if (!spec_decode(text, size, &arena, &s, &flow_file, &load, &load_len,
			 NULL))
		check_same(&s, &arena);
	spec_get_load(text, size, &arena, &parameters, &manifest,
		      &manifest_len, NULL);
	spec_fill(&sb, text, size, paths, NULL);
	strbuf_release(&sb);
	arena_release(&arena);
	return 0;
}
